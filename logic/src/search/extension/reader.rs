//! Reads an axiom as the case of a definition: which symbol it determines, for which constructors, under which conditions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Compiled, ConstructorInstance};
use crate::conjecture::limits::literals;
use crate::search::parameters::Part;

use super::case::{Case, Value, bound, condition, definition, definitions, equation, is_compound, is_loose, value};
use super::terms::{Terms, Tree};

/// Reads axioms as cases of definitions by recursion.
pub(super) struct Reader<'c> {
    compiled: &'c Compiled,
    given: &'c Part<'c>,
    carriers: &'c BTreeSet<RelationId>,
    /// The relations that are defined.
    defined: BTreeSet<RelationId>,
    /// The constants that an axiom equates with a term.
    named: BTreeSet<u16>,
}

impl<'c> Reader<'c> {
    pub(super) fn new(compiled: &'c Compiled, given: &'c Part<'c>, carriers: &'c BTreeSet<RelationId>) -> Reader<'c> {
        let defined = compiled.axioms.iter().filter_map(|axiom| definition(axiom.justification.start)).collect();
        Reader { compiled, given, carriers, defined, named: BTreeSet::new() }
    }

    fn is_constructor(&self, relation: RelationId) -> bool {
        self.compiled.function(relation).is_some_and(|function| function.constructor)
    }

    /// Whether a relation is a function that has a value everywhere.
    fn is_total(&self, relation: RelationId) -> bool {
        let function = self.compiled.function(relation);
        function.is_some_and(|function| function.domain.iter().flatten().all(|set| self.carriers.contains(set)))
    }

    fn is_constructed(&self, constant: u16) -> bool {
        let constructors = self.compiled.inductions.iter().flat_map(|induction| &induction.constructors);
        constructors.into_iter().any(|one| matches!(one, ConstructorInstance::Constant(own) if *own == constant))
    }

    fn is_carrier(&self, literal: &Literal) -> bool {
        literal.positive && self.carriers.contains(&literal.relation)
    }

    /// Whether an axiom holds in every structure of terms: the value of a function lies in its sort, a relation is a
    /// function, or a clause that holds of terms. An axiom may be stated more than once.
    pub(super) fn holds(&self, clause: &Clause) -> bool {
        let states = |number: usize| self.compiled.axioms[number].clause == *clause;
        let function = self.compiled.functions.iter().any(|function| {
            states(function.functionality)
                || (states(function.totality)
                    && matches!(&clause.head, Head::Exists(_, parts)
                        if parts.iter().all(|part| part.relation == function.relation || self.is_carrier(part))))
        });
        function || matches!(&clause.head, Head::Literal(head) if self.is_carrier(head)) || self.holds_of_terms(clause)
    }

    /// Whether an axiom equates a constant with a term, as s(0) = 1 does; counted once for each constant.
    pub(super) fn names(&mut self, clause: &Clause) -> bool {
        let Head::Literal(head) = &clause.head else { return false };
        let Some((Term::Constant(constant), inputs)) = head.arguments.split_last() else { return false };
        let known = |input: &Term| matches!(input, Term::Constant(one) if self.is_constructed(*one) || self.named.contains(one));
        clause.premises.is_empty()
            && head.positive
            && self.is_constructor(head.relation)
            && !self.is_constructed(*constant)
            && inputs.iter().all(known)
            && self.named.insert(*constant)
    }

    /// Whether a clause about constructors and equality alone holds of terms: its premises and the negation of its head
    /// could hold only if distinct terms were equal.
    fn holds_of_terms(&self, clause: &Clause) -> bool {
        let head = match &clause.head {
            Head::False => None,
            Head::Literal(head) => Some(Literal { positive: !head.positive, ..head.clone() }),
            Head::Exists(..) => return false,
        };
        let mut terms = Terms::of(clause.variables);
        let mut apart = Vec::new();
        for literal in clause.premises.iter().chain(&head).filter(|literal| !self.is_carrier(literal)) {
            let (left, right) = if literal.relation == RelationId::EQUAL {
                (Tree::Leaf(literal.arguments[0]), Tree::Leaf(literal.arguments[1]))
            } else if self.is_constructor(literal.relation) {
                let Some((output, inputs)) = literal.arguments.split_last() else { return false };
                let inputs = inputs.iter().map(|input| Tree::Leaf(*input)).collect();
                (Tree::Node(literal.relation, inputs), Tree::Leaf(*output))
            } else {
                return false;
            };
            if !literal.positive {
                apart.push((left, right));
            } else if !terms.unify(&left, &right, &|constant| self.is_constructed(constant)) {
                return true;
            }
        }
        apart.iter().any(|(left, right)| terms.resolve(left) == terms.resolve(right))
    }

    /// The case that an axiom determines; `None` if it is of another kind.
    pub(super) fn case(&self, clause: &Clause) -> Option<(RelationId, Case)> {
        let head = match &clause.head {
            Head::Literal(head) => Some(head),
            Head::False | Head::Exists(..) => None,
        };
        let is_function = |relation: RelationId| self.compiled.signature.relations[relation.index()].function;
        let may = |literal: &Literal| {
            literal.relation != RelationId::EQUAL
                && !self.is_carrier(literal)
                && !self.is_constructor(literal.relation)
                && !self.given.has(literal.relation)
                && !self.defined.contains(&literal.relation)
        };
        if let Some(head) = head.filter(|head| head.positive && is_function(head.relation)) {
            if may(head)
                && let Some(case) = self.read(clause, head, None)
            {
                return Some((head.relation, case));
            }
            return self.is_total(head.relation).then(|| self.equated(&as_equation(clause, head), &may)).flatten();
        }
        if let Some(case) = self.equated(clause, &may) {
            return Some(case);
        }
        let premises = clause.premises.iter().enumerate().map(|(place, premise)| (premise, Some(place)));
        let mut literals: Vec<_> = head.map(|head| (head, None)).into_iter().chain(premises).collect();
        literals.retain(|(literal, _)| may(literal) && !is_function(literal.relation));
        // A symbol is defined by the constructors of its arguments, and after the symbols in its definition.
        literals.sort_by_key(|(literal, _)| (!self.matches_constructors(clause, literal), Reverse(literal.relation)));
        literals.into_iter().find_map(|(literal, place)| Some((literal.relation, self.read(clause, literal, place)?)))
    }

    /// Whether an argument of a literal is a constructor constant or the value of a constructor's row.
    fn matches_constructors(&self, clause: &Clause, literal: &Literal) -> bool {
        literal.arguments.iter().any(|argument| match argument {
            Term::Constant(constant) => self.is_constructed(*constant),
            Term::Variable(_) => clause.premises.iter().any(|premise| {
                premise.positive && self.is_constructor(premise.relation) && premise.arguments.last() == Some(argument)
            }),
        })
    }

    /// The case of a clause that concludes an equation: a side that is the value of a premise's row is determined by the
    /// other side.
    fn equated(&self, clause: &Clause, may: &dyn Fn(&Literal) -> bool) -> Option<(RelationId, Case)> {
        let Head::Literal(head) = &clause.head else { return None };
        if !head.positive || head.relation != RelationId::EQUAL {
            return None;
        }
        let sides = [(head.arguments[0], head.arguments[1]), (head.arguments[1], head.arguments[0])];
        clause.premises.iter().enumerate().find_map(|(place, row)| {
            if !(row.positive && may(row) && self.is_total(row.relation)) {
                return None;
            }
            sides.into_iter().find_map(|(output, value)| {
                let (said, defined) = with_value(clause, place, output, value)?;
                Some((row.relation, self.read(&said, &defined, None)?))
            })
        })
    }

    /// The case in which a clause determines one of its literals: its head, or the premise at `place`, which is then
    /// false.
    fn read(&self, clause: &Clause, defined: &Literal, place: Option<usize>) -> Option<Case> {
        let is_function = |relation: RelationId| self.compiled.signature.relations[relation.index()].function;
        let by_value = is_function(defined.relation);
        let count = defined.arguments.len() - usize::from(by_value);
        let mut values: Vec<Option<Value>> = vec![None; usize::from(clause.variables)];
        let mut case = Case {
            patterns: BTreeMap::new(),
            conditions: Vec::new(),
            absent: None,
            value: Ok(place.is_none() == defined.positive),
            recurs: (0..count).collect(),
            needs: BTreeSet::new(),
        };
        for (argument, term) in defined.arguments[..count].iter().enumerate() {
            let here = Value::At(vec![argument]);
            match term {
                Term::Constant(constant) if self.is_constructed(*constant) => {
                    case.patterns.insert(vec![argument], Ok(*constant));
                }
                Term::Constant(constant) => {
                    case.conditions.push(equation(here, Value::Constant(*constant)));
                }
                Term::Variable(variable) => match &values[usize::from(*variable)] {
                    Some(other) => case.conditions.push(equation(here, other.clone())),
                    None => values[usize::from(*variable)] = Some(here),
                },
            }
        }
        let others = clause.premises.iter().enumerate().filter(|(number, _)| Some(*number) != place);
        let mut pending: Vec<&Literal> =
            others.map(|(_, premise)| premise).filter(|premise| !self.is_carrier(premise)).collect();
        // Reads premises as patterns and computations while possible.
        while let Some(next) = pending.iter().position(|premise| self.settle(premise, &mut values, &mut case)) {
            let done = pending.remove(next);
            self.note(done, defined.relation, &values, &mut case)?;
        }
        let denied = match &clause.head {
            Head::Literal(head) if place.is_some() => Some(Literal { positive: !head.positive, ..head.clone() }),
            _ => None,
        };
        for literal in pending.into_iter().chain(&denied) {
            self.note(literal, defined.relation, &values, &mut case)?;
            case.conditions.push(condition(literal, &values));
        }
        if let Head::Exists(witnesses, parts) = &clause.head {
            values.resize(values.len() + usize::from(*witnesses), None);
            let parts: Vec<&Literal> = parts.iter().filter(|part| !self.is_carrier(part)).collect();
            for part in &parts {
                self.note(part, defined.relation, &values, &mut case)?;
            }
            let parts = parts.iter().map(|part| condition(part, &values)).collect();
            case.absent = Some((clause.variables, parts));
        }
        if by_value {
            let value = value(*defined.arguments.last()?, &values);
            if is_loose(&value) {
                return None;
            }
            case.value = Err(value);
        }
        Some(case)
    }

    /// Reads a premise as the pattern of a known value, or as the computation of a new one.
    fn settle(&self, premise: &Literal, values: &mut [Option<Value>], case: &mut Case) -> bool {
        let is_function = self.compiled.signature.relations[premise.relation.index()].function;
        let (true, true, Some((output, inputs))) = (premise.positive, is_function, premise.arguments.split_last())
        else {
            return false;
        };
        let known = |term: &Term, values: &[Option<Value>]| match term {
            Term::Constant(_) => true,
            Term::Variable(variable) => values[usize::from(*variable)].is_some(),
        };
        if !known(output, values) && inputs.iter().all(|input| known(input, values)) {
            let Term::Variable(variable) = output else { return false };
            let inputs = inputs.iter().map(|input| value(*input, values)).collect();
            values[usize::from(*variable)] = Some(Value::Applied(premise.relation, inputs));
            return true;
        }
        let (true, Value::At(path)) = (self.is_constructor(premise.relation), value(*output, values)) else {
            return false;
        };
        if case.patterns.contains_key(&path) {
            return false;
        }
        for (place, input) in inputs.iter().enumerate() {
            let here = Value::At(path.iter().copied().chain([place]).collect());
            match input {
                Term::Variable(variable) if values[usize::from(*variable)].is_none() => {
                    values[usize::from(*variable)] = Some(here);
                }
                Term::Constant(constant) if self.is_constructed(*constant) => {
                    case.patterns.insert(path.iter().copied().chain([place]).collect(), Ok(*constant));
                }
                known => case.conditions.push(equation(here, value(*known, values))),
            }
        }
        case.patterns.insert(path, Err(premise.relation));
        true
    }

    /// A relation, or the relations of a compound formula.
    pub(super) fn parts(&self, relation: RelationId) -> BTreeSet<RelationId> {
        if !is_compound(self.compiled, relation) {
            return BTreeSet::from([relation]);
        }
        let others = definitions(self.compiled, relation).flat_map(literals).map(|literal| literal.relation);
        others.filter(|other| *other != relation).flat_map(|other| self.parts(other)).collect()
    }

    /// Records the symbol that a literal uses; `None` if it is the case's own symbol at an argument that is not
    /// smaller. A compound formula uses its parts.
    fn note(&self, literal: &Literal, symbol: RelationId, values: &[Option<Value>], case: &mut Case) -> Option<()> {
        if literal.relation == RelationId::EQUAL || self.is_constructor(literal.relation) {
            return Some(());
        }
        if is_compound(self.compiled, literal.relation) {
            let arguments: Vec<Value> = literal.arguments.iter().map(|term| value(*term, values)).collect();
            for clause in definitions(self.compiled, literal.relation) {
                let Some(own) = literals(clause).find(|own| own.relation == literal.relation) else { continue };
                let witnesses = match &clause.head {
                    Head::Exists(count, _) => usize::from(*count),
                    Head::Literal(_) | Head::False => 0,
                };
                let inner = bound(own, &arguments, usize::from(clause.variables) + witnesses);
                let parts = literals(clause).filter(|part| part.relation != literal.relation && !self.is_carrier(part));
                for part in parts {
                    self.note(part, symbol, &inner, case)?;
                }
            }
            return Some(());
        }
        case.needs.insert(literal.relation);
        if literal.relation != symbol {
            return Some(());
        }
        let smaller = |argument: &usize| match literal.arguments.get(*argument).map(|term| value(*term, values)) {
            Some(Value::At(path)) => path.len() > 1 && path[0] == *argument,
            _ => false,
        };
        case.recurs.retain(smaller);
        (!case.recurs.is_empty()).then_some(())
    }
}

