//! Which axioms a proof uses, and which of its steps only fetch axioms or theorems.
//!
//! A theorem is stated under the anchor, the conjunction of all axioms, so its proof begins by taking the anchor apart.
//! To readers and other checkers that is no reasoning: they are given the axioms one by one. Pages and exports share
//! this module, so that they name the same axioms.

use std::collections::{BTreeSet, HashMap};

use crate::calculus::formula::{Formula, Name, PredicateId, Variable};
use crate::calculus::proof::{Proof, Rule, Step, StepId};
use crate::calculus::theory::Theory;
use crate::language::notation::{Axiom, Reading};

/// The axioms of a theory, in the order in which the anchor states them.
#[derive(Clone, Debug)]
pub struct Axioms {
    /// The axioms.
    pub list: Vec<Axiom>,
    numbers: HashMap<Formula, usize>,
    anchor: PredicateId,
}

impl Axioms {
    /// The axioms of the theory's anchor.
    #[must_use]
    pub fn of(theory: &Theory) -> Axioms {
        let list = Reading::new(theory).axioms();
        let mut numbers = HashMap::new();
        for (number, axiom) in list.iter().enumerate() {
            numbers.entry(axiom.formula.clone()).or_insert(number);
        }
        Axioms { list, numbers, anchor: theory.anchor }
    }

    /// The number of the axiom that is this formula; `Name(i)` is parameter `i` of the anchor.
    #[must_use]
    pub fn number(&self, formula: &Formula) -> Option<usize> {
        self.numbers.get(formula).copied()
    }

    /// The numbers of the axioms in a part of the anchor, from left to right; `None` if the formula is not such a part.
    #[must_use]
    pub fn within(&self, theory: &Theory, part: &Formula) -> Option<Vec<usize>> {
        let mut numbers = Vec::new();
        let mut stack = vec![part.clone()];
        while let Some(formula) = stack.pop() {
            if let Some(number) = self.number(&formula) {
                numbers.push(number);
            } else {
                let (left, right) = halves(theory, &formula)?;
                stack.extend([right, left]);
            }
        }
        Some(numbers)
    }
}

/// For a formula over the anchor's parameters: the two conjuncts of a conjunction, or of a defined atom that unfolds to
/// one.
pub(crate) fn halves(theory: &Theory, formula: &Formula) -> Option<(Formula, Formula)> {
    match formula {
        Formula::And(left, right) => Some(((**left).clone(), (**right).clone())),
        Formula::Atom(predicate, arguments) => {
            let arguments: Option<Vec<Name>> = arguments
                .iter()
                .map(|argument| match argument {
                    Variable::Free(name) => Some(*name),
                    Variable::Bound(_) => None,
                })
                .collect();
            let sorts = &theory.predicate(theory.anchor).sorts;
            let unfolded = theory.predicate(*predicate).unfold(&arguments?, &|name| &sorts[name.0 as usize]);
            let Formula::And(left, right) = unfolded? else { return None };
            Some(((*left).clone(), (*right).clone()))
        }
        _ => None,
    }
}

/// Which steps of a proof only fetch premises: the anchor, parts of it, earlier theorems.
#[derive(Clone, Debug)]
pub struct Given {
    /// For each step, whether it is one of these.
    pub is_given: Vec<bool>,
    /// For each such step, the axiom it states, if any, provided that it is used by a step other than those that take
    /// it apart.
    pub axioms: Vec<Option<usize>>,
    /// For each step, the theorem it states, with or without its anchor.
    pub theorems: Vec<Option<usize>>,
    /// Whether a step that is not given uses this step, or one that states the same.
    pub used: Vec<bool>,
    /// For each such step, the first one that states the same.
    pub same: Vec<usize>,
    /// The steps that state the anchor itself.
    pub anchors: Vec<StepId>,
    /// Maps variables of the proof to the anchor's parameters.
    parameters: HashMap<Name, u32>,
}

