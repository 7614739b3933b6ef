//! Costs and benefits of KV cache policies and of layouts of premises: the tables of docs/policies.md.
//!
//! `cargo bench -p theoremata-lm --bench policies -- [needles] [layouts] [text]`. Needles are looked up with the
//! induction model, whose weights are set by formula; the loss on real text is measured on the default model, as stored
//! by `model pull`. One thread; seconds are CPU time, since the machine may be shared.

#[path = "../tests/common/induction.rs"]
mod induction;
#[path = "shared/model.rs"]
mod shared;

use std::sync::Arc;

use theoremata_kernels::Inline;
use theoremata_lm::{
    Bounds, Engine, Event, Kv, Layout, Message, Model, NodeId, Reading, Request, Role, Settings, Then, Token, Turn,
    laid_out,
};

/// Policies, each keeping about a quarter of the haystack, or with parameters that suit it.
const POLICIES: [&str; 12] = [
    "all",
    "ladder:256",
    "scored:256,keys",
    "scored:256,values",
    "anchors:20,counted",
    "anchors:75,counted",
    "anchors:75,once",
    "demote:20,2",
    "demote:20,4",
    "sentences:256",
    "clusters:256,70",
    "clusters:256,101",
];

/// Tokens in a haystack, and the number of needles, one haystack each.
const HAY: usize = 960;
const NEEDLES: u32 = 20;

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |table: &str| named.is_empty() || named.iter().any(|name| name == table);
    if is_wanted("needles") {
        needles();
    }
    let Some(model) = shared::model() else {
        println!("SKIPPED: the model smollm2 is not here; `theoremata model pull smollm2` fetches it");
        return;
    };
    if is_wanted("layouts") {
        layouts(&model);
    }
    if is_wanted("text") {
        text(&model);
    }
}

/// Measurements of one run.
struct Took {
    engine: Engine,
    events: Vec<Event>,
    /// Pages that the tree held when it had written its second token.
    held: usize,
    seconds: f64,
}

fn grow(model: &Arc<Model>, plant: impl FnOnce(&mut Engine) -> NodeId) -> Took {
    let settings = Settings { pages: 512, page_tokens: 16, rows: 64, ..Settings::default() };
    let mut engine = Engine::new(model.clone(), settings);
    let start = computed();
    let root = plant(&mut engine);
    let (mut events, mut held) = (Vec::new(), 0);
    while !engine.is_idle() {
        events.extend(engine.step(&Inline).expect("the processor computes"));
        if held == 0 && engine.generated(root).len() > 1 {
            held = engine.pages_held(root);
        }
    }
    Took { engine, events, held, seconds: computed() - start }
}

/// CPU seconds of this process, as reported by the system.
fn computed() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn needles() {
    let folder = std::env::temp_dir().join(format!("theoremata-policies-{}", std::process::id()));
    induction::write(&folder, 2048).expect("a folder");
    let model = Arc::new(Model::load(&folder).expect("the model"));
    std::fs::remove_dir_all(&folder).expect("the folder is there");
    println!("{NEEDLES} needles of four tokens in {HAY} tokens, asked for by the first, behind the haystack:");
    println!("| policy | found | pages when it answers | pages at most | keys thinned | rows | CPU s |");
    println!("|---|---|---|---|---|---|---|");
    for policy in POLICIES {
        let kv: Kv = policy.parse().expect("a policy");
        // The model has two layers, so a ladder has a span of one.
        let (mut found, mut held, mut pages, mut thinned, mut rows, mut seconds) = (0, 0, 0, 0, 0, 0.0);
        for number in 0..NEEDLES {
            let (tokens, needle) = hay(number);
            let bounds = Bounds { kv, ..Bounds::default() };
            let took = grow(&model, |engine| {
                let asked = Request { members: Vec::new(), tokens, seed: 0, then: Then::Hold, bounds };
                let root = engine.submit(asked).expect("a tree");
                engine.extend(root, &needle[..1], Then::Generate(Turn::greedy(3))).expect("a question");
                root
            });
            let said = took.events.iter().filter_map(|event| match event {
                Event::Token { token, .. } => Some(*token),
                _ => None,
            });
            found += said.zip(&needle[1..]).filter(|(one, other)| one == *other).count();
            let usage = took.engine.usage();
            (held, pages) = (held + took.held as u64, pages + usage.pages_peak as u64);
            (thinned, rows) = (thinned + usage.thinned, rows + usage.rows);
            seconds += took.seconds;
        }
        let each = |sum: u64| sum / u64::from(NEEDLES);
        println!(
            "| `{policy}` | {:.0} % | {} | {} | {} | {} | {:.2} |",
            found as f64 / f64::from(NEEDLES) / 3.0 * 100.0,
            each(held),
            each(pages),
            each(thinned),
            each(rows),
            seconds / f64::from(NEEDLES),
        );
    }
}

/// A haystack with a needle, whose depth grows with `number`.
fn hay(number: u32) -> (Vec<Token>, [Token; 4]) {
    let needle = [90, 80 + number % 3, 83 + number % 3, 86 + number % 3];
    let mut tokens: Vec<Token> = (0..HAY as u32).map(|at| (at * at * 7 + at * 13 + number * 29) % 80).collect();
    let at = (HAY - 4) * number as usize / NEEDLES as usize;
    tokens[at..at + 4].copy_from_slice(&needle);
    (tokens, needle)
}

