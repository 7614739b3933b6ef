//! The examiner of a theory: turns requests into runs, and runs into verdicts.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::infix::Infix;
use theoremata_logic::language::mpl::read_goals;
use theoremata_logic::search::explore::{Exploration, Fate};
use theoremata_store::{Input, RunId, Status, Store, run_id};

use crate::grid::Cancel;
use crate::measure::{Meter, resident_bytes};
use crate::run::{self, Answer, Event, GOALS, Manner, Prepared, Question, STACK_BYTES, Settings, goal_mpl, math};

/// Resource bounds of one examination.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    /// CPU seconds.
    pub cpu: f64,
    /// Bytes by which the process may grow.
    pub memory: u64,
}

/// The verdict on a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The checker accepted a proof.
    Proved {
        /// The run that holds it.
        run: RunId,
        /// Its number there.
        theorem: u32,
        /// Whether its premises hold in none of the models.
        vacuous: bool,
    },
    /// Refuted by a model of the theory.
    Refuted {
        /// The assignment, such as `x = 2`.
        counterexample: String,
    },
    /// Neither.
    Open {
        /// Why, in words.
        why: String,
    },
}

/// Examines statements of one theory.
pub struct Examiner {
    id: String,
    pub(super) theory: Arc<Theory>,
    inputs: Vec<Input>,
    store: Arc<Store>,
    limits: Limits,
    now: fn() -> String,
    /// One run at a time: two runs of one question must not write to the store concurrently.
    turn: Mutex<()>,
    laws: OnceLock<Result<Vec<Law>, String>>,
}

/// A theorem found by exploration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Law {
    pub(super) mpl: String,
    pub(super) math: String,
}

/// Name of the goals of an examination among the inputs of its run. Other commands use other names, so they never write
/// to the same run.
const ASKED: &str = "thread";

impl Examiner {
    /// An examiner of the theory that was read from these inputs. `now` gives the time for records.
    #[must_use]
    pub fn new(theory: Theory, inputs: Vec<Input>, store: Arc<Store>, limits: Limits, now: fn() -> String) -> Examiner {
        let id = Self::id_of(&inputs, limits);
        let (theory, turn, laws) = (Arc::new(theory), Mutex::new(()), OnceLock::new());
        Examiner { id, theory, inputs, store, limits, now, turn, laws }
    }

    /// The id of an examiner of the theory that was read from these inputs: verdicts depend on the theory and on the
    /// limits.
    #[must_use]
    pub fn id_of(inputs: &[Input], limits: Limits) -> String {
        let run = run_id(inputs, "examiner");
        format!("{run} {} s {} MB", limits.cpu, limits.memory >> 20)
    }

    /// The same examiner, under the same id, with its limits capped.
    #[must_use]
    pub fn within(self, most: Limits) -> Examiner {
        let Limits { cpu, memory } = self.limits;
        Examiner { limits: Limits { cpu: cpu.min(most.cpu), memory: memory.min(most.memory) }, ..self }
    }

    /// The id, from theory and limits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The theory.
    #[must_use]
    pub fn theory(&self) -> &Theory {
        &self.theory
    }

    /// The store that holds the proofs.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Parses a statement, in MPL or infix notation.
    ///
    /// # Errors
    /// One line: what is wrong, where, and what is expected.
    pub fn read(&self, text: &str) -> Result<Goal, String> {
        on_large_stack(|| Infix::new(&self.theory).goal(text))?
    }

    /// A statement in infix notation.
    #[must_use]
    pub fn math(&self, goal: &Goal) -> String {
        math(&self.theory, &goal.statement)
    }

    /// A statement in MPL.
    #[must_use]
    pub fn mpl(&self, goal: &Goal) -> String {
        goal_mpl(&self.theory, &goal.statement)
    }

    /// The run that examines a statement after these lemmas.
    #[must_use]
    pub fn run(&self, lemmas: &[Goal], goal: &Goal) -> RunId {
        self.question(lemmas.iter().chain([goal]), false).run()
    }

    /// Examines a statement. Lemmas are tried first, and are used if they are proved.
    ///
    /// # Errors
    /// A message, if the store or the system fails.
    pub fn examine(&self, lemmas: &[Goal], goal: &Goal) -> Result<Verdict, String> {
        let mut verdicts = self.examine_all(&[lemmas, std::slice::from_ref(goal)].concat())?;
        verdicts.pop().ok_or_else(|| "there is no verdict".to_owned())
    }

    /// Examines statements in order; earlier ones that are proved are used for later ones.
    ///
    /// # Errors
    /// A message, if the store or the system fails.
    pub fn examine_all(&self, goals: &[Goal]) -> Result<Vec<Verdict>, String> {
        let question = self.question(goals.iter(), false);
        let (run, labels) = (question.run(), question.goals.len());
        let mut verdicts = vec![Verdict::Open { why: "the run ended before it was tried".to_owned() }; labels];
        self.done(question, &mut |event| {
            let Event::Goal(answer) = event else { return };
            let place = answer.label.parse::<usize>().ok().and_then(|label| verdicts.get_mut(label.checked_sub(1)?));
            place.into_iter().for_each(|place| *place = verdict(run, &answer));
        })?;
        Ok(verdicts)
    }

