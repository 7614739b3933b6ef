//! From formulas to flat clauses, by ∀→ and ∧ elimination.
//!
//! A compound formula (a ∀→, a disjunction, a negated conjunction) in the place of a literal becomes a relation over
//! its free variables. Two groups of clauses define that relation: consequences of the formula, and consequences of its
//! negation. So blocks and finite models handle literals only, and no part of a theory is lost; proofs show the formula
//! itself.

use std::sync::Arc;

use crate::calculus::formula::{Binders, Formula, Name, PredicateId, Variable};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;
use crate::clauses::clause::{Clause, Head, Literal, Relation, RelationId, Slot, Term};

use super::{Axiom, Compiled, Justification, Move, NodeId, Skipped, Start};

/// A clause under construction.
struct Flattening {
    variables: u16,
    /// The sorts of the anchor's parameters, then of the variables.
    sorts: Vec<Sort>,
    premises: Vec<Literal>,
    moves: Vec<Move>,
    parameters: u32,
    whole: Formula,
    /// The sorts of the statement, substituted for the theory's.
    instance: SortInstance,
    /// Whether the clause is to be proved. A compound conclusion that is not an ∃ then stays whole, and the block
    /// assumes its negation.
    is_goal: bool,
}

impl Flattening {
    /// An empty clause of `whole`.
    fn of(compiled: &Compiled, whole: &Formula, instance: SortInstance) -> Flattening {
        Flattening {
            variables: 0,
            sorts: compiled.anchor_sorts.clone(),
            premises: Vec::new(),
            moves: Vec::new(),
            parameters: compiled.anchor_sorts.len() as u32,
            whole: whole.clone(),
            instance,
            is_goal: false,
        }
    }

    /// An empty clause about the arguments of a relation, which are the first variables.
    fn about(compiled: &Compiled, relation: &Relation, whole: &Formula) -> Flattening {
        let mut flat = Flattening::of(compiled, whole, SortInstance::default());
        flat.variables = relation.arity as u16;
        flat.sorts.extend(relation.sorts.iter().cloned());
        flat
    }

    /// Adds this premise, to which these moves apply.
    fn with(mut self, premise: Literal, moves: &[Move]) -> Flattening {
        self.premises.push(premise);
        self.moves.extend(moves);
        self
    }

    fn fresh(&mut self, binders: &Binders) -> Vec<Name> {
        let first = self.parameters + u32::from(self.variables);
        self.variables += binders.len() as u16;
        self.sorts.extend(binders.sorts().cloned());
        (first..first + binders.len() as u32).map(Name).collect()
    }

    fn mark(&self) -> (u16, usize, usize) {
        (self.variables, self.premises.len(), self.moves.len())
    }

    fn restore(&mut self, (variables, premises, moves): (u16, usize, usize)) {
        self.variables = variables;
        self.sorts.truncate(self.parameters as usize + usize::from(variables));
        self.premises.truncate(premises);
        self.moves.truncate(moves);
    }
}

impl Compiled {
    /// Adds the clauses of a formula that holds under the anchor.
    pub(super) fn clauses_of(&mut self, theory: &Theory, formula: &Formula, start: Start) {
        let mut flat = Flattening::of(self, formula, SortInstance::default());
        self.flatten(theory, formula, &mut flat, start);
    }

    /// Adds the clauses of a statement's part after the anchor.
    pub(super) fn goal_clauses(&mut self, theory: &Theory, body: &Formula, instance: SortInstance) {
        let mut flat = Flattening { is_goal: true, ..Flattening::of(self, body, instance) };
        self.flatten(theory, body, &mut flat, Start::Node(NodeId(0)));
    }

