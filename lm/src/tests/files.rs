//! Tiny model files for tests, malformed ones too.

#![allow(dead_code, reason = "each test that includes this uses a part of it")]

/// A metadata value of a GGUF file.
#[derive(Clone)]
pub(crate) enum Entry {
    U32(u32),
    F32(f32),
    Flag(bool),
    Text(String),
    Texts(Vec<String>),
    Integers(Vec<i32>),
    Floats(Vec<f32>),
}

/// A tensor of floats, its sizes slowest first.
#[derive(Clone)]
pub(crate) struct TinyTensor {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
}

/// A tiny Llama model with random weights, or one with a scripted output.
#[derive(Clone)]
pub(crate) struct Tiny {
    pub(crate) entries: Vec<(String, Entry)>,
    pub(crate) tensors: Vec<TinyTensor>,
}

/// Sizes of a tiny model.
pub(crate) const WIDTH: usize = 32;
const HEADS: usize = 4;
const KEY_HEADS: usize = 2;
const HEAD: usize = 8;
const HIDDEN: usize = 48;
const LAYERS: usize = 2;

/// A token of a model: bytes, or a name with its kind (3 control, 4 added).
#[derive(Clone, Copy)]
pub(crate) enum Said<'a> {
    Bytes(&'a [u8]),
    Name(&'a str, i32),
}

/// The characters of the 256 bytes in byte-level vocabularies.
pub(crate) fn byte_names() -> Vec<String> {
    let prints = |byte: u32| (33..127).contains(&byte) || (161..173).contains(&byte) || (174..256).contains(&byte);
    let mut others = 256..;
    let code = |byte: u32| if prints(byte) { byte } else { others.next().expect("there is no end of them") };
    (0..256).map(code).map(|code| char::from_u32(code).expect("a character").to_string()).collect()
}

impl Tiny {
    /// Random weights, a vocabulary of all bytes with `<|im_start|>` and `<|im_end|>`, and a template.
    pub(crate) fn random() -> Tiny {
        let mut names = byte_names();
        names.extend(["<|im_start|>".to_owned(), "<|im_end|>".to_owned()]);
        let kinds = [vec![1; 256], vec![3; 2]].concat();
        let mut tiny = Tiny { entries: Vec::new(), tensors: Vec::new() };
        tiny.sizes(LAYERS);
        tiny.vocabulary(&names, kinds, 257);
        let template =
            "{% for message in messages %}<|im_start|>{{ message.content }}<|im_end|>{% endfor %}<|im_start|>";
        tiny.set("tokenizer.chat_template", Entry::Text(template.into()));
        tiny.weights(names.len());
        tiny
    }

    /// A model that outputs these pieces after a line end, and then an end token if `ends`.
    pub(crate) fn script(pieces: &[Said<'_>], ends: bool) -> Tiny {
        let bytes = byte_names();
        let mut names = bytes.clone();
        names.extend(["<|im_start|>".to_owned(), "<|im_end|>".to_owned()]);
        let mut kinds = [vec![1; 256], vec![3; 2]].concat();
        let first = names.len();
        for piece in pieces {
            match piece {
                Said::Bytes(piece) => {
                    names.push(piece.iter().map(|byte| bytes[usize::from(*byte)].as_str()).collect());
                    kinds.push(1);
                }
                Said::Name(name, kind) => {
                    names.push((*name).to_owned());
                    kinds.push(*kind);
                }
            }
        }
        let count = names.len();
        let width = count.next_multiple_of(32);
        let mut tiny = Tiny { entries: Vec::new(), tensors: Vec::new() };
        tiny.sizes(1);
        tiny.vocabulary(&names, kinds, 257);
        tiny.set("llama.embedding_length", Entry::U32(width as u32));
        tiny.weights(count);
        // A row encodes its token, the layers add nothing to it, and the head maps it to the next token.
        let mut next = vec![if pieces.is_empty() { 257 } else { first }; count];
        for (place, next) in next.iter_mut().enumerate().skip(first) {
            let last = if ends { 257 } else { place };
            *next = if place + 1 < count { place + 1 } else { last };
        }
        next[10] = if pieces.is_empty() { 257 } else { first };
        let (mut embedding, mut head) = (vec![0.0; count * width], vec![0.0; count * width]);
        for token in 0..count {
            embedding[token * width + token] = 1.0;
            head[next[token] * width + token] = 4.0;
        }
        for tensor in &mut tiny.tensors {
            for size in &mut tensor.shape {
                if *size == WIDTH {
                    *size = width;
                }
            }
            let norm = tensor.name.contains("norm");
            tensor.numbers = vec![if norm { 1.0 } else { 0.0 }; tensor.shape.iter().product()];
        }
        // Query width and row width are equal only by coincidence.
        tiny.tensor("blk.0.attn_q.weight", &[HEADS * HEAD, width], vec![0.0; HEADS * HEAD * width]);
        tiny.tensor("blk.0.attn_output.weight", &[width, HEADS * HEAD], vec![0.0; HEADS * HEAD * width]);
        tiny.tensor("token_embd.weight", &[count, width], embedding);
        tiny.tensor("output.weight", &[count, width], head);
        tiny
    }

    fn sizes(&mut self, layers: usize) {
        self.set("general.architecture", Entry::Text("llama".into()));
        for (name, size) in [
            ("block_count", layers),
            ("embedding_length", WIDTH),
            ("feed_forward_length", HIDDEN),
            ("context_length", 512),
            ("attention.head_count", HEADS),
            ("attention.head_count_kv", KEY_HEADS),
            ("attention.key_length", HEAD),
            ("attention.value_length", HEAD),
        ] {
            self.set(&format!("llama.{name}"), Entry::U32(size as u32));
        }
        self.set("llama.attention.layer_norm_rms_epsilon", Entry::F32(1e-5));
    }

    fn vocabulary(&mut self, names: &[String], kinds: Vec<i32>, end: u32) {
        self.set("tokenizer.ggml.model", Entry::Text("gpt2".into()));
        self.set("tokenizer.ggml.pre", Entry::Text("default".into()));
        self.set("tokenizer.ggml.tokens", Entry::Texts(names.to_vec()));
        self.set("tokenizer.ggml.token_type", Entry::Integers(kinds));
        self.set("tokenizer.ggml.merges", Entry::Texts(Vec::new()));
        self.set("tokenizer.ggml.eos_token_id", Entry::U32(end));
    }

    fn weights(&mut self, vocabulary: usize) {
        let layers = match self.entry("llama.block_count") {
            Some(Entry::U32(layers)) => *layers as usize,
            _ => LAYERS,
        };
        let mut seed = 1;
        self.random_tensor(&mut seed, "token_embd.weight", &[vocabulary, WIDTH]);
        self.tensor("output_norm.weight", &[WIDTH], vec![1.0; WIDTH]);
        self.random_tensor(&mut seed, "output.weight", &[vocabulary, WIDTH]);
        for layer in 0..layers {
            let name = |part: &str| format!("blk.{layer}.{part}.weight");
            self.tensor(&name("attn_norm"), &[WIDTH], vec![1.0; WIDTH]);
            self.tensor(&name("ffn_norm"), &[WIDTH], vec![1.0; WIDTH]);
            for (part, shape) in [
                ("attn_q", [HEADS * HEAD, WIDTH]),
                ("attn_k", [KEY_HEADS * HEAD, WIDTH]),
                ("attn_v", [KEY_HEADS * HEAD, WIDTH]),
                ("attn_output", [WIDTH, HEADS * HEAD]),
                ("ffn_gate", [HIDDEN, WIDTH]),
                ("ffn_up", [HIDDEN, WIDTH]),
                ("ffn_down", [WIDTH, HIDDEN]),
            ] {
                self.random_tensor(&mut seed, &name(part), &shape);
            }
        }
    }

    /// Adds or replaces a tensor with random numbers between -0.5 and 0.5.
    fn random_tensor(&mut self, seed: &mut u32, name: &str, shape: &[usize]) {
        let number = |_| {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (*seed >> 8) as f32 / 16_777_216.0 - 0.5
        };
        let numbers = (0..shape.iter().product()).map(number).collect();
        self.tensor(name, shape, numbers);
    }

    /// Sets a metadata entry.
    pub(crate) fn set(&mut self, name: &str, entry: Entry) {
        self.entries.retain(|(other, _)| other != name);
        self.entries.push((name.to_owned(), entry));
    }

    /// As [`Tiny::set`], for chaining.
    pub(crate) fn with(mut self, name: &str, entry: Entry) -> Tiny {
        self.set(name, entry);
        self
    }

    /// Removes a metadata entry or a tensor.
    pub(crate) fn without(mut self, name: &str) -> Tiny {
        self.entries.retain(|(other, _)| other != name);
        self.tensors.retain(|tensor| tensor.name != name);
        self
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|(other, _)| other == name).map(|(_, entry)| entry)
    }

    /// Adds or replaces a tensor.
    pub(crate) fn tensor(&mut self, name: &str, shape: &[usize], numbers: Vec<f32>) {
        self.tensors.retain(|tensor| tensor.name != name);
        self.tensors.push(TinyTensor { name: name.to_owned(), shape: shape.to_vec(), numbers });
    }

    /// As [`Tiny::tensor`], for chaining, with one number throughout.
    pub(crate) fn with_tensor(mut self, name: &str, shape: &[usize], number: f32) -> Tiny {
        self.tensor(name, shape, vec![number; shape.iter().product()]);
        self
    }

    /// The bytes of a GGUF file.
    pub(crate) fn gguf(&self) -> Vec<u8> {
        let mut file = b"GGUF\x03\0\0\0".to_vec();
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend((self.entries.len() as u64).to_le_bytes());
        for (name, entry) in &self.entries {
            text(&mut file, name);
            value(&mut file, entry);
        }
        let mut at = 0u64;
        for tensor in &self.tensors {
            text(&mut file, &tensor.name);
            file.extend((tensor.shape.len() as u32).to_le_bytes());
            tensor.shape.iter().rev().for_each(|size| file.extend((*size as u64).to_le_bytes()));
            file.extend(0u32.to_le_bytes());
            file.extend(at.to_le_bytes());
            at += (tensor.numbers.len() as u64 * 4).next_multiple_of(32);
        }
        for tensor in &self.tensors {
            file.resize(file.len().next_multiple_of(32), 0);
            tensor.numbers.iter().for_each(|number| file.extend(number.to_le_bytes()));
        }
        file
    }
}

fn text(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

fn value(file: &mut Vec<u8>, entry: &Entry) {
    let mut list = |kind: u32, count: usize| {
        file.extend(9u32.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend((count as u64).to_le_bytes());
    };
    match entry {
        Entry::Texts(texts) => {
            list(8, texts.len());
            texts.iter().for_each(|item| text(file, item));
        }
        Entry::Integers(numbers) => {
            list(5, numbers.len());
            numbers.iter().for_each(|number| file.extend(number.to_le_bytes()));
        }
        Entry::Floats(numbers) => {
            list(6, numbers.len());
            numbers.iter().for_each(|number| file.extend(number.to_le_bytes()));
        }
        Entry::U32(number) => {
            file.extend(4u32.to_le_bytes());
            file.extend(number.to_le_bytes());
        }
        Entry::F32(number) => {
            file.extend(6u32.to_le_bytes());
            file.extend(number.to_le_bytes());
        }
        Entry::Flag(flag) => {
            file.extend(7u32.to_le_bytes());
            file.push(u8::from(*flag));
        }
        Entry::Text(value) => {
            file.extend(8u32.to_le_bytes());
            text(file, value);
        }
    }
}

/// The bytes of a safetensors file.
pub(crate) fn safetensors(tensors: &[TinyTensor]) -> Vec<u8> {
    let (mut head, mut body) = (serde_json::Map::new(), Vec::new());
    for tensor in tensors {
        let from = body.len();
        tensor.numbers.iter().for_each(|number| body.extend(number.to_le_bytes()));
        let place = serde_json::json!({ "dtype": "F32", "shape": tensor.shape, "data_offsets": [from, body.len()] });
        head.insert(tensor.name.clone(), place);
    }
    let head = serde_json::Value::Object(head).to_string().into_bytes();
    [(head.len() as u64).to_le_bytes().to_vec(), head, body].concat()
}
