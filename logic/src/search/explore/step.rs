//! An open case of a failed attempt, as a lemma of its own: the step of an induction, or what remains of a case split.
//!
//! In a case of an induction the predecessor is no variable of the sequent, so no further induction and no case
//! distinction on its constructors is tried. As a statement, the step has the predecessor as a variable, and the
//! induction hypothesis at the same parameters as premises. The case follows from it. Likewise no induction is tried
//! below a case split; as a statement, its open case has the literals that the other cases refute as premises.

use std::collections::BTreeSet;

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Compiled, ConstructorInstance};
use crate::saturation::block::Limits;
use crate::saturation::pattern::{Argument, Pattern};
use crate::saturation::sequent::Sequent;
use crate::search::attempt::{Effort, LogicBlock, OpenCase, Stuck, Verdict, solve};

use super::Exploration;
use super::commit::clause_of;
use super::conjecture::{Origin, is_asked};
use super::unfolding::rewritten;

/// The effort for whether a forced literal follows from the others, for example from x ≰ y in a total order.
const FOLLOWS: Effort = Effort { splits: 1, split: Limits { steps: 1_000, creations: 0 }, ..Effort::GLANCE };

impl Exploration {
    /// The open cases of an attempt at a goal, or at a lemma for a goal. Inductions count only for the goal itself:
    /// otherwise each step would lead to the next.
    pub(super) fn open_cases_of(&mut self, place: usize, stuck: &Stuck) -> Vec<Clause> {
        let is_goal = |place: usize| is_asked(&self.conjectures[place].origin);
        let inductions = if is_goal(place) { &stuck.inductions[..] } else { &[] };
        let is_lemma = matches!(self.conjectures[place].origin, Origin::Lemma(of) if is_goal(of));
        let forced = if is_goal(place) || is_lemma { &stuck.forced[..] } else { &[] };
        let constants = self.compiled.signature.constants.len();
        let Some(clause) = clause_of(&stuck.sequent, constants) else { return Vec::new() };
        let steps = inductions.iter().filter_map(|failed| step(&self.compiled, &clause, failed));
        let mut cases: Vec<Clause> = steps.collect();
        let forced = forced.iter().filter_map(|literal| premise(&stuck.sequent, literal, constants));
        cases.extend(self.remaining(clause, forced.collect()));
        cases
    }

    /// A clause with the forced literals that do not follow from the others as premises; `None` if there are none.
    fn remaining(&mut self, clause: Clause, mut forced: Vec<Literal>) -> Option<Clause> {
        forced.retain(|literal| !clause.premises.contains(literal));
        let with = |forced: &[Literal], head: Head| Clause {
            premises: clause.premises.iter().chain(forced).cloned().collect(),
            head,
            ..clause.clone()
        };
        let mut place = 0;
        while place < forced.len() {
            let literal = forced.remove(place);
            let clause = with(&forced, Head::Literal(literal.clone()));
            let block = LogicBlock::new(self.compiled.clone(), self.root.clone(), Sequent::of(&clause), FOLLOWS);
            let (verdict, steps) = solve(block);
            self.counts.steps += steps;
            if !matches!(verdict, Verdict::Proved(_)) {
                forced.insert(place, literal);
                place += 1;
            }
        }
        (!forced.is_empty()).then(|| with(&forced, clause.head.clone()))
    }
}

/// The literal about the variables of a sequent, whose block introduced them; `None` if it is about others. An equation
/// with a constant or a variable is left to the inductions.
fn premise(sequent: &Sequent, literal: &Pattern, constants: usize) -> Option<Literal> {
    let term = |argument: &Argument| {
        let Argument::Individual(individual) = argument else { return None };
        match (individual.0 as usize).checked_sub(constants) {
            None => Some(Term::Constant(individual.0 as u16)),
            Some(variable) => (variable < usize::from(sequent.variables)).then_some(Term::Variable(variable as u16)),
        }
    };
    let (positive, relation) = (literal.code.positive(), literal.code.relation());
    let arguments = literal.arguments.iter().map(term).collect::<Option<_>>()?;
    (relation != RelationId::EQUAL).then_some(Literal { positive, relation, arguments })
}

/// The open case of an induction on a clause; `None` if the case has no induction hypothesis.
fn step(compiled: &Compiled, clause: &Clause, failed: &OpenCase) -> Option<Clause> {
    let Head::Literal(head) = &clause.head else { return None };
    let constructor = &compiled.inductions[failed.instance].constructors[failed.case];
    let ConstructorInstance::Function(relation, inputs) = constructor else { return None };
    let variable = Term::Variable(failed.variable);
    let computed = computed_from(compiled, clause, variable);
    let mut variables = clause.variables + inputs.len() as u16;
    let predecessors = (clause.variables..variables).map(Term::Variable);
    let arguments = predecessors.clone().chain([variable]).collect();
    let mut premises = vec![Literal { positive: true, relation: *relation, arguments }];
    premises.extend(clause.premises.iter().cloned());
    let mut is_recursive = false;
    for (predecessor, _) in predecessors.zip(inputs).filter(|(_, (_, recursive))| *recursive) {
        is_recursive = true;
        let put = |term: &Term| match computed.iter().position(|value| value == term) {
            _ if *term == variable => predecessor,
            Some(place) => Term::Variable(variables + place as u16),
            None => *term,
        };
        let hypothesis = clause.premises.iter().chain([head]).map(|literal| rewritten(literal, &put));
        for literal in hypothesis {
            if !premises.contains(&literal) {
                premises.push(literal);
            }
        }
        variables += computed.len() as u16;
    }
    is_recursive.then(|| Clause { variables, premises, head: clause.head.clone() })
}

/// The variables that the premises compute from `variable`. They have other values at its predecessor.
fn computed_from(compiled: &Compiled, clause: &Clause, variable: Term) -> Vec<Term> {
    let mut found = BTreeSet::from([variable]);
    loop {
        let before = found.len();
        for row in &clause.premises {
            let Some((value, inputs)) = row.arguments.split_last() else { continue };
            let is_row = row.positive && compiled.signature.relations[row.relation.index()].function;
            if is_row && matches!(value, Term::Variable(_)) && inputs.iter().any(|input| found.contains(input)) {
                found.insert(*value);
            }
        }
        if found.len() == before {
            break;
        }
    }
    found.remove(&variable);
    found.into_iter().collect()
}
