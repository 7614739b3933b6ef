//! Theorems missing from the other export tests: negations written as existential statements, statements that do not
//! begin with their own anchor, and names that languages reserve.

use std::sync::Arc;

use theoremata_logic::calculus::formula::{Binder, Binders, Formula, PredicateId};
use theoremata_logic::calculus::proof::{Proof, Rule, Scope, TheoremId};
use theoremata_logic::calculus::theory::Theory;

use super::common::byhand::{playground, subjects};
use super::common::draft::Draft;
use super::common::exported::Collection;
use super::common::other_sorts::any_chain;

const ANCHOR: &str = "(Play[N,0,s,j,A,c])";

/// `∀ z∈N: ¬ …`, which is the negation of an existential statement.
const NONE: &str = "(>[z] (in[z,N]) !(in3[z,x,y,j]))";
const SOME: &str = "!(>[z] (in[z,N]) !(in3[z,x,y,j]))";

/// Existence by refuting non-existence; and anything, from existence and non-existence.
fn refuted(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    draft.open("N 0 s j A c", &[ANCHOR]);
    let (_, some) = draft.open("x y", &[SOME]);
    let (scope, none) = draft.open("", &[NONE]);
    draft.leave();
    let again = draft.step(Rule::NotIntroduction(scope), &[none[0], some[0]], SOME);
    draft.open("", &[NONE]);
    let none = draft.step(Rule::Assumption(0), &[], NONE);
    let anything = draft.step(Rule::ExFalso, &[none, some[0]], "(in[x,A])");
    let anything = draft.generalise(anything);
    let both = draft.step(Rule::AndIntroduction, &[again, anything], &format!("(& {SOME} (>[] {NONE} (in[x,A])))"));
    let both = draft.generalise(both);
    draft.generalise(both);
    draft.finish()
}

/// There is none, or there is one: both cases have the same conclusion.
fn either(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    draft.open("N 0 s j A c", &[ANCHOR]);
    let rules = [format!("(>[] {NONE} (in[x,A]))"), format!("(>[] {SOME} (in[x,A]))")];
    let (_, both) = draft.open("x y", &[&format!("(& {} {})", rules[0], rules[1])]);
    let first = draft.step(Rule::AndLeft, &both, &rules[0]);
    let second = draft.step(Rule::AndRight, &both, &rules[1]);
    let (none, assumed) = draft.open("", &[NONE]);
    let here = draft.apply("", &[first, assumed[0]], "(in[x,A])");
    draft.leave();
    let (some, assumed) = draft.open("", &[SOME]);
    let there = draft.apply("", &[second, assumed[0]], "(in[x,A])");
    draft.leave();
    let last = draft.step(Rule::Cases(none, some), &[here, there], "(in[x,A])");
    let last = draft.generalise(last);
    draft.generalise(last);
    draft.finish()
}

/// From the negation of non-existence to existence, by reductio; two equations change two positions under a quantifier.
fn doubly(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    draft.open("N 0 s j A c", &[ANCHOR]);
    let (_, given) = draft.open("x y u v", &[&format!("(& !!{SOME} (& (=[x,u]) (=[v,y])))")]);
    let twice = draft.step(Rule::AndLeft, &given, &format!("!!{SOME}"));
    let equations = draft.step(Rule::AndRight, &given, "(& (=[x,u]) (=[v,y]))");
    let first = draft.step(Rule::AndLeft, &[equations], "(=[x,u])");
    let second = draft.step(Rule::AndRight, &[equations], "(=[v,y])");
    let (scope, denied) = draft.open("", &[&format!("!{SOME}")]);
    draft.leave();
    let some = draft.step(Rule::Reductio(scope), &[denied[0], twice], SOME);
    let moved = "!(>[z] (in[z,N]) !(in3[z,u,v,j]))";
    let last = draft.step(Rule::Congruence, &[some, first, second], moved);
    let last = draft.generalise(last);
    draft.generalise(last);
    draft.finish()
}

/// Uses a part of the anchor as a whole, and an axiom under its own name.
fn whole(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let (_, anchor) = draft.open("N 0 s j A c", &[ANCHOR]);
    let rest = "(& (Bush[N,0,j]) (Words[N,0,A,c]))";
    let body = draft.step(Rule::Unfold, &anchor, &format!("(& (Chain[N,0,s]) {rest})"));
    let chain = draft.step(Rule::AndLeft, &[body], "(Chain[N,0,s])");
    let rest = draft.step(Rule::AndRight, &[body], rest);
    let words = draft.step(Rule::AndRight, &[rest], "(Words[N,0,A,c])");
    let both = draft.step(Rule::AndIntroduction, &[words, chain], "(& (Words[N,0,A,c]) (Chain[N,0,s]))");
    let all = draft.step(
        Rule::AndIntroduction,
        &[both, anchor[0]],
        &format!("(& (& (Words[N,0,A,c]) (Chain[N,0,s])) {ANCHOR})"),
    );
    draft.generalise(all);
    draft.finish()
}