    /// Adds the clauses that unfold and fold a defined relation.
    pub(super) fn definition_clauses_of(&mut self, theory: &Theory, id: RelationId, body: &Formula) {
        let relation = self.signature.relations[id.index()].clone();
        let arguments = (0..relation.arity as u16).map(Term::Variable).collect();
        let atom = Literal { positive: true, relation: id, arguments };
        let mut flat = Flattening::about(self, &relation, body).with(atom.clone(), &[Move::Unfold]);
        self.flatten(theory, body, &mut flat, Start::Premise(id));
        let mut flat = Flattening::about(self, &relation, body);
        match self.premise(theory, body, &mut flat, true) {
            Ok(()) => self.finish(&flat, Head::Literal(atom), Start::Fold(id)),
            Err(reason) => self.skipped.push(Skipped { formula: body.clone(), reason }),
        }
    }

    /// Adds the clauses of a formula.
    fn flatten(&mut self, theory: &Theory, formula: &Formula, flat: &mut Flattening, start: Start) {
        let before = flat.mark();
        match formula {
            Formula::Implies(binders, premise, conclusion) => {
                let names = flat.fresh(binders);
                self.step(theory, Move::Apply, &premise.open(&names), &conclusion.open(&names), flat, start);
            }
            Formula::And(left, right) => {
                for (part, step) in [(left, Move::Left), (right, Move::Right)] {
                    let inner = flat.mark();
                    flat.moves.push(step);
                    self.flatten(theory, part, flat, start);
                    flat.restore(inner);
                }
            }
            Formula::Atom(predicate, arguments) => {
                let literal = self.literal(theory, true, *predicate, arguments, flat);
                self.finish(flat, Head::Literal(literal), start);
            }
            Formula::Not(inner) => self.flatten_denial(theory, formula, inner, flat, start),
        }
        flat.restore(before);
    }

    /// Adds the clauses of `formula`, which is `¬ inner`.
    fn flatten_denial(
        &mut self,
        theory: &Theory,
        formula: &Formula,
        inner: &Arc<Formula>,
        flat: &mut Flattening,
        start: Start,
    ) {
        if let Some((binders, left, right)) = formula.as_exists() {
            let mark = flat.mark();
            let names = flat.fresh(binders);
            let kept = flat.premises.len();
            let parts = Formula::and(left.open(&names), right.open(&names));
            let outcome = self.premise(theory, &parts, flat, false);
            let literals = flat.premises.split_off(kept);
            flat.variables = mark.0;
            match outcome {
                Ok(()) => self.finish(flat, Head::Exists(binders.len() as u16, literals), start),
                Err(reason) => self.skipped.push(Skipped { formula: flat.whole.clone(), reason }),
            }
            return;
        }
        match &**inner {
            Formula::Atom(predicate, arguments) => {
                let literal = self.literal(theory, false, *predicate, arguments, flat);
                self.finish(flat, Head::Literal(literal), start);
            }
            compound if flat.is_goal => match self.compound(false, compound, flat) {
                Ok(literal) => self.finish(flat, Head::Literal(literal), start),
                Err(reason) => self.skipped.push(Skipped { formula: flat.whole.clone(), reason }),
            },
            Formula::Not(affirmed) => {
                flat.moves.push(Move::Affirm);
                self.flatten(theory, affirmed, flat, start);
            }
            Formula::And(left, right) => {
                self.step(theory, Move::Refute, left, &Formula::negate((**right).clone()), flat, start);
            }
            Formula::Implies(..) => {
                flat.moves.push(Move::Dualise);
                self.flatten(theory, &dual(inner), flat, start);
            }
        }
    }

    /// Continues with `conclusion` after a move that discharges `premise`.
    fn step(
        &mut self,
        theory: &Theory,
        action: Move,
        premise: &Formula,
        conclusion: &Formula,
        flat: &mut Flattening,
        start: Start,
    ) {
        flat.moves.push(action);
        match self.premise(theory, premise, flat, true) {
            Ok(()) => self.flatten(theory, conclusion, flat, start),
            Err(reason) => self.skipped.push(Skipped { formula: flat.whole.clone(), reason }),
        }
    }

