//! Input and output of the binary in extreme cases: endless inputs, closed outputs, links and modes, options without
//! effect, excessive counts, and unusual names.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_theoremata");
/// A theory with at most one theorem.
const TINY: &str = "(theory T[S,c] (& (in[c,S]) (>[x] (in[x,S]) (=[x,c]))))";

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("borders").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test");
    path
}

/// Runs a shell command in a folder, with the binary as `$T`; fails after a minute.
fn shell(folder: &Path, line: &str) -> Output {
    let output = Command::new("timeout")
        .args(["60", "bash", "-c", line])
        .env("T", BINARY)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let said = text(&output);
    assert!(!said.contains("panicked"), "{line}: {said}");
    output
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a shell command that must end with this exit code, and returns its output on both streams.
fn ends(folder: &Path, line: &str, code: i32) -> String {
    let output = shell(folder, line);
    assert_eq!(output.status.code(), Some(code), "{line}: {}", text(&output));
    text(&output)
}

#[test]
fn inputs_that_never_end_are_refused() {
    let here = folder("endless");
    fs::write(here.join("a.mpl"), TINY).expect("written");
    fs::write(here.join("zero.mpl"), format!("(import \"/dev/zero\"){TINY}")).expect("written");
    ends(&here, "mkfifo pipe.mpl pipe.json", 0);
    fs::create_dir_all(here.join("d")).expect("a folder");
    for line in [
        "$T lint /dev/zero",
        "$T lint zero.mpl",
        "$T lint pipe.mpl",
        "$T fmt /dev/zero",
        "$T fmt pipe.mpl",
        "$T fmt d",
        "$T lint d",
        "$T lint a.mpl --config pipe.json",
        "$T lint d --config /dev/zero",
        "$T prove a.mpl --no-db --goals /dev/zero",
        "$T prove a.mpl --no-db --goals pipe.mpl",
        "$T prove a.mpl --no-db --goals d",
        "$T explore pipe.mpl --no-db",
        "$T export-problem a.mpl --goals /dev/urandom",
        "$T import /dev/zero --db x",
        "$T import pipe.json --db x",
        "$T import d --db x",
        "$T import - --db x < /dev/zero",
        "$T generate --model pipe.mpl --prompt x",
        "$T reason vote --model /dev/zero --prompt x",
        "$T lint <(cat /dev/zero)",
        "$T lint /dev/stdin < /dev/zero",
    ] {
        let said = ends(&here, &format!("ulimit -v 4000000; {line}"), 2);
        assert!(said.len() < 2_000, "{line}: {said}");
    }
    // Finite inputs are read, including a shell pipe.
    ends(&here, "$T prove <(cat a.mpl) --no-db --goals <(echo '(in[c,S])')", 0);
}

#[test]
fn results_that_cannot_be_written_are_a_failure() {
    let here = folder("full");
    fs::write(here.join("a.mpl"), TINY).expect("written");
    ends(&here, "$T prove a.mpl --goal '(in[c,S])' --db d --quiet", 0);
    let mut run = ends(&here, "$T show --db d", 0);
    run.truncate(12);
    for command in [
        "prove a.mpl --no-db --goal '(in[c,S])'",
        "explore a.mpl --no-db",
        "explore a.mpl --no-db --json",
        "lint nothere.mpl --json",
        "show --db d",
        &format!("show {run} --db d"),
        "check --db d",
        "export --db d",
        "export --db d --format rocq",
        "export --db d --format tstp",
        "export-problem a.mpl --goal '(in[c,S])'",
        "completions bash",
        "--help",
        "explore --help",
        "--version",
        "model list",
    ] {
        let output = shell(&here, &format!("$T {command} > /dev/full"));
        assert_eq!(output.status.code(), Some(4), "{command}: {}", text(&output));
        assert!(text(&output).contains("No space left"), "{command}: {}", text(&output));
    }
    // A closed pipe needs no message.
    for command in ["export --db d", "show --db d", "completions bash"] {
        let output = shell(&here, &format!("$T {command} > >(exec true) 2>said; sleep 0.2; exit ${{PIPESTATUS[0]}}"));
        let said = fs::read_to_string(here.join("said")).expect("a file");
        assert!(said.is_empty() && matches!(output.status.code(), Some(0 | 4)), "{command}: {said}");
    }
    let mut child = Command::new(BINARY)
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(4), 0), "{}", text(&output));
    // Standard error is full, or closed.
    ends(&here, "$T lint nothere.mpl 2>/dev/full", 2);
    ends(&here, "$T lint nothere.mpl 2>&-", 2);
    ends(&here, "$T lint nothere.mpl >&- 2>&-", 2);
    ends(&here, "$T nothing 2>/dev/full", 2);
    ends(&here, "$T explore a.mpl --no-db 2>/dev/full", 0);
    // Output files.
    ends(&here, "$T export --db d --out /dev/full", 4);
    ends(&here, "$T export-problem a.mpl --goal '(in[c,S])' --out /dev/full", 4);
    ends(&here, "$T export --db d --out /dev/null && [ -c /dev/null ]", 0);
}

