//! Exploration: from a theory to its theorems, round after round.
//!
//! An [`Exploration`] decides what is tried next and what is made of the outcome. It hands out logic
//! blocks, one for each conjecture of a round, and takes their verdicts back in the same order. All
//! blocks of a round stand on the same root block and the same rules; what a round proves is checked,
//! numbered and turned into rules when the round is over. So the outcome depends on the theory and
//! the options alone, not on who ran the blocks in which order.

use std::collections::HashSet;
use std::sync::Arc;

use crate::block::{Block, End, Limits, Snapshot};
use crate::check::{Basis, check};
use crate::clause::{Clause, Head, Literal, RelationId, Term};
use crate::compile::{Axiom, Compiled, Justification, Move, Start};
use crate::conjecture::{Limits as Size, Refuted, Shape, TermTree, canonical, generate_while};
use crate::extract::{By, compose, extract};
use crate::formula::Formula;
use crate::ground::ground_model;
use crate::model::Model;
use crate::model::evaluate::Evaluator;
use crate::model::find::{SearchLimits, counter_model, find_models};
use crate::proof::{Proof, TheoremId};
use crate::prove::{Effort, LogicBlock, Stuck, Verdict, solve};
use crate::rule::{Argument, Pattern, Rule, RuleBook};
use crate::sequent::{Sequent, SequentHead};
use crate::theory::{Goal, Theory};

/// What is wanted of an exploration, and its bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Whether conjectures are generated. Without, only goals are tried, and what they seem to need.
    pub generate: bool,
    /// Conjectures that are tried in one round.
    pub window: usize,
    /// Individuals of the piece of an inductive structure in which conjectures are tested.
    pub ground: u16,
    /// The efforts for a conjecture, one after the other. A new theorem begins anew with the first.
    pub efforts: [Effort; 2],
    /// The effort for goals that are open in the end; `None`: no last attempt.
    pub last_effort: Option<Effort>,
    /// How many lemmas may be made of stuck subgoals.
    pub lemmas: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            generate: true,
            window: 16,
            ground: 64,
            efforts: [Effort::QUICK, Effort::USUAL],
            last_effort: Some(Effort::HIGH),
            lemmas: 200,
        }
    }
}

/// Where a conjecture came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The user asked for it.
    Goal(Goal),
    /// It was generated.
    Generated,
    /// A proof of the conjecture with this number got stuck on it.
    Lemma(usize),
    /// It is a part of the conjunction that the conjecture with this number states.
    Part(usize),
}

/// A conjecture and its fate.
#[derive(Clone, Debug)]
pub struct Conjecture {
    /// Where it came from.
    pub origin: Origin,
    /// Its flat form; `None` for a goal that is no clause.
    pub clause: Option<Clause>,
    /// The way from the part behind the anchor to the clause, for a user's goal.
    moves: Vec<Move>,
    /// Its closed formula.
    pub statement: Formula,
    /// If its conclusion is a conjunction: the conjectures that state the parts, in order.
    pub parts: Vec<usize>,
    /// Whether no assignment in the models satisfies its premises.
    pub vacuous: bool,
    /// Whether it says of larger terms what another conjecture says of smaller ones: then it is left
    /// to follow from that one, and no induction is tried.
    pub by_congruence: bool,
    /// What became of it.
    pub fate: Fate,
    /// For each effort how many rules were known when it was last tried, plus one; 0: not yet.
    pub(crate) tried: [u32; 3],
    /// How often it was tried in vain.
    pub(crate) failures: u32,
}

impl Conjecture {
    /// Whether the last attempt was ended by the bound on steps.
    fn was_costly(&self) -> bool {
        match &self.fate {
            Fate::Open(open) => {
                open.ended == "steps" || open.inductions.iter().any(|induction| induction.ended == "steps")
            }
            _ => false,
        }
    }

    /// The moves from the closed statement to the clause.
    pub(crate) fn theorem_moves(&self) -> Vec<Move> {
        let mut moves = vec![Move::Apply];
        moves.extend(&self.moves);
        moves
    }
}