    /// A counterexample to a statement in a model of the theory. `None` does not mean that the statement is true.
    ///
    /// # Errors
    /// A message, if the system fails.
    pub fn refute(&self, goal: &Goal) -> Result<Option<String>, String> {
        let (theory, limits, goal) = (self.theory.clone(), self.limits, goal.clone());
        on_large_stack(move || {
            let (meter, resident) = (Meter::begin(), resident_bytes().unwrap_or(0));
            let grown = || resident_bytes().unwrap_or(0).saturating_sub(resident);
            let mut go_on = || meter.seconds() < limits.cpu && grown() < limits.memory;
            let manner = Manner::plain(false);
            let mut exploration = run::exploration(theory, &[goal], &manner);
            exploration.prepare(&mut go_on);
            let known = exploration.conjectures.iter().rfind(|known| known.goals().next().is_some())?;
            match (&known.fate, Answer::of(&exploration, known)) {
                (Fate::Refuted(..), Answer::Refuted { values, .. }) => {
                    Some(assignment(&values, &math(exploration.theory(), &known.statement)))
                }
                _ => None,
            }
        })
    }

    /// Theorems of the theory, the most interesting first; computed once, within the limits.
    pub(super) fn laws(&self) -> Result<&[Law], String> {
        let found = self.laws.get_or_init(|| {
            let exploration = self.done(self.question([].iter(), true), &mut |_| {})?;
            let laws = exploration.interest().laws;
            let law = |place: &usize| {
                let statement = exploration.theorems[*place].checked.statement();
                Law { mpl: goal_mpl(&self.theory, statement), math: math(&self.theory, statement) }
            };
            Ok(laws.iter().map(law).collect())
        });
        found.as_deref().map_err(Clone::clone)
    }

    /// The question about these goals.
    pub(super) fn question<'g>(&self, goals: impl Iterator<Item = &'g Goal>, explore: bool) -> Question {
        // Printed in a canonical form, so that the same question has the same bytes.
        let text = goals.map(|goal| self.mpl(goal)).collect::<Vec<_>>().join("\n");
        let (goals, _) = read_goals(&self.theory, text.as_bytes(), ASKED);
        let mut inputs = self.inputs.clone();
        inputs.push(Input { name: format!("{GOALS}{ASKED}"), bytes: text.into_bytes() });
        Question { theory: (*self.theory).clone(), goals, inputs, manner: Manner::plain(explore) }
    }

    /// Executes a run to its end or to a limit.
    pub(super) fn done(&self, question: Question, tell: &mut dyn FnMut(Event)) -> Result<Exploration, String> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = Settings {
            threads: NonZeroUsize::MIN,
            cpu: Some(self.limits.cpu),
            memory: Some(self.limits.memory),
            resident: resident_bytes().unwrap_or(0),
            cancel: Cancel::default(),
        };
        let words = |error: run::RunError| error.to_string();
        let prepared = Prepared::new(self.store.clone(), question, false, &(self.now)()).map_err(words)?;
        let running = prepared.start(settings, self.now).map_err(words)?;
        running.events.iter().for_each(tell);
        running.join().map(|done| done.exploration).map_err(words)
    }
}

fn verdict(run: RunId, answer: &run::GoalAnswer) -> Verdict {
    let ended = match answer.ended {
        Some(Status::OutOfTime) => Some("the bound on CPU seconds was reached"),
        Some(Status::OutOfMemory) => Some("the bound on memory was reached"),
        _ => None,
    };
    match &answer.answer {
        Answer::Proved { theorem, vacuous, .. } => Verdict::Proved { run, theorem: *theorem, vacuous: *vacuous },
        Answer::Refuted { values, .. } => Verdict::Refuted { counterexample: assignment(values, &answer.math) },
        Answer::Unsupported { reason } => Verdict::Open { why: reason.clone() },
        Answer::Contradictory { .. } => Verdict::Open {
            why: "the axioms contradict each other, so everything follows and nothing is said".to_owned(),
        },
        Answer::Open { reason, failure, .. } => {
            let wish = failure.wishes.first().map(|wish| format!("; a lemma such as {} would help", wish.math));
            let why = ended.map_or_else(|| reason.clone(), str::to_owned);
            Verdict::Open { why: why + &wish.unwrap_or_default() }
        }
    }
}

/// An assignment in words, restricted to variables that occur in the displayed statement.
fn assignment(values: &[(String, String)], math: &str) -> String {
    let words: Vec<&str> = math.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '\'')).collect();
    let seen = values.iter().filter(|(name, _)| words.contains(&name.as_str()));
    let seen: Vec<String> = seen.map(|(name, value)| format!("{name} = {value}")).collect();
    if seen.is_empty() { "a model of the axioms".to_owned() } else { seen.join(", ") }
}

/// Runs a closure on a thread whose stack suits deeply nested formulas.
fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("examiner".to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, work).map_err(|error| format!("cannot start a thread: {error}"))?;
        thread.join().map_err(|panic| run::RunError::panicked(&*panic).to_string())
    })
}
