//! Ranking of theorems for readers: their order, their names, and which are variants of others.
//!
//! The ranking depends on the theory and the set of theorems, not on the order of proof, so a run and its stored result
//! agree.

use crate::calculus::checked::Checked;
use crate::calculus::theory::Theory;
use crate::language::notation::{Binding, Fit, Law, Literal, Literals, Matcher, Math, Reading, Term};

use super::Exploration;

/// The most laws that a theorem is compared with, and the most rewrite rules used to simplify it.
const MOST_LAWS: usize = 256;
const MOST_RULES: usize = 64;
/// The most rewrite steps for one term.
const MOST_STEPS: usize = 32;

/// The theorems of a run, ranked for readers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interest {
    /// The ranking of each theorem, in the order of acceptance.
    pub listed: Vec<Listed>,
    /// The indices of the theorems that are not variants, the most interesting first.
    pub laws: Vec<usize>,
}

/// The ranking of one theorem.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    /// Its common name, such as `associativity of ·`.
    pub name: Option<String>,
    /// The law that it is a variant of.
    pub variant: Option<Variant>,
    /// Its position in [`Interest::laws`]; for a variant, that of its law; `None` for a variant of an axiom.
    pub rank: Option<usize>,
    /// The number of its variants.
    pub variants: usize,
}

/// The law of which a theorem is an instance, a weakening, or, after rewriting by higher-ranked laws, a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variant {
    /// The theorem at this index.
    Theorem(usize),
    /// The axiom with this number, in the order of [`Reading::axioms`].
    Axiom(usize),
}

impl Exploration {
    /// The theorems found so far, ranked for readers.
    #[must_use]
    pub fn interest(&self) -> Interest {
        Interest::of(self.theory(), self.theorems.iter().map(|theorem| &theorem.checked))
    }
}

/// A theorem with its weight.
struct Weighed {
    literals: Option<Literals>,
    law: Option<Law>,
    /// Sort key: named laws first, by rank; then by size, constants, variables and citations.
    weight: (usize, usize),
}

/// A law that later theorems may be variants of.
struct Standing {
    literals: Literals,
    name: Option<String>,
    of: Variant,
}

impl Interest {
    /// Ranks checked theorems, given in the order of acceptance.
    #[must_use]
    pub fn of<'a>(theory: &Theory, theorems: impl IntoIterator<Item = &'a Checked>) -> Interest {
        let reading = Reading::new(theory);
        let theorems: Vec<&Checked> = theorems.into_iter().collect();
        let (weighed, order) = weighed(&reading, &theorems);
        let mut sieve = Sieve::default();
        for (number, axiom) in reading.axioms().iter().enumerate() {
            if let Some(literals) = Literals::of(&reading.under_anchor(&axiom.formula)) {
                let law = Law::of(&literals);
                sieve.enter(literals, law.as_ref(), Variant::Axiom(number));
            }
        }
        // All commutative and associative operations are collected before any theorem is classified as a variant.
        weighed.iter().filter_map(|one| one.law.as_ref()).for_each(|law| sieve.note(law));
        let mut interest = Interest { listed: vec![Listed::default(); weighed.len()], laws: Vec::new() };
        for place in order {
            let Weighed { literals, law, .. } = &weighed[place];
            let variant = literals.as_ref().and_then(|literals| sieve.variant(literals, law.as_ref()));
            let listed = &mut interest.listed[place];
            listed.name = law.as_ref().map(|law| law.name.clone());
            listed.variant = variant;
            match variant {
                None => {
                    listed.rank = Some(interest.laws.len());
                    interest.laws.push(place);
                    if let Some(literals) = literals {
                        sieve.enter(literals.clone(), law.as_ref(), Variant::Theorem(place));
                    }
                }
                Some(Variant::Theorem(of)) => {
                    let rank = interest.listed[of].rank;
                    interest.listed[place].rank = rank;
                    interest.listed[of].variants += 1;
                }
                Some(Variant::Axiom(_)) => {}
            }
        }
        interest
    }

    /// The indices of the variants of this theorem or axiom, in the order of acceptance.
    pub fn variants_of(&self, variant: Variant) -> impl Iterator<Item = usize> + '_ {
        (0..self.listed.len()).filter(move |place| self.listed[*place].variant == Some(variant))
    }

    /// The number of theorems that are variants of others, or of axioms.
    #[must_use]
    pub fn variants(&self) -> usize {
        self.listed.iter().filter(|listed| listed.variant.is_some()).count()
    }
}