/// What became of a conjecture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Not decided yet.
    Waiting,
    /// It is a theorem.
    Proved(TheoremId),
    /// A model refutes it: the model's place in [`Exploration::models`], and a value for each variable.
    Refuted(usize, Vec<u16>),
    /// It was tried and stays open.
    Open(Open),
    /// It cannot be tried, and why.
    Unsupported(&'static str),
}

/// Why a conjecture stays open.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Open {
    /// Why the direct attempt ended: `saturated`, `values`, `steps`.
    pub ended: &'static str,
    /// The inductions tried: the variable's number, the case that stayed open, and its subgoal in MPL
    /// form as a list of premises and a head over the block's individuals.
    pub inductions: Vec<OpenInduction>,
}

/// An induction that did not go through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenInduction {
    /// The number of the variable.
    pub variable: u16,
    /// The number of the case, in the order of the constructors.
    pub case: usize,
    /// Why the case ended, as in [`Open::ended`].
    pub ended: &'static str,
    /// The subgoals, as statements of their own, that would have closed the case.
    pub subgoals: Vec<Clause>,
}

/// A checked theorem.
#[derive(Clone, Debug)]
pub struct Theorem {
    /// Its closed statement.
    pub statement: Formula,
    /// Its flat form.
    pub clause: Clause,
    /// Its proof, accepted by the checker.
    pub proof: Proof,
    /// What the proof rests on.
    pub basis: Basis,
    /// The number of the variable on which the outermost induction is, if there is one.
    pub induction: Option<u16>,
    /// Whether it follows at once, without induction, from what was known: then it is no rule.
    pub corollary: bool,
    /// Whether it does not follow without induction from the other essential theorems.
    pub essential: bool,
    /// The conjecture.
    pub conjecture: usize,
    /// The round in which it was accepted.
    pub round: u32,
    pub(crate) moves: Vec<Move>,
}

/// How many of what there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Conjectures built before any test, by the generator's account.
    pub built: u64,
    /// Conjectures refuted by a model, those of the generator included.
    pub refuted: u64,
    /// Generated conjectures that were dropped as instances of others.
    pub instances: u64,
    /// Generated conjectures that were dropped since their premises hold in no model.
    pub vacuous: u64,
    /// Conjectures that no model refutes.
    pub candidates: usize,
    /// Theorems that are no corollaries and were proved without induction.
    pub direct: usize,
    /// Theorems proved by induction.
    pub induction: usize,
    /// Corollaries.
    pub corollaries: usize,
    /// Essential theorems.
    pub essential: usize,
    /// Open conjectures.
    pub open: usize,
    /// Lemmas that came from stuck subgoals.
    pub lemmas: usize,
    /// Look-ups and comparisons of all blocks.
    pub steps: u64,
    /// Blocks opened.
    pub blocks: u64,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Task {
    /// Make models or conjectures: call [`Exploration::prepare`].
    Prepare,
    /// Run these blocks, give their verdicts to [`Exploration::commit`] in this order.
    Solve(Vec<LogicBlock>),
    /// Nothing.
    Finished,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
}

/// See the module's page.
#[derive(Debug)]
pub struct Exploration {
    theory: Arc<Theory>,
    options: Options,
    compiled: Arc<Compiled>,
    book: RuleBook,
    root: Arc<Snapshot>,
    /// The models in which conjectures are tested.
    pub models: Vec<Model>,
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
    /// Lemmas that stuck proofs ask for, with the conjecture: tried when nothing else is left to do.
    pub(crate) wanted: Vec<(Clause, usize)>,
    /// Where among the conjectures the generated ones begin.
    pub(crate) generated_at: Option<usize>,
    /// The goals that were refuted by a model that was looked for at the end.
    pub(crate) late_models: Vec<usize>,
}

