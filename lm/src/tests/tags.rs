//! Trees in tags that the model itself writes: their text is in the grammar, and malformed ones end.

use theoremata_kernels::Inline;

use super::*;
use crate::{
    Answer, Bound, Constraint, ConstraintError, Ending, Ground, Multiverse, Outcome, Paths, Reading, Running, Tags,
    TokenSet, Tokenizer, TurnConstraint, run_programs,
};

const FORM: Multiverse = Multiverse { width: 3, depth: 2, blocks: Some(2), characters: Some(5) };
const ALL: [Paths; 3] = [Paths::Stitch, Paths::Replay, Paths::Value];
/// The tags, for a vocabulary in which they are control tokens.
const TAGS: [&str; 12] = [
    "<Think>",
    "</Think>",
    "<Parallel>",
    "</Parallel>",
    "<Goal>",
    "</Goal>",
    "<Outline>",
    "</Outline>",
    "<Path>",
    "</Path>",
    "<Conclusion>",
    "</Conclusion>",
];

fn ground(seed: u64, bounds: Bounds) -> Ground {
    Ground { members: Vec::new(), prefix: text(seed as u32, 9), seed, bounds }
}

fn settings(rows: usize, pages: usize) -> Settings {
    Settings { rows, ..super::settings(pages) }
}

/// The answer of a tree, and what its root reads at the end.
fn grown(
    model: &Arc<Model>,
    settings: Settings,
    constraint: &TurnConstraint,
    seed: u64,
    paths: Paths,
) -> (Answer, Vec<Token>) {
    let mut engine = device::engine(model.clone(), settings);
    let turn = Turn { constraint: constraint.clone(), ..warm(4000) };
    let tags = Tags::new(ground(seed, Bounds::default()), model, FORM, turn, paths).expect("a program");
    let running = Running::start(&mut engine, tags).expect("planted");
    let root = running.root();
    let mut programs = vec![running];
    run_programs(&mut engine, &Inline, &mut programs, |engine, _| assert_eq!(engine.audit(), Ok(())))
        .expect("the back-end computes");
    let read = engine.tokens(root);
    (programs.remove(0).finish(&mut engine), read)
}

fn spelled(tokenizer: &Tokenizer, tokens: &[Token]) -> String {
    let bytes: Vec<u8> = tokens.iter().flat_map(|token| tokenizer.spelling(*token)).copied().collect();
    String::from_utf8(bytes).expect("a text")
}

/// Reads text with blocks, and counts paths; returns the text from the first tag that does not open a block.
fn read_body<'t>(mut text: &'t str, prefix: &str, depth: usize, paths: &mut usize) -> &'t str {
    loop {
        text = &text[text.find('<').unwrap_or(text.len())..];
        let Some(block) = text.strip_prefix("<Parallel>\n<Goal>\n") else { return text };
        assert!(depth > 0, "too deep");
        let (goal, mut rest) = block.split_once("</Goal>").expect("a goal");
        let outlines = goal.matches("<Outline>").count();
        assert!((1..=FORM.width).contains(&outlines));
        for place in 1..=outlines {
            assert!(goal.contains(&format!("<Outline>\n{prefix}{place}:")), "{goal}");
            rest = rest.strip_prefix(&format!("<Path>\n{prefix}{place}:")).expect("a path at once");
            rest = read_body(rest, &format!("{prefix}{place}."), depth - 1, paths);
            rest = rest.strip_prefix("</Path>").expect("the path's end");
            *paths += 1;
        }
        let (_, rest) =
            rest.strip_prefix("<Conclusion>\n").expect("one").split_once("</Conclusion>\n").expect("an end");
        text = rest.strip_prefix("</Parallel>\n").expect("the block's end");
    }
}

/// Whether a whole text is in the grammar, according to a constraint that reads it from the start.
fn parses(constraint: &TurnConstraint, tokens: &[Token]) -> bool {
    let TurnConstraint::By(start) = constraint else { panic!("no constraint") };
    let mut constraint = start.constraint();
    tokens.iter().all(|token| constraint.accept(*token).is_ok()) && constraint.ending() != Ok(Ending::Not)
}

