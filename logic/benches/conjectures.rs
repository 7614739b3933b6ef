//! Conjectures per CPU second: generated, and refuted the naive and the compiled way.
//!
//! `cargo bench -p theoremata-logic --bench conjectures`. Times are those of one thread that never
//! waits, so wall time on a quiet machine is CPU time.

use std::time::Instant;

use theoremata_logic::clause::{Clause, Constant, Relation, Signature, Slot};
use theoremata_logic::conjecture::{Limits, generate};
use theoremata_logic::formula::PredicateId;
use theoremata_logic::model::evaluate::Evaluator;
use theoremata_logic::model::{Model, Table, UNKNOWN, naive};
use theoremata_logic::theory::{Bounds, PredicateBounds};

fn arithmetic() -> Signature {
    let function = |predicate, arity: u16, fixed| Relation {
        predicate,
        slots: (0..arity).map(Slot::Argument).chain([Slot::Fixed(fixed)]).collect(),
        arity: arity.into(),
        function: true,
    };
    Signature {
        relations: vec![
            Relation {
                predicate: PredicateId::EQUAL,
                slots: vec![Slot::Argument(0), Slot::Argument(1)],
                arity: 2,
                function: false,
            },
            function(PredicateId::IN2, 2, 2),
            function(PredicateId::IN3, 3, 3),
            function(PredicateId::IN3, 3, 4),
        ],
        constants: vec![Constant { parameter: 1, name: "0".into() }, Constant { parameter: 5, name: "1".into() }],
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

fn rate(what: &str, clauses: &[Clause], mut judge: impl FnMut(&Clause) -> bool) {
    let start = Instant::now();
    let (mut rounds, mut refuted) = (0, 0);
    while rounds == 0 || start.elapsed().as_millis() < 300 {
        refuted = clauses.iter().filter(|clause| judge(clause)).count();
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(rounds);
    println!(
        "{what}: {} clauses, {refuted} refuted, {:.3} ms, {:.0} clauses/s",
        clauses.len(),
        seconds * 1e3,
        clauses.len() as f64 / seconds
    );
}

fn main() {
    let signature = arithmetic();
    let limits = Limits::new(&signature, &bounds());
    for size in [9, 33, 65] {
        let models = [numbers(size)];
        let start = Instant::now();
        let mut rounds = 0;
        while rounds == 0 || start.elapsed().as_millis() < 500 {
            std::hint::black_box(generate(&signature, &limits, &models));
            rounds += 1;
        }
        let milliseconds = start.elapsed().as_secs_f64() * 1e3 / f64::from(rounds);
        println!("generate, piece of {size}: {milliseconds:.1} ms");
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
        rate(&format!("naive, piece of 5, {what}"), &clauses, |clause| naive::refute(&small, clause).is_some());
        rate(&format!("compiled, piece of 5, {what}"), &clauses, |clause| evaluator.refute(clause).is_some());
    }
    let evaluator = Evaluator::new(&large[0]);
    rate("compiled, piece of 65, true", &truths, |clause| evaluator.refute(clause).is_some());
    rate("compiled, piece of 65, false", &falsehoods, |clause| evaluator.refute(clause).is_some());
}
