//! Simplifies sentences by equivalences.
//!
//! Where `f(x) = z` is a premise about a bound `z`, the term replaces the variable; what a premise implies is not
//! repeated. Every rewriting is an equivalence: of the sentence itself or, with [`Membership`], under the sentences it
//! was learned from.

use std::sync::Arc;

use super::sentence::{Sentence, Term, Variable};

/// Known memberships of terms, such as `∀ x y (x∈N ∧ y∈N → x+y ∈ N)` and `0∈N`.
#[derive(Default)]
pub(super) struct Membership {
    rules: Vec<Rule>,
}

struct Rule {
    premises: Vec<Sentence>,
    symbol: Arc<str>,
    pattern: Vec<Term>,
}

impl Membership {
    /// Learns a sentence if it has one of the two forms above and is new; returns whether it did.
    ///
    /// The head of a rule has exactly one argument that is a function application, to distinct variables; its premises
    /// are about these variables alone. So a query leads only to queries about smaller terms, and terminates.
    pub(super) fn learn(&mut self, sentence: &Sentence) -> bool {
        let (variables, premises, head) = match sentence {
            Sentence::Atom(..) => (&[][..], Vec::new(), sentence),
            Sentence::ForAll(variables, body) => match &**body {
                Sentence::Implies(premise, head) => (&variables[..], (**premise).clone().conjuncts(), &**head),
                head => (&variables[..], Vec::new(), head),
            },
            _ => return false,
        };
        let Sentence::Atom(symbol, pattern) = head else { return false };
        let flat = |term: &Term| matches!(term, Term::Apply(_, arguments) if arguments.is_empty());
        let mut built = 0;
        for term in pattern {
            match term {
                Term::Apply(_, arguments) if !arguments.is_empty() => {
                    built += 1;
                    let distinct = arguments.iter().enumerate().all(|(place, argument)| {
                        matches!(argument, Term::Variable(_)) && !arguments[..place].contains(argument)
                    });
                    let all = variables.iter().all(|variable| arguments.contains(&Term::Variable(variable.clone())));
                    if !distinct || !all {
                        return false;
                    }
                }
                term if flat(term) => {}
                _ => return false,
            }
        }
        let plain = premises.iter().all(|premise| {
            matches!(premise, Sentence::Atom(_, arguments)
                if arguments.iter().all(|argument| matches!(argument, Term::Variable(_)) || flat(argument)))
        });
        if built != usize::from(!variables.is_empty()) || !plain || self.follows(head, &premises) {
            return false;
        }
        self.rules.push(Rule { premises, symbol: symbol.clone(), pattern: pattern.clone() });
        true
    }

    /// Learns from `s(0) = 1` that the constant is in the same sets as the term.
    pub(super) fn learn_equation(&mut self, sentence: &Sentence) {
        let Sentence::Equal(left, right) = sentence else { return };
        for (term, constant) in [(left, right), (right, left)] {
            if !matches!(constant, Term::Apply(_, arguments) if arguments.is_empty()) {
                continue;
            }
            let sets: Vec<(Arc<str>, Term)> = (self.rules.iter())
                .filter(|rule| rule.pattern.len() == 2)
                .map(|rule| (rule.symbol.clone(), rule.pattern[1].clone()))
                .collect();
            for (symbol, set) in sets {
                let holds =
                    |term: &Term| self.follows(&Sentence::Atom(symbol.clone(), vec![term.clone(), set.clone()]), &[]);
                if holds(term) && !holds(constant) {
                    self.rules.push(Rule { premises: Vec::new(), symbol, pattern: vec![constant.clone(), set] });
                }
            }
        }
    }

    /// Known memberships of constants.
    pub(super) fn constants(&self) -> impl Iterator<Item = (&Arc<str>, &[Term])> {
        let plain = |term: &Term| matches!(term, Term::Apply(_, arguments) if arguments.is_empty());
        let rules = self.rules.iter().filter(move |rule| rule.pattern.iter().all(plain));
        rules.map(|rule| (&rule.symbol, &rule.pattern[..]))
    }

    /// Whether an atom is among the given sentences or follows from them and known memberships.
    pub(super) fn follows(&self, atom: &Sentence, given: &[Sentence]) -> bool {
        if given.contains(atom) {
            return true;
        }
        let Sentence::Atom(symbol, arguments) = atom else { return false };
        self.rules.iter().any(|rule| {
            if rule.symbol != *symbol || rule.pattern.len() != arguments.len() {
                return false;
            }
            let mut values: Vec<(&Variable, &Term)> = Vec::new();
            let fits = rule.pattern.iter().zip(arguments).all(|(pattern, argument)| match (pattern, argument) {
                (Term::Apply(one, variables), Term::Apply(other, terms))
                    if one == other && variables.len() == terms.len() && !variables.is_empty() =>
                {
                    values = variables
                        .iter()
                        .zip(terms)
                        .filter_map(|(variable, term)| match variable {
                            Term::Variable(variable) => Some((variable, term)),
                            Term::Apply(..) => None,
                        })
                        .collect();
                    true
                }
                (pattern, argument) => pattern == argument,
            });
            fits && rule.premises.iter().all(|premise| {
                let instance =
                    values.iter().fold(premise.clone(), |sentence, (variable, value)| sentence.put(variable, value));
                self.follows(&instance, given)
            })
        })
    }

    /// The sentence without what is already known.
    pub(super) fn simplify(&self, sentence: Sentence) -> Sentence {
        self.under(sentence, &mut Vec::new())
    }

