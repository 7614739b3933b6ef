//! Recognises functions, inductions and recursions from the clauses of a theory.

use std::collections::BTreeSet;

use crate::calculus::formula::{Formula, PredicateId, Variable};
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Induction, Theory};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Slot, Term};

use super::{Compiled, ConstructorInstance, Function, InductionInstance, NodeId};

impl Compiled {
    pub(super) fn recognise_functions(&mut self) {
        for id in 1..self.signature.relations.len() {
            let relation = RelationId(id as u16);
            let arity = self.signature.relations[id].arity;
            if arity < 2 || self.signature.relations[id].inner.is_some() {
                continue;
            }
            if let Some(function) = self.recognise_function(relation, arity - 1) {
                self.signature.relations[id].function = true;
                self.functions.push(function);
            }
        }
    }

    fn recognise_function(&self, relation: RelationId, inputs: usize) -> Option<Function> {
        let totality = self.axioms.iter().position(|axiom| {
            let Head::Exists(1, literals) = &axiom.clause.head else { return false };
            let value = Term::Variable(axiom.clause.variables);
            literals.iter().any(|literal| {
                literal.positive
                    && literal.relation == relation
                    && literal.arguments[inputs] == value
                    && distinct_variables(&literal.arguments[..inputs])
                    && axiom.clause.premises.iter().all(|premise| is_guard(premise, &literal.arguments[..inputs]))
                    && literals.iter().all(|other| {
                        other == literal
                            || (other.positive && other.arguments == [value] && other.relation != RelationId::EQUAL)
                    })
            })
        })?;
        let functionality = self.axioms.iter().position(|axiom| {
            let Head::Literal(Literal { positive: true, relation: RelationId::EQUAL, arguments: sides }) =
                &axiom.clause.head
            else {
                return false;
            };
            let rows: Vec<_> = axiom.clause.premises.iter().filter(|premise| premise.relation == relation).collect();
            let [one, other] = rows[..] else { return false };
            one.positive
                && other.positive
                && one.arguments[..inputs] == other.arguments[..inputs]
                && distinct_variables(&one.arguments[..inputs])
                && sides[..] == [one.arguments[inputs], other.arguments[inputs]]
                && sides[0] != sides[1]
                && axiom
                    .clause
                    .premises
                    .iter()
                    .all(|premise| premise.relation == relation || is_guard(premise, &one.arguments[..inputs]))
        })?;
        let guard = |axiom: usize, inputs_at: &[Term], input: usize| {
            self.axioms[axiom]
                .clause
                .premises
                .iter()
                .find(|premise| premise.arguments == [inputs_at[input]])
                .map(|premise| premise.relation)
        };
        let total = &self.axioms[totality].clause;
        let Head::Exists(_, literals) = &total.head else { return None };
        let row = literals.iter().find(|literal| literal.relation == relation)?;
        let domain: Vec<_> = (0..inputs).map(|input| guard(totality, &row.arguments, input)).collect();
        let mut typing = Vec::new();
        for (input, set) in domain.iter().enumerate() {
            let Some(set) = *set else {
                typing.push(None);
                continue;
            };
            let found = self.axioms.iter().position(|axiom| {
                let Head::Literal(head) = &axiom.clause.head else { return false };
                let [premise] = &axiom.clause.premises[..] else { return false };
                premise.relation == relation
                    && premise.positive
                    && distinct_variables(&premise.arguments)
                    && head.positive
                    && head.relation == set
                    && head.arguments == [premise.arguments[input]]
            });
            typing.push(Some(found?));
        }
        // The guards of functionality must be among those of totality, or absent.
        let functional = &self.axioms[functionality].clause;
        let row = functional.premises.iter().find(|premise| premise.relation == relation)?;
        let fits = (0..inputs).all(|input| {
            let guard = guard(functionality, &row.arguments, input);
            guard.is_none() || guard == domain[input]
        });
        fits.then_some(Function { relation, domain, totality, functionality, typing, constructor: false })
    }

