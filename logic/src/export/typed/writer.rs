//! Scoped names during output: a name is allocated where its scope begins and released at its end, so no name has two
//! meanings at one position.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::book::Book;
use super::plan::PROPERTY;
use super::sorts::type_arguments;
use super::{Assumed, Local, Shape};
use crate::calculus::checked::Checked;
use crate::calculus::formula::{Binder, Formula, Name, PredicateId, Variable};
use crate::calculus::proof::{Proof, TheoremId};
use crate::calculus::sort::Sort;
use crate::export::names::Names;

/// A name and its sort.
pub(crate) type Typed = (String, Sort);

/// The text so far, and the names in scope.
pub(crate) struct Writer<'w> {
    pub(crate) book: &'w Book<'w>,
    pub(crate) out: &'w mut String,
    names: Names,
    variables: HashMap<Name, Typed>,
    bound: Vec<Typed>,
    /// The names of base sorts, in order; the first is used for all others.
    bases: Vec<(u32, String)>,
    locals: HashMap<Local, String>,
    /// The number of locals named so far.
    numbered: u32,
    /// The indentation level.
    pub(crate) depth: usize,
    /// The name of the property in a generation principle.
    property: String,
}

impl<'w> Writer<'w> {
    /// A writer for one declaration or theorem; it takes over the book's `names`.
    pub(crate) fn new(book: &'w Book<'w>, names: Names, out: &'w mut String) -> Writer<'w> {
        Writer {
            book,
            out,
            names,
            variables: HashMap::new(),
            bound: Vec::new(),
            bases: book.bases.clone(),
            locals: HashMap::new(),
            numbered: 0,
            depth: 1,
            property: String::new(),
        }
    }

    /// Returns the names to the book.
    pub(crate) fn finish(self) -> Names {
        self.names
    }

    pub(crate) fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Starts a new, indented line.
    pub(crate) fn line(&mut self) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push('\n');
        for _ in 0..self.depth.min(20) {
            self.out.push_str("  ");
        }
    }

    /// Names base sorts besides those of the anchor; the names are valid until [`Writer::forget_bases`].
    pub(crate) fn know_bases(&mut self, bases: &[u32]) -> Vec<String> {
        let letters = ["A", "B", "C", "D"].into_iter().chain(std::iter::repeat("E"));
        let names: Vec<String> = bases.iter().zip(letters).map(|(_, letter)| self.names.fresh(letter)).collect();
        // A statement over base sorts of its own may reuse the anchor's numbers.
        self.bases.retain(|(base, _)| !bases.contains(base));
        self.bases.extend(bases.iter().copied().zip(names.iter().cloned()));
        names
    }

    pub(crate) fn forget_bases(&mut self, names: &[String]) {
        names.iter().for_each(|name| self.names.release(name));
        self.bases.clone_from(&self.book.bases);
    }

    /// A sort as a type, or as an argument of one.
    pub(crate) fn sort(&self, sort: &Sort, argument: bool) -> String {
        match sort {
            Sort::Individual(base) => {
                let known = self.bases.iter().find(|(known, _)| known == base).or(self.bases.first());
                known.map_or("unknown", |(_, name)| name).to_owned()
            }
            Sort::Power(parts) => {
                let mut text = self.book.powers.get(&parts.len()).map_or("unknown", String::as_str).to_owned();
                for part in parts {
                    text.push(' ');
                    text.push_str(&self.sort(part, true));
                }
                if argument && !parts.is_empty() { format!("({text})") } else { text }
            }
        }
    }

    /// Declares these variables to be the anchor's parameters, in order of declaration.
    pub(crate) fn know_parameters(&mut self, variables: impl IntoIterator<Item = Name>) {
        if self.book.shape == Shape::Anchored {
            let sorts = self.book.theory.predicate(self.book.theory.anchor).sorts.iter().cloned();
            let named = self.book.parameters.iter().cloned().zip(sorts);
            self.variables.extend(variables.into_iter().zip(named));
        }
    }

    /// Names a variable; the name is valid until [`Writer::forget_variable`].
    pub(crate) fn know_variable(&mut self, variable: Name, binder: &Binder) -> String {
        let name = self.names.fresh(&binder.name);
        self.variables.insert(variable, (name.clone(), binder.sort.clone()));
        name
    }

    pub(crate) fn forget_variable(&mut self, variable: Name) {
        if let Some((name, _)) = self.variables.remove(&variable) {
            self.names.release(&name);
        }
    }

    /// Names variables; the names are valid until [`Writer::forget_variables`].
    pub(crate) fn know_variables(&mut self, variables: &[(Name, Binder)]) -> Vec<Typed> {
        let know = |(name, binder): &(Name, Binder)| (self.know_variable(*name, binder), binder.sort.clone());
        variables.iter().map(know).collect()
    }

    pub(crate) fn forget_variables(&mut self, variables: &[(Name, Binder)]) {
        variables.iter().for_each(|(name, _)| self.forget_variable(*name));
    }

    /// Names a hypothesis or step; the name is valid until [`Writer::forget_local`].
    pub(crate) fn know_local(&mut self, local: Local) -> String {
        self.numbered += 1;
        let name = self.names.fresh(&format!("h{}", self.numbered));
        self.locals.insert(local, name.clone());
        name
    }

    pub(crate) fn forget_local(&mut self, local: Local) {
        if let Some(name) = self.locals.remove(&local) {
            self.names.release(&name);
        }
    }

