//! Properties of whole trees, on a tiny random model.

mod bounded;
mod budgets;
mod constraints;
mod dense;
mod device;
pub(crate) mod files;
mod invariants;
mod joins;
mod passes;
mod policies;
mod programs;
mod replay_logs;
mod scheduling;
mod scripts;
#[path = "../../tests/common/skip.rs"]
mod skip;
mod speculation;
mod tags;
mod tasks;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;
use theoremata_kernels::{Inline, Kernels, Sampling, Slot};

use crate::compute::backend::Backend;
use crate::keep::run::Cells;
use crate::weights::shape::ModelShape;

use crate::{
    Bounds, Branch, Engine, Event, Join, JoinReport, Kv, Model, NodeId, Precision, Request, Settings, Spawn, Then,
    Token, Turn,
};

/// The tiny Llama of the golden files.
fn tiny() -> Arc<Model> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/llama");
    Arc::new(Model::load(&folder).expect("the tiny model"))
}

/// Overwrites keys and values with NaN, so that any read of them shows.
pub(crate) fn spoil(backend: &mut dyn Backend, shape: &ModelShape, slots: &[Slot]) {
    let nothing = vec![f32::NAN; slots.len() * shape.key_width()];
    let cells = Cells { keys: nothing.clone(), values: nothing };
    backend.store(slots, &vec![cells; shape.layers]).expect("the back-end writes");
}

/// The number of random seeds of a test: `usual`, or the value of the variable `SEEDS`.
fn seeds(usual: u32) -> u32 {
    std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The tiny Llama with another context length, control tokens with these names, and tokens merged from these pairs:
/// each replaces a character that is seldom used.
fn tiny_with(positions: usize, steering: &[&str], pairs: &[(&str, &str)]) -> Arc<Model> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/llama");
    let folder = std::env::temp_dir().join(format!("theoremata-tiny-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let read = |name: &str| std::fs::read(from.join(name)).expect("a golden file");
    let mut config: Json = serde_json::from_slice(&read("config.json")).expect("json");
    config["max_position_embeddings"] = positions.into();
    let mut words: Json = serde_json::from_slice(&read("tokenizer.json")).expect("json");
    let vocabulary = words["model"]["vocab"].as_object_mut().expect("a vocabulary");
    let mut seldom = "#$%&*+;=?@^~|`!".chars();
    let mut place = |vocabulary: &mut serde_json::Map<String, Json>| {
        vocabulary.remove(&seldom.next().expect("enough characters").to_string()).expect("a character")
    };
    let mut added = Vec::new();
    for name in steering {
        added.push(serde_json::json!({ "id": place(vocabulary), "content": name, "special": true }));
    }
    let mut merges = Vec::new();
    for (left, right) in pairs {
        let number = place(vocabulary);
        vocabulary.insert(format!("{left}{right}"), number);
        merges.push(format!("{left} {right}"));
    }
    words["added_tokens"] = added.into();
    words["model"]["merges"] = merges.into();
    for (name, bytes) in [
        ("config.json", config.to_string().into_bytes()),
        ("tokenizer.json", words.to_string().into_bytes()),
        ("model.safetensors", read("model.safetensors")),
    ] {
        std::fs::write(folder.join(name), bytes).expect("a file");
    }
    let model = Model::load(&folder);
    std::fs::remove_dir_all(&folder).expect("the folder is there");
    Arc::new(model.expect("the tiny model"))
}

fn settings(pages: usize) -> Settings {
    Settings {
        pages,
        page_tokens: 4,
        rows: 16,
        exactness: crate::Rows::Rounded,
        precision: Precision::Single,
        kernels: Kernels::best(),
        speculation: None,
    }
}

fn engine(pages: usize) -> Engine {
    device::engine(tiny(), settings(pages))
}

/// Steps of an engine on a backend that does not fail.
trait Grow {
    /// Runs to the end.
    fn grow(&mut self) -> Vec<Event>;
    /// Takes one step.
    fn grow_once(&mut self) -> Vec<Event>;
}

impl Grow for Engine {
    fn grow(&mut self) -> Vec<Event> {
        self.run(&Inline).expect("the back-end computes")
    }

    fn grow_once(&mut self) -> Vec<Event> {
        self.step(&Inline).expect("the back-end computes")
    }
}

/// Some tokens, which differ from seed to seed.
fn text(seed: u32, length: usize) -> Vec<Token> {
    (0..length as u32).map(|place| (seed * 37 + place * place * 11 + place * 5 + 3) % 96).collect()
}

/// A turn that draws at this temperature.
fn warm(max_tokens: usize) -> Turn {
    Turn { sampling: Sampling::at(1.5), ..Turn::greedy(max_tokens) }
}

fn request(tokens: &[Token], then: Then) -> Request {
    Request { members: Vec::new(), tokens: tokens.to_vec(), seed: 7, then, bounds: Bounds::default() }
}

/// A branch with just these tokens.
fn said(tokens: &[Token]) -> Branch {
    Branch { tokens: tokens.to_vec(), then: Then::Conclude, allowance: 0 }
}

/// A branch that begins with these tokens and draws.
fn drawn(tokens: &[Token], turn: Turn) -> Branch {
    Branch { tokens: tokens.to_vec(), allowance: turn.max_tokens, then: Then::Generate(turn) }
}

fn spawn(branches: Vec<Branch>, join: Join, close: &[Token], then: Then) -> Spawn {
    Spawn { branches, join, needs: 0, close: close.to_vec(), then }
}

/// The logits after a plain text.
fn plain_logits(tokens: &[Token]) -> Vec<f32> {
    let mut engine = engine(64);
    engine.submit(request(tokens, Then::Generate(Turn::greedy(1)))).expect("a tree");
    engine.grow();
    engine.seen_logits.pop().expect("logits").1
}

/// The last logits that were used of a node.
fn last_logits(engine: &Engine, node: NodeId) -> &[f32] {
    let of_node = engine.seen_logits.iter().rev().find(|(other, _)| *other == node);
    &of_node.expect("logits of the node").1
}

/// The report of the last join or prune of a node.
fn last_report(events: &[Event], node: NodeId) -> JoinReport {
    let report = events.iter().rev().find_map(|event| match event {
        Event::Joined { node: other, report } | Event::Pruned { node: other, report } if *other == node => Some(report),
        _ => None,
    });
    report.expect("a report of the node").clone()
}

fn worst_difference(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}