#[test]
fn outputs_keep_links_modes_and_what_is_not_ours() {
    let here = folder("outputs");
    fs::write(here.join("a.mpl"), TINY).expect("written");
    ends(&here, "$T explore a.mpl --db d --quiet", 0);
    fs::write(here.join("real"), "old").expect("written");
    symlink("real", here.join("link")).expect("a link");
    ends(&here, "$T export --db d --out link && [ -L link ] && grep -q format real", 0);
    ends(
        &here,
        "mkfifo pipe; cat pipe > got & $T export --db d --out pipe && wait && [ -p pipe ] && grep -q format got",
        0,
    );
    let real = here.join("real.mpl");
    fs::write(&real, "(theory   T[S,c]   (in[c,S]))").expect("written");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("a mode");
    symlink("real.mpl", here.join("link.mpl")).expect("a link");
    fs::write(here.join("real.mpl.new"), "mine").expect("written");
    ends(&here, "$T fmt link.mpl && [ -L link.mpl ] && [ $(stat -c %a real.mpl) = 640 ]", 0);
    assert_eq!(fs::read_to_string(&real).expect("a file"), "(theory T[S,c] (in[c,S]))\n");
    assert_eq!(fs::read_to_string(here.join("real.mpl.new")).expect("a file"), "mine");
    // A foreign folder is refused before anything is computed.
    fs::create_dir_all(here.join("foreign")).expect("a folder");
    fs::write(here.join("foreign/mine"), "mine").expect("written");
    for command in
        ["explore a.mpl --db new", "prove a.mpl --db new --goal '(in[c,S])'", "resume x --db d", "show x --db d"]
    {
        ends(&here, &format!("$T {command} --site foreign"), 4);
    }
    assert!(!here.join("new").exists(), "nothing was begun");
    // If the pages cannot be written, the results are still printed.
    fs::create_dir_all(here.join("closed")).expect("a folder");
    let blocked = "[ $(id -u) = 0 ] && { mkdir -p closed/.s.new; touch closed/.s.new/mine; } || chmod a-w closed";
    let said = ends(&here, &format!("{blocked}; $T explore a.mpl --no-db --site closed/s"), 4);
    assert!(said.contains("theorems of T"), "{said}");
    assert!(!here.join("closed/s").exists());
}

