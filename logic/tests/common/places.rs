//! Positions in proofs and formulas: written for the tests alone, independently of the checker under test.

use std::sync::Arc;

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, Step, StepId};

/// Whether `outer` is `inner` or encloses it.
pub fn encloses(proof: &Proof, outer: ScopeId, inner: ScopeId) -> bool {
    let mut scope = inner;
    loop {
        if scope == outer {
            return true;
        }
        if scope == ScopeId::OUTER {
            return false;
        }
        scope = proof.scopes[scope.index()].parent;
    }
}

/// The variables of a scope and of enclosing ones.
pub fn visible(proof: &Proof, scope: ScopeId) -> Vec<Name> {
    let scopes = proof.scopes.iter().enumerate();
    scopes
        .filter(|(place, _)| encloses(proof, ScopeId(*place as u32), scope))
        .flat_map(|(_, scope)| scope.variables.iter().copied())
        .collect()
}

/// A variable introduced elsewhere.
pub fn invisible(proof: &Proof, scope: ScopeId) -> Option<Name> {
    let known = visible(proof, scope);
    proof.scopes.iter().flat_map(|scope| &scope.variables).copied().find(|name| !known.contains(name))
}

/// The cyclically next name.
pub fn another(names: &[Name], name: Name) -> Option<Name> {
    let place = names.iter().position(|known| *known == name)?;
    Some(names[(place + 1) % names.len()]).filter(|other| *other != name)
}

/// All formulas that result from replacing one subformula; `change` gets the subformula and the number of variables
/// bound around it.
pub fn one_place(formula: &Formula, change: &dyn Fn(&Formula, u32) -> Vec<Formula>) -> Vec<Formula> {
    fn walk(formula: &Formula, depth: u32, change: &dyn Fn(&Formula, u32) -> Vec<Formula>) -> Vec<Formula> {
        let mut all = change(formula, depth);
        match formula {
            Formula::Atom(..) => {}
            Formula::Not(inner) => all.extend(walk(inner, depth, change).into_iter().map(Formula::negate)),
            Formula::And(left, right) => {
                all.extend(walk(left, depth, change).into_iter().map(|new| Formula::And(Arc::new(new), right.clone())));
                all.extend(walk(right, depth, change).into_iter().map(|new| Formula::And(left.clone(), Arc::new(new))));
            }
            Formula::Implies(binders, left, right) => {
                let depth = depth + binders.len() as u32;
                let lefts = walk(left, depth, change).into_iter();
                all.extend(lefts.map(|new| Formula::Implies(binders.clone(), Arc::new(new), right.clone())));
                let rights = walk(right, depth, change).into_iter();
                all.extend(rights.map(|new| Formula::Implies(binders.clone(), left.clone(), Arc::new(new))));
            }
        }
        all
    }
    walk(formula, 0, change)
}

/// Replacements for an atom, given the number of variables bound around it.
pub type ChangeAtom<'c> = &'c dyn Fn(PredicateId, &[Variable], u32) -> Vec<Formula>;

/// [`one_place`] for atoms only.
pub fn atoms(formula: &Formula, change: ChangeAtom<'_>) -> Vec<Formula> {
    one_place(formula, &|part, depth| match part {
        Formula::Atom(predicate, arguments) => change(*predicate, arguments, depth),
        _ => Vec::new(),
    })
}

/// [`one_place`] for single occurrences of free variables.
pub fn occurrences(formula: &Formula, change: &dyn Fn(Name, u32) -> Option<Variable>) -> Vec<Formula> {
    atoms(formula, &|predicate, arguments, depth| {
        let mut all = Vec::new();
        for (place, argument) in arguments.iter().enumerate() {
            if let Variable::Free(name) = argument
                && let Some(new) = change(*name, depth)
            {
                let mut arguments = arguments.to_vec();
                arguments[place] = new;
                all.push(Formula::Atom(predicate, arguments.into()));
            }
        }
        all
    })
}

