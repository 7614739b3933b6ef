//! What a theory adds to the kernel: sorts, predicates, definitions, principles.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::calculus::formula::PredicateId;
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Induction, Theory};

use super::arena::{AtomId, SortId, wrapped};
use super::signs::{Atom, Signs, word};

const SORT: &str = include_str!("sort.mm");

/// The variable for each argument of an atom, with this letter.
fn arguments(signs: &Signs, letter: &str, id: AtomId) -> Vec<String> {
    let sorts = signs.atom(id).sorts.iter().enumerate();
    sorts.map(|(place, sort)| format!("{letter}.{place}{}", sort.after('.'))).collect()
}

/// A `$d` condition for these variables; empty if there are fewer than two.
pub(super) fn different(names: &[String]) -> String {
    if names.len() < 2 { String::new() } else { format!("$d {} $. ", names.join(" ")) }
}

/// `$d` conditions that keep variables distinct from each other and from all parameters, which may coincide.
fn apart(variables: &[String], parameters: &[String]) -> String {
    if variables.is_empty() || parameters.is_empty() {
        return different(variables);
    }
    parameters.iter().map(|parameter| format!("$d {} {parameter} $. ", variables.join(" "))).collect()
}

/// The constant constructors, each with its index among the premises.
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

/// Writes the kernel's declarations of each sort.
pub(super) fn sorts(signs: &Signs, out: &mut String) {
    for (place, sort) in signs.sorts.iter().enumerate() {
        let id = SortId(place as u32);
        let text = SORT.replace("{SORT}", &word(sort)).replace("{N}", &id.after('.')).replace("{L}", &id.after('-'));
        out.push_str(&text);
    }
}

/// Declares the variables used below: formulas W, parameters p, other variables q, in this order, since arguments are
/// given in order of declaration; by position before sort, as for atoms.
pub(super) fn variables(theory: &Theory, signs: &Signs, inductions: &BTreeSet<AtomId>, out: &mut String) {
    let formulas = theory.inductions.iter().map(|known| 1 + constants(known).len() + most_arguments(known)).max();
    for number in 0..formulas.unwrap_or(0) {
        let _ = writeln!(out, "$v W.{number} $.  f-W.{number} $f wff W.{number} $.");
    }
    let at_places = |atom: &Atom| atom.sorts.iter().copied().enumerate().collect::<Vec<_>>();
    let parameters: BTreeSet<(usize, SortId)> = signs.atoms.iter().flat_map(at_places).collect();
    let mut others = parameters.clone();
    others.extend((0..signs.sorts.len() as u32).map(|sort| (0, SortId(sort))));
    for atom in inductions.iter().map(|id| signs.atom(*id)) {
        let principle = theory.generation(atom.predicate);
        others.extend(principle.into_iter().flat_map(|principle| places(signs, principle, atom)));
    }
    for (letter, all) in [("p", &parameters), ("q", &others)] {
        for (place, sort) in all {
            let name = format!("{letter}.{place}{}", sort.after('.'));
            let _ = writeln!(out, "$v {name} $.  f-{name} $f {} {name} $.", word(&signs.sorts[sort.0 as usize]));
        }
    }
}

/// The element sort of the set at a position of an atom.
fn element(signs: &Signs, atom: &Atom, set: usize) -> SortId {
    let sort = signs.sorts[atom.sorts[set].0 as usize].element();
    signs.sort(sort.expect("the checker has seen that there is a set"))
}

/// The variables q of an induction principle, as positions and sorts: q.0 ranges over the generated set, q.1 is the
/// last argument of a constructor, q.2 the one before.
pub(super) fn places(signs: &Signs, principle: &Induction, atom: &Atom) -> BTreeSet<(usize, SortId)> {
    let mut all = BTreeSet::from([(0, element(signs, atom, Induction::SET))]);
    for constructor in &principle.constructors {
        let distances = constructor.arguments.iter().rev().enumerate();
        all.extend(distances.map(|(distance, set)| (distance + 1, element(signs, atom, *set))));
    }
    all
}

