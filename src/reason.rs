//! `reason`: a program parts a question into branches, a language model fills them, and joins bring back
//! what counts.

mod tell;
mod text;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use regex::Regex;
use theoremata_kernels::Sampling;
use theoremata_lm::{
    Bounds, Cues, Decompose, Engine, FirstSuccess, Ground, Last, MapReduce, Model, Outcome, Ranking, Running, Score,
    Settings, Token, Turn, Vote, run_programs,
};

use crate::failure::{Exit, Failure};
use crate::generate::{affordable, at_least_zero, crew, refused};
use crate::model;
use crate::output::Output;
use tell::Teller;
use text::Texts;

/// What is asked, and by which program it is answered.
#[derive(Args)]
pub(crate) struct ReasonArguments {
    /// The program.
    #[arg(value_enum)]
    program: Kind,
    /// The model: a name of `model list`, a GGUF file, or a folder in the form of Hugging Face.
    #[arg(long, value_name = "MODEL", default_value = "smollm2")]
    model: String,
    /// The question; with a file, it is asked about each line.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// A file of items, one a line; `map` and `score` need one.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Map: a last question, read behind the prompt and all answers.
    #[arg(long, value_name = "TEXT")]
    last: Option<String>,
    /// Give texts as they stand, even if the model has a chat template.
    #[arg(long)]
    raw: bool,
    /// At most so many tokens an answer.
    #[arg(long, value_name = "N", default_value = "64")]
    max_tokens: NonZeroUsize,
    /// At most so many tokens for each question in all [default: no bound].
    #[arg(long, value_name = "N")]
    total_tokens: Option<usize>,
    /// Divides the logits; 0 takes the most likely token [default: 0.8 for vote and first, else 0].
    #[arg(long, value_name = "T", value_parser = at_least_zero)]
    temperature: Option<f32>,
    /// All draws hang on it: the same seed, the same answer.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// A text that ends an answer; may be given several times.
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// Vote and first: answers to one question.
    #[arg(long, value_name = "N", default_value = "8")]
    samples: NonZeroUsize,
    /// Vote: so many have to agree.
    #[arg(long, value_name = "N", default_value = "1")]
    least: usize,
    /// First: an answer is accepted if this regular expression is found in it. Vote: what it finds last
    /// is what counts, its first group if it has one.
    #[arg(long, value_name = "REGEX")]
    pattern: Option<Regex>,
    /// First: an answer is accepted if this command, which reads it, exits with 0.
    #[arg(long, value_name = "COMMAND", conflicts_with = "pattern")]
    check: Option<String>,
    /// Decompose: tasks are parted down to this depth.
    #[arg(long, value_name = "N", default_value_t = 1)]
    depth: usize,
    /// Decompose: at most so many subtasks of a task.
    #[arg(long, value_name = "N", default_value = "4")]
    width: NonZeroUsize,
    /// Score: compare by the probability of the whole text, instead of the mean of a token.
    #[arg(long)]
    sum: bool,
    /// Keys and values may take so much memory; with less, branches wait for each other.
    #[arg(long, value_name = "MB", default_value = "1024")]
    kv_memory: NonZeroUsize,
    /// Threads; the answer does not depend on it [default: one a core].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// The programs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The question about each item by itself, and a last one about the answers.
    Map,
    /// Several answers to one question, and the one that most agree on.
    Vote,
    /// Several attempts, and the first that is accepted.
    First,
    /// A plan, its subtasks, and an answer from what they concluded.
    Decompose,
    /// How likely each item is as the answer; nothing is drawn.
    Score,
}

/// Answers every question, all in one batch.
pub(crate) fn run(arguments: &ReasonArguments, output: Output) -> Result<Exit, Failure> {
    if arguments.check.is_some() && arguments.program != Kind::First
        || arguments.pattern.is_some() && !matches!(arguments.program, Kind::First | Kind::Vote)
    {
        return Err(Failure::Usage("--check goes with `first`, --pattern with `first` and `vote`".into()));
    }
    let items = match &arguments.file {
        Some(path) => text::items(path)?,
        None => Vec::new(),
    };
    let model = Arc::new(model::load(&arguments.model)?);
    let texts = Texts::new(&model, arguments.raw)?;
    let mut engine = Engine::new(model.clone(), settings(arguments, &model));
    let questions = match (arguments.program, items.is_empty()) {
        (Kind::Map | Kind::Score, true) => {
            return Err(Failure::Usage("`map` and `score` need items: name a file of them with --file".into()));
        }
        (Kind::Map | Kind::Score, false) | (_, true) => vec![arguments.prompt.clone()],
        (_, false) => items.iter().map(|item| text::about(&arguments.prompt, item)).collect(),
    };
    let mut programs = Vec::new();
    for question in &questions {
        programs.push(start(arguments, &mut engine, &texts, question, &items)?);
    }
    let mut teller = Teller::new(&texts, &arguments.stop, ranking(arguments), output);
    let roots: Vec<_> = programs.iter().map(Running::root).collect();
    run_programs(&mut engine, &crew(arguments.threads), &mut programs, |_, event| teller.hear(&roots, event));
    let usage = engine.usage();
    let mut worst = Exit::Done;
    for (place, program) in programs.into_iter().enumerate() {
        let answer = program.finish(&mut engine);
        teller.answer(arguments.program, (place, questions.len()), &items, &answer);
        worst = match (&answer.outcome, worst) {
            (Outcome::Concluded, worst) => worst,
            (Outcome::Budget(_), Exit::Done | Exit::Resources) => Exit::Resources,
            _ => Exit::NotProved,
        };
    }
    teller.usage(&usage);
    Ok(worst)
}

