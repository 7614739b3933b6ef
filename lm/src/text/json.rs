//! JSON as Python writes it: possibly with a byte-order mark, and with NaN and infinities.

use serde_json::Value as Json;

/// Parses JSON. `NaN` and infinities, which Python writes although JSON does not have them, are read as null.
///
/// # Errors
/// With a message and its position.
pub(crate) fn read(bytes: &[u8]) -> Result<Json, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_json::from_str(text) {
        Ok(json) => Ok(json),
        Err(error) => serde_json::from_str(&without_strange_numbers(text)).map_err(|_| error.to_string()),
    }
}

/// The text with `null` for the numbers that JSON does not have.
fn without_strange_numbers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_text = false;
    while let Some(first) = rest.chars().next() {
        let strange = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| !in_text && rest.starts_with(word));
        if let Some(word) = strange {
            plain.push_str("null");
            rest = &rest[word.len()..];
            continue;
        }
        let length =
            if first == '\\' { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { first.len_utf8() };
        in_text ^= first == '"';
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_is_read() {
        let json = read("\u{feff}{\"a\": NaN, \"b\\\"\": -Infinity, \"c\": \"NaN\", \"d\": [Infinity, 1]}".as_bytes());
        let expected = serde_json::json!({ "a": null, "b\"": null, "c": "NaN", "d": [null, 1] });
        assert_eq!(json, Ok(expected));
        assert!(read(b"{ nan }").is_err() && read(b"\xff").is_err());
    }
}
