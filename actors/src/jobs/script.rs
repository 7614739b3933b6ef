//! Scripts: programs given as data, as a list of steps with branches that have steps of their own.

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::output_format::OutputFormat;
use super::tools::Tool;

/// Maximal number of steps of a script, those of branches and loops counted once.
const MOST_STEPS: usize = 1000;
/// Maximal nesting of forks.
const DEEPEST: usize = 8;
/// Maximal number of branches of nested forks.
const WIDEST: usize = 4096;
/// Maximal number of iterations of a loop.
const MOST_ROUNDS: usize = 1000;

/// A program as data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The steps of the root, which has read the question.
    pub steps: Vec<Step>,
}

/// One step of a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The node reads a text. In it, `{item}` stands for the item of the branch, and `{last}` for the last output.
    Say(String),
    /// The model generates text.
    Generate(Generate),
    /// Opens branches and joins them.
    Fork(Fork),
    /// Repeats steps.
    Loop(Loop),
    /// Calls a tool; the node reads the reply, which becomes the last output.
    Tool(ToolCall),
    /// Waits for human approval; a refusal ends the node. The text is shown to the human, with `{item}` and `{last}` as
    /// in `say`; the node does not read it.
    Approve(String),
}

/// Generation parameters; defaults are those of the job.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Generate {
    /// Maximal number of tokens.
    pub max_tokens: Option<usize>,
    /// Divides the logits; 0 is greedy decoding.
    pub temperature: Option<f32>,
    /// Additional stop strings.
    pub stop: Vec<String>,
    /// A regular expression that the whole text must match.
    pub regex: Option<String>,
    /// A JSON Schema that the text must satisfy.
    pub json_schema: Option<Json>,
}

/// A fork: exactly one of `count`, `each` and `lines` gives the number of branches.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// This many branches, which differ in their samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// One branch for each of these items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Vec<String>>,
    /// One branch for each line of the last output, at most this many. Without lines there are no branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<usize>,
    /// The steps of a branch.
    pub steps: Vec<Step>,
    /// How the branches are joined.
    pub join: JoinForm,
}

/// How branches are joined.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinForm {
    /// What the node sees of the branches.
    pub mode: Mode,
    /// The selection policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Minimal number of branches that must finish; with fewer, the node fails. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<usize>,
    /// Separator after the result of each branch, for `value` and `splice`. Default: a newline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<String>,
}

/// What a node sees of its branches: the five join modes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The last output of each, recomputed.
    Value,
    /// The last output of each, with its KV cache moved: approximate.
    Splice,
    /// The whole text of each, recomputed as one text.
    Replay,
    /// The whole text of each, side by side without recomputation; needs a model trained for it.
    Stitch,
    /// The whole text of one.
    Select,
}

/// Which of the finished branches is selected. Ties go to the first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Policy {
    /// The one with the fewest tokens.
    Shortest,
    /// The one with the highest mean log-probability of its tokens.
    Best,
    /// One with the most frequent answer.
    Vote {
        /// The part of an answer that votes: the last match of this regular expression, or of its first group if it has
        /// one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// Minimal number of answers that must agree.
        #[serde(default = "one")]
        least: usize,
    },
    /// Like `vote`, but each vote is weighted by a tool's reply to `{"answer": …}`: a number of at least 0.
    Weighted {
        /// The tool.
        tool: String,
        /// The part of an answer that votes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
    },
    /// The one with the highest number in a tool's reply: best of n.
    Highest {
        /// The tool.
        tool: String,
    },
    /// The first with a match of a regular expression, or to which a tool replies `true`; later ones are cancelled.
    Accepted {
        /// The regular expression.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// The tool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
    },
    /// The first statement that the prover proves, regardless of votes. If none is proved, the first that stays open.
    /// Refuted or malformed statements are never selected.
    Checked {
        /// The prover's tool.
        #[serde(default = "judge")]
        tool: String,
    },
    /// One of the most frequent, where statements are counted as equal if the prover shows them equivalent. Malformed
    /// statements do not vote.
    Equivalent {
        /// The prover's tool.
        #[serde(default = "equivalent")]
        tool: String,
        /// The part of an answer that votes: the last match of this regular expression, or of its first group if it has
        /// one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// Minimal number of answers that must agree.
        #[serde(default = "one")]
        least: usize,
    },
}

fn judge() -> String {
    "judge".to_owned()
}

fn equivalent() -> String {
    "equivalent".to_owned()
}

fn one() -> usize {
    1
}

/// A loop.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loop {
    /// Maximal number of iterations.
    pub most: usize,
    /// Ends the loop once this regular expression matches in the last output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A tool call.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its parameters; `{item}` and `{last}` in their strings are replaced as in `say`.
    #[serde(default)]
    pub parameters: serde_json::Map<String, Json>,
}

