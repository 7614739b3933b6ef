//! Exploration: from a theory to its theorems, round after round.
//!
//! An [`Exploration`] decides what is tried next and what is made of the outcome. It hands out logic
//! blocks, one for each conjecture of a round, and takes their verdicts back in the same order. All
//! blocks of a round stand on the same root block and the same rules; what a round proves is checked,
//! numbered and turned into rules when the round is over. So the outcome depends on the theory and
//! the options alone, not on who ran the blocks in which order.

mod advice;
mod commit;
mod conjecture;
mod essential;
mod exhaustion;
mod generate;
mod interest;
mod known;
mod learn;
mod narrow;
mod note;
mod prepare;
mod quantified;
mod refute;
mod schedule;
mod scope;
mod sift;
mod theorem;
mod wish;
mod witness;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::{Goal, Theory};
use crate::clauses::clause::Clause;
use crate::clauses::compile::{Compiled, Move};
use crate::conjecture::Refuted;
use crate::language::notation::{Notation, Reading};
use crate::models::model::Model;
use crate::saturation::block::Snapshot;
use crate::saturation::book::RuleBook;
use crate::search::attempt::{Effort, LogicBlock};
use crate::search::library::{Library, Source};
use crate::search::premises::Fingerprint;

pub(crate) use advice::Consultation;
pub use advice::{Advice, Asked, Proposal, Query, Received, Topic};
pub(crate) use conjecture::LEVELS;
pub use conjecture::{Conjecture, Fate, Open, OpenInduction, Origin};
pub(crate) use generate::Generation;
pub use interest::{Interest, Listed, Variant};
use learn::root_of;
pub use note::Note;
use prepare::read_goal;
pub(crate) use quantified::Quantified;
pub(crate) use refute::When;
use scope::Dependencies;
pub(crate) use sift::Sifting;
pub use theorem::{Counts, Theorem};
pub use wish::Failure;

/// What is wanted of an exploration, and its bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Whether conjectures are generated. Without, only goals are tried, and what they seem to need.
    pub generate: bool,
    /// Whether conjectures of all sizes that the bounds allow are generated, however many there are; else of those only
    /// that can be generated with moderate work.
    pub all_sizes: bool,
    /// Conjectures that are tried in one round.
    pub window: usize,
    /// Individuals of the piece of an inductive structure in which conjectures are tested.
    pub ground: u16,
    /// The efforts for a conjecture, one after the other. A new theorem begins anew with the first.
    pub efforts: [Effort; 2],
    /// The effort for goals that are open after that, and for all conjectures of a theory that is not Horn.
    pub by_cases: Effort,
    /// The effort for goals that are open in the end; `None`: no last attempt.
    pub last_effort: Option<Effort>,
    /// How many lemmas may be made of stuck subgoals.
    pub lemmas: usize,
    /// How it may be advised; `None`: nobody is asked.
    pub advice: Option<Advice>,
}

impl Options {
    /// What serves most theories.
    pub const DEFAULT: Options = Options {
        generate: true,
        all_sizes: false,
        window: 16,
        ground: 64,
        efforts: [Effort::QUICK, Effort::USUAL],
        by_cases: Effort::CASES,
        last_effort: Some(Effort::HIGH),
        lemmas: 200,
        advice: None,
    };
}

impl Default for Options {
    fn default() -> Self {
        Options::DEFAULT
    }
}

