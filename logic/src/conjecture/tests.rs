use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::calculus::formula::PredicateId;
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Bounds, PredicateBounds};
use crate::clauses::clause::{Constant, Relation, Slot};
use crate::models::model::{Table, Truth, UNKNOWN};

const SUCCESSOR: RelationId = RelationId(1);
const PLUS: RelationId = RelationId(2);
const TIMES: RelationId = RelationId(3);

fn function(predicate: PredicateId, arity: u16, fixed: u16) -> Relation {
    let slots = (0..arity).map(Slot::Argument).chain([Slot::Fixed(fixed)]).collect();
    Relation {
        predicate,
        inner: None,
        slots,
        arity: arity.into(),
        sorts: vec![Sort::BASE; arity.into()],
        function: true,
    }
}

fn equality() -> Relation {
    Relation {
        predicate: PredicateId::EQUAL,
        inner: None,
        slots: vec![Slot::Argument(0), Slot::Argument(1)],
        arity: 2,
        sorts: Vec::new(),
        function: false,
    }
}

fn constant(parameter: usize, name: &str) -> Constant {
    Constant { parameter, name: name.into(), sort: Sort::BASE }
}

/// `N, 0, s, +, ·, 1`, in the order of the anchor.
fn arithmetic() -> Signature {
    Signature {
        relations: vec![
            equality(),
            function(PredicateId::IN2, 2, 2),
            function(PredicateId::IN3, 3, 3),
            function(PredicateId::IN3, 3, 4),
        ],
        constants: vec![constant(1, "0"), constant(5, "1")],
    }
}

fn numbers(size: u16) -> Model {
    let mut model = Model::unknown(&arithmetic(), size, "arithmetic".into());
    let known = |value: u32| if value < u32::from(size) { value as u16 } else { UNKNOWN };
    let pairs = || (0..u32::from(size)).flat_map(|x| (0..u32::from(size)).map(move |y| (x, y)));
    model.constants = vec![0, 1];
    model.tables[1] = Table::Function((0..u32::from(size)).map(|x| known(x + 1)).collect());
    model.tables[2] = Table::Function(pairs().map(|(x, y)| known(x + y)).collect());
    model.tables[3] = Table::Function(pairs().map(|(x, y)| known(x * y)).collect());
    model
}

