//! The invariants of fork, join and prune. The engine is compared with itself to the bit, and with the double-precision
//! reference to 1e-4.

use super::dense::{logits, placed};
use super::*;
use crate::{Choice, Conclusion, Prune};

/// Forks `prefix` into given paths, joins them, appends `close`, and returns the logits after it.
fn joined(
    engine: &mut Engine,
    prefix: &[Token],
    paths: &[Vec<Token>],
    join: Join,
    close: &[Token],
) -> (NodeId, JoinReport) {
    let root = engine.submit(request(prefix, Then::Hold)).expect("a tree");
    let branches = paths.iter().map(|path| said(path)).collect();
    engine.spawn(root, spawn(branches, join, close, Then::Generate(Turn::greedy(1)))).expect("branches");
    let events = engine.grow();
    (root, last_report(&events, root))
}

#[test]
fn a_path_reads_as_if_it_stood_alone_behind_the_prefix() {
    let prefix = text(1, 9);
    let paths: Vec<Vec<Token>> = vec![text(2, 5), text(3, 1), text(4, 11)];
    let mut engine = engine(64);
    let root = engine.submit(request(&prefix, Then::Hold)).expect("a tree");
    let branches = paths.iter().map(|path| drawn(path, Turn::greedy(1))).collect();
    engine.spawn(root, spawn(branches, Join::Stitch, &[], Then::Hold)).expect("branches");
    let events = engine.grow();
    let opened = events.iter().filter_map(|event| match event {
        Event::Opened { node, parent: Some(_) } => Some(*node),
        _ => None,
    });
    let children: Vec<NodeId> = opened.collect();
    assert_eq!(children.len(), 3);
    for (child, path) in children.into_iter().zip(&paths) {
        let alone = plain_logits(&[prefix.as_slice(), path].concat());
        assert!(last_logits(&engine, child) == alone, "path {path:?}");
    }
}

#[test]
fn what_joins_paths_reads_as_the_definition_says() {
    let model = tiny();
    let (prefix, close) = (text(1, 9), text(9, 3));
    let paths = [text(2, 7), text(3, 12), text(4, 5)];
    let mut engine = engine(64);
    let (root, report) = joined(&mut engine, &prefix, &paths, Join::Stitch, &close);
    let mut flat = placed(&prefix, 0, &[]);
    for (path, tokens) in paths.iter().enumerate() {
        flat.extend(placed(tokens, 9, &[(1, path as u32)]));
    }
    flat.extend(placed(&close, 9 + 12, &[]));
    let expected = logits(&model, &flat);
    assert!(worst_difference(last_logits(&engine, root), &expected) < 1e-4);
    assert!(report.exact);
    // The last token of a path is first read by the join, so it is computed there; all others are reused.
    assert_eq!((report.reused, report.new, report.reencoded, report.dropped), (0, 24 + 3, 0, 0));
    assert_eq!(report.range, 9..33);
}

#[test]
fn what_paths_computed_is_kept_by_the_join() {
    let mut engine = engine(64);
    let root = engine.submit(request(&text(1, 9), Then::Hold)).expect("a tree");
    let branches = (0..3).map(|path| drawn(&text(path, 4), warm(6))).collect();
    engine.spawn(root, spawn(branches, Join::Stitch, &[5], Then::Hold)).expect("branches");
    let mut events = engine.grow();
    // The turns end by their bound, so nothing is joined: a path that was cut off has not concluded.
    assert_eq!(last_report(&events, root).left_out, [0, 1, 2]);
    let all: Vec<Token> = (0..96).collect();
    let branches = (0..3).map(|path| drawn(&text(path, 4), ends_by_itself(&all, 1))).collect();
    engine.spawn(root, spawn(branches, Join::Stitch, &[5], Then::Hold)).expect("branches");
    events.extend(engine.grow());
    let report = last_report(&events, root);
    assert_eq!((report.reused, report.new, report.reencoded), (12, 3 + 1, 0));
}

/// A turn that any token ends, and that keeps that token.
fn ends_by_itself(all: &[Token], max_tokens: usize) -> Turn {
    Turn { stops: all.to_vec(), keep_stop: true, ..warm(max_tokens) }
}

