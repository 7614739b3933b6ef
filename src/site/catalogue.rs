//! What the pages say beyond the report itself, worked out once: readings, addresses, who cites whom,
//! what everything rests on.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use theoremata_logic::formula::{Formula, Name, PredicateId, Variable};
use theoremata_logic::notation::{Axiom, Math, Reading};
use theoremata_logic::proof::{Proof, Rule, StepId};
use theoremata_logic::theory::Theory;

use super::address;
use super::law::law;
use super::report::Report;

/// The report with everything that several pages need.
pub(crate) struct Catalogue<'r> {
    pub(crate) report: &'r Report,
    pub(crate) theory: &'r Theory,
    /// Readable mathematics.
    pub(crate) reading: Reading<'r>,
    /// The same without notation and without terms.
    pub(crate) literal: Reading<'r>,
    pub(crate) axioms: Vec<Axiom>,
    /// The axioms in one line of text.
    pub(crate) axiom_texts: Vec<String>,
    pub(crate) axiom_numbers: HashMap<Formula, usize>,
    pub(crate) theorems: Vec<Entry>,
    /// What has been written of formulas that occur in many proofs: markup and MPL.
    pub(crate) written: RefCell<HashMap<Written, (String, String)>>,
}

/// A formula with the names of its free variables.
pub(crate) type Written = (Formula, Vec<(Name, Arc<str>)>);

/// A theorem's place among the others.
pub(crate) struct Entry {
    pub(crate) math: Math,
    /// The statement behind its quantifiers in one line of text.
    pub(crate) text: String,
    /// What people call such a law, if it has the shape of one.
    pub(crate) law: Option<String>,
    /// The file name of its page, without folder.
    pub(crate) file: String,
    /// Theorems that its proof cites, ascending.
    pub(crate) cites: Vec<usize>,
    /// Theorems whose proofs cite it, ascending.
    pub(crate) used_by: Vec<usize>,
    /// What its own proof takes from the theory.
    pub(crate) own: Basis,
    /// What it rests on with all that it cites.
    pub(crate) whole: Basis,
    /// 0 if it cites nothing, else one more than the highest that it cites.
    pub(crate) level: usize,
}

/// Assumptions, each a sorted list without repetition.
#[derive(Clone, Default)]
pub(crate) struct Basis {
    pub(crate) axioms: Vec<usize>,
    pub(crate) inductions: Vec<usize>,
    pub(crate) comprehensions: Vec<PredicateId>,
    pub(crate) classical: bool,
}

impl Basis {
    fn add(&mut self, other: &Basis) {
        merge(&mut self.axioms, &other.axioms);
        merge(&mut self.inductions, &other.inductions);
        merge(&mut self.comprehensions, &other.comprehensions);
        self.classical |= other.classical;
    }
}

fn merge<T: Ord + Copy>(into: &mut Vec<T>, from: &[T]) {
    into.extend_from_slice(from);
    into.sort_unstable();
    into.dedup();
}