impl Given {
    /// Analyses a proof, which need not have been checked.
    #[must_use]
    pub fn of(axioms: &Axioms, proof: &Proof) -> Given {
        let count = proof.steps.len();
        let mut given = Given {
            is_given: vec![false; count],
            axioms: vec![None; count],
            theorems: vec![None; count],
            used: vec![false; count],
            same: (0..count).collect(),
            anchors: Vec::new(),
            parameters: HashMap::new(),
        };
        for (place, step) in proof.steps.iter().enumerate() {
            given.read(axioms.anchor, place, step);
        }
        let mut first: HashMap<&Formula, usize> = HashMap::new();
        for (place, step) in proof.steps.iter().enumerate() {
            if given.is_given[place] {
                given.same[place] = *first.entry(&step.conclusion).or_insert(place);
            } else {
                let understood = matches!(step.rule, Rule::Instantiate(_));
                for premise in &step.premises {
                    if understood && given.anchors.contains(premise) {
                        continue;
                    }
                    if let Some(first) = given.same.get(premise.index()) {
                        given.used[*first] = true;
                    }
                }
            }
        }
        for place in 0..count {
            given.used[place] = given.used[given.same[place]];
        }
        for (place, step) in proof.steps.iter().enumerate() {
            if given.is_given[place] && given.used[place] && given.theorems[place].is_none() {
                given.axioms[place] = axioms.number(&given.about_parameters(&step.conclusion));
            }
        }
        given
    }

    fn read(&mut self, anchor: PredicateId, place: usize, step: &Step) {
        let known = |given: &Given, premise: &StepId| given.is_given.get(premise.index()).copied().unwrap_or(false);
        match &step.rule {
            Rule::Assumption(_) => {
                let Formula::Atom(predicate, arguments) = &step.conclusion else { return };
                if *predicate != anchor {
                    return;
                }
                for (number, argument) in arguments.iter().enumerate() {
                    if let Variable::Free(name) = argument {
                        self.parameters.insert(*name, number as u32);
                    }
                }
                self.anchors.push(StepId(place as u32));
                self.is_given[place] = true;
            }
            Rule::Theorem(cited) => {
                self.is_given[place] = true;
                self.theorems[place] = Some(cited.0 as usize);
            }
            Rule::Instantiate(_) => {
                if let [rule, anchor] = &step.premises[..]
                    && self.anchors.contains(anchor)
                    && known(self, rule)
                {
                    self.is_given[place] = true;
                    self.theorems[place] = self.theorems.get(rule.index()).copied().flatten();
                }
            }
            Rule::Unfold | Rule::AndLeft | Rule::AndRight => {
                if let [premise] = &step.premises[..]
                    && known(self, premise)
                    && self.theorems[premise.index()].is_none()
                {
                    self.is_given[place] = true;
                }
            }
            _ => {}
        }
    }

    /// The formula with the proof's names for the anchor's parameters replaced by `Name(i)`.
    pub(crate) fn about_parameters(&self, formula: &Formula) -> Formula {
        formula.substitute(&mut |name| self.parameters.get(&name).map_or(name, |parameter| Name(*parameter)))
    }

    /// The axioms that the proof uses, by number, ascending.
    ///
    /// A part of the anchor that is used as a whole counts as all the axioms in it; an unfolded axiom counts as that
    /// axiom. The statement that a set is generated is an axiom too, which induction uses.
    #[must_use]
    pub fn axioms_used(&self, theory: &Theory, axioms: &Axioms, proof: &Proof) -> Vec<usize> {
        let mut needed: BTreeSet<usize> = BTreeSet::new();
        for (place, step) in proof.steps.iter().enumerate() {
            if self.is_given[place] {
                continue;
            }
            let understood = matches!(step.rule, Rule::Instantiate(_));
            for premise in &step.premises {
                if !(understood && self.anchors.contains(premise)) {
                    needed.insert(premise.index());
                }
            }
        }
        let mut used = BTreeSet::new();
        for mut place in needed {
            while self.is_given.get(place) == Some(&true) && self.theorems[place].is_none() {
                let step = &proof.steps[place];
                if let Some(numbers) = axioms.within(theory, &self.about_parameters(&step.conclusion)) {
                    used.extend(numbers);
                    break;
                }
                let Some(premise) = step.premises.first() else { break };
                place = premise.index();
            }
        }
        used.into_iter().collect()
    }
}
