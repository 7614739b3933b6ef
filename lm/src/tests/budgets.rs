//! Bounds of a tree: each ends the right nodes, with the right outcome, and affects no other tree.

use super::*;
use crate::{Bound, Choice, Conclusion, EngineError, Outcome};

/// Two paths of unequal length after a first turn, and a last turn after both.
fn two_paths(engine: &mut Engine, join: Join, bounds: Bounds) -> NodeId {
    let asked = Request { bounds, ..request(&text(1, 9), Then::Generate(warm(3))) };
    let root = engine.submit(asked).expect("a tree");
    engine.grow();
    let branches = vec![drawn(&[1], ends_at(4)), drawn(&[2, 3], ends_at(6))];
    engine.spawn(root, spawn(branches, join, &[5, 6], Then::Generate(warm(40)))).expect("branches");
    engine.grow();
    assert_eq!(engine.audit(), Ok(()));
    root
}

/// A turn that concludes after this many tokens.
fn ends_at(tokens: usize) -> Turn {
    Turn { given: text(9, tokens), ..Turn::greedy(tokens) }
}

#[test]
fn the_longest_path_is_what_counts_and_not_the_sum() {
    for (join, paths) in [
        (Join::Stitch, 6),
        (Join::Replay, 6),
        (Join::Value(Conclusion::Generated), 6),
        (Join::Select(Choice::First), 4),
    ] {
        for path in [12, 17, 30] {
            let bounds = Bounds { path, ..Bounds::default() };
            let mut engine = engine(64);
            let root = two_paths(&mut engine, join.clone(), bounds);
            assert_eq!(engine.outcome(root), Some(&Outcome::Budget(Bound::Path)), "{join:?}");
            assert_eq!(engine.generated(root).len(), path - paths, "{join:?}");
            let again = engine.extend(root, &[1], Then::Generate(warm(4)));
            assert_eq!(again, Ok(()));
            engine.grow();
            assert_eq!(engine.generated(root).len(), path - paths, "nothing is left to generate");
        }
        let mut engine = engine(64);
        let root = two_paths(&mut engine, join, Bounds { path: 100, ..Bounds::default() });
        assert_eq!(engine.outcome(root), Some(&Outcome::Budget(Bound::Tokens)), "the turn's own bound comes first");
    }
    // A branch has no more than its parent.
    let mut engine = engine(64);
    let root = two_paths(&mut engine, Join::Stitch, Bounds { path: 8, ..Bounds::default() });
    assert_eq!(engine.generated(root).len(), 3, "the longer path was cut off, and was waited for all the same");
}

/// Eight branches that draw, and an answer after the best one.
fn wide(engine: &mut Engine, pages: usize, seed: u64) -> NodeId {
    let bounds = Bounds { pages, ..Bounds::default() };
    let asked = Request { bounds, seed, ..request(&text(seed as u32, 17), Then::Hold) };
    let root = engine.submit(asked).expect("a tree");
    let turn = Turn { stops: (0..8).collect(), ..warm(30) };
    let branches = (0..8).map(|place| drawn(&[place, 9], turn.clone())).collect();
    engine
        .spawn(root, spawn(branches, Join::Select(Choice::Best), &[5, 6], Then::Generate(warm(10))))
        .expect("branches");
    root
}

type Said = (Vec<Token>, Option<Outcome>);

/// The outputs of trees that run together, each with its page bound, which is checked after every step.
fn together(bounds: &[(usize, u64)], pages: usize) -> (Vec<Said>, u64) {
    let mut engine = engine(pages);
    let roots: Vec<NodeId> = bounds.iter().map(|(pages, seed)| wide(&mut engine, *pages, *seed)).collect();
    while !engine.is_idle() {
        engine.grow_once();
        assert_eq!(engine.audit(), Ok(()));
        for (root, (pages, _)) in roots.iter().zip(bounds) {
            assert!(engine.pages_held(*root) <= *pages);
        }
    }
    let said = |root: &NodeId| (engine.tokens(*root), engine.outcome(*root).cloned());
    (roots.iter().map(said).collect(), engine.usage().preempted)
}

