//! What the theory adds to the kernel: predicates, definitions, principles.

use std::fmt::Write as _;

use crate::calculus::formula::{self, Formula, PredicateId};
use crate::calculus::theory::{Induction, Theory};

use super::arena::wrapped;
use super::formulas::height;

/// The signs by which formulas of a theory are written.
pub(super) struct Signs {
    /// The sign of each predicate.
    pub(super) predicates: Vec<String>,
}

impl Signs {
    /// `formula` in words; `free` writes a free variable.
    pub(super) fn text(&self, formula: &Formula, free: &dyn Fn(u32) -> String) -> String {
        let mut text = String::new();
        self.put(formula, free, &mut Vec::new(), &mut text);
        text
    }

    fn put(&self, formula: &Formula, free: &dyn Fn(u32) -> String, bound: &mut Vec<u32>, text: &mut String) {
        match formula {
            Formula::Atom(predicate, arguments) => {
                let arguments: Vec<String> = arguments
                    .iter()
                    .map(|argument| match argument {
                        formula::Variable::Free(name) => free(name.0),
                        formula::Variable::Bound(index) => format!("b.{}", bound[bound.len() - 1 - *index as usize]),
                    })
                    .collect();
                text.push_str(&self.atom(*predicate, &arguments));
            }
            Formula::Not(inner) => {
                text.push_str("-. ");
                self.put(inner, free, bound, text);
            }
            Formula::And(left, right) => {
                text.push_str("( ");
                self.put(left, free, bound, text);
                text.push_str(" /\\ ");
                self.put(right, free, bound, text);
                text.push_str(" )");
            }
            Formula::Implies(binders, left, right) => {
                let inside = height(left).max(height(right));
                let before = bound.len();
                for place in (0..binders.len() as u32).rev() {
                    let _ = write!(text, "A. b.{} ", inside + place);
                    bound.push(inside + place);
                }
                text.push_str("( ");
                self.put(left, free, bound, text);
                text.push_str(" -> ");
                self.put(right, free, bound, text);
                text.push_str(" )");
                bound.truncate(before);
            }
        }
    }

    fn atom(&self, predicate: PredicateId, arguments: &[String]) -> String {
        match (predicate, arguments) {
            (PredicateId::EQUAL, [left, right]) => format!("{left} = {right}"),
            _ => {
                let mut text = format!("{} [", self.predicates[predicate.index()]);
                for argument in arguments {
                    let _ = write!(text, " {argument}");
                }
                text.push_str(" ]");
                text
            }
        }
    }
}

fn parameter(place: u32) -> String {
    format!("p.{place}")
}

fn numbered(letter: &str, count: usize) -> Vec<String> {
    (0..count).map(|place| format!("{letter}.{place}")).collect()
}

/// Says that every two of these are different variables, if there are two.
pub(super) fn different(names: &[String]) -> String {
    if names.len() < 2 { String::new() } else { format!("$d {} $. ", names.join(" ")) }
}

/// Says that variables differ from each other and from all parameters, which may be alike.
fn apart(variables: &[String], parameters: &[String]) -> String {
    if variables.is_empty() || parameters.is_empty() {
        return different(variables);
    }
    parameters.iter().map(|parameter| format!("$d {} {parameter} $. ", variables.join(" "))).collect()
}

fn typed(kind: &str, names: &[String], out: &mut String) {
    for name in names {
        let _ = writeln!(out, "$v {name} $.  f-{name} $f {kind} {name} $.");
    }
}

/// Constructors without arguments, each with its place among the premises.
fn constants(principle: &Induction) -> Vec<(usize, usize)> {
    let constructors = principle.constructors.iter().enumerate();
    constructors
        .filter(|(_, known)| known.arguments.is_empty())
        .map(|(place, known)| (place, known.parameter))
        .collect()
}

fn most_arguments(principle: &Induction) -> usize {
    principle.constructors.iter().map(|constructor| constructor.arguments.len()).max().unwrap_or(0)
}

/// The variables by which what follows is stated: formulas W, parameters p, other variables q; in this
/// order, since arguments are given in the order of these lines.
pub(super) fn variables(theory: &Theory, out: &mut String) {
    let arity = theory.predicates.iter().map(|predicate| predicate.sorts.len()).max().unwrap_or(0);
    let formulas = theory.inductions.iter().map(|known| 1 + constants(known).len() + most_arguments(known)).max();
    let others = theory.inductions.iter().map(|known| 1 + most_arguments(known)).max().unwrap_or(0);
    typed("wff", &numbered("W", formulas.unwrap_or(0)), out);
    typed("var", &numbered("p", arity), out);
    typed("var", &numbered("q", arity.max(others).max(1)), out);
}

/// The predicates, and that equals have the same properties.
pub(super) fn predicates(theory: &Theory, signs: &Signs, out: &mut String) {
    for (place, predicate) in theory.predicates.iter().enumerate() {
        let id = PredicateId(place as u32);
        if id == PredicateId::EQUAL {
            continue;
        }
        let (name, count) = (&signs.predicates[place], predicate.sorts.len());
        let (before, after) = (numbered("p", count), numbered("q", count));
        let (left, right) = (signs.atom(id, &before), signs.atom(id, &after));
        let _ = writeln!(out, "\n$c {name} $.\nw-{name} $a wff {left} $.\n${{");
        for (x, (from, to)) in before.iter().zip(&after).enumerate() {
            let _ = writeln!(out, "    e-{name}.{x} $e |- G => {from} = {to} $.");
        }
        let axiom = format!("e-{name} $a |- G => ( {left} <-> {right} ) $.");
        let _ = writeln!(out, "{}\n$}}", wrapped(axiom.split(' ')));
    }
}

