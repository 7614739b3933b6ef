//! Equations: each term is built once and evaluated in 64 columns, and only terms whose values agree are paired.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::limits::Limits;
use super::term::TermTree;
use crate::calculus::sort::Sort;
use crate::clauses::clause::{RelationId, Signature, Term};
use crate::models::evaluate::function_value;
use crate::models::model::{Domain, Model, UNKNOWN, base_sorts};

/// Assignments, taken from all models, in which every term is evaluated.
const COLUMNS: usize = 64;

/// Two terms are compared only if both are defined in at least this many columns.
const LEAST_COMMON: u32 = 4;

/// A symbol of a term in prefix order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Symbol {
    Leaf(Term),
    Function(RelationId),
}

struct Entry {
    size: usize,
    /// The index of its sort in the pool.
    sort: usize,
    code: Vec<Symbol>,
    /// A bitmask of its variables.
    variables: u128,
    constant: bool,
    /// Whether the variables of each sort are numbered by first occurrence.
    canonical: bool,
    values: [u16; COLUMNS],
    /// A bitmask of the columns in which the value is known.
    defined: u64,
}

/// Statistics of the search for equations.
#[derive(Clone, Debug, Default)]
pub(super) struct EquationCounts {
    pub(super) terms: usize,
    pub(super) classes: usize,
    pub(super) incomparable: usize,
    pub(super) truncated: bool,
    /// Pairs that agree and were dropped because there were too many.
    pub(super) left_out: usize,
}

/// All pairs of terms that agree in every column in which both are defined, each once up to renaming and orientation;
/// every variable of the second term occurs in the first. `None` if `go_on` returned false.
pub(super) fn agreeing(
    signature: &Signature,
    limits: &Limits,
    models: &[&Model],
    go_on: &mut dyn FnMut() -> bool,
) -> Option<(Vec<(TermTree, TermTree)>, EquationCounts)> {
    let mut pool = Pool::new(signature, limits, models);
    while pool.grow(go_on) {}
    if pool.stopped { None } else { pool.pairs(go_on) }
}

struct Pool<'a> {
    signature: &'a Signature,
    limits: &'a Limits,
    models: &'a [&'a Model],
    columns: Vec<(usize, Vec<u16>)>,
    /// The base sorts. Each has as many variables as a statement may have, numbered after those of the previous sort.
    sorts: Vec<Sort>,
    functions: Vec<RelationId>,
    entries: Vec<Entry>,
    /// Terms of size `n` start at index `starts[n]`.
    starts: Vec<usize>,
    truncated: bool,
    /// Whether `go_on` returned false.
    stopped: bool,
}

