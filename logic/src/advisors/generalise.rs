//! Generalises stuck subgoals: replaces terms by variables, and drops premises.

use std::collections::BTreeSet;

use crate::language::infix::{Infix, Sentence, Term};
use crate::language::notation::Reading;
use crate::search::explore::Query;

/// Statements more general than the goal or a subgoal on which its proofs got stuck, simplest first. Many of them are
/// false.
#[must_use]
pub fn generalised(query: &Query) -> Vec<String> {
    let infix = Infix::new(&query.theory);
    let reading = Reading::new(&query.theory);
    let texts = query.stuck.iter().chain(&query.goal).map(|statement| reading.statement(statement).to_string());
    let mut found: BTreeSet<(usize, String)> = BTreeSet::new();
    let given: BTreeSet<String> = texts.clone().collect();
    let names = infix.vocabulary().variables(26);
    for sentence in texts.filter_map(|text| infix.sentence(&text).ok()) {
        // One or two terms are replaced, and at most one premise is dropped.
        let once = more_general(&sentence, &names);
        let twice: Vec<Sentence> = once.iter().flat_map(|general| more_general(general, &names)).collect();
        for general in once.into_iter().chain(twice) {
            let text = infix.written(&general);
            if !given.contains(&text) && infix.goal(&text).is_ok() {
                found.insert((text.chars().count(), text));
            }
        }
    }
    found.into_iter().map(|(_, text)| text).collect()
}

/// The variants of a statement with one compound term replaced by a variable at all its occurrences, and those with one
/// premise dropped.
fn more_general(sentence: &Sentence, names: &[String]) -> Vec<Sentence> {
    let mut used = BTreeSet::new();
    sentence.each_variable(&mut |name| {
        used.insert(name.to_owned());
    });
    let Some(fresh) = names.iter().find(|name| !used.contains(*name)) else { return Vec::new() };
    let mut terms: BTreeSet<Term> = BTreeSet::new();
    collect(sentence, &mut terms);
    let new = Term::Variable(fresh.clone());
    let replaced = |old: &Term| map(sentence, &|term| (term == old).then(|| new.clone()));
    let mut all: Vec<Sentence> = terms.iter().map(replaced).collect();
    if let Sentence::Implies(premise, conclusion) = sentence {
        let parts = match &**premise {
            Sentence::And(parts) => parts.clone(),
            other => vec![other.clone()],
        };
        for left_out in 0..parts.len() {
            let rest: Vec<Sentence> = parts
                .iter()
                .enumerate()
                .filter(|(place, _)| *place != left_out)
                .map(|(_, part)| part.clone())
                .collect();
            all.push(match rest.len() {
                0 => (**conclusion).clone(),
                1 => Sentence::Implies(Box::new(rest[0].clone()), conclusion.clone()),
                _ => Sentence::Implies(Box::new(Sentence::And(rest)), conclusion.clone()),
            });
        }
    }
    all
}

/// The compound terms and constants of a statement.
fn collect(sentence: &Sentence, into: &mut BTreeSet<Term>) {
    match sentence {
        Sentence::Equal(left, right) => [left, right].into_iter().for_each(|term| collect_term(term, into)),
        Sentence::Relation(_, terms) => terms.iter().for_each(|term| collect_term(term, into)),
        Sentence::In(term, _) => collect_term(term, into),
        Sentence::Not(inner) => collect(inner, into),
        Sentence::And(parts) | Sentence::Or(parts) => parts.iter().for_each(|part| collect(part, into)),
        Sentence::Implies(left, right) | Sentence::Iff(left, right) => {
            collect(left, into);
            collect(right, into);
        }
    }
}

fn collect_term(term: &Term, into: &mut BTreeSet<Term>) {
    if let Term::Apply(_, terms) = term {
        terms.iter().for_each(|term| collect_term(term, into));
    }
    if !matches!(term, Term::Variable(_)) {
        into.insert(term.clone());
    }
}

/// Replaces terms in a statement, outermost first.
fn map(sentence: &Sentence, by: &dyn Fn(&Term) -> Option<Term>) -> Sentence {
    let of = |inner: &Sentence| Box::new(map(inner, by));
    match sentence {
        Sentence::Equal(left, right) => Sentence::Equal(map_term(left, by), map_term(right, by)),
        Sentence::Relation(sign, terms) => {
            Sentence::Relation(*sign, terms.iter().map(|term| map_term(term, by)).collect())
        }
        Sentence::In(term, set) => Sentence::In(map_term(term, by), *set),
        Sentence::Not(inner) => Sentence::Not(of(inner)),
        Sentence::And(parts) => Sentence::And(parts.iter().map(|part| map(part, by)).collect()),
        Sentence::Or(parts) => Sentence::Or(parts.iter().map(|part| map(part, by)).collect()),
        Sentence::Implies(left, right) => Sentence::Implies(of(left), of(right)),
        Sentence::Iff(left, right) => Sentence::Iff(of(left), of(right)),
    }
}

fn map_term(term: &Term, by: &dyn Fn(&Term) -> Option<Term>) -> Term {
    match (by(term), term) {
        (Some(new), _) => new,
        (None, Term::Apply(sign, terms)) => Term::Apply(*sign, terms.iter().map(|term| map_term(term, by)).collect()),
        (None, other) => other.clone(),
    }
}
