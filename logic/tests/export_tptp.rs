//! Exports to TPTP and SMT-LIB, run by E and Z3.

mod common;
#[path = "export_tptp/derivation.rs"]
mod derivation;
#[path = "export_tptp/provers.rs"]
mod provers;

use std::collections::{BTreeMap, BTreeSet};

use common::damage::KINDS;
use common::exported::{Collection, collections, shipped};
use common::{byhand, goal, theories};
use derivation::Derivation;
use provers::{e, e_reads, e_within, have, z3};
use theoremata_logic::calculus::check::{Flaw, check};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::export::problem::{Encoding, Inductions, NoProblem, Problem};
use theoremata_logic::export::steps::{Question, Steps};
use theoremata_logic::export::tstp::Tstp;

/// Whether E proved the problem; for inconsistent premises it reports the inconsistency instead.
fn follows(answer: &str) -> bool {
    matches!(answer, "Theorem" | "ContradictoryAxioms")
}

#[test]
fn derivations_hang_together_and_come_out_the_same_twice() {
    for collection in collections() {
        let text = collection.written(&mut Tstp::new(&collection.theory));
        assert_eq!(text, collection.written(&mut Tstp::new(&collection.theory)), "{}", collection.label);
        let derivation = Derivation::read(&text);
        if let Some(flaw) = derivation.flaw() {
            panic!("{}: {flaw}", collection.label);
        }
        let theorems = derivation.lines.iter().filter(|line| line.role == "theorem").count();
        assert_eq!(theorems, collection.proofs.len(), "{}", collection.label);
    }
}

#[test]
fn e_reads_whole_derivations() {
    if !have("eprover") {
        return;
    }
    for collection in collections() {
        let text = collection.written(&mut Tstp::new(&collection.theory));
        if let Err(complaint) = e_reads(&text) {
            panic!("{}: {complaint}", collection.label);
        }
        let damaged = text.replacen("fof(t1_a1, assumption, ", "fof(t1_a1, assumption, (", 1);
        assert!(damaged != text && e_reads(&damaged).is_err(), "{}", collection.label);
    }
}

/// The inferences of the derivation, with discharge as a verifier understands it.
#[test]
fn e_confirms_inferences_of_the_derivations() {
    if !have("eprover") {
        return;
    }
    for collection in collections() {
        let derivation = Derivation::read(&collection.written(&mut Tstp::new(&collection.theory)));
        let questions: Vec<_> =
            derivation.lines.iter().filter_map(|line| derivation.question(line).map(|text| (line, text))).collect();
        let every = if collection.label == "byhand" { 2 } else { questions.len() / 15 + 1 };
        for (line, question) in questions.iter().step_by(every) {
            let answer = e(question);
            assert!(follows(&answer), "{}, {} by {}: {answer}\n{question}", collection.label, line.name, line.rule);
        }
    }
}

#[test]
fn e_confirms_steps_of_every_rule() {
    if !have("eprover") {
        return;
    }
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    let mut structure = BTreeMap::new();
    for collection in collections() {
        let mut place = 0;
        for proof in &collection.proofs {
            let steps = Steps::new(&collection.theory, proof);
            for (id, rule, question) in steps.all() {
                let text = match question {
                    Question::Problem(text) => text,
                    Question::Structure(reason) => {
                        structure.insert(rule, reason);
                        continue;
                    }
                    Question::Malformed => panic!("{}, step {}", collection.label, id.0),
                };
                place += 1;
                let count = asked.entry(rule).or_default();
                if *count < 4 || place % 500 == 0 {
                    *count += 1;
                    let answer = e(&text);
                    assert!(follows(&answer), "{}: {answer}\n{text}", collection.label);
                }
            }
        }
    }
    println!("{asked:?}");
    let rules = [
        "and_introduction",
        "and_left",
        "and_right",
        "cases",
        "congruence",
        "ex_falso",
        "exists_elimination",
        "exists_introduction",
        "fold",
        "generalise",
        "instantiate",
        "not_introduction",
        "reductio",
        "reflexivity",
        "unfold",
    ];
    assert!(asked.keys().eq(&rules), "{asked:?}");
    assert!(structure.keys().eq(&["assumption", "citation", "comprehension", "induction"]), "{structure:?}");
}

