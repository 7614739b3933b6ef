use std::collections::{HashMap, HashSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use theoremata_actors::grid::Cancel;
use theoremata_actors::run::{Manner, Prepared, Question, Running, Settings};
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::proof::{Proof, Rule, Scope, ScopeId, Step, TheoremId};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::mpl::read_mpl;
use theoremata_store::{Input, Store};

use super::values::catalogue::Catalogue;
use super::values::report::{Count, Open, Report, Source, Theorem};
use super::{Served, SiteError, write};
use crate::exchange::stored::Stored;

/// A folder that is removed at the end of the test.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("theoremata-site-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder");
        Place(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Explores a theory file of ours, up to this many atoms per conjecture.
pub(super) fn explored(file: &str, change: impl Fn(&str) -> String, atoms: usize) -> (Arc<Theory>, Report) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("theories");
    let text = change(&fs::read_to_string(folder.join(file)).expect("a theory of ours"));
    let mut inputs = vec![Input { name: file.to_owned(), bytes: text.clone().into_bytes() }];
    let mut load = |path: &str| {
        let name = Path::new(path).file_name().unwrap_or_default();
        let bytes = fs::read(folder.join(name)).map_err(|error| error.to_string())?;
        inputs.push(Input { name: path.to_owned(), bytes: bytes.clone() });
        Ok(bytes)
    };
    let (theory, _) =
        read_mpl(file, text.as_bytes(), &mut load).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let question =
        Question { theory, goals: Vec::new(), inputs, manner: Manner { atoms: Some(atoms), ..Manner::plain(true) } };
    let prepared = Prepared::new(Store::in_memory(), question, false, "now").expect("a store in memory");
    let settings =
        Settings { threads: NonZeroUsize::MIN, cpu: None, memory: None, resident: 0, cancel: Cancel::default() };
    let done = prepared.start(settings, || "then".to_owned()).and_then(Running::join).expect("it runs");
    let run = done.store.run(&done.id).expect("a store in memory").expect("the run");
    let stored = Stored::read(&done.store, &run).expect("it can be read");
    let theorems = stored.checked().expect("the checker accepts them");
    let mut report = Report::new(&stored, theorems, Some(&done.exploration));
    report.sources.truncate(1);
    (stored.theory.clone(), report)
}

/// Checks the proof, given these earlier theorems.
fn accepted(theory: &Theory, before: &[Theorem], proof: Proof) -> Checked {
    let earlier = |cited: TheoremId| before.get(cited.0 as usize).map(|theorem| theorem.checked.statement());
    Checked::new(theory, earlier, TheoremId(before.len() as u32), proof).expect("a proof")
}

/// All files below a folder with their bytes, sorted by path.
pub(super) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut stack = vec![folder.to_path_buf()];
    while let Some(path) = stack.pop() {
        for entry in fs::read_dir(&path).expect("a folder of the site").flatten() {
            if entry.path().is_dir() {
                stack.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).expect("inside").to_string_lossy().into_owned();
                found.push((name, fs::read(entry.path()).expect("a file of the site")));
            }
        }
    }
    found.sort();
    found
}

/// Arithmetic with a few goals, so that the laws are proved whatever the exploration finds.
pub(super) fn arithmetic(change: impl Fn(&str) -> String) -> (Arc<Theory>, Report) {
    let goals = "
(conjecture zero-from-the-left (>[a,b] (in3[0,a,b,+]) (=[a,b])))
(conjecture sums-of-successors (>[a,b,c,d] (& (in2[a,b,s]) (in3[a,c,d,+])) (>[e] (in3[b,c,e,+]) (in2[d,e,s]))))
(conjecture order-of-summands (>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+])))
(conjecture not-so (>[a,b,c] (in3[a,b,c,+]) (in3[a,b,c,*])))
";
    explored("peano.mpl", |text| change(&format!("{text}{goals}")), 3)
}

/// The targets of links and sources in a page: values of `href` and `src`.
fn targets(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in [" href=\"", " src=\""] {
        for (place, _) in html.match_indices(attribute) {
            let rest = &html[place + attribute.len()..];
            let end = rest.find('"').expect("the attribute ends");
            found.push(rest[..end].to_owned());
        }
    }
    found
}

