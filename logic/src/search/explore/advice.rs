//! Advice: an exploration that is stuck asks questions, and takes the answers as conjectures.
//!
//! A goal that withstood the usual effort becomes questions at once ([`Exploration::queries`]), so that an advisor can think
//! while other blocks work. The answers are taken at one point of the exploration, [`Task::Ask`](super::Task::Ask), in the
//! order of the questions. So what comes of a run depends on the answers, and not on when they came. An answer is a
//! proposal and nothing more: it is read, refuted in the models if one of them can, tried like any other conjecture, and
//! called a theorem only when the checker has accepted a proof.
//!
//! Nothing is asked about the variable of an induction: every variable to which induction applies is tried anyway.

mod receive;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::Theory;
use crate::clauses::clause::Clause;
use crate::search::attempt::{Effort, LogicBlock};
use crate::search::premises::Premise;

use super::conjecture::{Fate, LAST, Origin, USUAL, is_asked};
use super::{Exploration, Stage, Task, Theorem};

/// How often one goal is asked about, each time with more theorems than before.
const TIMES: usize = 3;
/// Theorems that there must be before it is asked which of them matter.
const FEWEST_THEOREMS: usize = 4;
/// Open conjectures of an exploration that are asked about, the most interesting ones.
const OPEN_ASKED: usize = 4;
/// Stuck subgoals of a question.
const SUBGOALS: usize = 5;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A lemma that would help with a goal.
    Lemma,
    /// Steps of a proof of a goal: each follows from the goal's premises and the steps before it.
    Steps,
    /// A statement to split a goal by: the goal is proved where it holds, and where it does not.
    Split,
    /// Which of the theorems known matter for a goal.
    Premises,
    /// Conjectures about the theory, in the manner of its theorems.
    Conjectures,
}

impl Topic {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Topic; 5] = [Topic::Lemma, Topic::Steps, Topic::Split, Topic::Premises, Topic::Conjectures];

    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Topic::Lemma => "lemma",
            Topic::Steps => "steps",
            Topic::Split => "split",
            Topic::Premises => "premises",
            Topic::Conjectures => "conjectures",
        }
    }
}

/// How an exploration may be advised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Advice {
    /// What may be asked: bit `n` for the `n`-th of [`Topic::ALL`].
    pub topics: u8,
    /// Questions at most.
    pub questions: u16,
    /// Proposals that are taken of one answer.
    pub proposals: u16,
}

impl Advice {
    /// All topics, a few questions.
    pub const DEFAULT: Advice = Advice { topics: 0b1_1111, questions: 16, proposals: 8 };

    /// The same about these topics alone.
    #[must_use]
    pub fn about(topics: &[Topic]) -> Advice {
        let bit = |(place, topic): (usize, &Topic)| u8::from(topics.contains(topic)) << place;
        let topics = Topic::ALL.iter().enumerate().map(bit).fold(0, |all, bit| all | bit);
        Advice { topics, ..Advice::DEFAULT }
    }

    /// Whether this may be asked.
    #[must_use]
    pub fn has(self, topic: Topic) -> bool {
        Topic::ALL.iter().position(|known| *known == topic).is_some_and(|place| self.topics & (1 << place) != 0)
    }
}

/// A question, ready to be put in any words.
#[derive(Clone, Debug)]
pub struct Query {
    /// Its number in the run, from 0.
    pub number: u32,
    /// What is asked.
    pub topic: Topic,
    /// The theory.
    pub theory: Arc<Theory>,
    /// The goal that it is about, if it is about one.
    pub goal: Option<Formula>,
    /// Statements that would have closed what attempts at the goal got stuck on. They may be false.
    pub stuck: Vec<Formula>,
    /// The theorems that were known when it was asked, those that follow at once left out.
    pub theorems: Vec<Premise>,
    /// Those that were left out: what their proofs cite tells of others.
    pub consequences: Vec<Premise>,
    /// Proposals that are taken at most; those behind are not looked at.
    pub most: usize,
}

/// What an advisor proposes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposal {
    /// A statement, in MPL or as people write it.
    Statement(String),
    /// The numbers of theorems, as [`TheoremId`] has them.
    Premises(Vec<u32>),
}

/// What became of a proposal when it was taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// It is no statement of the theory, and why.
    Unread(String),
    /// It has more literals or variables than are tried.
    TooLarge,
    /// It was a conjecture before.
    Known,
    /// A model refutes it.
    Refuted,
    /// Every block finds it by itself.
    Immediate,
    /// It became the conjecture at this place.
    Conjecture(usize),
    /// The goal is tried with these theorems alone.
    Attempt,
}

/// A question that was asked, and what came of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// What was asked.
    pub topic: Topic,
    /// The conjecture that it was about.
    pub about: Option<usize>,
    /// How many theorems were known.
    theorems: u32,
    stuck: Vec<Clause>,
    /// The proposals and what became of each; `None` before the answer was taken.
    pub answer: Option<Vec<(Proposal, Received)>>,
}

/// What an exploration knows of its questions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consultation {
    pub(crate) asked: Vec<Asked>,
    /// Attempts with chosen theorems that are still to be made: the conjecture, and the theorems.
    pub(crate) chosen: Vec<(usize, Vec<u32>)>,
    /// How many questions were given away by [`Exploration::queries`].
    given: usize,
}