impl Exploration {
    /// An exploration of a theory; its goals and `more` are tried first.
    #[must_use]
    pub fn new(theory: Arc<Theory>, more: &[Goal], options: Options) -> Exploration {
        let goals: Vec<Goal> = theory.goals.iter().chain(more).cloned().collect();
        let formulas: Vec<&Formula> = goals.iter().map(|goal| &goal.statement).collect();
        let mut compiled = Compiled::new(&theory, &formulas);
        let mut conjectures = Vec::new();
        let mut known = HashSet::new();
        for goal in &goals {
            read_goal(&theory, &mut compiled, goal, &mut conjectures, &mut known);
        }
        let compiled = Arc::new(compiled);
        let book = RuleBook::new(&compiled);
        let root = Arc::new(root_of(&book, &compiled).rest());
        Exploration {
            theory,
            options,
            compiled,
            book,
            root,
            models: Vec::new(),
            refuted: Vec::new(),
            conjectures,
            theorems: Vec::new(),
            inconsistency: None,
            statements: Vec::new(),
            known,
            counts: Counts::default(),
            stage: Stage::Fresh,
            round: 0,
            running: Vec::new(),
            wanted: Vec::new(),
            generated_at: None,
            late_models: Vec::new(),
        }
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
            if theorem.corollary {
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
            counts.candidates += usize::from(!matches!(conjecture.fate, Fate::Refuted(..)));
            counts.refuted += u64::from(matches!(conjecture.fate, Fate::Refuted(..)));
            counts.lemmas += usize::from(matches!(conjecture.origin, Origin::Lemma(_)));
        }
        counts
    }

