//! Redundant equations: subsumed ones, and consequences of commutativity and associativity.

use rustc_hash::FxHashMap;

use super::Completion;
use super::equation::{Equation, EquationId};
use super::term::{Symbol, TermId, Terms, Top};

/// Known laws of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Laws {
    commutative: Option<EquationId>,
    associative: Option<EquationId>,
    /// x·(y·z) = y·(x·z), or its mirror image.
    permuting: Option<EquationId>,
}

/// The operations with laws that permit rearranging their inputs.
#[derive(Clone, Debug, Default)]
pub(super) struct Arranging {
    laws: Vec<Laws>,
    canonical: FxHashMap<TermId, TermId>,
}

/// A law that permits rearranging.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Law {
    Commutative,
    Associative,
    Permuting,
}

/// The two inputs of a binary operation.
fn inputs(terms: &Terms, symbol: Symbol, term: TermId) -> Option<(TermId, TermId)> {
    match (terms.top(term), terms.arguments(term)) {
        (Top::Symbol(own), [left, right]) if own == symbol => Some((*left, *right)),
        _ => None,
    }
}

fn law(terms: &Terms, equation: &Equation) -> Option<(Symbol, Law)> {
    let Top::Symbol(symbol) = terms.top(equation.left) else { return None };
    let is_variable = |term: &TermId| matches!(terms.top(*term), Top::Variable(_));
    let split = |term| inputs(terms, symbol, term);
    let ((a, b), (c, d)) = (split(equation.left)?, split(equation.right)?);
    if [a, b, c, d].iter().all(is_variable) {
        return (a != b && (a, b) == (d, c)).then_some((symbol, Law::Commutative));
    }
    let distinct = |variables: [TermId; 3]| {
        let [x, y, z] = variables;
        variables.iter().all(is_variable) && x != y && y != z && x != z
    };
    // The leaves of x(yz) or (xy)z, and whether it is nested to the right.
    let leaves = |one, other| match (split(one), split(other)) {
        (Some((x, y)), None) => Some(([x, y, other], false)),
        (None, Some((y, z))) => Some(([one, y, z], true)),
        _ => None,
    };
    let ((left, leans_left), (right, leans_right)) = (leaves(a, b)?, leaves(c, d)?);
    if !distinct(left) {
        return None;
    }
    let [x, y, z] = left;
    match (leans_left, leans_right) {
        (one, other) if one != other && right == left => Some((symbol, Law::Associative)),
        (true, true) if right == [y, x, z] => Some((symbol, Law::Permuting)),
        (false, false) if right == [x, z, y] => Some((symbol, Law::Permuting)),
        _ => None,
    }
}

impl Arranging {
    fn of(&self, symbol: Symbol) -> (bool, bool) {
        match self.laws.get(usize::from(symbol.0)) {
            Some(Laws { commutative: Some(_), associative: Some(_), permuting: Some(_) }) => (true, true),
            Some(Laws { commutative: Some(_), .. }) => (true, false),
            _ => (false, false),
        }
    }

    fn is_empty(&self) -> bool {
        self.laws.iter().all(|laws| laws.commutative.is_none())
    }

    /// The term with inputs rearranged to a canonical order wherever laws permit.
    fn canonical(&mut self, terms: &mut Terms, term: TermId) -> TermId {
        let Top::Symbol(symbol) = terms.top(term) else { return term };
        if terms.arity(term) == 0 {
            return term;
        }
        if let Some(known) = self.canonical.get(&term) {
            return *known;
        }
        let result = match self.of(symbol) {
            (true, flat) => {
                let mut leaves = Vec::new();
                let mut pending = vec![term];
                while let Some(part) = pending.pop() {
                    match inputs(terms, symbol, part) {
                        Some((left, right)) if flat || part == term => pending.extend([right, left]),
                        _ => leaves.push(part),
                    }
                }
                for leaf in &mut leaves {
                    *leaf = self.canonical(terms, *leaf);
                }
                leaves.sort_unstable();
                let last = leaves.pop().expect("two inputs");
                leaves.into_iter().rev().fold(last, |rest, leaf| terms.apply(symbol, &[leaf, rest]))
            }
            (false, _) => {
                let mut arguments = terms.arguments(term).to_vec();
                for argument in &mut arguments {
                    *argument = self.canonical(terms, *argument);
                }
                terms.apply(symbol, &arguments)
            }
        };
        self.canonical.insert(term, result);
        result
    }
}

impl Completion {
    /// Whether the sides are equal up to permitted rearrangement.
    pub(super) fn is_rearrangement(&mut self, left: TermId, right: TermId) -> bool {
        if self.arranging.is_empty() {
            return false;
        }
        self.arranging.canonical(&mut self.terms, left) == self.arranging.canonical(&mut self.terms, right)
    }

    /// Registers the law that a newly active equation states, if any.
    pub(super) fn note_law(&mut self, id: EquationId) {
        let Some((symbol, law)) = law(&self.terms, &self.equations[id.index()]) else { return };
        let place = usize::from(symbol.0);
        if self.arranging.laws.len() <= place {
            self.arranging.laws.resize(place + 1, Laws::default());
        }
        let laws = &mut self.arranging.laws[place];
        match law {
            Law::Commutative => laws.commutative = Some(id),
            Law::Associative => laws.associative = Some(id),
            Law::Permuting => laws.permuting = Some(id),
        }
        self.arranging.canonical.clear();
        self.drop_rearrangements();
    }

    /// Unregisters the law of an equation that is no longer active.
    pub(super) fn forget_law(&mut self, id: EquationId) {
        for laws in &mut self.arranging.laws {
            for known in [&mut laws.commutative, &mut laws.associative, &mut laws.permuting] {
                if *known == Some(id) {
                    *known = None;
                    self.arranging.canonical.clear();
                }
            }
        }
    }

    /// Removes active equations that follow from these laws.
    fn drop_rearrangements(&mut self) {
        for id in self.active.clone() {
            let is_law = |laws: &Laws| [laws.commutative, laws.associative, laws.permuting].contains(&Some(id));
            if self.arranging.laws.iter().any(is_law) {
                continue;
            }
            let Equation { left, right, .. } = self.equations[id.index()];
            if self.is_rearrangement(left, right) {
                self.retire(id);
            }
        }
    }

    /// Whether an active equation subsumes it: the sides differ in one position only, where they are an instance of its
    /// sides.
    pub(super) fn is_subsumed(&mut self, left: TermId, right: TermId) -> bool {
        let (mut one, mut other) = (left, right);
        loop {
            for (from, to) in [(one, other), (other, one)] {
                let Completion { terms, index, equations, bindings, work, .. } = self;
                bindings.clear();
                let found = index.find(terms, from, bindings, work, &mut |terms, bindings, side| {
                    let (_, target) = equations[side.equation.index()].sides(side.forward);
                    bindings.clone().matches(terms, target, to)
                });
                if found {
                    return true;
                }
            }
            if self.terms.top(one) != self.terms.top(other) {
                return false;
            }
            let mut differing = (0..self.terms.arity(one))
                .filter(|place| self.terms.argument(one, *place) != self.terms.argument(other, *place));
            let (Some(place), None) = (differing.next(), differing.next()) else { return false };
            (one, other) = (self.terms.argument(one, place), self.terms.argument(other, place));
        }
    }
}
