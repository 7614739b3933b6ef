//! A theorem that was asked for.

use theoremata_store::RunId;

/// A theorem that a thread asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proved {
    /// The number by which the job knows it, where it has one.
    pub number: Option<u32>,
    /// The run that holds its proof.
    pub run: RunId,
    /// Its number there.
    pub theorem: u32,
    /// The statement as people write it.
    pub math: String,
    /// The statement in MPL.
    pub mpl: String,
}
