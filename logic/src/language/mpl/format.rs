//! The formatter of MPL text: `theoremata fmt`.
//!
//! A group that fits is written on one line; otherwise its parts are on lines of their own, indented by two blanks.
//! Comments and single blank lines are kept. The layout depends only on the parts, not on the previous layout, so
//! formatting is idempotent.

use super::codes;
use super::decode::decode;
use super::diagnostic::{Diagnostic, FileId, Report, Span};
use super::form::{FORM_WORDS, parse_forms};
use super::lex::{Lexer, TokenKind};
use super::parse::Parser;

/// The maximal width of a line with a group.
pub const LINE_WIDTH: usize = 100;

/// Formats a text: a file of forms, or a definition file with one formula.
///
/// # Errors
/// What is wrong with the text, which should then be left unchanged.
pub fn format(name: &str, text: &[u8]) -> Result<String, Report> {
    let mut report = Report::default();
    let Some(file) = decode(name, text, &mut report) else { return Err(report.finish()) };
    let source = report.sources.text(file).clone();
    if has_forms(&source, file) {
        parse_forms(&source, file, &mut report);
    } else if Lexer::new(&source, file).next().kind == TokenKind::End {
        if source.trim_start_matches('\u{feff}').trim().is_empty() {
            let span = Span { file, start: 0, end: 0 };
            report.push(Diagnostic::new(codes::EMPTY, "the file is empty").at(span, "nothing but blanks"));
        }
    } else {
        Parser::new(&source, file, &mut report).only_formula();
    }
    if report.failed() {
        return Err(report.finish());
    }
    let mut out = String::new();
    for (place, item) in items(&source, file).iter().enumerate() {
        if place > 0 {
            item.start_line(0, &mut out);
        }
        item.put(0, 0, &mut out);
    }
    out.push('\n');
    Ok(out)
}

/// Whether a text is a file of forms: its first group begins with a keyword of a form.
pub(crate) fn has_forms(source: &str, file: FileId) -> bool {
    let mut lexer = Lexer::new(source, file);
    let (open, word, after) = (lexer.next(), lexer.next(), lexer.next());
    open.kind == TokenKind::Open
        && word.kind == TokenKind::Name
        && FORM_WORDS.contains(&lexer.text(word.span))
        && after.kind != TokenKind::OpenBracket
}

struct Item {
    /// The number of leading negations.
    bangs: usize,
    kind: Kind,
    /// Whether a blank line precedes it.
    blank_before: bool,
    /// The width on one line; `None` if it cannot be followed by anything on its line.
    flat: Option<usize>,
}

enum Kind {
    /// A name, with its list of names if it has one, or a string.
    Word(String),
    Group(Vec<Item>),
    /// A comment, on the line of the previous item or on its own.
    Comment {
        text: String,
        trailing: bool,
    },
}

/// The items of a well-formed text.
fn items(source: &str, file: FileId) -> Vec<Item> {
    let mut lexer = Lexer::new(source, file);
    let mut open: Vec<(Vec<Item>, usize, bool)> = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    let mut bangs = 0;
    let mut list: Option<String> = None;
    let mut list_comments: Vec<Item> = Vec::new();
    let mut end_before = 0;
    loop {
        let token = lexer.next_with_comments();
        let text = lexer.text(token.span);
        let gap = &source[end_before..token.span.start as usize];
        end_before = token.span.end as usize;
        let lines = gap.bytes().filter(|byte| *byte == b'\n').count();
        let blank_before = lines > 1;
        match token.kind {
            TokenKind::End => return items,
            TokenKind::Comment => {
                let trailing = lines == 0 && token.span.start > 0;
                let comment = Item {
                    bangs: 0,
                    kind: Kind::Comment { text: text.trim_end().to_owned(), trailing },
                    blank_before,
                    flat: None,
                };
                if list.is_some() { list_comments.push(comment) } else { items.push(comment) }
            }
            TokenKind::OpenBracket => list = Some("[".to_owned()),
            TokenKind::Comma => list.get_or_insert_default().push(','),
            TokenKind::CloseBracket => {
                let mut names = list.take().unwrap_or_default();
                names.push(']');
                let head = items.iter_mut().rev().find_map(|item| match &mut item.kind {
                    Kind::Word(word) => Some((word, &mut item.flat)),
                    _ => None,
                });
                if let Some((word, flat)) = head {
                    word.push_str(&names);
                    *flat = Some(word.chars().count());
                }
                items.append(&mut list_comments);
            }
            TokenKind::Bang => bangs += 1,
            TokenKind::Open => {
                open.push((std::mem::take(&mut items), bangs, blank_before));
                bangs = 0;
            }
            TokenKind::Close => {
                let Some((outside, bangs, blank_before)) = open.pop() else { return items };
                let inside = std::mem::replace(&mut items, outside);
                let blanks = inside.len().saturating_sub(1);
                let widths = inside.iter().map(|item| item.flat).try_fold(0, |sum, width| Some(sum + width?));
                let flat = widths.map(|widths| widths + blanks + 2 + bangs);
                items.push(Item { bangs, kind: Kind::Group(inside), blank_before, flat });
            }
            _ => {
                if let Some(list) = &mut list {
                    list.push_str(text);
                } else {
                    let flat = (!text.contains('\n')).then(|| text.chars().count());
                    items.push(Item { bangs, kind: Kind::Word(text.to_owned()), blank_before, flat });
                    bangs = 0;
                }
            }
        }
    }
}

