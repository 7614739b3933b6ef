//! Proof attempts: a logic block with a goal, and the blocks that it opens below itself.
//!
//! A [`LogicBlock`] first tries its sequent directly: it introduces the variables, assumes the premises, and saturates
//! until the goal is reached or its limits are exhausted. If it is stuck, it tries completion and case splits, if its
//! effort allows them, and then induction, one variable after the other. Each case is a new block below it, which may
//! do the same. All other variables are generalised, so the hypothesis is as strong as possible.
//!
//! A block runs in turns. It receives the verdicts of the blocks below it, and returns new blocks and finally its own
//! verdict. It does not know who runs the turns, or where.

mod cases;
mod equations;
mod induction;
mod set_up;

use std::sync::Arc;

use crate::clauses::compile::Compiled;
use crate::proofs::reconstruction::{By, Finished, Tree};
use crate::saturation::block::{Block, End, Focus, Limits, Snapshot};
use crate::saturation::pattern::Individual;
use crate::saturation::sequent::{Sequent, SequentHead};
use crate::search::ended::{Ended, kept_apart};
use cases::Splitting;
use equations::Completing;
use induction::{Choice, Inducing};
use set_up::set_up;

/// The resources of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Limits of a block that tries its goal directly.
    pub direct: Limits,
    /// Limits of a block that is a case of an induction.
    pub case: Limits,
    /// The maximal nesting depth of inductions, apart from those on two inputs on which a function recurs together.
    pub nesting: u32,
    /// Whether a case of an induction distinguishes the cases of a second variable wherever two values are compared.
    pub compares: bool,
    /// The maximal nesting depth of case splits.
    pub splits: u32,
    /// Limits of a block for a case of a split.
    pub split: Limits,
    /// Whether the goal drives the search: values that only lead to the goal are created too.
    pub drives: bool,
    /// The work limit of completion, for goals that are equations.
    pub equations: u64,
}

impl Effort {
    /// No induction and little work: finds immediate consequences.
    pub const GLANCE: Effort = Effort {
        direct: Limits { steps: 20_000, creations: 10 },
        case: Limits::NONE,
        nesting: 0,
        compares: false,
        splits: 0,
        split: Limits::NONE,
        drives: false,
        equations: 0,
    };
    /// A first attempt; enough for most proofs.
    pub const QUICK: Effort = Effort {
        direct: Limits { steps: 6_000, creations: 10 },
        case: Limits { steps: 25_000, creations: 14 },
        nesting: 1,
        compares: false,
        splits: 0,
        split: Limits::NONE,
        drives: true,
        equations: 400_000,
    };
    /// The usual effort.
    pub const USUAL: Effort = Effort {
        direct: Limits { steps: 40_000, creations: 30 },
        case: Limits { steps: 80_000, creations: 50 },
        nesting: 1,
        compares: false,
        splits: 0,
        split: Limits::NONE,
        drives: true,
        equations: 6_000_000,
    };
    /// Case splits, with as little work per case as suffices.
    pub const CASES: Effort = Effort {
        direct: Limits { steps: 40_000, creations: 40 },
        case: Limits { steps: 40_000, creations: 40 },
        nesting: 1,
        compares: false,
        splits: 4,
        split: Limits { steps: 4_000, creations: 10 },
        drives: true,
        equations: 0,
    };
    /// For goals of the user.
    pub const HIGH: Effort = Effort {
        direct: Limits { steps: 600_000, creations: 120 },
        case: Limits { steps: 600_000, creations: 120 },
        nesting: 2,
        compares: true,
        splits: 3,
        split: Limits { steps: 10_000, creations: 20 },
        drives: true,
        equations: 40_000_000,
    };
}

/// The result of an attempt.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Proved.
    Proved(Arc<Tree>),
    /// Not proved, with the reason.
    Open(Arc<Stuck>),
}

impl Verdict {
    /// The verdict on an attempt in which a block panicked with this message.
    #[must_use]
    pub fn lost(message: &str) -> Verdict {
        let head = SequentHead::Exists(0, Vec::new());
        let sequent = Sequent { variables: 0, premises: Vec::new(), head };
        let direct = Ended::Panicked(message.into());
        let stuck = Stuck { sequent, direct, lemmas: Vec::new(), inductions: Vec::new() };
        Verdict::Open(Arc::new(stuck))
    }
}

