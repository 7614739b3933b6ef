//! Forged proofs that mix sorts, instantiate with an element of an empty sort, or use a generation principle for a set
//! that is not generated.
//!
//! Each would be valid without sorts. Our checker refuses it for the right reason; the same ideas, written by hand in
//! other languages, are refused there.

mod common;

use std::fs;
use std::sync::Arc;

use common::byhand::{playground, subjects};
use common::draft::Draft;
use common::exported::{Collection, folder, program, say};
use common::list;
use common::theories::Definer;
use theoremata_logic::calculus::check::{Flaw, check};
use theoremata_logic::calculus::formula::{Binder, Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::proof::{Proof, Rule, Scope, ScopeId, Step, StepId, TheoremId};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::{Definition, Predicate, Theory};
use theoremata_logic::export::metamath::Metamath;
use theoremata_logic::export::rocq::Rocq;

fn one() -> Sort {
    Sort::Individual(1)
}

fn other() -> Sort {
    Sort::Individual(2)
}

fn set(of: Sort) -> Sort {
    Sort::Power(vec![of])
}

/// A proof in a scope with variables of these sorts, which assumes the first formula; `Name(i)` is variable `i`.
fn proof(sorts: &[Sort], assumed: &Formula, steps: Vec<(Rule, Vec<u32>, Formula)>) -> Proof {
    let names: Vec<Name> = (0..sorts.len() as u32).map(Name).collect();
    let outer = Scope { parent: ScopeId::OUTER, variables: vec![], assumptions: vec![] };
    let inner = Scope { parent: ScopeId::OUTER, variables: names.clone(), assumptions: vec![assumed.clone()] };
    let mut proof = Proof {
        scopes: vec![outer, inner],
        steps: Vec::new(),
        sorts: sorts.to_vec(),
        names: names.iter().map(|name| format!("x{}", name.0).into()).collect(),
    };
    let scope = ScopeId(1);
    proof.steps.push(Step { rule: Rule::Assumption(0), premises: vec![], conclusion: assumed.clone(), scope });
    for (rule, premises, conclusion) in steps {
        let premises = premises.into_iter().map(StepId).collect();
        proof.steps.push(Step { rule, premises, conclusion, scope });
    }
    let last = proof.steps.last().expect("the assumption").conclusion.clone();
    let binders: Vec<(Name, Binder)> =
        names.iter().zip(sorts).map(|(name, sort)| (*name, Binder::new("x", sort.clone()))).collect();
    let premises = vec![StepId(proof.steps.len() as u32 - 1)];
    let conclusion = Formula::forall(&binders, assumed, &last);
    proof.steps.push(Step { rule: Rule::Generalise(scope), premises, conclusion, scope: ScopeId::OUTER });
    proof
}

fn reason(theory: &Theory, theorems: &[Formula], proof: &Proof) -> &'static str {
    match check(theory, |cited: TheoremId| theorems.get(cited.0 as usize), proof) {
        Err(Flaw::Theory { reason, .. } | Flaw::Scope { reason, .. } | Flaw::Step { reason, .. }) => reason,
        other => panic!("{other:?}\n{}", list(theory, proof)),
    }
}

fn accepted(theory: &Theory, theorems: &[Formula], proof: &Proof) {
    let verdict = check(theory, |cited: TheoremId| theorems.get(cited.0 as usize), proof);
    assert!(verdict.is_ok(), "{verdict:?}\n{}", list(theory, proof));
}

fn equal(left: u32, right: u32) -> Formula {
    Formula::equal(Name(left), Name(right))
}

fn member(element: u32, of: u32) -> Formula {
    Formula::atom(PredicateId::IN, [Name(element), Name(of)])
}

/// `∀ x (premise → conclusion)` with `x` of a sort; `Name(99)` is `x`.
fn all(sort: Sort, premise: &Formula, conclusion: &Formula) -> Formula {
    Formula::forall(&[(Name(99), Binder::new("x", sort))], premise, conclusion)
}

fn some(sort: Sort, left: &Formula, right: &Formula) -> Formula {
    Formula::exists(&[(Name(99), Binder::new("x", sort))], left, right)
}

const FIT: &str = "the sorts of a predicate's arguments do not fit";

