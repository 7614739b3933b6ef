use std::sync::Arc;

use super::Reading;
use crate::calculus::formula::{Binder, Binders, Formula, Name, PredicateId, Variable};
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Bounds, Definition, Notation, NotationForm, Predicate, Theory};

/// Parses valid MPL, for tests only.
struct Source<'a> {
    rest: &'a str,
    predicates: Vec<&'a str>,
    parameters: &'a [&'a str],
    bound: Vec<&'a str>,
}

impl<'a> Source<'a> {
    fn word(&mut self) -> &'a str {
        let end = self.rest.find(['(', ')', '[', ']', ',', ' ']).expect("something follows");
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn skip(&mut self, text: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn list(&mut self) -> Vec<&'a str> {
        assert!(self.skip("["));
        let mut words = Vec::new();
        while !self.skip("]") {
            words.push(self.word());
            self.skip(",");
        }
        words
    }

    fn formula(&mut self) -> Formula {
        if self.skip("!") {
            return Formula::negate(self.formula());
        }
        assert!(self.skip("("), "{}", self.rest);
        let formula = if self.skip("&") {
            Formula::and(self.formula(), self.formula())
        } else if self.skip(">") {
            let names = self.list();
            let before = self.bound.len();
            self.bound.extend(&names);
            let (premise, conclusion) = (self.formula(), self.formula());
            self.bound.truncate(before);
            let binders = Binders::new(names.into_iter().map(|name| Binder::new(name, Sort::BASE)));
            Formula::Implies(binders, Arc::new(premise), Arc::new(conclusion))
        } else {
            let name = self.word();
            let predicate = self.predicates.iter().position(|known| *known == name).expect("a known predicate");
            let arguments =
                self.list().into_iter().map(|word| match self.bound.iter().rposition(|known| *known == word) {
                    Some(place) => Variable::Bound((self.bound.len() - 1 - place) as u32),
                    None => {
                        let place = self.parameters.iter().position(|known| *known == word).expect("a parameter");
                        Variable::Free(Name(place as u32))
                    }
                });
            Formula::Atom(PredicateId(predicate as u32), arguments.collect())
        };
        assert!(self.skip(")"));
        formula
    }
}

fn theory(definitions: &[(&str, &[&str], &str)]) -> Theory {
    let set = Sort::Power(vec![Sort::Individual(1)]);
    let mut predicates = Predicate::primitives();
    let primitive: Vec<Arc<str>> = predicates.iter().map(|predicate| predicate.name.clone()).collect();
    for (name, parameters, body) in definitions {
        let known: Vec<&str> = definitions.iter().map(|(name, ..)| *name).collect();
        let mut source = Source {
            rest: body,
            predicates: primitive.iter().map(|name| &**name).chain(known).collect(),
            parameters,
            bound: vec![],
        };
        let body = source.formula();
        let sorts = parameters
            .iter()
            .map(|name| if name.starts_with(['i', 'n', 'm']) { Sort::Individual(1) } else { set.clone() })
            .collect();
        predicates.push(Predicate {
            name: (*name).into(),
            sorts,
            definition: Some(Definition {
                parameters: parameters.iter().map(|name| Arc::from(*name)).collect(),
                body,
                doc: None,
                file: "test".into(),
            }),
        });
    }
    Theory {
        name: "test".into(),
        anchor: PredicateId(predicates.len() as u32 - 1),
        predicates,
        inductions: vec![],
        notations: vec![],
        goals: vec![],
        bounds: Bounds::default(),
        uses: vec![],
    }
}

const MAP: &str = "(& (>[x,y] (in2[x,y,f]) (& (in[x,X]) (in[y,Y]))) (& (>[x] (in[x,X]) !(>[y] (in[y,Y]) !(in2[x,y,f]))) \
     (>[x] (in[x,X]) (>[y1,y2] (& (in2[x,y1,f]) (in2[x,y2,f])) (=[y1,y2])))))";
const OPERATION: &str = "(& (>[x,y,z] (in3[x,y,z,f]) (& (in[x,X]) (in[y,Y]))) \
     (>[x,y] (& (in[x,X]) (in[y,Y])) (>[z1,z2] (& (in3[x,y,z1,f]) (in3[x,y,z2,f])) (=[z1,z2]))))";

