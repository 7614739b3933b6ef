//! Parses goals, in any of their notations, to closed statements `∀ anchor arguments (anchor → …)`.

use std::collections::HashSet;
use std::sync::Arc;

use crate::calculus::formula::{Binder, Binders, Formula, PredicateId};
use crate::calculus::theory::{Goal, Theory};
use crate::language::characters::flaw_in_prose;
use crate::language::text::variable_name;

use super::codes;
use super::decode::decode;
use super::diagnostic::{Diagnostic, FileId, Report, Span, short};
use super::form::parse_conjecture;
use super::lex::Lexer;
use super::parse::{Parser, bad_character};
use super::resolve::{Predicates, Resolver};
use super::syntax::{Expr, Ident};

/// The context for reading goals.
pub(crate) struct GoalReader<'a> {
    predicates: &'a Predicates,
    anchor: PredicateId,
}

impl<'a> GoalReader<'a> {
    pub(crate) fn new(predicates: &'a Predicates, anchor: PredicateId) -> GoalReader<'a> {
        GoalReader { predicates, anchor }
    }

    /// The closed statement of a formula. A formula with the anchor as a premise is a complete statement, in which the
    /// anchor's arguments may be bound anywhere or nowhere; any other is over the anchor's parameters.
    pub(crate) fn statement(&self, expr: &Expr, report: &mut Report) -> Option<Formula> {
        let anchor = &self.predicates.list[self.anchor.index()];
        let parameters = &anchor.definition.as_ref()?.parameters;
        let span = expr.span();
        let (arguments, inside) = match split(expr, &anchor.name) {
            Some((arguments, chain)) => (arguments.to_vec(), without(chain, arguments, report)?),
            None => {
                let arguments = parameters.iter().map(|parameter| Ident { text: parameter.clone(), span }).collect();
                (arguments, expr.clone())
            }
        };
        let statement = Expr::Implies {
            premise: Box::new(Expr::Atom {
                name: Ident { text: anchor.name.clone(), span },
                arguments: arguments.clone(),
                span,
            }),
            binders: arguments.clone(),
            conclusion: Box::new(inside),
            span,
        };
        let mut seen = HashSet::new();
        if arguments.len() == parameters.len()
            && let Some(twice) = arguments.iter().find(|argument| !seen.insert(&argument.text))
        {
            report.push(
                Diagnostic::new(
                    codes::ANCHOR_ARGUMENTS,
                    format!("`{}` stands twice among the arguments of `{}`", short(&twice.text), short(&anchor.name)),
                )
                .at(twice.span, "the second time")
                .help("give the anchor different variables, and say that two are equal with `(=[x,y])`"),
            );
            return None;
        }
        let help = format!(
            "bind it in a `>[…]` around this place, or use a parameter of the anchor: {}",
            parameters.join(", ")
        );
        let before = report.errors();
        let (mut resolver, _) = Resolver::new(self.predicates, report, &[], &help);
        let formula = resolver.formula(&statement);
        if resolver.report.errors() == before
            && let Err(diagnostic) = resolver.sorts.check()
        {
            resolver.report.push(*diagnostic);
        }
        let formula = match formula {
            Some(formula) if resolver.report.errors() == before => {
                resolver.statement(&formula, &anchor.sorts).filter(|_| report.errors() == before)?
            }
            _ => return None,
        };
        // The outermost variables are displayed under the theory's names.
        let Formula::Implies(outer, premise, conclusion) = formula else { return None };
        let mut names = (0..=u16::MAX).map(variable_name).filter(|name| !parameters.contains(name));
        let conclusion = letters(&conclusion, &mut names);
        let outer = outer.sorts().zip(parameters).map(|(sort, name)| Binder::new(name.clone(), sort.clone()));
        Some(Formula::Implies(Binders::new(outer), premise, Arc::new(conclusion)))
    }
}

/// A chain `>[x] A (>[y] B … C)`, as its implications and its conclusion.
struct Chain<'a> {
    links: Vec<(&'a [Ident], &'a Expr)>,
    head: &'a Expr,
    /// The index of the link with the anchor.
    anchor: usize,
}

/// The arguments of the anchor and the chain around it, if the anchor is a premise.
fn split<'a>(expr: &'a Expr, anchor: &str) -> Option<(&'a [Ident], Chain<'a>)> {
    let mut links: Vec<(&[Ident], &Expr)> = Vec::new();
    let mut found = None;
    let mut head = expr;
    while let Expr::Implies { binders, premise, conclusion, .. } = head {
        if let Expr::Atom { name, arguments, .. } = &**premise
            && found.is_none()
            && &*name.text == anchor
        {
            found = Some((links.len(), &arguments[..]));
        }
        links.push((binders, premise));
        head = conclusion;
    }
    found.map(|(place, arguments)| (arguments, Chain { links, head, anchor: place }))
}

/// The chain without the anchor and without binders of its arguments. A variable bound at the anchor that is not one of
/// its arguments is bound at the next premise.
fn without(chain: Chain<'_>, arguments: &[Ident], report: &mut Report) -> Option<Expr> {
    let anchor: HashSet<&str> = arguments.iter().map(|argument| &*argument.text).collect();
    let mut links: Vec<(Vec<Ident>, &Expr)> = Vec::new();
    let mut waiting: Vec<Ident> = Vec::new();
    for (place, (binders, premise)) in chain.links.iter().enumerate() {
        waiting.extend(binders.iter().filter(|binder| !anchor.contains(&*binder.text)).cloned());
        if place != chain.anchor {
            links.push((std::mem::take(&mut waiting), premise));
        }
    }
    if let Some(lost) = waiting.first() {
        report.push(
            Diagnostic::new(
                codes::LOST_BINDER,
                format!("`{}` is bound at the anchor, but is not one of its arguments", short(&lost.text)),
            )
            .at(lost.span, "bound here, and no premise follows")
            .help("bind it at a premise that says what it ranges over, for example `(in[x,N])`"),
        );
        return None;
    }
    let mut expr = chain.head.clone();
    for (binders, premise) in links.into_iter().rev() {
        let span = premise.span().to(expr.span());
        expr = Expr::Implies { binders, premise: Box::new(premise.clone()), conclusion: Box::new(expr), span };
    }
    Some(expr)
}

