//! Textbook laws with a nested quantifier: uniqueness of neutral and least elements, solvability of equations, symmetry
//! of a relation that is defined from a symmetric one.
//!
//! A quantified premise is not a literal. As an ordinary conjecture such a law would need a new relation for it in
//! every block and model. These laws are therefore attempted last, each in a block of its own, and only the proved ones
//! are listed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::Theory;
use crate::clauses::clause::{Clause, Head, Literal, Relation, RelationId, Slot};
use crate::clauses::compile::{Axiom, Compiled, Justification, Move, Start};
use crate::conjecture::canonical;
use crate::conjecture::limits::literals;
use crate::language::mpl::parse_goal;
use crate::models::model::Model;
use crate::proofs::reconstruction::{Tree, extract};
use crate::saturation::block::Snapshot;
use crate::saturation::book::RuleBook;
use crate::saturation::sequent::Sequent;
use crate::search::attempt::{Effort, LogicBlock, Verdict, solve};
use crate::search::ended::kept_apart;

use super::Exploration;
use super::conjecture::{Conjecture, Origin};
use super::learn::{add_rules, add_theorem, root_of};
use super::scope::Scope;
use super::unfolding::unfolded;

/// The most laws attempted.
const MOST: usize = 64;
/// The most theorems in a block, all of them textbook laws.
const KNOWN: usize = 12;

/// The laws of this kind that were proved.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Quantified {
    /// The index of the first of them among the conjectures.
    pub(crate) begin: usize,
    /// Their numbers among the laws of the theory, in the order of the theorems; for a lemma, the number of the law that
    /// follows from it, plus [`LEMMA`].
    pub(crate) proved: Vec<u16>,
}

/// Added to the number of a law that is proved from an [`unfolded`] form of it.
const LEMMA: u16 = 1 << 15;

/// The theory with relations for quantified formulas, apart from the exploration.
struct Apart {
    compiled: Arc<Compiled>,
    book: RuleBook,
    root: Arc<Snapshot>,
}

/// The proof of a law, and the lemma that it cites.
struct Proved {
    lemma: Option<(Formula, Arc<Tree>)>,
    tree: Arc<Tree>,
}

/// A binary operation on a set, or a binary relation on it, in MPL.
struct Subject<'s> {
    theory: &'s Theory,
    id: RelationId,
    relation: &'s Relation,
    carrier: &'s str,
    /// Variable names that the theory does not use.
    variables: [&'s str; 4],
}

/// A law in MPL, and whether its subject exists in a model: the uniqueness of something that does not exist is not a
/// law.
struct Law {
    text: String,
    is_about_something: bool,
}

/// How an individual acts on all others.
#[derive(Clone, Copy)]
enum Part {
    /// As this input of an operation, it returns the other input.
    Neutral(usize),
    /// As this input of an operation, it is the value.
    Absorbing(usize),
    /// As this argument of a relation, it is related to everything.
    Related(usize),
}

impl Exploration {
    /// Attempts the laws and adds the proved ones. Returns false if `go_on` said stop; nothing is added then.
    pub(super) fn prove_quantified(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let laws = (0..).zip(self.quantified_laws()).filter(|(_, law)| law.is_about_something);
        let laws: Vec<(u16, Formula)> =
            laws.filter_map(|(number, law)| Some((number, self.quantified_law(&law.text)?))).collect();
        let known = (0..).zip(&self.theorems).filter(|(_, theorem)| {
            !theorem.corollary && theorem.clause.is_some() && self.conjectures[theorem.conjecture].textbook
        });
        let known: Vec<TheoremId> = known.take(KNOWN).map(|(id, _)| TheoremId(id)).collect();
        let statements: Vec<&Formula> = laws.iter().map(|(_, statement)| statement).collect();
        let Some(apart) = self.with_names_for(&statements, &known) else { return true };
        let mut proved: Vec<(u16, Formula, Arc<Tree>)> = Vec::new();
        for (number, statement) in laws {
            if !go_on() {
                return false;
            }
            let next = TheoremId((self.theorems.len() + proved.len()) as u32);
            if let Ok(Some(Proved { lemma, tree })) = kept_apart(|| self.try_apart(&apart, &statement, next)) {
                proved.extend(lemma.map(|(lemma, tree)| (number + LEMMA, lemma, tree)));
                proved.push((number, statement, tree));
            }
        }
        if proved.is_empty() {
            return true;
        }
        // These proofs form a round of their own: the results of earlier rounds may have been stored already.
        self.round += 1;
        let mut entered = Quantified { begin: self.conjectures.len(), proved: Vec::new() };
        for (number, statement, tree) in proved {
            let place = self.conjectures.len();
            self.enter_quantified(statement.clone(), number);
            let proof = kept_apart(|| extract(&self.theory, &apart.compiled, &self.statements, &statement, &tree));
            // Blocks cannot use it as a rule.
            if self.register(place, proof, None, true) {
                entered.proved.push(number);
            } else {
                self.conjectures.pop();
                self.counts.built -= 1;
            }
        }
        self.quantified = Some(entered);
        true
    }

