//! The steps of a proof as applications of the kernel's rules.

mod derived;

use rustc_hash::FxHashMap;

use crate::calculus::formula::{Formula, Name};
use crate::calculus::proof::{Proof, Rule, ScopeId, Step, StepId};
use crate::calculus::theory::Theory;

use super::arena::{Arena, Label, NodeId, Variable};
use super::formulas::height;

/// A scope as a list of assumptions.
struct Context {
    /// The list, with what is assumed around the scope.
    list: NodeId,
    /// The scope's own assumptions, each with the list before it.
    added: Vec<(NodeId, NodeId)>,
}

/// A theorem that can be cited.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// How many bound variables its statement has.
    pub(super) bound: u32,
    /// Whether there is also its form under the anchor.
    pub(super) under: bool,
}

/// The nodes that prove a theorem.
pub(super) struct Proved {
    /// Its statement.
    pub(super) closed: NodeId,
    /// If it is about the anchor, what is proved under it: the formula, and its proof under the list
    /// `{} , anchor`, whose parameters are the first free variables.
    pub(super) under: Option<(NodeId, NodeId)>,
}

/// Writes the steps of one checked proof.
pub(super) fn translate(
    theory: &Theory,
    proof: &Proof,
    cited: &dyn Fn(u32) -> Known,
    number: u32,
    arena: &mut Arena,
) -> Proved {
    let mut variables: FxHashMap<Name, Variable> = FxHashMap::default();
    // How many variables are known in a scope. Scopes side by side use the same ones again.
    let mut known: Vec<u32> = Vec::with_capacity(proof.scopes.len());
    for (place, scope) in proof.scopes.iter().enumerate() {
        let before = if place == 0 { 0 } else { known[scope.parent.index()] };
        for (number, name) in scope.variables.iter().enumerate() {
            variables.insert(*name, Variable::Free(before + number as u32));
        }
        known.push(before + scope.variables.len() as u32);
    }
    let mut contexts: Vec<Context> = Vec::with_capacity(proof.scopes.len());
    for (place, scope) in proof.scopes.iter().enumerate() {
        let mut list = if place == 0 { arena.nothing() } else { contexts[scope.parent.index()].list };
        let mut added = Vec::new();
        for assumption in &scope.assumptions {
            let formula = arena.formula(assumption, &|name| variables[&name]);
            added.push((list, formula));
            list = arena.add(list, formula);
        }
        contexts.push(Context { list, added });
    }
    let mut writer = Writer { theory, proof, cited, arena, variables, contexts, proved: Vec::new() };
    for step in &proof.steps {
        let node = writer.step(step);
        writer.proved.push(node);
    }
    writer.finish(number)
}

/// The scope that assumes the anchor of its own variables and nothing around it, if it is one.
fn is_anchor_scope(theory: &Theory, proof: &Proof, id: ScopeId) -> bool {
    let scope = &proof.scopes[id.index()];
    id != ScopeId::OUTER
        && scope.parent == ScopeId::OUTER
        && matches!(&scope.assumptions[..], [only] if *only == Formula::atom(theory.anchor, scope.variables.clone()))
}

struct Writer<'w> {
    theory: &'w Theory,
    proof: &'w Proof,
    cited: &'w dyn Fn(u32) -> Known,
    arena: &'w mut Arena,
    variables: FxHashMap<Name, Variable>,
    contexts: Vec<Context>,
    /// For each step a proof of `list of its scope => conclusion`.
    proved: Vec<NodeId>,
}

