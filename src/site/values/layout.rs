//! The structure of a proof: which steps belong to which scopes.

use std::collections::{BTreeSet, HashMap};

use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, Step, StepId};
use theoremata_logic::calculus::theory::{Induction, Theory};

/// The position of each step of a proof.
pub(crate) struct Layout {
    /// For each step, the scopes that it closes.
    pub(crate) closes: Vec<Vec<ScopeId>>,
    /// The steps of each scope in order.
    pub(crate) steps: Vec<Vec<StepId>>,
    /// The step that closes each scope.
    pub(crate) closed_by: Vec<Option<StepId>>,
    /// The scope that assumes the anchor; its steps are presented as outermost.
    pub(crate) anchor_scope: Option<ScopeId>,
    /// For steps that are cases of an induction: the induction step, its principle, and the number of the case.
    pub(crate) cases: HashMap<StepId, Case>,
    /// The scopes that assume an induction hypothesis.
    pub(crate) hypotheses: BTreeSet<ScopeId>,
}

/// A case of an induction.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) induction: StepId,
    pub(crate) principle: u32,
    pub(crate) number: usize,
}

impl Layout {
    pub(crate) fn of(theory: &Theory, proof: &Proof) -> Layout {
        let mut layout = Layout {
            closes: vec![Vec::new(); proof.steps.len()],
            steps: vec![Vec::new(); proof.scopes.len()],
            closed_by: vec![None; proof.scopes.len()],
            anchor_scope: None,
            cases: HashMap::new(),
            hypotheses: BTreeSet::new(),
        };
        for (place, step) in proof.steps.iter().enumerate() {
            let id = StepId(place as u32);
            for scope in step.rule.discharged() {
                if let Some(slot @ None) = layout.closed_by.get_mut(scope.index()) {
                    *slot = Some(id);
                    layout.closes[place].push(scope);
                }
            }
            if let Some(list) = layout.steps.get_mut(step.scope.index()) {
                list.push(id);
            }
            if let Rule::Induction(principle) = step.rule {
                let cases = step.premises.iter().skip(1).enumerate();
                let case = |number: usize| Case { induction: id, principle, number };
                // By two steps, the first case has two parts.
                let parts = |premise: StepId| match &proof.steps[premise.index()] {
                    Step { rule: Rule::AndIntroduction, premises, .. } => premises.clone(),
                    _ => vec![premise],
                };
                let parts = cases
                    .flat_map(|(number, premise)| parts(*premise).into_iter().map(move |part| (part, case(number))));
                layout.cases.extend(parts);
            }
        }
        layout.anchor_scope = proof.scopes.iter().enumerate().skip(1).find_map(|(place, scope)| {
            let is_anchor = matches!(&scope.assumptions[..], [Formula::Atom(id, _)] if *id == theory.anchor);
            (is_anchor && scope.parent == ScopeId::OUTER).then_some(ScopeId(place as u32))
        });
        for (step, case) in &layout.cases {
            layout.hypotheses.extend(hypotheses(theory, proof, *step, *case));
        }
        layout
    }
}

/// The scopes in which a case assumes the induction hypothesis: one for each input that ranges over the generated set
/// itself.
fn hypotheses(theory: &Theory, proof: &Proof, mut step: StepId, case: Case) -> Vec<ScopeId> {
    let mut found = Vec::new();
    let constructors = theory.inductions.get(case.principle as usize).map(|principle| &principle.constructors);
    let Some(constructor) = constructors.and_then(|constructors| constructors.get(case.number)) else { return found };
    let mut enter = || match (&proof.steps[step.index()].rule, proof.steps[step.index()].premises.first()) {
        (Rule::Generalise(scope), Some(premise)) => {
            step = *premise;
            Some(*scope)
        }
        _ => None,
    };
    for set in &constructor.arguments {
        if enter().is_none() {
            break;
        }
        if *set == Induction::SET {
            found.extend(enter());
        }
    }
    found
}
