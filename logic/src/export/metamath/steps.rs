//! Translates the steps of a proof to applications of the kernel's rules.

mod derived;

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::calculus::formula::{Formula, Name};
use crate::calculus::proof::{Proof, Rule, ScopeId, Step, StepId, TheoremId};
use crate::calculus::theory::Theory;

use super::arena::{Arena, Label, NodeId, SortId, Variable};
use super::signs::Signs;

/// A scope as a list of assumptions.
struct Context {
    /// The list, including the assumptions of enclosing scopes.
    list: NodeId,
    /// For each variable of the scope whose existence is assumed, the index of that assumption in `added`.
    is: Vec<Option<usize>>,
    /// The formulas that the scope adds, each with the list before it: existence of variables, then its assumptions.
    added: Vec<(NodeId, NodeId)>,
}

impl Context {
    fn assumptions(&self) -> &[(NodeId, NodeId)] {
        &self.added[self.is.iter().flatten().count()..]
    }
}

/// A theorem that can be cited.
pub(super) struct Known {
    /// The bound variables of its statement, in order of declaration.
    pub(super) bound: Vec<Variable>,
    /// If it is also stated under the anchor, the free and bound variables of that form.
    pub(super) under: Option<Vec<Variable>>,
}

/// The context of a translation.
pub(super) struct Setting<'s> {
    pub(super) theory: &'s Theory,
    pub(super) signs: &'s Signs,
    /// The indices of the anchor's parameters that are assumed to exist together with the anchor.
    pub(super) things: &'s BTreeSet<u32>,
    /// For a cited theorem and its statement as cited: the instance number, and the theorem.
    pub(super) cited: &'s dyn Fn(TheoremId, &Formula) -> (u32, &'s Known),
    /// The number of the present theorem as shown to users, its instance, and its entry as a known theorem.
    pub(super) own: (u32, u32, &'s Known),
}

/// The nodes that prove a theorem.
pub(super) struct Proved {
    /// Its statement.
    pub(super) closed: NodeId,
    /// If it is about the anchor, the formula proved under it, with its proof under the list `{} , anchor`; the
    /// anchor's parameters are the first free variables.
    pub(super) under: Option<(NodeId, NodeId)>,
}

/// Translates the steps of one checked proof.
pub(super) fn translate(setting: &Setting<'_>, proof: &Proof, arena: &mut Arena) -> Proved {
    let mut variables: FxHashMap<Name, Variable> = FxHashMap::default();
    // The number of variables visible in a scope. Sibling scopes reuse the same ones.
    let mut known: Vec<u32> = Vec::with_capacity(proof.scopes.len());
    let mut homes: FxHashMap<Name, (ScopeId, usize)> = FxHashMap::default();
    for (place, scope) in proof.scopes.iter().enumerate() {
        let before = if place == 0 { 0 } else { known[scope.parent.index()] };
        for (number, name) in scope.variables.iter().enumerate() {
            let sort = setting.signs.sort(&proof.sorts[name.0 as usize]);
            variables.insert(*name, Variable::Free(before + number as u32, sort));
            homes.insert(*name, (ScopeId(place as u32), number));
        }
        known.push(before + scope.variables.len() as u32);
    }
    let is_under = |cited: TheoremId, as_cited: &Formula| (setting.cited)(cited, as_cited).1.under.is_some();
    let needed = things(setting.theory, proof, &is_under);
    let mut contexts: Vec<Context> = Vec::with_capacity(proof.scopes.len());
    for (place, scope) in proof.scopes.iter().enumerate() {
        let mut list = if place == 0 { arena.nothing() } else { contexts[scope.parent.index()].list };
        let anchor = is_anchor_scope(setting.theory, proof, ScopeId(place as u32));
        let (mut is, mut added) = (Vec::new(), Vec::new());
        for (place, name) in (0..).zip(&scope.variables) {
            let assumed = if anchor { setting.things.contains(&place) } else { needed.contains(name) };
            is.push(assumed.then_some(added.len()));
            if assumed {
                let variable = arena.variable(variables[name]);
                let formula = arena.is(variable);
                added.push((list, formula));
                list = arena.add(list, formula);
            }
        }
        for assumption in &scope.assumptions {
            let formula = arena.formula(setting.signs, assumption, &|name| variables[&name]);
            added.push((list, formula));
            list = arena.add(list, formula);
        }
        contexts.push(Context { list, is, added });
    }
    let things = FxHashMap::default();
    let mut writer = Writer { setting, proof, arena, variables, homes, contexts, things, proved: Vec::new() };
    for step in &proof.steps {
        let node = writer.step(step);
        writer.proved.push(node);
    }
    writer.finish()
}

