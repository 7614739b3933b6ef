//! Premise selection: ranks theorems by their relevance for a goal, from symbols and terms. Nothing is trained.
//!
//! All choosers rank; ties go to the earlier theorem, so a ranking is a function of the statements in order.

use std::collections::{BTreeMap, BTreeSet};

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::Theory;
use crate::language::infix::{Infix, Sentence, Term};
use crate::language::notation::Reading;
use crate::random::hash;

/// The number of theorems in an attempt with selected premises only.
pub const NAMED: usize = 8;

/// A way to rank theorems.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Chooser {
    /// The last theorems first.
    Recent,
    /// SInE (Hoder and Voronkov 2011): a theorem is triggered by its rarest symbols, in rounds from the goal.
    Sine,
    /// MePo (Meng and Paulson 2009): theorems most of whose symbols, weighted by rarity, are already relevant.
    Mepo,
    /// MinHash of term patterns; theorems with a side that unifies with a term of the goal come first.
    MinHash,
    /// Greedy selection of the theorem that covers most of the uncovered part of the goal for its length: information
    /// gain on labels (MIG, 2504.13835) within a budget of tokens (CORAG, 2411.00744).
    Budgeted,
    /// Nearest neighbours, as in MaSh (Kühlwein, Blanchette, Kaliszyk and Urban 2013): theorems cited by proofs of
    /// statements similar to the goal.
    Neighbours,
}

/// A candidate premise.
#[derive(Clone, Debug)]
pub struct Premise {
    /// Its number.
    pub id: TheoremId,
    /// Its statement.
    pub statement: Formula,
    /// The theorems that its proof cites.
    pub cites: Vec<TheoremId>,
}

impl Chooser {
    /// All choosers.
    pub const ALL: [Chooser; 6] =
        [Chooser::Recent, Chooser::Sine, Chooser::Mepo, Chooser::MinHash, Chooser::Budgeted, Chooser::Neighbours];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Chooser::Recent => "recent",
            Chooser::Sine => "sine",
            Chooser::Mepo => "mepo",
            Chooser::MinHash => "minhash",
            Chooser::Budgeted => "budgeted",
            Chooser::Neighbours => "neighbours",
        }
    }
}

/// The indices of all theorems, the most relevant for the goal first, those that are not plain statements last.
/// `others` are not ranked, but citations in their proofs count for [`Chooser::Neighbours`]. Cost: about the product of
/// their sizes.
#[must_use]
pub fn rank(chooser: Chooser, theory: &Theory, goal: &Formula, theorems: &[Premise], others: &[Premise]) -> Vec<usize> {
    let (infix, reading) = (Infix::new(theory), Reading::new(theory));
    let read = |statement: &Formula| infix.sentence(&reading.statement(statement).to_string()).ok();
    let Some(goal) = read(goal) else { return (0..theorems.len()).collect() };
    let (places, known): (Vec<usize>, Vec<Sentence>) =
        theorems.iter().enumerate().filter_map(|(place, theorem)| Some((place, read(&theorem.statement)?))).unzip();
    let at: BTreeMap<TheoremId, usize> =
        places.iter().enumerate().map(|(at, place)| (theorems[*place].id, at)).collect();
    let cites = |theorem: &Premise| theorem.cites.iter().filter_map(|id| at.get(id).copied()).collect();
    let is_asked = chooser == Chooser::Neighbours;
    let more = others.iter().filter(|_| is_asked).filter_map(|other| Some((read(&other.statement)?, cites(other))));
    let own = places.iter().zip(&known).map(|(place, sentence)| (sentence.clone(), cites(&theorems[*place])));
    let proofs: Vec<(Sentence, Vec<usize>)> = own.chain(more).collect();
    let mut order: Vec<usize> =
        ranked(chooser, &goal, &known, &proofs).into_iter().map(|known| places[known]).collect();
    order.extend((0..theorems.len()).filter(|place| !places.contains(place)));
    order
}