    /// Adds the laws proved in an earlier run, without their proofs.
    pub(crate) fn enter_again(&mut self, quantified: &Quantified) {
        let laws = self.quantified_laws();
        for number in &quantified.proved {
            let law = laws.get(usize::from(number % LEMMA)).and_then(|law| self.quantified_law(&law.text));
            let statement = if *number < LEMMA {
                law
            } else {
                law.and_then(|law| {
                    let apart = self.with_names_for(&[&law], &[])?;
                    self.lemma_for(&apart.compiled, &self.read_apart(&apart.compiled, &law)?.clause)
                })
            };
            if let Some(statement) = statement {
                self.enter_quantified(statement, *number);
            }
        }
        self.quantified = Some(quantified.clone());
    }

    fn enter_quantified(&mut self, statement: Formula, number: u16) {
        let mut conjecture = Conjecture::new(Origin::Generated, None, Vec::new(), statement);
        conjecture.textbook = number < LEMMA;
        self.conjectures.push(conjecture);
        self.counts.built += 1;
    }

    /// The statement of a law; `None` if it is a conjecture already.
    fn quantified_law(&self, text: &str) -> Option<Formula> {
        let statement = self.reading().named(&parse_goal(&self.theory, text).ok()?.statement);
        self.conjectures.iter().all(|known| known.statement != statement).then_some(statement)
    }

    /// Whether a quantified law is reproved from the axioms and the theorems `known`.
    pub(super) fn quantified_follows(&self, theorem: TheoremId, known: &[TheoremId]) -> bool {
        let statement = &self.statements[theorem.0 as usize];
        let next = TheoremId(self.statements.len() as u32);
        self.with_names_for(&[statement], known).is_some_and(|apart| self.try_apart(&apart, statement, next).is_some())
    }

    /// The theory compiled with relations for the quantified formulas of these statements, and a root block with its
    /// axioms and the theorems `known`.
    fn with_names_for(&self, laws: &[&Formula], known: &[TheoremId]) -> Option<Apart> {
        let goals = self.conjectures.iter().filter(|conjecture| matches!(conjecture.origin, Origin::Goal(_)));
        let statements: Vec<&Formula> = goals.map(|goal| &goal.statement).chain(laws.iter().copied()).collect();
        let compiled = kept_apart(|| Compiled::new(&self.theory, &statements)).ok()?;
        // Theorems refer to relations and constants by their numbers in this signature.
        let (own, all) = (&self.compiled.signature, &compiled.signature);
        if !all.relations.starts_with(&own.relations) || !all.constants.starts_with(&own.constants) {
            return None;
        }
        let mut book = RuleBook::new(&compiled);
        for id in known {
            add_theorem(&mut book, &compiled, *id, &self.theorems[id.0 as usize]);
        }
        let root = Arc::new(root_of(&book).rest());
        Some(Apart { compiled: Arc::new(compiled), book, root })
    }

    /// Attempts a law, and if that fails, its unfolded form and then the law as a consequence; `next` will be the lemma's
    /// number.
    fn try_apart(&self, apart: &Apart, statement: &Formula, next: TheoremId) -> Option<Proved> {
        let solved = |clause: &Clause, root: &Arc<Snapshot>, nesting: u32| {
            let effort = Effort { nesting, ..Effort::USUAL };
            match solve(LogicBlock::new(apart.compiled.clone(), root.clone(), Sequent::of(clause), effort)).0 {
                Verdict::Proved(tree) => Some(tree),
                Verdict::Open(_) => None,
            }
        };
        let clause = self.read_apart(&apart.compiled, statement)?.clause;
        if let Some(tree) = solved(&clause, &apart.root, 0) {
            return Some(Proved { lemma: None, tree });
        }
        let lemma = self.lemma_for(&apart.compiled, &clause)?;
        let Axiom { clause: unfolded, justification } = self.read_apart(&apart.compiled, &lemma)?;
        let lemma_tree = solved(&unfolded, &apart.root, 1)?;
        let mut book = apart.book.clone();
        let moves = std::iter::once(Move::Apply).chain(justification.moves).collect();
        let justification = Justification { start: Start::Theorem(next), moves };
        add_rules(&mut book, &apart.compiled, Axiom { clause: unfolded, justification }, &lemma);
        let tree = solved(&clause, &Arc::new(root_of(&book).rest()), 0)?;
        Some(Proved { lemma: Some((lemma, lemma_tree)), tree })
    }