/// The variables whose existence matters: those substituted for a quantified variable.
fn things(theory: &Theory, proof: &Proof, is_under: &dyn Fn(TheoremId, &Formula) -> bool) -> FxHashSet<Name> {
    let mut needed = FxHashSet::default();
    for step in &proof.steps {
        match &step.rule {
            Rule::Instantiate(values) => {
                let understood = citation(theory, proof, step, values, is_under);
                needed.extend(&values[understood.map_or(0, |(_, parameters)| parameters)..]);
            }
            Rule::ExistsIntroduction(values) => needed.extend(values),
            Rule::Comprehension { arguments, set, .. } => {
                let others = arguments.iter().enumerate().filter(|(place, _)| *place as u32 != *set);
                needed.extend(others.map(|(_, name)| name));
            }
            _ => {}
        }
    }
    needed
}

/// The indices of the anchor's parameters whose existence matters. `is_under` returns whether a theorem is stated under
/// the anchor too.
pub(super) fn anchor_things(
    theory: &Theory,
    proof: &Proof,
    is_under: &dyn Fn(TheoremId, &Formula) -> bool,
) -> BTreeSet<u32> {
    let needed = things(theory, proof, is_under);
    let anchors = (0..proof.scopes.len() as u32).map(ScopeId).filter(|id| is_anchor_scope(theory, proof, *id));
    let places = anchors.flat_map(|id| (0..).zip(&proof.scopes[id.index()].variables));
    places.filter(|(_, name)| needed.contains(name)).map(|(place, _)| place).collect()
}

/// Whether the proved theorem is stated under the anchor too.
pub(super) fn has_form_under(theory: &Theory, proof: &Proof) -> bool {
    let last = proof.steps.last().map(|step| &step.rule);
    matches!(last, Some(Rule::Generalise(scope)) if is_anchor_scope(theory, proof, *scope))
}

/// Whether the scope is a child of the outermost one and assumes exactly the anchor of its own variables, with the
/// anchor's sorts.
fn is_anchor_scope(theory: &Theory, proof: &Proof, id: ScopeId) -> bool {
    let scope = &proof.scopes[id.index()];
    let sorts = scope.variables.iter().map(|name| &proof.sorts[name.0 as usize]);
    id != ScopeId::OUTER
        && scope.parent == ScopeId::OUTER
        && matches!(&scope.assumptions[..], [only] if *only == Formula::atom(theory.anchor, scope.variables.clone()))
        && sorts.eq(&theory.predicate(theory.anchor).sorts)
}

/// For a step that applies a theorem to an enclosing assumption of the anchor: the scope of that assumption, and the
/// number of values that are its parameters.
fn citation(
    theory: &Theory,
    proof: &Proof,
    step: &Step,
    substitution: &[Name],
    is_under: &dyn Fn(TheoremId, &Formula) -> bool,
) -> Option<(ScopeId, usize)> {
    let [theorem, anchor, ..] = step.premises[..] else { return None };
    let theorem = &proof.steps[theorem.index()];
    let Rule::Theorem(cited) = theorem.rule else { return None };
    let mut outer = step.scope;
    while outer != ScopeId::OUTER && proof.scopes[outer.index()].parent != ScopeId::OUTER {
        outer = proof.scopes[outer.index()].parent;
    }
    let scope = &proof.scopes[outer.index()];
    let fits = is_anchor_scope(theory, proof, outer)
        && proof.steps[anchor.index()].conclusion == scope.assumptions[0]
        && substitution.starts_with(&scope.variables)
        && is_under(cited, &theorem.conclusion);
    fits.then_some((outer, scope.variables.len()))
}

