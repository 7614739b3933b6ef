//! The tools by which a model calls the prover: names, parameters, replies.
//!
//! Theorems of a job are numbered from 1 in the order of proof, so that a citation takes few tokens. The numbers are a
//! function of the earlier calls, which the toolbox is given, so a resumed job has the same numbers.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::infix::Infix;

use super::examiner::{Examiner, Verdict};
use crate::jobs::{Called, Tool};

/// The tool that judges an answer, for `checked`.
pub const JUDGE: &str = "judge";
/// The tool that compares two statements, for `equivalent`.
pub const EQUIVALENT: &str = "equivalent";

/// Maximal number of theorems in a reply.
const MOST_NAMED: usize = 8;
/// Maximal number of lemmas of a call.
const MOST_LEMMAS: usize = 16;

/// The prover's tools, for the examiner with this id. With `judging`, also those that joins call and models need not
/// see.
#[must_use]
pub fn prover_tools(theory: &Theory, id: &str, judging: bool) -> Vec<Tool> {
    // Three variables, and terms of nesting depth two: a larger constraint is slow to build.
    let pattern = format!("^({})$", Infix::new(theory).expression(3, 2));
    let statement = json!({ "type": "string", "pattern": pattern });
    let using = json!({ "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 99 }, "maxItems": 4 });
    let words = json!({ "type": "string", "maxLength": 40 });
    let object = |properties: Json, required: &[&str]| {
        let (kind, closed) = ("object", false);
        json!({ "type": kind, "properties": properties, "required": required, "additionalProperties": closed })
    };
    let prove = object(json!({ "statement": statement, "using": using }), &["statement"]);
    let mut tools = vec![
        (
            "prove",
            "Proves a statement, such as {\"statement\": \"x = y → y = x\", \"using\": [1]} by theorem 1.",
            prove,
        ),
        (
            "refute",
            "Looks for a counterexample, such as {\"statement\": \"x = y\"}.",
            object(json!({ "statement": statement }), &["statement"]),
        ),
        ("explore", "Finds theorems, the most interesting first: {}.", object(json!({}), &[])),
        (
            "lookup",
            "Finds theorems in which all of these signs stand, such as {\"signs\": \"=\"}.",
            object(json!({ "signs": words }), &["signs"]),
        ),
    ];
    if judging {
        let text = json!({ "type": "string" });
        tools.push((JUDGE, "Judges an answer.", object(json!({ "answer": text }), &["answer"])));
        let two = object(json!({ "left": text, "right": text }), &["left", "right"]);
        tools.push((EQUIVALENT, "Says whether each of two statements follows from the other.", two));
    }
    let tool = |(name, description, parameters): (&str, &str, Json)| Tool {
        description: description.to_owned(),
        parameters,
        prover: Some(id.to_owned()),
        ..Tool::new(name, "")
    };
    tools.into_iter().map(tool).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prove {
    statement: String,
    #[serde(default)]
    using: Vec<Cited>,
}

/// A theorem of this job by number, or a statement.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cited {
    Number(u32),
    Statement(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refute {
    statement: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    signs: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    answer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    left: String,
    right: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Examiner {
    /// Answers a call of one of [`prover_tools`]. An invalid call gets an error message as its reply.
    #[must_use]
    pub fn reply(&self, tool: &str, parameters: &str, earlier: &[Called]) -> String {
        self.answer(tool, parameters, earlier).unwrap_or_else(|wrong| wrong)
    }

    fn answer(&self, tool: &str, parameters: &str, earlier: &[Called]) -> Result<String, String> {
        match tool {
            "prove" => {
                let known = self.known(earlier);
                let Asked { goal, lemmas } = asked(self, tool, parameters, &known)?;
                let verdict = self.examine(&lemmas, &goal).map_err(failed)?;
                Ok(self.told(&goal, &verdict, &known))
            }
            "refute" => {
                let Refute { statement } = read(tool, parameters)?;
                let counterexample = self.refute(&self.statement(&statement)?).map_err(failed)?;
                let none = || "not refuted: no counterexample was found, which proves nothing".to_owned();
                Ok(counterexample.map_or_else(none, |values| format!("refuted by {values}")))
            }
            "explore" => {
                let Nothing {} = read(tool, parameters)?;
                self.listed("", earlier)
            }
            "lookup" => {
                let Lookup { signs } = read(tool, parameters)?;
                self.listed(&signs, earlier)
            }
            JUDGE => {
                let Asked { goal, .. } = asked(self, tool, parameters, &[])?;
                let verdict = self.examine(&[], &goal).map_err(failed)?;
                Ok(self.told(&goal, &verdict, &[]))
            }
            EQUIVALENT => {
                let Pair { left, right } = read(tool, parameters)?;
                let (left, right) = (self.statement(&left)?, self.statement(&right)?);
                self.compared(&left, &right).map_err(failed)
            }
            other => Err(format!("there is no tool `{other}`")),
        }
    }

    fn statement(&self, text: &str) -> Result<Goal, String> {
        self.read(text).map_err(|wrong| format!("no statement: {wrong}"))
    }

    /// A verdict in words. Only proved statements are called theorems.
    fn told(&self, goal: &Goal, verdict: &Verdict, known: &[(u32, Goal)]) -> String {
        match verdict {
            Verdict::Proved { vacuous, .. } => {
                let number = number_of(goal, known).unwrap_or(known.len() as u32 + 1);
                let doubt = if *vacuous { " (its premises hold in no model that was looked at)" } else { "" };
                format!("theorem {number}: {}{doubt}", self.math(goal))
            }
            Verdict::Refuted { counterexample } => format!("refuted by {counterexample}"),
            Verdict::Open { why } => format!("open: {why}"),
        }
    }

    /// The laws of the theory that contain all of these signs.
    fn listed(&self, signs: &str, earlier: &[Called]) -> Result<String, String> {
        let mut known = self.known(earlier);
        let wanted: Vec<&str> = signs.split_whitespace().collect();
        let laws = self.laws().map_err(|why| failed(why.clone()))?;
        let found = laws.iter().filter(|law| wanted.iter().all(|sign| law.math.contains(sign)));
        let mut lines = Vec::new();
        for law in found.take(MOST_NAMED) {
            let goal = self.statement(&law.mpl)?;
            let number = number_of(&goal, &known).unwrap_or_else(|| {
                known.push((known.len() as u32 + 1, goal));
                known.len() as u32
            });
            lines.push(format!("theorem {number}: {}", law.math));
        }
        Ok(if lines.is_empty() { "no theorem was found".to_owned() } else { lines.join("\n") })
    }

    fn lemmas(&self, using: &[Cited], known: &[(u32, Goal)]) -> Result<Vec<Goal>, String> {
        if using.len() > MOST_LEMMAS {
            return Err(format!("`using` names {} theorems, and may name {MOST_LEMMAS}", using.len()));
        }
        let lemma = |cited: &Cited| match cited {
            Cited::Statement(text) => self.statement(text),
            Cited::Number(number) => {
                let there = || match known.len() {
                    0 => "nothing is proved yet".to_owned(),
                    count => format!("there are theorems 1 to {count}"),
                };
                let found = known.iter().find(|(known, _)| known == number);
                let (_, goal) = found.ok_or_else(|| format!("there is no theorem {number}: {}", there()))?;
                Ok(goal.clone())
            }
        };
        using.iter().map(lemma).collect()
    }

    /// The theorems of earlier calls, by number. A number counts only for a call of the prover's own tools whose
    /// statement agrees; a cited theorem is proved again in the run that uses it.
    pub(super) fn known(&self, earlier: &[Called]) -> Vec<(u32, Goal)> {
        let mut known: Vec<(u32, Goal)> = Vec::new();
        for Called { tool, parameters, reply } in earlier {
            let said: Vec<Goal> = match &**tool {
                "prove" if reply.starts_with("theorem ") => {
                    let goal = read::<Prove>(tool, parameters).and_then(|asked| self.read(&asked.statement));
                    goal.into_iter().collect()
                }
                "explore" | "lookup" => {
                    let laws = self.laws().unwrap_or_default();
                    let law = |line: &str| laws.iter().find(|law| line.ends_with(&format!(": {}", law.math)));
                    reply.lines().filter_map(law).filter_map(|law| self.read(&law.mpl).ok()).collect()
                }
                _ => Vec::new(),
            };
            for goal in said {
                if number_of(&goal, &known).is_none() {
                    known.push((known.len() as u32 + 1, goal));
                }
            }
        }
        known
    }
}

/// A statement to prove, with its lemmas.
pub(super) struct Asked {
    pub(super) goal: Goal,
    pub(super) lemmas: Vec<Goal>,
}

/// The request of a call, if its tool proves.
pub(super) fn asked(examiner: &Examiner, tool: &str, parameters: &str, known: &[(u32, Goal)]) -> Result<Asked, String> {
    if tool == JUDGE {
        let Judged { answer } = read(tool, parameters)?;
        return Ok(Asked { goal: examiner.statement(&answer)?, lemmas: Vec::new() });
    }
    if tool != "prove" {
        return Err(format!("`{tool}` proves nothing"));
    }
    let Prove { statement, using } = read(tool, parameters)?;
    Ok(Asked { lemmas: examiner.lemmas(&using, known)?, goal: examiner.statement(&statement)? })
}

/// The number of a statement, up to renaming of variables.
pub(super) fn number_of(goal: &Goal, known: &[(u32, Goal)]) -> Option<u32> {
    known.iter().find(|(_, other)| other.statement == goal.statement).map(|(number, _)| *number)
}

fn failed(why: String) -> String {
    format!("the prover failed: {why}")
}

fn read<'p, T: Deserialize<'p>>(tool: &str, parameters: &'p str) -> Result<T, String> {
    let wanted = match tool {
        "prove" => r#"{"statement": "x + y = y + x", "using": [1]}"#,
        "refute" => r#"{"statement": "x + y = y + x"}"#,
        "lookup" => r#"{"signs": "+ ="}"#,
        JUDGE => r#"{"answer": "x + y = y + x"}"#,
        EQUIVALENT => r#"{"left": "x = y", "right": "y = x"}"#,
        _ => "{}",
    };
    serde_json::from_str(parameters)
        .map_err(|error| format!("the parameters of `{tool}` are such as {wanted}: {error}"))
}