/// Damage after which most steps no longer follow. A prover does not see rules, so some that our checker refuses still
/// follow: a conjunct dropped twice, a premise that was not needed.
#[test]
fn e_does_not_confirm_damaged_steps() {
    if !have("eprover") {
        return;
    }
    let kinds = [
        "dropped premise",
        "swapped variables in a conclusion",
        "another variable in a conclusion",
        "captured variable",
        "stale eigenvariable",
        "wrong definition instance",
        "congruence where nothing is equal",
        "scope leak",
        "discharge of a wrong scope",
        "negation dropped",
        "negation added",
    ];
    let subjects = byhand::subjects();
    let (mut refuted, mut confirmed) = (0, 0);
    for kind in kinds {
        let (_, damage) = KINDS.iter().find(|(name, _)| *name == kind).expect("a known kind");
        let mut here = 0;
        for subject in &subjects {
            let damaged = damage(subject);
            for proof in damaged.iter().step_by(damaged.len() / 2 + 1) {
                let earlier = |id: TheoremId| subject.statements[..subject.number].get(id.0 as usize);
                let Err(Flaw::Step { step, .. }) = check(&subject.theory, earlier, proof) else { continue };
                let Question::Problem(text) = Steps::new(&subject.theory, proof).question(step) else { continue };
                match &*e(&text) {
                    "Theorem" | "ContradictoryAxioms" => confirmed += 1,
                    "CounterSatisfiable" | "Satisfiable" | "ResourceOut" | "GaveUp" => here += 1,
                    answer => panic!("{answer}\n{text}"),
                }
            }
        }
        println!("{kind}: {here} not confirmed");
        assert!(here > 0, "{kind}");
        refuted += here;
    }
    println!("{refuted} not confirmed, {confirmed} follow all the same");
    assert!(refuted > 3 * confirmed, "{refuted} not confirmed, {confirmed} confirmed");
}

#[test]
fn a_verifier_finds_the_flaw_of_a_damaged_derivation() {
    let collection = &collections()[0];
    let text = collection.written(&mut Tstp::new(&collection.theory));
    let damages = [
        ("assumption not listed", "assumptions([t1_a1,t1_a2])", "assumptions([t1_a1])"),
        ("assumption listed too much", "assumptions([t1_a1])],[t1_s2]", "assumptions([t1_a1,t1_a2])],[t1_s2]"),
        ("nothing discharged", "generalise(discharge,[t1_a2]),", ""),
        ("wrong assumption discharged", "generalise(discharge,[t1_a2])", "generalise(discharge,[t1_a1])"),
        ("eigenvariable not named", "generalise(eigenvariables,[t1_x]),", ""),
        ("eigenvariable not announced", "[new_symbols(eigenvariable,[t1_x])]", "[]"),
        ("eigenvariable of another scope", "new_symbols(eigenvariable,[t1_x])", "new_symbols(eigenvariable,[t1_N])"),
        ("cycle", "assumptions([t1_a1])],[t1_s2]))", "assumptions([t1_a1])],[t1_s4]))"),
        ("unknown parent", "[t1_a1,d_play]", "[t1_a1,d_work]"),
        ("later theorem", "assumptions([t2_a1,t2_a2])],[t1,t2_a1", "assumptions([t2_a1,t2_a2])],[t3,t2_a1"),
        ("name used twice", "fof(t1_s3, plain", "fof(t1_s2, plain"),
        ("theorem inside a scope", ",generalise(discharge,[t1_a1])", ",generalise(discharge,[])"),
    ];
    for (kind, from, to) in damages {
        let damaged = text.replacen(from, to, 1);
        assert_ne!(damaged, text, "{kind}");
        assert!(Derivation::read(&damaged).flaw().is_some(), "{kind}");
    }
}

