//! Speculation changes no token, log-probability, logit or report.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use theoremata_kernels::{Crew, Draw, Inline, Parallel};

use super::constraints::{Rising, rising};
use super::*;
use crate::engine::node::State;
use crate::kv::segment::hidden;
use crate::{Choice, Conclusion, Constraint, Drafter, Guess, Next, Ngrams, Outcome, Speculation, TurnConstraint};

/// What a node did, as far as it can be observed.
#[derive(Clone, PartialEq, Default, Debug)]
struct Trace {
    /// Tokens with their log-probabilities.
    tokens: Vec<(Token, f32)>,
    /// Those that ended a turn and are not part of the text.
    stopped: Vec<(Token, f32)>,
    /// All logits from which it drew.
    logits: Vec<Vec<f32>>,
    outcome: Option<Outcome>,
    reports: Vec<JoinReport>,
    /// All tokens that it reads in the end.
    reads: Vec<Token>,
}

/// Nodes by tree and path: their numbers depend on the schedule.
type Traces = BTreeMap<(u64, Vec<u32>), Trace>;

/// Checks five of the six invariants of speculation for every sequence, and that of the reference counts.
fn in_step(engine: &Engine) {
    assert_eq!(engine.audit(), Ok(()));
    let page_tokens = engine.settings.page_tokens;
    for node in engine.nodes.values() {
        let segments = &node.sequence.segments;
        for (place, segment) in segments.iter().enumerate() {
            // 1. Positions begin at 0 and are consecutive along what a token sees.
            let seen = segments[..place].iter().filter(|other| !hidden(&other.branch, &segment.branch));
            assert_eq!(segment.start(), seen.map(|other| other.end()).max().unwrap_or(0));
            // 2. and 4. A row sees what is computed before it, and nothing else: neither the rest of a rejected draft
            // nor a gap.
            if segments[..place].iter().all(|other| other.is_whole()) {
                let (spans, before) = node.sequence.spans(place, segment.resident(), page_tokens);
                let tokens: usize = spans.iter().map(|span| span.tokens as usize).sum();
                assert_eq!(tokens, before + segment.resident());
            }
            // 5. No page is held without need.
            let pages: usize = segment.pages().len();
            assert!(segment.pages_wanted(0, page_tokens) == 0 && (pages == 0) == (segment.resident() == 0));
            assert!(segment.slots_behind(page_tokens).len() < page_tokens);
        }
        // 6. Tokens, keys and the next position agree.
        let resident: usize = segments.iter().map(|segment| segment.resident()).sum();
        assert_eq!(resident + node.sequence.missing(), node.sequence.len());
        assert_eq!(node.generated.len(), node.log_probabilities.len());
        assert!(segments.last().is_none_or(|last| last.end() <= node.sequence.end()));
    }
}

/// Invariant 3: keys and values of plain sequences equal those of a fresh pass over the text, to the bit.
fn keys_are_those_of_a_fresh_pass(engine: &Engine) -> usize {
    let mut compared = 0;
    let slots = |engine: &Engine, id: NodeId| -> Vec<theoremata_kernels::Slot> {
        let segments = &engine.nodes[&id].sequence.segments;
        let of = |segment: &crate::kv::segment::Segment| {
            let mut spans = Vec::new();
            segment.spans(segment.resident(), false, engine.settings.page_tokens, &mut spans);
            let places = |span: theoremata_kernels::Span| {
                (0..span.tokens).map(move |at| theoremata_kernels::Slot { page: span.page, offset: span.offset + at })
            };
            spans.into_iter().flat_map(places).collect::<Vec<_>>()
        };
        segments.iter().flat_map(of).collect()
    };
    for (id, node) in &engine.nodes {
        let plain = node.sequence.is_exact() && node.sequence.segments.iter().all(|segment| segment.branch.is_empty());
        let first_gap = node.sequence.segments.iter().position(|segment| !segment.is_whole());
        if !plain || node.sequence.len() == 0 || first_gap.is_some_and(|gap| gap + 1 != node.sequence.segments.len()) {
            continue;
        }
        let found = slots(engine, *id);
        let settings = Settings { speculation: None, pages: 64, ..engine.settings };
        let mut fresh = device::engine(engine.model.clone(), settings);
        let root = fresh.submit(request(&engine.tokens(*id), Then::Hold)).expect("a tree");
        fresh.grow();
        for (found, expected) in found.iter().zip(slots(&fresh, root)) {
            assert!(engine.backend.fetch(&[*found]) == fresh.backend.fetch(&[expected]));
            compared += 1;
        }
    }
    compared
}

