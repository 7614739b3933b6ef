//! A reader of GGUF files: metadata, and the place and bytes of tensors.
//!
//! Files are untrusted. Every length is compared with the rest of the file before anything is allocated, every sum is
//! checked for overflow, and a tensor that is not wholly inside the file is refused when the header is read, not when
//! the tensor is.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom, Take};

use theoremata_kernels::Format;

/// The largest header, in bytes; that of a large vocabulary takes about 10 MB.
const HEAD_BYTES_MAX: u64 = 128 << 20;
/// The largest number of metadata entries, and of tensors: real files have a few hundred.
const ENTRIES_MAX: u64 = 1 << 16;
/// The largest number of items in a list: the largest vocabularies have 262,144.
const ITEMS_MAX: u64 = 1 << 22;
/// The longest text in the header, in bytes.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// An I/O error.
    #[error("cannot read the file: {0}")]
    World(#[from] std::io::Error),
    /// The file does not begin with the magic number.
    #[error("this is not a GGUF file: it begins with {found:02x?} and not with \"GGUF\"")]
    NotGguf {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// An unsupported version.
    #[error("GGUF version {0} is not known; versions 2 and 3 are")]
    Version(u32),
    /// The file ends too early.
    #[error("the file is cut off: {what} needs {needed} bytes at {at}, and the file has {length}")]
    CutOff {
        /// What was being read.
        what: &'static str,
        /// Its offset.
        at: u64,
        /// Its length.
        needed: u64,
        /// The length of the file.
        length: u64,
    },
    /// More than any valid file has.
    #[error("{what}: {found} is more than the bound of {bound}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The number in the file.
        found: u64,
        /// The largest number that is accepted.
        bound: u64,
    },
    /// An unknown number, or an invalid value.
    #[error("{what} of {name} is {found}, which is not possible here")]
    Impossible {
        /// The entry or tensor.
        name: String,
        /// The property.
        what: &'static str,
        /// The value in the file.
        found: String,
    },
    /// A required entry or tensor is missing.
    #[error("the file has no {what} {name}")]
    Missing {
        /// Entry or tensor.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

/// A metadata value.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// An integer of any width.
    Integer(i64),
    /// A float of either width.
    Float(f64),
    /// A boolean.
    Flag(bool),
    /// A text; bytes that are not UTF-8 are replaced.
    Text(String),
    /// A list of integers or booleans.
    Integers(Vec<i64>),
    /// A list of floats.
    Floats(Vec<f64>),
    /// A list of texts.
    Texts(Texts),
}

/// Texts in one buffer: a vocabulary has too many for an allocation each.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Texts {
    all: String,
    /// The end of each text.
    ends: Vec<u32>,
}

impl Texts {
    /// Text number `index`.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.all[start as usize..end as usize])
    }

    /// All texts, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|index| self.get(index).expect("one of the texts"))
    }

    fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(self.all.len() as u32); // the header is bounded, see `HEAD_BYTES_MAX`
    }
}

/// The place and format of a tensor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Sizes, the fastest first.
    pub shape: Vec<usize>,
    /// The number format.
    pub format: Format,
    /// The offset from the start of the file.
    at: u64,
    bytes: usize,
}

impl Place {
    /// Bytes in the file.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// An open file: its header is read, its tensors are read on demand.
#[derive(Debug)]
pub struct Gguf<R> {
    source: R,
    entries: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Place>,
}

impl<R: Read + Seek> Gguf<R> {
    /// Reads the header and checks that all tensors are inside the file.
    pub fn open(mut source: R) -> Result<Gguf<R>, GgufError> {
        let length = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(0))?;
        let mut head = Head { source: std::io::BufReader::new(source), at: 0, length };
        let magic: [u8; 4] = head.array("the magic word")?;
        if &magic != b"GGUF" {
            return Err(GgufError::NotGguf { found: magic });
        }
        let version = head.u32("the version")?;
        if !(2..=3).contains(&version) {
            return Err(GgufError::Version(version));
        }
        let tensor_count = head.count("tensors", ENTRIES_MAX)?;
        let entry_count = head.count("entries of the head", ENTRIES_MAX)?;
        let mut entries = BTreeMap::new();
        for _ in 0..entry_count {
            let name = head.text("the name of an entry")?;
            let kind = head.u32("the kind of an entry")?;
            let value = head.value(&name, kind)?;
            entries.insert(name, value);
        }
        let mut announced = Vec::new();
        for _ in 0..tensor_count {
            announced.push(head.tensor()?);
        }
        let alignment = match entries.get("general.alignment") {
            None => 32,
            Some(Value::Integer(number)) if (1..=1 << 20).contains(number) => *number as u64,
            Some(other) => return Err(impossible("general.alignment", "the value", format!("{other:?}"))),
        };
        let data = head.at.div_ceil(alignment) * alignment;
        let mut tensors = BTreeMap::new();
        for (name, mut place) in announced {
            let end = data.checked_add(place.at).and_then(|at| at.checked_add(place.bytes as u64));
            match end {
                Some(end) if end <= length => place.at += data,
                _ => {
                    let needed = place.bytes as u64;
                    return Err(GgufError::CutOff {
                        what: "a tensor",
                        at: data.saturating_add(place.at),
                        needed,
                        length,
                    });
                }
            }
            if tensors.insert(name.clone(), place).is_some() {
                return Err(impossible(&name, "the number of tensors with the name", "2".into()));
            }
        }
        Ok(Gguf { source: head.source.into_inner(), entries, tensors })
    }