/// A problem in TPTP and in SMT-LIB, with the lemmas as theorems 1, 2, ….
fn problem(theory: &Theory, text: &str, lemmas: &[&str], encoding: Encoding, inductions: Inductions) -> [String; 2] {
    let goal = goal(theory, "goal", text).statement;
    let lemmas: Vec<_> = lemmas.iter().map(|text| common::goal(theory, "lemma", text).statement).collect();
    let lemmas: Vec<_> = lemmas.iter().enumerate().map(|(place, lemma)| (TheoremId(place as u32), lemma)).collect();
    let problem = Problem { theory, goal: &goal, lemmas: &lemmas, encoding, inductions };
    let texts = [problem.tptp().expect("a problem"), problem.smt_lib().expect("a problem")];
    assert_eq!(texts, [problem.tptp().expect("a problem"), problem.smt_lib().expect("a problem")]);
    texts
}

const WAYS: [Encoding; 3] = [Encoding::Functional, Encoding::Guarded, Encoding::Relational];

const RIGHT_IDENTITY: &str = "(>[x] (in[x,G]) (in3[x,e,x,*]))";
const RIGHT_INVERSE: &str = "(>[x,y] (in2[x,y,inv]) (in3[x,y,e,*]))";
const IDEMPOTENT: &str = "(>[x] (in3[x,x,x,*]) (=[x,e]))";
const ZERO_FIRST: &str = "(>[a] (in[a,N]) (in3[0,a,a,+]))";
const NEXT_FIRST: &str = "(>[a,b,c] (in3[a,b,c,+]) (>[d,e] (& (in2[a,d,s]) (in2[c,e,s])) (in3[d,b,e,+])))";
const COMMUTATIVE: &str = "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))";

#[test]
fn group_laws_are_proved_elsewhere() {
    let group = shipped("group.mpl");
    let (eprover, z) = (have("eprover"), have("z3"));
    for law in [RIGHT_IDENTITY, RIGHT_INVERSE, IDEMPOTENT] {
        for encoding in WAYS {
            let [tptp, smt] = problem(&group, law, &[], encoding, Inductions::None);
            if eprover {
                assert_eq!(e(&tptp), "Theorem", "{tptp}");
            }
            // Z3 makes no progress on functions as relations, nor where no guard triggers instantiation.
            if z && encoding == Encoding::Guarded {
                assert_eq!(z3(&smt), "unsat", "{smt}");
            }
        }
    }
    let easy = "(>[x,y] (in2[x,y,inv]) (in[y,G]))";
    let [_, smt] = problem(&group, easy, &[], Encoding::Relational, Inductions::None);
    if z {
        assert_eq!(z3(&smt), "unsat", "{smt}");
    }
}

#[test]
fn laws_of_arithmetic_are_proved_elsewhere_by_instances_of_induction() {
    let peano = shipped("peano.mpl");
    let (eprover, z) = (have("eprover"), have("z3"));
    let cases: [(&str, &[&str], bool); 4] = [
        (ZERO_FIRST, &[], true),
        ("(>[a] (in[a,N]) (in3[0,a,0,*]))", &[], true),
        (COMMUTATIVE, &[ZERO_FIRST, NEXT_FIRST], true),
        (NEXT_FIRST, &[], false),
    ];
    for (law, lemmas, by_e) in cases {
        let [tptp, smt] = problem(&peano, law, lemmas, Encoding::Functional, Inductions::ForTheGoal);
        assert!(tptp.contains("\nfof(i1, axiom, ") && smt.contains(":named i1))"), "{tptp}");
        if eprover && by_e {
            assert_eq!(e(&tptp), "Theorem", "{tptp}");
        }
        if z {
            assert_eq!(z3(&smt), "unsat", "{smt}");
        }
    }
    let [without, _] = problem(&peano, ZERO_FIRST, &[], Encoding::Functional, Inductions::None);
    assert!(!without.contains("fof(i1"), "{without}");
    assert!(without.contains("none is written down here"), "{without}");
}

