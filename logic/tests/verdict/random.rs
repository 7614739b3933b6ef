//! Random theories and goals, as MPL and as SMT-LIB, judged by z3.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::sort::{Sort, SortInstance};
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::mpl;
use theoremata_logic::search::attempt::Effort;
use theoremata_logic::search::ended::Ended;
use theoremata_logic::search::explore::{Fate, Note, Options, Origin};

use super::explore_theory;

/// A deterministic generator of pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) % count as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// A generator of random formulas over two sets, two relations, an operation and some constants.
struct Author {
    dice: Dice,
    names: Vec<String>,
    fresh: usize,
}

impl Author {
    fn formula(&mut self, depth: usize) -> String {
        let choice = self.dice.below(20);
        if self.names.is_empty() && !(choice >= 12 && depth > 0) {
            return self.quantified(depth.max(1), choice.is_multiple_of(3));
        }
        match choice {
            _ if depth == 0 => self.atom(),
            0..6 => self.atom(),
            6..9 => format!("!{}", self.formula(depth - 1)),
            9..12 => format!("(& {} {})", self.formula(depth - 1), self.formula(depth - 1)),
            12..18 => self.quantified(depth, false),
            _ => self.quantified(depth, true),
        }
    }

    /// `∀x (A → B)`, or `∃x (A ∧ B)`.
    fn quantified(&mut self, depth: usize, exists: bool) -> String {
        let known = self.names.len();
        let count = if exists || known == 0 { 1 + self.dice.below(2) } else { self.dice.below(3) };
        for _ in 0..count {
            self.fresh += 1;
            self.names.push(format!("v{}", self.fresh));
        }
        let bound = self.names[known..].join(",");
        let (left, right) = (self.formula(depth - 1), self.formula(depth - 1));
        self.names.truncate(known);
        if exists { format!("!(>[{bound}] {left} !{right})") } else { format!("(>[{bound}] {left} {right})") }
    }

    fn term(&mut self) -> String {
        let place = self.dice.below(self.names.len());
        self.names[place].clone()
    }

    fn atom(&mut self) -> String {
        let (one, two, three) = (self.term(), self.term(), self.term());
        match self.dice.below(10) {
            0..4 => format!("(in[{one},{}])", self.dice.one(&["S", "T"])),
            4..7 => format!("(in2[{one},{two},{}])", self.dice.one(&["R", "Q"])),
            7 => format!("(in3[{one},{two},{three},j])"),
            _ => format!("(=[{one},{two}])"),
        }
    }
}

/// A random theory and goals as text.
#[must_use]
pub fn write(seed: u64) -> (String, Vec<String>) {
    let mut dice = Dice(seed.wrapping_mul(0xD1B5_4A32_D192_ED03));
    let constants = [&[][..], &["c"], &["c", "d"]][dice.below(3)];
    let mut axioms: Vec<String> = [
        "(>[x] (in[x,S]) (in[x,S]))",
        "(>[x] (in[x,T]) (in[x,T]))",
        "(>[x,y] (in2[x,y,R]) (in2[x,y,R]))",
        "(>[x,y] (in2[x,y,Q]) (in2[x,y,Q]))",
        "(>[x,y,z] (in3[x,y,z,j]) (in3[x,y,z,j]))",
    ]
    .map(String::from)
    .to_vec();
    axioms.extend(constants.iter().map(|name| format!("(=[{name},{name}])")));
    if dice.below(5) < 2 {
        let range = dice.one(&["S", "T"]);
        axioms.push(format!("(>[x,y] (in2[x,y,R]) (& (in[x,S]) (in[y,{range}])))"));
        axioms.push(format!("(>[x] (in[x,S]) !(>[y] (in[y,{range}]) !(in2[x,y,R])))"));
        axioms.push("(>[x] (in[x,S]) (>[y,z] (& (in2[x,y,R]) (in2[x,z,R])) (=[y,z])))".into());
    }
    if dice.below(4) == 0 {
        axioms.push("(>[x,y,z] (in3[x,y,z,j]) (& (in[x,S]) (in[y,S]) (in[z,S])))".into());
        axioms.push("(>[x,y] (& (in[x,S]) (in[y,S])) !(>[z] (in[z,S]) !(in3[x,y,z,j])))".into());
        axioms.push("(>[x,y] (& (in[x,S]) (in[y,S])) (>[z,w] (& (in3[x,y,z,j]) (in3[x,y,w,j])) (=[z,w])))".into());
    }
    if !constants.is_empty() && dice.below(5) < 3 {
        axioms.push("(in[c,S])".into());
    }
    let more = dice.below(4);
    let goals = 6 + dice.below(3);
    let mut author = Author { dice, names: constants.iter().map(ToString::to_string).collect(), fresh: 0 };
    for _ in 0..more {
        let depth = 1 + author.dice.below(3);
        axioms.push(author.formula(depth));
    }
    let goals = (0..goals)
        .map(|_| {
            let depth = 2 + author.dice.below(3);
            author.formula(depth)
        })
        .collect();
    let parameters: Vec<&str> = ["S", "T", "R", "Q", "j"].iter().chain(constants).copied().collect();
    (format!("(theory Random[{}] (& {}))", parameters.join(","), axioms.join(" ")), goals)
}

