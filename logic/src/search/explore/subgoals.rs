//! Subgoals: the premises of a rule that concludes a goal, as lemmas.
//!
//! A block uses such a rule once it has derived the premises, but completion, cases and inductions are tried for whole
//! statements only. In a Kleene algebra, `1 ≤ a*` follows from the lemma `1 + a* = a*`, which completion proves; where an
//! order is antisymmetric, `f(x) = x` follows from `f(x) ≤ x` and `x ≤ f(x)`.

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::Compiled;
use crate::conjecture::canonical;
use crate::conjecture::limits::literals;

use super::Exploration;
use super::conjecture::{Fate, Origin, is_asked};

/// The most subgoals of a rule.
const MOST: usize = 3;

/// The most rules whose subgoals are tried for a goal.
const MOST_WAYS: usize = 8;

impl Exploration {
    /// Adds the subgoals of open goals that no model refutes or, if there are no new ones, those of their lemmas; false if
    /// there are none of these either.
    pub(super) fn add_subgoals(&mut self) -> bool {
        let count = self.conjectures.len();
        for of_lemmas in [false, true] {
            for place in 0..count {
                let goal = &self.conjectures[place];
                let is_due = match goal.origin {
                    Origin::Lemma(of) => of_lemmas && is_asked(&self.conjectures[of].origin),
                    _ => !of_lemmas && is_asked(&goal.origin),
                };
                let open = is_due && matches!(goal.fate, Fate::Waiting | Fate::Open(_));
                if let Some(clause) = goal.clause.clone().filter(|_| open) {
                    for subgoal in self.subgoals_of(&clause) {
                        self.add(subgoal, Origin::Lemma(place));
                    }
                }
            }
            if self.conjectures.len() > count {
                return true;
            }
        }
        false
    }

    /// The subgoals of all rules that conclude a goal, unless one of a rule is the goal itself or refuted.
    fn subgoals_of(&self, goal: &Clause) -> Vec<Clause> {
        let is_functionality =
            |number: &usize| self.compiled.functions.iter().any(|function| function.functionality == *number);
        let axioms = self.compiled.axioms.iter().enumerate().filter(|(number, _)| !is_functionality(number));
        let axioms = axioms.map(|(_, axiom)| &axiom.clause);
        let rules = axioms.chain(self.theorems.iter().filter_map(|theorem| theorem.clause.as_ref()));
        let goal_itself = canonical(goal);
        let is_hopeless = |one: &Clause| *one == goal_itself || self.fails_at_small_values(one);
        let ways = rules.flat_map(|rule| subgoals(&self.compiled, rule, goal));
        let ways = ways.map(|subgoals| subgoals.iter().map(canonical).collect::<Vec<Clause>>());
        ways.filter(|subgoals| !subgoals.iter().any(is_hopeless)).take(MOST_WAYS).flatten().collect()
    }
}

/// For each way in which a rule concludes the goal, the premises that remain to be proved, under the premises of the goal.
/// Compound formulas are left to the case splits.
fn subgoals(compiled: &Compiled, rule: &Clause, goal: &Clause) -> Vec<Vec<Clause>> {
    let (Head::Literal(concluded), Head::Literal(wanted)) = (&rule.head, &goal.head) else { return Vec::new() };
    if concluded.positive != wanted.positive {
        return Vec::new();
    }
    let is_function = |literal: &Literal| compiled.signature.relations[literal.relation.index()].function;
    let is_compound = |literal: &Literal| compiled.signature.relations[literal.relation.index()].inner.is_some();
    if literals(rule).chain(literals(goal)).any(is_compound) {
        return Vec::new();
    }
    let equates = concluded.positive && concluded.relation == RelationId::EQUAL;
    // That equal values have equal arguments only leads from equations to larger ones.
    let is_about_values = |premise: &Literal| {
        premise.positive && is_function(premise) && matches!(premise.arguments.last(), Some(Term::Variable(_)))
    };
    if equates && rule.premises.iter().all(is_about_values) {
        return Vec::new();
    }
    let mut goal = goal.clone();
    let mut wanted = wanted.clone();
    if equates && wanted.positive && wanted.relation != RelationId::EQUAL && is_function(&wanted) {
        // f(x) = y becomes u = y, where u is the value of f(x).
        let new = Term::Variable(goal.variables);
        goal.variables += 1;
        let mut row = wanted.clone();
        let value = row.arguments.last_mut().map(|value| std::mem::replace(value, new));
        goal.premises.push(row);
        let arguments = [new].into_iter().chain(value).collect();
        wanted = Literal { positive: true, relation: RelationId::EQUAL, arguments };
    }
    if concluded.relation != wanted.relation {
        return Vec::new();
    }
    let turned = Literal { arguments: wanted.arguments.iter().rev().copied().collect(), ..wanted.clone() };
    let sides = [Some(&wanted), Some(&turned).filter(|_| wanted.relation == RelationId::EQUAL)];
    sides.into_iter().flatten().filter_map(|wanted| remaining(compiled, rule, concluded, &goal, wanted)).collect()
}

