//! The order in which theorems are worth reading, what they are called, and which of them say no more than another.
//!
//! It depends on the theory and on the theorems alone, not on which of them was proved first: so it is the same for a
//! run and for what is stored of it.

use crate::calculus::checked::Checked;
use crate::calculus::theory::Theory;
use crate::language::notation::{Binding, Fit, Law, Literal, Literals, Matcher, Math, Reading, Term};

use super::Exploration;

/// Against so many laws each theorem is held, and so many are used to simplify it.
const MOST_LAWS: usize = 256;
const MOST_RULES: usize = 64;
/// A term is simplified so often at most.
const MOST_STEPS: usize = 32;

/// The theorems of a run, by what they are worth to a reader.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interest {
    /// What is said of each theorem, in the order of acceptance.
    pub listed: Vec<Listed>,
    /// The places of the theorems that are no variants, the most interesting first.
    pub laws: Vec<usize>,
}

/// A theorem's place in the list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    /// What people call such a statement, as `associativity of ·`.
    pub name: Option<String>,
    /// What it is a variant of.
    pub variant: Option<Variant>,
    /// Its place in [`Interest::laws`]; of a variant, that of its law, and of a variant of an axiom nothing.
    pub rank: Option<usize>,
    /// How many theorems are variants of it.
    pub variants: usize,
}

/// What a theorem is an instance of, weaker than, or the same as when the laws before it have simplified it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variant {
    /// The theorem at this place.
    Theorem(usize),
    /// The axiom with this number, in the order of [`Reading::axioms`].
    Axiom(usize),
}

impl Exploration {
    /// The theorems found so far, by what they are worth to a reader.
    #[must_use]
    pub fn interest(&self) -> Interest {
        Interest::of(self.theory(), self.theorems.iter().map(|theorem| &theorem.checked))
    }
}

/// A theorem as it is weighed.
struct Weighed {
    literals: Option<Literals>,
    law: Option<Law>,
    /// First what has a name, by that; then by size, constants, variables and use.
    weight: (usize, usize),
}

/// A law that others may be variants of.
struct Standing {
    literals: Literals,
    name: Option<String>,
    of: Variant,
}

impl Interest {
    /// Puts checked theorems, in the order of acceptance, in the order of what they are worth.
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
        // Which operations are commutative and associative is known before anything is called a variant.
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

    /// The places of the variants of the theorem at a place, in the order of acceptance.
    pub fn variants_of(&self, variant: Variant) -> impl Iterator<Item = usize> + '_ {
        (0..self.listed.len()).filter(move |place| self.listed[*place].variant == Some(variant))
    }

    /// How many theorems are variants of others, or of axioms.
    #[must_use]
    pub fn variants(&self) -> usize {
        self.listed.iter().filter(|listed| listed.variant.is_some()).count()
    }
}

/// The places of theorems by their weight alone.
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

/// What has been listed so far, and what it does to the rest.
#[derive(Default)]
struct Sieve {
    standing: Vec<Standing>,
    /// Equations whose right side is simpler, by their places in `standing`.
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

    /// What a theorem is a variant of. One with a name is not one for being simplified, nor of what has none; nor, unless
    /// both have the same name, for a change of the order in which an operation takes its inputs.
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
            // Nothing is left of it, by the laws that were used, or by order and brackets alone.
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

    /// The law of order or brackets that is to be named for a statement of which nothing else is left: one of an
    /// operation that it mentions, and that alone suffices, if there is one.
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

    /// Whether a law only says how an operation's inputs may be arranged.
    fn shuffles(&self, one: &Standing) -> bool {
        one.literals.equation().is_some_and(|(left, right)| self.arranged(left) == self.arranged(right))
    }

    /// Whether the conclusion is a premise with the inputs of operations arranged otherwise.
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

    /// A statement in which each term is simplified as far as the rules go, and the last law that did something.
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

    /// The term with the brackets of associative operations to the left.
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

    /// The term with brackets to the left, and the inputs of commutative operations in order.
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

/// The inputs of nested applications of one operation.
fn flat(head: &str, term: &Term, parts: &mut Vec<Term>) {
    match term {
        Term::Apply(other, inputs) if **other == *head => inputs.iter().for_each(|input| flat(head, input, parts)),
        other => parts.push(other.clone()),
    }
}

/// An equation without what is the same on both sides around the only place where they differ.
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
