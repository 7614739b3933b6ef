//! Reconstructs a proof in the calculus from the derivations of blocks.
//!
//! For each fact, a block keeps the rule and the facts it was derived from. This module walks back from the goal and
//! emits the steps of the calculus in order. Nothing is searched: if the recorded reasons do not lead to a proof, that
//! is a bug of the engine, and the checker refuses the result.

mod equality;
mod equations;
mod fact;
mod rule;
mod tree;

use std::collections::HashMap;
use std::sync::Arc;

use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::proof::{Proof, Rule as Inference, Scope, ScopeId, Step, StepId, TheoremId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;
use crate::clauses::clause::RelationId;
use crate::clauses::compile::{Compiled, Move, NodeId};
use crate::saturation::block::{Goal, Reached, Snapshot};
use crate::saturation::completion::equation::Derivation;
use crate::saturation::completion::problem::Problem;
use crate::saturation::facts::FactId;
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::sequent::Sequent;

/// A proved sequent with its derivation.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The sequent.
    pub sequent: Sequent,
    /// The derivation.
    pub by: By,
}

impl Tree {
    /// Whether it was proved directly, with few new values and little work.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        match &self.by {
            By::Block(finished) => finished.creations <= 4 && finished.steps <= 4_000,
            By::Induction(_) | By::Cases(_) | By::Indirect(_) | By::Equations(_) => false,
        }
    }
}

/// The ways to prove a sequent.
#[derive(Clone, Debug)]
pub enum By {
    /// By a block that introduced the sequent's variables and assumed its premises (and the positive form of a negative
    /// head), each in order.
    Block(Arc<Finished>),
    /// By induction.
    Induction(Box<InductionTree>),
    /// By cases.
    Cases(Box<CaseSplit>),
    /// By contradiction.
    Indirect(Box<Indirect>),
    /// By rewriting with equations.
    Equations(Box<Equational>),
}

/// A proof by rewriting, below a stuck block.
#[derive(Clone, Debug)]
pub struct Equational {
    /// The block.
    pub stuck: Arc<Finished>,
    /// The sequent and the known equations, over terms.
    pub problem: Arc<Problem>,
    /// The derivation of the goal from the equations.
    pub derivation: Derivation,
}

/// A proof by cases, below a stuck block.
#[derive(Clone, Debug)]
pub struct CaseSplit {
    /// The block.
    pub stuck: Arc<Finished>,
    /// Literals that may be assumed, since the opposite leads to the goal.
    pub forced: Vec<Forced>,
    /// The goal, or a contradiction, with all of these as premises.
    pub rest: Tree,
}

/// A literal whose truth value is forced.
#[derive(Clone, Debug)]
pub struct Forced {
    /// A positive ground literal.
    pub literal: Pattern,
    /// Its truth value in the remaining case.
    pub holds: bool,
    /// The goal, or a contradiction, from the opposite as the only premise.
    pub refuted: Tree,
}

impl Forced {
    /// The literal assumed in the remaining case.
    #[must_use]
    pub fn assumed(&self) -> Pattern {
        let code = if self.holds { self.literal.code } else { self.literal.code.opposite() };
        Pattern { code, arguments: self.literal.arguments.clone() }
    }
}

/// A contradiction from the negated goal, below a stuck block.
#[derive(Clone, Debug)]
pub struct Indirect {
    /// The block.
    pub stuck: Arc<Finished>,
    /// The contradiction, from the negated goal as the only premise.
    pub child: Tree,
}

/// A proof by induction.
#[derive(Clone, Debug)]
pub struct InductionTree {
    /// The index in [`Compiled::inductions`].
    pub instance: usize,
    /// The induction variable.
    pub variable: u16,
    /// A block that assumed the sequent's premises and derived that the variable is in the set.
    pub member: Arc<Finished>,
    /// One for each constructor; for an induction by two steps, the sequent at the constant, at a value of the constructor
    /// there, and at two steps from any element, with hypotheses about that element and the next.
    pub cases: Vec<Case>,
    /// Whether it is an induction by two steps.
    pub double: bool,
}

/// A case of an induction.
#[derive(Clone, Debug)]
pub enum Case {
    /// The sequent at a constant.
    Constant(Tree),
    /// The sequent at the value of a function, below a block that introduced the inputs and the value, in order, and
    /// assumed, for each input, its membership and, if it is recursive, the hypothesis as a rule; then the function's
    /// row. By two steps, the hypothesis about the value follows, and the same again for the second step, of whose inputs
    /// the recursive one is known.
    Function(Arc<Snapshot>, Tree),
}

/// A block at rest that reached its goal or is stuck.
#[derive(Debug)]
pub struct Finished {
    /// The block.
    pub snapshot: Arc<Snapshot>,
    /// Its goal.
    pub goal: Goal,
    /// The contradiction that it derived instead, if so.
    pub falsum: Option<FactId>,
    /// The rule and facts that reached an existential goal.
    pub reached: Option<Reached>,
    /// The number of witnesses it created.
    pub creations: u32,
    /// Its work, in steps.
    pub steps: u64,
}

