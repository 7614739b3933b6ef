//! Models in several files, and SentencePiece vocabularies, as an attacker might write them.

use super::*;

/// Copies of a file with one byte changed to each of several values: every byte before `from`, and every `step`th
/// after.
fn changed(file: &[u8], from: usize, step: usize) -> impl Iterator<Item = Vec<u8>> + '_ {
    let places = (0..from).chain((from..file.len()).step_by(step));
    places.flat_map(move |at| {
        [0, 1, 64, 255].map(|value| {
            let mut file = file.to_vec();
            file[at] = value;
            file
        })
    })
}

/// Counts what is loaded and what is refused. Every seventh loaded model is also run.
#[derive(Default)]
struct Counts {
    loaded: usize,
    refused: usize,
}

impl Counts {
    fn take(&mut self, model: Result<Model, ModelError>) {
        match model {
            Ok(model) => {
                self.loaded += 1;
                if self.loaded.is_multiple_of(7) {
                    assert!(said(model).is_none_or(|outcome| outcome != Outcome::Concluded));
                }
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                self.refused += 1;
            }
        }
    }
}

/// A small model without a vocabulary, in two parts.
fn two_parts() -> [Vec<u8>; 2] {
    let mut tiny = Tiny::random();
    tiny.entries.retain(|(name, _)| !name.starts_with("tokenizer"));
    let mut rest = Tiny { entries: Vec::new(), tensors: Vec::new() };
    rest.tensors = tiny.tensors.split_off(5);
    let part = |tiny: Tiny, number| tiny.with("split.no", Entry::U32(number)).with("split.count", Entry::U32(2)).gguf();
    [part(tiny, 0), part(rest, 1)]
}

/// Bytes of a GGUF file before its first tensor, at 4 bytes per number.
fn head(file: &[u8], tensors: &[TinyTensor]) -> usize {
    file.len() - tensors.iter().map(|tensor| tensor.numbers.len() * 4).sum::<usize>()
}

#[test]
fn no_changed_byte_of_one_part_of_several_panics_or_hangs() {
    let parts = two_parts();
    let whole = Tiny::random();
    let (first, rest) = whole.tensors.split_at(5);
    let heads = [head(&parts[0], first), head(&parts[1], rest)];
    let folder = Folder::new("changed-parts");
    let names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
    let load = || Model::load(&folder.0.join(names[0]));
    let mut counts = Counts::default();
    for place in 0..2 {
        folder.write(names[1 - place], &parts[1 - place]);
        for file in changed(&parts[place], heads[place], 20_011).step_by(7) {
            folder.write(names[place], file);
            counts.take(load());
        }
        for length in (0..parts[place].len()).step_by(4001) {
            folder.write(names[place], &parts[place][..length]);
            assert!(load().is_err(), "part {place} with {length} bytes");
        }
        folder.write(names[place], &parts[place]);
    }
    assert!(counts.loaded > 30 && counts.refused > 100, "{} {}", counts.loaded, counts.refused);
    assert!(load().is_ok());
    // Parts that do not belong together.
    folder.write(names[1], &parts[0]);
    assert!(load().expect_err("the first part twice").to_string().contains("split.count"));
    folder.write(names[0], &parts[1]).write(names[1], &parts[0]);
    assert!(load().is_err(), "the parts in each other's places");
}

#[test]
fn no_changed_byte_of_a_folder_of_several_files_panics_or_hangs() {
    let (tensors, config) = as_folder(&Tiny::random());
    let (first, second) = tensors.split_at(7);
    let map: serde_json::Map<String, Json> = first
        .iter()
        .map(|tensor| (tensor.name.clone(), "a.safetensors".into()))
        .chain(second.iter().map(|tensor| (tensor.name.clone(), "b.safetensors".into())))
        .collect();
    let index = json!({ "weight_map": map }).to_string().into_bytes();
    let config = config.to_string().into_bytes();
    let files = [
        ("config.json", config, usize::MAX),
        ("model.safetensors.index.json", index, usize::MAX),
        ("a.safetensors", safetensors(first), head_of(first)),
        ("b.safetensors", safetensors(second), head_of(second)),
    ];
    let folder = Folder::new("changed-shards");
    for (name, bytes, _) in &files {
        folder.write(name, bytes);
    }
    let load = || Model::load(&folder.0);
    assert!(load().is_ok());
    let mut counts = Counts::default();
    for (name, bytes, head) in &files {
        for file in changed(bytes, (*head).min(bytes.len()), 20_011).step_by(9) {
            folder.write(name, file);
            counts.take(load());
        }
        for length in (0..bytes.len()).step_by((bytes.len() / 12).max(1)) {
            folder.write(name, &bytes[..length]);
            assert!(load().is_err(), "{name} with {length} bytes");
        }
        folder.write(name, bytes);
    }
    assert!(counts.loaded > 30 && counts.refused > 150, "{} {}", counts.loaded, counts.refused);
    for outside in ["../a.safetensors", "/etc/passwd", ".a", ""] {
        let map = json!({ "weight_map": { "x": outside } });
        folder.write("model.safetensors.index.json", map.to_string());
        assert!(load().expect_err("a file that is none of the folder's").to_string().contains("weight_map"));
    }
    // A tensor that occurs twice is ambiguous.
    let twice = json!({ "weight_map": { "x": "a.safetensors", "y": "c.safetensors" } });
    folder.write("model.safetensors.index.json", twice.to_string()).write("c.safetensors", safetensors(first));
    assert!(load().expect_err("tensors in two files").to_string().contains("there twice"));
}

/// Bytes of a safetensors file before its first number.
fn head_of(tensors: &[TinyTensor]) -> usize {
    safetensors(tensors).len() - tensors.iter().map(|tensor| tensor.numbers.len() * 4).sum::<usize>()
}

#[test]
fn no_changed_byte_of_a_vocabulary_of_pieces_panics_or_hangs() {
    let names: Vec<String> =
        (0..256).map(|byte| format!("<0x{byte:02X}>")).chain(["\u{2581}a", "ab"].map(str::to_owned)).collect();
    let kinds = [vec![6; 256], vec![1; 2]].concat();
    let scores = (0..258).map(|place| -(place as f32)).collect();
    let tiny = Tiny::random()
        .with("tokenizer.ggml.model", Entry::Text("llama".into()))
        .with("tokenizer.ggml.tokens", Entry::Texts(names))
        .with("tokenizer.ggml.token_type", Entry::Integers(kinds))
        .with("tokenizer.ggml.scores", Entry::Floats(scores));
    let file = tiny.gguf();
    let (mut counts, mut read) = (Counts::default(), 0);
    let end = head(&file, &tiny.tensors);
    for file in changed(&file[..], end, usize::MAX >> 1).step_by(23) {
        let model = Model::from_gguf(Cursor::new(file), &Inline);
        if let Ok(tokenizer) = model.as_ref().map(Model::tokenizer) {
            let tokens = tokenizer.and_then(|it| it.encode(" a ab\u{2581}\u{e9}\0", crate::Reading::Literal).ok());
            read += usize::from(tokens.is_some_and(|tokens| tokens.iter().all(|token| *token < 258)));
        }
        counts.take(model);
    }
    assert!(read > 100 && counts.refused > 100, "{read} {} {}", counts.loaded, counts.refused);
}
