//! Streaming of an answer in chunks.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use actix_web::web::Bytes;
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};
use theoremata_actors::jobs::{Answer, EventKind, JobEvent};
use theoremata_lm::{Model, Outcome};
use tokio::sync::watch;

use super::answer::{Head, finish, logprob, place, shown, usage};
use super::functions;
use super::request::{Form, Wanted};
use super::routes::Count;
use crate::server::models::Asking;

/// A stream of chunks; dropping it cancels the question.
pub(crate) fn pieces(
    (asking, count): (Asking, Count),
    head: Head,
    wanted: Wanted,
    model: Arc<Model>,
    closing: watch::Receiver<bool>,
) -> impl Stream<Item = Result<Bytes, actix_web::Error>> {
    let teller = Teller {
        asking,
        count,
        head,
        wanted,
        model,
        closing,
        begun: HashMap::new(),
        written: HashMap::new(),
        ready: VecDeque::new(),
        done: false,
    };
    stream::unfold(teller, |mut teller| async move {
        let piece = teller.next().await?;
        Some((Ok(Bytes::from(piece)), teller))
    })
}

struct Teller {
    asking: Asking,
    count: Count,
    head: Head,
    wanted: Wanted,
    model: Arc<Model>,
    closing: watch::Receiver<bool>,
    /// Choices with output so far, and whether their ends were sent.
    begun: HashMap<usize, bool>,
    /// The text of choices that may contain calls, and how many bytes of it were sent.
    written: HashMap<usize, (String, usize)>,
    ready: VecDeque<String>,
    done: bool,
}

impl Teller {
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            if self.done {
                return None;
            }
            let events = tokio::select! {
                events = self.asking.next() => events,
                closed = self.closing.wait_for(|closing| *closing) => {
                    let _ = closed;
                    return None;
                }
            };
            if events.is_empty() {
                return None;
            }
            self.count.hear(&events);
            events.iter().for_each(|event| self.take(event));
        }
    }

    fn take(&mut self, event: &JobEvent) {
        match (&event.what, place(&event.path)) {
            (EventKind::Wrote { text, token }, Some(place)) => {
                let list: Vec<Value> = token
                    .iter()
                    .filter(|token| self.wanted.logprobs && !token.is_stop())
                    .map(|token| logprob(&self.model, token))
                    .collect();
                let text = self.certain(place, text);
                if !text.is_empty() || !list.is_empty() {
                    let logprobs = if list.is_empty() { Value::Null } else { shown(self.wanted.form, &list) };
                    self.tell(place, &text, logprobs, None);
                }
            }
            (EventKind::Finished(outcome), Some(place)) => self.end(place, Some(outcome)),
            (EventKind::Answered(answer), _) => self.answered(answer),
            _ => {}
        }
    }

    /// Adds text to a choice, and returns the part that is now certain to be text and was not sent.
    fn certain(&mut self, place: usize, text: &str) -> String {
        let Some((_, calling)) = &self.wanted.functions else { return text.to_owned() };
        let (all, told) = self.written.entry(place).or_default();
        all.push_str(text);
        let certain = calling.certain(all).max(*told);
        let piece = all[*told..certain].to_owned();
        *told = certain;
        piece
    }

    /// Sends the end of a choice: the rest of its text, and its function calls. Whether there are calls.
    fn calls(&mut self, place: usize) -> bool {
        let Some((all, told)) = self.written.remove(&place) else { return false };
        let answered = functions::read(self.wanted.functions.as_ref(), &all);
        let rest = answered.text.get(told..).unwrap_or_default().to_owned();
        if !rest.is_empty() {
            self.tell(place, &rest, Value::Null, None);
        }
        let calls = functions::shown(&self.head.id, place, &answered);
        for (number, mut call) in calls.iter().cloned().enumerate() {
            call["index"] = json!(number);
            let first = self.begun.insert(place, false).is_none();
            let mut delta = json!({ "tool_calls": [call] });
            if first {
                delta["role"] = json!("assistant");
            }
            self.put(
                &json!([{ "index": place, "delta": delta, "logprobs": null, "finish_reason": null }]),
                &Value::Null,
            );
        }
        !calls.is_empty()
    }

    /// Sends a chunk of a choice.
    fn tell(&mut self, index: usize, text: &str, logprobs: Value, reason: Option<&str>) {
        let first = !self.begun.contains_key(&index);
        self.begun.entry(index).or_insert(false);
        let choice = match self.wanted.form {
            Form::Chat => {
                let mut delta = json!({});
                if first {
                    delta["role"] = json!("assistant");
                }
                if reason.is_none() || first {
                    delta["content"] = json!(text);
                }
                json!({ "index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason })
            }
            Form::Text => json!({ "index": index, "text": text, "logprobs": logprobs, "finish_reason": reason }),
        };
        self.put(&json!([choice]), &Value::Null);
    }

    fn end(&mut self, index: usize, outcome: Option<&Outcome>) {
        if self.begun.get(&index) == Some(&true) {
            return;
        }
        let reason = if self.calls(index) { "tool_calls" } else { finish(outcome) };
        self.tell(index, "", Value::Null, Some(reason));
        self.begun.insert(index, true);
    }

    fn answered(&mut self, answer: &Answer) {
        for node in &answer.nodes {
            if let Some(place) = place(&node.path) {
                self.end(place, node.outcome.as_ref());
            }
        }
        if answer.nodes.is_empty() {
            let because = answer.because.clone().unwrap_or_else(|| "the model could not answer".to_owned());
            let error = json!({ "error": { "message": because, "type": "server_error", "param": null, "code": null } });
            self.ready.push_back(format!("data: {error}\n\n"));
        } else if self.wanted.include_usage {
            self.put(&json!([]), &usage(&self.wanted, answer));
        }
        self.ready.push_back("data: [DONE]\n\n".to_owned());
        self.done = true;
    }

    fn put(&mut self, choices: &Value, usage: &Value) {
        let mut object = self.head.object(match self.wanted.form {
            Form::Chat => "chat.completion.chunk",
            Form::Text => "text_completion",
        });
        object["choices"] = choices.clone();
        if self.wanted.include_usage {
            object["usage"] = usage.clone();
        }
        self.ready.push_back(format!("data: {object}\n\n"));
    }
}
