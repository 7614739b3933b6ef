//! The end of a round: proofs are written down and checked, and stuck ones say what they lack.

use std::sync::Arc;

use crate::calculus::checked::Checked;
use crate::calculus::formula::Formula;
use crate::calculus::proof::{Proof, TheoremId};
use crate::clauses::clause::{Clause, Head, Literal, Term};
use crate::conjecture::canonical;
use crate::conjecture::limits::atoms;
use crate::models::evaluate::Evaluator;
use crate::proofs::reconstruction::{By, Tree, compose, extract};
use crate::saturation::pattern::{Argument, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};
use crate::search::attempt::{Effort, LogicBlock, Stuck, Verdict, solve};
use crate::search::ended::{Ended, kept_apart};

use super::Exploration;
use super::conjecture::{Fate, LEVELS, Open, OpenInduction, Origin, is_asked};
use super::theorem::Theorem;

impl Exploration {
    /// Takes the verdicts of the blocks of the last [`Task::Solve`], in the same order. Gives the
    /// theorems that were accepted.
    ///
    /// # Panics
    /// If there are not as many verdicts as blocks.
    pub fn commit(&mut self, verdicts: Vec<Verdict>, blocks: u64, steps: u64) -> Vec<TheoremId> {
        let running = std::mem::take(&mut self.running);
        assert_eq!(running.len(), verdicts.len(), "one verdict for each block");
        self.round += 1;
        self.counts.blocks += blocks;
        self.counts.steps += steps;
        let known = self.theorems.len();
        let mut rules = self.rules();
        let at_start = rules;
        for (place, verdict) in running.into_iter().zip(verdicts) {
            if self.inconsistency.is_some() {
                break;
            }
            match verdict {
                Verdict::Proved(mut tree) => {
                    let by_itself = matches!(tree.by, By::Block(_));
                    let mut corollary = by_itself && tree.is_immediate();
                    if !corollary && rules > at_start {
                        // What this round has proved before may give it at once.
                        let (verdict, steps) = solve(self.block(place, Effort::GLANCE));
                        self.counts.steps += steps;
                        if let Verdict::Proved(shorter) = verdict {
                            corollary = shorter.is_immediate();
                            tree = shorter;
                        }
                    }
                    // A law that is larger than other conjectures, and needs no induction, is told and costs no block a step.
                    corollary |= self.is_large(place) && !matches!(tree.by, By::Induction(_));
                    if self.accept(place, &tree, corollary) {
                        rules += u32::from(!corollary);
                        let tried = &mut self.conjectures[place].tried;
                        let since = tried[self.running_level].max(1);
                        *tried = [0; LEVELS];
                        tried[self.running_level] = since;
                    }
                }
                Verdict::Open(stuck) => {
                    self.collect_lemmas(place, &stuck);
                    self.conjectures[place].failures += 1;
                    let wishes =
                        if is_asked(&self.conjectures[place].origin) { self.wishes(&stuck) } else { Vec::new() };
                    self.consult(place, &wishes);
                    self.conjectures[place].fate = Fate::Open(Open { wishes, ..self.report(&stuck) });
                }
            }
        }
        self.join_parts();
        self.note_contradiction();
        (known..self.theorems.len()).map(|number| TheoremId(number as u32)).collect()
    }

    /// Whether a conjecture was generated though it has more atoms than conjectures may have: laws of textbooks may.
    fn is_large(&self, place: usize) -> bool {
        let conjecture = &self.conjectures[place];
        conjecture.origin == Origin::Generated
            && conjecture.clause.as_ref().is_some_and(|clause| atoms(clause) > self.theory.bounds.atoms)
    }

    /// Decides conjunctions whose parts are decided.
    pub(super) fn join_parts(&mut self) {
        for place in 0..self.conjectures.len() {
            let conjecture = &self.conjectures[place];
            if conjecture.parts.is_empty() || !matches!(conjecture.fate, Fate::Waiting | Fate::Open(_)) {
                continue;
            }
            let mut proved = Vec::new();
            let mut fate = None;
            for part in &conjecture.parts {
                match &self.conjectures[*part].fate {
                    Fate::Proved(id) => proved.push(*id),
                    decided @ (Fate::Refuted(..) | Fate::Unsupported(_)) => fate = Some(decided.clone()),
                    Fate::Open(open) => fate = fate.or_else(|| Some(Fate::Open(open.clone()))),
                    Fate::Waiting => {}
                }
            }
            if let Some(fate) = fate {
                self.conjectures[place].fate = fate;
            } else if proved.len() == conjecture.parts.len() {
                let statement = &conjecture.statement;
                let proof = kept_apart(|| compose(&self.theory, &self.compiled, &self.statements, statement, &proved));
                self.register(place, proof, None, true);
            }
        }
    }

    /// What was found may contradict the axioms, or itself: the root block, which has all theorems, sees it.
    fn note_contradiction(&mut self) {
        if self.inconsistency.is_none() && self.root.falsum().is_some() {
            self.find_inconsistency();
        }
    }

    /// Writes down the proof and enters the theorem.
    pub(super) fn accept(&mut self, place: usize, tree: &Tree, corollary: bool) -> bool {
        let plain = self.plain(place);
        let statement = plain.as_ref().unwrap_or(&self.conjectures[place].statement);
        let proof = kept_apart(|| extract(&self.theory, &self.compiled, &self.statements, statement, tree));
        let induction = match &tree.by {
            By::Induction(induction) => Some(induction.variable),
            By::Block(_) | By::Cases(_) | By::Indirect(_) | By::Equations(_) => None,
        };
        self.register(place, proof, induction, corollary)
    }

