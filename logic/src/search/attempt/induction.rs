//! Induction on a variable: each case is a block below this one.

use std::sync::Arc;

use crate::clauses::clause::RelationId;
use crate::clauses::compile::{Chain, ConstructorInstance, Justification, Move, Start};
use crate::proofs::reconstruction::{By, Case, Finished, InductionTree};
use crate::saturation::block::{Block, Goal, Limits, Snapshot};
use crate::saturation::book::RuleBook;
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::rule::{Rule, RuleHead};
use crate::saturation::sequent::{Sequent, SequentHead};
use crate::saturation::sorts::Typing;

use super::{Effort, LogicBlock, OpenCase, Stalled, State, Stuck, Turn, Verdict};

/// An attempt by induction that waits for its cases.
#[derive(Debug)]
pub(super) struct Inducing {
    stalled: Stalled,
    /// The inductions to try; the current one is first.
    options: Vec<Choice>,
    contexts: Vec<Option<Arc<Snapshot>>>,
    verdicts: Vec<Option<Verdict>>,
    first_slot: u32,
    failed: Vec<OpenCase>,
}

/// An induction that an attempt may try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Choice {
    /// The index in [`Compiled::inductions`].
    ///
    /// [`Compiled::inductions`]: crate::clauses::compile::Compiled::inductions
    instance: usize,
    /// The variable of the sequent.
    variable: u16,
    /// Whether it goes by two steps: with hypotheses about the predecessor and its predecessor.
    double: bool,
}

impl Inducing {
    pub(super) fn new(mut stalled: Stalled) -> Inducing {
        let options = std::mem::take(&mut stalled.options);
        Inducing { stalled, options, contexts: Vec::new(), verdicts: Vec::new(), first_slot: 0, failed: Vec::new() }
    }
}

