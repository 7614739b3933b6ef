//! Saves the state of an exploration between two rounds as bytes, and restores it.
//!
//! Whatever follows from theory and options alone (models, generated conjectures, rules) is recomputed, not stored;
//! proofs of theorems are in the store. So a checkpoint is small, and a resumed exploration ends like one that was
//! never interrupted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::calculus::checked::Checked;
use crate::calculus::proof::{Proof, TheoremId};
use crate::calculus::theory::{Goal, Theory};
use crate::clauses::clause::Clause;
use crate::search::explore::{
    Asked, Exploration, Fate, Generation, LEVELS, Open, Options, Origin, Quantified, Sifting, Stage, Theorem, When,
};
use crate::search::library::{Library, Source};

/// The version of the encoding, its first field; checkpoints of other versions are refused.
const VERSION: u32 = 11;

/// An unusable checkpoint: it is damaged, or belongs to another theory, other options or another version of this
/// program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the checkpoint does not fit: {0}")]
pub struct Unfit(&'static str);

/// The stored state. For saving, `C` is `&Clause` and `O` is `&Open`, so that nothing is copied.
#[derive(Serialize, Deserialize)]
struct State<C, O> {
    stage: Stage,
    round: u32,
    generations: Vec<Generation>,
    inconsistency: Option<u32>,
    falsity_at: Option<usize>,
    steps: u64,
    blocks: u64,
    /// The origins of the first theorems, which were transferred at the start.
    brought: Vec<Source>,
    /// The theorems of imported theories that could not be transferred, and why.
    left: Vec<(Source, String)>,
    theorems: Vec<Mark>,
    conjectures: Vec<Entry<C, O>>,
    wanted: Vec<(C, usize)>,
    late_models: Vec<(usize, When)>,
    knows_exhaustions: bool,
    has_doubted: bool,
    siftings: Vec<Sifting>,
    quantified: Option<Quantified>,
    asked: Vec<Asked>,
    chosen: Vec<(usize, Vec<u32>)>,
}

/// The origin of a conjecture that is not regenerated.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Maker {
    /// The conjecture whose stuck attempt proposed it.
    Stuck(usize),
    /// An advisor, in reply to this question.
    Advisor(u32),
}

/// A theorem without its proof.
#[derive(Serialize, Deserialize)]
struct Mark {
    conjecture: usize,
    round: u32,
    corollary: bool,
    essential: bool,
    induction: Option<u16>,
}

/// A conjecture: how often it was tried, and, if it is open, why.
#[derive(Serialize, Deserialize)]
struct Entry<C, O> {
    /// For lemmas and advice: the clause and its origin.
    help: Option<(C, Maker)>,
    tried: [u32; LEVELS],
    failures: u32,
    open: Option<O>,
}

