//! Textbook laws with a nested quantifier: uniqueness of neutral and least elements, solvability of equations.
//!
//! A quantified premise is not a literal. As an ordinary conjecture such a law would need a new relation for it in
//! every block and model. These laws are therefore attempted last, each in a block of its own, and only the proved ones
//! are listed.

use std::sync::Arc;

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::Theory;
use crate::clauses::clause::{Relation, RelationId, Slot};
use crate::clauses::compile::Compiled;
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
use super::learn::{add_theorem, root_of};
use super::scope::Scope;

/// The most laws attempted.
const MOST: usize = 64;
/// The most theorems in a block, all of them textbook laws.
const KNOWN: usize = 12;

/// The laws of this kind that were proved.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Quantified {
    /// The index of the first of them among the conjectures.
    pub(crate) begin: usize,
    /// Their numbers among the laws of the theory.
    pub(crate) proved: Vec<u16>,
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
        let Some((compiled, root)) = self.with_names_for(&statements, &known) else { return true };
        let mut proved = Vec::new();
        for (number, statement) in laws {
            if !go_on() {
                return false;
            }
            if let Ok(Some(tree)) = kept_apart(|| self.try_apart(&compiled, &root, &statement)) {
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
            self.enter_quantified(statement.clone());
            let proof = kept_apart(|| extract(&self.theory, &compiled, &self.statements, &statement, &tree));
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
            if let Some(statement) = laws.get(usize::from(*number)).and_then(|law| self.quantified_law(&law.text)) {
                self.enter_quantified(statement);
            }
        }
        self.quantified = Some(quantified.clone());
    }

    fn enter_quantified(&mut self, statement: Formula) {
        let mut conjecture = Conjecture::new(Origin::Generated, None, Vec::new(), statement);
        conjecture.textbook = true;
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
        let apart = self.with_names_for(&[statement], known);
        apart.is_some_and(|(compiled, root)| self.try_apart(&compiled, &root, statement).is_some())
    }

    /// The theory compiled with relations for the quantified formulas of these statements, and a root block with its
    /// axioms and the theorems `known`.
    fn with_names_for(&self, laws: &[&Formula], known: &[TheoremId]) -> Option<(Arc<Compiled>, Arc<Snapshot>)> {
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
        Some((Arc::new(compiled), root))
    }

    fn try_apart(&self, compiled: &Arc<Compiled>, root: &Arc<Snapshot>, statement: &Formula) -> Option<Arc<Tree>> {
        let (_, clauses) = (**compiled).clone().read_statement(&self.theory, statement)?;
        let clauses = clauses.ok()?;
        let [axiom] = &clauses[..] else { return None };
        let effort = Effort { nesting: 0, ..Effort::USUAL };
        match solve(LogicBlock::new(compiled.clone(), root.clone(), Sequent::of(&axiom.clause), effort)).0 {
            Verdict::Proved(tree) => Some(tree),
            Verdict::Open(_) => None,
        }
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
        }
        laws.truncate(MOST);
        laws
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
        let parameters = &self.theory.anchor_definition().parameters;
        let slots = self.relation.slots.iter().map(|slot| match slot {
            Slot::Fixed(place) => &*parameters[usize::from(*place)],
            Slot::Argument(place) => arguments[usize::from(*place)],
        });
        let slots: Vec<&str> = slots.collect();
        format!("({}[{}])", self.theory.predicate(self.relation.predicate).name, slots.join(","))
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