struct Writer<'w, 's> {
    setting: &'w Setting<'s>,
    proof: &'w Proof,
    arena: &'w mut Arena,
    variables: FxHashMap<Name, Variable>,
    /// The scope of each variable, and its index there.
    homes: FxHashMap<Name, (ScopeId, usize)>,
    contexts: Vec<Context>,
    /// Proofs of existence of variables, in the scopes that needed them.
    things: FxHashMap<(Name, ScopeId), NodeId>,
    /// For each step, a proof of `list of its scope => conclusion`.
    proved: Vec<NodeId>,
}

impl Writer<'_, '_> {
    /// If the last step only discharges the anchor, derives the closed statement from the form under the anchor, as a
    /// separate theorem.
    fn finish(mut self) -> Proved {
        let closed = *self.proved.last().expect("a checked proof has steps");
        let last = self.proof.steps.last().expect("a checked proof has steps");
        let Rule::Generalise(scope) = last.rule else { return Proved { closed, under: None } };
        let Some(under) = &self.setting.own.2.under else { return Proved { closed, under: None } };
        let proof = self.premise(last.premises[0], scope);
        let derived = self.conclusion(last.premises[0]);
        let cited = self.variables(under);
        let cited = self.arena.node(Label::Under(self.setting.own.0, self.setting.own.1), &cited);
        let (before, assumed) = self.contexts[scope.index()].assumptions()[0];
        let rule = self.arena.kernel("r-ii", &[before, assumed, derived, cited]);
        let body = self.arena.implies(assumed, derived);
        let whole = self.formula(&last.conclusion);
        let nothing = self.arena.nothing();
        let closed = self.generalised(scope, nothing, body, rule, whole);
        Proved { closed, under: Some((derived, proof)) }
    }

    fn variables(&mut self, variables: &[Variable]) -> Vec<NodeId> {
        variables.iter().map(|variable| self.arena.variable(*variable)).collect()
    }

    fn formula(&mut self, formula: &Formula) -> NodeId {
        let variables = &self.variables;
        self.arena.formula(self.setting.signs, formula, &|name| variables[&name])
    }

    fn variable(&mut self, name: Name) -> NodeId {
        self.arena.variable(self.variables[&name])
    }

    fn conclusion(&mut self, step: StepId) -> NodeId {
        let proof = self.proof;
        self.formula(&proof.steps[step.index()].conclusion)
    }

    /// A proof of a step's conclusion in a scope inside the step's own.
    fn premise(&mut self, step: StepId, at: ScopeId) -> NodeId {
        let conclusion = self.conclusion(step);
        self.inside(self.proof.steps[step.index()].scope, at, conclusion, self.proved[step.index()])
    }

    /// Weakens a proof in scope `own` to scope `at` inside it.
    fn inside(&mut self, own: ScopeId, at: ScopeId, conclusion: NodeId, mut proof: NodeId) -> NodeId {
        let mut inner = Vec::new();
        let mut scope = at;
        while scope != own {
            inner.push(scope);
            scope = self.proof.scopes[scope.index()].parent;
        }
        for scope in inner.into_iter().rev() {
            for (list, added) in self.contexts[scope.index()].added.clone() {
                proof = self.arena.kernel("r-wk", &[list, conclusion, added, proof]);
            }
        }
        proof
    }

    /// Weakens `proof` of `list => formula` by one assumption.
    fn weaker(&mut self, list: NodeId, formula: NodeId, added: NodeId, proof: NodeId) -> NodeId {
        self.arena.kernel("r-wk", &[list, formula, added, proof])
    }