#[test]
fn equality_and_membership_join_sorts_that_fit() {
    let theory = playground();
    accepted(&theory, &[], &proof(&[one(), set(one())], &member(0, 1), vec![]));
    accepted(&theory, &[], &proof(&[set(one()), set(set(one()))], &member(0, 1), vec![]));
    for (sorts, assumed) in [
        (vec![one(), set(one())], equal(0, 1)),
        (vec![one(), other()], equal(0, 1)),
        (vec![set(one())], member(0, 0)),
        (vec![set(one()), set(one())], member(0, 1)),
        (vec![one(), set(other())], member(0, 1)),
        (vec![one(), one()], member(0, 1)),
        (vec![one(), set(set(one()))], member(0, 1)),
    ] {
        assert_eq!(reason(&theory, &[], &proof(&sorts, &assumed, vec![])), FIT, "{sorts:?}");
    }
    // Bound variables have sorts too.
    let inner = all(set(one()), &Formula::atom(PredicateId::IN, [Name(99), Name(99)]), &equal(0, 0));
    assert_eq!(reason(&theory, &[], &proof(&[one()], &inner, vec![])), FIT);
}

/// The theory with an additional definition, whose parameters have these sorts.
fn defining(sorts: Vec<Sort>, body: Formula) -> (Theory, PredicateId) {
    let mut theory = playground();
    let id = PredicateId(theory.predicates.len() as u32);
    let parameters = (0..sorts.len()).map(|place| format!("p{place}").into()).collect();
    let definition = Some(Definition { parameters, body, doc: None, file: "test".into() });
    theory.predicates.push(Predicate { name: "defined".into(), sorts, definition });
    (theory, id)
}

/// `∀x (x∈S → φ) ∧ ∀x (φ → x∈S)` for the first parameter `S`, `x` being `Name(99)` and of this sort.
fn extension(sort: Sort, property: &Formula) -> Formula {
    let of_it = Formula::atom(PredicateId::IN, [Name(99), Name(0)]);
    Formula::and(all(sort.clone(), &of_it, property), all(sort, property, &of_it))
}

#[test]
fn the_set_of_sets_that_are_no_elements_of_themselves_cannot_be_defined() {
    let itself = Formula::negate(Formula::atom(PredicateId::IN, [Name(99), Name(99)]));
    for sort in [one(), set(one()), set(set(one()))] {
        let (theory, _) = defining(vec![set(sort.clone())], extension(sort, &itself));
        assert_eq!(reason(&theory, &[], &proof(&[one()], &equal(0, 0), vec![])), FIT);
    }
}

#[test]
fn comprehension_makes_a_set_of_the_sort_of_its_instance() {
    let (theory, id) = defining(vec![set(one())], extension(one(), &equal(99, 99)));
    let instance = |sort: Sort, arguments: Vec<Name>| {
        let atom = Formula::atom(id, [Name(99)]);
        let rule = Rule::Comprehension { predicate: id, arguments, set: 0 };
        (rule, vec![], some(sort, &atom, &atom))
    };
    // At any sort of sets, with the matching element sort.
    for sort in [one(), other(), set(one())] {
        let made = instance(set(sort), vec![Name(0)]);
        accepted(&theory, &[], &proof(&[one()], &equal(0, 0), vec![made]));
    }
    let individual = instance(one(), vec![Name(0)]);
    assert_eq!(reason(&theory, &[], &proof(&[one()], &equal(0, 0), vec![individual])), FIT);
    // The elements of a set of one sort, equated with a variable of another.
    let (theory, id) = defining(vec![set(one()), one()], extension(one(), &equal(99, 1)));
    let mixed = |sort: Sort, arguments: Vec<Name>, of: u32| {
        let atom = Formula::atom(id, [Name(99), Name(of)]);
        let rule = Rule::Comprehension { predicate: id, arguments, set: 0 };
        (rule, vec![], some(set(sort), &atom, &atom))
    };
    let sorts = [one(), other()];
    let cited = |sort, argument, of| proof(&sorts, &equal(0, 0), vec![mixed(sort, vec![Name(0), Name(argument)], of)]);
    accepted(&theory, &[], &cited(one(), 0, 0));
    accepted(&theory, &[], &cited(other(), 1, 1));
    assert_eq!(reason(&theory, &[], &cited(one(), 1, 1)), FIT);
    assert_eq!(reason(&theory, &[], &cited(one(), 1, 0)), "it is not the comprehension instance");
    assert_eq!(reason(&theory, &[], &cited(one(), 7, 7)), "it mentions a variable that its scope does not know");
}

