//! Sort inference for formulas that tests write without sorts.

use theoremata_logic::calculus::formula::{Binder, Binders, Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::Theory;

/// A sort during inference: a number is an entry of [`Inference::known`].
#[derive(Clone, Debug)]
enum Term {
    Unknown(usize),
    Base(u32),
    Power(Vec<Term>),
}

/// Sort inference by unification. What remains undetermined is the base sort.
pub struct Inference<'t> {
    theory: &'t Theory,
    known: Vec<Option<Term>>,
    free: Vec<(Name, Term)>,
}

impl<'t> Inference<'t> {
    /// With the known sorts of free variables.
    pub fn new(theory: &'t Theory, free: &[(Name, Sort)]) -> Inference<'t> {
        let free = free.iter().map(|(name, sort)| (*name, rigid(sort))).collect();
        Inference { theory, known: Vec::new(), free }
    }

    fn open(&mut self) -> Term {
        self.known.push(None);
        Term::Unknown(self.known.len() - 1)
    }

    fn free(&mut self, name: Name) -> Term {
        if let Some((_, term)) = self.free.iter().find(|(known, _)| *known == name) {
            return term.clone();
        }
        let term = self.open();
        self.free.push((name, term.clone()));
        term
    }

    fn instance(&mut self, sort: &Sort, bases: &mut Vec<(u32, Term)>) -> Term {
        match sort {
            Sort::Individual(base) => match bases.iter().find(|(known, _)| known == base) {
                Some((_, term)) => term.clone(),
                None => {
                    let term = self.open();
                    bases.push((*base, term.clone()));
                    term
                }
            },
            Sort::Power(parts) => Term::Power(parts.iter().map(|part| self.instance(part, bases)).collect()),
        }
    }

    fn join(&mut self, left: &Term, right: &Term) {
        match (left, right) {
            (Term::Unknown(one), Term::Unknown(other)) if one == other => {}
            (Term::Unknown(place), other) | (other, Term::Unknown(place)) => match self.known[*place].clone() {
                Some(known) => self.join(&known, other),
                None => self.known[*place] = Some(other.clone()),
            },
            (Term::Power(left), Term::Power(right)) if left.len() == right.len() => {
                for (left, right) in left.iter().zip(right) {
                    self.join(left, right);
                }
            }
            // Mismatches stay: the checker has to report them.
            _ => {}
        }
    }

    /// Infers from a formula; returns one term for each of its binders, in order of traversal.
    pub fn formula(&mut self, formula: &Formula) -> Vec<Open> {
        let mut met = Vec::new();
        self.visit(formula, &mut Vec::new(), &mut met);
        met.into_iter().map(Open).collect()
    }

    fn visit(&mut self, formula: &Formula, bound: &mut Vec<Term>, met: &mut Vec<Term>) {
        match formula {
            Formula::Atom(predicate, arguments) => {
                let wanted = if *predicate == PredicateId::EQUAL {
                    vec![Sort::Individual(1); 2]
                } else {
                    self.theory.predicate(*predicate).general_sorts(*predicate)
                };
                let mut bases = Vec::new();
                for (argument, sort) in arguments.iter().zip(&wanted) {
                    let wanted = self.instance(sort, &mut bases);
                    let is = match argument {
                        Variable::Free(name) => self.free(*name),
                        Variable::Bound(index) => bound[bound.len() - 1 - *index as usize].clone(),
                    };
                    self.join(&is, &wanted);
                }
            }
            Formula::And(left, right) => {
                self.visit(left, bound, met);
                self.visit(right, bound, met);
            }
            Formula::Not(inner) => self.visit(inner, bound, met),
            Formula::Implies(binders, premise, conclusion) => {
                for _ in binders.iter() {
                    let term = self.open();
                    bound.push(term.clone());
                    met.push(term);
                }
                self.visit(premise, bound, met);
                self.visit(conclusion, bound, met);
                bound.truncate(bound.len() - binders.len());
            }
        }
    }

    fn read(&self, term: &Term) -> Sort {
        match term {
            Term::Unknown(place) => self.known[*place].as_ref().map_or(Sort::BASE, |known| self.read(known)),
            Term::Base(number) => Sort::Individual(*number),
            Term::Power(parts) => Sort::Power(parts.iter().map(|part| self.read(part)).collect()),
        }
    }

    /// The sort of a free variable if it is determined, else `otherwise`; it is fixed from now on.
    pub fn sort(&mut self, name: Name, otherwise: &Sort) -> Sort {
        let mut term = self.free(name);
        while let Term::Unknown(place) = term {
            match &self.known[place] {
                Some(known) => term = known.clone(),
                None => {
                    self.known[place] = Some(rigid(otherwise));
                    break;
                }
            }
        }
        self.read(&term)
    }

    /// The formula with the sorts of its binders, for which [`Inference::formula`] gave these terms.
    pub fn with_sorts(&self, formula: &Formula, met: &[Open]) -> Formula {
        self.put(formula, &mut met.iter())
    }

    fn put(&self, formula: &Formula, met: &mut std::slice::Iter<'_, Open>) -> Formula {
        match formula {
            Formula::Atom(..) => formula.clone(),
            Formula::And(left, right) => {
                let left = self.put(left, met);
                Formula::and(left, self.put(right, met))
            }
            Formula::Not(inner) => Formula::negate(self.put(inner, met)),
            Formula::Implies(binders, premise, conclusion) => {
                let own: Vec<Binder> = binders
                    .iter()
                    .map(|old| Binder::new(old.name.clone(), self.read(&met.next().expect("one for each binder").0)))
                    .collect();
                let premise = self.put(premise, met);
                let conclusion = self.put(conclusion, met);
                Formula::Implies(Binders::new(own), premise.into(), conclusion.into())
            }
        }
    }
}

/// A sort not yet determined.
pub struct Open(Term);

fn rigid(sort: &Sort) -> Term {
    match sort {
        Sort::Individual(number) => Term::Base(*number),
        Sort::Power(parts) => Term::Power(parts.iter().map(rigid).collect()),
    }
}

/// The formula with the sorts of its binders, given the sorts of free variables.
pub fn infer(theory: &Theory, formula: &Formula, free: &[(Name, Sort)]) -> Formula {
    let mut inference = Inference::new(theory, free);
    let met = inference.formula(formula);
    inference.with_sorts(formula, &met)
}
