//! The benefit of speculation: tokens per step, and time.
//!
//! `cargo bench -p theoremata-lm --bench speculation`, or with words that select texts: `-- list`. On the default
//! model, one thread, by that thread's CPU time, which excludes other programs. Every text is generated with and
//! without speculation in turns, several times; the figures are those of the fastest of each. As on a busy server, the
//! next question is submitted when one is answered, up to a total number of tokens. The tokens are compared.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use theoremata_kernels::{Crew, Inline, Parallel, Sampling};
use theoremata_lm::{
    Bounds, Drafter, Engine, Grammars, Guess, Message, Model, Next, Request, Role, Settings, Speculation, Then, Token,
    Turn, TurnConstraint, Usage,
};

/// The mean length of an answer, in tokens.
const TOKENS: usize = 160;
const ROUNDS: usize = 3;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let Some(file) = file() else {
        println!("SKIPPED: the model smollm2 is not here; `theoremata model pull smollm2` fetches it");
        return;
    };
    let model = Arc::new(Model::load(&file).expect("the model"));
    if chosen.is_empty() || chosen.iter().any(|word| word == "rows") {
        costs(&model);
    }
    let bounds = speculation();
    println!("{bounds:?}, {TOKENS} tokens an answer, the fastest of {ROUNDS} rounds each;");
    println!("plain, ahead: tokens of a thread in a step without and with\n");
    println!(
        "{:<22} {:>5} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9} {:>6}",
        "text", "batch", "plain", "ahead", "drafted", "accepted", "plain/s", "ahead/s", "ratio"
    );
    for text in texts(&model) {
        if chosen.is_empty() || chosen.iter().any(|word| text.name.contains(word.as_str())) {
            for batch in batches() {
                compare(&model, &text, batch, bounds);
            }
        }
    }
}

/// The file of the default model, as stored by `model pull`.
fn file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("THEOREMATA_MODELS")
        .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("theoremata/models")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/theoremata/models")))?;
    Some(folder.join("smollm2.gguf")).filter(|path| path.exists())
}

/// The default bounds, or those of `LONGEST`, `PASS_ROWS` and `CERTAIN`.
fn speculation() -> Speculation {
    let set = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let default = Speculation::default();
    Speculation {
        longest: set("LONGEST").unwrap_or(default.longest),
        pass_rows: set("PASS_ROWS").unwrap_or(default.pass_rows),
        certain: set("CERTAIN").map(|percent: usize| percent as u32),
    }
}

/// Concurrent answers: 1, 4 and 8, or the number in `BATCH`.
fn batches() -> Vec<usize> {
    let set = std::env::var("BATCH").ok().and_then(|value| value.parse().ok());
    set.map_or(vec![1, 4, 8], |batch: usize| vec![batch.clamp(1, 8)])
}

/// A drafter that always guesses, and is always wrong.
struct Wrong;

impl Drafter for Wrong {
    fn guess(&self, next: &Next<'_>) -> Option<Guess> {
        Some(Guess { token: 1 + next.tokens.last().copied().unwrap_or(0) % 7, likelihood: 1.0 })
    }

