//! Translates a sequent and the active rules to equations between terms.
//!
//! Rows of functions are unflattened: where a premise states `f(x,y) = z` and nothing else determines z, z is the term
//! f(x,y). A rule becomes an equation if all of its premises are such rows or state the set in which a variable lies,
//! and its head is an equation or a row. If it has other premises, as in `x ≠ 0 → x · x⁻¹ = 1`, its instances in which
//! facts of the block satisfy these become equations. All other rules are ignored, so the equations are weaker than the
//! theory.

use std::collections::HashMap;
use std::sync::Arc;

use super::term::{Domain, Signed, Symbol, TermId, Terms, Top};
use crate::clauses::clause::{Head, RelationId, Term};
use crate::clauses::compile::{Compiled, Function};
use crate::saturation::block::{Line, Snapshot};
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::rule::{Rule, RuleHead, RuleId};
use crate::saturation::sequent::{Sequent, SequentHead};

/// The most variables of an equation.
const MOST_VARIABLES: usize = 32;

/// The most instances of a conditional rule, and of all such rules.
const MOST_INSTANCES: usize = 8;
const ALL_INSTANCES: usize = 64;

/// The meaning of a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// The function with this index in [`Compiled::functions`].
    Function(usize),
    /// An individual of the block.
    Individual(Individual),
}

/// The premises of a rule that facts satisfy, each with the arguments of its fact.
pub type Conditions = Vec<(usize, Vec<Individual>)>;

/// The origin of an equation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A rule, with these terms for its variables. The facts with these arguments satisfy the premises with these numbers.
    Rule(RuleId, Vec<TermId>, Conditions),
    /// A premise of the sequent.
    Premise(usize),
}

/// An equation of a problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// The left side; if the origin is a row, the function applied to its inputs.
    pub left: TermId,
    /// The right side.
    pub right: TermId,
    /// Whether the origin is a row of a function and not an equation between two individuals.
    pub is_row: bool,
    /// Its origin.
    pub origin: Origin,
}

/// A sequent and the known equations, over terms.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The terms.
    pub terms: Terms,
    /// The meaning of each symbol.
    pub meanings: Vec<Meaning>,
    /// The known equations.
    pub given: Vec<Given>,
    /// The terms that sequent variables stand for, each with the premise that defines it and the variable.
    pub defined: Vec<(TermId, usize, u16)>,
    /// The goal equation; for a row, the function's term comes first.
    pub goal: (TermId, TermId),
    /// Whether the goal is a row.
    pub is_row: bool,
}

/// The set in which the values of a function lie, if its totality axiom states one.
#[must_use]
pub fn range_of(compiled: &Compiled, function: &Function) -> Option<RelationId> {
    let clause = &compiled.axioms[function.totality].clause;
    let Head::Exists(1, literals) = &clause.head else { return None };
    let value = [Term::Variable(clause.variables)];
    literals.iter().find(|literal| literal.arguments == value).map(|literal| literal.relation)
}

impl Problem {
    /// The problem of a sequent whose variables and premises a block at rest has introduced and assumed; the variables
    /// are the individuals from `first` on. `None` if the goal is not an equation, or no rule is one.
    #[must_use]
    pub fn new(compiled: &Compiled, block: &Snapshot, sequent: &Sequent, first: usize) -> Option<Problem> {
        let (goal, is_row) = match &sequent.head {
            SequentHead::Literal(head) if head.code == Code::EQUAL => (head, false),
            SequentHead::Literal(head) if head.code.positive() => {
                let is_function = compiled.signature.relations.get(head.code.relation().index())?.function;
                is_function.then_some((head, true))?
            }
            _ => return None,
        };
        let line = block.line();
        let mut reader = Reader::new(compiled, block, &line);
        reader.enter_functions();
        let unconditional = |(id, rule): (RuleId, &Arc<Rule>)| reader.equation(id, rule, &Bound::none(rule));
        let mut given: Vec<Given> = line.rules().filter_map(unconditional).collect();
        if given.is_empty() {
            return None;
        }
        let mut premises = Premises::new(sequent, first);
        premises.read(&mut reader, &mut given)?;
        let (left, right) = premises.goal(&mut reader, goal, is_row)?;
        let before = given.len();
        for (id, rule) in line.rules() {
            let instances = premises.instances(&mut reader, rule);
            given.extend(instances.iter().filter_map(|bound| reader.equation(id, rule, bound)));
            if given.len() > before + ALL_INSTANCES {
                break;
            }
        }
        let Reader { terms, meanings, .. } = reader;
        Some(Problem { terms, meanings, given, defined: premises.defined, goal: (left, right), is_row })
    }
}

