//! A requested theorem.

use theoremata_store::RunId;

/// A theorem that a reasoning job requested.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proved {
    /// Its number within the job, if it has one.
    pub number: Option<u32>,
    /// The run that holds its proof.
    pub run: RunId,
    /// Its number there.
    pub theorem: u32,
    /// The statement in infix notation.
    pub math: String,
    /// The statement in MPL.
    pub mpl: String,
}