/// What a predicate stands for.
pub(super) fn definition(theory: &Theory, signs: &Signs, id: PredicateId, out: &mut String) {
    let predicate = theory.predicate(id);
    let Some(definition) = &predicate.definition else { return };
    let parameters = numbered("p", definition.parameters.len());
    let bound = numbered("b", height(&definition.body) as usize);
    // Parameters may stand for the same thing; what is bound may not be one of them.
    let apart = apart(&bound, &parameters);
    let name = &signs.predicates[id.index()];
    let atom = signs.atom(id, &parameters);
    let body = signs.text(&definition.body, &parameter);
    let axiom = format!("d-{name} $a |- {{}} => ( {atom} <-> {body} ) $.");
    let _ = writeln!(out, "${{\n{}\n{}\n$}}", wrapped(apart.split_whitespace()), wrapped(axiom.split(' ')));
}

/// An induction principle. W.0 is the property, of q.0; then come its instances at the constants, and at
/// the arguments of functions, the last argument first.
pub(super) fn induction(theory: &Theory, signs: &Signs, number: u32, out: &mut String) {
    let principle = &theory.inductions[number as usize];
    let constants = constants(principle);
    let most = most_arguments(principle);
    let count = theory.predicate(principle.predicate).sorts.len();
    let parameters = numbered("p", count);
    let arguments: Vec<String> = (1..=most).map(|place| format!("q.{place}")).collect();
    let instance = |distance: usize| format!("W.{}", 1 + constants.len() + distance);
    let mut conditions = apart(&numbered("q", 1 + most), &parameters);
    for argument in &arguments {
        let _ = write!(conditions, "$d {argument} W.0 $. ");
    }
    for place in 1..=constants.len() + most {
        let _ = write!(conditions, "$d q.0 W.{place} $. ");
    }
    let mut hypotheses: Vec<String> = Vec::new();
    for (place, (_, constant)) in constants.iter().enumerate() {
        hypotheses.push(format!("{{}} , q.0 = p.{constant} => ( W.0 <-> W.{} )", place + 1));
    }
    for (distance, argument) in arguments.iter().enumerate() {
        hypotheses.push(format!("{{}} , q.0 = {argument} => ( W.0 <-> {} )", instance(distance)));
    }
    hypotheses.push(format!("G => {}", signs.atom(principle.predicate, &parameters)));
    let member =
        |variable: &str, set: usize| signs.atom(PredicateId::IN, &[variable.to_owned(), parameter(set as u32)]);
    for (place, constructor) in principle.constructors.iter().enumerate() {
        if constructor.arguments.is_empty() {
            let number = constants.iter().position(|(known, _)| *known == place).unwrap_or(0);
            hypotheses.push(format!("G => W.{}", number + 1));
            continue;
        }
        let last = constructor.arguments.len();
        let mut graph: Vec<String> = (0..last).map(|argument| format!("q.{}", last - argument)).collect();
        graph.push("q.0".to_owned());
        graph.push(parameter(constructor.parameter as u32));
        let relation = if last == 1 { PredicateId::IN2 } else { PredicateId::IN3 };
        let mut case = format!("A. q.0 ( {} -> W.0 )", signs.atom(relation, &graph));
        for (argument, set) in constructor.arguments.iter().enumerate().rev() {
            let distance = last - 1 - argument;
            if *set == principle.set {
                case = format!("( {} -> {case} )", instance(distance));
            }
            let variable = format!("q.{}", distance + 1);
            case = format!("A. {variable} ( {} -> {case} )", member(&variable, *set));
        }
        hypotheses.push(format!("G => {case}"));
    }
    let _ = writeln!(out, "${{\n{}", wrapped(conditions.split_whitespace()));
    for (place, hypothesis) in hypotheses.iter().enumerate() {
        let hypothesis = format!("n-{number}.{place} $e |- {hypothesis} $.");
        let _ = writeln!(out, "{}", wrapped(hypothesis.split(' ')));
    }
    let _ = writeln!(out, "    n-{number} $a |- G => A. q.0 ( {} -> W.0 ) $.\n$}}", member("q.0", principle.set));
}

/// A comprehension instance: there is a set of which the definition holds.
pub(super) fn comprehension(theory: &Theory, signs: &Signs, id: PredicateId, set: u32, out: &mut String) {
    let count = theory.predicate(id).sorts.len();
    let mut places = numbered("p", count);
    let set_variable = std::mem::replace(&mut places[set as usize], "q.0".to_owned());
    let others: Vec<String> = numbered("p", count).into_iter().filter(|name| *name != set_variable).collect();
    let conditions = apart(&["q.0".to_owned()], &others);
    let name = &signs.predicates[id.index()];
    let atom = signs.atom(id, &places);
    let _ =
        writeln!(out, "${{ {conditions}\n    s-{name}.{set} $a |- {{}} => -. A. q.0 ( {atom} -> -. {atom} ) $.\n$}}");
}
