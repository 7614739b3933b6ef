//! Programs: their results, what they compute only once, and how they end.

use theoremata_kernels::Inline;

use super::*;
use crate::{
    Answer, Bound, Cues, Decompose, EngineError, FirstSuccess, Ground, Last, MapReduce, NodeUsage, Outcome, Program,
    Ranking, Running, Score, Vote, run_programs,
};

fn ground(seed: u64, length: usize) -> Ground {
    Ground { members: Vec::new(), prefix: text(seed as u32, length), seed, bounds: Bounds::default() }
}

/// A turn that draws, and ends by itself with a token below `limit`.
fn ends_below(limit: Token, max_tokens: usize) -> Turn {
    Turn { stops: (0..limit).collect(), ..warm(max_tokens) }
}

fn map(seed: u64) -> MapReduce {
    MapReduce {
        ground: ground(seed, 17),
        items: (0..4).map(|item| text(item + 20, 3 + item as usize)).collect(),
        turn: ends_below(20, 60),
        separator: vec![9, 8],
        needs: 1,
        last: Some(Last { tokens: vec![5, 6, 7], turn: ends_below(10, 80) }),
    }
}

fn decompose<'a>(seed: u64, bounds: Bounds) -> Decompose<'a> {
    let cues = Cues { plan: vec![90, 91], answer: vec![92, 93, 94], separator: vec![95] };
    let ground = Ground { bounds, ..ground(seed, 9) };
    // A plan of three tokens names three subtasks of one token each, and so on.
    let part = |plan: &[Token]| plan.iter().take(3).map(|token| vec![*token, 1]).collect();
    Decompose::new(ground, 2, cues, (ends_below(20, 60), ends_below(30, 60)), part)
}

fn parity(tokens: &[Token]) -> Option<Vec<u8>> {
    Some(vec![(tokens.iter().sum::<Token>() % 3) as u8])
}

fn is_even(tokens: &[Token]) -> bool {
    tokens.iter().sum::<Token>().is_multiple_of(2)
}

fn candidates() -> Vec<Vec<Token>> {
    (0..6).map(|place| text(place + 40, 1 + place as usize)).collect()
}

/// One program of each kind.
pub(super) fn start_all<'a>(engine: &mut Engine) -> Vec<Running<'a>> {
    let score = Score::new(ground(5, 13), candidates(), Ranking::Mean);
    vec![
        Running::start(engine, map(1)).expect("planted"),
        Running::start(engine, Vote::new(ground(2, 11), 7, ends_below(30, 60), 2, parity)).expect("planted"),
        Running::start(engine, FirstSuccess::new(ground(3, 7), 6, ends_below(20, 60), is_even)).expect("planted"),
        Running::start(engine, decompose(0, Bounds::default())).expect("planted"),
        Running::start(engine, score).expect("planted"),
    ]
}

fn answers(engine: &mut Engine, mut programs: Vec<Running<'_>>) -> Vec<Answer> {
    run_programs(engine, &Inline, &mut programs, |engine, _| assert_eq!(engine.audit(), Ok(())))
        .expect("the back-end computes");
    let answers = programs.into_iter().map(|program| program.finish(engine)).collect();
    assert_eq!(engine.audit(), Ok(()));
    answers
}

fn answer<'a>(engine: &mut Engine, program: impl Program + 'a) -> Answer {
    let running = Running::start(engine, program).expect("planted");
    answers(engine, vec![running]).remove(0)
}

/// The part of an answer that depends on inputs and seed alone.
fn said(answer: &Answer) -> impl PartialEq + std::fmt::Debug + use<> {
    (answer.outcome.clone(), answer.tokens.clone(), answer.chosen, answer.votes.clone(), answer.nodes.clone())
}

#[test]
fn a_program_says_the_same_alone_and_beside_others() {
    let together = {
        let mut engine = engine(512);
        let programs = start_all(&mut engine);
        answers(&mut engine, programs)
    };
    for (place, expected) in together.iter().enumerate() {
        assert_eq!(expected.outcome, Outcome::Concluded, "program {place}");
        assert!(expected.nodes.len() > 4, "program {place}");
        assert!(expected.joins.iter().all(|(_, report)| report.exact), "program {place}");
        let mut engine = engine(512);
        let mut all = start_all(&mut engine);
        let kept = all.swap_remove(place);
        all.into_iter().for_each(|other| drop(other.finish(&mut engine)));
        assert_eq!(said(&answers(&mut engine, vec![kept])[0]), said(expected), "program {place}");
    }
    for (rows, pages) in [(1, 512), (5, 512), (16, 40)] {
        let mut engine = device::engine(tiny(), Settings { rows, ..settings(pages) });
        let programs = start_all(&mut engine);
        let found = answers(&mut engine, programs);
        for (place, (found, expected)) in found.iter().zip(&together).enumerate() {
            assert_eq!(said(found), said(expected), "program {place}, {rows} rows, {pages} pages");
        }
    }
}

