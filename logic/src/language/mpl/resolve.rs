//! Name resolution: converts syntax to [`Formula`]s, with sorts.

use std::collections::HashMap;
use std::sync::Arc;

use crate::calculus::formula::{Binder, Binders, Formula, Name, PredicateId, Variable};
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Predicate, Theory};

use super::codes;
use super::diagnostic::{Diagnostic, Report, Span, did_you_mean, short};
use super::shorthand;
use super::sorts::{Bases, SortId, SortStore};
use super::syntax::{Expr, Ident};

/// A known predicate name.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) id: PredicateId,
    pub(crate) arity: usize,
    /// False if its definition has an error: its uses are then not checked.
    pub(crate) sound: bool,
}

/// The predicates in scope.
pub(crate) struct Predicates {
    /// The advice for an unknown predicate.
    pub(crate) advice: String,
    pub(crate) list: Vec<Predicate>,
    pub(crate) known: HashMap<Arc<str>, Known>,
}

impl Predicates {
    pub(crate) fn primitive() -> Predicates {
        let advice = "define it: `(define name[parameters] formula)`".to_owned();
        let mut predicates = Predicates { advice, list: Vec::new(), known: HashMap::new() };
        for predicate in Predicate::primitives() {
            predicates.add(predicate, true);
        }
        predicates
    }

    pub(crate) fn of(theory: &Theory) -> Predicates {
        const SHOWN: usize = 20;
        let mut names: Vec<&str> = theory.predicates.iter().take(SHOWN).map(|predicate| &*predicate.name).collect();
        if theory.predicates.len() > SHOWN {
            names.push("…");
        }
        let advice = format!("the predicates of the theory are: {}", names.join(", "));
        let mut predicates = Predicates { advice, list: Vec::new(), known: HashMap::new() };
        for predicate in &theory.predicates {
            predicates.add(predicate.clone(), true);
        }
        predicates
    }

    pub(crate) fn add(&mut self, predicate: Predicate, sound: bool) -> PredicateId {
        let id = PredicateId(self.list.len() as u32);
        let arity = predicate.sorts.len();
        self.known.insert(predicate.name.clone(), Known { id, arity, sound });
        self.list.push(predicate);
        id
    }

    /// The sorts of the arguments at one use of a predicate.
    fn instance(&self, id: PredicateId, sorts: &mut SortStore, place: Span) -> Vec<SortId> {
        if id.places().is_some() {
            // Each argument position of a relation may have its own sort.
            let places = self.list[id.index()].sorts.len() as u32 - 1;
            let mut bases = Vec::new();
            let relation = Sort::Power((1..=places).map(Sort::Individual).collect());
            return (1..=places)
                .map(Sort::Individual)
                .chain([relation])
                .map(|sort| sorts.instance(&sort, &mut bases, place))
                .collect();
        }
        let mut bases = Vec::new();
        self.list[id.index()].sorts.iter().map(|sort| sorts.instance(sort, &mut bases, place)).collect()
    }
}

/// A name in scope.
struct Entry {
    place: Span,
    sort: SortId,
    variable: Binding,
}

#[derive(Clone, Copy)]
enum Binding {
    Parameter(u32),
    /// Its number, counted from the outermost binder.
    Bound(u32),
}

/// What a formula is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// The body of a definition.
    Definition,
    /// A closed statement.
    Statement,
}

/// Resolves one formula.
pub(crate) struct Resolver<'a> {
    predicates: &'a Predicates,
    pub(crate) report: &'a mut Report,
    pub(crate) sorts: SortStore,
    names: HashMap<Arc<str>, Entry>,
    bound: u32,
    /// The binders of the formula, in order; until all sorts are known, a binder's sort is its index here.
    binders: Vec<(Ident, SortId)>,
    /// The advice for an unbound variable.
    unbound_help: &'a str,
}

