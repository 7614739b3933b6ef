//! The syntax trees of formulas and forms, with source positions, before name resolution.

use std::sync::Arc;

use super::diagnostic::Span;

/// The deepest nesting of a formula. Trees are traversed and dropped recursively. At this depth reading, printing,
/// formatting and dropping take at most 1.5 MB of stack in an unoptimised build, and 1 MB in our development profile; a
/// thread has 2 MB.
pub const MAX_NESTING: usize = 1_000;
/// The most conjuncts that are nested linearly; a longer conjunction is a balanced tree, so its length does not count
/// as nesting. All known theories are far below.
pub(crate) const LONGEST_CHAIN: usize = 64;
/// The deepest nesting of equivalences. Each doubles its contents.
pub(crate) const MAX_EQUIVALENCES: usize = 4;
/// The longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 4_096;
/// The longest symbol of a notation, in bytes.
pub(crate) const MAX_SIGN_BYTES: usize = 64;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// The total size of the files of one theory, in bytes.
pub const MAX_ALL_BYTES: usize = 64 << 20;
/// The largest number of names in one list.
pub const MAX_NAMES: usize = 1_000;

/// A name with its position.
#[derive(Clone, Debug)]
pub(crate) struct Ident {
    pub(crate) text: Arc<str>,
    pub(crate) span: Span,
}

/// A formula as written.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Atom {
        name: Ident,
        arguments: Vec<Ident>,
        span: Span,
    },
    And {
        left: Box<Expr>,
        right: Box<Expr>,
        span: Span,
    },
    Not {
        inner: Box<Expr>,
        span: Span,
        wrapped: bool,
    },
    Implies {
        binders: Vec<Ident>,
        premise: Box<Expr>,
        conclusion: Box<Expr>,
        span: Span,
    },
    /// `(or A B …)`, at least two.
    Or {
        parts: Vec<Expr>,
        span: Span,
    },
    /// `(exists[x] A B …)`, at least one variable and two parts.
    Exists {
        binders: Vec<Ident>,
        parts: Vec<Expr>,
        span: Span,
    },
    /// `(iff A B)`
    Iff {
        left: Box<Expr>,
        right: Box<Expr>,
        span: Span,
    },
}

impl Expr {
    pub(crate) fn span(&self) -> Span {
        match self {
            Expr::Atom { span, .. }
            | Expr::And { span, .. }
            | Expr::Not { span, .. }
            | Expr::Implies { span, .. }
            | Expr::Or { span, .. }
            | Expr::Exists { span, .. }
            | Expr::Iff { span, .. } => *span,
        }
    }

    /// The conjuncts from left to right, however they are bracketed; the formula itself if it is not a conjunction.
    pub(crate) fn conjuncts(&self) -> Vec<&Expr> {
        let mut parts = Vec::new();
        let mut waiting = vec![self];
        while let Some(expr) = waiting.pop() {
            match expr {
                Expr::And { left, right, .. } => waiting.extend([&**right, &**left]),
                other => parts.push(other),
            }
        }
        parts
    }

    /// Calls `visit` for every atom, left to right.
    pub(crate) fn for_each_atom<'a>(&'a self, visit: &mut dyn FnMut(&'a Ident, &'a [Ident])) {
        match self {
            Expr::Atom { name, arguments, .. } => visit(name, arguments),
            Expr::And { left, right, .. } | Expr::Iff { left, right, .. } => {
                left.for_each_atom(visit);
                right.for_each_atom(visit);
            }
            Expr::Or { parts, .. } | Expr::Exists { parts, .. } => {
                parts.iter().for_each(|part| part.for_each_atom(visit));
            }
            Expr::Not { inner, .. } => inner.for_each_atom(visit),
            Expr::Implies { premise, conclusion, .. } => {
                premise.for_each_atom(visit);
                conclusion.for_each_atom(visit);
            }
        }
    }
}

/// Joins the parts in pairs. Short conjunctions are nested linearly; a long one is halved repeatedly, so that its depth
/// is logarithmic in its length: 32 levels at most.
pub(crate) fn joined<T>(mut parts: Vec<T>, and: &dyn Fn(T, T) -> T) -> Option<T> {
    if parts.len() <= LONGEST_CHAIN {
        let last = parts.pop()?;
        return Some(parts.into_iter().rev().fold(last, |formula, left| and(left, formula)));
    }
    while parts.len() > 1 {
        let mut pairs = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => and(left, right),
                None => left,
            });
        }
        parts = pairs;
    }
    parts.pop()
}

/// `name[parameters]` abbreviates `body`.
#[derive(Clone, Debug)]
pub(crate) struct DefinitionSyntax {
    pub(crate) name: Ident,
    pub(crate) parameters: Vec<Ident>,
    pub(crate) doc: Option<String>,
    pub(crate) body: Expr,
}

/// `(import "path")` or `(use "path")`
#[derive(Clone, Debug)]
pub(crate) struct ImportSyntax {
    pub(crate) path: String,
    pub(crate) span: Span,
}

/// `(generated name[parameters] set constructor…)`
#[derive(Clone, Debug)]
pub(crate) struct GeneratedSyntax {
    pub(crate) label: Option<String>,
    pub(crate) structure: Ident,
    pub(crate) parameters: Vec<Ident>,
    pub(crate) set: Ident,
    /// A constant has no list; a function lists the sets of its arguments.
    pub(crate) constructors: Vec<(Ident, Vec<Ident>)>,
}

/// `(notation (name[arguments]) (value z) (infix "+" 5))`
#[derive(Clone, Debug)]
pub(crate) struct NotationSyntax {
    pub(crate) predicate: Ident,
    pub(crate) arguments: Vec<Ident>,
    pub(crate) value: Option<Ident>,
    pub(crate) form: crate::calculus::theory::NotationForm,
    pub(crate) span: Span,
}

/// `(conjecture name formula)`
#[derive(Clone, Debug)]
pub(crate) struct ConjectureSyntax {
    pub(crate) name: Ident,
    pub(crate) body: Expr,
    pub(crate) span: Span,
}

/// One entry of a `bounds` form.
#[derive(Clone, Debug)]
pub(crate) enum BoundSyntax {
    Atoms(usize),
    AtomsWithConstant(usize),
    Variables(usize),
    Predicate { name: Ident, count: Option<usize>, atoms: Option<(usize, usize)> },
}

/// A top-level form of an `.mpl` file.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Import(ImportSyntax),
    Use(ImportSyntax),
    Define(DefinitionSyntax),
    Theory(DefinitionSyntax),
    Generated(GeneratedSyntax),
    Notation(NotationSyntax),
    Conjecture(ConjectureSyntax),
    Bounds(Vec<BoundSyntax>),
}
