//! The lines of an export: JSON objects, one per line. The format is described in FORMAT.md.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bytes::Writer;
use crate::proof::Proof;
use crate::record::{
    Checkpoint, Input, Mark, Node, NodeId, Outcome, Parameter, Run, RunId, ScopeId, ScopeRecord, Status, Theorem,
};

/// The name of the format in the first line.
pub(crate) const TITLE: &str = "theoremata-store";

/// The format version that this program writes, and the only one it reads.
pub(crate) const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderLine {
    pub(crate) format: String,
    pub(crate) version: u32,
    pub(crate) runs: usize,
}

/// A line after the first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Line {
    Run(RunLine),
    Input(InputLine),
    Cycle(CycleLine),
    Theorem(TheoremLine),
    Mark(MarkLine),
    Outcome(OutcomeLine),
    Checkpoint(CheckpointLine),
    End(EndLine),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunLine {
    pub(crate) id: String,
    pub(crate) options: String,
    pub(crate) inputs: usize,
    pub(crate) cycles: usize,
    pub(crate) status: String,
    pub(crate) digest: String,
    pub(crate) counts: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<TimesLine>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimesLine {
    pub(crate) started: String,
    pub(crate) finished: String,
    pub(crate) measures: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InputLine {
    name: String,
    /// The bytes, if they are UTF-8; otherwise `hex` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CycleLine {
    pub(crate) number: u32,
    pub(crate) theorems: usize,
    pub(crate) marks: usize,
    pub(crate) outcomes: usize,
    pub(crate) checkpoint: bool,
    /// All counts of the run after the cycle.
    pub(crate) counts: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TheoremLine {
    number: u32,
    statement: String,
    root: String,
    kind: String,
    corollary: bool,
    essential: bool,
    assumptions: Vec<String>,
    citations: Vec<u32>,
    subject: BTreeMap<String, String>,
    scopes: Vec<ScopeLine>,
    steps: Vec<StepLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeLine {
    parent: Option<u32>,
    variables: Vec<Arc<str>>,
    assumptions: Vec<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepLine {
    rule: Arc<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<ParameterLine>,
    conclusion: Arc<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    premises: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    substitution: Vec<Arc<str>>,
    scope: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ParameterLine {
    Number(u32),
    Text(Arc<str>),
    Scope(u32),
    Theorem(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkLine {
    theorem: u32,
    corollary: bool,
    essential: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutcomeLine {
    sequence: u64,
    statement: String,
    status: String,
    detail: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckpointLine {
    hex: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndLine {
    pub(crate) lines: u64,
    pub(crate) blake3: String,
}

impl RunLine {
    pub(crate) fn status(&self) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.words() == self.status)
    }

    pub(crate) fn new(run: &Run, cycles: usize, times: Option<TimesLine>) -> RunLine {
        RunLine {
            id: run.id.to_string(),
            options: run.options.clone(),
            inputs: run.inputs.len(),
            cycles,
            status: run.status.words().to_owned(),
            digest: NodeId(run.digest).to_string(),
            counts: run.counts.clone(),
            times,
        }
    }

    pub(crate) fn id(&self) -> Option<RunId> {
        RunId::parse(&self.id)
    }
}

impl InputLine {
    pub(crate) fn new(input: Input) -> InputLine {
        match String::from_utf8(input.bytes) {
            Ok(text) => InputLine { name: input.name, text: Some(text), hex: None },
            Err(error) => InputLine { name: input.name, text: None, hex: Some(hex(error.as_bytes())) },
        }
    }

    pub(crate) fn input(self) -> Result<Input, String> {
        let bytes = match (self.text, self.hex) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(digits)) => unhex(&digits).ok_or("`hex` holds something else than pairs of digits")?,
            _ => return Err("an input needs either `text` or `hex`".to_owned()),
        };
        Ok(Input { name: self.name, bytes })
    }
}

impl TheoremLine {
    /// `proof` is in canonical order, with the root last.
    pub(crate) fn new(theorem: Theorem, proof: &Proof) -> TheoremLine {
        let scopes: HashMap<ScopeId, u32> = proof.scopes().iter().zip(0..).map(|((id, _), at)| (*id, at)).collect();
        let steps: HashMap<NodeId, u32> = proof.nodes().iter().zip(0..).map(|((id, _), at)| (*id, at)).collect();
        let parameter = |parameter: &Parameter| match parameter {
            Parameter::Number(number) => ParameterLine::Number(*number),
            Parameter::Text(text) => ParameterLine::Text(text.clone()),
            Parameter::Scope(scope) => ParameterLine::Scope(scopes[scope]),
            Parameter::Theorem(number) => ParameterLine::Theorem(*number),
        };
        TheoremLine {
            number: theorem.number,
            statement: theorem.statement,
            root: theorem.root.to_string(),
            kind: theorem.kind,
            corollary: theorem.corollary,
            essential: theorem.essential,
            assumptions: theorem.assumptions,
            citations: theorem.citations,
            subject: theorem.subject,
            scopes: proof
                .scopes()
                .iter()
                .map(|(_, scope)| ScopeLine {
                    parent: scope.parent.map(|parent| scopes[&parent]),
                    variables: scope.variables.clone(),
                    assumptions: scope.assumptions.clone(),
                })
                .collect(),
            steps: proof
                .nodes()
                .iter()
                .map(|(_, node)| StepLine {
                    rule: node.rule.clone(),
                    parameters: node.parameters.iter().map(parameter).collect(),
                    conclusion: node.conclusion.clone(),
                    premises: node.premises.iter().map(|premise| steps[premise]).collect(),
                    substitution: node.substitution.clone(),
                    scope: scopes[&node.scope],
                })
                .collect(),
        }
    }

    pub(crate) fn theorem(self, cycle: u32) -> Result<(Theorem, Proof), String> {
        let root = NodeId::parse(&self.root).ok_or("`root` is not an id")?;
        let mut proof = Proof::new();
        let mut scopes: Vec<ScopeId> = Vec::new();
        let find = |scopes: &[ScopeId], at: u32| {
            scopes.get(at as usize).copied().ok_or_else(|| format!("scope {at} does not stand before what names it"))
        };
        for line in self.scopes {
            let parent = line.parent.map(|parent| find(&scopes, parent)).transpose()?;
            let scope = ScopeRecord { parent, variables: line.variables, assumptions: line.assumptions };
            scopes.push(proof.add_scope(scope).map_err(|error| error.to_string())?);
        }
        let mut steps: Vec<NodeId> = Vec::new();
        let mut buffer = Writer::default();
        for line in self.steps {
            let parameters = line.parameters.into_iter().map(|parameter| {
                Ok(match parameter {
                    ParameterLine::Number(number) => Parameter::Number(number),
                    ParameterLine::Text(text) => Parameter::Text(text),
                    ParameterLine::Scope(scope) => Parameter::Scope(find(&scopes, scope)?),
                    ParameterLine::Theorem(number) => Parameter::Theorem(number),
                })
            });
            let premises = line.premises.into_iter().map(|premise| {
                let found = steps.get(premise as usize).copied();
                found.ok_or_else(|| format!("step {premise} does not stand before what rests on it"))
            });
            let node = Node {
                rule: line.rule,
                parameters: parameters.collect::<Result<_, String>>()?,
                conclusion: line.conclusion,
                premises: premises.collect::<Result<_, String>>()?,
                substitution: line.substitution,
                scope: find(&scopes, line.scope)?,
            };
            steps.push(proof.add_with(node, &mut buffer).map_err(|error| error.to_string())?);
        }
        if steps.last() != Some(&root) {
            return Err("the steps do not have the hash of the root".to_owned());
        }
        let theorem = Theorem {
            number: self.number,
            cycle,
            statement: self.statement,
            root,
            kind: self.kind,
            corollary: self.corollary,
            essential: self.essential,
            assumptions: self.assumptions,
            citations: self.citations,
            subject: self.subject,
        };
        Ok((theorem, proof))
    }
}

impl MarkLine {
    pub(crate) fn new(mark: &Mark) -> MarkLine {
        MarkLine { theorem: mark.number, corollary: mark.corollary, essential: mark.essential }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { number: self.theorem, corollary: self.corollary, essential: self.essential }
    }
}

impl OutcomeLine {
    pub(crate) fn new(outcome: Outcome) -> OutcomeLine {
        let Outcome { sequence, statement, status, detail, .. } = outcome;
        OutcomeLine { sequence, statement, status, detail }
    }

    pub(crate) fn outcome(self, cycle: u32) -> Outcome {
        let OutcomeLine { sequence, statement, status, detail } = self;
        Outcome { sequence, cycle, statement, status, detail }
    }
}

impl CheckpointLine {
    pub(crate) fn new(checkpoint: &Checkpoint) -> CheckpointLine {
        CheckpointLine { hex: hex(&checkpoint.bytes) }
    }

    pub(crate) fn bytes(&self) -> Result<Vec<u8>, String> {
        unhex(&self.hex).ok_or_else(|| "`hex` holds something else than pairs of digits".to_owned())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some((digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?) as u8)).collect()
}