    /// Simplifies under the sentences in `given`, which is restored afterwards.
    fn under(&self, sentence: Sentence, given: &mut Vec<Sentence>) -> Sentence {
        match sentence {
            Sentence::True | Sentence::False => sentence,
            Sentence::Atom(..) => {
                if self.follows(&sentence, given) {
                    return Sentence::True;
                }
                let denial = Sentence::Not(Box::new(sentence.clone()));
                if given.contains(&denial) { Sentence::False } else { sentence }
            }
            Sentence::Equal(left, right) => {
                let turned = Sentence::Equal(right.clone(), left.clone());
                let known = left == right || given.contains(&turned);
                let sentence = Sentence::Equal(left, right);
                if known || given.contains(&sentence) { Sentence::True } else { sentence }
            }
            Sentence::Not(inner) => match self.under(*inner, given) {
                Sentence::True => Sentence::False,
                Sentence::False => Sentence::True,
                inner => Sentence::Not(Box::new(inner)),
            },
            Sentence::And(parts) => Sentence::and(self.conjunction(parts, given)),
            Sentence::Or(parts) => Sentence::Or(parts.into_iter().map(|part| self.under(part, given)).collect()),
            Sentence::Equivalent(left, right) => {
                Sentence::Equivalent(Box::new(self.under(*left, given)), Box::new(self.under(*right, given)))
            }
            Sentence::Implies(..) | Sentence::ForAll(..) => self.universal(sentence, given),
            Sentence::Exists(..) => self.existential(sentence, given),
        }
    }

    /// Simplifies each part under the earlier ones, then drops parts implied by the others.
    fn conjunction(&self, parts: Vec<Sentence>, given: &mut Vec<Sentence>) -> Vec<Sentence> {
        let before = given.len();
        for part in parts {
            for part in self.under(part, given).conjuncts() {
                given.push(part);
            }
        }
        let mut kept = given.split_off(before);
        if kept.contains(&Sentence::False) {
            return vec![Sentence::False];
        }
        let mut place = 0;
        while place < kept.len() {
            let part = kept.remove(place);
            let mut others = given.clone();
            others.extend(kept.iter().cloned());
            if !(matches!(part, Sentence::Atom(..)) && self.follows(&part, &others)) {
                kept.insert(place, part);
                place += 1;
            }
        }
        kept
    }

    /// `∀ x (A → ∀ y (B → C))` as `∀ x y (A ∧ B → C)`, with values substituted for their variables. The conclusion of a
    /// premise that is itself universal is left as it is, as in an induction.
    fn universal(&self, sentence: Sentence, given: &mut Vec<Sentence>) -> Sentence {
        let (mut variables, mut premises, mut rest) = (Vec::new(), Vec::new(), sentence);
        loop {
            match rest {
                Sentence::ForAll(more, body) => {
                    variables.extend(more);
                    rest = *body;
                }
                Sentence::Implies(premise, conclusion) => {
                    let more = premise.conjuncts();
                    let universal = more.iter().any(|part| matches!(part, Sentence::ForAll(..)));
                    premises.extend(more);
                    rest = *conclusion;
                    if universal {
                        premises.push(rest);
                        break;
                    }
                }
                conclusion => {
                    premises.push(conclusion);
                    break;
                }
            }
        }
        // The conclusion takes part in the replacement of variables as the last part.
        let count = premises.len() - 1;
        replace_values(&mut variables, &mut premises, count);
        let conclusion = premises.pop().unwrap_or(Sentence::True);
        let premises = self.conjunction(premises, given);
        if premises == [Sentence::False] {
            return Sentence::True;
        }
        let before = given.len();
        given.extend(premises.iter().cloned());
        let conclusion = self.under(conclusion, given);
        given.truncate(before);
        let body = match conclusion {
            Sentence::True => return Sentence::True,
            Sentence::False if !premises.is_empty() => Sentence::Not(Box::new(Sentence::and(premises))),
            conclusion => Sentence::implies(Sentence::and(premises), conclusion),
        };
        variables.retain(|variable| body.mentions(variable));
        Sentence::for_all(variables, body)
    }

    /// `∃ x (A ∧ ∃ y B)` as `∃ x y (A ∧ B)`, with values substituted for their variables.
    fn existential(&self, sentence: Sentence, given: &mut Vec<Sentence>) -> Sentence {
        let (mut variables, mut parts, mut open) = (Vec::new(), Vec::new(), vec![sentence]);
        while let Some(part) = open.pop() {
            match part {
                Sentence::Exists(more, body) => {
                    variables.extend(more);
                    open.push(*body);
                }
                Sentence::And(inner) => open.extend(inner.into_iter().rev()),
                other => parts.push(other),
            }
        }
        let count = parts.len();
        replace_values(&mut variables, &mut parts, count);
        let body = Sentence::and(self.conjunction(parts, given));
        variables.retain(|variable| body.mentions(variable));
        Sentence::exists(variables, body)
    }
}

/// Eliminates variables whose value one of the first `count` sentences gives: `f(x) = z` for one of the variables `z`
/// that does not occur in `f(x)`. The term replaces it everywhere.
fn replace_values(variables: &mut Vec<Variable>, sentences: &mut Vec<Sentence>, mut count: usize) {
    let mut place = 0;
    while place < count {
        let value = match &sentences[place] {
            Sentence::Equal(value @ Term::Apply(..), Term::Variable(variable))
            | Sentence::Equal(Term::Variable(variable), value @ Term::Apply(..))
                if variables.contains(variable) && !value.mentions(variable) =>
            {
                Some((variable.clone(), value.clone()))
            }
            _ => None,
        };
        let Some((variable, value)) = value else {
            place += 1;
            continue;
        };
        sentences.remove(place);
        count -= 1;
        for sentence in &mut *sentences {
            *sentence = sentence.put(&variable, &value);
        }
        variables.retain(|known| *known != variable);
        place = 0;
    }
}
