//! Builds a job from the command line.

use std::path::Path;

use theoremata_actors::examine::{EQUIVALENT, JUDGE};
use theoremata_actors::jobs::{
    Accept, Forgetting, Fork, Generate, Job, JoinForm, Mode, OutputFormat, Policy, Program, Said, Script, Step,
    TokenChoice, Tool, View,
};

use theoremata_actors::remote_tools::RemoteTools;

use super::{Plan, ReasonArguments, ViewName};
use crate::cli::json;
use crate::exchange::input;
use crate::failure::Failure;

/// The contents of the files named on the command line.
#[derive(Default)]
pub(super) struct Asked {
    /// Earlier turns.
    pub(super) earlier: Vec<Said>,
    /// Premises of the questions.
    pub(super) premises: Vec<String>,
    /// Available tools.
    pub(super) tools: Vec<Tool>,
    /// A script of the user's own.
    pub(super) script: Option<Script>,
    /// The constraint on every answer.
    pub(super) shape: OutputFormat,
    /// The date for the chat template.
    pub(super) date: Option<String>,
}

impl Asked {
    /// Reads the files.
    pub(super) fn read(arguments: &ReasonArguments, remote: &RemoteTools) -> Result<Asked, Failure> {
        let script = arguments.script.as_deref().map(|path| json::read(path, "program")).transpose()?;
        let tools = arguments.tools.as_deref().map(|path| tools(path, remote)).transpose()?.unwrap_or_default();
        if let Some(tool) = tools.iter().find(|tool| tool.prover.is_some()) {
            let name = &tool.name;
            return Err(Failure::Usage(format!(
                "the tool `{name}`: the prover's tools come with --theory, not from a file"
            )));
        }
        let earlier = arguments.chat.earlier()?;
        let premises = arguments.premises.as_deref().map_or(Ok(Vec::new()), lines)?;
        Ok(Asked { script, tools, earlier, premises, ..Asked::default() })
    }
}

/// The tools in a file; MCP servers are queried for theirs.
fn tools(path: &Path, remote: &RemoteTools) -> Result<Vec<Tool>, Failure> {
    let list: Vec<serde_json::Value> = json::read(path, "list of tools")?;
    remote.read(list).map_err(|why| Failure::Usage(format!("{}: {why}", path.display())))
}

/// The name of the tool for `--score`.
const SCORE: &str = "score";

/// The job for a question.
pub(super) fn job(arguments: &ReasonArguments, prompt: String, items: &[String], asked: &Asked) -> Job {
    let plan = arguments.plan();
    let draws = matches!(plan, Plan::Vote | Plan::First | Plan::Best);
    let temperature = arguments.temperature.unwrap_or(if draws { 0.8 } else { 0.0 });
    let scores = arguments
        .score
        .as_ref()
        .filter(|_| matches!(plan, Plan::Vote | Plan::Best))
        .map(|command| Tool { seconds: arguments.check_seconds, ..Tool::new(SCORE, command) });
    let job = Job::new(prompt, program(arguments, items, asked), arguments.max_tokens.get());
    Job {
        earlier: asked.earlier.clone(),
        tools: asked.tools.iter().cloned().chain(scores).collect(),
        seed: arguments.seed,
        raw: arguments.raw,
        total_tokens: arguments.total_tokens,
        path_tokens: arguments.path_tokens,
        held_tokens: arguments.held_tokens,
        kv: arguments.kv,
        premises: asked.premises.clone(),
        layout: arguments.layout,
        seconds: arguments.seconds,
        tool_calls: arguments.tool_calls,
        choice: TokenChoice { temperature, top_k: arguments.top_k, top_p: arguments.top_p, min_p: arguments.min_p },
        system: arguments.system.clone(),
        date: asked.date.clone(),
        template_values: arguments.chat.values(),
        stop: arguments.stop.iter().filter(|stop| !stop.is_empty()).cloned().collect(),
        shape: asked.shape.clone(),
        ..job
    }
}

/// Several answers, of which a policy selects one.
fn selecting(count: usize, policy: Policy) -> Program {
    let join = JoinForm { mode: Mode::Select, policy: Some(policy), needs: None, between: None };
    let steps = vec![Step::Generate(Generate::default())];
    Program::Script(Script {
        steps: vec![Step::Fork(Fork { count: Some(count), each: None, lines: None, steps, join })],
    })
}

fn program(arguments: &ReasonArguments, items: &[String], asked: &Asked) -> Program {
    let samples = arguments.samples.get();
    let pattern = arguments.pattern.as_ref().map(|pattern| pattern.as_str().to_owned());
    match arguments.plan() {
        Plan::Map => Program::Map { items: items.to_vec(), last: arguments.last.clone() },
        Plan::Vote if arguments.prover.equivalent => {
            selecting(samples, Policy::Equivalent { tool: EQUIVALENT.into(), pattern, least: arguments.least })
        }
        Plan::First if arguments.prover.judge.is_some() => selecting(samples, Policy::Checked { tool: JUDGE.into() }),
        Plan::Vote if arguments.score.is_some() => selecting(samples, Policy::Weighted { tool: SCORE.into(), pattern }),
        Plan::Vote => Program::Vote { samples, least: arguments.least, pattern },
        Plan::First => {
            let check = arguments.check.clone().map(Accept::Judge);
            let accept = check.or(pattern.map(Accept::Pattern)).unwrap_or(Accept::Any);
            Program::First { samples, accept }
        }
        Plan::Best => {
            let highest = arguments.score.as_ref().map(|_| Policy::Highest { tool: SCORE.into() });
            selecting(samples, highest.unwrap_or(Policy::Best))
        }
        Plan::Script => Program::Script(asked.script.clone().unwrap_or(Script { steps: Vec::new() })),
        Plan::Decompose => Program::Decompose { depth: arguments.depth, width: arguments.width.get() },
        Plan::Score => Program::Score { items: items.to_vec(), sum: arguments.sum },
        Plan::Tags => Program::Tags {
            width: arguments.width.get(),
            depth: arguments.depth,
            characters: arguments.characters.get(),
            view: match arguments.view {
                ViewName::Stitch => View::Stitch,
                ViewName::Replay => View::Replay,
                ViewName::Value => View::Value,
            },
        },
        Plan::Tasks => Program::Tasks {
            // The tasks of the last level are not split further.
            levels: arguments.depth.saturating_add(1),
            width: arguments.width.get(),
            characters: arguments.characters.get(),
            memory: match (arguments.in_branches, arguments.splice) {
                (true, _) => Forgetting::Conclusions,
                (false, true) => Forgetting::SplicedLists(arguments.keep),
                (false, false) => Forgetting::Lists(arguments.keep),
            },
            recall: arguments.recall,
        },
    }
}

/// The items of a file: its non-blank lines.
pub(super) fn lines(path: &Path) -> Result<Vec<String>, Failure> {
    let bytes = input::read(path)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{} is not UTF-8", path.display())))?;
    // A byte order mark may precede the first line.
    let text = text.trim_start_matches('\u{feff}');
    let items: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if items.is_empty() {
        return Err(Failure::Usage(format!("{} holds no item: one a line", path.display())));
    }
    Ok(items)
}
