//! Parses the forms of an `.mpl` file.

use std::sync::Arc;

use crate::calculus::theory::NotationForm;
use crate::language::characters::{flaw_at_start, flaw_in_name};

use super::codes;
use super::diagnostic::{Diagnostic, FileId, Report, did_you_mean, short};
use super::lex::{Lexer, Token, TokenKind};
use super::parse::{Parser, bad_character};
use super::syntax::{
    BoundSyntax, ConjectureSyntax, DefinitionSyntax, Form, GeneratedSyntax, Ident, ImportSyntax, MAX_NAMES,
    MAX_SIGN_BYTES, NotationSyntax,
};

/// The keywords of forms.
pub(crate) const FORM_WORDS: &[&str] =
    &["import", "use", "define", "theory", "generated", "notation", "conjecture", "bounds"];

/// Parses all forms of a file; those with errors are left out. Also returns the names and arities of definitions left
/// out, so that their uses are not reported as unknown.
pub(crate) fn parse_forms(text: &str, file: FileId, report: &mut Report) -> (Vec<Form>, Vec<(Ident, usize)>) {
    let mut reader =
        FormReader { parser: Parser::over(Lexer::new(text, file), report, FORM_WORDS), broken: Vec::new() };
    let mut forms = Vec::new();
    while !reader.parser.stopped {
        let token = reader.parser.peek();
        match token.kind {
            TokenKind::End => break,
            TokenKind::Open => forms.extend(reader.form()),
            _ => reader.stray(token),
        }
    }
    (forms, reader.broken)
}

struct FormReader<'a, 'r> {
    parser: Parser<'a, 'r>,
    broken: Vec<(Ident, usize)>,
}

impl FormReader<'_, '_> {
    /// Reports a token that starts no form, and skips to the next group.
    fn stray(&mut self, token: Token) {
        match token.kind {
            TokenKind::Bad | TokenKind::OpenString => self.parser.bad_token(token),
            TokenKind::Close | TokenKind::CloseBracket => {
                let shown = self.parser.shown(token);
                self.parser.error(
                    Diagnostic::new(codes::UNOPENED, format!("{shown} closes nothing"))
                        .at(token.span, "all forms before this are closed")
                        .help("remove it"),
                );
            }
            _ => {
                let shown = self.parser.shown(token);
                self.parser.error(
                    Diagnostic::new(codes::UNKNOWN_FORM, format!("a form is expected, but {shown} stands here"))
                        .at(token.span, "a form begins with `(`")
                        .help(format!("the forms are: {}; a comment begins with `;`", FORM_WORDS.join(", "))),
                );
            }
        }
        while !self.parser.stopped && !matches!(self.parser.peek().kind, TokenKind::Open | TokenKind::End) {
            self.parser.next();
        }
    }

    fn form(&mut self) -> Option<Form> {
        self.parser.level = 0;
        let open = self.parser.next();
        let word = self.parser.peek();
        let text = if word.kind == TokenKind::Name { self.parser.text(word) } else { "" };
        if !FORM_WORDS.contains(&text) {
            let shown = self.parser.shown(word);
            let help = did_you_mean(text, FORM_WORDS.iter().copied())
                .unwrap_or_else(|| format!("the forms are: {}", FORM_WORDS.join(", ")));
            self.parser.error(
                Diagnostic::new(codes::UNKNOWN_FORM, format!("{shown} is not a form"))
                    .at(word.span, "a form is expected here")
                    .help(help),
            );
            self.parser.skip_group();
            return None;
        }
        self.parser.next();
        let form = match text {
            "import" => self.path(open, "(import \"functions.mpl\")").map(Form::Import),
            "use" => self.path(open, "(use \"group.mpl\")").map(Form::Use),
            "define" | "theory" => self.definition().map(if text == "define" { Form::Define } else { Form::Theory }),
            "generated" => self.generated(),
            "notation" => self.notation(open),
            "conjecture" => self.conjecture(open),
            _ => self.bounds(),
        };
        if form.is_none() {
            self.parser.skip_to(0);
            return None;
        }
        // A complete form that is not closed is kept, so that its name is known.
        self.parser.close(open);
        form
    }

    /// Reports what was expected.
    fn malformed<T>(&mut self, expected: &str, example: &str) -> Option<T> {
        let token = self.parser.peek();
        match token.kind {
            TokenKind::Bad | TokenKind::OpenString => self.parser.bad_token(token),
            _ => {
                let shown = self.parser.shown(token);
                self.parser.error(
                    Diagnostic::new(codes::BAD_FORM, format!("{expected} is expected, but {shown} stands here"))
                        .at(token.span, "here")
                        .help(format!("for example: {example}")),
                );
            }
        }
        None
    }

    fn name(&mut self, expected: &str, example: &str) -> Option<Ident> {
        let token = self.parser.peek();
        if token.kind != TokenKind::Name {
            return self.malformed(expected, example);
        }
        self.parser.next();
        Some(self.parser.ident(token))
    }