#[test]
fn a_block_inside_a_path_reads_as_the_definition_says() {
    let model = tiny();
    let (prefix, inner_prefix, inner_close, close) = (text(1, 6), text(2, 3), text(5, 2), text(6, 2));
    let inner = [text(3, 8), text(4, 2)];
    let other = text(7, 4);
    let mut engine = engine(64);
    let root = engine.submit(request(&prefix, Then::Hold)).expect("a tree");
    let holds = Branch { tokens: inner_prefix.clone(), then: Then::Hold, allowance: 10 };
    let then = Then::Generate(Turn::greedy(1));
    engine.spawn(root, spawn(vec![holds, said(&other)], Join::Stitch, &close, then)).expect("branches");
    engine.grow();
    let child = engine.branches(root)[0];
    let branches = inner.iter().map(|path| said(path)).collect();
    engine.spawn(child, spawn(branches, Join::Stitch, &inner_close, Then::Conclude)).expect("branches");
    engine.grow();
    let mut flat = placed(&prefix, 0, &[]);
    flat.extend(placed(&inner_prefix, 6, &[(1, 0)]));
    flat.extend(placed(&inner[0], 9, &[(1, 0), (2, 0)]));
    flat.extend(placed(&inner[1], 9, &[(1, 0), (2, 1)]));
    flat.extend(placed(&inner_close, 17, &[(1, 0)]));
    flat.extend(placed(&other, 6, &[(1, 1)]));
    flat.extend(placed(&close, 19, &[]));
    assert!(worst_difference(last_logits(&engine, root), &logits(&model, &flat)) < 1e-4);
}

#[test]
fn one_path_is_plain_text() {
    let (prefix, path, close) = (text(1, 9), text(2, 6), text(3, 2));
    for join in [Join::Stitch, Join::Replay, Join::Select(Choice::First)] {
        let mut engine = engine(64);
        let (root, report) = joined(&mut engine, &prefix, std::slice::from_ref(&path), join, &close);
        let plain = plain_logits(&[prefix.as_slice(), &path, &close].concat());
        assert!(last_logits(&engine, root) == plain);
        assert!(report.exact && report.reencoded == 0);
    }
}

#[test]
fn pruned_text_reads_as_if_it_had_never_been_there() {
    let whole = text(1, 30);
    // Tokens before the range in a page that the cache also holds are recomputed: at most three of four.
    for (range, how_many_again) in [(5..11, 19 + 1), (0..1, 29), (12..30, 0), (3..4, 26 + 3), (8..9, 21)] {
        let mut engine = engine(64);
        let root = engine.submit(request(&whole, Then::Hold)).expect("a tree");
        engine.grow();
        let (removed, report) = engine.prune(root, range.clone(), Prune::Recompute).expect("pruned");
        assert_eq!(removed, whole[range.clone()]);
        assert_eq!((report.exact, report.reencoded, report.dropped), (true, how_many_again, range.len()));
        engine.extend(root, &[8], Then::Generate(Turn::greedy(1))).expect("it goes on");
        engine.grow();
        let kept = [&whole[..range.start], &whole[range.end..], &[8]].concat();
        assert!(last_logits(&engine, root) == plain_logits(&kept), "{range:?}");
    }
}

#[test]
fn a_sibling_is_dropped_for_free_before_anyone_has_read_it() {
    let model = tiny();
    let prefix = text(1, 9);
    let paths = [text(2, 7), text(3, 12), text(4, 5)];
    let mut engine = engine(64);
    let root = engine.submit(request(&prefix, Then::Hold)).expect("a tree");
    let branches = paths.iter().map(|path| said(path)).collect();
    engine.spawn(root, spawn(branches, Join::Stitch, &[], Then::Hold)).expect("branches");
    engine.grow();
    // The second path, which is the longest.
    let (_, report) = engine.prune(root, 16..28, Prune::Recompute).expect("pruned");
    assert_eq!((report.exact, report.reencoded, report.reused), (true, 0, 21));
    engine.extend(root, &[8], Then::Generate(Turn::greedy(1))).expect("it goes on");
    engine.grow();
    let mut flat = placed(&prefix, 0, &[]);
    flat.extend(placed(&paths[0], 9, &[(1, 0)]));
    flat.extend(placed(&paths[2], 9, &[(1, 2)]));
    flat.extend(placed(&[8], 16, &[]));
    assert!(worst_difference(last_logits(&engine, root), &logits(&model, &flat)) < 1e-4);
}

#[test]
fn a_path_that_was_read_is_dropped_and_only_its_readers_are_computed_again() {
    let model = tiny();
    let (prefix, close) = (text(1, 9), text(9, 3));
    let paths = [text(2, 7), text(3, 12), text(4, 5)];
    let mut engine = engine(64);
    let root = engine.submit(request(&prefix, Then::Hold)).expect("a tree");
    let branches = paths.iter().map(|path| said(path)).collect();
    engine.spawn(root, spawn(branches, Join::Stitch, &close, Then::Hold)).expect("branches");
    engine.grow();
    let (_, report) = engine.prune(root, 16..28, Prune::Recompute).expect("pruned");
    assert_eq!((report.exact, report.reencoded, report.reused), (true, close.len(), 21));
    engine.extend(root, &[], Then::Generate(Turn::greedy(1))).expect("it goes on");
    engine.grow();
    let mut flat = placed(&prefix, 0, &[]);
    flat.extend(placed(&paths[0], 9, &[(1, 0)]));
    flat.extend(placed(&paths[2], 9, &[(1, 2)]));
    flat.extend(placed(&close, 16, &[]));
    assert!(worst_difference(last_logits(&engine, root), &logits(&model, &flat)) < 1e-4);
}