/// Runs to the end and records what every node did. Nodes on hold are continued by `orders`.
fn traced(engine: &mut Engine, parallel: &dyn Parallel, orders: &dyn Fn(&mut Engine, NodeId)) -> Traces {
    let (mut traces, mut steps) = (Traces::new(), 0);
    while !engine.is_idle() {
        let events = engine.step(parallel).expect("the back-end computes");
        in_step(engine);
        steps += 1;
        if steps % 7 == 0 {
            keys_are_those_of_a_fresh_pass(engine);
        }
        for event in events {
            let node = match &event {
                Event::Opened { node, .. } | Event::Held { node } | Event::Choose { node, .. } => *node,
                Event::Token { node, .. } | Event::Stopped { node, .. } | Event::Finished { node, .. } => *node,
                Event::Joined { node, .. } | Event::Pruned { node, .. } => *node,
            };
            let trace = traces.entry(engine.nodes[&node].rank.clone()).or_default();
            match event {
                Event::Token { token, log_probability, .. } => trace.tokens.push((token, log_probability)),
                Event::Stopped { token, log_probability, .. } => trace.stopped.push((token, log_probability)),
                Event::Finished { outcome, .. } => trace.outcome = Some(outcome),
                Event::Joined { report, .. } | Event::Pruned { report, .. } => trace.reports.push(report),
                Event::Held { .. } | Event::Choose { .. } => orders(engine, node),
                Event::Opened { .. } => {}
            }
        }
    }
    keys_are_those_of_a_fresh_pass(engine);
    for (id, logits) in &engine.seen_logits {
        traces.entry(engine.nodes[id].rank.clone()).or_default().logits.push(logits.clone());
    }
    for (id, node) in &engine.nodes {
        traces.entry(node.rank.clone()).or_default().reads = engine.tokens(*id);
    }
    // How far a cancelled branch came depends on the schedule.
    traces.retain(|_, trace| trace.outcome != Some(Outcome::Cancelled));
    traces
}

/// Tokens by seed, path and position of their draw.
pub(super) type Known = BTreeMap<(u64, u64, u32), Token>;

/// Knows the tokens of a run and guesses them right now and then; otherwise it guesses anything, including tokens
/// outside the vocabulary.
pub(super) struct Fickle {
    pub(super) known: Known,
    /// How many of 256 guesses are right.
    pub(super) right: u32,
}

impl Drafter for Fickle {
    fn guess(&self, next: &Next<'_>) -> Option<Guess> {
        let Draw { seed, path, position } = next.draw;
        let word = Draw { seed: seed ^ 0x55, path, position }.word(1);
        let known = self.known.get(&(seed, path, position)).filter(|_| word % 256 < self.right);
        let anything = match next.allowed {
            Some(allowed) => allowed.iter().nth(word as usize / 256 % allowed.len()).expect("a token"),
            None => word / 256 % 100,
        };
        let token = known.copied().unwrap_or(anything);
        Some(Guess { token, likelihood: if word.is_multiple_of(7) { f32::NAN } else { 1.0 } })
    }

    fn learn(&mut self, _: &Next<'_>, likely: &[(Token, f32)], _: Token) {
        assert!(!likely.is_empty() && likely.len() <= crate::LIKELY);
    }
}

/// Records what is drawn.
#[derive(Clone, Default)]
pub(super) struct Scribe(Arc<Mutex<Known>>);

impl Scribe {
    pub(super) fn known(&self) -> Known {
        self.0.lock().expect("a list").clone()
    }
}