#[test]
fn a_tree_stays_within_its_pages_and_says_the_same() {
    let free: Vec<Said> = (0..4).map(|seed| together(&[(usize::MAX, seed)], 256).0.remove(0)).collect();
    let mut preempted = 0;
    for pages in [18, 22, 30] {
        for seed in 0..4 {
            let (said, times) = together(&[(pages, seed)], 256);
            preempted += times;
            assert_eq!(said[0], free[seed as usize], "{pages} pages, seed {seed}");
        }
    }
    assert!(preempted > 20, "the bound was felt: {preempted}");
    let bounds = [(18, 0), (usize::MAX, 1), (30, 2), (22, 3)];
    for pages in [30, 60, 256] {
        assert_eq!(together(&bounds, pages).0, free, "beside each other, in {pages} pages");
    }
}

#[test]
fn a_tree_that_cannot_stay_within_its_pages_ends_wherever_it_runs() {
    for pages in [1, 4, 6, 9, 15] {
        let alone: Vec<Said> = (0..4).map(|seed| together(&[(pages, seed)], 256).0.remove(0)).collect();
        let cut = |said: &&Said| said.1 == Some(Outcome::Budget(Bound::Pages));
        assert!(pages > 4 || alone.iter().all(|said| cut(&said)), "the prompt alone has five pages");
        assert!(pages < 15 || !alone.iter().all(|said| cut(&said)));
        let bounds: Vec<(usize, u64)> = (0..4).map(|seed| (pages, seed)).collect();
        for pool in [30, 256] {
            assert_eq!(together(&bounds, pool).0, alone, "{pages} pages, beside each other in {pool}");
        }
    }
}

#[test]
fn calls_of_tools_are_counted_for_the_whole_tree() {
    let mut engine = engine(64);
    let bounds = Bounds { calls: 3, ..Bounds::default() };
    let root = engine.submit(Request { bounds, ..request(&[1, 2], Then::Hold) }).expect("a tree");
    let branches = vec![Branch { tokens: vec![3], then: Then::Hold, allowance: 0 }; 2];
    engine.spawn(root, spawn(branches, Join::Replay, &[], Then::Hold)).expect("branches");
    engine.grow();
    let branches = engine.branches(root).to_vec();
    assert_eq!(engine.count_call(branches[0]), Ok(1));
    assert_eq!(engine.count_call(branches[1]), Ok(2));
    assert_eq!(engine.count_call(root), Ok(3));
    assert_eq!(engine.count_call(branches[0]), Err(EngineError::Calls { bound: 3 }));
    assert_eq!(engine.count_call(NodeId(99)), Err(EngineError::Unknown(NodeId(99))));
    let other = engine.submit(request(&[1, 2], Then::Hold)).expect("a tree");
    assert_eq!(engine.count_call(other), Ok(1));
}

#[test]
fn a_tree_whose_time_is_up_ends_and_the_others_say_the_same() {
    let free = together(&[(usize::MAX, 1)], 256).0.remove(0);
    for steps in [0, 1, 5, 20] {
        let mut engine = engine(256);
        let (late, other) = (wide(&mut engine, usize::MAX, 0), wide(&mut engine, usize::MAX, 1));
        (0..steps).for_each(|_| drop(engine.grow_once()));
        engine.expire(late).expect("a node");
        assert_eq!(engine.outcome(late), Some(&Outcome::Budget(Bound::Time)));
        assert_eq!(engine.pages_held(late), 0);
        engine.grow();
        assert_eq!((engine.tokens(other), engine.outcome(other).cloned()), free);
        assert_eq!(engine.audit(), Ok(()));
    }
    // Only the branch ends: its parent continues without it.
    let mut engine = engine(256);
    let root = wide(&mut engine, usize::MAX, 1);
    (0..3).for_each(|_| drop(engine.grow_once()));
    let branch = engine.branches(root)[2];
    engine.expire(branch).expect("a node");
    let events = engine.grow();
    assert_eq!(last_report(&events, root).left_out.len(), 7, "one of the others was taken");
    assert_eq!(engine.outcome(root), Some(&Outcome::Budget(Bound::Tokens)));
    assert_eq!(engine.expire(NodeId(999)), Err(EngineError::Unknown(NodeId(999))));
}
