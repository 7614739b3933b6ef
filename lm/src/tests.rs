//! What must hold for whole trees, on a tiny random model.

mod dense;
mod guides;
mod invariants;
mod joins;
mod programs;
mod scheduling;
mod scripts;
mod speculation;

use std::path::Path;
use std::sync::Arc;

use theoremata_kernels::{Inline, Kernels, Sampling};

use crate::{
    Bounds, Branch, Engine, Event, Join, Model, NodeId, Precision, Report, Request, Settings, Spawn, Then, Token, Turn,
};

/// The tiny Llama of the golden files.
fn tiny() -> Arc<Model> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/llama");
    Arc::new(Model::load(&folder).expect("the tiny model"))
}

fn settings(pages: usize) -> Settings {
    Settings {
        pages,
        page_tokens: 4,
        rows: 16,
        precision: Precision::Single,
        kernels: Kernels::best(),
        speculation: None,
    }
}

fn engine(pages: usize) -> Engine {
    Engine::new(tiny(), settings(pages))
}

/// Some tokens that differ from seed to seed.
fn text(seed: u32, length: usize) -> Vec<Token> {
    (0..length as u32).map(|place| (seed * 37 + place * place * 11 + place * 5 + 3) % 96).collect()
}

/// A turn that draws at this temperature.
fn warm(max_tokens: usize) -> Turn {
    Turn { sampling: Sampling::at(1.5), ..Turn::greedy(max_tokens) }
}

fn request(tokens: &[Token], then: Then) -> Request {
    Request { tokens: tokens.to_vec(), seed: 7, then, bounds: Bounds::default() }
}

/// A branch that says just this.
fn said(tokens: &[Token]) -> Branch {
    Branch { tokens: tokens.to_vec(), then: Then::Conclude, allowance: 0 }
}

/// A branch that begins like this and draws.
fn drawn(tokens: &[Token], turn: Turn) -> Branch {
    Branch { tokens: tokens.to_vec(), allowance: turn.max_tokens, then: Then::Generate(turn) }
}

fn spawn(branches: Vec<Branch>, join: Join, close: &[Token], then: Then) -> Spawn {
    Spawn { branches, join, needs: 0, close: close.to_vec(), then }
}

/// The logits behind a plain text.
fn plain_logits(tokens: &[Token]) -> Vec<f32> {
    let mut engine = engine(64);
    engine.submit(request(tokens, Then::Generate(Turn::greedy(1)))).expect("a tree");
    engine.run(&Inline);
    engine.seen_logits.pop().expect("logits").1
}

/// The last logits that were used of a node.
fn last_logits(engine: &Engine, node: NodeId) -> &[f32] {
    let of_node = engine.seen_logits.iter().rev().find(|(other, _)| *other == node);
    &of_node.expect("logits of the node").1
}

/// The report of the last join or prune of a node.
fn last_report(events: &[Event], node: NodeId) -> Report {
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
