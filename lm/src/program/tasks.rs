//! Tasks: a model writes a tree of tasks in JSON, and forgets what is done.
//!
//! There is one text, and a constraint of its schema reads all of it. The model sees less: finished lists of subtasks
//! are removed from view, or each task is a branch that returns only its conclusion. So a text of any length is written
//! within few pages. Source: Luo et al. 2025, *Beyond Context Limits: Subconscious Threads for Long-Horizon Reasoning*.

mod reader;
mod writer;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use reader::{Found, Reader};
use writer::TaskWriter;

use crate::constrain::constraint::TurnConstraint;
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::outcome::Outcome;
use crate::engine::prune::Prune;
use crate::engine::spawn::{Branch, Conclusion, Join, Spawn};
use crate::engine::turn::{After, Then, Turn};
use crate::program::answer::Pruned;
use crate::program::growth::Growth;
use crate::program::interface::{Ground, Program};
use crate::program::writing::{Words, continued, write_on};
use crate::text::prompt::PromptError;
use crate::text::token::Token;
use crate::weights::model::Model;

/// The default number of characters that are read of a tool's reply.
const REPLY_CHARACTERS: usize = 2000;

/// What stays in view of finished tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Memory {
    /// A number of finished lists of subtasks; beyond it the oldest is removed with its key, so that the text in view
    /// is still a tree of tasks. TIM's threshold: with 0, a list is removed before the conclusion after it is written.
    /// The text after the list is recomputed, or moves up: see [`Prune`].
    Lists {
        /// How many lists may stay.
        most: usize,
        /// How lists are removed.
        how: Prune,
    },
    /// The conclusion of each task. A task is written in a branch of its own and returns as `{"conclusion": …}`, so
    /// that only this is recomputed: exact. Branches are nested as deeply as tasks.
    Conclusions,
}

/// A tool call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call<'c> {
    /// Its name.
    pub tool: &'c str,
    /// Its parameters, in JSON.
    pub parameters: &'c str,
}

/// Answers tool calls; `None` if there is no reply yet.
type Tools<'a> = Box<dyn FnMut(Call<'_>) -> Option<String> + 'a>;

/// A tree of tasks that the model itself writes.
///
/// Text that ends before the tree is complete ends as [`Outcome::Invalid`].
pub struct Tasks<'a> {
    ground: Ground,
    words: Words,
    memory: Memory,
    turn: Turn,
    tools: Tools<'a>,
    /// Tools whose replies replace the conclusion of a task.
    verdicts: Vec<String>,
    reply_characters: usize,
    reader: Reader,
    text: Vec<Token>,
    /// Events found in the text and not handled yet.
    found: VecDeque<Found>,
    /// The nodes that write: the last one is active, the others wait for it.
    writers: Vec<TaskWriter>,
    /// A task whose branch is about to open.
    opening: Option<TaskWriter>,
    /// The constraint of the sequence to which a task has returned.
    constraint: Option<TurnConstraint>,
    /// Every finished piece, by its number less one: its range in the text.
    pieces: Vec<Range<usize>>,
    /// Finished lists in view: number, and range in the text.
    finished: VecDeque<(usize, Range<usize>)>,
    pruned: Vec<Pruned>,
    calls: usize,
    /// Whether the first event is a tool call that was made and has no reply yet.
    waits: bool,
}

