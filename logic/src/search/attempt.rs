//! Proof attempts: a logic block with its goal, and the blocks that it opens below itself.
//!
//! A [`LogicBlock`] first tries its sequent directly: it introduces the variables, assumes the premises
//! and works until the goal is reached or its effort is spent. If it gets stuck it tries induction, one
//! variable after the other: each case is a new block below it, which may do the same. All other
//! variables are generalised, so the hypothesis is as strong as it can be.
//!
//! A block acts in turns. It is given the verdicts of the blocks below it and answers with new blocks
//! and, in the end, its own verdict. Who runs the turns, and where, it does not know.

use std::sync::Arc;

use crate::clauses::compile::{Compiled, ConstructorInstance, Justification, Move, Start};
use crate::proofs::reconstruction::{By, Case, Finished, InductionTree, Tree};
use crate::saturation::block::{Block, End, Goal, Limits, Snapshot};
use crate::saturation::rule::{Argument, Code, Individual, Pattern, Rule, RuleHead};
use crate::saturation::sequent::{Sequent, SequentHead};
use crate::saturation::sorts::Typing;
use crate::search::ended::{Ended, kept_apart};

/// How much an attempt may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Limits of a block that tries its goal directly.
    pub direct: Limits,
    /// Limits of a block that is a case of an induction.
    pub case: Limits,
    /// How deep inductions may be nested.
    pub nesting: u32,
}

impl Effort {
    /// No induction, and little work: whether something follows at once.
    pub const GLANCE: Effort =
        Effort { direct: Limits { steps: 20_000, creations: 10 }, case: Limits { steps: 0, creations: 0 }, nesting: 0 };
    /// A first attempt, which most proofs need no more than.
    pub const QUICK: Effort = Effort {
        direct: Limits { steps: 6_000, creations: 10 },
        case: Limits { steps: 25_000, creations: 14 },
        nesting: 1,
    };
    /// The usual effort.
    pub const USUAL: Effort = Effort {
        direct: Limits { steps: 40_000, creations: 30 },
        case: Limits { steps: 80_000, creations: 50 },
        nesting: 1,
    };
    /// For goals that a user wants to see proved.
    pub const HIGH: Effort = Effort {
        direct: Limits { steps: 600_000, creations: 120 },
        case: Limits { steps: 600_000, creations: 120 },
        nesting: 2,
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
    state: State,
}

#[derive(Debug)]
enum State {
    Fresh,
    Working(Box<Block>),
    Waiting(Box<Waiting>),
    Ended,
}

/// An attempt by induction that waits for its cases.
#[derive(Debug)]
struct Waiting {
    snapshot: Snapshot,
    end: End,
    lemmas: Vec<Sequent>,
    /// The variables and inductions still to be tried; the current one is first.
    options: Vec<(usize, u16)>,
    contexts: Vec<Option<Arc<Snapshot>>>,
    verdicts: Vec<Option<Verdict>>,
    first_slot: u32,
    failed: Vec<(u16, usize, Arc<Stuck>)>,
}

impl LogicBlock {
    /// An attempt at `sequent` below `context`.
    #[must_use]
    pub fn new(compiled: Arc<Compiled>, context: Arc<Snapshot>, sequent: Sequent, effort: Effort) -> LogicBlock {
        let limits = effort.direct;
        LogicBlock { compiled, context, sequent, effort, limits, state: State::Fresh }
    }

    /// One turn of at most about `budget` steps, with the verdicts that have come in since the last.
    /// What comes of it does not depend on how the work is cut into turns.
    pub fn turn(&mut self, verdicts: Vec<(u32, Verdict)>, budget: u64) -> Turn {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Fresh => {
                let block = set_up(&self.context, &self.sequent);
                self.work(block, budget)
            }
            State::Working(block) => self.work(*block, budget),
            State::Waiting(waiting) => self.go_on(*waiting, verdicts),
            State::Ended => Turn::default(),
        }
    }

    /// The direct attempt.
    fn work(&mut self, mut block: Block, budget: u64) -> Turn {
        let done = block.steps();
        let until = done.saturating_add(budget).min(self.limits.steps);
        let end = block.run_until(Limits { steps: until, ..self.limits });
        if end == End::OutOfSteps && block.steps() <= self.limits.steps && !block.is_cut() {
            let steps = block.steps() - done;
            self.state = State::Working(Box::new(block));
            return Turn { steps, again: true, ..Turn::default() };
        }
        let steps = block.steps() - done;
        if matches!(end, End::Proved | End::Contradiction) {
            let tree = Tree { sequent: self.sequent.clone(), by: By::Block(finish(block)) };
            return Turn { verdict: Some(Verdict::Proved(Arc::new(tree))), steps, ..Turn::default() };
        }
        let lemmas = crate::search::lemma::missing(&block, &self.compiled, &self.sequent);
        let mut options = Vec::new();
        let mut more = 0;
        if self.effort.nesting > 0 {
            if matches!(&self.sequent.head, SequentHead::Literal(head) if !head.code.positive()) {
                // The block has assumed what the goal denies; what an induction rests on must not.
                block = set_up(&self.context, &Sequent { head: SequentHead::False, ..self.sequent.clone() });
                block.run_until(self.limits);
                more = block.steps();
            }
            options = self.options(&block);
        }
        let waiting = Waiting {
            snapshot: block.rest(),
            end,
            lemmas,
            options,
            contexts: Vec::new(),
            verdicts: Vec::new(),
            first_slot: 0,
            failed: Vec::new(),
        };
        let mut turn = self.try_next(waiting);
        turn.steps += steps + more;
        turn
    }