#[test]
fn a_splice_is_another_thing_than_the_text_that_is_left() {
    let whole = text(1, 30);
    let mut engine = engine(64);
    let root = engine.submit(request(&whole, Then::Hold)).expect("a tree");
    engine.grow();
    let (_, report) = engine.prune(root, 5..11, Prune::Splice).expect("pruned");
    assert_eq!((report.exact, report.reencoded, report.new), (false, 0, 0));
    engine.extend(root, &[8], Then::Generate(Turn::greedy(1))).expect("it goes on");
    engine.grow();
    let kept = [&whole[..5], &whole[11..], &[8]].concat();
    assert!(worst_difference(last_logits(&engine, root), &plain_logits(&kept)) > 0.1);
    // Nothing follows the end: there a splice is exact.
    let tail = engine.submit(request(&whole, Then::Hold)).expect("a tree");
    engine.grow();
    let (_, report) = engine.prune(tail, 20..30, Prune::Splice).expect("pruned");
    assert!(report.exact);
}

#[test]
fn many_small_splices_are_one_large_one() {
    let whole = text(1, 30);
    let read = |cuts: &[std::ops::Range<usize>]| {
        let mut engine = engine(64);
        let root = engine.submit(request(&whole, Then::Hold)).expect("a tree");
        engine.grow();
        for cut in cuts {
            engine.prune(root, cut.clone(), Prune::Splice).expect("pruned");
            engine.grow();
        }
        engine.extend(root, &[8], Then::Generate(Turn::greedy(1))).expect("it goes on");
        engine.grow();
        last_logits(&engine, root).to_vec()
    };
    let (large, small) = (std::slice::from_ref(&(5..11)).to_vec(), vec![5..6; 6]);
    assert!(read(&large) == read(&small), "keys are never turned twice");
}

#[test]
fn what_was_pruned_can_be_put_back() {
    let whole = text(1, 30);
    let mut engine = engine(64);
    let root = engine.submit(request(&whole, Then::Hold)).expect("a tree");
    engine.grow();
    let (removed, _) = engine.prune(root, 5..11, Prune::Recompute).expect("pruned");
    engine.grow();
    assert!(engine.recall(root, 5, &removed).expect("recalled").exact);
    engine.extend(root, &[8], Then::Generate(Turn::greedy(1))).expect("it goes on");
    engine.grow();
    assert_eq!(engine.tokens(root)[..30], whole);
    assert!(last_logits(&engine, root) == plain_logits(&[whole.as_slice(), &[8]].concat()));
    // At the end it is ordinary additional text.
    engine.recall(root, 31, &removed).expect("recalled");
    engine.extend(root, &[], Then::Generate(Turn::greedy(1))).expect("it goes on");
    engine.grow();
    let mut longer = engine.tokens(root);
    longer.pop();
    assert!(last_logits(&engine, root) == plain_logits(&longer));
}

#[test]
fn a_plain_prompt_never_gets_what_was_computed_behind_a_join() {
    let (prefix, close) = (text(1, 8), text(9, 8));
    let paths = [text(2, 8), text(3, 8)];
    let mut engine = engine(64);
    joined(&mut engine, &prefix, &paths, Join::Stitch, &close);
    let flat = [prefix.as_slice(), &paths[0], &paths[1], &close, &[1]].concat();
    let cached = engine.usage().cached;
    let root = engine.submit(request(&flat, Then::Generate(Turn::greedy(1)))).expect("a tree");
    engine.grow();
    // The prefix and the first path are plain text, and are in the cache; the second path is not.
    assert_eq!(engine.usage().cached - cached, 16);
    assert!(last_logits(&engine, root) == plain_logits(&flat));
}

#[test]
fn siblings_do_not_hear_each_other() {
    let second = |first: &[Token]| {
        let mut engine = engine(64);
        let root = engine.submit(request(&text(1, 9), Then::Hold)).expect("a tree");
        let branches = vec![drawn(first, warm(3)), drawn(&text(3, 5), warm(4))];
        engine.spawn(root, spawn(branches, Join::Stitch, &[], Then::Hold)).expect("branches");
        let events = engine.grow();
        let child = events.iter().rev().find_map(|event| match event {
            Event::Opened { node, parent: Some(_) } => Some(*node),
            _ => None,
        });
        last_logits(&engine, child.expect("a child")).to_vec()
    };
    assert!(second(&text(2, 7)) == second(&text(20, 15)));
}

