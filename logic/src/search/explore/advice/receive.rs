//! Receiving answers: each proposal becomes a conjecture, an attempt, or a reason for its rejection.

use crate::calculus::theory::Goal;
use crate::clauses::clause::Clause;
use crate::conjecture::canonical;
use crate::language::infix::Infix;
use crate::models::evaluate::Evaluator;
use crate::search::ended::kept_apart;
use crate::search::explore::Exploration;
use crate::search::explore::conjecture::Origin;

use super::{Proposal, Received, Topic};

/// The longest proposal that is parsed, in bytes.
const LONGEST: usize = 600;
/// The most literals and variables of a proposed conjecture: each costs work in the models and in every block.
const MOST_LITERALS: usize = 10;
const MOST_VARIABLES: u16 = 8;
/// The most assignments tested in each model.
const ASSIGNMENTS: u64 = 20_000;
/// The most theorems of one attempt.
const MOST_PREMISES: usize = 64;

impl Exploration {
    /// Receives the answers to all pending questions, in the order of [`Exploration::queries`].
    ///
    /// # Panics
    /// If the number of answers differs from the number of pending questions.
    pub fn advise(&mut self, answers: Vec<Vec<Proposal>>) {
        let first = self.answered();
        assert_eq!(answers.len(), self.unanswered(), "one answer for each question");
        let most = self.options.advice.map_or(0, |advice| usize::from(advice.proposals));
        for (number, answer) in (first..).zip(answers) {
            let mut taken = Vec::new();
            for proposal in answer.into_iter().take(most) {
                let received = self.receive(number, &proposal);
                taken.push((shortened(proposal), received));
            }
            self.consultation.asked[number].answer = Some(taken);
        }
        self.round += 1;
    }

    fn receive(&mut self, number: usize, proposal: &Proposal) -> Received {
        let (topic, about) = (self.consultation.asked[number].topic, self.consultation.asked[number].about);
        match (topic, proposal, about) {
            (Topic::Premises, Proposal::Premises(chosen), Some(place)) => self.receive_premises(place, chosen),
            (Topic::Premises, ..) => Received::Unread("it names no theorems".to_owned()),
            (_, Proposal::Statement(text), about) => {
                let read = kept_apart(|| self.read(topic, about, text));
                match read.unwrap_or_else(|said| Err(Received::Unread(said.to_string()))) {
                    Ok(clauses) => self.receive_clauses(number, clauses),
                    Err(received) => received,
                }
            }
            (_, Proposal::Premises(_), _) => Received::Unread("it is no statement".to_owned()),
        }
    }

    fn receive_premises(&mut self, place: usize, chosen: &[u32]) -> Received {
        if chosen.len() > MOST_PREMISES {
            return Received::TooLarge;
        }
        if chosen.iter().any(|id| *id as usize >= self.theorems.len()) {
            return Received::Unread("it names a theorem that there is not".to_owned());
        }
        let mut chosen = chosen.to_vec();
        chosen.sort_unstable();
        chosen.dedup();
        // The goal was already attempted with all theorems.
        if chosen.len() >= self.rules() as usize || self.consultation.chosen.contains(&(place, chosen.clone())) {
            return Received::Known;
        }
        self.consultation.chosen.push((place, chosen));
        Received::Attempt
    }

    /// The best outcome among several clauses.
    fn receive_clauses(&mut self, number: usize, clauses: Vec<Clause>) -> Received {
        let all = clauses.into_iter().map(|clause| self.receive_clause(number, clause));
        let all: Vec<Received> = all.collect();
        let best = all.iter().find(|received| matches!(received, Received::Conjecture(_)));
        let refuted = || all.iter().find(|received| **received == Received::Refuted);
        best.or_else(refuted).or(all.first()).cloned().unwrap_or(Received::Known)
    }

    fn receive_clause(&mut self, number: usize, clause: Clause) -> Received {
        let clause = canonical(&clause);
        if clause.premises.len() >= MOST_LITERALS || clause.variables > MOST_VARIABLES {
            return Received::TooLarge;
        }
        if self.known.contains(&clause) {
            return Received::Known;
        }
        let fails = |evaluator: Evaluator<'_>| evaluator.refute_within(&clause, ASSIGNMENTS).is_some();
        if self.models.iter().any(|model| fails(Evaluator::new(model))) {
            return Received::Refuted;
        }
        if self.follows_at_once(&clause) {
            return Received::Immediate;
        }
        let place = self.conjectures.len();
        self.add(clause, Origin::Advised(number as u32));
        if self.conjectures.len() == place {
            return Received::Unread("it cannot be said as a statement".to_owned());
        }
        Received::Conjecture(place)
    }

    /// The clauses of a proposed statement.
    fn read(&self, topic: Topic, about: Option<usize>, text: &str) -> Result<Vec<Clause>, Received> {
        if text.len() > LONGEST {
            return Err(Received::TooLarge);
        }
        let infix = Infix::new(&self.theory);
        let goal = || about.map(|place| self.reading().statement(&self.conjectures[place].statement).to_string());
        let read: Result<Vec<Goal>, String> = match (topic, goal()) {
            (Topic::Steps, Some(goal)) => infix.step(&goal, text).map(|step| vec![step]),
            (Topic::Split, Some(goal)) => infix.split(&goal, text).map(Vec::from),
            _ => infix.goal(text).map(|statement| vec![statement]),
        };
        let mut clauses = Vec::new();
        for goal in read.map_err(Received::Unread)? {
            let mut compiled = (*self.compiled).clone();
            let clause = compiled.read_statement(&self.theory, &goal.statement).and_then(|(_, read)| read.ok());
            // A compound formula would become a new relation, which running blocks do not know.
            let plain = compiled.signature.relations.len() == self.compiled.signature.relations.len();
            let read = clause.filter(|_| plain).ok_or_else(|| Received::Unread("it is no clause".to_owned()))?;
            clauses.extend(read.into_iter().map(|axiom| axiom.clause));
        }
        Ok(clauses)
    }
}

/// The part of a proposal that is recorded: one that is too long is truncated.
fn shortened(proposal: Proposal) -> Proposal {
    match proposal {
        Proposal::Statement(text) if text.len() > LONGEST => {
            let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            Proposal::Statement(format!("{}…", &text[..end]))
        }
        Proposal::Premises(mut chosen) => {
            chosen.truncate(MOST_PREMISES + 1);
            Proposal::Premises(chosen)
        }
        kept => kept,
    }
}
