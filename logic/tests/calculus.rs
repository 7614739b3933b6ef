//! Checks `docs/calculus.md`: every step of every example is accepted, and every rule has an example.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::draft::Draft;
use common::infer::infer;
use common::{byhand, list, read};
use theoremata_logic::calculus::check::{Flaw, check};
use theoremata_logic::calculus::formula::Name;
use theoremata_logic::calculus::proof::{Rule, ScopeId, StepId};
use theoremata_logic::calculus::theory::Theory;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/calculus.md")).expect("the page")
}

/// The fences of a kind, each as its lines.
fn fences<'p>(page: &'p str, kind: &str) -> Vec<Vec<&'p str>> {
    let mut fences = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("```") == Some(kind) {
            fences.push(lines.by_ref().take_while(|line| *line != "```").collect());
        } else if line.starts_with("```") {
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        }
    }
    fences
}

/// A line of an example: its nesting depth, and the text after its number.
fn parts(line: &str) -> (usize, &str) {
    let text = line.trim_start_matches(['|', ' ']);
    let depth = line[..line.len() - text.len()].matches('|').count();
    (depth, text.split_once(". ").unwrap_or_else(|| panic!("a number before {line}")).1)
}

/// The proof of an example, below one scope that assumes what is given.
struct Example<'t> {
    draft: Draft<'t>,
    /// The open scopes, starting with that of the given formulas.
    open: Vec<ScopeId>,
    /// The scopes closed last, for the rules that discharge them.
    left: Vec<ScopeId>,
    steps: Vec<StepId>,
}

impl Example<'_> {
    fn leave(&mut self, depth: usize) {
        self.left.clear();
        while self.open.len() > depth + 1 {
            self.left.insert(0, self.open.pop().expect("more than one"));
            self.draft.leave();
        }
    }

    /// `Name(data)[variables] premises`
    fn rule(&self, text: &str, earlier: &[ScopeId]) -> (Rule, Vec<StepId>) {
        let end = text.find(['(', '[', ' ']).unwrap_or(text.len());
        let within = |open: char, close: char| {
            let inner = text.split_once(open).and_then(|(_, rest)| rest.split_once(close));
            inner.map_or(Vec::new(), |(inner, _)| inner.split(',').filter(|name| !name.is_empty()).collect())
        };
        let (data, names) = (within('(', ')'), within('[', ']'));
        let names = names.iter().map(|name| self.draft.variable(name)).collect();
        let premises = text.split(' ').skip(1).map(|number| {
            let number: usize = number.parse().unwrap_or_else(|_| panic!("a number in {text}"));
            self.steps[number - 1]
        });
        let left = || *self.left.first().expect("a scope that ends here");
        let rule = match &text[..end] {
            "Generalise" => Rule::Generalise(left()),
            "Instantiate" => Rule::Instantiate(names),
            "AndIntroduction" => Rule::AndIntroduction,
            "AndLeft" => Rule::AndLeft,
            "AndRight" => Rule::AndRight,
            "ExistsIntroduction" => Rule::ExistsIntroduction(names),
            "ExistsElimination" => Rule::ExistsElimination(left()),
            "NotIntroduction" => Rule::NotIntroduction(left()),
            "ExFalso" => Rule::ExFalso,
            "Reflexivity" => Rule::Reflexivity,
            "Congruence" => Rule::Congruence,
            "Unfold" => Rule::Unfold,
            "Fold" => Rule::Fold,
            "Induction" => Rule::Induction(data[0].parse().expect("a number")),
            "Reductio" => Rule::Reductio(left()),
            "Cases" => Rule::Cases(*earlier.last().expect("the first case"), left()),
            "Comprehension" => Rule::Comprehension {
                predicate: self.draft.theory().find(data[0]).expect("a definition"),
                arguments: names,
                set: data[1].parse().expect("a number"),
            },
            other => panic!("no rule {other}"),
        };
        (rule, premises.collect())
    }
}

