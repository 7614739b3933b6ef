use std::io::Cursor;

use super::*;

/// Writes files for tests, malformed ones too.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u32(mut self, number: u32) -> Writer {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn u64(mut self, number: u64) -> Writer {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn text(self, text: &str) -> Writer {
        let mut writer = self.u64(text.len() as u64);
        writer.0.extend(text.as_bytes());
        writer
    }

    fn magic(mut self) -> Writer {
        self.0.extend(b"GGUF");
        self.u32(3)
    }

    fn pad(mut self, bytes: usize) -> Writer {
        self.0.resize(self.0.len().next_multiple_of(32) + bytes, 7);
        self
    }

    fn open(self) -> Result<Gguf<Cursor<Vec<u8>>>, GgufError> {
        Gguf::open(Cursor::new(self.0))
    }
}

/// One entry of each kind that models use, one tensor of two by three floats.
fn small() -> Writer {
    let head = Writer::default().magic().u64(1).u64(4);
    let head = head.text("general.architecture").u32(8).text("llama");
    let head = head.text("llama.block_count").u32(4).u32(2);
    let head = head.text("tokens").u32(9).u32(8).u64(2).text("a").text("bc");
    let head = head.text("scores").u32(9).u32(6).u64(1).u32(1.5f32.to_bits());
    head.text("weight").u32(2).u64(3).u64(2).u32(0).u64(0).pad(24)
}

fn bytes_of(file: &mut Gguf<Cursor<Vec<u8>>>, tensor: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.read(tensor).expect("a tensor").read_to_end(&mut bytes).expect("its bytes");
    bytes
}

#[test]
fn a_file_gives_its_entries_and_tensors() {
    let mut file = small().open().expect("a good file");
    assert_eq!(file.text("general.architecture").expect("a text"), "llama");
    assert_eq!(file.size("llama.block_count").expect("a size"), 2);
    assert!(file.texts("tokens").expect("texts").iter().eq(["a", "bc"]));
    assert_eq!(file.entry("scores"), Some(&Value::Floats(vec![1.5])));
    let place = file.place("weight").expect("the tensor");
    assert_eq!((place.shape.as_slice(), place.format, place.bytes()), ([3, 2].as_slice(), Format::F32, 24));
    assert_eq!(bytes_of(&mut file, "weight"), [7; 24]);
}

#[test]
fn what_is_missing_or_of_another_kind_is_named() {
    let mut file = small().open().expect("a good file");
    assert_eq!(file.text("nothing").expect_err("missing").to_string(), "the file has no entry nothing");
    assert_eq!(file.read("nothing").expect_err("missing").to_string(), "the file has no tensor nothing");
    assert!(file.size("tokens").expect_err("no size").to_string().contains("tokens"));
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let whole = small().0;
    for length in 0..whole.len() {
        let cut = Gguf::open(Cursor::new(whole[..length].to_vec()));
        assert!(cut.is_err(), "{length} of {} bytes were accepted", whole.len());
    }
}

#[test]
fn no_changed_byte_panics_or_takes_much() {
    let whole = small().0;
    for at in 0..whole.len() {
        for value in [0, 1, 9, 127, 128, 255] {
            let mut changed = whole.clone();
            changed[at] = value;
            if let Ok(mut file) = Gguf::open(Cursor::new(changed)) {
                let names: Vec<String> = file.tensors().map(|(name, _)| name.to_owned()).collect();
                for name in names {
                    let mut source = file.read(&name).expect("a tensor of the file");
                    let announced = source.limit();
                    let read = source.read_to_end(&mut Vec::new()).expect("bytes");
                    assert_eq!(read as u64, announced, "a tensor lies inside the file");
                }
            }
        }
    }
}

