//! Tests whether axioms extend every structure of constructor terms: each holds there, or determines a value of one
//! more function or relation by recursion along the constructors, and no two determine different values.
//!
//! A determining axiom is read as a [`Case`]: a symbol, a constructor pattern for each argument, conditions, and the
//! value. All functions and relations in the conditions and the value precede the symbol in some order, or are the
//! symbol itself at a smaller argument. If the patterns of two cases of a symbol unify, their conditions must
//! contradict each other or their values agree. The symbols can then be interpreted one after the other, each by
//! recursion, whatever the earlier ones are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Axiom, Compiled, ConstructorInstance, Start};
use crate::conjecture::limits::literals;
use crate::search::parameters::Part;

/// A value, described in terms of the arguments of a case's symbol.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Value {
    /// The subterm of the arguments at this path: argument, input of its constructor, and so on.
    At(Vec<usize>),
    Constant(u16),
    Applied(RelationId, Vec<Value>),
    /// An element known only by the conditions.
    Some(u16),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Condition {
    pub(super) positive: bool,
    pub(super) relation: RelationId,
    pub(super) values: Vec<Value>,
}

/// The constructor at each path: a constant, or a function.
type Patterns = BTreeMap<Vec<usize>, Result<u16, RelationId>>;

/// What an axiom determines: one case of a definition.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) patterns: Patterns,
    pub(super) conditions: Vec<Condition>,
    /// A condition of absence: no values of the witnesses satisfy all of these. Witnesses are numbered from the first
    /// component on.
    pub(super) absent: Option<(u16, Vec<Condition>)>,
    /// The truth of a relation, or the value of a function.
    pub(super) value: Result<bool, Value>,
    /// The arguments that are smaller in every recursive use of the symbol.
    recurs: BTreeSet<usize>,
    /// The other symbols that it uses.
    needs: BTreeSet<RelationId>,
}

impl Case {
    /// The case for arguments of these patterns, in which all subterms at their paths are written out.
    fn under(&self, compiled: &Compiled, patterns: &Patterns) -> Case {
        let values = |values: &[Value]| values.iter().map(|value| written_out(compiled, value, patterns)).collect();
        let condition = |one: &Condition| in_order_of_sides(Condition { values: values(&one.values), ..one.clone() });
        Case {
            conditions: self.conditions.iter().map(condition).collect(),
            absent: self.absent.as_ref().map(|(first, parts)| (*first, parts.iter().map(condition).collect())),
            value: self.value.as_ref().map(|truth| *truth).map_err(|value| written_out(compiled, value, patterns)),
            ..self.clone()
        }
    }
}

/// The value with the constructors of the patterns in place of the subterms of arguments.
fn written_out(compiled: &Compiled, value: &Value, patterns: &Patterns) -> Value {
    match value {
        Value::At(path) => match patterns.get(path) {
            Some(Ok(constant)) => Value::Constant(*constant),
            Some(Err(constructor)) => {
                let inputs = compiled.signature.relations[constructor.index()].arity - 1;
                let below = (0..inputs).map(|input| Value::At(path.iter().copied().chain([input]).collect()));
                let below = below.map(|value| written_out(compiled, &value, patterns));
                Value::Applied(*constructor, below.collect())
            }
            None => value.clone(),
        },
        Value::Applied(function, inputs) => {
            Value::Applied(*function, inputs.iter().map(|input| written_out(compiled, input, patterns)).collect())
        }
        Value::Constant(_) | Value::Some(_) => value.clone(),
    }
}

/// Why it is not shown that axioms extend every structure of terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Obstacle {
    /// The axiom with this number is not a case of a definition by recursion.
    NotACase(usize),
    /// The axioms with these numbers may give different results for the same arguments.
    Overlap(usize, usize),
    /// Symbols depend on each other, or recursion does not descend.
    Circular,
}