    /// A metadata entry; `None` if there is none.
    pub fn entry(&self, name: &str) -> Option<&Value> {
        self.entries.get(name)
    }

    /// All entries, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Frees all metadata once it has been used: a vocabulary is large.
    pub fn forget_entries(&mut self) {
        self.entries.clear();
    }

    /// All tensors, by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.tensors.iter().map(|(name, place)| (name.as_str(), place))
    }

    /// A required text.
    pub fn text(&self, name: &str) -> Result<&str, GgufError> {
        match self.required(name)? {
            Value::Text(text) => Ok(text),
            other => Err(impossible(name, "the value", kind_of(other).into())),
        }
    }

    /// A required list of texts.
    pub fn texts(&self, name: &str) -> Result<&Texts, GgufError> {
        match self.required(name)? {
            Value::Texts(texts) => Ok(texts),
            other => Err(impossible(name, "the value", kind_of(other).into())),
        }
    }

    /// A required size between 1 and 2^24.
    pub fn size(&self, name: &str) -> Result<usize, GgufError> {
        match self.required(name)? {
            Value::Integer(number) if (1..=1 << 24).contains(number) => Ok(*number as usize),
            other => Err(impossible(name, "the value", format!("{other:?}").chars().take(60).collect())),
        }
    }

    /// A required finite float.
    pub fn float(&self, name: &str) -> Result<f64, GgufError> {
        match self.required(name)? {
            Value::Float(number) if number.is_finite() => Ok(*number),
            other => Err(impossible(name, "the value", format!("{other:?}").chars().take(60).collect())),
        }
    }

    fn required(&self, name: &str) -> Result<&Value, GgufError> {
        self.entries.get(name).ok_or_else(|| GgufError::Missing { what: "entry", name: name.into() })
    }

    /// The place of a tensor.
    pub fn place(&self, name: &str) -> Option<&Place> {
        self.tensors.get(name)
    }

    /// A reader of a tensor's bytes, as they are in the file.
    pub fn read(&mut self, name: &str) -> Result<Take<&mut R>, GgufError> {
        let missing = || GgufError::Missing { what: "tensor", name: name.into() };
        let Place { at, bytes, .. } = *self.tensors.get(name).ok_or_else(missing)?;
        self.source.seek(SeekFrom::Start(at))?;
        Ok((&mut self.source).take(bytes as u64))
    }
}

fn impossible(name: &str, what: &'static str, found: String) -> GgufError {
    GgufError::Impossible { name: name.chars().take(100).collect(), what, found }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "a number",
        Value::Float(_) => "a float",
        Value::Flag(_) => "a flag",
        Value::Text(_) => "a text",
        Value::Integers(_) | Value::Floats(_) => "a list of numbers",
        Value::Texts(_) => "a list of texts",
    }
}

/// The reader of a header: knows its offset and how much can follow.
struct Head<R> {
    source: R,
    at: u64,
    length: u64,
}

