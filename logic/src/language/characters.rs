//! Which characters may stand in names and in prose, and how text of others is shown so that nothing hidden in it
//! reaches a terminal.
//!
//! Decided by general category and by Unicode's list of characters that are drawn as nothing, not character by
//! character.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_security::GeneralSecurityProfile;
use unicode_security::general_security_profile::IdentifierType;

/// What is wrong with a character in a name or a sign, or `None` if readers can see it.
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
        // Letters and marks that are drawn as nothing: fillers, joiners, variation selectors; and the empty pattern
        // of Braille, which is drawn as a space.
        _ if c.identifier_type() == Some(IdentifierType::Default_Ignorable) || c == '\u{2800}' => {
            Some("an invisible character")
        }
        _ => None,
    }
}

/// What is wrong with a character as the first one of a name: a mark is drawn onto what stands before it.
#[must_use]
pub fn flaw_at_start(c: char) -> Option<&'static str> {
    match c.general_category() {
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark | GeneralCategory::EnclosingMark => {
            Some("a mark without a letter before it")
        }
        _ => flaw_in_name(c),
    }
}

/// What is wrong with a character in prose (a comment, the text in quotation marks): only what commands a terminal or
/// changes the order in which text is shown.
#[must_use]
pub fn flaw_in_prose(c: char) -> Option<&'static str> {
    match c {
        ' '..='~' | '\n' | '\r' | '\t' => None,
        // Words of Persian and Indian scripts, and emoji, are written with these.
        '\u{200c}' | '\u{200d}' => None,
        _ => match c.general_category() {
            GeneralCategory::Control => Some("a control character"),
            GeneralCategory::Format => Some("an invisible formatting character"),
            GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => Some("an invisible end of a line"),
            _ => None,
        },
    }
}

/// The text as it is shown to people: what commands a terminal or changes the order of text is spelled `\u{1b}`; line
/// ends and tabs stay. Nothing is copied if there is nothing to spell.
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

/// As [`visible`], on one line: what a path, a name or a word of others is in a message.
#[must_use]
pub fn visible_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r', '\t']) {
        return visible(text);
    }
    let escaped = text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    Cow::Owned(visible(&escaped).into_owned())
}

/// A JSON text whose strings hold nothing that commands a terminal: what [`visible`] spells is written as an escape of
/// JSON, which means the same. Such characters can stand in strings only.
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