    /// Weakens a proof without assumptions to those of a list.
    fn up(&mut self, list: NodeId, formula: NodeId, proof: NodeId) -> NodeId {
        if list == self.arena.nothing() { proof } else { self.arena.kernel("r-up", &[list, formula, proof]) }
    }

    fn modus_ponens(&mut self, list: NodeId, left: NodeId, right: NodeId, rule: NodeId, fact: NodeId) -> NodeId {
        self.arena.kernel("r-mp", &[list, left, right, rule, fact])
    }

    /// A proof, in a scope, that a variable exists.
    fn thing(&mut self, name: Name, at: ScopeId) -> NodeId {
        if let Some(known) = self.things.get(&(name, at)) {
            return *known;
        }
        let (home, place) = self.homes[&name];
        let context = &self.contexts[home.index()];
        let place = context.is[place].expect("assumed of all of which it matters");
        let added = context.added.clone();
        let (before, formula) = added[place];
        let mut proof = self.arena.kernel("r-hyp", &[before, formula]);
        for (before, later) in &added[place + 1..] {
            proof = self.weaker(*before, formula, *later, proof);
        }
        let proof = self.inside(home, at, formula, proof);
        self.things.insert((name, at), proof);
        proof
    }

    /// From a proof of the body about the variables of a scope to a proof of `∀ variables body`, given as `whole`, in
    /// the list before the scope. The body is proved in that list or, if existence of variables is assumed, in that
    /// list extended by these assumptions.
    fn generalised(
        &mut self,
        scope: ScopeId,
        list: NodeId,
        mut body: NodeId,
        mut proof: NodeId,
        whole: NodeId,
    ) -> NodeId {
        let names = self.proof.scopes[scope.index()].variables.clone();
        let mut binders = Vec::new();
        let mut inner = whole;
        for _ in &names {
            let [below, binder] = self.arena.parts("w-all", inner);
            binders.push(binder);
            inner = below;
        }
        let mut lists = vec![list];
        for (place, name) in names.iter().enumerate() {
            let mut next = *lists.last().expect("one for each so far");
            if self.contexts[scope.index()].is[place].is_some() {
                let variable = self.variable(*name);
                let is = self.arena.is(variable);
                next = self.arena.add(next, is);
            }
            lists.push(next);
        }
        for (place, (name, binder)) in names.iter().zip(binders).enumerate().rev() {
            let variable = self.variable(*name);
            let (renamed, same) = self.arena.renamed(body, variable, binder);
            let rule = if self.contexts[scope.index()].is[place].is_some() { "r-all" } else { "r-gen" };
            let sort = self.arena.sort(variable);
            let arguments = [lists[place], body, renamed, variable, binder, same, proof];
            proof = self.arena.sorted(rule, sort, &arguments);
            body = self.arena.all(renamed, binder);
        }
        debug_assert_eq!(body, whole);
        proof
    }

    /// From `list => ∀ … body` to `list => body` at these values, one for each quantifier to eliminate; `things` proves
    /// their existence. Returns the formula and its proof.
    fn specialised(
        &mut self,
        list: NodeId,
        mut whole: NodeId,
        mut proof: NodeId,
        values: &[Name],
        things: &mut dyn FnMut(&mut Self, Name) -> NodeId,
    ) -> (NodeId, NodeId) {
        for value in values {
            let [body, binder] = self.arena.parts("w-all", whole);
            let thing = things(self, *value);
            let value = self.variable(*value);
            let (result, same) = self.arena.renamed(body, binder, value);
            let sort = self.arena.sort(value);
            proof = self.arena.sorted("r-spec", sort, &[list, body, result, binder, value, proof, same, thing]);
            whole = result;
        }
        (whole, proof)
    }

