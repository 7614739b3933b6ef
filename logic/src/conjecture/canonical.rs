//! The canonical form of a clause, independent of the numbering of variables and the order of premises.

use std::collections::BTreeMap;

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};

/// The canonical form: premises sorted and without repetition; variables numbered by first occurrence in them and then
/// in the head, unused ones dropped; the sides of equations ordered.
///
/// Two clauses have the same canonical form exactly if they differ in the numbering of variables, the order and
/// repetition of premises, the order of conjuncts and witnesses of an existence, and the sides of equations. Cost:
/// about quadratic in the premises; more only where many premises look alike.
#[must_use]
pub fn canonical(clause: &Clause) -> Clause {
    let mut premises = clause.premises.clone();
    for premise in &mut premises {
        order_sides(premise);
    }
    premises.sort();
    premises.dedup();
    let mut search = Search { clause, premises: &premises, colours: colours(clause, &premises), best: None };
    search.extend(&mut vec![false; premises.len()], &mut Labels::default(), &mut Vec::new());
    let (premises, head, variables) = search.best.expect("at least one order was tried");
    Clause { variables, premises, head }
}

fn order_sides(literal: &mut Literal) {
    if literal.relation == RelationId::EQUAL {
        literal.arguments.sort();
    }
}

/// A colour for each variable, which reflects the positions and literals in which it occurs.
fn colours(clause: &Clause, premises: &[Literal]) -> Vec<u64> {
    let witnesses = if let Head::Exists(count, _) = &clause.head { *count } else { 0 };
    let head: &[Literal] = match &clause.head {
        Head::False => &[],
        Head::Literal(literal) => std::slice::from_ref(literal),
        Head::Exists(_, literals) => literals,
    };
    let count = usize::from(clause.variables + witnesses);
    let mut colours: Vec<u64> = (0..count).map(|number| u64::from(number >= usize::from(clause.variables))).collect();
    for _ in 0..3 {
        let mut next = colours.clone();
        for (is_head, literal) in premises.iter().map(|one| (0, one)).chain(head.iter().map(|one| (1, one))) {
            let symmetric = literal.relation == RelationId::EQUAL;
            let mut whole = mix(u64::from(literal.relation.0) * 4 + is_head * 2 + u64::from(literal.positive));
            for (place, argument) in literal.arguments.iter().enumerate() {
                let place = if symmetric { 0 } else { place as u64 };
                whole = whole.wrapping_add(mix(place.wrapping_mul(31).wrapping_add(colour(*argument, &colours))));
            }
            for (place, argument) in literal.arguments.iter().enumerate() {
                if let Term::Variable(variable) = argument {
                    let place = if symmetric { 0 } else { place as u64 };
                    let seen = mix(whole ^ mix(place + 1));
                    next[usize::from(*variable)] = next[usize::from(*variable)].wrapping_add(seen);
                }
            }
        }
        colours = next.into_iter().map(mix).collect();
    }
    colours
}

fn colour(argument: Term, colours: &[u64]) -> u64 {
    match argument {
        Term::Constant(constant) => mix(u64::from(constant) + 1000),
        Term::Variable(variable) => colours[usize::from(variable)],
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[derive(Clone, Default)]
struct Labels(BTreeMap<u16, u16>);

impl Labels {
    fn label(&mut self, term: Term) -> Term {
        match term {
            Term::Constant(_) => term,
            Term::Variable(variable) => {
                let next = self.0.len() as u16;
                Term::Variable(*self.0.entry(variable).or_insert(next))
            }
        }
    }

    fn rename(&mut self, literal: &Literal) -> Literal {
        Literal {
            positive: literal.positive,
            relation: literal.relation,
            arguments: literal.arguments.iter().map(|argument| self.label(*argument)).collect(),
        }
    }
}

/// How a premise compares before its new variables are numbered: numbered variables and constants first, others by
/// colour.
type Key = (bool, RelationId, Vec<(u8, u64)>);

struct Search<'a> {
    clause: &'a Clause,
    premises: &'a [Literal],
    colours: Vec<u64>,
    best: Option<(Vec<Literal>, Head, u16)>,
}

impl Search<'_> {
    fn key(&self, literal: &Literal, labels: &Labels) -> Key {
        let arguments = literal.arguments.iter().map(|argument| match argument {
            Term::Constant(constant) => (0, u64::from(*constant)),
            Term::Variable(variable) => match labels.0.get(variable) {
                Some(label) => (1, u64::from(*label)),
                None => (2, self.colours[usize::from(*variable)]),
            },
        });
        (!literal.positive, literal.relation, arguments.collect())
    }

    /// Appends the least of the remaining premises; branches over all that are least.
    fn extend(&mut self, used: &mut Vec<bool>, labels: &mut Labels, done: &mut Vec<Literal>) {
        if done.len() == self.premises.len() {
            self.finish(labels, done);
            return;
        }
        let mut least: Option<Key> = None;
        let mut candidates: Vec<(usize, Literal)> = Vec::new();
        for (place, premise) in self.premises.iter().enumerate().filter(|(place, _)| !used[*place]) {
            let mut orders = vec![premise.clone()];
            if premise.relation == RelationId::EQUAL {
                let arguments = premise.arguments.iter().rev().copied().collect();
                orders.push(Literal { arguments, ..premise.clone() });
            }
            for ordered in orders {
                let key = self.key(&ordered, labels);
                if least.as_ref().is_none_or(|least| key < *least) {
                    least = Some(key);
                    candidates.clear();
                } else if least.as_ref() != Some(&key) {
                    continue;
                }
                candidates.push((place, ordered));
            }
        }
        for (place, premise) in candidates {
            let mut labels = labels.clone();
            let mut renamed = labels.rename(&premise);
            order_sides(&mut renamed);
            done.push(renamed);
            used[place] = true;
            let worse = self.best.as_ref().is_some_and(|(best, ..)| done[..] > best[..done.len()]);
            if !worse {
                self.extend(used, &mut labels, done);
            }
            used[place] = false;
            done.pop();
        }
    }

    fn finish(&mut self, labels: &Labels, done: &[Literal]) {
        let mut least: Option<(Head, u16)> = None;
        let mut offer = |head: Head, variables: u16| {
            if least.as_ref().is_none_or(|(least, _)| head < *least) {
                least = Some((head, variables));
            }
        };
        match &self.clause.head {
            Head::False => offer(Head::False, labels.0.len() as u16),
            Head::Literal(literal) => {
                let mut reversed = literal.clone();
                if literal.relation == RelationId::EQUAL {
                    reversed.arguments.reverse();
                }
                for literal in [literal, &reversed] {
                    let mut labels = labels.clone();
                    let mut renamed = labels.rename(literal);
                    order_sides(&mut renamed);
                    offer(Head::Literal(renamed), labels.0.len() as u16);
                }
            }
            Head::Exists(count, literals) => {
                for order in orders(*count) {
                    let mut labels = labels.clone();
                    // Variables that occur only in the head are numbered before witnesses.
                    for literal in literals {
                        for argument in &literal.arguments {
                            if matches!(argument, Term::Variable(variable) if *variable < self.clause.variables) {
                                labels.label(*argument);
                            }
                        }
                    }
                    let variables = labels.0.len() as u16;
                    for witness in order {
                        labels.label(Term::Variable(self.clause.variables + witness));
                    }
                    let mut renamed: Vec<Literal> = literals.iter().map(|literal| labels.rename(literal)).collect();
                    renamed.iter_mut().for_each(order_sides);
                    renamed.sort();
                    renamed.dedup();
                    offer(Head::Exists(*count, renamed), variables);
                }
            }
        }
        let (head, variables) = least.expect("every head was offered once");
        let found = (done.to_vec(), head, variables);
        if self.best.as_ref().is_none_or(|best| found < *best) {
            self.best = Some(found);
        }
    }
}