/// Converts the example to a proof and checks its steps; returns the rules it uses.
fn check_example(theory: &Theory, lines: &[&str]) -> BTreeSet<String> {
    let free = lines[0].strip_prefix("free ").expect("the variables that are known");
    // A line without a rule that opens nothing is given.
    let given: Vec<&str> = lines[1..]
        .iter()
        .map(|line| parts(line).1)
        .filter(|text| !text.contains(" by ") && !text.starts_with("take") && !text.starts_with("and "))
        .collect();
    let mut draft = Draft::new(theory);
    let (scope, given) = draft.open(free, &given);
    let mut given = given.into_iter();
    let mut example = Example { draft, open: vec![scope], left: Vec::new(), steps: Vec::new() };
    let mut siblings: Vec<ScopeId> = Vec::new();
    let mut rules = BTreeSet::new();
    let mut lines = lines[1..].iter().peekable();
    while let Some(line) = lines.next() {
        let (depth, text) = parts(line);
        if let Some(opened) = text.strip_prefix("take") {
            example.leave(depth - 1);
            siblings.append(&mut example.left);
            let (variables, assumption) = opened.split_once(':').expect("an assumption");
            let mut assumptions = vec![assumption.trim()];
            while let Some(more) = lines.peek().and_then(|line| parts(line).1.strip_prefix("and ")) {
                assumptions.push(more);
                lines.next();
            }
            let (scope, steps) = example.draft.open(variables.trim(), &assumptions);
            example.open.push(scope);
            example.steps.extend(steps);
            continue;
        }
        example.leave(depth);
        let Some((conclusion, rule)) = text.split_once(" by ") else {
            example.steps.push(given.next().expect("counted before"));
            continue;
        };
        let (rule, premises) = example.rule(rule, &siblings);
        rules.insert(format!("{rule:?}").split(['(', ' ']).next().expect("a name").to_owned());
        let step = example.draft.step(rule, &premises, conclusion);
        example.steps.push(step);
    }
    example.leave(0);
    example.draft.leave();
    let proof = example.draft.finish();
    // The example is part of a proof: its only flaw is that it ends inside the scope of the given formulas.
    let last = StepId(proof.steps.len() as u32 - 1);
    let reason = "the last step stands inside a scope that was not closed";
    assert_eq!(check(theory, |_| None, &proof), Err(Flaw::Step { step: last, reason }), "\n{}", list(theory, &proof));
    rules
}

#[test]
fn every_example_holds_and_every_rule_has_one() {
    let theory = byhand::playground();
    let page = page();
    let examples = fences(&page, "proof");
    let rules: BTreeSet<String> = examples.iter().flat_map(|lines| check_example(&theory, lines)).collect();
    println!("{} examples, {rules:?}", examples.len());
    // All but Assumption, which every `take` uses, and Theorem.
    assert_eq!(rules.len(), 17);
}

#[test]
fn the_definitions_are_those_of_the_examples() {
    let theory = byhand::playground();
    let page = page();
    let [definitions] = &fences(&page, "definitions")[..] else { panic!("one list of definitions") };
    for line in definitions {
        let (name, rest) = line.split_once('[').expect("parameters");
        let (parameters, body) = rest.split_once(']').expect("a body");
        let parameters: Vec<&str> = parameters.split(',').collect();
        let definition = theory.predicate(theory.find(name).expect("defined")).definition.as_ref().expect("defined");
        let shown: Vec<&str> = definition.parameters.iter().map(|parameter| &**parameter).collect();
        assert_eq!(parameters, shown, "{name}");
        let body = read(&theory, body.trim(), &|name| parameters.iter().position(|known| *known == name));
        let sorts = &theory.predicate(theory.find(name).expect("defined")).sorts;
        let free: Vec<_> = (0..).map(Name).zip(sorts.iter().cloned()).collect();
        let body = infer(&theory, &body, &free);
        assert_eq!(body, definition.body, "{name}");
    }
}

#[test]
fn every_rule_is_described() {
    let page = page();
    let (_, described) = page.split_once("## The rules").expect("a part about the rules");
    for rule in [
        "Assumption",
        "Theorem",
        "Generalise",
        "Instantiate",
        "AndIntroduction",
        "AndLeft",
        "AndRight",
        "ExistsIntroduction",
        "ExistsElimination",
        "NotIntroduction",
        "ExFalso",
        "Reflexivity",
        "Congruence",
        "Unfold",
        "Fold",
        "Induction",
        "Reductio",
        "Cases",
        "Comprehension",
    ] {
        let is_heading = |line: &str| line.starts_with("### ") && line.contains(rule);
        assert!(described.lines().any(is_heading), "{rule} has no heading");
    }
}
