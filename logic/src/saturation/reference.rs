//! The reference closure: the plain definition of what a block derives, against which its algorithm is tested.
//!
//! Closes a set of facts under clauses by trying every assignment of every clause until nothing is new. Equality is a
//! partition of the individuals; facts are about the least member of each class. Slow on purpose.
//!
//! As in a block, no individuals are created: existential clauses derive nothing. A negative head is read as a
//! contradiction with its atom among the premises, unless it is an inequation or negative facts of its relation are
//! useful; contrapositives are used where they are useful.

use std::collections::BTreeSet;

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::saturation::book::RuleBook;
use crate::saturation::pattern::{Code, Individual};

/// A fact about individuals.
pub type Fact = (Code, Vec<Individual>);

/// The closure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closure {
    /// For each individual, the least one that is equal to it.
    pub least: Vec<Individual>,
    /// The facts, about least individuals; equations are only in [`Closure::least`].
    pub facts: BTreeSet<Fact>,
    /// Whether a contradiction follows.
    pub contradiction: bool,
}

/// Closes `facts` about this many individuals under `clauses`, in which `Term::Constant(i)` is individual `i`. The book
/// says which relations are functions, and whose negative facts are useful.
///
/// Cost: for each round and clause, individuals to the power of the clause's variables.
#[must_use]
pub fn closure(individuals: u32, facts: &[Fact], clauses: &[Clause], book: &RuleBook) -> Closure {
    let least = (0..individuals).map(Individual).collect();
    let mut closure = Closure { least, facts: BTreeSet::new(), contradiction: false };
    for (code, arguments) in facts {
        closure.add(*code, arguments);
    }
    loop {
        let before = closure.clone();
        for clause in clauses {
            let mut binding = vec![0; clause.variables as usize];
            loop {
                closure.try_clause(clause, &binding, book);
                if !count_up(&mut binding, individuals) {
                    break;
                }
            }
        }
        if book.denies(RelationId::EQUAL) {
            for (code, arguments) in closure.facts.clone() {
                if code == Code::APART {
                    closure.add(code, &[arguments[1], arguments[0]]);
                }
            }
        }
        if closure == before {
            return closure;
        }
    }
}

/// Advances to the next assignment; false after the last.
fn count_up(binding: &mut [u32], individuals: u32) -> bool {
    for value in binding {
        *value += 1;
        if *value < individuals {
            return true;
        }
        *value = 0;
    }
    false
}

impl Closure {
    /// Whether a fact follows, for any members of the classes.
    #[must_use]
    pub fn holds(&self, code: Code, arguments: &[Individual]) -> bool {
        let arguments = self.about_least(arguments);
        if code == Code::EQUAL { arguments[0] == arguments[1] } else { self.facts.contains(&(code, arguments)) }
    }

    fn about_least(&self, arguments: &[Individual]) -> Vec<Individual> {
        arguments.iter().map(|argument| self.least[argument.0 as usize]).collect()
    }

    fn add(&mut self, code: Code, arguments: &[Individual]) {
        let arguments = self.about_least(arguments);
        if code == Code::EQUAL {
            let (low, high) = (arguments[0].min(arguments[1]), arguments[0].max(arguments[1]));
            for entry in self.least.iter_mut().filter(|entry| **entry == high) {
                *entry = low;
            }
            let old = std::mem::take(&mut self.facts);
            self.facts = old.into_iter().map(|(code, arguments)| (code, self.about_least(&arguments))).collect();
        } else {
            self.facts.insert((code, arguments));
        }
        self.contradiction |= self.facts.iter().any(|(code, arguments)| {
            let denied = *code == Code::APART && arguments[0] == arguments[1];
            denied || (*code != Code::APART && self.facts.contains(&(code.opposite(), arguments.clone())))
        });
    }

    fn try_clause(&mut self, clause: &Clause, binding: &[u32], book: &RuleBook) {
        let fact = |literal: &Literal| -> Fact {
            let individual = |term: &Term| match term {
                Term::Constant(number) => Individual(u32::from(*number)),
                Term::Variable(number) => Individual(binding[*number as usize]),
            };
            (Code::new(literal.relation, literal.positive), literal.arguments.iter().map(individual).collect())
        };
        if let Head::Literal(head) = &clause.head {
            self.contrapose(clause, head, &fact, book);
        }
        let premises_hold = clause.premises.iter().map(fact).all(|(code, arguments)| self.holds(code, &arguments));
        if !premises_hold {
            return;
        }
        match &clause.head {
            Head::False => self.contradiction = true,
            Head::Exists(..) => {}
            Head::Literal(head)
                if head.positive || head.relation == RelationId::EQUAL || book.denies(head.relation) =>
            {
                let (code, arguments) = fact(head);
                self.add(code, &arguments);
            }
            Head::Literal(head) => {
                let (code, arguments) = fact(head);
                self.contradiction |= self.holds(code.opposite(), &arguments);
            }
        }
    }

    /// Contrapositives: an instance of a clause with a false head, all of whose premises but one hold, falsifies that
    /// one.
    fn contrapose(&mut self, clause: &Clause, head: &Literal, fact: &dyn Fn(&Literal) -> Fact, book: &RuleBook) {
        let is_row = |literal: &Literal| book.function(Code::new(literal.relation, true)).is_some();
        let (code, arguments) = fact(head);
        if is_row(head) || !self.holds(code.opposite(), &arguments) {
            return;
        }
        for (place, premise) in clause.premises.iter().enumerate() {
            let own = premise.arguments.iter().any(|term| {
                let others = clause.premises.iter().enumerate().filter(|(other, _)| *other != place);
                let mut terms = others.flat_map(|(_, other)| &other.arguments).chain(&head.arguments);
                matches!(term, Term::Variable(_)) && !terms.any(|other| other == term)
            });
            let equation = premise.positive && premise.relation == RelationId::EQUAL;
            let useful = !premise.positive || book.denies(premise.relation);
            if own || equation || !useful || is_row(premise) {
                continue;
            }
            let mut others = clause.premises.iter().enumerate().filter(|(other, _)| *other != place);
            let holds = others.all(|(_, other)| {
                let (code, arguments) = fact(other);
                self.holds(code, &arguments)
            });
            if holds {
                let (code, arguments) = fact(premise);
                self.add(code.opposite(), &arguments);
            }
        }
    }
}
