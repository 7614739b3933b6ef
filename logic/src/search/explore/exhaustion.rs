//! Exhaustion lemmas: every element of a generated set is built by a constructor. Blocks use them for case analysis.

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{ConstructorInstance, InductionInstance};

use super::Exploration;
use super::conjecture::{Fate, Origin, is_asked};

impl Exploration {
    /// Adds the exhaustion lemmas before the first attempts by cases: an element that is none of the constant
    /// constructors is a value of the only function constructor. Returns false if there are no new ones.
    pub(super) fn add_exhaustions(&mut self) -> bool {
        let open = |fate: &Fate| matches!(fate, Fate::Waiting | Fate::Open(_));
        let asks = self.conjectures.iter().position(|one| is_asked(&one.origin) && open(&one.fate));
        let wants = asks.or_else(|| {
            let waits = self.conjectures.iter().position(|one| open(&one.fate) && one.clause.is_some());
            waits.filter(|_| !self.book.is_horn())
        });
        let Some(asker) = wants else { return false };
        if std::mem::replace(&mut self.knows_exhaustions, true) {
            return false;
        }
        let known = self.conjectures.len();
        for clause in self.compiled.clone().inductions.iter().filter_map(exhaustion) {
            self.add(clause, Origin::Lemma(asker));
        }
        self.conjectures.len() > known
    }
}

/// `x ∈ S, x ≠ c, … → ∃ inputs in their sets with f(inputs) = x`, if `f` is the only constructor that is a function.
fn exhaustion(induction: &InductionInstance) -> Option<Clause> {
    let member = |set, term| Literal { positive: true, relation: set, arguments: vec![term] };
    let mut premises = vec![member(induction.set, Term::Variable(0))];
    let mut functions = Vec::new();
    for constructor in &induction.constructors {
        match constructor {
            ConstructorInstance::Constant(constant) => premises.push(Literal {
                positive: false,
                relation: RelationId::EQUAL,
                arguments: vec![Term::Variable(0), Term::Constant(*constant)],
            }),
            ConstructorInstance::Function(relation, inputs) => functions.push((*relation, inputs)),
        }
    }
    let [(relation, inputs)] = functions[..] else { return None };
    let count = inputs.len() as u16;
    let witnesses = (1..=count).map(Term::Variable);
    let mut facts: Vec<Literal> =
        inputs.iter().zip(witnesses.clone()).map(|((set, _), witness)| member(*set, witness)).collect();
    let arguments = witnesses.chain([Term::Variable(0)]).collect();
    facts.push(Literal { positive: true, relation, arguments });
    Some(Clause { variables: 1, premises, head: Head::Exists(count, facts) })
}
