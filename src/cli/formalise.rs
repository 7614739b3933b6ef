//! `formalise`: turns a sentence into a statement of a theory, chosen by the user.
//!
//! A model samples candidates under a grammar of the theory's statements, so each is well-formed. They are proposals:
//! each is shown as mathematics and in words, with the prover's verdict, and none is used before the user accepts it.
//! With `--new` the same is done for a whole theory.

mod candidates;
mod draft;
mod forms;
mod theory;
mod vocabulary;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use theoremata_actors::examine::{Examiner, Limits, Verdict};
use theoremata_actors::jobs::{Job, Kind, Local, Options, OutputFormat, Pool, Program, TokenChoice};
use theoremata_lm::{Device, Settings};
use theoremata_logic::calculus::theory::Goal;
use theoremata_logic::language::infix::Infix;
use theoremata_store::Store;

use super::arguments::{MAX_THREADS, count, seconds};
use super::exit::Exit;
use super::generate::tell_device;
use super::model;
use super::output::Output;
use crate::exchange::input::{self, Loaded};
use crate::failure::Failure;
use crate::time::now;

/// Polling interval of the model.
const PATIENCE: Duration = Duration::from_millis(50);
/// Maximal length of a sentence in bytes.
const LONGEST: usize = 1000;

/// What to formalise.
#[derive(Args)]
pub(crate) struct FormaliseArguments {
    /// An .mpl file.
    #[arg(required_unless_present = "new")]
    theory: Option<PathBuf>,
    /// The sentence, such as "for all x and y: x plus y is y plus x".
    #[arg(required_unless_present = "new")]
    sentence: Option<String>,
    /// Formalise a whole theory from a description, such as "a set with an operation that is associative and has an
    /// identity". Theories are about a set S with some of the operations * and +, the constants e, 0 and 1, the
    /// functions inv, neg and s, and the relations ≤, < and ~; examples are written with these.
    #[arg(long, value_name = "DESCRIPTION", conflicts_with_all = ["theory", "sentence", "read"])]
    new: Option<String>,
    /// Write the accepted theory to this file, which must not exist yet.
    #[arg(long, value_name = "FILE", requires_all = ["new", "accept"])]
    out: Option<PathBuf>,
    /// The model that generates candidates: a name of `model list`, a GGUF file, or a Hugging Face folder.
    #[arg(long, value_name = "MODEL", default_value = "smollm2")]
    model: String,
    /// Number of candidates.
    #[arg(long, value_name = "K", default_value = "8", value_parser = count::<256>)]
    samples: NonZeroUsize,
    /// A statement that follows from the intended meaning, such as "2 + 2 = 4"; may be repeated.
    #[arg(long, value_name = "STATEMENT")]
    holds: Vec<String>,
    /// A statement that does not follow; may be repeated.
    #[arg(long, value_name = "STATEMENT")]
    fails: Vec<String>,
    /// Print only the candidate of this number, as MPL: for `prove --goal`, or as the file of a theory.
    #[arg(long, value_name = "N")]
    accept: Option<usize>,
    /// The sentence is a statement already: show it in MPL, as mathematics and in words, without a model.
    #[arg(long, conflicts_with_all = ["model", "samples", "holds", "fails", "accept", "seed", "cpu", "threads", "device"])]
    read: bool,
    /// Random seed.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// CPU seconds of the prover for each question.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    cpu: f64,
    /// Number of threads; does not affect the answer [default: one per core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    threads: Option<NonZeroUsize>,
    /// Device for the model: `cpu`, `cuda`, `cuda:N`, or `auto`; does not affect the output.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: Device,
}

/// A class of equivalent candidates.
struct Candidate {
    /// The forms; the first represents the class.
    forms: Vec<Form>,
    verdict: Verdict,
    /// Examples that contradict it.
    against: Vec<String>,
}

/// A form of a statement.
struct Form {
    goal: Goal,
    /// The text of the first sample with this form.
    text: String,
    votes: usize,
}

impl Candidate {
    fn goal(&self) -> &Goal {
        &self.forms[0].goal
    }

    fn votes(&self) -> usize {
        self.forms.iter().map(|form| form.votes).sum()
    }

    fn is_open(&self) -> bool {
        matches!(self.verdict, Verdict::Open { .. })
    }
}

