//! `theoremata export`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use theoremata_store::Contents;

use super::arguments::StoredArguments;
use super::destination::written;
use super::output::Output;
use super::stored::{find, open};
use crate::cli::exit::Exit;
use crate::exchange::corpus;
use crate::exchange::languages::{self, Language};
use crate::exchange::stored::Stored;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    pub(super) store: StoredArguments,
    /// The run, by a prefix of its id; optional if there is only one.
    pub(super) run: Option<String>,
    /// The number of a theorem, exported with its dependencies; by default the whole run.
    pub(super) theorem: Option<u32>,
    /// The format.
    #[arg(long, value_enum, default_value_t = ExportFormat::Json)]
    pub(super) format: ExportFormat,
    /// Write to this file or folder instead of standard output; for several runs, a folder.
    #[arg(long, value_name = "PATH")]
    pub(super) out: Option<PathBuf>,
    /// Include times, measures and checkpoints (JSON lines only).
    #[arg(long)]
    pub(super) backup: bool,
}

/// Formats of `export`. See docs/exports.md.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ExportFormat {
    /// JSON lines of whole runs (store/FORMAT.md), for `import`.
    Json,
    /// Metamath, with a kernel of rules explained in the file.
    Metamath,
    /// Dedukti, the λΠ-calculus modulo rewriting.
    Dedukti,
    /// Rocq (Coq): a section whose hypotheses are the axioms.
    Rocq,
    /// Lean 4.
    Lean,
    /// TSTP, the derivations of the TPTP world.
    Tstp,
    /// JSON lines of training data: statements, proofs in steps, citations, refuted conjectures.
    Corpus,
}

impl ExportFormat {
    fn language(self) -> Option<Language> {
        match self {
            ExportFormat::Json | ExportFormat::Corpus => None,
            ExportFormat::Metamath => Some(Language::Metamath),
            ExportFormat::Dedukti => Some(Language::Dedukti),
            ExportFormat::Rocq => Some(Language::Rocq),
            ExportFormat::Lean => Some(Language::Lean),
            ExportFormat::Tstp => Some(Language::Tstp),
        }
    }
}

/// `theoremata export`.
pub(crate) fn run(arguments: &ExportArguments, output: Output) -> Result<Exit, Failure> {
    let store = open(&arguments.store.db)?;
    let runs = match &arguments.run {
        Some(prefix) => vec![find(&store, prefix)?],
        None => store.runs()?,
    };
    if let ExportFormat::Corpus = arguments.format {
        if arguments.theorem.is_some() || arguments.backup {
            let why = "a corpus holds whole runs: neither one theorem nor --backup goes with it";
            return Err(Failure::Usage(why.to_owned()));
        }
        let failed = |error: io::Error| Failure::World(format!("cannot write the corpus: {error}"));
        return written(arguments.out.as_deref(), &mut |to| {
            runs.iter().try_for_each(|run| corpus::write(&store, &Stored::read(&store, run)?, to)?.map_err(failed))
        });
    }
    let Some(language) = arguments.format.language() else {
        if arguments.theorem.is_some() {
            return Err(Failure::Usage("JSON lines hold whole runs; name another --format for one theorem".to_owned()));
        }
        let ids: Vec<_> = runs.into_iter().map(|run| run.id).collect();
        let contents = if arguments.backup { Contents::Backup } else { Contents::Record };
        return written(arguments.out.as_deref(), &mut |to| Ok(store.export(&ids, contents, to)?));
    };
    if arguments.backup {
        return Err(Failure::Usage("--backup belongs to --format json".to_owned()));
    }
    if let (count @ 2.., Some(folder)) = (runs.len(), &arguments.out) {
        if folder.extension().is_some_and(|extension| extension == language.extension()) && !folder.is_dir() {
            return Err(Failure::Usage(format!(
                "{} is the name of a file, which holds theorems of one run, and there are {count} runs: name one, or a \
                 folder for all",
                folder.display()
            )));
        }
        fs::create_dir_all(folder).map_err(|error| Failure::world("make the folder", folder, &error))?;
        for run in runs {
            let stored = Stored::read(&store, &run)?;
            let short: String = run.id.to_string().chars().take(8).collect();
            // One folder per run: files are named after their theories, which two runs may share.
            let path = folder.join(short).join(language.file(&stored.theory));
            export_to(&stored, None, language, Some(&path))?;
            output.note(&format!("{} theorems: {}", stored.records.len(), path.display()));
        }
        return Ok(Exit::Done);
    }
    let [run] = &runs[..] else {
        let one = "a file holds theorems of one theory";
        return Err(Failure::Usage(match runs.len() {
            0 => "there is no run in the database; `theoremata explore` makes one".to_owned(),
            count => format!("{one}, and there are {count} runs: name one, or a folder for all with --out DIR"),
        }));
    };
    let stored = Stored::read(&store, run)?;
    let path = arguments.out.as_ref().map(|path| match path.is_dir() {
        true => path.join(language.file(&stored.theory)),
        false => path.clone(),
    });
    export_to(&stored, arguments.theorem, language, path.as_deref())
}

/// Writes theorems to a file or stdout; the checker has accepted all of them before the first byte.
fn export_to(stored: &Stored, only: Option<u32>, language: Language, path: Option<&Path>) -> Result<Exit, Failure> {
    let theorems = match only {
        Some(number) => stored.checked_below(number)?,
        None => stored.checked()?,
    };
    let failed = |error: io::Error| Failure::World(format!("cannot write the export: {error}"));
    written(path, &mut |to| languages::write(&stored.theory, &theorems, language, to).map(drop).map_err(failed))
}
