//! Language model jobs: the events of the pool go to the log of the job.

use std::time::Duration;

use serde_json::{Value, json};
use theoremata_actors::examine::{Examiner, Limits, Proved};
use theoremata_actors::grid::Cancel;
use theoremata_actors::jobs::{Answer, EventKind, JobEvent, NodeCost};
use theoremata_lm::Outcome;

use super::job::State;
use super::log::{JobLog, value};
use super::means::Means;
use super::models::Memory;
use super::request::Reasoning;
use super::work::{self, Stopped};
use crate::time::now;

/// Interval over which generated text is collected for the log.
const GATHER: Duration = Duration::from_millis(100);

/// Asks the model, and logs the events of its tree until it is answered.
pub(super) fn reason(means: &Means, reasoning: Reasoning, log: &JobLog, cancel: &Cancel) -> work::Outcome {
    let Reasoning { job: question, theory } = reasoning;
    let none = || "this server was started without a model; `theoremata serve --model smollm2` gives it one".to_owned();
    let models = means.models.as_ref().ok_or_else(none)?;
    let said = |error: theoremata_store::StoreError| error.to_string();
    if let Some((loaded, limits)) = theory {
        let examiner = Examiner::new(loaded.theory, loaded.files, means.store.clone(), limits, now);
        let (cpu, memory) = (means.limits.cpu_seconds, means.limits.memory_mb << 20);
        models.desk.register(examiner.within(Limits { cpu, memory }));
    }
    if log.last().is_none() {
        log.append(vec![json!({ "event": "started", "kind": "reason", "model": models.name })]).map_err(said)?;
    }
    let mut asking = models.ask(question.clone(), Memory::Kept).map_err(|refused| refused.to_string())?;
    asking.skip(heard(log));
    let mut told_to_stop = false;
    loop {
        if cancel.is_cancelled() && means.is_closing() {
            asking.leave();
            return Ok(Stopped::Closing);
        }
        if cancel.is_cancelled() && !told_to_stop {
            asking.cancel();
            told_to_stop = true;
        }
        std::thread::sleep(GATHER);
        let events = asking.wait(GATHER);
        if !events.is_empty() {
            // The log records how much it has received from the pool, so it must not get ahead of the pool's journal.
            models.make_durable();
            log.append(gathered(&events)).map_err(said)?;
        }
        if let Some(trouble) = models.trouble() {
            return Err(format!("answers are not kept: {trouble}"));
        }
        // The log may already have the answer, from a process that was killed before it recorded the end of the job.
        if let Some(answer) = asking.answer() {
            return ended(&answer, &models.proved(&question)?);
        }
        if !told_to_stop && asking.is_suspended() {
            let id = asking.id();
            asking.suspend();
            return Ok(Stopped::Waiting(id));
        }
    }
}

/// Number of generated tokens in a log.
pub(super) fn written(log: &JobLog) -> u64 {
    log.of_kind("wrote").iter().filter_map(|event| value(event)["tokens"].as_u64()).sum()
}

/// Number of pool events that are already logged.
fn heard(log: &JobLog) -> u64 {
    log.last().and_then(|last| value(&last)["through"].as_u64()).unwrap_or(0)
}

/// Events in the form of the log. Consecutive text of a node is merged.
fn gathered(events: &[std::sync::Arc<JobEvent>]) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    for event in events {
        let through = event.seq + 1;
        if let (EventKind::Wrote { text, token }, Some(last)) = (&event.what, lines.last_mut())
            && last["event"] == "wrote"
            && last["node"] == json!(event.path)
        {
            last["text"] = json!(format!("{}{text}", last["text"].as_str().unwrap_or_default()));
            last["tokens"] = json!(last["tokens"].as_u64().unwrap_or(0) + u64::from(token.is_some()));
            last["through"] = json!(through);
            continue;
        }
        let mut line = line(&event.what);
        (line["node"], line["through"]) = (json!(event.path), json!(through));
        if matches!(event.what, EventKind::Opened | EventKind::Finished(_)) {
            line["at"] = json!(jiff::Timestamp::now().as_millisecond());
        }
        lines.push(line);
    }
    lines
}

fn line(what: &EventKind) -> Value {
    match what {
        EventKind::Opened => json!({ "event": "opened" }),
        EventKind::Wrote { text, token } => {
            json!({ "event": "wrote", "text": text, "tokens": u64::from(token.is_some()) })
        }
        EventKind::Joined(report) => json!({ "event": "joined", "report": report }),
        EventKind::Pruned(report) => json!({ "event": "pruned", "report": report }),
        EventKind::Called(call) => json!({
            "event": "called", "tool": call.tool, "parameters": call.parameters, "reply": call.reply,
        }),
        EventKind::Awaits(what) => json!({ "event": "awaits", "what": what.tool, "parameters": what.parameters }),
        EventKind::Decided { what, granted } => json!({
            "event": "decided", "what": what.tool, "parameters": what.parameters, "granted": granted,
        }),
        EventKind::Cancelled { .. } => json!({ "event": "node_cancelled" }),
        EventKind::Finished(outcome) => json!({ "event": "node_ended", "outcome": word(outcome) }),
        EventKind::Resumed { tokens, because } => json!({ "event": "resumed", "tokens": tokens, "because": because }),
        EventKind::Answered(answer) => {
            let node = |node: &theoremata_actors::jobs::NodeAnswer| {
                json!({
                    "node": node.path, "outcome": node.outcome.as_ref().map(word), "text": node.text, "tokens": node.tokens,
                    "log_probability": node.log_probability(),
                })
            };
            let nodes: Vec<Value> = answer.nodes.iter().map(node).collect();
            let cost = |(path, cost): &(Vec<u32>, NodeCost)| {
                let mut told = json!(cost);
                told["node"] = json!(path);
                told
            };
            let costs: Vec<Value> = answer.costs.iter().map(cost).collect();
            json!({ "event": "answer", "text": answer.text, "nodes": nodes, "exact": answer.exact, "costs": costs })
        }
    }
}