#[test]
fn sizes_beyond_the_file_or_the_machine_are_refused() {
    let head = || Writer::default().magic().u64(1).u64(0).text("w");
    let refused = [
        head().u32(2).u64(u64::MAX).u64(2).u32(0).u64(0).pad(64),
        head().u32(1).u64(1 << 40).u32(0).u64(0).pad(64),
        head().u32(1).u64(4).u32(0).u64(u64::MAX - 8).pad(64),
        head().u32(1).u64(0).u32(0).u64(0).pad(64),
        head().u32(9).u64(1).u32(0).u64(0).pad(64),
        head().u32(1).u64(33).u32(3).u64(0).pad(64),
        head().u32(1).u64(32).u32(999).u64(0).pad(64),
        Writer::default().magic().u64(u64::MAX).u64(0).pad(64),
        Writer::default().magic().u64(0).u64(u64::MAX).pad(64),
        Writer::default().magic().u64(0).u64(1).u64(u64::MAX).pad(64),
        Writer::default().magic().u64(0).u64(1).text("k").u32(9).u32(8).u64(u64::MAX / 4).pad(64),
        Writer::default().magic().u64(0).u64(1).text("k").u32(9).u32(0).u64(1 << 22).pad(64),
        Writer::default().magic().u64(0).u64(1).text("k").u32(9).u32(9).u64(1).pad(64),
        Writer::default().magic().u64(0).u64(1).text("k").u32(77).pad(64),
        Writer::default().magic().u64(0).u64(1).text("general.alignment").u32(4).u32(0).pad(64),
    ];
    for (number, file) in refused.into_iter().enumerate() {
        assert!(file.open().is_err(), "file {number} was accepted");
    }
}

#[test]
fn other_files_are_told_from_gguf() {
    let error = Gguf::open(Cursor::new(b"PK\x03\x04 and so on".to_vec())).expect_err("a zip");
    assert!(matches!(error, GgufError::NotGguf { .. }));
    let old = Writer(b"GGUF".to_vec()).u32(1).u64(0).u64(0);
    assert!(matches!(old.open().expect_err("version 1"), GgufError::Version(1)));
}

/// A sparse file: far longer than its content, with nothing after the header.
struct Sparse {
    head: Vec<u8>,
    length: u64,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let count = bytes.len().min(usize::try_from(self.length - self.at).unwrap_or(usize::MAX));
        for byte in &mut bytes[..count] {
            *byte = self.head.get(self.at as usize).copied().unwrap_or(0);
            self.at += 1;
        }
        Ok(count)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at.min(self.length),
            SeekFrom::End(back) => self.length.saturating_add_signed(back),
            SeekFrom::Current(on) => self.at.saturating_add_signed(on),
        };
        Ok(self.at)
    }
}

fn sparse(head: Writer) -> Result<Gguf<Sparse>, GgufError> {
    Gguf::open(Sparse { head: head.0, length: 1 << 50, at: 0 })
}

#[test]
fn a_long_file_takes_no_more_than_the_bounds_of_a_head() {
    let head = || Writer::default().magic();
    let bounded = [
        head().u64((1 << 16) + 1).u64(0),
        head().u64(0).u64((1 << 16) + 1),
        head().u64(0).u64(1).u64((1 << 20) + 1),
        head().u64(0).u64(1).text("k").u32(8).u64((1 << 20) + 1),
        head().u64(0).u64(1).text("k").u32(9).u32(0).u64((1 << 22) + 1),
        head().u64(0).u64(1).text("k").u32(9).u32(8).u64(1 << 60),
    ];
    for (number, file) in bounded.into_iter().enumerate() {
        let error = sparse(file).err().unwrap_or_else(|| panic!("file {number} was accepted"));
        assert!(matches!(error, GgufError::TooMany { .. }), "file {number}: {error}");
    }
    // Lists that are each below their bound: the header as a whole has one, too.
    let mut lists = head().u64(0).u64(9);
    for name in ["a", "b", "c", "d", "e"] {
        lists = lists.text(name).u32(9).u32(11).u64(1 << 22);
        lists.0.resize(lists.0.len() + (8 << 22), 0);
    }
    let error = sparse(lists).err().expect("five lists of 32 MiB are too much");
    assert!(error.to_string().contains("head"), "{error}");
}

#[test]
fn names_that_come_twice_or_are_no_text_do_no_harm() {
    let tensor = |writer: Writer, name: &str| writer.text(name).u32(1).u64(8).u32(0).u64(0);
    let twice = tensor(tensor(Writer::default().magic().u64(2).u64(0), "w"), "w").pad(32);
    assert!(twice.open().expect_err("twice").to_string().contains('w'));
    // Two tensors may share an offset: each is read by itself.
    let mut shared = tensor(tensor(Writer::default().magic().u64(2).u64(0), "v"), "w").pad(32).open().expect("a file");
    assert_eq!(bytes_of(&mut shared, "v"), bytes_of(&mut shared, "w"));
    let mut strange = Writer::default().magic().u64(0).u64(1).u64(3);
    strange.0.extend([0xFF, 0xC0, b'k']);
    let strange = strange.u32(0);
    let strange = Writer([strange.0, vec![7]].concat()).open().expect("a name of any bytes");
    assert_eq!(strange.entries().count(), 1);
}