    /// The only clause of a statement; `None` if it has several.
    fn read_apart(&self, compiled: &Compiled, statement: &Formula) -> Option<Axiom> {
        let (_, clauses) = compiled.clone().read_statement(&self.theory, statement)?;
        match &clauses.ok()?[..] {
            [axiom] => Some(axiom.clone()),
            _ => None,
        }
    }

    /// The unfolded form of a law.
    fn lemma_for(&self, compiled: &Compiled, clause: &Clause) -> Option<Formula> {
        let clause = canonical(&unfolded(compiled, clause)?);
        Some(self.reading().named(&compiled.signature.statement(&self.theory, &clause)?))
    }

    /// All laws of the theory, in an order that depends on the theory alone.
    fn quantified_laws(&self) -> Vec<Law> {
        let (theory, signature) = (&self.theory, &self.compiled.signature);
        if !self.options.generate {
            return Vec::new();
        }
        let parameters = &theory.anchor_definition().parameters;
        let limits = self.limits(&Scope::whole(signature), theory.bounds.atoms);
        let free =
            (0..).map(|number| format!("v{number}")).filter(|name| !parameters.iter().any(|used| **used == **name));
        let free: Vec<String> = free.take(4).collect();
        let mut laws = Vec::new();
        for (id, relation) in (0..).map(RelationId).zip(&signature.relations).skip(1) {
            let Some(carrier) = self.carrier_of(relation).filter(|_| limits.offers(id)) else { continue };
            let variables = [0, 1, 2, 3].map(|place: usize| &*free[place]);
            let subject = Subject { theory, id, relation, carrier, variables };
            let constants = signature.constants.iter().filter(|constant| constant.sort == relation.sorts[0]);
            let constants: Vec<&str> = constants.map(|one| &*parameters[one.parameter]).collect();
            subject.laws(&constants, &self.models, &mut laws);
            for other in self.defined_from(id) {
                let relation = &self.compiled.signature.relations[other.index()];
                laws.push(subject.inheritance(other, relation, &self.models));
            }
        }
        laws.truncate(MOST);
        laws
    }

    /// The binary relations between the same individuals that are defined from a relation without definition or axioms of
    /// its own, such as reachability from the edges of a graph.
    fn defined_from(&self, from: RelationId) -> Vec<RelationId> {
        let relations = &self.compiled.signature.relations;
        let relation = &relations[from.index()];
        let is_own = |axiom: &Axiom| {
            let clause = &axiom.clause;
            let mentions = literals(clause).any(|literal| literal.relation == from);
            let elementary = |literal: &Literal| {
                [from, RelationId::EQUAL].contains(&literal.relation) || relations[literal.relation.index()].arity == 1
            };
            let is_membership =
                matches!(&clause.head, Head::Literal(head) if head.positive && head.arguments.len() == 1);
            mentions && literals(clause).all(elementary) && !is_membership
        };
        let is_defined = (0..)
            .map(RelationId)
            .zip(relations)
            .skip(1)
            .any(|(id, other)| id != from && other.arity > 1 && self.dependencies.uses(from, id));
        if relation.function || is_defined || self.compiled.axioms.iter().any(is_own) {
            return Vec::new();
        }
        let defined = (0..).map(RelationId).zip(relations).skip(1).filter(|(id, other)| {
            *id != from && other.inner.is_none() && !other.function && other.sorts == relation.sorts
        });
        defined.map(|(id, _)| id).filter(|id| self.dependencies.uses(*id, from)).collect()
    }

    /// The set that contains the arguments of a binary operation or relation.
    fn carrier_of(&self, relation: &Relation) -> Option<&str> {
        let arity = if relation.function { 3 } else { 2 };
        let sort = relation.sorts.first()?;
        let alike = relation.sorts.iter().all(|other| other == sort) && sort.is_individual();
        if relation.inner.is_some() || relation.arity != arity || !alike {
            return None;
        }
        let sets = self.compiled.signature.relations.iter().skip(1);
        let mut sets = sets.filter(|set| set.inner.is_none() && set.sorts == std::slice::from_ref(sort));
        let fixed = |set: &Relation| match set.slots[..] {
            [Slot::Argument(_), Slot::Fixed(place)] => Some(usize::from(place)),
            _ => None,
        };
        let place = sets.find_map(fixed)?;
        Some(&self.theory.anchor_definition().parameters[place])
    }
}

