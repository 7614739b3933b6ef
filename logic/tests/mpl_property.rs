//! Properties of parsing, printing and formatting, on random theories and on damaged texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use theoremata_logic::calculus::formula::{Binder, Binders, Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::{
    Bounds, Constructor, Definition, Goal, Induction, Notation, NotationForm, Predicate, PredicateBounds, Theory,
};
use theoremata_logic::language::mpl::{
    format, lint_gl, lint_mpl, parse_goal, parse_sort, read_gl, read_goals, read_mpl, sort_text,
};

fn no_files(path: &str) -> Result<Vec<u8>, String> {
    Err(format!("no file {path}"))
}

/// The shape of a formula, instantiated once the number of free names is known.
#[derive(Clone, Debug)]
enum Shape {
    Equal(u32, u32),
    In(u32),
    Defined(u32),
    And(Box<Shape>, Box<Shape>),
    Not(Box<Shape>),
    Implies(u32, Box<Shape>, Box<Shape>),
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        (any::<u32>(), any::<u32>()).prop_map(|(a, b)| Shape::Equal(a, b)),
        any::<u32>().prop_map(Shape::In),
        any::<u32>().prop_map(Shape::Defined),
    ];
    leaf.prop_recursive(6, 40, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Shape::And(a.into(), b.into())),
            inner.clone().prop_map(|a| Shape::Not(a.into())),
            (0_u32..3, inner.clone(), inner).prop_map(|(n, a, b)| Shape::Implies(n, a.into(), b.into())),
        ]
    })
}

/// The names of bound variables: few, so that they clash, and some that look like other things.
const NAMES: [&str; 6] = ["x", "y", "0", "+", "x1", "in"];

impl Shape {
    /// The formula under `depth` binders. The first parameter is a set, all others are individuals; `defined` is a
    /// predicate of an individual and a set, if there is one.
    fn formula(&self, individuals: u32, depth: u32, defined: Option<PredicateId>) -> Formula {
        let individual = |number: u32| {
            let number = number % (individuals + depth);
            if number < depth { Variable::Bound(number) } else { Variable::Free(Name(number - depth + 1)) }
        };
        let member = |predicate: PredicateId, element: u32| {
            Formula::Atom(predicate, Arc::new([individual(element), Variable::Free(Name(0))]))
        };
        match self {
            Shape::Equal(left, right) => {
                Formula::Atom(PredicateId::EQUAL, Arc::new([individual(*left), individual(*right)]))
            }
            Shape::In(element) => member(PredicateId::IN, *element),
            Shape::Defined(element) => member(defined.unwrap_or(PredicateId::IN), *element),
            Shape::And(left, right) => {
                Formula::and(left.formula(individuals, depth, defined), right.formula(individuals, depth, defined))
            }
            Shape::Not(inner) => Formula::negate(inner.formula(individuals, depth, defined)),
            Shape::Implies(count, premise, conclusion) => {
                let names = (0..*count).map(|number| Binder::new(NAMES[((number + depth) % 6) as usize], Sort::BASE));
                Formula::Implies(
                    Binders::new(names),
                    Arc::new(premise.formula(individuals, depth + count, defined)),
                    Arc::new(conclusion.formula(individuals, depth + count, defined)),
                )
            }
        }
    }
}

/// The formula `(& (in[a,S]) (& (=[a,b]) …))` about all parameters, which determines their sorts.
fn about_all(individuals: u32) -> Formula {
    let mut formula = Formula::atom(PredicateId::IN, [Name(1), Name(0)]);
    for number in 2..=individuals {
        formula = Formula::and(Formula::equal(Name(1), Name(number)), formula);
    }
    formula
}

