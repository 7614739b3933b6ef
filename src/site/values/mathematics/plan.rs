//! Selects the steps of a proof to present, and the chains of equations that replace the others.

use std::collections::{BTreeSet, HashMap};

use theoremata_logic::calculus::proof::{Rule, ScopeId, StepId};

use super::equality::{Equality, Link};
use super::instance::Instance;
use super::term::Term;
use super::view::{View, conjuncts};

/// Chains with more links or equations are minimised.
const SHORT: usize = 4;

/// A presentable item: a step, or an equation that a rule requires where a step applies it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Key {
    /// A step.
    Step(StepId),
    /// The equation with this number among those that the step's rule requires.
    Asked(StepId, usize),
}

/// An equation from which chains are built.
pub(crate) struct Base {
    left: Term,
    right: Term,
    /// The scope in which it holds.
    scope: ScopeId,
    /// The step from which on it holds.
    from: usize,
    pub(crate) origin: Origin,
}

/// The origin of an equation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// An assumption of a scope.
    Assumed(ScopeId),
    /// An instance of a rule.
    Rule(StepId),
    /// A presented step.
    Step(StepId),
}

/// A chain between two equal terms.
pub(crate) struct Chain {
    pub(crate) first: Term,
    pub(crate) links: Vec<Link>,
}

/// The selected items.
pub(crate) struct Plan {
    pub(crate) bases: Vec<Base>,
    /// The equations to present.
    pub(crate) chains: HashMap<Key, Chain>,
    /// The steps to present as they are.
    pub(crate) facts: BTreeSet<StepId>,
    /// The presented steps and their dependencies.
    pub(crate) needed: Vec<bool>,
    /// The steps whose rule instances are used in chains: the premises of the rule are presented before them.
    pub(crate) applied: Vec<bool>,
}

impl Plan {
    /// Plans a proof, from its end backwards.
    pub(crate) fn of(view: &View<'_, '_>) -> Plan {
        let mut plan = Plan {
            bases: bases(view),
            chains: HashMap::new(),
            facts: BTreeSet::new(),
            needed: vec![false; view.proof.steps.len()],
            applied: vec![false; view.proof.steps.len()],
        };
        let mut wanted: Vec<StepId> = Vec::new();
        wanted.extend(view.proof.steps.len().checked_sub(1).map(|last| StepId(last as u32)));
        let mut used = BTreeSet::new();
        while let Some(id) = wanted.pop() {
            if std::mem::replace(&mut plan.needed[id.index()], true) {
                continue;
            }
            plan.step(view, id, &mut wanted);
            // The equations in the chains of this step have dependencies of their own.
            let mut chains: Vec<Key> =
                plan.chains.contains_key(&Key::Step(id)).then_some(Key::Step(id)).into_iter().collect();
            while let Some(key) = chains.pop() {
                let numbers: BTreeSet<usize> =
                    plan.chains[&key].links.iter().flat_map(|link| link.by.iter().copied()).collect();
                for number in numbers {
                    if used.insert(number) {
                        chains.extend(plan.base(view, number, &mut wanted));
                    }
                }
            }
        }
        plan
    }

    fn step(&mut self, view: &View<'_, '_>, id: StepId, wanted: &mut Vec<StepId>) {
        let step = view.step(id);
        if view.given.is_given[id.index()] {
            return;
        }
        match &step.rule {
            Rule::ExistsElimination(scope) => {
                wanted.push(step.premises[1]);
                if view.told[scope.index()] != super::view::Told::Melted {
                    wanted.push(step.premises[0]);
                }
                return;
            }
            Rule::AndIntroduction => return wanted.extend(&step.premises),
            Rule::Generalise(_) | Rule::Induction(_) => {
                if !view.goal[id.index()] && matches!(step.rule, Rule::Generalise(_)) {
                    self.facts.insert(id);
                }
                return wanted.extend(&step.premises);
            }
            Rule::Assumption(_) => return,
            _ if view.typing[id.index()] && !view.goal[id.index()] => return,
            _ => {}
        }
        if let Some((left, right)) = &view.equations[id.index()]
            && !is_told_itself(&step.rule)
            && let Some(links) = self.explain(view, id, id.index() + 1, left, right)
        {
            self.chains.insert(Key::Step(id), Chain { first: left.clone(), links });
            return;
        }
        let understood = |premise: &&StepId| !view.typing[premise.index()] && !view.given.anchors.contains(premise);
        match &step.rule {
            // Only the used part of a rule's conclusion is presented.
            Rule::AndLeft | Rule::AndRight
                if whole(view, id).is_some_and(|whole| matches!(view.step(whole).rule, Rule::Instantiate(_))) =>
            {
                self.facts.insert(id);
                let whole = whole(view, id).unwrap_or(id);
                wanted.extend(view.step(whole).premises.iter().filter(understood));
            }
            // The whole conjunction is presented, and the part with it.
            Rule::AndLeft | Rule::AndRight if !view.goal[id.index()] => wanted.extend(&step.premises),
            Rule::Congruence if view.math(&step.conclusion) == view.math(&view.step(step.premises[0]).conclusion) => {
                wanted.push(step.premises[0]);
            }
            _ => {
                self.facts.insert(id);
                wanted.extend(step.premises.iter().filter(understood));
            }
        }
    }