    /// Takes in verdicts; when all cases are there, or one has failed, decides.
    fn go_on(&mut self, mut waiting: Waiting, verdicts: Vec<(u32, Verdict)>) -> Turn {
        for (slot, verdict) in verdicts {
            if let Some(place) = slot.checked_sub(waiting.first_slot)
                && let Some(entry) = waiting.verdicts.get_mut(place as usize)
            {
                *entry = Some(verdict);
            }
        }
        if waiting.verdicts.iter().any(Option::is_none) {
            self.state = State::Waiting(Box::new(waiting));
            return Turn::default();
        }
        let (instance, variable) = waiting.options[0];
        let failed = waiting.verdicts.iter().enumerate().find_map(|(case, verdict)| match verdict {
            Some(Verdict::Open(stuck)) => Some((variable, case, stuck.clone())),
            _ => None,
        });
        if let Some(failed) = failed {
            waiting.failed.push(failed);
            waiting.options.remove(0);
            waiting.first_slot += waiting.verdicts.len() as u32;
            return self.try_next(waiting);
        }
        let cases = waiting
            .verdicts
            .into_iter()
            .zip(waiting.contexts)
            .filter_map(|(verdict, context)| {
                let Some(Verdict::Proved(tree)) = verdict else { return None };
                let tree = Arc::unwrap_or_clone(tree);
                Some(match context {
                    None => Case::Constant(tree),
                    Some(context) => Case::Function(context, tree),
                })
            })
            .collect();
        let set = self.compiled.inductions[instance].set;
        let individual = Individual((self.context.individuals() + variable as usize) as u32);
        let member = Arc::new(Finished {
            goal: Goal::Fact(Code::new(set, true), vec![individual]),
            falsum: None,
            reached: None,
            creations: 0,
            steps: 0,
            snapshot: waiting.snapshot,
        });
        let induction = InductionTree { instance, variable, member, cases };
        let tree = Tree { sequent: self.sequent.clone(), by: By::Induction(Box::new(induction)) };
        Turn { verdict: Some(Verdict::Proved(Arc::new(tree))), ..Turn::default() }
    }

    /// Opens the cases of the next induction, or gives up.
    fn try_next(&mut self, mut waiting: Waiting) -> Turn {
        let Some((instance, variable)) = waiting.options.first().copied() else {
            let stuck = Stuck {
                sequent: self.sequent.clone(),
                direct: waiting.end.into(),
                lemmas: waiting.lemmas,
                inductions: waiting.failed,
            };
            return Turn { verdict: Some(Verdict::Open(Arc::new(stuck))), ..Turn::default() };
        };
        let mut turn = Turn::default();
        waiting.contexts.clear();
        waiting.verdicts.clear();
        let compiled = self.compiled.clone();
        for (case, constructor) in compiled.inductions[instance].constructors.iter().enumerate() {
            let (context, individual) = match constructor {
                ConstructorInstance::Constant(constant) => (None, Individual(u32::from(*constant))),
                ConstructorInstance::Function(relation, inputs) => {
                    let (context, value, steps) = self.open_case(variable, Code::new(*relation, true), inputs);
                    turn.steps += steps;
                    (Some(Arc::new(context)), value)
                }
            };
            let (sequent, _) = self.sequent.fix(variable, individual);
            let below = context.clone().unwrap_or_else(|| self.context.clone());
            let effort = Effort { nesting: self.effort.nesting - 1, direct: self.effort.case, ..self.effort };
            let child = LogicBlock::new(compiled.clone(), below, sequent, effort);
            turn.children.push((waiting.first_slot + case as u32, child));
            waiting.contexts.push(context);
            waiting.verdicts.push(None);
        }
        self.state = State::Waiting(Box::new(waiting));
        turn
    }

    /// The block of a function's case: its inputs, what induction offers for them, and its value.
    fn open_case(
        &self,
        variable: u16,
        code: Code,
        inputs: &[(crate::clauses::clause::RelationId, bool)],
    ) -> (Snapshot, Individual, u64) {
        let mut block = Block::below(&self.context);
        let mut individuals = Vec::new();
        let mut rules = Vec::new();
        let mut numbers = Vec::new();
        for (set, recursive) in inputs {
            let individual = block.introduce(block.typing().sorts.at(*set, 0));
            individuals.push(individual);
            numbers.push((*set, *recursive, individual));
        }
        let value = block.introduce(block.typing().sorts.at(code.relation(), inputs.len()));
        for (set, recursive, individual) in numbers {
            block.assume(Code::new(set, true), &[individual]);
            if recursive {
                let number = block.assume_other();
                let (hypothesis, _) = self.sequent.fix(variable, individual);
                rules.push((number, hypothesis));
            }
        }
        individuals.push(value);
        block.assume(code, &individuals);
        for (number, hypothesis) in rules {
            let rule = hypothesis_rule(number, &hypothesis, block.typing());
            let demands = rule.demands(&self.compiled.signature, Some(0), Some(1));
            block.assume_rule(rule);
            for demand in demands {
                block.assume_rule(demand);
            }
        }
        block.run(Limits { steps: self.effort.case.steps, creations: 0 });
        let steps = block.steps();
        (block.rest(), value, steps)
    }

