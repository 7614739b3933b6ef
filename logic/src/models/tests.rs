use proptest::prelude::*;

use super::evaluate::{refute, satisfiable_premises};
use super::model::{Domain, Model, Table, Truth, UNKNOWN};
use super::reference;
use crate::calculus::formula::PredicateId;
use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, Constant, Head, Literal, Relation, RelationId, Signature, Slot, Term};

/// Equality, a unary and a binary function, a binary relation; two constants.
fn signature() -> Signature {
    let relation = |predicate, arity: u16, function| Relation {
        predicate,
        inner: None,
        slots: (0..arity).map(Slot::Argument).collect(),
        arity: arity.into(),
        sorts: vec![Sort::BASE; arity.into()],
        function,
    };
    Signature {
        relations: vec![
            relation(PredicateId::EQUAL, 2, false),
            relation(PredicateId::IN2, 2, true),
            relation(PredicateId::IN3, 3, true),
            relation(PredicateId(4), 2, false),
        ],
        constants: ["i0", "i1"]
            .iter()
            .enumerate()
            .map(|(parameter, name)| Constant { parameter, name: (*name).into(), sort: Sort::BASE })
            .collect(),
    }
}

fn individual(size: u16) -> impl Strategy<Value = u16> {
    // A third of the models are total; the others have gaps.
    prop_oneof![4 => 0..size, 1 => Just(UNKNOWN)]
}

fn model(sizes: std::ops::Range<u16>) -> impl Strategy<Value = Model> {
    (sizes, any::<bool>()).prop_flat_map(|(size, total)| {
        let value = if total { (0..size).boxed() } else { individual(size).boxed() };
        let truth = if total {
            prop_oneof![Just(Truth::True), Just(Truth::False)].boxed()
        } else {
            prop_oneof![Just(Truth::True), Just(Truth::False), Just(Truth::Unknown)].boxed()
        };
        let cells = |arity: u32| usize::from(size).pow(arity);
        (
            prop::collection::vec(value.clone(), 2),
            prop::collection::vec(value.clone(), cells(1)),
            prop::collection::vec(value, cells(2)),
            prop::collection::vec(truth, cells(2)),
        )
            .prop_map(move |(constants, unary, binary, relation)| {
                let mut model = Model::unknown(&signature(), size, "random".into());
                model.constants = constants;
                model.tables[1] = Table::Function(unary);
                model.tables[2] = Table::Function(binary);
                model.tables[3] = Table::Relation(relation);
                model
            })
    })
}

fn literal(variables: u16) -> impl Strategy<Value = Literal> {
    let term = prop_oneof![1 => (0..2u16).prop_map(Term::Constant), 6 => (0..variables).prop_map(Term::Variable)];
    (prop::bool::weighted(0.8), 0..4u16, prop::collection::vec(term, 3)).prop_map(
        |(positive, relation, mut arguments)| {
            arguments.truncate(if relation == 2 { 3 } else { 2 });
            Literal { positive, relation: RelationId(relation), arguments }
        },
    )
}