#[test]
fn the_text_of_a_tree_is_one_of_the_grammar_and_has_a_path_for_each_outline() {
    // Tags in letters, tags in which `><` could be one token, and tags that are control tokens.
    let pairs = [("<", "/"), (">", "<"), ("><", "/"), ("Ċ", "<")];
    for (tags, pairs, seeds) in [(&[][..], &[][..], 8), (&[], &pairs[..], 20), (&TAGS, &[], 16)] {
        let seeds = u64::from(seeds.max(super::seeds(0)));
        let model = tiny_with(4096, tags, pairs);
        let tokenizer = model.tokenizer().expect("a vocabulary");
        let constraint = FORM.constraint(tokenizer).expect("a constraint");
        let (mut all, mut nested, mut cut) = (0, 0, 0);
        for seed in 0..seeds {
            for paths in ALL {
                let (answer, read) = grown(&model, settings(16, 1024), &constraint, seed, paths);
                if answer.outcome != Outcome::Concluded {
                    // A tree may be as large as its model likes.
                    let whole = |node: &crate::Grown| node.tokens.len() < 500;
                    assert!(!answer.nodes.iter().all(whole), "seed {seed}, {paths:?}: {:?}", answer.outcome);
                    cut += 1;
                    continue;
                }
                let text = spelled(tokenizer, &answer.text);
                assert!(parses(&constraint, &answer.text), "seed {seed}, {paths:?}: {text}");
                let mut count = 0;
                let rest = read_body(text.strip_prefix("<Think>\n").expect("a thought"), "", FORM.depth, &mut count);
                let end = rest.strip_prefix("</Think>").expect("the thought's end");
                assert_eq!(spelled(tokenizer, &answer.tokens), end, "the answer is what stands behind the thought");
                // Every path is a branch, and every branch is a path.
                assert_eq!(answer.nodes.len(), count + 1, "seed {seed}, {paths:?}: {text}");
                assert!(answer.joins.iter().chain(&answer.prunes).all(|(_, report)| report.exact));
                all += count;
                nested += answer.nodes.iter().filter(|node| node.path.len() == 2).count();
                let prefix = ground(seed, Bounds::default()).prefix;
                let whole = [prefix.as_slice(), &answer.text].concat();
                match paths {
                    // The list has the paths where the text has them.
                    Paths::Stitch | Paths::Replay => assert_eq!(read, whole),
                    Paths::Value => {
                        let text = spelled(tokenizer, &read[prefix.len()..]);
                        assert!(
                            !text.contains("<Path>")
                                && text.matches("<Parallel>").count()
                                    == answer.joins.iter().filter(|(path, _)| path.is_empty()).count()
                        );
                        let dropped: usize = answer.prunes.iter().map(|(_, report)| report.dropped).sum();
                        assert_eq!(answer.prunes.len(), answer.joins.len());
                        assert!(read.len() <= whole.len() && (dropped > 0) == (count > 0));
                    }
                }
            }
        }
        println!("{all} paths, {nested} of them in another one; {cut} trees were too long");
        assert!(all > 20 && nested > 10 && cut < seeds, "{cut} trees were too long");
    }
}

#[test]
fn a_tree_is_the_same_whatever_the_schedule() {
    let model = tiny_with(4096, &TAGS, &[]);
    let constraint = FORM.constraint(model.tokenizer().expect("a vocabulary")).expect("a constraint");
    let mut paths_seen = 0;
    for seed in [3, 5, 8] {
        for paths in ALL {
            let expected = grown(&model, settings(16, 1024), &constraint, seed, paths);
            paths_seen += expected.0.nodes.len();
            let least = expected.0.text.len() / 4 + 3 * expected.0.nodes.len() + 20;
            for (rows, pages) in [(1, 1024), (5, least + 20), (64, least)] {
                let found = grown(&model, settings(rows, pages), &constraint, seed, paths);
                assert_eq!((&found.0.text, &found.0.outcome), (&expected.0.text, &expected.0.outcome));
                assert_eq!((&found.0.nodes, &found.1), (&expected.0.nodes, &expected.1), "{rows} rows, {pages} pages");
            }
        }
    }
    assert!(paths_seen > 20, "{paths_seen}");
}