/// Statistics over many seeds.
#[derive(Clone, Copy, Default, Debug)]
pub struct Counts {
    pub theories: usize,
    pub contradictory: usize,
    pub goals: usize,
    pub proved: usize,
    pub refuted: usize,
    /// Verdicts that z3 confirms.
    pub confirmed: usize,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.theories += other.theories;
        self.contradictory += other.contradictory;
        self.goals += other.goals;
        self.proved += other.proved;
        self.refuted += other.refuted;
        self.confirmed += other.confirmed;
    }
}

/// [`judge`] for each of these seeds, on all processors. Adds to the statistics; returns the mismatches in the order of
/// the seeds.
pub fn judge_all(seeds: &[u64], with_z3: bool, counts: &mut Counts) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut counts, mut wrong) = (Counts::default(), Vec::new());
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(mismatch) = judge(*seed, with_z3, &mut counts) {
                wrong.push((*seed, mismatch));
            }
        }
        (counts, wrong)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in running {
            let (own, mismatches) = thread.join().expect("panics of attempts are caught");
            counts.add(own);
            wrong.extend(mismatches);
        }
    });
    wrong.sort();
    wrong.into_iter().map(|(_, mismatch)| mismatch).collect()
}

/// Explores the theory of a seed, and compares the verdicts with z3's, if it is installed. `Err` describes a mismatch.
fn judge(seed: u64, with_z3: bool, counts: &mut Counts) -> Result<(), String> {
    let (text, goals) = write(seed);
    let Ok((mut theory, _)) = mpl::read_mpl("random.mpl", text.as_bytes(), &mut |_| Err("no imports".into())) else {
        return Ok(());
    };
    theory.bounds.atoms = 1;
    let theory = Arc::new(theory);
    let readable: Vec<&str> =
        goals.iter().map(String::as_str).filter(|goal| mpl::parse_goal(&theory, goal).is_ok()).collect();
    if readable.is_empty() {
        return Ok(());
    }
    let options = Options { generate: false, last_effort: Some(Effort::USUAL), ..Options::default() };
    let exploration = explore_theory(theory, &readable, options);
    counts.theories += 1;
    let wrong = |what: &str| Err(format!("seed {seed}: {what}\n{text}\n{}", readable.join("\n")));
    if let Some(note) = exploration.notes().iter().find(|note| matches!(note, Note::Lost(_))) {
        return wrong(&format!("{note:?}"));
    }
    for conjecture in &exploration.conjectures {
        if let Fate::Open(open) = &conjecture.fate {
            let all = std::iter::once(&open.ended).chain(open.inductions.iter().map(|induction| &induction.ended));
            for ended in all {
                if matches!(ended, Ended::Refused(_) | Ended::Panicked(_)) {
                    return wrong(&ended.words());
                }
            }
        }
    }
    let asked: Vec<(&Goal, &Fate)> = exploration
        .conjectures
        .iter()
        .filter_map(|conjecture| match &conjecture.origin {
            Origin::Goal(goal) => Some((goal, &conjecture.fate)),
            _ => None,
        })
        .collect();
    counts.goals += asked.len();
    counts.contradictory += usize::from(exploration.inconsistency.is_some());
    // Questions to z3, each with the answer that would contradict the verdict.
    let mut questions = Vec::new();
    if exploration.inconsistency.is_some() {
        questions.push((None, "sat", "the axioms contradict each other"));
    }
    for (goal, fate) in &asked {
        match fate {
            Fate::Proved(_) if exploration.inconsistency.is_none() => {
                counts.proved += 1;
                questions.push((Some((*goal).clone()), "sat", "it is a theorem"));
            }
            Fate::Refuted(model, _) => {
                counts.refuted += 1;
                // z3 has no empty sorts.
                if exploration.models[*model].domains.iter().all(|domain| domain.size > 0) {
                    questions.push((Some((*goal).clone()), "unsat", "it has a counterexample"));
                }
            }
            _ => {}
        }
    }
    if !with_z3 || questions.is_empty() {
        return Ok(());
    }
    let theory = exploration.theory().clone();
    let scripts: Vec<String> = questions.iter().map(|(goal, ..)| script(&theory, goal.as_ref())).collect();
    let answers = ask_z3(&scripts.join("(reset)\n"));
    for ((goal, never, claim), answer) in questions.iter().zip(&answers) {
        if answer == never {
            let about = goal.as_ref().map_or("the theory", |goal| &goal.label);
            return wrong(&format!("we say of {about} that {claim}, and z3 says {answer}"));
        }
        counts.confirmed += usize::from(answer != "unknown");
    }
    Ok(())
}

