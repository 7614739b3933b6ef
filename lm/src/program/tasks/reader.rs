//! An incremental parser for the text of a tree of tasks, which reports what begins and what ends.

use std::ops::Range;

/// An event in the text, with byte offsets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// A task begins with the bracket at this byte.
    Opened { at: usize },
    /// A task ended before `end`. Its conclusion is a string, with its quotes.
    Closed { end: usize, conclusion: Range<usize> },
    /// A list of subtasks ended before `end`. Its property begins with the comma at `from`, and the comma of the next
    /// one is at `end`.
    Listed { from: usize, end: usize },
    /// A tool is called: its reply comes at `at`. Its name is a string, with its quotes.
    Asked { at: usize, tool: Range<usize>, parameters: Range<usize> },
    /// The answer follows.
    Answered,
}

/// What a bracket opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Tree,
    Tasks,
    Task,
    Tool,
    Other,
}

/// An open bracket.
#[derive(Debug)]
struct Open {
    kind: Kind,
    /// The start of the property whose value it is, if any.
    property: usize,
    /// The string that was read last at this level.
    last: Range<usize>,
    /// The key of the current value, once its colon is read.
    key: Option<Range<usize>>,
    /// The start of that value.
    value: usize,
    /// The end of the last value: the offset of the comma of the next property.
    end: usize,
    conclusion: Range<usize>,
    tool: Range<usize>,
    parameters: Range<usize>,
}

/// A parser of one text.
#[derive(Default, Debug)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    open: Vec<Open>,
    /// The start of the open string.
    string: Option<usize>,
    escaped: bool,
}

impl Reader {
    /// Everything read so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a whole value was read.
    pub(super) fn is_complete(&self) -> bool {
        self.open.is_empty() && !self.bytes.is_empty()
    }

