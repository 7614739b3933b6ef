//! Compiles a theory to the input of logic blocks: relations, clauses, functions, inductions.
//!
//! Each clause keeps its [`Justification`]: the path of elimination rules from the anchor, a definition or a theorem to
//! the clause. Where a block used the clause, [`crate::proofs::reconstruction`] follows that path and emits its steps.

pub mod flatten;
mod recognise;
mod views;

use std::collections::{BTreeSet, HashMap};

use crate::calculus::formula::{Formula, Name, PredicateId, Variable};
use crate::calculus::proof::TheoremId;
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;
use crate::clauses::clause::{Clause, Constant, Head, Literal, Relation, RelationId, Signature, Slot, Term};

/// A formula that holds under the anchor, by its index in [`Compiled::nodes`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// A formula derived from the anchor by unfolding and ∧ elimination. The first node is the anchor's atom. Free variable
/// `Name(i)` is parameter `i` of the anchor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// The parent node and the move from it; `None` for the anchor's atom.
    pub origin: Option<(NodeId, Move)>,
    /// The formula.
    pub formula: Formula,
}

/// One elimination on the path to a clause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    /// Unfold a defined atom.
    Unfold,
    /// The left part of a conjunction.
    Left,
    /// The right part of a conjunction.
    Right,
    /// Instantiate a ∀→ and discharge its premise.
    Apply,
    /// From `¬(A ∧ B)` and `A` to `¬B`.
    Refute,
    /// From `¬¬A` to `A`.
    Affirm,
    /// From `¬∀x (A → B)` to `∃x (A ∧ ¬B)`, see [`flatten::dual`].
    Dualise,
}

/// Where the path to a clause starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// At a formula that holds under the anchor.
    Node(NodeId),
    /// At a theorem; its first [`Move::Apply`] discharges the anchor.
    Theorem(TheoremId),
    /// At the clause's only premise, which states the same as its head: both are views of one formula.
    Same,
    /// At the clause's only premise `x ≠ y`; it gives `y ≠ x`.
    Swapped,
    /// At the clause's first premise: the atom of a defined relation, which is then unfolded, or a compound formula or
    /// its negation.
    Premise(RelationId),
    /// At the body of the relation's definition, which is proved from the premises and folded.
    Fold(RelationId),
    /// At an assumption of a block, by its number in that block's lineage.
    Hypothesis(u32),
}

/// The path from known formulas to an instance of a clause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Justification {
    /// Its start.
    pub start: Start,
    /// The eliminations, in order.
    pub moves: Vec<Move>,
}

/// A clause with its justification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axiom {
    /// The clause. Its variables are numbered in the order in which the path binds them.
    pub clause: Clause,
    /// Why it holds.
    pub justification: Justification,
}

/// A relation that the theory proves total and functional in its last argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// The relation.
    pub relation: RelationId,
    /// For each input the set (a unary relation) that it must lie in, if any.
    pub domain: Vec<Option<RelationId>>,
    /// The axiom `inputs in domain → ∃ value`.
    pub totality: usize,
    /// The axiom `f(x)=y, f(x)=z → y=z`.
    pub functionality: usize,
    /// For each input with a domain, the axiom `f(x)=y → x in domain`.
    pub typing: Vec<Option<usize>>,
    /// Whether it is a constructor of a generated set.
    pub constructor: bool,
}

/// An induction principle that applies under the anchor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InductionInstance {
    /// Its number in the theory.
    pub principle: u32,
    /// The node that holds the structure's atom.
    pub node: NodeId,
    /// The generated set, as a unary relation.
    pub set: RelationId,
    /// The constructors, in the principle's order.
    pub constructors: Vec<ConstructorInstance>,
}

/// The constructors of a set all of whose elements lie on chains from a single one.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'i> {
    /// The constant.
    pub constant: u16,
    /// The only other constructor.
    pub constructor: RelationId,
    /// For each of its inputs the set, and whether it is recursive; exactly one is.
    pub inputs: &'i [(RelationId, bool)],
}

