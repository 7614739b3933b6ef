//! A tree of tasks of 100,000 tokens through pages for 4,096: what is held at most, and whether it gets slower.
//!
//! `cargo bench -p theoremata-lm --bench bounded -- [TOKENS]`. The model is the default one, where `model pull`
//! puts it. Every list is full and every task parted to the last level, so that the tree is as long as wanted
//! whatever the model makes of it; finished lists are taken out at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use theoremata_kernels::{Crew, Sampling};
use theoremata_lm::{
    Bounds, Engine, Event, Grammars, Ground, Guidance, Memory, Message, Model, Prune, Role, Running, Settings,
    TaskForm, Tasks, Turn,
};

/// Pages and their size: 4,096 tokens.
const PAGES: usize = 256;
const PAGE_TOKENS: usize = 16;
const TOKENS: usize = 100_000;
const FORM: TaskForm = TaskForm { levels: 8, width: 3, characters: Some(160) };

fn main() {
    let tokens = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(TOKENS);
    let Some(model) = model() else {
        println!("SKIPPED: the model smollm2 is not here; `theoremata model pull smollm2` fetches it");
        return;
    };
    let question = "Plan how to sort a library of ten thousand books, step by step.";
    let prefix = model.chat_prompt(&[Message { role: Role::User, content: question.into() }]).expect("a prompt");
    let bounds = Bounds { tokens, pages: PAGES, ..Bounds::default() };
    let turn = Turn { guide: guide(&model), sampling: Sampling::at(0.8), ..Turn::greedy(usize::MAX) };
    let memory = Memory::Lists { most: 0, how: Prune::Recompute };
    let settings = Settings { pages: PAGES, page_tokens: PAGE_TOKENS, ..Settings::default() };
    let mut engine = Engine::new(model.clone(), settings);
    let tasks = Tasks::new(Ground { prefix, seed: 1, bounds }, &model, turn, memory).expect("a program");
    let mut running = Running::start(&mut engine, tasks).expect("planted");
    let crew = Crew::new(std::thread::available_parallelism().map_or(1, usize::from));
    let (mut held, mut written, mut tenths, mut start) = (0, 0, Vec::new(), Instant::now());
    while !engine.is_idle() {
        for event in engine.step(&crew) {
            written += usize::from(matches!(event, Event::Token { .. }));
            running.take(&mut engine, &event);
            if written >= (tenths.len() + 1) * tokens / 10 && tenths.len() < 10 {
                tenths.push((written, start.elapsed().as_secs_f64(), engine.usage().rows));
                let (_, seconds, rows) = tenths[tenths.len() - 1];
                println!("{written:>7} tokens: {:.1} s for this tenth, {rows} rows so far", seconds);
                start = Instant::now();
            }
        }
        held = held.max(engine.pages_held(running.root()));
        let used = engine.usage().pages_used;
        assert!(held <= PAGES && used <= PAGES, "{held} pages held and {used} used of {PAGES}");
    }
    engine.audit().expect("all references are counted");
    let usage = engine.usage();
    let answer = running.finish(&mut engine);
    println!("{} tokens written, {:?}; {} rows computed", answer.tally.generated, answer.outcome, usage.rows);
    println!("{} lists taken out, {} tokens of them", answer.pruned.len(), answer.tally.dropped);
    println!(
        "at most {} tokens of {} held by the tree, {} with what may be found again",
        held * PAGE_TOKENS,
        PAGES * PAGE_TOKENS,
        usage.pages_peak * PAGE_TOKENS
    );
    if let (Some(first), Some(last)) = (tenths.first(), tenths.last().filter(|_| tenths.len() == 10)) {
        let speed = |seconds: f64| tokens as f64 / 10.0 / seconds;
        let (first, last) = (speed(first.1), speed(last.1));
        println!("first tenth {first:.1} tokens/s, last tenth {last:.1}: {:.2} of the first", last / first);
    }
}

/// The schema of the form with full lists and texts that are no shorter than half of their bound.
fn guide(model: &Model) -> Guidance {
    let mut schema = FORM.schema(&[]).expect("a schema");
    let text = serde_json::json!({ "type": "string", "minLength": 80, "maxLength": 160 });
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
    grammars.json_schema(&schema).expect("a guide").into()
}

/// The default model, where `model pull` keeps models.
fn model() -> Option<Arc<Model>> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("THEOREMATA_MODELS")
        .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("theoremata/models")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/theoremata/models")))?;
    let file = Some(folder.join("smollm2.gguf")).filter(|path| path.exists())?;
    Some(Arc::new(Model::load(&file).expect("the model")))
}