    /// Names a hypothesis that only the writer itself refers to; valid until [`Writer::forget_helper`].
    pub(crate) fn know_helper(&mut self) -> String {
        self.numbered += 1;
        self.names.fresh(&format!("h{}", self.numbered))
    }

    pub(crate) fn forget_helper(&mut self, name: &str) {
        self.names.release(name);
    }

    /// Names a bound variable of a formula; the name is valid until [`Writer::unbind`].
    pub(crate) fn bind(&mut self, binder: &Binder) -> String {
        let name = self.names.fresh(&binder.name);
        self.bound.push((name.clone(), binder.sort.clone()));
        name
    }

    /// Ends the scopes of the last bound variables.
    pub(crate) fn unbind(&mut self, count: usize) {
        for (name, _) in self.bound.split_off(self.bound.len() - count) {
            self.names.release(&name);
        }
    }

    /// Names the property in a generation principle.
    pub(crate) fn know_property(&mut self) -> String {
        self.property = self.names.fresh("P");
        self.property.clone()
    }

    pub(crate) fn forget_property(&mut self) {
        self.names.release(&self.property);
    }

    fn known(&self, variable: Variable) -> Option<&Typed> {
        match variable {
            Variable::Free(name) => self.variables.get(&name),
            Variable::Bound(index) => self.bound.iter().rev().nth(index as usize),
        }
    }

    pub(crate) fn variable(&mut self, variable: Variable) {
        let name = self.known(variable).map_or("unknown", |(name, _)| name).to_owned();
        self.out.push_str(&name);
    }

    /// The types substituted for a predicate's base sorts in an atom.
    pub(crate) fn type_arguments(&self, predicate: PredicateId, arguments: &[Variable]) -> Vec<String> {
        let sorts: Vec<&Sort> = arguments.iter().filter_map(|argument| Some(&self.known(*argument)?.1)).collect();
        if predicate == PROPERTY {
            return Vec::new();
        }
        type_arguments(self.book.theory, predicate, &sorts).iter().map(|sort| self.sort(sort, true)).collect()
    }

    pub(crate) fn name(&mut self, variable: Name) {
        self.variable(Variable::Free(variable));
    }

    pub(crate) fn local(&mut self, local: Local) {
        self.out.push_str(self.locals.get(&local).map_or("unknown", String::as_str));
    }

    pub(crate) fn theorem(&mut self, number: TheoremId) {
        self.out.push_str(self.book.theorem(number));
    }

    pub(crate) fn assumed(&mut self, assumed: &Assumed) {
        self.out.push_str(self.book.assumed.get(assumed).map_or("unknown", String::as_str));
    }

    pub(crate) fn lemma(&mut self, number: u32) {
        self.out.push_str(self.book.lemmas.get(number as usize).map_or("unknown", String::as_str));
    }

    pub(crate) fn predicate(&mut self, predicate: PredicateId) {
        let name = if predicate == PROPERTY { &self.property } else { &self.book.predicates[predicate.index()] };
        self.out.push_str(name);
    }

    /// `predicate x y z`; not for equations.
    pub(crate) fn atom(&mut self, predicate: PredicateId, arguments: &[Variable]) {
        self.predicate(predicate);
        for argument in arguments {
            self.out.push(' ');
            self.variable(*argument);
        }
    }

    /// The comment above a theorem: its number, statement and dependencies, one line each.
    pub(crate) fn comment_lines(book: &Book<'_>, theorem: &Checked) -> [String; 3] {
        let mut first = format!("Theorem {}.", theorem.shown_number());
        let _ = write!(first, " {}", book.comments.mathematics(theorem.statement()));
        let unnamed = |name: Name| Arc::from(format!("v{}", name.0));
        let mpl = book.comments.mpl(theorem.statement(), &unnamed);
        [first, mpl, format!("Rests on {}.", book.comments.rests_on(theorem))]
    }
}

/// Display names of a proof's variables.
pub(crate) struct Shown<'p> {
    pub(crate) proof: &'p Proof,
    pub(crate) walked: &'p HashMap<Name, Binder>,
}

impl Shown<'_> {
    /// The binder of a variable of the proof, or of one introduced by the term.
    pub(crate) fn of(&self, name: Name) -> Binder {
        if let Some(walked) = self.walked.get(&name) {
            return walked.clone();
        }
        let shown = self.proof.names.get(name.0 as usize).cloned().unwrap_or_else(|| "x".into());
        Binder::new(shown, self.proof.sorts[name.0 as usize].clone())
    }
}

/// `∃ z̄ (A ∧ B)` instantiated with `given` for its first variables: the remaining binders, and both conjuncts.
pub(crate) fn behind(exists: &Formula, given: &[Name]) -> Option<(Vec<Binder>, Formula, Formula)> {
    let (binders, left, right) = exists.as_exists()?;
    let rest: Vec<Binder> = binders.iter().skip(given.len()).cloned().collect();
    // The remaining variables are innermost, so their indices stay valid.
    let keep = rest.len() as u32;
    let open = |formula: &Formula| open_outer(formula, given, keep);
    Some((rest, open(left), open(right)))
}

/// Instantiates the bound variables outside the `keep` innermost ones with `given`.
fn open_outer(formula: &Formula, given: &[Name], keep: u32) -> Formula {
    // Open all, then bind the innermost again.
    let used = formula.free_variables();
    let unused = (0..).map(Name).filter(|name| !used.contains(name) && !given.contains(name));
    let stand_ins: Vec<Name> = unused.take(keep as usize).collect();
    let all: Vec<Name> = given.iter().copied().chain(stand_ins.iter().copied()).collect();
    formula.open(&all).close(&stand_ins)
}
