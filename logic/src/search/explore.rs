//! Exploration: the main loop from a theory to its theorems, in rounds.
//!
//! An [`Exploration`] decides which conjectures to attempt and how to use the verdicts. Each round yields one logic
//! block per conjecture; the verdicts are committed in the same order. All blocks of a round start from the same root
//! block and the same rules. When the round ends, its proofs are checked and numbered, and the new theorems become
//! rules. The result therefore depends on the theory and the options alone, not on which thread ran which block, or in
//! what order.

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
mod step;
mod subgoals;
mod theorem;
mod unfolding;
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

/// What an exploration does, and its bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Whether conjectures are generated. If not, only goals are attempted, and conjectures that may help to prove
    /// them.
    pub generate: bool,
    /// Whether conjectures of all sizes within the theory's bounds are generated, regardless of their number. If not,
    /// only the sizes that take moderate work.
    pub all_sizes: bool,
    /// The most conjectures attempted in one round.
    pub window: usize,
    /// Individuals in the piece of an inductive structure in which conjectures are tested.
    pub ground: u16,
    /// The efforts spent on a conjecture, in order. After a new theorem, attempts start over with the first.
    pub efforts: [Effort; 2],
    /// The effort for goals still open after that, and for all conjectures of a theory that is not Horn.
    pub by_cases: Effort,
    /// The effort for goals still open at the end; `None`: no last attempt.
    pub last_effort: Option<Effort>,
    /// The most lemmas made from stuck subgoals.
    pub lemmas: usize,
    /// The use of an advisor; `None`: no questions are asked.
    pub advice: Option<Advice>,
}

impl Options {
    /// The defaults, suitable for most theories.
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

/// What the caller must do next.
#[derive(Debug)]
pub enum Task {
    /// Build models or conjectures: call [`Exploration::prepare`].
    Prepare,
    /// Run these blocks and pass their verdicts to [`Exploration::commit`] in the same order.
    Solve(Vec<LogicBlock>),
    /// Wait for the answers to all pending questions and pass them to [`Exploration::advise`].
    Ask,
    /// Nothing.
    Finished,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Stage {
    Fresh,
    /// Goals only.
    Goals,
    /// Goals and generated conjectures.
    Generated,
    /// Goals again, with the last effort.
    Last,
    Finished,
    /// Goals were attempted; conjectures are generated next.
    Wanting,
    /// Only laws with a nested quantifier are left to attempt.
    Quantifying,
    /// No attempts are left: open statements are tested in finite models, and the essential theorems are marked.
    Closing,
    /// Goals survived a first attempt: before further effort, they are tested in small models.
    Doubting,
    /// Generated conjectures are open: before further effort, they are tested in small models.
    Sifting,
}

/// The state of an exploration; see the module documentation.
#[derive(Clone, Debug)]
pub struct Exploration {
    theory: Arc<Theory>,
    notation: Notation,
    options: Options,
    compiled: Arc<Compiled>,
    /// The relations and constants that the definitions of each relation and constant use.
    dependencies: Arc<Dependencies>,
    book: RuleBook,
    root: Arc<Snapshot>,
    /// The models in which conjectures are tested.
    pub models: Vec<Model>,
    /// Presumed structures of the theory, used where none is certain. They refute nothing, but a candidate that fails
    /// in them is not made a conjecture.
    presumed: Vec<Model>,
    /// All conjectures, goals first.
    pub conjectures: Vec<Conjecture>,
    /// The generated conjectures that a model refutes.
    pub refuted: Vec<Refuted>,
    /// All theorems, in order of acceptance.
    pub theorems: Vec<Theorem>,
    /// The theorem that states a contradiction, if the axioms are inconsistent.
    pub inconsistency: Option<TheoremId>,
    pub(crate) statements: Vec<Formula>,
    known: HashSet<Clause>,
    pub(crate) counts: Counts,
    pub(crate) stage: Stage,
    pub(crate) round: u32,
    running: Vec<usize>,
    /// The effort of the running round, as an index into [`Conjecture::tried`].
    running_level: usize,
    /// Lemma candidates from stuck proofs, each with its conjecture: attempted when nothing else is left.
    pub(crate) wanted: Vec<(Clause, usize)>,
    /// The generations of conjectures so far. If only goals are asked for, small conjectures of small scopes come
    /// first.
    pub(crate) generations: Vec<Generation>,
    /// The goals that were refuted after surviving attempts, and the stage at which each was.
    pub(crate) late_models: Vec<(usize, When)>,
    /// The index of the statement that the contradiction proves.
    pub(crate) falsity_at: Option<usize>,
    /// The smallest size, in atoms, at which conjectures were not generated because there are too many.
    too_large: Option<usize>,
    /// Messages of panics during preparation.
    lost: Vec<Arc<str>>,
    /// Whether the statements of [`exhaustion`] are among the conjectures.
    pub(crate) knows_exhaustions: bool,
    /// Whether goals that survived a first attempt were tested in small models.
    pub(crate) has_doubted: bool,
    /// The siftings of open conjectures so far: when each took place, and its result.
    pub(crate) siftings: Vec<Sifting>,
    /// The laws with a nested quantifier that were proved.
    pub(crate) quantified: Option<Quantified>,
    /// The questions to the advisor, with their answers.
    pub(crate) consultation: Consultation,
    /// The fingerprint of each theorem, for premise selection; `None` if the theorem is not a plain statement. Computed
    /// on first use.
    pub(crate) fingerprints: Vec<Option<Fingerprint>>,
    /// The theorems of used theories that could not be transferred, with the reason.
    pub(crate) left: Vec<(Source, Arc<str>)>,
}

impl Exploration {
    /// An exploration of a theory; its goals and `more` are attempted first.
    #[must_use]
    pub fn new(theory: Arc<Theory>, more: &[Goal], options: Options) -> Exploration {
        Exploration::with_library(theory, more, options, Library::default())
    }

    /// An exploration that starts with theorems of the used theories.
    #[must_use]
    pub fn with_library(theory: Arc<Theory>, more: &[Goal], options: Options, library: Library) -> Exploration {
        let goals: Vec<Goal> = theory.goals.iter().chain(more).cloned().collect();
        let mut seen = HashSet::new();
        let formulas: Vec<&Formula> =
            goals.iter().map(|goal| &goal.statement).filter(|statement| seen.insert(*statement)).collect();
        let mut compiled = Compiled::new(&theory, &formulas);
        let mut conjectures = Vec::new();
        let mut known = HashSet::new();
        // A statement given several times is one conjecture.
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

    /// Whether conjectures are generated from the beginning; otherwise only as lemmas for goals.
    #[must_use]
    pub fn generates(&self) -> bool {
        self.options.generate
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

    /// Whether conjectures were generated. If only goals are asked for, this happens when the goals alone do not
    /// suffice.
    #[must_use]
    pub fn has_generated(&self) -> bool {
        !self.generations.is_empty()
    }

    /// The number of rounds committed.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.round
    }

    /// Progress: the number of decided conjectures, and of all conjectures.
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

    /// The notation of the theory, for rendering formulas.
    #[must_use]
    pub fn reading(&self) -> Reading<'_> {
        Reading::with(&self.theory, &self.notation)
    }

    /// The statement of a clause, its variables named in reading order; `None` if it cannot be expressed.
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

    /// The number of theorems that are rules.
    fn rules(&self) -> u32 {
        self.theorems.iter().filter(|theorem| !theorem.corollary).count() as u32
    }
}
