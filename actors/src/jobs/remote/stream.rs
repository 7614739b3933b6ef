//! Parsing of a server's answer: a stream of server-sent events, or a single document.

use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;
use theoremata_lm::{Bound, Outcome};

use super::pulse::Pulse;
use crate::jobs::event::NodeCost;

/// The answer of a server.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Written {
    pub(super) text: String,
    /// Tokens, if the server reports them.
    pub(super) tokens: u64,
    /// Prompt tokens and cached tokens that it reports.
    pub(super) cost: NodeCost,
    /// The finish reason, as the server states it.
    finish: Option<String>,
    refusal: String,
    /// Whether it has signalled the end.
    done: bool,
}

/// Why there is no answer.
#[derive(Debug, PartialEq)]
pub(super) enum Broken {
    /// The stream broke off; worth retrying.
    Off(String),
    /// A permanent error.
    Wrong(String),
    /// The request was cancelled.
    Unwanted,
}

impl Written {
    /// The outcome of a branch with this answer.
    pub(super) fn outcome(&self) -> Result<Outcome, Broken> {
        match self.finish.as_deref() {
            _ if !self.refusal.is_empty() => {
                Err(Broken::Wrong(format!("the server refuses: {}", brief(&self.refusal))))
            }
            Some("stop" | "eos" | "end_turn" | "stop_sequence") => Ok(Outcome::Concluded),
            Some("length" | "max_tokens") => Ok(Outcome::Budget(Bound::Tokens)),
            Some(other) => Err(Broken::Wrong(format!("the server ended with {}", brief(other)))),
            // Not all servers state a finish reason; all signal the end.
            None if self.done => Ok(Outcome::Concluded),
            None => Err(Broken::Off("the answer breaks off".into())),
        }
    }

    /// Adds one chunk of the answer, or the whole document.
    fn take(&mut self, chunk: &Json, event: &str) -> Result<(), Broken> {
        if let Some(complaint) = complaint_of(chunk, event == "error") {
            return Err(Broken::Wrong(complaint));
        }
        self.tokens = chunk["usage"]["completion_tokens"].as_u64().unwrap_or(self.tokens);
        let usage = &chunk["usage"];
        let count = |json: &Json| json.as_u64().and_then(|count| usize::try_from(count).ok());
        self.cost.prompt = count(&usage["prompt_tokens"]).or(self.cost.prompt);
        self.cost.cached = count(&usage["prompt_tokens_details"]["cached_tokens"]).or(self.cost.cached);
        let choice = &chunk["choices"][0];
        if self.finish.is_some() {
            return Ok(()); // what comes behind the end is no part of the answer
        }
        for said in [&choice["delta"], &choice["message"]] {
            self.text += &text_of(&said["content"])?;
            self.refusal += said["refusal"].as_str().unwrap_or("");
        }
        self.text += &text_of(&choice["text"])?;
        self.finish = choice["finish_reason"].as_str().map(str::to_owned);
        Ok(())
    }
}

/// Text content: a string, or a list of parts.
fn text_of(content: &Json) -> Result<String, Broken> {
    match content {
        Json::Null => Ok(String::new()),
        Json::String(text) => Ok(text.clone()),
        Json::Array(parts) => parts.iter().map(|part| text_of(&part["text"])).collect(),
        other => {
            Err(Broken::Wrong(format!("the server writes an answer that is no text: {}", brief(&other.to_string()))))
        }
    }
}