    /// What nobody asked for as proofs are made of it, before its variables get names for readers.
    fn plain(&self, place: usize) -> Option<Formula> {
        let conjecture = &self.conjectures[place];
        let clause = conjecture.clause.as_ref().filter(|_| !is_asked(&conjecture.origin))?;
        self.compiled.signature.statement(&self.theory, clause)
    }

    /// Has a proof checked; only then its statement is a theorem.
    pub(super) fn register(
        &mut self,
        place: usize,
        proof: Result<Proof, Arc<str>>,
        induction: Option<u16>,
        corollary: bool,
    ) -> bool {
        let conjecture = &self.conjectures[place];
        let statements = &self.statements;
        let id = TheoremId(self.theorems.len() as u32);
        // The proof calls the variables what the statement calls them.
        let renaming = self.plain(place).map(|plain| self.reading().renaming(&plain)).unwrap_or_default();
        let checked = proof.map_err(Ended::Panicked).and_then(|proof| {
            let proof = renaming.proof(proof);
            match Checked::new(&self.theory, |id| statements.get(id.0 as usize), id, proof) {
                Ok(checked) if *checked.statement() == conjecture.statement => Ok(checked),
                Ok(_) => Err(Ended::Refused("it proves another statement".into())),
                Err(flaw) => Err(Ended::Refused(flaw.to_string().into())),
            }
        });
        let checked = match checked {
            Ok(checked) => checked,
            Err(ended) => {
                self.conjectures[place].fate = Fate::Open(Open { ended, ..Open::default() });
                return false;
            }
        };
        let clause = conjecture.clause.clone();
        let moves = conjecture.theorem_moves();
        // The same statement, with the names that readers see from now on.
        let statement = checked.statement().clone();
        self.statements.push(statement.clone());
        self.theorems.push(Theorem {
            checked,
            clause,
            induction,
            corollary,
            essential: false,
            conjecture: place,
            round: self.round,
            source: None,
            moves,
        });
        self.conjectures[place].statement = statement;
        self.conjectures[place].fate = Fate::Proved(id);
        if !corollary {
            self.learn(id);
        }
        true
    }

    pub(super) fn report(&self, stuck: &Stuck) -> Open {
        let constants = self.compiled.signature.constants.len();
        let inductions = stuck
            .inductions
            .iter()
            .map(|(variable, case, inner)| OpenInduction {
                variable: *variable,
                case: *case,
                ended: inner.direct.clone(),
                subgoals: inner.lemmas.iter().filter_map(|lemma| clause_of(lemma, constants)).take(3).collect(),
            })
            .collect();
        Open { ended: stuck.direct.clone(), inductions, wishes: Vec::new() }
    }

    /// Keeps the lemmas that would have closed the subgoals on which a proof got stuck.
    pub(super) fn collect_lemmas(&mut self, place: usize, stuck: &Stuck) {
        let found = self.lemmas_of(stuck);
        self.wanted.extend(found.into_iter().map(|clause| (clause, place)));
    }

    /// Makes conjectures of the lemmas that stuck proofs ask for, the smallest first, unless a model
    /// refutes them. Gives how many there are.
    pub(super) fn add_lemmas(&mut self) -> usize {
        let mut wanted = std::mem::take(&mut self.wanted);
        if self.models.is_empty() {
            return 0;
        }
        wanted.sort_by_key(|(clause, _)| clause.premises.len());
        let lemmas = self.conjectures.iter().filter(|known| matches!(known.origin, Origin::Lemma(_))).count();
        let most = self.options.lemmas.saturating_sub(lemmas).min(32);
        let mut added = 0;
        for (clause, place) in wanted {
            let clause = canonical(&clause);
            if added == most || self.known.contains(&clause) {
                continue;
            }
            let refuted = self.models.iter().any(|model| Evaluator::new(model).refute_up_to(&clause, 6).is_some());
            if refuted || self.follows_at_once(&clause) {
                self.known.insert(clause);
            } else {
                self.add(clause, Origin::Lemma(place));
                added += 1;
            }
        }
        added
    }

    /// Whether a clause is a consequence of what is known that every block finds for itself.
    pub(super) fn follows_at_once(&mut self, clause: &Clause) -> bool {
        let sequent = Sequent::of(clause);
        let block = LogicBlock::new(self.compiled.clone(), self.root.clone(), sequent, Effort::GLANCE);
        let (verdict, steps) = solve(block);
        self.counts.steps += steps;
        matches!(verdict, Verdict::Proved(_))
    }
}

/// The clause of a sequent over the signature's constants; `None` if it mentions other individuals.
pub(super) fn clause_of(sequent: &Sequent, constants: usize) -> Option<Clause> {
    let literal = |pattern: &Pattern| -> Option<Literal> {
        let arguments = pattern.arguments.iter().map(|argument| match argument {
            Argument::Individual(individual) if (individual.0 as usize) < constants => {
                Some(Term::Constant(individual.0 as u16))
            }
            Argument::Individual(_) => None,
            Argument::Variable(number) => Some(Term::Variable(*number)),
        });
        Some(Literal {
            positive: pattern.code.positive(),
            relation: pattern.code.relation(),
            arguments: arguments.collect::<Option<Vec<_>>>()?,
        })
    };
    let premises = sequent.premises.iter().map(&literal).collect::<Option<Vec<_>>>()?;
    let SequentHead::Literal(head) = &sequent.head else { return None };
    Some(Clause { variables: sequent.variables, premises, head: Head::Literal(literal(head)?) })
}
