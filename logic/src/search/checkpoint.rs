//! The state of an exploration between two rounds, as bytes, and an exploration from such bytes.
//!
//! What follows from the theory and the options alone (models, generated conjectures, rules) is not
//! written down but made again; the proofs of the theorems stand in the store. So a checkpoint is
//! small, and an exploration that goes on from one ends like one that was never cut off.

use std::sync::Arc;

use crate::calculus::check::check;
use crate::calculus::proof::{Proof, TheoremId};
use crate::calculus::theory::{Goal, Theory};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::search::ended::Ended;
use crate::search::explore::{Exploration, Fate, Open, OpenInduction, Options, Origin, Stage, Theorem};

/// The version of the encoding; a checkpoint of another one is refused.
const VERSION: u64 = 2;

/// A checkpoint that cannot be used: it is damaged, or belongs to another theory, other options or
/// another version of this program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the checkpoint does not fit: {0}")]
pub struct Unfit(&'static str);

impl Exploration {
    /// The state between two rounds.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut out = Out::default();
        out.number(VERSION);
        out.number(self.stage as u64);
        out.number(u64::from(self.round));
        out.option(self.generated_at.map(|place| place as u64));
        out.option(self.inconsistency.map(|id| u64::from(id.0)));
        out.option(self.falsity_at.map(|place| place as u64));
        for count in [self.counts.steps, self.counts.blocks] {
            out.number(count);
        }
        out.list(&self.theorems, |out, theorem| {
            out.number(theorem.conjecture as u64);
            out.number(u64::from(theorem.round));
            out.number(u64::from(theorem.corollary) | u64::from(theorem.essential) << 1);
            out.option(theorem.induction.map(u64::from));
        });
        out.number(self.conjectures.len() as u64);
        for conjecture in &self.conjectures {
            if let (Origin::Lemma(of), Some(clause)) = (&conjecture.origin, &conjecture.clause) {
                out.number(*of as u64);
                out.clause(clause);
            }
            for tried in conjecture.tried {
                out.number(u64::from(tried));
            }
            out.number(u64::from(conjecture.failures));
            out.open(match &conjecture.fate {
                Fate::Open(open) => Some(open),
                _ => None,
            });
        }
        out.list(&self.wanted, |out, (clause, of)| {
            out.clause(clause);
            out.number(*of as u64);
        });
        out.list(&self.late_models, |out, place| out.number(*place as u64));
        out.bytes
    }

    /// The exploration of the same theory, goals and options that `bytes` were saved of, with the proofs
    /// of its theorems, which are checked again.
    ///
    /// # Errors
    /// If the bytes or the proofs do not belong to such an exploration.
    pub fn restore(
        theory: Arc<Theory>,
        goals: &[Goal],
        options: Options,
        bytes: &[u8],
        proofs: Vec<Proof>,
    ) -> Result<Exploration, Unfit> {
        let mut input = In { bytes };
        if input.number()? != VERSION {
            return Err(Unfit("it was written by another version"));
        }
        let stage = match input.number()? {
            1 => Stage::Goals,
            2 => Stage::Generated,
            3 => Stage::Last,
            4 => Stage::Finished,
            5 => Stage::Wanting,
            6 => Stage::Closing,
            _ => return Err(Unfit("it names no stage")),
        };
        let mut exploration = Exploration::new(theory, goals, options);
        exploration.round = input.small()?;
        let generated_at = input.option()?;
        let inconsistency = input.option()?;
        let falsity_at = input.option()?;
        let (steps, blocks) = (input.number()?, input.number()?);
        let marks = input.list(|input| Ok((input.place()?, input.small()?, input.number()?, input.option()?)))?;
        if marks.len() != proofs.len() {
            return Err(Unfit("it counts other theorems than there are proofs"));
        }
        exploration.falsity_at = falsity_at.map(|place| place as usize);
        // Axioms that contradict each other at once have no models.
        if exploration.falsity_at != Some(exploration.conjectures.len()) {
            exploration.make_models(&mut || true);
        }
        let total = input.place()?;
        let mut entries = Vec::new();
        while exploration.conjectures.len() < total || entries.len() < total {
            let place = entries.len();
            if place == total {
                return Err(Unfit("it counts fewer conjectures than the theory has"));
            }
            if generated_at == Some(place as u64) {
                exploration.generate(&mut || true);
            }
            if place == exploration.conjectures.len() && exploration.falsity_at == Some(place) {
                exploration.add_falsity();
            }
            if place == exploration.conjectures.len() {
                let of = input.place()?;
                let clause = input.clause()?;
                exploration.add(clause, Origin::Lemma(of));
                if exploration.conjectures.len() != place + 1 {
                    return Err(Unfit("a lemma of it is known already"));
                }
            }
            entries.push(([input.small()?, input.small()?, input.small()?], input.small()?, input.open()?));
        }
        for (conjecture, (tried, failures, open)) in exploration.conjectures.iter_mut().zip(entries) {
            conjecture.tried = tried;
            conjecture.failures = failures;
            if let Some(open) = open {
                conjecture.fate = Fate::Open(open);
            }
        }
        exploration.wanted = input.list(|input| Ok((input.clause()?, input.place()?)))?;
        exploration.late_models = input.list(In::place)?;
        if !input.bytes.is_empty() {
            return Err(Unfit("it is longer than it should be"));
        }
        for ((place, round, flags, induction), proof) in marks.into_iter().zip(proofs) {
            exploration.enter(place, round, flags, induction, proof)?;
        }
        exploration.inconsistency = inconsistency.map(|id| TheoremId(id as u32));
        exploration.rebuild_root();
        exploration.refute_late();
        exploration.counts.steps = steps;
        exploration.counts.blocks = blocks;
        exploration.stage = stage;
        Ok(exploration)
    }

    /// Enters a theorem of a checkpoint, after checking its proof.
    fn enter(
        &mut self,
        place: usize,
        round: u32,
        flags: u64,
        induction: Option<u64>,
        proof: Proof,
    ) -> Result<(), Unfit> {
        let conjecture = self.conjectures.get(place).ok_or(Unfit("a theorem belongs to no conjecture"))?;
        let statements = &self.statements;
        let basis = check(self.theory(), |id| statements.get(id.0 as usize), &proof)
            .map_err(|_| Unfit("the checker refuses a proof"))?;
        if proof.statement() != Some(&conjecture.statement) {
            return Err(Unfit("a proof is of another statement"));
        }
        let clause = conjecture.clause.clone();
        let theorem = Theorem {
            statement: conjecture.statement.clone(),
            clause,
            proof,
            basis,
            induction: induction.map(|variable| variable as u16),
            corollary: flags & 1 == 1,
            essential: flags & 2 == 2,
            conjecture: place,
            round,
            moves: conjecture.theorem_moves(),
        };
        self.conjectures[place].fate = Fate::Proved(TheoremId(self.theorems.len() as u32));
        self.statements.push(theorem.statement.clone());
        self.theorems.push(theorem);
        Ok(())
    }
}

