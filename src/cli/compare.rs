//! `theoremata compare`.

use clap::Args;
use serde_json::Value;

use super::arguments::StoredArguments;
use super::exit::Exit;
use super::output::Output;
use super::stored::{find, open};
use crate::exchange::compare::{Side, compare};
use crate::failure::Failure;

/// The runs to compare.
#[derive(Args)]
pub(crate) struct CompareArguments {
    #[command(flatten)]
    store: StoredArguments,
    /// One run, by a prefix of its id.
    left: String,
    /// The other run.
    right: String,
}

/// `theoremata compare`.
pub(crate) fn run(arguments: &CompareArguments, output: Output) -> Result<Exit, Failure> {
    let store = open(&arguments.store.db)?;
    let side = |prefix: &str| Side::read(&store, &find(&store, prefix)?);
    let mut compared = compare(&side(&arguments.left)?, &side(&arguments.right)?);
    if output.is_json() {
        compared["event"] = "compared".into();
        output.object(&compared);
        return Ok(Exit::Done);
    }
    for (name, sign) in [("left", "<"), ("right", ">")] {
        let side = &compared[name];
        let cost = side["cost"]["cpu_seconds"].as_f64().map_or(String::new(), |cpu| format!(", {cpu} CPU s"));
        let text = |name: &str| side[name].as_str().unwrap_or_default().to_owned();
        output.line(&format!("{sign} {}  {}: {} theorems{cost}", text("run"), text("theory"), side["theorems"]));
    }
    output.line(&format!("{} theorems in both", compared["both"]));
    let list = |name: &str| compared[name].as_array().cloned().unwrap_or_default();
    let math = |value: &Value| value["math"].as_str().or(value["statement"].as_str()).unwrap_or_default().to_owned();
    for (name, sign) in [("only_left", "<"), ("only_right", ">")] {
        for theorem in list(name) {
            output.line(&format!("{sign} {:>4} {}", theorem["number"].to_string(), math(&theorem)));
        }
    }
    for pair in list("shorter_left").iter().chain(&list("shorter_right")) {
        let (left, right) = (&pair["left"]["steps"], &pair["right"]["steps"]);
        output.line(&format!("  {}   [{left} steps, {right} steps]", math(pair)));
    }
    for decided in list("decided_differently") {
        let fate = |name: &str| decided[name].as_str().unwrap_or_default().to_owned();
        output.line(&format!("! {}   [{}, {}]", math(&decided), fate("left"), fate("right")));
    }
    Ok(Exit::Done)
}