/// The error message in a document; servers have several formats for it.
pub(super) fn complaint_of(json: &Json, is_error: bool) -> Option<String> {
    let error = &json["error"];
    let message = error["message"].as_str().or(error.as_str()).map(str::to_owned);
    let whole = (is_error || json["object"] == "error").then(|| json["message"].as_str().map(str::to_owned)).flatten();
    let detail = match &json["detail"] {
        Json::String(text) => Some(text.clone()),
        Json::Array(list) => {
            let said = list.iter().filter_map(|item| {
                let place: Vec<String> =
                    item["loc"].as_array()?.iter().map(|part| part.to_string().replace('"', "")).collect();
                Some(format!("{}: {}", place.join("."), item["msg"].as_str()?))
            });
            Some(said.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
        }
        _ => None,
    };
    let other = (!error.is_null() && message.is_none()).then(|| error.to_string());
    message.or(whole).or(detail).or(other).map(|text| brief(&text))
}

/// A truncated excerpt of foreign text.
pub(super) fn brief(text: &str) -> String {
    text.trim().chars().take(300).collect()
}

/// Reads an answer as it arrives.
pub(super) fn read(reader: impl Read, stop: &AtomicBool, pulse: &Pulse) -> Result<Written, Broken> {
    let mut written = Written::default();
    let mut lines = Lines { reader: BufReader::new(reader), behind_return: false };
    let (mut data, mut event, mut other) = (String::new(), String::new(), String::new());
    let mut first = true;
    while let Some(line) = lines.next().map_err(|error| Broken::Off(error.to_string()))? {
        if stop.load(Ordering::Relaxed) {
            return Err(Broken::Unwanted);
        }
        let line = if std::mem::take(&mut first) { line.trim_start_matches('\u{feff}') } else { line.as_str() };
        let field = |name: &str| line.strip_prefix(name).map(|value| value.strip_prefix(' ').unwrap_or(value));
        if let Some(value) = field("data:") {
            pulse.beat();
            if !data.is_empty() {
                data.push('\n');
            }
            data.push_str(value);
            // Some servers omit the blank line after an event.
            if data.trim() == "[DONE]" || parse(&data).is_some() {
                written.done |= data.trim() == "[DONE]";
                if let Some(chunk) = parse(&data).filter(|chunk| !chunk.is_null()) {
                    written.take(&chunk, &event)?;
                }
                data.clear();
            }
            if written.done {
                return Ok(written);
            }
        } else if let Some(value) = field("event:") {
            event = value.trim().to_owned();
        } else if line.is_empty() {
            if !data.trim().is_empty() {
                return Err(Broken::Wrong(format!("the server writes what is no JSON: {}", brief(&data))));
            }
            (data, event) = (String::new(), String::new());
        } else if !line.starts_with(':') && !line.starts_with("id:") && !line.starts_with("retry:") {
            pulse.beat();
            other.push_str(line);
            other.push('\n');
        }
    }
    // A server that does not stream answers with a single document.
    if written == Written::default() && !other.trim().is_empty() {
        let document = parse(&other);
        let document =
            document.ok_or_else(|| Broken::Wrong(format!("the server writes what is no answer: {}", brief(&other))))?;
        written.take(&document, "")?;
    }
    Ok(written)
}

/// Parses JSON, replacing lone surrogates, since servers may split a stream anywhere.
fn parse(text: &str) -> Option<Json> {
    match serde_json::from_str(text) {
        Ok(json) => Some(json),
        Err(_) if text.contains("\\ud") || text.contains("\\uD") => serde_json::from_str(&whole_characters(text)).ok(),
        Err(_) => None,
    }
}

/// The same text with `\ufffd` for each lone surrogate.
fn whole_characters(text: &str) -> String {
    let unit = |at: usize| -> Option<u32> {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(escape, 16).ok()
    };
    let (mut whole, mut at) = (String::with_capacity(text.len()), 0);
    while at < text.len() {
        let next = |bytes: usize| text.get(at..at + bytes).unwrap_or_default();
        let (piece, length) = match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (next(12), 12),
            (Some(0xD800..=0xDFFF), _) => ("\\ufffd", 6),
            // An escaped backslash does not start another escape.
            _ if next(1) == "\\" && !next(2).is_empty() => (next(2), 2),
            _ => {
                let length = text[at..].chars().next().map_or(1, char::len_utf8);
                (next(length), length)
            }
        };
        whole.push_str(piece);
        at += length;
    }
    whole
}

/// Lines terminated by LF, CR, or CRLF.
struct Lines<R> {
    reader: BufReader<R>,
    /// Whether the last line ended with CR, so that a following LF belongs to it.
    behind_return: bool,
}

