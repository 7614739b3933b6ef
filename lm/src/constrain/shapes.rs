//! The two formats in which a model may write a tree of reasoning by itself: tasks in JSON, and tags.

use serde_json::{Value as Json, json};

use super::constraint::{ConstraintError, TurnConstraint};
use super::grammar::Grammars;
use super::mpl::quoted;
use crate::text::tokenizer::Tokenizer;

/// The largest number of levels or branches.
const BOUND: usize = 64;
/// The largest bound on the characters of a text: each character is a lexer state.
const CHARACTERS: usize = 4096;
/// The largest number of blocks in a grammar of tags.
const BLOCKS: usize = 1000;

/// The format of a tree of tasks in JSON: `reasoning`, a list of tasks, and then an `answer`.
///
/// A task has a `thought`, may call a tool, may have subtasks, and ends with a `conclusion`, in this order; tasks at
/// the last level have only a thought and a conclusion. Source: Luo et al. 2025, *Beyond Context Limits: Subconscious
/// Threads for Long-Horizon Reasoning*, with the recursion unrolled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskForm {
    /// The largest number of levels.
    pub levels: usize,
    /// The largest number of tasks in a list.
    pub width: usize,
    /// The largest number of characters of a thought, a conclusion and the answer. Without a bound, a model that never
    /// ends a string never ends a task.
    pub characters: Option<usize>,
}

impl TaskForm {
    /// The schema. Each tool is given by its name and the schema of its parameters. The reply of a tool is an unbounded
    /// string in `tool_result`.
    pub fn schema(&self, tools: &[(String, Json)]) -> Result<Json, ConstraintError> {
        let TaskForm { levels, width, characters } = *self;
        if !(1..=BOUND).contains(&levels) || !(1..=BOUND).contains(&width) {
            return Err(ConstraintError::Bound { what: "levels or width", bound: BOUND });
        }
        bounded_text(characters)?;
        let text = match characters {
            Some(characters) => json!({ "type": "string", "maxLength": characters }),
            None => json!({ "type": "string" }),
        };
        let mut definitions = serde_json::Map::new();
        for level in 1..=levels {
            let mut properties = vec![("thought", text.clone())];
            if level < levels {
                if !tools.is_empty() {
                    properties.push(("tooluse", json!({ "anyOf": tools.iter().map(tool_use).collect::<Vec<_>>() })));
                }
                let below = format!("#/$defs/task{}", level + 1);
                let tasks = json!({ "type": "array", "items": { "$ref": below }, "minItems": 1, "maxItems": width });
                properties.push(("subtasks", tasks));
            }
            properties.push(("conclusion", text.clone()));
            let properties: serde_json::Map<String, Json> =
                properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
            let task = json!({
                "type": "object",
                "properties": properties,
                "required": ["thought", "conclusion"],
                "additionalProperties": false,
            });
            definitions.insert(format!("task{level}"), task);
        }
        let first = json!({ "type": "array", "items": { "$ref": "#/$defs/task1" }, "minItems": 1, "maxItems": width });
        Ok(json!({
            "type": "object",
            "properties": { "reasoning": first, "answer": text },
            "required": ["reasoning", "answer"],
            "additionalProperties": false,
            "$defs": definitions,
        }))
    }

    /// The constraint to such a tree. Build it once per vocabulary, and clone it.
    pub fn constraint(
        &self,
        tokenizer: &Tokenizer,
        tools: &[(String, Json)],
    ) -> Result<TurnConstraint, ConstraintError> {
        Ok(Grammars::new(tokenizer)?.json_schema(&self.schema(tools)?)?.into())
    }
}

/// The schema of a tool call with its reply.
fn tool_use((name, parameters): &(String, Json)) -> Json {
    json!({
        "type": "object",
        "properties": { "tool_name": { "const": name }, "parameters": parameters, "tool_result": { "type": "string" } },
        "required": ["tool_name", "parameters", "tool_result"],
        "additionalProperties": false,
    })
}

fn bounded_text(characters: Option<usize>) -> Result<(), ConstraintError> {
    match characters {
        Some(characters) if !(1..=CHARACTERS).contains(&characters) => {
            Err(ConstraintError::Bound { what: "characters", bound: CHARACTERS })
        }
        _ => Ok(()),
    }
}

