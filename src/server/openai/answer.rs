//! Answers in the format of the API.

use std::sync::Arc;

use serde_json::{Value, json};
use theoremata_actors::jobs::{Answer, EventKind, JobEvent, NodeAnswer, Wrote};
use theoremata_lm::{Bound, Model, Outcome};

use super::functions;
use super::request::{Form, Wanted};

/// Data common to all chunks of an answer.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
}

impl Head {
    /// The members common to all objects of the answer.
    pub(crate) fn object(&self, kind: &str) -> Value {
        json!({ "id": self.id, "object": kind, "created": self.created, "model": self.model, "system_fingerprint": null })
    }
}

/// The index of the choice that a node generates; `None` for the root.
pub(crate) fn place(path: &[u32]) -> Option<usize> {
    match path {
        [place] => Some(*place as usize),
        _ => None,
    }
}

/// The finish reason of an outcome.
pub(crate) fn finish(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Budget(Bound::Tokens | Bound::Path)) => "length",
        Some(Outcome::Invalid) => "content_filter",
        _ => "stop",
    }
}

/// The usage of a question.
pub(crate) fn usage(wanted: &Wanted, answer: &Answer) -> Value {
    let written = answer.nodes.iter().filter(|node| place(&node.path).is_some()).map(|node| node.tokens).sum::<usize>();
    let prompt = wanted.prompt_tokens;
    let mut usage = json!({ "prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written });
    if let Some(cached) = answer.cost(&[]).cached {
        usage["prompt_tokens_details"] = json!({ "cached_tokens": cached_of_prompt(cached, prompt) });
    }
    usage
}

/// Cached tokens of the prompt, given all cached tokens of its node. The prompt precedes everything else that the node
/// reads, and the cache covers a prefix.
pub(super) fn cached_of_prompt(cached: usize, prompt: usize) -> usize {
    cached.min(prompt)
}

/// The log-probability of a sampled token.
pub(crate) fn logprob(model: &Model, wrote: &Wrote) -> Value {
    let bytes = model.tokenizer().map(|tokenizer| tokenizer.piece(wrote.token).to_vec()).unwrap_or_default();
    json!({
        "token": String::from_utf8_lossy(&bytes), "logprob": wrote.log_probability(), "bytes": bytes, "top_logprobs": [],
    })
}

/// The log-probabilities of all tokens of each choice.
pub(crate) fn logprobs(model: &Model, choices: usize, events: &[Arc<JobEvent>]) -> Vec<Vec<Value>> {
    let mut all = vec![Vec::new(); choices];
    for event in events {
        if let (Some(place), EventKind::Wrote { token: Some(wrote), .. }) = (place(&event.path), &event.what)
            && !wrote.is_stop()
            && let Some(list) = all.get_mut(place)
        {
            list.push(logprob(model, wrote));
        }
    }
    all
}

/// Log-probabilities in the format of a choice.
pub(crate) fn shown(form: Form, list: &[Value]) -> Value {
    match form {
        Form::Chat => json!({ "content": list }),
        Form::Text => json!({
            "tokens": list.iter().map(|token| &token["token"]).collect::<Vec<_>>(),
            "token_logprobs": list.iter().map(|token| &token["logprob"]).collect::<Vec<_>>(),
            "top_logprobs": null,
            "text_offset": list.iter().scan(0, |at, token| {
                let here = *at;
                *at += token["token"].as_str().map_or(0, |text| text.chars().count());
                Some(here)
            }).collect::<Vec<_>>(),
        }),
    }
}

/// The complete answer as one object.
pub(crate) fn whole(head: &Head, wanted: &Wanted, model: &Model, answer: &Answer, events: &[Arc<JobEvent>]) -> Value {
    let mut logprobs = if wanted.logprobs { logprobs(model, wanted.choices, events) } else { Vec::new() }.into_iter();
    let mut choices: Vec<(usize, &NodeAnswer)> =
        answer.nodes.iter().filter_map(|node| Some((place(&node.path)?, node))).collect();
    choices.sort_by_key(|(place, _)| *place);
    let choice = |(index, node): (usize, &NodeAnswer)| {
        let logprobs = logprobs.next().map_or(Value::Null, |list| shown(wanted.form, &list));
        let reason = finish(node.outcome.as_ref());
        match wanted.form {
            Form::Chat => {
                let answered = functions::read(wanted.functions.as_ref(), &node.text);
                let calls = functions::shown(&head.id, index, &answered);
                let mut message = json!({ "role": "assistant", "content": answered.text, "refusal": null });
                let reason = if calls.is_empty() { reason } else { "tool_calls" };
                if !calls.is_empty() {
                    message["tool_calls"] = calls.into();
                    if answered.text.is_empty() {
                        message["content"] = Value::Null;
                    }
                }
                json!({ "index": index, "message": message, "logprobs": logprobs, "finish_reason": reason })
            }
            Form::Text => json!({ "index": index, "text": node.text, "logprobs": logprobs, "finish_reason": reason }),
        }
    };
    let mut object = head.object(match wanted.form {
        Form::Chat => "chat.completion",
        Form::Text => "text_completion",
    });
    object["choices"] = choices.into_iter().map(choice).collect();
    object["usage"] = usage(wanted, answer);
    object
}
