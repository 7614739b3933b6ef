//! Random scripts: after every step of any sequence of orders, the reference counts are right.

use theoremata_kernels::philox;

use super::speculation::{Fickle, Scribe};
use super::*;
use crate::{After, Choice, Conclusion, Drafter, Ngrams, Prune, Speculation, Usage};

/// Random numbers of a script.
struct Dice {
    seed: u32,
    thrown: u32,
}

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.thrown += 1;
        philox([self.thrown, 0, 0, 0], [self.seed, 1])[0] % bound
    }
}

fn turn(dice: &mut Dice) -> Turn {
    let stops = (0..dice.below(40)).collect();
    let after = if dice.below(3) == 0 { After::Hold } else { After::Conclude };
    Turn { stops, keep_stop: dice.below(2) == 0, after, ..warm(1 + dice.below(9) as usize) }
}

fn then(dice: &mut Dice) -> Then {
    match dice.below(4) {
        0 => Then::Hold,
        1 => Then::Conclude,
        _ => Then::Generate(turn(dice)),
    }
}

fn join(dice: &mut Dice) -> Join {
    let conclusion = |dice: &mut Dice| match dice.below(2) {
        0 => Conclusion::Generated,
        _ => Conclusion::Behind(vec![dice.below(96)]),
    };
    match dice.below(8) {
        0 | 1 => Join::Stitch,
        2 => Join::Replay,
        3 => Join::Value(conclusion(dice)),
        4 => Join::Splice(conclusion(dice)),
        5 => Join::Select(Choice::First),
        6 => Join::Select(Choice::Best),
        _ => Join::Select(Choice::Asked),
    }
}

fn branches(dice: &mut Dice) -> Vec<Branch> {
    (0..1 + dice.below(4))
        .map(|_| {
            let length = dice.below(9) as usize;
            Branch { tokens: text(dice.below(50), length), then: then(dice), allowance: 40 }
        })
        .collect()
}

/// One order to a random node, which may refuse it.
fn order(engine: &mut Engine, nodes: &[NodeId], dice: &mut Dice) {
    let node = nodes[dice.below(nodes.len() as u32) as usize];
    let length = engine.tokens(node).len() as u32;
    let from = dice.below(length + 1) as usize;
    match dice.below(12) {
        0..=4 => {
            let spawn = Spawn {
                branches: branches(dice),
                join: join(dice),
                needs: dice.below(2) as usize,
                close: text(dice.below(9), dice.below(3) as usize),
                then: then(dice),
            };
            let _ = engine.spawn(node, spawn);
        }
        5 | 6 => drop(engine.extend(node, &text(dice.below(9), dice.below(4) as usize), then(dice))),
        7 | 8 => {
            let how = if dice.below(2) == 0 { Prune::Recompute } else { Prune::Splice };
            let _ = engine.prune(node, from..from + 1 + dice.below(6) as usize, how);
        }
        9 => drop(engine.recall(node, from, &text(dice.below(9), 3))),
        10 => drop(engine.choose(node, Some(dice.below(3)))),
        _ => match dice.below(4) {
            0 => engine.forget(node),
            1 => drop(engine.cancel(node)),
            _ => {}
        },
    }
}

fn script(seed: u32, drafter: Option<Box<dyn Drafter>>) -> (Vec<Event>, Usage) {
    let mut dice = Dice { seed, thrown: 0 };
    let (rows, page_tokens) = (1 + dice.below(20) as usize, 1 + dice.below(6) as usize);
    let speculation = drafter.is_some().then_some(Speculation { longest: 6, pass_rows: 100, certain: None });
    let mut engine = device::engine(tiny(), Settings { rows, page_tokens, speculation, ..settings(24) });
    if let Some(drafter) = drafter {
        engine = engine.with_drafter(drafter);
    }
    let (mut nodes, mut bounded, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..60 {
        if nodes.is_empty() || dice.below(8) == 0 {
            let length = 1 + dice.below(12) as usize;
            let mut question = request(&text(dice.below(50), length), then(&mut dice));
            question.seed = nodes.len() as u64;
            if dice.below(3) == 0 {
                question.bounds.pages = 1 + dice.below(12) as usize;
            }
            let pages = question.bounds.pages;
            if let Ok(root) = engine.submit(question) {
                nodes.push(root);
                bounded.push((root, pages));
            }
        }
        order(&mut engine, &nodes, &mut dice);
        assert_eq!(engine.audit(), Ok(()), "seed {seed}, after an order");
        let events = engine.grow_once();
        assert_eq!(engine.audit(), Ok(()), "seed {seed}, after a step");
        let within = |(root, pages): &(NodeId, usize)| engine.pages_held(*root) <= *pages;
        assert!(bounded.iter().all(within), "seed {seed}, a tree holds more pages than it may");
        nodes.extend(events.iter().filter_map(|event| match event {
            Event::Opened { node, parent: Some(_) } => Some(*node),
            _ => None,
        }));
        all.extend(events);
    }
    for _ in 0..5000 {
        if engine.is_idle() {
            break;
        }
        all.extend(engine.grow_once());
        assert_eq!(engine.audit(), Ok(()), "seed {seed}, at the end");
    }
    assert!(engine.is_idle(), "seed {seed}: it came to no end");
    nodes.iter().for_each(|node| engine.forget(*node));
    assert_eq!(engine.audit(), Ok(()), "seed {seed}, all forgotten");
    (all, engine.usage())
}

/// A drafter that is mostly right as long as the script proceeds as it does without drafts.
fn drafter(seed: u32) -> Box<dyn Drafter> {
    let scribe = Scribe::default();
    script(seed, Some(Box::new(scribe.clone())));
    Box::new(Fickle { known: scribe.known(), right: 200 })
}

#[test]
fn references_are_counted_right_after_every_step_of_any_script() {
    let seeds = seeds(200);
    for ahead in [false, true] {
        let (mut joins, mut prunes, mut preempted, mut accepted) = (0, 0, 0, 0);
        for seed in 0..seeds {
            let (events, usage) = script(seed, ahead.then(|| drafter(seed)));
            preempted += usage.preempted;
            accepted += usage.accepted;
            joins += events.iter().filter(|event| matches!(event, Event::Joined { .. })).count();
            prunes += events.iter().filter(|event| matches!(event, Event::Pruned { .. })).count();
        }
        println!(
            "{seeds} scripts: {joins} joins, {prunes} prunes, {preempted} times pages were taken away, \
             {accepted} drafted tokens accepted"
        );
        assert!(joins > seeds as usize && prunes > seeds as usize / 2 && preempted > u64::from(seeds));
        assert_eq!(accepted > u64::from(seeds), ahead);
    }
}

#[test]
fn a_script_gives_the_same_events_again() {
    assert!(script(3, None) == script(3, None));
    assert!(script(3, Some(drafter(3))) == script(3, Some(drafter(3))));
    let ngrams = || Some(Box::new(Ngrams::default()) as Box<dyn Drafter>);
    assert!(script(3, ngrams()) == script(3, ngrams()));
}
