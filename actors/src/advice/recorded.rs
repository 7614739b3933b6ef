//! Replays the recorded answers of an advised run.

use theoremata_logic::search::explore::{Asked, Proposal, Query, Topic};

use super::advisor::Advisor;

/// An advisor that returns recorded answers.
#[derive(Debug)]
pub struct Recorded {
    answers: Vec<(Topic, Vec<Proposal>)>,
    waiting: Vec<(usize, Topic)>,
}

impl Recorded {
    /// Replays the answers to the queries of a run, in order, up to the first unanswered one.
    #[must_use]
    pub fn new(asked: &[Asked]) -> Recorded {
        let answered = asked.iter().map_while(|asked| {
            let proposals = asked.answer.as_ref()?.iter().map(|(proposal, _)| proposal.clone()).collect();
            Some((asked.topic, proposals))
        });
        Recorded { answers: answered.collect(), waiting: Vec::new() }
    }
}

impl Advisor for Recorded {
    fn post(&mut self, queries: Vec<Query>) {
        self.waiting.extend(queries.iter().map(|query| (query.number as usize, query.topic)));
    }

    fn answers(&mut self) -> Result<Vec<Vec<Proposal>>, String> {
        let answer = |(number, topic): (usize, Topic)| match self.answers.get(number) {
            Some((asked, proposals)) if *asked == topic => Ok(proposals.clone()),
            Some(_) => Err(format!("question {} was another one when it was asked", number + 1)),
            None => Err(format!("question {} was never answered", number + 1)),
        };
        std::mem::take(&mut self.waiting).into_iter().map(answer).collect()
    }
}
