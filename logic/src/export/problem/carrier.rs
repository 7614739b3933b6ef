//! Theories about one set: the set becomes the domain.
//!
//! If every sentence is about elements of one set N only, consequences do not change if N is the whole domain: a model
//! of the guarded sentences, restricted to N, is a model of the sentences without guards, and vice versa. This requires
//! that all quantifiers are guarded by `x∈N`, that all terms are elements of N (by axioms for each constant and
//! function), and that N is not empty. Sets and graphs passed to defined predicates may stay if each has the same
//! position everywhere: they then belong to the predicate, whatever they are.

use std::collections::HashMap;
use std::sync::Arc;

use super::sentence::{Sentence, Term, Variable};
use super::simplify::Membership;

/// What fills an argument position of a predicate: always this constant, or always elements.
#[derive(Clone, PartialEq, Eq)]
enum Filling {
    Always(Arc<str>),
    Elements,
}

struct Carrier<'m> {
    set: Term,
    member: &'m Arc<str>,
    membership: &'m Membership,
    fillings: HashMap<(Arc<str>, usize), Filling>,
}

/// The sentences without guards, and the set they are about; `None` if they are not about one set. `member` is the
/// symbol of membership. The flag of a sentence: whether it is assumed, so that its outermost quantifier may be
/// restricted to the set, guarded or not.
pub(super) fn without_guards(
    sentences: &[(&Sentence, bool)],
    member: &Arc<str>,
    membership: &Membership,
) -> Option<(Vec<Sentence>, Arc<str>)> {
    let mut sets: Vec<Term> = Vec::new();
    for (sentence, _) in sentences {
        sentence.for_each_atom(&mut |symbol, terms| {
            if symbol == Some(member) && !sets.contains(&terms[1]) {
                sets.push(terms[1].clone());
            }
        });
    }
    let [set @ Term::Apply(name, arguments)] = &sets[..] else { return None };
    let inhabited = membership.constants().any(|(symbol, terms)| symbol == member && terms[1] == *set);
    if !arguments.is_empty() || !inhabited {
        return None;
    }
    let name = name.clone();
    let mut carrier = Carrier { set: set.clone(), member, membership, fillings: HashMap::new() };
    let mut results = Vec::new();
    for (sentence, assumed) in sentences {
        let result = match sentence {
            Sentence::ForAll(variables, body) if *assumed && matches!(**body, Sentence::Equivalent(..)) => {
                Sentence::for_all(variables.clone(), carrier.strip(body)?)
            }
            sentence => carrier.strip(sentence)?,
        };
        results.push(Membership::default().simplify(result));
    }
    Some((results, name))
}