/// An error in a script: where, what, and how to correct it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {wrong}")]
pub struct ScriptError {
    /// The path, such as `steps[1].fork.join`.
    pub place: String,
    /// What is wrong, and what is expected.
    pub wrong: String,
}

/// Validates the steps of a job with these tools.
///
/// # Errors
/// If a number is out of range, a regular expression is malformed, a policy does not fit its mode, or a tool is
/// unknown.
pub(super) fn check(steps: &[Step], tools: &[Tool]) -> Result<(), ScriptError> {
    Checker { tools, steps: 0 }.steps("steps", steps, 0, 1)
}

struct Checker<'s> {
    tools: &'s [Tool],
    steps: usize,
}

fn wrong<T>(place: &str, wrong: impl Into<String>) -> Result<T, ScriptError> {
    Err(ScriptError { place: place.to_owned(), wrong: wrong.into() })
}

fn within(place: &str, number: usize, most: usize) -> Result<(), ScriptError> {
    if (1..=most).contains(&number) {
        return Ok(());
    }
    wrong(place, format!("{number} is not between 1 and {most}"))
}

fn expression(place: &str, expression: Option<&String>) -> Result<(), ScriptError> {
    let read = expression.map_or(Ok(()), |expression| Regex::new(expression).map(|_| ()));
    read.or_else(|error| wrong(place, format!("the expression cannot be read: {error}")))
}

impl Checker<'_> {
    fn steps(&mut self, place: &str, steps: &[Step], depth: usize, width: usize) -> Result<(), ScriptError> {
        if steps.is_empty() {
            return wrong(place, "there is no step: at least one is needed, such as {\"generate\": {}}");
        }
        for (number, step) in steps.iter().enumerate() {
            let place = format!("{place}[{number}]");
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return wrong(&place, format!("a program has at most {MOST_STEPS} steps"));
            }
            match step {
                Step::Say(_) | Step::Approve(_) => {}
                Step::Generate(generate) => self.generate(&format!("{place}.generate"), generate)?,
                Step::Tool(call) => self.tool(&format!("{place}.tool.name"), &call.name)?,
                Step::Loop(Loop { most, until, steps }) => {
                    within(&format!("{place}.loop.most"), *most, MOST_ROUNDS)?;
                    expression(&format!("{place}.loop.until"), until.as_ref())?;
                    let all = width.saturating_mul(*most);
                    within(&format!("{place}.loop.most"), all, WIDEST)?;
                    self.steps(&format!("{place}.loop.steps"), steps, depth, all)?;
                }
                Step::Fork(fork) => {
                    let place = format!("{place}.fork");
                    let ways = [fork.count, fork.each.as_ref().map(Vec::len), fork.lines];
                    let [count] = ways.into_iter().flatten().collect::<Vec<_>>()[..] else {
                        return wrong(
                            &place,
                            "just one of `count`, `each` and `lines` says how many branches there are",
                        );
                    };
                    let all = width.saturating_mul(count);
                    within(&place, count, WIDEST)?;
                    if all > WIDEST || depth == DEEPEST {
                        return wrong(
                            &place,
                            format!("at most {WIDEST} branches in all rounds, {DEEPEST} one in another"),
                        );
                    }
                    self.steps(&format!("{place}.steps"), &fork.steps, depth + 1, all)?;
                    self.join(&format!("{place}.join"), &fork.join)?;
                }
            }
        }
        Ok(())
    }

    fn generate(&self, place: &str, generate: &Generate) -> Result<(), ScriptError> {
        if generate.max_tokens == Some(0) {
            return wrong(&format!("{place}.max_tokens"), "0 tokens are no answer: at least 1 is needed");
        }
        if generate.temperature.is_some_and(|warmth| !(warmth >= 0.0 && warmth.is_finite())) {
            return wrong(&format!("{place}.temperature"), "a number of at least 0 is needed");
        }
        if generate.regex.is_some() && generate.json_schema.is_some() {
            return wrong(place, "`regex` and `json_schema` do not go together");
        }
        Ok(())
    }

    fn join(&self, place: &str, join: &JoinForm) -> Result<(), ScriptError> {
        let at = format!("{place}.policy");
        match (join.mode, &join.policy) {
            (Mode::Select, None) => {
                return wrong(
                    &at,
                    "`select` needs a policy: shortest, best, vote, weighted, highest, accepted, checked or equivalent",
                );
            }
            (Mode::Select, Some(_)) | (_, None) => {}
            (_, Some(_)) => return wrong(&at, "a policy selects a branch, and goes with the mode `select` alone"),
        }
        match &join.policy {
            None | Some(Policy::Shortest | Policy::Best) => Ok(()),
            Some(Policy::Vote { pattern, least }) => {
                within(&format!("{at}.vote.least"), *least, WIDEST)?;
                expression(&format!("{at}.vote.pattern"), pattern.as_ref())
            }
            Some(Policy::Weighted { tool, pattern }) => {
                self.tool(&format!("{at}.weighted.tool"), tool)?;
                expression(&format!("{at}.weighted.pattern"), pattern.as_ref())
            }
            Some(Policy::Checked { tool }) => self.prover(&format!("{at}.checked.tool"), tool),
            Some(Policy::Equivalent { tool, pattern, least }) => {
                self.prover(&format!("{at}.equivalent.tool"), tool)?;
                within(&format!("{at}.equivalent.least"), *least, WIDEST)?;
                expression(&format!("{at}.equivalent.pattern"), pattern.as_ref())
            }
            Some(Policy::Highest { tool }) => self.tool(&format!("{at}.highest.tool"), tool),
            Some(Policy::Accepted { pattern, tool }) => match (pattern, tool) {
                (Some(_), None) => expression(&format!("{at}.accepted.pattern"), pattern.as_ref()),
                (None, Some(tool)) => self.tool(&format!("{at}.accepted.tool"), tool),
                _ => wrong(&format!("{at}.accepted"), "one of `pattern` and `tool` is needed"),
            },
        }
    }

    fn tool(&self, place: &str, name: &str) -> Result<(), ScriptError> {
        if self.tools.iter().any(|tool| tool.name == name) {
            return Ok(());
        }
        let names: Vec<&str> = self.tools.iter().map(|tool| tool.name.as_str()).collect();
        let known = if names.is_empty() { "there is none".to_owned() } else { names.join(", ") };
        wrong(place, format!("there is no tool `{name}`; tools come with --tools and --theory ({known})"))
    }

    /// Requires a tool of the prover.
    fn prover(&self, place: &str, name: &str) -> Result<(), ScriptError> {
        if self.tools.iter().any(|tool| tool.name == name && tool.prover.is_some()) {
            return Ok(());
        }
        wrong(place, format!("`{name}` is no tool of a prover: name a theory, on the command line with --theory"))
    }
}

