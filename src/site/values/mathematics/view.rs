//! A proof in terms: which variables are replaced by terms, which steps state equations, which are typing, and which
//! scopes are hidden.

use std::collections::HashMap;
use std::sync::Arc;

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, Step, StepId};
use theoremata_logic::language::notation::{Math, Symbol};
use theoremata_logic::proofs::axiom_use::Given;

use super::substitution::substitute;
use super::term::{Functions, Graph, Term};
use super::values::Values;
use crate::site::values::catalogue::Catalogue;
use crate::site::values::layout::Layout;
use crate::site::values::names::{given_name, unique_names};

/// The presentation of a scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// Hidden: its variables are replaced by terms, or it assumes the axioms.
    Melted,
    /// As a line: its content is presented at the level of the scope.
    Line,
    /// As a block of its own.
    Block,
}

/// A proof with the analysis of its parts.
pub(crate) struct View<'c, 'r> {
    pub(crate) catalogue: &'c Catalogue<'r>,
    pub(crate) proof: &'c Proof,
    pub(crate) layout: Layout,
    pub(crate) given: Given,
    pub(crate) values: Values<'static>,
    /// The presentation of each scope.
    pub(crate) told: Vec<Told>,
    /// The equation that a step states, if it does.
    pub(crate) equations: Vec<Option<(Term, Term)>>,
    /// Whether a step only states membership in sets of the theory, by the axioms.
    pub(crate) typing: Vec<bool>,
    /// Whether a step is the goal of its block.
    pub(crate) goal: Vec<bool>,
    parameters: HashMap<Name, usize>,
    names: HashMap<Name, Arc<str>>,
}

impl<'c, 'r> View<'c, 'r> {
    pub(crate) fn new(catalogue: &'c Catalogue<'r>, proof: &'c Proof) -> View<'c, 'r> {
        let layout = Layout::of(catalogue.theory, proof);
        let anchor = layout.anchor_scope.map(|scope| &proof.scopes[scope.index()].assumptions[..]);
        let parameters = match anchor {
            Some([Formula::Atom(_, arguments)]) => arguments
                .iter()
                .enumerate()
                .filter_map(
                    |(place, argument)| if let Variable::Free(name) = argument { Some((*name, place)) } else { None },
                )
                .collect(),
            _ => HashMap::new(),
        };
        let mut view = View {
            given: Given::of(&catalogue.axioms, proof),
            told: vec![Told::Block; proof.scopes.len()],
            equations: Vec::new(),
            typing: Vec::new(),
            goal: vec![false; proof.steps.len()],
            values: Values::default(),
            names: HashMap::new(),
            catalogue,
            proof,
            layout,
            parameters,
        };
        view.find_goals();
        for (place, step) in proof.steps.iter().enumerate() {
            let typing = view.is_typing(place, step);
            view.typing.push(typing);
        }
        view.melt();
        view.names = unique_names(proof, &|name| !view.values.stands_for_term(name));
        view.equations = proof.steps.iter().map(|step| view.equation(&step.conclusion, &view.values)).collect();
        view
    }