impl Drafter for Scribe {
    fn guess(&self, _: &Next<'_>) -> Option<Guess> {
        None
    }

    fn learn(&mut self, next: &Next<'_>, _: &[(Token, f32)], token: Token) {
        let before = self.0.lock().expect("a list").insert((next.draw.seed, next.draw.path, next.draw.position), token);
        assert!(before.is_none(), "a token is learned once");
    }
}

/// An n-gram drafter that learned nonsense.
fn misled() -> Ngrams {
    let mut drafter = Ngrams::new(3000);
    for word in 0..900u32 {
        let tokens = [word % 96, word * 7 % 96, word * 31 % 96, word * 11 % 96];
        let draw = Draw { seed: 1, path: 1, position: word };
        let next = Next { tokens: &tokens, sampling: &Sampling::GREEDY, draw, allowed: None };
        drafter.learn(&next, &[(word * 13 % 96, 0.9), (word * 17 % 96, 0.05)], word * 13 % 96);
    }
    drafter
}

const AHEAD: [Speculation; 4] = [
    Speculation { longest: 3, pass_rows: 8, certain: None },
    Speculation { longest: 1, pass_rows: 8, certain: Some(70) },
    Speculation { longest: 8, pass_rows: 1000, certain: Some(30) },
    Speculation { longest: 20, pass_rows: 1, certain: None },
];

fn ahead(settings: Settings, speculation: Speculation) -> Engine {
    device::engine(tiny(), Settings { speculation: Some(speculation), ..settings })
}

/// Runs the same trees without speculation and with every drafter, and compares all. Returns the plain traces, and how
/// many draft tokens were accepted and rejected in total.
fn the_same_ahead(
    settings: Settings,
    plant: &dyn Fn(&mut Engine),
    orders: &dyn Fn(&mut Engine, NodeId),
) -> (Traces, u64, u64) {
    let mut plain = device::engine(tiny(), settings);
    plant(&mut plain);
    let expected = traced(&mut plain, &Inline, orders);
    assert_eq!((plain.usage().drafted, plain.usage().accepted), (0, 0));
    let scribe = Scribe::default();
    let mut noting = ahead(settings, AHEAD[0]).with_drafter(Box::new(scribe.clone()));
    plant(&mut noting);
    assert!(traced(&mut noting, &Inline, orders) == expected, "with a drafter that guesses nothing");
    let known = scribe.known();
    let (mut accepted, mut rejected) = (0, 0);
    for (number, speculation) in AHEAD.into_iter().enumerate() {
        let mut drafters: Vec<(&str, Box<dyn Drafter>)> =
            vec![("n-grams", Box::new(Ngrams::new(500))), ("misled n-grams", Box::new(misled()))];
        for (name, right) in [("always wrong", 0), ("now and then right", 128), ("mostly right", 230), ("right", 256)] {
            drafters.push((name, Box::new(Fickle { known: known.clone(), right })));
        }
        for (name, drafter) in drafters {
            let mut engine = ahead(settings, speculation).with_drafter(drafter);
            plant(&mut engine);
            let found = traced(&mut engine, &Inline, orders);
            for (node, trace) in &expected {
                let other = found.get(node).unwrap_or_else(|| panic!("{name}, {number}: node {node:?} is missing"));
                assert_eq!(other.tokens, trace.tokens, "{name}, {number}: node {node:?}");
                assert_eq!(other.reports, trace.reports, "{name}, {number}: node {node:?}");
                assert!(other == trace, "{name}, {number}: node {node:?}, {:?}, {:?}", other.outcome, trace.outcome);
            }
            assert_eq!(found.len(), expected.len(), "{name}, {number}");
            let usage = engine.usage();
            assert!(usage.accepted <= usage.drafted && usage.pages_peak <= settings.pages);
            accepted += usage.accepted;
            rejected += usage.drafted - usage.accepted;
        }
    }
    (expected, accepted, rejected)
}

fn no_orders(_: &mut Engine, _: NodeId) {}

