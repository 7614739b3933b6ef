//! Parses tokens to formulas. Recursive, up to [`MAX_NESTING`]; after an error, parsing resumes after the enclosing
//! group, so that one run finds several errors.

use super::codes;
use super::diagnostic::{Diagnostic, FileId, Report, Span, short};
use super::lex::{Lexer, Token, TokenKind};
use super::syntax::{Expr, Ident, LONGEST_CHAIN, MAX_NAME_BYTES, MAX_NAMES, MAX_NESTING, joined};
use crate::language::characters::{flaw_at_start, flaw_in_prose};

/// The diagnostic for a character that is not allowed there.
pub(crate) fn bad_character(character: char, span: Span) -> Diagnostic {
    let flaw = flaw_in_prose(character).or_else(|| flaw_at_start(character)).unwrap_or("a character out of place");
    let message = format!("the character U+{:04X} may not stand here", u32::from(character));
    Diagnostic::new(codes::BAD_CHARACTER, message)
        .at(span, flaw)
        .help("remove it, or write a character that readers can see")
}

/// A parser of one text. Errors go to the report; what could not be parsed is `None`.
pub(crate) struct Parser<'a, 'r> {
    lexer: Lexer<'a>,
    peeked: Option<Token>,
    pub(crate) report: &'r mut Report,
    /// Keywords of forms that may start a line; an open group ends at such a line. Empty for plain formulas.
    form_words: &'static [&'static str],
    /// Set when further errors would be consequences of this one: nesting too deep, or end of text.
    pub(crate) stopped: bool,
    /// The number of open groups.
    pub(crate) level: usize,
    /// The number of open equivalences.
    pub(super) equivalences: usize,
}

impl<'a, 'r> Parser<'a, 'r> {
    pub(crate) fn new(text: &'a str, file: FileId, report: &'r mut Report) -> Parser<'a, 'r> {
        Parser::over(Lexer::new(text, file), report, &[])
    }

