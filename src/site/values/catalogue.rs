//! Derived data that several pages need, computed once: readings, addresses, citations, dependencies.

use std::collections::HashMap;

use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::PredicateId;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::notation::{Math, Reading};
use theoremata_logic::proofs::axiom_use::{Axioms, Given};
use theoremata_logic::search::explore::{Interest, Variant};

use super::address;
use super::mathematics::term::Functions;
use super::report::Report;

/// The report with derived data.
pub(crate) struct Catalogue<'r> {
    pub(crate) report: &'r Report,
    pub(crate) theory: &'r Theory,
    /// Infix notation.
    pub(crate) reading: Reading<'r>,
    /// Without notation and terms.
    pub(crate) literal: Reading<'r>,
    pub(crate) axioms: Axioms,
    /// Relations that are written as terms.
    pub(crate) functions: Functions,
    /// The axioms, each in one line of text.
    pub(crate) axiom_texts: Vec<String>,
    pub(crate) theorems: Vec<Entry>,
    /// The ranking of theorems by interest.
    pub(crate) interest: Interest,
}

/// Derived data of a theorem.
pub(crate) struct Entry {
    pub(crate) math: Math,
    /// The statement without its outer quantifiers, in one line of text.
    pub(crate) text: String,
    /// The usual name of the law, if it has the shape of one.
    pub(crate) law: Option<String>,
    /// The file name of its page, without folder.
    pub(crate) file: String,
    /// Theorems that its proof cites, ascending.
    pub(crate) cites: Vec<usize>,
    /// Theorems whose proofs cite it, ascending.
    pub(crate) used_by: Vec<usize>,
    /// What its own proof uses of the theory.
    pub(crate) own: Basis,
    /// What it depends on, including everything it cites.
    pub(crate) whole: Basis,
    /// 0 without citations, otherwise one more than the highest level that it cites.
    pub(crate) level: usize,
}

/// Assumptions, each a sorted list without duplicates.
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
    /// The name of a theorem: the user's, the usual name of the law, or both.
    pub(crate) fn name(&self, number: usize) -> Option<String> {
        let label = self.report.theorems[number].label.as_deref();
        // Goals without names are referred to by number.
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

    /// The theorem whose page, or part of it, has this path.
    pub(crate) fn theorem_at(&self, path: &str) -> Option<usize> {
        let stem = path.strip_prefix("theorem/")?.strip_suffix(".html")?;
        let stem = stem.split_once(".part").map_or(stem, |(stem, _)| stem);
        self.theorems.iter().position(|entry| entry.file.strip_suffix(".html") == Some(stem))
    }

    /// What a theorem is a variant of, in words.
    pub(crate) fn variant(&self, number: usize) -> Option<String> {
        self.interest.listed[number].variant.map(|variant| match variant {
            Variant::Theorem(place) => format!("variant of theorem {}", place + 1),
            Variant::Axiom(axiom) => format!("variant of axiom {}", axiom + 1),
        })
    }

    pub(crate) fn new(report: &'r Report, theory: &'r Theory) -> Self {
        let reading = Reading::new(theory);
        let axioms = Axioms::of(theory);
        let axiom_texts = axioms.list.iter().map(|axiom| reading.under_anchor(&axiom.formula).to_string()).collect();
        let mut catalogue = Catalogue {
            report,
            theory,
            literal: Reading::literal(theory),
            functions: Functions::of(theory, &reading),
            reading,
            axioms,
            axiom_texts,
            theorems: Vec::with_capacity(report.theorems.len()),
            interest: Interest::of(theory, report.theorems.iter().map(|theorem| &theorem.checked)),
        };
        let mut files: HashMap<String, usize> = HashMap::new();
        for (number, theorem) in report.theorems.iter().enumerate() {
            let math = catalogue.reading.statement(theorem.checked.statement());
            let mut file = address::of_statement(theory, theorem.checked.statement(), &math);
            // A report may contain the same statement twice; the second page must not overwrite the first.
            let copies = files.entry(file.clone()).or_insert(0);
            *copies += 1;
            if *copies > 1 {
                file = format!("{file}-{copies}");
            }
            let (own, cites) = catalogue.basis(&theorem.checked);
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
            let law = catalogue.interest.listed[number].name.clone();
            let text = math.body().to_string();
            let file = format!("{file}.html");
            catalogue.theorems.push(Entry { math, text, law, file, cites, used_by: Vec::new(), own, whole, level });
        }
        catalogue
    }

    /// What a proof uses of the theory, and the theorems it cites: axioms from the proof itself, the rest from the
    /// checker's findings.
    fn basis(&self, theorem: &Checked) -> (Basis, Vec<usize>) {
        let proof = theorem.proof();
        let found = theorem.basis();
        let mut basis = Basis {
            axioms: Given::of(&self.axioms, proof).axioms_used(self.theory, &self.axioms, proof),
            inductions: found.inductions.iter().map(|principle| *principle as usize).collect(),
            comprehensions: found.comprehensions.clone(),
            classical: found.classical,
        };
        let mut cites: Vec<usize> = found.theorems.iter().map(|cited| cited.0 as usize).collect();
        merge(&mut basis.inductions, &[]);
        merge(&mut basis.comprehensions, &[]);
        merge(&mut cites, &[]);
        (basis, cites)
    }
}
