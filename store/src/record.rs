//! The records: plain values, with formulas and names as text.
//!
//! These types belong to the store: the format on disk must not change because a type of the prover did; callers
//! convert. Texts of steps are `Arc<str>`, since a proof repeats the same few texts thousands of times.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::bytes::Writer;
use crate::proof::Proof;

macro_rules! content_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// Parses the output of `Display`: lower-case hexadecimal digits, all of them.
            #[must_use]
            pub fn parse(text: &str) -> Option<$name> {
                let digits = text.as_bytes();
                if digits.len() != 2 * $bytes {
                    return None;
                }
                let value = |digit: u8| match digit {
                    b'0'..=b'9' => Some(digit - b'0'),
                    b'a'..=b'f' => Some(digit - b'a' + 10),
                    _ => None,
                };
                let mut bytes = [0; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    *byte = value(pair[0])? << 4 | value(pair[1])?;
                }
                Some($name(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

content_id!(
    /// The id of a proof step: a hash of rule, parameters, conclusion, premises, substitution and scope.
    NodeId,
    32
);
content_id!(
    /// The id of a scope: a hash of parent, variables and assumptions.
    ScopeId,
    32
);
content_id!(
    /// The id of a run: a hash of its inputs and options. Equal questions have equal ids.
    RunId,
    16
);
content_id!(
    /// The id of a journal. Equal jobs have equal ids.
    JournalId,
    16
);

impl JournalId {
    /// The journal of the job that these texts describe.
    #[must_use]
    pub fn of(texts: &[&str]) -> JournalId {
        let mut writer = Writer::default();
        writer.raw(b"journal\x01");
        writer.texts(texts);
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(writer.bytes()).as_bytes()[..16]);
        JournalId(id)
    }
}

/// Variables and assumptions in scope for the steps inside.
///
/// Scopes with the same content and parent are identical.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScopeRecord {
    /// The enclosing scope; `None` for an outermost one.
    pub parent: Option<ScopeId>,
    /// Variables introduced here.
    pub variables: Vec<Arc<str>>,
    /// Formulas assumed here.
    pub assumptions: Vec<Arc<str>>,
}

impl ScopeRecord {
    /// The hash of the canonical bytes, which FORMAT.md describes.
    #[must_use]
    pub fn id(&self) -> ScopeId {
        let mut writer = Writer::default();
        writer.raw(b"scope\x01");
        match self.parent {
            None => writer.byte(0),
            Some(parent) => {
                writer.byte(1);
                writer.raw(&parent.0);
            }
        }
        writer.texts(&self.variables);
        writer.texts(&self.assumptions);
        ScopeId(*blake3::hash(writer.bytes()).as_bytes())
    }
}

/// A parameter of a rule, besides premises and substitution.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parameter {
    /// A number, such as the index of an assumption of the scope, or of an argument.
    Number(u32),
    /// A name, such as that of a definition or an induction principle.
    Text(Arc<str>),
    /// A scope that the rule discharges.
    Scope(ScopeId),
    /// A cited earlier theorem of the same run.
    Theorem(u32),
}

/// A step of a proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// The name of the rule.
    pub rule: Arc<str>,
    /// Additional parameters of the rule.
    pub parameters: Vec<Parameter>,
    /// The derived formula.
    pub conclusion: Arc<str>,
    /// The premises, in the order of the rule.
    pub premises: Vec<NodeId>,
    /// Values of variables, or witnesses, in the order of the rule.
    pub substitution: Vec<Arc<str>>,
    /// The scope in which it holds.
    pub scope: ScopeId,
}

impl Node {
    /// The hash of the canonical bytes, which FORMAT.md describes. Takes about half a microsecond.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id_with(&mut Writer::default())
    }

    /// [`Node::id`] with a reusable buffer, for hashing thousands of steps.
    pub(crate) fn id_with(&self, writer: &mut Writer) -> NodeId {
        writer.clear();
        writer.raw(b"node\x01");
        writer.text(&self.rule);
        writer.count(self.parameters.len());
        for parameter in &self.parameters {
            match parameter {
                Parameter::Number(number) => {
                    writer.byte(0);
                    writer.number(u64::from(*number));
                }
                Parameter::Text(text) => {
                    writer.byte(1);
                    writer.text(text);
                }
                Parameter::Scope(scope) => {
                    writer.byte(2);
                    writer.raw(&scope.0);
                }
                Parameter::Theorem(number) => {
                    writer.byte(3);
                    writer.number(u64::from(*number));
                }
            }
        }
        writer.text(&self.conclusion);
        writer.count(self.premises.len());
        for premise in &self.premises {
            writer.raw(&premise.0);
        }
        writer.texts(&self.substitution);
        writer.raw(&self.scope.0);
        NodeId(*blake3::hash(writer.bytes()).as_bytes())
    }
}