/// Every link of every page leads to a file of the site, and every fragment to an existing id. No page exceeds 1 MB.
fn holds_together(site: &[(String, Vec<u8>)]) {
    let files: HashMap<&str, &[u8]> = site.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let mut ids: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (path, bytes) in site.iter().filter(|(path, _)| path.ends_with(".html")) {
        assert!(bytes.len() < 1_000_000, "{path} has {} bytes", bytes.len());
        let html = std::str::from_utf8(bytes).expect("pages are UTF-8");
        let mut here = HashSet::new();
        for (place, _) in html.match_indices(" id=\"") {
            let rest = &html[place + 5..];
            let id = &rest[..rest.find('"').expect("the attribute ends")];
            assert!(here.insert(id), "{path} has two places named {id}");
        }
        ids.insert(path, here);
    }
    for (path, bytes) in site.iter().filter(|(path, _)| path.ends_with(".html")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in targets(std::str::from_utf8(bytes).expect("pages are UTF-8")) {
            if target == "data:," {
                continue;
            }
            let (file, place) = target.split_once('#').unwrap_or((&target, ""));
            let full = match file.strip_prefix("../") {
                _ if file.is_empty() => path.clone(),
                Some(rest) => rest.to_owned(),
                None if folder.is_empty() => file.to_owned(),
                None => format!("{folder}/{file}"),
            };
            assert!(files.contains_key(full.as_str()), "{path} links to {target}, which is not there");
            let known = place.is_empty() || ids.get(full.as_str()).is_some_and(|ids| ids.contains(place));
            assert!(known, "{path} links to {target}, but there is no such place");
        }
    }
}

fn text<'a>(site: &'a [(String, Vec<u8>)], path: &str) -> &'a str {
    let (_, bytes) = site.iter().find(|(known, _)| known == path).unwrap_or_else(|| panic!("{path} was written"));
    std::str::from_utf8(bytes).expect("text")
}

#[test]
fn a_site_of_arithmetic_holds_together() {
    let place = Place::new("arithmetic");
    let (theory, report) = arithmetic(str::to_owned);
    let out = std::env::var_os("SITE_OUT").map_or_else(|| place.path().join("site"), PathBuf::from);
    let summary = write(&report, &theory, &out).expect("written");
    let site = files(&out);
    assert_eq!(summary.bytes, site.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
    assert_eq!(summary.pages, site.iter().filter(|(path, _)| path.ends_with(".html")).count());
    holds_together(&site);
    let index = text(&site, "index.html");
    for law in ["zero-from-the-left", "order-of-summands"] {
        assert!(index.contains(law), "{law} is a theorem");
    }
    assert!(index.contains("commutativity of +"), "a law is called by its name");
    assert!(text(&site, "refuted.html").contains("False for"), "a goal is refuted");
    assert_eq!(text(&site, "data/theorems.jsonl").lines().count(), report.theorems.len());
    let page = site.iter().find(|(path, _)| path.starts_with("theorem/a-plus-b-equals-b-plus-a-"));
    let page = std::str::from_utf8(&page.expect("an address made of the statement").1).expect("text");
    assert!(page.contains("(in3[a,b,c,+])"), "the MPL is there");
    assert!(page.contains("Theorem "), "it cites a theorem");
    let rests_on = page.lines().find(|line| line.contains("<dt>Rests on</dt>")).expect("it says what it rests on");
    assert!(rests_on.contains("N is generated by (0, s)"), "induction asks for it: {rests_on}");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let place = Place::new("same");
    let (theory, report) = explored("peano.mpl", str::to_owned, 2);
    write(&report, &theory, &place.path().join("one")).expect("written");
    write(&report.clone(), &theory, &place.path().join("two")).expect("written");
    assert!(files(&place.path().join("one")) == files(&place.path().join("two")));
}

#[test]
fn names_of_users_are_text_and_never_markup() {
    let place = Place::new("names");
    let evil = "<script>document.title='owned'</script>&amp;\"onload=x";
    let (theory, mut report) = arithmetic(|text| {
        text.replace("theory Peano", "theory <img/src=x><b>").replace("NaturalNumbers", "<svg/onload=alert`1`>")
    });
    for theorem in &mut report.theorems {
        theorem.label = Some(evil.to_owned());
    }
    for open in &mut report.open {
        open.bound = evil.to_owned();
        open.tried.push(evil.to_owned());
    }
    report.open.push(Open {
        statement: report.theorems[0].checked.statement().clone(),
        tried: vec![evil.to_owned()],
        stuck: vec![],
        bound: evil.to_owned(),
    });
    for refuted in &mut report.refuted {
        refuted.assignment.push((evil.into(), evil.into()));
    }
    for model in &mut report.models {
        model.origin = evil.to_owned();
    }
    report.sources.push(Source { name: evil.to_owned(), text: evil.to_owned() });
    report.counts.push(Count { label: evil.to_owned(), number: 1 });
    let out = place.path().join("site");
    write(&report, &theory, &out).expect("written");
    let site = files(&out);
    holds_together(&site);
    for (path, bytes) in site.iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = std::str::from_utf8(bytes).expect("text");
        let scripts = html.matches("<script").count();
        assert_eq!(scripts, 2, "{path} has scripts that are not ours");
        for markup in ["<img", "<svg/", "<b>\u{202e}"] {
            assert!(!html.contains(markup), "{path} has markup of a user: {markup}");
        }
        assert!(!html.contains(" onload="), "{path} has a handler");
    }
    assert!(text(&site, "index.html").contains("&lt;script&gt;"), "the name is shown as it is");
}

