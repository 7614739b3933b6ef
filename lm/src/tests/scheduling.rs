//! The output depends on the request alone: not on the batch, the time of admission, the pages or the executor.

use std::collections::BTreeMap;

use theoremata_kernels::Crew;

use super::*;
use crate::{Bound, Conclusion, Outcome};

/// The answers to questions, each alone.
fn alone(questions: &[Request]) -> Vec<(Vec<Token>, Vec<f32>)> {
    questions.iter().map(|question| answers(&mut engine(64), std::slice::from_ref(question), 0).remove(0)).collect()
}

/// The answers to questions, each admitted `apart` steps after the previous one: tokens and last logits.
fn answers(engine: &mut Engine, questions: &[Request], apart: usize) -> Vec<(Vec<Token>, Vec<f32>)> {
    let mut roots = Vec::new();
    for question in questions {
        roots.push(engine.submit(question.clone()).expect("a tree"));
        for _ in 0..apart {
            engine.grow_once();
            assert_eq!(engine.audit(), Ok(()));
        }
    }
    while !engine.is_idle() {
        engine.grow_once();
        assert_eq!(engine.audit(), Ok(()));
    }
    roots.iter().map(|root| (engine.generated(*root).to_vec(), last_logits(engine, *root).to_vec())).collect()
}

fn questions() -> Vec<Request> {
    let question = |seed: u32| Request {
        seed: u64::from(seed),
        ..request(&text(seed, 5 + 4 * seed as usize), Then::Generate(warm(12 + seed as usize)))
    };
    (0..6).map(question).collect()
}

#[test]
fn an_answer_does_not_depend_on_the_batch() {
    let expected = alone(&questions());
    for (rows, apart) in [(1, 0), (7, 0), (64, 0), (16, 1), (16, 5)] {
        let mut engine = device::engine(tiny(), Settings { rows, ..settings(64) });
        assert!(answers(&mut engine, &questions(), apart) == expected, "{rows} rows, {apart} steps apart");
    }
    let plain = Settings { kernels: Kernels::plain(), ..settings(64) };
    assert!(answers(&mut device::engine(tiny(), plain), &questions(), 0) == expected, "computed as defined");
    for page_tokens in [1, 2, 7, 32] {
        let mut engine = device::engine(tiny(), Settings { page_tokens, ..settings(256) });
        assert!(answers(&mut engine, &questions(), 0) == expected, "pages of {page_tokens}");
    }
    let mut turned = questions();
    turned.reverse();
    let mut found = answers(&mut engine(64), &turned, 0);
    found.reverse();
    assert!(found == expected, "admitted in the other order");
}

#[test]
fn an_answer_does_not_depend_on_having_been_preempted() {
    let expected = alone(&questions());
    let mut preempted = 0;
    for pages in [11, 13, 17, 25] {
        let mut engine = engine(pages);
        assert!(answers(&mut engine, &questions(), 0) == expected, "{pages} pages");
        assert!(engine.usage().pages_peak <= pages);
        preempted += engine.usage().preempted;
    }
    assert!(preempted > 10, "the pool was too small for all: {preempted}");
}

#[test]
fn an_answer_does_not_depend_on_the_number_of_threads() {
    let question = questions().remove(3);
    let mut two = engine(64);
    let root = two.submit(question.clone()).expect("a tree");
    two.run(&Crew::new(3)).expect("the back-end computes");
    assert_eq!(two.generated(root), alone(&[question])[0].0);
}

/// A tree of two levels with joins of several kinds; returns the tokens of its root at the end.
fn grown(engine: &mut Engine) -> (Vec<Token>, Vec<f32>) {
    let ends = |limit: Token| Turn { stops: (0..limit).collect(), keep_stop: true, ..warm(20) };
    let root = engine.submit(request(&text(1, 9), Then::Hold)).expect("a tree");
    let holds = |seed| Branch { tokens: text(seed, 6), then: Then::Hold, allowance: 200 };
    let branches = vec![holds(2), drawn(&text(3, 7), ends(30)), holds(4)];
    engine.spawn(root, spawn(branches, Join::Stitch, &[9, 8], Then::Generate(warm(10)))).expect("branches");
    let mut opened: BTreeMap<NodeId, bool> = BTreeMap::new();
    while !engine.is_idle() {
        for event in engine.grow_once() {
            let Event::Held { node } = event else { continue };
            if node == root || opened.insert(node, true).is_some() {
                continue;
            }
            let join = match engine.tokens(node).last() {
                Some(token) if *token == text(2, 6)[5] => Join::Value(Conclusion::Generated),
                _ => Join::Stitch,
            };
            let branches = (0..3).map(|path| drawn(&text(path + 5, 4), ends(30))).collect();
            engine.spawn(node, spawn(branches, join, &[7], Then::Conclude)).expect("branches");
        }
        assert_eq!(engine.audit(), Ok(()));
    }
    (engine.tokens(root), last_logits(engine, root).to_vec())
}

