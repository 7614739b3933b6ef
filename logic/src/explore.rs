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
use crate::extract::{By, compose, extract};
use crate::formula::Formula;
use crate::ground::ground_model;
use crate::model::Model;
use crate::model::evaluate::Evaluator;
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
    /// How often the open conjectures are gone through again while new theorems come in.
    pub passes: u32,
    /// Individuals of the piece of an inductive structure in which conjectures are tested.
    pub ground: u16,
    /// The usual effort for a conjecture.
    pub effort: Effort,
    /// The effort for what is open in the end; `None`: no last attempt.
    pub last_effort: Option<Effort>,
    /// How many lemmas may be made of stuck subgoals.
    pub lemmas: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            generate: true,
            window: 16,
            passes: 8,
            ground: 64,
            effort: Effort::USUAL,
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
    /// What became of it.
    pub fate: Fate,
    /// How many theorems were known when it was last tried, plus one; 0: not yet.
    tried: u32,
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
    /// The subgoals, as closed statements, that would have closed the case.
    pub subgoals: Vec<Formula>,
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
    moves: Vec<Move>,
}

/// How many of what there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Conjectures built before any test, by the generator's account.
    pub built: u64,
    /// Conjectures refuted by a model, those of the generator included.
    pub refuted: u64,
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
    /// Make models and conjectures: call [`Exploration::prepare`].
    Prepare,
    /// Run these blocks, give their verdicts to [`Exploration::commit`] in this order.
    Solve(Vec<LogicBlock>),
    /// Nothing.
    Finished,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Fresh,
    Goals,
    Generated,
    Last,
    Finished,
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
    /// All theorems, in order of acceptance.
    pub theorems: Vec<Theorem>,
    /// A contradiction that follows from the axioms: the theorem that says so.
    pub inconsistency: Option<TheoremId>,
    statements: Vec<Formula>,
    known: HashSet<Clause>,
    counts: Counts,
    stage: Stage,
    pass: u32,
    round: u32,
    order: Vec<usize>,
    position: usize,
    running: Vec<usize>,
    /// Lemmas that stuck proofs ask for, with the conjecture: tried when a pass brings nothing new.
    wanted: Vec<(Clause, usize)>,
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
            conjectures,
            theorems: Vec::new(),
            inconsistency: None,
            statements: Vec::new(),
            known,
            counts: Counts::default(),
            stage: Stage::Fresh,
            pass: 0,
            round: 0,
            order: Vec::new(),
            position: 0,
            running: Vec::new(),
            wanted: Vec::new(),
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

    /// The round: how many times verdicts have been committed.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.round
    }

    /// How far the current pass is: conjectures tried, and how many there are in it.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.position, self.order.len())
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
        for conjecture in &self.conjectures {
            counts.open += usize::from(matches!(conjecture.fate, Fate::Open(_) | Fate::Waiting));
            counts.candidates += usize::from(!matches!(conjecture.fate, Fate::Refuted(..)));
            counts.refuted += u64::from(matches!(conjecture.fate, Fate::Refuted(..)));
            counts.lemmas += usize::from(matches!(conjecture.origin, Origin::Lemma(_)));
        }
        counts
    }

    /// What is to be done next.
    pub fn next(&mut self) -> Task {
        loop {
            if self.stage == Stage::Finished {
                return Task::Finished;
            }
            if self.stage == Stage::Fresh {
                return Task::Prepare;
            }
            while self.position < self.order.len() {
                let until = (self.position + self.options.window).min(self.order.len());
                self.running = self.order[self.position..until]
                    .iter()
                    .copied()
                    .filter(|place| matches!(self.conjectures[*place].fate, Fate::Waiting | Fate::Open(_)))
                    .collect();
                self.position = until;
                if !self.running.is_empty() {
                    let effort = match (self.stage, self.options.last_effort) {
                        (Stage::Last, Some(effort)) => effort,
                        _ => self.options.effort,
                    };
                    return Task::Solve(self.running.iter().map(|place| self.block(*place, effort)).collect());
                }
            }
            self.end_pass();
        }
    }

    fn block(&self, place: usize, effort: Effort) -> LogicBlock {
        let clause = self.conjectures[place].clause.as_ref().expect("what is tried is a clause");
        let sequent = Sequent::of(clause).expect("a clause that is tried has a head");
        LogicBlock::new(self.compiled.clone(), self.root.clone(), sequent, effort)
    }

    /// Makes the models, refutes goals, and generates conjectures if that is wanted. Looks for a
    /// contradiction in the axioms first.
    pub fn prepare(&mut self) {
        if self.find_inconsistency() {
            self.stage = Stage::Finished;
            return;
        }
        let mut steps = 0;
        self.models.extend(ground_model(&self.compiled, &self.root, self.options.ground, &mut steps));
        self.counts.steps += steps;
        if self.models.is_empty() {
            self.models = crate::conjecture::finite_models(&self.compiled);
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
        self.join_parts();
        self.stage = Stage::Goals;
        if self.options.generate {
            self.generate();
            self.stage = Stage::Generated;
        }
        self.begin_pass();
    }

    /// Adds the conjectures of the generator that are not known yet.
    fn generate(&mut self) {
        let generated = crate::conjecture::candidates(&self.theory, &self.compiled, &self.models);
        self.counts.built += generated.built;
        self.counts.refuted += generated.refuted;
        for clause in generated.clauses {
            self.add(clause, Origin::Generated);
        }
    }

    fn add(&mut self, clause: Clause, origin: Origin) {
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
            fate: Fate::Waiting,
            tried: 0,
        });
    }

    /// Tries the open conjectures again that have not been tried with all theorems.
    fn begin_pass(&mut self) {
        self.pass += 1;
        self.position = 0;
        let rules = self.rules() + 1;
        let last = self.stage == Stage::Last;
        self.order = (0..self.conjectures.len())
            .filter(|place| {
                let conjecture = &self.conjectures[*place];
                let open = match &conjecture.fate {
                    Fate::Waiting => true,
                    Fate::Open(_) => last || conjecture.tried < rules,
                    Fate::Proved(_) | Fate::Refuted(..) | Fate::Unsupported(_) => false,
                };
                open && conjecture.clause.is_some()
            })
            .collect();
        // Lemmas stand at the end of the list but are wanted first.
        self.order.sort_by_key(|place| (!matches!(self.conjectures[*place].origin, Origin::Lemma(_)), *place));
    }

    /// Theorems that are rules.
    fn rules(&self) -> u32 {
        self.theorems.iter().filter(|theorem| !theorem.corollary).count() as u32
    }

    fn end_pass(&mut self) {
        let goals_open = self
            .conjectures
            .iter()
            .any(|conjecture| is_asked(&conjecture.origin) && matches!(conjecture.fate, Fate::Waiting | Fate::Open(_)));
        if self.stage == Stage::Goals && !goals_open {
            return self.finish();
        }
        let rules = self.rules() + 1;
        let more = self.conjectures.iter().any(|conjecture| match &conjecture.fate {
            Fate::Waiting => conjecture.clause.is_some(),
            Fate::Open(_) => conjecture.tried < rules,
            _ => false,
        });
        if more && self.pass < self.options.passes {
            return self.begin_pass();
        }
        if self.stage != Stage::Last && self.pass < self.options.passes && self.add_lemmas() > 0 {
            return self.begin_pass();
        }
        match self.stage {
            // The goals alone did not suffice: what the theory has to offer comes in.
            Stage::Goals => {
                self.generate();
                self.stage = Stage::Generated;
                self.pass = 0;
                self.begin_pass();
            }
            Stage::Generated if goals_open && self.options.last_effort.is_some() => {
                self.stage = Stage::Last;
                self.begin_pass();
                let conjectures = &self.conjectures;
                self.order.retain(|place| is_asked(&conjectures[*place].origin));
            }
            _ => self.finish(),
        }
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
            self.conjectures[place].tried = at_start + 1;
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
        let mut moves = vec![Move::Apply];
        moves.extend(&conjecture.moves);
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
        let inductions = stuck
            .inductions
            .iter()
            .map(|(variable, case, inner)| OpenInduction {
                variable: *variable,
                case: *case,
                ended: word(inner.direct),
                subgoals: inner.lemmas.iter().filter_map(|lemma| self.statement_of(lemma)).take(3).collect(),
            })
            .collect();
        Open { ended: word(stuck.direct), inductions }
    }

    fn statement_of(&self, lemma: &Sequent) -> Option<Formula> {
        self.compiled.signature.statement(&self.theory, &clause_of(lemma, self.compiled.signature.constants.len())?)
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
            let clause = crate::conjecture::canonical(&clause);
            if added == most || self.known.contains(&clause) {
                continue;
            }
            let refuted = self.models.iter().any(|model| Evaluator::new(model).refute_up_to(&clause, 6).is_some());
            if refuted {
                self.known.insert(clause);
            } else {
                self.add(clause, Origin::Lemma(place));
                added += 1;
            }
        }
        added
    }

    /// Derives a contradiction from the axioms if that is easy: in the root block, with some values
    /// worked out, and with one more individual of each set.
    fn find_inconsistency(&mut self) -> bool {
        let equal = |term| Literal { positive: false, relation: RelationId::EQUAL, arguments: vec![term, term] };
        let Some(clause) = (!self.compiled.signature.constants.is_empty()).then(|| Clause {
            variables: 0,
            premises: Vec::new(),
            head: Head::Literal(equal(Term::Constant(0))),
        }) else {
            return false;
        };
        let Some(statement) = self.compiled.signature.statement(&self.theory, &clause) else { return false };
        let sequent = Sequent::of(&clause).expect("it has a head");
        let effort = Effort { direct: Limits { steps: 60_000, creations: 40 }, ..Effort::GLANCE };
        let (verdict, steps) = solve(LogicBlock::new(self.compiled.clone(), self.root.clone(), sequent, effort));
        self.counts.steps += steps;
        let Verdict::Proved(tree) = verdict else { return false };
        let place = self.conjectures.len();
        self.conjectures.push(Conjecture {
            origin: Origin::Generated,
            clause: Some(clause),
            moves: Vec::new(),
            statement,
            parts: Vec::new(),
            vacuous: false,
            fate: Fate::Waiting,
            tried: 0,
        });
        if self.accept(place, &tree, true) {
            self.inconsistency = Some(TheoremId(self.theorems.len() as u32 - 1));
        }
        self.inconsistency.is_some()
    }

    /// Goals that stay open may fail in a finite model that nobody has looked at yet.
    fn find_counter_models(&mut self) {
        if !self.compiled.inductions.is_empty() {
            return;
        }
        for place in 0..self.conjectures.len() {
            let conjecture = &self.conjectures[place];
            let is_goal = is_asked(&conjecture.origin);
            let Some(clause) = &conjecture.clause else { continue };
            if !is_goal || !matches!(conjecture.fate, Fate::Open(_) | Fate::Waiting) {
                continue;
            }
            if let Some(model) = crate::conjecture::counter_model(&self.compiled, clause)
                && let Some(assignment) = Evaluator::new(&model).refute(clause)
            {
                self.conjectures[place].fate = Fate::Refuted(self.models.len(), assignment);
                self.models.push(model);
            }
        }
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
        fate: Fate::Waiting,
        tried: 0,
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
            fate: Fate::Waiting,
            tried: 0,
        });
    }
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
    if let Some(rule) = Rule::of_axiom(&axiom) {
        book.add_with_demands(rule, &compiled.signature, Some(0), Some(1));
    }
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