    fn finish(&mut self, flat: &Flattening, head: Head, start: Start) {
        let clause = Clause { variables: flat.variables, premises: flat.premises.clone(), head };
        // A clause does not record the sorts of its variables: positions must determine them.
        let sorts = self.signature.variable_sorts(&clause);
        let own = &flat.sorts[flat.parameters as usize..];
        let fits = |(number, (sort, own)): (usize, (&Sort, &Sort))| {
            flat.instance.apply(sort) == *own
                || (flat.is_goal && number < usize::from(clause.variables) && !clause.mentions(number as u16))
        };
        if !sorts.iter().zip(own).enumerate().all(fits) {
            let reason = "a variable stands at no place that shows its sort";
            return self.skipped.push(Skipped { formula: flat.whole.clone(), reason });
        }
        // An axiom stated twice, as where two structures share a function, is one axiom.
        let is_axiom = |start| matches!(start, Start::Node(_));
        let is_stated = |axiom: &Axiom| is_axiom(axiom.justification.start) && axiom.clause == clause;
        if is_axiom(start) && !flat.is_goal && self.axioms.iter().any(is_stated) {
            return;
        }
        self.axioms.push(Axiom { clause, justification: Justification { start, moves: flat.moves.clone() } });
    }

    /// Adds the literals of a premise, in the order in which [`crate::proofs::reconstruction`] proves them. `exists`:
    /// whether an ∃ is replaced by its matrix with new variables as witnesses.
    fn premise(
        &mut self,
        theory: &Theory,
        formula: &Formula,
        flat: &mut Flattening,
        exists: bool,
    ) -> Result<(), &'static str> {
        let literal = match formula {
            Formula::And(left, right) => {
                self.premise(theory, left, flat, exists)?;
                return self.premise(theory, right, flat, exists);
            }
            Formula::Atom(predicate, arguments) => self.literal(theory, true, *predicate, arguments, flat),
            Formula::Implies(..) => self.compound(true, formula, flat)?,
            Formula::Not(inner) => match (&**inner, formula.as_exists().filter(|_| exists)) {
                (_, Some((binders, left, right))) => {
                    let names = flat.fresh(binders);
                    self.premise(theory, &left.open(&names), flat, exists)?;
                    return self.premise(theory, &right.open(&names), flat, exists);
                }
                (Formula::Atom(predicate, arguments), None) => self.literal(theory, false, *predicate, arguments, flat),
                (compound, None) => self.compound(false, compound, flat)?,
            },
        };
        flat.premises.push(literal);
        Ok(())
    }

    /// The literal that names a compound formula or its negation.
    fn compound(&mut self, positive: bool, formula: &Formula, flat: &Flattening) -> Result<Literal, &'static str> {
        if !flat.instance.is_identity() {
            return Err("a part is compound, and sorts of the theory coincide in the statement");
        }
        let mut names: Vec<Name> = Vec::new();
        formula.for_each_free(&mut |name| {
            if name.0 >= flat.parameters && !names.contains(&name) {
                names.push(name);
            }
        });
        let place = |name: Name| names.iter().position(|known| *known == name);
        let inner = formula.substitute(&mut |name| match place(name) {
            Some(place) => Name(Relation::ARGUMENTS + place as u32),
            None => name,
        });
        let sorts: Vec<Sort> = names.iter().map(|name| flat.sorts[name.0 as usize].clone()).collect();
        let arguments = names.iter().map(|name| Term::Variable((name.0 - flat.parameters) as u16)).collect();
        let known = self
            .signature
            .relations
            .iter()
            .position(|relation| relation.inner.as_deref() == Some(&inner) && relation.sorts == sorts);
        let place = known.unwrap_or_else(|| {
            self.signature.relations.push(Relation {
                predicate: Relation::COMPOUND,
                inner: Some(Arc::new(inner)),
                slots: Vec::new(),
                arity: names.len(),
                sorts,
                function: false,
            });
            self.signature.relations.len() - 1
        });
        Ok(Literal { positive, relation: RelationId(place as u16), arguments })
    }

    /// Adds the clauses that define a compound formula and its negation.
    pub(super) fn compound_clauses(&mut self, theory: &Theory, id: RelationId, formula: &Formula) {
        let relation = self.signature.relations[id.index()].clone();
        let parameters = self.anchor_sorts.len() as u32;
        let formula = formula.substitute(&mut |name| match name.0.checked_sub(Relation::ARGUMENTS) {
            Some(place) => Name(parameters + place),
            None => name,
        });
        for positive in [true, false] {
            let arguments = (0..relation.arity as u16).map(Term::Variable).collect();
            let says = if positive { formula.clone() } else { Formula::negate(formula.clone()) };
            let mut flat = Flattening::about(self, &relation, &says);
            flat = flat.with(Literal { positive, relation: id, arguments }, &[]);
            self.flatten(theory, &says, &mut flat, Start::Premise(id));
        }
    }

    fn literal(
        &mut self,
        theory: &Theory,
        positive: bool,
        predicate: PredicateId,
        arguments: &[Variable],
        flat: &Flattening,
    ) -> Literal {
        let general = theory.predicate(predicate).general_sorts(predicate);
        let mut slots = Vec::with_capacity(arguments.len());
        let mut terms = Vec::new();
        let mut own = Vec::new();
        let mut fixed = SortInstance::default();
        for (place, argument) in arguments.iter().enumerate() {
            let Variable::Free(name) = argument else { unreachable!("opened before") };
            let individual = predicate == PredicateId::EQUAL || general[place].is_individual();
            let parameter = name.0 < flat.parameters;
            // A set or relation parameter of the theory yields a relation of its own. Any other set is an argument, for
            // which the theory's may then be substituted.
            self.with_sets |= !individual && !parameter;
            if !individual && parameter {
                fixed.fit(&general[place], &flat.sorts[name.0 as usize]);
                slots.push(Slot::Fixed(name.0 as u16));
                continue;
            }
            slots.push(Slot::Argument(terms.len() as u16));
            own.push((place, *name));
            terms.push(match name.0.checked_sub(flat.parameters) {
                Some(number) => Term::Variable(number as u16),
                None => Term::Constant(self.constants.get(&(name.0 as usize)).copied().unwrap_or_else(|| {
                    // This set becomes a constant in the next attempt; the present one is discarded.
                    self.with_sets = true;
                    0
                })),
            });
        }
        // Fixed set and relation parameters determine the sorts of the arguments; only where they do not, the
        // arguments' own sorts count. So a goal in which sorts of the theory coincide still uses the theory's
        // relations.
        let mut sorts = Vec::new();
        if predicate != PredicateId::EQUAL {
            for (place, name) in own {
                fixed.fit(&general[place], &flat.sorts[name.0 as usize]);
                sorts.push(fixed.apply(&general[place]));
            }
        }
        Literal { positive, relation: self.relation(predicate, slots, sorts), arguments: terms }
    }

    pub(super) fn relation(&mut self, predicate: PredicateId, slots: Vec<Slot>, sorts: Vec<Sort>) -> RelationId {
        let key = (predicate, slots, sorts);
        if let Some(id) = self.places.get(&key) {
            return *id;
        }
        let id = RelationId(self.signature.relations.len() as u16);
        let arity = key.1.iter().filter(|slot| matches!(slot, Slot::Argument(_))).count();
        self.signature.relations.push(Relation {
            predicate: key.0,
            inner: None,
            slots: key.1.clone(),
            arity,
            sorts: key.2.clone(),
            function: false,
        });
        self.places.insert(key, id);
        id
    }
}

/// The dual of the negation of `inner = ∀x (A → C)`: `∃x (A ∧ ¬C)`, or `A ∧ ¬C` where nothing is quantified.
///
/// # Panics
/// If the formula does not have that form.
#[must_use]
pub fn dual(inner: &Formula) -> Formula {
    let Formula::Implies(binders, premise, conclusion) = inner else { unreachable!("a ∀→") };
    let denied = Formula::negate((**conclusion).clone());
    if binders.is_empty() {
        return Formula::and((**premise).clone(), denied);
    }
    Formula::negate(Formula::Implies(binders.clone(), premise.clone(), Arc::new(Formula::negate(denied))))
}