impl<'r> Catalogue<'r> {
    /// What a theorem is called: the user's name for it, the usual name of such a law, or both.
    pub(crate) fn name(&self, number: usize) -> Option<String> {
        let label = self.report.theorems[number].label.as_deref();
        // In a list of goals without names a goal is called by its number.
        let numbered =
            label.filter(|label| label.bytes().all(|byte| byte.is_ascii_digit())).map(|label| format!("goal {label}"));
        let label = numbered.as_deref().or(label);
        let law = self.theorems[number].law.as_deref();
        match (label, law) {
            (Some(label), Some(law)) => Some(format!("{label}, {law}")),
            (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
            (None, None) => None,
        }
    }

    pub(crate) fn new(report: &'r Report, theory: &'r Theory) -> Self {
        let reading = Reading::new(theory);
        let axioms = reading.axioms();
        let mut axiom_numbers = HashMap::new();
        for (number, axiom) in axioms.iter().enumerate() {
            axiom_numbers.entry(axiom.formula.clone()).or_insert(number);
        }
        let axiom_texts = axioms.iter().map(|axiom| reading.under_anchor(&axiom.formula).to_string()).collect();
        let mut catalogue = Catalogue {
            report,
            theory,
            literal: Reading::literal(theory),
            reading,
            axioms,
            axiom_texts,
            axiom_numbers,
            theorems: Vec::with_capacity(report.theorems.len()),
            written: RefCell::default(),
        };
        let mut files: HashMap<String, usize> = HashMap::new();
        for (number, theorem) in report.theorems.iter().enumerate() {
            let math = catalogue.reading.statement(&theorem.statement);
            let mut file = address::of_statement(theory, &theorem.statement, &math);
            // The same statement twice is no theorem twice, but a report may hold it: then the second
            // page must not overwrite the first.
            let copies = files.entry(file.clone()).or_insert(0);
            *copies += 1;
            if *copies > 1 {
                file = format!("{file}-{copies}");
            }
            let (own, cites) = catalogue.basis(&theorem.proof, number);
            let mut whole = own.clone();
            let mut level = 0;
            for cited in &cites {
                let cited: &Entry = &catalogue.theorems[*cited];
                whole.add(&cited.whole);
                level = level.max(cited.level + 1);
            }
            for cited in &cites {
                catalogue.theorems[*cited].used_by.push(number);
            }
            let law = law(math.body());
            let text = math.body().to_string();
            let file = format!("{file}.html");
            catalogue.theorems.push(Entry { math, text, law, file, cites, used_by: Vec::new(), own, whole, level });
        }
        catalogue
    }

    /// What a proof uses of the theory and which theorems it cites.
    fn basis(&self, proof: &Proof, number: usize) -> (Basis, Vec<usize>) {
        let mut basis = Basis::default();
        let mut cites = Vec::new();
        let given = Given::of(self, proof);
        for (place, step) in proof.steps.iter().enumerate() {
            if let Some(axiom) = given.axioms[place] {
                basis.axioms.push(axiom);
            }
            match &step.rule {
                Rule::Theorem(cited) if (cited.0 as usize) < number => cites.push(cited.0 as usize),
                Rule::Induction(principle) => basis.inductions.push(*principle as usize),
                Rule::Comprehension { predicate, .. } => basis.comprehensions.push(*predicate),
                Rule::Reductio(_) | Rule::Cases(..) => basis.classical = true,
                _ => {}
            }
        }
        merge(&mut basis.axioms, &[]);
        merge(&mut basis.inductions, &[]);
        merge(&mut basis.comprehensions, &[]);
        merge(&mut cites, &[]);
        (basis, cites)
    }
}

/// Which steps of a proof only fetch what is given: the anchor, parts of it, earlier theorems.
pub(crate) struct Given {
    /// For each step whether it is one of these.
    pub(crate) is_given: Vec<bool>,
    /// For each such step the axiom that it states, if it states one and is used by a step that is not
    /// itself on the way to a smaller part.
    pub(crate) axioms: Vec<Option<usize>>,
    /// The theorem that a step states, with or without its anchor.
    pub(crate) theorems: Vec<Option<usize>>,
    /// Whether a step that is not given uses it, or one that states the same.
    pub(crate) used: Vec<bool>,
    /// For each such step the first of them that states the same.
    pub(crate) same: Vec<usize>,
    /// The steps that state the anchor itself.
    pub(crate) anchors: Vec<StepId>,
}

impl Given {
    pub(crate) fn of(catalogue: &Catalogue, proof: &Proof) -> Given {
        let count = proof.steps.len();
        let mut given = Given {
            is_given: vec![false; count],
            axioms: vec![None; count],
            theorems: vec![None; count],
            used: vec![false; count],
            same: (0..count).collect(),
            anchors: Vec::new(),
        };
        let mut parameters: HashMap<Name, u32> = HashMap::new();
        let known = |given: &Given, premise: &StepId| given.is_given.get(premise.index()).copied().unwrap_or(false);
        for (place, step) in proof.steps.iter().enumerate() {
            match &step.rule {
                Rule::Assumption(_) => {
                    let Formula::Atom(predicate, arguments) = &step.conclusion else { continue };
                    if *predicate != catalogue.theory.anchor {
                        continue;
                    }
                    for (number, argument) in arguments.iter().enumerate() {
                        if let Variable::Free(name) = argument {
                            parameters.insert(*name, number as u32);
                        }
                    }
                    given.anchors.push(StepId(place as u32));
                    given.is_given[place] = true;
                }
                Rule::Theorem(cited) => {
                    given.is_given[place] = true;
                    given.theorems[place] = Some(cited.0 as usize);
                }
                Rule::Instantiate(_) => {
                    if let [rule, anchor] = &step.premises[..]
                        && given.anchors.contains(anchor)
                        && known(&given, rule)
                    {
                        given.is_given[place] = true;
                        given.theorems[place] = given.theorems.get(rule.index()).copied().flatten();
                    }
                }
                Rule::Unfold | Rule::AndLeft | Rule::AndRight => {
                    if let [premise] = &step.premises[..]
                        && known(&given, premise)
                        && given.theorems[premise.index()].is_none()
                    {
                        given.is_given[place] = true;
                    }
                }
                _ => {}
            }
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
                let formula = step
                    .conclusion
                    .substitute(&mut |name| parameters.get(&name).map_or(name, |parameter| Name(*parameter)));
                given.axioms[place] = catalogue.axiom_numbers.get(&formula).copied();
            }
        }
        given
    }
}
