//! The execution state of a script node.

use std::sync::Arc;

use regex::Regex;
use serde_json::Value as Json;
use theoremata_lm::{NodeId, Token};

use crate::jobs::script::{JoinForm, Mode, Step, tokens};

/// The state of a node.
pub(super) struct Thread {
    pub(super) parent: Option<NodeId>,
    /// Stack of step lists; the last one is the innermost loop.
    frames: Vec<Frame>,
    /// A step to take before them.
    pending: Option<Step>,
    /// The item of its branch.
    pub(super) item: String,
    /// The last output.
    pub(super) last: String,
    /// The tokens of the last output, if this node generated it.
    pub(super) tokens: Option<Vec<Token>>,
    pub(super) stage: Stage,
    /// Tokens to read before the pending step.
    pub(super) unread: Vec<Token>,
    /// What it waits for, if anything.
    pub(super) wait: Option<Wait>,
    /// Calls of the current step: in this attempt, counted so far, and reported so far.
    pub(super) asked: usize,
    pub(super) counted: usize,
    pub(super) told: usize,
    /// Number of approvals granted or requested.
    pub(super) approvals: usize,
    /// If it returns its last output only: the separator after it.
    pub(super) returns: Option<String>,
}

/// The action that waits for a reply or an approval.
#[derive(Clone)]
pub(super) enum Wait {
    /// Its next step.
    Step,
    /// The selection of one of these branches.
    Choice(Vec<NodeId>),
    /// Acceptance of this finished branch by its parent.
    Acceptance,
}

/// The stage of a node.
pub(super) enum Stage {
    /// Ready for its next step.
    Ready,
    /// Generating, up to one of these stop strings.
    Writing { stops: Vec<String> },
    /// Waiting for its branches.
    Joining {
        join: JoinForm,
        /// Branches not yet opened, in reverse order.
        opening: Vec<Thread>,
        branches: Vec<NodeId>,
        /// The index of the accepted branch.
        accepted: Option<usize>,
    },
}

struct Frame {
    steps: Arc<[Step]>,
    at: usize,
    /// Maximal number of further iterations.
    left: usize,
    until: Option<Regex>,
}

impl Thread {
    pub(super) fn new(steps: Arc<[Step]>, item: String, last: String) -> Thread {
        let frames = vec![Frame { steps, at: 0, left: 0, until: None }];
        Thread {
            parent: None,
            frames,
            pending: None,
            item,
            last,
            tokens: None,
            stage: Stage::Ready,
            unread: Vec::new(),
            wait: None,
            asked: 0,
            counted: 0,
            told: 0,
            approvals: 0,
            returns: None,
        }
    }

    /// The next step that is no loop.
    pub(super) fn next(&mut self) -> Option<Step> {
        if let Some(step) = self.pending.take() {
            return Some(step);
        }
        loop {
            let frame = self.frames.last_mut()?;
            let step = frame.steps.get(frame.at).cloned();
            frame.at += 1;
            match step {
                Some(Step::Loop(repeated)) => {
                    let until = repeated.until.as_deref().and_then(|until| Regex::new(until).ok());
                    let left = repeated.most.saturating_sub(1);
                    self.frames.push(Frame { steps: repeated.steps.into(), at: 0, left, until });
                }
                Some(step) => return Some(step),
                None if frame.left == 0 || frame.until.as_ref().is_some_and(|until| until.is_match(&self.last)) => {
                    self.frames.pop();
                }
                None => (frame.left, frame.at) = (frame.left - 1, 0),
            }
        }
    }

    /// Makes this the next step.
    pub(super) fn put_back(&mut self, step: Step) {
        self.pending = Some(step);
    }

    /// Maximal tokens that it may still generate, if a generation without a limit has this one.
    pub(super) fn left(&self, most: usize) -> usize {
        let of = |frame: &Frame| {
            let rest = frame.steps.get(frame.at..).map_or(0, |steps| tokens(steps, most));
            rest.saturating_add(frame.left.saturating_mul(tokens(&frame.steps, most)))
        };
        self.frames.iter().map(of).fold(0, usize::saturating_add)
    }

    /// A text with its placeholders filled in.
    pub(super) fn filled(&self, text: &str) -> String {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('{') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let known = [("{item}", &self.item), ("{last}", &self.last)];
            let found = known.into_iter().find(|(name, _)| rest.starts_with(name));
            let (name, value) = found.map_or(("{", "{"), |(name, value)| (name, value.trim()));
            filled.push_str(value);
            rest = &rest[name.len()..];
        }
        filled + rest
    }

    /// The JSON parameters of a call, with placeholders filled in.
    pub(super) fn parameters(&self, parameters: &serde_json::Map<String, Json>) -> String {
        let filled = |(name, value): (&String, &Json)| (name.clone(), self.filled_json(value));
        Json::Object(parameters.iter().map(filled).collect()).to_string()
    }

    fn filled_json(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.filled(text)),
            Json::Array(values) => Json::Array(values.iter().map(|value| self.filled_json(value)).collect()),
            Json::Object(members) => {
                let filled = members.iter().map(|(name, value)| (name.clone(), self.filled_json(value)));
                Json::Object(filled.collect())
            }
            other => other.clone(),
        }
    }
}

impl JoinForm {
    /// The separator after what a branch returns, if it returns its last output only.
    pub(super) fn returns(&self) -> Option<String> {
        let alone = matches!(self.mode, Mode::Value | Mode::Splice);
        alone.then(|| self.between.clone().unwrap_or_else(|| "\n".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(steps: Json) -> Thread {
        let steps: Vec<Step> = serde_json::from_value(steps).expect("steps");
        Thread::new(steps.into(), "an item".into(), " the last\n".into())
    }

    fn said(thread: &mut Thread) -> String {
        std::iter::from_fn(|| thread.next())
            .map(|step| if let Step::Say(text) = step { text } else { "?".to_owned() })
            .collect()
    }

    #[test]
    fn a_loop_is_gone_through_until_its_end_or_its_bound() {
        let inner = serde_json::json!({ "loop": { "most": 2, "steps": [{ "say": "b" }] } });
        let mut steps = thread(serde_json::json!([
            { "say": "a" }, { "loop": { "most": 3, "steps": [inner, { "say": "c" }] } }, { "say": "d" },
        ]));
        assert_eq!(steps.left(7), 0);
        assert_eq!(said(&mut steps), "abbcbbcbbcd");
        let mut until = thread(serde_json::json!([
            { "loop": { "most": 3, "until": "last", "steps": [{ "say": "a" }] } }, { "generate": { "max_tokens": 3 } },
        ]));
        assert_eq!(until.left(7), 3);
        assert_eq!(said(&mut until), "a?");
    }

    #[test]
    fn what_a_node_knows_stands_in_its_places_once() {
        let mut thread = thread(serde_json::json!([{ "say": "x" }]));
        assert_eq!(thread.filled("{item}: {last} {other} {"), "an item: the last {other} {");
        thread.item = "{last}".into();
        assert_eq!(thread.filled("{item}"), "{last}", "what is said is not read as a program");
        let parameters = serde_json::json!({ "a": ["{last}"], "n": 1 });
        assert_eq!(thread.parameters(parameters.as_object().expect("an object")), r#"{"a":["the last"],"n":1}"#);
    }
}