#[derive(Default)]
struct Out {
    bytes: Vec<u8>,
}

impl Out {
    /// Seven bits a byte, low ones first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn option(&mut self, number: Option<u64>) {
        self.number(number.map_or(0, |number| number + 1));
    }

    fn list<T>(&mut self, items: &[T], mut put: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            put(self, item);
        }
    }

    fn literal(&mut self, literal: &Literal) {
        self.number(u64::from(literal.relation.0) * 2 + u64::from(literal.positive));
        self.list(&literal.arguments, |out, term| match term {
            Term::Constant(number) => out.number(u64::from(*number) * 2),
            Term::Variable(number) => out.number(u64::from(*number) * 2 + 1),
        });
    }

    fn clause(&mut self, clause: &Clause) {
        self.number(u64::from(clause.variables));
        self.list(&clause.premises, Self::literal);
        match &clause.head {
            Head::False => self.number(0),
            Head::Literal(literal) => {
                self.number(1);
                self.literal(literal);
            }
            Head::Exists(count, literals) => {
                self.number(2);
                self.number(u64::from(*count));
                self.list(literals, Self::literal);
            }
        }
    }

    fn ended(&mut self, ended: &Ended) {
        let (number, said) = match ended {
            Ended::Saturated => (0, None),
            Ended::OutOfValues => (1, None),
            Ended::OutOfSteps => (2, None),
            Ended::Refused(flaw) => (3, Some(flaw)),
            Ended::Panicked(message) => (4, Some(message)),
        };
        self.number(number);
        if let Some(said) = said {
            self.list(said.as_bytes(), |out, byte| out.bytes.push(*byte));
        }
    }

    fn open(&mut self, open: Option<&Open>) {
        let Some(open) = open else { return self.number(0) };
        self.number(1);
        self.ended(&open.ended);
        self.list(&open.inductions, |out, induction| {
            out.number(u64::from(induction.variable));
            out.number(induction.case as u64);
            out.ended(&induction.ended);
            out.list(&induction.subgoals, Self::clause);
        });
    }
}