    pub(crate) fn step(&self, id: StepId) -> &'c Step {
        &self.proof.steps[id.index()]
    }

    pub(crate) fn functions(&self) -> &'c Functions {
        &self.catalogue.functions
    }

    /// The atom as the value of a function.
    pub(crate) fn graph(&self, atom: &Formula) -> Option<Graph> {
        self.functions().graph(atom, &|name| self.parameters.get(&name).copied())
    }

    /// Whether a formula only states membership in sets of the theory.
    pub(crate) fn types(&self, formula: &Formula) -> bool {
        self.functions().is_typing(formula, &|name| self.parameters.get(&name).copied())
    }

    /// The equation that an atom states.
    pub(crate) fn equation(&self, formula: &Formula, values: &Values<'_>) -> Option<(Term, Term)> {
        if let Some(graph) = self.graph(formula) {
            let (value, term) = (values.term(graph.value), values.value(&graph));
            // Oriented as statements are displayed: the value first, if it is a term.
            return Some(if matches!(value, Term::Name(_)) { (term, value) } else { (value, term) });
        }
        match formula {
            Formula::Atom(PredicateId::EQUAL, sides) => match sides[..] {
                [Variable::Free(left), Variable::Free(right)] => {
                    let (left, right) = (values.term(left), values.term(right));
                    Some(if self.rank(&left) < self.rank(&right) { (right, left) } else { (left, right) })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Sorts terms to the left and constants to the right, as statements are displayed.
    fn rank(&self, term: &Term) -> usize {
        match term {
            Term::Name(name) if self.parameters.contains_key(name) => 0,
            Term::Name(_) => 1,
            Term::Apply(..) => 2,
        }
    }

    /// Marks the goals of blocks, which are presented at their ends: the conclusion of the proof, and those of the
    /// cases of an induction or case split.
    fn find_goals(&mut self) {
        if let Some(last) = self.goal.last_mut() {
            *last = true;
        }
        for (place, step) in self.proof.steps.iter().enumerate().rev() {
            let premises: &[StepId] = match step.rule {
                Rule::Induction(_) => &step.premises[1..],
                Rule::Generalise(_) | Rule::Cases(..) => &step.premises,
                Rule::ExistsElimination(_) if self.goal[place] => &step.premises[1..],
                Rule::AndIntroduction if self.goal[place] => &step.premises,
                _ => &[],
            };
            for premise in premises {
                self.goal[premise.index()] = true;
            }
        }
    }

    fn is_typing(&self, place: usize, step: &Step) -> bool {
        let premise = |number: usize| step.premises.get(number).is_some_and(|premise| self.typing[premise.index()]);
        self.types(&step.conclusion)
            && match step.rule {
                Rule::Assumption(_) | Rule::AndLeft | Rule::AndRight => true,
                Rule::AndIntroduction => premise(0) && premise(1),
                Rule::Congruence => premise(0),
                Rule::Instantiate(_) => step.premises.first().is_some_and(|rule| {
                    self.given.is_given[rule.index()] && self.given.theorems[rule.index()].is_none()
                }),
                _ => self.given.is_given[place],
            }
    }

    /// Determines the variables replaced by terms, and the presentation of each scope.
    fn melt(&mut self) {
        for (place, scope) in self.proof.scopes.iter().enumerate() {
            let id = ScopeId(place as u32);
            let Some(closing) = self.layout.closed_by[place] else {
                self.told[place] = Told::Melted;
                continue;
            };
            let parts: Vec<Formula> = scope.assumptions.iter().flat_map(conjuncts).collect();
            let step = self.step(closing);
            self.told[place] = match step.rule {
                _ if Some(id) == self.layout.anchor_scope => Told::Melted,
                Rule::ExistsElimination(_) => {
                    let total = self.is_totality(step.premises[0]) && self.name_values(&scope.variables, &parts);
                    if total && scope.variables.iter().all(|variable| self.values.stands_for_term(*variable)) {
                        Told::Melted
                    } else {
                        Told::Line
                    }
                }
                Rule::Generalise(_) => {
                    let all = self.name_values(&self.introduced_with(id), &parts);
                    let named = scope.variables.iter().all(|variable| self.values.stands_for_term(*variable));
                    match self.goal[closing.index()] {
                        true if all && named => Told::Melted,
                        true => Told::Line,
                        false => Told::Block,
                    }
                }
                _ => Told::Block,
            };
        }
    }

    /// The variables of a scope, and of enclosing scopes that introduce variables of the same statement.
    fn introduced_with(&self, scope: ScopeId) -> Vec<Name> {
        let mut variables = self.proof.scopes[scope.index()].variables.clone();
        let mut inner = scope;
        loop {
            let outer = self.proof.scopes[inner.index()].parent;
            let (Some(closing), Some(closes)) =
                (self.layout.closed_by[inner.index()], self.layout.closed_by[outer.index()])
            else {
                return variables;
            };
            let step = self.step(closes);
            if Some(outer) == self.layout.anchor_scope
                || !matches!(step.rule, Rule::Generalise(_))
                || step.premises[0] != closing
            {
                return variables;
            }
            variables.extend(&self.proof.scopes[outer.index()].variables);
            inner = outer;
        }
    }

    /// Whether a step states that a function has a value, by an axiom or theorem and the types of its inputs.
    fn is_totality(&self, step: StepId) -> bool {
        let step = self.step(step);
        let [rule, premises @ ..] = &step.premises[..] else { return false };
        let understood = |premise: &StepId| self.typing[premise.index()] || self.given.anchors.contains(premise);
        matches!(step.rule, Rule::Instantiate(_))
            && self.given.is_given[rule.index()]
            && premises.iter().all(understood)
    }

    /// Replaces variables by the terms whose values they are, according to assumptions. Whether the assumptions say
    /// nothing else.
    fn name_values(&mut self, variables: &[Name], parts: &[Formula]) -> bool {
        let graphs: Vec<Option<Graph>> = parts.iter().map(|part| self.graph(part)).collect();
        let mut all = true;
        for (part, graph) in parts.iter().zip(&graphs) {
            let Some(graph) = graph else {
                all &= self.types(part);
                continue;
            };
            let same = |other: &&Graph| other.function == graph.function && other.inputs == graph.inputs;
            // If a value has two names, the statement is about that equality.
            let twins = graphs.iter().flatten().filter(same).count() > 1;
            all &= !twins && variables.contains(&graph.value) && self.values.define(graph.clone());
        }
        all
    }

    /// The displayed form of a variable.
    pub(crate) fn symbol(&self, name: Name) -> Symbol {
        let text = self.names.get(&name).cloned().unwrap_or_else(|| given_name(self.proof, name));
        self.catalogue.reading.symbol(&text)
    }

    /// The displayed form of a term.
    pub(crate) fn written(&self, term: &Term) -> Math {
        self.functions().write(term, &|name| Math::Symbol(self.symbol(name)))
    }

    /// The displayed form of an equation.
    pub(crate) fn equal(&self, (left, right): &(Term, Term)) -> Math {
        let (left, right) = (Box::new(self.written(left)), Box::new(self.written(right)));
        Math::Infix { symbol: "=".into(), strength: 1, left, right }
    }

    /// The displayed form of a formula, with terms for its variables.
    pub(crate) fn math(&self, formula: &Formula) -> Math {
        if let Some(equation) = self.equation(formula, &self.values) {
            return self.equal(&equation);
        }
        let stand_in = |name: Name| -> Arc<str> { format!("\u{e001}{}", name.0).into() };
        let read = self.catalogue.reading.formula(formula, &|name| match self.values.stands_for_term(name) {
            true => stand_in(name),
            false => self.names.get(&name).cloned().unwrap_or_else(|| given_name(self.proof, name)),
        });
        let free = formula.free_variables();
        let terms = free.iter().filter(|name| self.values.stands_for_term(**name));
        substitute(&read, &terms.map(|name| (stand_in(*name), self.written(&self.values.term(*name)))).collect())
    }

    /// Whether the facts of one scope hold in another: the same one, or one nested in it.
    pub(crate) fn sees(&self, mut inner: ScopeId, outer: ScopeId) -> bool {
        while inner != outer && inner != ScopeId::OUTER {
            inner = self.proof.scopes[inner.index()].parent;
        }
        inner == outer
    }
}

/// The parts of a conjunction.
pub(crate) fn conjuncts(formula: &Formula) -> Vec<Formula> {
    match formula {
        Formula::And(left, right) => {
            let mut parts = conjuncts(left);
            parts.extend(conjuncts(right));
            parts
        }
        other => vec![other.clone()],
    }
}
