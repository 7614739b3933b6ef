//! Views: the same fact with a set or relation of the theory fixed in the relation, or as an argument.

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Slot, Term};

use super::{Axiom, Compiled, Justification, Start};

impl Compiled {
    /// Clauses that convert between facts about a set or relation of the theory, which has its own relation, and facts
    /// in which it is an argument.
    #[must_use]
    pub fn views(&self) -> Vec<Axiom> {
        let mut views = Vec::new();
        let relations = &self.signature.relations;
        for (general, with) in relations.iter().enumerate().skip(1) {
            for (special, without) in relations.iter().enumerate().skip(1) {
                if general == special || with.inner.is_some() || with.predicate != without.predicate {
                    continue;
                }
                if let Some((one, other)) = self.view(RelationId(general as u16), RelationId(special as u16)) {
                    for (premise, head) in [(one.clone(), other.clone()), (other, one)] {
                        let variables = without.arity as u16;
                        views.push(Axiom {
                            clause: Clause { variables, premises: vec![premise], head: Head::Literal(head) },
                            justification: Justification { start: Start::Same, moves: Vec::new() },
                        });
                    }
                }
            }
        }
        views
    }

    /// The two equivalent literals, if `general`, applied to arguments and constants, states the same as `special`.
    fn view(&self, general: RelationId, special: RelationId) -> Option<(Literal, Literal)> {
        let (with, without) = (&self.signature.relations[general.index()], &self.signature.relations[special.index()]);
        let mut arguments = Vec::new();
        for (one, other) in with.slots.iter().zip(&without.slots) {
            match (one, other) {
                (Slot::Fixed(one), Slot::Fixed(other)) if one == other => {}
                (Slot::Argument(place), Slot::Argument(own)) => {
                    let same = with.sorts[usize::from(*place)] == without.sorts[usize::from(*own)];
                    arguments.push(same.then_some(Term::Variable(*own))?);
                }
                (Slot::Argument(place), Slot::Fixed(parameter)) => {
                    let parameter = usize::from(*parameter);
                    let same = with.sorts[usize::from(*place)] == self.anchor_sorts[parameter];
                    let constant = *self.constants.get(&parameter)?;
                    arguments.push(same.then_some(Term::Constant(constant))?);
                }
                _ => return None,
            }
        }
        let own = (0..without.arity as u16).map(Term::Variable).collect();
        Some((
            Literal { positive: true, relation: general, arguments },
            Literal { positive: true, relation: special, arguments: own },
        ))
    }
}
