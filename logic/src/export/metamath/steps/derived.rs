//! Rules of the calculus that take several kernel rules.

use crate::calculus::formula::{Formula, Name};
use crate::calculus::proof::{ScopeId, Step};

use super::super::arena::{Arena, Label, NodeId, Variable};
use super::super::signs::height;
use super::super::theory::{places, recursive};
use super::Writer;

impl Writer<'_, '_> {
    /// From `A(w)` and `B(w)` to `¬∀z (A → ¬B)`: the negated statement, at w, would refute B(w).
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
        let scope = step.scope;
        let (rule, proof) = self.specialised(inside, denied, assumed, witnesses, &mut |writer, witness| {
            let thing = writer.thing(witness, scope);
            let witness = writer.variable(witness);
            let is = writer.arena.is(witness);
            writer.weaker(list, is, denied, thing)
        });
        let [left, right] = self.arena.parts("w-imp", rule);
        let [fact] = self.arena.parts("w-not", right);
        let first = self.premise(step.premises[0], step.scope);
        let first = self.weaker(list, left, denied, first);
        let denial = self.modus_ponens(inside, left, right, proof, first);
        let second = self.premise(step.premises[1], step.scope);
        let second = self.weaker(list, fact, denied, second);
        self.arena.kernel("r-ni", &[list, denied, fact, second, denial])
    }

    /// From `¬∀z (A → ¬B)` and C under A and B to C: assume ¬C; then A and B contradict each other for all z, which was
    /// negated.
    pub(super) fn exists_elimination(
        &mut self,
        step: &Step,
        list: NodeId,
        conclusion: NodeId,
        scope: ScopeId,
    ) -> NodeId {
        let added = self.contexts[scope.index()].added.clone();
        let mut rule = self.premise(step.premises[1], scope);
        let mut formula = conclusion;
        for (before, part) in added.iter().rev() {
            rule = self.arena.kernel("r-ii", &[*before, *part, formula, rule]);
            formula = self.arena.implies(*part, formula);
        }
        let contrary = self.arena.not(conclusion);
        let mut here = self.arena.add(list, contrary);
        rule = self.weaker(list, formula, contrary, rule);
        let mut no = self.arena.kernel("r-hyp", &[list, contrary]);
        // The same conjuncts, with the negated goal assumed before them.
        let mut parts: Vec<(NodeId, NodeId)> = Vec::new();
        for (_, part) in &added {
            rule = self.weaker(here, formula, *part, rule);
            no = self.weaker(here, contrary, *part, no);
            parts.push((here, *part));
            here = self.arena.add(here, *part);
        }
        for (place, (before, part)) in parts.iter().enumerate() {
            let mut fact = self.arena.kernel("r-hyp", &[*before, *part]);
            for (before, later) in &parts[place + 1..] {
                fact = self.weaker(*before, *part, *later, fact);
            }
            let [left, right] = self.arena.parts("w-imp", formula);
            rule = self.modus_ponens(here, left, right, rule, fact);
            formula = right;
        }
        let [.., (with_things, left), (with_left, right)] = parts[..] else { unreachable!("checked") };
        let not_right = self.arena.not(right);
        let apart = self.arena.kernel("r-ni", &[with_left, right, conclusion, rule, no]);
        let apart = self.arena.kernel("r-ii", &[with_things, left, not_right, apart]);
        let body = self.arena.implies(left, not_right);
        let exists = self.conclusion(step.premises[0]);
        let [denied] = self.arena.parts("w-not", exists);
        let first = self.arena.add(list, contrary);
        let all = self.generalised(scope, first, body, apart, denied);
        let exists_proof = self.premise(step.premises[0], step.scope);
        let exists_proof = self.weaker(list, exists, contrary, exists_proof);
        self.arena.kernel("r-raa", &[list, conclusion, denied, all, exists_proof])
    }

    /// Under the equations alone both formulas are equivalent, whatever they bind; then the equations are discharged
    /// with their proofs.
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

    /// The arguments are in the order in which [`super::super::theory::variables`] declares the variables.
    pub(super) fn induction(&mut self, step: &Step, list: NodeId, conclusion: NodeId) -> NodeId {
        let signs = self.setting.signs;
        let [body, variable] = self.arena.parts("w-all", conclusion);
        let [_, property] = self.arena.parts("w-imp", body);
        let generated = self.conclusion(step.premises[0]);
        let Label::Atom(id) = self.arena.label(generated) else { unreachable!("checked") };
        let atom = signs.atom(id);
        let principle = self.setting.theory.generation(atom.predicate).expect("checked");
        let parameters = self.arena.arguments(generated).to_vec();
        let Formula::Implies(_, _, inner) = &step.conclusion else { unreachable!("checked") };
        let above = height(inner) + 1;
        let mut formulas = vec![property];
        let mut proofs = Vec::new();
        for constructor in principle.constructors.iter().filter(|constructor| constructor.arguments.is_empty()) {
            let (instance, same) = self.arena.renamed(property, variable, parameters[constructor.parameter]);
            formulas.push(instance);
            proofs.push(same);
        }
        // All constructors use the same argument names, but the first of two is further outside.
        let sort = self.arena.sort(variable);
        for distance in recursive(principle) {
            let argument = self.arena.variable(Variable::Bound(above + distance as u32, sort));
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
        for (place, sort) in places(signs, principle, atom).into_iter().skip(1) {
            arguments.push(self.arena.variable(Variable::Bound(above + place as u32 - 1, sort)));
        }
        arguments.extend(proofs);
        self.arena.node(Label::Induction(id), &arguments)
    }

    /// From C under A and C under ¬A to C: assume ¬C; then not A, so C.
    pub(super) fn cases(&mut self, step: &Step, list: NodeId, conclusion: NodeId, yes: ScopeId, no: ScopeId) -> NodeId {
        let (_, assumed) = self.contexts[yes.index()].assumptions()[0];
        let (_, denied) = self.contexts[no.index()].assumptions()[0];
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

/// From `left = right` to `right = left`: rewrites the first `left` in `left = left`.
fn symmetric(arena: &mut Arena, context: NodeId, left: NodeId, right: NodeId, proof: NodeId) -> NodeId {
    let same = arena.reflexive(context, left);
    let from = arena.equal(left, left);
    let to = arena.equal(right, left);
    let sort = arena.sort(left);
    let equivalence = arena.sorted("e-equal", sort, &[context, left, left, right, left, proof, same]);
    arena.kernel("r-fwd", &[context, from, to, equivalence, same])
}