/// How a node or tree ended. Truncation by a bound is not a failure.
fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Concluded => "concluded".to_owned(),
        Outcome::Budget(bound) => format!("out of {}", format!("{bound:?}").to_lowercase()),
        Outcome::Cancelled => "cancelled".to_owned(),
        Outcome::Failed => "failed".to_owned(),
        Outcome::Invalid => "invalid".to_owned(),
    }
}

/// The result of a question: a function of question and model alone.
fn ended(answer: &Answer, proved: &[(Vec<u32>, Proved)]) -> work::Outcome {
    if let (Outcome::Failed, Some(because), true) = (&answer.outcome, &answer.because, answer.nodes.is_empty()) {
        return Err(because.clone());
    }
    // A tree of a single node has no result beyond that of the node.
    let (outcome, text) = match answer.nodes.as_slice() {
        [_, only] => (only.outcome.as_ref().unwrap_or(&answer.outcome), &only.text),
        _ => (&answer.outcome, &answer.text),
    };
    let state = if *outcome == Outcome::Cancelled { State::Cancelled } else { State::Finished };
    let theorem = |(path, proved): &(Vec<u32>, Proved)| {
        json!({
            "node": path, "number": proved.number, "run": proved.run.to_string(), "theorem": proved.theorem,
            "statement": proved.mpl, "math": proved.math,
        })
    };
    let mut more = json!({
        "outcome": word(outcome), "because": answer.because, "text": text, "chosen": answer.chosen,
        "votes": answer.votes,
    });
    if !proved.is_empty() {
        more["theorems"] = proved.iter().map(theorem).collect();
    }
    Ok(Stopped::Ended(state, more))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::path::Path;
    use std::sync::Arc;

    use theoremata_actors::jobs::{Job, Local, Program};
    use theoremata_actors::remote_tools::Hosts;
    use theoremata_lm::{Device, Model, Settings};
    use theoremata_store::Store;

    use super::super::means::Limits;
    use super::super::models::{Models, Seat};
    use super::super::webhook::Receivers;
    use super::*;

    fn means() -> Means {
        let store = Arc::new(Store::in_memory());
        let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("lm/tests/golden/llama");
        let model = Arc::new(Model::load(&tiny).expect("a model"));
        let device = Device::Processor;
        let local = Local { model, settings: Settings::default(), threads: NonZeroUsize::MIN, device };
        let seat = Seat { name: "tiny".to_owned(), identity: "tiny".to_owned(), local };
        let models = Models::start(seat, &store, Hosts::default()).expect("a pool");
        let limits = Limits {
            at_once: NonZeroUsize::MIN,
            threads: NonZeroUsize::MIN,
            cpu_seconds: 60.0,
            memory_mb: 100,
            waiting: 1,
            waiting_in_all: 1,
            receivers: Receivers { hosts: Vec::new(), wait: Duration::ZERO },
        };
        Means::new(store, limits, Some(models))
    }

    fn values(log: &JobLog) -> Vec<Value> {
        log.after(0, usize::MAX).iter().map(|event| value(event)).collect()
    }

    #[test]
    fn a_log_that_was_cut_off_anywhere_becomes_whole() {
        let means = means();
        let program = Program::Vote { samples: 3, least: 1, pattern: None };
        let question = Job::new("1 + 1 = ", program, 20);
        let asked = || Reasoning { job: question.clone(), theory: None };
        let log = JobLog::open(&means.store, "whole").expect("a log");
        let outcome = reason(&means, asked(), &log, &Cancel::default()).expect("an outcome");
        assert!(matches!(outcome, Stopped::Ended(..)));
        let whole = values(&log);
        assert_eq!(whole.last().expect("events")["event"], "answer");
        for kept in 0..=whole.len() {
            let log = JobLog::open(&means.store, &format!("cut off after {kept}")).expect("a log");
            log.append(whole[..kept].to_vec()).expect("appended");
            assert_eq!(reason(&means, asked(), &log, &Cancel::default()).expect("an outcome"), outcome);
            let text =
                |events: &[Value]| -> String { events.iter().filter_map(|event| event["text"].as_str()).collect() };
            let again = values(&log);
            assert_eq!((text(&again), again.last()), (text(&whole), whole.last()), "cut off after {kept}");
        }
    }
}