    /// What is to be done next: the first open conjectures, by interest, that have not been tried with
    /// all rules; first with little effort, and with more when nothing else is left.
    #[expect(
        clippy::should_implement_trait,
        reason = "an exploration takes verdicts between its tasks, so it is no iterator"
    )]
    pub fn next(&mut self) -> Task {
        loop {
            match self.stage {
                Stage::Finished => return Task::Finished,
                Stage::Fresh | Stage::Wanting => return Task::Prepare,
                // Only goals were asked for, and all are decided.
                _ if !self.options.generate && !self.goals_open() => self.finish(),
                Stage::Goals | Stage::Generated => {
                    // With patience first: what failed often waits for several new rules.
                    for (level, patient) in [(0, true), (0, false), (1, false)] {
                        if self.choose(level, patient) {
                            return self.solve_with(self.options.efforts[level]);
                        }
                    }
                    self.advance();
                }
                Stage::Last => {
                    if let Some(effort) = self.options.last_effort
                        && self.choose(2, false)
                    {
                        return self.solve_with(effort);
                    }
                    self.finish();
                }
            }
        }
    }

    fn solve_with(&self, effort: Effort) -> Task {
        Task::Solve(self.running.iter().map(|place| self.block(*place, effort)).collect())
    }

    /// Chooses the conjectures of the next round; false if there is none to be tried at this level.
    fn choose(&mut self, level: usize, patient: bool) -> bool {
        let rules = self.rules() + 1;
        let last = self.stage == Stage::Last;
        let chosen = |(_, conjecture): &(usize, &Conjecture)| {
            let open = matches!(conjecture.fate, Fate::Waiting | Fate::Open(_)) && conjecture.clause.is_some();
            let tried = conjecture.tried[level];
            let waits = patient && tried > 0 && conjecture.was_costly() && rules < tried + conjecture.failures / 2;
            open && tried < rules && !waits && (!last || is_asked(&conjecture.origin))
        };
        // Lemmas stand at the end of the list but are wanted first.
        let lemmas_first =
            |(place, conjecture): &(usize, &Conjecture)| (!matches!(conjecture.origin, Origin::Lemma(_)), *place);
        let mut order: Vec<_> = self.conjectures.iter().enumerate().filter(chosen).collect();
        order.sort_by_key(lemmas_first);
        self.running = order.into_iter().map(|(place, _)| place).take(self.options.window).collect();
        let running = &self.running;
        for place in running {
            self.conjectures[*place].tried[level] = rules;
        }
        !self.running.is_empty()
    }

    fn block(&self, place: usize, effort: Effort) -> LogicBlock {
        let clause = self.conjectures[place].clause.as_ref().expect("what is tried is a clause");
        let sequent = Sequent::of(clause).expect("a clause that is tried has a head");
        let nesting = if self.conjectures[place].by_congruence { 0 } else { effort.nesting };
        LogicBlock::new(self.compiled.clone(), self.root.clone(), sequent, Effort { nesting, ..effort })
    }

    /// Whether the user still waits for an answer.
    fn goals_open(&self) -> bool {
        self.conjectures
            .iter()
            .any(|conjecture| is_asked(&conjecture.origin) && matches!(conjecture.fate, Fate::Waiting | Fate::Open(_)))
    }

    /// Nothing is left to be tried as things are: more conjectures, lemmas, more effort, or the end.
    fn advance(&mut self) {
        if self.stage == Stage::Goals && self.goals_open() {
            // The goals alone did not suffice: what the theory has to offer comes in.
            self.stage = Stage::Wanting;
        } else if self.stage == Stage::Generated && self.add_lemmas() > 0 {
            // They are tried like everything else.
        } else if self.goals_open() && self.options.last_effort.is_some() {
            self.stage = Stage::Last;
        } else {
            self.finish();
        }
    }

    /// Makes the models, refutes goals, and generates conjectures if that is wanted. Looks for a
    /// contradiction in the axioms first.
    ///
    /// Asks `go_on` all the while; false if it was told to stop, and then the exploration can only be
    /// begun anew or restored.
    pub fn prepare(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        if self.stage == Stage::Fresh {
            let inconsistent = self.find_inconsistency();
            self.make_models(inconsistent);
            if inconsistent {
                self.stage = Stage::Finished;
                return true;
            }
            self.join_parts();
            self.stage = Stage::Goals;
        }
        if self.options.generate || self.stage == Stage::Wanting {
            if !self.generate(go_on) {
                return false;
            }
            self.stage = Stage::Generated;
        }
        true
    }

    /// Makes the models and refutes goals in them. An inconsistent theory has none.
    pub(crate) fn make_models(&mut self, inconsistent: bool) {
        if inconsistent {
            if self.conjectures.iter().all(|conjecture| conjecture.origin != Origin::Generated) {
                self.add_falsity();
            }
            return;
        }
        let mut steps = 0;
        self.models.extend(ground_model(&self.compiled, &self.root, self.options.ground, &mut steps));
        self.counts.steps += steps;
        if self.models.is_empty() && self.has_finite_models() {
            self.models = finite_models(&self.compiled);
        }
        let evaluators: Vec<Evaluator> = self.models.iter().map(Evaluator::new).collect();
        for conjecture in &mut self.conjectures {
            let Some(clause) = &conjecture.clause else { continue };
            let refuted = evaluators.iter().enumerate().find_map(|(model, evaluator)| {
                evaluator.refute_up_to(clause, 8).map(|assignment| Fate::Refuted(model, assignment))
            });
            if let Some(fate) = refuted {
                conjecture.fate = fate;
            }
            conjecture.vacuous =
                !evaluators.is_empty() && !evaluators.iter().any(|evaluator| evaluator.satisfiable_premises(clause));
        }
    }

    /// The statement that a constant differs from itself; `None` without constants.
    fn add_falsity(&mut self) -> Option<usize> {
        let term = (!self.compiled.signature.constants.is_empty()).then_some(Term::Constant(0))?;
        let denial = Literal { positive: false, relation: RelationId::EQUAL, arguments: vec![term, term] };
        let place = self.conjectures.len();
        self.add(Clause { variables: 0, premises: Vec::new(), head: Head::Literal(denial) }, Origin::Generated);
        (self.conjectures.len() > place).then_some(place)
    }

    /// Adds the conjectures of the generator that are not known yet; false if `go_on` said stop.
    pub(crate) fn generate(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        self.generated_at = Some(self.conjectures.len());
        let limits = Size::new(&self.compiled.signature, &self.theory.bounds);
        let Some(generated) = generate_while(&self.compiled.signature, &limits, &self.models, go_on) else {
            return false;
        };
        self.counts.built += generated.counts.built as u64;
        self.counts.instances += generated.counts.instances as u64;
        self.counts.vacuous += generated.counts.vacuous as u64;
        self.refuted = generated.refuted;
        let mut conjectures = generated.conjectures;
        // Of equally simple laws those come first that leave the variables where they are:
        // associativity before its mixtures with commutativity.
        conjectures.sort_by_key(|conjecture| {
            let rank = &conjecture.rank;
            (rank.atoms, rank.repeats, rank.constants, rank.inputs, permuted(&conjecture.shape))
        });
        for conjecture in conjectures {
            let place = self.conjectures.len();
            self.add(conjecture.clause, Origin::Generated);
            if let Some(added) = self.conjectures.get_mut(place) {
                added.by_congruence = conjecture.by_congruence;
            }
        }
        true
    }

    pub(crate) fn add(&mut self, clause: Clause, origin: Origin) {
        if !self.known.insert(clause.clone()) {
            return;
        }
        let Some(statement) = self.compiled.signature.statement(&self.theory, &clause) else { return };
        let moves = vec![Move::Apply; clause.premises.len()];
        self.conjectures.push(Conjecture {
            origin,
            clause: Some(clause),
            moves,
            statement,
            parts: Vec::new(),
            vacuous: false,
            by_congruence: false,
            fate: Fate::Waiting,
            tried: [0; 3],
            failures: 0,
        });
    }

    /// Theorems that are rules.
    fn rules(&self) -> u32 {
        self.theorems.iter().filter(|theorem| !theorem.corollary).count() as u32
    }

    fn finish(&mut self) {
        self.find_counter_models();
        self.mark_essential();
        self.stage = Stage::Finished;
    }

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
                    if self.accept(place, &tree, corollary) && !corollary {
                        rules += 1;
                    }
                }
                Verdict::Open(stuck) => {
                    self.collect_lemmas(place, &stuck);
                    self.conjectures[place].failures += 1;
                    self.conjectures[place].fate = Fate::Open(self.report(&stuck));
                }
            }
        }
        self.join_parts();
        (known..self.theorems.len()).map(|number| TheoremId(number as u32)).collect()
    }

    /// Decides conjunctions whose parts are decided.
    fn join_parts(&mut self) {
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
                let proof = compose(&self.theory, &self.compiled, &self.statements, statement, &proved);
                let clause = self.conjectures[conjecture.parts[0]].clause.clone().expect("a part is a clause");
                self.register(place, clause, proof, None, true);
            }
        }
    }

    /// Writes down the proof and enters the theorem.
    fn accept(&mut self, place: usize, tree: &crate::extract::Tree, corollary: bool) -> bool {
        let conjecture = &self.conjectures[place];
        let proof = extract(&self.theory, &self.compiled, &self.statements, &conjecture.statement, tree);
        let induction = match &tree.by {
            By::Block(_) => None,
            By::Induction(induction) => Some(induction.variable),
        };
        let clause = conjecture.clause.clone().expect("what was tried is a clause");
        self.register(place, clause, proof, induction, corollary)
    }

    /// Has a proof checked; only then its statement is a theorem.
    fn register(
        &mut self,
        place: usize,
        clause: Clause,
        proof: Proof,
        induction: Option<u16>,
        corollary: bool,
    ) -> bool {
        let conjecture = &self.conjectures[place];
        let statements = &self.statements;
        let basis = match check(&self.theory, |id| statements.get(id.0 as usize), &proof) {
            Ok(basis) if proof.statement() == Some(&conjecture.statement) => basis,
            refused => {
                debug_assert!(false, "the checker refuses a proof of the search: {refused:?}");
                self.conjectures[place].fate = Fate::Open(Open { ended: "refused by the checker", ..Open::default() });
                return false;
            }
        };
        let id = TheoremId(self.theorems.len() as u32);
        let moves = conjecture.theorem_moves();
        self.statements.push(conjecture.statement.clone());
        self.theorems.push(Theorem {
            statement: conjecture.statement.clone(),
            clause,
            proof,
            basis,
            induction,
            corollary,
            essential: false,
            conjecture: place,
            round: self.round,
            moves,
        });
        self.conjectures[place].fate = Fate::Proved(id);
        if !corollary {
            self.learn(id);
        }
        true
    }

    /// Makes a rule of a theorem and puts a new root block to rest.
    fn learn(&mut self, id: TheoremId) {
        add_theorem(&mut self.book, &self.compiled, id, &self.theorems[id.0 as usize]);
        let mut root = root_of(&self.book, &self.compiled);
        self.counts.steps += root.steps();
        root.run(ROOT);
        self.root = Arc::new(root.rest());
    }

    fn report(&self, stuck: &Stuck) -> Open {
        let constants = self.compiled.signature.constants.len();
        let inductions = stuck
            .inductions
            .iter()
            .map(|(variable, case, inner)| OpenInduction {
                variable: *variable,
                case: *case,
                ended: word(inner.direct),
                subgoals: inner.lemmas.iter().filter_map(|lemma| clause_of(lemma, constants)).take(3).collect(),
            })
            .collect();
        Open { ended: word(stuck.direct), inductions }
    }

    /// Keeps the lemmas that would have closed the subgoals on which a proof got stuck.
    fn collect_lemmas(&mut self, place: usize, stuck: &Stuck) {
        let constants = self.compiled.signature.constants.len();
        let mut queue: Vec<&Stuck> = vec![stuck];
        let mut found = Vec::new();
        while let Some(stuck) = queue.pop() {
            found.extend(stuck.lemmas.iter().filter_map(|lemma| clause_of(lemma, constants)));
            queue.extend(stuck.inductions.iter().map(|(_, _, inner)| &**inner));
        }
        self.wanted.extend(found.into_iter().map(|clause| (clause, place)));
    }

    /// Makes conjectures of the lemmas that stuck proofs ask for, the smallest first, unless a model
    /// refutes them. Gives how many there are.
    fn add_lemmas(&mut self) -> usize {
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
    fn follows_at_once(&mut self, clause: &Clause) -> bool {
        let Some(sequent) = Sequent::of(clause) else { return false };
        let block = LogicBlock::new(self.compiled.clone(), self.root.clone(), sequent, Effort::GLANCE);
        let (verdict, steps) = solve(block);
        self.counts.steps += steps;
        matches!(verdict, Verdict::Proved(_))
    }

    /// Derives a contradiction from the axioms if that is easy: in the root block, with some values
    /// worked out, and with one more individual of each set.
    fn find_inconsistency(&mut self) -> bool {
        let Some(place) = self.add_falsity() else { return false };
        let effort = Effort { direct: Limits { steps: 60_000, creations: 40 }, ..Effort::GLANCE };
        let (verdict, steps) = solve(self.block(place, effort));
        self.counts.steps += steps;
        if let Verdict::Proved(tree) = verdict
            && self.accept(place, &tree, true)
        {
            self.inconsistency = Some(TheoremId(self.theorems.len() as u32 - 1));
            return true;
        }
        let false_one = self.conjectures.pop().and_then(|conjecture| conjecture.clause);
        if let Some(clause) = false_one {
            self.known.remove(&clause);
        }
        false
    }

    /// Whether finite models are models of the whole theory: there is no induction, whose instances are
    /// not among the clauses, and no axiom was left out of them.
    fn has_finite_models(&self) -> bool {
        self.compiled.inductions.is_empty() && self.compiled.skipped.is_empty()
    }

    /// Goals that stay open may fail in a finite model that nobody has looked at yet.
    fn find_counter_models(&mut self) {
        if !self.has_finite_models() {
            return;
        }
        for place in 0..self.conjectures.len() {
            let conjecture = &self.conjectures[place];
            let is_goal = is_asked(&conjecture.origin);
            let Some(clause) = &conjecture.clause else { continue };
            if !is_goal || !matches!(conjecture.fate, Fate::Open(_) | Fate::Waiting) {
                continue;
            }
            if let Some((model, assignment)) = finite_counter_model(&self.compiled, clause) {
                self.late_models.push(place);
                self.conjectures[place].fate = Fate::Refuted(self.models.len(), assignment);
                self.models.push(model);
            }
        }
    }

    /// Finds the models again that refuted goals at the end.
    pub(crate) fn refute_late(&mut self) {
        for place in self.late_models.clone() {
            let Some(clause) = self.conjectures.get(place).and_then(|conjecture| conjecture.clause.clone()) else {
                continue;
            };
            if let Some((model, assignment)) = finite_counter_model(&self.compiled, &clause) {
                self.conjectures[place].fate = Fate::Refuted(self.models.len(), assignment);
                self.models.push(model);
            }
        }
    }

    /// A root block with the rules of all theorems.
    pub(crate) fn rebuild_root(&mut self) {
        for (number, theorem) in self.theorems.iter().enumerate() {
            if !theorem.corollary {
                add_theorem(&mut self.book, &self.compiled, TheoremId(number as u32), theorem);
            }
        }
        self.root = Arc::new(root_of(&self.book, &self.compiled).rest());
    }

    /// A theorem is essential unless it follows at once, without induction, from the essential ones. The last
    /// accepted are let go first, so that what remains are the early, simple ones.
    fn mark_essential(&mut self) {
        let mut kept: Vec<usize> = (0..self.theorems.len()).filter(|place| !self.theorems[*place].corollary).collect();
        for place in kept.clone().into_iter().rev() {
            let mut book = RuleBook::new(&self.compiled);
            for other in kept.iter().filter(|other| **other != place) {
                add_theorem(&mut book, &self.compiled, TheoremId(*other as u32), &self.theorems[*other]);
            }
            let mut root = root_of(&book, &self.compiled);
            root.run(ROOT);
            let sequent = Sequent::of(&self.theorems[place].clause).expect("it was tried");
            let root = Arc::new(root.rest());
            let (verdict, steps) = solve(LogicBlock::new(self.compiled.clone(), root, sequent, Effort::GLANCE));
            self.counts.steps += steps;
            if matches!(verdict, Verdict::Proved(tree) if tree.is_immediate()) {
                kept.retain(|other| *other != place);
            }
        }
        for place in kept {
            self.theorems[place].essential = true;
        }
    }
}

