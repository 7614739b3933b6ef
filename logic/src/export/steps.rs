//! Single proof steps as problems for a prover: does the conclusion follow from the premises?
//!
//! Each step becomes a small TPTP problem. Free variables are constants. Where a rule discharges a scope with variables
//! x̄ and assumptions A, a premise B of that scope becomes `∀ x̄ (A → B)`. A fold or unfold has the definition as an
//! axiom. A prover that proves the problem confirms the step independently: it does not see the rule. It does not
//! confirm that the steps fit together (scopes, numbers).
//!
//! Four rules have no such problem. Assumptions and citations derive nothing. Induction and comprehension are schemas:
//! their conclusion follows from an instance that is not first-order provable, and with the instance as an axiom the
//! problem would be trivial.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::names::Names;
use super::problem::sentence::{RESERVED, Sentence, Term, Variable, predicate_symbols, symbol};
use super::problem::write::fof;
use super::tstp::{definition, literal, rule_name};
use crate::calculus::formula::{Formula, Name, Variable as Argument};
use crate::calculus::proof::{Proof, Rule, ScopeId, StepId};
use crate::calculus::theory::Theory;

/// The problem posed by a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// A TPTP problem whose conjecture is the step's conclusion.
    Problem(String),
    /// Nothing first-order, for this reason.
    Structure(&'static str),
    /// Not a step: it refers to something that does not exist.
    Malformed,
}

/// The steps of a proof as problems.
///
/// The proof need not have been checked: a damaged step also becomes a problem, which should have no proof.
pub struct Steps<'a> {
    theory: &'a Theory,
    proof: &'a Proof,
    predicates: Vec<Arc<str>>,
    constants: HashMap<Name, Arc<str>>,
}

impl<'a> Steps<'a> {
    /// The steps of a proof.
    #[must_use]
    pub fn new(theory: &'a Theory, proof: &'a Proof) -> Steps<'a> {
        let mut names = Names::without(&RESERVED);
        let predicates = predicate_symbols(&mut names, theory);
        let mut constants = HashMap::new();
        for variable in proof.scopes.iter().flat_map(|scope| &scope.variables) {
            let shown = proof.names.get(variable.0 as usize).map_or("x", |shown| shown);
            constants.entry(*variable).or_insert_with(|| symbol(&mut names, shown));
        }
        Steps { theory, proof, predicates, constants }
    }

    /// All problems in order, with the names of their rules.
    pub fn all(&self) -> impl Iterator<Item = (StepId, &'static str, Question)> + '_ {
        (0..self.proof.steps.len() as u32)
            .map(StepId)
            .map(|id| (id, rule_name(&self.proof.steps[id.index()].rule), self.question(id)))
    }

    /// The problem of one step.
    #[must_use]
    pub fn question(&self, id: StepId) -> Question {
        let structure = match self.proof.steps.get(id.index()).map(|step| &step.rule) {
            None => return Question::Malformed,
            Some(Rule::Assumption(_)) => "an assumption derives nothing",
            Some(Rule::Theorem(_)) => "a citation derives nothing",
            Some(Rule::Induction(_)) => "induction is a schema",
            Some(Rule::Comprehension { .. }) => "comprehension is a schema",
            Some(_) => return self.problem(id).map_or(Question::Malformed, Question::Problem),
        };
        Question::Structure(structure)
    }

    fn problem(&self, id: StepId) -> Option<String> {
        let step = self.proof.steps.get(id.index())?;
        let scopes: Vec<ScopeId> = step.rule.discharged().collect();
        let mut text = format!("% Step {} by {}\n", id.0 + 1, rule_name(&step.rule));
        for (place, premise) in step.premises.iter().enumerate() {
            let premise = self.proof.steps.get(premise.index())?;
            // Premises outside the discharged scopes come first: ∃ elimination has one.
            let inside = match (&step.rule, &scopes[..]) {
                (Rule::ExistsElimination(_), [scope]) => (place > 0).then_some(scope),
                (_, [scope]) => Some(scope),
                (_, scopes) => scopes.get(place),
            };
            let sentence = match inside {
                None => self.sentence(&premise.conclusion, &HashMap::new(), &mut 0)?,
                Some(scope) => {
                    let scope = self.proof.scopes.get(scope.index())?;
                    let (mut variables, mut known) = (Vec::new(), HashMap::new());
                    for (number, name) in scope.variables.iter().enumerate() {
                        let shown = self.proof.names.get(name.0 as usize).cloned().unwrap_or_else(|| "x".into());
                        let variable = Variable { number: number as u32, shown };
                        known.insert(*name, variable.clone());
                        variables.push(variable);
                    }
                    let mut next = variables.len() as u32;
                    let mut assumed = Vec::new();
                    for assumption in &scope.assumptions {
                        assumed.push(self.sentence(assumption, &known, &mut next)?);
                    }
                    let conclusion = self.sentence(&premise.conclusion, &known, &mut next)?;
                    Sentence::for_all(variables, Sentence::implies(Sentence::and(assumed), conclusion))
                }
            };
            put(&mut text, &format!("premise_{}", place + 1), "axiom", &sentence);
        }
        let atom = match step.rule {
            Rule::Fold => Some(&step.conclusion),
            Rule::Unfold => Some(&self.proof.steps.get(step.premises.first()?.index())?.conclusion),
            _ => None,
        };
        if let Some(Formula::Atom(predicate, _)) = atom
            && let Some(sentence) = definition(self.theory, &self.predicates, *predicate)
        {
            put(&mut text, "definition", "axiom", &sentence);
        }
        put(&mut text, "conclusion", "conjecture", &self.sentence(&step.conclusion, &HashMap::new(), &mut 0)?);
        Some(text)
    }

    /// `None` if a predicate or a bound variable is unknown, or a predicate has too few arguments.
    fn sentence(&self, formula: &Formula, bound: &HashMap<Name, Variable>, next: &mut u32) -> Option<Sentence> {
        if !self.well_formed(formula, 0) {
            return None;
        }
        let free = |name: Name| match (bound.get(&name), self.constants.get(&name)) {
            (Some(variable), _) => Term::Variable(variable.clone()),
            (None, Some(constant)) => Term::constant(constant),
            (None, None) => Term::constant(&format!("unknown_{}", name.0).into()),
        };
        Some(literal(&self.predicates, formula, &free, next))
    }

    fn well_formed(&self, formula: &Formula, depth: u32) -> bool {
        match formula {
            Formula::Atom(predicate, arguments) => {
                let bound = |argument: &Argument| !matches!(argument, Argument::Bound(index) if *index >= depth);
                self.theory.predicates.get(predicate.index()).is_some_and(|known| known.sorts.len() == arguments.len())
                    && arguments.iter().all(bound)
            }
            Formula::And(left, right) => self.well_formed(left, depth) && self.well_formed(right, depth),
            Formula::Not(inner) => self.well_formed(inner, depth),
            Formula::Implies(binders, premise, conclusion) => {
                let depth = depth + binders.len() as u32;
                self.well_formed(premise, depth) && self.well_formed(conclusion, depth)
            }
        }
    }
}

fn put(text: &mut String, name: &str, role: &str, sentence: &Sentence) {
    let _ = write!(text, "fof({name}, {role}, ");
    fof(sentence, text);
    text.push_str(").\n");
}
