//! Progress and results of questions: a live tree on a terminal, JSON, text.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value as Json, json};
use theoremata_actors::jobs::{Answer, EventKind, JobEvent, NodeAnswer, NodeCost};
use theoremata_lm::{Bound, JoinReport, Outcome, Usage};

use super::Plan;
use crate::cli::generate::word;
use crate::cli::output::Output;

/// Maximal number of nodes in the live tree, so that it fits on a screen.
const SHOWN: usize = 30;
/// Maximal number of characters of a node's text in the live tree.
const SHOWN_TEXT: usize = 60;

/// A node: its question, and its path. The order is a pre-order traversal: a node precedes its descendants, and follows
/// those of its earlier siblings.
type Place = (usize, Vec<u32>);

/// Prints progress and results.
pub(super) struct Teller {
    /// Whether scores are ranked by the whole text.
    by_sum: bool,
    output: Output,
    screen: Option<Screen>,
}

/// A live tree.
struct Screen {
    bars: MultiProgress,
    nodes: BTreeMap<Place, (ProgressBar, String)>,
}

impl Teller {
    pub(super) fn new(by_sum: bool, output: Output) -> Teller {
        let live = !output.is_json() && !output.is_quiet() && io::stderr().is_terminal();
        let bars = || MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let screen = live.then(|| Screen { bars: bars(), nodes: BTreeMap::new() });
        Teller { by_sum, output, screen }
    }

    /// Processes an event of a question.
    pub(super) fn hear(&mut self, question: usize, told: &JobEvent) {
        if let Some(screen) = &mut self.screen {
            screen.show(&(question, told.path.clone()), &told.what);
        }
        if let EventKind::Resumed { tokens, because } = &told.what {
            self.output.note(&format!("question {question} goes on behind {tokens} tokens: {because}"));
        }
        if let EventKind::Awaits(what) = &told.what {
            let branches: String = told.path.iter().map(|branch| format!(" {branch}")).collect();
            let (tool, parameters) = (&what.tool, &what.parameters);
            self.output.note(&format!(
                "question {question} waits for a person: {tool} {parameters}; with --orders, `approve {question}{branches}` or \
                 `refuse {question}{branches}` lets it go on"
            ));
        }
        let mut object = match &told.what {
            EventKind::Opened => json!({ "event": "opened" }),
            EventKind::Wrote { text, token: Some(wrote) } => json!({
                "event": if wrote.is_stop() { "stop" } else { "token" }, "token": wrote.token, "text": text,
                "log_probability": wrote.log_probability(),
            }),
            EventKind::Wrote { text, .. } => json!({ "event": "text", "text": text }),
            EventKind::Joined(report) => with_event("joined", report),
            EventKind::Pruned(report) => with_event("pruned", report),
            EventKind::Called(call) => json!({
                "event": "called", "tool": call.tool, "parameters": call.parameters, "reply": call.reply,
            }),
            EventKind::Awaits(what) => json!({
                "event": "awaits", "what": what.tool, "parameters": what.parameters,
            }),
            EventKind::Decided { what, granted } => json!({
                "event": "decided", "what": what.tool, "parameters": what.parameters, "granted": granted,
            }),
            EventKind::Cancelled { .. } => json!({ "event": "cancelled" }),
            EventKind::Finished(outcome) => json!({ "event": "finished", "outcome": word(outcome) }),
            EventKind::Resumed { tokens, because } => {
                json!({ "event": "resumed", "tokens": tokens, "because": because })
            }
            // Answers are printed in the order of the questions.
            EventKind::Answered(_) => return,
        };
        object["seq"] = json!(told.seq);
        object["question"] = json!(question);
        object["path"] = json!(told.path);
        if self.output.is_json() {
            self.output.object(&object);
        }
    }

    /// Reports a command that cannot be executed.
    pub(super) fn refuse(&self, order: &str, because: &str) {
        if self.output.is_json() {
            self.output.object(&json!({ "event": "refused", "order": order, "because": because }));
        }
        self.output.note(because);
    }

    /// Leaves the live tree on the screen.
    pub(super) fn end_screen(&mut self) {
        for (bar, _) in self.screen.take().iter().flat_map(|screen| screen.nodes.values()) {
            bar.abandon();
        }
    }

