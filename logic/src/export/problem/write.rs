//! Writes sentences as text: TPTP FOF and SMT-LIB.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::sentence::{Sentence, Term, Variable, great};
use crate::export::names::spelled;

/// The distinct names of variables bound at a position.
#[derive(Default)]
struct Scope {
    bound: HashMap<u32, String>,
    used: HashMap<String, u32>,
}

impl Scope {
    /// Names for these variables: their own with a capital first letter, numbered if an enclosing variable has that
    /// name.
    fn bind(&mut self, variables: &[Variable]) -> Vec<String> {
        variables
            .iter()
            .map(|variable| {
                let base = great(&spelled(&variable.shown));
                let mut name = base.clone();
                let mut number = 1;
                while self.used.get(&name).is_some_and(|count| *count > 0) {
                    number += 1;
                    name = format!("{base}_{number}");
                }
                *self.used.entry(name.clone()).or_default() += 1;
                self.bound.insert(variable.number, name.clone());
                name
            })
            .collect()
    }

    fn release(&mut self, variables: &[Variable]) {
        for variable in variables {
            if let Some(name) = self.bound.remove(&variable.number)
                && let Some(count) = self.used.get_mut(&name)
            {
                *count -= 1;
            }
        }
    }

    fn name(&self, variable: &Variable) -> &str {
        self.bound.get(&variable.number).map_or("Unbound", String::as_str)
    }
}

/// Appends a sentence in TPTP FOF.
pub(crate) fn fof(sentence: &Sentence, out: &mut String) {
    Fof { scope: Scope::default(), out }.put(sentence, false);
}

struct Fof<'o> {
    scope: Scope,
    out: &'o mut String,
}

impl Fof<'_> {
    /// `unit`: parenthesise a sentence whose top connective is infix.
    fn put(&mut self, sentence: &Sentence, unit: bool) {
        let between =
            matches!(sentence, Sentence::And(_) | Sentence::Or(_) | Sentence::Implies(..) | Sentence::Equivalent(..));
        if between && unit {
            self.out.push('(');
        }
        match sentence {
            Sentence::True => self.out.push_str("$true"),
            Sentence::False => self.out.push_str("$false"),
            Sentence::Atom(symbol, arguments) => self.apply(symbol, arguments),
            Sentence::Equal(left, right) => self.equation(left, " = ", right),
            Sentence::Not(inner) => match &**inner {
                Sentence::Equal(left, right) => self.equation(left, " != ", right),
                inner => {
                    self.out.push('~');
                    self.put(inner, true);
                }
            },
            Sentence::And(parts) => self.joined(parts, " & "),
            Sentence::Or(parts) => self.joined(parts, " | "),
            Sentence::Implies(left, right) => self.pair(left, " => ", right),
            Sentence::Equivalent(left, right) => self.pair(left, " <=> ", right),
            Sentence::ForAll(variables, body) => self.quantified('!', variables, body),
            Sentence::Exists(variables, body) => self.quantified('?', variables, body),
        }
        if between && unit {
            self.out.push(')');
        }
    }

    fn pair(&mut self, left: &Sentence, between: &str, right: &Sentence) {
        self.put(left, true);
        self.out.push_str(between);
        self.put(right, true);
    }

    fn joined(&mut self, parts: &[Sentence], between: &str) {
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                self.out.push_str(between);
            }
            self.put(part, true);
        }
    }

    fn quantified(&mut self, sign: char, variables: &[Variable], body: &Sentence) {
        let names = self.scope.bind(variables);
        let _ = write!(self.out, "{sign}[{}]: ", names.join(","));
        self.put(body, true);
        self.scope.release(variables);
    }

    fn equation(&mut self, left: &Term, sign: &str, right: &Term) {
        self.term(left);
        self.out.push_str(sign);
        self.term(right);
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Variable(variable) => self.out.push_str(self.scope.name(variable)),
            Term::Apply(symbol, arguments) => self.apply(symbol, arguments),
        }
    }

    fn apply(&mut self, symbol: &str, arguments: &[Term]) {
        self.out.push_str(symbol);
        for (place, argument) in arguments.iter().enumerate() {
            self.out.push(if place == 0 { '(' } else { ',' });
            self.term(argument);
        }
        if !arguments.is_empty() {
            self.out.push(')');
        }
    }
}