/// Plants the program for one question.
fn start<'a>(
    arguments: &'a ReasonArguments,
    engine: &mut Engine,
    texts: &'a Texts<'a>,
    question: &str,
    items: &[String],
) -> Result<Running<'a>, Failure> {
    let bounds = Bounds {
        tokens: arguments.total_tokens.unwrap_or(usize::MAX),
        width: items.len().max(arguments.samples.get()).max(arguments.width.get()),
        depth: arguments.depth.clamp(1, 64),
        ..Bounds::default()
    };
    let turn = turn(arguments, texts);
    let samples = arguments.samples.get();
    let ground = |prefix: Vec<Token>| Ground { prefix, seed: arguments.seed, bounds };
    let started = match arguments.program {
        Kind::Map => {
            let asked = items.iter().map(|item| texts.prompt(&text::about(question, item)));
            let asked = asked.chain(arguments.last.iter().map(|last| texts.prompt(&text::about(question, last))));
            let (prefix, mut rests) = text::shared(asked.collect::<Result<_, _>>()?);
            let last = arguments.last.as_ref().and_then(|_| rests.pop());
            let last = last.map(|tokens| Last { tokens, turn: turn.clone() });
            let separator = texts.encode("\n")?;
            let map = MapReduce { ground: ground(prefix), items: rests, turn, separator, needs: 1, last };
            Running::start(engine, map)
        }
        Kind::Vote => {
            let ballot = |tokens: &[Token]| ballot(&texts.said(tokens, &arguments.stop), arguments.pattern.as_ref());
            let vote = Vote::new(ground(texts.prompt(question)?), samples, turn, arguments.least, ballot);
            Running::start(engine, vote)
        }
        Kind::First => {
            let accept = |tokens: &[Token]| accepts(arguments, &texts.said(tokens, &arguments.stop));
            let first = FirstSuccess::new(ground(texts.prompt(question)?), samples, turn, accept);
            Running::start(engine, first)
        }
        Kind::Decompose => {
            let cues = Cues {
                plan: texts.encode("\nSteps, one a line:\n")?,
                answer: texts.encode("\nAnswer:")?,
                separator: texts.encode("\n")?,
            };
            let plan = Turn { stop_texts: vec!["\n\n".into()], ..turn.clone() };
            let width = arguments.width.get();
            let part = move |plan: &[Token]| {
                let lines = text::steps(&texts.said(plan, &[]), width);
                lines.iter().filter_map(|line| texts.encode(&format!("\nTask: {line}")).ok()).collect()
            };
            let turns = (plan, turn);
            Running::start(engine, Decompose::new(ground(texts.prompt(question)?), arguments.depth, cues, turns, part))
        }
        Kind::Score => {
            let candidates = items.iter().map(|item| texts.encode(item)).collect::<Result<Vec<_>, _>>()?;
            Running::start(engine, Score::new(ground(texts.prompt(question)?), candidates, ranking(arguments)))
        }
    };
    started.map_err(refused)
}

fn turn(arguments: &ReasonArguments, texts: &Texts<'_>) -> Turn {
    let draws = matches!(arguments.program, Kind::Vote | Kind::First);
    let temperature = arguments.temperature.unwrap_or(if draws { 0.8 } else { 0.0 });
    Turn {
        sampling: Sampling::at(temperature),
        stops: texts.ends(),
        stop_texts: arguments.stop.iter().filter(|stop| !stop.is_empty()).cloned().collect(),
        ..Turn::greedy(arguments.max_tokens.get())
    }
}

fn ranking(arguments: &ReasonArguments) -> Ranking {
    if arguments.sum { Ranking::Sum } else { Ranking::Mean }
}

/// As many pages as the memory allows, which are filled as they are needed.
fn settings(arguments: &ReasonArguments, model: &Model) -> Settings {
    let settings = Settings::default();
    Settings { pages: affordable(arguments.kv_memory, model, &settings).min(1 << 16), ..settings }
}

/// What an answer counts as in a vote.
fn ballot(text: &str, pattern: Option<&Regex>) -> Vec<u8> {
    let Some(pattern) = pattern else { return text.trim().as_bytes().to_vec() };
    // Models repeat the question before they answer it.
    let captures = pattern.captures_iter(text).last();
    let found =
        captures.and_then(|captures| captures.get(1).or(captures.get(0)).map(|found| found.as_str().to_owned()));
    found.unwrap_or_default().into_bytes()
}

/// Whether an attempt is accepted. A checker that cannot be run accepts nothing.
fn accepts(arguments: &ReasonArguments, text: &str) -> bool {
    if let Some(pattern) = &arguments.pattern {
        return pattern.is_match(text);
    }
    let Some(command) = &arguments.check else { return !text.trim().is_empty() };
    let child = Command::new("sh").arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let Ok(mut child) = child else { return false };
    if let Some(mut input) = child.stdin.take() {
        // A command may end without reading all of it; what it says then is what counts.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_in_a_vote_is_what_the_pattern_finds_last() {
        let counts = |text, pattern: &str| ballot(text, Some(&Regex::new(pattern).expect("a pattern")));
        assert_eq!(ballot(" forty-two\n", None), b"forty-two");
        assert_eq!(counts("17 + 25 is 42.", "[0-9]+"), b"42");
        assert_eq!(counts("x = 1, x = 2", "x = ([0-9])"), b"2");
        assert_eq!(counts("no number", "[0-9]+"), b"");
    }
}