/// `proofs` are statements with the indices of the theorems that their proofs cite.
fn ranked(chooser: Chooser, goal: &Sentence, theorems: &[Sentence], proofs: &[(Sentence, Vec<usize>)]) -> Vec<usize> {
    match chooser {
        Chooser::Recent => (0..theorems.len()).rev().collect(),
        Chooser::Sine => sine(goal, theorems),
        Chooser::Mepo => mepo(goal, theorems),
        Chooser::MinHash => min_hash(goal, theorems),
        Chooser::Budgeted => budgeted(goal, theorems),
        Chooser::Neighbours => neighbours(goal, theorems.len(), proofs),
    }
}

/// A symbol or constant of the theory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Symbol {
    Operation(usize),
    Relation(usize),
    Set(usize),
    Constant(usize),
    Numeral(usize),
}

/// Calls `visit` for the atoms of a statement.
fn each_atom(sentence: &Sentence, visit: &mut dyn FnMut(Option<Symbol>, &[Term])) {
    match sentence {
        Sentence::Equal(left, right) => visit(None, &[left.clone(), right.clone()]),
        Sentence::Relation(sign, terms) => visit(Some(Symbol::Relation(*sign)), terms),
        Sentence::In(term, set) => visit(Some(Symbol::Set(*set)), std::slice::from_ref(term)),
        Sentence::Not(inner) => each_atom(inner, visit),
        Sentence::And(parts) | Sentence::Or(parts) => parts.iter().for_each(|part| each_atom(part, visit)),
        Sentence::Implies(left, right) | Sentence::Iff(left, right) => {
            each_atom(left, visit);
            each_atom(right, visit);
        }
    }
}

fn each_term<'t>(term: &'t Term, visit: &mut dyn FnMut(&'t Term)) {
    visit(term);
    if let Term::Apply(_, terms) = term {
        terms.iter().for_each(|term| each_term(term, visit));
    }
}

fn symbols(sentence: &Sentence) -> BTreeSet<Symbol> {
    let mut found = BTreeSet::new();
    each_atom(sentence, &mut |relation, terms| {
        found.extend(relation);
        for term in terms {
            each_term(term, &mut |term| {
                found.extend(match term {
                    Term::Apply(sign, _) => Some(Symbol::Operation(*sign)),
                    Term::Constant(place) => Some(Symbol::Constant(*place)),
                    Term::Numeral(number) => Some(Symbol::Numeral(*number)),
                    Term::Variable(_) => None,
                });
            });
        }
    });
    found
}

/// The number of theorems in which each symbol occurs.
fn occurrences(all: &[BTreeSet<Symbol>]) -> BTreeMap<Symbol, u32> {
    let mut count = BTreeMap::new();
    all.iter().flatten().for_each(|symbol| *count.entry(*symbol).or_default() += 1);
    count
}

/// Theorems by the round in which they are triggered; within a round by the number of symbols shared with the goal,
/// then shorter ones first.
fn sine(goal: &Sentence, theorems: &[Sentence]) -> Vec<usize> {
    let all: Vec<_> = theorems.iter().map(symbols).collect();
    let count = occurrences(&all);
    let asked = symbols(goal);
    let mut reached = asked.clone();
    let mut left: Vec<usize> = (0..theorems.len()).collect();
    let mut order = Vec::new();
    loop {
        let triggered = |place: &usize| {
            let rarest = all[*place].iter().map(|symbol| count[symbol]).min();
            all[*place].is_empty()
                || all[*place].iter().any(|symbol| Some(count[symbol]) == rarest && reached.contains(symbol))
        };
        let (mut now, later): (Vec<usize>, Vec<usize>) = left.iter().copied().partition(triggered);
        if now.is_empty() {
            order.extend(later);
            return order;
        }
        now.sort_by_key(|place| {
            let shared = all[*place].intersection(&asked).count();
            (std::cmp::Reverse(shared), all[*place].len() - shared, *place)
        });
        now.iter().for_each(|place| reached.extend(all[*place].iter().copied()));
        order.extend(now);
        left = later;
    }
}