#[test]
fn what_does_not_hold_is_not_proved() {
    let order =
        "(theory Order[N,<] (& (>[x,y,z] (& (in2[x,y,<]) (in2[y,z,<])) (in2[x,z,<])) (>[x] (in[x,N]) !(in2[x,x,<]))))";
    let read = |text: &str| {
        let theory = theoremata_logic::language::mpl::read_mpl("a.mpl", text.as_bytes(), &mut |_| Err("none".into()));
        theory.unwrap_or_else(|report| panic!("{}", report.render(false))).0
    };
    let order = read(order);
    for encoding in WAYS {
        let [tptp, smt] = problem(&order, "(>[x,y] (in2[x,y,<]) (in2[y,x,<]))", &[], encoding, Inductions::None);
        if have("eprover") {
            assert_eq!(e(&tptp), "CounterSatisfiable", "{tptp}");
        }
        if have("z3") {
            assert_eq!(z3(&smt), "sat", "{smt}");
        }
    }
    let group = shipped("group.mpl");
    let peano = shipped("peano.mpl");
    for encoding in WAYS {
        let commutative = problem(&group, "(>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))", &[], encoding, Inductions::None);
        let fixed = problem(&peano, "(>[a,b] (in2[a,b,s]) (=[a,b]))", &[], encoding, Inductions::ForTheGoal);
        for [tptp, _] in [commutative, fixed] {
            if have("eprover") {
                let answer = e_within(&tptp, 1);
                assert!(matches!(&*answer, "ResourceOut" | "GaveUp" | "CounterSatisfiable"), "{answer}\n{tptp}");
            }
        }
    }
}

/// The formulas of the axioms and definitions of a problem, by name.
fn axioms(tptp: &str) -> Vec<(String, String)> {
    (tptp.lines())
        .filter_map(|line| line.strip_prefix("fof(")?.strip_suffix(").")?.split_once(", "))
        .filter_map(|(name, rest)| rest.split_once(", ").map(|(role, formula)| (name, role, formula)))
        .filter(|(_, role, _)| *role != "conjecture")
        .map(|(name, _, formula)| (name.to_owned(), formula.to_owned()))
        .collect()
}

const FUNCTIONS: [&str; 6] = ["times", "plus", "inv", "s", "cons", "join"];

/// The functions in a formula, as functions or as graphs.
fn functions(formula: &str) -> BTreeSet<&str> {
    let words = formula.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.map(|word| word.strip_suffix("_rows").unwrap_or(word)).filter(|word| FUNCTIONS.contains(word)).collect()
}

/// The constant of a formula that only states its set membership.
fn constant(formula: &str) -> Option<&str> {
    formula.strip_prefix("in(")?.split(',').next()
}

fn mentions(formula: &str, word: &str) -> bool {
    formula.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|known| known == word)
}