impl<'a> Resolver<'a> {
    /// A resolver for a formula over these parameters, each of which becomes the `Name` with its index; also returns
    /// their sorts. Duplicate names are reported.
    pub(crate) fn new(
        predicates: &'a Predicates,
        report: &'a mut Report,
        parameters: &[Ident],
        unbound_help: &'a str,
    ) -> (Resolver<'a>, Vec<SortId>) {
        let mut resolver = Resolver {
            predicates,
            report,
            sorts: SortStore::default(),
            names: HashMap::new(),
            bound: 0,
            binders: Vec::new(),
            unbound_help,
        };
        let mut ids = Vec::new();
        for (place, parameter) in parameters.iter().enumerate() {
            let sort = resolver.sorts.unknown();
            ids.push(sort);
            let entry = Entry { place: parameter.span, sort, variable: Binding::Parameter(place as u32) };
            resolver.enter(parameter, entry, parameters.first().map(|first| first.span));
        }
        (resolver, ids)
    }

    /// Adds a name to the scope; reports it and returns false if it is in use. `list` is the start of the list that
    /// contains the name.
    fn enter(&mut self, ident: &Ident, entry: Entry, list: Option<Span>) -> bool {
        if let Some(known) = self.names.get(&ident.text) {
            let shown = short(&ident.text);
            let same_list = list.is_some_and(|list| known.place.start >= list.start && known.place.file == list.file);
            let diagnostic = if same_list {
                Diagnostic::new(codes::REPEATED_NAME, format!("`{shown}` stands twice in one list"))
                    .at(ident.span, "the second time")
                    .at(known.place, "the first time")
                    .help("give each variable its own name")
            } else {
                Diagnostic::new(codes::SHADOWING, format!("`{shown}` is in use where this binder stands"))
                    .at(ident.span, "bound again here")
                    .at(known.place, "it already means this")
                    .help("rename one of the two")
            };
            self.report.push(diagnostic);
            return false;
        }
        self.names.insert(ident.text.clone(), entry);
        true
    }

    /// The formula, or `None` if an error was reported.
    pub(crate) fn formula(&mut self, expr: &Expr) -> Option<Formula> {
        if self.report.is_full() {
            return None;
        }
        match expr {
            Expr::Atom { name, arguments, .. } => self.atom(name, arguments),
            Expr::And { left, right, .. } => {
                let left = self.formula(left);
                let right = self.formula(right);
                Some(Formula::and(left?, right?))
            }
            Expr::Not { inner, .. } => Some(Formula::negate(self.formula(inner)?)),
            Expr::Implies { binders, premise, conclusion, .. } => {
                // Locals here are on the stack once per nesting level.
                let first = self.binders.len() as u32;
                let sound = self.enter_binders(binders);
                let premise = self.formula(premise).map(Arc::new);
                let conclusion = self.formula(conclusion).map(Arc::new);
                self.leave_binders(binders);
                if sound { implication(binders, first, premise, conclusion) } else { None }
            }
            Expr::Or { parts, .. } => shorthand::or(self.formulas(parts)?),
            Expr::Exists { binders, parts, .. } => self.existence(binders, parts),
            Expr::Iff { left, right, .. } => {
                let left = self.formula(left);
                let right = self.formula(right);
                Some(shorthand::iff(left?, right?))
            }
        }
    }

    /// All parts; each is resolved even if another has an error.
    fn formulas(&mut self, parts: &[Expr]) -> Option<Vec<Formula>> {
        let read: Vec<Option<Formula>> = parts.iter().map(|part| self.formula(part)).collect();
        read.into_iter().collect()
    }

    fn existence(&mut self, names: &[Ident], parts: &[Expr]) -> Option<Formula> {
        let first = self.binders.len() as u32;
        let sound = self.enter_binders(names);
        let parts = self.formulas(parts);
        self.leave_binders(names);
        if sound { shorthand::exists(binders(names, first), parts?) } else { None }
    }