/// Appends a sentence as an SMT-LIB term; all variables have sort `sort`.
pub(crate) fn smt(sentence: &Sentence, sort: &str, out: &mut String) {
    Smt { scope: Scope::default(), sort, out }.put(sentence);
}

struct Smt<'o> {
    scope: Scope,
    sort: &'o str,
    out: &'o mut String,
}

impl Smt<'_> {
    fn put(&mut self, sentence: &Sentence) {
        match sentence {
            Sentence::True => self.out.push_str("true"),
            Sentence::False => self.out.push_str("false"),
            Sentence::Atom(symbol, arguments) => self.apply(symbol, arguments),
            Sentence::Equal(left, right) => self.apply("=", &[left.clone(), right.clone()]),
            Sentence::Not(inner) => self.call("not", &[inner]),
            Sentence::And(parts) => self.call("and", &parts.iter().collect::<Vec<_>>()),
            Sentence::Or(parts) => self.call("or", &parts.iter().collect::<Vec<_>>()),
            Sentence::Implies(left, right) => self.call("=>", &[left, right]),
            Sentence::Equivalent(left, right) => self.call("=", &[left, right]),
            Sentence::ForAll(variables, body) => self.quantified("forall", variables, body),
            Sentence::Exists(variables, body) => self.quantified("exists", variables, body),
        }
    }

    fn call(&mut self, connective: &str, parts: &[&Sentence]) {
        let _ = write!(self.out, "({connective}");
        for part in parts {
            self.out.push(' ');
            self.put(part);
        }
        self.out.push(')');
    }

    fn quantified(&mut self, word: &str, variables: &[Variable], body: &Sentence) {
        let names = self.scope.bind(variables);
        let _ = write!(self.out, "({word} (");
        for (place, name) in names.iter().enumerate() {
            let _ = write!(self.out, "{}({name} {})", if place == 0 { "" } else { " " }, self.sort);
        }
        self.out.push_str(") ");
        self.put(body);
        self.out.push(')');
        self.scope.release(variables);
    }

    fn apply(&mut self, symbol: &str, arguments: &[Term]) {
        if arguments.is_empty() {
            self.out.push_str(symbol);
            return;
        }
        let _ = write!(self.out, "({symbol}");
        for argument in arguments {
            self.out.push(' ');
            match argument {
                Term::Variable(variable) => self.out.push_str(self.scope.name(variable)),
                Term::Apply(symbol, arguments) => self.apply(symbol, arguments),
            }
        }
        self.out.push(')');
    }
}

/// Text for a one-line comment: line breaks become blanks.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn variable(number: u32, shown: &str) -> Variable {
        Variable { number, shown: shown.into() }
    }

    fn sample() -> Sentence {
        let (outer, inner) = (variable(0, "x"), variable(1, "x"));
        let p: Arc<str> = "p".into();
        let atom = |one: &Variable, other: &Variable| {
            Sentence::Atom(p.clone(), vec![Term::Variable(one.clone()), Term::Variable(other.clone())])
        };
        let exists = Sentence::Exists(
            vec![inner.clone()],
            Box::new(Sentence::And(vec![
                atom(&outer, &inner),
                Sentence::Not(Box::new(Sentence::Equal(Term::Variable(outer.clone()), Term::Variable(inner)))),
            ])),
        );
        let none = Sentence::Not(Box::new(Sentence::Or(vec![Sentence::True, atom(&outer, &outer)])));
        Sentence::ForAll(vec![outer], Box::new(Sentence::Implies(Box::new(none), Box::new(exists))))
    }

    #[test]
    fn first_order_form_has_its_parentheses_and_no_two_names_alike() {
        let mut text = String::new();
        fof(&sample(), &mut text);
        assert_eq!(text, "![X]: (~($true | p(X,X)) => ?[X_2]: (p(X,X_2) & X != X_2))");
    }

    #[test]
    fn smt_terms_are_prefix() {
        let mut text = String::new();
        smt(&sample(), "U", &mut text);
        assert_eq!(
            text,
            "(forall ((X U)) (=> (not (or true (p X X))) (exists ((X_2 U)) (and (p X X_2) (not (= X X_2))))))"
        );
    }
}