/// The relational and the functional encoding are equivalent: with `f(x) = z` defined from the rows, E derives each
/// functional axiom from the relational one and those of typing, totality and uniqueness; with the rows defined from
/// `f`, it derives each relational axiom, including totality and uniqueness.
#[test]
fn each_encoding_follows_from_the_other() {
    if !have("eprover") {
        return;
    }
    let unary = |name: &str, from: &str| format!("![X,Y]: (in2(X,Y,{name}_rows) <=> (in(X,{from}) & {name}(X) = Y))");
    let binary = |name: &str, [one, two]: [&str; 2]| {
        format!("![X,Y,Z]: (in3(X,Y,Z,{name}_rows) <=> (in(X,{one}) & in(Y,{two}) & {name}(X,Y) = Z))")
    };
    let numbers = || vec![unary("s", "n"), binary("plus", ["n", "n"]), binary("times", ["n", "n"])];
    let below = "(>[x] (in[x,N]) (leq[0,x,N,+]))";
    let joined = "(>[x] (in[x,L]) (in3[x,nil,x,join]))";
    let cases = [
        (shipped("group.mpl"), RIGHT_INVERSE, vec![binary("times", ["g", "g"]), unary("inv", "g")]),
        (shipped("peano.mpl"), COMMUTATIVE, numbers()),
        (theories::ordered_arithmetic(), below, numbers()),
        (theories::lists(), joined, vec![binary("cons", ["a", "l"]), binary("join", ["l", "l"])]),
    ];
    for (theory, goal, links) in cases {
        let [relational, _] = problem(&theory, goal, &[], Encoding::Relational, Inductions::None);
        let [functional, _] = problem(&theory, goal, &[], Encoding::Guarded, Inductions::None);
        // The graph of `plus` has different names in the two; here it is `plus_rows`.
        let (mut rows, mut values) = (axioms(&relational), axioms(&functional));
        for name in FUNCTIONS {
            for (_, formula) in &mut rows {
                for end in [')', ','] {
                    *formula = formula.replace(&format!(",{name}{end}"), &format!(",{name}_rows{end}"));
                }
            }
            for (_, formula) in &mut values {
                *formula = formula.replace(&format!("graph_of_{name}"), &format!("{name}_rows"));
            }
        }
        assert!(values.len() < rows.len(), "{functional}");
        for (from, to) in [(&rows, &values), (&values, &rows)] {
            for (name, wanted) in to {
                let own = from.iter().find(|(known, _)| known == name).map_or("", |(_, formula)| formula);
                let about: BTreeSet<&str> = functions(wanted).union(&functions(own)).copied().collect();
                let basic = |known: &str, formula: &str| {
                    let of_membership = formula
                        .rsplit("=> ")
                        .next()
                        .is_some_and(|last| last.trim_start_matches('(').starts_with("in("));
                    let here = functions(formula).is_subset(&about)
                        && constant(formula).is_none_or(|word| mentions(wanted, word));
                    here && (of_membership || !to.iter().any(|(name, _)| name == known))
                };
                let mut text = String::new();
                for (known, formula) in from.iter().filter(|(known, formula)| known == name || basic(known, formula)) {
                    text += &format!("fof({known}, axiom, {formula}).\n");
                }
                for (number, link) in links.iter().enumerate().filter(|(_, link)| functions(link).is_subset(&about)) {
                    text += &format!("fof(link_{number}, axiom, {link}).\n");
                }
                // A relational definition is more general than the functional one, which is about the theory's own
                // sets.
                if !name.starts_with("d_") || !wanted.contains("in3(") {
                    text += &format!("fof(wanted, conjecture, {wanted}).\n");
                    assert_eq!(e(&text), "Theorem", "{}, {name}:\n{text}", theory.name);
                }
            }
        }
    }
}

#[test]
fn what_is_said_of_graphs_in_general_is_linked_to_the_functions() {
    let group = shipped("group.mpl");
    let some = "!(>[f] (in2[e,e,f]) !(in2[e,e,f]))";
    let [tptp, smt] = problem(&group, some, &[], Encoding::Functional, Inductions::None);
    assert!(tptp.contains("fof(l_inv, definition, "), "{tptp}");
    if have("eprover") {
        assert_eq!(e(&tptp), "Theorem", "{tptp}");
    }
    if have("z3") {
        assert!(!z3(&smt).contains("error"), "{smt}");
    }
}

#[test]
fn guards_are_left_out_where_all_is_about_one_set() {
    let [tptp, _] = problem(&shipped("group.mpl"), RIGHT_INVERSE, &[], Encoding::Functional, Inductions::None);
    let formulas: Vec<String> = axioms(&tptp).into_iter().map(|(name, formula)| format!("{name} {formula}")).collect();
    let expected = [
        "a8 ![X,Y,Z]: times(X,times(Y,Z)) = times(times(X,Y),Z)",
        "a9 ![X]: times(e,X) = X",
        "a10 ![X]: times(inv(X),X) = e",
    ];
    assert_eq!(formulas, expected);
    assert!(tptp.contains("All of this is about elements of g"), "{tptp}");
    let [tptp, _] = problem(&shipped("peano.mpl"), COMMUTATIVE, &[], Encoding::Functional, Inductions::ForTheGoal);
    assert!(tptp.contains("conjecture, ![A,B]: plus(B,A) = plus(A,B))."), "{tptp}");
    assert!(!tptp.contains("in("), "{tptp}");
    // Lists are about two sets.
    let [tptp, _] = problem(
        &theories::lists(),
        "(>[x] (in[x,L]) (in3[x,nil,x,join]))",
        &[],
        Encoding::Functional,
        Inductions::None,
    );
    assert!(tptp.contains("in(X,l)"), "{tptp}");
}

