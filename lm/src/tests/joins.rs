//! What branches return, and what they do not.

use super::*;
use crate::{After, Bound, Choice, Conclusion, EngineError, Outcome};

/// Opens branches, runs to the end, and returns the node with the events.
fn ran(engine: &mut Engine, prefix: &[Token], spawn: Spawn) -> (NodeId, Vec<Event>) {
    let root = engine.submit(request(prefix, Then::Hold)).expect("a tree");
    engine.spawn(root, spawn).expect("branches");
    let events = engine.grow();
    assert_eq!(engine.audit(), Ok(()));
    (root, events)
}

/// A turn that ends with the first token below `limit`.
fn ends_below(limit: Token, max_tokens: usize) -> Turn {
    Turn { stops: (0..limit).collect(), keep_stop: true, ..warm(max_tokens) }
}

#[test]
fn replay_shows_all_paths_as_one_text() {
    let mut engine = engine(64);
    let paths = [text(2, 9), text(3, 6)];
    let branches = paths.iter().map(|path| said(path)).collect();
    let then = Then::Generate(Turn::greedy(1));
    let (root, events) = ran(&mut engine, &text(1, 9), spawn(branches, Join::Replay, &[4], then));
    let shown = [text(1, 9).as_slice(), &paths[0], &paths[1], &[4]].concat();
    assert!(last_logits(&engine, root) == plain_logits(&shown));
    assert!(last_report(&events, root).exact);
}

#[test]
fn value_shows_what_was_generated_and_nothing_else() {
    let mut engine = engine(64);
    let branches = (0..2).map(|path| drawn(&text(path, 6), ends_below(90, 9))).collect();
    let join = Join::Value(Conclusion::Generated);
    let (root, events) = ran(&mut engine, &text(1, 9), spawn(branches, join, &[4], Then::Hold));
    let report = last_report(&events, root);
    let mut shown = text(1, 9);
    let opened: Vec<NodeId> = events
        .iter()
        .filter_map(|event| match event {
            Event::Opened { node, parent: Some(_) } => Some(*node),
            _ => None,
        })
        .collect();
    opened.iter().for_each(|child| shown.extend_from_slice(engine.generated(*child)));
    shown.push(4);
    assert_eq!(engine.tokens(root), shown);
    assert_eq!((report.exact, report.dropped), (true, 12));
    engine.extend(root, &[3], Then::Generate(Turn::greedy(1))).expect("it goes on");
    engine.grow();
    shown.push(3);
    assert!(last_logits(&engine, root) == plain_logits(&shown));
}

#[test]
fn the_first_success_is_the_shortest_whoever_was_computed_first() {
    let branches = || (0..5).map(|path| drawn(&text(path, 4), ends_below(12, 30))).collect::<Vec<_>>();
    let join = || Join::Select(Choice::First);
    let mut wide = engine(64);
    let (root, events) = ran(&mut wide, &text(1, 9), spawn(branches(), join(), &[4], Then::Hold));
    let report = last_report(&events, root);
    assert_eq!((report.exact, report.reencoded, report.left_out.len()), (true, 0, 4));
    for rows in [1, 2, 5] {
        let mut narrow = device::engine(tiny(), Settings { rows, ..settings(64) });
        let (other, _) = ran(&mut narrow, &text(1, 9), spawn(branches(), join(), &[4], Then::Hold));
        assert_eq!(narrow.tokens(other), wide.tokens(root), "{rows} rows a step");
    }
    // Run all branches to their ends, to see that none was shorter.
    let mut all = engine(64);
    let (_, events) = ran(&mut all, &text(1, 9), spawn(branches(), Join::Stitch, &[4], Then::Hold));
    let lengths = events.iter().filter_map(|event| match event {
        Event::Finished { node, outcome: Outcome::Concluded } => Some(all.generated(*node).len()),
        _ => None,
    });
    let shortest = lengths.min().expect("one concluded");
    assert_eq!(wide.tokens(root).len(), 9 + 4 + shortest + 1);
}

#[test]
fn a_chosen_branch_reads_as_plain_text() {
    for choice in [Choice::First, Choice::Best, Choice::Quorum(1)] {
        let mut engine = engine(64);
        let branches = (0..3).map(|path| drawn(&text(path, 6), ends_below(60, 20))).collect();
        let then = Then::Generate(Turn::greedy(1));
        let (root, _) = ran(&mut engine, &text(1, 9), spawn(branches, Join::Select(choice), &[4], then));
        let mut shown = engine.tokens(root);
        shown.pop();
        assert!(last_logits(&engine, root) == plain_logits(&shown), "{choice:?}");
    }
}