    fn step(&mut self, step: &Step) -> NodeId {
        let list = self.contexts[step.scope.index()].list;
        let conclusion = self.formula(&step.conclusion);
        let here = step.scope;
        match &step.rule {
            Rule::Assumption(number) => {
                let added = self.contexts[here.index()].assumptions().to_vec();
                let (before, formula) = added[*number as usize];
                let mut proof = self.arena.kernel("r-hyp", &[before, formula]);
                for (before, later) in added.into_iter().skip(*number as usize + 1) {
                    proof = self.weaker(before, formula, later, proof);
                }
                proof
            }
            Rule::Theorem(cited) => {
                let (instance, known) = (self.setting.cited)(*cited, &step.conclusion);
                let bound = self.variables(&known.bound);
                let proof = self.arena.node(Label::Theorem(cited.0 + 1, instance), &bound);
                self.up(list, conclusion, proof)
            }
            Rule::Generalise(scope) => {
                let (before, assumed) = self.contexts[scope.index()].assumptions()[0];
                let inner = self.premise(step.premises[0], *scope);
                let derived = self.conclusion(step.premises[0]);
                let proof = self.arena.kernel("r-ii", &[before, assumed, derived, inner]);
                let body = self.arena.implies(assumed, derived);
                self.generalised(*scope, list, body, proof, conclusion)
            }
            Rule::Instantiate(substitution) => self.instantiate(step, list, substitution),
            Rule::AndIntroduction => {
                let [left, right] = self.arena.parts("w-and", conclusion);
                let first = self.premise(step.premises[0], here);
                let second = self.premise(step.premises[1], here);
                self.arena.kernel("r-ai", &[list, left, right, first, second])
            }
            Rule::AndLeft | Rule::AndRight => {
                let both = self.conclusion(step.premises[0]);
                let [left, right] = self.arena.parts("w-and", both);
                let premise = self.premise(step.premises[0], here);
                let rule = if step.rule == Rule::AndLeft { "r-al" } else { "r-ar" };
                self.arena.kernel(rule, &[list, left, right, premise])
            }
            Rule::ExistsIntroduction(witnesses) => self.exists_introduction(step, list, conclusion, witnesses),
            Rule::ExistsElimination(scope) => self.exists_elimination(step, list, conclusion, *scope),
            Rule::NotIntroduction(scope) | Rule::Reductio(scope) => {
                let fact = self.conclusion(step.premises[0]);
                let first = self.premise(step.premises[0], *scope);
                let second = self.premise(step.premises[1], *scope);
                if matches!(step.rule, Rule::NotIntroduction(_)) {
                    let [assumed] = self.arena.parts("w-not", conclusion);
                    self.arena.kernel("r-ni", &[list, assumed, fact, first, second])
                } else {
                    self.arena.kernel("r-raa", &[list, conclusion, fact, first, second])
                }
            }
            Rule::ExFalso => {
                let fact = self.conclusion(step.premises[0]);
                let denial = self.conclusion(step.premises[1]);
                let contrary = self.arena.not(conclusion);
                let first = self.premise(step.premises[0], here);
                let second = self.premise(step.premises[1], here);
                let first = self.weaker(list, fact, contrary, first);
                let second = self.weaker(list, denial, contrary, second);
                self.arena.kernel("r-raa", &[list, conclusion, fact, first, second])
            }
            Rule::Reflexivity => {
                let [side, _] = self.arena.parts("w-equal", conclusion);
                self.arena.reflexive(list, side)
            }
            Rule::Congruence => self.congruence(step, list, conclusion),
            Rule::Unfold | Rule::Fold => {
                let premise = self.conclusion(step.premises[0]);
                let (atom, body) =
                    if step.rule == Rule::Unfold { (premise, conclusion) } else { (conclusion, premise) };
                let Label::Atom(id) = self.arena.label(atom) else { unreachable!("only atoms are unfolded") };
                let mut arguments = self.arena.arguments(atom).to_vec();
                arguments.extend(self.variables(&self.setting.signs.atom(id).bound));
                let definition = self.arena.node(Label::Definition(id), &arguments);
                let equivalence = self.arena.iff(atom, body);
                let definition = self.up(list, equivalence, definition);
                let proof = self.premise(step.premises[0], here);
                let rule = if step.rule == Rule::Unfold { "r-fwd" } else { "r-bwd" };
                self.arena.kernel(rule, &[list, atom, body, definition, proof])
            }
            Rule::Induction(_) => self.induction(step, list, conclusion),
            Rule::Cases(yes, no) => self.cases(step, list, conclusion, *yes, *no),
            Rule::Comprehension { predicate, arguments, set } => {
                let [denied] = self.arena.parts("w-not", conclusion);
                let [_, defined] = self.arena.parts("w-all", denied);
                let mut sorts: Vec<SortId> = Vec::new();
                let (mut nodes, mut things) = (vec![list], Vec::new());
                for (place, argument) in arguments.iter().enumerate() {
                    if place == *set as usize {
                        sorts.push(self.arena.sort(defined));
                        continue;
                    }
                    let variable = self.variable(*argument);
                    sorts.push(self.arena.sort(variable));
                    nodes.push(variable);
                    things.push(self.thing(*argument, here));
                }
                let id = self.setting.signs.atom_id(*predicate, sorts.into_iter());
                nodes.push(defined);
                nodes.extend(things);
                self.arena.node(Label::Comprehension(id, *set), &nodes)
            }
        }
    }

