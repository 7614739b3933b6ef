//! Binary encoding of numbers and texts, and decoding of untrusted bytes.

use std::collections::BTreeMap;

use crate::error::DecodeError;

/// An encoder that appends values to a buffer.
#[derive(Default)]
pub(crate) struct Writer {
    buffer: Vec<u8>,
}

impl Writer {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
    }

    pub(crate) fn byte(&mut self, value: u8) {
        self.buffer.push(value);
    }

    /// Raw bytes, without a length.
    pub(crate) fn raw(&mut self, value: &[u8]) {
        self.buffer.extend_from_slice(value);
    }

    /// LEB128: seven bits per byte, lowest first; the top bit says that more follow.
    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buffer.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }

    pub(crate) fn count(&mut self, value: usize) {
        self.number(value as u64);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.count(value.len());
        self.raw(value.as_bytes());
    }

    pub(crate) fn texts<T: AsRef<str>>(&mut self, values: &[T]) {
        self.count(values.len());
        for value in values {
            self.text(value.as_ref());
        }
    }
}

/// A decoder. Every number has a unique encoding, so that equal records have equal bytes.
pub(crate) struct Reader<'a> {
    buffer: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(buffer: &'a [u8]) -> Self {
        Reader { buffer, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.buffer.len()
    }

    pub(crate) fn fail<T>(&self, why: &'static str) -> Result<T, DecodeError> {
        Err(DecodeError { at: self.at, why })
    }

    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.is_at_end() { Ok(()) } else { self.fail("more bytes than the record needs") }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.buffer[self.at..];
        if length > rest.len() {
            return self.fail("the record ends too early");
        }
        self.at += length;
        Ok(&rest[..length])
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift > 63 || (shift == 63 && bits > 1) {
                return self.fail("a number has more than 64 bits");
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return self.fail("a number has a needless byte");
                }
                break;
            }
        }
        Ok(value)
    }

    pub(crate) fn small(&mut self) -> Result<u32, DecodeError> {
        match u32::try_from(self.number()?) {
            Ok(value) => Ok(value),
            Err(_) => self.fail("a number has more than 32 bits"),
        }
    }

    /// The number of items that follow. Each takes at least one byte, so a count beyond the rest of the buffer is
    /// refused before any memory is allocated for it.
    pub(crate) fn count(&mut self) -> Result<usize, DecodeError> {
        let value = self.number()?;
        if value > (self.buffer.len() - self.at) as u64 {
            return self.fail("a count is larger than the rest of the record");
        }
        Ok(value as usize)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.count()?;
        let start = self.at;
        std::str::from_utf8(self.take(length)?)
            .map_err(|error| DecodeError { at: start + error.valid_up_to(), why: "a text is not UTF-8" })
    }

    pub(crate) fn string(&mut self) -> Result<String, DecodeError> {
        self.text().map(str::to_owned)
    }

    pub(crate) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.count()?;
        // The count is bounded by bytes, not by the size of `T`, so the capacity is limited separately.
        let mut items = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Keys must be strictly ascending, so that a map has a unique encoding.
    pub(crate) fn map<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<BTreeMap<String, T>, DecodeError> {
        let mut map = BTreeMap::new();
        for _ in 0..self.count()? {
            let key = self.string()?;
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return self.fail("the keys of a map do not ascend");
            }
            map.insert(key, item(self)?);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn numbers_come_back(value in any::<u64>(), shift in 0u32..64) {
            let mut writer = Writer::default();
            writer.number(value >> shift);
            let mut reader = Reader::new(writer.bytes());
            prop_assert_eq!(reader.number(), Ok(value >> shift));
            prop_assert!(reader.is_at_end());
        }

        #[test]
        fn a_number_has_one_form_only(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.number() {
                let mut writer = Writer::default();
                writer.number(value);
                prop_assert_eq!(writer.bytes(), &bytes[..reader.at()]);
            }
        }
    }

    #[test]
    fn a_huge_count_takes_no_memory() {
        let mut writer = Writer::default();
        writer.number(u64::MAX);
        assert!(Reader::new(writer.bytes()).count().is_err());
    }
}