impl Exploration {
    /// Serialises the state between two rounds.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let theorems = self.theorems.iter().map(|theorem| Mark {
            conjecture: theorem.conjecture,
            round: theorem.round,
            corollary: theorem.corollary,
            essential: theorem.essential,
            induction: theorem.induction,
        });
        let conjectures = self.conjectures.iter().map(|conjecture| Entry {
            help: match (&conjecture.origin, &conjecture.clause) {
                (Origin::Lemma(of), Some(clause)) => Some((clause, Maker::Stuck(*of))),
                (Origin::Advised(question), Some(clause)) => Some((clause, Maker::Advisor(*question))),
                _ => None,
            },
            tried: conjecture.tried,
            failures: conjecture.failures,
            open: match &conjecture.fate {
                Fate::Open(open) => Some(open),
                _ => None,
            },
        });
        let state = State {
            stage: self.stage,
            round: self.round,
            generations: self.generations.clone(),
            inconsistency: self.inconsistency.map(|id| id.0),
            falsity_at: self.falsity_at,
            steps: self.counts.steps,
            blocks: self.counts.blocks,
            brought: self.theorems.iter().map_while(|theorem| theorem.source).collect(),
            left: self.left.iter().map(|(source, why)| (*source, why.to_string())).collect(),
            theorems: theorems.collect(),
            conjectures: conjectures.collect(),
            wanted: self.wanted.iter().map(|(clause, of)| (clause, *of)).collect(),
            late_models: self.late_models.clone(),
            knows_exhaustions: self.knows_exhaustions,
            has_doubted: self.has_doubted,
            siftings: self.siftings.clone(),
            quantified: self.quantified.clone(),
            asked: self.consultation.asked.clone(),
            chosen: self.consultation.chosen.clone(),
        };
        postcard::to_stdvec(&(VERSION, state)).expect("memory takes any state")
    }

    /// Restores an exploration from `bytes`, saved for the same theory, goals and options, and the proofs of its
    /// theorems, which are checked again.
    ///
    /// # Errors
    /// If the bytes or the proofs do not belong to such an exploration.
    pub fn restore(
        theory: Arc<Theory>,
        goals: &[Goal],
        options: Options,
        bytes: &[u8],
        mut proofs: Vec<Proof>,
    ) -> Result<Exploration, Unfit> {
        let state = read(bytes)?;
        let known = state.brought.len();
        if state.theorems.len() != proofs.len() || known > proofs.len() {
            return Err(Unfit("it counts other theorems than there are proofs"));
        }
        let found = proofs.split_off(known);
        let marks = state.brought.iter().zip(&state.theorems);
        let brought = proofs
            .into_iter()
            .zip(marks)
            .map(|(proof, (source, mark))| (proof, *source, mark.corollary, mark.induction));
        let mut library = Library::restore(&theory, brought).map_err(|_| Unfit("the checker refuses a proof"))?;
        library.left = state.left.iter().map(|(source, why)| (*source, why.as_str().into())).collect();
        let mut exploration = Exploration::with_library(theory, goals, options, library);
        exploration.round = state.round;
        exploration.falsity_at = state.falsity_at;
        exploration.knows_exhaustions = state.knows_exhaustions;
        exploration.has_doubted = state.has_doubted;
        // Axioms with an immediate contradiction have no models.
        if exploration.falsity_at != Some(exploration.conjectures.len()) {
            exploration.make_models(&mut || true);
        }
        let total = state.conjectures.len();
        // `place` goes up to `total`: a generation may be empty and begin after the last conjecture.
        for place in 0..=total {
            for sifting in state.siftings.iter().filter(|sifting| sifting.conjectures == place) {
                exploration.sift_again(sifting);
            }
            for generation in state.generations.iter().filter(|generation| generation.begin == place) {
                exploration.generate_again(generation);
            }
            if let Some(quantified) = state.quantified.as_ref().filter(|quantified| quantified.begin == place) {
                exploration.enter_again(quantified);
            }
            if place == exploration.conjectures.len() && exploration.falsity_at == Some(place) {
                exploration.add_falsity();
            }
            if place == exploration.conjectures.len() && place < total {
                let help = state.conjectures[place].help.clone();
                let (clause, maker) = help.ok_or(Unfit("it counts more conjectures than the theory has"))?;
                let origin = match maker {
                    Maker::Stuck(of) => Origin::Lemma(of),
                    Maker::Advisor(question) => Origin::Advised(question),
                };
                exploration.add(clause, origin);
                if exploration.conjectures.len() != place + 1 {
                    return Err(Unfit("a lemma of it is known already"));
                }
            }
        }
        if exploration.conjectures.len() != total {
            return Err(Unfit("it counts fewer conjectures than the theory has"));
        }
        for (conjecture, entry) in exploration.conjectures.iter_mut().zip(state.conjectures) {
            conjecture.tried = entry.tried;
            conjecture.failures = entry.failures;
            if let Some(open) = entry.open {
                conjecture.fate = Fate::Open(open);
            }
        }
        exploration.wanted = state.wanted;
        exploration.late_models = state.late_models;
        if state.asked.iter().any(|asked| asked.about.is_some_and(|about| about >= total))
            || state.chosen.iter().any(|(place, _)| *place >= total)
        {
            return Err(Unfit("it asks about a conjecture that there is not"));
        }
        exploration.consultation.asked = state.asked;
        exploration.consultation.chosen = state.chosen;
        for (mark, proof) in state.theorems.into_iter().skip(known).zip(found) {
            exploration.enter(mark, proof)?;
        }
        exploration.inconsistency = state.inconsistency.map(TheoremId);
        exploration.rebuild_root();
        exploration.refute_late();
        exploration.counts.steps = state.steps;
        exploration.counts.blocks = state.blocks;
        exploration.stage = state.stage;
        Ok(exploration)
    }

    /// Restores a theorem of a checkpoint, after checking its proof.
    fn enter(&mut self, mark: Mark, proof: Proof) -> Result<(), Unfit> {
        let conjecture = self.conjectures.get(mark.conjecture).ok_or(Unfit("a theorem belongs to no conjecture"))?;
        let statements = &self.statements;
        let id = TheoremId(self.theorems.len() as u32);
        let checked = Checked::new(self.theory(), |id| statements.get(id.0 as usize), id, proof)
            .map_err(|_| Unfit("the checker refuses a proof"))?;
        if *checked.statement() != conjecture.statement {
            return Err(Unfit("a proof is of another statement"));
        }
        let clause = conjecture.clause.clone();
        let statement = conjecture.statement.clone();
        let theorem = Theorem {
            checked,
            clause,
            induction: mark.induction,
            corollary: mark.corollary,
            essential: mark.essential,
            conjecture: mark.conjecture,
            round: mark.round,
            source: None,
            moves: conjecture.theorem_moves(),
        };
        self.conjectures[mark.conjecture].fate = Fate::Proved(id);
        self.statements.push(statement);
        self.theorems.push(theorem);
        Ok(())
    }
}

/// The number of theorems in the checkpoint of a finished exploration; `None` for other checkpoints.
#[must_use]
pub fn finished_with(bytes: &[u8]) -> Option<usize> {
    let state = read(bytes).ok()?;
    (state.stage == Stage::Finished).then_some(state.theorems.len())
}

fn read(bytes: &[u8]) -> Result<State<Clause, Open>, Unfit> {
    let damaged = |_| Unfit("it is damaged");
    let (version, bytes) = postcard::take_from_bytes::<u32>(bytes).map_err(damaged)?;
    if version != VERSION {
        return Err(Unfit("it was written by another version of this program"));
    }
    let (state, rest) = postcard::take_from_bytes::<State<Clause, Open>>(bytes).map_err(damaged)?;
    if !rest.is_empty() {
        return Err(Unfit("it is longer than it should be"));
    }
    if state.stage == Stage::Fresh {
        return Err(Unfit("it names no stage"));
    }
    Ok(state)
}