impl Exploration {
    /// The questions that were asked, in order.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.consultation.asked
    }

    /// Questions that nobody was given yet, for an advisor to think about. After a restart these are all that were not
    /// answered.
    pub fn queries(&mut self) -> Vec<Query> {
        let consultation = &self.consultation;
        let fresh = consultation.given.max(self.answered())..consultation.asked.len();
        let queries = fresh.clone().map(|number| self.query(number)).collect();
        self.consultation.given = fresh.end;
        queries
    }

    /// Questions that wait for an answer.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.consultation.asked.len() - self.answered()
    }

    fn answered(&self) -> usize {
        self.consultation.asked.iter().take_while(|asked| asked.answer.is_some()).count()
    }

    fn query(&self, number: usize) -> Query {
        let asked = &self.consultation.asked[number];
        let known = self.theorems.iter().zip(0..).take(asked.theorems as usize);
        let premise = |(theorem, id): (&Theorem, u32)| Premise {
            id: TheoremId(id),
            statement: theorem.checked.statement().clone(),
            cites: theorem.checked.basis().theorems.to_vec(),
        };
        let (consequences, rules): (Vec<_>, Vec<_>) = known.partition(|(theorem, _)| theorem.corollary);
        Query {
            number: number as u32,
            topic: asked.topic,
            theory: self.theory.clone(),
            goal: asked.about.and_then(|place| self.asked_statement(place)),
            stuck: asked.stuck.iter().filter_map(|clause| self.statement_of(clause)).collect(),
            theorems: rules.into_iter().map(premise).collect(),
            consequences: consequences.into_iter().map(premise).collect(),
            most: self.options.advice.map_or(0, |advice| usize::from(advice.proposals)),
        }
    }

    /// The statement of a conjecture as it was when it was open: a proof may call its variables otherwise, and a question is
    /// the same whenever it is put.
    fn asked_statement(&self, place: usize) -> Option<Formula> {
        let conjecture = &self.conjectures[place];
        if is_asked(&conjecture.origin) {
            return Some(conjecture.statement.clone());
        }
        self.statement_of(conjecture.clause.as_ref()?)
    }

    /// Puts down questions about a goal that has just withstood the usual effort.
    pub(super) fn consult(&mut self, place: usize, stuck: &[Clause]) {
        let conjecture = &self.conjectures[place];
        if conjecture.tried[USUAL] == 0 || !is_asked(&conjecture.origin) || matches!(conjecture.fate, Fate::Refuted(..))
        {
            return;
        }
        self.ask_about(place, stuck, &[Topic::Lemma, Topic::Steps, Topic::Split, Topic::Premises]);
    }

    fn ask_about(&mut self, place: usize, stuck: &[Clause], topics: &[Topic]) {
        let Some(advice) = self.options.advice else { return };
        let theorems = self.theorems.len() as u32;
        for topic in topics.iter().copied().filter(|topic| advice.has(*topic)) {
            let asked = &self.consultation.asked;
            let before = asked.iter().filter(|asked| asked.topic == topic && asked.about == Some(place));
            let news = before.clone().next_back().is_none_or(|last| last.theorems < theorems && last.answer.is_some());
            let few = topic == Topic::Premises && (self.rules() as usize) < FEWEST_THEOREMS;
            if !news || few || before.count() >= TIMES || asked.len() >= usize::from(advice.questions) {
                continue;
            }
            let stuck = stuck.iter().take(SUBGOALS).cloned().collect();
            self.consultation.asked.push(Asked { topic, about: Some(place), theorems, stuck, answer: None });
        }
    }

    /// Asks for conjectures about the theory, and for lemmas for the most interesting open ones, once; whether it did.
    pub(super) fn consult_about_all(&mut self) -> bool {
        let Some(advice) = self.options.advice.filter(|_| self.options.generate) else { return false };
        let asked_before = self.consultation.asked.iter().any(|asked| asked.topic == Topic::Conjectures);
        if asked_before || !advice.has(Topic::Conjectures) || advice.questions == 0 {
            return false;
        }
        let theorems = self.theorems.len() as u32;
        let question = Asked { topic: Topic::Conjectures, about: None, theorems, stuck: Vec::new(), answer: None };
        self.consultation.asked.push(question);
        let open = |(place, conjecture): (usize, &super::Conjecture)| match &conjecture.fate {
            Fate::Open(open) if conjecture.origin == Origin::Generated => {
                let subgoals = open.inductions.iter().flat_map(|induction| induction.subgoals.clone());
                Some((place, subgoals.collect::<Vec<Clause>>()))
            }
            _ => None,
        };
        let open: Vec<_> = self.conjectures.iter().enumerate().filter_map(open).take(OPEN_ASKED).collect();
        for (place, stuck) in open {
            self.ask_about(place, &stuck, &[Topic::Lemma]);
        }
        true
    }

    /// A round of attempts with chosen theorems, one for each goal that is still open; `None` if there is none.
    pub(super) fn chosen_round(&mut self) -> Option<Task> {
        if !matches!(self.stage, Stage::Goals | Stage::Generated) {
            return None;
        }
        let mut round: Vec<(usize, Vec<u32>)> = Vec::new();
        let mut later = Vec::new();
        for (place, chosen) in std::mem::take(&mut self.consultation.chosen) {
            let open = matches!(self.conjectures[place].fate, Fate::Waiting | Fate::Open(_));
            if open && round.len() < self.options.window && round.iter().all(|(other, _)| *other != place) {
                round.push((place, chosen));
            } else if open {
                later.push((place, chosen));
            }
        }
        self.consultation.chosen = later;
        let effort = Effort { splits: 0, equations: 0, ..self.options.last_effort.unwrap_or(Effort::USUAL) };
        let blocks: Vec<LogicBlock> =
            round.iter().map(|(place, chosen)| self.narrow_block(*place, chosen, effort)).collect();
        self.running_level = LAST;
        self.running = round.into_iter().map(|(place, _)| place).collect();
        (!blocks.is_empty()).then_some(Task::Solve(blocks))
    }
}
