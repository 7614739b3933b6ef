//! The result of compiling theories: clauses, functions, inductions, and skipped parts.

mod common;

use common::theories::{self, Definer};
use common::{about_anchor, under_anchor};
use theoremata_logic::calculus::formula::{Formula, PredicateId};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::clauses::clause::{Clause, Head, Literal, Term};
use theoremata_logic::clauses::compile::{Compiled, ConstructorInstance, Start};

/// A theory with relations of every kind and the axioms `texts`.
fn theory(texts: &[&str]) -> Theory {
    let mut definer = Definer::new("small");
    definer.functions();
    definer.define("between", "x y R/2", &["!(>[z] (in2[x,z,R]) !(in2[z,y,R]))"]);
    definer.define("Small", "c P/1 Q/1 R/2 F/2 G/3", texts);
    definer.finish()
}

fn compile(texts: &[&str]) -> Compiled {
    Compiled::new(&theory(texts), &[])
}

/// A clause as text: `P(x0), x0 = c → R(x0, x1)`; a relation is named after its set parameter.
fn text(theory: &Theory, compiled: &Compiled, clause: &Clause) -> String {
    let parameters = &theory.anchor_definition().parameters;
    let term = |term: &Term| match term {
        Term::Constant(number) => compiled.signature.constants[*number as usize].name.to_string(),
        Term::Variable(number) => format!("x{number}"),
    };
    let literal = |literal: &Literal| {
        let relation = &compiled.signature.relations[literal.relation.index()];
        let arguments: Vec<String> = literal.arguments.iter().map(term).collect();
        let sign = if literal.positive { "" } else { "¬" };
        if let Some(formula) = &relation.inner {
            let kind = match &**formula {
                Formula::Implies(..) => "all",
                Formula::And(..) => "both",
                _ => "other",
            };
            return format!("{sign}{kind}({})", arguments.join(","));
        }
        if relation.predicate == PredicateId::EQUAL {
            return format!("{sign}{} = {}", arguments[0], arguments[1]);
        }
        let fixed = relation.slots.iter().filter_map(|slot| match slot {
            theoremata_logic::clauses::clause::Slot::Fixed(place) => Some(parameters[*place as usize].to_string()),
            theoremata_logic::clauses::clause::Slot::Argument(_) => None,
        });
        let predicate = theory.predicate(relation.predicate);
        let name = if predicate.definition.is_some() { predicate.name.to_string() } else { fixed.collect() };
        format!("{sign}{name}({})", arguments.join(","))
    };
    let all = |literals: &[Literal]| literals.iter().map(literal).collect::<Vec<_>>().join(", ");
    let head = match &clause.head {
        Head::False => "false".into(),
        Head::Literal(head) => literal(head),
        Head::Exists(count, literals) => format!("∃{count} {}", all(literals)),
    };
    format!("{} → {head}", all(&clause.premises))
}

/// The clauses of axioms, without those of definitions.
fn clauses(texts: &[&str]) -> Vec<String> {
    let theory = theory(texts);
    let compiled = Compiled::new(&theory, &[]);
    let is_axiom = |start: &Start| matches!(start, Start::Node(_));
    compiled
        .axioms
        .iter()
        .filter(|axiom| is_axiom(&axiom.justification.start))
        .map(|axiom| text(&theory, &compiled, &axiom.clause))
        .collect()
}

const TYPING: &str = "(>[x,y] (in2[x,y,F]) (& (in[x,P]) (in[y,Q])))";
const TOTAL: &str = "(>[x] (in[x,P]) !(>[y] (in[y,Q]) !(in2[x,y,F])))";
const UNIQUE: &str = "(>[x] (in[x,P]) (>[y,z] (& (in2[x,y,F]) (in2[x,z,F])) (=[y,z])))";

#[test]
fn nested_formulas_become_flat_clauses() {
    for (formula, expected) in [
        ("(in[c,P])", &[" → P(c)"][..]),
        ("(>[x] (in[x,P]) (>[y] (in2[x,y,R]) (in[y,Q])))", &["P(x0), R(x0,x1) → Q(x1)"]),
        ("(>[x,y] (& (in[x,P]) (& (in2[x,y,R]) (=[y,c]))) (in[y,Q]))", &["P(x0), R(x0,x1), x1 = c → Q(x1)"]),
        ("(>[x] (in[x,P]) (& (in[x,Q]) (in2[x,x,R])))", &["P(x0) → Q(x0)", "P(x0) → R(x0,x0)"]),
        ("(>[x] (in[x,P]) !(in[x,Q]))", &["P(x0) → ¬Q(x0)"]),
        ("(>[x] !(in[x,P]) (in[x,Q]))", &["¬P(x0) → Q(x0)"]),
        ("(>[x] (in[x,P]) !(>[y] (in2[x,y,R]) !(in[y,Q])))", &["P(x0) → ∃1 R(x0,x1), Q(x1)"]),
        // An existential premise yields a variable of the clause.
        ("(>[x] !(>[y] (in2[x,y,R]) !(in[y,Q])) (in[x,P]))", &["R(x0,x1), Q(x1) → P(x0)"]),
        (
            "(>[x] (& (in[x,P]) !(>[y,z] (in2[x,y,R]) !(in2[y,z,R]))) (>[u] (in2[x,u,F]) !(=[u,c])))",
            &["P(x0), R(x0,x1), R(x1,x2), F(x0,x3) → ¬x3 = c"],
        ),
        ("(>[] (in[c,P]) (in[c,Q]))", &["P(c) → Q(c)"]),
    ] {
        assert_eq!(clauses(&[formula, "(in[c,P])"])[..expected.len()], *expected, "{formula}");
    }
}

