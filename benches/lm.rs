//! The default model compared with llama.cpp and OpenVINO GenAI, on the same file, in one run: prefill of a short and of
//! a long prompt, decoding, several requests together, loading, memory. Also compares greedy tokens on twenty prompts
//! with llama.cpp's.
//!
//! `cargo bench --bench lm`. The programs take turns, so that background load affects all; the median counts. Requires
//! `theoremata model pull smollm2`, and a Python with `llama-cpp-python` built for this machine, named by
//! THEOREMATA_LLAMA_CPP, or one with `openvino-genai`, named by THEOREMATA_OPENVINO (default of both: `python3`). To
//! measure another file: `cargo bench --bench lm -- FILE`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value as Json;
use theoremata_kernels::Crew;
use theoremata_lm::{
    Bounds, Engine, Ground, Message, Model, Precision, Ranking, Request, Role, Running, Score, Settings, Then, Token,
    Turn, run_programs,
};

/// Number of rounds, of which the median counts.
const ROUNDS: usize = 5;
/// Rounds with the long prompt.
const LONG_ROUNDS: usize = 3;
/// Tokens of the long prompt.
const LONG_PROMPT: usize = 4096;
/// Tokens of the prompt, tokens generated, and concurrent requests.
const PROMPT: usize = 256;
const TOKENS: usize = 64;
const REQUESTS: usize = 8;
/// Number of tokens of an answer that are compared.
const COMPARED: usize = 48;