    /// A closed statement with the sorts of its binders; the outermost ones bind the anchor's arguments.
    pub(crate) fn statement(&mut self, formula: &Formula, anchor: &[Sort]) -> Option<Formula> {
        let mut bases = Bases::default();
        let ids: Vec<SortId> = self.binders.iter().take(anchor.len()).map(|(_, id)| *id).collect();
        for (sort, id) in anchor.iter().zip(&ids) {
            self.sorts.number(sort, *id, &mut bases);
        }
        match self.sorts.read(&ids, &mut bases) {
            Ok(sorts) => self.with_sorts(formula, &sorts, &mut bases, Within::Statement),
            Err(diagnostic) => {
                self.report.push(*diagnostic);
                None
            }
        }
    }

    /// The formula with the sorts of its binders. `parameters` are the sorts of the parameters, numbered in `bases`. A
    /// sort connected to no parameter is their base sort if they have exactly one. Otherwise it is reported in a
    /// definition, since uses would not determine it, and becomes a separate base sort elsewhere.
    pub(crate) fn with_sorts(
        &mut self,
        formula: &Formula,
        parameters: &[Sort],
        bases: &mut Bases,
        within: Within,
    ) -> Option<Formula> {
        let mut numbers = Vec::new();
        parameters.iter().for_each(|sort| sort.for_each_base(&mut |number| numbers.push(number)));
        numbers.sort_unstable();
        numbers.dedup();
        if let [only] = numbers[..] {
            bases.close(only);
        } else if within == Within::Definition {
            let binders = self.binders.clone();
            if let Some((binder, _)) = binders.iter().find(|(_, id)| self.sorts.is_open(*id, bases)) {
                let shown = short(&binder.text);
                self.report.push(
                    Diagnostic::new(codes::OPEN_SORT, format!("nothing says what `{shown}` ranges over"))
                        .at(binder.span, "bound here")
                        .help(format!(
                            "add a premise that joins it to a parameter, for example `(in[{shown},S])` for a set `S`"
                        )),
                );
                return None;
            }
        }
        let ids: Vec<SortId> = self.binders.iter().map(|(_, id)| *id).collect();
        match self.sorts.read(&ids, bases) {
            Ok(sorts) => Some(formula.with_sorts(&mut |place| match place {
                Sort::Individual(place) => sorts[*place as usize].clone(),
                Sort::Power(_) => unreachable!("the sort of a binder is its place until now"),
            })),
            Err(diagnostic) => {
                self.report.push(*diagnostic);
                None
            }
        }
    }

    /// Adds the variables of a binder to the scope; returns whether all are new.
    fn enter_binders(&mut self, binders: &[Ident]) -> bool {
        let mut sound = true;
        for binder in binders {
            let sort = self.sorts.unknown();
            let entry = Entry { place: binder.span, sort, variable: Binding::Bound(self.bound) };
            self.binders.push((binder.clone(), sort));
            self.bound += 1;
            sound &= self.enter(binder, entry, binders.first().map(|first| first.span));
        }
        sound
    }

    /// Removes the variables that a binder added.
    fn leave_binders(&mut self, binders: &[Ident]) {
        for binder in binders {
            if self.names.get(&binder.text).is_some_and(|entry| entry.place == binder.span) {
                self.names.remove(&binder.text);
            }
        }
        self.bound -= binders.len() as u32;
    }

