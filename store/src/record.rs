//! The records: plain values, with formulas and names as text.
//!
//! They are the store's own. What stands on disk must not move because a type of the prover did;
//! whoever joins the two converts. Texts of steps are `Arc<str>`, since a proof says the same few
//! words thousands of times.

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
            /// Reads the form that `Display` writes: lower-case hexadecimal digits, all of them.
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
    /// A step of a proof, by its content: rule, parameters, conclusion, premises, substitution, scope.
    NodeId,
    32
);
content_id!(
    /// A scope of a proof, by its content: parent, variables, assumptions.
    ScopeId,
    32
);
content_id!(
    /// A run, by its inputs and options. The same question has the same id.
    RunId,
    16
);
content_id!(
    /// A journal, by what is written down in it. The same job has the same id.
    JournalId,
    16
);

impl JournalId {
    /// The journal of a job that these texts describe.
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

/// Variables and assumptions that hold for the steps inside.
///
/// Two scopes with the same content and parent are one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScopeRecord {
    /// The scope around it; `None` for an outermost one.
    pub parent: Option<ScopeId>,
    /// Variables introduced here.
    pub variables: Vec<Arc<str>>,
    /// Formulas assumed here.
    pub assumptions: Vec<Arc<str>>,
}

impl ScopeRecord {
    /// The hash of the canonical bytes; FORMAT.md draws them.
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

/// What a rule needs besides premises and substitution.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parameter {
    /// A number: which assumption of the scope, which argument place.
    Number(u32),
    /// A word: the name of a definition, of an induction principle.
    Text(Arc<str>),
    /// A scope that the rule discharges.
    Scope(ScopeId),
    /// An earlier theorem of the same run that is cited.
    Theorem(u32),
}

/// One step of a proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// The name of the rule.
    pub rule: Arc<str>,
    /// What the rule needs besides the rest.
    pub parameters: Vec<Parameter>,
    /// The formula that holds.
    pub conclusion: Arc<str>,
    /// The steps it rests on, in the order of the rule.
    pub premises: Vec<NodeId>,
    /// Values of variables, or witnesses, in the order of the rule.
    pub substitution: Vec<Arc<str>>,
    /// Where it holds.
    pub scope: ScopeId,
}

impl Node {
    /// The hash of the canonical bytes; FORMAT.md draws them. About half a microsecond.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id_with(&mut Writer::default())
    }

    /// [`Node::id`] in a buffer that is used again, for those who hash thousands.
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
    /// Whether it is a consequence of earlier ones that readers need not see.
    pub corollary: bool,
    /// Whether it is among those from which the others follow.
    pub essential: bool,
    /// Principles beyond the axioms on which it rests.
    pub assumptions: Vec<String>,
    /// The theorems that its proof cites: ascending, each once.
    pub citations: Vec<u32>,
    /// What else there is to say: the variable of an induction, and so on.
    pub subject: BTreeMap<String, String>,
}

/// A later judgement on a theorem; the last one counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The theorem.
    pub number: u32,
    /// Its new [`Theorem::corollary`].
    pub corollary: bool,
    /// Its new [`Theorem::essential`].
    pub essential: bool,
}

/// What became of a conjecture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Its number in the run, ascending.
    pub sequence: u64,
    /// The cycle in which it was committed.
    pub cycle: u32,
    /// The formula.
    pub statement: String,
    /// An SZS status word: `Theorem`, `CounterSatisfiable`, `GaveUp`, ….
    pub status: String,
    /// The counterexample, the subgoals on which it got stuck, or the bound: JSON text, or empty.
    pub detail: String,
}

/// A file that a run was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its name, as the user gave it.
    pub name: String,
    /// What stood in it.
    pub bytes: Vec<u8>,
}

/// The name, length and hash of an [`Input`]; its bytes are asked for apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputSummary {
    /// Its name, as the user gave it.
    pub name: String,
    /// How many bytes stood in it.
    pub length: u64,
    /// Their blake3 hash.
    pub hash: [u8; 32],
}

/// How far a run has come, or why it ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Status {
    /// It goes on, or it was killed and can be resumed.
    Running,
    /// It came to its end.
    Finished,
    /// It was stopped by its user and can be resumed.
    Cancelled,
    /// It reached its bound on memory.
    OutOfMemory,
    /// It reached its bound on time.
    OutOfTime,
    /// It ended with an error of the program.
    Failed,
}

impl Status {
    /// All of them, in the order of their codes on disk.
    pub const ALL: [Status; 6] =
        [Status::Running, Status::Finished, Status::Cancelled, Status::OutOfMemory, Status::OutOfTime, Status::Failed];

    /// The words for it, as exports write them.
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

/// A run: a question and how far its answer has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Made of inputs and options.
    pub id: RunId,
    /// The files it was given, in order.
    pub inputs: Vec<InputSummary>,
    /// All that decides its result besides the inputs: JSON text.
    pub options: String,
    /// How far it has come.
    pub status: Status,
    /// The last committed cycle; 0 before the first.
    pub committed: u32,
    /// Chained over all that the committed cycles hold: two runs with the same digest have the same
    /// theorems, proofs, outcomes and marks.
    pub digest: [u8; 32],
    /// When it began, in the caller's words.
    pub started: String,
    /// When it ended, in the caller's words; empty before.
    pub finished: String,
    /// What was counted: a function of inputs and options, so that exports agree.
    pub counts: BTreeMap<String, u64>,
    /// What was measured (time, memory) and may differ from one run to the next.
    pub measures: BTreeMap<String, String>,
}

/// The state of a search at the end of a cycle, in the caller's own encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The cycle after which the search stood so.
    pub cycle: u32,
    /// Opaque to the store.
    pub bytes: Vec<u8>,
}

/// All that one cycle writes. It becomes visible as a whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// New theorems with their proofs, numbers ascending.
    pub theorems: Vec<(Theorem, Proof)>,
    /// Later judgements on theorems of this or of earlier cycles.
    pub marks: Vec<Mark>,
    /// Fates of conjectures, sequence numbers ascending.
    pub outcomes: Vec<Outcome>,
    /// Counts of the run to set; those not named stay.
    pub counts: BTreeMap<String, u64>,
    /// The state of the search after this cycle. The newest two of a run are kept.
    pub checkpoint: Option<Vec<u8>>,
}
