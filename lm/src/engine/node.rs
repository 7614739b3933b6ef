//! A node of a tree: a sequence with its orders, its state and its budget.

use crate::constrain::state::ConstraintState;
use crate::engine::outcome::Outcome;
use crate::engine::spawn::Spawn;
use crate::engine::turn::Turn;
use crate::kv::sequence::Sequence;
use crate::speculate::acceptance::Acceptance;
use crate::text::token::Token;

/// A node, by its number; numbers are never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u64);

/// Where a node stands.
#[derive(Debug)]
pub(crate) enum State {
    /// The node computes missing keys and values, and then generates.
    Running(Turn),
    /// The node computes missing keys and values, and then waits for orders.
    Holding,
    /// The node computes missing keys and values, and then forks.
    Opening(Spawn),
    /// The node waits for its branches.
    Waiting { children: Vec<NodeId>, spawn: Spawn },
    /// The branches are done, and the owner of the tree is asked which one to take.
    Choosing { children: Vec<NodeId>, spawn: Spawn },
    /// The node waits for orders.
    Held,
    /// The node ended.
    Done(Outcome),
}

/// A node of a tree.
#[derive(Debug)]
pub(crate) struct Node {
    /// The node that opened this one as a branch; a root has none.
    pub(crate) parent: Option<NodeId>,
    /// The tree, by the order of admission, and then which branches lead to the node. Ordered, this is the
    /// order of a walk that goes into depth first.
    pub(crate) rank: (u64, Vec<u32>),
    /// The seed of its tree.
    pub(crate) seed: u64,
    /// What the node reads; what it wrote itself stands in segments of its own.
    pub(crate) sequence: Sequence,
    /// What the node does next, or how it ended.
    pub(crate) state: State,
    /// The constraint of the node, which has read what the sequence has read since the constraint began.
    pub(crate) constraint: ConstraintState,
    /// Tokens that the node generated, over all turns; stops that are not kept are left out.
    pub(crate) generated: Vec<Token>,
    /// Log-probabilities of the generated tokens, without temperature and whatever a constraint allows; 0 where a
    /// constraint left no choice.
    pub(crate) log_probabilities: Vec<f32>,
    /// Tokens of the running turn.
    pub(crate) turn_tokens: usize,
    /// Draws that the node has made: the position of the next one.
    pub(crate) draws: u32,
    /// Tokens that the node and all nodes below it may still generate.
    pub(crate) allowance: usize,
    /// Tokens that were generated one after the other on the longest way from the root to here.
    pub(crate) longest: usize,
    /// Branches that the node ever had.
    pub(crate) branches: u32,
    /// How often the node waited for orders, or got its branches back.
    pub(crate) stages: u32,
    /// The last bytes that were generated, where a turn looks for texts.
    pub(crate) tail: Vec<u8>,
    /// How well proposals for this sequence came true.
    pub(crate) acceptance: Acceptance,
    /// Whether a policy thinned what it read, now or before.
    pub(crate) thinned: bool,
    /// Tokens that it was given to read.
    pub(crate) prompt: usize,
    /// Tokens that were found computed.
    pub(crate) cached: usize,
    /// The most pages that it and all nodes below it held in a step.
    pub(crate) pages_peak: usize,
    /// Pages that its own sequence held when they were counted last.
    pub(crate) pages_noted: usize,
}

impl Node {
    pub(crate) fn new(rank: (u64, Vec<u32>), seed: u64, sequence: Sequence, allowance: usize) -> Node {
        Node {
            parent: None,
            rank,
            seed,
            sequence,
            state: State::Held,
            constraint: ConstraintState::default(),
            generated: Vec::new(),
            log_probabilities: Vec::new(),
            turn_tokens: 0,
            draws: 0,
            allowance,
            longest: 0,
            branches: 0,
            stages: 0,
            tail: Vec::new(),
            acceptance: Acceptance::default(),
            thinned: false,
            prompt: 0,
            cached: 0,
            pages_peak: 0,
            pages_noted: 0,
        }
    }

    /// The number under which the node draws: a function of the path from the root alone.
    pub(crate) fn path_hash(&self) -> u64 {
        let mut hasher = blake3::Hasher::new();
        for step in &self.rank.1 {
            hasher.update(&step.to_le_bytes());
        }
        let mut number = [0; 8];
        number.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(number)
    }

    /// Whether the scheduler has rows to give to this node.
    pub(crate) fn is_runnable(&self) -> bool {
        match &self.state {
            State::Running(_) | State::Opening(_) => true,
            State::Holding => !self.sequence.is_whole(),
            _ => false,
        }
    }

    /// Whether the logits of its last token are wanted when all is computed.
    pub(crate) fn wants_logits(&self) -> bool {
        match &self.state {
            State::Running(_) => true,
            State::Opening(spawn) => spawn.branches.iter().any(|branch| branch.tokens.is_empty()),
            _ => false,
        }
    }

    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Mean log-probability of the generated tokens; that of no token is the worst.
    pub(crate) fn mean_log_probability(&self) -> f64 {
        let sum: f64 = self.log_probabilities.iter().map(|number| f64::from(*number)).sum();
        if self.generated.is_empty() { f64::NEG_INFINITY } else { sum / self.generated.len() as f64 }
    }
}
