//! Goals with their premises unfolded: from x ⇝ y, which says that some walk leads from x to y, to a walk of n steps.
//!
//! A block introduces a witness for an existential premise but has no induction on it, since a witness is no variable of
//! its sequent. So a goal with such premises gets a lemma that has the parts of the definition as premises and the
//! witnesses as variables. The lemma can be proved by induction, and the goal follows from it at once.

use crate::clauses::clause::{Clause, Head, Literal, Term};
use crate::conjecture::canonical;
use crate::models::evaluate::Evaluator;

use super::Exploration;
use super::conjecture::{Fate, Origin};

impl Exploration {
    /// Adds the unfolded forms of open goals and textbook laws as lemmas; false if there are no new ones.
    pub(super) fn add_unfoldings(&mut self) -> bool {
        let count = self.conjectures.len();
        for place in 0..count {
            let goal = &self.conjectures[place];
            let open = matches!(goal.fate, Fate::Waiting | Fate::Open(_)) && self.is_wanted(goal);
            let Some(clause) = goal.clause.as_ref().filter(|_| open).and_then(|clause| self.unfolded(clause)) else {
                continue;
            };
            let clause = canonical(&clause);
            let fails = |exploration: &Exploration| {
                exploration.models.iter().any(|model| Evaluator::new(model).refute_up_to(&clause, 6).is_some())
            };
            if !self.known.contains(&clause) && !fails(self) {
                self.add(clause, Origin::Lemma(place));
            }
        }
        self.conjectures.len() > count
    }

    /// The clause with each premise replaced that an axiom `P(x, …) → ∃ witnesses …` unfolds, if some witness lies in the
    /// sort of a generated set.
    fn unfolded(&self, clause: &Clause) -> Option<Clause> {
        let mut unfolded = Clause { premises: Vec::new(), ..clause.clone() };
        for premise in &clause.premises {
            match self.definition_of(premise) {
                Some((count, facts)) => {
                    let first = unfolded.variables;
                    unfolded.variables += count;
                    let own = premise.arguments.len() as u16;
                    let put = |term: &Term| match term {
                        Term::Variable(variable) if *variable < own => premise.arguments[usize::from(*variable)],
                        Term::Variable(variable) => Term::Variable(first + variable - own),
                        constant @ Term::Constant(_) => *constant,
                    };
                    let instance = facts
                        .iter()
                        .map(|fact| Literal { arguments: fact.arguments.iter().map(put).collect(), ..fact.clone() });
                    unfolded.premises.extend(instance);
                }
                None => unfolded.premises.push(premise.clone()),
            }
        }
        (unfolded.variables > clause.variables).then_some(unfolded)
    }

    /// The number of witnesses and the facts of an axiom that unfolds a premise; its variables are numbered as the
    /// arguments of the premise.
    fn definition_of(&self, premise: &Literal) -> Option<(u16, &[Literal])> {
        let relations = &self.compiled.signature.relations;
        let generated = |literal: &Literal, own: u16| {
            let sorts = literal.arguments.iter().zip(&relations[literal.relation.index()].sorts);
            let mut witnesses = sorts.filter(|(term, _)| matches!(term, Term::Variable(number) if *number >= own));
            witnesses.any(|(_, sort)| {
                let sets = self.compiled.inductions.iter().map(|induction| induction.set);
                sets.map(|set| &relations[set.index()].sorts).any(|sorts| sorts.first() == Some(sort))
            })
        };
        if !premise.positive || relations[premise.relation.index()].function {
            return None;
        }
        self.compiled.axioms.iter().map(|axiom| &axiom.clause).find_map(|clause| {
            let ([own], Head::Exists(count, facts)) = (&clause.premises[..], &clause.head) else { return None };
            let is_general = own.positive
                && own.relation == premise.relation
                && own.arguments.len() == usize::from(clause.variables)
                && own.arguments.iter().zip(0..).all(|(term, place)| *term == Term::Variable(place));
            let of_use = facts.iter().any(|fact| generated(fact, clause.variables));
            (is_general && of_use).then_some((*count, &facts[..]))
        })
    }
}