impl<'a> Pool<'a> {
    fn new(signature: &'a Signature, limits: &'a Limits, models: &'a [&'a Model]) -> Self {
        let functions = (0..signature.relations.len() as u16).map(RelationId);
        let mut sorts = base_sorts(signature);
        if sorts.is_empty() {
            sorts.push(Sort::BASE);
        }
        sorts.truncate(128 / limits.variables.max(1));
        let known = |sort: &Sort| sorts.contains(sort);
        let functions = functions
            .filter(|id| signature.relations[id.index()].function && limits.offers(*id))
            .filter(|id| signature.relations[id.index()].sorts.iter().all(known))
            .collect();
        let columns = columns(models, &sorts, limits.variables);
        let mut pool = Pool {
            signature,
            limits,
            models,
            columns,
            sorts,
            functions,
            entries: Vec::new(),
            starts: vec![0],
            truncated: false,
            stopped: false,
        };
        let constants = 0..signature.constants.len() as u16;
        let constants = constants.filter(|constant| limits.offers_constant(*constant)).map(Term::Constant);
        let variables = (0..(pool.sorts.len() * limits.variables) as u16).map(Term::Variable);
        for leaf in variables.chain(constants) {
            let sort = match leaf {
                Term::Variable(variable) => Some(usize::from(variable) / limits.variables),
                Term::Constant(constant) => pool.sort(&signature.constants[usize::from(constant)].sort),
            };
            let Some(sort) = sort else { continue };
            let values = std::array::from_fn(|column| match pool.columns.get(column) {
                None => UNKNOWN,
                Some((model, assignment)) => match leaf {
                    Term::Variable(variable) => assignment[usize::from(variable)],
                    Term::Constant(constant) => models[*model].constants[usize::from(constant)],
                },
            });
            let (variables, canonical) = match leaf {
                Term::Variable(variable) => (1 << variable, usize::from(variable).is_multiple_of(limits.variables)),
                Term::Constant(_) => (0, true),
            };
            pool.entries.push(Entry {
                size: 0,
                sort,
                code: vec![Symbol::Leaf(leaf)],
                variables,
                constant: variables == 0,
                canonical,
                values,
                defined: defined(&values),
            });
        }
        pool
    }

    /// The index of a sort.
    fn sort(&self, sort: &Sort) -> Option<usize> {
        self.sorts.iter().position(|known| known == sort)
    }

    /// Builds the terms with one more application; false if there are none.
    fn grow(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        self.starts.push(self.entries.len());
        let size = self.starts.len() - 1;
        if size + 1 > self.limits.atoms {
            return false;
        }
        for function in self.functions.clone() {
            let arity = self.signature.relations[function.index()].arity - 1;
            self.apply(function, arity, size - 1, &mut Vec::new(), go_on);
        }
        self.entries.len() > self.starts[size] && !self.stopped
    }

    /// Applies `function` to `chosen` and further terms, which have `rest` applications together.
    fn apply(
        &mut self,
        function: RelationId,
        missing: usize,
        rest: usize,
        chosen: &mut Vec<usize>,
        go_on: &mut dyn FnMut() -> bool,
    ) {
        if missing == 0 {
            if rest == 0 {
                self.enter(function, chosen);
            }
            return;
        }
        // Of the largest terms only those with variables in order are built, so their first input has variables in
        // order too.
        let largest = self.starts.len() + 1 > self.limits.atoms;
        let sort = self.sort(&self.signature.relations[function.index()].sorts[chosen.len()]);
        for size in if missing == 1 { rest..=rest } else { 0..=rest } {
            for input in self.starts[size]..self.starts[size + 1] {
                if Some(self.entries[input].sort) != sort
                    || (largest && chosen.is_empty() && !self.entries[input].canonical)
                {
                    continue;
                }
                if self.truncated || self.stopped {
                    return;
                }
                if missing == 1 && input % 64 == 0 && !go_on() {
                    self.stopped = true;
                    return;
                }
                chosen.push(input);
                self.apply(function, missing - 1, rest - size, chosen, go_on);
                chosen.pop();
            }
        }
    }

    fn enter(&mut self, function: RelationId, inputs: &[usize]) {
        let size = 1 + inputs.iter().map(|input| self.entries[*input].size).sum::<usize>();
        let constant = inputs.iter().any(|input| self.entries[*input].constant);
        let most = if constant { self.limits.atoms_with_constant } else { self.limits.atoms };
        if size + 1 > most {
            return;
        }
        let codes = || inputs.iter().flat_map(|input| &self.entries[*input].code);
        let canonical = is_canonical(codes(), self.limits.variables);
        let variables = inputs.iter().fold(0, |all, input| all | self.entries[*input].variables);
        if variables.count_ones() as usize > self.limits.variables {
            return;
        }
        // Other numberings are needed only as parts of larger terms and as the smaller side.
        if !canonical && size + 2 > most && 2 * size > most {
            return;
        }
        let relations = std::iter::once(function).chain(codes().filter_map(|symbol| match symbol {
            Symbol::Function(relation) => Some(*relation),
            Symbol::Leaf(_) => None,
        }));
        let part = || size + 2 <= most && self.limits.may_grow(relations.clone(), size + 2);
        if !self.limits.may_grow(relations.clone(), size + 1) || (!canonical && 2 * size > most && !part()) {
            return;
        }
        if self.entries.len() >= self.limits.terms {
            self.truncated = true;
            return;
        }
        let output = self.signature.relations[function.index()].sorts.last();
        let Some(sort) = output.and_then(|sort| self.sort(sort)) else { return };
        let code = std::iter::once(&Symbol::Function(function)).chain(codes()).copied().collect();
        let mut values = [UNKNOWN; COLUMNS];
        let mut tuple = Vec::with_capacity(inputs.len());
        let all = inputs.iter().fold(u64::MAX, |all, input| all & self.entries[*input].defined);
        for (column, value) in values.iter_mut().enumerate().filter(|(column, _)| all >> column & 1 == 1) {
            tuple.clear();
            tuple.extend(inputs.iter().map(|input| self.entries[*input].values[column]));
            *value = function_value(self.models[self.columns[column].0], function, &tuple);
        }
        self.entries.push(Entry {
            size,
            sort,
            variables,
            constant,
            canonical,
            defined: defined(&values),
            values,
            code,
        });
    }

    fn pairs(&self, go_on: &mut dyn FnMut() -> bool) -> Option<(Vec<(TermTree, TermTree)>, EquationCounts)> {
        let mut counts = EquationCounts { terms: self.entries.len(), truncated: self.truncated, ..Default::default() };
        let mut by_mask: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        let mut classes = FxHashSet::default();
        for (place, entry) in self.entries.iter().enumerate() {
            classes.insert((entry.defined, hash(entry, entry.defined)));
            if 2 * entry.size <= self.limits.atoms {
                by_mask.entry(entry.defined).or_default().push(place);
            }
        }
        counts.classes = classes.len();
        let mut indices: FxHashMap<(u64, u64), FxHashMap<u64, Vec<usize>>> = FxHashMap::default();
        let mut pairs = Vec::new();
        for left in self.entries.iter().filter(|entry| entry.canonical && entry.size > 0) {
            if !go_on() {
                return None;
            }
            for (mask, places) in &by_mask {
                let common = left.defined & mask;
                let few = common.count_ones() < LEAST_COMMON.min(self.columns.len() as u32);
                if few || !self.varies(left, common) {
                    counts.incomparable += places.len();
                    continue;
                }
                let index = indices.entry((*mask, common)).or_insert_with(|| {
                    let mut index: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
                    for place in places {
                        index.entry(hash(&self.entries[*place], common)).or_default().push(*place);
                    }
                    index
                });
                for place in index.get(&hash(left, common)).into_iter().flatten() {
                    let right = &self.entries[*place];
                    if !self.pairs_with(left, right) || !agree(left, right, common) {
                        continue;
                    }
                    if pairs.len() >= self.limits.candidates {
                        counts.left_out += 1;
                    } else {
                        pairs.push((self.tree(&left.code), self.tree(&right.code)));
                    }
                }
            }
        }
        Some((pairs, counts))
    }

    /// Whether the variables of a term, if any, vary over these columns: agreement at a single point is no evidence.
    fn varies(&self, entry: &Entry, columns: u64) -> bool {
        let variables = || (0..u128::BITS as usize).filter(|variable| entry.variables >> variable & 1 == 1);
        let mut shown = (0..self.columns.len()).filter(|column| columns >> column & 1 == 1);
        let Some(first) = shown.next() else { return false };
        let same = |column: usize| {
            self.columns[column].0 == self.columns[first].0
                && variables().all(|variable| self.columns[column].1[variable] == self.columns[first].1[variable])
        };
        entry.variables == 0 || shown.any(|column| !same(column))
    }

    /// Whether the pair is small enough and not a copy of a pair built elsewhere.
    fn pairs_with(&self, left: &Entry, right: &Entry) -> bool {
        let constant = left.constant || right.constant;
        let most = if constant { self.limits.atoms_with_constant } else { self.limits.atoms };
        if right.size > left.size
            || right.sort != left.sort
            || right.variables & !left.variables != 0
            || left.size + right.size.max(1) > most
        {
            return false;
        }
        if right.size < left.size {
            return true;
        }
        let turned = turned(left, right, self.limits.variables);
        left.code != right.code && turned.is_none_or(|turned| (&left.code, &right.code) <= (&turned.0, &turned.1))
    }

    fn tree(&self, code: &[Symbol]) -> TermTree {
        self.parse(&mut code.iter())
    }

    fn parse(&self, symbols: &mut std::slice::Iter<Symbol>) -> TermTree {
        match symbols.next().expect("a code is a whole term") {
            Symbol::Leaf(term) => TermTree::Leaf(*term),
            Symbol::Function(function) => {
                let inputs = self.signature.relations[function.index()].arity - 1;
                TermTree::Apply(*function, (0..inputs).map(|_| self.parse(symbols)).collect())
            }
        }
    }
}