fn theory() -> impl Strategy<Value = Theory> {
    let doc = proptest::option::of("[a-z ,.;()\\[\\]∀ℕ]{0,30}");
    let definitions = proptest::collection::vec((shape(), 1_u32..4, doc), 1..4);
    let notation = (any::<bool>(), 1_u8..10);
    let bounds = (1_usize..9, 0_usize..9, 1_usize..9, proptest::option::of((0_usize..5, 0_usize..3)));
    (definitions, shape(), notation, bounds, any::<bool>()).prop_map(
        |(definitions, goal, notation, bounds, generated)| {
            let one = || Sort::Individual(1);
            let set = || Sort::Power(vec![one()]);
            let mut predicates = Predicate::primitives();
            let mut defined = None;
            for (number, (shape, individuals, doc)) in definitions.iter().enumerate() {
                let body = Formula::and(shape.formula(*individuals, 0, defined), about_all(*individuals));
                let mut sorts = vec![set()];
                sorts.extend((0..*individuals).map(|_| one()));
                let parameters = (0..=*individuals).map(|place| ["S", "x", "y", "0"][place as usize].into()).collect();
                let definition = Definition { parameters, body, doc: doc.clone(), file: "a.mpl".into() };
                let name = if number + 1 == definitions.len() { "AnchorT".to_owned() } else { format!("d{number}") };
                predicates.push(Predicate { name: name.into(), sorts, definition: Some(definition) });
                if *individuals == 1 {
                    // `e…[a,S]`: with its arguments swapped, in the order of `in`.
                    let place = PredicateId(predicates.len() as u32 - 1);
                    if number + 1 < definitions.len() {
                        let body = Formula::atom(place, [Name(1), Name(0)]);
                        let definition = Definition {
                            parameters: vec!["a".into(), "S".into()],
                            body,
                            doc: None,
                            file: "a.mpl".into(),
                        };
                        let sorts = vec![one(), set()];
                        predicates.push(Predicate {
                            name: format!("e{number}").into(),
                            sorts,
                            definition: Some(definition),
                        });
                        defined = Some(PredicateId(predicates.len() as u32 - 1));
                    }
                }
            }
            let anchor = PredicateId(predicates.len() as u32 - 1);
            let individuals = definitions.last().map_or(1, |(_, individuals, _)| *individuals);
            let inside = goal.formula(individuals, 0, defined);
            let sorts = &predicates[anchor.index()].sorts;
            let names: Vec<(Name, Binder)> = (0..=individuals)
                .map(|place| (Name(place), Binder::new(format!("p{place}"), sorts[place as usize].clone())))
                .collect();
            let premise = Formula::atom(anchor, names.iter().map(|(name, _)| *name));
            let statement = Formula::forall(&names, &premise, &inside);
            let (infix, strength) = notation;
            let form = if infix {
                NotationForm::Infix { symbol: "∈".into(), strength }
            } else {
                NotationForm::Prefix { symbol: "∈".into() }
            };
            let notation =
                Notation { predicate: PredicateId::IN, arguments: vec!["u".into(), "v".into()], value: None, form };
            let (atoms, atoms_with_constant, variables, limit) = bounds;
            let limit = limit.map(|(count, min_atoms)| PredicateBounds {
                predicate: PredicateId::IN,
                count,
                min_atoms,
                max_atoms: min_atoms + count,
            });
            let says = PredicateId(predicates.len() as u32);
            if generated {
                let sorts = vec![set(), one()];
                predicates.push(Predicate { name: "generated".into(), sorts, definition: None });
                let definition = predicates[anchor.index()].definition.as_mut().expect("the anchor");
                definition.body = Formula::and(definition.body.clone(), Formula::atom(says, [Name(0), Name(1)]));
            }
            let induction = Induction {
                name: "by hand".into(),
                predicate: says,
                structure: anchor,
                places: vec![0, 1],
                constructors: vec![Constructor { parameter: 1, arguments: Vec::new() }],
                added_by_reader: false,
            };
            Theory {
                name: "T".into(),
                predicates,
                anchor,
                inductions: if generated { vec![induction] } else { Vec::new() },
                notations: vec![notation],
                goals: vec![Goal { label: "g".into(), statement, place: "a.mpl:1".into() }],
                bounds: Bounds {
                    atoms,
                    atoms_with_constant,
                    variables,
                    predicates: limit.into_iter().collect(),
                    exclude: Vec::new(),
                },
                uses: Vec::new(),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_printed_theory_reads_back_to_the_same(theory in theory()) {
        let text = theory.to_mpl();
        let (again, _) = match read_mpl("a.mpl", text.as_bytes(), &mut no_files) {
            Ok(read) => read,
            Err(report) => return Err(TestCaseError::fail(format!("{}\n{text}", report.render(false)))),
        };
        prop_assert_eq!(&theory.name, &again.name);
        prop_assert_eq!(theory.anchor, again.anchor);
        prop_assert_eq!(theory.predicates.len(), again.predicates.len());
        for (left, right) in theory.predicates.iter().zip(&again.predicates) {
            prop_assert_eq!((&left.name, &left.sorts), (&right.name, &right.sorts), "{}", &text);
            let parts = |predicate: &Predicate| {
                predicate.definition.clone().map(|definition| (definition.parameters, definition.body, definition.doc))
            };
            prop_assert_eq!(parts(left), parts(right), "{}", &text);
        }
        prop_assert_eq!(&theory.inductions, &again.inductions);
        prop_assert_eq!(&theory.notations, &again.notations);
        prop_assert_eq!(&theory.bounds, &again.bounds);
        prop_assert_eq!(&theory.goals[0].statement, &again.goals[0].statement, "{}", &text);
        // A statement by itself, on one line and as a goal.
        let line = theory.write(&theory.goals[0].statement, &[]);
        let goal = parse_goal(&theory, &line).map_err(|report| TestCaseError::fail(report.render(false)))?;
        prop_assert_eq!(&goal.statement, &theory.goals[0].statement);
        // Formatting changes blanks only, and is idempotent.
        let laid_out = format("a.mpl", text.as_bytes()).map_err(|report| TestCaseError::fail(report.render(false)))?;
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(bare(&laid_out), bare(&text));
        prop_assert_eq!(format("a.mpl", laid_out.as_bytes()).expect("well formed"), laid_out);
    }

    #[test]
    fn a_damaged_text_does_no_harm(
        seed in 0_usize..GOOD.len(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..PIECES.len(), 0_usize..8), 1..6),
    ) {
        let bytes = damaged(GOOD[seed].as_bytes(), &damage);
        // Text without meaning gets an error, and every report can be rendered.
        let report = match read_mpl("a.mpl", &bytes, &mut no_files) {
            Ok((theory, report)) => {
                prop_assert!(read_mpl("b.mpl", theory.to_mpl().as_bytes(), &mut no_files).is_ok());
                report
            }
            Err(report) => {
                prop_assert!(report.failed());
                report
            }
        };
        let _ = (report.render(true), report.render(false), report.json_lines());
        let _ = lint_mpl("a.mpl", &bytes, &mut no_files).render(false);
        if let Ok(once) = format("a.mpl", &bytes) {
            let again = format("a.mpl", once.as_bytes());
            prop_assert_eq!(again.map_err(|report| report.render(false)), Ok(once));
        }
        let (theory, _) = read_mpl("a.mpl", GOOD[0].as_bytes(), &mut no_files).expect("good");
        let (goals, report) = read_goals(&theory, &bytes, "goals.txt");
        let _ = (goals, report.render(false));
        let files = BTreeMap::from([("T.txt".to_owned(), bytes.clone())]);
        let _ = read_gl(CONFIGURATION.as_bytes(), "ConfigT.json", &files).map_err(|report| report.render(false));
    }

    #[test]
    fn a_damaged_configuration_does_no_harm(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..PIECES.len(), 0_usize..8), 1..6),
    ) {
        let bytes = damaged(CONFIGURATION.as_bytes(), &damage);
        let files = BTreeMap::from([("T.txt".to_owned(), b"(in[i0,N])".to_vec())]);
        match read_gl(&bytes, "ConfigT.json", &files) {
            Ok((_, report)) => { let _ = report.render(false); }
            Err(report) => {
                prop_assert!(report.failed());
                let _ = (report.render(true), report.json_lines());
            }
        }
        let _ = lint_gl(&bytes, "ConfigT.json", &files);
    }

    #[test]
    fn anything_may_be_given(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[()\\[\\]!&>,;\"xyN \n]{0,60}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            let _ = read_mpl("a.mpl", bytes, &mut no_files).map_err(|report| report.render(false));
            let _ = format("a.mpl", bytes);
            let _ = read_gl(bytes, "Config.json", &BTreeMap::new()).map_err(|report| report.render(false));
        }
        let _ = parse_sort(&text);
    }

    #[test]
    fn sorts_are_written_as_they_are_read(shape in proptest::collection::vec(0_u8..3, 1..6), base in 1_u32..4) {
        let mut sort = Sort::Individual(base);
        for places in shape {
            sort = match places {
                0 => Sort::Power(vec![sort]),
                1 => Sort::Power(vec![sort, Sort::Individual(1)]),
                _ => Sort::Power(vec![Sort::Individual(2), sort, Sort::Individual(1)]),
            };
        }
        prop_assert_eq!(parse_sort(&sort_text(&sort)), Some(sort));
    }
}