/// A text with much repetition and much that does not repeat, to be continued.
fn story(model: &Model) -> Vec<Token> {
    let names = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ida", "Jon"];
    let things = ["a lamp", "two books", "some bread", "an old map", "a red coat", "the spare key", "a small radio"];
    let line = |number: usize| {
        let (name, thing) = (names[number * 7 % 10], things[number * 5 % 7]);
        format!("On day {number}, {name} brought {thing} to room {} and wrote it down.", number * 13 % 29)
    };
    let told: Vec<String> = (1..26).map(line).collect();
    let question = format!("Here is a list.\n{}\nSay what was brought, line by line.", told.join("\n"));
    model.chat_prompt(&[Message::new(Role::User, question)]).expect("a prompt")
}

fn text(model: &Arc<Model>) {
    let prompt = story(model);
    let ask = |kv: Kv, turn: Turn| {
        let bounds = Bounds { kv, ..Bounds::default() };
        let asked =
            Request { members: Vec::new(), tokens: prompt.clone(), seed: 0, then: Then::Generate(turn), bounds };
        grow(model, |engine| engine.submit(asked).expect("a tree"))
    };
    let count = 64;
    let written = |took: &Took| -> Vec<(Token, f32)> {
        let token = |event: &Event| match event {
            Event::Token { token, log_probability, .. } => Some((*token, *log_probability)),
            _ => None,
        };
        took.events.iter().filter_map(token).collect()
    };
    let full = written(&ask(Kv::All, Turn::greedy(count)));
    let given: Vec<Token> = full.iter().map(|(token, _)| *token).collect();
    let mean = |tokens: &[(Token, f32)]| tokens.iter().map(|(_, p)| f64::from(*p)).sum::<f64>() / tokens.len() as f64;
    println!("\nSmolLM2-135M, {} tokens read, {count} written:", prompt.len());
    println!("| policy | first other token | nats lost a token | pages while it writes | pages at most | CPU s |");
    println!("|---|---|---|---|---|---|");
    for policy in POLICIES {
        let kv: Kv = policy.parse().expect("a policy");
        let took = ask(kv, Turn::greedy(count));
        let same = written(&took).iter().zip(&full).take_while(|(one, other)| one.0 == other.0).count();
        // The same text again, as given tokens: how much less likely it is under the policy.
        let told = written(&ask(kv, Turn { given: given.clone(), ..Turn::greedy(count) }));
        let usage = took.engine.usage();
        println!(
            "| `{policy}` | {} | {:.3} | {} | {} | {:.1} |",
            if same == count { "none".to_owned() } else { same.to_string() },
            mean(&full) - mean(&told),
            took.held,
            usage.pages_peak,
            took.seconds,
        );
    }
}

fn layouts(model: &Arc<Model>) {
    let tokenizer = model.tokenizer().expect("a vocabulary");
    let encode = |text: &str| tokenizer.encode(text, Reading::Literal).expect("tokens");
    let premises: Vec<Vec<Token>> = (0..6)
        .map(|number| encode(&format!("Fact {}: the box in room {} is {}.\n", number * 3 + 1, number * 7 % 11, number)))
        .collect();
    let mark = '\u{f8ff}';
    let said = |text: String| theoremata_lm::Chat::from(&[Message::new(Role::User, text)][..]);
    let question = format!("{mark}Which box is in room 3?");
    let (head, rest) = model.prompt_around(&said(question), mark).expect("a prompt");
    let answer = encode("The box in room 3 is");
    println!("\nSix premises in all orders that turn them about: the spread of the log-probability of an answer:");
    println!("| layout | spread in nats | tokens read again for the second order | CPU s an order |");
    println!("|---|---|---|---|");
    for layout in [Layout::Given, Layout::Ends, Layout::Canonical, Layout::Set] {
        let settings = Settings { pages: 512, page_tokens: 16, rows: 64, ..Settings::default() };
        let mut engine = Engine::new(model.clone(), settings);
        let (mut sums, mut rows, start) = (Vec::new(), Vec::new(), computed());
        for turn in 0..premises.len() {
            let mut turned = premises.clone();
            turned.rotate_left(turn);
            let (tokens, members) = laid_out(&layout, &head, &turned, &rest);
            let turn = Turn { given: answer.clone(), ..Turn::greedy(answer.len()) };
            let before = engine.usage().rows;
            let asked = Request { tokens, members, seed: 0, then: Then::Generate(turn), bounds: Bounds::default() };
            engine.submit(asked).expect("a tree");
            let events = engine.run(&Inline).expect("the processor computes");
            let p = |event: &Event| match event {
                Event::Token { log_probability, .. } => f64::from(*log_probability),
                _ => 0.0,
            };
            sums.push(events.iter().map(p).sum::<f64>());
            rows.push(engine.usage().rows - before);
        }
        let (low, high) = sums.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
        let seconds = (computed() - start) / premises.len() as f64;
        println!("| `{layout}` | {:.3} | {} of {} | {seconds:.2} |", high - low, rows[1], rows[0]);
    }
}
