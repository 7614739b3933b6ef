//! The shorthands `(or …)`, `(exists[…] …)` and `(iff …)`. `docs/mpl.md` says how they expand; name resolution expands
//! them.
//!
//! A predicate may have one of these names: its atom has a list of arguments and nothing else.

use std::sync::Arc;

use crate::calculus::formula::{Binders, Formula};

use super::codes;
use super::diagnostic::{Diagnostic, Span};
use super::lex::{Token, TokenKind};
use super::parse::Parser;
use super::syntax::{Expr, Ident, MAX_EQUIVALENCES, joined};

impl Parser<'_, '_> {
    /// `(or A B …)` after the keyword.
    pub(super) fn disjunction(&mut self, open: Token, depth: usize) -> Option<Expr> {
        // Expands to `!(& !A !B …)`, whose parts are two levels deeper than those of a conjunction.
        let (parts, span) = self.parts(open, depth + 2)?;
        if parts.len() < 2 {
            self.too_few(codes::SHORT_DISJUNCTION, "`or` joins at least two formulas", parts.len(), span);
            return None;
        }
        Some(Expr::Or { parts, span })
    }

    /// `(exists[x,y] A B …)` after the keyword, or an atom of a predicate of that name.
    pub(super) fn existence(&mut self, open: Token, head: Token, depth: usize) -> Option<Expr> {
        let name = self.ident(head);
        if self.peek().kind != TokenKind::OpenBracket {
            self.no_witness(head);
            self.skip_group();
            return None;
        }
        let Some(binders) = self.list() else {
            self.skip_group();
            return None;
        };
        if self.peek().kind == TokenKind::Close {
            let span = self.close(open)?;
            return Some(Expr::Atom { name, arguments: binders, span });
        }
        if binders.is_empty() {
            self.no_witness(head);
            self.skip_group();
            return None;
        }
        // Expands to `!(>[x,y] A !(& B …))`.
        let (parts, span) = self.parts(open, depth + 3)?;
        if parts.len() < 2 {
            self.too_few(codes::SHORT_EXISTENCE, "`exists` says at least two things", parts.len(), span);
            return None;
        }
        Some(Expr::Exists { binders, parts, span })
    }

    /// `(iff A B)` after the keyword.
    pub(super) fn equivalence(&mut self, open: Token, depth: usize) -> Option<Expr> {
        if self.equivalences == MAX_EQUIVALENCES {
            self.too_many_equivalences(open);
            return None;
        }
        self.equivalences += 1;
        // Expands to `(& (>[] A B) (>[] B A))`.
        let read = self.parts(open, depth + 1);
        self.equivalences -= 1;
        let (mut parts, span) = read?;
        if parts.len() != 2 {
            self.not_two_sides(parts.len(), span);
            return None;
        }
        let right = Box::new(parts.pop()?);
        let left = Box::new(parts.pop()?);
        Some(Expr::Iff { left, right, span })
    }

    fn too_few(&mut self, code: codes::Code, rule: &str, count: usize, span: Span) {
        let help = match code {
            codes::SHORT_EXISTENCE => {
                "write `(exists[x] (in[x,S]) A)`: what the variable ranges over, and what holds of it"
            }
            _ => "write `(or A B)`, or the one formula by itself",
        };
        let there = ["is none", "is one"][count];
        self.error(Diagnostic::new(code, format!("{rule}, but there {there}")).at(span, "this group").help(help));
    }

    fn no_witness(&mut self, head: Token) {
        self.error(
            Diagnostic::new(codes::NO_WITNESS, "`exists` must be followed by its variables")
                .at(head.span, "no variable follows")
                .help("write `(exists[x] A B)`; what holds without a variable is `(& A B)`"),
        );
    }

    fn not_two_sides(&mut self, count: usize, span: Span) {
        let there = if count == 1 { "1 formula stands".to_owned() } else { format!("{count} formulas stand") };
        self.error(
            Diagnostic::new(codes::NOT_TWO_SIDES, format!("an equivalence has two sides, but {there} here"))
                .at(span, "this equivalence")
                .help("join several formulas of one side with `(& A B)`"),
        );
    }

    fn too_many_equivalences(&mut self, open: Token) {
        self.stopped = true;
        let message = format!("more than {MAX_EQUIVALENCES} equivalences stand one inside the other");
        self.error(
            Diagnostic::new(codes::TOO_DEEP, message)
                .at(open.span, format!("equivalence {}", MAX_EQUIVALENCES + 1))
                .help("each doubles what stands in it; name parts of the formula with definitions of their own"),
        );
    }
}

/// `!(& !A !B …)`
pub(super) fn or(parts: Vec<Formula>) -> Option<Formula> {
    let denied: Vec<Formula> = parts.into_iter().map(Formula::negate).collect();
    joined(denied, &Formula::and).map(Formula::negate)
}

/// `!(>[x,y] A !(& B …))`
pub(super) fn exists(binders: Binders, mut parts: Vec<Formula>) -> Option<Formula> {
    let first = Arc::new(parts.remove(0));
    let rest = Formula::negate(joined(parts, &Formula::and)?);
    Some(Formula::negate(Formula::Implies(binders, first, Arc::new(rest))))
}

/// `(& (>[] A B) (>[] B A))`
pub(super) fn iff(left: Formula, right: Formula) -> Formula {
    let (left, right) = (Arc::new(left), Arc::new(right));
    let implies = |from: &Arc<Formula>, to: &Arc<Formula>| Formula::Implies(Binders::new([]), from.clone(), to.clone());
    Formula::and(implies(&left, &right), implies(&right, &left))
}

/// Calls `visit` with the variables of every binder, outside in.
pub(super) fn each_binder<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e [Ident])) {
    match expr {
        Expr::Atom { .. } => {}
        Expr::And { left, right, .. } | Expr::Iff { left, right, .. } => {
            each_binder(left, visit);
            each_binder(right, visit);
        }
        Expr::Not { inner, .. } => each_binder(inner, visit),
        Expr::Or { parts, .. } => parts.iter().for_each(|part| each_binder(part, visit)),
        Expr::Exists { binders, parts, .. } => {
            visit(binders);
            parts.iter().for_each(|part| each_binder(part, visit));
        }
        Expr::Implies { binders, premise, conclusion, .. } => {
            visit(binders);
            each_binder(premise, visit);
            each_binder(conclusion, visit);
        }
    }
}