/// An operation defined only between two sets is not a function on one of them.
#[test]
fn a_function_with_a_smaller_domain_than_its_typing_stays_a_relation() {
    let parts = |domain: &str| {
        let total = format!("(>[x] {domain} !(>[y] (in[y,A]) !(in2[x,y,f])))");
        let unique = "(>[x] (in[x,A]) (>[y,z] (& (in2[x,y,f]) (in2[x,z,f])) (=[y,z])))";
        let mut definer = theories::Definer::new("partial");
        let typing = "(>[x,y] (in2[x,y,f]) (& (in[x,A]) (in[y,A])))";
        definer.define("Partial", "A/1 B/1 f/2", &[typing, &total, unique]);
        definer.finish()
    };
    let text = "(>[x] (in[x,A]) !(>[y] (in2[x,y,f]) (in[y,B])))";
    let shown = |theory| problem(&theory, text, &[], Encoding::Functional, Inductions::None);
    let [whole, _] = shown(parts("(in[x,A])"));
    let [partial, _] = shown(parts("(& (in[x,A]) (in[x,B]))"));
    assert!(whole.contains("in(f(X),a)") && !whole.contains("in2("), "{whole}");
    assert!(partial.contains("in2(X,Y,f)"), "{partial}");
}

/// Names that are reserved words or invalid in the formats, in the theory and its comments.
#[test]
fn any_name_can_be_written() {
    let mut definer = theories::Definer::new("a\nfof(bad, axiom, $false).");
    definer.define("forall", "x N/1", &["(in[x,N])"]);
    definer.define("$true", "x N/1 $/2", &["!(>[y] (forall[y,N]) !(in2[x,y,$]))"]);
    definer.define(
        "Größe",
        "N/1 n a'b $/2 and",
        &["(>[x] (forall[x,N]) ($true[x,N,$]))", "(forall[n,N])", "(=[and,a'b])", "(in[a'b,N])"],
    );
    let theory = definer.finish();
    for encoding in WAYS {
        let [tptp, smt] = problem(&theory, "($true[and,N,$])", &[], encoding, Inductions::None);
        if have("eprover") {
            assert_eq!(e(&tptp), "Theorem", "{tptp}");
        }
        if have("z3") {
            assert_eq!(z3(&smt), "unsat", "{smt}");
        }
    }
    let found = common::run::prove_goals(theory.clone(), &[("odd", "(forall[and,N])")]);
    let proofs = found.theorems.into_iter().map(|theorem| theorem.checked.proof().clone()).collect();
    let collection = Collection { label: "odd", theory: theory.into(), proofs };
    let text = collection.written(&mut Tstp::new(&collection.theory));
    assert_eq!(Derivation::read(&text).flaw(), None, "{text}");
    if have("eprover") {
        assert_eq!(e_reads(&text), Ok(()));
    }
}

#[test]
fn a_statement_that_is_not_under_the_anchor_is_no_problem() {
    let group = shipped("group.mpl");
    let peano = shipped("peano.mpl");
    let good = goal(&group, "good", RIGHT_INVERSE).statement;
    let bad = goal(&peano, "bad", COMMUTATIVE).statement;
    let ask = |goal, lemmas| {
        let [encoding, _, _] = WAYS;
        Problem { theory: &group, goal, lemmas, encoding, inductions: Inductions::None }.tptp()
    };
    assert_eq!(ask(&bad, &[]), Err(NoProblem::Goal));
    let lemmas = [(TheoremId(6), &bad)];
    assert_eq!(ask(&good, &lemmas), Err(NoProblem::Lemma(TheoremId(6))));
    assert!(ask(&good, &[]).expect("a problem").contains("\nfof(goal, conjecture, "));
}