impl<'a> Tasks<'a> {
    /// A tree of tasks. `turn` says how all of it is generated: its constraint is that of a form, see
    /// [`TaskForm::constraint`](crate::TaskForm::constraint); its bound on tokens applies to each sequence. The program
    /// sets its own stop texts. If tasks are branches, the bounds have to allow for the depth of the tree.
    ///
    /// # Errors
    /// If the model has no vocabulary, or one that cannot spell the keys.
    pub fn new(ground: Ground, model: &Arc<Model>, turn: Turn, memory: Memory) -> Result<Tasks<'a>, PromptError> {
        let words = Words::that_spell(model, &["{\"reasoning\": [\"thought\", \"subtasks\", \"conclusion\"]}\n"])?;
        let ends: &[&str] = match memory {
            Memory::Lists { .. } => &["], \"conclusion\"", "\"tool_result\":", "\"answer\":"],
            Memory::Conclusions => &["{\"thought\":", "\"}", "\"tool_result\":", "\"answer\":"],
        };
        let stop_texts = ends.iter().map(|end| (*end).to_owned()).collect();
        Ok(Tasks {
            ground,
            words,
            memory,
            turn: Turn { after: After::Hold, stop_texts, ..turn },
            tools: Box::new(|_| Some("there is no such tool".to_owned())),
            verdicts: Vec::new(),
            reply_characters: REPLY_CHARACTERS,
            reader: Reader::default(),
            text: Vec::new(),
            found: VecDeque::new(),
            writers: Vec::new(),
            opening: None,
            constraint: None,
            pieces: Vec::new(),
            finished: VecDeque::new(),
            pruned: Vec::new(),
            calls: 0,
            waits: false,
        })
    }

    /// Adds tools: `answer` is called for each tool call, and at most `reply_characters` of a reply are read. It has to
    /// be a function of the call alone. If it returns `None`, the tree waits until
    /// [`Running::wake`](crate::Running::wake) calls it again. The number of calls is a bound of the tree; the tool of
    /// [`recall_tool`] is answered by the program, and counts as well.
    pub fn with_tools(self, reply_characters: usize, answer: impl FnMut(Call<'_>) -> Option<String> + 'a) -> Tasks<'a> {
        Tasks { tools: Box::new(answer), reply_characters, ..self }
    }

    /// If a task is a branch that called one of these tools, the reply returns as `{"verdict": …}` in place of the
    /// conclusion that the model wrote; a task that called no tool itself returns the last verdict among its subtasks.
    /// Nothing that a model writes has that key.
    pub fn with_verdicts(self, tools: impl IntoIterator<Item = String>) -> Tasks<'a> {
        Tasks { verdicts: tools.into_iter().collect(), ..self }
    }

    fn root(&self) -> Option<NodeId> {
        self.writers.first().map(|writer| writer.node)
    }

    /// Appends tokens to the text of the last writer.
    fn append(&mut self, tokens: &[Token]) {
        for token in tokens {
            let found = self.reader.read(self.words.spelling(*token));
            self.found.extend(found);
            self.text.push(*token);
            if let Some(writer) = self.writers.last_mut() {
                writer.tail.push((*token, self.reader.bytes().len()));
            }
        }
    }

    /// Appends what the last writer generated to the text. Returns whether there was anything.
    fn absorb(&mut self, growth: &Growth) -> bool {
        let Some(writer) = self.writers.last_mut() else { return false };
        let Some(grown) = growth.node(writer.node) else { return false };
        let new = grown.tokens[writer.taken..].to_vec();
        writer.taken = grown.tokens.len();
        self.append(&new);
        !new.is_empty()
    }

    /// Handles the events found in the text, and lets the last writer continue.
    fn go_on(&mut self, engine: &mut Engine, growth: &mut Growth) -> Result<(), EngineError> {
        while let Some(found) = self.found.pop_front() {
            match (found, self.memory) {
                (Found::Asked { at, tool, parameters }, _) => return self.ask(engine, at, tool, parameters),
                (Found::Opened { at }, Memory::Conclusions) => return self.open(engine, at),
                (Found::Closed { end, conclusion }, Memory::Conclusions) => return self.close(engine, end, conclusion),
                (Found::Listed { from, end }, Memory::Lists { most, how }) => {
                    self.pieces.push(from..end);
                    self.finished.push_back((self.pieces.len(), from..end));
                    while self.finished.len() > most {
                        self.cut_oldest(engine, how)?;
                    }
                }
                (Found::Answered, _) => self.root().into_iter().for_each(|root| growth.begin_turn(root)),
                (Found::Opened { .. } | Found::Closed { .. } | Found::Listed { .. }, _) => {}
            }
        }
        let Some(writer) = self.writers.last() else { return Ok(()) };
        if self.reader.is_complete() {
            return engine.extend(writer.node, &[], Then::Conclude);
        }
        let (node, constraint) = (writer.node, self.constraint.take().unwrap_or_else(|| continued(&self.turn)));
        write_on(engine, node, &[], &self.turn, constraint)
    }

    /// Removes the oldest finished list from view. A list whose ends are not at token boundaries stays.
    fn cut_oldest(&mut self, engine: &mut Engine, how: Prune) -> Result<(), EngineError> {
        let (Some((number, range)), Some(writer)) = (self.finished.pop_front(), self.writers.last_mut()) else {
            return Ok(());
        };
        let Some(cut) = writer.property(&range) else { return Ok(()) };
        let (tokens, _) = engine.prune(writer.node, writer.base + cut.start..writer.base + cut.end, how)?;
        writer.tail.drain(cut);
        self.pruned.push(Pruned { number, tokens });
        Ok(())
    }

    /// Calls a tool and appends its reply; if there is none yet, the call stays the first event.
    fn ask(
        &mut self,
        engine: &mut Engine,
        at: usize,
        tool: Range<usize>,
        parameters: Range<usize>,
    ) -> Result<(), EngineError> {
        let Some(node) = self.writers.last().map(|writer| writer.node) else { return Ok(()) };
        if !std::mem::take(&mut self.waits) {
            engine.count_call(node)?;
        }
        let bytes = self.reader.bytes();
        let text = |range: &Range<usize>| String::from_utf8_lossy(&bytes[range.clone()]).into_owned();
        let name: String = serde_json::from_str(&text(&tool)).unwrap_or_default();
        let given = text(&parameters);
        let call = Call { tool: &name, parameters: &given };
        let reply = if call.tool == RECALL { Some(self.recalled(call.parameters)) } else { (self.tools)(call) };
        let Some(reply) = reply else {
            self.waits = true;
            self.found.push_front(Found::Asked { at, tool, parameters });
            return Ok(());
        };
        self.calls += 1;
        let reply: String = reply.chars().take(self.reply_characters).collect();
        if let Some(writer) = self.writers.last_mut() {
            writer.asked = true;
            writer.verdict = self.verdicts.contains(&name).then(|| reply.clone());
        }
        let reply = format!(" {}", Json::from(reply));
        // The last token may include the first characters of a reply.
        let there = self.reader.bytes()[at..].to_vec();
        let Some(rest) = reply.as_bytes().strip_prefix(there.as_slice()) else {
            return self.end(engine, Outcome::Invalid);
        };
        let tokens = self.words.text(&String::from_utf8_lossy(rest))?;
        self.append(&tokens);
        write_on(engine, node, &tokens, &self.turn, continued(&self.turn))
    }

    /// The piece of text with this number.
    fn recalled(&self, parameters: &str) -> String {
        let parameters: Json = serde_json::from_str(parameters).unwrap_or_default();
        let number = parameters["number"].as_u64().and_then(|number| usize::try_from(number).ok());
        let piece = number.and_then(|number| self.pieces.get(number.checked_sub(1)?));
        let text = piece.map(|piece| String::from_utf8_lossy(&self.reader.bytes()[piece.clone()]).into_owned());
        text.map_or_else(
            || format!("there are {} finished pieces", self.pieces.len()),
            |text| text.trim_start_matches([',', ' ']).to_owned(),
        )
    }

    /// Opens a branch for a task that begins at a byte. What the writer has already read of it moves there.
    fn open(&mut self, engine: &mut Engine, at: usize) -> Result<(), EngineError> {
        let Some(writer) = self.writers.last() else { return Ok(()) };
        let (node, constraint) = (writer.node, engine.constraint(writer.node));
        let (count, ends_there) = writer.tokens_to(at);
        let before = count.checked_sub(1).map_or(writer.begin, |last| writer.tail[last].1);
        let text = |range: Range<usize>| String::from_utf8_lossy(&self.reader.bytes()[range]).into_owned();
        // If a token spans the bracket, both sides are tokenized anew.
        let (left, right) = if ends_there {
            (Vec::new(), writer.tail[count..].iter().map(|(token, _)| *token).collect())
        } else {
            (self.words.text(&text(before..at))?, self.words.text(&text(at..self.reader.bytes().len()))?)
        };
        let tail = self.placed(at, &right);
        let kept = self.placed(before, &left);
        let range = writer.base + count..writer.base + writer.tail.len();
        engine.prune(node, range, Prune::Recompute)?;
        if !left.is_empty() {
            engine.extend(node, &left, Then::Hold)?;
        }
        let Some(writer) = self.writers.last_mut() else { return Ok(()) };
        writer.tail.truncate(count);
        writer.tail.extend(kept);
        let base = writer.base + writer.tail.len();
        self.opening = Some(TaskWriter { base, begin: at, tail, ..TaskWriter::new(node) });
        let then = Then::Generate(Turn { constraint, ..self.turn.clone() });
        let branch = Branch { tokens: right, then, allowance: engine.allowance(node) };
        let join = Join::Value(Conclusion::Behind(self.words.text(MARK)?));
        engine.spawn(node, Spawn { branches: vec![branch], join, needs: 0, close: Vec::new(), then: Then::Hold })
    }

    /// Returns the conclusion of the task that ends at a byte, with the text that was read after it.
    fn close(&mut self, engine: &mut Engine, end: usize, conclusion: Range<usize>) -> Result<(), EngineError> {
        let bytes = self.reader.bytes();
        let text = |range: Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
        let verdict = self.writers.last().and_then(|writer| writer.verdict.clone());
        let value = match &verdict {
            Some(verdict) => json!({ "verdict": verdict }).to_string(),
            None => format!("{{\"conclusion\": {}}}", text(conclusion)),
        };
        let value = self.words.text(&value)?;
        let rest = self.words.text(&text(end..bytes.len()))?;
        let tail = value.iter().map(|token| (*token, end)).chain(self.placed(end, &rest));
        let (tail, mark) = (tail.collect::<Vec<_>>(), self.words.text(MARK)?);
        // A task without a branch would be the root's own, which is not a tree of tasks.
        if self.writers.len() < 2 {
            return self.end(engine, Outcome::Invalid);
        }
        let (Some(done), Some(above)) = (self.writers.pop(), self.writers.last_mut()) else { return Ok(()) };
        above.tail.extend(tail);
        if verdict.is_some() && !above.asked {
            above.verdict = verdict;
        }
        self.constraint = Some(engine.constraint(done.node));
        self.pieces.push(done.begin..end);
        let tokens = done.tail.into_iter().map(|(token, _)| token).collect();
        self.pruned.push(Pruned { number: self.pieces.len(), tokens });
        engine.extend(done.node, &[mark, value, rest].concat(), Then::Conclude)
    }

    /// Tokens with the bytes at which they end, if the first begins at byte `begin`.
    fn placed(&self, begin: usize, tokens: &[Token]) -> Vec<(Token, usize)> {
        let mut end = begin;
        let place = |token: &Token| {
            end += self.words.spelling(*token).len();
            (*token, end)
        };
        tokens.iter().map(place).collect()
    }

    /// Ends the tree.
    fn end(&self, engine: &mut Engine, outcome: Outcome) -> Result<(), EngineError> {
        self.root().map_or(Ok(()), |root| engine.stop(root, outcome))
    }

    fn held(&mut self, engine: &mut Engine, growth: &mut Growth) -> Result<(), EngineError> {
        // A turn that wrote nothing was ended by an end-of-text token, and would be again.
        if !self.absorb(growth) && self.constraint.is_none() && self.found.is_empty() {
            return self.end(engine, Outcome::Invalid);
        }
        self.go_on(engine, growth)
    }
}