/// What is to be done next.
#[derive(Debug)]
pub enum Task {
    /// Make models or conjectures: call [`Exploration::prepare`].
    Prepare,
    /// Run these blocks, give their verdicts to [`Exploration::commit`] in this order.
    Solve(Vec<LogicBlock>),
    /// Take the answers to the questions that wait: give them to [`Exploration::advise`].
    Ask,
    /// Nothing.
    Finished,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Stage {
    Fresh,
    /// Goals alone.
    Goals,
    /// Generated conjectures as well.
    Generated,
    /// Goals once more, with the last effort.
    Last,
    Finished,
    /// Goals were tried, and conjectures are to be generated.
    Wanting,
    /// Nothing is left to be tried but laws with a quantifier inside.
    Quantifying,
    /// Nothing is left to be tried: what is open may fail in a finite model, and the essential theorems are marked.
    Closing,
    /// Goals withstood a first attempt: before more is done, they may fail in a small model.
    Doubting,
    /// Generated conjectures stay open: before more is done, they may fail in a small model.
    Sifting,
}

/// See the module's page.
#[derive(Clone, Debug)]
pub struct Exploration {
    theory: Arc<Theory>,
    notation: Notation,
    options: Options,
    compiled: Arc<Compiled>,
    /// What the relations and constants are defined with.
    dependencies: Arc<Dependencies>,
    book: RuleBook,
    root: Arc<Snapshot>,
    /// The models in which conjectures are tested.
    pub models: Vec<Model>,
    /// What structures of the theory presumably look like, where nothing certain is known: it refutes nothing, but what
    /// fails there is no conjecture.
    presumed: Vec<Model>,
    /// All conjectures, goals first.
    pub conjectures: Vec<Conjecture>,
    /// The generated conjectures that a model refutes.
    pub refuted: Vec<Refuted>,
    /// All theorems, in order of acceptance.
    pub theorems: Vec<Theorem>,
    /// A contradiction that follows from the axioms: the theorem that says so.
    pub inconsistency: Option<TheoremId>,
    pub(crate) statements: Vec<Formula>,
    known: HashSet<Clause>,
    pub(crate) counts: Counts,
    pub(crate) stage: Stage,
    pub(crate) round: u32,
    running: Vec<usize>,
    /// The effort of what is running, as a place in [`Conjecture::tried`].
    running_level: usize,
    /// Lemmas that stuck proofs ask for, with the conjecture: tried when nothing else is left to do.
    pub(crate) wanted: Vec<(Clause, usize)>,
    /// The generations of conjectures: when only goals are asked for, small conjectures about little come first.
    pub(crate) generations: Vec<Generation>,
    /// The goals that were refuted when they had withstood attempts, and when that was.
    pub(crate) late_models: Vec<(usize, When)>,
    /// The place of the statement that the contradiction proves.
    pub(crate) falsity_at: Option<usize>,
    /// The number of atoms of the smallest conjectures that were not generated, since there are too many.
    too_large: Option<usize>,
    /// What panics in the preparation said.
    lost: Vec<Arc<str>>,
    /// Whether the statements of [`exhaustion`] are among the conjectures.
    pub(crate) knows_exhaustions: bool,
    /// Whether goals that withstood a first attempt were looked at in small models.
    pub(crate) has_doubted: bool,
    /// When open conjectures were sifted, and what came of it.
    pub(crate) siftings: Vec<Sifting>,
    /// The laws with a quantifier inside that were proved in the end.
    pub(crate) quantified: Option<Quantified>,
    /// What an advisor was asked, and what came of it.
    pub(crate) consultation: Consultation,
    /// What tells which theorems matter for a goal, of each theorem; `None` of one that is no plain statement. Worked out
    /// when it is needed first.
    pub(crate) fingerprints: Vec<Option<Fingerprint>>,
    /// The theorems of used theories that could not be taken over.
    pub(crate) left: Vec<(Source, Arc<str>)>,
}

impl Exploration {
    /// An exploration of a theory; its goals and `more` are tried first.
    #[must_use]
    pub fn new(theory: Arc<Theory>, more: &[Goal], options: Options) -> Exploration {
        Exploration::with_library(theory, more, options, Library::default())
    }

