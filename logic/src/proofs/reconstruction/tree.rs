//! Converts a tree of attempts to steps: scopes for premises, cases of inductions, goals that were reached.

use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::proof::{Rule as Inference, ScopeId, StepId, TheoremId};
use crate::calculus::sort::Sort;
use crate::clauses::clause::RelationId;
use crate::clauses::compile::{Chain, ConstructorInstance};
use crate::language::text::variable_name;
use crate::saturation::block::{Goal, Snapshot};
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};

use super::{By, Case, CaseSplit, Close, Finished, Forced, InductionTree, Tree, Writer};

/// The element that an induction is about, in formulas in which no scope introduces it.
const STAND_IN: Name = Name(u32::MAX - 1);

/// The formula with a name in the place of [`STAND_IN`].
fn put(formula: &Formula, name: Name) -> Formula {
    formula.substitute(&mut |old| if old == STAND_IN { name } else { old })
}

/// The names of a constructor's inputs and value without that of the recursive input.
fn introduced(mut names: Vec<Name>, inputs: &[(RelationId, bool)]) -> Vec<Name> {
    let mut recursive = inputs.iter().map(|(_, recursive)| *recursive).chain([false]);
    names.retain(|_| !recursive.next().unwrap_or(false));
    names
}

/// The scopes of a constructor; see [`Writer::open_constructor`].
struct Applied {
    /// The inputs and the value.
    names: Vec<Name>,
    /// The steps of the assumptions, in order; the last is that of the row.
    givens: Vec<StepId>,
    /// The index of the hypothesis among the assumptions, and its step.
    hypothesis: Option<(usize, StepId)>,
    value: Name,
}