/// Whether the axioms extend every structure of terms over every model of the parameter axioms; otherwise the first
/// obstacle. `carriers` are the sets that contain all individuals of their sorts.
pub(super) fn extends(compiled: &Compiled, given: &Part<'_>, carriers: &BTreeSet<RelationId>) -> Result<(), Obstacle> {
    let mut reader = Reader::new(compiled, given, carriers);
    let mut cases: BTreeMap<RelationId, Vec<(usize, Case)>> = BTreeMap::new();
    let mut needs: BTreeMap<RelationId, BTreeSet<RelationId>> = BTreeMap::new();
    for (number, axiom) in compiled.axioms.iter().enumerate() {
        let clause = &axiom.clause;
        if let Some(relation) = definition(axiom.justification.start) {
            // A compound formula is no symbol: what uses it, uses its parts.
            if compiled.signature.relations[relation.index()].inner.is_none() {
                let others = literals(clause).map(|literal| literal.relation).filter(|other| *other != relation);
                needs.entry(relation).or_default().extend(others.flat_map(|other| reader.parts(other)));
            }
        } else if compiled.speaks_of_sets(clause) {
            return Err(Obstacle::NotACase(number));
        } else if given.clause(clause).is_none() && !reader.holds(clause) && !reader.names(clause) {
            let (symbol, case) = reader.case(clause).ok_or(Obstacle::NotACase(number))?;
            cases.entry(symbol).or_default().push((number, case));
        }
    }
    let well_founded = cases.iter().all(|(symbol, cases)| {
        let recursive = cases.iter().map(|(_, case)| case).filter(|case| case.needs.contains(symbol));
        let places = recursive.map(|case| case.recurs.clone()).reduce(|one, other| &one & &other);
        places.is_none_or(|places| !places.is_empty())
    });
    for (symbol, cases) in &cases {
        let others = cases.iter().flat_map(|(_, case)| &case.needs).filter(|other| *other != symbol);
        needs.entry(*symbol).or_default().extend(others);
    }
    if !well_founded || !in_order(needs) {
        return Err(Obstacle::Circular);
    }
    for cases in cases.values() {
        for (place, (number, one)) in cases.iter().enumerate() {
            if let Some((other, _)) = cases[..place].iter().find(|(_, other)| !agree(compiled, carriers, one, other)) {
                return Err(Obstacle::Overlap(*other, *number));
            }
        }
    }
    Ok(())
}

/// The cases of all axioms that determine a function value or the truth of a relation, by symbol; other axioms are
/// ignored.
pub(super) fn cases(
    compiled: &Compiled,
    given: &Part<'_>,
    carriers: &BTreeSet<RelationId>,
) -> BTreeMap<RelationId, Vec<Case>> {
    let reader = Reader::new(compiled, given, carriers);
    let mut cases: BTreeMap<RelationId, Vec<Case>> = BTreeMap::new();
    for axiom in compiled.axioms.iter().filter(|axiom| definition(axiom.justification.start).is_none()) {
        if !compiled.speaks_of_sets(&axiom.clause)
            && let Some((symbol, case)) = reader.case(&axiom.clause)
        {
            cases.entry(symbol).or_default().push(case);
        }
    }
    cases
}

/// The relation that an axiom defines.
fn definition(start: Start) -> Option<RelationId> {
    match start {
        Start::Premise(relation) | Start::Fold(relation) => Some(relation),
        _ => None,
    }
}

/// Whether the symbols can be ordered so that each follows those that it uses.
fn in_order(mut needs: BTreeMap<RelationId, BTreeSet<RelationId>>) -> bool {
    while !needs.is_empty() {
        let open: BTreeSet<RelationId> = needs.keys().copied().collect();
        let before = needs.len();
        needs.retain(|_, others| !others.is_disjoint(&open));
        if needs.len() == before {
            return false;
        }
    }
    true
}

/// Whether two cases of one symbol never give different results.
fn agree(compiled: &Compiled, carriers: &BTreeSet<RelationId>, one: &Case, other: &Case) -> bool {
    let apart = one.patterns.iter().any(|(place, own)| other.patterns.get(place).is_some_and(|others| others != own));
    // As in drop(0, x) = x and drop(n, nil) = nil, which agree on drop(0, nil).
    let patterns: Patterns =
        one.patterns.iter().chain(&other.patterns).map(|(path, own)| (path.clone(), *own)).collect();
    let (one, other) = (&one.under(compiled, &patterns), &other.under(compiled, &patterns));
    let same = one.value == other.value && !matches!(&one.value, Err(value) if is_loose(value));
    let against = |one: &Case, other: &Case| {
        let denied = |condition: &Condition| {
            let turned = Condition { positive: !condition.positive, ..condition.clone() };
            !condition.values.iter().any(is_loose)
                && (other.conditions.contains(&turned)
                    || denies_compound(compiled, carriers, condition, &other.conditions))
        };
        one.conditions.iter().any(denied)
            || one
                .absent
                .as_ref()
                .is_some_and(|(first, parts)| found(*first, parts, &other.conditions, &mut BTreeMap::new()))
    };
    apart || same || against(one, other) || against(other, one)
}

