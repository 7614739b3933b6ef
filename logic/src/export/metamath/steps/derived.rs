//! Rules of the calculus that take several rules of the kernel.

use crate::calculus::formula::{Formula, Name};
use crate::calculus::proof::{ScopeId, Step};

use super::super::arena::{Arena, Label, NodeId, Variable};
use super::super::formulas::height;
use super::Writer;

impl Writer<'_> {
    /// From `A(w)` and `B(w)` to `¬∀z (A → ¬B)`: what is denied, taken at w, would deny B(w).
    pub(super) fn exists_introduction(
        &mut self,
        step: &Step,
        list: NodeId,
        conclusion: NodeId,
        witnesses: &[Name],
    ) -> NodeId {
        let [denied] = self.arena.parts("w-not", conclusion);
        let inside = self.arena.add(list, denied);
        let assumed = self.arena.kernel("r-hyp", &[list, denied]);
        let (rule, proof) = self.specialised(inside, denied, assumed, witnesses);
        let [left, right] = self.arena.parts("w-imp", rule);
        let [fact] = self.arena.parts("w-not", right);
        let first = self.premise(step.premises[0], step.scope);
        let first = self.weaker(list, left, denied, first);
        let denial = self.modus_ponens(inside, left, right, proof, first);
        let second = self.premise(step.premises[1], step.scope);
        let second = self.weaker(list, fact, denied, second);
        self.arena.kernel("r-ni", &[list, denied, fact, second, denial])
    }

    /// From `¬∀z (A → ¬B)` and C under A and B to C: suppose ¬C; then A and B contradict each other for
    /// all z, which was denied.
    pub(super) fn exists_elimination(
        &mut self,
        step: &Step,
        list: NodeId,
        conclusion: NodeId,
        scope: ScopeId,
    ) -> NodeId {
        let names = self.proof.scopes[scope.index()].variables.clone();
        let [(_, left), (with_left, right)] = self.contexts[scope.index()].added[..] else { unreachable!("checked") };
        let inner = self.premise(step.premises[1], scope);
        let inner = self.arena.kernel("r-ii", &[with_left, right, conclusion, inner]);
        let short = self.arena.implies(right, conclusion);
        let rule = self.arena.kernel("r-ii", &[list, left, short, inner]);
        let long = self.arena.implies(left, short);

        let contrary = self.arena.not(conclusion);
        let first = self.arena.add(list, contrary);
        let second = self.arena.add(first, left);
        let third = self.arena.add(second, right);
        let rule = self.weaker(list, long, contrary, rule);
        let rule = self.weaker(first, long, left, rule);
        let rule = self.weaker(second, long, right, rule);
        let has_left = self.arena.kernel("r-hyp", &[first, left]);
        let has_left = self.weaker(second, left, right, has_left);
        let has_right = self.arena.kernel("r-hyp", &[second, right]);
        let rule = self.modus_ponens(third, left, short, rule, has_left);
        let yes = self.modus_ponens(third, right, conclusion, rule, has_right);
        let no = self.arena.kernel("r-hyp", &[list, contrary]);
        let no = self.weaker(first, contrary, left, no);
        let no = self.weaker(second, contrary, right, no);
        let not_right = self.arena.not(right);
        let apart = self.arena.kernel("r-ni", &[second, right, conclusion, yes, no]);
        let apart = self.arena.kernel("r-ii", &[first, left, not_right, apart]);
        let body = self.arena.implies(left, not_right);
        let exists = self.conclusion(step.premises[0]);
        let [denied] = self.arena.parts("w-not", exists);
        let all = self.generalised(first, body, apart, &names, denied);
        let exists_proof = self.premise(step.premises[0], step.scope);
        let exists_proof = self.weaker(list, exists, contrary, exists_proof);
        self.arena.kernel("r-raa", &[list, conclusion, denied, all, exists_proof])
    }

    /// Under the equations alone both formulas are equivalent, whatever they bind; then the equations
    /// are discharged and given.
    pub(super) fn congruence(&mut self, step: &Step, list: NodeId, conclusion: NodeId) -> NodeId {
        let (source, equations) = step.premises.split_first().expect("checked");
        let source_node = self.conclusion(*source);
        let source_proof = self.premise(*source, step.scope);
        if source_node == conclusion {
            return source_proof;
        }
        let mut assumed: Vec<(NodeId, NodeId)> = Vec::new();
        let mut context = self.arena.nothing();
        for equation in equations {
            let equation = self.conclusion(*equation);
            assumed.push((context, equation));
            context = self.arena.add(context, equation);
        }
        let lists = assumed.clone();
        let mut equal = |arena: &mut Arena, from: NodeId, to: NodeId| {
            for (place, (before, equation)) in lists.iter().enumerate() {
                let [left, right] = arena.parts("w-equal", *equation);
                if (left, right) != (from, to) && (left, right) != (to, from) {
                    continue;
                }
                let mut proof = arena.kernel("r-hyp", &[*before, *equation]);
                for (before, later) in &lists[place + 1..] {
                    proof = arena.kernel("r-wk", &[*before, *equation, *later, proof]);
                }
                return if left == from { proof } else { symmetric(arena, context, left, right, proof) };
            }
            unreachable!("the checker found an equation for each place")
        };
        let mut proof = self.arena.equivalent(context, source_node, conclusion, &mut equal);
        let mut formula = self.arena.iff(source_node, conclusion);
        for (before, equation) in assumed.iter().rev() {
            proof = self.arena.kernel("r-ii", &[*before, *equation, formula, proof]);
            formula = self.arena.implies(*equation, formula);
        }
        proof = self.up(list, formula, proof);
        for equation in equations {
            let [left, right] = self.arena.parts("w-imp", formula);
            let fact = self.premise(*equation, step.scope);
            proof = self.modus_ponens(list, left, right, proof, fact);
            formula = right;
        }
        self.arena.kernel("r-fwd", &[list, source_node, conclusion, proof, source_proof])
    }

    /// The arguments come in the order in which [`super::super::theory::induction`] declares the variables.
    pub(super) fn induction(&mut self, step: &Step, list: NodeId, conclusion: NodeId, number: u32) -> NodeId {
        let principle = &self.theory.inductions[number as usize];
        let [body, variable] = self.arena.parts("w-all", conclusion);
        let [_, property] = self.arena.parts("w-imp", body);
        let structure = self.conclusion(step.premises[0]);
        let parameters = self.arena.arguments(structure).to_vec();
        let Formula::Implies(_, _, inner) = &step.conclusion else { unreachable!("checked") };
        let above = height(inner) + 1;
        let most = principle.constructors.iter().map(|constructor| constructor.arguments.len()).max().unwrap_or(0);
        let mut formulas = vec![property];
        let mut proofs = Vec::new();
        let mut extra = Vec::new();
        for constructor in principle.constructors.iter().filter(|constructor| constructor.arguments.is_empty()) {
            let (instance, same) = self.arena.renamed(property, variable, parameters[constructor.parameter]);
            formulas.push(instance);
            proofs.push(same);
        }
        for place in 0..most {
            // All constructors name their arguments alike, but the first of two stands further out.
            let argument = self.arena.variable(Variable::Bound(above + place as u32));
            extra.push(argument);
            let (instance, same) = self.arena.renamed(property, variable, argument);
            formulas.push(instance);
            proofs.push(same);
        }
        for premise in &step.premises {
            proofs.push(self.premise(*premise, step.scope));
        }
        let mut arguments = vec![list];
        arguments.extend(formulas);
        arguments.extend(parameters);
        arguments.push(variable);
        arguments.extend(extra);
        arguments.extend(proofs);
        self.arena.node(Label::Induction(number), &arguments)
    }

    /// From C under A and C under ¬A to C: suppose ¬C; then not A, so C.
    pub(super) fn cases(&mut self, step: &Step, list: NodeId, conclusion: NodeId, yes: ScopeId, no: ScopeId) -> NodeId {
        let (_, assumed) = self.contexts[yes.index()].added[0];
        let (_, denied) = self.contexts[no.index()].added[0];
        let first = self.premise(step.premises[0], yes);
        let first = self.arena.kernel("r-ii", &[list, assumed, conclusion, first]);
        let second = self.premise(step.premises[1], no);
        let second = self.arena.kernel("r-ii", &[list, denied, conclusion, second]);
        let if_so = self.arena.implies(assumed, conclusion);
        let if_not = self.arena.implies(denied, conclusion);

        let contrary = self.arena.not(conclusion);
        let outer = self.arena.add(list, contrary);
        let inner = self.arena.add(outer, assumed);
        let supposed = self.arena.kernel("r-hyp", &[list, contrary]);
        let first = self.weaker(list, if_so, contrary, first);
        let first = self.weaker(outer, if_so, assumed, first);
        let fact = self.arena.kernel("r-hyp", &[outer, assumed]);
        let reached = self.modus_ponens(inner, assumed, conclusion, first, fact);
        let supposed_inside = self.weaker(outer, contrary, assumed, supposed);
        let apart = self.arena.kernel("r-ni", &[outer, assumed, conclusion, reached, supposed_inside]);
        let second = self.weaker(list, if_not, contrary, second);
        let reached = self.modus_ponens(outer, denied, conclusion, second, apart);
        self.arena.kernel("r-raa", &[list, conclusion, conclusion, reached, supposed])
    }
}

/// From `left = right` to `right = left`: put right for the first left in `left = left`.
fn symmetric(arena: &mut Arena, context: NodeId, left: NodeId, right: NodeId, proof: NodeId) -> NodeId {
    let same = arena.kernel("r-refl", &[context, left]);
    let from = arena.equal(left, left);
    let to = arena.equal(right, left);
    let equivalence = arena.kernel("e-equal", &[context, left, left, right, left, proof, same]);
    arena.kernel("r-fwd", &[context, from, to, equivalence, same])
}