/// All permutations of the witnesses; only the identity from six on, where there would be too many.
fn orders(count: u16) -> Vec<Vec<u16>> {
    if count >= 6 {
        return vec![(0..count).collect()];
    }
    let mut orders = vec![Vec::new()];
    for next in 0..count {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<u16>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, next);
                    longer
                })
            })
            .collect();
    }
    orders
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literal(variables: u16) -> impl Strategy<Value = Literal> {
        let term = prop_oneof![1 => (0..2u16).prop_map(Term::Constant), 6 => (0..variables).prop_map(Term::Variable)];
        (prop::bool::weighted(0.8), 0..4u16, prop::collection::vec(term, 3)).prop_map(
            |(positive, relation, mut arguments)| {
                arguments.truncate(if relation == 2 { 3 } else { 2 });
                Literal { positive, relation: RelationId(relation), arguments }
            },
        )
    }

    fn clause() -> impl Strategy<Value = Clause> {
        (prop::collection::vec(literal(5), 0..6), literal(5)).prop_map(|(premises, head)| Clause {
            variables: 5,
            premises,
            head: Head::Literal(head),
        })
    }

    fn disguised(clause: &Clause, numbers: &[u16], order: &[usize], turn: bool) -> Clause {
        let rename = |literal: &Literal| {
            let mut arguments: Vec<Term> = literal
                .arguments
                .iter()
                .map(|argument| match argument {
                    Term::Variable(variable) => Term::Variable(numbers[usize::from(*variable)]),
                    constant => *constant,
                })
                .collect();
            if turn && literal.relation == RelationId::EQUAL {
                arguments.reverse();
            }
            Literal { arguments, ..literal.clone() }
        };
        let Head::Literal(head) = &clause.head else { panic!("a literal") };
        let places = order.iter().filter(|place| **place < clause.premises.len());
        Clause {
            variables: clause.variables,
            premises: places.map(|place| rename(&clause.premises[*place])).collect(),
            head: Head::Literal(rename(head)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn renaming_and_reordering_do_not_change_the_form(
            clause in clause(),
            numbers in Just((0..5u16).collect::<Vec<_>>()).prop_shuffle(),
            order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(),
            turn in any::<bool>(),
        ) {
            let form = canonical(&clause);
            prop_assert_eq!(&canonical(&disguised(&clause, &numbers, &order, turn)), &form);
            prop_assert_eq!(&canonical(&form), &form);
        }

        #[test]
        fn the_form_is_a_renaming_of_the_clause(clause in clause()) {
            let form = canonical(&clause);
            let found = all_renamings(&clause).any(|renamed| {
                let mut premises = renamed.premises.clone();
                premises.iter_mut().for_each(order_sides);
                premises.sort();
                premises.dedup();
                let mut wanted = form.premises.clone();
                wanted.sort();
                let (Head::Literal(mut left), Head::Literal(mut right)) = (renamed.head, form.head.clone()) else {
                    return false;
                };
                order_sides(&mut left);
                order_sides(&mut right);
                premises == wanted && left == right
            });
            prop_assert!(found, "{:?}\n{:?}", clause, form);
        }
    }

    fn all_renamings(clause: &Clause) -> impl Iterator<Item = Clause> {
        let order: Vec<usize> = (0..clause.premises.len()).collect();
        orders(5).into_iter().map(move |numbers| disguised(clause, &numbers, &order, false))
    }
}