#[test]
fn a_theorem_is_cited_at_sorts_that_agree_with_themselves() {
    let theory = playground();
    let statement =
        |first: Sort, second: Sort| all(first, &equal(99, 99), &all(second, &equal(99, 99), &equal(99, 99)));
    let known = [statement(one(), one()), statement(one(), other())];
    let cites = |number: u32, cited: Formula| {
        proof(&[one()], &equal(0, 0), vec![(Rule::Theorem(TheoremId(number)), vec![], cited)])
    };
    accepted(&theory, &known, &cites(0, statement(set(other()), set(other()))));
    accepted(&theory, &known, &cites(1, statement(other(), set(one()))));
    let reason = |number, first, second| reason(&theory, &known, &cites(number, statement(first, second)));
    assert_eq!(reason(0, one(), other()), "it is not what the cited theorem states");
    assert_eq!(reason(0, one(), set(one())), "it is not what the cited theorem states");
    accepted(&theory, &known, &cites(1, statement(one(), one())));
}

#[test]
fn nothing_is_taken_out_of_a_sort_that_may_be_empty() {
    let theory = playground();
    // Vacuous instantiation: a statement about every x of the other sort, which may be empty.
    let rule = all(other(), &equal(0, 0), &member(0, 1));
    let assumed = Formula::and(rule.clone(), equal(0, 0));
    let parts = || vec![(Rule::AndLeft, vec![0], rule.clone()), (Rule::AndRight, vec![0], equal(0, 0))];
    let instantiated = |sorts: &[Sort], value: u32| {
        let mut steps = parts();
        steps.push((Rule::Instantiate(vec![Name(value)]), vec![1, 2], member(0, 1)));
        proof(sorts, &assumed, steps)
    };
    let sorts = [one(), set(one()), other()];
    accepted(&theory, &[], &instantiated(&sorts, 2));
    let wanted = "a variable is replaced by one of another sort";
    assert_eq!(reason(&theory, &[], &instantiated(&sorts[..2], 0)), wanted, "one of another sort");
    assert_eq!(reason(&theory, &[], &instantiated(&sorts[..2], 1)), wanted, "a set");
    assert_eq!(reason(&theory, &[], &instantiated(&sorts[..2], 7)), wanted, "none at all");
    // A variable that has a sort, but was never introduced.
    let mut unknown = instantiated(&sorts, 2);
    unknown.scopes[1].variables.pop();
    let Formula::Implies(..) = &unknown.steps[4].conclusion else { panic!("generalised") };
    assert_eq!(reason(&theory, &[], &unknown), wanted);
    // A vacuous witness: nothing implies that there is one.
    let witnessed = |sorts: &[Sort], value: u32| {
        let step = (Rule::ExistsIntroduction(vec![Name(value)]), vec![0, 0], some(other(), &equal(0, 0), &equal(0, 0)));
        proof(sorts, &equal(0, 0), vec![step])
    };
    accepted(&theory, &[], &witnessed(&sorts, 2));
    let wanted = "there must be a witness of its sort for each variable";
    for value in [0, 7] {
        assert_eq!(reason(&theory, &[], &witnessed(&sorts[..1], value)), wanted);
    }
}

