//! Fork and score: the probability of each of several texts after one prefix.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::spawn::{Branch, Choice, Join, Spawn};
use crate::engine::turn::{Then, Turn};
use crate::program::growth::{Grown, Growth};
use crate::program::interface::{Ground, Program};
use crate::program::map::plant;
use crate::text::token::Token;

/// How candidates of different length are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ranking {
    /// By the log-probability of the whole.
    Sum,
    /// By the mean log-probability of a token.
    Mean,
}

impl Ranking {
    /// The score of a node.
    pub fn of(self, grown: &Grown) -> f64 {
        match self {
            Ranking::Sum => grown.log_probability,
            Ranking::Mean => grown.log_probability / grown.tokens.len().max(1) as f64,
        }
    }
}

/// The log-probability of each candidate after the prefix. Nothing is drawn, and the seed does not matter. The
/// likeliest candidate is selected, the first among equals; one that could not be computed to its end is never
/// selected.
///
/// The prefix is computed once, and the last token of a candidate is never computed: candidates of `n` tokens after a
/// prefix of `p` take `n - 1` rows each, and `p` rows in total. A candidate's tokens count as generated.
#[derive(Clone, PartialEq, Debug)]
pub struct Score {
    ground: Ground,
    candidates: Vec<Vec<Token>>,
    ranking: Ranking,
    chosen: Option<u32>,
}

impl Score {
    /// Candidates, each of at least one token.
    pub fn new(ground: Ground, candidates: Vec<Vec<Token>>, ranking: Ranking) -> Score {
        Score { ground, candidates, ranking, chosen: None }
    }
}

impl Program for Score {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        let branch = |candidate: &Vec<Token>| {
            let turn = Turn { given: candidate.clone(), ..Turn::greedy(candidate.len()) };
            Branch { tokens: Vec::new(), allowance: candidate.len(), then: Then::Generate(turn) }
        };
        let spawn = Spawn {
            branches: self.candidates.iter().map(branch).collect(),
            join: Join::Select(Choice::Asked),
            needs: 0,
            close: Vec::new(),
            then: Then::Conclude,
        };
        plant(engine, self.ground.request(Then::Hold), spawn)
    }

    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError> {
        let Event::Choose { node, branches } = event else { return Ok(()) };
        let mut best: Option<(f64, u32)> = None;
        for (place, (id, grown)) in growth.branches().enumerate() {
            let score = self.ranking.of(grown);
            if branches.contains(&id) && score.is_finite() && best.is_none_or(|(other, _)| score > other) {
                best = Some((score, place as u32));
            }
        }
        self.chosen = best.map(|(_, place)| place);
        engine.choose(*node, self.chosen)
    }

    fn chosen(&self) -> Option<u32> {
        self.chosen
    }
}
