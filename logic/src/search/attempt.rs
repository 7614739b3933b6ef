//! Proof attempts: a logic block with its goal, and the blocks that it opens below itself.
//!
//! A [`LogicBlock`] first tries its sequent directly: it introduces the variables, assumes the premises
//! and works until the goal is reached or its effort is spent. If it gets stuck it reasons by cases, if its effort
//! allows that, and then by induction, one variable after the other: each case is a new block below it, which may do the
//! same. All other variables are generalised, so the hypothesis is as strong as it can be.
//!
//! A block acts in turns. It is given the verdicts of the blocks below it and answers with new blocks
//! and, in the end, its own verdict. Who runs the turns, and where, it does not know.

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
use induction::Inducing;
use set_up::set_up;

/// How much an attempt may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Limits of a block that tries its goal directly.
    pub direct: Limits,
    /// Limits of a block that is a case of an induction.
    pub case: Limits,
    /// How deep inductions may be nested.
    pub nesting: u32,
    /// How deep cases may be nested.
    pub splits: u32,
    /// Limits of a block that is one of two cases.
    pub split: Limits,
    /// Whether goals drive: whether values are made that lead to the goal and to nothing else that is known.
    pub drives: bool,
    /// How much work may be done to complete equations, where the goal is one.
    pub equations: u64,
}

impl Effort {
    /// No induction, and little work: whether something follows at once.
    pub const GLANCE: Effort = Effort {
        direct: Limits { steps: 20_000, creations: 10 },
        case: Limits::NONE,
        nesting: 0,
        splits: 0,
        split: Limits::NONE,
        drives: false,
        equations: 0,
    };
    /// A first attempt, which most proofs need no more than.
    pub const QUICK: Effort = Effort {
        direct: Limits { steps: 6_000, creations: 10 },
        case: Limits { steps: 25_000, creations: 14 },
        nesting: 1,
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
        splits: 0,
        split: Limits::NONE,
        drives: true,
        equations: 6_000_000,
    };
    /// By cases, with as little work in each as will do.
    pub const CASES: Effort = Effort {
        direct: Limits { steps: 40_000, creations: 40 },
        case: Limits { steps: 40_000, creations: 40 },
        nesting: 1,
        splits: 4,
        split: Limits { steps: 4_000, creations: 10 },
        drives: true,
        equations: 0,
    };
    /// For goals that a user wants to see proved.
    pub const HIGH: Effort = Effort {
        direct: Limits { steps: 600_000, creations: 120 },
        case: Limits { steps: 600_000, creations: 120 },
        nesting: 2,
        splits: 3,
        split: Limits { steps: 10_000, creations: 20 },
        drives: true,
        equations: 40_000_000,
    };
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Proved.
    Proved(Arc<Tree>),
    /// Not proved, and why not.
    Open(Arc<Stuck>),
}

impl Verdict {
    /// The verdict on an attempt of which a block panicked, and said this.
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
    /// The equations that would have closed the goal, as terms over what the block introduced; the
    /// simplest first. Each is a flat sequent over the signature's constants.
    pub lemmas: Vec<Sequent>,
    /// The inductions tried: the variable, the first case that stayed open, and where that got stuck.
    pub inductions: Vec<(u16, usize, Arc<Stuck>)>,
}

/// What a block does in a turn.
#[derive(Debug, Default)]
pub struct Turn {
    /// New blocks below this one, each with the slot under which its verdict is to be reported back.
    pub children: Vec<(u32, LogicBlock)>,
    /// The block's own verdict, with which it ends.
    pub verdict: Option<Verdict>,
    /// Whether the budget ran out before the block came to a decision: it wants another turn.
    pub again: bool,
    /// The look-ups and comparisons done.
    pub steps: u64,
}

/// A proof attempt; see the module's page.
#[derive(Debug)]
pub struct LogicBlock {
    compiled: Arc<Compiled>,
    context: Arc<Snapshot>,
    sequent: Sequent,
    effort: Effort,
    limits: Limits,
    /// Whether the goal was looked at backwards once more, when the block was stuck.
    looked_again: bool,
    /// What it and the blocks below it are about; `None`: everything.
    focus: Option<Arc<Focus>>,
    /// How many blocks it has opened.
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

/// A block that got stuck, for what is tried next.
#[derive(Debug)]
struct Stalled {
    /// The block, with what it wanted.
    stuck: Arc<Finished>,
    /// The block without an assumption that denies the goal.
    member: Arc<Snapshot>,
    end: End,
    lemmas: Vec<Sequent>,
    /// The inductions that apply.
    options: Vec<(usize, u16)>,
}

impl LogicBlock {
    /// An attempt at `sequent` below `context`.
    #[must_use]
    pub fn new(compiled: Arc<Compiled>, context: Arc<Snapshot>, sequent: Sequent, effort: Effort) -> LogicBlock {
        let limits = effort.direct;
        let (looked_again, focus, slots, state) = (false, None, 0, State::Fresh);
        LogicBlock { compiled, context, sequent, effort, limits, looked_again, focus, slots, state }
    }

    /// The same attempt, which makes values of other functions than those it is about later.
    #[must_use]
    pub fn about(self, focus: Arc<Focus>) -> LogicBlock {
        LogicBlock { focus: Some(focus), ..self }
    }

    /// One turn of at most about `budget` steps, with the verdicts that have come in since the last.
    /// What comes of it does not depend on how the work is cut into turns.
    pub fn turn(&mut self, verdicts: Vec<(u32, Verdict)>, budget: u64) -> Turn {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Fresh => {
                let block = set_up(&self.context, &self.sequent, self.focus.clone(), self.effort.drives);
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
        // Once, however the work is cut into turns.
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
        if self.effort.nesting > 0 {
            if self.sequent.head.literal().is_some_and(|head| !head.code.positive()) {
                // The block has assumed what the goal denies; what an induction rests on must not.
                let sequent = Sequent { head: SequentHead::False, ..self.sequent.clone() };
                let mut other = set_up(&self.context, &sequent, self.focus.clone(), self.effort.drives);
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

    /// Opens a block below.
    fn open(&mut self, turn: &mut Turn, context: Arc<Snapshot>, sequent: Sequent, effort: Effort) {
        let child = LogicBlock::new(self.compiled.clone(), context, sequent, effort);
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

/// Runs an attempt and everything that it opens, one block after the other. If it panics that is its verdict.
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