#[test]
fn a_tree_grows_the_same_whatever_the_schedule() {
    let expected = grown(&mut engine(128));
    assert!(expected.0.len() > 40);
    for rows in [1, 3, 64] {
        let mut narrow = device::engine(tiny(), Settings { rows, ..settings(128) });
        assert!(grown(&mut narrow) == expected, "{rows} rows");
    }
    let mut preempted = 0;
    for pages in [26, 30, 34, 64] {
        let mut busy = engine(pages);
        for question in questions() {
            busy.submit(question).expect("a tree");
        }
        assert!(grown(&mut busy) == expected, "behind others, with {pages} pages");
        preempted += busy.usage().preempted;
    }
    assert!(preempted > 0);
}

#[test]
fn a_node_that_can_never_fit_says_so_and_the_others_go_on() {
    let mut engine = engine(4);
    let long = engine.submit(request(&text(1, 12), Then::Generate(warm(50)))).expect("a tree");
    let short = engine.submit(request(&text(2, 4), Then::Generate(warm(3)))).expect("a tree");
    engine.grow();
    assert_eq!(engine.outcome(long), Some(&Outcome::Budget(Bound::Context)));
    assert_eq!(engine.generated(long).len(), 4);
    assert_eq!(engine.outcome(short), Some(&Outcome::Budget(Bound::Tokens)));
    // Two paths of six tokens after four do not fit into four pages together with the text after their join.
    let root = engine.submit(request(&text(1, 4), Then::Hold)).expect("a tree");
    let branches = vec![said(&text(2, 6)), said(&text(3, 6))];
    engine.spawn(root, spawn(branches, Join::Stitch, &[1], Then::Generate(warm(2)))).expect("branches");
    engine.grow();
    assert_eq!(engine.outcome(root), Some(&Outcome::Budget(Bound::Pages)));
    let after = engine.submit(request(&text(2, 4), Then::Generate(warm(3)))).expect("a tree");
    engine.grow();
    assert_eq!(engine.generated(after), engine.generated(short));
    assert_eq!(engine.audit(), Ok(()));
}

#[test]
fn a_spliced_end_is_read_whatever_was_let_go_of_before_it() {
    let run = |evict: bool| {
        let mut engine = engine(64);
        let root = engine.submit(request(&text(1, 30), Then::Hold)).expect("a tree");
        engine.grow();
        engine.prune(root, 9..13, crate::Prune::Splice).expect("pruned");
        engine.grow();
        if evict && let Some(node) = engine.nodes.get_mut(&root) {
            node.sequence.evict(crate::kv::sequence::Hold::Own, &mut engine.pool);
            assert!(node.sequence.missing() > 0 && node.sequence.segments.last().is_some_and(|last| last.is_whole()));
        }
        engine.extend(root, &[], Then::Generate(Turn::greedy(2))).expect("it holds");
        engine.grow();
        (engine.tokens(root), last_logits(&engine, root).to_vec())
    };
    assert!(run(true) == run(false));
}

#[test]
fn a_prompt_that_was_computed_before_is_found() {
    let mut engine = engine(64);
    let question = request(&text(1, 30), Then::Generate(warm(4)));
    let first = engine.submit(question.clone()).expect("a tree");
    engine.grow();
    let rows = engine.usage().rows;
    let second = engine.submit(question).expect("a tree");
    engine.grow();
    assert_eq!(engine.generated(first), engine.generated(second));
    // 28 tokens in seven full pages were cached; two of the prompt and three of the answer were computed.
    assert_eq!((engine.usage().cached, engine.usage().rows - rows), (28, 5));
}

#[test]
fn a_prompt_that_is_found_whole_needs_no_row_to_be_forked() {
    let mut engine = engine(64);
    for _ in 0..2 {
        let root = engine.submit(request(&text(1, 8), Then::Hold)).expect("a tree");
        engine.spawn(root, spawn(vec![said(&[1])], Join::Stitch, &[], Then::Conclude)).expect("branches");
        engine.grow();
        assert_eq!(engine.outcome(root), Some(&Outcome::Concluded));
    }
    assert_eq!((engine.usage().cached, engine.usage().rows), (8, 8));
}

#[test]
fn a_tree_of_any_length_runs_in_few_pages() {
    let mut engine = engine(20);
    let root = engine.submit(request(&text(1, 9), Then::Hold)).expect("a tree");
    let mut expected = text(1, 9);
    for round in 0..150 {
        let turn = Turn { stops: (0..6).collect(), keep_stop: true, ..warm(30) };
        let join = Join::Value(Conclusion::Generated);
        let branches = vec![drawn(&[round % 96, 5], turn.clone()), drawn(&[round % 96, 6], turn)];
        engine.spawn(root, spawn(branches, join, &[7], Then::Hold)).expect("branches");
        engine.grow();
        let tokens = engine.tokens(root);
        assert_eq!(tokens[..expected.len()], expected);
        expected = tokens;
        if expected.len() > 30 {
            // Pages of text that concluded long ago are evicted.
            let end = expected.len() - 8;
            engine.prune(root, 9..end, crate::Prune::Recompute).expect("pruned");
            expected.drain(9..end);
        }
        assert_eq!(engine.audit(), Ok(()));
    }
    assert!(engine.usage().generated > 20 * 4 * 20, "many times the pool: {}", engine.usage().generated);
    assert!(engine.usage().pages_peak <= 20);
}