#[test]
fn what_is_bound_and_what_is_introduced_are_of_one_sort() {
    let theory = playground();
    // Generalised at a sort other than the scope's.
    let mut general = proof(&[one()], &equal(0, 0), vec![]);
    general.steps[1].conclusion = all(other(), &equal(99, 99), &equal(99, 99));
    assert_eq!(reason(&theory, &[], &general), "it is not the generalisation of what was derived in the scope");
    // The witness has a different sort from its name.
    for (sort, fits) in [(one(), true), (other(), false)] {
        let exists = some(one(), &equal(99, 99), &equal(99, 99));
        let mut eliminated = proof(&[set(one())], &exists, vec![]);
        eliminated.sorts.push(sort);
        eliminated.names.push("w".into());
        let own = Scope { parent: ScopeId(1), variables: vec![Name(1)], assumptions: vec![equal(1, 1); 2] };
        eliminated.scopes.push(own);
        let last = eliminated.steps.pop().expect("the generalisation");
        let step = |rule, premises: &[u32], conclusion, scope| Step {
            rule,
            premises: premises.iter().copied().map(StepId).collect(),
            conclusion,
            scope: ScopeId(scope),
        };
        eliminated.steps.push(step(Rule::Reflexivity, &[], equal(0, 0), 2));
        eliminated.steps.push(step(Rule::ExistsElimination(ScopeId(2)), &[0, 1], equal(0, 0), 1));
        let binder = [(Name(0), Binder::new("x", set(one())))];
        let whole = Formula::forall(&binder, &exists, &equal(0, 0));
        eliminated.steps.push(Step { premises: vec![StepId(2)], conclusion: whole, ..last });
        if fits {
            accepted(&theory, &[], &eliminated);
        } else {
            let wanted = "the scope must have a variable of its sort for each witness";
            assert_eq!(reason(&theory, &[], &eliminated), wanted);
        }
    }
    // Equals are replaced, and the sort of a bound variable with them.
    let (before, after) = (all(one(), &equal(99, 99), &equal(0, 0)), all(other(), &equal(99, 99), &equal(0, 0)));
    let changed = proof(&[one()], &before, vec![(Rule::Congruence, vec![0], after)]);
    assert_eq!(reason(&theory, &[], &changed), "it is not its premise with equals replaced");
}

#[test]
fn definitions_are_unfolded_at_the_sorts_of_their_arguments() {
    // The element sort of the parameter is inhabited.
    let body = |sort: Sort| some(sort, &equal(99, 99), &equal(99, 99));
    let (theory, id) = defining(vec![set(one())], body(one()));
    let atom = Formula::atom(id, [Name(0)]);
    let unfolded = |sort| proof(&[set(other())], &atom, vec![(Rule::Unfold, vec![0], body(sort))]);
    let folded = |sort| proof(&[set(other())], &body(sort), vec![(Rule::Fold, vec![0], atom.clone())]);
    let wanted = "it is not the definition's body under these arguments";
    for make in [&unfolded as &dyn Fn(Sort) -> Proof, &folded] {
        accepted(&theory, &[], &make(other()));
        assert_eq!(reason(&theory, &[], &make(one())), wanted);
        assert_eq!(reason(&theory, &[], &make(set(other()))), wanted);
    }
    // A definition that mentions a sort not determined by its arguments.
    let (theory, _) = defining(vec![set(one())], body(other()));
    assert_eq!(
        reason(&theory, &[], &proof(&[one()], &equal(0, 0), vec![])),
        "it speaks of a sort that is not among those of its parameters"
    );
    // An atom whose arguments disagree on its base sort.
    let (theory, id) = defining(vec![set(one()), one()], Formula::atom(PredicateId::IN, [Name(1), Name(0)]));
    let atom = Formula::atom(id, [Name(0), Name(1)]);
    accepted(&theory, &[], &proof(&[set(other()), other()], &atom, vec![]));
    assert_eq!(reason(&theory, &[], &proof(&[set(other()), one()], &atom, vec![])), FIT);
}

/// Assumes the given formulas, link by link, and concludes by induction.
fn by_induction(free: &str, given: &[&str], number: u32, conclusion: &str) -> &'static str {
    let theory = playground();
    let mut draft = Draft::new(&theory);
    let mut steps = Vec::new();
    for (place, assumption) in given.iter().enumerate() {
        steps.extend(draft.open_for(if place == 0 { free } else { "" }, &[assumption], given).1);
    }
    let mut last = draft.step(Rule::Induction(number), &steps, conclusion);
    for _ in given {
        last = draft.generalise(last);
    }
    reason(&theory, &[], &draft.finish())
}