impl Item {
    fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Comment { .. })
    }

    /// Moves to the start of this item: a new line, except for a comment that belongs to the previous line.
    fn start_line(&self, indent: usize, out: &mut String) {
        if matches!(self.kind, Kind::Comment { trailing: true, .. }) {
            out.push(' ');
            return;
        }
        out.push('\n');
        if self.blank_before {
            out.push('\n');
        }
        out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Writes the item at `indent`, with room for `closers` closing parentheses.
    fn put(&self, indent: usize, closers: usize, out: &mut String) {
        if self.flat.is_some_and(|width| indent + width + closers <= LINE_WIDTH) {
            self.put_flat(out);
            return;
        }
        out.extend(std::iter::repeat_n('!', self.bangs));
        match &self.kind {
            Kind::Word(text) | Kind::Comment { text, .. } => out.push_str(text),
            Kind::Group(items) => put_group(items, indent + self.bangs, closers, out),
        }
    }

    fn put_flat(&self, out: &mut String) {
        out.extend(std::iter::repeat_n('!', self.bangs));
        match &self.kind {
            Kind::Word(text) | Kind::Comment { text, .. } => out.push_str(text),
            Kind::Group(items) => {
                out.push('(');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(' ');
                    }
                    item.put_flat(out);
                }
                out.push(')');
            }
        }
    }
}

/// Writes a group over several lines: its leading names, the premise of an implication if it fits, and the rest on
/// lines of their own.
fn put_group(items: &[Item], indent: usize, closers: usize, out: &mut String) {
    out.push('(');
    let mut column = indent + 1;
    let is_name = |item: &Item| matches!(&item.kind, Kind::Word(text) if !text.starts_with('"'));
    let mut count = items.iter().take_while(|item| is_name(item)).count();
    for (place, item) in items[..count].iter().enumerate() {
        if place > 0 {
            out.push(' ');
            column += 1;
        }
        item.put_flat(out);
        column += item.flat.unwrap_or_default();
    }
    let implication = matches!(
        items.first(),
        Some(Item { kind: Kind::Word(text), .. }) if text.starts_with(">[") || text.starts_with("exists[")
    );
    if count == 0 {
        if let Some(first) = items.first().filter(|first| !first.is_comment()) {
            first.put(column, closers + 1, out);
            count = 1;
        }
    } else if implication
        && let [premise, _, ..] = &items[count..]
        && premise.flat.is_some_and(|width| column + 1 + width <= LINE_WIDTH)
    {
        out.push(' ');
        premise.put_flat(out);
        count += 1;
    }
    for (place, item) in items.iter().enumerate().skip(count) {
        item.start_line(indent + 2, out);
        let last = place + 1 == items.len();
        item.put(indent + 2, if last { closers + 1 } else { 0 }, out);
    }
    if items.last().is_some_and(Item::is_comment) {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    }
    out.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        let once = format("a.mpl", text.as_bytes()).unwrap_or_else(|report| panic!("{}", report.render(false)));
        assert_eq!(once, wanted);
        let twice = format("a.mpl", once.as_bytes()).unwrap_or_else(|report| panic!("{}", report.render(false)));
        assert_eq!(twice, once, "a second pass changes nothing");
    }

    #[test]
    fn what_fits_stands_on_one_line() {
        check("(>\t[ x , y ]\r\n (in2[x,y,f])\r\n(in[x,X]) )", "(>[x,y] (in2[x,y,f]) (in[x,X]))\n");
    }

    #[test]
    fn comments_stay_where_they_are() {
        check(
            "; top\n(theory T[N] ; here\n\n\n  ; own\n (& (in[N,N]) ; first\n (in[N, ; inner\nN])))\n; end",
            "; top\n(theory T[N] ; here\n\n  ; own\n  (&\n    (in[N,N]) ; first\n    (in[N,N] ; inner\n    )))\n; end\n",
        );
    }

    #[test]
    fn a_premise_stays_beside_its_binder() {
        let long = "(>[a_long_name,b_long_name] (in2[a_long_name,b_long_name,relation]) \
                    !(& (in2[a_long_name,b_long_name,relation]) (in2[b_long_name,a_long_name,relation])))";
        check(
            long,
            "(>[a_long_name,b_long_name] (in2[a_long_name,b_long_name,relation])\n  \
             !(& (in2[a_long_name,b_long_name,relation]) (in2[b_long_name,a_long_name,relation])))\n",
        );
    }

    #[test]
    fn a_broken_text_is_refused() {
        let report = format("a.mpl", b"(& (in[x,y])").expect_err("a part is missing");
        assert_eq!(report.diagnostics[0].code, codes::UNCLOSED);
    }
}
