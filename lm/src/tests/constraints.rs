//! Turns that are constrained, on the tiny model.

use super::*;
use crate::{Choice, Constraint, ConstraintError, Ending, Outcome, TokenSet, TurnConstraint};

/// Numbers in rising order, at most 9 apart, up to 95; after every number that ends in 5, the next number.
#[derive(Clone)]
pub(super) struct Rising {
    pub(super) last: Token,
    pub(super) may_end_from: Token,
}

impl Constraint for Rising {
    fn allowed(&mut self) -> Result<TokenSet, ConstraintError> {
        let mut allowed = TokenSet::default();
        let most = if self.last % 10 == 5 { 1 } else { 9 };
        (self.last + 1..=self.last + most).filter(|token| *token < 96).for_each(|token| allowed.insert(token));
        Ok(allowed)
    }

    fn accept(&mut self, token: Token) -> Result<(), ConstraintError> {
        if !self.allowed()?.contains(token) {
            return Err(ConstraintError::Refused(token));
        }
        self.last = token;
        Ok(())
    }

    fn ending(&mut self) -> Result<Ending, ConstraintError> {
        Ok(match self.last {
            95 => Ending::Must,
            last if last >= self.may_end_from => Ending::May,
            _ => Ending::Not,
        })
    }

    fn forced(&mut self) -> Result<Vec<Token>, ConstraintError> {
        Ok(if self.last % 10 == 5 && self.last < 95 { vec![self.last + 1] } else { Vec::new() })
    }

    fn fork(&self) -> Box<dyn Constraint> {
        Box::new(self.clone())
    }
}

pub(super) fn rising(max_tokens: usize) -> Turn {
    Turn { constraint: Rising { last: 0, may_end_from: 96 }.into(), ..warm(max_tokens) }
}

fn keeps_rising(tokens: &[Token]) -> bool {
    let mut constraint = Rising { last: 0, may_end_from: 96 };
    tokens.iter().all(|token| constraint.accept(*token).is_ok())
}

#[test]
fn a_constrained_turn_follows_its_constraint_to_the_end() {
    for seed in 0..20 {
        let mut engine = engine(64);
        let node = engine.submit(request(&text(seed, 5), Then::Generate(rising(90)))).expect("a tree");
        let events = engine.grow();
        let tokens = engine.generated(node);
        assert!(keeps_rising(tokens) && tokens.last() == Some(&95), "{tokens:?}");
        assert_eq!(engine.outcome(node), Some(&Outcome::Concluded));
        // Forced tokens are not drawn: they take no step of their own.
        let forced = tokens.windows(2).filter(|pair| pair[0] % 10 == 5).count();
        let certain = |event: &&Event| matches!(event, Event::Token { log_probability, .. } if *log_probability == 0.0);
        assert_eq!(events.iter().filter(certain).count(), forced);
        assert_eq!(engine.usage().steps as usize, tokens.len() - forced);
    }
}

#[test]
fn a_stop_may_come_only_where_the_text_may_end() {
    let constraint = Rising { last: 0, may_end_from: 40 };
    for seed in 0..20 {
        let mut engine = engine(64);
        let turn = Turn { constraint: constraint.clone().into(), stops: vec![0, 20, 50], ..warm(90) };
        let node = engine.submit(request(&text(seed, 5), Then::Generate(turn))).expect("a tree");
        engine.grow();
        let tokens = engine.generated(node);
        assert!(keeps_rising(tokens) && tokens.last().is_some_and(|last| *last >= 40), "{tokens:?}");
        assert!(!tokens.contains(&20));
    }
}

#[test]
fn bounds_hold_for_forced_tokens_too() {
    for bound in 1..12 {
        let mut engine = engine(64);
        let node = engine.submit(request(&[1, 2], Then::Generate(rising(bound)))).expect("a tree");
        engine.grow();
        assert_eq!(engine.generated(node).len(), bound);
    }
}

/// The output of a root, and of three branches that continue with its constraint.
fn constrained_tree(engine: &mut Engine, seed: u32) -> (Vec<Token>, Vec<Vec<Token>>) {
    let asked = Request { seed: u64::from(seed), ..request(&text(seed, 9), Then::Generate(rising(4))) };
    let root = engine.submit(asked).expect("a tree");
    engine.grow();
    let own = engine.generated(root).to_vec();
    let branch = drawn(&[], Turn { constraint: TurnConstraint::Continued, ..warm(3) });
    let branches = spawn(vec![branch; 3], Join::Select(Choice::Best), &[], Then::Conclude);
    engine.spawn(root, branches).expect("branches");
    let events = engine.grow();
    let opened = events.iter().filter_map(|event| match event {
        Event::Opened { node, .. } => Some(engine.generated(*node).to_vec()),
        _ => None,
    });
    (own, opened.collect())
}

#[test]
fn branches_go_on_from_the_constraint_of_their_parent() {
    let mut different = 0;
    for seed in 0..10 {
        let (own, branches) = constrained_tree(&mut engine(64), seed);
        assert_eq!(branches.len(), 3);
        for branch in &branches {
            assert!(!branch.is_empty() && keeps_rising(&[&own[..], branch].concat()), "{own:?} {branches:?}");
        }
        different += usize::from(branches[0] != branches[1]);
    }
    assert!(different > 5, "branches draw for themselves");
}

#[test]
fn what_comes_back_of_branches_is_read_by_the_constraint() {
    let mut engine = engine(64);
    let first = Turn { constraint: Rising { last: 0, may_end_from: 96 }.into(), ..Turn::greedy(1) };
    let root = engine.submit(request(&[3, 4], Then::Generate(first))).expect("a tree");
    engine.grow();
    let last = engine.generated(root)[0];
    let next = |after: Token| if after == 95 { 95 } else { after + 1 };
    let branches = vec![said(&[next(last)]), said(&[next(next(last))])];
    let turn = Turn { constraint: TurnConstraint::Continued, ..Turn::greedy(2) };
    engine.spawn(root, spawn(branches, Join::Replay, &[], Then::Generate(turn.clone()))).expect("branches");
    engine.grow();
    let tokens = engine.tokens(root);
    assert!(keeps_rising(&tokens[2..]) && tokens.len() > 5, "{tokens:?}");
    // A constraint that cannot read the text is dropped, which is reported.
    engine.extend(root, &[1], Then::Generate(turn)).expect("more text");
    engine.grow();
    assert_eq!(engine.outcome(root), Some(&Outcome::Invalid));
}

#[test]
fn a_constrained_text_is_the_same_alone_together_and_after_preemption() {
    let run = |engine: &mut Engine, seeds: std::ops::Range<u32>| -> Vec<Vec<Token>> {
        let submitted: Vec<NodeId> = seeds
            .map(|seed| engine.submit(request(&text(seed, 9), Then::Generate(rising(40)))).expect("a tree"))
            .collect();
        engine.grow();
        submitted.into_iter().map(|node| engine.generated(node).to_vec()).collect()
    };
    let alone: Vec<Vec<Token>> = (0..6).flat_map(|seed| run(&mut engine(64), seed..seed + 1)).collect();
    assert!(alone.iter().all(|tokens| keeps_rising(tokens)));
    assert_eq!(run(&mut engine(128), 0..6), alone, "together");
    let mut short = engine(16);
    assert_eq!(run(&mut short, 0..6), alone, "with few pages");
    assert!(short.usage().preempted > 0, "pages ran short");
}
