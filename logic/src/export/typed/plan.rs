//! Decides which steps of a proof are written, and which of them get names.

use std::collections::{BTreeSet, HashMap};

use super::{Assumed, Shape};
use crate::calculus::formula::{Formula, Name, PredicateId, Variable};
use crate::calculus::proof::{Proof, Rule, ScopeId, Step, StepId, TheoremId};
use crate::calculus::theory::Theory;
use crate::proofs::axiom_use::{Axioms, Given};

/// The deepest nesting of inline steps.
const DEEPEST: u8 = 3;

/// How a reference to a step is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// By name; the step is in the list of its scope.
    Named,
    /// Inline, at the reference.
    Inline,
    /// From axioms: the step is a part of the anchor.
    Given,
}

/// An analysed proof.
pub(crate) struct Plan<'p> {
    pub(crate) proof: &'p Proof,
    pub(crate) shape: Shape,
    /// The scope whose content is the proof: in the anchored shape, that of the anchor.
    pub(crate) root: ScopeId,
    /// The step whose conclusion is proved there.
    pub(crate) result: StepId,
    /// For each step that the result depends on, how it is written.
    pub(crate) ways: Vec<Option<Way>>,
    /// The number of references to each step.
    pub(crate) uses: Vec<u32>,
    /// The named steps of each scope, in order.
    pub(crate) members: Vec<Vec<StepId>>,
    /// The assumptions of this proof, without those of its citations.
    pub(crate) assumed: BTreeSet<Assumed>,
    /// The theorems cited.
    pub(crate) cites: BTreeSet<TheoremId>,
    given: Option<Given>,
    parameters: HashMap<Name, u32>,
}