#[test]
fn options_without_effect_and_counts_without_bound_are_refused() {
    let here = folder("options");
    fs::write(here.join("a.mpl"), TINY).expect("written");
    ends(&here, "$T explore a.mpl --db d --quiet", 0);
    for (line, named) in [
        ("resume x --max-size 2", "--max-size"),
        ("resume x --fresh", "--fresh"),
        ("resume x --no-db", "--no-db"),
        ("explore a.mpl --no-db --fresh", "--fresh"),
        ("prove a.mpl --no-db --goal ''", "empty"),
        ("prove a.mpl --no-db --goal '(in[c,S])' --goal ' '", "empty"),
        ("prove a.mpl --no-db --goal '; nothing'", "no goal"),
        ("prove a.mpl --no-db --goals /dev/stdin < <(echo)", "no goal"),
        ("export-problem a.mpl --goal '(in[c,S])' --db d", "--db"),
        ("show --db d --site s", "--site"),
        ("lint a.mpl --config a.mpl", "--config"),
        ("lint d", "--config"),
        ("export 0 1 --db d", ""),
        ("export --db d --format rocq --backup", "--backup"),
        ("reason map --prompt x --file a.mpl --samples 3", "--samples"),
        ("reason vote --prompt x --depth 2", "--depth"),
        ("reason first --prompt x --least 2", "--least"),
        ("reason vote --prompt x --check true", "--check"),
        ("reason vote --prompt x --server http://127.0.0.1:1 --workers 2", "--workers"),
        ("reason vote --prompt x --workers 100000", "1 to 64"),
        ("reason vote --prompt x --samples 1000000", "1 to 1024"),
        ("generate --prompt x --top-k 5", "--top-k"),
        ("generate --prompt x --pick best", "--pick"),
        ("generate --prompt x --paths 1000000", "1 to 1024"),
        ("generate --prompt x --threads 1000000", "1 to 256"),
        ("bench lm --runs 1000000000", "1 to 1000"),
        ("explore a.mpl --no-db --threads 100000", "1 to 256"),
        ("explore a.mpl --no-db --threads 0", "1 to 256"),
        ("explore a.mpl --no-db --max-size 1000", "--max-size"),
        ("explore a.mpl --no-db --cpu 0", "--cpu"),
        ("explore a.mpl --no-db --cpu nan", "--cpu"),
        ("explore a.mpl --no-db --cpu -1", ""),
        ("explore a.mpl --no-db --memory 18446744073709551615", "--memory"),
        ("explore a.mpl --no-db --memory 0", "--memory"),
    ] {
        let said = ends(&here, &format!("$T {line}"), 2);
        assert!(said.contains(named), "{line}: {said}");
        let said = ends(&here, &format!("$T --json {line} 2>/dev/null"), 2);
        assert!(said.lines().last().is_some_and(|line| line.contains("\"event\":\"failure\"")), "{line}: {said}");
    }
    // A goal cannot continue into the next one.
    ends(&here, "$T prove a.mpl --no-db --goal '(in[c,S])' --goal '  (=[c,c])'", 0);
}

#[test]
fn the_stack_of_the_shell_is_not_ours() {
    let here = folder("stack");
    let deep = format!("{}(in[c,S]){}", "(& (in[c,S]) ".repeat(950), ")".repeat(950));
    fs::write(here.join("a.mpl"), format!("(theory T[S,c] {deep})")).expect("written");
    ends(&here, "ulimit -s 256; $T lint a.mpl", 0);
    ends(&here, "ulimit -s 256; $T fmt a.mpl", 0);
    let said = ends(&here, "ulimit -s 256; $T prove a.mpl --db d --site s --goal '(in[c,S])'", 0);
    assert!(said.contains("SZS status Theorem"), "{said}");
    for format in ["json", "metamath", "dedukti", "rocq", "lean", "tstp"] {
        ends(&here, &format!("ulimit -s 256; $T export --db d --format {format} > /dev/null"), 0);
    }
    ends(&here, "ulimit -s 256; $T check --db d", 0);
}

#[test]
fn nothing_of_others_commands_the_terminal() {
    let here = folder("terminal");
    fs::write(here.join("a.mpl"), TINY).expect("written");
    // File names, which may contain any character.
    let named = "a\u{1b}[31m\u{9b}1m\u{202e}\u{7}.mpl";
    fs::write(here.join(named), TINY).expect("written");
    for line in [
        "$T lint a?*m.mpl x",
        "for f in a?*l; do $T lint nothere$f; $T explore $f --db d --site s; done",
        "for f in a?*l; do $T --json explore $f --db d; $T fmt $f; $T --json fmt --check $f; done",
        "$T show --db d; $T --json show --db d",
        "$T $'\\e[31mx'",
        "$T prove a.mpl --no-db --goal $'(in[\\e[31m,S])'; $T prove a.mpl --no-db --goal $'; \\e[31m\\n(in[c,S])'",
        "cat s/*.html",
    ] {
        let said = text(&shell(&here, line));
        let bad = said.chars().find(|c| matches!(c, '\u{1b}' | '\u{9b}' | '\u{202e}' | '\u{7}'));
        assert_eq!(bad, None, "{line}: {said:?}");
    }
}

