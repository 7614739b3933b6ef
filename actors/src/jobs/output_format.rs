//! What the texts of a job are restricted to.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use theoremata_lm::{ConstraintError, Grammars, TurnConstraint};

/// What a text is restricted to.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// Nothing.
    #[default]
    Free,
    /// JSON of this schema.
    JsonSchema(Json),
    /// A text that this expression matches as a whole.
    Regex(String),
    /// A text of this grammar, in the notation of Lark.
    Grammar(String),
}

impl OutputFormat {
    /// The constraint that keeps to it.
    ///
    /// # Errors
    /// If the schema, expression or grammar cannot be read.
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