    pub(super) fn recognise_inductions(&mut self, theory: &Theory) {
        for (number, principle) in theory.inductions.iter().enumerate() {
            let atom = self.nodes.iter().position(
                |node| matches!(&node.formula, Formula::Atom(predicate, _) if *predicate == principle.predicate),
            );
            let Some(node) = atom else { continue };
            let Formula::Atom(_, arguments) = &self.nodes[node].formula else { continue };
            let place = |parameter: usize| match arguments[parameter] {
                Variable::Free(name) => name.0 as u16,
                Variable::Bound(_) => unreachable!("nodes are closed but for parameters"),
            };
            if let Some(instance) = self.induction_instance(principle, number as u32, NodeId(node as u32), &place) {
                for constructor in &instance.constructors {
                    if let ConstructorInstance::Function(relation, _) = constructor {
                        for function in self.functions.iter_mut().filter(|function| function.relation == *relation) {
                            function.constructor = true;
                        }
                    }
                }
                self.inductions.push(instance);
            }
        }
    }

    fn induction_instance(
        &self,
        principle: &Induction,
        number: u32,
        node: NodeId,
        place: &dyn Fn(usize) -> u16,
    ) -> Option<InductionInstance> {
        let member = |set: usize| {
            let parameter = place(set);
            let element = self.anchor_sorts[usize::from(parameter)].element()?.clone();
            self.places.get(&(PredicateId::IN, vec![Slot::Argument(0), Slot::Fixed(parameter)], vec![element])).copied()
        };
        let set = member(Induction::SET)?;
        let mut constructors = Vec::new();
        for constructor in &principle.constructors {
            let parameter = place(constructor.parameter);
            if constructor.arguments.is_empty() {
                constructors.push(ConstructorInstance::Constant(*self.constants.get(&(parameter as usize))?));
                continue;
            }
            let mut slots: Vec<_> = (0..=constructor.arguments.len() as u16).map(Slot::Argument).collect();
            slots.push(Slot::Fixed(parameter));
            let predicate = PredicateId::membership(constructor.arguments.len() + 1)?;
            let Sort::Power(sorts) = self.anchor_sorts[usize::from(parameter)].clone() else { return None };
            let relation = *self.places.get(&(predicate, slots, sorts))?;
            let mut inputs = Vec::new();
            for argument in &constructor.arguments {
                inputs.push((member(*argument)?, *argument == Induction::SET));
            }
            constructors.push(ConstructorInstance::Function(relation, inputs));
        }
        Some(InductionInstance { principle: number, node, set, constructors })
    }

    /// Finds recursive inputs: those at which an axiom of the function has a constructor term.
    pub(super) fn recognise_recursions(&mut self) {
        let constructors: Vec<RelationId> =
            self.functions.iter().filter(|function| function.constructor).map(|function| function.relation).collect();
        for axiom in &self.axioms {
            let head = match &axiom.clause.head {
                Head::Literal(literal) => Some(literal),
                Head::False | Head::Exists(..) => None,
            };
            let rows = || axiom.clause.premises.iter().chain(head);
            for built in rows().filter(|literal| constructors.contains(&literal.relation)) {
                let value = built.arguments.last().copied();
                for row in rows().filter(|literal| !constructors.contains(&literal.relation)) {
                    if !self.signature.relations[row.relation.index()].function {
                        continue;
                    }
                    for (input, argument) in row.arguments[..row.arguments.len() - 1].iter().enumerate() {
                        let inputs = self.recursive_inputs.entry(row.relation).or_default();
                        if Some(*argument) == value && !inputs.contains(&input) {
                            inputs.push(input);
                        }
                    }
                }
            }
        }
    }