impl<'p> Plan<'p> {
    /// Analyses a checked proof; `None` if it does not fit the shape.
    pub(crate) fn of(theory: &Theory, axioms: &Axioms, proof: &'p Proof, shape: Shape) -> Option<Plan<'p>> {
        let last = StepId(u32::try_from(proof.steps.len().checked_sub(1)?).ok()?);
        let mut plan = Plan {
            proof,
            shape,
            root: ScopeId::OUTER,
            result: last,
            ways: vec![None; proof.steps.len()],
            uses: vec![0; proof.steps.len()],
            members: vec![Vec::new(); proof.scopes.len()],
            assumed: BTreeSet::new(),
            cites: BTreeSet::new(),
            given: None,
            parameters: HashMap::new(),
        };
        if shape == Shape::Anchored {
            plan.enter_anchor(theory, axioms, &proof.steps[last.index()])?;
        }
        plan.uses[plan.result.index()] = 1;
        for place in (0..=plan.result.index()).rev() {
            if plan.uses[place] > 0 {
                plan.look(theory, axioms, StepId(place as u32))?;
            }
        }
        plan.arrange();
        Some(plan)
    }

    fn enter_anchor(&mut self, theory: &Theory, axioms: &Axioms, last: &Step) -> Option<()> {
        let Rule::Generalise(scope) = last.rule else { return None };
        let inside = &self.proof.scopes[scope.index()];
        let anchor = Formula::atom(theory.anchor, inside.variables.iter().copied());
        if inside.assumptions[..] != [anchor.clone()] || !is_anchored(theory, &last.conclusion) {
            return None;
        }
        let given = Given::of(axioms, self.proof);
        if given.anchors.iter().any(|step| self.conclusion(*step) != &anchor) {
            return None; // the anchor is assumed once more, about something else
        }
        self.parameters = inside.variables.iter().enumerate().map(|(number, name)| (*name, number as u32)).collect();
        self.given = Some(given);
        self.root = scope;
        self.result = last.premises[0];
        Some(())
    }

    /// Marks a step as written, and counts its references.
    fn look(&mut self, theory: &Theory, axioms: &Axioms, id: StepId) -> Option<()> {
        let step = &self.proof.steps[id.index()];
        if self.shape == Shape::Anchored && step.scope == ScopeId::OUTER {
            return None; // a step before the anchor, other than a theorem to be applied to it
        }
        if let Some(numbers) = self.parts(theory, axioms, id) {
            self.assumed.extend(numbers.into_iter().map(Assumed::Axiom));
            self.ways[id.index()] = Some(Way::Given);
            return Some(());
        }
        self.ways[id.index()] = Some(Way::Named);
        match &step.rule {
            Rule::Theorem(_) if self.shape == Shape::Anchored => return None,
            Rule::Theorem(cited) => {
                self.cites.insert(*cited);
            }
            Rule::Comprehension { predicate, set, .. } => {
                self.assumed.insert(Assumed::Comprehension(*predicate, *set));
            }
            _ => {}
        }
        if needs_classical_logic(self.proof, step) {
            self.assumed.insert(Assumed::Classical);
        }
        if let Some(cited) = self.citation(step) {
            self.cites.insert(cited?);
        }
        for premise in self.mentioned(step) {
            self.uses[premise.index()] += 1;
        }
        Some(())
    }

    /// The premises that the term of a step refers to; without the anchor, where it is implicit.
    fn mentioned(&self, step: &'p Step) -> &'p [StepId] {
        if self.citation(step).is_some() { &step.premises[2..] } else { &step.premises }
    }

    /// For an application of a theorem in the anchored shape: the theorem, or `Some(None)` if it is not applied to the
    /// parameters of this proof's own anchor.
    pub(crate) fn citation(&self, step: &Step) -> Option<Option<TheoremId>> {
        let (Shape::Anchored, Rule::Instantiate(substitution)) = (self.shape, &step.rule) else { return None };
        let rule = &self.proof.steps[step.premises[0].index()];
        let Rule::Theorem(cited) = rule.rule else { return None };
        let own = &self.proof.scopes[self.root.index()];
        let fits = step.premises.len() >= 2
            && substitution.starts_with(&own.variables)
            && self.conclusion(step.premises[1]) == &own.assumptions[0];
        Some(fits.then_some(cited))
    }

    /// The axioms that a step states, if it is a part of the anchor.
    pub(crate) fn parts(&self, theory: &Theory, axioms: &Axioms, id: StepId) -> Option<Vec<usize>> {
        let given = self.given.as_ref()?;
        let is_part = given.is_given[id.index()] && given.theorems[id.index()].is_none();
        if is_part { axioms.within(theory, &self.about_parameters(self.conclusion(id))) } else { None }
    }

    /// A formula with the anchor's parameters renamed to `Name(i)`.
    pub(crate) fn about_parameters(&self, formula: &Formula) -> Formula {
        formula.substitute(&mut |name| self.parameters.get(&name).map_or(name, |number| Name(*number)))
    }

    /// Decides which steps get names.
    fn arrange(&mut self) {
        let mut heights = vec![0_u8; self.proof.steps.len()];
        for (place, step) in self.proof.steps.iter().enumerate() {
            if self.ways[place] != Some(Way::Named) {
                continue;
            }
            let inside = self.mentioned(step).iter().filter(|premise| self.way(**premise) == Some(Way::Inline));
            let height = inside.map(|premise| heights[premise.index()] + 1).max().unwrap_or(0);
            let small = self.uses[place] == 1 && height < DEEPEST;
            let inline = match step.rule {
                // These are mere names of their statements.
                Rule::Assumption(_) | Rule::Theorem(_) => true,
                Rule::Instantiate(_) if self.mentioned(step).is_empty() => true,
                Rule::Instantiate(_) if step.premises.len() == 1 => small,
                Rule::AndIntroduction | Rule::AndLeft | Rule::AndRight | Rule::Reflexivity => small,
                _ => false,
            };
            if inline {
                heights[place] = height;
                self.ways[place] = Some(Way::Inline);
            } else {
                self.members[step.scope.index()].push(StepId(place as u32));
            }
        }
    }

    /// How a step is written.
    pub(crate) fn way(&self, step: StepId) -> Option<Way> {
        self.ways[step.index()]
    }

    /// The conclusion of a step.
    pub(crate) fn conclusion(&self, step: StepId) -> &'p Formula {
        &self.proof.steps[step.index()].conclusion
    }

    /// The number of named steps.
    pub(crate) fn length(&self) -> usize {
        self.members.iter().map(Vec::len).sum()
    }
}

/// Whether a closed statement begins with the anchor, applied to variables in order and with the anchor's own sorts.
pub(crate) fn is_anchored(theory: &Theory, statement: &Formula) -> bool {
    let Formula::Implies(binders, anchor, _) = statement else { return false };
    let Formula::Atom(predicate, arguments) = &**anchor else { return false };
    let count = binders.len() as u32;
    *predicate == theory.anchor
        && binders.sorts().eq(&theory.predicate(theory.anchor).sorts)
        && arguments.iter().copied().eq((0..count).rev().map(Variable::Bound))
}

/// Whether the term of a step uses [`Assumed::Classical`]: reductio and cases do, except that refuting an existential
/// statement gives `∀ z (A → ¬ B)` constructively; and so does an existential statement obtained by refuting that.
fn needs_classical_logic(proof: &Proof, step: &Step) -> bool {
    match &step.rule {
        Rule::NotIntroduction(_) => step.conclusion.as_exists().is_some(),
        Rule::Reductio(scope) => proof.scopes[scope.index()].assumptions[0].as_exists().is_none(),
        Rule::Cases(..) => true,
        _ => false,
    }
}

/// The predicate symbol for the property in a generation principle; not a predicate of any theory.
pub(crate) const PROPERTY: PredicateId = PredicateId(u32::MAX);