impl Writer<'_> {
    /// Proves a statement conjunct by conjunct; `names` and `facts` come from the enclosing scopes.
    pub(super) fn conjoin(
        &mut self,
        formula: &Formula,
        names: &mut Vec<Name>,
        facts: &mut Vec<StepId>,
        parts: &mut dyn Iterator<Item = TheoremId>,
    ) -> StepId {
        match formula {
            Formula::Implies(binders, premise, conclusion) => {
                let mark = (self.open.len(), names.len());
                let new: Vec<Name> = binders.iter().map(|binder| self.fresh(binder)).collect();
                names.extend(&new);
                let premise = premise.open(&new);
                self.open_scope(new.clone(), vec![premise.clone()], Close::Generalise);
                let assumed = self.step(Inference::Assumption(0), vec![], premise);
                facts.push(assumed);
                let last = self.conjoin(&conclusion.open(&new), names, facts, parts);
                facts.pop();
                names.truncate(mark.1);
                self.close_to(mark.0, last)
            }
            Formula::And(left, right) => {
                let first = self.conjoin(left, names, facts, parts);
                let second = self.conjoin(right, names, facts, parts);
                self.step(Inference::AndIntroduction, vec![first, second], formula.clone())
            }
            Formula::Atom(..) | Formula::Not(_) => {
                let part = parts.next().expect("a theorem for each part");
                let mut premises = vec![self.theorem(part)];
                premises.extend(&*facts);
                self.step(Inference::Instantiate(names.clone()), premises, formula.clone())
            }
        }
    }

    /// Opens the scopes of a chain `∀x (A → ∀y (B → …))`; returns the names of its variables, the steps of its
    /// premises' literals, and the remaining conclusion.
    pub(super) fn open_chain(&mut self, formula: &Formula) -> (Vec<Name>, Vec<StepId>, Formula) {
        let mut names = Vec::new();
        let mut literals = Vec::new();
        let mut formula = formula.clone();
        while let Formula::Implies(binders, premise, conclusion) = &formula {
            let new: Vec<Name> = binders.iter().map(|binder| self.fresh(binder)).collect();
            names.extend(&new);
            let premise = premise.open(&new);
            self.open_scope(new.clone(), vec![premise.clone()], Close::Generalise);
            let assumed = self.step(Inference::Assumption(0), vec![], premise);
            self.take_apart(assumed, &mut names, &mut literals);
            formula = conclusion.open(&new);
        }
        (names, literals, formula)
    }

    /// The literals of an assumed premise, in the order of clause compilation ([`Compiled`]).
    pub(super) fn take_apart(&mut self, step: StepId, names: &mut Vec<Name>, literals: &mut Vec<StepId>) {
        match self.conclusion(step).clone() {
            Formula::And(left, right) => {
                let first = self.step(Inference::AndLeft, vec![step], (*left).clone());
                self.take_apart(first, names, literals);
                let second = self.step(Inference::AndRight, vec![step], (*right).clone());
                self.take_apart(second, names, literals);
            }
            formula => match formula.as_exists() {
                Some((binders, left, right)) => {
                    let new: Vec<Name> = binders.iter().map(|binder| self.fresh(binder)).collect();
                    names.extend(&new);
                    let parts = vec![left.open(&new), right.open(&new)];
                    self.open_scope(new, parts.clone(), Close::Exists(step));
                    // Taking the first part apart may open a scope.
                    let assumed = |(number, part)| self.step(Inference::Assumption(number), vec![], part);
                    let assumed: Vec<StepId> = (0..).zip(parts).map(assumed).collect();
                    for part in assumed {
                        self.take_apart(part, names, literals);
                    }
                }
                None => literals.push(step),
            },
        }
    }

    /// Proves `formula`, the chain of the tree's sequent, in the current scope. `depth` is the number of blocks above
    /// the sequent.
    pub(super) fn prove(&mut self, tree: &Tree, formula: &Formula, depth: usize) -> StepId {
        let mark = self.open.len();
        match &tree.by {
            By::Block(finished) => {
                let (names, literals, goal) = self.open_chain(formula);
                self.enter(finished, depth, &names, literals);
                let denies = tree.sequent.head != SequentHead::False;
                let last = self.reach(finished, &goal, depth, denies);
                self.close_to(mark, last)
            }
            By::Cases(cases) => {
                let (names, literals, goal) = self.open_chain(formula);
                self.enter(&cases.stuck, depth, &names, literals);
                let last = if tree.sequent.head.literal().is_some_and(|head| !head.code.positive()) {
                    self.under_denial(&goal, depth, |writer| {
                        let last = writer.cases(cases, &goal, depth);
                        (writer.denied(&goal, depth), last)
                    })
                } else {
                    self.cases(cases, &goal, depth)
                };
                self.close_to(mark, last)
            }
            By::Indirect(indirect) => {
                let (names, literals, goal) = self.open_chain(formula);
                self.enter(&indirect.stuck, depth, &names, literals);
                let denied = Formula::negate(goal.clone());
                let last = self.indirectly(denied, false, |writer, assumption| {
                    let last = writer.below(vec![assumption], &indirect.child, &goal, depth + 1);
                    (last, assumption)
                });
                self.close_to(mark, last)
            }
            By::Equations(equational) => {
                let (names, literals, goal) = self.open_chain(formula);
                self.enter(&equational.stuck, depth, &names, literals);
                let last = self.rewritten(equational, &goal, depth);
                self.close_to(mark, last)
            }
            By::Induction(induction) => {
                let all = self.induct(tree, induction, depth);
                let (names, literals, _) = self.open_chain(formula);
                self.enter(&induction.member, depth, &names, literals.clone());
                let member = self.reach_fact(&induction.member);
                let (_, order) = tree.sequent.fix(induction.variable, Individual(0));
                let mut substitution = vec![names[induction.variable as usize]];
                substitution.extend(order.iter().map(|old| names[*old as usize]));
                let mut premises = vec![all, member];
                premises.extend(literals);
                let last = self.instantiate(substitution, premises);
                self.close_to(mark, last)
            }
        }
    }

    /// Proves the goal by cases, below the block at `depth`.
    fn cases(&mut self, cases: &CaseSplit, goal: &Formula, depth: usize) -> StepId {
        // The individuals in the literals must be introduced outside all cases.
        let line = cases.stuck.snapshot.line();
        for argument in cases.forced.iter().flat_map(|forced| &forced.literal.arguments) {
            if let Argument::Individual(individual) = argument
                && let Some(fact) = line.introduction(*individual)
            {
                self.fact(&line, fact);
            }
        }
        self.rest(&cases.forced, &mut Vec::new(), &cases.rest, goal, depth + 1)
    }

    /// Proves the goal by cases on these literals; `assumed` are the steps of the earlier ones.
    fn rest(
        &mut self,
        forced: &[Forced],
        assumed: &mut Vec<StepId>,
        rest: &Tree,
        goal: &Formula,
        depth: usize,
    ) -> StepId {
        let Some((first, others)) = forced.split_first() else {
            return self.below(assumed.clone(), rest, goal, depth);
        };
        let atom = self.ground(&first.literal);
        let (holds, fails) = (atom.clone(), Formula::negate(atom));
        let (left, refuted) = if first.holds { (holds, fails) } else { (fails, holds) };
        let (closed, other) =
            self.case(refuted, |writer, assumption| writer.below(vec![assumption], &first.refuted, goal, depth));
        let (open, last) = self.case(left, |writer, assumption| {
            assumed.push(assumption);
            writer.rest(others, assumed, rest, goal, depth)
        });
        let (rule, premises) = if first.holds {
            (Inference::Cases(open, closed), vec![last, other])
        } else {
            (Inference::Cases(closed, open), vec![other, last])
        };
        self.step(rule, premises, goal.clone())
    }

    /// The step of the assumption that contradicts a negative goal.
    fn denied(&self, goal: &Formula, depth: usize) -> StepId {
        let last = *self.givens[depth].last().expect("the block has assumed what its goal denies");
        debug_assert_eq!(Formula::negate(self.conclusion(last).clone()), *goal);
        last
    }

    /// Opens a scope for a case, proves the goal in it, and closes it; returns the scope and the step inside.
    fn case(&mut self, assumed: Formula, prove: impl FnOnce(&mut Self, StepId) -> StepId) -> (ScopeId, StepId) {
        let mark = self.open.len();
        let scope = self.open_scope(vec![], vec![assumed.clone()], Close::Deny);
        let assumption = self.step(Inference::Assumption(0), vec![], assumed);
        let last = prove(self, assumption);
        let last = self.close_to(mark + 1, last);
        self.open.pop();
        self.scope = self.proof.scopes[scope.index()].parent;
        (scope, last)
    }

    /// Proves `goal` by a tree whose sequent has no variables, with the assumptions as its premises.
    fn below(&mut self, givens: Vec<StepId>, tree: &Tree, goal: &Formula, depth: usize) -> StepId {
        match &tree.by {
            By::Block(finished) => {
                self.enter(finished, depth, &[], givens);
                self.reach(finished, goal, depth, false)
            }
            By::Cases(cases) => {
                self.enter(&cases.stuck, depth, &[], givens);
                self.cases(cases, goal, depth)
            }
            By::Indirect(indirect) => {
                self.enter(&indirect.stuck, depth, &[], givens);
                self.indirectly(Formula::negate(goal.clone()), false, |writer, assumption| {
                    (writer.below(vec![assumption], &indirect.child, goal, depth + 1), assumption)
                })
            }
            By::Equations(equational) => {
                self.enter(&equational.stuck, depth, &[], givens);
                self.rewritten(equational, goal, depth)
            }
            By::Induction(_) => unreachable!("what has no variables is proved without induction"),
        }
    }

    /// A ground literal.
    fn ground(&self, literal: &Pattern) -> Formula {
        self.pattern(literal, &|_| unreachable!("a literal about individuals"))
    }

    /// Names the individuals that a block introduced, and its assumptions.
    pub(super) fn enter(&mut self, finished: &Finished, depth: usize, names: &[Name], literals: Vec<StepId>) {
        let first = finished.snapshot.introduced_from(depth);
        self.naming.resize(first, Name(u32::MAX));
        self.naming.extend(names);
        self.givens.truncate(depth);
        self.givens.push(literals);
    }

    /// The chain formula of a sequent in the current naming; an individual that is not a variable of the proof has the
    /// sort `stand_in`.
    pub(super) fn chain(&self, sequent: &Sequent, stand_in: &Sort) -> Formula {
        let scratch = |number: u16| Name(crate::calculus::check::RESERVED.0 + u32::from(number));
        // A scratch individual represents an element of the set of an induction.
        let sort = |individual| match self.proof.sorts.get(self.name(individual).0 as usize) {
            Some(sort) => sort.clone(),
            None => stand_in.clone(),
        };
        let sorts = sequent.sorts(&self.compiled.signature, &sort, &self.instance);
        sequent.formula(&|pattern, variable| self.pattern(pattern, variable), &scratch, &sorts)
    }

    /// `∀n (n∈N → φ(n))` by induction, where φ is the sequent without the variable.
    pub(super) fn induct(&mut self, tree: &Tree, induction: &InductionTree, depth: usize) -> StepId {
        let instance = &self.compiled.inductions[induction.instance];
        let element = self.sort_at(instance.set, 0);
        let abstracted = {
            let place = Individual(self.naming.len() as u32);
            self.naming.push(STAND_IN);
            let (fixed, _) = tree.sequent.fix(induction.variable, place);
            let formula = self.chain(&fixed, &element);
            self.naming.pop();
            formula
        };
        if induction.double {
            return self.induct_by_two(&abstracted, induction, depth);
        }
        let whole = self.for_all_elements(induction, &abstracted);
        let property = |name: Name| put(&abstracted, name);
        let mut premises = vec![self.node(instance.node)];
        for (constructor, case) in instance.constructors.iter().zip(&induction.cases) {
            let step = match (constructor, case) {
                (ConstructorInstance::Constant(constant), Case::Constant(case)) => {
                    let name = self.naming[*constant as usize];
                    self.prove(case, &property(name), depth)
                }
                (ConstructorInstance::Function(relation, inputs), Case::Function(context, case)) => {
                    let mark = self.open.len();
                    let applied = self.open_constructor(*relation, inputs, None, Some(&property));
                    let Applied { names, givens, value, .. } = applied;
                    self.enter_case(context, depth, names, givens);
                    let last = self.prove(case, &property(value), depth + 1);
                    self.close_to(mark, last)
                }
                _ => unreachable!("cases follow the constructors"),
            };
            premises.push(step);
        }
        self.step(Inference::Induction(instance.principle), premises, whole)
    }

    /// `∀n (n∈N → φ(n))` by induction on `φ(n) ∧ ψ(n)`, where `ψ(n)` says φ of all values of the constructor at n.
    fn induct_by_two(&mut self, abstracted: &Formula, induction: &InductionTree, depth: usize) -> StepId {
        let instance = &self.compiled.inductions[induction.instance];
        let chain = instance.as_chain().expect("an induction by two steps");
        let Chain { constant, constructor: relation, inputs } = chain;
        let property = |name: Name| put(abstracted, name);
        let next = self.of_next(relation, inputs, &property);
        let both = Formula::and(abstracted.clone(), next.clone());
        let whole = self.for_all_elements(induction, &both);
        let [Case::Constant(at_constant), Case::Function(first, at_next), Case::Function(second, at_second)] =
            &induction.cases[..]
        else {
            unreachable!("three cases")
        };
        let name = self.naming[usize::from(constant)];
        let left = self.prove(at_constant, &property(name), depth);
        let mark = self.open.len();
        let Applied { names, givens, value, .. } = self.open_constructor(relation, inputs, Some(name), None);
        self.enter_case(first, depth, introduced(names, inputs), givens);
        let last = self.prove(at_next, &property(value), depth + 1);
        let right = self.close_to(mark, last);
        let base = self.step(Inference::AndIntroduction, vec![left, right], put(&both, name));

        let mark = self.open.len();
        let hypothesis = |name: Name| put(&both, name);
        let Applied { mut names, mut givens, hypothesis: assumed, value } =
            self.open_constructor(relation, inputs, None, Some(&hypothesis));
        let (place, assumed) = assumed.expect("a recursive input has a hypothesis");
        let element = names[inputs.iter().position(|(_, recursive)| *recursive).expect("a recursive input")];
        // φ of the element, in the place of both parts, and φ of the value.
        givens[place] = self.step(Inference::AndLeft, vec![assumed], property(element));
        let of_next = self.step(Inference::AndRight, vec![assumed], put(&next, element));
        let mut substitution = Vec::new();
        let mut premises = vec![of_next];
        let mut at = 0;
        for (number, (_, recursive)) in inputs.iter().enumerate() {
            if !*recursive {
                substitution.push(names[number]);
                premises.push(givens[at]);
            }
            at += 1 + usize::from(*recursive);
        }
        substitution.push(value);
        premises.push(givens[at]);
        let left = self.instantiate(substitution, premises);
        givens.push(left);
        let inner = self.open.len();
        let further = self.open_constructor(relation, inputs, Some(value), None);
        names.extend(introduced(further.names, inputs));
        givens.extend(further.givens);
        self.enter_case(second, depth, names, givens);
        let last = self.prove(at_second, &property(further.value), depth + 1);
        let right = self.close_to(inner, last);
        let last = self.step(Inference::AndIntroduction, vec![left, right], put(&both, value));
        let step = self.close_to(mark, last);

        let structure = self.node(instance.node);
        let all = self.step(Inference::Induction(instance.principle), vec![structure, base, step], whole);
        let mark = self.open.len();
        let name = self.fresh(&Binder::new("n", self.sort_at(instance.set, 0)));
        let member = self.atom(Code::new(instance.set, true), &[name]);
        self.open_scope(vec![name], vec![member.clone()], Close::Generalise);
        let member = self.step(Inference::Assumption(0), vec![], member);
        let both = self.instantiate(vec![name], vec![all, member]);
        let last = self.step(Inference::AndLeft, vec![both], property(name));
        self.close_to(mark, last)
    }

    /// `∀n (n∈N → …)`, where the formula contains [`STAND_IN`] for n.
    fn for_all_elements(&self, induction: &InductionTree, formula: &Formula) -> Formula {
        let set = self.compiled.inductions[induction.instance].set;
        let bound = Binder::new(variable_name(induction.variable), self.sort_at(set, 0));
        Formula::forall(&[(STAND_IN, bound)], &self.atom(Code::new(set, true), &[STAND_IN]), formula)
    }

    /// What a property says of all values of a constructor whose recursive input is [`STAND_IN`].
    fn of_next(
        &self,
        relation: RelationId,
        inputs: &[(RelationId, bool)],
        property: &dyn Fn(Name) -> Formula,
    ) -> Formula {
        let scratch = |number: usize| Name(STAND_IN.0 - 1 - number as u32);
        let input = |(number, (_, recursive)): (usize, &(RelationId, bool))| {
            if *recursive { STAND_IN } else { scratch(number) }
        };
        let mut row: Vec<Name> = inputs.iter().enumerate().map(input).collect();
        let value = scratch(inputs.len());
        row.push(value);
        let bound =
            |name, number| (name, Binder::new(variable_name(17 + number as u16), self.sort_at(relation, number)));
        let row = self.atom(Code::new(relation, true), &row);
        let mut formula = Formula::forall(&[bound(value, inputs.len())], &row, &property(value));
        for (number, (set, _)) in inputs.iter().enumerate().rev().filter(|(_, (_, recursive))| !*recursive) {
            let member = self.atom(Code::new(*set, true), &[scratch(number)]);
            formula = Formula::forall(&[bound(scratch(number), number)], &member, &formula);
        }
        formula
    }

    /// Opens the scopes of a constructor's inputs, with their memberships and, for a recursive one, its hypothesis; then
    /// that of the value. The recursive input may be known instead.
    fn open_constructor(
        &mut self,
        relation: RelationId,
        inputs: &[(RelationId, bool)],
        known: Option<Name>,
        hypothesis: Option<&dyn Fn(Name) -> Formula>,
    ) -> Applied {
        let (mut names, mut givens, mut assumed) = (Vec::new(), Vec::new(), None);
        for (number, (set, recursive)) in inputs.iter().enumerate() {
            if let Some(known) = known.filter(|_| *recursive) {
                names.push(known);
                continue;
            }
            let shown = variable_name(17 + number as u16);
            let name = self.fresh(&Binder::new(shown, self.sort_at(*set, 0)));
            let member = self.atom(Code::new(*set, true), &[name]);
            self.open_scope(vec![name], vec![member.clone()], Close::Generalise);
            givens.push(self.step(Inference::Assumption(0), vec![], member));
            if let Some(hypothesis) = hypothesis.filter(|_| *recursive) {
                let hypothesis = hypothesis(name);
                self.open_scope(vec![], vec![hypothesis.clone()], Close::Generalise);
                let step = self.step(Inference::Assumption(0), vec![], hypothesis);
                assumed = Some((givens.len(), step));
                givens.push(step);
            }
            names.push(name);
        }
        let value = self.fresh(&Binder::new("n", self.sort_at(relation, inputs.len())));
        names.push(value);
        let row = self.atom(Code::new(relation, true), &names);
        self.open_scope(vec![value], vec![row.clone()], Close::Generalise);
        givens.push(self.step(Inference::Assumption(0), vec![], row));
        Applied { names, givens, hypothesis: assumed, value }
    }

    /// Names the individuals of a case's block, and its assumptions.
    fn enter_case(&mut self, context: &Snapshot, depth: usize, names: Vec<Name>, givens: Vec<StepId>) {
        let first = context.introduced_from(depth);
        self.naming.resize(first, Name(u32::MAX));
        self.naming.extend(names);
        self.givens.truncate(depth);
        self.givens.push(givens);
    }

    /// The step that states the goal of a finished block. If the block derives a contradiction, `denies` says that it
    /// assumed the opposite of its goal.
    pub(super) fn reach(&mut self, finished: &Finished, goal: &Formula, depth: usize, denies: bool) -> StepId {
        if denies && finished.goal == Goal::False {
            return self.under_denial(goal, depth, |writer| {
                let falsum = finished.falsum.expect("a finished block has reached its goal");
                writer.contradiction(&finished.snapshot.line(), falsum)
            });
        }
        let line = finished.snapshot.line();
        if let Some(falsum) = finished.falsum {
            let (fact, denial) = self.contradiction(&line, falsum);
            return self.step(Inference::ExFalso, vec![fact, denial], goal.clone());
        }
        match &finished.goal {
            Goal::Fact(code, arguments) => self.exact(&line, *code, arguments),
            Goal::Equal(left, right) => self.equation(&line, *left, *right, true),
            Goal::Exists(variables, _) => {
                let (rule, facts) = finished.reached.as_ref().expect("reached");
                for fact in facts {
                    self.fact(&line, *fact);
                }
                let (witnesses, steps) = self.matched(&line, rule, facts);
                self.introduce(goal, &witnesses[..*variables as usize], &steps)
            }
            Goal::False => unreachable!("handled above"),
        }
    }

    /// Proves a negative goal by contradiction: its positive form is the block's last assumption.
    fn under_denial(
        &mut self,
        goal: &Formula,
        depth: usize,
        contradiction: impl FnOnce(&mut Self) -> (StepId, StepId),
    ) -> StepId {
        let Formula::Not(atom) = goal else { unreachable!("a contradiction is wanted for a denial") };
        self.indirectly((**atom).clone(), true, |writer, assumption| {
            writer.givens[depth].push(assumption);
            contradiction(writer)
        })
    }

    pub(super) fn reach_fact(&mut self, finished: &Finished) -> StepId {
        let line = finished.snapshot.line();
        if let Some(falsum) = finished.falsum {
            let Goal::Fact(code, arguments) = &finished.goal else { unreachable!("membership is a fact") };
            let names: Vec<Name> = arguments.iter().map(|individual| self.name(*individual)).collect();
            let goal = self.atom(*code, &names);
            let (fact, denial) = self.contradiction(&line, falsum);
            return self.step(Inference::ExFalso, vec![fact, denial], goal);
        }
        let Goal::Fact(code, arguments) = &finished.goal else { unreachable!("membership is a fact") };
        self.exact(&line, *code, arguments)
    }

    /// ∃ introduction for a goal whose conjuncts were derived.
    pub(super) fn introduce(&mut self, goal: &Formula, witnesses: &[Name], facts: &[StepId]) -> StepId {
        let (_, left, right) = goal.as_exists().expect("an existence goal");
        let mut next = 0;
        let parts = [left.open(witnesses), right.open(witnesses)];
        let mut premises = Vec::new();
        for part in &parts {
            premises.push(self.conjunction(part, facts, &mut next));
        }
        self.step(Inference::ExistsIntroduction(witnesses.to_vec()), premises, goal.clone())
    }

    pub(super) fn conjunction(&mut self, formula: &Formula, facts: &[StepId], next: &mut usize) -> StepId {
        if let Formula::And(left, right) = formula {
            let first = self.conjunction(left, facts, next);
            let second = self.conjunction(right, facts, next);
            return self.step(Inference::AndIntroduction, vec![first, second], formula.clone());
        }
        *next += 1;
        facts[*next - 1]
    }
}
