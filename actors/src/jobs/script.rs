//! A program as data: steps that a node takes one after the other, and branches that take steps of their own.

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::output_format::OutputFormat;
use super::tools::Tool;

/// Steps of a program at most, those of branches and loops counted once.
const MOST_STEPS: usize = 1000;
/// Branches one in another at most.
const DEEPEST: usize = 8;
/// Branches of all forks that stand one in another at most.
const WIDEST: usize = 4096;
/// Rounds of a loop at most.
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
    /// A text that the node reads. `{item}` in it stands for what its branch is about, `{last}` for what was said last.
    Say(String),
    /// The model writes.
    Generate(Generate),
    /// Branches are opened, and something of them comes back.
    Fork(Fork),
    /// Steps are taken again and again.
    Loop(Loop),
    /// A tool is asked, and the node reads its reply, which is what was said last then.
    Tool(ToolCall),
    /// The node waits until a person lets it go on; one who refuses ends it. The text says what is asked, with `{item}` and
    /// `{last}` as in `say`; the node does not read it.
    Approve(String),
}

/// How the model writes; what is left out is as the job says.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Generate {
    /// Tokens at most.
    pub max_tokens: Option<usize>,
    /// Divides the logits; 0 takes the most likely token.
    pub temperature: Option<f32>,
    /// Texts that end it, beside those of the job.
    pub stop: Vec<String>,
    /// An expression that it matches as a whole.
    pub regex: Option<String>,
    /// A schema that it fits, as JSON.
    pub json_schema: Option<Json>,
}

/// Branches: just one of `count`, `each` and `lines` says how many.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// So many, which differ in what they draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// One about each of these items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Vec<String>>,
    /// One about each line of what was said last, and so many at most. If there is no line, there is no branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<usize>,
    /// What a branch does.
    pub steps: Vec<Step>,
    /// What comes back.
    pub join: JoinForm,
}

/// What comes back of branches.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinForm {
    /// What the node goes on reading.
    pub mode: Mode,
    /// Which branch is selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// So many branches have to come to their end; with fewer, the node fails. 1 if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<usize>,
    /// Stands behind what each branch brings back, for `value` and `splice`. A line's end if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<String>,
}

/// What a node goes on reading of its branches: the five conventions of return.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What each wrote last.
    Value,
    /// The same, as it was computed: approximate.
    Splice,
    /// All of each, as one text.
    Replay,
    /// All of each, side by side; a model has to be trained for it.
    Stitch,
    /// All of one.
    Select,
}

/// Which branch is selected, of those that came to their end. The first of several that are equal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Policy {
    /// The one with the fewest tokens.
    Shortest,
    /// The likeliest: by the mean log-probability of its tokens.
    Best,
    /// One whose answer most agree on.
    Vote {
        /// What counts of an answer: what this expression finds last, its first group if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// So many have to agree.
        #[serde(default = "one")]
        least: usize,
    },
    /// The same, but each vote weighs what a tool replies to `{"answer": …}`: a number of at least 0.
    Weighted {
        /// The tool.
        tool: String,
        /// What counts of an answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
    },
    /// The one to which a tool replies with the highest number: best of n.
    Highest {
        /// The tool.
        tool: String,
    },
    /// The first in which an expression finds something, or to which a tool replies `true`; later ones are cancelled.
    Accepted {
        /// The expression.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// The tool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
    },
    /// A statement that the prover proves: the first of these, and no number of others beats it. If none is proved the first
    /// that stays open. What is refuted, or is no statement, is never selected.
    Checked {
        /// The prover's tool.
        #[serde(default = "judge")]
        tool: String,
    },
    /// One on which most agree, where statements count as one that the prover shows equivalent. What is no statement does not
    /// vote.
    Equivalent {
        /// The prover's tool.
        #[serde(default = "equivalent")]
        tool: String,
        /// What counts of an answer: what this expression finds last, its first group if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// So many have to agree.
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

/// Steps that are taken again and again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loop {
    /// So often at most.
    pub most: usize,
    /// Until this expression finds something in what was said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A call of a tool.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its parameters; `{item}` and `{last}` in their texts stand for what they stand for in `say`.
    #[serde(default)]
    pub parameters: serde_json::Map<String, Json>,
}

/// What is wrong with a program: where, what, and how it would be right.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {wrong}")]
pub struct ScriptError {
    /// The place, such as `steps[1].fork.join`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub wrong: String,
}

/// Whether steps are a program for a job with these tools.
///
/// # Errors
/// If a number is out of range, an expression cannot be read, a policy does not go with its mode, or a tool is not there.
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

    /// A tool whose verdicts are the prover's own.
    fn prover(&self, place: &str, name: &str) -> Result<(), ScriptError> {
        if self.tools.iter().any(|tool| tool.name == name && tool.prover.is_some()) {
            return Ok(());
        }
        wrong(place, format!("`{name}` is no tool of a prover: name a theory, on the command line with --theory"))
    }
}

impl Generate {
    /// What its text is restricted to, if it says so itself.
    pub(super) fn shape(&self) -> Option<OutputFormat> {
        let schema = self.json_schema.clone().map(OutputFormat::JsonSchema);
        schema.or_else(|| self.regex.clone().map(OutputFormat::Regex))
    }
}

impl Script {
    /// What texts of its steps are restricted to.
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

/// Forks one in another.
pub(super) fn depth(steps: &[Step]) -> usize {
    let below = |step: &Step| match step {
        Step::Fork(fork) => 1 + depth(&fork.steps),
        Step::Loop(repeated) => depth(&repeated.steps),
        _ => 0,
    };
    steps.iter().map(below).max().unwrap_or(0)
}

/// Branches of one fork, or of forks one in another, at most: `together` says which.
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

/// Tokens that steps may generate at most, if a generation that does not say has so many.
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