    fn string(&mut self) -> Option<String> {
        let token = self.parser.peek();
        if token.kind != TokenKind::String {
            return None;
        }
        self.parser.next();
        let text = self.parser.text(token);
        Some(text[1..text.len() - 1].to_owned())
    }

    fn list(&mut self, expected: &str, example: &str) -> Option<Vec<Ident>> {
        if self.parser.peek().kind != TokenKind::OpenBracket {
            return self.malformed(expected, example);
        }
        self.parser.list()
    }

    fn path(&mut self, open: Token, example: &str) -> Option<ImportSyntax> {
        let token = self.parser.peek();
        match self.string() {
            Some(path) => Some(ImportSyntax { path, span: open.span.to(token.span) }),
            None => self.malformed("the path of a file", example),
        }
    }

    fn definition(&mut self) -> Option<DefinitionSyntax> {
        let example = "(define divides[d,n,N,*] \"d divides n\" !(>[k] (in[k,N]) !(in3[d,k,n,*])))";
        let name = self.name("a name", example)?;
        let parameters = self.list("the list of parameters", example)?;
        let doc = self.string();
        match self.parser.formula(0) {
            Some(body) => Some(DefinitionSyntax { name, parameters, doc, body }),
            None => {
                self.broken.push((name, parameters.len()));
                None
            }
        }
    }

    fn generated(&mut self) -> Option<Form> {
        let example = "(generated NaturalNumbers[N,zero,s,+,*] N zero s[N])";
        let label = self.string();
        let structure = self.name("the name of a structure", example)?;
        let parameters = self.list("the list of its arguments", example)?;
        let set = self.name("the generated set", example)?;
        let mut constructors = Vec::new();
        while self.parser.peek().kind == TokenKind::Name {
            if constructors.len() == MAX_NAMES {
                return self.malformed("`)`", example);
            }
            let token = self.parser.next();
            let name = self.parser.ident(token);
            let arguments =
                if self.parser.peek().kind == TokenKind::OpenBracket { self.parser.list()? } else { Vec::new() };
            constructors.push((name, arguments));
        }
        if constructors.is_empty() {
            return self.malformed("a constructor", example);
        }
        Some(Form::Generated(GeneratedSyntax { label, structure, parameters, set, constructors }))
    }

    fn notation(&mut self, open: Token) -> Option<Form> {
        let example = "(notation (in3[x,y,z,+]) (value z) (infix \"+\" 5))";
        self.expect(TokenKind::Open, "an atom", example)?;
        let predicate = self.name("a predicate", example)?;
        let arguments = self.list("its arguments", example)?;
        self.expect(TokenKind::Close, "`)`", example)?;
        let mut value = None;
        let mut form = None;
        while self.parser.peek().kind == TokenKind::Open {
            self.parser.next();
            let word = self.name("`value`, `infix`, `prefix` or `postfix`", example)?;
            match &*word.text {
                "value" => value = Some(self.name("an argument", example)?),
                "infix" | "prefix" | "postfix" => {
                    let symbol = self.sign(example)?;
                    form = Some(match &*word.text {
                        "infix" => {
                            let strength = self.number("the strength", 1, 9, example)? as u8;
                            NotationForm::Infix { symbol, strength }
                        }
                        "prefix" => NotationForm::Prefix { symbol },
                        _ => NotationForm::Postfix { symbol },
                    });
                }
                other => {
                    let words = ["value", "infix", "prefix", "postfix"];
                    let mut diagnostic =
                        Diagnostic::new(codes::BAD_FORM, format!("`{}` is not a part of a notation", short(other)))
                            .at(word.span, "`value`, `infix`, `prefix` or `postfix` is expected");
                    diagnostic.help = did_you_mean(other, words);
                    self.parser.error(diagnostic);
                    self.parser.skip_group();
                    return None;
                }
            }
            self.expect(TokenKind::Close, "`)`", example)?;
        }
        let span = open.span.to(self.parser.peek().span);
        match form {
            Some(form) => Some(Form::Notation(NotationSyntax { predicate, arguments, value, form, span })),
            None => self.malformed("`(infix …)`, `(prefix …)` or `(postfix …)`", example),
        }
    }

    /// The symbol of a notation: a valid name, or several separated by blanks.
    fn sign(&mut self, example: &str) -> Option<Arc<str>> {
        let token = self.parser.peek();
        let Some(sign) = self.string() else {
            return self.malformed("the symbol in quotation marks", example);
        };
        let sign = sign.trim_matches([' ', '\t', '\n', '\r']);
        let bad = sign.chars().find(|c| *c != ' ' && flaw_in_name(*c).is_some());
        let bad = bad.or_else(|| sign.chars().next().filter(|c| flaw_at_start(*c).is_some()));
        if let Some(bad) = bad {
            self.parser.error(bad_character(bad, token.span));
            return None;
        }
        if sign.is_empty() || sign.contains(['(', ')', ',']) || sign.len() > MAX_SIGN_BYTES {
            self.parser.error(
                Diagnostic::new(codes::BAD_NOTATION, format!("`{}` cannot be a sign", short(sign)))
                    .at(token.span, "here")
                    .help(format!("choose one without parentheses and commas, of at most {MAX_SIGN_BYTES} bytes")),
            );
            return None;
        }
        Some(sign.into())
    }