fn peano() -> Theory {
    theory(&[
        ("map", &["f", "X", "Y"], MAP),
        ("operation", &["f", "X", "Y"], OPERATION),
        ("preorder", &["N", "+", "n", "m"], "!(>[p] (in[p,N]) !(in3[n,p,m,+]))"),
        (
            "Peano",
            &["N", "i0", "s", "+", "*", "less"],
            "(& (in[i0,N]) (& (map[s,N,N]) (& (operation[+,N,N]) (& (operation[*,N,N]) (>[n] (in[n,N]) !(in2[n,i0,s]))))))",
        ),
    ])
}

fn shows(theory: &Theory, mpl: &str, expected: &str) {
    let predicates = theory.predicates.iter().map(|predicate| &*predicate.name).collect();
    let mut source = Source { rest: mpl, predicates, parameters: &["N", "i0", "s", "+", "*", "less"], bound: vec![] };
    let formula = source.formula();
    assert_eq!(Reading::new(theory).under_anchor(&formula).to_string(), expected, "for {mpl}");
}

#[test]
fn outputs_of_functions_become_terms() {
    let theory = peano();
    shows(&theory, "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))", "∀ a b : a + b = b + a");
    shows(&theory, "(>[a,b] (in3[i0,a,b,+]) (=[a,b]))", "∀ a : 0 + a = a");
    shows(&theory, "(>[a] (in[a,N]) (in3[i0,a,a,+]))", "∀ a ∈ N : 0 + a = a");
    shows(
        &theory,
        "(>[a,b,d] (in3[a,b,d,+]) (>[c,e] (in3[d,c,e,+]) (>[f] (in3[b,c,f,+]) (in3[a,f,e,+]))))",
        "∀ a b c : (a + b) + c = a + (b + c)",
    );
    shows(
        &theory,
        "(>[a,b,c] (in2[a,b,s]) (>[d] (in3[c,b,d,*]) (>[e] (in3[c,a,e,*]) (in3[e,c,d,+]))))",
        "∀ c a : c · s(a) = c · a + c",
    );
}

#[test]
fn a_value_with_two_names_stays_a_premise() {
    shows(&peano(), "(>[a,x,y] (& (in2[a,x,s]) (in2[a,y,s])) (=[x,y]))", "∀ a x y : s(a) = x ∧ s(a) = y → x = y");
}

#[test]
fn a_premise_is_said_once() {
    shows(&peano(), "(>[a] (in[a,N]) (>[] (in[a,N]) (>[] (in[a,N]) (=[a,i0]))))", "∀ a ∈ N : a = 0");
}

#[test]
fn typing_is_not_read_away() {
    shows(&peano(), "(>[a,x] (in2[a,x,s]) (& (in[a,N]) (in[x,N])))", "∀ a x : s(a) = x → a ∈ N ∧ x ∈ N");
}

#[test]
fn a_circle_of_values_keeps_one_premise() {
    shows(&peano(), "(>[a,b] (in2[a,b,s]) (>[] (in2[b,a,s]) (=[a,b])))", "∀ a : s(s(a)) = a → s(a) = a");
}

#[test]
fn negations_existence_and_disjunction_have_their_signs() {
    let theory = peano();
    shows(&theory, "(>[n] (in[n,N]) !(in2[n,i0,s]))", "∀ n ∈ N : s(n) ≠ 0");
    shows(&theory, "!(>[y] (in[y,N]) !(in2[i0,y,s]))", "∃ y ∈ N : s(0) = y");
    shows(&theory, "!(& !(in[i0,N]) !(=[i0,i0]))", "0 ∈ N ∨ 0 = 0");
    shows(&theory, "!(& (in[i0,N]) (=[i0,i0]))", "¬(0 ∈ N ∧ 0 = 0)");
    shows(&theory, "(& (>[x] (in[x,N]) (=[x,i0])) (>[x] (=[x,i0]) (in[x,N])))", "∀ x : x ∈ N ↔ x = 0");
}

#[test]
fn a_relation_that_is_no_function_is_shown_as_a_set_of_pairs() {
    shows(&peano(), "(>[a,b] (in2[a,b,less]) !(in2[b,a,less]))", "∀ a b : (a, b) ∈ less → (b, a) ∉ less");
}