/// The indices of theorems, sorted by weight alone.
pub(super) fn by_weight<'a>(reading: &Reading<'_>, theorems: impl IntoIterator<Item = &'a Checked>) -> Vec<usize> {
    weighed(reading, &theorems.into_iter().collect::<Vec<_>>()).1
}

fn weighed(reading: &Reading<'_>, theorems: &[&Checked]) -> (Vec<Weighed>, Vec<usize>) {
    let mut uses = vec![0usize; theorems.len()];
    for cited in theorems.iter().flat_map(|theorem| &theorem.basis().theorems) {
        if let Some(count) = uses.get_mut(cited.0 as usize) {
            *count += 1;
        }
    }
    let weigh = |(theorem, uses): (&&Checked, &usize)| Weighed::new(&reading.statement(theorem.statement()), *uses);
    let weighed: Vec<Weighed> = theorems.iter().zip(&uses).map(weigh).collect();
    let mut order: Vec<usize> = (0..weighed.len()).collect();
    order.sort_by_key(|place| (weighed[*place].weight, *place));
    (weighed, order)
}

impl Weighed {
    fn new(math: &Math, uses: usize) -> Weighed {
        let literals = Literals::of(math);
        let law = literals.as_ref().and_then(Law::of);
        let used = (uses + 1).ilog2() as usize;
        let (size, constants, variables) = match &literals {
            None => (math.size() + 2, 0, 0),
            Some(literals) => {
                let size = literals.0.iter().map(|one| 1 + one.terms.iter().map(Term::size).sum::<usize>()).sum();
                let leaves = literals.leaves();
                let constants = leaves.iter().filter(|leaf| matches!(leaf, Term::Constant(_))).count();
                let mut variables: Vec<&&Term> =
                    leaves.iter().filter(|leaf| matches!(leaf, Term::Variable(_))).collect();
                variables.sort();
                variables.dedup();
                (size, constants, variables.len())
            }
        };
        let cost = (64 + size + 3 * constants).saturating_sub(variables + 2 * used);
        let rank = law.as_ref().map_or(usize::MAX, |law| law.rank);
        Weighed { literals, law, weight: (rank, cost) }
    }
}

/// The laws listed so far, and what they imply for the rest.
#[derive(Default)]
struct Sieve {
    standing: Vec<Standing>,
    /// Equations oriented towards the simpler side, with the law's index in `standing`.
    rules: Vec<(Term, Term, usize)>,
    commutative: Vec<String>,
    associative: Vec<String>,
}

impl Sieve {
    fn note(&mut self, law: &Law) {
        self.commutative.extend(law.commutative().map(ToString::to_string));
        self.associative.extend(law.associative().map(ToString::to_string));
    }

    fn enter(&mut self, literals: Literals, law: Option<&Law>, of: Variant) {
        law.into_iter().for_each(|law| self.note(law));
        if self.standing.len() >= MOST_LAWS {
            return;
        }
        if let Some((left, right)) = literals.equation()
            && self.rules.len() < MOST_RULES
        {
            for (large, small) in [(left, right), (right, left)] {
                let mut covered = true;
                small.for_each_leaf(&mut |leaf| {
                    let mut found = matches!(leaf, Term::Constant(_));
                    large.for_each_leaf(&mut |other| found |= other == leaf);
                    covered &= found;
                });
                if covered && small.size() < large.size() && matches!(large, Term::Apply(..)) {
                    self.rules.push((self.nested(large), self.nested(small), self.standing.len()));
                }
            }
        }
        self.standing.push(Standing { literals, name: law.map(|law| law.name.clone()), of });
    }