    fn atom(&mut self, name: &Ident, arguments: &[Ident]) -> Option<Formula> {
        let predicate = self.predicate(name, arguments);
        let mut sound = true;
        let mut variables = Vec::with_capacity(arguments.len());
        let mut ids = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match self.names.get(&argument.text) {
                Some(entry) => {
                    variables.push(match entry.variable {
                        Binding::Parameter(place) => Variable::Free(Name(place)),
                        Binding::Bound(number) => Variable::Bound(self.bound - 1 - number),
                    });
                    ids.push(entry.sort);
                }
                None => {
                    sound = false;
                    self.unbound(argument);
                }
            }
        }
        let known = predicate?;
        if !sound || !known.sound {
            return None;
        }
        let wanted = self.predicates.instance(known.id, &mut self.sorts, name.span);
        for (place, (id, wanted)) in ids.iter().zip(wanted).enumerate() {
            if let Err((first, second)) = self.sorts.join(*id, wanted) {
                let as_used = self.sorts.describe(wanted);
                let before = self.sorts.describe(*id);
                let argument = &arguments[place];
                let shown = short(&argument.text);
                let message = if as_used == before {
                    format!("the sort of `{shown}` does not fit here")
                } else {
                    format!("`{shown}` is {before}, but used as {as_used} here")
                };
                let mut diagnostic = Diagnostic::new(codes::SORT_CLASH, message)
                    .at(argument.span, format!("argument {} of `{}`", place + 1, short(&name.text)));
                let here = [argument.span, name.span];
                for other in [first, second].into_iter().flatten().filter(|other| !here.contains(other)) {
                    diagnostic = diagnostic.at(other, "its sort is fixed by this");
                }
                self.report.push(diagnostic);
                return None;
            }
        }
        Some(Formula::Atom(known.id, variables.into()))
    }

    fn predicate(&mut self, name: &Ident, arguments: &[Ident]) -> Option<Known> {
        let shown = short(&name.text);
        let Some(known) = self.predicates.known.get(&name.text).copied() else {
            if !self.report.is_full() {
                let help = did_you_mean(&name.text, self.predicates.known.keys().map(|known| &**known))
                    .unwrap_or_else(|| self.predicates.advice.clone());
                self.report.push(
                    Diagnostic::new(codes::UNKNOWN_PREDICATE, format!("there is no predicate `{shown}`"))
                        .at(name.span, "not defined")
                        .help(help),
                );
            }
            return None;
        };
        if known.sound && known.arity != arguments.len() {
            let count = |number: usize| format!("{number} argument{}", if number == 1 { "" } else { "s" });
            let signature = match &self.predicates.list[known.id.index()].definition {
                Some(definition) => format!("it is `{shown}[{}]`", definition.parameters.join(",")),
                None => match &*name.text {
                    "=" => "it is `=[x,y]`",
                    "in" => "it is `in[element,set]`",
                    "in2" => "it is `in2[x,y,relation]`",
                    "in3" => "it is `in3[x,y,z,relation]`",
                    _ if known.id.is_primitive() => "first the things, one for each place, and last the relation",
                    _ => "see its definition",
                }
                .to_owned(),
            };
            self.report.push(
                Diagnostic::new(
                    codes::WRONG_ARITY,
                    format!(
                        "`{shown}` takes {}, but {} given",
                        count(known.arity),
                        match arguments.len() {
                            1 => "1 is".to_owned(),
                            number => format!("{number} are"),
                        }
                    ),
                )
                .at(name.span, "used here")
                .help(signature),
            );
            return None;
        }
        Some(known)
    }

    fn unbound(&mut self, argument: &Ident) {
        if self.report.is_full() {
            return;
        }
        let help = did_you_mean(&argument.text, self.names.keys().map(|known| &**known))
            .unwrap_or_else(|| self.unbound_help.to_owned());
        self.report.push(
            Diagnostic::new(codes::UNBOUND, format!("nothing binds `{}`", short(&argument.text)))
                .at(argument.span, "used here")
                .help(help),
        );
    }
}

fn implication(
    binders: &[Ident],
    first: u32,
    premise: Option<Arc<Formula>>,
    conclusion: Option<Arc<Formula>>,
) -> Option<Formula> {
    Some(Formula::Implies(self::binders(binders, first), premise?, conclusion?))
}

/// The binders of these names; the first has index `first` among all binders.
fn binders(names: &[Ident], first: u32) -> Binders {
    let places = (first..).map(Sort::Individual);
    Binders::new(names.iter().zip(places).map(|(name, place)| Binder::new(name.text.clone(), place)))
}
