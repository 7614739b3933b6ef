//! Sentences of first-order logic with function terms, for provers.
//!
//! A [`Sentence`] has names that are ready for output: symbols begin with a small letter; variables are identified by
//! number and named on output. No two binders of a sentence bind the same number, so substitution needs no renaming.

use std::sync::Arc;

use crate::calculus::formula::{self, Binders, Formula, Name, PredicateId};
use crate::calculus::sort::Sort;
use crate::export::names::{Names, spelled};

/// A variable: its number within the sentence, and its display name.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) number: u32,
    pub(crate) shown: Arc<str>,
}

impl PartialEq for Variable {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Variable {}

/// A term.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Term {
    Variable(Variable),
    /// A symbol applied to arguments; a constant has none.
    Apply(Arc<str>, Vec<Term>),
}

/// A sentence or subformula.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Sentence {
    True,
    False,
    Atom(Arc<str>, Vec<Term>),
    Equal(Term, Term),
    Not(Box<Sentence>),
    And(Vec<Sentence>),
    Or(Vec<Sentence>),
    Implies(Box<Sentence>, Box<Sentence>),
    Equivalent(Box<Sentence>, Box<Sentence>),
    ForAll(Vec<Variable>, Box<Sentence>),
    Exists(Vec<Variable>, Box<Sentence>),
}

/// See [`Sentence::for_each_atom`].
pub(crate) type AtomVisitor<'v> = dyn FnMut(Option<&Arc<str>>, &[Term]) + 'v;

/// Builds an atom from the predicate, its arguments in the formula, and the same as terms.
pub(crate) type AtomBuilder<'b> = dyn FnMut(PredicateId, &[formula::Variable], Vec<Term>) -> Sentence + 'b;

impl Term {
    pub(crate) fn constant(symbol: &Arc<str>) -> Term {
        Term::Apply(symbol.clone(), Vec::new())
    }

    /// Whether the variable occurs in it.
    pub(crate) fn mentions(&self, variable: &Variable) -> bool {
        match self {
            Term::Variable(known) => known == variable,
            Term::Apply(_, arguments) => arguments.iter().any(|argument| argument.mentions(variable)),
        }
    }

    /// Substitutes `value` for `variable`.
    pub(crate) fn put(&self, variable: &Variable, value: &Term) -> Term {
        match self {
            Term::Variable(known) if known == variable => value.clone(),
            Term::Variable(_) => self.clone(),
            Term::Apply(symbol, arguments) => {
                Term::Apply(symbol.clone(), arguments.iter().map(|argument| argument.put(variable, value)).collect())
            }
        }
    }
}