#[test]
fn a_quorum_needs_enough_that_agree() {
    let agreed = |least| {
        let mut engine = engine(64);
        let branches = [2, 3, 3, 4].map(|path| said(&text(path, 5))).to_vec();
        // Generated tokens are compared: let every branch draw one likely token.
        let branches = branches
            .into_iter()
            .map(|branch| Branch {
                then: Then::Generate(Turn { stops: (0..96).collect(), keep_stop: true, ..Turn::greedy(1) }),
                allowance: 1,
                ..branch
            })
            .collect();
        let (root, _) =
            ran(&mut engine, &text(1, 9), spawn(branches, Join::Select(Choice::Quorum(least)), &[], Then::Hold));
        (engine.outcome(root).cloned(), engine.tokens(root))
    };
    let (outcome, tokens) = agreed(2);
    assert_eq!((outcome, &tokens[9..14]), (None, text(3, 5).as_slice()));
    assert_eq!(agreed(4).0, Some(Outcome::Failed));
}

#[test]
fn the_owner_is_asked_which_branch_to_take() {
    let mut engine = engine(64);
    let branches = (0..3).map(|path| said(&text(path, 6))).collect();
    let join = Join::Select(Choice::Asked);
    let (root, events) = ran(&mut engine, &text(1, 9), spawn(branches, join, &[4], Then::Hold));
    assert!(matches!(events.last(), Some(Event::Choose { branches, .. }) if branches.len() == 3));
    assert!(engine.is_idle() && engine.outcome(root).is_none());
    engine.choose(root, Some(1)).expect("an answer");
    engine.grow();
    assert_eq!(engine.tokens(root), [text(1, 9).as_slice(), &text(1, 6), &[4]].concat());
    assert_eq!(engine.choose(root, Some(1)), Err(EngineError::Busy(root)));
    let branches = vec![said(&text(1, 6))];
    engine.spawn(root, spawn(branches, Join::Select(Choice::Asked), &[4], Then::Hold)).expect("branches");
    engine.grow();
    engine.choose(root, None).expect("an answer");
    assert_eq!(engine.outcome(root), Some(&Outcome::Failed));
}

#[test]
fn a_branch_that_was_cut_off_is_never_joined_as_if_it_had_concluded() {
    for (needs, outcome) in [(1, None), (2, Some(Outcome::Failed))] {
        let mut engine = engine(64);
        let branches = vec![drawn(&text(2, 4), warm(5)), said(&text(3, 4))];
        let spawn = Spawn { needs, ..spawn(branches, Join::Stitch, &[4], Then::Hold) };
        let (root, events) = ran(&mut engine, &text(1, 9), spawn);
        assert_eq!(engine.outcome(root).cloned(), outcome);
        if outcome.is_none() {
            assert_eq!(last_report(&events, root).left_out, [0]);
            assert_eq!(engine.tokens(root), [text(1, 9).as_slice(), &text(3, 4), &[4]].concat());
        }
        let cut = Event::Finished { node: NodeId(3), outcome: Outcome::Budget(Bound::Tokens) };
        assert!(events.contains(&cut));
    }
}

#[test]
fn branches_without_tokens_of_their_own_draw_from_the_parents_logits() {
    let mut engine = engine(64);
    let branches = (0..4).map(|_| drawn(&[], warm(6))).collect();
    let (_, events) = ran(&mut engine, &text(1, 9), spawn(branches, Join::Stitch, &[4], Then::Hold));
    let mut drawn = std::collections::BTreeSet::new();
    for event in &events {
        if let Event::Finished { node, .. } = event {
            assert_eq!(engine.generated(*node).len(), 6);
            drawn.insert(engine.generated(*node).to_vec());
        }
    }
    assert_eq!(drawn.len(), 4, "siblings never draw with the same noise");
}

#[test]
fn cancelling_a_node_ends_what_is_below_it_and_nothing_else() {
    let mut engine = engine(64);
    let root = engine.submit(request(&text(1, 9), Then::Hold)).expect("a tree");
    let holds = Branch { tokens: text(2, 3), then: Then::Hold, allowance: 100 };
    let branches = vec![holds, drawn(&text(3, 3), ends_below(40, 30))];
    engine.spawn(root, spawn(branches, Join::Stitch, &[4], Then::Hold)).expect("branches");
    engine.grow_once();
    engine.grow();
    let child = engine.branches(root)[0];
    engine.spawn(child, spawn(vec![drawn(&[5], warm(50))], Join::Stitch, &[], Then::Conclude)).expect("branches");
    (0..3).for_each(|_| drop(engine.grow_once()));
    let grandchild = engine.branches(child)[0];
    engine.cancel(child).expect("cancelled");
    assert_eq!(engine.outcome(grandchild), Some(&Outcome::Cancelled));
    let events = engine.grow();
    assert_eq!(last_report(&events, root).left_out, [0]);
    assert_eq!(engine.audit(), Ok(()));
    assert!(engine.generated(grandchild).len() >= 2, "what it had stays to be read");
}