    /// The law that a theorem is a variant of, if any. A named theorem is never a variant by rewriting, nor of an
    /// unnamed theorem; and by exchanging the inputs of a commutative operation, only of a law with the same name.
    fn variant(&self, literals: &Literals, law: Option<&Law>) -> Option<Variant> {
        let shuffle = || self.shuffle(literals);
        if self.is_repetition(literals) {
            return shuffle();
        }
        let strict = Matcher { fit: Fit::Instance, commutative: &|_| false };
        let free = Matcher { fit: Fit::Instance, commutative: &|head| self.commutative.iter().any(|one| one == head) };
        if let Some(law) = law {
            let covers = |one: &&Standing| {
                let same = one.name.as_ref() == Some(&law.name);
                let matcher = if same { &free } else { &strict };
                (one.name.is_some() || matches!(one.of, Variant::Axiom(_)))
                    && matcher.fits(&one.literals, literals).is_some()
            };
            return self.standing.iter().find(covers).map(|one| one.of);
        }
        if let Some(found) = self.standing.iter().find(|one| free.fits(&one.literals, literals).is_some()) {
            return Some(found.of);
        }
        let (simple, by) = self.simplified(literals, &free);
        let of = |place: usize| self.standing[place].of;
        if simple.0.iter().any(|literal| literal.positive && self.is_trivial(literal)) {
            // Nothing is left: it follows by the rules used, or by commutativity and associativity alone.
            return by.map(of).or_else(shuffle);
        }
        let simple = stripped(simple);
        let nested = |one: &Standing| {
            let terms = |literal: &Literal| literal.terms.iter().map(|term| self.nested(term)).collect();
            Literals(one.literals.0.iter().map(|one| Literal { terms: terms(one), ..one.clone() }).collect())
        };
        let covers = |one: &&Standing| !simple.0.is_empty() && free.fits(&nested(one), &simple).is_some();
        self.standing.iter().find(covers).map(|one| one.of)
    }

    /// The commutative or associative law to report for a statement that follows from such laws: preferably one that
    /// suffices alone, otherwise one of an operation that the statement mentions.
    fn shuffle(&self, literals: &Literals) -> Option<Variant> {
        let head = |one: &Standing| match one.literals.equation() {
            Some((Term::Apply(head, _), _)) => head.clone(),
            _ => "".into(),
        };
        let suffices = |one: &&Standing| {
            let own = |names: &[String]| names.iter().filter(|name| **name == *head(one)).cloned().collect();
            let (commutative, associative) = (own(&self.commutative), own(&self.associative));
            let alone = Sieve { commutative, associative, ..Sieve::default() };
            alone.is_repetition(literals) || literals.0.iter().any(|one| one.positive && alone.is_trivial(one))
        };
        let shuffles: Vec<&Standing> = self.standing.iter().filter(|one| self.shuffles(one)).collect();
        let mentioned =
            |one: &&Standing| literals.0.iter().flat_map(|one| &one.terms).any(|term| term.mentions(&head(one)));
        let found = shuffles.iter().copied().find(suffices);
        found.or_else(|| shuffles.iter().copied().find(mentioned)).or(shuffles.first().copied()).map(|one| one.of)
    }

    /// Whether a law only rearranges the inputs of an operation.
    fn shuffles(&self, one: &Standing) -> bool {
        one.literals.equation().is_some_and(|(left, right)| self.arranged(left) == self.arranged(right))
    }

    /// Whether the conclusion equals a premise up to commutativity and associativity.
    fn is_repetition(&self, literals: &Literals) -> bool {
        let arranged = |literal: &Literal| {
            let mut terms: Vec<Term> = literal.terms.iter().map(|term| self.arranged(term)).collect();
            if &*literal.relation == "=" {
                terms.sort();
            }
            (literal.relation.clone(), terms)
        };
        let (said, denied): (Vec<_>, Vec<_>) = literals.0.iter().partition(|literal| literal.positive);
        said.iter().any(|one| denied.iter().any(|other| arranged(one) == arranged(other)))
    }