/// All clauses except those of definitions, including those that define compound formulas.
fn all_clauses(axiom: &str) -> Vec<String> {
    let theory = theory(&[axiom, "(in[c,P])"]);
    let compiled = Compiled::new(&theory, &[]);
    assert!(compiled.skipped.is_empty(), "{axiom}");
    compiled
        .axioms
        .iter()
        .map(|axiom| text(&theory, &compiled, &axiom.clause))
        .filter(|text| text != " → P(c)")
        .collect()
}

#[test]
fn compound_formulas_are_relations_with_clauses_of_their_own() {
    for (formula, expected) in [
        (
            "(>[x] (>[y] (in2[x,y,R]) (in[y,Q])) (in2[x,x,R]))",
            &["all(x0) → R(x0,x0)", "all(x0), R(x0,x1) → Q(x1)", "¬all(x0) → ∃1 R(x0,x1), ¬Q(x1)"][..],
        ),
        // A disjunction of negations as conclusion needs no relation of its own.
        ("(>[x] (in[x,P]) !(& (in[x,Q]) (in2[x,x,R])))", &["P(x0), Q(x0) → ¬R(x0,x0)"]),
        ("(>[x] (in[x,P]) !(& !(in[x,Q]) !(in2[x,x,R])))", &["P(x0), ¬Q(x0) → R(x0,x0)"]),
        (
            "(>[x] !(& (in[x,P]) (in[x,Q])) (in2[x,x,R]))",
            &["¬both(x0) → R(x0,x0)", "both(x0) → P(x0)", "both(x0) → Q(x0)", "¬both(x0), P(x0) → ¬Q(x0)"],
        ),
        (
            "(>[x] (in[x,P]) !(>[y] (in2[x,y,R]) !(>[z] (in2[y,z,R]) (in[z,Q]))))",
            &["P(x0) → ∃1 R(x0,x1), all(x1)", "all(x0), R(x0,x1) → Q(x1)", "¬all(x0) → ∃1 R(x0,x1), ¬Q(x1)"],
        ),
        ("(>[x] (in[x,P]) !(>[y] (in2[x,y,R]) (in[y,Q])))", &["P(x0) → ∃1 R(x0,x1), ¬Q(x1)"]),
        ("(>[x] (in[x,P]) !!(in[x,Q]))", &["P(x0) → Q(x0)"]),
    ] {
        assert_eq!(all_clauses(formula), *expected, "{formula}");
    }
}