/// Theorems by the relevant share of their weighted symbols. The best one is selected at a time, and its symbols become
/// relevant.
fn mepo(goal: &Sentence, theorems: &[Sentence]) -> Vec<usize> {
    let all: Vec<_> = theorems.iter().map(symbols).collect();
    let count = occurrences(&all);
    let weight = |symbol: &Symbol| 1.0 + 2.0 / f64::from(count.get(symbol).copied().unwrap_or(0) + 1).log2().max(0.5);
    let mut relevant = symbols(goal);
    let mut left: Vec<usize> = (0..theorems.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let score = |place: usize| {
            let inside: f64 = all[place].intersection(&relevant).map(weight).sum();
            let outside = all[place].difference(&relevant).count() as f64;
            if inside + outside == 0.0 { 0.0 } else { inside / (inside + outside) }
        };
        let best = left.iter().map(|place| score(*place)).fold(0.0, f64::max);
        // Equally good ones are selected together, smaller ones first.
        let (mut now, later): (Vec<usize>, Vec<usize>) = left.iter().partition(|place| score(**place) >= best);
        now.sort_by_key(|place| (all[*place].len(), *place));
        now.iter().for_each(|place| relevant.extend(all[*place].iter().copied()));
        order.extend(now);
        left = later;
    }
    order
}

/// Hash functions of a signature.
const HASHES: u64 = 64;

/// The features of a statement that [`Chooser::MinHash`] uses, computed once: hashes of its patterns, its terms, and
/// the sides of its conclusion.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprint {
    hashes: Vec<u64>,
    terms: Vec<Term>,
    sides: Vec<Term>,
}

impl Fingerprint {
    /// The fingerprint of a statement of a theory; `None` if it is not plain.
    pub(crate) fn of(infix: &Infix, reading: &Reading<'_>, statement: &Formula) -> Option<Fingerprint> {
        Some(Fingerprint::of_sentence(&infix.sentence(&reading.statement(statement).to_string()).ok()?))
    }

    fn of_sentence(sentence: &Sentence) -> Fingerprint {
        let patterns = patterns(sentence);
        let least = |number| patterns.iter().map(|pattern| hash(pattern, number)).min().unwrap_or(u64::MAX);
        Fingerprint {
            hashes: (0..HASHES).map(least).collect(),
            terms: terms_of(sentence),
            sides: sides_of(conclusion(sentence)),
        }
    }

    /// The estimated relevance of a theorem for a goal: the number of shared term patterns, and more if a side of the
    /// theorem unifies with a term of the goal.
    pub(crate) fn relevance(&self, theorem: &Fingerprint) -> usize {
        let unifies = theorem.sides.iter().any(|side| self.terms.iter().any(|term| unify(side, term)));
        self.same(theorem) + if unifies { HASHES as usize / 8 } else { 0 }
    }

    fn same(&self, other: &Fingerprint) -> usize {
        self.hashes.iter().zip(&other.hashes).filter(|(one, other)| one == other).count()
    }

    /// The estimated value of a similar theorem's proof for a proof of the goal: 0 if they share no pattern, 1 if they
    /// share all.
    pub(crate) fn likeness(&self, theorem: &Fingerprint) -> f64 {
        // The fourth power keeps the many slightly similar theorems from outvoting the few very similar ones.
        (self.same(theorem) as f64 / HASHES as f64).powi(4)
    }
}

/// Theorems by relevance for the goal.
fn min_hash(goal: &Sentence, theorems: &[Sentence]) -> Vec<usize> {
    let goal = Fingerprint::of_sentence(goal);
    let relevance = |theorem: &Sentence| goal.relevance(&Fingerprint::of_sentence(theorem));
    let mut order: Vec<usize> = (0..theorems.len()).collect();
    order.sort_by_cached_key(|place| (std::cmp::Reverse(relevance(&theorems[*place])), *place));
    order
}

/// Theorems by the similarity to the goal of those whose proofs cite them; ties go to the later ones.
fn neighbours(goal: &Sentence, theorems: usize, proofs: &[(Sentence, Vec<usize>)]) -> Vec<usize> {
    let goal = Fingerprint::of_sentence(goal);
    let mut cited = vec![0.0; theorems];
    for (theorem, cites) in proofs.iter().filter(|(_, cites)| !cites.is_empty()) {
        let share = goal.likeness(&Fingerprint::of_sentence(theorem)) / cites.len() as f64;
        cites.iter().for_each(|place| cited[*place] += share);
    }
    let mut order: Vec<usize> = (0..theorems).rev().collect();
    order.sort_by(|one, other| cited[*other].total_cmp(&cited[*one]));
    order
}