impl Sentence {
    /// The conjunction of the parts, flattened.
    pub(crate) fn and(parts: impl IntoIterator<Item = Sentence>) -> Sentence {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Sentence::And(inner) => flat.extend(inner),
                Sentence::True => {}
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Sentence::True,
            1 => flat.remove(0),
            _ => Sentence::And(flat),
        }
    }

    /// Its conjuncts; itself if it is not a conjunction.
    pub(crate) fn conjuncts(self) -> Vec<Sentence> {
        match self {
            Sentence::And(parts) => parts,
            Sentence::True => Vec::new(),
            other => vec![other],
        }
    }

    pub(crate) fn implies(premise: Sentence, conclusion: Sentence) -> Sentence {
        match premise {
            Sentence::True => conclusion,
            premise => Sentence::Implies(Box::new(premise), Box::new(conclusion)),
        }
    }

    pub(crate) fn for_all(variables: Vec<Variable>, body: Sentence) -> Sentence {
        if variables.is_empty() { body } else { Sentence::ForAll(variables, Box::new(body)) }
    }

    pub(crate) fn exists(variables: Vec<Variable>, body: Sentence) -> Sentence {
        if variables.is_empty() { body } else { Sentence::Exists(variables, Box::new(body)) }
    }

    /// Substitutes `value` for a free variable.
    pub(crate) fn put(&self, variable: &Variable, value: &Term) -> Sentence {
        let all = |parts: &[Sentence]| parts.iter().map(|part| part.put(variable, value)).collect();
        let one = |part: &Sentence| Box::new(part.put(variable, value));
        match self {
            Sentence::True | Sentence::False => self.clone(),
            Sentence::Atom(symbol, arguments) => {
                Sentence::Atom(symbol.clone(), arguments.iter().map(|argument| argument.put(variable, value)).collect())
            }
            Sentence::Equal(left, right) => Sentence::Equal(left.put(variable, value), right.put(variable, value)),
            Sentence::Not(inner) => Sentence::Not(one(inner)),
            Sentence::And(parts) => Sentence::And(all(parts)),
            Sentence::Or(parts) => Sentence::Or(all(parts)),
            Sentence::Implies(left, right) => Sentence::Implies(one(left), one(right)),
            Sentence::Equivalent(left, right) => Sentence::Equivalent(one(left), one(right)),
            Sentence::ForAll(variables, body) => Sentence::ForAll(variables.clone(), one(body)),
            Sentence::Exists(variables, body) => Sentence::Exists(variables.clone(), one(body)),
        }
    }

    /// Calls `visit` for each atom and equation, with its symbol (`None` for an equation) and its terms.
    pub(crate) fn for_each_atom(&self, visit: &mut AtomVisitor<'_>) {
        match self {
            Sentence::True | Sentence::False => {}
            Sentence::Atom(symbol, arguments) => visit(Some(symbol), arguments),
            Sentence::Equal(left, right) => visit(None, &[left.clone(), right.clone()]),
            Sentence::Not(inner) | Sentence::ForAll(_, inner) | Sentence::Exists(_, inner) => {
                inner.for_each_atom(visit)
            }
            Sentence::And(parts) | Sentence::Or(parts) => parts.iter().for_each(|part| part.for_each_atom(visit)),
            Sentence::Implies(left, right) | Sentence::Equivalent(left, right) => {
                left.for_each_atom(visit);
                right.for_each_atom(visit);
            }
        }
    }

    /// Whether the variable occurs in it.
    pub(crate) fn mentions(&self, variable: &Variable) -> bool {
        let mut found = false;
        self.for_each_atom(&mut |_, terms| found = found || terms.iter().any(|term| term.mentions(variable)));
        found
    }
}

/// Names the predicate of a sort.
pub(crate) type SortNames<'b> = &'b dyn Fn(&Sort) -> Arc<str>;

/// Builds sentences from formulas.
pub(crate) struct Builder<'b> {
    /// The term for a free variable of the formula.
    pub(crate) free: &'b dyn Fn(Name) -> Term,
    /// Builds atoms.
    pub(crate) atom: &'b mut AtomBuilder<'b>,
    /// The predicates of sorts, where sorts must be stated; see [`Builder::sentence`].
    pub(crate) of_sort: Option<SortNames<'b>>,
    /// The number for the next variable.
    pub(crate) next: &'b mut u32,
}

impl Builder<'_> {
    /// The sentence of a formula: `¬∀(A → ¬B)` becomes ∃, `¬(¬A ∧ ¬B)` becomes ∨.
    ///
    /// All sorts share one domain, in which memberships hold only between matching sorts. So a quantifier has to state
    /// its sort only if no membership implies it.
    pub(crate) fn sentence(&mut self, formula: &Formula) -> Sentence {
        self.build(formula, &mut Vec::new())
    }

    fn build(&mut self, formula: &Formula, bound: &mut Vec<Variable>) -> Sentence {
        match formula {
            Formula::Atom(predicate, arguments) => {
                let terms = arguments
                    .iter()
                    .map(|argument| match argument {
                        formula::Variable::Free(name) => (self.free)(*name),
                        formula::Variable::Bound(index) => {
                            Term::Variable(bound[bound.len() - 1 - *index as usize].clone())
                        }
                    })
                    .collect();
                (self.atom)(*predicate, arguments, terms)
            }
            Formula::And(left, right) => Sentence::and([self.build(left, bound), self.build(right, bound)]),
            Formula::Not(inner) => {
                if let Some((binders, left, right)) = formula.as_exists() {
                    let variables = self.bind(binders, bound);
                    let guards = self.guards(binders, &variables, &[left, right]);
                    let parts = [self.build(left, bound), self.build(right, bound)];
                    let body = Sentence::and(guards.into_iter().chain(parts));
                    bound.truncate(bound.len() - variables.len());
                    return Sentence::exists(variables, body);
                }
                if let Formula::And(left, right) = &**inner
                    && let (Formula::Not(left), Formula::Not(right)) = (&**left, &**right)
                {
                    return Sentence::Or(vec![self.build(left, bound), self.build(right, bound)]);
                }
                Sentence::Not(Box::new(self.build(inner, bound)))
            }
            Formula::Implies(binders, premise, conclusion) => {
                let variables = self.bind(binders, bound);
                let guards = self.guards(binders, &variables, &[premise]);
                let premise = self.build(premise, bound);
                let premise = Sentence::and(guards.into_iter().chain([premise]));
                let conclusion = self.build(conclusion, bound);
                bound.truncate(bound.len() - variables.len());
                Sentence::for_all(variables, Sentence::implies(premise, conclusion))
            }
        }
    }

    /// Sort guards for the variables whose sorts the conditions do not imply by a membership.
    fn guards(&self, binders: &Binders, variables: &[Variable], conditions: &[&Formula]) -> Vec<Sentence> {
        let Some(of_sort) = self.of_sort else { return Vec::new() };
        let mut said = vec![false; binders.len()];
        conditions.iter().for_each(|condition| note_members(condition, &mut said));
        let guards = binders.sorts().zip(variables).zip(said).filter(|(_, said)| !said);
        guards
            .map(|((sort, variable), _)| Sentence::Atom(of_sort(sort), vec![Term::Variable(variable.clone())]))
            .collect()
    }

    fn bind(&mut self, binders: &Binders, bound: &mut Vec<Variable>) -> Vec<Variable> {
        let variables: Vec<Variable> = binders.names().map(|shown| self.fresh(shown)).collect();
        bound.extend(variables.iter().cloned());
        variables
    }

    /// A new variable.
    pub(crate) fn fresh(&mut self, shown: &Arc<str>) -> Variable {
        let number = *self.next;
        *self.next += 1;
        Variable { number, shown: shown.clone() }
    }
}

