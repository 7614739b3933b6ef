//! From a rule and the facts that matched it to the steps of elimination that give its instance.

use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::proof::{Rule as Inference, StepId, TheoremId};
use crate::clauses::clause::RelationId;
use crate::clauses::compile::{Justification, Move, NodeId, Start};
use crate::saturation::rule::{Code, Rule};

use super::Writer;

impl Writer<'_> {
    /// Walks the way from known formulas to an instance of a rule.
    pub(super) fn justify(&mut self, rule: &Rule, depth: usize, binding: &[Name], premises: &[StepId]) -> StepId {
        let justification = rule.justification.as_ref().expect("a rule that derives has a reason");
        self.walk(justification, depth, binding, premises)
    }

    pub(super) fn walk(
        &mut self,
        justification: &Justification,
        depth: usize,
        binding: &[Name],
        premises: &[StepId],
    ) -> StepId {
        let mut variable = 0;
        let mut next = 0;
        let mut at_anchor = false;
        let mut step = match justification.start {
            Start::Node(node) => self.node(node),
            Start::Hypothesis(number) => self.givens[depth][number as usize],
            Start::Theorem(theorem) => {
                at_anchor = true;
                self.theorem(theorem)
            }
            Start::Unfold(relation) => {
                next = 1;
                variable = self.compiled.signature.relations[relation.index()].arity;
                premises[0]
            }
            Start::Same => return premises[0],
            Start::Fold(relation) => return self.fold(relation, binding, premises),
        };
        let mut formula = self.conclusion(step).clone();
        let mut substitution: Vec<Name> = Vec::new();
        let mut facts = vec![step];
        for action in &justification.moves {
            if *action == Move::Apply {
                let Formula::Implies(binders, premise, conclusion) = &formula else {
                    unreachable!("the way was recorded")
                };
                let arguments: Vec<Name> = if std::mem::take(&mut at_anchor) {
                    facts.push(self.nodes[&NodeId(0)]);
                    self.anchor.clone()
                } else {
                    let arguments = binding[variable..variable + binders.len()].to_vec();
                    variable += binders.len();
                    let premise = premise.open(&arguments);
                    facts.push(self.premise(&premise, binding, premises, &mut variable, &mut next));
                    arguments
                };
                formula = conclusion.open(&arguments);
                substitution.extend(arguments);
                continue;
            }
            step = self.flush(&mut facts, &mut substitution, &formula);
            let (inference, part) = match (action, &formula) {
                (Move::Left, Formula::And(left, _)) => (Inference::AndLeft, (**left).clone()),
                (Move::Right, Formula::And(_, right)) => (Inference::AndRight, (**right).clone()),
                (Move::Unfold, Formula::Atom(predicate, _)) => (Inference::Unfold, self.unfolded(*predicate, &formula)),
                _ => unreachable!("the way was recorded"),
            };
            formula = part;
            step = self.derive(inference, vec![step], formula.clone());
            facts = vec![step];
        }
        self.flush(&mut facts, &mut substitution, &formula)
    }

    pub(super) fn flush(&mut self, facts: &mut Vec<StepId>, substitution: &mut Vec<Name>, formula: &Formula) -> StepId {
        if facts.len() == 1 {
            return facts[0];
        }
        let rule = Inference::Instantiate(std::mem::take(substitution));
        self.derive(rule, std::mem::take(facts), formula.clone())
    }

    /// ∀→ elimination along a chain, with all premises at hand.
    pub(super) fn instantiate(&mut self, substitution: Vec<Name>, premises: Vec<StepId>) -> StepId {
        let mut formula = self.conclusion(premises[0]).clone();
        let mut rest = &substitution[..];
        for _ in 1..premises.len() {
            let Formula::Implies(binders, _, conclusion) = &formula else { unreachable!("a chain of this length") };
            let (arguments, others) = rest.split_at(binders.len());
            rest = others;
            formula = conclusion.open(arguments);
        }
        self.derive(Inference::Instantiate(substitution), premises, formula)
    }

    /// Proves a rule's premise from the steps of its literals.
    pub(super) fn premise(
        &mut self,
        formula: &Formula,
        binding: &[Name],
        literals: &[StepId],
        variable: &mut usize,
        next: &mut usize,
    ) -> StepId {
        match formula {
            Formula::And(left, right) => {
                let first = self.premise(left, binding, literals, variable, next);
                let second = self.premise(right, binding, literals, variable, next);
                self.derive(Inference::AndIntroduction, vec![first, second], formula.clone())
            }
            _ => match formula.as_exists() {
                Some((binders, left, right)) => {
                    let witnesses = binding[*variable..*variable + binders.len()].to_vec();
                    *variable += binders.len();
                    let first = self.premise(&left.open(&witnesses), binding, literals, variable, next);
                    let second = self.premise(&right.open(&witnesses), binding, literals, variable, next);
                    self.derive(Inference::ExistsIntroduction(witnesses), vec![first, second], formula.clone())
                }
                None => {
                    *next += 1;
                    literals[*next - 1]
                }
            },
        }
    }

    /// A defined atom from the parts of its body: the first variables are its arguments.
    pub(super) fn fold(&mut self, relation: RelationId, binding: &[Name], premises: &[StepId]) -> StepId {
        let known = &self.compiled.signature.relations[relation.index()];
        let (predicate, mut variable) = (known.predicate, known.arity);
        let atom = self.atom(Code::new(relation, true), &binding[..variable]);
        let body = self.unfolded(predicate, &atom);
        let mut next = 0;
        let whole = self.premise(&body, binding, premises, &mut variable, &mut next);
        self.derive(Inference::Fold, vec![whole], atom)
    }

    pub(super) fn unfolded(&self, predicate: PredicateId, atom: &Formula) -> Formula {
        let Formula::Atom(_, arguments) = atom else { unreachable!("an atom") };
        let names: Vec<Name> = arguments
            .iter()
            .filter_map(|argument| match argument {
                crate::calculus::formula::Variable::Free(name) => Some(*name),
                crate::calculus::formula::Variable::Bound(_) => None,
            })
            .collect();
        let unfolded = self.theory.predicate(predicate).unfold(&names, &|name| self.sort(name));
        unfolded.expect("an atom of a defined predicate, with sorts that fit")
    }

    /// The step of a formula that is an axiom, or made of axioms.
    pub(super) fn axioms(&mut self, formula: &Formula) -> Option<StepId> {
        let stated = |writer: &Self, node: &Formula| {
            let anchor = &writer.anchor;
            writer.own_sorts(node.substitute(&mut |parameter| anchor[parameter.0 as usize])) == *formula
        };
        if let Some(place) = self.compiled.nodes.iter().position(|node| stated(self, &node.formula)) {
            return Some(self.node(NodeId(place as u32)));
        }
        match formula {
            Formula::And(left, right) => {
                let premises = vec![self.axioms(left)?, self.axioms(right)?];
                Some(self.step(Inference::AndIntroduction, premises, formula.clone()))
            }
            Formula::Atom(predicate, _) if self.theory.predicate(*predicate).definition.is_some() => {
                let body = self.unfolded(*predicate, formula);
                let body = self.axioms(&body)?;
                Some(self.step(Inference::Fold, vec![body], formula.clone()))
            }
            _ => None,
        }
    }

    /// The step of a formula that holds under the anchor.
    pub(super) fn node(&mut self, node: NodeId) -> StepId {
        if let Some(step) = self.nodes.get(&node).copied()
            && self.is_visible(step)
        {
            return step;
        }
        let known = &self.compiled.nodes[node.0 as usize];
        let (origin, action) = known.origin.expect("the anchor is there from the beginning");
        let anchor = self.anchor.clone();
        let formula = self.own_sorts(known.formula.substitute(&mut |parameter| anchor[parameter.0 as usize]));
        let step = self.node(origin);
        let inference = match action {
            Move::Unfold => Inference::Unfold,
            Move::Left => Inference::AndLeft,
            Move::Right => Inference::AndRight,
            Move::Apply => unreachable!("nodes come from the anchor by unfolding and ∧ elimination"),
        };
        let step = self.step(inference, vec![step], formula);
        self.nodes.insert(node, step);
        step
    }

    pub(super) fn theorem(&mut self, theorem: TheoremId) -> StepId {
        if let Some(step) = self.theorems.get(&theorem).copied()
            && self.is_visible(step)
        {
            return step;
        }
        let statement = self.own_sorts(self.statements[theorem.0 as usize].clone());
        let step = self.step(Inference::Theorem(theorem), vec![], statement);
        self.theorems.insert(theorem, step);
        step
    }
}