/// Rewrites `…, f(x) = y → y = t`, with y nowhere else, as `… → f(x) = t` for a total function `f`. Returns the clause
/// and its head.
fn with_value(clause: &Clause, place: usize, output: Term, value: Term) -> Option<(Clause, Literal)> {
    let mut said = clause.clone();
    let mut row = said.premises.remove(place);
    let own = row.arguments.pop()?;
    let elsewhere = said.premises.iter().flat_map(|premise| &premise.arguments).chain(&row.arguments).chain([&value]);
    if own != output || !matches!(output, Term::Variable(_)) || elsewhere.into_iter().any(|term| *term == output) {
        return None;
    }
    row.arguments.push(value);
    said.head = Head::Literal(row.clone());
    Some((said, row))
}

/// A clause that concludes the row `f(x) = y` of a total function, with the premise `f(x) = w` and the equation `y = w` as its
/// conclusion: the row may be meant as the value of another function, as in `rev(a::x) = y → rev(x) ++ [a] = y`.
fn as_equation(clause: &Clause, row: &Literal) -> Clause {
    let new = Term::Variable(clause.variables);
    let mut row = row.clone();
    let value = row.arguments.last_mut().map(|value| std::mem::replace(value, new));
    let equation =
        Literal { positive: true, relation: RelationId::EQUAL, arguments: value.into_iter().chain([new]).collect() };
    let premises = clause.premises.iter().cloned().chain([row]).collect();
    Clause { variables: clause.variables + 1, premises, head: Head::Literal(equation) }
}
