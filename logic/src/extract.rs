//! From what blocks derived to a proof in the calculus.
//!
//! A block keeps for each fact the rule and the facts it came from. Here that record is walked back from
//! the goal, and the steps of the calculus are written down in order. Nothing is searched for: if a
//! record does not lead to a proof, that is a fault of the engine, and the checker will refuse it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::block::{Goal, Line, Snapshot};
use crate::clause::{RelationId, Slot};
use crate::compile::{Compiled, ConstructorInstance, Justification, Move, NodeId, Start};
use crate::formula::{Formula, Name, PredicateId};
use crate::layer::{FactId, Reason};
use crate::proof::{Proof, Rule as Inference, Scope, ScopeId, Step, StepId, TheoremId};
use crate::rule::{Argument, Code, Individual, Pattern, Rule, RuleHead};
use crate::sequent::Sequent;
use crate::theory::Theory;

/// A sequent with the way in which it was proved.
#[derive(Clone, Debug)]
pub struct Tree {
    /// What was proved.
    pub sequent: Sequent,
    /// How.
    pub by: By,
}

impl Tree {
    /// Whether it was proved directly, at once: with few new values and little work.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        match &self.by {
            By::Block(finished) => finished.creations <= 4 && finished.steps <= 4_000,
            By::Induction(_) => false,
        }
    }
}

/// The ways to prove a sequent.
#[derive(Clone, Debug)]
pub enum By {
    /// In a block that introduced the sequent's variables in order and assumed its premises in order
    /// (and the positive form of a negative head).
    Block(Arc<Finished>),
    /// By induction.
    Induction(Box<InductionTree>),
}

/// A proof by induction.
#[derive(Clone, Debug)]
pub struct InductionTree {
    /// The instance's place in [`Compiled::inductions`].
    pub instance: usize,
    /// The variable.
    pub variable: u16,
    /// A block that assumed the sequent's premises and found that the variable lies in the set.
    pub member: Arc<Finished>,
    /// One for each constructor.
    pub cases: Vec<Case>,
}

/// A case of an induction.
#[derive(Clone, Debug)]
pub enum Case {
    /// The sequent for a constant.
    Constant(Tree),
    /// The sequent for the value of a function, below a block that introduced the inputs and the value
    /// in order and assumed what induction offers: for each input its membership, and where it is
    /// recursive the hypothesis as a rule; then the function's row.
    Function(Arc<Snapshot>, Tree),
}

/// A block that reached its goal.
#[derive(Debug)]
pub struct Finished {
    /// The block.
    pub snapshot: Snapshot,
    /// What it wanted.
    pub goal: Goal,
    /// The contradiction that it met instead, if so.
    pub falsum: Option<FactId>,
    /// For an existence goal the facts that reached it and what the variables stood for.
    pub reached: Option<(Vec<FactId>, Vec<Individual>)>,
    /// New individuals that it made.
    pub creations: u32,
    /// The work that it took.
    pub steps: u64,
}

/// Writes the proof of `statement`, which must be the closed formula of the tree's sequent. `theorems`
/// are the statements of the theorems that it may cite, by number.
#[must_use]
pub fn extract(theory: &Theory, compiled: &Compiled, theorems: &[Formula], statement: &Formula, tree: &Tree) -> Proof {
    let mut writer = Writer::new(theory, compiled, theorems);
    let mark = writer.open.len();
    let Formula::Implies(binders, premise, conclusion) = statement else {
        unreachable!("a statement begins with its anchor")
    };
    let names: Vec<Name> = binders.names().iter().map(|shown| writer.fresh(shown)).collect();
    writer.anchor = names.clone();
    writer.naming = compiled.signature.constants.iter().map(|constant| names[constant.parameter]).collect();
    let scope = writer.open_scope(names.clone(), vec![premise.open(&names)], Close::Generalise);
    let anchor = writer.step(Inference::Assumption(0), vec![], premise.open(&names));
    writer.nodes.insert(NodeId(0), anchor);
    debug_assert_eq!(scope, writer.scope);
    let body = conclusion.open(&names);
    let last = writer.prove(tree, &body, 1);
    writer.close_to(mark, last);
    writer.proof.pruned()
}

/// The part of a conjunctive statement that `moves` lead to, with all premises on the way: the first
/// move passes the anchor.
#[must_use]
pub fn project(statement: &Formula, moves: &[Move]) -> Formula {
    match (moves.first(), statement) {
        (Some(Move::Apply), Formula::Implies(binders, premise, conclusion)) => {
            Formula::Implies(binders.clone(), premise.clone(), Arc::new(project(conclusion, &moves[1..])))
        }
        (Some(Move::Left), Formula::And(left, _)) => project(left, &moves[1..]),
        (Some(Move::Right), Formula::And(_, right)) => project(right, &moves[1..]),
        _ => statement.clone(),
    }
}

