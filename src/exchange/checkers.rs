//! Programs of others that check what we export. They do not trust us, and need not know us.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::{Deserialize, Serialize};
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::theory::Theory;
use theoremata_store::Run;

use crate::exchange::languages::{self, Language};
use crate::failure::Failure;

/// A checker of proofs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Checker {
    Metamath,
    Smetamath,
    Kocheck,
    Rocq,
}

/// Which checkers are asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum With {
    /// All that are installed.
    All,
    /// This one.
    One(Checker),
}

impl ValueEnum for With {
    fn value_variants<'a>() -> &'a [With] {
        const VARIANTS: [With; 5] = [
            With::All,
            With::One(Checker::Metamath),
            With::One(Checker::Smetamath),
            With::One(Checker::Kocheck),
            With::One(Checker::Rocq),
        ];
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            With::All => PossibleValue::new("all").help("All that are installed"),
            With::One(checker) => PossibleValue::new(checker.name()).help(checker.about()),
        })
    }
}

impl Checker {
    pub(crate) const ALL: [Checker; 4] = [Checker::Metamath, Checker::Smetamath, Checker::Kocheck, Checker::Rocq];

    /// Its name here and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Checker::Metamath => "metamath",
            Checker::Smetamath => "smetamath",
            Checker::Kocheck => "kocheck",
            Checker::Rocq => "rocq",
        }
    }

    /// What it is.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Checker::Metamath => "metamath-exe, the Metamath verifier in C",
            Checker::Smetamath => "smetamath, another Metamath verifier, in Rust",
            Checker::Kocheck => "kocheck, a checker of Dedukti files, in Rust",
            Checker::Rocq => "coqc, and coqchk, which checks anew what coqc wrote",
        }
    }

    /// The language that it reads.
    pub(crate) fn language(self) -> Language {
        match self {
            Checker::Metamath | Checker::Smetamath => Language::Metamath,
            Checker::Kocheck => Language::Dedukti,
            Checker::Rocq => Language::Rocq,
        }
    }

    /// How to get it.
    pub(crate) fn installation(self) -> &'static str {
        match self {
            Checker::Metamath => "apt-get install metamath",
            Checker::Smetamath => "cargo install smetamath",
            Checker::Kocheck => "cargo install kocheck",
            Checker::Rocq => "apt-get install coq",
        }
    }

    /// How a reader has a file checked.
    pub(crate) fn command(self, file: &str) -> String {
        match self {
            Checker::Metamath => format!("metamath 'read \"{file}\"' 'verify proof *' exit"),
            Checker::Smetamath => format!("smetamath --verify {file}"),
            Checker::Kocheck => format!("kocheck {file}"),
            Checker::Rocq => {
                let module = file.trim_end_matches(".v");
                format!("coqc {file} && coqchk -silent -R . '' {module}")
            }
        }
    }

    /// Its version, or `None` if it is not installed.
    pub(crate) fn version(self) -> Option<String> {
        let (program, arguments) = match self {
            Checker::Metamath => ("metamath", "exit"),
            Checker::Smetamath => ("smetamath", "--version"),
            Checker::Kocheck => ("kocheck", "--version"),
            Checker::Rocq => ("coqc", "--version"),
        };
        let (said, _) = say(Command::new(program).arg(arguments)).ok()?;
        let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
        Some(said.split_whitespace().find(is_version).unwrap_or("of unknown version").to_owned())
    }

    /// What it says of a file with `statements` statements to be proved: nothing if it accepts all.
    ///
    /// Some of these programs exit with 0 whatever they find, so their words are read.
    fn complaint(self, folder: &Path, file: &str, text: &str) -> io::Result<Option<String>> {
        match self {
            Checker::Metamath => {
                let read = format!("read \"{file}\"");
                let (said, ended_well) =
                    say(Command::new("metamath").args([&read, "verify proof *", "exit"]).current_dir(folder))?;
                let statements = text.matches(" $p |- ").count();
                let all = said.contains(&format!(" and {statements} are $p."))
                    && said.contains("No errors were found.")
                    && said.contains("All proofs in the database were verified");
                let complained = ["?Error", "?Warning", "were not proved"].iter().any(|word| said.contains(word));
                Ok((!ended_well || !all || complained).then_some(said))
            }
            Checker::Smetamath => {
                let (said, ended_well) = say(Command::new("smetamath").args(["--verify", file]).current_dir(folder))?;
                Ok((!ended_well || !said.trim().is_empty()).then_some(said))
            }
            Checker::Kocheck => {
                let (said, ended_well) = say(Command::new("kocheck").arg(file).current_dir(folder))?;
                Ok((!ended_well || said.contains("rror")).then_some(said))
            }
            Checker::Rocq => {
                let (said, ended_well) = say(Command::new("coqc").arg(file).current_dir(folder))?;
                if !ended_well || said.contains("Error") {
                    return Ok(Some(said));
                }
                let module = file.trim_end_matches(".v");
                let (said, ended_well) = say(Command::new("coqchk").args(["-R", ".", "", module]).current_dir(folder))?;
                Ok((!ended_well || !said.contains("Modules were successfully checked")).then_some(said))
            }
        }
    }
}