    fn is_trivial(&self, literal: &Literal) -> bool {
        &*literal.relation == "=" && self.arranged(&literal.terms[0]) == self.arranged(&literal.terms[1])
    }

    /// The statement with every term rewritten by the rules, and the last law used.
    fn simplified(&self, literals: &Literals, matcher: &Matcher<'_>) -> (Literals, Option<usize>) {
        let mut by = None;
        let mut steps = 0;
        let mut simple = |term: &Term| self.simple(&self.nested(term), matcher, &mut by, &mut steps);
        let literals = literals.0.iter().map(|literal| {
            let terms = literal.terms.iter().map(&mut simple).collect();
            Literal { terms, ..literal.clone() }
        });
        let mut literals: Vec<Literal> = literals.collect();
        literals.retain(|literal| literal.positive || !self.is_trivial(literal));
        (Literals(literals), by)
    }

    fn simple(&self, term: &Term, matcher: &Matcher<'_>, by: &mut Option<usize>, steps: &mut usize) -> Term {
        let Term::Apply(head, inputs) = term else { return term.clone() };
        let inputs = inputs.iter().map(|input| self.simple(input, matcher, by, steps)).collect();
        let term = self.nested(&Term::Apply(head.clone(), inputs));
        for (large, small, place) in &self.rules {
            let mut binding = Binding::default();
            if *steps < MOST_STEPS && matcher.term(large, &term, &mut binding) {
                *steps += 1;
                *by = Some(*place);
                let next = self.nested(&binding.apply(small));
                return self.simple(&next, matcher, by, steps);
            }
        }
        term
    }

    /// The term with associative operations nested to the left.
    fn nested(&self, term: &Term) -> Term {
        let Term::Apply(head, inputs) = term else { return term.clone() };
        let inputs: Vec<Term> = inputs.iter().map(|input| self.nested(input)).collect();
        if inputs.len() != 2 || !self.associative.iter().any(|one| **one == **head) {
            return Term::Apply(head.clone(), inputs);
        }
        let mut parts = Vec::new();
        inputs.iter().for_each(|input| flat(head, input, &mut parts));
        let join = |left: Term, right: Term| Term::Apply(head.clone(), vec![left, right]);
        parts.into_iter().reduce(join).unwrap_or_else(|| term.clone())
    }

    /// The normal form of a term under associativity (nested to the left) and commutativity (inputs sorted).
    fn arranged(&self, term: &Term) -> Term {
        let Term::Apply(head, inputs) = &self.nested(term) else { return term.clone() };
        let mut inputs: Vec<Term> = inputs.iter().map(|input| self.arranged(input)).collect();
        if inputs.len() != 2 || !self.commutative.iter().any(|one| **one == **head) {
            return Term::Apply(head.clone(), inputs);
        }
        if self.associative.iter().any(|one| **one == **head) {
            let mut parts = Vec::new();
            inputs.iter().for_each(|input| flat(head, input, &mut parts));
            parts.sort();
            inputs = parts;
        }
        inputs.sort();
        Term::Apply(head.clone(), inputs)
    }
}

/// The inputs of nested applications of one operation, flattened.
fn flat(head: &str, term: &Term, parts: &mut Vec<Term>) {
    match term {
        Term::Apply(other, inputs) if **other == *head => inputs.iter().for_each(|input| flat(head, input, parts)),
        other => parts.push(other.clone()),
    }
}

/// Removes the common context of an equation's two sides while they differ in only one input.
fn stripped(literals: Literals) -> Literals {
    let mut literals = literals;
    while let Some((Term::Apply(one, left), Term::Apply(other, right))) = literals.equation() {
        let mut different = left.iter().zip(right).filter(|(one, other)| one != other);
        let (Some((one_side, other_side)), None) = (different.next(), different.next()) else { break };
        if one != other || left.len() != right.len() {
            break;
        }
        let terms = vec![one_side.clone(), other_side.clone()];
        literals = Literals(vec![Literal { terms, ..literals.0[0].clone() }]);
    }
    literals
}
