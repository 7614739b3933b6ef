//! Command line options for the chat template.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::Value as Json;
use theoremata_actors::jobs::Said;
use theoremata_lm::{Date, Model};

use crate::cli::json;
use crate::failure::Failure;

/// Values for the chat template.
#[derive(Args)]
pub(crate) struct ChatArguments {
    /// The date for the chat template, such as 2026-11-29, if it uses one [default: today, UTC].
    #[arg(long, value_name = "DAY", value_parser = day)]
    date: Option<Date>,
    /// Tell the chat template to disable thinking.
    #[arg(long)]
    no_thinking: bool,
    /// Earlier turns: a JSON file with a list of turns with `role` (system, user, assistant) and `content`.
    #[arg(long, value_name = "FILE", conflicts_with = "raw")]
    messages: Option<PathBuf>,
    /// A variable of the chat template, such as reasoning_effort=low; JSON, or else text. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = named)]
    template_value: Vec<(String, Json)>,
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "a day such as 2026-11-29 is needed".to_owned())
}

fn named(text: &str) -> Result<(String, Json), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is needed")?;
    if name.is_empty() || name.len() > 100 {
        return Err("a name of 1 to 100 bytes is needed before `=`".into());
    }
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}

impl ChatArguments {
    /// The date, only for a template that uses it, so that nothing else depends on the current date.
    pub(crate) fn date(&self, model: Option<&Model>) -> Option<Date> {
        let asks = model.and_then(Model::template).is_some_and(|template| template.asks_for_the_day());
        asks.then(|| self.date.unwrap_or_else(today))
    }

    /// The earlier turns.
    pub(crate) fn earlier(&self) -> Result<Vec<Said>, Failure> {
        self.messages.as_deref().map_or(Ok(Vec::new()), |path| json::read(path, "conversation"))
    }

    /// The additional variables.
    pub(crate) fn values(&self) -> BTreeMap<String, Json> {
        let thinking = self.no_thinking.then(|| ("enable_thinking".to_owned(), Json::Bool(false)));
        thinking.into_iter().chain(self.template_value.iter().cloned()).collect()
    }
}

fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Date::from_days(u32::try_from(seconds / 86_400).unwrap_or(0))
}