#[test]
fn a_turn_may_end_in_waiting_for_orders() {
    let mut engine = engine(64);
    let turn = Turn { after: After::Hold, ..ends_below(60, 40) };
    let root = engine.submit(request(&text(1, 9), Then::Generate(turn))).expect("a tree");
    let events = engine.grow();
    assert_eq!(events.last(), Some(&Event::Held { node: root }));
    engine.extend(root, &[], Then::Conclude).expect("it ends");
    assert_eq!(engine.outcome(root), Some(&Outcome::Concluded));
}

#[test]
fn orders_that_cannot_be_carried_out_change_nothing() {
    let mut engine = engine(4);
    let none = |then| Request { then, ..request(&[], Then::Hold) };
    assert_eq!(engine.submit(none(Then::Hold)), Err(EngineError::NoTokens));
    assert_eq!(engine.submit(request(&[1], Then::Generate(Turn::greedy(0)))), Err(EngineError::NoTokens));
    assert!(matches!(engine.submit(request(&[96], Then::Hold)), Err(EngineError::NoSuchToken { token: 96, .. })));
    let long = EngineError::TooLong { wanted: 16, bound: 15 };
    assert_eq!(engine.submit(request(&text(1, 16), Then::Hold)), Err(long));
    let bounds = Bounds { tokens: 10, width: 2, depth: 1, ..Bounds::default() };
    let root = engine.submit(Request { bounds, ..request(&[1, 2], Then::Hold) }).expect("a tree");
    engine.grow();
    let mut order = |branches| engine.spawn(root, spawn(branches, Join::Stitch, &[], Then::Hold));
    assert_eq!(order(vec![]), Err(EngineError::Width { wanted: 0, bound: 2 }));
    assert_eq!(order(vec![said(&[1]); 3]), Err(EngineError::Width { wanted: 3, bound: 2 }));
    let both = vec![drawn(&[1], warm(6)), drawn(&[1], warm(6))];
    assert_eq!(order(both), Err(EngineError::Allowance { wanted: 12, left: 10 }));
    order(vec![Branch { then: Then::Hold, ..said(&[1]) }]).expect("branches");
    engine.grow();
    assert_eq!(engine.extend(root, &[1], Then::Hold), Err(EngineError::Busy(root)));
    let child = engine.branches(root)[0];
    let deeper = spawn(vec![said(&[1])], Join::Stitch, &[], Then::Hold);
    assert_eq!(engine.spawn(child, deeper), Err(EngineError::Depth { bound: 1 }));
    assert!(engine.prune(child, 0..1, crate::Prune::Recompute).is_err(), "that belongs to the root");
    assert_eq!(engine.cancel(NodeId(99)), Err(EngineError::Unknown(NodeId(99))));
    engine.forget(root);
    assert_eq!((engine.outcome(root), engine.audit()), (None, Ok(())));
}

#[test]
fn tokens_that_branches_leave_over_go_back() {
    let mut engine = engine(64);
    let bounds = Bounds { tokens: 20, ..Bounds::default() };
    let root = engine.submit(Request { bounds, ..request(&text(1, 9), Then::Hold) }).expect("a tree");
    let all: Vec<Token> = (0..96).collect();
    let turn = Turn { stops: all, keep_stop: true, ..warm(15) };
    engine.spawn(root, spawn(vec![drawn(&[1], turn)], Join::Replay, &[], Then::Generate(warm(100)))).expect("branches");
    engine.grow();
    // One token in the branch, nineteen by the root itself.
    assert_eq!(engine.generated(root).len(), 19);
    assert_eq!(engine.outcome(root), Some(&Outcome::Budget(Bound::Allowance)));
}

#[test]
fn nothing_reaches_beyond_the_positions_of_the_model() {
    let mut engine = engine(300);
    let root = engine.submit(request(&text(1, 500), Then::Hold)).expect("a tree");
    let order = |branches, join| spawn(branches, join, &[4], Then::Generate(warm(20)));
    let too_long = EngineError::TooLong { wanted: 520, bound: 511 };
    assert_eq!(engine.spawn(root, order(vec![said(&text(2, 20))], Join::Stitch)), Err(too_long));
    engine.spawn(root, order(vec![said(&text(2, 8)); 2], Join::Replay)).expect("branches");
    engine.grow();
    assert_eq!(engine.outcome(root), Some(&Outcome::Budget(Bound::Context)));
    let other = engine.submit(request(&text(1, 500), Then::Hold)).expect("a tree");
    engine.spawn(other, order(vec![said(&text(2, 8)), said(&text(3, 9))], Join::Stitch)).expect("branches");
    engine.grow();
    assert_eq!(engine.outcome(other), Some(&Outcome::Budget(Bound::Context)));
    assert_eq!(engine.generated(other).len(), 2, "positions 510 and 511");
}