/// A report of thousands of theorems, each of which cites a few earlier ones. The site does not check proofs.
fn many(theorems: usize, refuted: usize) -> (Arc<Theory>, Report) {
    let (theory, small) = explored("peano.mpl", str::to_owned, 3);
    let mut state = 7_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % below as u64) as usize
    };
    // Exports of thousands of theorems are not under test.
    let mut report = Report { theorems: Vec::new(), refuted: Vec::new(), exports: false, ..small.clone() };
    let first = small.theorems.len();
    for number in 0..theorems {
        let mut theorem = small.theorems[number % first].clone();
        if number >= first {
            // Restates an earlier theorem, and cites others on the way.
            let mut cited: Vec<usize> = (0..next(4)).map(|_| next(number)).collect();
            cited.push(number % first);
            let cite = |cited: &usize| Step {
                rule: Rule::Theorem(TheoremId(*cited as u32)),
                premises: vec![],
                conclusion: report.theorems[*cited].checked.statement().clone(),
                scope: ScopeId::OUTER,
            };
            let steps = cited.iter().map(cite).collect();
            let outer = Scope { parent: ScopeId::OUTER, variables: vec![], assumptions: vec![] };
            theorem.checked =
                accepted(&theory, &report.theorems, Proof { scopes: vec![outer], steps, ..Proof::default() });
        }
        theorem.essential = number % 10 == 0;
        report.theorems.push(theorem);
    }
    for number in 0..refuted {
        report.refuted.push(small.refuted[number % small.refuted.len()].clone());
    }
    (theory, report)
}

#[test]
fn thousands_of_theorems_stay_readable() {
    let place = Place::new("many");
    let (theory, report) = many(3_000, 100_000);
    let out = std::env::var_os("SITE_MANY").map_or_else(|| place.path().join("site"), PathBuf::from);
    write(&report, &theory, &out).expect("written");
    let site = files(&out);
    holds_together(&site);
    assert_eq!(text(&site, "data/refuted.jsonl").lines().count(), 100_000);
    let pages = site.iter().filter(|(path, _)| path.starts_with("refuted")).count();
    assert!(pages <= 10, "{pages} pages of refuted conjectures");
    let graph = text(&site, "graph.html");
    assert!(graph.matches("class=\"n").count() >= 300, "the graph shows what is essential");
    assert!(site.iter().any(|(path, _)| path == "theorems-10.html"), "the list has pages");
}

#[test]
fn a_proof_of_thousands_of_steps_is_cut_into_parts() {
    let place = Place::new("long");
    let (theory, mut report) = arithmetic(str::to_owned);
    let longest = report.theorems.iter().map(|theorem| theorem.checked.proof().steps.len()).max().unwrap_or(0);
    let number = report.theorems.iter().position(|theorem| theorem.checked.proof().steps.len() == longest);
    let number = number.expect("a theorem");
    let mut proof = report.theorems[number].checked.proof().clone();
    // The same step repeated in the innermost scope.
    let place_of_step = proof
        .steps
        .iter()
        .rposition(|step| step.rule == Rule::AndIntroduction || matches!(step.rule, Rule::Instantiate(_)))
        .expect("a step");
    let again = proof.steps[place_of_step].clone();
    let last = proof.steps.pop().expect("a last step");
    let closing = proof.steps.len();
    let shift = |step: &Step| step.premises.iter().all(|premise| premise.index() < place_of_step);
    assert!(shift(&again));
    let mut steps: Vec<Step> = proof.steps[..=place_of_step].to_vec();
    steps.extend(std::iter::repeat_n(again, 6_000));
    for mut step in proof.steps[place_of_step + 1..closing].iter().cloned().chain([last]) {
        for premise in &mut step.premises {
            if premise.index() > place_of_step {
                premise.0 += 6_000;
            }
        }
        steps.push(step);
    }
    proof.steps = steps;
    report.theorems[number].checked = accepted(&theory, &report.theorems[..number], proof);
    let out = place.path().join("site");
    write(&report, &theory, &out).expect("written");
    let site = files(&out);
    holds_together(&site);
    let parts: Vec<&(String, Vec<u8>)> = site.iter().filter(|(path, _)| path.contains(".part")).collect();
    assert!(parts.len() >= 2, "{} further parts", parts.len());
    for (path, bytes) in parts {
        let html = std::str::from_utf8(bytes).expect("text");
        assert_eq!(html.matches("<details").count(), html.matches("</details>").count(), "{path}: blocks are closed");
        assert_eq!(html.matches("<ol").count(), html.matches("</ol>").count(), "{path}: lists are closed");
        assert!(html.contains("(continued)"), "{path} says what goes on");
    }
}