/// Enters a goal; one whose conclusion is a conjunction together with its parts.
fn read_goal(
    theory: &Theory,
    compiled: &mut Compiled,
    goal: &Goal,
    conjectures: &mut Vec<Conjecture>,
    known: &mut HashSet<Clause>,
) {
    let mut conjecture = Conjecture {
        origin: Origin::Goal(goal.clone()),
        clause: None,
        moves: Vec::new(),
        statement: goal.statement.clone(),
        parts: Vec::new(),
        vacuous: false,
        by_congruence: false,
        fate: Fate::Waiting,
        tried: [0; 3],
        failures: 0,
    };
    let mut axioms = match compiled.read_statement(theory, &goal.statement) {
        None => {
            conjecture.fate = Fate::Unsupported("it does not begin with the theory's anchor");
            return conjectures.push(conjecture);
        }
        Some((_, Err(reason))) => {
            conjecture.fate = Fate::Unsupported(reason);
            return conjectures.push(conjecture);
        }
        Some((_, Ok(axioms))) => axioms,
    };
    if axioms.len() == 1 {
        let axiom = axioms.remove(0);
        known.insert(axiom.clause.clone());
        conjecture.clause = Some(axiom.clause);
        conjecture.moves = axiom.justification.moves;
        return conjectures.push(conjecture);
    }
    let whole = conjectures.len();
    conjecture.parts = (whole + 1..=whole + axioms.len()).collect();
    conjectures.push(conjecture);
    for axiom in axioms {
        let mut moves = vec![Move::Apply];
        moves.extend(&axiom.justification.moves);
        let statement = crate::extract::project(&goal.statement, &moves);
        known.insert(axiom.clause.clone());
        conjectures.push(Conjecture {
            origin: Origin::Part(whole),
            clause: Some(axiom.clause),
            moves: moves[1..].iter().copied().filter(|action| *action == Move::Apply).collect(),
            statement,
            parts: Vec::new(),
            vacuous: false,
            by_congruence: false,
            fate: Fate::Waiting,
            tried: [0; 3],
            failures: 0,
        });
    }
}