/// Writes the proof of a statement whose conclusion is a conjunction from the theorems that state its
/// parts, in order.
#[must_use]
pub fn compose(
    theory: &Theory,
    compiled: &Compiled,
    theorems: &[Formula],
    statement: &Formula,
    parts: &[TheoremId],
) -> Proof {
    let mut writer = Writer::new(theory, compiled, theorems);
    let mut parts = parts.iter().copied();
    writer.conjoin(statement, &mut Vec::new(), &mut Vec::new(), &mut parts);
    writer.proof
}

/// What happens to a scope when it is closed.
#[derive(Clone, Copy, Debug)]
enum Close {
    Generalise,
    Exists(StepId),
    /// ¬ introduction; the second step is filled in when the contradiction is known.
    Deny,
}

struct Writer<'t> {
    theory: &'t Theory,
    compiled: &'t Compiled,
    statements: &'t [Formula],
    proof: Proof,
    scope: ScopeId,
    open: Vec<(ScopeId, Close)>,
    /// The anchor's parameters.
    anchor: Vec<Name>,
    /// The name of each individual of the line that is being written.
    naming: Vec<Name>,
    nodes: HashMap<NodeId, StepId>,
    theorems: HashMap<TheoremId, StepId>,
    facts: HashMap<(usize, FactId), StepId>,
    contradictions: HashMap<(usize, FactId), (StepId, StepId)>,
    /// For each depth of the line the steps of the block's assumptions.
    givens: Vec<Vec<StepId>>,
    /// Derived atoms that are visible, so that nothing is derived twice.
    known: HashMap<Formula, StepId>,
}

impl<'t> Writer<'t> {
    fn new(theory: &'t Theory, compiled: &'t Compiled, statements: &'t [Formula]) -> Self {
        let outer = Scope { parent: ScopeId::OUTER, variables: vec![], assumptions: vec![] };
        Writer {
            theory,
            compiled,
            statements,
            proof: Proof { scopes: vec![outer], steps: vec![], names: vec![] },
            scope: ScopeId::OUTER,
            open: vec![],
            anchor: vec![],
            naming: vec![],
            nodes: HashMap::new(),
            theorems: HashMap::new(),
            facts: HashMap::new(),
            contradictions: HashMap::new(),
            givens: vec![vec![]],
            known: HashMap::new(),
        }
    }

    fn fresh(&mut self, shown: &Arc<str>) -> Name {
        let name = Name(self.proof.names.len() as u32);
        self.proof.names.push(shown.clone());
        name
    }

    fn open_scope(&mut self, variables: Vec<Name>, assumptions: Vec<Formula>, close: Close) -> ScopeId {
        let scope = ScopeId(self.proof.scopes.len() as u32);
        self.proof.scopes.push(Scope { parent: self.scope, variables, assumptions });
        self.scope = scope;
        self.open.push((scope, close));
        scope
    }

    fn step(&mut self, rule: Inference, premises: Vec<StepId>, conclusion: Formula) -> StepId {
        let id = StepId(self.proof.steps.len() as u32);
        self.proof.steps.push(Step { rule, premises, conclusion, scope: self.scope });
        id
    }

    /// A step whose conclusion is derived only once as long as it is visible.
    fn derive(&mut self, rule: Inference, premises: Vec<StepId>, conclusion: Formula) -> StepId {
        if let Some(known) = self.known.get(&conclusion).copied()
            && self.is_visible(known)
        {
            return known;
        }
        let id = self.step(rule, premises, conclusion.clone());
        self.known.insert(conclusion, id);
        id
    }

    fn conclusion(&self, step: StepId) -> &Formula {
        &self.proof.steps[step.index()].conclusion
    }

    fn is_visible(&self, step: StepId) -> bool {
        let home = self.proof.steps[step.index()].scope;
        let mut scope = self.scope;
        while scope > home {
            scope = self.proof.scopes[scope.index()].parent;
        }
        scope == home
    }

    /// Closes scopes until `mark` are open; `last` is what was derived inside, and what is derived
    /// outside is returned.
    fn close_to(&mut self, mark: usize, mut last: StepId) -> StepId {
        while self.open.len() > mark {
            let (scope, close) = self.open.pop().expect("longer than the mark");
            self.scope = self.proof.scopes[scope.index()].parent;
            let inner = self.conclusion(last).clone();
            last = match close {
                Close::Generalise => {
                    let Scope { variables, assumptions, .. } = &self.proof.scopes[scope.index()];
                    let names: Vec<_> =
                        variables.iter().map(|name| (*name, self.proof.names[name.0 as usize].clone())).collect();
                    let whole = Formula::forall(&names, &assumptions[0], &inner);
                    self.step(Inference::Generalise(scope), vec![last], whole)
                }
                Close::Exists(exists) => self.step(Inference::ExistsElimination(scope), vec![exists, last], inner),
                Close::Deny => unreachable!("closed by the one who opened it"),
            };
        }
        last
    }