    /// Prints the answer of one of several questions.
    pub(super) fn answer(&mut self, plan: Plan, (place, all): (usize, usize), items: &[String], answer: &Answer) {
        if self.output.is_json() {
            self.output.object(&object(place, answer));
            return;
        }
        let branches: Vec<&NodeAnswer> = answer.nodes.iter().filter(|node| node.path.len() == 1).collect();
        match plan {
            Plan::Map => {
                for (item, branch) in items.iter().zip(&branches) {
                    self.output.line(&format!("{item}\t{}", one_line(branch)));
                }
            }
            Plan::Score => {
                let sum = |node: &NodeAnswer| node.log_probability().unwrap_or(f64::NEG_INFINITY);
                let mean = |node: &NodeAnswer| sum(node) / node.tokens.max(1) as f64;
                let score = |node: &NodeAnswer| if self.by_sum { sum(node) } else { mean(node) };
                // Incomplete items have no score.
                let (mut ranked, rest): (Vec<_>, Vec<_>) =
                    items.iter().zip(&branches).partition(|(_, node)| node.outcome == Some(Outcome::Concluded));
                ranked.sort_by(|one, other| score(other.1).total_cmp(&score(one.1)));
                for (item, node) in ranked {
                    self.output.line(&format!("{:.4}\t{:.4}\t{item}", sum(node), mean(node)));
                }
                for (item, node) in rest {
                    let begin: String = item.chars().take(SHOWN_TEXT).collect();
                    let outcome = node.outcome.as_ref().map_or("open", word);
                    self.output.note(&format!("not ranked, {outcome}: {begin}"));
                }
            }
            Plan::Tags | Plan::Tasks => self.output.line(answer.whole.trim()),
            Plan::Vote | Plan::First | Plan::Best | Plan::Decompose | Plan::Script => {}
        }
        let silent = match plan {
            Plan::Score | Plan::Tags | Plan::Tasks => true,
            Plan::Map => answer.text.is_empty(),
            Plan::Vote | Plan::First | Plan::Best | Plan::Decompose | Plan::Script => false,
        };
        if !silent && answer.outcome == Outcome::Concluded {
            self.output.line(answer.text.trim());
        }
        let votes = answer.chosen.and_then(|place| answer.votes.iter().find(|(other, _)| *other == place));
        let agreed = votes.map(|(_, votes)| format!(", {votes} of {} agree", branches.len())).unwrap_or_default();
        let which = if all > 1 { format!("question {place}: ") } else { String::new() };
        let cut_off = |branch: &&NodeAnswer| matches!(branch.outcome, Some(Outcome::Budget(Bound::Tokens)));
        let because = match &answer.because {
            Some(because) => format!(": {because}"),
            None if answer.outcome == Outcome::Failed && !branches.is_empty() && branches.iter().all(cut_off) => {
                ": every answer ran out of tokens, see --max-tokens and --stop".to_owned()
            }
            None => String::new(),
        };
        if answer.outcome != Outcome::Concluded || votes.is_some() {
            self.output.note(&format!("{which}{}{agreed}{because}", word(&answer.outcome)));
        }
    }

    /// Prints the total usage.
    pub(super) fn usage(&self, usage: &Usage) {
        let megabytes = (usage.pages_peak * usage.page_bytes) as f64 / 1e6;
        if self.output.is_json() {
            self.output.object(&json!({
                "event": "usage", "generated_tokens": usage.generated, "rows": usage.rows, "steps": usage.steps,
                "preempted": usage.preempted, "drafted": usage.drafted, "accepted": usage.accepted, "page_bytes_peak": usage.pages_peak * usage.page_bytes,
            }));
        }
        self.output.note(&format!(
            "{} tokens written in {} steps, {} rows computed, {megabytes:.1} MB of keys and values",
            usage.generated, usage.steps, usage.rows,
        ));
    }
}