impl LogicBlock {
    /// Receives verdicts; decides once all cases are complete, or one has failed.
    pub(super) fn go_on_inducing(&mut self, mut waiting: Inducing, verdicts: Vec<(u32, Verdict)>) -> Turn {
        for (slot, verdict) in verdicts {
            if let Some(place) = slot.checked_sub(waiting.first_slot)
                && let Some(entry) = waiting.verdicts.get_mut(place as usize)
            {
                *entry = Some(verdict);
            }
        }
        if waiting.verdicts.iter().any(Option::is_none) {
            self.state = State::Inducing(Box::new(waiting));
            return Turn::default();
        }
        let Choice { instance, variable, double } = waiting.options[0];
        let failed = waiting.verdicts.iter().enumerate().find_map(|(case, verdict)| match verdict {
            Some(Verdict::Open(stuck)) => Some(OpenCase { instance, variable, case, stuck: stuck.clone() }),
            _ => None,
        });
        if let Some(failed) = failed {
            // The cases of an induction by two steps are not those of the constructors.
            waiting.failed.extend(Some(failed).filter(|_| !double));
            waiting.options.remove(0);
            return self.try_induction(waiting);
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
            snapshot: waiting.stalled.member,
        });
        let induction = InductionTree { instance, variable, member, cases, double };
        self.proved(By::Induction(Box::new(induction)))
    }

    /// Opens the cases of the next induction, or gives up.
    pub(super) fn try_induction(&mut self, mut waiting: Inducing) -> Turn {
        let Some(choice) = waiting.options.first().copied() else {
            let stuck = Stuck {
                sequent: self.sequent.clone(),
                direct: waiting.stalled.end.into(),
                lemmas: waiting.stalled.lemmas,
                inductions: waiting.failed,
            };
            return Turn { verdict: Some(Verdict::Open(Arc::new(stuck))), ..Turn::default() };
        };
        let mut turn = Turn::default();
        waiting.contexts.clear();
        waiting.verdicts.clear();
        waiting.first_slot = self.slots;
        for (context, individual) in self.cases_of(choice, &mut turn.steps) {
            let context = context.map(Arc::new);
            let (sequent, _) = self.sequent.fix(choice.variable, individual);
            let below = context.clone().unwrap_or_else(|| self.context.clone());
            let effort =
                Effort { nesting: self.effort.nesting.saturating_sub(1), direct: self.effort.case, ..self.effort };
            self.open(&mut turn, LogicBlock::new(self.compiled.clone(), below, sequent, effort));
            waiting.contexts.push(context);
            waiting.verdicts.push(None);
        }
        self.state = State::Inducing(Box::new(waiting));
        turn
    }

    /// The cases of an induction: the block above each, if it has one, and the individual at which the sequent is to be
    /// proved.
    fn cases_of(&self, choice: Choice, steps: &mut u64) -> Vec<(Option<Snapshot>, Individual)> {
        let compiled = &self.compiled;
        let instance = &compiled.inductions[choice.instance];
        let variable = choice.variable;
        let mut settled = |mut block: Block, value| {
            block.run(Limits { steps: self.effort.case.steps, creations: 0 });
            *steps += block.steps();
            (Some(block.rest()), value)
        };
        if let (true, Some(Chain { constant, constructor, inputs })) = (choice.double, instance.as_chain()) {
            let code = Code::new(constructor, true);
            let constant = Individual(u32::from(constant));
            let mut next = Block::below(&self.context);
            let value = self.apply(&mut next, code, inputs, Some(constant), None);
            let mut second = Block::below(&self.context);
            let mut hypotheses = Vec::new();
            let first = self.apply(&mut second, code, inputs, None, Some((variable, &mut hypotheses)));
            hypotheses.push(self.hypothesis(&mut second, variable, first));
            let last = self.apply(&mut second, code, inputs, Some(first), None);
            self.assume_hypotheses(&mut second, hypotheses);
            return vec![(None, constant), settled(next, value), settled(second, last)];
        }
        let case = |constructor: &ConstructorInstance| match constructor {
            ConstructorInstance::Constant(constant) => (None, Individual(u32::from(*constant))),
            ConstructorInstance::Function(relation, inputs) => {
                let mut block = Block::below(&self.context);
                let mut hypotheses = Vec::new();
                let code = Code::new(*relation, true);
                let value = self.apply(&mut block, code, inputs, None, Some((variable, &mut hypotheses)));
                self.assume_hypotheses(&mut block, hypotheses);
                settled(block, value)
            }
        };
        instance.constructors.iter().map(case).collect()
    }

    /// Introduces the inputs of a constructor, with their memberships and the hypotheses about recursive ones, and its value.
    /// The recursive input may be known instead. Returns the value.
    fn apply(
        &self,
        block: &mut Block,
        code: Code,
        inputs: &[(RelationId, bool)],
        known: Option<Individual>,
        mut hypotheses: Option<(u16, &mut Vec<Hypothesis>)>,
    ) -> Individual {
        let mut individuals = Vec::new();
        for (set, recursive) in inputs {
            let known = known.filter(|_| *recursive);
            individuals.push(known.unwrap_or_else(|| block.introduce(block.typing().sorts.at(*set, 0))));
        }
        let value = block.introduce(block.typing().sorts.at(code.relation(), inputs.len()));
        for ((set, recursive), individual) in inputs.iter().zip(&individuals) {
            if *recursive && known.is_some() {
                continue;
            }
            block.assume(Code::new(*set, true), &[*individual]);
            if let (true, Some((variable, hypotheses))) = (*recursive, &mut hypotheses) {
                hypotheses.push(self.hypothesis(block, *variable, *individual));
            }
        }
        individuals.push(value);
        block.assume(code, &individuals);
        value
    }

    /// The induction hypothesis about an individual, as the next assumption of a block.
    fn hypothesis(&self, block: &mut Block, variable: u16, individual: Individual) -> Hypothesis {
        (block.assume_other(), self.sequent.fix(variable, individual).0)
    }

    fn assume_hypotheses(&self, block: &mut Block, hypotheses: Vec<Hypothesis>) {
        for (number, hypothesis) in hypotheses {
            let rules = hypothesis_rules(number, &hypothesis, block.book(), block.typing());
            let demands = rules[0].demands(&self.compiled.signature, Some(0), Some(1));
            for rule in rules.into_iter().chain(demands) {
                block.assume_rule(rule);
            }
        }
    }

    /// The applicable inductions, the most promising first: on variables at recursive inputs of functions, not on
    /// values of functions.
    pub(super) fn options(&self, block: &Block) -> Vec<Choice> {
        let mut options = Vec::new();
        let base = self.context.individuals() as u32;
        for (instance, induction) in self.compiled.inductions.iter().enumerate() {
            for variable in 0..self.sequent.variables {
                let individual = Individual(base + u32::from(variable));
                if block.holds(Code::new(induction.set, true), &[individual]).is_none()
                    || (self.effort.nesting == 0 && !self.is_recurred_on_with_a_case(variable))
                {
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
                            // Unless the variable is an input of the same row, as in a + b = a.
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
                    let choice = Choice { instance, variable, double: false };
                    options.push(((false, other - 2 * recursive, variable), choice));
                    if self.goes_by_two(instance) {
                        options.push(((true, other - 2 * recursive, variable), Choice { double: true, ..choice }));
                    }
                }
            }
        }
        options.sort_unstable_by_key(|(order, choice)| (*order, choice.instance));
        options.into_iter().map(|(_, option)| option).collect()
    }
}

