//! Jobs derived from nodes of other jobs: a node resampled, or continued with another instruction. The answer of a job
//! is a function of its question, so the original job stays unchanged, and each derived job is a job of its own.

use serde_json::{Value, json};
use theoremata_actors::jobs::{Job as Question, Program, Said, Speaker};

use super::job::{How, Job, Origin};
use super::log::{JobLog, value};
use super::means::Means;
use super::problem::Problem;
use super::request::{JobRequest, Kind};

/// A node, as the branches that lead to it.
pub(super) type Node<'n> = &'n [u32];

/// A request in which a node is resampled and everything else stays the same: siblings give the same text, and tool
/// replies and human decisions elsewhere in the tree are reused.
///
/// # Errors
/// If there is no such node.
pub(super) fn retried(request: JobRequest, job: &Job, log: &JobLog, node: Node) -> Result<JobRequest, Problem> {
    let answer = answered(log)?;
    said_by(&answer, node)?;
    if node.is_empty() {
        let why = "the question as a whole draws anew with another `seed`; a node is needed, such as `0`";
        return Err(Problem::malformed(why));
    }
    let mut question = request.question.clone().unwrap_or_default();
    let below = |event: &Value| {
        let path = event["node"].as_array().map(Vec::as_slice).unwrap_or_default();
        node.iter().zip(path).all(|(one, other)| json!(one) == *other) && path.len() >= node.len()
    };
    let elsewhere = |kind: &str| {
        let events = log.of_kind(kind);
        events.iter().map(|event| value(event)).filter(|event| !below(event)).collect::<Vec<Value>>()
    };
    let tools = question["tools"].as_array().cloned().unwrap_or_default();
    let reply =
        |event: &Value| json!({ "tool": event["tool"], "parameters": event["parameters"], "reply": event["reply"] });
    // Prover calls are free to repeat, and renumber what they prove.
    let called: Vec<Value> = elsewhere("called")
        .iter()
        .filter(|event| tools.iter().any(|tool| tool["name"] == event["tool"]))
        .map(reply)
        .collect();
    let decided = |event: &Value| json!({ "what": { "tool": event["what"], "parameters": event["parameters"] }, "granted": event["granted"] });
    let decided: Vec<Value> = elsewhere("decided").iter().map(decided).collect();
    let mut redraws = question["redraws"].as_array().cloned().unwrap_or_default();
    match redraws.iter_mut().find(|redraw| redraw["node"] == json!(node)) {
        Some(redraw) => redraw["draw"] = json!(redraw["draw"].as_u64().unwrap_or(0) + 1),
        None => redraws.push(json!({ "node": node, "draw": 1 })),
    }
    for (name, list) in [("replies", called), ("decisions", decided), ("redraws", redraws)] {
        if !list.is_empty() {
            question[name] = list.into();
        }
    }
    let origin = Origin { job: job.id.clone(), node: node.to_vec(), how: How::Retry };
    Ok(JobRequest { question: Some(question), origin: Some(origin), webhook: None, ..request })
}

/// A request that continues the text of a node with an instruction. Its prompt begins with everything read and
/// generated up to there, so a cached KV prefix is reused.
///
/// # Errors
/// If there is no such node, or it has no text.
pub(super) fn forked(
    means: &Means,
    (request, question): (JobRequest, &Question),
    (job, log, node): (&Job, &JobLog, Node),
    (instruction, max_tokens): (&str, Option<usize>),
) -> Result<JobRequest, Problem> {
    let answer = answered(log)?;
    let text = said_by(&answer, node)?;
    if text.is_empty() {
        return Err(Problem::new(409, "no-text", "this node has said nothing that could be gone on from"));
    }
    let mut asked = question.prompt.clone();
    if let Program::Map { items, last } = &question.program {
        let about = node.first().and_then(|place| items.iter().chain(last).nth(*place as usize));
        asked = about.map_or(asked.clone(), |item| format!("{asked}\n\n{item}"));
    }
    let premises: String = question.premises.iter().map(|premise| format!("{premise}\n")).collect();
    let asked = premises + &asked;
    let plain = question.raw || means.models.as_ref().is_none_or(|models| models.model.template().is_none());
    let mut goes_on = if plain {
        json!({ "prompt": format!("{asked}{text}{instruction}"), "raw": true })
    } else {
        let mut earlier = question.earlier.clone();
        earlier.extend([Said::new(question.asker, asked), Said::new(Speaker::Assistant, text)]);
        json!({ "prompt": instruction, "earlier": earlier })
    };
    let known = request.question.unwrap_or_default();
    for name in ["seed", "choice", "system", "date", "template_values", "stop", "kv"] {
        if !known[name].is_null() {
            goes_on[name] = known[name].clone();
        }
    }
    goes_on["max_tokens"] = json!(max_tokens.unwrap_or(question.max_tokens));
    let origin = Origin { job: job.id.clone(), node: node.to_vec(), how: How::Fork };
    let text = json!({ "kind": Kind::Generate, "question": goes_on, "metadata": request.metadata, "priority": request.priority });
    let made = JobRequest::read(text.to_string().as_bytes())?;
    Ok(JobRequest { origin: Some(origin), ..made })
}