    fn instantiate(&mut self, step: &Step, list: NodeId, substitution: &[Name]) -> NodeId {
        let mut rest = substitution;
        let mut facts = &step.premises[1..];
        let steps = &self.proof.steps;
        let mut formula = &steps[step.premises[0].index()].conclusion;
        let (mut node, mut proof);
        match self.citation(step, substitution) {
            Some(cited) => {
                (node, proof) = cited;
                let Formula::Implies(binders, _, body) = formula else { unreachable!("a theorem under the anchor") };
                rest = &rest[binders.len()..];
                facts = &facts[1..];
                formula = body;
            }
            None => {
                node = self.conclusion(step.premises[0]);
                proof = self.premise(step.premises[0], step.scope);
            }
        }
        for premise in facts {
            let Formula::Implies(binders, _, conclusion) = formula else { unreachable!("checked") };
            let (values, others) = rest.split_at(binders.len());
            rest = others;
            (node, proof) =
                self.specialised(list, node, proof, values, &mut |writer, value| writer.thing(value, step.scope));
            let [left, right] = self.arena.parts("w-imp", node);
            let fact = self.premise(*premise, step.scope);
            proof = self.modus_ponens(list, left, right, proof, fact);
            node = right;
            formula = conclusion;
        }
        proof
    }

    /// For a step that applies a theorem to an enclosing assumption of the anchor: the theorem's statement under the
    /// anchor, and its proof in the step's scope.
    fn citation(&mut self, step: &Step, substitution: &[Name]) -> Option<(NodeId, NodeId)> {
        let setting = self.setting;
        let is_under = |cited: TheoremId, as_cited: &Formula| (setting.cited)(cited, as_cited).1.under.is_some();
        let (outer, _) = citation(setting.theory, self.proof, step, substitution, &is_under)?;
        let theorem = &self.proof.steps[step.premises[0].index()];
        let (Rule::Theorem(cited), Formula::Implies(_, _, body)) = (&theorem.rule, &theorem.conclusion) else {
            return None;
        };
        let (instance, known) = (setting.cited)(*cited, &theorem.conclusion);
        let arguments = self.variables(known.under.as_ref()?);
        let proof = self.arena.node(Label::Under(cited.0 + 1, instance), &arguments);
        let says = self.formula(&body.open(&self.proof.scopes[outer.index()].variables));
        Some((says, self.inside(outer, step.scope, says, proof)))
    }
}