/// Pieces that damage inserts or substitutes.
const PIECES: [&str; 14] =
    ["(", ")", "[", "]", "!", "&", ">", ",", "\"", ";", "\n", "\u{202e}", "(define a[x] (a[x]))", "(>[x] (in[x,N]) "];

fn damaged(good: &[u8], damage: &[(prop::sample::Index, usize, usize)]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for (place, piece, cut) in damage {
        let at = place.index(bytes.len().max(1)).min(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, PIECES[*piece].bytes());
    }
    bytes
}

const GOOD: [&str; 3] = [
    "(theory T[N,i0,s] \"Doc.\" (& (in[i0,N]) (in2[i0,i0,s])))\n(conjecture a (>[x] (in[x,N]) (in2[x,x,s])))\n",
    "; comment\n(define below[N,+,x,y] !(>[z] (in[z,N]) !(in3[x,z,y,+]))) ; more\n\
     (theory T[N,0,s,+]\n  (& (in[0,N]) (>[x] (in[x,N]) (below[N,+,0,x])) !(in2[0,0,s])))\n\
     (generated \"name\" T[N,0,s,+] N 0 s[N])\n(notation (in3[x,y,z,+]) (value z) (infix \"+\" 5))\n\
     (bounds (atoms 5) (atoms-with-constant 2) (variables 4) (predicate in (count 0) (atoms 1 4)))\n",
    "(&\r\n\t(>[x,y] (in2[x,y,f]) (& (in[x,X]) (in[y,Y])))\r\n\t(>[x] (in[x,X]) !(>[y] (in[y,Y]) !(in2[x,y,f]))))\r\n",
];

