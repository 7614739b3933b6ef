//! Majority vote: several answers to one question, and the one that most of them agree on.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::spawn::{Branch, Choice, Join, Spawn};
use crate::engine::turn::{Then, Turn};
use crate::program::growth::Growth;
use crate::program::interface::{Ground, Program, share};
use crate::program::map::plant;
use crate::text::token::Token;

/// The ballot of an answer.
type Ballot<'a> = Box<dyn Fn(&[Token]) -> Option<Vec<u8>> + 'a>;

/// Several answers to one question. The most frequent one is taken; among equals, the one with the lowest sample index.
/// Answers that were cut off do not vote.
pub struct Vote<'a> {
    ground: Ground,
    samples: usize,
    turn: Turn,
    least: usize,
    ballot: Ballot<'a>,
    chosen: Option<u32>,
    votes: Vec<(u32, usize)>,
}

impl<'a> Vote<'a> {
    /// `samples` samples, of which at least `least` have to agree; with fewer the program fails.
    ///
    /// `ballot` maps an answer to its ballot: two answers agree if these are the same bytes; `None` does not vote. It
    /// has to be a function of the tokens alone.
    pub fn new(
        ground: Ground,
        samples: usize,
        turn: Turn,
        least: usize,
        ballot: impl Fn(&[Token]) -> Option<Vec<u8>> + 'a,
    ) -> Vote<'a> {
        Vote { ground, samples, turn, least, ballot: Box::new(ballot), chosen: None, votes: Vec::new() }
    }

    /// Each distinct answer, as the index of the first sample that gave it, with its votes: in order of index.
    fn count(&self, growth: &Growth, concluded: &[NodeId]) -> Vec<(u32, usize)> {
        let voted = growth.branches().zip(0..).filter(|((id, _), _)| concluded.contains(id));
        count_votes(voted.map(|((_, grown), place)| (place, (self.ballot)(&grown.tokens))))
    }
}

/// Each distinct ballot, as the index of the first that cast it, with its votes, in order of index. `None` is not
/// counted.
pub fn count_votes(ballots: impl IntoIterator<Item = (u32, Option<Vec<u8>>)>) -> Vec<(u32, usize)> {
    let mut counted: Vec<(Vec<u8>, u32, usize)> = Vec::new();
    for (place, ballot) in ballots.into_iter().filter_map(|(place, ballot)| Some((place, ballot?))) {
        match counted.iter_mut().find(|(other, _, _)| *other == ballot) {
            Some((_, _, votes)) => *votes += 1,
            None => counted.push((ballot, place, 1)),
        }
    }
    counted.into_iter().map(|(_, place, votes)| (place, votes)).collect()
}

/// The answer with the most votes, the first among equals, if at least `least` agree on it.
pub fn elected(votes: &[(u32, usize)], least: usize) -> Option<u32> {
    let most = votes.iter().map(|(_, votes)| *votes).max().unwrap_or(0);
    votes.iter().find(|(_, votes)| *votes == most && most >= least.max(1)).map(|(place, _)| *place)
}

impl Program for Vote<'_> {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        let request = self.ground.request(Then::Hold);
        plant(engine, request, asked(self.samples, &self.turn, self.ground.bounds.tokens))
    }

    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError> {
        let Event::Choose { node, branches } = event else { return Ok(()) };
        self.votes = self.count(growth, branches);
        self.chosen = elected(&self.votes, self.least);
        engine.choose(*node, self.chosen)
    }

    fn chosen(&self) -> Option<u32> {
        self.chosen
    }

    fn votes(&self) -> &[(u32, usize)] {
        &self.votes
    }
}

/// Branches that continue from the prefix, of which the program selects one.
pub(super) fn asked(samples: usize, turn: &Turn, there_is: usize) -> Spawn {
    let allowance = share(turn.max_tokens, there_is, samples);
    let branch = Branch { tokens: Vec::new(), then: Then::Generate(turn.clone()), allowance };
    Spawn {
        branches: vec![branch; samples],
        join: Join::Select(Choice::Asked),
        needs: 0,
        close: Vec::new(),
        then: Then::Conclude,
    }
}