impl Subject<'_> {
    fn atom(&self, arguments: [&str; 3]) -> String {
        self.atom_of(self.relation, arguments)
    }

    fn atom_of(&self, relation: &Relation, arguments: [&str; 3]) -> String {
        let parameters = &self.theory.anchor_definition().parameters;
        let slots = relation.slots.iter().map(|slot| match slot {
            Slot::Fixed(place) => &*parameters[usize::from(*place)],
            Slot::Argument(place) => arguments[usize::from(*place)],
        });
        let slots: Vec<&str> = slots.collect();
        format!("({}[{}])", self.theory.predicate(relation.predicate).name, slots.join(","))
    }

    /// If this relation is symmetric, so is the other; about something if the other is not always symmetric, as far as
    /// the models show.
    fn inheritance(&self, id: RelationId, other: &Relation, models: &[Model]) -> Law {
        let [x, y, z, w] = self.variables;
        let is_about_something = models.iter().any(|model| {
            let facts = model.facts(id);
            let related: BTreeSet<&[u16]> =
                facts.iter().filter(|(holds, _)| *holds).map(|(_, pair)| &pair[..]).collect();
            related.iter().any(|pair| !related.contains(&[pair[1], pair[0]][..]))
        });
        let given = format!("(>[{z},{w}] {} {})", self.atom([z, w, w]), self.atom([w, z, z]));
        let (there, back) = (self.atom_of(other, [x, y, y]), self.atom_of(other, [y, x, x]));
        Law { text: format!("(>[{x},{y}] (& {given} {there}) {back})"), is_about_something }
    }

    /// `(>[x] (in[x,S]) …)`: the individual `it` acts in this way on `all`.
    fn premise(&self, part: Part, it: &str, all: &str) -> String {
        // A relation has two arguments; the third is ignored.
        let said = match part {
            Part::Neutral(0) => [it, all, all],
            Part::Neutral(_) => [all, it, all],
            Part::Absorbing(0) | Part::Related(0) => [it, all, it],
            Part::Absorbing(_) | Part::Related(_) => [all, it, it],
        };
        format!("(>[{all}] (in[{all},{}]) {})", self.carrier, self.atom(said))
    }

    /// Whether an individual of a model acts in this way, as far as the model's facts show. Models with one individual
    /// are skipped: there it would act in all ways.
    fn is_played(&self, part: Part, models: &[Model]) -> bool {
        models.iter().filter(|model| model.size > 1).any(|model| {
            let facts = model.facts(self.id);
            (0..model.size).any(|it| {
                let own = |at: usize, does: &dyn Fn(&[u16]) -> bool| {
                    let about = || facts.iter().filter(|(_, tuple)| tuple[at] == it);
                    // At the edge of a piece few facts are known, and they may be exceptions.
                    let known = about().count();
                    known > 1
                        && known >= usize::from(model.size) / 4
                        && about().all(|(holds, tuple)| *holds && does(tuple))
                };
                match part {
                    Part::Neutral(at) => own(at, &|tuple| tuple[2] == tuple[1 - at]),
                    Part::Absorbing(at) => own(at, &|tuple| tuple[2] == it),
                    Part::Related(at) => own(at, &|_| true),
                }
            })
        })
    }

    fn laws(&self, constants: &[&str], models: &[Model], laws: &mut Vec<Law>) {
        let (set, [a, b, x, y]) = (self.carrier, self.variables);
        let is_operation = self.relation.function;
        let parts = if is_operation {
            [[Part::Neutral(0), Part::Neutral(1)], [Part::Absorbing(0), Part::Absorbing(1)]]
        } else {
            [[Part::Related(0), Part::Related(0)], [Part::Related(1), Part::Related(1)]]
        };
        let given = format!("(in[{a},{set}]) (in[{b},{set}])");
        for [one, other] in parts {
            let played = [one, other].map(|part| self.is_played(part, models));
            let (first, second) = (self.premise(one, a, x), self.premise(other, b, y));
            laws.push(Law {
                text: format!("(>[{a},{b}] (& {given} {first} {second}) (=[{a},{b}]))"),
                is_about_something: played == [true, true],
            });
            let each = [(one, played[0]), (other, played[1])];
            for (part, is_about_something) in each.into_iter().take(if is_operation { 2 } else { 1 }) {
                let premise = self.premise(part, a, x);
                for constant in constants {
                    let text = format!("(>[{a}] (& (in[{a},{set}]) {premise}) (=[{a},{constant}]))");
                    laws.push(Law { text, is_about_something });
                }
                if let Part::Related(at) = part {
                    let below = self.atom(if at == 0 { [b, a, a] } else { [a, b, a] });
                    let text = format!("(>[{a},{b}] (& (in[{a},{set}]) {premise} {below}) (=[{b},{a}]))");
                    laws.push(Law { text, is_about_something });
                }
            }
        }
        for solved in [[a, x, b], [x, a, b]].into_iter().filter(|_| is_operation) {
            let text = format!("(>[{a},{b}] (& {given}) (exists[{x}] (in[{x},{set}]) {}))", self.atom(solved));
            laws.push(Law { text, is_about_something: true });
        }
    }
}
