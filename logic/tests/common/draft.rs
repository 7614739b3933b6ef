//! Proofs written by hand, step by step, in MPL text.

use std::sync::Arc;

use theoremata_logic::calculus::formula::{Binder, Formula, Name};
use theoremata_logic::calculus::proof::{Proof, Rule, Scope, ScopeId, Step, StepId};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::Theory;

use super::infer::{Inference, infer};
use super::read;

/// A proof under construction. Variables are referred to by name; the current scope is the last one that is still open.
pub struct Draft<'t> {
    theory: &'t Theory,
    proof: Proof,
    names: Vec<String>,
    current: ScopeId,
}

impl<'t> Draft<'t> {
    pub fn new(theory: &'t Theory) -> Draft<'t> {
        let outer = Scope { parent: ScopeId::OUTER, variables: vec![], assumptions: vec![] };
        let proof = Proof { scopes: vec![outer], ..Proof::default() };
        Draft { theory, proof, names: vec![], current: ScopeId::OUTER }
    }

    pub fn theory(&self) -> &'t Theory {
        self.theory
    }

    pub fn formula(&self, text: &str) -> Formula {
        infer(self.theory, &self.read(text), &self.sorts())
    }

    fn read(&self, text: &str) -> Formula {
        read(self.theory, text, &|name| self.names.iter().position(|known| *known == name))
    }

    /// The sorts of all variables introduced.
    fn sorts(&self) -> Vec<(Name, Sort)> {
        (0..).map(Name).zip(self.proof.sorts.iter().cloned()).collect()
    }

    pub fn variable(&self, name: &str) -> Name {
        Name(self.names.iter().position(|known| *known == name).expect("a variable introduced before") as u32)
    }

    fn variables(&self, names: &str) -> Vec<Name> {
        names.split_whitespace().map(|name| self.variable(name)).collect()
    }

    /// Opens a scope and states its assumptions; returns the scope and their steps.
    pub fn open(&mut self, variables: &str, assumptions: &[&str]) -> (ScopeId, Vec<StepId>) {
        self.open_for(variables, assumptions, &[])
    }

    /// [`Draft::open`], with formulas `later` that help to infer the variables' sorts. A variable of undetermined sort
    /// is a set if its name is a capital letter, otherwise an individual.
    pub fn open_for(&mut self, variables: &str, assumptions: &[&str], later: &[&str]) -> (ScopeId, Vec<StepId>) {
        let mut introduced = Vec::new();
        for name in variables.split_whitespace() {
            assert!(!self.names.iter().any(|known| known == name), "{name} is used twice");
            introduced.push(Name(self.names.len() as u32));
            self.names.push(name.into());
            self.proof.names.push(Arc::from(name));
        }
        let read: Vec<Formula> = assumptions.iter().map(|text| self.read(text)).collect();
        let mut inference = Inference::new(self.theory, &self.sorts());
        let met: Vec<_> = read.iter().map(|formula| inference.formula(formula)).collect();
        for text in later {
            inference.formula(&self.read(text));
        }
        for name in &introduced {
            let is_set = self.names[name.0 as usize].starts_with(|first: char| first.is_ascii_uppercase());
            let otherwise = if is_set { Sort::Power(vec![Sort::BASE]) } else { Sort::BASE };
            self.proof.sorts.push(inference.sort(*name, &otherwise));
        }
        let assumptions: Vec<Formula> =
            read.iter().zip(&met).map(|(formula, met)| inference.with_sorts(formula, met)).collect();
        let scope = ScopeId(self.proof.scopes.len() as u32);
        let parent = self.current;
        self.proof.scopes.push(Scope { parent, variables: introduced, assumptions: assumptions.clone() });
        self.current = scope;
        let steps = assumptions
            .into_iter()
            .enumerate()
            .map(|(number, formula)| self.push(Rule::Assumption(number as u32), &[], formula))
            .collect();
        (scope, steps)
    }

    /// Leaves the current scope without a step.
    pub fn leave(&mut self) {
        self.current = self.proof.scopes[self.current.index()].parent;
    }

    /// A step in the current scope.
    pub fn step(&mut self, rule: Rule, premises: &[StepId], conclusion: &str) -> StepId {
        let conclusion = self.formula(conclusion);
        self.push(rule, premises, conclusion)
    }

    pub fn push(&mut self, rule: Rule, premises: &[StepId], conclusion: Formula) -> StepId {
        let id = StepId(self.proof.steps.len() as u32);
        self.proof.steps.push(Step { rule, premises: premises.to_vec(), conclusion, scope: self.current });
        id
    }

    /// ∀→ elimination with these variables.
    pub fn apply(&mut self, variables: &str, premises: &[StepId], conclusion: &str) -> StepId {
        let rule = Rule::Instantiate(self.variables(variables));
        self.step(rule, premises, conclusion)
    }

    /// ∃ introduction with these witnesses.
    pub fn witness(&mut self, witnesses: &str, premises: &[StepId], conclusion: &str) -> StepId {
        let rule = Rule::ExistsIntroduction(self.variables(witnesses));
        self.step(rule, premises, conclusion)
    }

    /// Closes the current scope by ∀→ introduction of the conclusion of `last`.
    pub fn generalise(&mut self, last: StepId) -> StepId {
        let discharged = self.current;
        let scope = &self.proof.scopes[discharged.index()];
        let binder = |name: Name| {
            let place = name.0 as usize;
            (name, Binder::new(self.proof.names[place].clone(), self.proof.sorts[place].clone()))
        };
        let names: Vec<_> = scope.variables.iter().map(|name| binder(*name)).collect();
        let whole = Formula::forall(&names, &scope.assumptions[0], &self.conclusion(last));
        self.leave();
        self.push(Rule::Generalise(discharged), &[last], whole)
    }

    pub fn conclusion(&self, step: StepId) -> Formula {
        self.proof.steps[step.index()].conclusion.clone()
    }

    pub fn finish(self) -> Proof {
        assert_eq!(self.current, ScopeId::OUTER, "a scope is still open");
        self.proof
    }
}