/// Texts of several kinds at one temperature.
fn questions(sampling: Sampling) -> Vec<Request> {
    let question = |seed: u32| {
        let tokens = if seed.is_multiple_of(2) { text(seed % 4, 7) } else { [text(seed, 5), text(seed, 5)].concat() };
        let turn = Turn { sampling, ..Turn::greedy(14 + 3 * seed as usize) };
        Request { seed: u64::from(seed), ..request(&tokens, Then::Generate(turn)) }
    };
    (0..5).map(question).collect()
}

fn plant_all(questions: Vec<Request>) -> impl Fn(&mut Engine) {
    move |engine| {
        for question in &questions {
            engine.submit(question.clone()).expect("a tree");
        }
    }
}

#[test]
fn an_answer_does_not_depend_on_what_was_guessed() {
    let samplings = [
        Sampling::GREEDY,
        Sampling::at(0.3),
        Sampling::at(1.5),
        Sampling { top_k: 8, top_p: 0.9, min_p: 0.02, ..Sampling::at(0.9) },
    ];
    for sampling in samplings {
        let plant = plant_all(questions(sampling));
        let (_, accepted, rejected) = the_same_ahead(settings(128), &plant, &no_orders);
        assert!(accepted > 400 && rejected > 400, "{sampling:?}: {accepted} accepted, {rejected} rejected");
    }
}

#[test]
fn an_answer_does_not_depend_on_what_was_guessed_in_any_batch() {
    let asked = questions(Sampling::at(0.8));
    let alone: Vec<Vec<Token>> = asked
        .iter()
        .map(|question| {
            let mut engine = engine(64);
            let root = engine.submit(question.clone()).expect("a tree");
            engine.grow();
            engine.generated(root).to_vec()
        })
        .collect();
    let mut turned = asked.clone();
    turned.reverse();
    let batches = [
        (Settings { rows: 1, ..settings(128) }, asked.clone()),
        (Settings { rows: 6, page_tokens: 1, ..settings(512) }, asked.clone()),
        (Settings { rows: 64, page_tokens: 7, ..settings(128) }, turned.clone()),
        (Settings { kernels: Kernels::plain(), ..settings(128) }, asked[2..].to_vec()),
        (settings(19), asked.clone()),
        (settings(16), turned),
    ];
    let mut preempted = 0;
    for (settings, questions) in batches {
        let plant = plant_all(questions.clone());
        let (traces, _, _) = the_same_ahead(settings, &plant, &no_orders);
        for (trace, question) in traces.values().zip(&questions) {
            let place = asked.iter().position(|other| other.seed == question.seed).expect("a question");
            let tokens: Vec<Token> = trace.tokens.iter().map(|(token, _)| *token).collect();
            assert_eq!(tokens, alone[place]);
        }
        let mut engine = ahead(settings, AHEAD[0]);
        plant(&mut engine);
        traced(&mut engine, &Crew::new(2), &no_orders);
        preempted += engine.usage().preempted;
    }
    assert!(preempted > 0, "pages ran short");
    let half = Settings { precision: Precision::Half, ..settings(128) };
    let (_, accepted, rejected) = the_same_ahead(half, &plant_all(asked), &no_orders);
    assert!(accepted > 400 && rejected > 400);
}

/// Constrained turns: that may or must not end, with stops, and after given tokens.
fn constrained() -> Vec<Request> {
    let constraint = |may_end_from| TurnConstraint::from(Rising { last: 0, may_end_from });
    let question =
        |seed: u32, turn: Turn| Request { seed: u64::from(seed), ..request(&text(seed, 6), Then::Generate(turn)) };
    vec![
        question(1, rising(90)),
        question(2, Turn { constraint: constraint(40), stops: vec![0, 20, 50], ..warm(90) }),
        question(
            3,
            Turn { constraint: constraint(40), stops: vec![44, 61, 62, 70], keep_stop: true, ..Turn::greedy(90) },
        ),
        question(4, Turn { constraint: constraint(96), given: vec![3, 5, 6, 9], ..warm(30) }),
        question(5, Turn { constraint: constraint(96), given: vec![3, 2], ..warm(30) }),
        question(6, rising(7)),
        question(7, Turn { sampling: Sampling::GREEDY, ..rising(90) }),
    ]
}

