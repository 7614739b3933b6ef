//! Problems for provers merge all sorts into one domain without changing the meaning: provers do not confuse sorts,
//! find nothing in an empty one, and Z3 gives the same answers to a many-sorted version.

mod common;
#[path = "export_tptp/provers.rs"]
mod provers;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use common::random::{Random, seeds};
use common::theories::Definer;
use provers::{e, have, z3};
use theoremata_logic::calculus::formula::{Binder, Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::export::problem::{Encoding, Inductions, Problem};

const WAYS: [Encoding; 3] = [Encoding::Functional, Encoding::Guarded, Encoding::Relational];

/// The parameters of the anchor with their sorts: sort 1 is inhabited, sort 2 perhaps not.
fn parameters() -> Vec<(Name, Binder)> {
    let one = || Sort::Individual(1);
    let sorts = [
        ("S", Sort::Power(vec![one()])),
        ("T", Sort::Power(vec![Sort::Individual(2)])),
        ("a", one()),
        ("f", Sort::Power(vec![one(), one()])),
    ];
    (0..).map(Name).zip(sorts.map(|(name, sort)| Binder::new(name, sort))).collect()
}

/// A theory whose anchor has these axioms about its parameters.
fn theory(axioms: Formula) -> Theory {
    let mut definer = Definer::new("sorts");
    let anchor = definer.define("Anchor", "S/1 T/1 a f/2", &["(in[a,S])", "(in[a,T])"]);
    let mut theory = definer.finish();
    let predicate = &mut theory.predicates[anchor.index()];
    predicate.sorts = parameters().into_iter().map(|(_, binder)| binder.sort).collect();
    predicate.definition.as_mut().expect("defined above").body = axioms;
    theory
}

fn goal(theory: &Theory, body: &Formula) -> Formula {
    let parameters = parameters();
    Formula::forall(&parameters, &Formula::atom(theory.anchor, parameters.iter().map(|(name, _)| *name)), body)
}

fn texts(theory: &Theory, body: &Formula, encoding: Encoding) -> [String; 2] {
    let goal = goal(theory, body);
    let problem = Problem { theory, goal: &goal, lemmas: &[], encoding, inductions: Inductions::None };
    [problem.tptp().expect("a problem"), problem.smt_lib().expect("a problem")]
}

/// `∀ x (A → B)` with `x` as `Name(9)`, of this sort.
fn all(sort: &Sort, premise: &Formula, conclusion: &Formula) -> Formula {
    Formula::forall(&[(Name(9), Binder::new("x", sort.clone()))], premise, conclusion)
}

fn some(sort: &Sort, left: &Formula, right: &Formula) -> Formula {
    Formula::exists(&[(Name(9), Binder::new("x", sort.clone()))], left, right)
}

#[test]
fn provers_do_not_mix_sorts_and_take_nothing_out_of_an_empty_one() {
    let same = Formula::equal(Name(9), Name(9));
    let [one, two] = [1, 2].map(Sort::Individual);
    // Every x equals a.
    let theory = theory(all(&one, &same, &Formula::equal(Name(9), Name(2))));
    let is_in = |set: u32| Formula::atom(PredicateId::IN, [Name(9), Name(set)]);
    let sets = Formula::forall(
        &[9, 8].map(|name| (Name(name), Binder::new("X", Sort::Power(vec![one.clone()])))),
        &same,
        &Formula::equal(Name(9), Name(8)),
    );
    for (what, body, holds) in [
        ("what is in S is a", all(&one, &is_in(0), &Formula::equal(Name(9), Name(2))), true),
        ("all of that sort are equal", all(&one, &same, &all(&one, &same, &Formula::equal(Name(2), Name(9)))), true),
        ("all sets are equal", sets, false),
        ("what is in T is equal", all(&two, &is_in(1), &all(&two, &same, &Formula::negate(is_in(1)))), false),
        ("there is something of a's sort", some(&one, &same, &same), true),
        ("there is something of the other sort", some(&two, &same, &same), false),
        ("there is a set", some(&Sort::Power(vec![two.clone()]), &same, &same), true),
    ] {
        for way in WAYS {
            let [tptp, smt] = texts(&theory, &body, way);
            if have("eprover") && holds {
                assert_eq!(e(&tptp), "Theorem", "{what}, {way:?}:\n{tptp}");
            } else if have("eprover") {
                assert_ne!(e(&tptp), "Theorem", "{what}, {way:?}:\n{tptp}");
            }
            if have("z3") {
                let answer = z3(&smt);
                assert!(answer == if holds { "unsat" } else { "sat" }, "{what}, {way:?}: {answer}\n{smt}");
            }
        }
    }
}

/// A formula about the parameters and these variables.
fn random_formula(random: &mut Random, depth: usize, known: &mut Vec<(Name, Sort)>) -> Formula {
    let choice = if depth == 0 { 0 } else { random.below(8) };
    match choice {
        0 | 1 => {
            let mut atoms = Vec::new();
            for (x, sort) in &*known {
                for (y, other) in &*known {
                    if sort == other {
                        atoms.push(Formula::equal(*x, *y));
                    }
                    match other {
                        Sort::Power(parts) if parts[..] == [sort.clone()] => {
                            atoms.extend(vec![Formula::atom(PredicateId::IN, [*x, *y]); 3]);
                        }
                        Sort::Power(parts) if parts.len() == 2 && parts[0] == *sort => {
                            let fits = known.iter().filter(|(_, sort)| *sort == parts[1]);
                            atoms.extend(fits.map(|(z, _)| Formula::atom(PredicateId::IN2, [*x, *z, *y])));
                        }
                        _ => {}
                    }
                }
            }
            atoms[random.below(atoms.len())].clone()
        }
        2 => Formula::negate(random_formula(random, depth - 1, known)),
        3 => Formula::and(random_formula(random, depth - 1, known), random_formula(random, depth - 1, known)),
        choice => {
            let sorts = [
                Sort::Individual(1),
                Sort::Individual(1),
                Sort::Individual(2),
                Sort::Individual(2),
                Sort::Power(vec![Sort::Individual(2)]),
            ];
            let sort = sorts[random.below(sorts.len())].clone();
            let name = Name(10 + known.len() as u32);
            known.push((name, sort.clone()));
            let [left, right] = [0, 1].map(|_| random_formula(random, depth - 1, known));
            known.pop();
            let binder = [(name, Binder::new("x", sort))];
            if choice < 6 { Formula::forall(&binder, &left, &right) } else { Formula::exists(&binder, &left, &right) }
        }
    }
}

/// The same question, written independently: many-sorted SMT-LIB, where only some elements of a sort are things.
#[derive(Default)]
struct Sorted {
    declared: BTreeMap<String, String>,
}

impl Sorted {
    fn sort(&mut self, sort: &Sort) -> String {
        let name = match sort {
            Sort::Individual(base) => format!("A{base}"),
            Sort::Power(parts) => parts.iter().fold("P".to_owned(), |text, part| format!("{text}_{}", self.sort(part))),
        };
        let text = format!("(declare-sort {name} 0)\n(declare-fun thing_{name} ({name}) Bool)\n");
        self.declared.insert(format!("0{name}"), text);
        name
    }

    fn formula(&mut self, formula: &Formula, free: &BTreeMap<Name, (String, Sort)>, bound: &mut Vec<Sort>) -> String {
        match formula {
            Formula::Not(inner) => format!("(not {})", self.formula(inner, free, bound)),
            Formula::And(left, right) => {
                format!("(and {} {})", self.formula(left, free, bound), self.formula(right, free, bound))
            }
            Formula::Implies(binders, left, right) => {
                let mut text = String::new();
                for sort in binders.sorts() {
                    let (name, number) = (self.sort(sort), bound.len());
                    let _ = write!(text, "(forall ((x{number} {name})) (=> (thing_{name} x{number}) ");
                    bound.push(sort.clone());
                }
                let parts = [left, right].map(|part| self.formula(part, free, bound));
                let _ = write!(text, "(=> {} {}){}", parts[0], parts[1], "))".repeat(binders.len()));
                bound.truncate(bound.len() - binders.len());
                text
            }
            Formula::Atom(predicate, arguments) => {
                let (names, sorts): (Vec<String>, Vec<Sort>) = arguments
                    .iter()
                    .map(|argument| match argument {
                        Variable::Free(name) => free[name].clone(),
                        Variable::Bound(index) => {
                            let place = bound.len() - 1 - *index as usize;
                            (format!("x{place}"), bound[place].clone())
                        }
                    })
                    .unzip();
                if *predicate == PredicateId::EQUAL {
                    return format!("(= {})", names.join(" "));
                }
                let sorts: Vec<String> = sorts.iter().map(|sort| self.sort(sort)).collect();
                let name = format!("in_{}", sorts.join("_"));
                let text = format!("(declare-fun {name} ({}) Bool)\n", sorts.join(" "));
                self.declared.insert(format!("1{name}"), text);
                format!("({name} {})", names.join(" "))
            }
        }
    }

    fn question(axioms: &Formula, goal: &Formula) -> String {
        let mut sorted = Sorted::default();
        let mut free = BTreeMap::new();
        let mut facts = String::new();
        for (name, binder) in parameters() {
            let sort = sorted.sort(&binder.sort);
            let constant = format!("c{}", name.0);
            sorted.declared.insert(format!("2{constant}"), format!("(declare-fun {constant} () {sort})\n"));
            let _ = writeln!(facts, "(assert (thing_{sort} {constant}))");
            free.insert(name, (constant, binder.sort));
        }
        let axioms = sorted.formula(axioms, &free, &mut Vec::new());
        let goal = sorted.formula(goal, &free, &mut Vec::new());
        let declared: String = sorted.declared.into_values().collect();
        format!("{declared}{facts}(assert {axioms})\n(assert (not {goal}))\n(check-sat)\n")
    }
}

#[test]
fn z3_answers_alike_with_one_domain_and_with_many_sorts() {
    if !have("z3") {
        return;
    }
    let quickly = |script: &str| z3(&format!("(set-option :timeout 100)\n{script}"));
    let known: Vec<(Name, Sort)> = parameters().into_iter().map(|(name, binder)| (name, binder.sort)).collect();
    let (mut proved, mut refuted) = (0, 0);
    for seed in seeds().take(40) {
        let mut random = Random::new(seed);
        let axioms = Formula::and(
            random_formula(&mut random, 2, &mut known.clone()),
            random_formula(&mut random, 2, &mut known.clone()),
        );
        let goal = random_formula(&mut random, 3, &mut known.clone());
        let theory = theory(axioms.clone());
        let wanted = Sorted::question(&axioms, &goal);
        let answer = quickly(&wanted);
        assert!(!answer.contains("error"), "seed {seed}: {answer}\n{wanted}");
        proved += usize::from(answer == "unsat");
        refuted += usize::from(answer == "sat");
        for way in WAYS {
            let [_, smt] = texts(&theory, &goal, way);
            let found = quickly(&smt);
            assert!(!found.contains("error"), "seed {seed}: {found}\n{smt}");
            let both = [answer.as_str(), found.as_str()];
            assert!(
                !both.contains(&"sat") || !both.contains(&"unsat"),
                "seed {seed}, {way:?}: {found}, not {answer}\n{smt}\n{wanted}"
            );
        }
    }
    println!("{proved} goals follow, {refuted} do not");
    assert!(proved > 3 && refuted > 3, "{proved} and {refuted}");
}