/// `theoremata formalise`.
pub(crate) fn run(arguments: &FormaliseArguments, output: Output) -> Result<Exit, Failure> {
    if let Some(description) = &arguments.new {
        return theory::run(arguments, description, output);
    }
    let (Some(path), Some(sentence)) = (&arguments.theory, &arguments.sentence) else {
        return Err(Failure::Usage("a theory and a sentence are needed, or --new and a description".to_owned()));
    };
    if sentence.trim().is_empty() || sentence.len() > LONGEST {
        return Err(Failure::Usage(format!("a sentence has 1 to {LONGEST} bytes")));
    }
    let Loaded { theory, files, report } = input::load(path, None)?;
    output.report(&report);
    let limits = Limits { cpu: arguments.cpu, memory: 1 << 30 };
    let examiner = Examiner::new(theory, files, Arc::new(Store::in_memory()), limits, now);
    let example = |text: &String| {
        let goal = examiner.read(text);
        goal.map(|goal| (text.clone(), goal)).map_err(|wrong| Failure::Usage(format!("the example `{text}`: {wrong}")))
    };
    if arguments.read {
        return read(&examiner, sentence, output);
    }
    let holds = arguments.holds.iter().map(example).collect::<Result<Vec<_>, _>>()?;
    let fails = arguments.fails.iter().map(example).collect::<Result<Vec<_>, _>>()?;
    let texts = written(arguments, sentence, &examiner, output)?;
    let candidates = sorted(&examiner, &texts, &holds, &fails)?;
    if let Some(number) = arguments.accept {
        let chosen = number.checked_sub(1).and_then(|place| candidates.get(place));
        let chosen = chosen.ok_or_else(|| {
            Failure::Usage(format!("there are candidates 1 to {}, and no {number}", candidates.len()))
        })?;
        let mpl = examiner.mpl(chosen.goal());
        if output.is_json() {
            output.object(&json!({ "event": "accepted", "number": number, "statement": mpl }));
        } else {
            output.line(&mpl);
        }
        return Ok(Exit::Done);
    }
    candidates.iter().enumerate().for_each(|(place, candidate)| tell(&examiner, place + 1, candidate, output));
    let unread = texts.len() - candidates.iter().map(Candidate::votes).sum::<usize>();
    if unread > 0 {
        output.note(&format!("{unread} of {} candidates are no statements of this theory", texts.len()));
    }
    if candidates.is_empty() {
        return Ok(Exit::NotProved);
    }
    output.note("a model wrote these, and none is used before it is accepted: --accept N prints it as MPL");
    Ok(Exit::Done)
}

/// Shows a statement.
fn read(examiner: &Examiner, text: &str, output: Output) -> Result<Exit, Failure> {
    let goal = examiner.read(text).map_err(Failure::Usage)?;
    let (math, mpl) = (examiner.math(&goal), examiner.mpl(&goal));
    let words = Infix::new(examiner.theory()).words(text).ok();
    if output.is_json() {
        output.object(&json!({ "event": "read", "statement": mpl, "math": math, "words": words }));
        return Ok(Exit::Done);
    }
    [Some(mpl), Some(math), words].iter().flatten().for_each(|line| output.line(line));
    Ok(Exit::Done)
}

/// The candidates that the model generates.
fn written(
    arguments: &FormaliseArguments,
    sentence: &str,
    examiner: &Examiner,
    output: Output,
) -> Result<Vec<String>, Failure> {
    let program = Program::Vote { samples: arguments.samples.get(), least: 1, pattern: None };
    let infix = Infix::new(examiner.theory());
    let job = Job {
        seed: arguments.seed,
        raw: true,
        choice: TokenChoice { temperature: 0.7, ..TokenChoice::default() },
        shape: OutputFormat::Regex(format!("{}\\n", infix.expression(4, 2))),
        ..Job::new(prompt(&infix, &examiner.theory().name, sentence), program, 96)
    };
    asked(arguments, job, output)
}

/// The outputs of the model, by sample. Incomplete ones are empty.
fn asked(arguments: &FormaliseArguments, job: Job, output: Output) -> Result<Vec<String>, Failure> {
    let model = Arc::new(model::load(&arguments.model, arguments.threads)?);
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let threads = arguments.threads.unwrap_or(cores);
    let settings = Settings::default();
    tell_device(&arguments.device, &model, settings.exactness, output)?;
    let local = Kind::Local(Local { model, settings, threads, device: arguments.device.clone() });
    let identity = model::identity(&arguments.model)?;
    let pool = Pool::start(Options::new(vec![local], identity));
    let pool = pool.map_err(|error| Failure::World(format!("cannot start the worker: {error}")))?;
    let id = pool.submit(job).map_err(|refused| Failure::Usage(refused.to_string()))?;
    let answer = loop {
        match pool.answer(id) {
            Some(answer) => break answer,
            None => std::thread::sleep(PATIENCE),
        }
    };
    if let (true, Some(because)) = (answer.nodes.is_empty(), answer.because) {
        return Err(Failure::Usage(format!("the model cannot be asked: {because}")));
    }
    let samples = answer.nodes.iter().filter(|node| node.path.len() == 1);
    Ok(samples.map(|node| node.text.trim().to_owned()).collect())
}