#[test]
fn a_thread_reads_on_as_if_there_had_been_no_paths() {
    let model = tiny_with(4096, &TAGS, &[]);
    let tokenizer = model.tokenizer().expect("a vocabulary");
    let constraint = FORM.constraint(tokenizer).expect("a constraint");
    let (mut compared, mut seed) = (0, 0);
    while compared < 3 {
        seed += 1;
        let mut engine = device::engine(model.clone(), settings(16, 1024));
        let turn = Turn { constraint: constraint.clone(), ..warm(4000) };
        let tags = Tags::new(ground(seed, Bounds::default()), &model, FORM, turn, Paths::Value).expect("a program");
        let mut programs = vec![Running::start(&mut engine, tags).expect("planted")];
        run_programs(&mut engine, &Inline, &mut programs, |_, _| {}).expect("the back-end computes");
        let root = programs[0].root();
        if programs.remove(0).finish(&mut device::engine(model.clone(), settings(16, 8))).prunes.is_empty() {
            continue;
        }
        let read = engine.tokens(root);
        engine.extend(root, &[3], Then::Generate(Turn::greedy(1))).expect("more");
        engine.grow();
        let behind = [read.as_slice(), &[3]].concat();
        let mut plain = device::engine(model.clone(), settings(16, 1024));
        let other = plain.submit(request(&behind, Then::Generate(Turn::greedy(1)))).expect("a tree");
        plain.grow();
        assert_eq!(last_logits(&engine, root), last_logits(&plain, other), "to the bit");
        compared += 1;
    }
}

/// Outputs exactly this text, whatever comes in between, and then ends.
#[derive(Clone)]
struct Script {
    tokens: Vec<Token>,
    at: usize,
}

impl Constraint for Script {
    fn allowed(&mut self) -> Result<TokenSet, ConstraintError> {
        Ok(TokenSet::default())
    }

    fn accept(&mut self, token: Token) -> Result<(), ConstraintError> {
        self.at += usize::from(self.tokens.get(self.at) == Some(&token));
        Ok(())
    }

    fn ending(&mut self) -> Result<Ending, ConstraintError> {
        Ok(if self.at < self.tokens.len() { Ending::Not } else { Ending::Must })
    }

    fn forced(&mut self) -> Result<Vec<Token>, ConstraintError> {
        Ok(self.tokens[self.at..].to_vec())
    }

    fn fork(&self) -> Box<dyn Constraint> {
        Box::new(self.clone())
    }
}

/// The outcome of a text that a model writes without a constraint.
fn outcome_of(text: &str, form: Multiverse, bounds: Bounds) -> Answer {
    let model = tiny_with(4096, &TAGS, &[]);
    let tokenizer = model.tokenizer().expect("a vocabulary");
    let mut engine = device::engine(model.clone(), settings(16, 256));
    let beside = engine.submit(request(&[1, 2, 3], Then::Generate(warm(20)))).expect("a tree");
    let script = Script { tokens: tokenizer.encode(text, Reading::Steering).expect("tokens"), at: 0 };
    let turn = Turn { constraint: script.into(), ..warm(1 << 20) };
    let tags = Tags::new(ground(1, bounds), &model, form, turn, Paths::Stitch).expect("a program");
    let mut programs = vec![Running::start(&mut engine, tags).expect("planted")];
    run_programs(&mut engine, &Inline, &mut programs, |_, _| {}).expect("the back-end computes");
    let answer = programs.remove(0).finish(&mut engine);
    assert_eq!(engine.generated(beside).len(), 20, "others go on");
    engine.forget(beside);
    assert_eq!((engine.audit(), engine.is_idle()), (Ok(()), true));
    answer
}