/// Patterns of terms and atoms down to depth two, with variables anonymised.
fn patterns(sentence: &Sentence) -> BTreeSet<String> {
    fn shown(term: &Term, depth: usize) -> String {
        match term {
            Term::Variable(_) => "_".to_owned(),
            Term::Constant(place) => format!("c{place}"),
            Term::Numeral(number) => format!("n{number}"),
            Term::Apply(_, _) if depth == 0 => "_".to_owned(),
            Term::Apply(sign, terms) => {
                format!("f{sign}({})", terms.iter().map(|term| shown(term, depth - 1)).collect::<Vec<_>>().join(","))
            }
        }
    }
    let mut found = BTreeSet::new();
    each_atom(sentence, &mut |relation, terms| {
        for depth in 0..2 {
            let inside: Vec<String> = terms.iter().map(|term| shown(term, depth)).collect();
            found.insert(format!("{relation:?}({})", inside.join(",")));
        }
        for term in terms {
            each_term(term, &mut |term| {
                if !matches!(term, Term::Variable(_)) {
                    found.extend([shown(term, 1), shown(term, 2)]);
                }
            });
        }
    });
    found
}

fn conclusion(sentence: &Sentence) -> &Sentence {
    match sentence {
        Sentence::Implies(_, conclusion) => conclusion,
        other => other,
    }
}

/// The compound sides of an equation or arguments of a relation.
fn sides_of(sentence: &Sentence) -> Vec<Term> {
    let mut sides = Vec::new();
    each_atom(sentence, &mut |_, terms| {
        sides.extend(terms.iter().filter(|term| matches!(term, Term::Apply(..))).cloned());
    });
    sides
}

/// All compound terms of a statement.
fn terms_of(sentence: &Sentence) -> Vec<Term> {
    let mut found = Vec::new();
    each_atom(sentence, &mut |_, terms| {
        let mut keep = |term: &Term| {
            if matches!(term, Term::Apply(..)) {
                found.push(term.clone());
            }
        };
        terms.iter().for_each(|term| each_term(term, &mut |term| keep(term)));
    });
    found
}

/// Whether two terms, with variables renamed apart, unify.
fn unify(one: &Term, other: &Term) -> bool {
    let mut bound: BTreeMap<(bool, String), (bool, Term)> = BTreeMap::new();
    let mut pairs = vec![((false, one.clone()), (true, other.clone()))];
    while let Some((left, right)) = pairs.pop() {
        let (left, right) = (walked(left, &bound), walked(right, &bound));
        match (&left, &right) {
            ((side, Term::Variable(name)), (other_side, Term::Variable(other)))
                if (side, name) == (other_side, other) => {}
            ((side, Term::Variable(name)), term) | (term, (side, Term::Variable(name))) => {
                if occurs((*side, name), term, &bound) {
                    return false;
                }
                bound.insert((*side, name.clone()), (*term).clone());
            }
            ((side, Term::Apply(sign, terms)), (other_side, Term::Apply(other, others))) => {
                if sign != other || terms.len() != others.len() {
                    return false;
                }
                let both = terms.iter().zip(others);
                pairs.extend(both.map(|(one, two)| ((*side, one.clone()), (*other_side, two.clone()))));
            }
            ((_, one), (_, two)) if one == two => {}
            _ => return false,
        }
    }
    true
}

fn walked(mut term: (bool, Term), bound: &BTreeMap<(bool, String), (bool, Term)>) -> (bool, Term) {
    while let (side, Term::Variable(name)) = &term {
        match bound.get(&(*side, name.clone())) {
            Some(next) => term = next.clone(),
            None => break,
        }
    }
    term
}

fn occurs(variable: (bool, &String), term: &(bool, Term), bound: &BTreeMap<(bool, String), (bool, Term)>) -> bool {
    match walked(term.clone(), bound) {
        (side, Term::Variable(name)) => (side, &name) == variable,
        (side, Term::Apply(_, terms)) => terms.into_iter().any(|term| occurs(variable, &(side, term), bound)),
        _ => false,
    }
}

/// The weight of a pattern that does not occur in the goal, relative to one that does.
const OUTSIDE: f64 = 0.1;

