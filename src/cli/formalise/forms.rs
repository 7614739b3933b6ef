//! Splits MPL text into forms, by brackets alone.

/// The form at the beginning of a text, up to its closing bracket; the whole text if there is none.
pub(super) fn first(text: &str) -> &str {
    let (mut depth, mut in_string) = (0usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => in_string = !in_string,
            b'(' if !in_string => depth += 1,
            b')' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return &text[..=at];
                }
            }
            _ => {}
        }
    }
    text
}

/// The consecutive parts of a text, separated by blanks: forms, and negated forms.
pub(super) fn all(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some(bracket) = rest.find('(') {
        let end = bracket + first(&rest[bracket..]).len();
        parts.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_end_where_their_brackets_close() {
        assert_eq!(first("(define a[x] \"(b\" (c)) (d)"), "(define a[x] \"(b\" (c))");
        assert_eq!(all(" (a (b))  !(c)\n(d) "), ["(a (b))", "!(c)", "(d)"]);
        assert_eq!((first("(a"), all("")), ("(a", Vec::new()));
    }
}