impl<R: Read> Head<R> {
    /// Checks that this many bytes remain, before they are requested.
    fn claim(&mut self, what: &'static str, needed: u64) -> Result<(), GgufError> {
        let cut_off = GgufError::CutOff { what, at: self.at, needed, length: self.length };
        let Some(end) = self.at.checked_add(needed) else { return Err(cut_off) };
        if end > self.length {
            return Err(cut_off);
        }
        if end > HEAD_BYTES_MAX {
            return Err(GgufError::TooMany { what: "bytes of the head", found: end, bound: HEAD_BYTES_MAX });
        }
        self.at = end;
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], GgufError> {
        self.claim(what, N as u64)?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, GgufError> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, GgufError> {
        self.array(what).map(u64::from_le_bytes)
    }

    fn count(&mut self, what: &'static str, bound: u64) -> Result<u64, GgufError> {
        let found = self.u64(what)?;
        if found > bound { Err(GgufError::TooMany { what, found, bound }) } else { Ok(found) }
    }

    fn text(&mut self, what: &'static str) -> Result<String, GgufError> {
        let bytes = self.count(what, TEXT_BYTES_MAX)?;
        self.claim(what, bytes)?;
        let mut text = vec![0; bytes as usize];
        self.source.read_exact(&mut text)?;
        Ok(String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn value(&mut self, name: &str, kind: u32) -> Result<Value, GgufError> {
        Ok(match kind {
            0..=5 | 10 | 11 => Value::Integer(self.integer(kind)?),
            6 | 12 => Value::Float(self.float(kind)?),
            7 => Value::Flag(self.integer(0)? != 0),
            8 => Value::Text(self.text("a text")?),
            9 => {
                let kind = self.u32("the kind of a list")?;
                let count = self.count("items of a list", ITEMS_MAX)?;
                let width = match kind {
                    0 | 1 | 7 => 1,
                    2 | 3 => 2,
                    4..=6 => 4,
                    8 | 10..=12 => 8,
                    _ => return Err(impossible(name, "the kind of the list", kind.to_string())),
                };
                // A list cannot be longer than the file: checked before anything is allocated.
                if self.length.saturating_sub(self.at) < count * width {
                    let needed = count * width;
                    return Err(GgufError::CutOff { what: "a list", at: self.at, needed, length: self.length });
                }
                match kind {
                    6 | 12 => Value::Floats(self.list(count, |head| head.float(kind))?),
                    8 => Value::Texts(self.texts(count)?),
                    _ => Value::Integers(self.list(count, |head| head.integer(kind))?),
                }
            }
            _ => return Err(impossible(name, "the kind", kind.to_string())),
        })
    }

    fn list<T>(&mut self, count: u64, item: impl Fn(&mut Self) -> Result<T, GgufError>) -> Result<Vec<T>, GgufError> {
        let mut items = Vec::with_capacity(count as usize);
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn texts(&mut self, count: u64) -> Result<Texts, GgufError> {
        // Most tokens and merges are a little shorter than this, so the buffer seldom grows.
        let mut texts =
            Texts { all: String::with_capacity(count as usize * 12), ends: Vec::with_capacity(count as usize) };
        for _ in 0..count {
            texts.push(&self.text("a text")?);
        }
        Ok(texts)
    }

    fn integer(&mut self, kind: u32) -> Result<i64, GgufError> {
        const WHAT: &str = "a number";
        Ok(match kind {
            0 | 7 => i64::from(self.array::<1>(WHAT)?[0]),
            1 => i64::from(i8::from_le_bytes(self.array(WHAT)?)),
            2 => i64::from(u16::from_le_bytes(self.array(WHAT)?)),
            3 => i64::from(i16::from_le_bytes(self.array(WHAT)?)),
            4 => i64::from(self.u32(WHAT)?),
            5 => i64::from(i32::from_le_bytes(self.array(WHAT)?)),
            10 => i64::try_from(self.u64(WHAT)?).unwrap_or(i64::MAX),
            _ => i64::from_le_bytes(self.array(WHAT)?),
        })
    }

    fn float(&mut self, kind: u32) -> Result<f64, GgufError> {
        Ok(match kind {
            6 => f64::from(f32::from_le_bytes(self.array("a float")?)),
            _ => f64::from_le_bytes(self.array("a float")?),
        })
    }

    /// The description of a tensor; its offset is still relative to the start of the data.
    fn tensor(&mut self) -> Result<(String, Place), GgufError> {
        let name = self.text("the name of a tensor")?;
        let dimensions = self.u32("the dimensions of a tensor")?;
        if !(1..=4).contains(&dimensions) {
            return Err(impossible(&name, "the number of dimensions", dimensions.to_string()));
        }
        let mut shape = Vec::new();
        let mut count: usize = 1;
        for _ in 0..dimensions {
            let size = self.u64("a size of a tensor")?;
            let product = usize::try_from(size).ok().filter(|size| *size > 0).and_then(|size| count.checked_mul(size));
            let Some(product) = product else { return Err(impossible(&name, "a size", size.to_string())) };
            count = product;
            shape.push(size as usize);
        }
        let number = self.u32("the format of a tensor")?;
        let format = Format::from_gguf(number).ok_or_else(|| {
            let known = Format::name_in_gguf(number).map_or(String::new(), |known| format!(" ({known})"));
            impossible(&name, "the format", format!("number {number}{known}"))
        })?;
        let at = self.u64("the place of a tensor")?;
        let bytes = format
            .bytes(count / shape[0], shape[0])
            .map_err(|error| impossible(&name, "the shape", error.to_string()))?;
        Ok((name, Place { shape, format, at, bytes }))
    }
}

#[cfg(test)]
mod tests;