impl Writer<'_> {
    /// Where the last step only closes what was proved under the anchor, the closed statement follows from
    /// that, as a theorem of its own.
    fn finish(mut self, number: u32) -> Proved {
        let closed = *self.proved.last().expect("a checked proof has steps");
        let last = self.proof.steps.last().expect("a checked proof has steps");
        let Rule::Generalise(scope) = last.rule else { return Proved { closed, under: None } };
        if !is_anchor_scope(self.theory, self.proof, scope) {
            return Proved { closed, under: None };
        }
        let proof = self.premise(last.premises[0], scope);
        let derived = self.conclusion(last.premises[0]);
        let Formula::Implies(_, _, body) = &last.conclusion else { unreachable!("checked") };
        let cited = self.under(number, height(body));
        let (before, assumed) = self.contexts[scope.index()].added[0];
        let rule = self.arena.kernel("r-ii", &[before, assumed, derived, cited]);
        let body = self.arena.implies(assumed, derived);
        let whole = self.formula(&last.conclusion);
        let names = self.proof.scopes[scope.index()].variables.clone();
        let closed = self.generalised(before, body, rule, &names, whole);
        Proved { closed, under: Some((derived, proof)) }
    }

    /// The theorem with this number under the anchor, the formula having `bound` bound variables.
    fn under(&mut self, number: u32, bound: u32) -> NodeId {
        let parameters = self.theory.predicate(self.theory.anchor).sorts.len() as u32;
        let free = (0..parameters).map(Variable::Free);
        let arguments: Vec<NodeId> =
            free.chain((0..bound).map(Variable::Bound)).map(|variable| self.arena.variable(variable)).collect();
        self.arena.node(Label::Under(number), &arguments)
    }

    fn formula(&mut self, formula: &Formula) -> NodeId {
        let variables = &self.variables;
        self.arena.formula(formula, &|name| variables[&name])
    }

    fn variable(&mut self, name: Name) -> NodeId {
        self.arena.variable(self.variables[&name])
    }

    fn conclusion(&mut self, step: StepId) -> NodeId {
        let proof = self.proof;
        self.formula(&proof.steps[step.index()].conclusion)
    }

    /// A proof of what a step concludes under the assumptions of a scope inside of the step's own.
    fn premise(&mut self, step: StepId, at: ScopeId) -> NodeId {
        let conclusion = self.conclusion(step);
        self.inside(self.proof.steps[step.index()].scope, at, conclusion, self.proved[step.index()])
    }

    /// A proof in a scope, of the same in a scope inside of it.
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

    /// `proof` of `list => formula`, under one assumption more.
    fn weaker(&mut self, list: NodeId, formula: NodeId, added: NodeId, proof: NodeId) -> NodeId {
        self.arena.kernel("r-wk", &[list, formula, added, proof])
    }

    /// A proof under no assumptions, under those of a list.
    fn up(&mut self, list: NodeId, formula: NodeId, proof: NodeId) -> NodeId {
        if list == self.arena.nothing() { proof } else { self.arena.kernel("r-up", &[list, formula, proof]) }
    }

    fn modus_ponens(&mut self, list: NodeId, left: NodeId, right: NodeId, rule: NodeId, fact: NodeId) -> NodeId {
        self.arena.kernel("r-mp", &[list, left, right, rule, fact])
    }

    /// From `list => body` to `list => ∀ variables body`, whose form is given.
    fn generalised(
        &mut self,
        list: NodeId,
        mut body: NodeId,
        mut proof: NodeId,
        names: &[Name],
        whole: NodeId,
    ) -> NodeId {
        let mut binders = Vec::new();
        let mut inner = whole;
        for _ in names {
            let [below, binder] = self.arena.parts("w-all", inner);
            binders.push(binder);
            inner = below;
        }
        for (name, binder) in names.iter().zip(binders).rev() {
            let variable = self.variable(*name);
            let (renamed, same) = self.arena.renamed(body, variable, binder);
            proof = self.arena.kernel("r-gen", &[list, body, renamed, variable, binder, proof, same]);
            body = self.arena.kernel("w-all", &[renamed, binder]);
        }
        debug_assert_eq!(body, whole);
        proof
    }

    /// From `list => ∀ … body` to `list => body` with these values, as many as there are quantifiers to
    /// take away. Gives the formula and its proof.
    fn specialised(&mut self, list: NodeId, mut whole: NodeId, mut proof: NodeId, values: &[Name]) -> (NodeId, NodeId) {
        for value in values {
            let [body, binder] = self.arena.parts("w-all", whole);
            let value = self.variable(*value);
            let (result, same) = self.arena.renamed(body, binder, value);
            proof = self.arena.kernel("r-spec", &[list, body, result, binder, value, proof, same]);
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
                let added = self.contexts[here.index()].added.clone();
                let (before, formula) = added[*number as usize];
                let mut proof = self.arena.kernel("r-hyp", &[before, formula]);
                for (before, later) in added.into_iter().skip(*number as usize + 1) {
                    proof = self.weaker(before, formula, later, proof);
                }
                proof
            }
            Rule::Theorem(cited) => {
                let bound: Vec<NodeId> = (0..(self.cited)(cited.0).bound)
                    .map(|number| self.arena.variable(Variable::Bound(number)))
                    .collect();
                let proof = self.arena.node(Label::Theorem(cited.0 + 1), &bound);
                self.up(list, conclusion, proof)
            }
            Rule::Generalise(scope) => {
                let (before, assumed) = self.contexts[scope.index()].added[0];
                let inner = self.premise(step.premises[0], *scope);
                let derived = self.conclusion(step.premises[0]);
                let proof = self.arena.kernel("r-ii", &[before, assumed, derived, inner]);
                let body = self.arena.implies(assumed, derived);
                let names = self.proof.scopes[scope.index()].variables.clone();
                self.generalised(list, body, proof, &names, conclusion)
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
                self.arena.kernel("r-refl", &[list, side])
            }
            Rule::Congruence => self.congruence(step, list, conclusion),
            Rule::Unfold | Rule::Fold => {
                let premise = self.conclusion(step.premises[0]);
                let (atom, body) =
                    if step.rule == Rule::Unfold { (premise, conclusion) } else { (conclusion, premise) };
                let Label::Atom(predicate) = self.arena.label(atom) else { unreachable!("only atoms are unfolded") };
                let mut arguments = self.arena.arguments(atom).to_vec();
                let definition = self.theory.predicate(predicate).definition.as_ref();
                let bound = definition.map_or(0, |definition| height(&definition.body));
                arguments.extend((0..bound).map(|number| self.arena.variable(Variable::Bound(number))));
                let definition = self.arena.node(Label::Definition(predicate), &arguments);
                let equivalence = self.arena.iff(atom, body);
                let definition = self.up(list, equivalence, definition);
                let proof = self.premise(step.premises[0], here);
                let rule = if step.rule == Rule::Unfold { "r-fwd" } else { "r-bwd" };
                self.arena.kernel(rule, &[list, atom, body, definition, proof])
            }
            Rule::Induction(number) => self.induction(step, list, conclusion, *number),
            Rule::Cases(yes, no) => self.cases(step, list, conclusion, *yes, *no),
            Rule::Comprehension { predicate, arguments, set } => {
                let mut nodes: Vec<NodeId> = Vec::new();
                for (place, argument) in arguments.iter().enumerate() {
                    if place != *set as usize {
                        nodes.push(self.variable(*argument));
                    }
                }
                nodes.push(self.arena.variable(Variable::Bound(0)));
                let proof = self.arena.node(Label::Comprehension(*predicate, *set), &nodes);
                self.up(list, conclusion, proof)
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
            (node, proof) = self.specialised(list, node, proof, values);
            let [left, right] = self.arena.parts("w-imp", node);
            let fact = self.premise(*premise, step.scope);
            proof = self.modus_ponens(list, left, right, proof, fact);
            node = right;
            formula = conclusion;
        }
        proof
    }

    /// If a step applies a theorem to the anchor that is assumed around it: what the theorem says under
    /// the anchor, and its proof in the step's scope.
    fn citation(&mut self, step: &Step, substitution: &[Name]) -> Option<(NodeId, NodeId)> {
        let [theorem, anchor, ..] = step.premises[..] else { return None };
        let Rule::Theorem(cited) = self.proof.steps[theorem.index()].rule else { return None };
        if !(self.cited)(cited.0).under {
            return None;
        }
        let mut outer = step.scope;
        while outer != ScopeId::OUTER && self.proof.scopes[outer.index()].parent != ScopeId::OUTER {
            outer = self.proof.scopes[outer.index()].parent;
        }
        let scope = &self.proof.scopes[outer.index()];
        if !is_anchor_scope(self.theory, self.proof, outer)
            || self.proof.steps[anchor.index()].conclusion != scope.assumptions[0]
            || !substitution.starts_with(&scope.variables)
        {
            return None;
        }
        let Formula::Implies(_, _, body) = &self.proof.steps[theorem.index()].conclusion else { return None };
        let body = body.open(&scope.variables);
        let cited = self.under(cited.0 + 1, height(&body));
        let says = self.formula(&body);
        Some((says, self.inside(outer, step.scope, says, cited)))
    }
}