/// Whether the two sides of an equation have their variables in different orders.
fn permuted(shape: &Shape) -> bool {
    let Shape::Equation(left, right) = shape else { return false };
    let leaves = |tree: &TermTree| {
        let mut leaves = Vec::new();
        tree.for_each_leaf(&mut |leaf| leaves.push(leaf));
        leaves.dedup();
        leaves
    };
    leaves(left) != leaves(right)
}

/// How much the root block may do; it makes no values.
const ROOT: Limits = Limits { steps: 5_000_000, creations: 0 };

fn root_of(book: &RuleBook, compiled: &Compiled) -> Block {
    let mut root = Block::root(Arc::new(book.clone()), compiled.signature.constants.len());
    root.run(ROOT);
    root
}

fn add_theorem(book: &mut RuleBook, compiled: &Compiled, id: TheoremId, theorem: &Theorem) {
    let justification = Justification { start: Start::Theorem(id), moves: theorem.moves.clone() };
    let axiom = Axiom { clause: theorem.clause.clone(), justification };
    let (forward, backward) = if is_shuffle(&theorem.clause, compiled) { (4, 4) } else { (1, 2) };
    if let Some(rule) = Rule::of_axiom(&axiom) {
        if concludes_about_constant(&theorem.clause, compiled) {
            return book.add_gated(rule, &compiled.signature, 1);
        }
        book.add_with_demands(rule, &compiled.signature, Some(forward), Some(backward));
    }
}