/// What a program says, on both streams, and whether it ended well.
fn say(command: &mut Command) -> io::Result<(String, bool)> {
    let output = command.output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8_lossy(&said).into_owned(), output.status.success()))
}

/// That a checker accepted all theorems of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Acceptance {
    /// The checker.
    pub(crate) checker: String,
    /// Its version.
    pub(crate) version: String,
    /// How many theorems.
    pub(crate) theorems: usize,
    /// The size of the file.
    pub(crate) bytes: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// When.
    pub(crate) at: String,
    /// The digest of what the run held then.
    pub(crate) digest: String,
}

/// The words before a checker's name under which an acceptance stands among the measures of a run.
const MEASURE: &str = "accepted by ";

impl Acceptance {
    /// The day of it, without the hour.
    pub(crate) fn day(&self) -> &str {
        self.at.split('T').next().unwrap_or(&self.at)
    }

    /// The measure that keeps it.
    ///
    /// # Errors
    /// Never: it is plain data.
    pub(crate) fn measure(&self) -> Result<(String, String), Failure> {
        let text = serde_json::to_string(self).map_err(|error| Failure::World(error.to_string()))?;
        Ok((format!("{MEASURE}{}", self.checker), text))
    }

    /// The acceptances of a run that are about what it holds now.
    pub(crate) fn of(run: &Run) -> Vec<Acceptance> {
        let kept = run.measures.iter().filter(|(key, _)| key.starts_with(MEASURE));
        let read = kept.filter_map(|(_, text)| serde_json::from_str::<Acceptance>(text).ok());
        let digest = digest(run);
        let mut current: Vec<Acceptance> = read.filter(|known| known.digest == digest).collect();
        let place = |known: &Acceptance| Checker::ALL.iter().position(|checker| checker.name() == known.checker);
        current.sort_by_key(place);
        current
    }
}

/// The digest of what a run holds.
pub(crate) fn digest(run: &Run) -> String {
    run.digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A checker's answer.
pub(crate) enum Answer {
    /// It accepts everything; how large the file was, and how many seconds it took.
    Accepted(u64, f64),
    /// It complains.
    Refused(String),
}

/// Writes the theorems for a checker into a temporary folder and has them checked.
///
/// # Errors
/// If the folder cannot be written or the program not be started.
pub(crate) fn ask(checker: Checker, theory: &Theory, theorems: &[Checked]) -> Result<Answer, Failure> {
    let temporary = |error| Failure::World(format!("cannot make a temporary folder: {error}"));
    let folder = tempfile::tempdir().map_err(temporary)?;
    let folder = folder.path();
    let file = checker.language().file(theory);
    let path = folder.join(&file);
    let failed = |error: &io::Error| Failure::world("write", &path, error);
    let mut out = BufWriter::new(fs::File::create(&path).map_err(|error| failed(&error))?);
    let bytes = languages::write(theory, theorems, checker.language(), &mut out).map_err(|error| failed(&error))?;
    out.flush().map_err(|error| failed(&error))?;
    let text = fs::read_to_string(&path).map_err(|error| Failure::world("read", &path, &error))?;
    let begin = Instant::now();
    let complaint = checker
        .complaint(folder, &file, &text)
        .map_err(|error| Failure::World(format!("cannot run {}: {error}", checker.name())))?;
    Ok(match complaint {
        None => Answer::Accepted(bytes, begin.elapsed().as_secs_f64()),
        Some(said) => Answer::Refused(said),
    })
}