/// Marks the variables of the innermost binder that the condition states to be members or to have members.
fn note_members(condition: &Formula, said: &mut [bool]) {
    match condition {
        Formula::And(left, right) => {
            note_members(left, said);
            note_members(right, said);
        }
        Formula::Atom(membership, arguments) if membership.places().is_some() => {
            for argument in &**arguments {
                if let formula::Variable::Bound(index) = argument
                    && let Some(place) = said.len().checked_sub(1 + *index as usize)
                {
                    said[place] = true;
                }
            }
        }
        _ => {}
    }
}

/// Reserved words of provers, which no symbol may be.
pub(crate) const RESERVED: [&str; 66] = [
    "abs",
    "and",
    "array",
    "as",
    "assert",
    "assumption",
    "axiom",
    "bool",
    "check",
    "cnf",
    "complement",
    "conjecture",
    "const",
    "default",
    "define",
    "definition",
    "difference",
    "distinct",
    "div",
    "equal",
    "equiv",
    "exists",
    "exit",
    "false",
    "fof",
    "forall",
    "goal",
    "hypothesis",
    "if",
    "iff",
    "implies",
    "include",
    "int",
    "intersect",
    "intersection",
    "is",
    "ite",
    "lambda",
    "let",
    "map",
    "match",
    "member",
    "mod",
    "nand",
    "nor",
    "not",
    "or",
    "par",
    "plain",
    "pop",
    "pred",
    "push",
    "real",
    "rem",
    "repeat",
    "select",
    "seq",
    "set",
    "setminus",
    "store",
    "subset",
    "tff",
    "thf",
    "true",
    "union",
    "xor",
];

/// An unused symbol: the text spelled in ASCII, with a small letter first.
pub(crate) fn symbol(names: &mut Names, text: &str) -> Arc<str> {
    names.fresh(&small(&spelled(text))).into()
}

/// The identifier with a small first letter.
pub(crate) fn small(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// The identifier with a capital first letter.
pub(crate) fn great(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The symbols of all predicates of a theory, by index.
pub(crate) fn predicate_symbols(names: &mut Names, theory: &crate::calculus::theory::Theory) -> Vec<Arc<str>> {
    theory.predicates.iter().map(|predicate| symbol(names, &predicate.name)).collect()
}

/// An atom, or an equation.
pub(crate) fn plain_atom(predicates: &[Arc<str>], predicate: PredicateId, mut terms: Vec<Term>) -> Sentence {
    if predicate == PredicateId::EQUAL
        && terms.len() == 2
        && let (Some(right), Some(left)) = (terms.pop(), terms.pop())
    {
        return Sentence::Equal(left, right);
    }
    Sentence::Atom(predicates[predicate.index()].clone(), terms)
}