const CONFIGURATION: &str = r#"{
  "in": { "arity": 2, "definition_sets": { "1": ["(1)", true], "2": ["P(1)", false] }, "full_mpl": "(in[1,2])",
    "short_mpl": "(in[1,2])", "max_count_per_conjecture": 0, "input_args": ["1"], "output_args": [],
    "max_size_expression": 5 },
  "AnchorT": { "arity": 2, "definition_sets": { "1": ["P(1)", true], "2": ["(1)", true] }, "full_mpl": "T.txt",
    "short_mpl": "(AnchorT[N,i0])", "max_count_per_conjecture": 0, "max_size_expression": 5 },
  "parameters": { "max_number_simple_expressions": 5, "max_complexity_if_anchor_parameter_connected": { "(1)": 2 } },
  "patterns_to_exclude": ["a"]
}"#;

/// What the fuzz targets do, on their corpus of seeds.
#[test]
fn the_seeds_of_the_fuzzer_do_no_harm() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds");
    let read = |folder: &str| -> Vec<Vec<u8>> {
        let entries = std::fs::read_dir(seeds.join(folder)).expect("the seeds of a fuzz target");
        entries.map(|entry| std::fs::read(entry.expect("an entry").path()).expect("a seed")).collect()
    };
    let (texts, configurations) = (read("mpl"), read("configuration"));
    assert!(texts.len() > 9 && configurations.len() > 4);
    for bytes in texts {
        match read_mpl("a.mpl", &bytes, &mut no_files) {
            Ok((theory, _)) => {
                assert!(read_mpl("b.mpl", theory.to_mpl().as_bytes(), &mut no_files).is_ok());
                let _ = read_goals(&theory, &bytes, "goals.txt").1.render(false);
            }
            Err(report) => assert!(report.failed() && !report.render(true).is_empty()),
        }
        let _ = lint_mpl("a.mpl", &bytes, &mut no_files);
        if let Ok(once) = format("a.mpl", &bytes) {
            assert_eq!(format("a.mpl", once.as_bytes()).map_err(|report| report.render(false)), Ok(once));
        }
    }
    let files = BTreeMap::from([("T.txt".to_owned(), b"(in[i0,N])".to_vec())]);
    for bytes in configurations {
        let _ = read_gl(&bytes, "ConfigT.json", &files).map_err(|report| report.render(true));
        let _ = lint_gl(&bytes, "ConfigT.json", &files);
    }
}