struct In<'b> {
    bytes: &'b [u8],
}

impl In<'_> {
    fn number(&mut self) -> Result<u64, Unfit> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.bytes.split_first().ok_or(Unfit("it is cut off"))?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Unfit("a number of it is too long"))
    }

    fn small(&mut self) -> Result<u32, Unfit> {
        self.number()?.try_into().map_err(|_| Unfit("a number of it is too large"))
    }

    fn tiny(&mut self) -> Result<u16, Unfit> {
        self.number()?.try_into().map_err(|_| Unfit("a number of it is too large"))
    }

    fn place(&mut self) -> Result<usize, Unfit> {
        Ok(self.small()? as usize)
    }

    fn option(&mut self) -> Result<Option<u64>, Unfit> {
        Ok(self.number()?.checked_sub(1))
    }

    fn list<T>(&mut self, mut take: impl FnMut(&mut Self) -> Result<T, Unfit>) -> Result<Vec<T>, Unfit> {
        let count = self.number()?;
        if count > self.bytes.len() as u64 {
            return Err(Unfit("a list of it is longer than the rest"));
        }
        (0..count).map(|_| take(self)).collect()
    }

    fn literal(&mut self) -> Result<Literal, Unfit> {
        let code = self.number()?;
        let relation = RelationId(u16::try_from(code / 2).map_err(|_| Unfit("a relation of it is unknown"))?);
        let arguments = self.list(|input| {
            let code = input.small()?;
            let number = u16::try_from(code / 2).map_err(|_| Unfit("an argument of it is unknown"))?;
            Ok(if code % 2 == 1 { Term::Variable(number) } else { Term::Constant(number) })
        })?;
        Ok(Literal { positive: code % 2 == 1, relation, arguments })
    }

    fn clause(&mut self) -> Result<Clause, Unfit> {
        let variables = self.tiny()?;
        let premises = self.list(Self::literal)?;
        let head = match self.number()? {
            0 => Head::False,
            1 => Head::Literal(self.literal()?),
            2 => Head::Exists(self.tiny()?, self.list(Self::literal)?),
            _ => return Err(Unfit("a clause of it has no head")),
        };
        Ok(Clause { variables, premises, head })
    }

    fn text(&mut self) -> Result<Arc<str>, Unfit> {
        let length = self.place()?;
        let (text, rest) = self.bytes.split_at_checked(length).ok_or(Unfit("it is cut off"))?;
        self.bytes = rest;
        std::str::from_utf8(text).map(Arc::from).map_err(|_| Unfit("a text of it is none"))
    }

    fn ended(&mut self) -> Result<Ended, Unfit> {
        Ok(match self.number()? {
            0 => Ended::Saturated,
            1 => Ended::OutOfValues,
            2 => Ended::OutOfSteps,
            3 => Ended::Refused(self.text()?),
            4 => Ended::Panicked(self.text()?),
            _ => return Err(Unfit("it does not say why an attempt ended")),
        })
    }

    fn open(&mut self) -> Result<Option<Open>, Unfit> {
        if self.number()? == 0 {
            return Ok(None);
        }
        let ended = self.ended()?;
        let inductions = self.list(|input| {
            Ok(OpenInduction {
                variable: input.tiny()?,
                case: input.place()?,
                ended: input.ended()?,
                subgoals: input.list(Self::clause)?,
            })
        })?;
        Ok(Some(Open { ended, inductions }))
    }
}
