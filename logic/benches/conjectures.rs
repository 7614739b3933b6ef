//! Conjectures per CPU second: generation, and refutation by the reference and the compiled evaluator.
//!
//! `cargo bench -p theoremata-logic --bench conjectures`. Times are CPU seconds of the single thread on Linux, wall
//! time elsewhere.

use std::time::{Duration, Instant};

use theoremata_logic::calculus::formula::PredicateId;
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::{Bounds, PredicateBounds};
use theoremata_logic::clauses::clause::{Clause, Constant, Relation, Signature, Slot};
use theoremata_logic::conjecture::{Limits, generate};
use theoremata_logic::models::evaluate::Evaluator;
use theoremata_logic::models::model::{Model, Table, UNKNOWN};
use theoremata_logic::models::reference;

/// CPU time of this thread, where the system reports it.
struct Clock(Instant);

impl Clock {
    fn now(&self) -> Duration {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanoseconds = text.and_then(|text| text.split(' ').next()?.parse().ok());
        nanoseconds.map_or_else(|| self.0.elapsed(), Duration::from_nanos)
    }

    /// Seconds per call, averaged over calls that fill a third of a second.
    fn measure(&self, mut call: impl FnMut()) -> f64 {
        let start = self.now();
        let mut rounds = 0u32;
        while rounds == 0 || self.now() - start < Duration::from_millis(333) {
            call();
            rounds += 1;
        }
        (self.now() - start).as_secs_f64() / f64::from(rounds)
    }
}

fn arithmetic() -> Signature {
    let function = |predicate, arity: u16, fixed| Relation {
        predicate,
        inner: None,
        slots: (0..arity).map(Slot::Argument).chain([Slot::Fixed(fixed)]).collect(),
        arity: arity.into(),
        sorts: vec![Sort::BASE; arity.into()],
        function: true,
    };
    Signature {
        relations: vec![
            Relation {
                predicate: PredicateId::EQUAL,
                inner: None,
                slots: vec![Slot::Argument(0), Slot::Argument(1)],
                arity: 2,
                sorts: Vec::new(),
                function: false,
            },
            function(PredicateId::IN2, 2, 2),
            function(PredicateId::IN3, 3, 3),
            function(PredicateId::IN3, 3, 4),
        ],
        constants: vec![
            Constant { parameter: 1, name: "0".into(), sort: Sort::BASE },
            Constant { parameter: 5, name: "1".into(), sort: Sort::BASE },
        ],
    }
}

fn numbers(size: u16) -> Model {
    let mut model = Model::unknown(&arithmetic(), size, "arithmetic".into());
    let range = 0..u32::from(size);
    let known = |value: u32| if value < u32::from(size) { value as u16 } else { UNKNOWN };
    let pairs = || range.clone().flat_map(|x| (0..u32::from(size)).map(move |y| (x, y)));
    model.constants = vec![0, 1];
    model.tables[1] = Table::Function(range.clone().map(|x| known(x + 1)).collect());
    model.tables[2] = Table::Function(pairs().map(|(x, y)| known(x + y)).collect());
    model.tables[3] = Table::Function(pairs().map(|(x, y)| known(x * y)).collect());
    model
}

fn bounds() -> Bounds {
    let bound = |predicate, count, min_atoms, max_atoms| PredicateBounds { predicate, count, min_atoms, max_atoms };
    Bounds {
        atoms: 5,
        atoms_with_constant: 2,
        variables: 4,
        predicates: vec![
            bound(PredicateId::EQUAL, 1, 3, 3),
            bound(PredicateId::IN2, 2, 0, 4),
            bound(PredicateId::IN3, 5, 0, 5),
        ],
        exclude: Vec::new(),
    }
}

fn rate(clock: &Clock, what: &str, clauses: &[Clause], judge: impl Fn(&Clause) -> bool) {
    let refuted = clauses.iter().filter(|clause| judge(clause)).count();
    let seconds = clock.measure(|| {
        std::hint::black_box(clauses.iter().filter(|clause| judge(clause)).count());
    });
    println!(
        "{what}: {} clauses, {refuted} refuted, {:.3} ms, {:.0} clauses/s",
        clauses.len(),
        seconds * 1e3,
        clauses.len() as f64 / seconds
    );
}

fn main() {
    let clock = Clock(Instant::now());
    let signature = arithmetic();
    let limits = Limits::new(&signature, &bounds());
    for size in [17, 33, 65] {
        let models = [numbers(size)];
        let seconds = clock.measure(|| {
            std::hint::black_box(generate(&signature, &limits, &models));
        });
        println!("generate, piece of {size}: {:.1} ms", seconds * 1e3);
        println!("  {:?}", generate(&signature, &limits, &models).counts);
    }
    let large = [numbers(65)];
    let found = generate(&signature, &limits, &large);
    let truths: Vec<Clause> = found.conjectures.iter().map(|one| one.clause.clone()).collect();
    let falsehoods: Vec<Clause> = found.refuted.iter().map(|one| one.clause.clone()).collect();
    let few = |clauses: &[Clause]| -> Vec<Clause> {
        clauses.iter().filter(|clause| clause.variables <= 5).take(100).cloned().collect()
    };
    let small = numbers(5);
    let evaluator = Evaluator::new(&small);
    for (what, clauses) in [("true", few(&truths)), ("false", few(&falsehoods))] {
        let naively = |clause: &Clause| reference::refute(&small, clause).is_some();
        rate(&clock, &format!("naive, piece of 5, {what}"), &clauses, naively);
        let compiled = |clause: &Clause| evaluator.refute(clause).is_some();
        rate(&clock, &format!("compiled, piece of 5, {what}"), &clauses, compiled);
    }
    let evaluator = Evaluator::new(&large[0]);
    let compiled = |clause: &Clause| evaluator.refute(clause).is_some();
    rate(&clock, "compiled, piece of 65, true", &truths, compiled);
    rate(&clock, "compiled, piece of 65, false", &falsehoods, compiled);
}