/// The predicates in an induction principle for an atom with arguments of these sorts, with their own sorts.
pub(super) fn spoken_of(principle: &Induction, sorts: &[Sort]) -> Vec<(PredicateId, Vec<Sort>)> {
    let element = |set: usize| sorts[set].element().cloned().unwrap_or(Sort::BASE);
    let member = |set: usize| (PredicateId::IN, vec![element(set), sorts[set].clone()]);
    let mut all = vec![member(Induction::SET)];
    for constructor in principle.constructors.iter().filter(|known| !known.arguments.is_empty()) {
        let mut row: Vec<Sort> = constructor.arguments.iter().map(|set| element(*set)).collect();
        row.extend([element(Induction::SET), sorts[constructor.parameter].clone()]);
        all.extend(constructor.arguments.iter().map(|set| member(*set)));
        let relation = PredicateId::membership(row.len() - 1).expect("the checker has seen the constructor");
        all.push((relation, row));
    }
    all
}

/// The positions of recursive arguments of constructors, counted from the end.
pub(super) fn recursive(principle: &Induction) -> BTreeSet<usize> {
    let arguments = principle.constructors.iter().flat_map(|known| known.arguments.iter().rev().enumerate());
    arguments.filter(|(_, set)| **set == Induction::SET).map(|(distance, _)| distance).collect()
}

/// Writes the predicates with their congruence axioms.
pub(super) fn predicates(signs: &Signs, out: &mut String) {
    for (place, atom) in signs.atoms.iter().enumerate() {
        let id = AtomId(place as u32);
        let name = signs.labelled(id);
        let (before, after) = (arguments(signs, "p", id), arguments(signs, "q", id));
        let (left, right) = (signs.applied(atom.predicate, &before), signs.applied(atom.predicate, &after));
        out.push('\n');
        if atom.instance == 0 {
            let _ = writeln!(out, "$c {name} $.");
        }
        let _ = writeln!(out, "w-{name} $a wff {left} $.\n${{");
        for (x, (from, to)) in before.iter().zip(&after).enumerate() {
            let _ = writeln!(out, "    e-{name}.{x} $e |- G => {from} = {to} $.");
        }
        let axiom = format!("e-{name} $a |- G => ( {left} <-> {right} ) $.");
        let _ = writeln!(out, "{}\n$}}", wrapped(axiom.split(' ')));
    }
}

/// Writes the definition of a predicate.
pub(super) fn definition(signs: &Signs, id: AtomId, out: &mut String) {
    let atom = signs.atom(id);
    let Some(body) = &atom.body else { return };
    let parameters = arguments(signs, "p", id);
    let bound: Vec<String> = atom.bound.iter().map(ToString::to_string).collect();
    // Parameters may coincide; a bound variable must differ from all of them.
    let apart = apart(&bound, &parameters);
    let name = signs.labelled(id);
    let left = signs.applied(atom.predicate, &parameters);
    let body = signs.text(body, &|place| parameters[place as usize].clone());
    let axiom = format!("d-{name} $a |- {{}} => ( {left} <-> {body} ) $.");
    let _ = writeln!(out, "${{\n{}\n{}\n$}}", wrapped(apart.split_whitespace()), wrapped(axiom.split(' ')));
}

