//! External programs that check our exports. They share no code or trust with this program.

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

/// An external proof checker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Checker {
    Metamath,
    Smetamath,
    Kocheck,
    Rocq,
}

/// A selection of checkers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum With {
    /// All installed checkers.
    All,
    /// This checker.
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

    /// Its name in output and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Checker::Metamath => "metamath",
            Checker::Smetamath => "smetamath",
            Checker::Kocheck => "kocheck",
            Checker::Rocq => "rocq",
        }
    }

    /// A description.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Checker::Metamath => "metamath-exe, the Metamath verifier in C",
            Checker::Smetamath => "smetamath, another Metamath verifier, in Rust",
            Checker::Kocheck => "kocheck, a checker of Dedukti files, in Rust",
            Checker::Rocq => "coqc, and coqchk, which checks anew what coqc wrote",
        }
    }

    /// The language it reads.
    pub(crate) fn language(self) -> Language {
        match self {
            Checker::Metamath | Checker::Smetamath => Language::Metamath,
            Checker::Kocheck => Language::Dedukti,
            Checker::Rocq => Language::Rocq,
        }
    }

    /// Installation instructions.
    pub(crate) fn installation(self) -> &'static str {
        match self {
            Checker::Metamath => "apt-get install metamath",
            Checker::Smetamath => "cargo install smetamath",
            Checker::Kocheck => "cargo install kocheck",
            Checker::Rocq => "apt-get install coq",
        }
    }

    /// A command line that checks a file.
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

    /// Checks a file with `statements` statements to be proved; returns the complaint, or `None` if everything is
    /// accepted.
    ///
    /// Some of these programs always exit with 0, so their output is parsed.
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

/// The output of a program, both streams, and whether it succeeded.
fn say(command: &mut Command) -> io::Result<(String, bool)> {
    let output = command.output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8_lossy(&said).into_owned(), output.status.success()))
}

/// A record that a checker accepted all theorems of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Acceptance {
    /// The checker.
    pub(crate) checker: String,
    /// Its version.
    pub(crate) version: String,
    /// Number of theorems.
    pub(crate) theorems: usize,
    /// Size of the checked file in bytes.
    pub(crate) bytes: u64,
    /// Duration in seconds.
    pub(crate) seconds: f64,
    /// Time of the check.
    pub(crate) at: String,
    /// Digest of the contents of the run at that time.
    pub(crate) digest: String,
}

/// Prefix of the measures of a run that record acceptances; the checker's name follows.
const MEASURE: &str = "accepted by ";

impl Acceptance {
    /// The date of the check.
    pub(crate) fn day(&self) -> &str {
        self.at.split('T').next().unwrap_or(&self.at)
    }

    /// The measure that stores it.
    ///
    /// # Errors
    /// Never: it is plain data.
    pub(crate) fn measure(&self) -> Result<(String, String), Failure> {
        let text = serde_json::to_string(self).map_err(|error| Failure::World(error.to_string()))?;
        Ok((format!("{MEASURE}{}", self.checker), text))
    }

    /// The acceptances of a run that match its current contents.
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

/// The digest of the contents of a run.
pub(crate) fn digest(run: &Run) -> String {
    run.digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The result of a checker.
pub(crate) enum Answer {
    /// Everything is accepted; size of the file in bytes, and seconds taken.
    Accepted(u64, f64),
    /// A complaint.
    Refused(String),
}

/// Exports theorems to a temporary folder and runs a checker on them.
///
/// # Errors
/// If the folder cannot be written or the program cannot be started.
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