#[test]
fn names_of_every_kind_go_everywhere() {
    let here = folder("names");
    let long = "n".repeat(4_000);
    for (number, names) in [
        [&*long, "S", "c"],
        ["T", &long, "c"],
        ["T", "S", &long],
        ["*/", "$$", "-/"],
        ["a#1", "S#2", "c#1"],
        ["T'", "S\\", "c%"],
        ["/../T", "<b>", "&amp"],
        ["theorem", "forall", "Prop"],
        ["{{x}}", "|", "^^"],
        ["T", "0", "i0"],
        ["Ж", "≤", "é"],
    ]
    .iter()
    .enumerate()
    {
        let [theory, set, constant] = names;
        let goal = format!("(in[{constant},{set}])");
        fs::write(here.join("a.mpl"), format!("(theory {theory}[{set},{constant}] \"about *) $) -/ %\n(x)\" (& {goal} (>[x] (in[x,{set}]) (=[x,{constant}]))))\n(conjecture {theory} {goal})")).expect("written");
        fs::write(here.join("g"), format!("{goal}\n(=[{constant},{constant}])")).expect("written");
        let said = ends(&here, &format!("$T prove a.mpl --db d{number} --site s{number} --goals g"), 0);
        assert_eq!(said.matches("SZS status Theorem").count(), 3, "{names:?}: {said}");
        let left = ends(&here, "ls -A", 0);
        assert!(!left.contains(".new"), "{names:?}: {left}");
        for format in ["json", "metamath", "dedukti", "rocq", "lean", "tstp"] {
            ends(&here, &format!("mkdir -p o{number}; $T export --db d{number} --format {format} > o{number}/x"), 0);
        }
        ends(&here, &format!("$T check --db d{number}"), 0);
        ends(&here, &format!("$T export-problem a.mpl --goals g --out p{number}"), 0);
        ends(&here, &format!("$T export-problem a.mpl --goals g --format smt-lib --out p{number}"), 0);
        let installed = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if installed("metamath") && installed("coqc") {
            ends(&here, &format!("$T check --db d{number} --with all"), 0);
        }
    }
    // Goals whose names give the same file name get separate files.
    fs::write(here.join("a.mpl"), TINY).expect("written");
    fs::write(here.join("g"), "(conjecture + (in[c,S]))\n(conjecture plus (=[c,c]))").expect("written");
    ends(&here, "$T export-problem a.mpl --goals g --out two && [ $(ls two | wc -l) = 2 ]", 0);
}

#[test]
fn a_link_to_a_file_is_that_file() {
    let here = folder("links");
    fs::write(here.join("d.mpl"), "(define p[c,S] (in[c,S]))").expect("written");
    symlink("d.mpl", here.join("l.mpl")).expect("a link");
    fs::write(here.join("a.mpl"), "(import \"l.mpl\")(import \"d.mpl\")(theory T[S,c] (p[c,S]))").expect("written");
    ends(&here, "$T lint a.mpl", 0);
    let goal = "$T prove a.mpl --db d --goal '(p[c,S])'";
    assert!(ends(&here, goal, 0).contains("SZS status Theorem"));
    // The stored run is read back from the database alone.
    fs::remove_file(here.join("d.mpl")).expect("removed");
    ends(&here, "$T check --db d", 0);
    ends(&here, "$T show $($T show --db d | cut -c1-12) 1 --db d", 0);
}

#[test]
fn a_table_of_many_axioms_is_no_nesting() {
    let here = folder("table");
    let (count, mut axioms) = (33, String::new());
    let names: Vec<String> = (0..count).map(|number| format!("e{number}")).collect();
    for (i, one) in names.iter().enumerate() {
        axioms.push_str(&format!(" (in[{one},G])"));
        for (j, other) in names.iter().enumerate() {
            axioms.push_str(&format!(" (in3[{one},{other},{},*])", names[(i + j) % count]));
        }
    }
    fs::write(here.join("a.mpl"), format!("(theory Table[G,*,{}] (&{axioms}))", names.join(","))).expect("written");
    ends(&here, "$T lint a.mpl && $T fmt a.mpl && $T fmt --check a.mpl", 0);
    let said = ends(&here, "$T prove a.mpl --db d --goal '(in3[e20,e20,e7,*])' --site s", 0);
    assert!(said.contains("SZS status Theorem"), "{said}");
    for format in ["metamath", "dedukti", "rocq", "lean", "tstp"] {
        ends(&here, &format!("$T export --db d --format {format} > /dev/null"), 0);
    }
}