impl Generate {
    /// The constraint of this generation, if it has one.
    pub(super) fn shape(&self) -> Option<OutputFormat> {
        let schema = self.json_schema.clone().map(OutputFormat::JsonSchema);
        schema.or_else(|| self.regex.clone().map(OutputFormat::Regex))
    }
}

impl Script {
    /// The constraints of all generations in its steps.
    pub(super) fn shapes(&self) -> Vec<OutputFormat> {
        fn of(steps: &[Step], shapes: &mut Vec<OutputFormat>) {
            for step in steps {
                match step {
                    Step::Generate(generate) => shapes.extend(generate.shape()),
                    Step::Fork(Fork { steps, .. }) | Step::Loop(Loop { steps, .. }) => of(steps, shapes),
                    Step::Say(_) | Step::Tool(_) | Step::Approve(_) => {}
                }
            }
        }
        let mut shapes = Vec::new();
        of(&self.steps, &mut shapes);
        shapes
    }
}

/// Nesting depth of forks.
pub(super) fn depth(steps: &[Step]) -> usize {
    let below = |step: &Step| match step {
        Step::Fork(fork) => 1 + depth(&fork.steps),
        Step::Loop(repeated) => depth(&repeated.steps),
        _ => 0,
    };
    steps.iter().map(below).max().unwrap_or(0)
}

/// Maximal number of branches: of nested forks with `together`, else of a single fork.
pub(super) fn width(steps: &[Step], together: bool) -> usize {
    let below = |step: &Step| match step {
        Step::Fork(fork) => {
            let own = fork.count.or(fork.lines).or(fork.each.as_ref().map(Vec::len)).unwrap_or(0);
            let inner = width(&fork.steps, together);
            if together { own.saturating_mul(inner.max(1)) } else { own.max(inner) }
        }
        Step::Loop(repeated) => width(&repeated.steps, together),
        _ => 0,
    };
    steps.iter().map(below).max().unwrap_or(0)
}

/// Maximal tokens that the steps may generate, if a generation without a limit has this one.
pub(super) fn tokens(steps: &[Step], most: usize) -> usize {
    let of = |step: &Step| match step {
        Step::Say(_) | Step::Tool(_) | Step::Approve(_) => 0,
        Step::Generate(generate) => generate.max_tokens.unwrap_or(most),
        Step::Loop(repeated) => repeated.most.saturating_mul(tokens(&repeated.steps, most)),
        Step::Fork(fork) => width(&[Step::Fork(Fork { steps: Vec::new(), ..fork.clone() })], false)
            .saturating_mul(tokens(&fork.steps, most)),
    };
    steps.iter().map(of).fold(0, usize::saturating_add)
}
