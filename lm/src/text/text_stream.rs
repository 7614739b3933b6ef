//! Decoding UTF-8 as it arrives.

/// Joins the bytes of tokens to text: an incomplete character waits for the rest.
#[derive(Clone, Default, Debug)]
pub struct TextStream {
    waiting: Vec<u8>,
}

impl TextStream {
    /// Adds bytes and returns the complete text. Bytes that cannot become UTF-8 are replaced.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.waiting.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.waiting) {
                Ok(whole) => {
                    text.push_str(whole);
                    self.waiting.clear();
                    return text;
                }
                Err(error) => {
                    let good = error.valid_up_to();
                    text.push_str(&String::from_utf8_lossy(&self.waiting[..good]));
                    let Some(bad) = error.error_len() else {
                        self.waiting.drain(..good);
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.waiting.drain(..good + bad);
                }
            }
        }
    }

    /// The remaining text, when no more comes.
    pub fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.waiting).into_owned();
        self.waiting.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_is_cut_waits_for_its_rest() {
        let mut stream = TextStream::default();
        let crab = "a🦀".as_bytes();
        assert_eq!(stream.push(&crab[..3]), "a");
        assert_eq!(stream.push(&crab[3..]), "🦀");
        assert_eq!(stream.push(&[0xFF, b'b', 0xC3]), "\u{FFFD}b");
        assert_eq!(stream.finish(), "\u{FFFD}");
    }
}