#[test]
fn a_conclusion_that_is_spliced_is_said_to_be_approximate() {
    let prefix = text(1, 9);
    let marked = [text(2, 7), vec![90, 91], text(3, 4)].concat();
    let behind = Conclusion::Behind(vec![90, 91]);
    let (mut exact, mut spliced) = (engine(64), engine(64));
    let paths = vec![marked.clone(), [text(4, 3), vec![90, 91], text(5, 5)].concat()];
    let (first, report) = joined(&mut exact, &prefix, &paths, Join::Value(behind.clone()), &[8]);
    assert_eq!((report.exact, report.dropped), (true, 9 + 5));
    let kept = [prefix.as_slice(), &text(3, 4), &text(5, 5), &[8]].concat();
    assert!(last_logits(&exact, first) == plain_logits(&kept));
    // Branches that draw have computed their first tokens, which a splice keeps.
    let root = spliced.submit(request(&prefix, Then::Hold)).expect("a tree");
    let all: Vec<Token> = (0..96).collect();
    let branches = paths.iter().map(|path| drawn(path, ends_by_itself(&all, 1))).collect();
    let then = Then::Generate(Turn::greedy(1));
    spliced.spawn(root, spawn(branches, Join::Splice(behind), &[8], then)).expect("branches");
    let events = spliced.grow();
    let report = last_report(&events, root);
    assert_eq!((report.exact, report.reused, report.new, report.reencoded), (false, 9, 3, 0));
    let mut shown = spliced.tokens(root);
    shown.pop();
    assert!(worst_difference(last_logits(&spliced, root), &plain_logits(&shown)) > 0.01);
}

#[test]
fn paths_may_lie_in_any_order() {
    let (prefix, close) = (text(1, 9), text(9, 3));
    let paths = [text(2, 7), text(3, 12), text(4, 5)];
    let read = |order: [usize; 3]| {
        let mut engine = engine(64);
        let paths: Vec<Vec<Token>> = order.iter().map(|path| paths[*path].clone()).collect();
        let (root, report) = joined(&mut engine, &prefix, &paths, Join::Stitch, &close);
        assert_eq!((report.exact, report.range), (true, 9..33));
        (last_logits(&engine, root).to_vec(), engine.generated(root).to_vec())
    };
    let (first, said) = read([0, 1, 2]);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (logits, token) = read(order);
        // Only the order of the sums over visible tokens differs.
        let worst = worst_difference(&logits, &first);
        assert!(worst < 2e-5 && token == said, "{order:?}: {worst}");
    }
    // As one text, their order matters.
    let as_text = |paths: &[Vec<Token>]| {
        let mut engine = engine(64);
        let (root, _) = joined(&mut engine, &prefix, paths, Join::Replay, &close);
        last_logits(&engine, root).to_vec()
    };
    let [one, two, three] = paths.clone();
    assert!(worst_difference(&as_text(&paths), &as_text(&[two, three, one])) > 0.01);
}

#[test]
fn paths_that_never_saw_each_other_cannot_be_moved_apart() {
    let model = tiny();
    let (prefix, close) = (text(1, 9), [8]);
    let spliced = |paths: &[Vec<Token>]| {
        let mut engine = engine(64);
        let root = engine.submit(request(&prefix, Then::Hold)).expect("a tree");
        let written = |path: &Vec<Token>| drawn(&[], Turn { given: path.clone(), ..Turn::greedy(path.len()) });
        let branches = paths.iter().map(written).collect();
        let then = Then::Generate(Turn::greedy(1));
        engine.spawn(root, spawn(branches, Join::Splice(Conclusion::Generated), &close, then)).expect("branches");
        let events = engine.grow();
        (last_logits(&engine, root).to_vec(), last_report(&events, root))
    };
    let (one, two) = (text(2, 7), text(3, 6));
    // The second path saw nothing of the first (a), but was computed right after the prefix and is read seven positions
    // further away (b): its keys and values differ from those computed in place, even with the first path masked.
    let (logits, report) = spliced(&[one.clone(), two.clone()]);
    let mut flat = placed(&prefix, 0, &[]);
    flat.extend(placed(&one, 9, &[(1, 0)]));
    flat.extend(placed(&two, 9 + 7, &[(1, 1)]));
    flat.extend(placed(&close, 9 + 7 + 6, &[]));
    let scratch = self::logits(&model, &flat);
    assert!(!report.exact && worst_difference(&logits, &scratch) > 0.01);
    // Only the position was wrong: alone, it stays where it was computed, and both conditions hold.
    let (alone, _) = spliced(std::slice::from_ref(&two));
    assert!(worst_difference(&alone, &plain_logits(&[prefix.as_slice(), &two, &close].concat())) < 1e-4);
}