#[test]
fn only_what_is_generated_allows_induction_and_only_there() {
    let case =
        |set: &str| format!("(>[a] (in[a,{set}]) (>[x] (in[x,N]) (>[] (in[x,B]) (>[z] (in3[a,x,z,c]) (in[z,B])))))");
    let all = "(>[n] (in[n,N]) (in[n,B]))";
    // Words over A are generated; words over another set, possibly empty, need not be.
    let given = ["(generated3[N,0,c,A])", "(in[0,B])", &case("E")];
    assert_eq!(by_induction("N 0 A c B E", &given, 2, all), "a case is not what induction asks for");
    // The axioms of the structure alone are not enough.
    let given = ["(Words[N,0,A,c])", "(in[0,B])", &case("A")];
    assert_eq!(by_induction("N 0 A c B", &given, 2, all), "its first premise is about another principle");
    // A set generated by one function is not generated by another.
    let given = ["(generated[N,0,s])", "(in[o,B])", "(>[n] (in[n,N]) (>[] (in[n,B]) (>[m] (in2[n,m,s]) (in[m,B]))))"];
    assert_eq!(by_induction("N 0 s B o", &given, 0, all), "a case is not what induction asks for");
    let given = ["(generated[N,0,s])", "(in[0,B])", "(>[n] (in[n,N]) (>[] (in[n,B]) (>[m] (in2[n,m,t]) (in[m,B]))))"];
    assert_eq!(by_induction("N 0 s B t", &given, 0, all), "a case is not what induction asks for");
    let given = ["(generated2[N,0,j])", "(in[0,B])", "(>[n] (in[n,N]) (>[] (in[n,B]) (>[m] (in2[n,m,s]) (in[m,B]))))"];
    assert_eq!(by_induction("N 0 s j B", &given, 0, all), "its first premise is about another principle");
}

#[test]
fn what_says_that_a_set_is_generated_has_no_other_meaning() {
    let any = proof(&[one()], &equal(0, 0), vec![]);
    // Two principles for the same predicate.
    let mut theory = playground();
    theory.inductions[1] = theory.inductions[0].clone();
    assert_eq!(reason(&theory, &[], &any), "two principles have the same predicate");
    // A predicate that is true of everything by definition.
    let mut theory = playground();
    let generated = theory.inductions[0].predicate;
    theory.predicates[generated.index()].definition = Some(Definition {
        parameters: ["N", "0", "s"].map(Arc::from).to_vec(),
        body: Formula::Atom(PredicateId::EQUAL, [Variable::Free(Name(0)); 2].into()),
        doc: None,
        file: "test".into(),
    });
    assert_eq!(reason(&theory, &[], &any), "it uses a predicate that is defined later");
    // Membership itself.
    let mut theory = playground();
    theory.inductions[0].predicate = PredicateId::IN3;
    assert_eq!(reason(&theory, &[], &any), "it has another meaning");
    // A constructor whose values have another sort.
    let mut definer = Definer::new("mixed");
    let chain = definer.define("Chain", "N/1 0 s/2", &["(in[0,N])"]);
    definer.generated("along", chain, 0, &[(1, &[]), (2, &[0])]);
    let mut theory = definer.finish();
    let generated = theory.inductions[0].predicate;
    theory.predicates[generated.index()].sorts[1] = other();
    assert!(["a constructor has another sort", FIT].contains(&reason(&theory, &[], &any)));
}

fn by_hand() -> Collection {
    let subjects = subjects();
    let theory = subjects[0].theory.clone();
    Collection { label: "byhand", theory, proofs: subjects.into_iter().map(|subject| subject.proof).collect() }
}

/// Metamath versions of these proofs, and whether each is right.
const METAMATH: [(&str, bool, &str); 8] = [
    ("an element of a set", true, "wff in [ x y.1 ] $= f-x f-y-1 w-in $."),
    ("a set in itself", false, "wff in [ y.1 y.1 ] $= f-y-1 f-y-1 w-in $."),
    ("an individual in itself", false, "wff in [ x x ] $= f-x f-x w-in $."),
    ("an individual that equals a set", false, "wff x = y.1 $= f-x f-y-1 w-equal $."),
    ("a set that equals itself", true, "|- {} => x.1 = x.1 $= c-nil f-x-1 r-refl-1 $."),
    ("a thing out of nothing", false, "|- {} => E! x $= c-nil f-x r-refl $."),
    ("what holds of all, of a thing", true, "|- {} , E! y => E! y $= c-nil f-y w-is r-hyp $."),
    (
        "what is generated because the axioms hold",
        false,
        "|- {} , Chain [ p.0.1 p.1 p.2.2 ] => generated [ p.0.1 p.1 p.2.2 ] $= \
         c-nil f-p.0.1 f-p.1 f-p.2.2 w-Chain r-hyp $.",
    ),
];