    /// Reads more, and returns the events in it, in order.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        for byte in bytes {
            let at = self.bytes.len();
            self.bytes.push(*byte);
            if let Some(start) = self.string {
                match *byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.string = None;
                        self.string_ended(start..at + 1);
                    }
                    _ => {}
                }
                continue;
            }
            match *byte {
                b'"' => self.string = Some(at),
                b'{' | b'[' => found.extend(self.opened(*byte, at)),
                b':' => found.extend(self.key_ended(at)),
                b',' => self.value_ended(at),
                b'}' | b']' => {
                    self.value_ended(at);
                    found.extend(self.closed(at + 1));
                }
                _ => {}
            }
        }
        found
    }

    fn string_ended(&mut self, string: Range<usize>) {
        if let Some(open) = self.open.last_mut() {
            open.last = string;
        }
    }

    fn opened(&mut self, bracket: u8, at: usize) -> Option<Found> {
        let above = self.open.last();
        let key = above.and_then(|above| above.key.clone()).map(|key| &self.bytes[key]);
        let kind = match (above.map(|above| above.kind), bracket, key) {
            (None, b'{', _) => Kind::Tree,
            (Some(Kind::Tree), b'[', Some(b"\"reasoning\"")) | (Some(Kind::Task), b'[', Some(b"\"subtasks\"")) => {
                Kind::Tasks
            }
            (Some(Kind::Tasks), b'{', _) => Kind::Task,
            (Some(Kind::Task), b'{', Some(b"\"tooluse\"")) => Kind::Tool,
            _ => Kind::Other,
        };
        let property = above.map_or(at, |above| above.end);
        let none = at..at;
        self.open.push(Open {
            kind,
            property,
            last: none.clone(),
            key: None,
            value: at,
            end: at + 1,
            conclusion: none.clone(),
            tool: none.clone(),
            parameters: none,
        });
        (kind == Kind::Task).then_some(Found::Opened { at })
    }

    /// A colon: the last string is a key.
    fn key_ended(&mut self, at: usize) -> Option<Found> {
        let open = self.open.last_mut()?;
        open.key = Some(open.last.clone());
        open.value = at + 1;
        let is_reply = open.kind == Kind::Tool && &self.bytes[open.last.clone()] == b"\"tool_result\"";
        let (tool, parameters) = (open.tool.clone(), open.parameters.clone());
        if is_reply {
            return Some(Found::Asked { at: at + 1, tool, parameters });
        }
        let is_answer = open.kind == Kind::Tree && &self.bytes[open.last.clone()] == b"\"answer\"";
        is_answer.then_some(Found::Answered)
    }

    /// A comma or a closing bracket: the value of a property ends.
    fn value_ended(&mut self, at: usize) {
        let Some(open) = self.open.last_mut() else { return };
        let Some(key) = open.key.take() else { return };
        let blanks = self.bytes[open.value..at].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let value = open.value + blanks..at;
        open.end = at;
        match (open.kind, &self.bytes[key]) {
            (Kind::Task, b"\"conclusion\"") => open.conclusion = value,
            (Kind::Tool, b"\"tool_name\"") => open.tool = value,
            (Kind::Tool, b"\"parameters\"") => open.parameters = value,
            _ => {}
        }
    }

    fn closed(&mut self, end: usize) -> Option<Found> {
        let closed = self.open.pop()?;
        let is_subtasks = self.open.last().is_some_and(|above| above.kind == Kind::Task);
        match closed.kind {
            Kind::Task => Some(Found::Closed { end, conclusion: closed.conclusion }),
            Kind::Tasks if is_subtasks => Some(Found::Listed { from: closed.property, end }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"reasoning": [{"thought": "a \"{[,:\" b", "tooluse": {"tool_name": "look", "parameters": {"tool_result": "x", "n": [1, 2]}, "tool_result": "\"}, {"}, "subtasks": [{"thought": "c", "conclusion": "d\\"}, {"thought": "", "subtasks": [{"thought": "e", "conclusion": "f"}], "conclusion": "g"}], "conclusion": "h"}], "answer": "i"}"#;

    /// The events, as texts.
    fn texts(parts: &[&str]) -> Vec<String> {
        let mut reader = Reader::default();
        let mut found = Vec::new();
        for part in parts {
            found.extend(reader.read(part.as_bytes()));
        }
        assert!(reader.is_complete());
        let text = |range: Range<usize>| String::from_utf8(reader.bytes()[range].to_vec()).expect("a text");
        found
            .into_iter()
            .map(|found| match found {
                Found::Opened { at } => format!("opened {}", text(at..at + 14)),
                Found::Closed { end, conclusion } => format!("closed {} {}", text(conclusion), text(end - 2..end)),
                Found::Listed { from, end } => format!("listed {} to {}", text(from..from + 13), text(end..end + 14)),
                Found::Asked { at, tool, parameters } => {
                    format!("asked {} {} before {}", text(tool), text(parameters), text(at..at + 4))
                }
                Found::Answered => "answered".to_owned(),
            })
            .collect()
    }

    #[test]
    fn what_begins_and_ends_is_found_however_the_text_comes() {
        let whole = texts(&[TEXT]);
        assert_eq!(
            whole,
            [
                r#"opened {"thought": "a"#,
                r#"asked "look" {"tool_result": "x", "n": [1, 2]} before  "\""#,
                r#"opened {"thought": "c"#,
                r#"closed "d\\" "}"#,
                r#"opened {"thought": """#,
                r#"opened {"thought": "e"#,
                r#"closed "f" "}"#,
                r#"listed , "subtasks": to , "conclusion""#,
                r#"closed "g" "}"#,
                r#"listed , "subtasks": to , "conclusion""#,
                r#"closed "h" "}"#,
                "answered",
            ]
        );
        let bytes: Vec<&str> = (0..TEXT.len()).map(|at| &TEXT[at..at + 1]).collect();
        assert_eq!(texts(&bytes), whole);
    }
}