/// Where an attempt got stuck.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stuck {
    /// The sequent that was tried, over the individuals of its block.
    pub sequent: Sequent,
    /// Why the direct attempt ended.
    pub direct: Ended,
    /// Equations that would have closed the goal, over terms that the block introduced; simplest first. Each is a flat
    /// sequent over the signature's constants.
    pub lemmas: Vec<Sequent>,
    /// The inductions tried.
    pub inductions: Vec<OpenCase>,
}

/// The first case of an induction that stayed open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenCase {
    /// The index of the induction in [`Compiled::inductions`].
    pub instance: usize,
    /// The variable of the sequent.
    pub variable: u16,
    /// The index of the case's constructor.
    pub case: usize,
    /// Where the case got stuck.
    pub stuck: Arc<Stuck>,
}

/// The result of a turn.
#[derive(Debug, Default)]
pub struct Turn {
    /// New blocks below this one, each with the slot for reporting its verdict.
    pub children: Vec<(u32, LogicBlock)>,
    /// The verdict with which the block ends.
    pub verdict: Option<Verdict>,
    /// Whether the budget ran out before the block reached a decision: it needs another turn.
    pub again: bool,
    /// The look-ups and comparisons done.
    pub steps: u64,
}

/// A proof attempt; see the module documentation.
#[derive(Debug)]
pub struct LogicBlock {
    compiled: Arc<Compiled>,
    context: Arc<Snapshot>,
    sequent: Sequent,
    effort: Effort,
    limits: Limits,
    /// Whether backward reasoning from the goal was repeated when the block was stuck.
    looked_again: bool,
    /// The focus of this block and the blocks below it; `None`: everything.
    focus: Option<Arc<Focus>>,
    /// The individuals that the sequents of the blocks above mention, if this block is a case of a split.
    mentioned: Vec<Individual>,
    /// The number of blocks it has opened.
    slots: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Fresh,
    Working(Box<Block>),
    Completing(Box<Completing>),
    Splitting(Box<Splitting>),
    Inducing(Box<Inducing>),
    Ended,
}

/// A stuck block, for the methods tried next.
#[derive(Debug)]
struct Stalled {
    /// The block with its goal.
    stuck: Arc<Finished>,
    /// The block without the assumption that contradicts the goal.
    member: Arc<Snapshot>,
    end: End,
    lemmas: Vec<Sequent>,
    /// The inductions that apply.
    options: Vec<Choice>,
}

impl LogicBlock {
    /// An attempt at `sequent` below `context`.
    #[must_use]
    pub fn new(compiled: Arc<Compiled>, context: Arc<Snapshot>, sequent: Sequent, effort: Effort) -> LogicBlock {
        let limits = effort.direct;
        let (looked_again, focus, mentioned, slots, state) = (false, None, Vec::new(), 0, State::Fresh);
        LogicBlock { compiled, context, sequent, effort, limits, looked_again, focus, mentioned, slots, state }
    }

    /// The same attempt, which postpones values of functions outside the focus.
    #[must_use]
    pub fn about(self, focus: Arc<Focus>) -> LogicBlock {
        LogicBlock { focus: Some(focus), ..self }
    }