#[test]
fn what_a_definition_passes_through_is_left_out() {
    shows(&peano(), "(>[a] (in[a,N]) (preorder[N,+,i0,a]))", "∀ a ∈ N : preorder(0, a)");
}

#[test]
fn the_users_notation_is_used() {
    let mut theory = peano();
    theory.notations.push(Notation {
        predicate: theory.find("preorder").expect("defined"),
        arguments: ["N", "+", "n", "m"].map(Arc::from).to_vec(),
        value: None,
        form: NotationForm::Infix { symbol: "≤".into(), strength: 1 },
    });
    theory.notations.push(Notation {
        predicate: PredicateId::IN3,
        arguments: ["x", "y", "z", "*"].map(Arc::from).to_vec(),
        value: Some(2),
        form: NotationForm::Prefix { symbol: "mul".into() },
    });
    shows(&theory, "(>[a] (in[a,N]) !(preorder[N,+,a,i0]))", "∀ a ∈ N : a ≰ 0");
    shows(&theory, "(>[a,b,c] (in3[a,b,c,*]) (in3[b,a,c,*]))", "∀ a b : mul(a, b) = mul(b, a)");
}

#[test]
fn the_anchor_is_understood_and_numbers_become_letters() {
    let statement = "(>[1,2,3,4,5,6] (Peano[1,2,3,4,5,6]) (>[7,8,9] (in3[7,8,9,4]) (in3[8,7,9,4])))";
    shows(&peano(), statement, "∀ a b : a + b = b + a");
}

#[test]
fn the_axioms_are_the_conjuncts_of_the_unfolded_anchor() {
    let theory = peano();
    let reading = Reading::new(&theory);
    let axioms: Vec<String> =
        reading.axioms().iter().map(|axiom| reading.under_anchor(&axiom.formula).to_string()).collect();
    assert_eq!(axioms.len(), 1 + 3 + 2 + 2 + 1);
    assert_eq!(axioms[0], "0 ∈ N");
    assert_eq!(axioms[2], "∀ x ∈ N : ∃ y ∈ N : s(x) = y");
    assert_eq!(axioms[8], "∀ n ∈ N : s(n) ≠ 0");
}

#[test]
fn a_term_that_would_grow_too_large_keeps_its_variable() {
    let mut mpl = String::from("(=[x0,x9])");
    for step in (0..9).rev() {
        mpl = format!("(>[x{}] (in3[x{step},x{step},x{},+]) {mpl})", step + 1, step + 1);
    }
    let mpl = format!("(>[x0] (in[x0,N]) {mpl})");
    let theory = peano();
    let predicates = theory.predicates.iter().map(|predicate| &*predicate.name).collect();
    let mut source = Source { rest: &mpl, predicates, parameters: &["N", "i0", "s", "+", "*", "less"], bound: vec![] };
    let formula = source.formula();
    let math = Reading::new(&theory).under_anchor(&formula);
    assert!(math.size() < 120, "{} symbols: {math}", math.size());
}

#[test]
fn the_literal_reading_keeps_every_relation() {
    let theory = peano();
    let predicates = theory.predicates.iter().map(|predicate| &*predicate.name).collect();
    let mpl = "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))";
    let mut source = Source { rest: mpl, predicates, parameters: &["N", "i0", "s", "+", "*", "less"], bound: vec![] };
    let literal = Reading::literal(&theory).under_anchor(&source.formula());
    assert_eq!(literal.to_string(), "∀ a b c : (a, b, c) ∈ + → (b, a, c) ∈ +");
}

#[test]
fn the_names_of_variables_are_told() {
    let theory = peano();
    let predicates = theory.predicates.iter().map(|predicate| &*predicate.name).collect();
    let mpl = "(>[1,2,3,4,5,6] (Peano[1,2,3,4,5,6]) (>[7,8] (in2[7,8,3]) (=[8,8])))";
    let mut source = Source { rest: mpl, predicates, parameters: &[], bound: vec![] };
    let names = Reading::new(&theory).variables(&source.formula());
    assert_eq!(names[6..], [("7".into(), "a".into()), ("8".into(), "b".into())]);
}