#[test]
fn a_constrained_answer_does_not_depend_on_what_was_guessed() {
    for settings in [settings(128), Settings { rows: 40, page_tokens: 3, ..settings(20) }] {
        let (traces, accepted, rejected) = the_same_ahead(settings, &plant_all(constrained()), &no_orders);
        assert!(accepted > 200 && rejected > 200, "{accepted} accepted, {rejected} rejected");
        let outcomes: Vec<_> = traces.values().map(|trace| trace.outcome.clone().expect("an end")).collect();
        let invalid = outcomes.iter().filter(|outcome| **outcome == Outcome::Invalid).count();
        assert_eq!(invalid, 1, "a constraint that could not read what was given: {outcomes:?}");
    }
}

#[test]
fn the_constraint_of_a_sequence_that_ran_ahead_has_read_what_was_drawn() {
    let mut engine = ahead(settings(64), AHEAD[2]).with_drafter(Box::new(Fickle { known: BTreeMap::new(), right: 0 }));
    let root = engine.submit(request(&text(1, 5), Then::Generate(rising(90)))).expect("a tree");
    let mut steps = 0;
    while !engine.is_idle() {
        engine.grow_once();
        steps += 1;
        let Some(node) = engine.nodes.get_mut(&root) else { break };
        let State::Running(turn) = &node.state else { break };
        let mut fresh = Rising { last: 0, may_end_from: 96 };
        node.generated.iter().for_each(|token| fresh.accept(*token).expect("a rising number"));
        match node.constraint.allowed_next(&turn.constraint, &turn.stops) {
            crate::constrain::state::Allowed::Among(allowed) => assert_eq!(Ok(allowed), fresh.allowed()),
            _ => panic!("there is a choice behind {:?}", node.generated),
        }
    }
    assert!(steps > 5 && engine.usage().drafted > engine.usage().accepted);
}

#[test]
fn ends_of_all_kinds_come_at_the_same_token() {
    let tokenizer = tiny().tokenizer().expect("a vocabulary").clone();
    let letters = |token: Token| String::from_utf8_lossy(tokenizer.piece(token)).into_owned();
    let stop_texts: Vec<String> = (20..60).map(|token| letters(token) + &letters(token + 7)).collect();
    let mut questions = Vec::new();
    for seed in 0..4 {
        let turns = [
            Turn { stops: (0..9).collect(), ..warm(40) },
            Turn { stops: (0..9).collect(), keep_stop: true, ..Turn::greedy(40) },
            Turn { stop_texts: stop_texts.clone(), ..warm(40) },
            Turn { given: text(seed + 3, 11), ..warm(17) },
            Turn { given: text(seed + 3, 9), ..warm(9) },
            Turn { given: vec![1, 2, 3], stops: vec![2, 40, 41], after: crate::After::Hold, ..warm(20) },
        ];
        for turn in turns {
            let tokens = 12 + seed as usize;
            let bounds = match questions.len() % 3 {
                0 => Bounds { tokens, ..Bounds::default() },
                1 => Bounds { tokens, path: 9, ..Bounds::default() },
                _ => Bounds { tokens, pages: 5, ..Bounds::default() },
            };
            questions.push(Request {
                seed: questions.len() as u64,
                bounds,
                ..request(&text(seed, 6), Then::Generate(turn))
            });
        }
    }
    // Held nodes continue once, after one more token.
    let orders = |engine: &mut Engine, node: NodeId| {
        if engine.generated(node).len() < 9 {
            let turn = Turn { after: crate::After::Hold, ..warm(3) };
            engine.extend(node, &[7], Then::Generate(turn)).expect("it holds");
        }
    };
    let settings = Settings { rows: 64, ..settings(512) };
    let (_, accepted, _) = the_same_ahead(settings, &plant_all(questions), &orders);
    assert!(accepted > 1000, "{accepted}");
    // The positions of a small pool are a bound, too.
    let long = vec![request(&text(1, 9), Then::Generate(warm(90)))];
    let (traces, _, _) = the_same_ahead(super::settings(6), &plant_all(long), &no_orders);
    let outcome = traces.values().next().and_then(|trace| trace.outcome.clone());
    assert_eq!(outcome, Some(Outcome::Budget(crate::Bound::Context)));
}