impl InductionInstance {
    /// The constructors if they are a constant and one function with exactly one recursive input.
    #[must_use]
    pub fn as_chain(&self) -> Option<Chain<'_>> {
        let mut constant = None;
        let mut function = None;
        for constructor in &self.constructors {
            let known = match constructor {
                ConstructorInstance::Constant(one) => constant.replace(*one).is_some(),
                ConstructorInstance::Function(relation, inputs) => {
                    let recursive = inputs.iter().filter(|(_, recursive)| *recursive).count();
                    function.replace((*relation, &inputs[..])).is_some() || recursive != 1
                }
            };
            if known {
                return None;
            }
        }
        let (constructor, inputs) = function?;
        Some(Chain { constant: constant?, constructor, inputs })
    }
}

/// A constructor under the anchor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConstructorInstance {
    /// A constant of the signature.
    Constant(u16),
    /// A function; for each input its set, and whether it is recursive.
    Function(RelationId, Vec<(RelationId, bool)>),
}

/// A part of the theory that could not be compiled to clauses, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// The formula, over the anchor's parameters.
    pub formula: Formula,
    /// Why it was skipped.
    pub reason: &'static str,
}

/// The compiled theory.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Relations and constants.
    pub signature: Signature,
    /// Formulas that hold under the anchor.
    pub nodes: Vec<Node>,
    /// Clauses that hold under the anchor.
    pub axioms: Vec<Axiom>,
    /// Relations that are graphs of functions.
    pub functions: Vec<Function>,
    /// Induction principles that apply.
    pub inductions: Vec<InductionInstance>,
    /// Parts of the theory that were left out.
    pub skipped: Vec<Skipped>,
    /// For each function defined by recursion, the inputs on which it recurs.
    pub recursive_inputs: HashMap<RelationId, Vec<usize>>,
    /// The functions and relations that are defined by recursion from two steps before, as half(s(s(x))) = s(half(x)) is,
    /// or by each other, as "even" and "odd" are.
    pub by_two_steps: BTreeSet<RelationId>,
    /// Whether set and relation parameters of the anchor become constants: needed if one of them occurs at a position
    /// where others may occur too.
    with_sets: bool,
    /// The sorts of the anchor's parameters.
    anchor_sorts: Vec<Sort>,
    /// Relations by predicate, slots, and sorts of the arguments.
    places: HashMap<(PredicateId, Vec<Slot>, Vec<Sort>), RelationId>,
    constants: HashMap<usize, u16>,
}

impl Compiled {
    /// Compiles a theory, with the relations that occur in the goals.
    #[must_use]
    pub fn new(theory: &Theory, goals: &[&Formula]) -> Compiled {
        let mut compiled = Compiled::attempt(theory, goals, false);
        if compiled.with_sets {
            compiled = Compiled::attempt(theory, goals, true);
        }
        compiled.recognise_functions();
        compiled.recognise_inductions(theory);
        compiled.recognise_recursions();
        compiled.recognise_recursions_by_two();
        compiled
    }

    fn attempt(theory: &Theory, goals: &[&Formula], with_sets: bool) -> Compiled {
        let mut compiled = Compiled {
            signature: Signature::default(),
            nodes: Vec::new(),
            axioms: Vec::new(),
            functions: Vec::new(),
            inductions: Vec::new(),
            skipped: Vec::new(),
            recursive_inputs: HashMap::new(),
            by_two_steps: BTreeSet::new(),
            with_sets,
            anchor_sorts: theory.predicate(theory.anchor).sorts.clone(),
            places: HashMap::new(),
            constants: HashMap::new(),
        };
        let sorts = compiled.anchor_sorts.clone();
        compiled.relation(PredicateId::EQUAL, vec![Slot::Argument(0), Slot::Argument(1)], Vec::new());
        let anchor = theory.anchor_definition();
        // Individuals first, so that their numbers do not depend on `with_sets`.
        for individuals in [true, false] {
            for (place, name) in anchor.parameters.iter().enumerate() {
                if sorts[place].is_individual() != individuals || !(individuals || with_sets) {
                    continue;
                }
                compiled.constants.insert(place, compiled.signature.constants.len() as u16);
                compiled.signature.constants.push(Constant {
                    parameter: place,
                    name: name.clone(),
                    sort: sorts[place].clone(),
                });
            }
        }
        let parameters = (0..anchor.parameters.len() as u32).map(Name);
        compiled.nodes.push(Node { origin: None, formula: Formula::atom(theory.anchor, parameters) });
        compiled.expand_nodes(theory);
        for goal in goals {
            compiled.statement_clauses(theory, goal);
        }
        compiled.definition_clauses(theory);
        compiled.nullary_facts();
        compiled
    }

