//! `cargo bench --bench formalise`: the accuracy of the default model in formalising sentences.
//!
//! Forty sentences, each with the statement that it expresses (`benches/formalise/sentences.tsv`), written for this
//! benchmark. A candidate is correct if one of its forms is that statement in MPL, up to renaming of variables. `MODEL`
//! selects another model, `SAMPLES` the number of candidates per sentence.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

struct Sentence {
    theory: String,
    text: String,
    meant: String,
}

/// The result for a sentence: the intended statement, and the candidates in order, with the votes of their forms.
struct Formalised {
    meant: String,
    candidates: Vec<Vec<(String, u64)>>,
    seconds: f64,
}

fn main() {
    let model = std::env::var("MODEL").unwrap_or_else(|_| "smollm2".to_owned());
    let samples = std::env::var("SAMPLES").unwrap_or_else(|_| "8".to_owned());
    let sentences = sentences();
    println!("{} sentences, {samples} candidates each, {model}", sentences.len());
    let (mut first, mut among, mut voted, mut joined, mut readable, mut seconds) = (0, 0, 0, 0, 0, 0.0);
    for sentence in &sentences {
        let Some(Formalised { meant, candidates, seconds: took }) = formalise(sentence, &model, &samples) else {
            println!("- {} {}: nothing was written", sentence.theory, sentence.text);
            continue;
        };
        seconds += took;
        let is_right = |candidate: &Vec<(String, u64)>| candidate.iter().any(|form| form.0 == meant);
        let votes = |candidate: &Vec<(String, u64)>| candidate.iter().map(|form| form.1).sum::<u64>();
        let most = candidates.iter().map(votes).max().unwrap_or(0);
        let most_alike = candidates.iter().flatten().map(|form| form.1).max().unwrap_or(0);
        first += usize::from(candidates.first().is_some_and(is_right));
        among += usize::from(candidates.iter().any(is_right));
        voted +=
            usize::from(candidates.iter().flatten().find(|form| form.1 == most_alike).is_some_and(|it| it.0 == meant));
        joined += usize::from(candidates.iter().find(|candidate| votes(candidate) == most).is_some_and(is_right));
        readable += candidates.iter().map(votes).sum::<u64>();
        let place = candidates.iter().position(is_right).map_or("-".to_owned(), |place| (place + 1).to_string());
        println!("{place:>2}  {}: {}", sentence.theory, sentence.text);
    }
    let all = sentences.len();
    println!("first in the list that is shown (examples, votes, theorems first): {first} of {all}");
    println!("among the candidates: {among} of {all}");
    println!("what is written most often: {voted} of {all}");
    println!("what most candidates say, equivalent ones counted together: {joined} of {all}");
    println!("candidates that could be read: {readable}; {seconds:.0} s");
}

fn sentences() -> Vec<Sentence> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/formalise/sentences.tsv");
    let text = std::fs::read_to_string(path).expect("the sentences");
    let read = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        Some(Sentence { theory: parts.next()?, text: parts.next()?, meant: parts.next()? })
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(read).collect()
}

fn formalise(sentence: &Sentence, model: &str, samples: &str) -> Option<Formalised> {
    let theory = Path::new(env!("CARGO_MANIFEST_DIR")).join("theories").join(&sentence.theory);
    let begin = Instant::now();
    // The intended statement is read by the same program.
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
        let output = command.args(arguments).stderr(Stdio::inherit()).output().expect("the binary runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let theory = theory.to_str()?;
    let told = lines(&["formalise", theory, &sentence.text, "--model", model, "--samples", samples, "--json"]);
    let candidates = told.iter().filter(|line| line["event"] == "candidate");
    let form = |form: &Value| Some((form["statement"].as_str()?.to_owned(), form["votes"].as_u64()?));
    let candidate = |line: &Value| Some(line["forms"].as_array()?.iter().filter_map(form).collect());
    let meant = lines(&["formalise", theory, &sentence.meant, "--read", "--json"]);
    let meant = meant.first()?["statement"].as_str()?.to_owned();
    Some(Formalised {
        meant,
        candidates: candidates.filter_map(candidate).collect(),
        seconds: begin.elapsed().as_secs_f64(),
    })
}
