//! The alphabets of vocabularies: how the names of tokens encode bytes.

use crate::text::pieces::BLANK;

/// How a vocabulary writes its tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alphabet {
    /// One character per byte.
    Bytes,
    /// Text with a symbol for blanks, and `<0x0A>` for a byte.
    Blanks,
}

impl Alphabet {
    /// The bytes of the token with this name.
    pub(crate) fn bytes(self, name: &str) -> Vec<u8> {
        match self {
            // A name with characters outside the byte alphabet is taken literally.
            Alphabet::Bytes => {
                name.chars().map(byte_of).collect::<Option<_>>().unwrap_or_else(|| name.as_bytes().into())
            }
            Alphabet::Blanks => match byte_named(name) {
                Some(byte) => vec![byte],
                None => name.replace(BLANK, " ").into_bytes(),
            },
        }
    }
}

/// The byte of a name such as `<0x0A>`.
pub(crate) fn byte_named(name: &str) -> Option<u8> {
    let digits = name.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() == 2 { u8::from_str_radix(digits, 16).ok() } else { None }
}

/// The byte of a character in a vocabulary. Printable bytes of Latin-1 stand for themselves; the 68 others, in
/// ascending order, are written as the characters from U+0100 on. Source: the byte table of GPT-2.
pub(crate) fn byte_of(character: char) -> Option<u8> {
    let prints = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let code = u32::from(character);
    match u8::try_from(code) {
        Ok(byte) => prints(byte).then_some(byte),
        Err(_) => (0..=255u8).filter(|byte| !prints(*byte)).nth(code.checked_sub(256)? as usize),
    }
}