/// The bounds of the reference system's Peano run.
fn peano_bounds() -> Bounds {
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

fn name(relation: RelationId) -> Arc<str> {
    ["=", "s", "+", "·"][relation.index()].into()
}

fn leaf(variable: u16) -> TermTree {
    TermTree::Leaf(Term::Variable(variable))
}

fn apply(function: RelationId, inputs: &[TermTree]) -> TermTree {
    TermTree::Apply(function, inputs.to_vec())
}

#[test]
fn an_equation_becomes_rows_with_one_row_for_the_head() {
    let sum = apply(PLUS, &[leaf(0), leaf(1)]);
    let turned = apply(PLUS, &[leaf(1), leaf(0)]);
    let clause = equation(&arithmetic(), &sum, &turned).unwrap();
    let row = |arguments: [u16; 3]| Literal {
        positive: true,
        relation: PLUS,
        arguments: arguments.map(Term::Variable).to_vec(),
    };
    assert_eq!(clause, Clause { variables: 3, premises: vec![row([0, 1, 2])], head: Head::Literal(row([1, 0, 2])) });
    assert_eq!(equation(&arithmetic(), &turned, &sum), Some(clause.clone()));
    assert_eq!(mirrors(&arithmetic(), &clause), [clause]);
}

#[test]
fn a_head_with_an_unbound_variable_is_no_clause() {
    let zero = TermTree::Leaf(Term::Constant(0));
    let left = apply(TIMES, &[leaf(0), zero.clone()]);
    let right = apply(TIMES, &[zero, leaf(1)]);
    assert_eq!(equation(&arithmetic(), &left, &right), None);
}

#[test]
fn terms_print_in_prefix_form() {
    let term = apply(PLUS, &[apply(SUCCESSOR, &[leaf(0)]), TermTree::Leaf(Term::Constant(1))]);
    assert_eq!(term.write(&arithmetic(), &name), "+(s(a), 1)");
}

#[test]
fn the_laws_of_arithmetic_are_proposed() {
    let (signature, models) = (arithmetic(), [numbers(65)]);
    let found = generate(&signature, &Limits::new(&signature, &peano_bounds()), &models);
    let clauses: HashSet<&Clause> = found.conjectures.iter().map(|conjecture| &conjecture.clause).collect();
    let (a, b, c) = (leaf(0), leaf(1), leaf(2));
    for operation in [PLUS, TIMES] {
        let of = |left: &TermTree, right: &TermTree| apply(operation, &[left.clone(), right.clone()]);
        assert!(clauses.contains(&equation(&signature, &of(&a, &b), &of(&b, &a)).unwrap()));
        assert!(clauses.contains(&equation(&signature, &of(&of(&a, &b), &c), &of(&a, &of(&b, &c))).unwrap()));
    }
    let plus = |left: &TermTree, right: &TermTree| apply(PLUS, &[left.clone(), right.clone()]);
    let times = |left: &TermTree, right: &TermTree| apply(TIMES, &[left.clone(), right.clone()]);
    let left = equation(&signature, &times(&a, &plus(&b, &c)), &plus(&times(&a, &b), &times(&a, &c))).unwrap();
    let right = equation(&signature, &times(&plus(&b, &c), &a), &plus(&times(&b, &a), &times(&c, &a))).unwrap();
    assert!(clauses.contains(&left) && clauses.contains(&right));
}

#[test]
fn every_conjecture_is_canonical_true_and_no_instance_of_another() {
    let (signature, models) = (arithmetic(), [numbers(20)]);
    let limits = Limits::new(&signature, &Bounds { atoms: 3, ..Bounds::default() });
    let found = generate(&signature, &limits, &models);
    assert!(found.conjectures.len() > 10);
    assert!(found.conjectures.is_sorted_by(|left, right| left.rank < right.rank));
    for conjecture in &found.conjectures {
        assert_eq!(canonical(&conjecture.clause), conjecture.clause);
        assert_eq!(crate::models::reference::refute(&models[0], &conjecture.clause), None);
        assert!(limits.of_schemes().admits(&conjecture.clause));
    }
    for refuted in found.refuted.iter().take(50) {
        let again = crate::models::reference::refute(&models[0], &refuted.clause);
        assert_eq!(again.as_ref(), Some(&refuted.assignment), "{:?}", refuted.clause);
    }
}

/// Numbers with `x ≤ y` and `x ∈ N`, of which only positive facts are known.
fn ordered(size: u16) -> (Signature, Model) {
    let mut signature = arithmetic();
    let relation = |predicate, arity: u16, fixed| Relation { function: false, ..function(predicate, arity, fixed) };
    signature.relations.push(relation(PredicateId::IN2, 2, 6));
    signature.relations.push(relation(PredicateId::IN, 1, 0));
    let mut model = Model::unknown(&signature, size, "ordered".into());
    let all = numbers(size);
    (model.constants, model.is_piece) = (all.constants, true);
    model.tables[1..4].clone_from_slice(&all.tables[1..4]);
    let known = |holds: bool| if holds { Truth::True } else { Truth::Unknown };
    let pairs = (0..size).flat_map(|x| (0..size).map(move |y| known(x <= y)));
    model.tables[4] = Table::Relation(pairs.collect());
    model.tables[5] = Table::Relation(vec![Truth::True; usize::from(size)]);
    (signature, model)
}

#[test]
fn the_laws_of_an_order_are_proposed_though_nothing_is_known_not_to_hold() {
    let (signature, model) = ordered(20);
    let found = generate(&signature, &Limits::new(&signature, &Bounds { atoms: 4, ..Bounds::default() }), &[model]);
    let proposed: HashSet<&Clause> = found.conjectures.iter().map(|conjecture| &conjecture.clause).collect();
    let (order, member) = (RelationId(4), RelationId(5));
    let of = |positive, relation, arguments: &[u16]| Literal {
        positive,
        relation,
        arguments: arguments.iter().copied().map(Term::Variable).collect(),
    };
    let is_in = |variable| of(true, member, &[variable]);
    let clause = |variables, premises: &[Literal], head: Literal| {
        canonical(&Clause { variables, premises: premises.to_vec(), head: Head::Literal(head) })
    };
    let least = Literal { arguments: vec![Term::Constant(0), Term::Variable(0)], ..of(true, order, &[]) };
    let at_least = |x, y| of(true, order, &[x, y]);
    for law in [
        clause(1, &[is_in(0)], at_least(0, 0)),
        clause(1, &[is_in(0)], least),
        clause(2, &[at_least(0, 1), at_least(1, 0)], of(true, RelationId::EQUAL, &[0, 1])),
        clause(3, &[at_least(0, 1), at_least(1, 2)], at_least(0, 2)),
        clause(2, &[is_in(0), is_in(1), of(false, order, &[0, 1])], at_least(1, 0)),
        clause(2, &[of(true, SUCCESSOR, &[0, 1])], of(false, order, &[1, 0])),
    ] {
        let general = |other: &&Clause| subsume::instance(other, &law).is_some();
        assert!(proposed.contains(&law) || proposed.iter().any(general), "{law:?}");
    }
    // Statements that fail among the numbers under the closed-world assumption are not proposed.
    let presumed = ordered(6).1.presumed().expect("something is not known");
    for conjecture in &found.conjectures {
        assert_eq!(crate::models::reference::refute(&presumed, &conjecture.clause), None, "{:?}", conjecture.clause);
    }
    assert!(found.counts.unlikely > 0);
    assert!(found.refuted.iter().all(|refuted| literals(&refuted.clause).all(|one| one.relation != order)));
}

/// Reads a statement of the reference system over its Peano anchor `N, 0, s, +, ·, 1`.
fn read(mpl: &str) -> Clause {
    let mut literals = Vec::new();
    let mut numbers: Vec<u16> = Vec::new();
    for part in
        mpl.split('(').filter(|part| part.starts_with("in2[") || part.starts_with("in3[") || part.starts_with("=["))
    {
        let inside = part.split('[').nth(1).unwrap().split(']').next().unwrap();
        let mut values: Vec<u16> = inside.split(',').map(|value| value.parse().unwrap()).collect();
        let relation = if part.starts_with('=') { RelationId::EQUAL } else { RelationId(values.pop().unwrap() - 2) };
        let arguments = values
            .into_iter()
            .map(|value| match value {
                2 => Term::Constant(0),
                6 => Term::Constant(1),
                _ => {
                    if !numbers.contains(&value) {
                        numbers.push(value);
                    }
                    Term::Variable(numbers.iter().position(|one| *one == value).unwrap() as u16)
                }
            })
            .collect();
        literals.push(Literal { positive: true, relation, arguments });
    }
    let head = literals.pop().unwrap();
    Clause { variables: numbers.len() as u16, premises: literals, head: Head::Literal(head) }
}

#[test]
fn all_statements_that_the_reference_system_proves_are_proposed() {
    let path = Path::new("/work/shared/gl-data/theorems.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let data: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (signature, models) = (arithmetic(), [numbers(65)]);
    let found = generate(&signature, &Limits::new(&signature, &peano_bounds()), &models);
    let clauses: HashSet<&Clause> = found.conjectures.iter().map(|conjecture| &conjecture.clause).collect();
    let mut wanted = 0;
    for theorem in data["v0.7"]["main"].as_array().unwrap() {
        let own = ["direct", "induction"].contains(&theorem["kind"].as_str().unwrap());
        if theorem["batch"] != "Peano" || !own || theorem["premises_satisfiable_in_N"] != true {
            continue;
        }
        wanted += 1;
        let clause = canonical(&read(theorem["mpl"].as_str().unwrap()));
        let there =
            clauses.contains(&clause) || mirrors(&signature, &clause).iter().any(|turned| clauses.contains(turned));
        assert!(there, "{} {}", theorem["id"], theorem["math"]);
    }
    assert_eq!(wanted, 39);
}

#[test]
fn an_order_gives_transitivity_and_antisymmetry() {
    let less = RelationId(1);
    let signature = Signature {
        relations: vec![
            equality(),
            Relation {
                predicate: PredicateId::IN2,
                inner: None,
                slots: vec![Slot::Argument(0), Slot::Argument(1), Slot::Fixed(1)],
                arity: 2,
                sorts: vec![Sort::BASE; 2],
                function: false,
            },
        ],
        constants: Vec::new(),
    };
    let models = [(2, 1), (4, 6)].map(|(size, _): (u16, u16)| {
        let mut model = Model::unknown(&signature, size, "a chain".into());
        let truths = (0..size).flat_map(|x| (0..size).map(move |y| if x <= y { Truth::True } else { Truth::False }));
        model.tables[1] = Table::Relation(truths.collect());
        model
    });
    let found = generate(&signature, &Limits::new(&signature, &Bounds::default()), &models);
    let atom =
        |relation, x, y| Literal { positive: true, relation, arguments: vec![Term::Variable(x), Term::Variable(y)] };
    let clauses: Vec<&Clause> = found.conjectures.iter().map(|conjecture| &conjecture.clause).collect();
    let transitive = Clause {
        variables: 3,
        premises: vec![atom(less, 0, 1), atom(less, 1, 2)],
        head: Head::Literal(atom(less, 0, 2)),
    };
    let antisymmetric = Clause {
        variables: 2,
        premises: vec![atom(less, 0, 1), atom(less, 1, 0)],
        head: Head::Literal(atom(RelationId::EQUAL, 0, 1)),
    };
    for wanted in [transitive, antisymmetric] {
        assert!(clauses.contains(&&canonical(&wanted)), "{wanted:?} among {clauses:?}");
    }
}

#[test]
fn the_first_theorems_about_groups_are_proposed() {
    let (inverse, times) = (RelationId(1), RelationId(2));
    let signature = Signature {
        relations: vec![equality(), function(PredicateId::IN2, 2, 2), function(PredicateId::IN3, 3, 3)],
        constants: vec![constant(1, "e")],
    };
    let (a, b, c, e) = (leaf(0), leaf(1), leaf(2), TermTree::Leaf(Term::Constant(0)));
    let of = |left: &TermTree, right: &TermTree| apply(times, &[left.clone(), right.clone()]);
    let inverted = |term: &TermTree| apply(inverse, std::slice::from_ref(term));
    let v = Term::Variable;
    let row = |relation, arguments: &[Term]| Literal { positive: true, relation, arguments: arguments.to_vec() };
    let rule = |variables, premises: &[Literal], head| {
        canonical(&Clause { variables, premises: premises.to_vec(), head: Head::Literal(head) })
    };
    let equal = |left, right| row(RelationId::EQUAL, &[left, right]);
    let law = |left: &TermTree, right: &TermTree| equation(&signature, left, right).unwrap();
    let associative = law(&of(&of(&a, &b), &c), &of(&a, &of(&b, &c)));
    let axioms = [
        associative,
        Clause {
            variables: 1,
            premises: Vec::new(),
            head: Head::Literal(row(times, &[Term::Constant(0), v(0), v(0)])),
        },
        law(&of(&inverted(&a), &a), &e),
    ];
    let search = crate::models::limits::SearchLimits::default();
    let problem =
        crate::models::finite::Problem { signature: &signature, axioms: &axioms, generated: &[], merged: true };
    let models = crate::models::finite::find_models(&problem, &search).models;
    let bounds = Bounds { atoms_with_constant: 3, ..Bounds::default() };
    let found = generate(&signature, &Limits::new(&signature, &bounds), &models);
    let clauses: HashSet<&Clause> = found.conjectures.iter().map(|conjecture| &conjecture.clause).collect();
    let wanted = [
        ("right identity", law(&of(&a, &e), &a)),
        ("right inverse", law(&of(&a, &inverted(&a)), &e)),
        ("inverse of an inverse", law(&inverted(&inverted(&a)), &a)),
        ("inverse of a product", law(&inverted(&of(&a, &b)), &of(&inverted(&b), &inverted(&a)))),
        (
            "left cancellation",
            rule(4, &[row(times, &[v(0), v(1), v(3)]), row(times, &[v(0), v(2), v(3)])], equal(v(1), v(2))),
        ),
        (
            "right cancellation",
            rule(4, &[row(times, &[v(1), v(0), v(3)]), row(times, &[v(2), v(0), v(3)])], equal(v(1), v(2))),
        ),
        ("left identity is unique", rule(2, &[row(times, &[v(0), v(1), v(1)])], equal(Term::Constant(0), v(0)))),
        ("right identity is unique", rule(2, &[row(times, &[v(0), v(1), v(0)])], equal(Term::Constant(0), v(1)))),
        (
            "left inverse is unique",
            rule(2, &[row(times, &[v(0), v(1), Term::Constant(0)])], row(inverse, &[v(1), v(0)])),
        ),
        (
            "right inverse is unique",
            rule(2, &[row(times, &[v(0), v(1), Term::Constant(0)])], row(inverse, &[v(0), v(1)])),
        ),
    ];
    for (name, clause) in wanted {
        assert!(clauses.contains(&clause), "{name}: {clause:?}");
    }
}

#[test]
fn a_statement_about_nothing_is_counted_and_not_proposed() {
    let (signature, models) = (arithmetic(), [numbers(33)]);
    let found = generate(&signature, &Limits::new(&signature, &peano_bounds()), &models);
    // `s(a) = 0 → …` holds of no number.
    let vacuous = |clause: &Clause| {
        clause
            .premises
            .iter()
            .any(|premise| premise.relation == SUCCESSOR && premise.arguments.last() == Some(&Term::Constant(0)))
    };
    assert!(found.counts.vacuous > 0);
    assert!(!found.conjectures.iter().any(|conjecture| vacuous(&conjecture.clause)));
    let counts = found.counts;
    assert_eq!(counts.built, counts.kept + counts.refuted + counts.vacuous + counts.idle + counts.instances);
}
