//! The end of a round: proofs are reconstructed and checked, and failed attempts yield lemma candidates.

use std::sync::Arc;

use crate::calculus::checked::Checked;
use crate::calculus::formula::Formula;
use crate::calculus::proof::{Proof, TheoremId};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::conjecture::canonical;
use crate::conjecture::limits::atoms;
use crate::proofs::reconstruction::{By, Tree, compose, extract};
use crate::saturation::pattern::{Argument, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};
use crate::search::attempt::{Effort, LogicBlock, Stuck, Verdict, solve};
use crate::search::ended::{Ended, kept_apart};

use super::Exploration;
use super::conjecture::{Fate, LEVELS, Open, OpenInduction, Origin, is_asked};
use super::theorem::Theorem;

impl Exploration {
    /// Takes the verdicts of the blocks of the last [`Task::Solve`], in the same order. Returns the accepted theorems.
    ///
    /// # Panics
    /// If the number of verdicts differs from the number of blocks.
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
                    let helps = self.helps_completion(place);
                    let mut corollary = by_itself && tree.is_immediate() && !helps;
                    if !corollary && rules > at_start {
                        // An earlier theorem of this round may imply it directly.
                        let (verdict, steps) = solve(self.block(place, Effort::GLANCE));
                        self.counts.steps += steps;
                        if let Verdict::Proved(shorter) = verdict {
                            corollary = shorter.is_immediate() && !helps;
                            tree = shorter;
                        }
                    }
                    // A textbook law above the size limit that needs no induction is listed, but not made a rule, so it
                    // costs no block any steps.
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

    /// Whether a generated conjecture exceeds the theory's limit on atoms, which only textbook laws may.
    fn is_large(&self, place: usize) -> bool {
        let conjecture = &self.conjectures[place];
        conjecture.origin == Origin::Generated
            && conjecture.clause.as_ref().is_some_and(|clause| atoms(clause) > self.theory.bounds.atoms)
    }

    /// Decides each conjunction whose parts are decided.
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

    /// Whether completion, which knows unconditional equations only, may need a goal or lemma that blocks derive by
    /// themselves: they also use conditional rules.
    fn helps_completion(&self, place: usize) -> bool {
        let relations = &self.compiled.signature.relations;
        let is_equation = |clause: &Clause| match &clause.head {
            Head::Literal(head) => {
                head.positive && (head.relation == RelationId::EQUAL || relations[head.relation.index()].function)
            }
            Head::False | Head::Exists(..) => false,
        };
        !self.options.generate
            && self.compiled.inductions.is_empty()
            && self.conjectures[place].clause.as_ref().is_some_and(is_equation)
    }

    /// The root block, which holds all theorems, detects when the theorems contradict the axioms or each other.
    fn note_contradiction(&mut self) {
        if self.inconsistency.is_none() && self.root.falsum().is_some() {
            self.find_inconsistency();
        }
    }

    /// Reconstructs the proof and registers the theorem.
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

    /// The statement that reconstruction uses for a conjecture that the user did not ask for, before its variables are
    /// renamed for readers; `None` for goals and their parts.
    fn plain(&self, place: usize) -> Option<Formula> {
        let conjecture = &self.conjectures[place];
        let clause = conjecture.clause.as_ref().filter(|_| !is_asked(&conjecture.origin))?;
        self.compiled.signature.statement(&self.theory, clause)
    }

    /// Passes a proof to the checker; the conjecture becomes a theorem only if the checker accepts. Returns whether it
    /// did.
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
        // The proof uses the variable names of the statement.
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
        // The same statement, with the names that readers see.
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
            .map(|open| OpenInduction {
                variable: open.variable,
                case: open.case,
                ended: open.stuck.direct.clone(),
                subgoals: open.stuck.lemmas.iter().filter_map(|lemma| clause_of(lemma, constants)).take(3).collect(),
            })
            .collect();
        Open { ended: stuck.direct.clone(), inductions, wishes: Vec::new() }
    }

    /// Records the lemmas that would have closed the subgoals of a stuck proof.
    pub(super) fn collect_lemmas(&mut self, place: usize, stuck: &Stuck) {
        let mut found = self.lemmas_of(stuck);
        // Not those of lemmas: each step would lead to the next.
        if is_asked(&self.conjectures[place].origin) {
            found.extend(self.steps_of(stuck));
        }
        self.wanted.extend(found.into_iter().map(|clause| (clause, place)));
    }

    /// Makes conjectures of the recorded lemma candidates, smallest first, unless a model refutes them. Returns the
    /// number added.
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
            if self.fails_at_small_values(&clause) || self.follows_at_once(&clause) {
                self.known.insert(clause);
            } else {
                self.add(clause, Origin::Lemma(place));
                added += 1;
            }
        }
        added
    }

    /// Whether every block derives the clause from the current rules with minimal effort.
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