#[test]
fn metamath_refuses_what_mixes_sorts() {
    let Some(program) = program("metamath") else { return };
    let folder = folder("forged-metamath");
    let collection = by_hand();
    let export = collection.written(&mut Metamath::new(&collection.theory));
    // From "for all x: A" to A, where x is not in A: valid with an element, a non sequitur without.
    let vacuous = |third: &str| {
        format!(
            "${{ $d x y $. $d x A $.\n  all.1 $e |- G , E! y => A. x A $.\n  \
             forged $p |- G , E! y => A $= f-G f-y w-is c-add f-A f-A f-x f-y all.1 \
             c-nil f-x f-y w-equal c-add f-A i-refl {third} r-spec $.\n$}}\n"
        )
    };
    let mut texts: Vec<(&str, bool, String)> =
        METAMATH.iter().map(|(what, good, text)| (*what, *good, format!("forged $p {text}\n"))).collect();
    texts.push(("an instance for a thing", true, vacuous("f-G f-y w-is r-hyp")));
    texts.push(("an instance for nothing", false, vacuous("f-G f-y w-is c-add f-y r-refl")));
    for (what, good, text) in texts {
        let file = folder.join("forged.mm");
        fs::write(&file, format!("{export}\n{text}")).expect("written");
        let read = format!("read \"{}\"", file.display());
        let (said, _) = say(std::process::Command::new(&program).args([&read, "verify proof forged", "exit"]));
        let is_good = !said.contains("?Error") && !said.contains("?Warning");
        assert_eq!(is_good, good, "{what}: {said}");
    }
}

#[test]
fn rocq_refuses_what_mixes_sorts() {
    let Some(program) = program("coqc") else { return };
    let folder = folder("forged-rocq");
    let collection = by_hand();
    let export = collection.written(&mut Rocq::new(&collection.theory));
    let texts = [
        ("an element of a set", true, "Definition forged (A : Type) (x : A) (S : Power A) : Prop := In x S."),
        ("a set in itself", false, "Definition forged (A : Type) (S : Power A) : Prop := In S S."),
        (
            "an individual that equals a set",
            false,
            "Definition forged (A : Type) (x : A) (S : Power A) : Prop := x = S.",
        ),
        ("sets of sets", true, "Definition forged (A : Type) (S : Power A) (T : Power (Power A)) : Prop := In S T."),
        (
            "an instance for a thing",
            true,
            "Definition forged (A : Type) (p : Prop) (h : forall x : A, p) (y : A) : p := h y.",
        ),
        ("an instance for nothing", false, "Definition forged (A : Type) (p : Prop) (h : forall x : A, p) : p := h _."),
        (
            "a thing out of nothing",
            false,
            "Definition forged (A : Type) : exists x : A, x = x := ex_intro _ _ eq_refl.",
        ),
        (
            "induction where it is generated",
            true,
            "Definition forged (h : generated N zero s) := induction I N zero s h.",
        ),
        ("induction where the axioms hold", false, "Definition forged (h : Chain N zero s) := induction I N zero s h."),
        (
            "induction over other words",
            false,
            "Definition forged (E : Power I) (h : generated3 N zero c A) := induction_3 I I N zero c E h.",
        ),
        (
            "a set that has what another has",
            false,
            "Definition forged (A : Type) (S T : Power A) (h : forall x : A, In x S <-> In x T) : S = T := eq_refl.",
        ),
    ];
    for (what, good, text) in texts {
        let whole = export.replace("\nEnd Theory.", &format!("\n{text}\nEnd Theory."));
        fs::write(folder.join("forged.v"), whole).expect("written");
        let (said, is_good) = say(std::process::Command::new(&program).arg("-q").arg("forged.v").current_dir(&folder));
        assert_eq!(is_good, good, "{what}: {said}");
    }
}