/// The pair with its sides swapped and renamed so that the new first side is canonical; `None` if the new second side
/// has a variable that the first lacks.
fn turned(left: &Entry, right: &Entry, per_sort: usize) -> Option<(Vec<Symbol>, Vec<Symbol>)> {
    let mut numbers = [None; u128::BITS as usize];
    let mut next = [0; u128::BITS as usize];
    let mut rename = |symbol: &Symbol, may_extend: bool| match symbol {
        Symbol::Leaf(Term::Variable(variable)) => {
            let sort = usize::from(*variable) / per_sort;
            let number = &mut numbers[usize::from(*variable)];
            if number.is_none() && may_extend {
                *number = Some((sort * per_sort) as u16 + next[sort]);
                next[sort] += 1;
            }
            number.map(|number| Symbol::Leaf(Term::Variable(number)))
        }
        other => Some(*other),
    };
    let first = right.code.iter().map(|symbol| rename(symbol, true)).collect::<Option<Vec<_>>>()?;
    let second = left.code.iter().map(|symbol| rename(symbol, false)).collect::<Option<Vec<_>>>()?;
    Some((first, second))
}

/// Whether the variables of each sort (`per_sort` of them) are numbered by first occurrence.
fn is_canonical<'a>(mut code: impl Iterator<Item = &'a Symbol>, per_sort: usize) -> bool {
    let mut seen = 0u128;
    code.all(|symbol| {
        let Symbol::Leaf(Term::Variable(variable)) = symbol else { return true };
        let in_turn = usize::from(*variable).is_multiple_of(per_sort) || seen >> (variable - 1) & 1 == 1;
        seen |= 1 << variable;
        in_turn
    })
}

