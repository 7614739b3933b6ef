//! Constraints on the texts of a job.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use theoremata_lm::{ConstraintError, Grammars, TurnConstraint};

/// The constraint on a text.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// Unconstrained.
    #[default]
    Free,
    /// JSON that satisfies this JSON Schema.
    JsonSchema(Json),
    /// A text that this regular expression matches as a whole.
    Regex(String),
    /// A text of this grammar, in Lark notation.
    Grammar(String),
}

impl OutputFormat {
    /// Compiles the constraint.
    ///
    /// # Errors
    /// If the schema, regular expression or grammar is malformed.
    pub fn constraint(&self, grammars: &Grammars) -> Result<TurnConstraint, ConstraintError> {
        Ok(match self {
            OutputFormat::Free => return Ok(TurnConstraint::Free),
            OutputFormat::JsonSchema(schema) => grammars.json_schema(schema)?,
            OutputFormat::Regex(expression) => grammars.regex(expression)?,
            OutputFormat::Grammar(text) => grammars.lark(text)?,
        }
        .into())
    }

    pub(super) fn is_free(&self) -> bool {
        *self == OutputFormat::Free
    }
}