#[test]
fn a_map_asks_about_each_item_alone_and_last_about_the_answers() {
    let map = map(1);
    let answer = answer(&mut engine(256), map.clone());
    let mut read = map.ground.prefix.clone();
    for (place, item) in map.items.iter().enumerate() {
        let branch = &answer.nodes[place + 1];
        assert_eq!((branch.path.clone(), &branch.outcome), (vec![place as u32], &Some(Outcome::Concluded)));
        // The first token is the one that follows a plain text of prefix and item.
        let logits = plain_logits(&[map.ground.prefix.as_slice(), item].concat());
        let first = branch
            .tokens
            .first()
            .map_or(0.0, |token| f64::from(logits[*token as usize] - Kernels::best().log_sum_exp(&logits)));
        assert!(branch.log_probability <= first);
        read.extend(&branch.tokens);
        read.extend(&map.separator);
    }
    let last = map.last.expect("a last question");
    read.extend(&last.tokens);
    let mut plain = engine(256);
    let root = plain.submit(Request { seed: 1, ..request(&read, Then::Generate(last.turn)) }).expect("a tree");
    plain.grow();
    assert_eq!(answer.tokens, plain.generated(root), "the root reads just the answers");
    let (path, report) = &answer.joins[0];
    assert!(path.is_empty() && report.exact && report.left_out.is_empty());
    let items: usize = map.items.iter().map(Vec::len).sum();
    assert_eq!(answer.usage.dropped, items);
    assert_eq!(answer.usage.generated, answer.nodes.iter().map(|node| node.tokens.len()).sum::<usize>());
}

#[test]
fn the_prefix_is_stored_once() {
    let prefix = text(3, 40);
    let ground = Ground { members: Vec::new(), prefix, seed: 1, bounds: Bounds::default() };
    for samples in [1, 8, 32] {
        // With a row for each sample, all samples hold their pages at the same time.
        let mut engine = device::engine(tiny(), Settings { rows: 64, ..settings(256) });
        let vote = Vote::new(ground.clone(), samples, warm(4), 1, parity);
        let found = answer(&mut engine, vote);
        // The prefix takes ten pages; each sample has one page for its four tokens, the last of which is never
        // computed.
        assert_eq!(engine.usage().pages_peak, 10 + samples);
        assert_eq!(engine.usage().rows as usize, 40 + 3 * samples);
        let peaks: Vec<usize> = found.node_usage.iter().map(|(_, usage)| usage.pages_peak).collect();
        assert_eq!((peaks[0], &peaks[1..]), (10 + samples, vec![11; samples].as_slice()), "a root counts all below it");
        assert_eq!(found.usage.pages_peak, 10 + samples);
    }
}

#[test]
fn what_nodes_took_adds_up_to_what_the_engine_did() {
    let mut engine = engine(256);
    for again in [false, true] {
        let before = engine.usage();
        let found = answer(&mut engine, map(1));
        let took = |path: &[u32]| found.node_usage.iter().find(|(node, _)| node == path).expect("the node").1;
        let prompts: Vec<usize> = (0..4).map(|place| took(&[place]).prompt).collect();
        assert_eq!((took(&[]).prompt, prompts), (17, vec![5, 6, 7, 8]), "the prefix; an item and what ends it");
        let sum =
            |count: fn(&NodeUsage) -> usize| found.node_usage.iter().map(|(_, usage)| count(usage)).sum::<usize>();
        assert_eq!((found.usage.prompt, found.usage.cached), (sum(|usage| usage.prompt), sum(|usage| usage.cached)));
        assert_eq!(found.usage.cached as u64, engine.usage().cached - before.cached);
        assert_eq!(took(&[]).cached > 0, again, "what was read before is found");
        let last = found.nodes[0].tokens.len();
        let longest = (0..4).map(|place| took(&[place]).critical_path).max().expect("branches");
        assert!(
            (longest + last..=longest + last + 1).contains(&found.usage.critical_path),
            "a stop may be written too"
        );
    }
}

#[test]
fn what_a_node_had_to_let_go_of_is_not_found_by_it() {
    // So few pages that branches preempt each other, and find their text in the cache again.
    let mut engine = device::engine(tiny(), Settings { rows: 64, ..settings(24) });
    let found = answer(&mut engine, Vote::new(ground(3, 40), 8, warm(24), 1, parity));
    assert!(engine.usage().preempted > 0);
    assert_eq!(found.usage.cached, 0);
    assert!(found.usage.pages_peak <= 24);
}