fn defined(values: &[u16; COLUMNS]) -> u64 {
    values.iter().enumerate().fold(0, |mask, (column, value)| mask | u64::from(*value != UNKNOWN) << column)
}

fn hash(entry: &Entry, columns: u64) -> u64 {
    let mut hasher = FxHasher::default();
    for (column, value) in entry.values.iter().enumerate() {
        if columns >> column & 1 == 1 {
            value.hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn agree(left: &Entry, right: &Entry, columns: u64) -> bool {
    (0..COLUMNS).all(|column| columns >> column & 1 == 0 || left.values[column] == right.values[column])
}

/// The model and assignment of each column: the models alternate, and within a model the assignments are spread evenly.
/// In a piece with gaps only the simplest individuals are used, so that terms stay defined.
fn columns(models: &[&Model], sorts: &[Sort], variables: usize) -> Vec<(usize, Vec<u16>)> {
    let useful: Vec<usize> = (0..models.len()).filter(|place| models[*place].size > 0).collect();
    let mut columns = Vec::new();
    for turn in 0..COLUMNS {
        let Some(model) = useful.get(turn % useful.len().max(1)) else { break };
        let total = models[*model].is_total();
        let mut state = (turn / useful.len()) as u64;
        let assignment = (0..sorts.len() * variables).map(|variable| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15 ^ variable as u64);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state = mixed ^ (mixed >> 27);
            let domain = models[*model].domain(&sorts[variable / variables]);
            domain.map_or(UNKNOWN, |domain| one_of(domain, total, state >> 33))
        });
        columns.push((*model, assignment.collect()));
    }
    columns
}

/// A pseudo-random individual; in a piece, each of the simplest groups is equally likely.
fn one_of(domain: &Domain, total: bool, chance: u64) -> u16 {
    let few;
    let groups = if total {
        std::slice::from_ref(&domain.size)
    } else if domain.simplest.is_empty() {
        few = domain.size.min(3);
        std::slice::from_ref(&few)
    } else {
        &domain.simplest[..]
    };
    let group = (chance % groups.len() as u64) as usize;
    let start = if group == 0 { 0 } else { groups[group - 1] };
    let count = u64::from(groups[group] - start);
    if count == 0 {
        return UNKNOWN;
    }
    domain.first + start + (chance / groups.len() as u64 % count) as u16
}