/// Whether a theorem gives the value of a function at a constant, as `0 + a = a` does.
fn concludes_about_constant(clause: &Clause, compiled: &Compiled) -> bool {
    let Head::Literal(head) = &clause.head else { return false };
    let Some((_, inputs)) = head.arguments.split_last() else { return false };
    head.positive
        && compiled.signature.relations[head.relation.index()].function
        && inputs.iter().any(|input| matches!(input, Term::Constant(_)))
}

/// Whether a theorem says no more than that the inputs of one operation may be arranged otherwise, as
/// commutativity and associativity do. What such a theorem asks for is put off: it leads to many
/// values, and seldom to new ones.
fn is_shuffle(clause: &Clause, compiled: &Compiled) -> bool {
    let Head::Literal(head) = &clause.head else { return false };
    let relation = head.relation;
    let operation = |literal: &Literal| {
        literal.relation == relation
            && literal.positive
            && literal.arguments.len() == 3
            && literal.arguments.iter().all(|argument| matches!(argument, Term::Variable(_)))
    };
    compiled.signature.relations[relation.index()].function
        && operation(head)
        && clause.premises.iter().all(operation)
        && clause.premises.len() % 2 == 1
}

/// Whether the user asked for a conjecture, or for a statement of which it is a part.
fn is_asked(origin: &Origin) -> bool {
    matches!(origin, Origin::Goal(_) | Origin::Part(_))
}

/// The word for why an attempt ended.
fn word(end: End) -> &'static str {
    match end {
        End::Proved | End::Contradiction => "proved",
        End::Saturated => "saturated",
        End::OutOfCreations => "values",
        End::OutOfSteps => "steps",
    }
}

/// The clause of a sequent over the signature's constants; `None` if it mentions other individuals.
fn clause_of(sequent: &Sequent, constants: usize) -> Option<Clause> {
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

/// Finite models of the axioms, for theories that have some.
fn finite_models(compiled: &Compiled) -> Vec<Model> {
    find_models(&compiled.signature, &axioms_of(compiled), &SearchLimits::default()).models
}

/// A finite model of the axioms in which a clause fails, with values of its variables.
fn finite_counter_model(compiled: &Compiled, clause: &Clause) -> Option<(Model, Vec<u16>)> {
    counter_model(&compiled.signature, &axioms_of(compiled), clause, &SearchLimits::default()).ok().flatten()
}

/// All clauses that hold under the anchor. Models are asked of a theory only if no part of it was left
/// out when it was compiled: else there would be too many.
fn axioms_of(compiled: &Compiled) -> Vec<Clause> {
    compiled.axioms.iter().map(|axiom| axiom.clause.clone()).collect()
}