#[test]
fn what_is_no_tree_is_invalid_and_hangs_nobody() {
    let outline = |number: &str| format!("<Outline>\n{number}:a\n</Outline>\n");
    let goal = |outlines: &str| format!("<Think>\n<Parallel>\n<Goal>\n{outlines}</Goal>");
    let outcome = |text: &str| outcome_of(text, FORM, Bounds::default()).outcome;
    let many: String = (1..=100).map(|place| outline(&place.to_string())).collect();
    let bad = [
        goal(""),
        goal("no outline at all\n"),
        goal(&outline("2")),
        goal(&(outline("1") + &outline("3"))),
        goal(&outline("-1")),
        goal(&outline("340282366920938463463374607431768211456")),
        goal(&outline("one")),
        goal(&many),
        "<Think>\n<Parallel>\n<Goal>\n".to_owned(),
        "<Think>\n<Parallel>\n</Think>".to_owned(),
        "</Path>".to_owned(),
        "</Goal>".to_owned(),
    ];
    for text in &bad {
        assert_eq!(outcome(text), if text == "</Path>" { Outcome::Concluded } else { Outcome::Invalid }, "{text}");
    }
    assert_eq!(outcome("<Think>\na</Think>b"), Outcome::Concluded);
    assert_eq!(outcome(""), Outcome::Concluded);
    // A path without its end tag is malformed, and its block fails.
    let unclosed = outcome_of(&(goal(&outline("1")) + "and no end"), FORM, Bounds::default());
    assert_eq!(unclosed.outcome, Outcome::Failed);
    assert_eq!(unclosed.nodes[1].outcome, Some(Outcome::Invalid));
}

#[test]
fn nesting_without_end_ends() {
    let block = |number: &str| format!("<Parallel>\n<Goal>\n<Outline>\n{number}:a\n</Outline>\n</Goal>");
    let numbers = (1..100).map(|level| vec!["1"; level].join("."));
    let text: String = numbers.map(|number| block(&number)).collect();
    for (depth, bound) in [(2, 8), (64, 8), (64, 3)] {
        let form = Multiverse { width: 1, depth, blocks: None, characters: None };
        let answer = outcome_of(&text, form, Bounds { depth: bound, ..Bounds::default() });
        assert_eq!(answer.outcome, Outcome::Failed);
        assert_eq!(answer.nodes.len(), depth.min(bound) + 1);
        let deepest = answer.nodes.last().and_then(|node| node.outcome.clone());
        assert_eq!(deepest, Some(if depth == 2 { Outcome::Invalid } else { Outcome::Budget(Bound::Depth) }));
    }
}

#[test]
fn budgets_end_a_tree_that_does_not_end_itself() {
    let model = tiny_with(512, &TAGS, &[]);
    let tokenizer = model.tokenizer().expect("a vocabulary");
    let form = Multiverse { characters: None, ..FORM };
    let constraint = form.constraint(tokenizer).expect("a constraint");
    let outcome = |bounds: Bounds, max_tokens: usize, constraint: TurnConstraint| {
        let mut engine = device::engine(model.clone(), settings(16, 256));
        let turn = Turn { constraint, ..Turn::greedy(max_tokens) };
        let tags = Tags::new(ground(1, bounds), &model, form, turn, Paths::Value).expect("a program");
        let mut programs = vec![Running::start(&mut engine, tags).expect("planted")];
        run_programs(&mut engine, &Inline, &mut programs, |_, _| {}).expect("the back-end computes");
        let answer = programs.remove(0).finish(&mut engine);
        assert_eq!(engine.audit(), Ok(()));
        assert!(answer.nodes.len() > 1 || answer.text == answer.nodes[0].tokens, "what was written so far is told");
        answer.outcome
    };
    let free = Bounds::default();
    assert_eq!(outcome(free, 50, constraint.clone()), Outcome::Budget(Bound::Tokens));
    assert_eq!(outcome(free, 50, TurnConstraint::Free), Outcome::Budget(Bound::Tokens), "a model that writes no tag");
    assert_eq!(outcome(Bounds { tokens: 0, ..free }, 50, constraint.clone()), Outcome::Budget(Bound::Allowance));
    assert_eq!(outcome(Bounds { tokens: 20, ..free }, 50, constraint.clone()), Outcome::Budget(Bound::Allowance));
    assert_eq!(outcome(Bounds { path: 20, ..free }, 50, constraint.clone()), Outcome::Budget(Bound::Path));
    assert_eq!(outcome(Bounds { pages: 6, ..free }, 50, constraint.clone()), Outcome::Budget(Bound::Pages));
    let flat = Multiverse { depth: 0, ..form }.constraint(tokenizer).expect("a constraint");
    assert_eq!(outcome(free, usize::MAX, flat), Outcome::Budget(Bound::Context));
}