    /// Unfolds the anchor down to formulas that are neither conjunctions nor defined atoms over sets alone, and
    /// compiles these to clauses.
    fn expand_nodes(&mut self, theory: &Theory) {
        let mut next = 0;
        while next < self.nodes.len() {
            let id = NodeId(next as u32);
            next += 1;
            match self.nodes[id.0 as usize].formula.clone() {
                Formula::And(left, right) => {
                    self.nodes.push(Node { origin: Some((id, Move::Left)), formula: (*left).clone() });
                    self.nodes.push(Node { origin: Some((id, Move::Right)), formula: (*right).clone() });
                }
                Formula::Atom(predicate, arguments)
                    if id.0 == 0
                        || (theory.predicate(predicate).definition.is_some() && self.over_sets(theory, predicate)) =>
                {
                    let names: Vec<Name> = arguments
                        .iter()
                        .filter_map(|argument| match argument {
                            Variable::Free(name) => Some(*name),
                            Variable::Bound(_) => None,
                        })
                        .collect();
                    let sorts = &self.anchor_sorts;
                    let formula = theory.predicate(predicate).unfold(&names, &|name| &sorts[name.0 as usize]);
                    let formula = formula.expect("a defined predicate, with sorts that fit");
                    self.nodes.push(Node { origin: Some((id, Move::Unfold)), formula });
                }
                // The atom that a set is generated serves induction; it yields no clause.
                Formula::Atom(predicate, _) if theory.generation(predicate).is_some() => {}
                formula => self.clauses_of(theory, &formula, Start::Node(id)),
            }
        }
    }

    /// Whether to unfold a defined atom in place: if none of its arguments can be a varying individual, or it states a
    /// structure.
    fn over_sets(&self, theory: &Theory, predicate: PredicateId) -> bool {
        let sorts = &theory.predicate(predicate).sorts;
        let structure = theory.inductions.iter().any(|induction| induction.structure == predicate);
        structure
            || sorts.iter().any(|sort| matches!(sort, Sort::Power(_)))
                && !sorts.iter().any(|sort| matches!(sort, Sort::Individual(_)))
            || theory
                .predicate(predicate)
                .definition
                .as_ref()
                .is_some_and(|definition| is_structure(theory, &definition.body))
    }

    /// Registers the relations of a goal.
    fn statement_clauses(&mut self, theory: &Theory, goal: &Formula) {
        // Called for its effect of registering relations; users read the clauses again.
        let _ = self.read_statement(theory, goal);
    }

    /// Adds the defining clauses of every defined relation and compound formula, in both directions, until no new
    /// relation appears.
    fn definition_clauses(&mut self, theory: &Theory) {
        let mut next = 0;
        while next < self.signature.relations.len() {
            let id = RelationId(next as u16);
            next += 1;
            let relation = self.signature.relations[id.index()].clone();
            if let Some(formula) = &relation.inner {
                self.compound_clauses(theory, id, formula);
                continue;
            }
            if theory.predicate(relation.predicate).definition.is_none() || self.is_axiom(&relation) {
                continue;
            }
            let parameters = theory.anchor_definition().parameters.len() as u32;
            let names: Vec<Name> = relation
                .slots
                .iter()
                .map(|slot| match slot {
                    Slot::Fixed(place) => Name(u32::from(*place)),
                    Slot::Argument(place) => Name(parameters + u32::from(*place)),
                })
                .collect();
            let sorts: Vec<Sort> = self.anchor_sorts.iter().chain(&relation.sorts).cloned().collect();
            let body = theory.predicate(relation.predicate).unfold(&names, &|name| &sorts[name.0 as usize]);
            let body = body.expect("a defined predicate, with sorts that fit");
            self.definition_clauses_of(theory, id, &body);
        }
    }

    /// Whether the relation has no arguments and is an atom that the anchor states.
    fn is_axiom(&self, relation: &Relation) -> bool {
        let fixed = |slot: &Slot| match slot {
            Slot::Fixed(place) => Some(Name(u32::from(*place))),
            Slot::Argument(_) => None,
        };
        let Some(names) = relation.slots.iter().map(fixed).collect::<Option<Vec<Name>>>() else { return false };
        let atom = Formula::atom(relation.predicate, names);
        self.nodes.iter().any(|node| node.formula == atom)
    }