/// Theorems selected one at a time: the one whose patterns cover most that is uncovered, for its length.
fn budgeted(goal: &Sentence, theorems: &[Sentence]) -> Vec<usize> {
    let asked = patterns(goal);
    let all: Vec<BTreeSet<String>> = theorems.iter().map(patterns).collect();
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    all.iter().flatten().for_each(|pattern| *count.entry(pattern).or_default() += 1);
    // A pattern that every theorem has is hardly informative.
    let rarity = |pattern: &str| (1.0 + theorems.len() as f64 / f64::from(count[pattern])).ln();
    let worth = |pattern: &str| rarity(pattern) * if asked.contains(pattern) { 1.0 } else { OUTSIDE };
    let mut brought: BTreeMap<&str, f64> = BTreeMap::new();
    let mut left: Vec<usize> = (0..theorems.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let gain = |place: usize| {
            let gains = all[place].iter().map(|pattern| {
                let before = brought.get(&**pattern).copied().unwrap_or(0.0);
                let more = worth(pattern);
                (before + more).sqrt() - before.sqrt()
            });
            gains.sum::<f64>() / (4.0 + all[place].len() as f64)
        };
        let best = left.iter().enumerate().map(|(at, place)| (gain(*place), at));
        let better = |one: (f64, usize), two: (f64, usize)| if two.0 > one.0 { two } else { one };
        let (_, at) = best.reduce(better).expect("there is one left");
        let place = left.remove(at);
        for pattern in &all[place] {
            *brought.entry(pattern).or_default() += worth(pattern);
        }
        order.push(place);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(name: &str) -> Term {
        Term::Variable(name.to_owned())
    }

    fn apply(sign: usize, terms: &[Term]) -> Term {
        Term::Apply(sign, terms.to_vec())
    }

    #[test]
    fn terms_unify_with_their_variables_taken_apart_and_nothing_within_itself() {
        let (x, y) = (term("x"), term("y"));
        assert!(unify(&apply(0, &[x.clone(), y.clone()]), &apply(0, &[y.clone(), x.clone()])));
        assert!(unify(&apply(0, &[x.clone(), x.clone()]), &apply(0, &[apply(1, std::slice::from_ref(&x)), y.clone()])));
        assert!(!unify(
            &apply(0, &[x.clone(), apply(1, std::slice::from_ref(&x))]),
            &apply(0, &[y.clone(), y.clone()])
        ));
        assert!(!unify(&apply(0, std::slice::from_ref(&x)), &apply(1, std::slice::from_ref(&x))));
    }

    #[test]
    fn theorems_about_what_the_goal_is_about_come_first() {
        let equation = |sign: usize| Sentence::Equal(apply(sign, &[term("x"), term("y")]), term("x"));
        let theorems: Vec<Sentence> = [0, 1, 2, 1, 0].map(equation).into();
        let none = Vec::new();
        let goal = Sentence::Equal(apply(1, &[term("a"), term("b")]), apply(1, &[term("b"), term("a")]));
        for chooser in [Chooser::Sine, Chooser::Mepo, Chooser::MinHash] {
            let mut first = ranked(chooser, &goal, &theorems, &none)[..2].to_vec();
            first.sort_unstable();
            assert_eq!(first, [1, 3], "{}", chooser.name());
        }
        // The second of two equivalent theorems contributes less than a different one.
        let chosen = ranked(Chooser::Budgeted, &goal, &theorems, &none);
        assert_eq!(chosen[0], 1);
        assert!(chosen.iter().position(|place| *place == 3) > Some(1));
        for chooser in Chooser::ALL {
            let mut all = ranked(chooser, &goal, &theorems, &none);
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3, 4], "{} ranks each once", chooser.name());
        }
    }

    #[test]
    fn what_proofs_of_similar_theorems_cite_comes_first() {
        let equation = |sign: usize| Sentence::Equal(apply(sign, &[term("x"), term("y")]), term("x"));
        let theorems: Vec<Sentence> = [0, 1, 2, 1, 0].map(equation).into();
        let cites = [vec![], vec![], vec![0], vec![0, 2], vec![1]];
        let proofs: Vec<_> = theorems.iter().cloned().zip(cites).collect();
        let goal = Sentence::Equal(apply(1, &[term("a"), term("b")]), term("b"));
        assert_eq!(ranked(Chooser::Neighbours, &goal, &theorems, &proofs)[..2], [0, 2]);
    }
}