/// The formula with letters for bound variables that are written as numbers, which readers would take for constants.
fn letters(formula: &Formula, names: &mut dyn Iterator<Item = Arc<str>>) -> Formula {
    match formula {
        Formula::Atom(..) => formula.clone(),
        Formula::And(left, right) => Formula::and(letters(left, names), letters(right, names)),
        Formula::Not(inner) => Formula::negate(letters(inner, names)),
        Formula::Implies(binders, premise, conclusion) => {
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let shown: Vec<Binder> = binders
                .iter()
                .map(|binder| match is_number(&binder.name).then(|| names.next()).flatten() {
                    Some(name) => Binder { name, sort: binder.sort.clone() },
                    None => binder.clone(),
                })
                .collect();
            let premise = letters(premise, names);
            Formula::Implies(Binders::new(shown), Arc::new(premise), Arc::new(letters(conclusion, names)))
        }
    }
}

/// Parses a file of goals: a goal begins in the first column and continues over lines that are indented or begin with
/// `)`. It is a `(conjecture name formula)` or a formula, named by its line number. Lines that begin with `;` are
/// comments. For a goal with errors the first one is reported; the others are returned.
#[must_use]
pub fn read_goals(theory: &Theory, text: &[u8], file_name: &str) -> (Vec<Goal>, Report) {
    let mut report = Report::default();
    let Some(file) = decode(file_name, text, &mut report) else { return (Vec::new(), report.finish()) };
    let goals = read_goal_items(theory, file, &mut report);
    (goals, report.finish())
}

/// Parses one goal, in any notation that [`read_goals`] accepts.
///
/// # Errors
/// What is wrong with it.
pub fn parse_goal(theory: &Theory, text: &str) -> Result<Goal, Report> {
    let mut report = Report::default();
    let Some(file) = decode("goal", text.as_bytes(), &mut report) else { return Err(report) };
    let predicates = Predicates::of(theory);
    let source = report.sources.text(file).clone();
    let goal = read_item(&predicates, theory.anchor, &source, file, (0, source.len()), 1, &mut report);
    goal.ok_or_else(|| report.finish())
}

fn read_goal_items(theory: &Theory, file: FileId, report: &mut Report) -> Vec<Goal> {
    let predicates = Predicates::of(theory);
    let source = report.sources.text(file).clone();
    let mut goals = Vec::new();
    let mut names = HashSet::new();
    let mut item: Option<(usize, usize, usize)> = None;
    let mut start = 0;
    let mut read = |item: Option<(usize, usize, usize)>, report: &mut Report| {
        let Some((start, end, line)) = item else { return };
        let Some(goal) = read_item(&predicates, theory.anchor, &source, file, (start, end), line, report) else {
            return;
        };
        if !names.insert(goal.label.clone()) {
            report.push(
                Diagnostic::new(codes::GOAL_TWICE, format!("two goals are named `{}`", short(&goal.label)))
                    .at(Lexer::within(&source, file, start, end).next().span, "the second of them")
                    .help("rename one of the two"),
            );
            return;
        }
        goals.push(goal);
    };
    for (number, line) in source.split_inclusive('\n').enumerate() {
        let end = start + line.len();
        let shown = line.trim_start_matches('\u{feff}');
        let first = shown.chars().next().unwrap_or('\n');
        match &mut item {
            Some((_, item_end, _)) if matches!(first, ' ' | '\t' | '\n' | '\r' | ')') => *item_end = end,
            _ if first == ';' => {
                if let Some((place, bad)) = shown.char_indices().find(|(_, c)| flaw_in_prose(*c).is_some()) {
                    let at = (end - shown.len() + place) as u32;
                    report.push(bad_character(bad, Span { file, start: at, end: at + bad.len_utf8() as u32 }));
                }
            }
            _ if shown.trim().is_empty() => {}
            _ => {
                read(item.take(), report);
                item = Some((start, end, number + 1));
            }
        }
        start = end;
    }
    read(item, report);
    goals
}

fn read_item(
    predicates: &Predicates,
    anchor: PredicateId,
    source: &str,
    file: FileId,
    (start, end): (usize, usize),
    line: usize,
    report: &mut Report,
) -> Option<Goal> {
    // Only the first error of an item is reported, so that one bad line cannot hide the next.
    let mut inner = Report::over(report.sources.clone());
    let lexer = Lexer::within(source, file, start, end);
    let (name, expr) = match parse_conjecture(lexer.clone(), &mut inner) {
        Some(conjecture) => (Some(conjecture.name.text), Some(conjecture.body)),
        None if inner.failed() => (None, None),
        None => (None, Parser::over(lexer, &mut inner, &[]).only_formula()),
    };
    let statement = expr.and_then(|expr| GoalReader::new(predicates, anchor).statement(&expr, &mut inner));
    if let Some(first) = inner.diagnostics.into_iter().next() {
        report.push(first);
        return None;
    }
    let place = format!("{}:{line}", report.sources.name(file));
    Some(Goal { label: name.unwrap_or_else(|| line.to_string().into()), statement: statement?, place: place.into() })
}
