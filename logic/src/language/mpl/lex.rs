//! The lexer: tokens one at a time, so that large texts need no memory.

use super::diagnostic::{FileId, Span};
use crate::language::characters::{flaw_at_start, flaw_in_name, flaw_in_prose};

/// The kind of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    /// `!` outside brackets; inside it is part of a name.
    Bang,
    Name,
    /// A string in double quotes, without escapes; it may span lines.
    String,
    /// An unterminated string.
    OpenString,
    /// A character that is not allowed there. In a string or a comment, the rest of it is skipped.
    Bad,
    /// `; …` to the end of the line. Only [`Lexer::next_with_comments`] returns these.
    Comment,
    End,
}

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// The lexer of a text.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    file: FileId,
    at: usize,
    end: usize,
    in_brackets: bool,
}

impl<'a> Lexer<'a> {
    /// A leading byte order mark is skipped.
    pub(crate) fn new(text: &'a str, file: FileId) -> Lexer<'a> {
        Lexer::within(text, file, 0, text.len())
    }

    /// The lexer of a part of the text.
    pub(crate) fn within(text: &'a str, file: FileId, start: usize, end: usize) -> Lexer<'a> {
        let mark = '\u{feff}';
        let at = if start == 0 && text.starts_with(mark) { mark.len_utf8() } else { start };
        Lexer { text, file, at, end: end.max(at), in_brackets: false }
    }

    pub(crate) fn text(&self, span: Span) -> &'a str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// Whether `byte` is in the first column of its line.
    pub(crate) fn starts_line(&self, byte: u32) -> bool {
        byte == 0 || self.text.as_bytes()[byte as usize - 1] == b'\n'
    }

    /// The text from `byte` on.
    pub(crate) fn rest(&self, byte: u32) -> &'a str {
        &self.text[byte as usize..self.end]
    }

    pub(crate) fn next(&mut self) -> Token {
        loop {
            let token = self.next_with_comments();
            if token.kind != TokenKind::Comment {
                return token;
            }
        }
    }

    pub(crate) fn next_with_comments(&mut self) -> Token {
        let rest = &self.text[self.at..self.end];
        let blanks = rest.find(|c: char| !is_blank(c)).unwrap_or(rest.len());
        let start = self.at + blanks;
        let rest = &self.text[start..self.end];
        // The end position is that of the last token, not after trailing blanks: messages point there.
        let Some(first) = rest.chars().next() else { return self.token(TokenKind::End, self.at, 0) };
        match first {
            '(' => {
                self.in_brackets = false;
                self.token(TokenKind::Open, start, 1)
            }
            ')' => {
                self.in_brackets = false;
                self.token(TokenKind::Close, start, 1)
            }
            '[' => {
                self.in_brackets = true;
                self.token(TokenKind::OpenBracket, start, 1)
            }
            ']' => {
                self.in_brackets = false;
                self.token(TokenKind::CloseBracket, start, 1)
            }
            ',' => self.token(TokenKind::Comma, start, 1),
            ';' => self.prose(TokenKind::Comment, start, rest.find(['\n', '\r']).unwrap_or(rest.len())),
            '"' => match rest[1..].find('"') {
                Some(length) => self.prose(TokenKind::String, start, length + 2),
                None => self.token(TokenKind::OpenString, start, rest.len()),
            },
            '!' if !self.in_brackets => self.token(TokenKind::Bang, start, 1),
            bad if flaw_at_start(bad).is_some() => self.token(TokenKind::Bad, start, bad.len_utf8()),
            _ => {
                let in_brackets = self.in_brackets;
                let ends = |c: char| {
                    matches!(c, '(' | ')' | '[' | ']' | ',' | ';' | '"')
                        || c == '!' && !in_brackets
                        || flaw_in_name(c).is_some()
                };
                self.token(TokenKind::Name, start, rest.find(ends).unwrap_or(rest.len()))
            }
        }
    }

    /// A string or a comment, or the first character in it that is not allowed.
    fn prose(&mut self, kind: TokenKind, start: usize, length: usize) -> Token {
        let text = &self.text[start..start + length];
        let Some((place, bad)) = text.char_indices().find(|(_, c)| flaw_in_prose(*c).is_some()) else {
            return self.token(kind, start, length);
        };
        let token = self.token(TokenKind::Bad, start + place, bad.len_utf8());
        self.at = start + length;
        token
    }

    fn token(&mut self, kind: TokenKind, start: usize, length: usize) -> Token {
        self.at = start + length;
        // Files have at most 16 MB, as checked earlier.
        Token { kind, span: Span { file: self.file, start: start as u32, end: (start + length) as u32 } }
    }
}

/// Whitespace that separates tokens; other spaces look the same and are refused.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