/// The answer of a job, with its nodes.
fn answered(log: &JobLog) -> Result<Value, Problem> {
    let answer = log.of_kind("answer").pop().map(|answer| value(&answer));
    answer.ok_or_else(|| Problem::new(409, "not-ended", "the job has not answered; its nodes are known when it has"))
}

fn said_by(answer: &Value, node: Node) -> Result<String, Problem> {
    let found = answer["nodes"].as_array().into_iter().flatten().find(|known| known["node"] == json!(node));
    let found = found.ok_or_else(|| Problem::new(409, "no-such-node", "the job has no such node"))?;
    Ok(found["text"].as_str().unwrap_or_default().to_owned())
}

/// The cost so far of each node of a question, and their total.
pub(super) fn usage(log: &JobLog, prompt_tokens: usize) -> Value {
    let mut nodes: Vec<Value> = Vec::new();
    for event in log.after(0, usize::MAX) {
        let event = value(&event);
        let path = &event["node"];
        if event["event"] == "opened" {
            let prompt = path.as_array().is_some_and(Vec::is_empty).then_some(prompt_tokens);
            nodes.push(json!({
                "node": path, "outcome": null, "prompt": prompt, "cached": null, "generated": 0, "reused": 0, "new": 0,
                "reencoded": 0, "pruned": 0, "critical_path": null, "pages_peak": null, "calls": 0, "milliseconds": null,
                "opened": event["at"],
            }));
            continue;
        }
        if event["event"] == "answer" {
            // Values that the worker does not know stay unknown.
            for cost in event["costs"].as_array().into_iter().flatten() {
                let Some(node) = nodes.iter_mut().find(|node| node["node"] == cost["node"]) else { continue };
                for (name, count) in cost.as_object().into_iter().flatten() {
                    node[name] = count.clone();
                }
            }
            continue;
        }
        let Some(node) = nodes.iter_mut().find(|node| node["node"] == *path) else { continue };
        let mut add = |name: &str, count: &Value| {
            node[name] = json!(node[name].as_u64().unwrap_or(0) + count.as_u64().unwrap_or(0));
        };
        match event["event"].as_str().unwrap_or_default() {
            "wrote" => add("generated", &event["tokens"]),
            "called" => add("calls", &json!(1)),
            "joined" | "pruned" => {
                let report = &event["report"];
                for (name, counted) in
                    [("reused", "reused"), ("new", "new"), ("reencoded", "reencoded"), ("pruned", "dropped")]
                {
                    add(name, &report[counted]);
                }
            }
            "node_ended" => {
                let passed = event["at"].as_i64().zip(node["opened"].as_i64()).map(|(end, begin)| (end - begin).max(0));
                (node["outcome"], node["milliseconds"]) = (event["outcome"].clone(), json!(passed));
            }
            _ => {}
        }
    }
    let counts = |name: &'static str| nodes.iter().filter_map(move |node| node[name].as_u64());
    let mut total = serde_json::Map::new();
    for name in ["generated", "reused", "new", "reencoded", "pruned", "calls"] {
        total.insert(name.to_owned(), json!(counts(name).sum::<u64>()));
    }
    for name in ["prompt", "cached"] {
        total.insert(name.to_owned(), json!(counts(name).reduce(|one, other| one + other)));
    }
    // The critical path ends at some node, and the root's peak includes all pages below it.
    for name in ["critical_path", "pages_peak"] {
        total.insert(name.to_owned(), json!(counts(name).max()));
    }
    // Nodes run in parallel: the total time is that of the root.
    total.insert("milliseconds".to_owned(), nodes.first().map(|root| root["milliseconds"].clone()).unwrap_or_default());
    for node in &mut nodes {
        node.as_object_mut().into_iter().for_each(|members| drop(members.remove("opened")));
    }
    json!({ "nodes": nodes, "total": total })
}