#[test]
fn a_proof_says_which_theorem_it_cites() {
    let here = folder("cites");
    let theory = format!("{}/theories/peano.mpl", env!("CARGO_MANIFEST_DIR"));
    ends(&here, &format!("$T explore {theory} --db d --quiet"), 0);
    let shown = ends(&here, "R=$($T show --db d | cut -c1-12); for n in $(seq 1 40); do $T show $R $n --db d; done", 0);
    assert!(!shown.contains("[theorem ]"), "{shown}");
    let cited =
        shown.lines().filter_map(|line| line.split_once("[theorem ")).map(|(_, rest)| rest.trim_end_matches(']'));
    let numbers: Vec<u32> = cited.map(|number| number.parse().expect("a number")).collect();
    assert!(!numbers.is_empty() && numbers.iter().all(|number| (1..40).contains(number)), "{numbers:?}");
}

#[test]
fn the_counts_of_a_run_add_up() {
    let here = folder("counts");
    for theory in ["peano", "group"] {
        let path = format!("{}/theories/{theory}.mpl", env!("CARGO_MANIFEST_DIR"));
        let said = ends(&here, &format!("$T --json explore {path} --no-db"), 0);
        let summary: serde_json::Value = serde_json::from_str(said.lines().last().expect("a summary")).expect("JSON");
        let number = |path: &str| summary.pointer(path).and_then(serde_json::Value::as_u64).expect(path);
        let made = number("/conjectures/built") + number("/conjectures/lemmas");
        let left_out = ["refuted", "instances", "vacuous"].map(|kind| number(&format!("/conjectures/{kind}")));
        let tried = number("/conjectures/tried");
        assert_eq!(made, left_out.iter().sum::<u64>() + tried, "{theory}: {summary}");
        let proved = ["direct", "induction", "corollaries"].map(|kind| number(&format!("/theorems/{kind}")));
        assert_eq!(tried, proved.iter().sum::<u64>() + number("/open"), "{theory}: {summary}");
        let told = said.lines().filter(|line| line.contains("\"event\":\"theorem\"")).count() as u64;
        assert_eq!(told, proved.iter().sum::<u64>(), "each theorem is told once");
    }
}

#[test]
fn what_was_not_done_is_said() {
    let here = folder("remarks");
    fs::write(
        here.join("small.mpl"),
        format!("{TINY}(bounds (atoms 1) (predicate = (count 0)) (predicate in (count 0)))"),
    )
    .expect("written");
    let said = ends(&here, "$T explore small.mpl --no-db --site s", 0);
    assert!(said.contains("no conjecture was built"), "{said}");
    assert!(fs::read_to_string(here.join("s/index.html")).expect("a page").contains("no conjecture was built"));
    fs::write(here.join("c.mpl"), "(theory C[S,c] (& (in[c,S]) !(in[c,S])))").expect("written");
    for command in ["prove c.mpl --goal '(in[c,S])'", "explore c.mpl"] {
        let said = ends(&here, &format!("$T {command} --no-db --site c"), 5);
        assert!(said.contains("contradict each other"), "{said}");
        assert!(fs::read_to_string(here.join("c/index.html")).expect("a page").contains("contradict each other"));
        let said = ends(&here, &format!("$T --json {command} --no-db"), 5);
        assert_eq!(said.matches("\"event\":\"theorem\"").count(), 1, "{said}");
        assert!(!said.contains("\"szs\":\"GaveUp\""), "{said}");
    }
    // A goal that is asked twice is attempted once, and answered twice.
    fs::write(here.join("a.mpl"), TINY).expect("written");
    let said = ends(&here, "$T prove a.mpl --no-db --goal '(in[c,S])' --goal '(in[c,S])' --goal '(in[c,S])' --json", 0);
    assert_eq!(said.matches("\"event\":\"goal\"").count(), 3, "{said}");
    assert!(said.contains("\"tried\":1"), "{said}");
}

#[test]
fn a_reader_that_goes_away_ends_a_run() {
    let here = folder("reader");
    let theory = format!("{}/theories/peano.mpl", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(BINARY)
        .args(["--json", "explore", &theory, "--db", "d"])
        .current_dir(&here)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut byte = [0];
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut byte).expect("a byte of the first theorem");
    drop(stdout);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(4), 0), "{}", text(&output));
    // Results are kept, and the run can be resumed.
    let run = &ends(&here, "$T show --db d", 0)[..12];
    ends(&here, &format!("$T resume {run} --db d"), 0);
    let mut log = fs::File::create(here.join("done")).expect("a file");
    log.write_all(run.as_bytes()).expect("written");
}
