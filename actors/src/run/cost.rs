//! The cost of a run, stored beside it. These figures depend on the machine; no result depends on them.

use std::collections::BTreeMap;

use theoremata_store::Run;

/// Prefix of the names of these measures.
const COST: &str = "cost ";

/// The cost of a run, summed over the processes that worked on it and recorded their share; a killed process did not.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Cost {
    /// CPU seconds, summed over threads.
    pub cpu_seconds: f64,
    /// Seconds of wall time.
    pub wall_seconds: f64,
    /// Number of blocks that ran.
    pub blocks: u64,
    /// Steps of these blocks.
    pub steps: u64,
    /// Messages delivered to blocks.
    pub messages: u64,
    /// Tokens that a language model wrote as advice.
    pub advice_tokens: u64,
    /// Peak resident bytes of a process, other work of it included; 0 where the system does not report it.
    pub peak_bytes: u64,
}

impl Cost {
    /// The recorded cost of a run, if there is one.
    #[must_use]
    pub fn of(run: &Run) -> Option<Cost> {
        let text = |name: &str| run.measures.get(&format!("{COST}{name}"));
        let count = |name: &str| text(name)?.parse::<u64>().ok();
        let seconds = |name: &str| text(name)?.parse::<f64>().ok();
        Some(Cost {
            cpu_seconds: seconds("cpu_seconds")?,
            wall_seconds: seconds("wall_seconds")?,
            blocks: count("blocks")?,
            steps: count("steps")?,
            messages: count("messages")?,
            advice_tokens: count("advice_tokens")?,
            peak_bytes: count("peak_bytes")?,
        })
    }

    /// The total of two processes, one after the other. Blocks and steps are those of the run in its current state.
    pub(super) fn and(self, later: Cost) -> Cost {
        Cost {
            cpu_seconds: self.cpu_seconds + later.cpu_seconds,
            wall_seconds: self.wall_seconds + later.wall_seconds,
            messages: self.messages + later.messages,
            advice_tokens: self.advice_tokens + later.advice_tokens,
            peak_bytes: self.peak_bytes.max(later.peak_bytes),
            ..later
        }
    }

    /// The cost as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let Cost { cpu_seconds, wall_seconds, blocks, steps, messages, advice_tokens, peak_bytes } = self;
        let peak_bytes = Some(peak_bytes).filter(|bytes| **bytes > 0);
        serde_json::json!({
            "cpu_seconds": cpu_seconds, "wall_seconds": wall_seconds, "blocks": blocks, "steps": steps, "messages": messages,
            "advice_tokens": advice_tokens, "peak_bytes": peak_bytes,
        })
    }

    /// The measures that store it.
    pub(super) fn measures(&self) -> BTreeMap<String, String> {
        let measures = [
            ("cpu_seconds", format!("{:.3}", self.cpu_seconds)),
            ("wall_seconds", format!("{:.3}", self.wall_seconds)),
            ("blocks", self.blocks.to_string()),
            ("steps", self.steps.to_string()),
            ("messages", self.messages.to_string()),
            ("advice_tokens", self.advice_tokens.to_string()),
            ("peak_bytes", self.peak_bytes.to_string()),
        ];
        measures.into_iter().map(|(name, value)| (format!("{COST}{name}"), value)).collect()
    }
}