/// A theorem of a run. Its proof is a [`Proof`] whose root is `root`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Theorem {
    /// Its number in the run, in order of acceptance. Proofs cite lower numbers only.
    pub number: u32,
    /// The cycle in which it was committed.
    pub cycle: u32,
    /// The formula; the conclusion of the root.
    pub statement: String,
    /// The last step of its proof.
    pub root: NodeId,
    /// How it was proved: "direct", "induction", ….
    pub kind: String,
    /// Whether it is a consequence of earlier theorems that need not be shown.
    pub corollary: bool,
    /// Whether it belongs to a set of theorems from which the others follow.
    pub essential: bool,
    /// Principles besides the axioms that it depends on.
    pub assumptions: Vec<String>,
    /// The theorems that its proof cites: ascending, without duplicates.
    pub citations: Vec<u32>,
    /// Further properties, such as the variable of an induction.
    pub subject: BTreeMap<String, String>,
}

/// A later assessment of a theorem; the last one counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The theorem.
    pub number: u32,
    /// The new value of [`Theorem::corollary`].
    pub corollary: bool,
    /// The new value of [`Theorem::essential`].
    pub essential: bool,
}

/// The outcome of a conjecture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Its number in the run, ascending.
    pub sequence: u64,
    /// The cycle in which it was committed.
    pub cycle: u32,
    /// The formula.
    pub statement: String,
    /// The SZS status: `Theorem`, `CounterSatisfiable`, `GaveUp`, ….
    pub status: String,
    /// The counterexample, the subgoals on which it was stuck, or the bound: JSON text, or empty.
    pub detail: String,
}

/// An input file of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its name, as the user gave it.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// The name, length and hash of an [`Input`], without its contents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputSummary {
    /// Its name, as the user gave it.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// Their blake3 hash.
    pub hash: [u8; 32],
}

/// The status of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Status {
    /// In progress, or killed and resumable.
    Running,
    /// Finished.
    Finished,
    /// Stopped by its user; resumable.
    Cancelled,
    /// Ended by its bound on memory.
    OutOfMemory,
    /// Ended by its bound on time.
    OutOfTime,
    /// Ended by an error of the program.
    Failed,
}

impl Status {
    /// All statuses, in the order of their codes on disk.
    pub const ALL: [Status; 6] =
        [Status::Running, Status::Finished, Status::Cancelled, Status::OutOfMemory, Status::OutOfTime, Status::Failed];

    /// The status in words, as in exports.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Status::Running => "running",
            Status::Finished => "finished",
            Status::Cancelled => "cancelled",
            Status::OutOfMemory => "out of memory",
            Status::OutOfTime => "out of time",
            Status::Failed => "failed",
        }
    }
}

/// A run: a question, and the state of its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The hash of inputs and options.
    pub id: RunId,
    /// The input files, in order.
    pub inputs: Vec<InputSummary>,
    /// Everything that determines the result besides the inputs: JSON text.
    pub options: String,
    /// How far it has come.
    pub status: Status,
    /// The last committed cycle; 0 before the first.
    pub committed: u32,
    /// Digest chain over the contents of all committed cycles: runs with the same digest have the same theorems,
    /// proofs, outcomes and marks.
    pub digest: [u8; 32],
    /// When it began, as given by the caller.
    pub started: String,
    /// When it ended, as given by the caller; empty before.
    pub finished: String,
    /// Counts that are a function of inputs and options, so that exports agree.
    pub counts: BTreeMap<String, u64>,
    /// Measurements, such as time and memory, which may differ between executions.
    pub measures: BTreeMap<String, String>,
}

/// The state of a search at the end of a cycle, in the caller's encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The cycle.
    pub cycle: u32,
    /// Opaque to the store.
    pub bytes: Vec<u8>,
}

/// The data of one cycle, which becomes visible atomically.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// New theorems with their proofs, numbers ascending.
    pub theorems: Vec<(Theorem, Proof)>,
    /// Later assessments of theorems of this or earlier cycles.
    pub marks: Vec<Mark>,
    /// Outcomes of conjectures, sequence numbers ascending.
    pub outcomes: Vec<Outcome>,
    /// Counts of the run to set; others are kept.
    pub counts: BTreeMap<String, u64>,
    /// The state of the search after this cycle. The two newest of a run are kept.
    pub checkpoint: Option<Vec<u8>>,
}
