//! What a run cost, as the store keeps it beside the run: figures of the machine, on which no result depends.

use std::collections::BTreeMap;

use theoremata_store::Run;

/// What stands before the names of these measures.
const COST: &str = "cost ";

/// What a run cost, in all processes that worked on it and came to say so: one that was killed did not.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Cost {
    /// CPU seconds, all threads together.
    pub cpu_seconds: f64,
    /// Seconds that passed.
    pub wall_seconds: f64,
    /// Blocks that worked.
    pub blocks: u64,
    /// Steps of these.
    pub steps: u64,
    /// Messages that blocks took.
    pub messages: u64,
    /// Tokens that a language model wrote as advice.
    pub advice_tokens: u64,
    /// The most bytes that a process had in memory by then, other work of it included; 0 where the system does not tell.
    pub peak_bytes: u64,
}

impl Cost {
    /// What the store has of a run, if it has it.
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

    /// What two processes cost, one after the other. Blocks and steps are those of the run as it stands.
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

    /// The cost as programs read it.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let Cost { cpu_seconds, wall_seconds, blocks, steps, messages, advice_tokens, peak_bytes } = self;
        let peak_bytes = Some(peak_bytes).filter(|bytes| **bytes > 0);
        serde_json::json!({
            "cpu_seconds": cpu_seconds, "wall_seconds": wall_seconds, "blocks": blocks, "steps": steps, "messages": messages,
            "advice_tokens": advice_tokens, "peak_bytes": peak_bytes,
        })
    }

    /// The measures that keep it.
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
