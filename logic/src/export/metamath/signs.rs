//! The symbols of a file: its sorts, its predicates, and the sort instances of each predicate.
//!
//! A predicate is schematic in its base sorts, and Metamath has no variables for sorts; so each list of sorts at which
//! some formula uses the predicate has its own atom and definition.

use std::collections::HashMap;

use crate::calculus::formula::{self, Binders, Formula, PredicateId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;

use super::arena::{AtomId, SortId, Variable};

/// A predicate at particular sorts.
pub(super) struct Atom {
    pub(super) predicate: PredicateId,
    pub(super) sorts: Vec<SortId>,
    /// Its index among the atoms of this predicate.
    pub(super) instance: u32,
    /// The body of the definition at these sorts; parameters are free variables by index.
    pub(super) body: Option<Formula>,
    /// The bound variables of the body, in order of declaration.
    pub(super) bound: Vec<Variable>,
}

/// The symbols for writing formulas.
pub(super) struct Signs {
    /// The symbol of each predicate.
    predicates: Vec<String>,
    pub(super) sorts: Vec<Sort>,
    sort_ids: HashMap<Sort, SortId>,
    pub(super) atoms: Vec<Atom>,
    /// The atoms of each predicate.
    of_predicate: Vec<Vec<AtomId>>,
}

impl Signs {
    pub(super) fn new(predicates: Vec<String>) -> Signs {
        let of_predicate = vec![Vec::new(); predicates.len()];
        Signs { predicates, sorts: Vec::new(), sort_ids: HashMap::new(), atoms: Vec::new(), of_predicate }
    }

    /// Registers a sort.
    pub(super) fn note_sort(&mut self, sort: &Sort) -> SortId {
        if let Some(known) = self.sort_ids.get(sort) {
            return *known;
        }
        let id = SortId(self.sorts.len() as u32);
        self.sorts.push(sort.clone());
        self.sort_ids.insert(sort.clone(), id);
        id
    }

    /// Registers a predicate at the sorts of its arguments, with all sorts and atoms of its definition.
    pub(super) fn note_atom(&mut self, theory: &Theory, predicate: PredicateId, sorts: &[Sort]) {
        let ids: Vec<SortId> = sorts.iter().map(|sort| self.note_sort(sort)).collect();
        if predicate == PredicateId::EQUAL || self.find(predicate, ids.iter().copied()).is_some() {
            return;
        }
        let known = theory.predicate(predicate);
        let mut instance = SortInstance::default();
        let body = known.definition.as_ref().filter(|_| instance.fit_all(&known.sorts, sorts.iter()));
        let body = body.map(|definition| definition.body.with_sorts(&mut |sort| instance.apply(sort)));
        if let Some(body) = &body {
            let mut inner = Vec::new();
            uses(body, &|name| sorts[name.0 as usize].clone(), &mut Vec::new(), &mut |used| inner.push(used));
            inner.into_iter().for_each(|(predicate, sorts)| self.note_atom(theory, predicate, &sorts));
        }
        let id = AtomId(self.atoms.len() as u32);
        let own = &mut self.of_predicate[predicate.index()];
        self.atoms.push(Atom { predicate, sorts: ids, instance: own.len() as u32, body, bound: Vec::new() });
        own.push(id);
    }

    fn find(&self, predicate: PredicateId, sorts: impl Iterator<Item = SortId> + Clone) -> Option<AtomId> {
        let of_it = &self.of_predicate[predicate.index()];
        match &of_it[..] {
            [id] if sorts.clone().eq(self.atom(*id).sorts.iter().copied()) => Some(*id),
            all => all.iter().find(|id| sorts.clone().eq(self.atom(**id).sorts.iter().copied())).copied(),
        }
    }

    pub(super) fn atom(&self, id: AtomId) -> &Atom {
        &self.atoms[id.0 as usize]
    }

    /// A registered sort.
    pub(super) fn sort(&self, sort: &Sort) -> SortId {
        self.sort_ids[sort]
    }

    /// A predicate at registered sorts.
    pub(super) fn atom_id(&self, predicate: PredicateId, sorts: impl Iterator<Item = SortId> + Clone) -> AtomId {
        self.find(predicate, sorts).expect("all atoms were surveyed")
    }

    /// The symbol of a predicate.
    pub(super) fn sign(&self, predicate: PredicateId) -> &str {
        &self.predicates[predicate.index()]
    }

    /// The predicate symbol of an atom, made unique among its atoms: for labels.
    pub(super) fn labelled(&self, id: AtomId) -> String {
        let atom = self.atom(id);
        let sign = self.sign(atom.predicate);
        if atom.instance == 0 { sign.to_owned() } else { format!("{sign}-{}", atom.instance) }
    }

    /// The variables of a binder with `inside` binders nested below it, outermost first.
    pub(super) fn bound(&self, binders: &Binders, inside: u32) -> Vec<Variable> {
        let places = (0..binders.len() as u32).rev();
        binders.sorts().zip(places).map(|(sort, place)| Variable::Bound(inside + place, self.sort(sort))).collect()
    }

    /// The bound variables of a formula.
    pub(super) fn bound_in(&self, formula: &Formula) -> Vec<Variable> {
        let mut variables = Vec::new();
        self.collect_bound(formula, &mut variables);
        variables.sort_unstable();
        variables.dedup();
        variables
    }

    fn collect_bound(&self, formula: &Formula, variables: &mut Vec<Variable>) {
        match formula {
            Formula::Atom(..) => {}
            Formula::Not(inner) => self.collect_bound(inner, variables),
            Formula::And(left, right) => {
                self.collect_bound(left, variables);
                self.collect_bound(right, variables);
            }
            Formula::Implies(binders, left, right) => {
                variables.extend(self.bound(binders, height(left).max(height(right))));
                self.collect_bound(left, variables);
                self.collect_bound(right, variables);
            }
        }
    }

    /// `formula` as Metamath text; `free` writes a free variable.
    pub(super) fn text(&self, formula: &Formula, free: &dyn Fn(u32) -> String) -> String {
        let mut text = String::new();
        self.put(formula, free, &mut Vec::new(), &mut text);
        text
    }

    fn put(&self, formula: &Formula, free: &dyn Fn(u32) -> String, bound: &mut Vec<Variable>, text: &mut String) {
        match formula {
            Formula::Atom(predicate, arguments) => {
                let arguments: Vec<String> = arguments
                    .iter()
                    .map(|argument| match argument {
                        formula::Variable::Free(name) => free(name.0),
                        formula::Variable::Bound(index) => bound[bound.len() - 1 - *index as usize].to_string(),
                    })
                    .collect();
                text.push_str(&self.applied(*predicate, &arguments));
            }
            Formula::Not(inner) => {
                text.push_str("-. ");
                self.put(inner, free, bound, text);
            }
            Formula::And(left, right) => {
                text.push_str("( ");
                self.put(left, free, bound, text);
                text.push_str(" /\\ ");
                self.put(right, free, bound, text);
                text.push_str(" )");
            }
            Formula::Implies(binders, left, right) => {
                let before = bound.len();
                for variable in self.bound(binders, height(left).max(height(right))) {
                    text.push_str(&format!("A. {variable} "));
                    bound.push(variable);
                }
                text.push_str("( ");
                self.put(left, free, bound, text);
                text.push_str(" -> ");
                self.put(right, free, bound, text);
                text.push_str(" )");
                bound.truncate(before);
            }
        }
    }

    /// A predicate applied to these arguments.
    pub(super) fn applied(&self, predicate: PredicateId, arguments: &[String]) -> String {
        match (predicate, arguments) {
            (PredicateId::EQUAL, [left, right]) => format!("{left} = {right}"),
            _ => {
                let mut text = format!("{} [", self.sign(predicate));
                for argument in arguments {
                    text.push(' ');
                    text.push_str(argument);
                }
                text.push_str(" ]");
                text
            }
        }
    }
}

/// A sort as one word, in the notation of the pages: `P(x(1)(2))` is the sort of relations between sorts (1) and (2).
pub(super) fn word(sort: &Sort) -> String {
    match sort {
        Sort::Individual(base) => format!("({base})"),
        Sort::Power(parts) => match &parts[..] {
            [only @ Sort::Individual(_)] => format!("P{}", word(only)),
            [only] => format!("P({})", word(only)),
            parts => format!("P(x{})", parts.iter().map(word).collect::<String>()),
        },
    }
}

/// Calls `visit` for each atom of a formula with the sorts of its arguments; for each bound sort, as if it occurred in
/// an equation.
pub(super) fn uses(
    formula: &Formula,
    free: &dyn Fn(formula::Name) -> Sort,
    bound: &mut Vec<Sort>,
    visit: &mut dyn FnMut((PredicateId, Vec<Sort>)),
) {
    match formula {
        Formula::Atom(predicate, arguments) => {
            let sorts = arguments.iter().map(|argument| match argument {
                formula::Variable::Free(name) => free(*name),
                formula::Variable::Bound(index) => bound[bound.len() - 1 - *index as usize].clone(),
            });
            visit((*predicate, sorts.collect()));
        }
        Formula::Not(inner) => uses(inner, free, bound, visit),
        Formula::And(left, right) => {
            uses(left, free, bound, visit);
            uses(right, free, bound, visit);
        }
        Formula::Implies(binders, left, right) => {
            for sort in binders.sorts() {
                visit((PredicateId::EQUAL, vec![sort.clone()]));
                bound.push(sort.clone());
            }
            uses(left, free, bound, visit);
            uses(right, free, bound, visit);
            bound.truncate(bound.len() - binders.len());
        }
    }
}

/// The height of a formula in nested binders, which numbers a binder around it.
pub(super) fn height(formula: &Formula) -> u32 {
    match formula {
        Formula::Atom(..) => 0,
        Formula::Not(inner) => height(inner),
        Formula::And(left, right) => height(left).max(height(right)),
        Formula::Implies(binders, left, right) => binders.len() as u32 + height(left).max(height(right)),
    }
}