/// The prompt. The sentence is inserted as a JSON string on one line, so that no sentence can end it or imitate a given
/// statement.
fn prompt(infix: &Infix<'_>, theory: &str, sentence: &str) -> String {
    let mut prompt =
        format!("Sentences about {theory}, and the formulas that say the same.\nNotation: {}.\n\n", infix.help());
    for (sentence, formula) in infix.examples() {
        prompt.push_str(&format!("Sentence: {}\nFormula: {formula}\n\n", json!(sentence)));
    }
    prompt + &format!("Sentence: {}\nFormula: ", json!(sentence))
}

/// Sorts candidates: drops malformed ones, merges equivalent ones, and puts those first that no example contradicts,
/// then orders by votes, theorems first, and position.
///
/// Candidates are equivalent if they have the same normal form; where neither is proved nor refuted, also if each
/// follows from the other. For theorems that test would be vacuous: each follows from any statement.
fn sorted(
    examiner: &Examiner,
    texts: &[String],
    holds: &[(String, Goal)],
    fails: &[(String, Goal)],
) -> Result<Vec<Candidate>, Failure> {
    let mut forms: Vec<Form> = Vec::new();
    for text in texts {
        let Ok(goal) = examiner.read(text) else { continue };
        match forms.iter_mut().find(|known| known.goal.statement == goal.statement) {
            Some(known) => known.votes += 1,
            None => forms.push(Form { goal, text: text.clone(), votes: 1 }),
        }
    }
    let goals: Vec<Goal> = forms.iter().map(|form| form.goal.clone()).collect();
    let same = examiner.same_forms(&goals);
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut places: Vec<usize> = Vec::new();
    for (place, form) in forms.into_iter().enumerate() {
        if same[place] < place {
            places.push(places[same[place]]);
            candidates[places[place]].forms.push(form);
        } else {
            places.push(candidates.len());
            let verdict = examiner.examine(&[], &form.goal).map_err(Failure::World)?;
            candidates.push(Candidate { forms: vec![form], verdict, against: Vec::new() });
        }
    }
    let mut apart: Vec<Candidate> = Vec::new();
    'candidates: for candidate in candidates {
        for known in apart.iter_mut().filter(|known| known.is_open() && candidate.is_open()) {
            if examiner.follow_from_each_other(known.goal(), candidate.goal()).map_err(Failure::World)? {
                known.forms.extend(candidate.forms);
                continue 'candidates;
            }
        }
        apart.push(candidate);
    }
    let mut candidates = apart;
    for candidate in &mut candidates {
        let goal = examiner.mpl(candidate.goal());
        let follows = |example: &Goal| {
            let text = format!("(>[] {goal} {})", examiner.mpl(example));
            let goal = examiner.read(&text).map_err(Failure::World)?;
            examiner.examine(&[], &goal).map_err(Failure::World)
        };
        for (text, example) in holds {
            if matches!(follows(example)?, Verdict::Refuted { .. }) {
                candidate.against.push(format!("{text} does not follow"));
            }
        }
        for (text, example) in fails {
            if matches!(follows(example)?, Verdict::Proved { .. }) {
                candidate.against.push(format!("{text} follows"));
            }
        }
    }
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Proved { .. } => 0,
        Verdict::Open { .. } => 1,
        Verdict::Refuted { .. } => 2,
    };
    candidates.sort_by_key(|it| (it.against.len(), std::cmp::Reverse(it.votes()), rank(&it.verdict)));
    Ok(candidates)
}

fn tell(examiner: &Examiner, number: usize, candidate: &Candidate, output: Output) {
    let (math, mpl) = (examiner.math(candidate.goal()), examiner.mpl(candidate.goal()));
    let words = Infix::new(examiner.theory()).words(&candidate.forms[0].text).unwrap_or_default();
    let (status, more) = match &candidate.verdict {
        Verdict::Proved { .. } => ("theorem", String::new()),
        Verdict::Refuted { counterexample } => ("refuted", format!(" by {counterexample}")),
        Verdict::Open { why } => ("open", format!(": {why}")),
    };
    if output.is_json() {
        let forms: Vec<_> = candidate
            .forms
            .iter()
            .map(|form| json!({ "statement": examiner.mpl(&form.goal), "votes": form.votes }))
            .collect();
        output.object(&json!({
            "event": "candidate", "number": number, "votes": candidate.votes(), "forms": forms, "math": math, "words": words,
            "statement": mpl, "status": status, "detail": more.trim_start_matches([':', ' ']), "against": candidate.against,
        }));
        return;
    }
    output.line(&format!("{number:>3}  {math}   [{} votes, {status}{more}]", candidate.votes()));
    output.line(&format!("     {words}"));
    let others = candidate.forms[1..].iter().map(|form| examiner.math(&form.goal));
    others.for_each(|math| output.line(&format!("     also written {math}")));
    candidate.against.iter().for_each(|example| output.line(&format!("     but {example}")));
}
