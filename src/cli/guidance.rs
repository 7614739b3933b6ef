//! Command line options that constrain generated text.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use theoremata_actors::jobs::OutputFormat;
use theoremata_lm::{
    Atom, ConstraintError, Grammars, Model, Multiverse, Place, PromptError, Signature, TaskForm, TurnConstraint,
};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::Theory;

use crate::exchange::input;
use crate::failure::Failure;

/// Constraints; at most one.
#[derive(Args)]
pub(crate) struct GuidanceArguments {
    /// Generate JSON that satisfies this JSON Schema.
    #[arg(long, value_name = "FILE", group = "guide")]
    json_schema: Option<PathBuf>,
    /// Generate a text that this regular expression matches as a whole.
    #[arg(long, value_name = "REGEX", group = "guide")]
    regex: Option<String>,
    /// Generate a text of this grammar, in Lark notation.
    #[arg(long, value_name = "FILE", group = "guide")]
    grammar: Option<PathBuf>,
    /// Generate a statement about the parameters of this theory, in MPL.
    #[arg(long, value_name = "THEORY", group = "guide")]
    statement_of: Option<PathBuf>,
    /// Generate a tree of reasoning: tasks in JSON, or parallel paths in tags.
    #[arg(long, value_name = "FORM", group = "guide")]
    tree: Option<Tree>,
}

/// Formats of a tree of reasoning.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tree {
    /// Tasks with subtasks: three levels, up to eight tasks in a list.
    Tasks,
    /// `<Parallel>` blocks of up to four paths, nested at most twice.
    Tags,
}

/// The constraint as data. Grammars of tags depend on the model's vocabulary.
pub(crate) fn shape(arguments: &GuidanceArguments, model: Option<&Model>) -> Result<OutputFormat, Failure> {
    let GuidanceArguments { json_schema, regex, grammar, statement_of, tree } = arguments;
    Ok(if let Some(path) = json_schema {
        let schema = serde_json::from_str(&text(path)?);
        OutputFormat::JsonSchema(schema.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?)
    } else if let Some(expression) = regex {
        OutputFormat::Regex(expression.clone())
    } else if let Some(path) = grammar {
        OutputFormat::Grammar(text(path)?)
    } else if let Some(path) = statement_of {
        let loaded = input::load(path, None)?;
        OutputFormat::Grammar(signature(&loaded.theory).grammar().map_err(refused)?)
    } else if let Some(tree) = tree {
        match tree {
            Tree::Tags => {
                let tokenizer = model.and_then(Model::tokenizer);
                let tokenizer = tokenizer.ok_or_else(|| Failure::Usage(PromptError::NoTokenizer.to_string()))?;
                OutputFormat::Grammar(
                    Multiverse { width: 4, depth: 2, blocks: None, characters: None }
                        .grammar(tokenizer)
                        .map_err(refused)?,
                )
            }
            Tree::Tasks => OutputFormat::JsonSchema(
                TaskForm { levels: 3, width: 8, characters: None }.schema(&[]).map_err(refused)?,
            ),
        }
    } else {
        OutputFormat::Free
    })
}

/// The compiled constraint.
pub(crate) fn guidance(arguments: &GuidanceArguments, model: &Model) -> Result<TurnConstraint, Failure> {
    let shape = shape(arguments, Some(model))?;
    if shape == OutputFormat::Free {
        return Ok(TurnConstraint::Free);
    }
    let tokenizer = model.tokenizer().ok_or_else(|| Failure::Usage(PromptError::NoTokenizer.to_string()))?;
    shape.constraint(&Grammars::new(tokenizer).map_err(refused)?).map_err(refused)
}

fn text(path: &Path) -> Result<String, Failure> {
    let bytes = input::read(path)?;
    String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{} is not UTF-8", path.display())))
}

fn refused(error: ConstraintError) -> Failure {
    Failure::Usage(error.to_string())
}

/// The signature of statements: the theory's parameters, with the atoms in which each relation and set can occur.
fn signature(theory: &Theory) -> Signature {
    let mut atoms = vec![Atom::of_terms("=", 2)];
    let mut constants = Vec::new();
    let parameters = &theory.anchor_definition().parameters;
    for (name, sort) in parameters.iter().zip(&theory.predicate(theory.anchor).sorts) {
        let predicate = match sort {
            Sort::Individual(_) => {
                constants.push(name.to_string());
                continue;
            }
            Sort::Power(parts) => match parts.len() {
                1 => "in",
                2 => "in2",
                3 => "in3",
                // Nothing a small model would generate on its own.
                _ => continue,
            },
        };
        let terms = if let Sort::Power(parts) = sort { parts.len() } else { 0 };
        let mut places = vec![Place::Term; terms];
        places.push(Place::Name(name.to_string()));
        atoms.push(Atom { predicate: predicate.into(), places });
    }
    Signature { atoms, constants, variables: 4, depth: 2 }
}