/// The scopes discharged by a rule.
pub fn parts_of_scope(rule: &Rule) -> Vec<ScopeId> {
    match rule {
        Rule::Generalise(scope)
        | Rule::ExistsElimination(scope)
        | Rule::NotIntroduction(scope)
        | Rule::Reductio(scope) => vec![*scope],
        Rule::Cases(yes, no) => vec![*yes, *no],
        _ => Vec::new(),
    }
}

/// The proof in which a scope introduces `new` instead of `old`, renamed throughout.
pub fn rename(proof: &Proof, scope: ScopeId, old: Name, new: Name) -> Proof {
    let mut copy = proof.clone();
    let change = |name: Name| if name == old { new } else { name };
    let inside = |inner: ScopeId| encloses(proof, scope, inner);
    for (place, inner) in copy.scopes.iter_mut().enumerate() {
        if inside(ScopeId(place as u32)) {
            inner.variables.iter_mut().for_each(|name| *name = change(*name));
            inner.assumptions.iter_mut().for_each(|formula| *formula = formula.substitute(&mut |name| change(name)));
        }
    }
    for step in copy.steps.iter_mut().filter(|step| inside(step.scope)) {
        step.conclusion = step.conclusion.substitute(&mut |name| change(name));
        if let Rule::Instantiate(names) | Rule::ExistsIntroduction(names) = &mut step.rule {
            names.iter_mut().for_each(|name| *name = change(*name));
        }
    }
    copy
}

/// A formula as a sequence of symbols and variables: formulas of the same shape differ in variables only.
fn flat(formula: &Formula, signs: &mut Vec<String>, variables: &mut Vec<Variable>) {
    match formula {
        Formula::Atom(predicate, arguments) => {
            signs.push(format!("{}/{}", predicate.0, arguments.len()));
            variables.extend(&**arguments);
        }
        Formula::Not(inner) => {
            signs.push("not".into());
            flat(inner, signs, variables);
        }
        Formula::And(left, right) => {
            signs.push("and".into());
            flat(left, signs, variables);
            flat(right, signs, variables);
        }
        Formula::Implies(binders, left, right) => {
            signs.push(format!("all {}", binders.len()));
            flat(left, signs, variables);
            flat(right, signs, variables);
        }
    }
}

/// Whether a congruence step replaces only what its equations say is equal.
pub fn congruent(proof: &Proof, step: &Step) -> bool {
    let formulas: Vec<&Formula> =
        step.premises.iter().map(|premise| &proof.steps[premise.index()].conclusion).collect();
    let Some((source, equations)) = formulas.split_first() else { return false };
    let (mut left, mut right) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    flat(source, &mut left.0, &mut left.1);
    flat(&step.conclusion, &mut right.0, &mut right.1);
    let equal = |one: Variable, other: Variable| {
        one == other
            || equations.iter().any(|equation| {
                matches!(equation, Formula::Atom(PredicateId::EQUAL, sides)
                    if **sides == [one, other] || **sides == [other, one])
            })
    };
    left.0 == right.0 && left.1.iter().zip(&right.1).all(|(one, other)| equal(*one, *other))
}

/// The proof without the steps that its conclusion does not depend on.
pub fn pruned(proof: &Proof) -> Proof {
    let mut needed = vec![false; proof.steps.len()];
    if let Some(last) = needed.last_mut() {
        *last = true;
    }
    for place in (0..proof.steps.len()).rev() {
        if needed[place] {
            for premise in &proof.steps[place].premises {
                needed[premise.index()] = true;
            }
        }
    }
    let mut new = vec![StepId(0); proof.steps.len()];
    let mut steps: Vec<Step> = Vec::new();
    for (place, step) in proof.steps.iter().enumerate().filter(|(place, _)| needed[*place]) {
        new[place] = StepId(steps.len() as u32);
        let premises = step.premises.iter().map(|premise| new[premise.index()]).collect();
        steps.push(Step { premises, ..step.clone() });
    }
    Proof { steps, ..proof.clone() }
}