    /// Runs one turn of at most about `budget` steps, given the verdicts received since the last. The result does not
    /// depend on how the work is divided into turns.
    pub fn turn(&mut self, verdicts: Vec<(u32, Verdict)>, budget: u64) -> Turn {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Fresh => {
                let steps = self.limits.steps;
                let block = set_up(&self.context, &self.sequent, self.focus.clone(), self.effort.drives, steps);
                self.work(block, budget)
            }
            State::Working(block) => self.work(*block, budget),
            State::Completing(completing) => self.go_on_completing(*completing, budget),
            State::Splitting(splitting) => self.go_on_splitting(*splitting, verdicts),
            State::Inducing(inducing) => self.go_on_inducing(*inducing, verdicts),
            State::Ended => Turn::default(),
        }
    }

    /// The direct attempt.
    fn work(&mut self, mut block: Block, budget: u64) -> Turn {
        let done = block.steps();
        let until = done.saturating_add(budget).min(self.limits.steps);
        let limits = Limits { steps: until, ..self.limits };
        let mut end = block.run_until(limits);
        // Once, however the work is divided into turns.
        if end == End::Saturated && self.effort.splits > 0 && !std::mem::replace(&mut self.looked_again, true) {
            block.want_more();
            end = block.run_until(limits);
        }
        if end == End::OutOfSteps && block.steps() <= self.limits.steps && !block.is_cut() {
            let steps = block.steps() - done;
            self.state = State::Working(Box::new(block));
            return Turn { steps, again: true, ..Turn::default() };
        }
        let steps = block.steps() - done;
        if matches!(end, End::Proved | End::Contradiction) {
            return Turn { steps, ..self.proved(By::Block(finish(block))) };
        }
        let lemmas = crate::search::lemma::missing(&block, &self.compiled, &self.sequent);
        let mut options = Vec::new();
        let mut more = 0;
        let mut member = None;
        if self.effort.nesting > 0 || self.recurs_together() {
            if self.sequent.head.literal().is_some_and(|head| !head.code.positive()) {
                // The block has assumed the opposite of its goal; the membership premise of an induction must not
                // depend on that.
                let sequent = Sequent { head: SequentHead::False, ..self.sequent.clone() };
                let steps = self.limits.steps;
                let mut other = set_up(&self.context, &sequent, self.focus.clone(), self.effort.drives, steps);
                other.run_until(self.limits);
                more = other.steps();
                options = self.options(&other);
                member = Some(Arc::new(other.rest()));
            } else {
                options = self.options(&block);
            }
        }
        let goal = block.goal().cloned().expect("an attempt has a goal");
        let undecided = self.undecided(&block);
        let snapshot = Arc::new(block.rest());
        let member = member.unwrap_or_else(|| snapshot.clone());
        let stuck = Arc::new(Finished { snapshot, goal, falsum: None, reached: None, creations: 0, steps: 0 });
        let mut turn = self.complete(undecided, Stalled { stuck, member, end, lemmas, options });
        turn.steps += steps + more;
        turn
    }

    /// The individual that the block introduced for a variable of its sequent.
    fn introduced(&self, variable: u16) -> Individual {
        Individual((self.context.individuals() + usize::from(variable)) as u32)
    }

    /// Opens a block below this one.
    fn open(&mut self, turn: &mut Turn, child: LogicBlock) {
        turn.children.push((self.slots, LogicBlock { focus: self.focus.clone(), ..child }));
        self.slots += 1;
    }

    fn proved(&self, by: By) -> Turn {
        let tree = Tree { sequent: self.sequent.clone(), by };
        Turn { verdict: Some(Verdict::Proved(Arc::new(tree))), ..Turn::default() }
    }
}

fn finish(block: Block) -> Arc<Finished> {
    let goal = block.goal().cloned().expect("an attempt has a goal");
    let reached = block.reached().cloned();
    let falsum = if block.is_reached() { None } else { block.falsum() };
    let (creations, steps) = (block.creations(), block.steps());
    Arc::new(Finished { snapshot: Arc::new(block.rest()), goal, falsum, reached, creations, steps })
}

/// Runs an attempt and all blocks below it sequentially. A panic becomes the verdict.
#[must_use]
pub fn solve(block: LogicBlock) -> (Verdict, u64) {
    kept_apart(|| run(block)).unwrap_or_else(|message| (Verdict::lost(&message), 0))
}

fn run(mut block: LogicBlock) -> (Verdict, u64) {
    let mut verdicts = Vec::new();
    let mut steps = 0;
    loop {
        let turn = block.turn(std::mem::take(&mut verdicts), u64::MAX);
        steps += turn.steps;
        if let Some(verdict) = turn.verdict {
            return (verdict, steps);
        }
        for (slot, child) in turn.children {
            let (verdict, more) = run(child);
            steps += more;
            verdicts.push((slot, verdict));
        }
    }
}
