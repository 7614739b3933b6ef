//! MPL, the language of theories: parses text to a [`Theory`](crate::calculus::theory::Theory).
//!
//! [`read_mpl`] reads our own form, [`read_gl`] a configuration with a folder of definition files, [`read_goals`] and
//! [`parse_goal`] statements about a theory. No file is opened here: the caller provides texts and a loader of imports.
//! Errors are returned as a [`Report`] of diagnostics with source positions. `docs/mpl.md` is the manual.
//!
//! Limits, each named in the error of a text that exceeds it: [`MAX_FILE_BYTES`], [`MAX_NESTING`], [`MAX_NAMES`],
//! [`MAX_NAME_BYTES`], [`MAX_ALL_BYTES`], [`MAX_FILES`], [`MAX_ERRORS`].

pub mod codes;
mod config;
mod decode;
mod diagnostic;
mod elaborate;
mod form;
mod format;
mod gl;
mod goals;
mod json;
mod lex;
mod lint;
mod load;
mod parse;
mod parts;
mod print;
mod read;
mod render;
mod resolve;
mod shorthand;
mod signs;
mod sorts;
mod syntax;
mod theories;

pub use crate::language::sort_text::{parse_sort, sort_text};
pub use codes::Code;
pub use diagnostic::{Diagnostic, FileId, Label, MAX_ERRORS, Report, Severity, SourceMap, Span, nearest};
pub use format::{LINE_WIDTH, format};
pub use gl::read_gl;
pub use goals::{parse_goal, read_goals};
pub use lint::{lint_gl, lint_mpl};
pub use load::{Loader, MAX_FILES};
pub use read::read_mpl;
pub use render::{render, to_json};
pub use syntax::{MAX_ALL_BYTES, MAX_FILE_BYTES, MAX_NAME_BYTES, MAX_NAMES, MAX_NESTING};