impl Carrier<'_> {
    fn guard(&self, term: &Term) -> Sentence {
        Sentence::Atom(self.member.clone(), vec![term.clone(), self.set.clone()])
    }

    /// Whether the term is an element for all elements as values of its variables.
    fn is_element(&self, term: &Term) -> bool {
        fn variables(term: &Term, found: &mut Vec<Variable>) {
            match term {
                Term::Variable(variable) => found.push(variable.clone()),
                Term::Apply(_, arguments) => arguments.iter().for_each(|argument| variables(argument, found)),
            }
        }
        let mut found = Vec::new();
        variables(term, &mut found);
        let given: Vec<Sentence> = found.into_iter().map(|variable| self.guard(&Term::Variable(variable))).collect();
        self.membership.follows(&self.guard(term), &given)
    }

    fn strip(&mut self, sentence: &Sentence) -> Option<Sentence> {
        Some(match sentence {
            Sentence::True | Sentence::False => sentence.clone(),
            Sentence::Equal(left, right) => {
                (self.is_element(left) && self.is_element(right)).then(|| sentence.clone())?
            }
            Sentence::Atom(symbol, terms) if symbol == self.member => {
                (terms[1] == self.set && self.is_element(&terms[0])).then_some(Sentence::True)?
            }
            Sentence::Atom(symbol, terms) => {
                for (place, term) in terms.iter().enumerate() {
                    let filling = match term {
                        Term::Apply(constant, arguments) if arguments.is_empty() && !self.is_element(term) => {
                            Filling::Always(constant.clone())
                        }
                        term => self.is_element(term).then_some(Filling::Elements)?,
                    };
                    let known = self.fillings.entry((symbol.clone(), place)).or_insert_with(|| filling.clone());
                    (*known == filling).then_some(())?;
                }
                sentence.clone()
            }
            Sentence::Not(inner) => Sentence::Not(Box::new(self.strip(inner)?)),
            Sentence::And(parts) => Sentence::and(self.all(parts)?),
            Sentence::Or(parts) => Sentence::Or(self.all(parts)?),
            Sentence::Implies(left, right) => Sentence::implies(self.strip(left)?, self.strip(right)?),
            Sentence::Equivalent(left, right) => {
                Sentence::Equivalent(Box::new(self.strip(left)?), Box::new(self.strip(right)?))
            }
            Sentence::ForAll(variables, body) => {
                let (Sentence::Implies(guards, _) | Sentence::Not(guards)) = &**body else { return None };
                self.guarded(variables, guards)?;
                Sentence::for_all(variables.clone(), self.strip(body)?)
            }
            Sentence::Exists(variables, body) => {
                self.guarded(variables, body)?;
                Sentence::exists(variables.clone(), self.strip(body)?)
            }
        })
    }

    fn all(&mut self, parts: &[Sentence]) -> Option<Vec<Sentence>> {
        parts.iter().map(|part| self.strip(part)).collect()
    }

    /// `None` unless every variable has its guard among the conjuncts.
    fn guarded(&self, variables: &[Variable], guards: &Sentence) -> Option<()> {
        let guards = guards.clone().conjuncts();
        variables.iter().all(|variable| guards.contains(&self.guard(&Term::Variable(variable.clone())))).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::problem::write::fof;

    fn constant(name: &str) -> Term {
        Term::constant(&name.into())
    }

    fn member(term: Term, set: &str) -> Sentence {
        Sentence::Atom("in".into(), vec![term, constant(set)])
    }

    fn x() -> Variable {
        Variable { number: 0, shown: "x".into() }
    }

    fn successor(term: Term) -> Term {
        Term::Apply("s".into(), vec![term])
    }

    fn closed() -> Sentence {
        let body = Sentence::implies(member(Term::Variable(x()), "n"), member(successor(Term::Variable(x())), "n"));
        Sentence::for_all(vec![x()], body)
    }

    fn result(learnt: &[Sentence], sentence: Sentence) -> Option<String> {
        let mut membership = Membership::default();
        for sentence in learnt {
            assert!(membership.learn(sentence));
        }
        let mut all: Vec<(&Sentence, bool)> = learnt.iter().map(|sentence| (sentence, true)).collect();
        all.push((&sentence, false));
        let (mut sentences, _) = without_guards(&all, &"in".into(), &membership)?;
        let mut text = String::new();
        fof(&sentences.pop()?, &mut text);
        Some(text)
    }

    #[test]
    fn guards_fall_where_all_is_about_one_set() {
        let next = successor(Term::Variable(x()));
        let guard = member(Term::Variable(x()), "n");
        let says = |equation: Sentence| Sentence::for_all(vec![x()], Sentence::implies(guard.clone(), equation));
        let equation = || Sentence::Equal(next.clone(), constant("zero"));
        let learnt = [member(constant("zero"), "n"), closed()];
        assert_eq!(result(&learnt, says(equation())).as_deref(), Some("![X]: s(X) = zero"));
        let differs = Sentence::Not(Box::new(Sentence::And(vec![guard.clone(), equation()])));
        let none = Sentence::for_all(vec![x()], differs);
        assert_eq!(result(&learnt, none).as_deref(), Some("![X]: s(X) != zero"));
        for (learnt, sentence, why) in [
            (&learnt[..1], says(equation()), "nobody says where s leads"),
            (&learnt[1..], says(equation()), "zero may be elsewhere, and the set empty"),
            (&learnt[..], Sentence::for_all(vec![x()], equation()), "a quantifier without guard"),
            (&learnt[..], says(member(Term::Variable(x()), "m")), "a second set"),
            (&learnt[..], says(Sentence::Equal(constant("n"), constant("zero"))), "the set as an individual"),
        ] {
            assert_eq!(result(learnt, sentence), None, "{why}");
        }
    }

    #[test]
    fn a_set_that_is_passed_on_must_stand_there_always() {
        let p = |set: &str| Sentence::Atom("p".into(), vec![constant("zero"), constant(set)]);
        let learnt = [member(constant("zero"), "n")];
        assert_eq!(result(&learnt, Sentence::and([p("n"), p("n")])).as_deref(), Some("p(zero,n)"));
        assert_eq!(result(&learnt, Sentence::and([p("n"), p("zero")])), None);
    }
}