    /// Adds facts for the defined atoms over sets that occur in clauses and that the anchor states.
    fn nullary_facts(&mut self) {
        for (place, node) in self.nodes.iter().enumerate() {
            let Formula::Atom(predicate, arguments) = &node.formula else { continue };
            let slots = arguments.iter().map(|argument| match argument {
                Variable::Free(name) => Slot::Fixed(name.0 as u16),
                Variable::Bound(_) => Slot::Argument(0),
            });
            let Some(relation) = self.places.get(&(*predicate, slots.collect(), Vec::new())) else { continue };
            let literal = Literal { positive: true, relation: *relation, arguments: Vec::new() };
            self.axioms.push(Axiom {
                clause: Clause { variables: 0, premises: Vec::new(), head: Head::Literal(literal) },
                justification: Justification { start: Start::Node(NodeId(place as u32)), moves: Vec::new() },
            });
        }
    }

    /// Whether a closed statement is as general in its sorts as the theory.
    #[must_use]
    pub fn is_general(&self, statement: &Formula) -> bool {
        matches!(statement, Formula::Implies(binders, ..) if binders.sorts().eq(&self.anchor_sorts))
    }

    /// Whether sets or relations occur as terms in a clause, which then needs the axioms of [`Compiled::views`].
    #[must_use]
    pub fn speaks_of_sets(&self, clause: &Clause) -> bool {
        let heads: &[Literal] = match &clause.head {
            Head::False => &[],
            Head::Literal(literal) => std::slice::from_ref(literal),
            Head::Exists(_, literals) => literals,
        };
        let set = |term: &Term| match term {
            Term::Constant(constant) => !self.signature.constants[usize::from(*constant)].sort.is_individual(),
            Term::Variable(_) => false,
        };
        let speaks = |literal: &Literal| {
            let sorts = &self.signature.relations[literal.relation.index()].sorts;
            sorts.iter().any(|sort| !sort.is_individual()) || literal.arguments.iter().any(set)
        };
        clause.premises.iter().chain(heads).any(speaks)
            || !self.signature.variable_sorts(clause).iter().all(Sort::is_individual)
    }

    /// The clauses of a closed statement `∀ anchor parameters (anchor → …)`, with the moves from the part after the
    /// anchor; `None` if it does not have that form. The second component is `Err` if part of the statement cannot be a
    /// clause.
    pub fn read_statement(
        &mut self,
        theory: &Theory,
        statement: &Formula,
    ) -> Option<(Formula, Result<Vec<Axiom>, &'static str>)> {
        let body = behind_anchor(theory, statement)?;
        let Formula::Implies(binders, ..) = statement else { return None };
        let mut instance = SortInstance::default();
        if !instance.fit_all(&self.anchor_sorts, binders.sorts()) {
            return None;
        }
        let kept = (self.axioms.len(), self.skipped.len());
        self.goal_clauses(theory, &body, instance);
        let clauses = self.axioms.split_off(kept.0);
        let skipped = self.skipped.split_off(kept.1);
        let clauses = match skipped.first() {
            Some(skipped) => Err(skipped.reason),
            None => Ok(clauses),
        };
        Some((body, clauses))
    }
}

/// The part of a closed statement after `∀ parameters (anchor → …)`, with parameter `i` of the anchor as `Name(i)`;
/// `None` if the statement does not have that form.
#[must_use]
pub fn behind_anchor(theory: &Theory, statement: &Formula) -> Option<Formula> {
    let Formula::Implies(binders, premise, conclusion) = statement else { return None };
    let count = theory.anchor_definition().parameters.len();
    let names: Vec<Name> = (0..count as u32).map(Name).collect();
    let fits = binders.len() == count && premise.open(&names) == Formula::atom(theory.anchor, names.iter().copied());
    fits.then(|| conclusion.open(&names))
}

/// Whether a definition body contains axioms (∀→ in a conjunction) or structures, and not only facts about individuals.
fn is_structure(theory: &Theory, body: &Formula) -> bool {
    match body {
        Formula::And(left, right) => is_structure(theory, left) || is_structure(theory, right),
        Formula::Implies(..) => true,
        Formula::Atom(predicate, _) => {
            let definition = theory.predicate(*predicate).definition.as_ref();
            definition.is_some_and(|definition| is_structure(theory, &definition.body))
        }
        Formula::Not(_) => false,
    }
}