    pub(crate) fn over(
        lexer: Lexer<'a>,
        report: &'r mut Report,
        form_words: &'static [&'static str],
    ) -> Parser<'a, 'r> {
        Parser { lexer, peeked: None, report, form_words, stopped: false, level: 0, equivalences: 0 }
    }

    /// Parses a text that is one formula.
    pub(crate) fn only_formula(mut self) -> Option<Expr> {
        let first = self.peek();
        if first.kind == TokenKind::End {
            self.error(
                Diagnostic::new(codes::EMPTY, "there is no formula here")
                    .at(first.span, "the text ends")
                    .help("write one formula, for example `(in[x,N])`"),
            );
            return None;
        }
        let before = self.report.errors();
        let formula = self.formula(0);
        if !self.stopped && formula.is_some() {
            self.expect_end();
        }
        formula.filter(|_| self.report.errors() == before)
    }

    pub(crate) fn expect_end(&mut self) {
        let token = self.peek();
        match token.kind {
            TokenKind::End => {}
            TokenKind::Close | TokenKind::CloseBracket => {
                let shown = self.shown(token);
                self.error(
                    Diagnostic::new(codes::UNOPENED, format!("{shown} closes nothing"))
                        .at(token.span, "the formula has ended before")
                        .help("remove it, or add what it should close"),
                );
            }
            _ => {
                let shown = self.shown(token);
                self.error(
                    Diagnostic::new(codes::TRAILING, format!("{shown} stands after the formula"))
                        .at(token.span, "the formula has ended before")
                        .help("one formula is expected; join several with `(& A B)`"),
                );
            }
        }
    }

    /// Parses one formula. On `None` the error has been reported and the group skipped.
    ///
    /// The functions of this recursion delegate every message to others and keep little on the stack: a formula of
    /// maximal depth must fit a small stack in an unoptimised build.
    pub(crate) fn formula(&mut self, depth: usize) -> Option<Expr> {
        if self.stopped {
            return None;
        }
        let token = self.peek();
        match token.kind {
            TokenKind::Bang | TokenKind::Open if depth >= MAX_NESTING => self.too_deep(token, depth),
            TokenKind::Bang => {
                self.next();
                let inner = Box::new(self.formula(depth + 1)?);
                Some(Expr::Not { span: token.span.to(inner.span()), inner, wrapped: false })
            }
            TokenKind::Open => self.group(depth),
            _ => self.no_formula(token),
        }
    }

    fn too_deep(&mut self, token: Token, depth: usize) -> Option<Expr> {
        self.stopped = true;
        self.error(
            Diagnostic::new(codes::TOO_DEEP, format!("the nesting is deeper than {MAX_NESTING} levels"))
                .at(token.span, format!("level {}", depth + 1))
                .help("name parts of the formula with definitions of their own"),
        );
        None
    }

    /// Reports a token that starts no formula.
    fn no_formula(&mut self, token: Token) -> Option<Expr> {
        let shown = self.shown(token);
        let message = format!("a formula is expected, but {shown} stands here");
        let diagnostic =
            Diagnostic::new(codes::EXPECTED_FORMULA, message).at(token.span, "a formula begins with `(` or `!`");
        match token.kind {
            TokenKind::End => self.ended("a formula is expected, but the text ends", token.span, None),
            TokenKind::Bad | TokenKind::OpenString => self.bad_token(token),
            TokenKind::Close => self.error(diagnostic),
            TokenKind::Name => {
                let name = short(self.text(token));
                self.next();
                if self.peek().kind == TokenKind::OpenBracket {
                    self.error(diagnostic.help(format!("write `({name}[…])`")));
                    self.list();
                } else {
                    self.error(diagnostic);
                }
            }
            _ => {
                self.error(diagnostic);
                self.next();
            }
        }
        None
    }

    /// A group in parentheses, starting at `(`.
    fn group(&mut self, depth: usize) -> Option<Expr> {
        let open = self.next();
        let head = self.peek();
        match head.kind {
            TokenKind::Bang => self.wrapped_negation(open, depth),
            TokenKind::Name => {
                self.next();
                match self.text(head) {
                    "&" => self.conjunction(open, depth),
                    ">" => self.implication(open, head, depth),
                    // A predicate of this name is followed by its arguments.
                    "or" if self.peek().kind != TokenKind::OpenBracket => self.disjunction(open, depth),
                    "iff" if self.peek().kind != TokenKind::OpenBracket => self.equivalence(open, depth),
                    "exists" => self.existence(open, head, depth),
                    _ => self.atom(open, head),
                }
            }
            // Double parentheses: parse on as if the outer pair were absent, to detect unbounded nesting and to report
            // the error once.
            TokenKind::Open => {
                let found = self.formula(depth + 1).is_some();
                self.doubled(open, found)
            }
            _ => self.no_head(open, head),
        }
    }

    fn wrapped_negation(&mut self, open: Token, depth: usize) -> Option<Expr> {
        let inner = self.formula(depth + 1);
        if inner.is_none() {
            self.skip_group();
            return None;
        }
        let span = self.close(open)?;
        match inner {
            Some(Expr::Not { inner, .. }) => Some(Expr::Not { inner, span, wrapped: true }),
            other => other,
        }
    }

    fn doubled(&mut self, open: Token, found: bool) -> Option<Expr> {
        if self.stopped {
            return None;
        }
        if found {
            self.error(
                Diagnostic::new(codes::EXPECTED_FORMULA, "a formula stands in parentheses of its own")
                    .at(open.span, "`(` must be followed by a predicate, `&`, `>` or `!`")
                    .help("remove this pair of parentheses"),
            );
        }
        self.skip_group();
        None
    }

    fn no_head(&mut self, open: Token, head: Token) -> Option<Expr> {
        if head.kind == TokenKind::End {
            self.ended("a predicate, `&`, `>` or `!` is expected, but the text ends", head.span, Some(open));
            return None;
        }
        let shown = self.shown(head);
        self.error(
            Diagnostic::new(
                codes::EXPECTED_FORMULA,
                format!("a predicate, `&`, `>` or `!` is expected, but {shown} stands here"),
            )
            .at(head.span, "after `(`"),
        );
        self.skip_group();
        None
    }

    /// Whether the open group has another part.
    fn part_follows(&mut self) -> bool {
        !self.stopped && !matches!(self.peek().kind, TokenKind::Close | TokenKind::End) && !self.form_follows()
    }

    fn conjunction(&mut self, open: Token, depth: usize) -> Option<Expr> {
        let (parts, span) = self.parts(open, depth)?;
        self.join(parts, span)
    }

    /// The parts of a conjunction, and the span of the group. `None` if one of them could not be parsed.
    pub(super) fn parts(&mut self, open: Token, depth: usize) -> Option<(Vec<Expr>, Span)> {
        let mut parts = Vec::new();
        let mut failed = false;
        while self.part_follows() {
            // The deepest position a part can get, however many follow it.
            let part = self.formula(depth + 1 + parts.len().min(LONGEST_CHAIN).saturating_sub(1));
            failed |= part.is_none();
            parts.extend(part);
        }
        let span = self.close(open)?;
        (!failed).then_some((parts, span))
    }

    fn join(&mut self, parts: Vec<Expr>, span: Span) -> Option<Expr> {
        if parts.len() < 2 {
            self.error(
                Diagnostic::new(
                    codes::SHORT_CONJUNCTION,
                    format!("`&` joins at least two formulas, but there {}", ["is none", "is one"][parts.len()]),
                )
                .at(span, "this conjunction")
                .help("write `(& A B)`, or the one formula by itself"),
            );
            return None;
        }
        joined(parts, &|left, right| Expr::And { left: Box::new(left), right: Box::new(right), span })
    }

    fn implication(&mut self, open: Token, head: Token, depth: usize) -> Option<Expr> {
        let binders = self.binders(head)?;
        let mut parts = Vec::new();
        let mut count = 0;
        while self.part_follows() {
            let part = self.formula(depth + 1);
            count += 1;
            if count <= 2 {
                parts.extend(part);
            }
        }
        let span = self.close(open)?;
        self.two_parts(binders, parts, count, span)
    }

    fn binders(&mut self, head: Token) -> Option<Vec<Ident>> {
        let binders = if self.peek().kind == TokenKind::OpenBracket {
            self.list()
        } else {
            self.error(
                Diagnostic::new(codes::NO_BINDER, "`>` must be followed by its list of variables")
                    .at(head.span, "no `[` after this")
                    .help("write `(>[x,y] A B)`, or `(>[] A B)` for a plain implication"),
            );
            None
        };
        if binders.is_none() {
            self.skip_group();
        }
        binders
    }

    fn two_parts(&mut self, binders: Vec<Ident>, mut parts: Vec<Expr>, count: usize, span: Span) -> Option<Expr> {
        if count != 2 {
            self.error(
                Diagnostic::new(
                    codes::NOT_TWO,
                    format!("an implication has one premise and one conclusion, but {count} formulas stand here"),
                )
                .at(span, "this implication")
                .help("join several premises with `(& A B)`"),
            );
            return None;
        }
        // Parts that could not be parsed have been reported.
        if parts.len() < 2 {
            return None;
        }
        let conclusion = Box::new(parts.pop()?);
        let premise = Box::new(parts.pop()?);
        Some(Expr::Implies { binders, premise, conclusion, span })
    }

    pub(super) fn atom(&mut self, open: Token, head: Token) -> Option<Expr> {
        let name = self.ident(head);
        if self.peek().kind != TokenKind::OpenBracket {
            self.error(
                Diagnostic::new(
                    codes::NO_ARGUMENTS,
                    format!("`{}` must be followed by its arguments", short(&name.text)),
                )
                .at(head.span, "no `[` after this")
                .help(format!("write `({}[x,y])`", short(&name.text))),
            );
            self.skip_group();
            return None;
        }
        let Some(arguments) = self.list() else {
            self.skip_group();
            return None;
        };
        let span = self.close(open)?;
        Some(Expr::Atom { name, arguments, span })
    }

    /// A list `[a,b]`, starting at `[`.
    pub(crate) fn list(&mut self) -> Option<Vec<Ident>> {
        let open = self.next();
        let mut names = Vec::new();
        if self.peek().kind == TokenKind::CloseBracket {
            self.next();
            return Some(names);
        }
        loop {
            let token = self.peek();
            if token.kind != TokenKind::Name {
                self.bad_list(open, token, "a name");
                return None;
            }
            self.next();
            if names.len() == MAX_NAMES {
                self.error(
                    Diagnostic::new(codes::TOO_MANY_NAMES, format!("a list has more than {MAX_NAMES} names"))
                        .at(token.span, format!("name {}", MAX_NAMES + 1)),
                );
                return None;
            }
            names.push(self.ident(token));
            let token = self.peek();
            match token.kind {
                TokenKind::Comma => {
                    self.next();
                }
                TokenKind::CloseBracket => {
                    self.next();
                    return Some(names);
                }
                _ => {
                    self.bad_list(open, token, "`,` or `]`");
                    return None;
                }
            }
        }
    }

    fn bad_list(&mut self, open: Token, token: Token, expected: &str) {
        match token.kind {
            TokenKind::End => self.ended(&format!("{expected} is expected, but the text ends"), token.span, Some(open)),
            TokenKind::Bad | TokenKind::OpenString => self.bad_token(token),
            TokenKind::Open | TokenKind::Close => self.error(
                Diagnostic::new(codes::UNCLOSED, "`]` is missing")
                    .at(token.span, "a list of names cannot go on here")
                    .at(open.span, "the list was opened here")
                    .help("close the list with `]`"),
            ),
            _ => {
                let shown = self.shown(token);
                let help = match token.kind {
                    TokenKind::Name => "separate the names by commas",
                    _ => "write a list as `[a,b,c]`",
                };
                self.error(
                    Diagnostic::new(codes::BAD_LIST, format!("{expected} is expected, but {shown} stands here"))
                        .at(token.span, "in this list")
                        .help(help),
                );
            }
        }
    }

    /// Closes a group and returns its span. Anything before its end is reported once and skipped.
    pub(crate) fn close(&mut self, open: Token) -> Option<Span> {
        if self.stopped {
            return None;
        }
        let token = self.peek();
        match token.kind {
            TokenKind::Close => {
                self.next();
                Some(open.span.to(token.span))
            }
            TokenKind::End => {
                self.ended("`)` is missing: the text ends inside a group", token.span, Some(open));
                None
            }
            TokenKind::Bad | TokenKind::OpenString => {
                self.bad_token(token);
                self.skip_group();
                None
            }
            _ => {
                let at = if self.form_follows() { "a new form begins here" } else { "`)` is expected before this" };
                self.error(
                    Diagnostic::new(codes::UNCLOSED, "`)` is missing")
                        .at(token.span, at)
                        .at(open.span, "this group was opened here")
                        .help("close the group with `)`"),
                );
                self.skip_group();
                None
            }
        }
    }

    /// Skips to the end of the open group, including its `)`.
    pub(crate) fn skip_group(&mut self) {
        self.skip_to(self.level.saturating_sub(1));
    }

    /// Skips until at most `level` groups are open.
    pub(crate) fn skip_to(&mut self, level: usize) {
        while self.level > level && !self.stopped && !self.form_follows() && self.peek().kind != TokenKind::End {
            self.next();
        }
    }

    /// Whether a top-level form starts here, at the start of a line.
    pub(crate) fn form_follows(&mut self) -> bool {
        if self.form_words.is_empty() {
            return false;
        }
        let token = self.peek();
        token.kind == TokenKind::Open && self.lexer.starts_line(token.span.start) && {
            let rest = &self.lexer.rest(token.span.start)[1..];
            self.form_words
                .iter()
                .any(|word| rest.strip_prefix(word).is_some_and(|rest| rest.starts_with(char::is_whitespace)))
        }
    }

    fn ended(&mut self, message: &str, end: Span, open: Option<Token>) {
        self.stopped = true;
        let mut diagnostic = Diagnostic::new(codes::UNCLOSED, message).at(end, "the text ends here");
        if let Some(open) = open {
            let closing = if open.kind == TokenKind::Open { ")" } else { "]" };
            diagnostic = diagnostic.at(open.span, "this was opened here").help(format!("close it with `{closing}`"));
        }
        self.error(diagnostic);
    }

    pub(crate) fn bad_token(&mut self, token: Token) {
        self.next();
        match token.kind {
            TokenKind::OpenString => {
                self.stopped = true;
                let quote = Span { end: token.span.start + 1, ..token.span };
                self.error(
                    Diagnostic::new(codes::OPEN_STRING, "a string is not closed")
                        .at(quote, "it was opened here")
                        .help("close it with `\"`; a string cannot hold a quotation mark"),
                );
            }
            _ => {
                let character = self.text(token).chars().next().unwrap_or(' ');
                self.error(bad_character(character, token.span));
            }
        }
    }

    pub(crate) fn error(&mut self, diagnostic: Diagnostic) {
        self.report.push(diagnostic);
        if self.report.is_full() {
            self.stopped = true;
        }
    }

    pub(crate) fn peek(&mut self) -> Token {
        match self.peeked {
            Some(token) => token,
            None => *self.peeked.insert(self.lexer.next()),
        }
    }

    pub(crate) fn next(&mut self) -> Token {
        let token = self.peek();
        self.peeked = None;
        match token.kind {
            TokenKind::Open => self.level += 1,
            TokenKind::Close => self.level = self.level.saturating_sub(1),
            _ => {}
        }
        token
    }

    pub(crate) fn text(&self, token: Token) -> &'a str {
        self.lexer.text(token.span)
    }

    /// A name. One that is too long is reported and truncated.
    pub(crate) fn ident(&mut self, token: Token) -> Ident {
        let mut text = self.text(token);
        if text.len() > MAX_NAME_BYTES {
            self.error(
                Diagnostic::new(codes::NAME_TOO_LONG, format!("a name is longer than {MAX_NAME_BYTES} bytes"))
                    .at(token.span, format!("{} bytes", text.len()))
                    .help("choose a shorter name"),
            );
            let end = (0..=MAX_NAME_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text = &text[..end];
        }
        Ident { text: text.into(), span: token.span }
    }

    /// A token as shown in messages.
    pub(crate) fn shown(&self, token: Token) -> String {
        match token.kind {
            TokenKind::End => "the end of the text".to_owned(),
            TokenKind::String => "a string".to_owned(),
            _ => format!("`{}`", short(self.text(token))),
        }
    }
}
