//! Escaping of user text in markup.

use theoremata_logic::language::characters::flaw_in_prose;

/// Appends text to markup with escapes, valid in attributes as well.
pub(crate) fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // Browsers and validators reject these characters, which are invisible or reorder text.
            c if c == '\r' || flaw_in_prose(c).is_some() => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
}

pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::new();
    escape(text, &mut html);
    html
}

/// Maximal length of the MPL text of a formula on a page, in bytes.
const LONGEST_TEXT: usize = 20_000;

/// The text, truncated to that length.
pub(crate) fn shortened(text: String) -> String {
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    let mut end = LONGEST_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… ({} bytes in all; the whole text is in the download)", &text[..end], text.len())
}