/// Trees of two levels with every kind of join, and constraints that continue in branches.
fn plant_trees(engine: &mut Engine) {
    let ends = |limit: Token| Turn { stops: (0..limit).collect(), keep_stop: true, ..warm(20) };
    let joins = [
        Join::Stitch,
        Join::Replay,
        Join::Value(Conclusion::Generated),
        Join::Select(Choice::First),
        Join::Select(Choice::Best),
        Join::Select(Choice::Quorum(1)),
        Join::Select(Choice::Asked),
    ];
    for (seed, join) in joins.into_iter().enumerate() {
        let asked = Request { seed: seed as u64, ..request(&text(seed as u32, 9), Then::Hold) };
        let root = engine.submit(asked).expect("a tree");
        let branches = vec![drawn(&[], ends(40)), drawn(&text(3, 2), ends(30)), drawn(&[], ends(30)), said(&[4])];
        engine.spawn(root, spawn(branches, join, &[9, 8], Then::Generate(warm(10)))).expect("branches");
    }
    let begun = Turn { after: crate::After::Hold, ..rising(4) };
    engine.submit(request(&text(1, 9), Then::Generate(begun))).expect("a tree");
}

#[test]
fn trees_grow_the_same_whatever_was_guessed() {
    let orders = |engine: &mut Engine, node: NodeId| {
        if let State::Choosing { .. } = engine.nodes[&node].state {
            return engine.choose(node, Some(1)).expect("it asks");
        }
        let branch = drawn(&[], Turn { constraint: TurnConstraint::Continued, ..warm(9) });
        let branches = spawn(vec![branch; 3], Join::Select(Choice::Best), &[], Then::Conclude);
        if engine.generated(node).len() == 4 && engine.nodes[&node].branches == 0 {
            engine.spawn(node, branches).expect("branches");
        }
    };
    for settings in [Settings { rows: 64, ..settings(256) }, Settings { rows: 9, page_tokens: 2, ..settings(80) }] {
        let (traces, accepted, rejected) = the_same_ahead(settings, &plant_trees, &orders);
        assert!(traces.len() > 20 && accepted > 100 && rejected > 100, "{accepted} accepted, {rejected} rejected");
    }
}

/// The chunks of a step, without its drafts.
fn shares(engine: &mut Engine) -> Vec<(NodeId, Vec<crate::kv::sequence::Chunk>, usize)> {
    let mut scheduled = engine.schedule();
    engine.draft(&mut scheduled);
    let shares =
        scheduled.iter().map(|scheduled| (scheduled.node, scheduled.chunks.clone(), scheduled.draft.len())).collect();
    let outputs = engine.compute(&Inline, &scheduled).expect("the back-end computes");
    engine.sample(&scheduled, outputs);
    shares
}

