//! A tree of tasks of 100,000 tokens within pages for 4,096: its peak memory, and whether it slows down.
//!
//! `cargo bench -p theoremata-lm --bench bounded -- [TOKENS [THREADS]]`. The model is the default one, as stored by
//! `model pull`. On a shared machine, CPU seconds are more reliable than wall-clock seconds. Every list is full and
//! every task is split down to the last level, so that the tree has the wanted length whatever the model writes;
//! finished lists are removed at once.

#[path = "shared/model.rs"]
mod shared;

use std::time::Instant;

use theoremata_kernels::{Crew, Sampling};
use theoremata_lm::{
    Bounds, Engine, Event, Grammars, Ground, Memory, Message, Model, Prune, Role, Running, Settings, TaskForm, Tasks,
    Turn, TurnConstraint,
};

/// Number of pages: 4,096 tokens in total.
const PAGES: usize = 256;
const PAGE_TOKENS: usize = 16;
const TOKENS: usize = 100_000;
/// Two tasks per list: of all trees of this length, the one that keeps the fewest conclusions of upper levels, so that
/// the context at the end is not much longer than at the beginning.
const FORM: TaskForm = TaskForm { levels: 12, width: 2, characters: Some(80) };
const LEAST_CHARACTERS: usize = 40;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let tokens = numbers.next().unwrap_or(TOKENS);
    let threads = numbers.next().or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let Some(model) = shared::model() else {
        println!("SKIPPED: the model smollm2 is not here; `theoremata model pull smollm2` fetches it");
        return;
    };
    let question = "Plan how to sort a library of ten thousand books, step by step.";
    let prefix = model.chat_prompt(&[Message::new(Role::User, question)]).expect("a prompt");
    let bounds = Bounds { tokens, pages: PAGES, ..Bounds::default() };
    let turn = Turn { constraint: constraint(&model), sampling: Sampling::at(0.8), ..Turn::greedy(usize::MAX) };
    let memory = Memory::Lists { most: 0, how: Prune::Recompute };
    let settings = Settings { pages: PAGES, page_tokens: PAGE_TOKENS, ..Settings::default() };
    let mut engine = Engine::new(model.clone(), settings);
    let tasks =
        Tasks::new(Ground { members: Vec::new(), prefix, seed: 1, bounds }, &model, turn, memory).expect("a program");
    let mut running = Running::start(&mut engine, tasks).expect("planted");
    let crew = Crew::new(threads);
    let (mut held, mut written, mut tenths) = (0, 0, Vec::<Tenth>::new());
    // Pages held, summed over the steps of a tenth.
    let (mut sum, mut steps) = (0, 0);
    let mut start = (Instant::now(), computed());
    while !engine.is_idle() {
        for event in engine.step(&crew).expect("the processor computes") {
            written += usize::from(matches!(event, Event::Token { .. }));
            running.take(&mut engine, &event);
            if written >= (tenths.len() + 1) * tokens / 10 && tenths.len() < 10 {
                let tenth = Tenth { seconds: start.0.elapsed().as_secs_f64(), computed: computed() - start.1 };
                let (rows, Tenth { seconds, computed: busy }) = (engine.usage().rows, &tenth);
                let mean = sum * PAGE_TOKENS / steps.max(1);
                println!(
                    "{written:>7} tokens: {seconds:.1} s for this tenth, {busy:.1} s computing; {rows} rows so far, \
                     {mean} tokens held on average"
                );
                tenths.push(tenth);
                (sum, steps, start) = (0, 0, (Instant::now(), computed()));
            }
        }
        let now = engine.pages_held(running.root());
        (held, sum, steps) = (held.max(now), sum + now, steps + 1);
        let used = engine.usage().pages_used;
        assert!(held <= PAGES && used <= PAGES, "{held} pages held and {used} used of {PAGES}");
    }
    engine.audit().expect("all references are counted");
    let usage = engine.usage();
    let answer = running.finish(&mut engine);
    println!("{} tokens written, {:?}; {} rows computed", answer.usage.generated, answer.outcome, usage.rows);
    println!("{} lists taken out, {} tokens of them", answer.pruned.len(), answer.usage.dropped);
    println!(
        "at most {} tokens of {} held by the tree, {} with what may be found again",
        held * PAGE_TOKENS,
        PAGES * PAGE_TOKENS,
        usage.pages_peak * PAGE_TOKENS
    );
    if let (Some(first), Some(last)) = (tenths.first(), tenths.last().filter(|_| tenths.len() == 10)) {
        let tenth = tokens as f64 / 10.0;
        for (what, first, last) in
            [("s", first.seconds, last.seconds), ("s of computing", first.computed, last.computed)]
        {
            let (first, last) = (tenth / first, tenth / last);
            println!("first tenth {first:.1} tokens/{what}, last tenth {last:.1}: {:.2} of the first", last / first);
        }
    }
}

/// Measurements of one tenth of the tokens.
struct Tenth {
    /// Wall-clock seconds.
    seconds: f64,
    /// CPU seconds of all threads together; 0 where the system does not report them.
    computed: f64,
}

/// CPU seconds of this process so far, as reported by Linux, in hundredths.
fn computed() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The schema of the form with full lists, and no short texts.
fn constraint(model: &Model) -> TurnConstraint {
    let mut schema = FORM.schema(&[]).expect("a schema");
    let text = serde_json::json!({ "type": "string", "minLength": LEAST_CHARACTERS, "maxLength": FORM.characters });
    schema["properties"]["reasoning"]["minItems"] = FORM.width.into();
    for level in 1..=FORM.levels {
        let task = &mut schema["$defs"][format!("task{level}")];
        for name in ["thought", "conclusion"] {
            task["properties"][name] = text.clone();
        }
        if level < FORM.levels {
            task["required"] = serde_json::json!(["thought", "subtasks", "conclusion"]);
            task["properties"]["subtasks"]["minItems"] = FORM.width.into();
        }
    }
    let grammars = Grammars::new(model.tokenizer().expect("a vocabulary")).expect("grammars");
    grammars.json_schema(&schema).expect("a constraint").into()
}