/// Whether conditions contradict a condition about a compound formula, by one of the clauses that define the formula.
fn denies_compound(
    compiled: &Compiled,
    carriers: &BTreeSet<RelationId>,
    condition: &Condition,
    others: &[Condition],
) -> bool {
    let relation = condition.relation;
    if compiled.signature.relations[relation.index()].inner.is_none() {
        return false;
    }
    compiled.axioms.iter().filter(|axiom| definition(axiom.justification.start) == Some(relation)).any(|axiom| {
        let clause = &axiom.clause;
        // The clause is the disjunction of these literals, one of which is the opposite of the condition.
        let Head::Literal(head) = &clause.head else { return false };
        let opposite = |literal: &Literal| Literal { positive: !literal.positive, ..literal.clone() };
        let mut disjuncts: Vec<Literal> = clause.premises.iter().map(opposite).collect();
        disjuncts.push(head.clone());
        let opposed = |literal: &Literal| literal.relation == relation && literal.positive != condition.positive;
        let Some(own) = disjuncts.iter().position(opposed).map(|place| disjuncts.remove(place)) else { return false };
        let mut values: Vec<Option<Value>> = vec![None; usize::from(clause.variables)];
        for (term, value) in own.arguments.iter().zip(&condition.values) {
            if let Term::Variable(variable) = term {
                values[usize::from(*variable)] = Some(value.clone());
            }
        }
        let is_carrier = |literal: &Literal| !literal.positive && carriers.contains(&literal.relation);
        disjuncts.iter().filter(|literal| !is_carrier(literal)).all(|literal| {
            let denied = self::condition(&opposite(literal), &values);
            !denied.values.iter().any(is_loose) && others.contains(&denied)
        })
    })
}

/// Whether a value contains an element known only by conditions: two such elements with the same number may differ.
fn is_loose(value: &Value) -> bool {
    match value {
        Value::Some(_) => true,
        Value::Applied(_, inputs) => inputs.iter().any(is_loose),
        Value::At(_) | Value::Constant(_) => false,
    }
}

/// Whether all `parts` occur among the conditions, for some values of the witnesses.
fn found(first: u16, parts: &[Condition], among: &[Condition], witnesses: &mut BTreeMap<u16, Value>) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    among.iter().any(|condition| {
        if condition.positive != part.positive || condition.relation != part.relation {
            return false;
        }
        let before = witnesses.clone();
        let fits = part.values.iter().zip(&condition.values).all(|(own, value)| match own {
            Value::Some(number) if *number >= first => witnesses.entry(*number).or_insert(value.clone()) == value,
            own => own == value && !is_loose(own),
        });
        if fits && found(first, rest, among, witnesses) {
            return true;
        }
        *witnesses = before;
        false
    })
}

struct Reader<'c> {
    compiled: &'c Compiled,
    given: &'c Part<'c>,
    carriers: &'c BTreeSet<RelationId>,
    /// The relations that are defined.
    defined: BTreeSet<RelationId>,
    /// The constants that an axiom equates with a term.
    named: BTreeSet<u16>,
}