/// The tags of Multiverse: `<Parallel>` opens a block of outlines, paths and a conclusion.
///
/// Every separator is inside a span: `</Path>` is followed by the next `<Path>` immediately, so no token between two
/// paths sees the one and is seen by the other. There are as many paths as outlines, with the same numbers. Source:
/// Yang et al. 2025, *Multiverse: Your Language Models Secretly Decide How to Parallelize and Merge Generation*,
/// without the newline between paths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Multiverse {
    /// The largest number of outlines in a block.
    pub width: usize,
    /// The deepest nesting of blocks.
    pub depth: usize,
    /// The largest number of consecutive blocks, in the thought and in each path.
    pub blocks: Option<usize>,
    /// The largest number of characters of a text between two tags.
    pub characters: Option<usize>,
}

impl Multiverse {
    /// A grammar in the notation of [`Grammars::lark`](crate::Grammars::lark): a thought with blocks, then an answer.
    /// Tags that are control tokens of the vocabulary are written as these tokens. Text between tags contains no `<`.
    pub fn grammar(&self, tokenizer: &Tokenizer) -> Result<String, ConstraintError> {
        let blocks = (0..self.depth as u32).try_fold(0usize, |sum, level| {
            self.width.checked_pow(level).and_then(|more| sum.checked_add(more)).filter(|sum| *sum <= BLOCKS)
        });
        if !(1..=BOUND).contains(&self.width) || self.depth > BOUND || blocks.is_none() {
            return Err(ConstraintError::Bound { what: "blocks", bound: BLOCKS });
        }
        bounded_text(self.characters)?;
        if self.blocks.is_some_and(|blocks| !(1..=BOUND).contains(&blocks)) {
            return Err(ConstraintError::Bound { what: "blocks one after the other", bound: BOUND });
        }
        let times = self.characters.map_or("+".to_owned(), |most| format!("{{1,{most}}}"));
        let tag = |name: &str| {
            let known = tokenizer.steering().any(|(other, _)| other == name);
            if known { name.to_owned() } else { quoted(name) }
        };
        let (thought, thought_end) = (tag("<Think>"), tag("</Think>"));
        let body = if self.depth > 0 { self.body("block") } else { "TEXT?".to_owned() };
        let mut rules = vec![
            format!("start: {thought} \"\\n\" {body} {thought_end} TEXT?"),
            format!("TEXT: /[^<]{times}/"),
            format!("LINE: /[^<\\n]{times}/"),
        ];
        if self.depth > 0 {
            self.block(&mut rules, "", 1, &tag);
        }
        Ok(rules.join("\n"))
    }

    /// The constraint to this format. No token spans the end of a path or a goal. Build it once per vocabulary, and
    /// clone it.
    pub fn constraint(&self, tokenizer: &Tokenizer) -> Result<TurnConstraint, ConstraintError> {
        Ok(Grammars::of_tags(tokenizer)?.lark(&self.grammar(tokenizer)?)?.into())
    }

    /// Text that may contain blocks of this rule.
    fn body(&self, block: &str) -> String {
        let times = self.blocks.map_or("*".to_owned(), |most| format!("{{0,{most}}}"));
        format!("TEXT? ({block} TEXT?){times}")
    }

    /// The rules of the block whose outlines have numbers with this prefix, such as `2.`, and of the blocks below it.
    fn block(&self, rules: &mut Vec<String>, prefix: &str, level: usize, tag: &impl Fn(&str) -> String) {
        let suffix = prefix.replace('.', "_");
        let count = |name: &str, count: usize| {
            (1..=count).map(|place| format!("{name}{suffix}_{place}")).collect::<Vec<_>>().join(" ")
        };
        let ways: Vec<String> = (1..=self.width)
            .map(|paths| format!("{} {} {}", count("outline", paths), tag("</Goal>"), count("path", paths)))
            .collect();
        rules.push(format!(
            "block{suffix}: {} \"\\n\" {} \"\\n\" (LINE \"\\n\")? ({}) {} \"\\n\" TEXT {} \"\\n\" {} \"\\n\"",
            tag("<Parallel>"),
            tag("<Goal>"),
            ways.join(" | "),
            tag("<Conclusion>"),
            tag("</Conclusion>"),
            tag("</Parallel>"),
        ));
        for place in 1..=self.width {
            let number = quoted(&format!("{prefix}{place}:"));
            rules.push(format!(
                "outline{suffix}_{place}: {} \"\\n\" {number} LINE \"\\n\" {} \"\\n\"",
                tag("<Outline>"),
                tag("</Outline>"),
            ));
            let body = if level < self.depth {
                self.block(rules, &format!("{prefix}{place}."), level + 1, tag);
                self.body(&format!("block{suffix}{place}_"))
            } else {
                "TEXT".to_owned()
            };
            rules.push(format!("path{suffix}_{place}: {} \"\\n\" {number} {body} {}", tag("<Path>"), tag("</Path>")));
        }
    }
}