#[test]
fn the_most_frequent_answer_is_taken_and_the_first_among_equals() {
    let taken = |seed: u64, ballot: fn(&[Token]) -> Option<Vec<u8>>, least| {
        answer(&mut engine(256), Vote::new(ground(seed, 8), 9, ends_below(40, 60), least, ballot))
    };
    for seed in 0..8 {
        let found = taken(seed, parity, 1);
        let most = found.votes.iter().map(|(_, votes)| *votes).max().expect("votes");
        let expected = found.votes.iter().find(|(_, votes)| *votes == most).map(|(place, _)| *place);
        assert_eq!(found.chosen, expected);
        let ballots = found.nodes[1..].iter().filter(|node| node.outcome == Some(Outcome::Concluded));
        assert_eq!(found.votes.iter().map(|(_, votes)| votes).sum::<usize>(), ballots.clone().count());
        let winner = &found.nodes[1 + found.chosen.expect("a winner") as usize];
        assert_eq!(ballots.filter(|node| parity(&node.tokens) == parity(&winner.tokens)).count(), most);
        assert_eq!(found.tokens, winner.tokens);
        let too_few = taken(seed, parity, most + 1);
        assert_eq!((too_few.outcome, too_few.chosen), (Outcome::Failed, None));
    }
    let all_differ = taken(1, |tokens| Some(tokens.iter().map(|token| *token as u8).collect()), 1);
    let first = all_differ.nodes[1..].iter().position(|node| node.outcome == Some(Outcome::Concluded));
    assert_eq!(all_differ.chosen.map(|place| place as usize), first);
    let none = taken(1, |_| None, 1);
    assert_eq!((none.outcome, none.chosen, none.votes), (Outcome::Failed, None, vec![]), "no answer is no vote");
}

#[test]
fn the_first_attempt_that_is_accepted_wins_however_slow() {
    let (mut slow, mut none) = (0, 0);
    for seed in 0..16 {
        let lone = |attempts, limit| {
            let first = FirstSuccess::new(ground(seed, 8), attempts, ends_below(limit, 60), is_even);
            answer(&mut engine(256), first)
        };
        let found = lone(5, 20);
        let free = answer(&mut engine(256), Vote::new(ground(seed, 8), 5, ends_below(20, 60), 1, parity));
        let good = |place: &usize| {
            let node = &free.nodes[place + 1];
            node.outcome == Some(Outcome::Concluded) && is_even(&node.tokens)
        };
        let expected = (0..5).find(good);
        assert_eq!(found.chosen.map(|place| place as usize), expected, "seed {seed}");
        let Some(place) = expected else {
            assert_eq!(found.outcome, Outcome::Failed);
            none += 1;
            continue;
        };
        assert_eq!(found.tokens, free.nodes[place + 1].tokens);
        let shortest = (0..5).filter(good).map(|place| free.nodes[place + 1].tokens.len()).min();
        slow += usize::from(shortest < Some(found.tokens.len()));
        for later in &found.nodes[place + 2..] {
            assert_eq!((later.outcome.clone(), later.tokens.len()), (Some(Outcome::Cancelled), 0));
        }
    }
    assert!(slow > 0, "some winner was not the fastest");
    assert!(none < 16, "some attempt was accepted");
}

#[test]
fn a_score_is_the_sum_of_what_a_plain_pass_gives() {
    let ground = ground(5, 13);
    let mut engine = engine(256);
    let found = answer(&mut engine, Score::new(ground.clone(), candidates(), Ranking::Sum));
    let mut best = (f64::NEG_INFINITY, 0);
    for (place, candidate) in candidates().iter().enumerate() {
        let mut sum = 0.0;
        for (at, token) in candidate.iter().enumerate() {
            let logits = plain_logits(&[ground.prefix.as_slice(), &candidate[..at]].concat());
            sum += f64::from(logits[*token as usize] - Kernels::best().log_sum_exp(&logits));
        }
        let scored = &found.nodes[place + 1];
        assert_eq!(&scored.tokens, candidate);
        assert_eq!(scored.log_probability, sum, "to the bit");
        if sum > best.0 {
            best = (sum, place as u32);
        }
    }
    assert_eq!((found.outcome, found.chosen), (Outcome::Concluded, Some(best.1)));
    let rows: usize = candidates().iter().map(|candidate| candidate.len() - 1).sum();
    assert_eq!(engine.usage().rows as usize, ground.prefix.len() + rows, "the prefix is computed once");
    let mean = answer(&mut engine, Score::new(ground, candidates(), Ranking::Mean));
    let means = mean.nodes[1..].iter().map(|node| Ranking::Mean.of(node));
    let largest = means.clone().fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(means.clone().position(|mean| mean == largest), mean.chosen.map(|place| place as usize));
}

