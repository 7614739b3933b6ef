//! Advice: a stuck exploration asks an advisor questions and takes the answers as conjectures.
//!
//! A goal that survives the usual effort raises questions at once ([`Exploration::queries`]), so the advisor works
//! while other blocks run. The answers are received at one point, [`Task::Ask`](super::Task::Ask), in the order of the
//! questions: the result of a run depends on the answers, not on when they arrived. An answer is only a proposal: it is
//! parsed, tested in the models, attempted like any other conjecture, and becomes a theorem only when the checker
//! accepts a proof.
//!
//! No question asks for an induction variable: every variable that admits induction is tried anyway.

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

/// The most questions of one topic about one goal, each asked with more theorems than the last.
const TIMES: usize = 3;
/// The fewest theorems for a question of premise selection.
const FEWEST_THEOREMS: usize = 4;
/// The most open conjectures, in order of interest, that questions are asked about.
const OPEN_ASKED: usize = 4;
/// The most stuck subgoals in a question.
const SUBGOALS: usize = 5;

/// The kind of question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A lemma that would help with a goal.
    Lemma,
    /// Steps of a proof of a goal, each of which follows from the goal's premises and earlier steps.
    Steps,
    /// A statement for a case split of a goal: the goal is proved under it and under its negation.
    Split,
    /// The known theorems that are relevant to a goal.
    Premises,
    /// Conjectures about the theory, in the style of its theorems.
    Conjectures,
}

impl Topic {
    /// All topics, in the order in which they are asked.
    pub const ALL: [Topic; 5] = [Topic::Lemma, Topic::Steps, Topic::Split, Topic::Premises, Topic::Conjectures];

    /// The name used in JSON.
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

/// Which questions an exploration may ask, and how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Advice {
    /// The topics allowed: bit `n` for the `n`-th of [`Topic::ALL`].
    pub topics: u8,
    /// The most questions of a run.
    pub questions: u16,
    /// The most proposals taken from one answer.
    pub proposals: u16,
}

impl Advice {
    /// All topics, few questions.
    pub const DEFAULT: Advice = Advice { topics: 0b1_1111, questions: 16, proposals: 8 };

    /// The defaults, restricted to these topics.
    #[must_use]
    pub fn about(topics: &[Topic]) -> Advice {
        let bit = |(place, topic): (usize, &Topic)| u8::from(topics.contains(topic)) << place;
        let topics = Topic::ALL.iter().enumerate().map(bit).fold(0, |all, bit| all | bit);
        Advice { topics, ..Advice::DEFAULT }
    }

    /// Whether questions of this topic are allowed.
    #[must_use]
    pub fn has(self, topic: Topic) -> bool {
        Topic::ALL.iter().position(|known| *known == topic).is_some_and(|place| self.topics & (1 << place) != 0)
    }
}

/// A question as plain data, before an advisor puts it into words.
#[derive(Clone, Debug)]
pub struct Query {
    /// The number of the question in the run, from 0.
    pub number: u32,
    /// The kind of question.
    pub topic: Topic,
    /// The theory.
    pub theory: Arc<Theory>,
    /// The goal in question; `None` if the question is about the whole theory.
    pub goal: Option<Formula>,
    /// Statements that would have closed the subgoals on which attempts got stuck. They may be false.
    pub stuck: Vec<Formula>,
    /// The theorems known when the question was asked, without corollaries.
    pub theorems: Vec<Premise>,
    /// The corollaries among them: the citations of their proofs tell which other theorems are relevant.
    pub consequences: Vec<Premise>,
    /// The most proposals taken; later ones are ignored.
    pub most: usize,
}

/// A proposal of an advisor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposal {
    /// A statement, in MPL or in infix notation.
    Statement(String),
    /// Numbers of theorems, as in [`TheoremId`].
    Premises(Vec<u32>),
}

/// The outcome of a proposal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// Not a statement of the theory, for this reason.
    Unread(String),
    /// More literals or variables than are attempted, or text that is too long.
    TooLarge,
    /// Already a conjecture.
    Known,
    /// Refuted by a model.
    Refuted,
    /// Every block derives it without help.
    Immediate,
    /// Made the conjecture at this index.
    Conjecture(usize),
    /// The goal is attempted with these theorems only.
    Attempt,
}

/// A question that was asked, and its answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// The kind of question.
    pub topic: Topic,
    /// The conjecture in question.
    pub about: Option<usize>,
    /// The number of theorems known.
    theorems: u32,
    stuck: Vec<Clause>,
    /// The proposals with their outcomes; `None` until the answer is received.
    pub answer: Option<Vec<(Proposal, Received)>>,
}

/// The state of all questions of an exploration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consultation {
    pub(crate) asked: Vec<Asked>,
    /// Pending attempts with selected theorems: the conjecture, and the theorems.
    pub(crate) chosen: Vec<(usize, Vec<u32>)>,
    /// The number of questions that [`Exploration::queries`] has returned.
    given: usize,
}

impl Exploration {
    /// The questions that were asked, in order.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.consultation.asked
    }

    /// The questions not yet returned by this function, for an advisor. After a restart, all unanswered questions.
    pub fn queries(&mut self) -> Vec<Query> {
        let consultation = &self.consultation;
        let fresh = consultation.given.max(self.answered())..consultation.asked.len();
        let queries = fresh.clone().map(|number| self.query(number)).collect();
        self.consultation.given = fresh.end;
        queries
    }

    /// The number of questions without an answer.
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

    /// The statement of a conjecture as it was while open: a proof may rename its variables, but a question must not
    /// depend on when it is built.
    fn asked_statement(&self, place: usize) -> Option<Formula> {
        let conjecture = &self.conjectures[place];
        if is_asked(&conjecture.origin) {
            return Some(conjecture.statement.clone());
        }
        self.statement_of(conjecture.clause.as_ref()?)
    }

    /// Adds questions about a goal that has just survived the usual effort.
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

    /// Asks, once, for conjectures about the theory and for lemmas for the most interesting open conjectures. Returns
    /// whether it did.
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

    /// A round of attempts with selected theorems, at most one for each open goal; `None` if there are none.
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