#[test]
fn drafts_take_only_rows_and_pages_that_nobody_else_wants() {
    let settings = Settings { rows: 12, page_tokens: 2, speculation: Some(AHEAD[2]), ..settings(40) };
    let mut drafted = 0;
    for first in [3, 5, 11, 30] {
        let wrong = Fickle { known: BTreeMap::new(), right: 0 };
        let mut engine = device::engine(tiny(), settings).with_drafter(Box::new(wrong));
        // Drafts are always wrong, so both engines are in the same state at every step.
        let mut plain = device::engine(tiny(), Settings { speculation: None, ..settings });
        for engine in [&mut engine, &mut plain] {
            for seed in 0..3 {
                engine.submit(request(&text(seed, first), Then::Generate(warm(9)))).expect("a tree");
            }
        }
        while !plain.is_idle() {
            for engine in [&mut engine, &mut plain] {
                engine.settle();
            }
            let (ours, theirs) = (shares(&mut engine), shares(&mut plain));
            let rows: usize = ours
                .iter()
                .map(|(_, chunks, draft)| draft + chunks.iter().map(|chunk| chunk.count).sum::<usize>())
                .sum();
            assert!(rows <= settings.rows);
            drafted += ours.iter().map(|(_, _, draft)| draft).sum::<usize>();
            let without = |shares: Vec<(NodeId, Vec<crate::kv::sequence::Chunk>, usize)>| -> Vec<_> {
                shares.into_iter().map(|(node, chunks, _)| (node, chunks)).collect()
            };
            assert_eq!(without(ours), without(theirs));
            assert_eq!(engine.usage().preempted, plain.usage().preempted);
            assert_eq!(engine.usage().pages_used, plain.usage().pages_used, "pages of drafts are given back");
            for engine in [&mut engine, &mut plain] {
                engine.settle();
                engine.events.clear();
            }
        }
        assert_eq!(engine.usage().accepted, 0);
    }
    assert!(drafted > 50, "{drafted}");
}

#[test]
fn a_draft_that_is_right_gives_a_token_more_than_it_has() {
    let plant = plant_all(vec![request(&text(1, 8), Then::Generate(Turn::greedy(41)))]);
    let scribe = Scribe::default();
    let mut noting = ahead(settings(64), AHEAD[0]).with_drafter(Box::new(scribe.clone()));
    plant(&mut noting);
    noting.grow();
    let known = scribe.known();
    /// Always right, and certain.
    struct Seer(Known);
    impl Drafter for Seer {
        fn guess(&self, next: &Next<'_>) -> Option<Guess> {
            let token = *self.0.get(&(next.draw.seed, next.draw.path, next.draw.position))?;
            Some(Guess { token, likelihood: 1.0 })
        }
        fn learn(&mut self, _: &Next<'_>, _: &[(Token, f32)], _: Token) {}
    }
    let mut engine = ahead(settings(64), AHEAD[0]).with_drafter(Box::new(Seer(known)));
    plant(&mut engine);
    engine.grow();
    // Ten steps of three draft tokens and the one after them, and a step for the last token.
    assert_eq!((engine.usage().steps, engine.usage().drafted, engine.usage().accepted), (11, 30, 30));
}

#[test]
fn a_resumed_answer_does_not_depend_on_what_was_guessed() {
    let question = request(&text(1, 8), Then::Generate(warm(40)));
    let run = |speculation: Option<Speculation>, resumed: usize| {
        let mut plain = engine(64);
        let root = plain.submit(question.clone()).expect("a tree");
        let written: Vec<_> = plain.grow().iter().filter_map(|event| event.written()).collect();
        let mut record = crate::ReplayLog::new();
        written.iter().take(resumed).for_each(|(_, written)| record.push(&[], *written));
        let mut engine = device::engine(tiny(), Settings { speculation, ..settings(64) });
        let again = engine.submit(question.clone()).expect("a tree");
        engine.resume(again, record).expect("resumed");
        engine.grow();
        assert_eq!(engine.generated(again), plain.generated(root));
        engine.nodes[&again].log_probabilities.clone()
    };
    for resumed in [0, 1, 17, 39] {
        assert_eq!(run(Some(AHEAD[2]), resumed), run(None, resumed));
    }
}

#[test]
fn given_tokens_are_computed_together() {
    let turn = Turn { given: text(5, 30), ..Turn::greedy(30) };
    let question = request(&text(1, 4), Then::Generate(turn));
    let run = |settings| {
        let mut engine = device::engine(tiny(), settings);
        let root = engine.submit(question.clone()).expect("a tree");
        engine.grow();
        (engine.nodes[&root].log_probabilities.clone(), engine.usage().steps)
    };
    let (expected, steps) = run(settings(64));
    let (found, ahead) = run(Settings { speculation: Some(AHEAD[1]), ..settings(64) });
    assert_eq!(found, expected);
    assert_eq!((steps, ahead), (30, 3), "16 rows of a step, 33 rows in all");
}