    /// Proves a statement part by part; `names` and `facts` are what the scopes around it gave.
    fn conjoin(
        &mut self,
        formula: &Formula,
        names: &mut Vec<Name>,
        facts: &mut Vec<StepId>,
        parts: &mut dyn Iterator<Item = TheoremId>,
    ) -> StepId {
        match formula {
            Formula::Implies(binders, premise, conclusion) => {
                let mark = (self.open.len(), names.len());
                let new: Vec<Name> = binders.names().iter().map(|shown| self.fresh(shown)).collect();
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

    /// Opens the scopes of a chain `∀x (A → ∀y (B → …))`; gives the names of its variables, the steps of
    /// its premises' literals, and what remains.
    fn open_chain(&mut self, formula: &Formula) -> (Vec<Name>, Vec<StepId>, Formula) {
        let mut names = Vec::new();
        let mut literals = Vec::new();
        let mut formula = formula.clone();
        while let Formula::Implies(binders, premise, conclusion) = &formula {
            let new: Vec<Name> = binders.names().iter().map(|shown| self.fresh(shown)).collect();
            names.extend(&new);
            let premise = premise.open(&new);
            self.open_scope(new.clone(), vec![premise.clone()], Close::Generalise);
            let assumed = self.step(Inference::Assumption(0), vec![], premise);
            self.take_apart(assumed, &mut names, &mut literals);
            formula = conclusion.open(&new);
        }
        (names, literals, formula)
    }

    /// The literals of an assumed premise, in the order of [`Compiled`]'s flattening.
    fn take_apart(&mut self, step: StepId, names: &mut Vec<Name>, literals: &mut Vec<StepId>) {
        match self.conclusion(step).clone() {
            Formula::And(left, right) => {
                let first = self.step(Inference::AndLeft, vec![step], (*left).clone());
                self.take_apart(first, names, literals);
                let second = self.step(Inference::AndRight, vec![step], (*right).clone());
                self.take_apart(second, names, literals);
            }
            formula => match formula.as_exists() {
                Some((binders, left, right)) => {
                    let new: Vec<Name> = binders.names().iter().map(|shown| self.fresh(shown)).collect();
                    names.extend(&new);
                    let parts = vec![left.open(&new), right.open(&new)];
                    self.open_scope(new, parts.clone(), Close::Exists(step));
                    for (number, part) in parts.into_iter().enumerate() {
                        let part = self.step(Inference::Assumption(number as u32), vec![], part);
                        self.take_apart(part, names, literals);
                    }
                }
                None => literals.push(step),
            },
        }
    }

    /// Proves `formula`, the chain of the tree's sequent, in the current scope. `depth` is the number
    /// of blocks of the line that the sequent stands below.
    fn prove(&mut self, tree: &Tree, formula: &Formula, depth: usize) -> StepId {
        let mark = self.open.len();
        match &tree.by {
            By::Block(finished) => {
                let (names, literals, goal) = self.open_chain(formula);
                self.enter(finished, depth, &names, literals);
                let last = self.reach(finished, &goal, depth);
                self.close_to(mark, last)
            }
            By::Induction(induction) => {
                let all = self.induct(tree, induction, depth);
                let (names, literals, _) = self.open_chain(formula);
                self.enter(&induction.member, depth, &names, literals.clone());
                let member = self.reach_fact(&induction.member, depth);
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

    /// Names the individuals that a block introduced, and its assumptions.
    fn enter(&mut self, finished: &Finished, depth: usize, names: &[Name], literals: Vec<StepId>) {
        let first = finished.snapshot.introduced_from(depth);
        self.naming.resize(first, Name(u32::MAX));
        self.naming.extend(names);
        self.givens.truncate(depth);
        self.givens.push(literals);
    }

    /// The chain formula of a sequent in the current naming.
    fn chain(&self, sequent: &Sequent) -> Formula {
        let scratch = |number: u16| Name(crate::check::RESERVED.0 + u32::from(number));
        sequent.formula(&|pattern, variable| self.pattern(pattern, variable), &scratch)
    }

    fn pattern(&self, pattern: &Pattern, variable: &dyn Fn(u16) -> Name) -> Formula {
        let name = |argument: &Argument| match argument {
            Argument::Individual(individual) => self.name(*individual),
            Argument::Variable(number) => variable(*number),
        };
        let names: Vec<Name> = pattern.arguments.iter().map(name).collect();
        self.atom(pattern.code, &names)
    }

    fn name(&self, individual: Individual) -> Name {
        self.naming[individual.0 as usize]
    }

    fn atom(&self, code: Code, names: &[Name]) -> Formula {
        let relation = &self.compiled.signature.relations[code.relation().index()];
        let atom = Formula::atom(
            relation.predicate,
            relation.slots.iter().map(|slot| match slot {
                Slot::Fixed(place) => self.anchor[*place as usize],
                Slot::Argument(place) => names[*place as usize],
            }),
        );
        if code.positive() { atom } else { Formula::negate(atom) }
    }

    /// `∀n (n∈N → φ(n))` by induction, where φ is the sequent without the variable.
    fn induct(&mut self, tree: &Tree, induction: &InductionTree, depth: usize) -> StepId {
        let instance = &self.compiled.inductions[induction.instance];
        let set = Code::new(instance.set, true);
        // φ(n) with n as a scratch name that no scope introduces.
        let stand_in = Name(u32::MAX - 1);
        let abstracted = {
            let place = Individual(self.naming.len() as u32);
            self.naming.push(stand_in);
            let (fixed, _) = tree.sequent.fix(induction.variable, place);
            let formula = self.chain(&fixed);
            self.naming.pop();
            formula
        };
        let shown = crate::clause::variable_name(induction.variable);
        let whole = Formula::forall(&[(stand_in, shown)], &self.atom(set, &[stand_in]), &abstracted);
        let property = |name: Name| abstracted.substitute(&mut |old| if old == stand_in { name } else { old });
        let structure = self.node(instance.node);
        let mut premises = vec![structure];
        for (constructor, case) in instance.constructors.iter().zip(&induction.cases) {
            let step = match (constructor, case) {
                (ConstructorInstance::Constant(constant), Case::Constant(case)) => {
                    let name = self.naming[*constant as usize];
                    self.prove(case, &property(name), depth)
                }
                (ConstructorInstance::Function(relation, inputs), Case::Function(context, case)) => {
                    let mark = self.open.len();
                    let mut names = Vec::new();
                    let mut givens = Vec::new();
                    for (number, (set, recursive)) in inputs.iter().enumerate() {
                        let name = self.fresh(&crate::clause::variable_name(17 + number as u16));
                        let member = self.atom(Code::new(*set, true), &[name]);
                        self.open_scope(vec![name], vec![member.clone()], Close::Generalise);
                        givens.push(self.step(Inference::Assumption(0), vec![], member));
                        if *recursive {
                            let hypothesis = property(name);
                            self.open_scope(vec![], vec![hypothesis.clone()], Close::Generalise);
                            givens.push(self.step(Inference::Assumption(0), vec![], hypothesis));
                        }
                        names.push(name);
                    }
                    let value = self.fresh(&"n".into());
                    names.push(value);
                    let row = self.atom(Code::new(*relation, true), &names);
                    self.open_scope(vec![value], vec![row.clone()], Close::Generalise);
                    givens.push(self.step(Inference::Assumption(0), vec![], row));
                    let first = context.introduced_from(depth);
                    self.naming.resize(first, Name(u32::MAX));
                    self.naming.extend(&names);
                    self.givens.truncate(depth);
                    self.givens.push(givens);
                    let last = self.prove(case, &property(value), depth + 1);
                    self.close_to(mark, last)
                }
                _ => unreachable!("cases follow the constructors"),
            };
            premises.push(step);
        }
        self.step(Inference::Induction(instance.principle), premises, whole)
    }

    /// The step that the goal of a finished block is reached.
    fn reach(&mut self, finished: &Finished, goal: &Formula, depth: usize) -> StepId {
        let mark = self.open.len();
        if finished.goal == Goal::False {
            // A negative goal: its positive form was the last assumption.
            let Formula::Not(atom) = goal else { unreachable!("a contradiction is wanted for a denial") };
            let scope = self.open_scope(vec![], vec![(**atom).clone()], Close::Deny);
            let assumed = self.step(Inference::Assumption(0), vec![], (**atom).clone());
            self.givens[depth].push(assumed);
            let falsum = finished.falsum.expect("a finished block has reached its goal");
            let (fact, denial) = self.contradiction(&finished.snapshot.line(), falsum);
            // Witnesses that were opened inside are closed around a contradiction about the assumption.
            let (fact, denial) = self.close_contradiction(mark + 1, fact, denial, atom, assumed);
            self.open.pop();
            self.scope = self.proof.scopes[scope.index()].parent;
            return self.step(Inference::NotIntroduction(scope), vec![fact, denial], goal.clone());
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
                let (facts, binding) = finished.reached.as_ref().expect("reached");
                let steps: Vec<StepId> = facts.iter().map(|fact| self.fact(&line, *fact)).collect();
                let witnesses: Vec<Name> =
                    binding[..*variables as usize].iter().map(|individual| self.name(*individual)).collect();
                self.introduce(goal, &witnesses, &steps, &line)
            }
            Goal::False => unreachable!("handled above"),
        }
    }

    /// The contradiction `A`, `¬A` about the assumption `A` itself, outside of all witnesses.
    fn close_contradiction(
        &mut self,
        mark: usize,
        fact: StepId,
        denial: StepId,
        atom: &Arc<Formula>,
        assumed: StepId,
    ) -> (StepId, StepId) {
        if self.open.len() == mark {
            return (fact, denial);
        }
        let denied = Formula::negate((**atom).clone());
        let inner = self.step(Inference::ExFalso, vec![fact, denial], denied);
        (assumed, self.close_to(mark, inner))
    }

    fn reach_fact(&mut self, finished: &Finished, _depth: usize) -> StepId {
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

    /// ∃ introduction for a goal whose facts were found.
    fn introduce(&mut self, goal: &Formula, witnesses: &[Name], facts: &[StepId], line: &Line<'_>) -> StepId {
        let (_, left, right) = goal.as_exists().expect("an existence goal");
        let mut next = 0;
        let parts = [left.open(witnesses), right.open(witnesses)];
        let mut premises = Vec::new();
        for part in &parts {
            premises.push(self.conjunction(part, facts, &mut next, line));
        }
        self.step(Inference::ExistsIntroduction(witnesses.to_vec()), premises, goal.clone())
    }

    fn conjunction(&mut self, formula: &Formula, facts: &[StepId], next: &mut usize, line: &Line<'_>) -> StepId {
        if let Formula::And(left, right) = formula {
            let first = self.conjunction(left, facts, next, line);
            let second = self.conjunction(right, facts, next, line);
            return self.step(Inference::AndIntroduction, vec![first, second], formula.clone());
        }
        if facts.get(*next).is_some_and(|fact| self.conclusion(*fact) == formula) {
            *next += 1;
            return facts[*next - 1];
        }
        // The fact is about representatives; the formula may name another member of a class.
        let place = (*next).min(facts.len().saturating_sub(1));
        *next += 1;
        self.rewrite_to(line, facts[place], formula)
    }

    /// A literal about exactly these individuals, which the block knows about their representatives.
    fn exact(&mut self, line: &Line<'_>, code: Code, arguments: &[Individual]) -> StepId {
        let representatives: Vec<Individual> = arguments.iter().map(|argument| line.classes.find(*argument)).collect();
        let fact = line.lookup(code, &representatives).expect("a reached goal is known");
        let step = self.fact(line, fact);
        if representatives == arguments {
            return step;
        }
        let names: Vec<Name> = arguments.iter().map(|individual| self.name(*individual)).collect();
        let formula = self.atom(code, &names);
        self.replace(line, step, &representatives, arguments, formula)
    }

    /// A step's atom with other members of the same classes, found by name.
    fn rewrite_to(&mut self, line: &Line<'_>, step: StepId, formula: &Formula) -> StepId {
        let individual = |writer: &Self, name: Name| {
            let place = writer.naming.iter().rposition(|known| *known == name).expect("a named individual");
            Individual(place as u32)
        };
        let (from, to) = (self.conclusion(step).free_variables(), formula.free_variables());
        let pairs: Vec<(Individual, Individual)> = from
            .iter()
            .zip(&to)
            .filter(|(one, other)| one != other)
            .map(|(one, other)| (individual(self, *one), individual(self, *other)))
            .collect();
        let mut premises = vec![step];
        for (one, other) in pairs {
            premises.push(self.equation(line, one, other, false));
        }
        self.derive(Inference::Congruence, premises, formula.clone())
    }

    fn replace(
        &mut self,
        line: &Line<'_>,
        step: StepId,
        from: &[Individual],
        to: &[Individual],
        formula: Formula,
    ) -> StepId {
        let mut premises = vec![step];
        for (old, new) in from.iter().zip(to) {
            if old != new {
                let equation = self.equation(line, *old, *new, false);
                if !premises.contains(&equation) {
                    premises.push(equation);
                }
            }
        }
        self.derive(Inference::Congruence, premises, formula)
    }

    /// `left = right`, or with `oriented` false either that or `right = left`.
    fn equation(&mut self, line: &Line<'_>, left: Individual, right: Individual, oriented: bool) -> StepId {
        let (one, other) = (self.name(left), self.name(right));
        let wanted = Formula::equal(one, other);
        if left == right {
            return self.derive(Inference::Reflexivity, vec![], wanted);
        }
        for candidate in [wanted.clone(), Formula::equal(other, one)] {
            if let Some(known) = self.known.get(&candidate).copied()
                && self.is_visible(known)
                && (!oriented || candidate == wanted)
            {
                return known;
            }
        }
        let path = line.classes.explain(left, right);
        let links: Vec<StepId> = path.iter().map(|equation| self.fact(line, *equation)).collect();
        // Rewriting `left = left` along the path, one link at a time.
        let mut at = left;
        let mut step = None;
        for (equation, link) in path.iter().zip(links) {
            let sides = line.layer_of(*equation).arguments(*equation);
            let next = if sides[0] == at { sides[1] } else { sides[0] };
            step = Some(match step {
                None if sides[0] == at || !oriented => {
                    if sides[0] == at {
                        (link, true)
                    } else {
                        (link, false)
                    }
                }
                None => {
                    let same = self.derive(Inference::Reflexivity, vec![], Formula::equal(one, one));
                    let formula = Formula::equal(one, self.name(next));
                    (self.derive(Inference::Congruence, vec![same, link], formula), true)
                }
                Some((previous, forward)) => {
                    let far = self.name(next);
                    let formula = if forward { Formula::equal(one, far) } else { Formula::equal(far, one) };
                    (self.derive(Inference::Congruence, vec![previous, link], formula), forward)
                }
            });
            at = next;
        }
        step.expect("different individuals are linked").0
    }

    /// The two sides of a contradiction.
    fn contradiction(&mut self, line: &Line<'_>, falsum: FactId) -> (StepId, StepId) {
        let key = (line.key(falsum), falsum);
        if let Some(pair) = self.contradictions.get(&key).copied()
            && self.is_visible(pair.0)
            && self.is_visible(pair.1)
        {
            return pair;
        }
        self.write_needed(line, falsum);
        self.contradictions[&key]
    }

    /// The step of a fact.
    fn fact(&mut self, line: &Line<'_>, fact: FactId) -> StepId {
        let key = (line.key(fact), fact);
        if let Some(step) = self.facts.get(&key).copied()
            && self.is_visible(step)
        {
            return step;
        }
        self.write_needed(line, fact);
        self.facts[&key]
    }

    /// Writes a fact and everything that it needs and that is not yet visible, oldest first.
    fn write_needed(&mut self, line: &Line<'_>, fact: FactId) {
        let mut needed: Vec<FactId> = Vec::new();
        let mut queue = vec![fact];
        let mut seen = std::collections::HashSet::new();
        while let Some(fact) = queue.pop() {
            let key = (line.key(fact), fact);
            let visible = self.facts.get(&key).is_some_and(|step| self.is_visible(*step));
            if visible || !seen.insert(fact) {
                continue;
            }
            needed.push(fact);
            self.depends_on(line, fact, &mut queue);
        }
        needed.sort_unstable();
        for fact in needed {
            self.write(line, fact);
        }
    }

    fn depends_on(&self, line: &Line<'_>, fact: FactId, queue: &mut Vec<FactId>) {
        let layer = line.layer_of(fact);
        match layer.reason(fact) {
            Reason::Given(_) => {}
            Reason::Witness(group, _) => queue.extend(&line.group(group).0.parents),
            Reason::Rewritten => {
                let old = layer.parents(fact)[0];
                queue.push(old);
                for (from, to) in line.layer_of(old).arguments(old).iter().zip(layer.arguments(fact)) {
                    if from != to {
                        queue.extend(line.classes.explain(*from, *to));
                    }
                }
            }
            Reason::Apart => {
                let denial = layer.parents(fact)[0];
                queue.push(denial);
            }
            Reason::Rule(_) | Reason::Functional | Reason::Clash => queue.extend(layer.parents(fact)),
        }
    }

    fn write(&mut self, line: &Line<'_>, fact: FactId) {
        let key = (line.key(fact), fact);
        if self.facts.get(&key).is_some_and(|step| self.is_visible(*step)) {
            return;
        }
        let layer = line.layer_of(fact);
        let arguments = layer.arguments(fact).to_vec();
        let code = layer.code(fact);
        let parents = layer.parents(fact).to_vec();
        let step = match layer.reason(fact) {
            Reason::Given(number) => self.givens[line.depth_of(fact)][number as usize],
            Reason::Rule(id) => {
                let rule = line.rule(id).clone();
                if rule.head == RuleHead::False {
                    let pair = self.contradict(line, &rule, id, &parents);
                    self.contradictions.insert(key, pair);
                    return;
                }
                let depth = line.rule_depth(id);
                let (binding, steps) = self.matched(line, &rule, &parents);
                self.justify(&rule, depth, &binding, &steps)
            }
            Reason::Witness(group, _) => return self.write_group(line, group, key),
            Reason::Rewritten => {
                let old = self.facts[&(line.key(parents[0]), parents[0])];
                let from = line.layer_of(parents[0]).arguments(parents[0]).to_vec();
                let names: Vec<Name> = arguments.iter().map(|individual| self.name(*individual)).collect();
                let formula = self.atom(code, &names);
                self.replace(line, old, &from, &arguments, formula)
            }
            Reason::Functional => self.functional(line, &parents),
            Reason::Clash => {
                let pair = parents.iter().map(|parent| self.facts[&(line.key(*parent), *parent)]).collect::<Vec<_>>();
                self.contradictions.insert(key, (pair[0], pair[1]));
                return;
            }
            Reason::Apart => {
                let denial = self.facts[&(line.key(parents[0]), parents[0])];
                let name = self.name(line.layer_of(parents[0]).arguments(parents[0])[0]);
                let same = self.derive(Inference::Reflexivity, vec![], Formula::equal(name, name));
                self.contradictions.insert(key, (same, denial));
                return;
            }
        };
        self.facts.insert(key, step);
        let formula = self.conclusion(step).clone();
        self.known.entry(formula).or_insert(step);
    }

    /// What a rule's variables stood for, by name, and the steps of all premises of its clause.
    fn matched(&mut self, line: &Line<'_>, rule: &Rule, parents: &[FactId]) -> (Vec<Name>, Vec<StepId>) {
        let mut binding = vec![Name(u32::MAX); rule.variables as usize];
        for (pattern, parent) in rule.patterns.iter().zip(parents) {
            for (argument, individual) in pattern.arguments.iter().zip(line.layer_of(*parent).arguments(*parent)) {
                if let Argument::Variable(number) = argument {
                    binding[*number as usize] = self.name(*individual);
                }
            }
        }
        for (number, other) in &rule.aliased {
            binding[*number as usize] = match other {
                Argument::Individual(individual) => self.name(*individual),
                Argument::Variable(other) => binding[*other as usize],
            };
        }
        let name = |argument: &Argument, writer: &Self| match argument {
            Argument::Individual(individual) => writer.name(*individual),
            Argument::Variable(number) => binding[*number as usize],
        };
        let mut steps = Vec::new();
        for (place, premise) in rule.premises.iter().enumerate() {
            let names: Vec<Name> = premise.arguments.iter().map(|argument| name(argument, self)).collect();
            let formula = self.atom(premise.code, &names);
            let step = match rule.places.iter().position(|matched| *matched == place) {
                Some(pattern) => {
                    let parent = parents[pattern];
                    let step = self.facts[&(line.key(parent), parent)];
                    if *self.conclusion(step) == formula {
                        step
                    } else {
                        self.about_constant(line, step, parent, rule, pattern)
                    }
                }
                None => self.derive(Inference::Reflexivity, vec![], formula),
            };
            steps.push(step);
        }
        (binding, steps)
    }

    /// A pattern that names an individual matched a fact about its representative.
    fn about_constant(&mut self, line: &Line<'_>, step: StepId, parent: FactId, rule: &Rule, pattern: usize) -> StepId {
        let from = line.layer_of(parent).arguments(parent).to_vec();
        let code = rule.patterns[pattern].code;
        let to: Vec<Individual> = rule.patterns[pattern]
            .arguments
            .iter()
            .zip(&from)
            .map(|(argument, individual)| match argument {
                Argument::Individual(wanted) => *wanted,
                Argument::Variable(_) => *individual,
            })
            .collect();
        let names: Vec<Name> = to.iter().map(|individual| self.name(*individual)).collect();
        let formula = self.atom(code, &names);
        self.replace(line, step, &from, &to, formula)
    }

    /// The contradiction that a rule gives: the fact that matched its denied head, and the denial.
    fn contradict(
        &mut self,
        line: &Line<'_>,
        rule: &Rule,
        id: crate::layer::RuleId,
        parents: &[FactId],
    ) -> (StepId, StepId) {
        let depth = line.rule_depth(id);
        let (binding, steps) = self.matched(line, rule, parents);
        let denial = self.justify(rule, depth, &binding, &steps);
        let last = parents.len() - 1;
        let parent = parents[last];
        let step = self.facts[&(line.key(parent), parent)];
        let Formula::Not(atom) = self.conclusion(denial).clone() else { unreachable!("a denied head is a negation") };
        let fact =
            if *self.conclusion(step) == *atom { step } else { self.about_constant(line, step, parent, rule, last) };
        (fact, denial)
    }

    /// Walks the way from known formulas to an instance of a rule.
    fn justify(&mut self, rule: &Rule, depth: usize, binding: &[Name], premises: &[StepId]) -> StepId {
        let justification = rule.justification.as_ref().expect("a rule that derives has a reason");
        self.walk(justification, depth, binding, premises)
    }

    fn walk(&mut self, justification: &Justification, depth: usize, binding: &[Name], premises: &[StepId]) -> StepId {
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

    fn flush(&mut self, facts: &mut Vec<StepId>, substitution: &mut Vec<Name>, formula: &Formula) -> StepId {
        if facts.len() == 1 {
            return facts[0];
        }
        let rule = Inference::Instantiate(std::mem::take(substitution));
        self.derive(rule, std::mem::take(facts), formula.clone())
    }

    /// ∀→ elimination along a chain, with all premises at hand.
    fn instantiate(&mut self, substitution: Vec<Name>, premises: Vec<StepId>) -> StepId {
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
    fn premise(
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
    fn fold(&mut self, relation: RelationId, binding: &[Name], premises: &[StepId]) -> StepId {
        let known = &self.compiled.signature.relations[relation.index()];
        let (predicate, mut variable) = (known.predicate, known.arity);
        let atom = self.atom(Code::new(relation, true), &binding[..variable]);
        let body = self.unfolded(predicate, &atom);
        let mut next = 0;
        let whole = self.premise(&body, binding, premises, &mut variable, &mut next);
        self.derive(Inference::Fold, vec![whole], atom)
    }

    fn unfolded(&self, predicate: PredicateId, atom: &Formula) -> Formula {
        let Formula::Atom(_, arguments) = atom else { unreachable!("an atom") };
        let names: Vec<Name> = arguments
            .iter()
            .filter_map(|argument| match argument {
                crate::formula::Variable::Free(name) => Some(*name),
                crate::formula::Variable::Bound(_) => None,
            })
            .collect();
        let definition = self.theory.predicate(predicate).definition.as_ref().expect("a defined predicate");
        definition.instance(&names)
    }

    /// The step of a formula that holds under the anchor.
    fn node(&mut self, node: NodeId) -> StepId {
        if let Some(step) = self.nodes.get(&node).copied()
            && self.is_visible(step)
        {
            return step;
        }
        let known = &self.compiled.nodes[node.0 as usize];
        let (origin, action) = known.origin.expect("the anchor is there from the beginning");
        let anchor = self.anchor.clone();
        let formula = known.formula.substitute(&mut |parameter| anchor[parameter.0 as usize]);
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

    fn theorem(&mut self, theorem: TheoremId) -> StepId {
        if let Some(step) = self.theorems.get(&theorem).copied()
            && self.is_visible(step)
        {
            return step;
        }
        let statement = self.statements[theorem.0 as usize].clone();
        let step = self.step(Inference::Theorem(theorem), vec![], statement);
        self.theorems.insert(theorem, step);
        step
    }

    /// Two values of a function are equal.
    fn functional(&mut self, line: &Line<'_>, parents: &[FactId]) -> StepId {
        let compiled = self.compiled;
        let code = line.layer_of(parents[0]).code(parents[0]);
        let function = compiled.function(code.relation()).expect("rows of a function");
        let rows: Vec<Vec<Name>> = parents
            .iter()
            .map(|parent| {
                line.layer_of(*parent).arguments(*parent).iter().map(|individual| self.name(*individual)).collect()
            })
            .collect();
        let steps: Vec<StepId> = parents.iter().map(|parent| self.facts[&(line.key(*parent), *parent)]).collect();
        let axiom = &compiled.axioms[function.functionality];
        let mut binding = vec![Name(u32::MAX); axiom.clause.variables as usize];
        let is_row = |literal: &crate::clause::Literal| literal.relation == function.relation;
        for (literal, row) in axiom.clause.premises.iter().filter(|literal| is_row(literal)).zip(&rows) {
            for (term, name) in literal.arguments.iter().zip(row) {
                if let crate::clause::Term::Variable(number) = term {
                    binding[*number as usize] = *name;
                }
            }
        }
        let mut row_steps = steps.iter();
        let mut premises = Vec::new();
        for literal in &axiom.clause.premises {
            if is_row(literal) {
                premises.push(*row_steps.next().expect("two rows"));
                continue;
            }
            // A guard: the input lies in the domain, since the row says so.
            let crate::clause::Term::Variable(number) = literal.arguments[0] else {
                unreachable!("a guard is about an input")
            };
            let input = rows[0].iter().position(|name| *name == binding[number as usize]).expect("an input of the row");
            let typing = &compiled.axioms[function.typing[input].expect("a guarded input is typed")];
            let mut variables = vec![Name(u32::MAX); typing.clause.variables as usize];
            for (term, name) in typing.clause.premises[0].arguments.iter().zip(&rows[0]) {
                if let crate::clause::Term::Variable(number) = term {
                    variables[*number as usize] = *name;
                }
            }
            premises.push(self.walk(&typing.justification, 0, &variables, &[steps[0]]));
        }
        self.walk(&axiom.justification, 0, &binding, &premises)
    }

    /// Opens the scope of a witness group and writes down its facts.
    fn write_group(&mut self, line: &Line<'_>, number: u32, key: (usize, FactId)) {
        let (group, depth) = line.group(number);
        let rule = line.rule(group.rule).clone();
        let (binding, steps) = self.matched(line, &rule, &group.parents);
        let exists = self.justify(&rule, line.rule_depth(group.rule), &binding, &steps);
        let formula = self.conclusion(exists).clone();
        let (binders, left, right) = formula.as_exists().expect("an existence rule");
        let names: Vec<Name> = (0..binders.len())
            .map(|number| {
                let shown: Arc<str> = format!("w{}", group.first.0 as usize + number).into();
                self.fresh(&shown)
            })
            .collect();
        let until = group.first.0 as usize + names.len();
        if self.naming.len() < until {
            self.naming.resize(until, Name(u32::MAX));
        }
        for (number, name) in names.iter().enumerate() {
            self.naming[group.first.0 as usize + number] = *name;
        }
        let parts = vec![left.open(&names), right.open(&names)];
        self.open_scope(names, parts.clone(), Close::Exists(exists));
        let mut literals = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            let part = self.step(Inference::Assumption(number as u32), vec![], part);
            self.split(part, &mut literals);
        }
        // All facts of the group have their steps now, whichever of them is needed first.
        let layer = line.layers[depth];
        for fact in group.facts.clone().map(FactId) {
            if let Reason::Witness(other, which) = layer.reason(fact)
                && other == number
            {
                let step = literals[which as usize];
                self.facts.insert((line.key(fact), fact), step);
                let formula = self.conclusion(step).clone();
                self.known.insert(formula, step);
            }
        }
        debug_assert!(self.facts.contains_key(&key));
    }

    fn split(&mut self, step: StepId, literals: &mut Vec<StepId>) {
        if let Formula::And(left, right) = self.conclusion(step).clone() {
            let first = self.step(Inference::AndLeft, vec![step], (*left).clone());
            self.split(first, literals);
            let second = self.step(Inference::AndRight, vec![step], (*right).clone());
            self.split(second, literals);
        } else {
            literals.push(step);
        }
    }
}