    fn conjecture(&mut self, open: Token) -> Option<Form> {
        let example = "(conjecture commutative (>[x,y,z] (in3[x,y,z,+]) (in3[y,x,z,+])))";
        let name = self.name("the name of the conjecture", example)?;
        let body = self.parser.formula(0)?;
        let span = open.span.to(self.parser.peek().span);
        Some(Form::Conjecture(ConjectureSyntax { name, body, span }))
    }

    fn bounds(&mut self) -> Option<Form> {
        let example = "(bounds (atoms 5) (atoms-with-constant 2) (variables 4) (predicate in2 (count 2) (atoms 1 4)))";
        let mut entries = Vec::new();
        let before = self.parser.report.errors();
        while self.parser.peek().kind == TokenKind::Open {
            let open = self.parser.next();
            let word = self.name("a bound", example)?;
            match &*word.text {
                "atoms" => entries.push(BoundSyntax::Atoms(self.number("a number of atoms", 1, 1_000, example)?)),
                "atoms-with-constant" => {
                    let atoms = self.number("a number of atoms", 0, 1_000, example)?;
                    entries.push(BoundSyntax::AtomsWithConstant(atoms));
                }
                "variables" => {
                    entries.push(BoundSyntax::Variables(self.number("a number of variables", 1, 1_000, example)?));
                }
                "predicate" => entries.push(self.predicate_bound(example)?),
                other => {
                    let words = ["atoms", "atoms-with-constant", "variables", "predicate"];
                    let help =
                        did_you_mean(other, words).unwrap_or_else(|| format!("the bounds are: {}", words.join(", ")));
                    self.parser.error(
                        Diagnostic::new(codes::BAD_BOUNDS, format!("`{}` is not a bound", short(other)))
                            .at(word.span, "here")
                            .help(help),
                    );
                    self.parser.skip_group();
                    continue;
                }
            }
            self.parser.close(open)?;
        }
        if entries.is_empty() && self.parser.report.errors() == before {
            return self.malformed("a bound", example);
        }
        Some(Form::Bounds(entries))
    }

    fn predicate_bound(&mut self, example: &str) -> Option<BoundSyntax> {
        let name = self.name("a predicate", example)?;
        let mut count = None;
        let mut atoms = None;
        while self.parser.peek().kind == TokenKind::Open {
            let open = self.parser.next();
            let word = self.name("`count` or `atoms`", example)?;
            match &*word.text {
                "count" => count = Some(self.number("a number of atoms", 0, 1_000, example)?),
                "atoms" => {
                    let least = self.number("the least number of atoms", 0, 1_000, example)?;
                    atoms = Some((least, self.number("the largest number of atoms", least, 1_000, example)?));
                }
                other => {
                    let mut diagnostic =
                        Diagnostic::new(codes::BAD_BOUNDS, format!("`{}` is not a bound of a predicate", short(other)))
                            .at(word.span, "`count` or `atoms` is expected");
                    diagnostic.help = did_you_mean(other, ["count", "atoms"]);
                    self.parser.error(diagnostic);
                    self.parser.skip_group();
                    continue;
                }
            }
            self.parser.close(open)?;
        }
        Some(BoundSyntax::Predicate { name, count, atoms })
    }

    fn number(&mut self, expected: &str, least: usize, largest: usize, example: &str) -> Option<usize> {
        let token = self.parser.peek();
        let number = self.parser.text(token).parse::<usize>().ok();
        let Some(number) = number.filter(|number| (least..=largest).contains(number)) else {
            let shown = self.parser.shown(token);
            self.parser.error(
                Diagnostic::new(
                    codes::BAD_BOUNDS,
                    format!("{expected} is expected, from {least} to {largest}, but {shown} stands here"),
                )
                .at(token.span, "here")
                .help(format!("for example: {example}")),
            );
            return None;
        };
        self.parser.next();
        Some(number)
    }

    fn expect(&mut self, kind: TokenKind, expected: &str, example: &str) -> Option<()> {
        if self.parser.peek().kind != kind {
            return self.malformed(expected, example);
        }
        self.parser.next();
        Some(())
    }
}

/// Parses a text that consists of one `(conjecture …)`. `None` without an error if it is something else.
pub(crate) fn parse_conjecture(lexer: Lexer<'_>, report: &mut Report) -> Option<ConjectureSyntax> {
    let mut ahead = lexer.clone();
    let (open, word) = (ahead.next(), ahead.next());
    let is_conjecture =
        open.kind == TokenKind::Open && word.kind == TokenKind::Name && ahead.text(word.span) == "conjecture";
    // `conjecture[…]` would be a predicate of that name.
    if !is_conjecture || ahead.next().kind == TokenKind::OpenBracket {
        return None;
    }
    let mut reader = FormReader { parser: Parser::over(lexer, report, &[]), broken: Vec::new() };
    let form = reader.form();
    reader.parser.expect_end();
    match form {
        Some(Form::Conjecture(conjecture)) => Some(conjecture),
        _ => None,
    }
}