/// Writes an induction principle. W.0 is the property, of q.0; then come its instances at the constants, and at the
/// recursive arguments of functions, the last argument first.
pub(super) fn induction(theory: &Theory, signs: &Signs, id: AtomId, out: &mut String) {
    let atom = signs.atom(id);
    let Some(principle) = theory.generation(atom.predicate) else { return };
    let constants = constants(principle);
    let recursive = recursive(principle);
    let parameters = arguments(signs, "p", id);
    let other = |place: usize, sort: SortId| format!("q.{place}{}", sort.after('.'));
    let generated = element(signs, atom, Induction::SET);
    let whole = other(0, generated);
    let all = places(signs, principle, atom);
    let names: Vec<String> = all.iter().map(|(place, sort)| other(*place, *sort)).collect();
    let mut conditions = apart(&names, &parameters);
    for argument in &names[1..] {
        let _ = write!(conditions, "$d {argument} W.0 $. ");
    }
    for place in 1..=constants.len() + recursive.len() {
        let _ = write!(conditions, "$d {whole} W.{place} $. ");
    }
    let mut hypotheses: Vec<String> = Vec::new();
    for (place, (_, constant)) in constants.iter().enumerate() {
        hypotheses.push(format!("{{}} , {whole} = {} => ( W.0 <-> W.{} )", parameters[*constant], place + 1));
    }
    let instance = |distance: usize| {
        format!("W.{}", 1 + constants.len() + recursive.iter().take_while(|known| **known < distance).count())
    };
    for distance in &recursive {
        let argument = other(distance + 1, generated);
        hypotheses.push(format!("{{}} , {whole} = {argument} => ( W.0 <-> {} )", instance(*distance)));
    }
    hypotheses.push(format!("G => {}", signs.applied(atom.predicate, &parameters)));
    let member =
        |variable: &str, set: usize| signs.applied(PredicateId::IN, &[variable.to_owned(), parameters[set].clone()]);
    for (place, constructor) in principle.constructors.iter().enumerate() {
        if constructor.arguments.is_empty() {
            let number = constants.iter().position(|(known, _)| *known == place).unwrap_or(0);
            hypotheses.push(format!("G => W.{}", number + 1));
            continue;
        }
        let last = constructor.arguments.len();
        let inputs: Vec<String> = (constructor.arguments.iter().enumerate())
            .map(|(argument, set)| other(last - argument, element(signs, atom, *set)))
            .collect();
        let mut graph = inputs.clone();
        graph.push(whole.clone());
        graph.push(parameters[constructor.parameter].clone());
        let relation = PredicateId::membership(last + 1).expect("the checker has seen the constructor");
        let mut case = format!("A. {whole} ( {} -> W.0 )", signs.applied(relation, &graph));
        for (argument, set) in constructor.arguments.iter().enumerate().rev() {
            if *set == Induction::SET {
                case = format!("( {} -> {case} )", instance(last - 1 - argument));
            }
            let variable = &inputs[argument];
            case = format!("A. {variable} ( {} -> {case} )", member(variable, *set));
        }
        hypotheses.push(format!("G => {case}"));
    }
    let name = signs.labelled(id);
    let _ = writeln!(out, "${{\n{}", wrapped(conditions.split_whitespace()));
    for (place, hypothesis) in hypotheses.iter().enumerate() {
        let hypothesis = format!("n-{name}.{place} $e |- {hypothesis} $.");
        let _ = writeln!(out, "{}", wrapped(hypothesis.split(' ')));
    }
    let _ = writeln!(out, "    n-{name} $a |- G => A. {whole} ( {} -> W.0 ) $.\n$}}", member(&whole, Induction::SET));
}

/// Writes a comprehension instance: a set that satisfies the definition exists if the other arguments do.
pub(super) fn comprehension(signs: &Signs, id: AtomId, set: u32, out: &mut String) {
    let atom = signs.atom(id);
    let mut places = arguments(signs, "p", id);
    let defined = format!("q.0{}", atom.sorts[set as usize].after('.'));
    let set_variable = std::mem::replace(&mut places[set as usize], defined.clone());
    let others: Vec<String> = arguments(signs, "p", id).into_iter().filter(|name| *name != set_variable).collect();
    let conditions = apart(std::slice::from_ref(&defined), &others);
    let name = format!("s-{}.{set}", signs.labelled(id));
    let says = signs.applied(atom.predicate, &places);
    let _ = writeln!(out, "${{\n{}", wrapped(conditions.split_whitespace()));
    for (place, other) in others.iter().enumerate() {
        let _ = writeln!(out, "    {name}.{place} $e |- G => E! {other} $.");
    }
    let axiom = format!("{name} $a |- G => -. A. {defined} ( {says} -> -. {says} ) $.");
    let _ = writeln!(out, "{}\n$}}", wrapped(axiom.split(' ')));
}