fn clause(variables: u16) -> impl Strategy<Value = Clause> {
    let head = prop_oneof![
        1 => Just(Head::False),
        6 => literal(variables).prop_map(Head::Literal),
        2 => prop::collection::vec(literal(variables + 1), 1..3).prop_map(|literals| Head::Exists(1, literals)),
    ];
    (prop::collection::vec(literal(variables), 0..5), head).prop_map(move |(premises, head)| Clause {
        variables,
        premises,
        head,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn compiled_and_naive_refutation_agree_on_small_models(model in model(1..5), clause in clause(4)) {
        prop_assert_eq!(refute(&model, &clause), reference::refute(&model, &clause));
        prop_assert_eq!(satisfiable_premises(&model, &clause), reference::satisfiable_premises(&model, &clause));
    }

    #[test]
    fn compiled_and_naive_refutation_agree_where_lanes_are_used(model in model(9..14), clause in clause(3)) {
        prop_assert_eq!(refute(&model, &clause), reference::refute(&model, &clause));
        prop_assert_eq!(satisfiable_premises(&model, &clause), reference::satisfiable_premises(&model, &clause));
    }
}

/// A function from things to words, an operation that takes both and gives a thing, a relation between words and
/// things; a constant of each sort.
fn two_sorts() -> Signature {
    let (thing, word) = (Sort::Individual(1), Sort::Individual(2));
    let relation = |predicate, sorts: &[&Sort], function| Relation {
        predicate,
        inner: None,
        slots: (0..sorts.len() as u16).map(Slot::Argument).collect(),
        arity: sorts.len(),
        sorts: sorts.iter().map(|sort| (*sort).clone()).collect(),
        function,
    };
    let constant = |parameter, name: &str, sort: &Sort| Constant { parameter, name: name.into(), sort: sort.clone() };
    Signature {
        relations: vec![
            relation(PredicateId::EQUAL, &[], false),
            relation(PredicateId::IN2, &[&thing, &word], true),
            relation(PredicateId::IN3, &[&thing, &word, &thing], true),
            relation(PredicateId(4), &[&word, &thing], false),
        ],
        constants: vec![constant(0, "t", &thing), constant(1, "w", &word)],
    }
}

/// Random tables for [`two_sorts`], total or with gaps. `seed` gives the entries.
fn model_of_two_sorts((things, words): (u16, u16), total: bool, seed: u64) -> Model {
    let domains =
        vec![Domain::new(Some(Sort::Individual(1)), 0, things), Domain::new(Some(Sort::Individual(2)), things, words)];
    let mut model = Model::over(&two_sorts(), domains, "random".into());
    let mut state = seed;
    let mut below = |count: u16| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % u64::from(count)) as u16
    };
    let mut value = |first: u16, size: u16| if !total && below(5) == 0 { UNKNOWN } else { first + below(size) };
    model.constants = vec![value(0, things), value(things, words)];
    for (table, (first, size)) in [(1, (things, words)), (2, (0, things))] {
        let Table::Function(values) = &mut model.tables[table] else { panic!("a function") };
        values.iter_mut().for_each(|entry| *entry = value(first, size));
    }
    let Table::Relation(truths) = &mut model.tables[3] else { panic!("a relation") };
    for truth in truths.iter_mut() {
        *truth = match value(0, 2) {
            UNKNOWN => Truth::Unknown,
            holds => [Truth::False, Truth::True][usize::from(holds)],
        };
    }
    model
}

/// A literal over [`two_sorts`]: variables 0, 1 and 4 are things, 2 and 3 words.
fn sorted_literal(with_witness: bool) -> impl Strategy<Value = Literal> {
    let thing = prop_oneof![
        1 => Just(Term::Constant(0)),
        6 => (0..2u16).prop_map(Term::Variable),
        3 => Just(Term::Variable(if with_witness { 4 } else { 0 })),
    ];
    let word = prop_oneof![1 => Just(Term::Constant(1)), 6 => (2..4u16).prop_map(Term::Variable)];
    let things = prop::collection::vec(thing, 2);
    (prop::bool::weighted(0.8), 0..5u16, things, prop::collection::vec(word, 2)).prop_map(
        |(positive, kind, things, words)| {
            let arguments = match kind {
                0 => things,
                1 => vec![things[0], words[0]],
                2 => vec![things[0], words[0], things[1]],
                3 => vec![words[0], things[0]],
                _ => words,
            };
            Literal { positive, relation: RelationId(kind % 4), arguments }
        },
    )
}