    fn learn(&mut self, _: &Next<'_>, _: &[(Token, f32)], _: Token) {}
}

/// The time of a step by its number of rows: one sequence decodes after 200 tokens, with drafts of several lengths.
fn costs(model: &Arc<Model>) {
    let hands: [&dyn Parallel; 2] = [&Inline, &Crew::new(std::thread::available_parallelism().map_or(1, usize::from))];
    for parallel in hands {
        let milliseconds = [0, 1, 2, 3, 4, 5].map(|longest| {
            let speculation = Some(Speculation { longest, pass_rows: 1 << 20, certain: None });
            let settings = Settings { speculation, ..Settings::default() };
            let mut engine = Engine::new(model.clone(), settings).with_drafter(Box::new(Wrong));
            let then = Then::Generate(Turn { given: vec![9; 200], ..Turn::greedy(300) });
            let asked = Request { members: Vec::new(), tokens: vec![1; 4], seed: 0, then, bounds: Bounds::default() };
            let node = engine.submit(asked).expect("a tree");
            while engine.generated(node).len() < 200 {
                engine.step(parallel).expect("the processor computes");
            }
            let mut rounds: Vec<f64> = (0..40)
                .map(|_| {
                    let start = clock(parallel);
                    engine.step(parallel).expect("the processor computes");
                    (clock(parallel) - start) * 1e3
                })
                .collect();
            rounds.sort_by(f64::total_cmp);
            format!("{} {:.2}", longest + 1, rounds[rounds.len() / 10])
        });
        println!("milliseconds of a step by its rows, {} thread(s): {}", parallel.width(), milliseconds.join(", "));
    }
    println!();
}

/// Questions of one kind, and how they are answered.
struct Text {
    name: &'static str,
    prompts: Vec<Vec<Token>>,
    turn: Turn,
}

fn texts(model: &Model) -> Vec<Text> {
    let prompt = |question: &str| model.chat_prompt(&[Message::new(Role::User, question)]).expect("a prompt");
    let prompts = |questions: &[&str]| questions.iter().map(|question| prompt(question)).collect::<Vec<_>>();
    let prose = prompts(&[
        "Explain why the sky is blue.",
        "Tell me a story about a fox and a lighthouse.",
        "How does a steam engine work?",
        "What should I think about before I buy a house?",
        "Describe the history of the printing press.",
        "Why do cats purr?",
        "Write a letter to a friend who has moved to another country.",
        "How are glaciers formed?",
    ]);
    let lists = prompts(&[
        "Write the multiplication table of 7, one product a line.",
        "List the months of the year, each with the number of its days, as `Month: days`.",
        "Count from 1 to 60, one number a line, as `Number 1`.",
        "Write a Markdown table of ten countries and their capitals.",
        "Write ten lines of CSV with the columns id,name,age.",
        "Write the squares of the numbers from 1 to 20 as `n * n = n^2`.",
        "Write a Python list of ten dictionaries with the keys name and price.",
        "List the planets of the solar system, each with a line `Planet: NAME, Moons: COUNT`.",
    ]);
    let source = "The parties agree that the seller delivers the goods to the buyer at the address of the buyer. The \
                  buyer pays the price of the goods to the seller within thirty days of the day of delivery. If the \
                  buyer does not pay the price within thirty days, the seller may ask for the goods to be returned.";
    let copies: Vec<Vec<Token>> =
        ["Repeat", "Copy", "Write once more", "Repeat word by word", "Correct", "Quote", "Cite", "Retype"]
            .iter()
            .map(|act| prompt(&format!("{act} the following text: {source}")))
            .collect();
    let people = json!({
        "type": "array", "minItems": 8, "maxItems": 8,
        "items": {
            "type": "object",
            "properties": {
                "first_name": { "type": "string", "maxLength": 12 },
                "family_name": { "type": "string", "maxLength": 12 },
                "age": { "type": "integer", "minimum": 1, "maximum": 99 },
                "is_student": { "type": "boolean" },
            },
            "required": ["first_name", "family_name", "age", "is_student"], "additionalProperties": false,
        },
    });
    let grammars = Grammars::new(model.tokenizer().expect("a vocabulary")).expect("constraints");
    let records = prompts(&[
        "Write a JSON array of people.",
        "Write a JSON array of the people of a village.",
        "Write a JSON array of students.",
        "Write a JSON array of kings.",
        "Write a JSON array of painters.",
        "Write a JSON array of employees.",
        "Write a JSON array of patients.",
        "Write a JSON array of players.",
    ]);
    let free =
        Turn { stops: model.tokenizer().map_or_else(Vec::new, |words| words.ends().to_vec()), ..Turn::greedy(400) };
    let warm = Turn { sampling: Sampling { top_p: 0.95, ..Sampling::at(0.8) }, ..free.clone() };
    let constrained =
        Turn { constraint: TurnConstraint::from(grammars.json_schema(&people).expect("a schema")), ..free.clone() };
    let same = vec![prompt("What is 17 + 25? Explain each step."); 8];
    vec![
        Text { name: "prose", prompts: prose.clone(), turn: free.clone() },
        Text { name: "prose, warm", prompts: prose, turn: warm.clone() },
        Text { name: "list", prompts: lists.clone(), turn: free.clone() },
        Text { name: "list, warm", prompts: lists, turn: warm.clone() },
        Text { name: "copy", prompts: copies, turn: free.clone() },
        Text { name: "json, constrained", prompts: records.clone(), turn: constrained.clone() },
        Text {
            name: "json, constrained, warm",
            prompts: records,
            turn: Turn { sampling: Sampling::at(0.8), ..constrained },
        },
        Text { name: "samples, warm", prompts: same, turn: warm },
    ]
}

/// The tokens generated in each slot, the seconds, and the counters. Each slot answers one question after another, up
/// to a total number of tokens.
fn generate(
    model: &Arc<Model>,
    text: &Text,
    batch: usize,
    speculation: Option<Speculation>,
) -> (Vec<Vec<Token>>, f64, Usage) {
    let mut engine = Engine::new(model.clone(), Settings { speculation, ..Settings::default() });
    let mut asked = vec![Vec::new(); batch];
    let start = seconds();
    while engine.usage().generated < (batch * TOKENS) as u64 {
        for (place, nodes) in asked.iter_mut().enumerate() {
            if nodes.last().is_none_or(|node| engine.outcome(*node).is_some()) {
                let question = nodes.len() * batch + place;
                let tokens = text.prompts[question % text.prompts.len()].clone();
                let then = Then::Generate(text.turn.clone());
                let request =
                    Request { members: Vec::new(), tokens, seed: question as u64, then, bounds: Bounds::default() };
                nodes.push(engine.submit(request).expect("a tree"));
            }
        }
        engine.step(&Inline).expect("the processor computes");
    }
    let texts = asked.iter().map(|nodes| nodes.iter().flat_map(|node| engine.generated(*node)).copied().collect());
    (texts.collect(), seconds() - start, engine.usage())
}

fn compare(model: &Arc<Model>, text: &Text, batch: usize, bounds: Speculation) {
    let mut best = [f64::INFINITY; 2];
    let mut counts = [Usage::default(); 2];
    for _ in 0..ROUNDS {
        let (plain, seconds, counts_of_plain) = generate(model, text, batch, None);
        best[0] = best[0].min(seconds);
        let (ahead, seconds, counts_of_ahead) = generate(model, text, batch, Some(bounds));
        best[1] = best[1].min(seconds);
        for (one, other) in plain.iter().zip(&ahead) {
            let both = one.len().min(other.len());
            assert!(one[..both] == other[..both], "{}: other tokens", text.name);
        }
        counts = [counts_of_plain, counts_of_ahead];
    }
    let [plain, ahead] = counts;
    let a_step = |counts: Usage| counts.generated as f64 / counts.steps as f64 / batch as f64;
    let speeds = [plain.generated as f64 / best[0], ahead.generated as f64 / best[1]];
    println!(
        "{:<22} {batch:>5} {:>8.2} {:>8.2} {:>8} {:>9} {:>9.1} {:>9.1} {:>6.2}",
        text.name,
        a_step(plain),
        a_step(ahead),
        ahead.drafted,
        ahead.accepted,
        speeds[0],
        speeds[1],
        speeds[1] / speeds[0],
    );
}

/// The CPU time of this thread if it is the only one, else the wall-clock time.
fn clock(parallel: &dyn Parallel) -> f64 {
    if parallel.width() == 1 { seconds() } else { began() }
}

fn began() -> f64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}

/// CPU time of this thread.
#[cfg(unix)]
fn seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(not(unix))]
fn seconds() -> f64 {
    began()
}
