//! The notation of a theory, and its axioms.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::math::{Role, Symbol};
use super::signs::Signs;
use crate::calculus::formula::{Formula, Name, PredicateId, Variable};
use crate::calculus::theory::Theory;
use crate::language::text::{MplWriter, SortsShown};

/// Unfolding the anchor stops after this many formulas; our theories stay far below.
const MOST_PARTS: usize = 20_000;

/// The notation of a theory, for rendering its formulas.
pub struct Reading<'t> {
    pub(super) theory: &'t Theory,
    /// The parameters of the anchor that are functions.
    pub(super) functions: Arc<BTreeSet<Arc<str>>>,
    /// Whether relations are shown as relations, even if they are functions.
    pub(super) literal: bool,
    /// The symbols and their meanings.
    pub(super) signs: Arc<Signs>,
}

/// The cached notation of a theory.
#[derive(Clone)]
pub struct Notation {
    functions: Arc<BTreeSet<Arc<str>>>,
    signs: Arc<Signs>,
}

impl std::fmt::Debug for Notation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notation").field("functions", &self.functions).finish_non_exhaustive()
    }
}

/// A conjunct of the anchor, after unfolding its structures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axiom {
    /// The formula; `Name(i)` is parameter `i` of the anchor.
    pub formula: Formula,
    /// The definitions unfolded on the way, outermost first.
    pub path: Vec<PredicateId>,
}

impl<'t> Reading<'t> {
    /// Determines which parameters of the anchor are functions.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Self {
        let mut functions = BTreeSet::new();
        let parameters = &theory.anchor_definition().parameters;
        for axiom in Self::axioms_of(theory) {
            if let Some(Name(parameter)) = function_of(&axiom.formula)
                && let Some(name) = parameters.get(parameter as usize)
            {
                functions.insert(name.clone());
            }
        }
        Reading { theory, functions: functions.into(), literal: false, signs: Signs::of(theory).into() }
    }

    /// Renders every relation literally: no notation, no terms, no implicit anchor.
    #[must_use]
    pub fn literal(theory: &'t Theory) -> Self {
        Reading { theory, functions: Arc::default(), literal: true, signs: Signs::of(theory).into() }
    }

    /// The cached notation, for [`Reading::with`].
    #[must_use]
    pub fn notation(&self) -> Notation {
        Notation { functions: self.functions.clone(), signs: self.signs.clone() }
    }

    /// [`Reading::new`] for the theory of the notation, without recomputing it.
    #[must_use]
    pub fn with(theory: &'t Theory, notation: &Notation) -> Self {
        Reading { theory, functions: notation.functions.clone(), literal: false, signs: notation.signs.clone() }
    }

    /// Whether a parameter of the anchor is a function by the axioms.
    pub(crate) fn is_function(&self, parameter: &str) -> bool {
        self.functions.contains(parameter)
    }

    /// The theory whose notation this is.
    #[must_use]
    pub fn theory(&self) -> &'t Theory {
        self.theory
    }

    /// The axioms, in the order in which the anchor states them.
    #[must_use]
    pub fn axioms(&self) -> Vec<Axiom> {
        Self::axioms_of(self.theory)
    }

    fn axioms_of(theory: &Theory) -> Vec<Axiom> {
        let sorts = &theory.predicate(theory.anchor).sorts;
        let mut axioms = Vec::new();
        let mut stack = vec![(theory.anchor_definition().body.clone(), vec![theory.anchor])];
        let mut parts = 0;
        while let Some((formula, path)) = stack.pop() {
            parts += 1;
            if parts > MOST_PARTS {
                break;
            }
            match &formula {
                Formula::And(left, right) => {
                    stack.push(((**right).clone(), path.clone()));
                    stack.push(((**left).clone(), path));
                }
                Formula::Atom(predicate, arguments) => {
                    match theory.predicate(*predicate).definition.as_ref().zip(free_names(arguments)) {
                        Some((definition, arguments)) if matches!(definition.body, Formula::And(..)) => {
                            let mut deeper = path;
                            deeper.push(*predicate);
                            let sort = |name: Name| &sorts[name.0 as usize];
                            let unfolded = theory.predicate(*predicate).unfold(&arguments, &sort);
                            stack.push((unfolded.expect("sorts that fit"), deeper));
                        }
                        _ => axioms.push(Axiom { formula, path }),
                    }
                }
                _ => axioms.push(Axiom { formula, path }),
            }
        }
        axioms
    }

    /// The symbol of a free variable.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Symbol {
        match self.signs.parameter(name) {
            Some(sign) => Symbol { text: sign.clone(), role: Role::Parameter },
            None => Symbol { text: name.into(), role: Role::Variable },
        }
    }

    /// The formula as MPL text on one line; `name` gives the names of its free variables.
    #[must_use]
    pub fn mpl(&self, formula: &Formula, name: &dyn Fn(Name) -> Arc<str>) -> String {
        let predicate = |id: PredicateId| self.theory.predicate(id).name.clone();
        MplWriter { predicate: &predicate, name, sorts: SortsShown::No }.write(formula)
    }
}

pub(super) fn free_names(arguments: &[Variable]) -> Option<Vec<Name>> {
    arguments.iter().map(|argument| if let Variable::Free(name) = argument { Some(*name) } else { None }).collect()
}

/// The free variable `f` if the formula states `… f(x)=y ∧ f(x)=z → y=z`.
fn function_of(formula: &Formula) -> Option<Name> {
    let mut graphs: Vec<(PredicateId, Vec<Name>)> = Vec::new();
    let mut next = formula.free_variables().iter().map(|name| name.0 + 1).max().unwrap_or(0);
    let mut rest = formula.clone();
    while let Formula::Implies(binders, premise, conclusion) = &rest {
        let fresh: Vec<Name> = (next..).map(Name).take(binders.len()).collect();
        next += binders.len() as u32;
        for part in conjuncts(premise.open(&fresh)) {
            if let Formula::Atom(predicate, arguments) = part
                && predicate.places().is_some_and(|places| places > 1)
            {
                graphs.push((predicate, free_names(&arguments)?));
            }
        }
        rest = conclusion.open(&fresh);
    }
    let Formula::Atom(PredicateId::EQUAL, sides) = &rest else { return None };
    let [(one, first), (other, second)] = &graphs[..] else { return None };
    let value = first.len() - 2;
    let same = one == other && first.iter().zip(second).enumerate().all(|(place, (x, y))| place == value || x == y);
    let mut values = [first[value], second[value]];
    let mut equal = free_names(sides)?;
    values.sort();
    equal.sort();
    (same && equal == values && values[0] != values[1]).then(|| first[value + 1])
}

pub(super) fn conjuncts(formula: Formula) -> Vec<Formula> {
    match formula {
        Formula::And(left, right) => {
            let mut parts = conjuncts((*left).clone());
            parts.extend(conjuncts((*right).clone()));
            parts
        }
        other => vec![other],
    }
}