fn main() {
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from);
    let is_default = file.is_none();
    let Some(file) = file.or_else(default_model) else {
        return println!("the model smollm2 is not here; `theoremata model pull smollm2` fetches it");
    };
    let python = |name| std::env::var(name).unwrap_or_else(|_| "python3".into());
    let rival = Rival {
        python: python("THEOREMATA_LLAMA_CPP"),
        script: concat!(env!("CARGO_MANIFEST_DIR"), "/benches/rival.py"),
        batches: true,
    };
    let openvino = Rival {
        python: python("THEOREMATA_OPENVINO"),
        script: concat!(env!("CARGO_MANIFEST_DIR"), "/benches/rival_openvino.py"),
        batches: false,
    };
    let [has_llama, has_openvino] =
        [&rival, &openvino].map(|rival| rival.measure(&file, 1, 8, 1).is_some_and(|json| json["load_s"].is_number()));
    let mut opponents = Vec::new();
    let [other, full] = ["q4_0", "f32"].map(|form| std::env::temp_dir().join(format!("theoremata-bench-{form}.gguf")));
    if has_llama {
        opponents.push(("llama.cpp on the same file", &rival, file.clone()));
        if is_default && rival.run(&["requantise", &shown(&file), &shown(&other), "Q4_0"], None).is_some() {
            opponents.push(("llama.cpp on its own Q4_0", &rival, other.clone()));
        }
    }
    if has_openvino {
        opponents.push(("OpenVINO GenAI on the same file", &openvino, file.clone()));
    }
    if opponents.is_empty() {
        return println!(
            "there is no Python with llama-cpp-python or openvino-genai; name one by THEOREMATA_LLAMA_CPP or \
             THEOREMATA_OPENVINO"
        );
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, cores] {
        compare(&file, &opponents, threads);
    }
    if is_default && has_llama {
        println!("the same file, keys and values of 16 bits:");
        same_tokens(&file, &rival, Precision::Half);
        if rival.run(&["requantise", &shown(&file), &shown(&full), "F32"], None).is_some() {
            println!(
                "the same weights written out as F32, keys and values of 32 bits, so that neither program rounds:"
            );
            same_tokens(&full, &rival, Precision::Single);
        }
    }
    for made in [other, full] {
        let _ = std::fs::remove_file(made);
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The location of the default model of `model pull`.
fn default_model() -> Option<PathBuf> {
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata")).args(["model", "list", "--json"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let here = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    here.into_iter().find(|model| model["name"] == "smollm2" && model["here"] == true)?;
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata")).args(["model", "pull", "smollm2"]).output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

/// Another program, measured by a script.
struct Rival {
    python: String,
    script: &'static str,
    /// Whether it measures several requests together.
    batches: bool,
}

/// A rival with a file, and what to call them.
type Opponent<'a> = (&'a str, &'a Rival, PathBuf);

impl Rival {
    fn run(&self, arguments: &[&str], input: Option<&str>) -> Option<String> {
        let mut command = Command::new(&self.python);
        command.arg(self.script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
            pipe.write_all(input.as_bytes()).ok()?;
        }
        let output = child.wait_with_output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Its figures for a file.
    fn measure(&self, file: &Path, threads: usize, prompt: usize, tokens: usize) -> Option<Json> {
        // One run each time: the programs take turns.
        let batches: &[usize] = if self.batches { &[REQUESTS, 1] } else { &[] };
        let numbers =
            [threads, prompt, tokens].into_iter().chain(batches.iter().copied()).map(|number| number.to_string());
        let arguments: Vec<String> = ["measure".into(), shown(file)].into_iter().chain(numbers).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        serde_json::from_str(self.run(&arguments, None)?.lines().last()?).ok()
    }
}

/// Our figures for a file.
fn own(file: &Path, threads: usize, prompt: usize, tokens: usize, paths: usize) -> Json {
    let [threads, prompt, tokens, paths] = [threads, prompt, tokens, paths].map(|number| number.to_string());
    let what = ["bench", "lm", "--json", "--runs", "1", "--prompt", &prompt, "--tokens", &tokens, "--paths", &paths];
    let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    let output = command.args(what).args(["--threads", &threads, "--model", &shown(file)]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default()
}

/// Figures of one program by name, one value per round.
type Figures = Vec<(&'static str, Vec<f64>)>;

fn note(figures: &mut Figures, name: &'static str, value: Option<f64>) {
    let value = value.unwrap_or(f64::NAN);
    match figures.iter_mut().find(|(other, _)| *other == name) {
        Some((_, values)) => values.push(value),
        None => figures.push((name, vec![value])),
    }
}

fn middle(figures: &Figures, name: &str) -> f64 {
    let values = figures.iter().find(|(other, _)| *other == name).map(|(_, values)| values.clone());
    let mut values = values.unwrap_or_else(|| vec![f64::NAN]);
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures ours and the rivals', taking turns.
fn compare(file: &Path, opponents: &[Opponent<'_>], threads: usize) {
    let mut ours = Figures::new();
    let mut theirs: Vec<Figures> = opponents.iter().map(|_| Figures::new()).collect();
    for round in 0..ROUNDS {
        let json = own(file, threads, PROMPT, TOKENS, REQUESTS);
        for (name, value) in [
            ("read", &json["prefill_tokens_per_s"]),
            ("read, CPU", &json["prefill_tokens_per_cpu_s"]),
            ("write", &json["decode_tokens_per_s"]),
            ("write, CPU", &json["decode_tokens_per_cpu_s"]),
            ("together", &json["batches"][0]["tokens_per_s"]),
            ("load", &json["load_s"]),
            ("memory", &json["memory_peak"]),
            ("budget", &json["page_budget"]),
            ("file", &json["file_bytes"]),
            ("stream", &json["stream_bytes_per_s"]),
            ("share", &json["decode_share_of_stream"]),
        ] {
            note(&mut ours, name, value.as_f64());
        }
        if round < LONG_ROUNDS {
            let json = own(file, threads, LONG_PROMPT, 1, 1);
            note(&mut ours, "read long", json["prefill_tokens_per_s"].as_f64());
            note(&mut ours, "read long, CPU", json["prefill_tokens_per_cpu_s"].as_f64());
        }
        for ((_, rival, file), theirs) in opponents.iter().zip(&mut theirs) {
            let json = rival.measure(file, threads, PROMPT, TOKENS).unwrap_or_default();
            for (name, part, how) in [
                ("read", "prefill", "wall"),
                ("read, CPU", "prefill", "cpu"),
                ("write", "decode", "wall"),
                ("write, CPU", "decode", "cpu"),
                ("together", "batch", "wall"),
            ] {
                note(theirs, name, json[part][how].as_f64());
            }
            note(theirs, "load", json["load_s"].as_f64());
            note(theirs, "memory", json["memory_peak"].as_f64());
            if round < LONG_ROUNDS {
                let json = rival.measure(file, threads, LONG_PROMPT, 1).unwrap_or_default();
                note(theirs, "read long", json["prefill"]["wall"].as_f64());
                note(theirs, "read long, CPU", json["prefill"]["cpu"].as_f64());
            }
        }
    }
    println!("{threads} thread(s), {} with {:.0} GB/s of memory:", file.display(), middle(&ours, "stream") / 1e9);
    for ((which, _, _), theirs) in opponents.iter().zip(&theirs) {
        println!("  beside {which}: tokens a second, ours, theirs, ratio");
        for name in ["read", "read, CPU", "read long", "read long, CPU", "write", "write, CPU", "together"] {
            let (one, other) = (middle(&ours, name), middle(theirs, name));
            println!("    {name:<14} {one:8.0} {other:8.0} {:6.2}", one / other);
        }
        let (one, other) = (middle(&ours, "load"), middle(theirs, "load"));
        println!("    {:<14} {one:8.3} {other:8.3} seconds", "load");
        let (one, other) = (middle(&ours, "memory"), middle(theirs, "memory"));
        println!("    {:<14} {:8.0} {:8.0} MB", "memory", one / 1e6, other / 1e6);
    }
    let all = middle(&ours, "file") + middle(&ours, "budget");
    println!("  memory: {:.2} times the file and the pages", middle(&ours, "memory") / all);
    println!("  writing reads memory at {:.0} % of the limit", 100.0 * middle(&ours, "share"));
}

/// The greedy tokens after twenty prompts, compared with the rival's, and the distance of the first logits.
fn same_tokens(file: &Path, rival: &Rival, precision: Precision) {
    let model = Arc::new(Model::load(file).expect("a model that was measured"));
    let prompts: Vec<Vec<Token>> = QUESTIONS
        .lines()
        .map(|question| {
            let message = Message::new(Role::User, question);
            model.chat_prompt(&[message]).expect("a prompt")
        })
        .collect();
    let input: String = prompts.iter().map(|prompt| serde_json::to_string(prompt).expect("JSON") + "\n").collect();
    let keys = if precision == Precision::Single { "SINGLE" } else { "HALF" };
    let Some(text) = rival.run(&["answer", &shown(file), "1", &COMPARED.to_string(), keys], Some(&input)) else {
        return println!("  llama.cpp gave no answer");
    };
    let theirs: Vec<Json> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let (mut same, mut tokens, mut all) = (0, 0, 0);
    let mut apart: Vec<f64> = Vec::new();
    for ((prompt, theirs), question) in prompts.iter().zip(&theirs).zip(QUESTIONS.lines()) {
        let mut engine = Engine::new(model.clone(), Settings { precision, ..Settings::default() });
        let turn = Turn { stops: model.tokenizer().expect("a vocabulary").ends().to_vec(), ..Turn::greedy(COMPARED) };
        let request = Request {
            members: Vec::new(),
            tokens: prompt.clone(),
            seed: 0,
            then: Then::Generate(turn),
            bounds: Bounds::default(),
        };
        let root = engine.submit(request).expect("it fits");
        engine.run(&Crew::new(1)).expect("the processor computes");
        let ours = engine.generated(root);
        let logits: Vec<f64> = theirs["logits"].as_array().into_iter().flatten().filter_map(Json::as_f64).collect();
        let theirs: Vec<Token> = theirs["answer"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|token| Some(token.as_u64()? as Token))
            .collect();
        let agreed = ours.iter().zip(&theirs).take_while(|(one, other)| one == other).count();
        if ours == theirs {
            same += 1;
        } else {
            println!("  parts after {agreed} of {} tokens: {question}", theirs.len());
        }
        (tokens, all) = (tokens + agreed, all + theirs.len().max(ours.len()));
        apart.extend(differences(&model, prompt, &logits, precision));
    }
    apart.sort_by(f64::total_cmp);
    println!(
        "  log-probabilities of the {LIKELIEST} likeliest first tokens: apart by {:.1e} in the middle, {:.1e} at most",
        apart.get(apart.len() / 2).copied().unwrap_or(f64::NAN),
        apart.last().copied().unwrap_or(f64::NAN)
    );
    println!(
        "  greedy answers equal to llama.cpp's: {same} of {}, {tokens} of {all} tokens before they part",
        theirs.len()
    );
}

/// The differences in log-probability of the tokens that the rival finds likeliest.
fn differences(model: &Arc<Model>, prompt: &[Token], logits: &[f64], precision: Precision) -> Vec<f64> {
    let mut likeliest: Vec<usize> = (0..logits.len()).collect();
    likeliest.sort_by(|one, other| logits[*other].total_cmp(&logits[*one]));
    likeliest.truncate(LIKELIEST);
    let most = likeliest.first().map_or(0.0, |token| logits[*token]);
    let sum: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
    let candidates = likeliest.iter().map(|token| vec![*token as Token]).collect();
    let ground = Ground { members: Vec::new(), prefix: prompt.to_vec(), seed: 0, bounds: Bounds::default() };
    let mut engine = Engine::new(model.clone(), Settings { precision, ..Settings::default() });
    let score = Score::new(ground, candidates, Ranking::Sum);
    let mut programs = vec![Running::start(&mut engine, score).expect("it fits")];
    run_programs(&mut engine, &Crew::new(1), &mut programs, |_, _| {}).expect("the back-end computes");
    let answer = programs.remove(0).finish(&mut engine);
    let ours = answer.nodes.iter().filter(|node| !node.path.is_empty()).map(|node| node.log_probability);
    ours.zip(&likeliest).map(|(ours, token)| (ours - (logits[*token] - most - sum.ln())).abs()).collect()
}

/// Number of first tokens whose log-probabilities are compared, per prompt.
const LIKELIEST: usize = 16;

/// Twenty questions, one per line.
const QUESTIONS: &str = include_str!("../tests/llama_cpp/questions.txt");