    /// The inductions that apply, the most promising first: on variables at which functions recur,
    /// not on values of functions.
    fn options(&self, block: &Block) -> Vec<(usize, u16)> {
        let mut options = Vec::new();
        let base = self.context.individuals() as u32;
        for (instance, induction) in self.compiled.inductions.iter().enumerate() {
            for variable in 0..self.sequent.variables {
                let individual = Individual(base + u32::from(variable));
                if block.holds(Code::new(induction.set, true), &[individual]).is_none() {
                    continue;
                }
                let (mut recursive, mut other, mut value) = (0, 0, false);
                let head = match &self.sequent.head {
                    SequentHead::Literal(head) => Some(head),
                    SequentHead::Exists(..) | SequentHead::False => None,
                };
                for (place, pattern) in self.sequent.premises.iter().chain(head).enumerate() {
                    let relation = pattern.code.relation();
                    let function = self.compiled.signature.relations[relation.index()].function;
                    for (column, argument) in pattern.arguments.iter().enumerate() {
                        if *argument != Argument::Variable(variable) {
                            continue;
                        }
                        if function && column + 1 == pattern.arguments.len() {
                            // Unless the function is of the variable itself, as in a + b = a.
                            value |=
                                place < self.sequent.premises.len() && !pattern.arguments[..column].contains(argument);
                        } else if self.compiled.recursive_inputs.get(&relation).is_some_and(|at| at.contains(&column)) {
                            recursive += 1;
                        } else {
                            other += 1;
                        }
                    }
                }
                if !value && recursive + other > 0 {
                    options.push(((other - 2 * recursive, variable), (instance, variable)));
                }
            }
        }
        options.sort_unstable();
        options.into_iter().map(|(_, option)| option).collect()
    }
}

/// The induction hypothesis, assumption `number` of its block, as a rule.
fn hypothesis_rule(number: u32, hypothesis: &Sequent, typing: Typing<'_>) -> Rule {
    let head = match &hypothesis.head {
        SequentHead::False => RuleHead::False,
        SequentHead::Literal(pattern) if pattern.code == Code::EQUAL => {
            RuleHead::Equal(pattern.arguments[0], pattern.arguments[1])
        }
        SequentHead::Literal(pattern) => RuleHead::Fact(pattern.clone()),
        SequentHead::Exists(count, facts) => RuleHead::Exists(*count, facts.clone()),
    };
    let moves = vec![Move::Apply; hypothesis.premises.len()];
    let justification = Justification { start: Start::Hypothesis(number), moves };
    Rule::new(hypothesis.variables, hypothesis.premises.clone(), head, Some(justification), typing)
}

/// A block below `context` that introduces the sequent's variables, assumes its premises, and wants
/// its head.
fn set_up(context: &Snapshot, sequent: &Sequent) -> Block {
    let mut block = Block::below(context);
    let sorts = sequent.variable_sorts(context.typing());
    if sequent.speaks_of_sets(block.typing(), &sorts) {
        block.assume_views();
    }
    let variables: Vec<Individual> = sorts.into_iter().map(|sort| block.introduce(sort)).collect();
    let ground = |pattern: &Pattern| -> Vec<Individual> {
        pattern
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Individual(individual) => *individual,
                Argument::Variable(number) => variables[*number as usize],
            })
            .collect()
    };
    for premise in &sequent.premises {
        block.assume(premise.code, &ground(premise));
    }
    let goal = match &sequent.head {
        SequentHead::False => Goal::False,
        SequentHead::Literal(head) if !head.code.positive() => {
            block.assume(head.code.opposite(), &ground(head));
            Goal::False
        }
        SequentHead::Literal(head) if head.code == Code::EQUAL => {
            let sides = ground(head);
            Goal::Equal(sides[0], sides[1])
        }
        SequentHead::Literal(head) => Goal::Fact(head.code, ground(head)),
        SequentHead::Exists(count, facts) => {
            let replace = |number: u16| match number.checked_sub(sequent.variables) {
                Some(new) => Argument::Variable(new),
                None => Argument::Individual(variables[number as usize]),
            };
            Goal::Exists(*count, facts.iter().map(|fact| fact.map(&replace)).collect())
        }
    };
    block.want(goal);
    block
}

fn finish(block: Block) -> Arc<Finished> {
    let goal = block.goal().cloned().expect("an attempt has a goal");
    let reached = block.reached().cloned();
    let falsum = if block.is_reached() { None } else { block.falsum() };
    let (creations, steps) = (block.creations(), block.steps());
    Arc::new(Finished { snapshot: block.rest(), goal, falsum, reached, creations, steps })
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