#[test]
fn given_tokens_are_checked_and_end_no_turn_before_its_time() {
    let mut engine = engine(64);
    let wrong = Score::new(ground(1, 3), vec![vec![1, 96]], Ranking::Sum);
    let refused = Running::start(&mut engine, wrong).err();
    assert_eq!(refused, Some(EngineError::NoSuchToken { token: 96, vocabulary: 96 }));
    let empty = Running::start(&mut engine, Score::new(ground(1, 3), vec![vec![]], Ranking::Sum)).err();
    assert_eq!(empty, Some(EngineError::NoTokens));
    let turn = Turn { given: vec![4, 5], stops: (0..96).collect(), ..warm(9) };
    let root = engine.submit(request(&text(1, 3), Then::Generate(turn))).expect("a tree");
    engine.grow();
    assert_eq!(engine.generated(root), [4, 5]);
    assert_eq!(engine.outcome(root), Some(&Outcome::Concluded));
}

#[test]
fn a_task_is_parted_and_only_answers_come_back() {
    let mut parted = 0;
    for seed in 0..12 {
        let found = answer(&mut engine(512), decompose(seed, Bounds::default()));
        assert!(found.nodes.iter().all(|node| node.path.len() <= 2));
        assert!(found.nodes.iter().all(|node| node.outcome.is_some()));
        for (path, report) in &found.joins {
            assert!(report.exact);
            let below =
                found.nodes.iter().filter(|node| node.path.len() == path.len() + 1 && node.path.starts_with(path));
            let returned = below.filter(|node| node.outcome == Some(Outcome::Concluded));
            // What returns is the last turn of each branch, and the separator.
            let expected: usize = returned.map(|node| node.conclusion().len() + 1).sum();
            assert_eq!(report.range.len(), expected, "seed {seed}, {path:?}");
        }
        parted += usize::from(found.joins.len() > 1);
        let root = &found.nodes[0];
        if found.outcome == Outcome::Concluded {
            assert_eq!(found.tokens, root.conclusion());
        }
    }
    assert!(parted > 3, "some trees have two levels");
}

#[test]
fn budgets_are_outcomes() {
    for tokens in [0, 1, 7, 30, 90] {
        let bounds = Bounds { tokens, ..Bounds::default() };
        let mut map = map(1);
        map.ground.bounds = bounds;
        let last = map.last.as_mut().expect("a last question");
        last.turn.max_tokens = last.turn.max_tokens.min(tokens / 3).max(1);
        let found = answer(&mut engine(256), map);
        assert!(found.usage.generated <= tokens, "{} of {tokens}", found.usage.generated);
        let found = answer(&mut engine(256), decompose(4, bounds));
        assert!(found.usage.generated <= tokens, "{} of {tokens}", found.usage.generated);
        assert!(tokens > 0 || matches!(found.outcome, Outcome::Budget(_)), "{:?}", found.outcome);
    }
    // The items fill the context.
    let mut small = engine(6);
    let mut map = map(1);
    map.ground.prefix = text(1, 14);
    map.needs = 4;
    let found = answer(&mut small, map);
    assert_eq!(found.outcome, Outcome::Failed, "too few answers");
    assert!(found.nodes.iter().any(|node| matches!(node.outcome, Some(Outcome::Budget(_)))));
    let bounds = Bounds { width: 2, ..Bounds::default() };
    let wide = Vote::new(Ground { bounds, ..ground(1, 3) }, 3, warm(4), 1, parity);
    assert_eq!(Running::start(&mut small, wide).err(), Some(EngineError::Width { wanted: 3, bound: 2 }));
}

#[test]
fn an_answer_that_was_cut_off_does_not_come_back() {
    let mut map = map(1);
    map.turn = Turn { stops: Vec::new(), ..map.turn };
    (map.needs, map.last) = (0, None);
    let found = answer(&mut engine(256), map);
    assert_eq!(found.joins[0].1.left_out, [0, 1, 2, 3]);
    assert!(found.nodes[1..].iter().all(|node| node.outcome == Some(Outcome::Budget(Bound::Tokens))));
    assert_eq!(found.nodes[1].tokens.len(), 60, "what it wrote is told all the same");
}

#[test]
fn a_cancelled_program_ends_and_the_others_go_on() {
    let mut engine = engine(512);
    let mut programs = start_all(&mut engine);
    for _ in 0..6 {
        for event in engine.grow_once() {
            programs.iter_mut().for_each(|program| program.take(&mut engine, &event));
        }
    }
    assert!(!programs[0].is_done());
    programs[0].cancel(&mut engine);
    let found = answers(&mut engine, programs);
    assert_eq!(found[0].outcome, Outcome::Cancelled);
    assert!(found[1..].iter().all(|answer| answer.outcome == Outcome::Concluded));
    // Of an ended tree only reusable pages are kept, and they can be evicted.
    assert_eq!(engine.audit(), Ok(()));
}