impl<'c> Reader<'c> {
    fn new(compiled: &'c Compiled, given: &'c Part<'c>, carriers: &'c BTreeSet<RelationId>) -> Reader<'c> {
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
    fn holds(&self, clause: &Clause) -> bool {
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
    fn names(&mut self, clause: &Clause) -> bool {
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
        let mut terms = Terms { bindings: vec![None; usize::from(clause.variables)] };
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
    fn case(&self, clause: &Clause) -> Option<(RelationId, Case)> {
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

    /// The clauses that define a compound formula; none for other relations.
    fn definitions(&self, relation: RelationId) -> impl Iterator<Item = &'c Clause> {
        let is_compound = self.compiled.signature.relations[relation.index()].inner.is_some();
        let defines = move |axiom: &&Axiom| is_compound && definition(axiom.justification.start) == Some(relation);
        self.compiled.axioms.iter().filter(defines).map(|axiom| &axiom.clause)
    }

    /// A relation, or the relations of a compound formula.
    fn parts(&self, relation: RelationId) -> BTreeSet<RelationId> {
        if self.compiled.signature.relations[relation.index()].inner.is_none() {
            return BTreeSet::from([relation]);
        }
        let others = self.definitions(relation).flat_map(literals).map(|literal| literal.relation);
        others.filter(|other| *other != relation).flat_map(|other| self.parts(other)).collect()
    }

    /// Records the symbol that a literal uses; `None` if it is the case's own symbol at an argument that is not
    /// smaller. A compound formula uses its parts.
    fn note(&self, literal: &Literal, symbol: RelationId, values: &[Option<Value>], case: &mut Case) -> Option<()> {
        if literal.relation == RelationId::EQUAL || self.is_constructor(literal.relation) {
            return Some(());
        }
        if self.compiled.signature.relations[literal.relation.index()].inner.is_some() {
            for clause in self.definitions(literal.relation) {
                let Some(own) = literals(clause).find(|own| own.relation == literal.relation) else { continue };
                let witnesses = match &clause.head {
                    Head::Exists(count, _) => usize::from(*count),
                    Head::Literal(_) | Head::False => 0,
                };
                let mut inner: Vec<Option<Value>> = vec![None; usize::from(clause.variables) + witnesses];
                for (argument, term) in own.arguments.iter().zip(&literal.arguments) {
                    if let Term::Variable(variable) = argument {
                        inner[usize::from(*variable)] = Some(value(*term, values));
                    }
                }
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

fn equation(left: Value, right: Value) -> Condition {
    in_order_of_sides(Condition { positive: true, relation: RelationId::EQUAL, values: vec![left, right] })
}

fn condition(literal: &Literal, values: &[Option<Value>]) -> Condition {
    let values = literal.arguments.iter().map(|term| value(*term, values)).collect();
    in_order_of_sides(Condition { positive: literal.positive, relation: literal.relation, values })
}

/// Normalises the order of the two sides of an equation.
fn in_order_of_sides(mut condition: Condition) -> Condition {
    if condition.relation == RelationId::EQUAL {
        condition.values.sort();
    }
    condition
}

fn value(term: Term, values: &[Option<Value>]) -> Value {
    match term {
        Term::Constant(constant) => Value::Constant(constant),
        Term::Variable(variable) => values[usize::from(variable)].clone().unwrap_or(Value::Some(variable)),
    }
}

/// A constructor term.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Tree {
    Leaf(Term),
    Node(RelationId, Vec<Tree>),
}

struct Terms {
    bindings: Vec<Option<Tree>>,
}

impl Terms {
    fn resolve(&self, tree: &Tree) -> Tree {
        match tree {
            Tree::Leaf(Term::Variable(variable)) => match &self.bindings[usize::from(*variable)] {
                Some(bound) => self.resolve(bound),
                None => tree.clone(),
            },
            Tree::Leaf(_) => tree.clone(),
            Tree::Node(constructor, inputs) => {
                Tree::Node(*constructor, inputs.iter().map(|input| self.resolve(input)).collect())
            }
        }
    }

    /// Unifies two terms; false if they are never equal.
    fn unify(&mut self, left: &Tree, right: &Tree, is_constructed: &dyn Fn(u16) -> bool) -> bool {
        let (left, right) = (self.resolve(left), self.resolve(right));
        match (&left, &right) {
            _ if left == right => true,
            (Tree::Leaf(Term::Variable(variable)), other) | (other, Tree::Leaf(Term::Variable(variable))) => {
                let inside = contains(other, *variable);
                self.bindings[usize::from(*variable)] = (!inside).then(|| other.clone());
                !inside
            }
            (Tree::Node(one, inputs), Tree::Node(other, others)) => {
                one == other && inputs.iter().zip(others).all(|(input, other)| self.unify(input, other, is_constructed))
            }
            // The value of a constant is unknown, unless the constant is a constructor.
            (Tree::Leaf(Term::Constant(one)), Tree::Leaf(Term::Constant(other))) => {
                !(is_constructed(*one) && is_constructed(*other))
            }
            (Tree::Leaf(Term::Constant(one)), Tree::Node(..)) | (Tree::Node(..), Tree::Leaf(Term::Constant(one))) => {
                !is_constructed(*one)
            }
        }
    }
}

fn contains(tree: &Tree, variable: u16) -> bool {
    match tree {
        Tree::Leaf(term) => *term == Term::Variable(variable),
        Tree::Node(_, inputs) => inputs.iter().any(|input| contains(input, variable)),
    }
}