impl Program for Tasks<'_> {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        let (base, then) = (self.ground.prefix.len(), Then::Generate(self.turn.clone()));
        let root = engine.submit(self.ground.request(then))?;
        self.writers.push(TaskWriter { base, ..TaskWriter::new(root) });
        Ok(root)
    }

    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError> {
        match event {
            Event::Opened { node, parent: Some(_) } => {
                self.writers.extend(self.opening.take().map(|writer| TaskWriter { node: *node, ..writer }));
                Ok(())
            }
            Event::Held { node } if self.writers.last().is_some_and(|writer| writer.node == *node) => {
                // All sequences write one text: an order refused to one of them ends the tree.
                self.held(engine, growth).or_else(|error| self.end(engine, error.outcome()))
            }
            Event::Finished { node, outcome } if self.writers.last().is_some_and(|writer| writer.node == *node) => {
                self.absorb(growth);
                if *outcome == Outcome::Concluded { Ok(()) } else { self.end(engine, outcome.clone()) }
            }
            _ => Ok(()),
        }
    }

    fn waiting(&self) -> Vec<NodeId> {
        self.writers.last().filter(|_| self.waits).map(|writer| writer.node).into_iter().collect()
    }

    fn wake(&mut self, engine: &mut Engine, growth: &mut Growth, node: NodeId) -> Result<(), EngineError> {
        if self.waiting() == [node] {
            self.go_on(engine, growth).or_else(|error| self.end(engine, error.outcome()))?;
        }
        Ok(())
    }

    fn text(&self) -> &[Token] {
        &self.text
    }

    fn pruned(&self) -> &[Pruned] {
        &self.pruned
    }

    fn calls(&self) -> usize {
        self.calls
    }
}

/// A text that does not occur in JSON on one line: what follows it returns from a branch.
const MARK: &str = "\n";
/// The name of the tool that the program answers itself.
const RECALL: &str = "recall";

/// A tool that shows a finished list or a finished task again: its name and the schema of its parameters, for
/// [`TaskForm::constraint`](crate::TaskForm::constraint). Pieces are numbered from 1 in order of completion; the reply
/// is the piece, in JSON.
pub fn recall_tool() -> (String, Json) {
    let number = json!({ "type": "integer", "minimum": 1, "maximum": 9999 });
    let parameters = json!({
        "type": "object",
        "properties": { "number": number },
        "required": ["number"],
        "additionalProperties": false,
    });
    (RECALL.to_owned(), parameters)
}