/// Reconstructs the proof of `statement`, which must be the closed formula of the tree's sequent. `theorems` are the
/// statements of the theorems that it may cite, by number.
#[must_use]
pub fn extract(theory: &Theory, compiled: &Compiled, theorems: &[Formula], statement: &Formula, tree: &Tree) -> Proof {
    let mut writer = Writer::new(theory, compiled, theorems);
    let mark = writer.open.len();
    let Formula::Implies(binders, premise, conclusion) = statement else {
        unreachable!("a statement begins with its anchor")
    };
    let names: Vec<Name> = binders.iter().map(|binder| writer.fresh(binder)).collect();
    let fits = writer.instance.fit_all(&theory.predicate(theory.anchor).sorts, binders.sorts());
    debug_assert!(fits, "a statement binds the anchor's parameters");
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

/// The proof of a statement that is an axiom, a conjunction of axioms, or a defined atom that unfolds to such; `None`
/// for others.
#[must_use]
pub fn from_axioms(theory: &Theory, compiled: &Compiled, theorems: &[Formula], statement: &Formula) -> Option<Proof> {
    let Formula::Implies(binders, premise, conclusion) = statement else { return None };
    let mut writer = Writer::new(theory, compiled, theorems);
    let names: Vec<Name> = binders.iter().map(|binder| writer.fresh(binder)).collect();
    if !writer.instance.fit_all(&theory.predicate(theory.anchor).sorts, binders.sorts()) {
        return None;
    }
    let premise = premise.open(&names);
    if premise != Formula::atom(theory.anchor, names.iter().copied()) {
        return None;
    }
    writer.anchor = names.clone();
    writer.open_scope(names.clone(), vec![premise.clone()], Close::Generalise);
    let anchor = writer.step(Inference::Assumption(0), vec![], premise);
    writer.nodes.insert(NodeId(0), anchor);
    let last = writer.axioms(&conclusion.open(&names))?;
    writer.close_to(0, last);
    Some(writer.proof.pruned())
}

/// The part of a conjunctive statement at the end of `moves`, with all premises on the way; the first move passes the
/// anchor.
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

/// The proof of a statement with a conjunctive conclusion from theorems that state its parts, in order.
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

/// The inference that closes a scope.
#[derive(Clone, Copy, Debug)]
enum Close {
    Generalise,
    Exists(StepId),
    /// ¬ introduction; the second premise is filled in once the contradiction is known.
    Deny,
}

struct Writer<'t> {
    theory: &'t Theory,
    compiled: &'t Compiled,
    statements: &'t [Formula],
    proof: Proof,
    scope: ScopeId,
    open: Vec<(ScopeId, Close)>,
    /// The sorts that the statement substitutes for the theory's base sorts.
    instance: SortInstance,
    /// The names of the anchor's parameters.
    anchor: Vec<Name>,
    /// The name of each individual of the current line of blocks.
    naming: Vec<Name>,
    nodes: HashMap<NodeId, StepId>,
    theorems: HashMap<TheoremId, StepId>,
    facts: HashMap<(usize, FactId), StepId>,
    contradictions: HashMap<(usize, FactId), (StepId, StepId)>,
    /// For each depth of the line, the steps of the block's assumptions.
    givens: Vec<Vec<StepId>>,
    /// Derived atoms that are visible, so that none is derived twice.
    known: HashMap<Formula, StepId>,
}

impl<'t> Writer<'t> {
    fn new(theory: &'t Theory, compiled: &'t Compiled, statements: &'t [Formula]) -> Self {
        let outer = Scope { parent: ScopeId::OUTER, variables: vec![], assumptions: vec![] };
        Writer {
            theory,
            compiled,
            statements,
            proof: Proof { scopes: vec![outer], ..Proof::default() },
            scope: ScopeId::OUTER,
            open: vec![],
            instance: SortInstance::default(),
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

    fn fresh(&mut self, binder: &Binder) -> Name {
        let name = Name(self.proof.names.len() as u32);
        self.proof.names.push(binder.name.clone());
        self.proof.sorts.push(binder.sort.clone());
        name
    }

    /// The sort of an argument of a relation, as instantiated in this proof.
    fn sort_at(&self, relation: RelationId, place: usize) -> Sort {
        self.instance.apply(&self.compiled.signature.relations[relation.index()].sorts[place])
    }

    /// A formula of the theory, with its base sorts instantiated as in this proof.
    fn own_sorts(&self, formula: Formula) -> Formula {
        if self.instance.is_identity() { formula } else { formula.with_sorts(&mut |sort| self.instance.apply(sort)) }
    }

    /// The binder that introduced the name.
    fn binder(&self, name: Name) -> Binder {
        Binder::new(self.proof.names[name.0 as usize].clone(), self.sort(name).clone())
    }

    fn sort(&self, name: Name) -> &Sort {
        &self.proof.sorts[name.0 as usize]
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

    /// Emits a step, unless a visible step has the same conclusion.
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

    /// Closes scopes until `mark` are open. `last` is the step derived inside; returns the step derived outside.
    fn close_to(&mut self, mark: usize, mut last: StepId) -> StepId {
        while self.open.len() > mark {
            let (scope, close) = self.open.pop().expect("longer than the mark");
            self.scope = self.proof.scopes[scope.index()].parent;
            let inner = self.conclusion(last).clone();
            last = match close {
                Close::Generalise => {
                    let Scope { variables, assumptions, .. } = &self.proof.scopes[scope.index()];
                    let names: Vec<_> = variables.iter().map(|name| (*name, self.binder(*name))).collect();
                    let whole = Formula::forall(&names, &assumptions[0], &inner);
                    self.step(Inference::Generalise(scope), vec![last], whole)
                }
                Close::Exists(exists) => self.step(Inference::ExistsElimination(scope), vec![exists, last], inner),
                Close::Deny => unreachable!("closed by the one who opened it"),
            };
        }
        last
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
        // Codes after the relations are domains of sorts, whose facts are equations.
        let Some(relation) = self.compiled.signature.relations.get(code.relation().index()) else {
            return Formula::equal(names[0], names[1]);
        };
        let formula = self.own_sorts(relation.formula(&|place| self.anchor[place], names));
        if code.positive() { formula } else { Formula::negate(formula) }
    }
}