    /// Finds recursions by two steps; see [`Compiled::by_two_steps`].
    pub(super) fn recognise_recursions_by_two(&mut self) {
        let steps: Vec<(RelationId, usize)> = self
            .inductions
            .iter()
            .filter_map(InductionInstance::as_chain)
            .filter_map(|chain| Some((chain.constructor, chain.inputs.iter().position(|(_, recursive)| *recursive)?)))
            .collect();
        // For each relation, those that determine it one step before.
        let mut before: BTreeSet<(RelationId, RelationId)> = BTreeSet::new();
        for axiom in &self.axioms {
            let head = match &axiom.clause.head {
                Head::Literal(literal) => Some(literal),
                Head::False | Head::Exists(..) => None,
            };
            let literals: Vec<&Literal> = axiom.clause.premises.iter().chain(head).collect();
            let is_step = |literal: &Literal| steps.iter().find(|(relation, _)| *relation == literal.relation);
            let step_to = |term: &Term| {
                let mut steps = literals.iter().filter_map(|row| Some((row, is_step(row)?.1)));
                steps.find(|(row, _)| row.arguments.last() == Some(term)).map(|(row, input)| row.arguments[input])
            };
            let others = || {
                literals.iter().filter(|literal| literal.relation != RelationId::EQUAL && is_step(literal).is_none())
            };
            for literal in others() {
                let function = self.signature.relations[literal.relation.index()].function;
                let inputs = &literal.arguments[..literal.arguments.len() - usize::from(function)];
                for previous in inputs.iter().filter_map(step_to) {
                    if step_to(&previous).is_some() {
                        self.by_two_steps.insert(literal.relation);
                    }
                    let about_previous = others().filter(|other| other.arguments.contains(&previous));
                    before.extend(about_previous.map(|other| (literal.relation, other.relation)));
                }
            }
        }
        let mutual = before.iter().filter(|(one, other)| one != other && before.contains(&(*other, *one)));
        self.by_two_steps.extend(mutual.map(|(one, _)| *one));
    }

    /// Whether a clause is a recursion equation read from right to left: its head is a row of a recursive function with
    /// a constructor term at a recursive input. Equations rewrite the function to its value, so such a clause creates
    /// no demand.
    #[must_use]
    pub fn is_folding(&self, clause: &Clause) -> bool {
        let Head::Literal(head) = &clause.head else { return false };
        let Some(inputs) = self.recursive_inputs.get(&head.relation) else { return false };
        let built = |term: &Term| {
            clause.premises.iter().any(|premise| {
                premise.arguments.last() == Some(term)
                    && self.function(premise.relation).is_some_and(|function| function.constructor)
            })
        };
        inputs.iter().any(|input| built(&head.arguments[*input]))
    }

    /// Whether a clause is the base case of a recursion: its head gives the value of a function at a constant
    /// constructor, at a recursive input, as in `x + 0 = x`.
    #[must_use]
    pub fn is_base(&self, clause: &Clause) -> bool {
        let Head::Literal(head) = &clause.head else { return false };
        let Some(inputs) = self.recursive_inputs.get(&head.relation) else { return false };
        let is_base = |constructor: &ConstructorInstance, term: &Term| matches!((constructor, term), (ConstructorInstance::Constant(one), Term::Constant(other)) if one == other);
        head.positive
            && inputs.iter().any(|input| {
                let mut constructors = self.inductions.iter().flat_map(|induction| &induction.constructors);
                constructors.any(|constructor| is_base(constructor, &head.arguments[*input]))
            })
    }

    /// The function whose graph is `relation`, if it is one.
    #[must_use]
    pub fn function(&self, relation: RelationId) -> Option<&Function> {
        self.functions.iter().find(|function| function.relation == relation)
    }
}

fn distinct_variables(terms: &[Term]) -> bool {
    terms.iter().enumerate().all(|(place, term)| matches!(term, Term::Variable(_)) && !terms[..place].contains(term))
}

/// Whether the premise is `x ∈ S` for one of the inputs, or the trivial `x = x`.
fn is_guard(premise: &Literal, inputs: &[Term]) -> bool {
    premise.positive
        && match &premise.arguments[..] {
            [argument] => inputs.contains(argument),
            [left, right] => premise.relation == RelationId::EQUAL && left == right && inputs.contains(left),
            _ => false,
        }
}
