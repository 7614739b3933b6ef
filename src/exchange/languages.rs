//! Export of checked theorems to the languages of other checkers.

use std::io::{self, Write};

use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::export::Format;
use theoremata_logic::export::dedukti::Dedukti;
use theoremata_logic::export::lean::Lean;
use theoremata_logic::export::metamath::Metamath;
use theoremata_logic::export::names::spelled;
use theoremata_logic::export::rocq::Rocq;
use theoremata_logic::export::tstp::Tstp;

/// A language for exported theorems.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Language {
    /// Metamath: a kernel of rules explained in the file, compressed proofs.
    Metamath,
    /// Dedukti: proof terms of the λΠ-calculus modulo rewriting.
    Dedukti,
    /// Rocq, formerly Coq: axioms as hypotheses of a section.
    Rocq,
    /// Lean 4.
    Lean,
    /// TSTP: derivations in the format of TPTP.
    Tstp,
}

impl Language {
    pub(crate) const ALL: [Language; 5] =
        [Language::Metamath, Language::Dedukti, Language::Rocq, Language::Lean, Language::Tstp];

    /// Its usual name.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Language::Metamath => "Metamath",
            Language::Dedukti => "Dedukti",
            Language::Rocq => "Rocq",
            Language::Lean => "Lean",
            Language::Tstp => "TSTP",
        }
    }

    /// A description of its files for readers.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Language::Metamath => {
                "A file that begins with the logic itself, rule by rule, and proves the rest from it. Theorem 5 is \
                 t-5, and u-5 is the same under the axioms."
            }
            Language::Dedukti => {
                "Proofs as terms of the λΠ-calculus modulo rewriting, a few declarations of the logic before them. \
                 Theorem 5 is t5."
            }
            Language::Rocq => {
                "A section whose hypotheses are the axioms and the principles of induction; each theorem says after \
                 the section which of them it needs. Theorem 5 is t5, and Print Assumptions t5 within the section \
                 lists what it rests on. Rocq was called Coq."
            }
            Language::Lean => {
                "Terms of Lean 4 without a library. Lean was not at hand where the program was tested, so this file has \
                 been held against a grammar and not been compiled."
            }
            Language::Tstp => {
                "A derivation as the TPTP world writes them: each step a formula with the rule and the steps it comes \
                 from, so that any prover can confirm it."
            }
        }
    }

    /// The label of a theorem.
    pub(crate) fn label(self, number: u32) -> String {
        match self {
            Language::Metamath => format!("t-{number}"),
            _ => format!("t{number}"),
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Language::Metamath => "mm",
            Language::Dedukti => "dk",
            Language::Rocq => "v",
            Language::Lean => "lean",
            Language::Tstp => "tstp",
        }
    }

    /// The name of a file with theorems of this theory, also valid as a module name.
    pub(crate) fn file(self, theory: &Theory) -> String {
        format!("{}.{}", spelled(&theory.name), self.extension())
    }

    fn writer(self, theory: &Theory) -> Box<dyn Format + '_> {
        match self {
            Language::Metamath => Box::new(Metamath::new(theory)),
            Language::Tstp => Box::new(Tstp::new(theory)),
            Language::Dedukti => Box::new(Dedukti::new(theory)),
            Language::Rocq => Box::new(Rocq::new(theory)),
            Language::Lean => Box::new(Lean::new(theory)),
        }
    }
}

/// Writes theorems incrementally, and returns the number of bytes.
///
/// # Errors
/// If writing to `to` fails.
pub(crate) fn write(theory: &Theory, theorems: &[Checked], language: Language, to: &mut dyn Write) -> io::Result<u64> {
    let mut format = language.writer(theory);
    theorems.iter().for_each(|theorem| format.survey(theorem));
    let mut piece = String::new();
    let mut bytes = 0;
    let mut put = |piece: &mut String| {
        bytes += piece.len() as u64;
        let done = to.write_all(piece.as_bytes());
        piece.clear();
        done
    };
    format.begin(&mut piece);
    put(&mut piece)?;
    for theorem in theorems {
        format.theorem(theorem, &mut piece);
        put(&mut piece)?;
    }
    format.end(&mut piece);
    put(&mut piece)?;
    Ok(bytes)
}