impl LogicBlock {
    /// Whether an induction by two steps is possible and the sequent is about something defined in this way.
    fn goes_by_two(&self, instance: usize) -> bool {
        let by_two = &self.compiled.by_two_steps;
        let mut literals = self.sequent.premises.iter().chain(self.sequent.head.literal());
        self.compiled.inductions[instance].as_chain().is_some()
            && literals.any(|literal| by_two.contains(&literal.code.relation()))
    }

    /// Whether a case of an induction should distinguish the cases of another variable.
    pub(super) fn recurs_together(&self) -> bool {
        self.effort.case.steps > 0
            && (0..self.sequent.variables).any(|variable| self.is_recurred_on_with_a_case(variable))
    }

    /// Whether a function recurs on this variable and, together with it, on the value of a constructor in a case of an
    /// induction: the equations of max(s(x), s(y)) = s(max(x, y)) apply to max(x, s(n)) only once x is a constructor term
    /// too. Or whether a function has the same value at both: in explorations, only if the goal equates the two.
    fn is_recurred_on_with_a_case(&self, variable: u16) -> bool {
        let constants = self.compiled.signature.constants.len();
        let variable = Argument::Variable(variable);
        let rows = || self.sequent.premises.iter().chain(self.sequent.head.literal());
        let recursive = |row: &Pattern| {
            let inputs = self.compiled.recursive_inputs.get(&row.code.relation()).cloned().unwrap_or_default();
            inputs.into_iter().map(|input| row.arguments[input]).collect::<Vec<_>>()
        };
        let is_built = |argument: &Argument| match argument {
            Argument::Individual(individual) => individual.0 as usize >= constants,
            Argument::Variable(_) => false,
        };
        let equated = self.sequent.head.literal().filter(|head| head.code == Code::EQUAL);
        let is_equated =
            equated.is_some_and(|head| head.arguments.contains(&variable) && head.arguments.iter().any(is_built));
        let compares = self.effort.compares || is_equated;
        let is_compared = |row: &Pattern, other: &Pattern| compares && row.arguments.last() == other.arguments.last();
        rows().filter(|row| recursive(row).contains(&variable)).any(|row| {
            let others = rows().filter(|other| *other == row || is_compared(row, other));
            others.flat_map(recursive).any(|argument| is_built(&argument))
        })
    }
}

/// An induction hypothesis, with its number among the assumptions of its block.
type Hypothesis = (u32, Sequent);

/// The induction hypothesis, assumption `number` of its block, as rules: the clause itself, then its contrapositives.
fn hypothesis_rules(number: u32, hypothesis: &Sequent, book: &RuleBook, typing: Typing<'_>) -> Vec<Rule> {
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
    book.rules_of_assumption(hypothesis.variables, &hypothesis.premises, head, &justification, typing)
}