impl<R: Read> Lines<R> {
    /// The next line without its terminator; invalid UTF-8 is replaced.
    fn next(&mut self) -> std::io::Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok((!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned()));
            }
            let skip = usize::from(std::mem::take(&mut self.behind_return) && buffer[0] == b'\n');
            let rest = &buffer[skip..];
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                line.extend_from_slice(rest);
                let used = buffer.len();
                self.reader.consume(used);
                continue;
            };
            line.extend_from_slice(&rest[..end]);
            self.behind_return = rest[end] == b'\r';
            self.reader.consume(skip + end + 1);
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Result<(String, Outcome), Broken> {
        let written = read(text.as_bytes(), &AtomicBool::new(false), &Pulse::default())?;
        let outcome = written.outcome()?;
        Ok((written.text, outcome))
    }

    fn chunk(content: &str, finish: &str) -> String {
        let finish = if finish.is_empty() { Json::Null } else { finish.into() };
        format!(
            "data: {}\n\n",
            serde_json::json!({ "choices": [{ "delta": { "content": content }, "finish_reason": finish }] })
        )
    }

    #[test]
    fn an_answer_is_read_however_a_server_writes_it() {
        let good = chunk("4", "")
            + &chunk("2", "stop")
            + "data: {\"choices\":[],\"usage\":{\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
        let forms = [
            good.clone(),
            good.replace('\n', "\r\n"),
            good.replace('\n', "\r"),
            good.replace("data: ", "data:"),
            good.replace("\n\n", "\n"),
            format!("\u{feff}{good}"),
            format!(": ping\n\ndata:\n\ndata: null\n\n{good}"),
            format!("{good}{}garbage", chunk("MORE", "stop")),
            chunk("42", "stop") + &chunk("MORE", ""),
            chunk("42", "") + "data: [DONE]\n\n",
            "event: message\nid: 1\ndata: {\"choices\":[{\"delta\":\ndata: {\"content\":\"42\"},\"finish_reason\":\"stop\"}]}\n\n".into(),
            "{\"choices\":[{\"message\":{\"content\":\"42\"},\"finish_reason\":\"stop\"}]}".into(),
            "data: {\"choices\":[{\"text\":\"42\",\"finish_reason\":\"stop\"}]}\n".into(),
            "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"42\"}]},\"finish_reason\":\"stop\"}]}\n\n".into(),
        ];
        for form in forms {
            assert_eq!(said(&form), Ok(("42".into(), Outcome::Concluded)), "{form:?}");
        }
        assert_eq!(said(&chunk("4", "length")), Ok(("4".into(), Outcome::Budget(Bound::Tokens))));
        let crab = "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83e\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"\\udd80x\\ud83e\\udd80\"},\"finish_reason\":\"stop\"}]}\n\n";
        assert_eq!(said(crab), Ok(("\u{fffd}\u{fffd}x🦀".into(), Outcome::Concluded)));
    }

    #[test]
    fn what_a_server_does_not_count_stays_unknown() {
        let cost = |usage: &str| {
            let text = chunk("42", "stop") + &format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n");
            let written = read(text.as_bytes(), &AtomicBool::new(false), &Pulse::default()).expect("an answer");
            (written.cost.prompt, written.cost.cached)
        };
        let whole = "{\"prompt_tokens\":7,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":0}}";
        assert_eq!(cost(whole), (Some(7), Some(0)));
        assert_eq!(cost("{\"prompt_tokens\":7,\"prompt_tokens_details\":null}"), (Some(7), None));
        assert_eq!(cost("null"), (None, None));
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_server() {
        let wrong = [
            ("data: {\"error\":{\"message\":\"no memory\"}}\n\n", "no memory"),
            ("data: {\"error\":\"no memory\"}\n\n", "no memory"),
            ("{\"error\":\"no memory\"}", "no memory"),
            ("event: error\ndata: {\"message\":\"no memory\"}\n\n", "no memory"),
            ("{\"detail\":[{\"loc\":[\"body\",\"seed\"],\"msg\":\"no memory\"}]}", "body.seed: no memory"),
            ("<html>proxy</html>", "<html>proxy</html>"),
            ("data: {\n\n", "no JSON"),
            ("data: {\"choices\":[{\"delta\":{\"content\":42}}]}\n\n", "no text: 42"),
            ("data: {\"choices\":[{\"delta\":{\"refusal\":\"I cannot\"},\"finish_reason\":\"stop\"}]}\n\n", "I cannot"),
            ("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n", "content_filter"),
        ];
        for (text, word) in wrong {
            let Err(Broken::Wrong(said)) = said(text) else { panic!("{text} is wrong") };
            assert!(said.contains(word), "{said}");
        }
        for broken in [chunk("4", ""), String::new()] {
            assert!(
                matches!(said(&broken), Err(Broken::Off(_))),
                "a branch that was cut off by the network is no answer"
            );
        }
    }
}