#[test]
fn an_empty_report_gives_a_site() {
    let place = Place::new("empty");
    let (theory, _) = explored("group.mpl", str::to_owned, 1);
    let out = place.path().join("deep/site");
    write(&Report::default(), &theory, &out).expect("written");
    holds_together(&files(&out));
}

#[test]
fn an_older_site_of_ours_is_replaced_as_a_whole() {
    let place = Place::new("replace");
    let (theory, report) = explored("group.mpl", str::to_owned, 2);
    let out = place.path().join("site");
    write(&report, &theory, &out).expect("written");
    fs::write(out.join("theorem/stale.html"), "stale").expect("written");
    // The remains of a killed run are no obstacle.
    fs::create_dir_all(place.path().join(".site.new")).expect("made");
    write(&report, &theory, &out).expect("written again");
    assert!(!out.join("theorem/stale.html").exists());
    let beside: Vec<_> = fs::read_dir(place.path()).expect("read").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(beside, ["site"], "nothing is left beside it");
}

#[test]
fn addresses_are_made_of_the_statement_and_not_of_its_number() {
    let (theory, report) = arithmetic(str::to_owned);
    let addresses = |report: &Report| -> Vec<String> {
        Catalogue::new(report, &theory).theorems.iter().map(|entry| entry.file.clone()).collect()
    };
    let all = addresses(&report);
    let (_, smaller) = explored("peano.mpl", str::to_owned, 2);
    let mut moved = 0;
    for (number, (theorem, address)) in smaller.theorems.iter().zip(addresses(&smaller)).enumerate() {
        let same = |known: &Theorem| known.checked.statement() == theorem.checked.statement();
        if let Some(place) = report.theorems.iter().position(same) {
            assert_eq!(all[place], address);
            moved += usize::from(place != number);
        }
    }
    assert!(moved > 3, "{moved} statements have other numbers in another run");
    let unique: HashSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len(), "different statements have different addresses");
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let place = Place::new("foreign");
    fs::write(place.path().join("thesis.tex"), "precious").expect("written");
    let (theory, report) = explored("group.mpl", str::to_owned, 1);
    let error = write(&report, &theory, place.path()).expect_err("refused");
    assert!(matches!(error, SiteError::NotOurs { .. }), "{error}");
    assert_eq!(fs::read_to_string(place.path().join("thesis.tex")).expect("still there"), "precious");
}

#[test]
fn a_file_made_when_it_is_asked_for_is_the_one_of_the_folder() {
    let (theory, report) = arithmetic(str::to_owned);
    let place = Place::new("served");
    let out = place.path().join("site");
    write(&report, &theory, &out).expect("written");
    let served = Served::new(&report, &theory).expect("its templates are right");
    let mark = "theoremata-site.txt";
    for (path, bytes) in files(&out).into_iter().filter(|(path, _)| path != mark) {
        if let Some(asset) = super::asset(&path) {
            assert_eq!(asset.as_bytes(), bytes, "{path}");
            continue;
        }
        let made = served.file(&path).expect("it can be made").unwrap_or_else(|| panic!("there is no {path}"));
        let made = String::from_utf8(made).expect("text");
        let there = String::from_utf8(bytes).expect("text");
        assert_eq!(made.replace(r#"<a class="server" href="/">Theoremata</a>"#, ""), there, "{path}");
    }
    for path in ["", "index", "theorem/none.html", "../secret", "theorems-99.html", "data/none"] {
        assert_eq!(served.file(path).expect("nothing fails"), None, "{path}");
    }
    let first = served.theorem(1).expect("there are theorems");
    assert!(served.file(&first).expect("it can be made").is_some());
    assert_eq!((served.theorem(0), served.theorem(9999)), (None, None));
}
