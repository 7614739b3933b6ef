//! The signs of a file: its sorts, its predicates, and for each predicate the sorts at which it is used.
//!
//! A predicate is schematic in its base sorts, and Metamath has no variables for sorts; so there is an atom, and a
//! definition, for each list of sorts at which some formula of the file has the predicate.

use std::collections::HashMap;

use crate::calculus::formula::{self, Binders, Formula, PredicateId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;

use super::arena::{AtomId, SortId, Variable};

/// A predicate at some sorts.
pub(super) struct Atom {
    pub(super) predicate: PredicateId,
    pub(super) sorts: Vec<SortId>,
    /// Which of the atoms of this predicate it is.
    pub(super) instance: u32,
    /// The body of the definition at these sorts, about parameters by their places.
    pub(super) body: Option<Formula>,
    /// The variables that the body binds, in the order in which they are declared.
    pub(super) bound: Vec<Variable>,
}

/// The signs by which formulas are written.
pub(super) struct Signs {
    /// The sign of each predicate.
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

    /// Makes a sort known.
    pub(super) fn note_sort(&mut self, sort: &Sort) -> SortId {
        if let Some(known) = self.sort_ids.get(sort) {
            return *known;
        }
        let id = SortId(self.sorts.len() as u32);
        self.sorts.push(sort.clone());
        self.sort_ids.insert(sort.clone(), id);
        id
    }

    /// Makes a predicate known at the sorts of its arguments, with all that its definition speaks of.
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

    /// A sort that was made known.
    pub(super) fn sort(&self, sort: &Sort) -> SortId {
        self.sort_ids[sort]
    }

    /// A predicate at sorts that were made known.
    pub(super) fn atom_id(&self, predicate: PredicateId, sorts: impl Iterator<Item = SortId> + Clone) -> AtomId {
        self.find(predicate, sorts).expect("all atoms were surveyed")
    }

    /// The sign of a predicate.
    pub(super) fn sign(&self, predicate: PredicateId) -> &str {
        &self.predicates[predicate.index()]
    }

    /// The sign of an atom's predicate, told apart from those of its other atoms: for labels.
    pub(super) fn labelled(&self, id: AtomId) -> String {
        let atom = self.atom(id);
        let sign = self.sign(atom.predicate);
        if atom.instance == 0 { sign.to_owned() } else { format!("{sign}-{}", atom.instance) }
    }

    /// The variables of a binder inside of which others nest `inside` deep, outermost first.
    pub(super) fn bound(&self, binders: &Binders, inside: u32) -> Vec<Variable> {
        let places = (0..binders.len() as u32).rev();
        binders.sorts().zip(places).map(|(sort, place)| Variable::Bound(inside + place, self.sort(sort))).collect()
    }

    /// The variables that a formula binds.
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

    /// `formula` in words; `free` writes a free variable.
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

    /// A predicate with these arguments.
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

/// A sort in one word, as pages write it: `P(x(1)(2))` is that of the relations between things of sorts (1) and (2).
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

/// Calls `visit` for each atom of a formula with the sorts of its arguments, and for each sort that is bound as for an
/// equation.
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

/// The number of the binder around a formula: how many binders are nested in it at most.
pub(super) fn height(formula: &Formula) -> u32 {
    match formula {
        Formula::Atom(..) => 0,
        Formula::Not(inner) => height(inner),
        Formula::And(left, right) => height(left).max(height(right)),
        Formula::Implies(binders, left, right) => binders.len() as u32 + height(left).max(height(right)),
    }
}