/// The premises of a rule with the conclusion `concluded`, where that is `wanted`, that are no premises of the goal. `None`
/// if a variable of the rule stays undetermined, or nothing or too much remains.
fn remaining(
    compiled: &Compiled,
    rule: &Clause,
    concluded: &Literal,
    goal: &Clause,
    wanted: &Literal,
) -> Option<Vec<Clause>> {
    let mut binding: Vec<Option<Term>> = vec![None; usize::from(rule.variables)];
    for (own, term) in concluded.arguments.iter().zip(&wanted.arguments) {
        let known = match own {
            Term::Variable(variable) => *binding[usize::from(*variable)].get_or_insert(*term),
            constant => *constant,
        };
        if known != *term {
            return None;
        }
    }
    let bound = |term: &Term, binding: &[Option<Term>]| match term {
        Term::Variable(variable) => binding[usize::from(*variable)],
        constant => Some(*constant),
    };
    let mut premises = goal.premises.clone();
    let mut variables = goal.variables;
    let mut pending: Vec<&Literal> = rule.premises.iter().collect();
    // Values of functions at known arguments are named, and so determined.
    loop {
        let row = pending.iter().position(|premise| {
            let (Some((value, inputs)), true) = (premise.arguments.split_last(), premise.positive) else {
                return false;
            };
            compiled.signature.relations[premise.relation.index()].function
                && bound(value, &binding).is_none()
                && inputs.iter().all(|input| bound(input, &binding).is_some())
        });
        let Some(row) = row else { break };
        let row = pending.remove(row);
        let (value, inputs) = row.arguments.split_last()?;
        let inputs: Vec<Term> = inputs.iter().map(|input| bound(input, &binding)).collect::<Option<_>>()?;
        let is_same =
            |known: &&Literal| known.relation == row.relation && known.positive && known.arguments.starts_with(&inputs);
        let named = match premises.iter().find(is_same) {
            Some(known) => *known.arguments.last()?,
            None => {
                let new = Term::Variable(variables);
                variables += 1;
                premises.push(Literal { arguments: inputs.into_iter().chain([new]).collect(), ..row.clone() });
                new
            }
        };
        if let Term::Variable(variable) = value {
            binding[usize::from(*variable)] = Some(named);
        }
    }
    let is_domain = |literal: &Literal| {
        literal.positive && compiled.functions.iter().any(|function| function.domain.contains(&Some(literal.relation)))
    };
    let mut heads = Vec::new();
    for premise in pending.into_iter().filter(|premise| !is_domain(premise)) {
        let arguments = premise.arguments.iter().map(|term| bound(term, &binding)).collect::<Option<_>>()?;
        let head = Literal { arguments, ..premise.clone() };
        let is_trivial = head.relation == RelationId::EQUAL && head.positive && head.arguments[0] == head.arguments[1];
        if !is_trivial && !premises.contains(&head) {
            heads.push(head);
        }
    }
    if heads.is_empty() || heads.len() > MOST {
        return None;
    }
    let clause = |head: Literal| {
        let needed = needed_rows(&premises[goal.premises.len()..], &head);
        let premises = goal.premises.iter().cloned().chain(needed).collect();
        Clause { variables, premises, head: Head::Literal(head) }
    };
    Some(heads.into_iter().map(clause).collect())
}

/// Those of `rows`, each of which names a value, on whose values the literal depends.
fn needed_rows(rows: &[Literal], literal: &Literal) -> Vec<Literal> {
    let mut needed: Vec<Literal> = Vec::new();
    for row in rows.iter().rev() {
        let value = row.arguments.last();
        let is_used = |other: &Literal| other.arguments.iter().any(|argument| Some(argument) == value);
        if needed.iter().chain([literal]).any(is_used) {
            needed.push(row.clone());
        }
    }
    needed.reverse();
    needed
}
