//! Emits the elimination steps that derive an instance of a rule from the facts that matched it.

use crate::calculus::formula::{Formula, Name, PredicateId, Variable};
use crate::calculus::proof::{Rule as Inference, StepId, TheoremId};
use crate::clauses::clause::RelationId;
use crate::clauses::compile::flatten::dual;
use crate::clauses::compile::{Justification, Move, NodeId, Start};
use crate::saturation::pattern::Code;
use crate::saturation::rule::{Rule, Turned};

use super::{Close, Writer};

impl Writer<'_> {
    /// Follows the path from known formulas to an instance of a rule.
    pub(super) fn justify(&mut self, rule: &Rule, depth: usize, binding: &[Name], premises: &[StepId]) -> StepId {
        let justification = rule.justification.as_ref().expect("a rule that derives has a reason");
        match &rule.turned {
            None => self.walk(justification, depth, binding, premises),
            Some(turned) => self.contrapose(justification, turned, depth, binding, premises),
        }
    }

    /// Applies a contrapositive: the clause's other premises and the negation of its head refute a premise.
    fn contrapose(
        &mut self,
        justification: &Justification,
        turned: &Turned,
        depth: usize,
        binding: &[Name],
        premises: &[StepId],
    ) -> StepId {
        let (denied_head, others) = premises.split_last().expect("a contrapositive has the denied head");
        let assumed = self.pattern(&turned.premise, &|number| binding[usize::from(number)]);
        let positive = turned.premise.code.positive();
        self.indirectly(assumed, positive, |writer, assumption| {
            let mut premises = others.to_vec();
            premises.insert(turned.place, assumption);
            let head = writer.walk(justification, depth, binding, &premises);
            if turned.positive_head { (head, *denied_head) } else { (*denied_head, head) }
        })
    }

    /// Assumes a formula, derives a contradiction from it (a formula and its negation), and concludes the opposite of
    /// the assumption: its negation, or, if it is a negation and `introduces` is false, the negated formula.
    pub(super) fn indirectly(
        &mut self,
        assumed: Formula,
        introduces: bool,
        contradiction: impl FnOnce(&mut Self, StepId) -> (StepId, StepId),
    ) -> StepId {
        let mark = self.open.len();
        let scope = self.open_scope(vec![], vec![assumed.clone()], Close::Deny);
        let assumption = self.step(Inference::Assumption(0), vec![], assumed.clone());
        let (fact, denial) = contradiction(self, assumption);
        let (rule, conclusion) = match &assumed {
            Formula::Not(inner) if !introduces => (Inference::Reductio(scope), (**inner).clone()),
            _ => (Inference::NotIntroduction(scope), Formula::negate(assumed.clone())),
        };
        // Witness scopes opened inside are closed around a contradiction with the assumption itself.
        let (fact, denial) = if self.open.len() == mark + 1 {
            (fact, denial)
        } else {
            let inner = self.step(Inference::ExFalso, vec![fact, denial], conclusion.clone());
            let outer = self.close_to(mark + 1, inner);
            match rule {
                Inference::Reductio(_) => (outer, assumption),
                _ => (assumption, outer),
            }
        };
        self.open.pop();
        self.scope = self.proof.scopes[scope.index()].parent;
        self.step(rule, vec![fact, denial], conclusion)
    }

    /// From `¬¬A` to `A`.
    fn affirm(&mut self, twice: StepId) -> StepId {
        let Formula::Not(once) = self.conclusion(twice).clone() else { unreachable!("a denial") };
        self.indirectly((*once).clone(), false, |_, assumption| (assumption, twice))
    }

    /// From `x ≠ y` to `y ≠ x`.
    fn swap(&mut self, apart: StepId) -> StepId {
        let Formula::Not(equation) = self.conclusion(apart).clone() else { unreachable!("a denial") };
        let Formula::Atom(_, sides) = &*equation else { unreachable!("an equation") };
        let [Variable::Free(one), Variable::Free(other)] = sides[..] else { unreachable!("two free variables") };
        self.indirectly(Formula::equal(other, one), true, |writer, swapped| {
            let same = writer.derive(Inference::Reflexivity, vec![], Formula::equal(one, one));
            (writer.derive(Inference::Congruence, vec![same, swapped], (*equation).clone()), apart)
        })
    }

    /// From `¬(A ∧ B)` and `A` to `¬B`.
    fn refute(&mut self, denied: StepId, left: StepId) -> StepId {
        let Formula::Not(inner) = self.conclusion(denied).clone() else { unreachable!("a denial") };
        let Formula::And(_, right) = &*inner else { unreachable!("a conjunction") };
        self.indirectly((**right).clone(), true, |writer, assumption| {
            let both = writer.step(Inference::AndIntroduction, vec![left, assumption], (*inner).clone());
            (both, denied)
        })
    }

    /// From `¬∀x (A → C)` to `∃x (A ∧ ¬C)`, or to `A ∧ ¬C` if nothing is quantified.
    fn dualise(&mut self, denied: StepId) -> StepId {
        let Formula::Not(inner) = self.conclusion(denied).clone() else { unreachable!("a denial") };
        let Formula::Implies(binders, premise, conclusion) = &*inner else { unreachable!("a ∀→") };
        if binders.is_empty() {
            let held = self.indirectly(Formula::negate((**premise).clone()), false, |writer, assumption| {
                let whole = writer.generalised(vec![], premise, |writer, premise| {
                    writer.step(Inference::ExFalso, vec![premise, assumption], (**conclusion).clone())
                });
                (whole, denied)
            });
            let failed = self.indirectly((**conclusion).clone(), true, |writer, assumption| {
                (writer.generalised(vec![], premise, |_, _| assumption), denied)
            });
            return self.step(Inference::AndIntroduction, vec![held, failed], dual(&inner));
        }
        let Formula::Not(other) = dual(&inner) else { unreachable!("an ∃ is the denial of a ∀→") };
        self.indirectly((*other).clone(), true, |writer, assumption| {
            let names: Vec<Name> = binders.iter().map(|binder| writer.fresh(binder)).collect();
            let opened = premise.open(&names);
            let whole = writer.generalised(names.clone(), &opened, |writer, premise| {
                let twice = writer.instantiate(names.clone(), vec![assumption, premise]);
                writer.affirm(twice)
            });
            (whole, denied)
        })
    }

    /// `∀ names (premise → C)`, where `conclude` derives `C` from the assumed premise.
    fn generalised(
        &mut self,
        names: Vec<Name>,
        premise: &Formula,
        conclude: impl FnOnce(&mut Self, StepId) -> StepId,
    ) -> StepId {
        let mark = self.open.len();
        self.open_scope(names, vec![premise.clone()], Close::Generalise);
        let assumed = self.step(Inference::Assumption(0), vec![], premise.clone());
        let last = conclude(self, assumed);
        self.close_to(mark, last)
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
            Start::Premise(relation) => {
                next = 1;
                variable = self.compiled.signature.relations[relation.index()].arity;
                premises[0]
            }
            Start::Same => return premises[0],
            Start::Swapped => return self.swap(premises[0]),
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
            let derived = match (action, &formula) {
                (Move::Refute, Formula::Not(inner)) => {
                    let Formula::And(left, _) = &**inner else { unreachable!("the way was recorded") };
                    let left = self.premise(left, binding, premises, &mut variable, &mut next);
                    Some(self.refute(step, left))
                }
                (Move::Affirm, _) => Some(self.affirm(step)),
                (Move::Dualise, _) => Some(self.dualise(step)),
                _ => None,
            };
            if let Some(derived) = derived {
                step = derived;
                formula = self.conclusion(step).clone();
                facts = vec![step];
                continue;
            }
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

    /// ∀→ elimination along a chain, given the steps of all premises.
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

    /// Folds a defined atom from the parts of its body; its arguments are the first variables.
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
                Variable::Free(name) => Some(*name),
                Variable::Bound(_) => None,
            })
            .collect();
        let unfolded = self.theory.predicate(predicate).unfold(&names, &|name| self.sort(name));
        unfolded.expect("an atom of a defined predicate, with sorts that fit")
    }

    /// The step of a formula that is an axiom or consists of axioms.
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

    /// The step of a node: a formula that holds under the anchor.
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
            Move::Apply | Move::Refute | Move::Affirm | Move::Dualise => {
                unreachable!("nodes come from the anchor by unfolding and ∧ elimination")
            }
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