fn sorted_clause() -> impl Strategy<Value = Clause> {
    let head = prop_oneof![
        1 => Just(Head::False),
        6 => sorted_literal(false).prop_map(Head::Literal),
        2 => prop::collection::vec(sorted_literal(true), 1..3).prop_map(|literals| Head::Exists(1, literals)),
    ];
    (prop::collection::vec(sorted_literal(false), 0..5), head).prop_map(|(mut premises, head)| {
        // Every variable occurs at a position that determines its sort.
        let seen = [[2, 0], [3, 1]].map(|pair| Literal {
            positive: true,
            relation: RelationId(3),
            arguments: pair.map(Term::Variable).to_vec(),
        });
        premises.extend(seen);
        Clause { variables: 4, premises, head }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn compiled_and_naive_refutation_agree_over_two_sorts(
        sizes in prop_oneof![4 => (1..4u16, 1..4u16), 1 => (9..11u16, 1..3u16)],
        total in any::<bool>(),
        seed in any::<u64>(),
        clause in sorted_clause(),
    ) {
        let model = model_of_two_sorts(sizes, total, seed);
        prop_assert_eq!(refute(&model, &clause), reference::refute(&model, &clause));
        prop_assert_eq!(satisfiable_premises(&model, &clause), reference::satisfiable_premises(&model, &clause));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_counterexample_beyond_one_word_is_found(place in 64..130u16, other in 0..130u16) {
        let mut model = Model::unknown(&signature(), 130, "a piece".into());
        let mut values: Vec<u16> = (0..130).collect();
        values[usize::from(place)] = other;
        model.tables[1] = Table::Function(values);
        let row = Literal { positive: true, relation: RelationId(1), arguments: vec![Term::Variable(0), Term::Variable(1)] };
        let head = Literal { positive: true, relation: RelationId::EQUAL, arguments: row.arguments.clone() };
        let clause = Clause { variables: 2, premises: vec![row], head: Head::Literal(head) };
        prop_assert_eq!(refute(&model, &clause), (place != other).then(|| vec![place, other]));
    }
}

#[test]
fn a_piece_with_gaps_does_not_refute_existence() {
    let signature = signature();
    let mut model = Model::unknown(&signature, 3, "a piece".into());
    let row = |from, to| Literal {
        positive: true,
        relation: RelationId(1),
        arguments: vec![Term::Variable(from), Term::Variable(to)],
    };
    let clause = Clause { variables: 1, premises: Vec::new(), head: Head::Exists(1, vec![row(0, 1)]) };
    let surjective = Clause { variables: 1, premises: Vec::new(), head: Head::Exists(1, vec![row(1, 0)]) };
    model.constants = vec![0, 1];
    model.tables[1] = Table::Function(vec![1, 2, UNKNOWN]);
    model.tables[2] = Table::Function(vec![0; 9]);
    model.tables[3] = Table::Relation(vec![Truth::False; 9]);
    assert_eq!(refute(&model, &clause), None);
    assert_eq!(refute(&model, &surjective), None, "a value outside may map to 0");
    model.tables[1] = Table::Function(vec![1, 2, 1]);
    assert_eq!(refute(&model, &clause), None);
    assert_eq!(refute(&model, &surjective), Some(vec![0]));
}

#[test]
fn a_bounded_search_ends_where_a_full_one_would_take_years() {
    let mut model = Model::unknown(&signature(), 60, "projections".into());
    model.tables[2] = Table::Function((0..3600).map(|place| place / 60).collect());
    // f(x, f(x, … )) = x for 70 inputs: true, and with more variables than bits in a word.
    let row = |input: u16| Literal {
        positive: true,
        relation: RelationId(2),
        arguments: vec![Term::Variable(0), Term::Variable(input), Term::Variable(70 + input)],
    };
    let head = Literal {
        positive: true,
        relation: RelationId::EQUAL,
        arguments: vec![Term::Variable(0), Term::Variable(139)],
    };
    let clause = Clause { variables: 140, premises: (1..70).map(row).collect(), head: Head::Literal(head) };
    let evaluator = super::evaluate::Evaluator::new(&model);
    assert_eq!(evaluator.refute_within(&clause, 1 << 20), None);
    assert!(evaluator.satisfiable_premises_within(&clause, 1 << 20));
}
