//! What is said while a tree grows, and when it has grown: a live tree on a terminal, JSON, results.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use theoremata_lm::{Answer, Event, Grown, NodeId, Outcome, Ranking, Report, Speech, Usage};

use super::Kind;
use super::text::Texts;
use crate::generate::word;
use crate::output::Output;

/// Nodes that are shown while they grow: as many as a screen has room for.
const SHOWN: usize = 30;
/// Characters of a node's text that are shown.
const SHOWN_TEXT: usize = 60;

/// A node while it grows.
struct Node {
    /// The question that it belongs to.
    question: usize,
    path: Vec<u32>,
    branches: u32,
    speech: Speech,
    text: String,
    bar: Option<ProgressBar>,
}

/// Says what happens.
pub(super) struct Teller<'a> {
    texts: &'a Texts<'a>,
    stops: Vec<String>,
    /// By what scores are ranked.
    ranking: Ranking,
    output: Output,
    nodes: BTreeMap<NodeId, Node>,
    /// Events that were told: each has its number, and none is left out.
    told: u64,
    screen: Option<MultiProgress>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(texts: &'a Texts<'a>, stops: &[String], ranking: Ranking, output: Output) -> Teller<'a> {
        let live = !output.is_json() && !output.is_quiet() && io::stderr().is_terminal();
        let screen = live.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Teller { texts, stops: stops.to_vec(), ranking, output, nodes: BTreeMap::new(), told: 0, screen }
    }

    /// Hears what happened in one of the trees.
    pub(super) fn hear(&mut self, roots: &[NodeId], event: &Event) {
        match event {
            Event::Opened { node, parent } => self.open(roots, *node, *parent),
            Event::Token { node, token, log_probability, .. } => {
                let Some(grown) = self.nodes.get_mut(node) else { return };
                let said = grown.speech.push(self.texts.tokenizer(), *token);
                grown.text.push_str(&said);
                grown.show("");
                self.tell(
                    *node,
                    json!({
                        "event": "token", "token": token, "text": said, "log_probability": log_probability,
                    }),
                );
            }
            Event::Joined { node, report } => self.tell(*node, joined(report)),
            Event::Finished { node, outcome } => {
                let Some(grown) = self.nodes.get_mut(node) else { return };
                grown.show(word(outcome));
                if let Some(bar) = &grown.bar {
                    bar.abandon();
                }
                self.tell(*node, json!({ "event": "finished", "outcome": word(outcome) }));
            }
            Event::Stopped { .. } | Event::Held { .. } | Event::Choose { .. } | Event::Pruned { .. } => {}
        }
    }

    fn open(&mut self, roots: &[NodeId], node: NodeId, parent: Option<NodeId>) {
        let (question, path) = match parent.and_then(|parent| self.nodes.get_mut(&parent)) {
            Some(parent) => {
                let place = parent.branches;
                parent.branches += 1;
                (parent.question, parent.path.iter().copied().chain([place]).collect())
            }
            None => (roots.iter().position(|root| *root == node).unwrap_or(0), Vec::new()),
        };
        let bar = self.screen.as_ref().filter(|_| self.nodes.len() < SHOWN).map(|screen| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(ProgressStyle::with_template("{prefix} {wide_msg}").expect("a template of ours"));
            // A branch stands behind the last node of its parent's tree, so that the screen shows the tree.
            let before = parent.and_then(|parent| self.last_below(parent));
            match before {
                Some(before) => screen.insert_after(&before, bar),
                None => screen.add(bar),
            }
        });
        let speech = Speech::new(&self.stops);
        let grown = Node { question, path, branches: 0, speech, text: String::new(), bar };
        grown.show("");
        self.nodes.insert(node, grown);
        self.tell(node, json!({ "event": "opened" }));
    }

    /// The bar of the last node at or below a node.
    fn last_below(&self, node: NodeId) -> Option<ProgressBar> {
        let above = self.nodes.get(&node)?;
        let below = self.nodes.values().filter(|other| {
            other.question == above.question && other.path.starts_with(&above.path) && other.bar.is_some()
        });
        below.max_by(|one, other| one.path.cmp(&other.path)).and_then(|last| last.bar.clone())
    }

    /// Says what happened to a node, as JSON.
    fn tell(&mut self, node: NodeId, mut what: serde_json::Value) {
        let Some(grown) = self.nodes.get(&node).filter(|_| self.output.is_json()) else { return };
        what["seq"] = json!(self.told);
        what["question"] = json!(grown.question);
        what["path"] = json!(grown.path);
        self.told += 1;
        self.output.object(&what);
    }

    /// Says what came of a question, one of several.
    pub(super) fn answer(&mut self, kind: Kind, (place, all): (usize, usize), items: &[String], answer: &Answer) {
        let text = self.said(&answer.tokens);
        if self.output.is_json() {
            let nodes: Vec<_> = answer.nodes.iter().map(|node| self.node(node)).collect();
            let at = |(path, report): &(Vec<u32>, Report)| {
                let mut join = joined(report);
                join["path"] = json!(path);
                join
            };
            let joins: Vec<_> = answer.joins.iter().map(at).collect();
            let votes: Vec<_> =
                answer.votes.iter().map(|(place, votes)| json!({ "path": [place], "votes": votes })).collect();
            let tally = answer.tally;
            self.output.object(&json!({
                "event": "answer", "question": place, "outcome": word(&answer.outcome), "text": text,
                "chosen": answer.chosen, "votes": votes, "exact": answer.joins.iter().all(|(_, report)| report.exact),
                "nodes": nodes, "joins": joins, "generated": tally.generated, "reused": tally.reused,
                "new": tally.new, "reencoded": tally.reencoded, "dropped": tally.dropped,
            }));
            return;
        }
        let branches: Vec<&Grown> = answer.nodes.iter().filter(|node| node.path.len() == 1).collect();
        match kind {
            Kind::Map => {
                for (item, branch) in items.iter().zip(&branches) {
                    self.output.line(&format!("{item}\t{}", one_line(&self.said(&branch.tokens), branch)));
                }
            }
            Kind::Score => {
                let mut ranked: Vec<(&String, &&Grown)> = items.iter().zip(&branches).collect();
                let score = |node: &Grown| self.ranking.of(node);
                ranked.sort_by(|one, other| score(other.1).total_cmp(&score(one.1)));
                for (item, node) in ranked {
                    let mean = Ranking::Mean.of(node);
                    self.output.line(&format!("{:.4}\t{mean:.4}\t{item}", node.log_probability));
                }
            }
            Kind::Vote | Kind::First | Kind::Decompose => {}
        }
        let silent = kind == Kind::Score || (kind == Kind::Map && answer.tokens.is_empty());
        if !silent && answer.outcome == Outcome::Concluded {
            self.output.line(text.trim());
        }
        let votes = answer.chosen.and_then(|place| answer.votes.iter().find(|(other, _)| *other == place));
        let agreed = votes.map(|(_, votes)| format!(", {votes} of {} agree", branches.len())).unwrap_or_default();
        let which = if all > 1 { format!("question {place}: ") } else { String::new() };
        if answer.outcome != Outcome::Concluded || votes.is_some() {
            self.output.note(&format!("{which}{}{agreed}", word(&answer.outcome)));
        }
    }

    fn node(&self, node: &Grown) -> serde_json::Value {
        json!({
            "path": node.path, "outcome": node.outcome.as_ref().map_or("open", word), "tokens": node.tokens.len(),
            "log_probability": node.log_probability, "text": self.said(&node.tokens),
        })
    }

    fn said(&self, tokens: &[theoremata_lm::Token]) -> String {
        self.texts.said(tokens, &self.stops)
    }

    /// Says what all of it took.
    pub(super) fn usage(&self, usage: &Usage) {
        let megabytes = (usage.pages_peak * usage.page_bytes) as f64 / 1e6;
        if self.output.is_json() {
            self.output.object(&json!({
                "event": "usage", "generated_tokens": usage.generated, "rows": usage.rows, "steps": usage.steps,
                "preempted": usage.preempted, "page_bytes_peak": usage.pages_peak * usage.page_bytes,
            }));
        }
        self.output.note(&format!(
            "{} tokens written in {} steps, {} rows computed, {megabytes:.1} MB of keys and values",
            usage.generated, usage.steps, usage.rows,
        ));
    }
}

impl Node {
    /// Shows how far it is.
    fn show(&self, ended: &str) {
        let Some(bar) = &self.bar else { return };
        let name = self.path.last().map_or(format!("question {}", self.question), |place| format!("├ {place}"));
        bar.set_prefix(format!("{}{name}", "  ".repeat(self.path.len())));
        let flat: Vec<char> = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let end: String = flat[flat.len().saturating_sub(SHOWN_TEXT)..].iter().collect();
        bar.set_message(if ended.is_empty() { end } else { format!("{end}  [{ended}]") });
    }
}

fn joined(report: &Report) -> serde_json::Value {
    json!({
        "event": "joined", "exact": report.exact, "reused": report.reused, "new": report.new,
        "reencoded": report.reencoded, "dropped": report.dropped, "left_out": report.left_out,
    })
}

/// An answer on one line; how it ended stands in its place where it did not come to its end.
fn one_line(text: &str, node: &Grown) -> String {
    match &node.outcome {
        Some(Outcome::Concluded) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        outcome => format!("({})", outcome.as_ref().map_or("open", word)),
    }
}