struct Reader<'a> {
    compiled: &'a Compiled,
    block: &'a Snapshot,
    line: &'a Line<'a>,
    terms: Terms,
    meanings: Vec<Meaning>,
    individuals: HashMap<Individual, Symbol>,
    /// For each function, the domains of its inputs.
    inputs: Vec<Vec<Domain>>,
    functions: HashMap<RelationId, usize>,
    sets: Vec<RelationId>,
}

/// The premises of a rule that facts satisfy, and the terms that these facts give to its variables.
struct Bound {
    conditions: Conditions,
    terms: Vec<Option<TermId>>,
}

impl Bound {
    fn none(rule: &Rule) -> Bound {
        Bound { conditions: Vec::new(), terms: vec![None; usize::from(rule.variables)] }
    }

    fn satisfies(&self, place: usize) -> bool {
        self.conditions.iter().any(|(satisfied, _)| *satisfied == place)
    }
}

/// The variables of a rule as terms, and the rows that define them.
struct Reading<'r> {
    rule: &'r Rule,
    domains: Vec<Option<Domain>>,
    rows: Vec<Option<&'r Pattern>>,
    terms: Vec<Option<TermId>>,
    open: Vec<bool>,
}

impl<'a> Reader<'a> {
    fn new(compiled: &'a Compiled, block: &'a Snapshot, line: &'a Line<'a>) -> Reader<'a> {
        Reader {
            compiled,
            block,
            line,
            terms: Terms::default(),
            meanings: Vec::new(),
            individuals: HashMap::new(),
            inputs: Vec::new(),
            functions: HashMap::new(),
            sets: Vec::new(),
        }
    }

    fn sort(&self, relation: RelationId, place: usize) -> u16 {
        self.block.typing().sorts.at(relation, place).0
    }

    /// Registers a symbol for each function. One unary function has weight 0 and the highest precedence, so that
    /// inverses move inwards. The others are ordered by arity.
    fn enter_functions(&mut self) {
        let compiled = self.compiled;
        let order = {
            let mut order: Vec<usize> = (0..compiled.functions.len()).collect();
            order.sort_by_key(|place| {
                let function = &compiled.functions[*place];
                (function.domain.len() == 1, function.domain.len(), *place)
            });
            order
        };
        for (place, function) in compiled.functions.iter().enumerate() {
            let relation = function.relation;
            let arity = function.domain.len();
            let inputs = function
                .domain
                .iter()
                .enumerate()
                .map(|(input, set)| Domain { sort: self.sort(relation, input), part: set.map(|set| set.0) });
            self.inputs.push(inputs.collect());
            let range = range_of(compiled, function);
            for set in function.domain.iter().copied().chain([range]).flatten() {
                if !self.sets.contains(&set) {
                    self.sets.push(set);
                }
            }
            let domain = Domain { sort: self.sort(relation, arity), part: range.map(|set| set.0) };
            let rank = order.iter().position(|other| *other == place).expect("a function");
            let weight = u32::from(arity != 1 || rank + 1 < order.len());
            let rank = u16::MAX / 2 + rank as u16;
            self.terms.symbols.push(Signed { arity, domain, weight, rank });
            self.meanings.push(Meaning::Function(place));
            self.functions.insert(relation, place);
        }
    }

    /// The constant of an individual.
    fn constant(&mut self, individual: Individual) -> TermId {
        if let Some(symbol) = self.individuals.get(&individual) {
            return self.terms.apply(*symbol, &[]);
        }
        let known = self.line.classes.find(individual);
        let contains = |set: &&RelationId| self.line.lookup(Code::new(**set, true), &[known]).is_some();
        let part = self.sets.iter().find(contains).map(|set| set.0);
        let domain = Domain { sort: self.block.typing().individuals[individual.0 as usize].0, part };
        let symbol = Symbol(self.terms.symbols.len() as u16);
        self.terms.symbols.push(Signed { arity: 0, domain, weight: 1, rank: self.individuals.len() as u16 });
        self.meanings.push(Meaning::Individual(individual));
        self.individuals.insert(individual, symbol);
        self.terms.apply(symbol, &[])
    }

    fn function(&self, pattern: &Pattern) -> Option<usize> {
        if pattern.code.positive() { self.functions.get(&pattern.code.relation()).copied() } else { None }
    }

    /// The value of a function; `None` if an argument is outside its domain.
    fn applied(&mut self, function: usize, arguments: &[TermId]) -> Option<TermId> {
        let fits = |(input, argument): (&Domain, &TermId)| input.accepts(self.terms.domain(*argument));
        let fit = self.inputs[function].iter().zip(arguments).all(fits);
        fit.then(|| self.terms.apply(Symbol(function as u16), arguments))
    }

    /// Whether a premise is neither a row of a function nor a membership in a domain.
    fn is_condition(&self, premise: &Pattern) -> bool {
        self.function(premise).is_none()
            && !(premise.code.positive()
                && premise.arguments.len() == 1
                && self.sets.contains(&premise.code.relation()))
    }

    /// The equation that a rule states of terms, some of which are bound; `None` if it states none.
    fn equation(&mut self, id: RuleId, rule: &Rule, bound: &Bound) -> Option<Given> {
        if rule.justification.is_none() || rule.turned.is_some() || usize::from(rule.variables) > MOST_VARIABLES {
            return None;
        }
        let head = match &rule.head {
            RuleHead::Equal(left, right) => Err((*left, *right)),
            RuleHead::Fact(head) => Ok((head, self.function(head)?)),
            _ => return None,
        };
        let mut reading = self.premises_of(rule, bound)?;
        // A gated rule has a variable that only its gate mentions; any term will do.
        let in_head = |argument: &Argument| match head {
            Err((left, right)) => [left, right].contains(argument),
            Ok((row, _)) => row.arguments.contains(argument),
        };
        let mut binding: Vec<Option<TermId>> = Vec::new();
        for argument in (0..rule.variables).map(Argument::Variable) {
            let occurs =
                in_head(&argument) || rule.premises.iter().any(|premise| premise.arguments.contains(&argument));
            binding.push(if occurs { Some(self.term(&mut reading, argument)?) } else { None });
        }
        let mut term = |argument| self.term(&mut reading, argument);
        let (left, right, is_row) = match head {
            Err((left, right)) => (term(left)?, term(right)?, false),
            Ok((row, function)) => {
                let arguments: Vec<TermId> =
                    row.arguments.iter().map(|argument| term(*argument)).collect::<Option<_>>()?;
                let (value, inputs) = arguments.split_last()?;
                (self.applied(function, inputs)?, *value, true)
            }
        };
        // A membership premise about a variable must also hold of the term it stands for.
        for (place, premise) in rule.premises.iter().enumerate() {
            if self.function(premise).is_some() || bound.satisfies(place) {
                continue;
            }
            let inside = self.term(&mut reading, premise.arguments[0])?;
            if self.terms.domain(inside).part != Some(premise.code.relation().0) {
                return None;
            }
        }
        let binding = binding.into_iter().map(|term| term.unwrap_or(left)).collect();
        let binding = self.without_others(binding, left, right)?;
        (left != right).then_some(Given {
            left,
            right,
            is_row,
            origin: Origin::Rule(id, binding, bound.conditions.clone()),
        })
    }

    /// Replaces variables of the terms that occur in neither side by ones that do; `None` if one has no replacement.
    fn without_others(&mut self, mut binding: Vec<TermId>, left: TermId, right: TermId) -> Option<Vec<TermId>> {
        let mut own = Vec::new();
        self.terms.collect_variables(left, &mut own);
        self.terms.collect_variables(right, &mut own);
        let mut all = own.clone();
        for term in &binding {
            self.terms.collect_variables(*term, &mut all);
        }
        let mut images = Vec::new();
        for other in all.split_off(own.len()) {
            let domain = self.terms.domain(other);
            let image = own.iter().copied().find(|variable| domain.accepts(self.terms.domain(*variable)))?;
            images.push((self.terms.top(other), image));
        }
        let image = |number| images.iter().find(|(top, _)| *top == Top::Variable(number)).map(|(_, image)| *image);
        for term in &mut binding {
            *term = self.terms.substituted(*term, &image);
        }
        Some(binding)
    }

    /// Which variables of a rule are function values, and the domains of the others; `None` if there is another kind of
    /// premise that no fact satisfies.
    fn premises_of<'r>(&self, rule: &'r Rule, bound: &Bound) -> Option<Reading<'r>> {
        let count = usize::from(rule.variables);
        let mut reading = Reading {
            rule,
            domains: vec![None; count],
            rows: vec![None; count],
            terms: bound.terms.clone(),
            open: vec![false; count],
        };
        let mut lies_in = |argument: &Argument, domain: Domain| match argument {
            Argument::Variable(number) => {
                let known = &mut reading.domains[usize::from(*number)];
                match *known {
                    Some(Domain { part: Some(part), .. }) => domain.part.is_none_or(|other| other == part),
                    _ => {
                        *known = Some(domain);
                        true
                    }
                }
            }
            Argument::Individual(_) => true,
        };
        for (place, premise) in rule.premises.iter().enumerate() {
            if bound.satisfies(place) {
                continue;
            }
            if let Some(function) = self.function(premise) {
                let (value, inputs) = premise.arguments.split_last()?;
                let Argument::Variable(number) = value else { return None };
                if bound.terms[usize::from(*number)].is_some() {
                    return None;
                }
                if reading.rows[usize::from(*number)].replace(premise).is_some() {
                    return None;
                }
                for (input, domain) in inputs.iter().zip(&self.inputs[function]) {
                    if !lies_in(input, *domain) {
                        return None;
                    }
                }
            } else {
                let is_set = premise.code.positive()
                    && premise.arguments.len() == 1
                    && self.sets.contains(&premise.code.relation());
                let set = premise.code.relation();
                if !is_set || !lies_in(&premise.arguments[0], Domain { sort: self.sort(set, 0), part: Some(set.0) }) {
                    return None;
                }
            }
        }
        Some(reading)
    }

    fn term(&mut self, reading: &mut Reading<'_>, argument: Argument) -> Option<TermId> {
        let number = match argument {
            Argument::Individual(individual) => return Some(self.constant(individual)),
            Argument::Variable(number) => number,
        };
        let place = usize::from(number);
        if let Some(known) = reading.terms[place] {
            return Some(known);
        }
        // A cyclic value cannot be unflattened.
        if std::mem::replace(&mut reading.open[place], true) {
            return None;
        }
        let term = match reading.rows[place] {
            Some(row) => {
                let function = self.function(row)?;
                let (_, inputs) = row.arguments.split_last()?;
                let inputs: Vec<TermId> =
                    inputs.iter().map(|input| self.term(reading, *input)).collect::<Option<_>>()?;
                self.applied(function, &inputs)?
            }
            None => {
                let domain = reading.domains[place].unwrap_or_else(|| {
                    let head = match &reading.rule.head {
                        RuleHead::Equal(left, right) => {
                            Some(Pattern { code: Code::EQUAL, arguments: vec![*left, *right] })
                        }
                        RuleHead::Fact(head) => Some(head.clone()),
                        _ => None,
                    };
                    let patterns = reading.rule.premises.iter().chain(&head);
                    let sorts = self.block.typing().of_variables(reading.rule.variables, patterns);
                    Domain { sort: sorts[place].0, part: None }
                });
                self.terms.variable(number as u8, domain)
            }
        };
        reading.terms[place] = Some(term);
        Some(term)
    }
}