impl Screen {
    fn show(&mut self, place: &Place, what: &EventKind) {
        if *what == EventKind::Opened && self.nodes.len() < SHOWN {
            let bar = ProgressBar::new_spinner();
            bar.set_style(ProgressStyle::with_template("{prefix} {wide_msg}").expect("a template of ours"));
            // The screen shows the nodes in tree order, whatever order they were opened in.
            let before = self.nodes.range(..place.clone()).next_back();
            let bar = match (before, self.nodes.is_empty()) {
                (Some((_, (before, _))), _) => self.bars.insert_after(before, bar),
                (None, true) => self.bars.add(bar),
                (None, false) => self.bars.insert(0, bar),
            };
            let (question, path) = place;
            let name = path.last().map_or(format!("question {question}"), |place| format!("├ {place}"));
            bar.set_prefix(format!("{}{name}", "  ".repeat(path.len())));
            self.nodes.insert(place.clone(), (bar, String::new()));
        }
        let Some((bar, text)) = self.nodes.get_mut(place) else { return };
        let ended = match what {
            EventKind::Wrote { text: more, .. } => {
                text.push_str(more);
                String::new()
            }
            EventKind::Finished(outcome) => format!("  [{}]", word(outcome)),
            _ => return,
        };
        let flat: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let end: String = flat[flat.len().saturating_sub(SHOWN_TEXT)..].iter().collect();
        bar.set_message(format!("{end}{ended}"));
        if !ended.is_empty() {
            bar.abandon();
        }
    }
}

/// The answer of a question, as JSON.
fn object(place: usize, answer: &Answer) -> Json {
    let node = |node: &NodeAnswer| {
        json!({
            "path": node.path, "outcome": node.outcome.as_ref().map_or("open", word), "tokens": node.tokens,
            "log_probability": node.log_probability(), "text": node.text,
        })
    };
    // Apart from the nodes, which do not depend on the worker or on interruptions.
    let cost = |(path, cost): &(Vec<u32>, NodeCost)| {
        let mut told = json!({ "path": path });
        add(&mut told, cost);
        told
    };
    let all = |event, reports: &[(Vec<u32>, JoinReport)]| -> Vec<Json> {
        let told = |(path, report): &(Vec<u32>, JoinReport)| {
            let mut told = with_event(event, report);
            told["path"] = json!(path);
            told
        };
        reports.iter().map(told).collect()
    };
    let reports = || answer.joins.iter().chain(&answer.prunes);
    let sum = |count: fn(&JoinReport) -> usize| reports().map(|(_, report)| count(report)).sum::<usize>();
    let mut told = json!({
        "event": "answer", "question": place, "outcome": word(&answer.outcome), "because": answer.because,
        "text": answer.text, "chosen": answer.chosen,
        "votes": answer.votes.iter().map(|(place, votes)| json!({ "path": [place], "votes": votes })).collect::<Vec<_>>(),
        "exact": answer.exact, "nodes": answer.nodes.iter().map(node).collect::<Vec<_>>(),
        "costs": answer.costs.iter().map(cost).collect::<Vec<_>>(),
        "whole": answer.whole, "joins": all("joined", &answer.joins), "prunes": all("pruned", &answer.prunes),
        "generated": answer.generated, "calls": answer.calls,
        "reused": sum(|report| report.reused), "new": sum(|report| report.new),
        "reencoded": sum(|report| report.reencoded), "dropped": sum(|report| report.dropped),
    });
    add(&mut told, &NodeCost::of_all(answer.costs.iter().map(|(_, cost)| cost)));
    told
}

/// Adds the known parts of a cost.
fn add(told: &mut Json, cost: &NodeCost) {
    if let (Json::Object(told), Json::Object(known)) = (told, json!(cost)) {
        told.extend(known);
    }
}

fn with_event(event: &str, report: &JoinReport) -> Json {
    json!({
        "event": event, "exact": report.exact, "reused": report.reused, "new": report.new,
        "reencoded": report.reencoded, "dropped": report.dropped, "left_out": report.left_out,
    })
}

/// An answer on one line; an incomplete one is replaced by its outcome.
fn one_line(node: &NodeAnswer) -> String {
    match &node.outcome {
        Some(Outcome::Concluded) => node.text.split_whitespace().collect::<Vec<_>>().join(" "),
        outcome => format!("({})", outcome.as_ref().map_or("open", word)),
    }
}