    /// An exploration that knows theorems of the theories that its theory uses.
    #[must_use]
    pub fn with_library(theory: Arc<Theory>, more: &[Goal], options: Options, library: Library) -> Exploration {
        let goals: Vec<Goal> = theory.goals.iter().chain(more).cloned().collect();
        let mut seen = HashSet::new();
        let formulas: Vec<&Formula> =
            goals.iter().map(|goal| &goal.statement).filter(|statement| seen.insert(*statement)).collect();
        let mut compiled = Compiled::new(&theory, &formulas);
        let mut conjectures = Vec::new();
        let mut known = HashSet::new();
        // A statement that is asked several times is one conjecture.
        let mut asked: HashMap<&Formula, usize> = HashMap::new();
        for goal in &goals {
            match asked.get(&goal.statement) {
                Some(place) => {
                    let first: &mut Conjecture = &mut conjectures[*place];
                    first.also.push(goal.clone());
                }
                None => {
                    asked.insert(&goal.statement, conjectures.len());
                    read_goal(&theory, &mut compiled, goal, &mut conjectures, &mut known);
                }
            }
        }
        let theorems = known::enter(&theory, &compiled, library.theorems, &mut conjectures, &mut known);
        let compiled = Arc::new(compiled);
        let book = RuleBook::new(&compiled);
        let root = Arc::new(root_of(&book).rest());
        let mut exploration = Exploration {
            notation: Reading::new(&theory).notation(),
            theory,
            options,
            dependencies: Arc::new(Dependencies::of(&compiled)),
            compiled,
            book,
            root,
            models: Vec::new(),
            presumed: Vec::new(),
            refuted: Vec::new(),
            conjectures,
            statements: theorems.iter().map(|theorem| theorem.checked.statement().clone()).collect(),
            theorems,
            inconsistency: None,
            known,
            counts: Counts::default(),
            stage: Stage::Fresh,
            round: 0,
            running: Vec::new(),
            running_level: 0,
            wanted: Vec::new(),
            generations: Vec::new(),
            late_models: Vec::new(),
            falsity_at: None,
            too_large: None,
            lost: Vec::new(),
            knows_exhaustions: false,
            has_doubted: false,
            siftings: Vec::new(),
            quantified: None,
            consultation: Consultation::default(),
            fingerprints: Vec::new(),
            left: library.left,
        };
        if !exploration.theorems.is_empty() {
            exploration.rebuild_root();
        }
        exploration
    }

    /// The theory.
    #[must_use]
    pub fn theory(&self) -> &Arc<Theory> {
        &self.theory
    }

    /// The compiled theory.
    #[must_use]
    pub fn compiled(&self) -> &Arc<Compiled> {
        &self.compiled
    }

    /// Whether there is nothing left to do.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// Whether conjectures were made; when only goals are asked for, they are made if the goals alone do not suffice.
    #[must_use]
    pub fn has_generated(&self) -> bool {
        !self.generations.is_empty()
    }

    /// The round: how many times verdicts have been committed.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.round
    }

    /// How far the exploration is: conjectures that are decided, and how many there are.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        let decided = |conjecture: &&Conjecture| !matches!(conjecture.fate, Fate::Waiting | Fate::Open(_));
        (self.conjectures.iter().filter(decided).count(), self.conjectures.len())
    }

    /// The counts so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts;
        for theorem in &self.theorems {
            if theorem.source.is_some() {
                counts.brought += 1;
            } else if theorem.corollary {
                counts.corollaries += 1;
            } else if theorem.induction.is_some() {
                counts.induction += 1;
            } else {
                counts.direct += 1;
            }
            counts.essential += usize::from(theorem.essential);
        }
        counts.refuted += self.refuted.len() as u64;
        for conjecture in &self.conjectures {
            counts.open += usize::from(matches!(conjecture.fate, Fate::Open(_) | Fate::Waiting));
            let tried =
                !matches!(conjecture.fate, Fate::Refuted(..)) && !matches!(conjecture.origin, Origin::Brought(_));
            counts.candidates += usize::from(tried);
            counts.refuted += u64::from(matches!(conjecture.fate, Fate::Refuted(..)));
            counts.lemmas += usize::from(matches!(conjecture.origin, Origin::Lemma(_)));
        }
        counts
    }

    /// The notation of the theory, ready to read its formulas.
    #[must_use]
    pub fn reading(&self) -> Reading<'_> {
        Reading::with(&self.theory, &self.notation)
    }

    /// The statement of a clause, its variables named in the order in which a reader meets them.
    #[must_use]
    pub fn statement_of(&self, clause: &Clause) -> Option<Formula> {
        let statement = self.compiled.signature.statement(&self.theory, clause)?;
        Some(self.reading().named(&statement))
    }

    pub(crate) fn add(&mut self, clause: Clause, origin: Origin) {
        if !self.known.insert(clause.clone()) {
            return;
        }
        let Some(statement) = self.statement_of(&clause) else { return };
        let moves = vec![Move::Apply; clause.premises.len()];
        self.conjectures.push(Conjecture::new(origin, Some(clause), moves, statement));
    }

    /// Theorems that are rules.
    fn rules(&self) -> u32 {
        self.theorems.iter().filter(|theorem| !theorem.corollary).count() as u32
    }
}