/// The premises of a sequent, as terms and equations between them.
struct Premises<'s> {
    sequent: &'s Sequent,
    first: usize,
    terms: Vec<Option<TermId>>,
    defined: Vec<(TermId, usize, u16)>,
}

impl<'s> Premises<'s> {
    fn new(sequent: &'s Sequent, first: usize) -> Premises<'s> {
        Premises { sequent, first, terms: vec![None; usize::from(sequent.variables)], defined: Vec::new() }
    }

    fn constant(&mut self, reader: &mut Reader<'_>, number: u16) -> TermId {
        let place = usize::from(number);
        if self.terms[place].is_none() {
            self.terms[place] = Some(reader.constant(Individual((self.first + place) as u32)));
        }
        self.terms[place].expect("entered above")
    }

    fn term(&self, reader: &mut Reader<'_>, argument: Argument) -> Option<TermId> {
        match argument {
            Argument::Individual(individual) => Some(reader.constant(individual)),
            Argument::Variable(number) => self.terms[usize::from(number)],
        }
    }

    /// The ways to satisfy the conditions of a rule by facts about constants and the variables of the sequent; none if it
    /// has no conditions.
    fn instances(&self, reader: &mut Reader<'_>, rule: &Rule) -> Vec<Bound> {
        let conditions = (0..rule.premises.len()).filter(|place| reader.is_condition(&rule.premises[*place]));
        let conditions: Vec<usize> = conditions.collect();
        if conditions.is_empty() || rule.justification.is_none() || rule.turned.is_some() {
            return Vec::new();
        }
        let mut found: Vec<(Vec<Option<Individual>>, Conditions)> =
            vec![(vec![None; usize::from(rule.variables)], Vec::new())];
        for place in conditions {
            let condition = &rule.premises[place];
            let mut longer = Vec::new();
            for (binding, satisfied) in &found {
                let facts = reader
                    .line
                    .layers
                    .iter()
                    .flat_map(|layer| layer.facts_of(condition.code).iter().map(|fact| layer.arguments(*fact)));
                for arguments in facts.filter(|arguments| self.are_known(reader, arguments)) {
                    let mut binding = binding.clone();
                    let fits = condition.arguments.iter().zip(arguments).all(|(own, argument)| match own {
                        Argument::Individual(individual) => reader.line.classes.find(*individual) == *argument,
                        Argument::Variable(number) => {
                            *binding[usize::from(*number)].get_or_insert(*argument) == *argument
                        }
                    });
                    let mut satisfied = satisfied.clone();
                    satisfied.push((place, arguments.to_vec()));
                    if fits && longer.len() < MOST_INSTANCES && !longer.contains(&(binding.clone(), satisfied.clone()))
                    {
                        longer.push((binding, satisfied));
                    }
                }
            }
            found = longer;
        }
        let bound = |(binding, conditions): (Vec<Option<Individual>>, Conditions)| {
            let terms = binding
                .into_iter()
                .map(|one| one.map(|individual| self.known(reader, individual)))
                .map(Option::flatten);
            Bound { conditions, terms: terms.collect() }
        };
        found.into_iter().map(bound).collect()
    }

    /// Whether these individuals are constants or variables of the sequent, and representatives of their classes.
    fn are_known(&self, reader: &Reader<'_>, individuals: &[Individual]) -> bool {
        individuals.iter().all(|individual| {
            let place = individual.0 as usize;
            reader.line.classes.find(*individual) == *individual
                && match place.checked_sub(self.first) {
                    Some(variable) => self.terms.get(variable).is_some_and(Option::is_some),
                    None => place < reader.compiled.signature.constants.len(),
                }
        })
    }

    /// The term of an individual that is a constant or a variable of the sequent.
    fn known(&self, reader: &mut Reader<'_>, individual: Individual) -> Option<TermId> {
        let place = individual.0 as usize;
        match place.checked_sub(self.first) {
            Some(variable) => self.terms.get(variable).copied().flatten(),
            None => Some(reader.constant(individual)),
        }
    }

    /// Reads rows and equations; other premises are ignored.
    fn read(&mut self, reader: &mut Reader<'_>, given: &mut Vec<Given>) -> Option<()> {
        let rows = |place: &usize| reader.function(&self.sequent.premises[*place]).is_some();
        let mut rows: Vec<usize> = (0..self.sequent.premises.len()).filter(rows).collect();
        let value = |sequent: &Sequent, place: usize| sequent.premises[place].arguments.last().copied();
        for number in 0..self.sequent.variables {
            if !rows.iter().any(|place| value(self.sequent, *place) == Some(Argument::Variable(number))) {
                self.constant(reader, number);
            }
        }
        while !rows.is_empty() {
            let ready = rows.iter().position(|place| {
                let (_, inputs) = self.sequent.premises[*place].arguments.split_last().expect("a row has a value");
                inputs.iter().all(|input| self.term(reader, *input).is_some())
            });
            let Some(ready) = ready else {
                // Values that depend on each other: one of them becomes a constant, and its row an equation.
                if let Some(Argument::Variable(number)) = value(self.sequent, rows[0]) {
                    self.constant(reader, number);
                }
                rows.rotate_left(1);
                continue;
            };
            let place = rows.remove(ready);
            self.row(reader, place, given)?;
        }
        for (place, premise) in self.sequent.premises.iter().enumerate() {
            if premise.code == Code::EQUAL {
                let left = self.term(reader, premise.arguments[0])?;
                let right = self.term(reader, premise.arguments[1])?;
                given.push(Given { left, right, is_row: false, origin: Origin::Premise(place) });
            }
        }
        Some(())
    }

    fn row(&mut self, reader: &mut Reader<'_>, place: usize, given: &mut Vec<Given>) -> Option<()> {
        let premise = &self.sequent.premises[place];
        let function = reader.function(premise).expect("a row");
        let (value, inputs) = premise.arguments.split_last()?;
        let inputs: Vec<TermId> = inputs.iter().map(|input| self.term(reader, *input)).collect::<Option<_>>()?;
        let left = reader.applied(function, &inputs)?;
        if let Argument::Variable(number) = value {
            let is_free = self.terms[usize::from(*number)].is_none();
            if is_free && !self.defined.iter().any(|(known, ..)| *known == left) {
                self.terms[usize::from(*number)] = Some(left);
                self.defined.push((left, place, *number));
                return Some(());
            }
            self.constant(reader, *number);
        }
        let right = self.term(reader, *value)?;
        given.push(Given { left, right, is_row: true, origin: Origin::Premise(place) });
        Some(())
    }

    fn goal(&self, reader: &mut Reader<'_>, goal: &Pattern, is_row: bool) -> Option<(TermId, TermId)> {
        let arguments: Vec<TermId> =
            goal.arguments.iter().map(|argument| self.term(reader, *argument)).collect::<Option<_>>()?;
        let (last, inputs) = arguments.split_last()?;
        if !is_row {
            return Some((inputs[0], *last));
        }
        let function = reader.function(goal)?;
        Some((reader.applied(function, inputs)?, *last))
    }
}