#[test]
fn a_function_is_recognised_if_it_is_typed_total_and_unique() {
    let function = |texts: &[&str]| {
        let compiled = compile(texts);
        let name = |function: &theoremata_logic::clauses::compile::Function| {
            let relation = &compiled.signature.relations[function.relation.index()];
            (relation.arity, function.domain.iter().filter(|set| set.is_some()).count())
        };
        assert!(compiled.functions.iter().all(|f| compiled.signature.relations[f.relation.index()].function));
        compiled.functions.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(function(&[TYPING, TOTAL, UNIQUE]), [(2, 1)]);
    assert_eq!(function(&[UNIQUE, TOTAL, TYPING]), [(2, 1)], "in any order");
    assert_eq!(function(&["(function[F,P,Q])", "(in[c,P])"]), [(2, 1)], "by a definition");
    assert_eq!(function(&["(operation[G,P,P,P])", "(in[c,P])"]), [(3, 2)]);
    let everywhere = "(>[x,y,z] (& (in2[x,y,F]) (in2[x,z,F])) (=[y,z]))";
    assert_eq!(function(&[TYPING, TOTAL, everywhere]), [(2, 1)], "unique without a guard");
    assert_eq!(function(&[TOTAL, UNIQUE]), [], "not typed");
    assert_eq!(function(&[TYPING, UNIQUE]), [], "not total");
    assert_eq!(function(&[TYPING, TOTAL]), [], "not unique");
    let on_q = "(>[x] (in[x,Q]) (>[y,z] (& (in2[x,y,F]) (in2[x,z,F])) (=[y,z])))";
    assert_eq!(function(&[TYPING, TOTAL, on_q]), [], "unique elsewhere");
    let somewhere = "(>[x] (& (in[x,P]) (in2[x,x,R])) !(>[y] (in[y,Q]) !(in2[x,y,F])))";
    assert_eq!(function(&[TYPING, somewhere, UNIQUE]), [], "total under one more condition");
    let backwards = "(>[y] (in[y,Q]) (>[x,z] (& (in2[x,y,F]) (in2[z,y,F])) (=[x,z])))";
    assert_eq!(function(&[TYPING, TOTAL, backwards]), [], "injective, not unique");
    let fixed = "(>[x] (in[x,P]) !(>[y] (in[y,Q]) !(in2[c,y,F])))";
    assert_eq!(function(&[TYPING, fixed, UNIQUE]), [], "total at a constant");
}

#[test]
fn inductions_apply_to_constants_unary_and_binary_constructors() {
    let numbers = Compiled::new(&theories::arithmetic(), &[]);
    let [instance] = &numbers.inductions[..] else { panic!("one induction") };
    let [ConstructorInstance::Constant(zero), ConstructorInstance::Function(successor, inputs)] =
        &instance.constructors[..]
    else {
        panic!("zero and successor")
    };
    assert_eq!(&*numbers.signature.constants[*zero as usize].name, "0");
    assert_eq!(numbers.signature.relations[successor.index()].arity, 2);
    assert_eq!(inputs[..], [(instance.set, true)]);
    assert!(numbers.function(*successor).is_some_and(|function| function.constructor));
    assert_eq!(numbers.functions.iter().filter(|function| function.constructor).count(), 1);

    let trees = Compiled::new(&theories::trees(), &[]);
    let ConstructorInstance::Function(_, inputs) = &trees.inductions[0].constructors[1] else { panic!("node") };
    assert_eq!(inputs[..], [(trees.inductions[0].set, true); 2]);

    let lists = Compiled::new(&theories::lists(), &[]);
    let ConstructorInstance::Function(_, inputs) = &lists.inductions[0].constructors[1] else { panic!("cons") };
    assert!(!inputs[0].1 && inputs[1].1 && inputs[0].0 != inputs[1].0);

    assert!(Compiled::new(&theories::groups(), &[]).inductions.is_empty());
}

#[test]
fn an_induction_whose_structure_is_not_assumed_does_not_apply() {
    let mut definer = Definer::new("unused");
    definer.functions();
    let chain = definer.define("Chain", "N/1 0 s/2", &["(in[0,N])", "(function[s,N,N])"]);
    definer.generated("along the chain", chain, 0, &[(1, &[]), (2, &[0])]);
    definer.define("Unused", "N/1 0 s/2", &["(in[0,N])", "(function[s,N,N])"]);
    assert!(Compiled::new(&definer.finish(), &[]).inductions.is_empty());
}

#[test]
fn recursion_is_seen_where_a_constructor_is_an_argument() {
    let theory = theories::arithmetic();
    let compiled = Compiled::new(&theory, &[]);
    let mut inputs: Vec<&Vec<usize>> = compiled.recursive_inputs.values().filter(|at| !at.is_empty()).collect();
    inputs.sort();
    assert_eq!(inputs, [&vec![1], &vec![1]], "addition and multiplication recur on their second argument");
}

#[test]
fn definitions_about_individuals_are_unfolded_and_folded() {
    let theory = theory(&["(in[c,P])"]);
    let goal = under_anchor(&theory, &about_anchor(&theory, "(>[x,y] (between[x,y,R]) (in2[x,y,R]))"));
    let compiled = Compiled::new(&theory, &[&goal]);
    let of = |wanted: fn(&Start) -> bool| -> Vec<String> {
        let axioms = compiled.axioms.iter().filter(|axiom| wanted(&axiom.justification.start));
        axioms.map(|axiom| text(&theory, &compiled, &axiom.clause)).collect()
    };
    assert_eq!(of(|start| matches!(start, Start::Premise(_))), ["between(x0,x1) → ∃1 R(x0,x2), R(x2,x1)"]);
    assert_eq!(of(|start| matches!(start, Start::Fold(_))), ["R(x0,x2), R(x2,x1) → between(x0,x1)"]);
    // Without the goal, `between` does not occur.
    assert_eq!(Compiled::new(&theory, &[]).axioms.len(), 1);
}

#[test]
fn a_goal_is_read_behind_its_anchor() {
    let theory = theory(&["(in[c,P])"]);
    let mut compiled = Compiled::new(&theory, &[]);
    let read = |compiled: &mut Compiled, body: &str| {
        let statement = under_anchor(&theory, &about_anchor(&theory, body));
        let (_, clauses) = compiled.read_statement(&theory, &statement)?;
        Some(clauses.map(|clauses| clauses.len()))
    };
    assert_eq!(read(&mut compiled, "(>[x] (in[x,P]) (in[x,Q]))"), Some(Ok(1)));
    assert_eq!(read(&mut compiled, "(>[x] (in[x,P]) (& (in[x,Q]) (in2[x,x,R])))"), Some(Ok(2)));
    assert_eq!(read(&mut compiled, "(>[x] (>[y] (in2[x,y,R]) (in[y,Q])) (in[x,P]))"), Some(Ok(1)));
    assert_eq!(read(&mut compiled, "!(& (in[c,P]) (in[c,Q]))"), Some(Ok(1)), "a compound conclusion stays whole");
    assert!(compiled.skipped.is_empty(), "what a goal lacks is not the theory's lack");
    let plain = about_anchor(&theory, "(in[c,P])");
    assert!(compiled.read_statement(&theory, &plain).is_none(), "no anchor");
}