/// Cites theorem 1 about parameters other than its own.
fn elsewhere(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let text = "(>[N,0,s,j,A,c] (Play[N,0,s,j,A,c]) (>[x] (in[x,N]) !(>[y] (in[y,N]) !(below[x,y,N,j]))))";
    let theorem = draft.step(Rule::Theorem(TheoremId(0)), &[], text);
    let (_, given) = draft.open("n m o t k B d", &["(& (Play[n,o,t,k,B,d]) (in[m,n]))"]);
    let play = draft.step(Rule::AndLeft, &given, "(Play[n,o,t,k,B,d])");
    let member = draft.step(Rule::AndRight, &given, "(in[m,n])");
    let found = draft.apply("n o t k B d m", &[theorem, play, member], "!(>[y] (in[y,n]) !(below[m,y,n,k]))");
    draft.generalise(found);
    draft.finish()
}

/// The proofs by hand of every rule, with those of this file that are compatible.
pub(crate) fn bridges() -> Collection {
    let theory = Arc::new(playground());
    let mut proofs: Vec<Proof> = subjects().into_iter().map(|subject| subject.proof).collect();
    proofs.extend([refuted(&theory), either(&theory), doubly(&theory), whole(&theory)]);
    Collection { label: "bridges", theory, proofs }
}

/// [`bridges`], with theorems that do not begin with their own anchor.
pub(crate) fn closed() -> Collection {
    let bridges = bridges();
    let mut proofs = bridges.proofs;
    proofs.extend([any_chain(&bridges.theory), elsewhere(&bridges.theory)]);
    Collection { label: "closed", theory: bridges.theory, proofs }
}

/// One proof with this many steps in one scope, each depending on the previous one.
pub(crate) fn long(steps: usize) -> Collection {
    let theory = Arc::new(playground());
    let mut draft = Draft::new(&theory);
    draft.open("N 0 s j A c", &[ANCHOR]);
    let rule = "(>[z] (in[z,A]) (in[z,A]))";
    let (_, given) = draft.open("x", &[&format!("(& (in[x,A]) {rule})")]);
    let mut last = draft.step(Rule::AndLeft, &given, "(in[x,A])");
    let rule = draft.step(Rule::AndRight, &given, rule);
    for _ in 1..steps {
        last = draft.apply("x", &[rule, last], "(in[x,A])");
    }
    last = draft.generalise(last);
    draft.generalise(last);
    Collection { label: "long", theory: theory.clone(), proofs: vec![draft.finish()] }
}

/// Words that languages reserve, that exports use themselves, or that need spelling out.
const UGLY: &[&str] = &[
    "forall",
    "fun",
    "Type",
    "let",
    "in",
    "Prop",
    "I",
    "match",
    "S",
    "t1",
    "h1",
    "axiom_1",
    "exists",
    "P",
    "conj",
    "have",
    "eq",
    "and",
    "classical",
    "induction",
    "end",
    "(*",
    "*)",
    "\"",
    "v",
    "x_2",
    "Language",
    "Prf",
    "∀",
    "λ",
    "Definition",
    "Theorem",
    "Variable",
    "Axiom",
    "Hypothesis",
    "Parameter",
    "by",
    "using",
    "where",
    "with",
    "from",
    "show",
    "thm",
    "def",
    "all",
    "a",
    "b",
    "c",
    "k",
    "h",
    "induction_2",
    "N",
    "at",
    "as",
    "if",
    "then",
    "else",
];

/// The collection with everything renamed to such words.
pub(crate) fn ugly(collection: &Collection) -> Collection {
    let word = |place: usize| Arc::<str>::from(UGLY[place % UGLY.len()]);
    let mut theory = (*collection.theory).clone();
    for (place, predicate) in theory.predicates.iter_mut().enumerate().skip(PredicateId::PRIMITIVES) {
        predicate.name = word(place - 4);
        let Some(definition) = &mut predicate.definition else { continue };
        for (number, parameter) in definition.parameters.iter_mut().enumerate() {
            *parameter = word(place + number);
        }
        definition.body = renamed(&definition.body, &mut 0);
        definition.doc = Some("A (* comment *) that \"does not end (; and ;) -/ so".into());
    }
    let proofs = (collection.proofs.iter())
        .map(|proof| {
            let mut counter = 0;
            let mut proof = proof.clone();
            proof.names = (0..proof.names.len()).map(|place| word(7 * place)).collect();
            for Scope { assumptions, .. } in &mut proof.scopes {
                assumptions.iter_mut().for_each(|formula| *formula = renamed(formula, &mut counter));
            }
            proof.steps.iter_mut().for_each(|step| step.conclusion = renamed(&step.conclusion, &mut counter));
            proof
        })
        .collect();
    Collection { label: "ugly", theory: Arc::new(theory), proofs }
}

/// The formula with its bound variables renamed.
fn renamed(formula: &Formula, counter: &mut usize) -> Formula {
    let mut part = |inner: &Arc<Formula>| Arc::new(renamed(inner, counter));
    match formula {
        Formula::Atom(..) => formula.clone(),
        Formula::Not(inner) => Formula::Not(part(inner)),
        Formula::And(left, right) => Formula::And(part(left), part(right)),
        Formula::Implies(binders, premise, conclusion) => {
            let (premise, conclusion) = (part(premise), part(conclusion));
            let names = binders.sorts().map(|sort| {
                *counter += 1;
                Binder::new(UGLY[*counter % UGLY.len()], sort.clone())
            });
            Formula::Implies(Binders::new(names), premise, conclusion)
        }
    }
}