    /// Requests the dependencies of an equation in a chain.
    fn base(&mut self, view: &View<'_, '_>, number: usize, wanted: &mut Vec<StepId>) -> Vec<Key> {
        match self.bases[number].origin {
            Origin::Assumed(_) => Vec::new(),
            Origin::Step(id) => {
                wanted.push(id);
                Vec::new()
            }
            Origin::Rule(id) => {
                self.applied[id.index()] = true;
                let step = view.step(id);
                let instance = view.instance(step);
                wanted.extend(step.premises.first());
                wanted.extend(instance.steps.iter().filter(|premise| !view.typing[premise.index()]));
                self.asked(view, id, &instance, wanted)
            }
        }
    }

    /// Presents the equations that a rule requires, before it is applied.
    fn asked(&mut self, view: &View<'_, '_>, id: StepId, instance: &Instance, wanted: &mut Vec<StepId>) -> Vec<Key> {
        let mut keys = Vec::new();
        for (number, (left, right)) in instance.asks.iter().enumerate() {
            let key = Key::Asked(id, number);
            match self.explain(view, id, id.index(), left, right) {
                Some(links) => {
                    self.chains.insert(key, Chain { first: left.clone(), links });
                    keys.push(key);
                }
                None => wanted.extend(&view.step(id).premises[1..]),
            }
        }
        keys
    }

    /// The chain between two terms from the equations that hold at a step and precede `limit`.
    fn explain(&self, view: &View<'_, '_>, at: StepId, limit: usize, left: &Term, right: &Term) -> Option<Vec<Link>> {
        if left == right {
            return Some(Vec::new());
        }
        let scope = view.step(at).scope;
        let holds = |base: &Base| base.from < limit && view.sees(scope, base.scope) && base.origin != Origin::Step(at);
        let mut numbers: Vec<usize> = (0..self.bases.len()).filter(|number| holds(&self.bases[*number])).collect();
        let mut links = self.chain(&numbers, left, right)?;
        // A long chain may contain detours: unneeded equations are dropped, the latest first.
        let used = |links: &[Link]| -> BTreeSet<usize> { links.iter().flat_map(|link| link.by.clone()).collect() };
        numbers = used(&links).into_iter().collect();
        if links.len() > SHORT || numbers.len() > SHORT {
            for number in numbers.clone().into_iter().rev() {
                let fewer: Vec<usize> = numbers.iter().copied().filter(|other| *other != number).collect();
                if let Some(found) = self.chain(&fewer, left, right) {
                    links = found;
                    numbers = fewer;
                }
            }
        }
        Some(links)
    }

    fn chain(&self, numbers: &[usize], left: &Term, right: &Term) -> Option<Vec<Link>> {
        let mut equality = Equality::default();
        for number in numbers {
            let base = &self.bases[*number];
            equality.assume(&base.left, &base.right, *number);
        }
        equality.chain(left, right)
    }
}

/// Whether an equation that a step states is presented itself, instead of as a chain of others.
fn is_told_itself(rule: &Rule) -> bool {
    matches!(
        rule,
        Rule::Reductio(_) | Rule::Cases(..) | Rule::ExFalso | Rule::Unfold | Rule::Fold | Rule::NotIntroduction(_)
    )
}

/// The equations from which chains are built.
fn bases(view: &View<'_, '_>) -> Vec<Base> {
    let mut bases = Vec::new();
    let mut add = |equation: Option<(Term, Term)>, scope: ScopeId, from: usize, origin: Origin| {
        if let Some((left, right)) = equation
            && left != right
        {
            bases.push(Base { left, right, scope, from, origin });
        }
    };
    for (place, scope) in view.proof.scopes.iter().enumerate() {
        let id = ScopeId(place as u32);
        for part in scope.assumptions.iter().flat_map(conjuncts) {
            add(view.equation(&part, &view.values), id, 0, Origin::Assumed(id));
        }
    }
    for (place, step) in view.proof.steps.iter().enumerate() {
        let Some(equation) = view.equations[place].clone() else { continue };
        let id = StepId(place as u32);
        if view.given.is_given[place] {
            add(Some(equation), ScopeId::OUTER, 0, Origin::Step(id));
            continue;
        }
        match &step.rule {
            // Implied by other equations.
            Rule::Assumption(_) | Rule::Congruence | Rule::Reflexivity | Rule::AndIntroduction => {}
            Rule::Instantiate(_) => add(view.instance(step).equation, step.scope, place, Origin::Rule(id)),
            Rule::AndLeft | Rule::AndRight => match whole(view, id) {
                Some(id) if matches!(view.step(id).rule, Rule::Instantiate(_)) => {
                    add(Some(equation), step.scope, place, Origin::Rule(id));
                }
                Some(id) => add(Some(equation), step.scope, place, Origin::Step(id)),
                None => {}
            },
            _ => add(Some(equation), step.scope, place, Origin::Step(id)),
        }
    }
    bases
}

/// The step that states the conjunction of which this one is a part; `None` where the parts precede the whole.
pub(crate) fn whole(view: &View<'_, '_>, mut id: StepId) -> Option<StepId> {
    loop {
        match view.step(id).rule {
            Rule::AndLeft | Rule::AndRight => id = view.step(id).premises[0],
            Rule::AndIntroduction | Rule::Assumption(_) => return None,
            _ => return Some(id),
        }
    }
}