fn ask_z3(script: &str) -> Vec<String> {
    let mut child = Command::new("z3")
        // The time limit of a question does not end an instantiation that has run away; this limit does.
        .args(["-T:60", "smt.qi.max_instances=10000", "-in"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("z3 can be started");
    child.stdin.take().expect("it has an input").write_all(script.as_bytes()).expect("z3 reads");
    let output = child.wait_with_output().expect("z3 ends");
    String::from_utf8_lossy(&output.stdout).split_whitespace().map(String::from).collect()
}

/// Whether z3 is installed.
#[must_use]
pub fn has_z3() -> bool {
    Command::new("z3").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The axioms, with the negated goal if there is one.
fn script(theory: &Theory, goal: Option<&Goal>) -> String {
    let definition = theory.anchor_definition();
    let general = &theory.predicate(theory.anchor).sorts;
    let mut instance = SortInstance::default();
    let mut denied = None;
    if let Some(goal) = goal {
        let Formula::Implies(binders, _, body) = &goal.statement else { panic!("a statement begins with its anchor") };
        assert!(instance.fit_all(general, binders.sorts()), "the anchor fits");
        let names: Vec<Name> = (0..binders.len() as u32).map(Name).collect();
        denied = Some(body.open(&names));
    }
    let sorts: Vec<Sort> = general.iter().map(|sort| instance.apply(sort)).collect();
    let names: Vec<Name> = (0..sorts.len() as u32).map(Name).collect();
    let mut text = String::from("(set-option :timeout 200)\n");
    let mut bases = Vec::new();
    sorts.iter().for_each(|sort| sort.for_each_base(&mut |base| bases.push(base)));
    bases.sort_unstable();
    bases.dedup();
    for base in bases {
        text += &format!("(declare-sort I{base} 0)\n");
    }
    for (place, sort) in sorts.iter().enumerate() {
        text += &match sort {
            Sort::Individual(base) => format!("(declare-fun p{place} () I{base})\n"),
            Sort::Power(parts) => {
                let parts: Vec<String> = parts.iter().map(name_of).collect();
                format!("(declare-fun p{place} ({}) Bool)\n", parts.join(" "))
            }
        };
    }
    let axioms = definition.instance(&names, &instance);
    text += &format!("(assert {})\n", smt(&axioms, &mut Vec::new()));
    if let Some(body) = denied {
        text += &format!("(assert (not {}))\n", smt(&body, &mut Vec::new()));
    }
    text + "(check-sat)\n"
}

fn name_of(sort: &Sort) -> String {
    match sort {
        Sort::Individual(base) => format!("I{base}"),
        Sort::Power(_) => unreachable!("random theories have sets of individuals only"),
    }
}

fn smt(formula: &Formula, bound: &mut Vec<String>) -> String {
    match formula {
        Formula::Not(inner) => format!("(not {})", smt(inner, bound)),
        Formula::And(left, right) => format!("(and {} {})", smt(left, bound), smt(right, bound)),
        Formula::Atom(predicate, arguments) => {
            let mut names: Vec<String> = arguments
                .iter()
                .map(|argument| match argument {
                    Variable::Free(name) => format!("p{}", name.0),
                    Variable::Bound(index) => bound[bound.len() - 1 - *index as usize].clone(),
                })
                .collect();
            if *predicate == PredicateId::EQUAL {
                return format!("(= {})", names.join(" "));
            }
            let set = names.pop().expect("membership is of something in something");
            format!("({set} {})", names.join(" "))
        }
        Formula::Implies(binders, premise, conclusion) => {
            let first = bound.len();
            let mut list = String::new();
            for (number, sort) in binders.sorts().enumerate() {
                bound.push(format!("x{}", first + number));
                list += &format!("(x{} {})", first + number, name_of(sort));
            }
            let inner = format!("(=> {} {})", smt(premise, bound), smt(conclusion, bound));
            bound.truncate(first);
            if list.is_empty() { inner } else { format!("(forall ({list}) {inner})") }
        }
    }
}
