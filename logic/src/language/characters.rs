//! Which characters are allowed in names and in prose, and how untrusted text is escaped so that nothing hidden in it
//! reaches a terminal.
//!
//! Decided by general category and by Unicode's list of default-ignorable characters, not character by character.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_security::GeneralSecurityProfile;
use unicode_security::general_security_profile::IdentifierType;

/// What is wrong with a character in a name or symbol, or `None` if it is visible.
#[must_use]
pub fn flaw_in_name(c: char) -> Option<&'static str> {
    if c.is_ascii_graphic() {
        return None;
    }
    match c.general_category() {
        GeneralCategory::Control => Some("a control character"),
        GeneralCategory::Format => Some("an invisible formatting character"),
        GeneralCategory::SpaceSeparator | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            Some("a kind of space that looks like a plain one")
        }
        GeneralCategory::PrivateUse | GeneralCategory::Unassigned | GeneralCategory::Surrogate => {
            Some("a code point that stands for no character")
        }
        // Invisible letters and marks: fillers, joiners, variation selectors; and the blank Braille pattern, which
        // looks like a space.
        _ if c.identifier_type() == Some(IdentifierType::Default_Ignorable) || c == '\u{2800}' => {
            Some("an invisible character")
        }
        _ => None,
    }
}

/// What is wrong with a character at the start of a name: a combining mark attaches to the character before it.
#[must_use]
pub fn flaw_at_start(c: char) -> Option<&'static str> {
    match c.general_category() {
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark | GeneralCategory::EnclosingMark => {
            Some("a mark without a letter before it")
        }
        _ => flaw_in_name(c),
    }
}

/// What is wrong with a character in prose (a comment or a quoted string): only terminal controls and characters that
/// change the text direction are refused.
#[must_use]
pub fn flaw_in_prose(c: char) -> Option<&'static str> {
    match c {
        ' '..='~' | '\n' | '\r' | '\t' => None,
        // Persian and Indic scripts and emoji need these.
        '\u{200c}' | '\u{200d}' => None,
        _ => match c.general_category() {
            GeneralCategory::Control => Some("a control character"),
            GeneralCategory::Format => Some("an invisible formatting character"),
            GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => Some("an invisible end of a line"),
            _ => None,
        },
    }
}

/// The text for display: terminal controls and direction changes are escaped as `\u{1b}`; line breaks and tabs stay.
/// Borrowed if nothing is escaped.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| flaw_in_prose(c).is_none()) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if flaw_in_prose(c).is_none() && c != '\r' {
            shown.push(c);
        } else {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        }
    }
    Cow::Owned(shown)
}

/// [`visible`] on one line: for paths, names and other untrusted words in messages.
#[must_use]
pub fn visible_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r', '\t']) {
        return visible(text);
    }
    let escaped = text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    Cow::Owned(visible(&escaped).into_owned())
}

/// A JSON text without terminal controls: what [`visible`] escapes becomes a JSON escape with the same meaning. Such
/// characters can occur in strings only.
#[must_use]
pub fn visible_json(text: String) -> String {
    if text.chars().all(|c| flaw_in_prose(c).is_none()) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if flaw_in_prose(c).is_none() {
            shown.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_what_can_be_seen() {
        for c in "aZ09+*#_'≤∈ℕαжあ的é∗⁻¹₂🙂".chars() {
            assert_eq!(flaw_in_name(c), None, "{c}");
        }
        for c in [
            '\u{0}',
            '\t',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            ' ',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1680}',
            '\u{17b4}',
            '\u{180e}',
            '\u{2000}',
            '\u{2009}',
            '\u{200b}',
            '\u{200d}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{202f}',
            '\u{205f}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{fffe}',
            '\u{e000}',
            '\u{e0020}',
            '\u{e0100}',
            '\u{10ffff}',
        ] {
            assert!(flaw_in_name(c).is_some(), "{c:?}");
        }
        assert!(flaw_at_start('\u{301}').is_some() && flaw_in_name('\u{301}').is_none());
    }

    #[test]
    fn nothing_shown_commands_a_terminal() {
        assert_eq!(visible("a\tb\n∀ x"), "a\tb\n∀ x");
        assert_eq!(visible("\u{1b}]0;t\u{7}\u{9b}1m\u{202e}"), "\\u{1b}]0;t\\u{7}\\u{9b}1m\\u{202e}");
        assert_eq!(visible_line("a\nb\u{1b}"), "a\\nb\\u{1b}");
        let json = visible_json(serde_json::json!({ "name": "a\u{1b}\u{9b}\u{202e}\u{e0041}" }).to_string());
        assert!(json.is_ascii(), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(read["name"], "a\u{1b}\u{9b}\u{202e}\u{e0041}");
    }
}
