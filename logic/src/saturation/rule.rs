//! Rules of logic blocks: clauses compiled to join plans.
//!
//! A rule has patterns that must match facts, and a head. For each pattern there is a plan that starts
//! at a new fact and finds the others by index, so that every combination of facts is met once.

use std::sync::Arc;

use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};
use crate::clauses::compile::{Axiom, Compiled, Justification, Start};

/// A rule: its place in the shared book, or, beyond [`RuleId::LOCAL`], along the line from the root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleId(pub u32);

/// An individual of a block and its ancestors. The first ones are the signature's constants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Individual(pub u32);

/// An argument of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Argument {
    /// A given individual.
    Individual(Individual),
    /// A variable of the rule.
    Variable(u16),
}

/// A relation or its negation, as one number: facts of the two are kept apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Code(pub u32);

impl Code {
    /// Equations.
    pub const EQUAL: Code = Code(0);
    /// Inequations.
    pub const APART: Code = Code(1);
    /// The contradiction, which has no arguments.
    pub const FALSE: Code = Code(u32::MAX);

    /// The code of a literal.
    #[must_use]
    pub fn new(relation: RelationId, positive: bool) -> Code {
        Code(u32::from(relation.0) * 2 + u32::from(!positive))
    }

    /// The relation.
    #[must_use]
    pub fn relation(self) -> RelationId {
        RelationId((self.0 / 2) as u16)
    }

    /// Whether it is a relation itself, not its negation.
    #[must_use]
    pub fn positive(self) -> bool {
        self.0.is_multiple_of(2)
    }

    /// The negation.
    #[must_use]
    pub fn opposite(self) -> Code {
        Code(self.0 ^ 1)
    }

    /// The position in a table of codes.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A sort, by its place in [`Sorts`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SortId(pub u16);

/// The sorts of a theory's relations and constants.
///
/// Each has a *domain*, a pseudo-relation whose facts say of every individual of the sort that it is equal to itself.
/// A rule looks there for the variables that no premise binds: they range over the individuals of their sort.
#[derive(Clone, Debug, Default)]
pub struct Sorts {
    table: Vec<Sort>,
    /// The sorts of the arguments of each relation; none for equality.
    relations: Vec<Vec<SortId>>,
    constants: Vec<SortId>,
}

impl Sorts {
    /// The sorts of a signature.
    #[must_use]
    pub fn new(signature: &Signature) -> Sorts {
        let mut sorts = Sorts { table: vec![Sort::BASE], ..Sorts::default() };
        for relation in &signature.relations {
            let places = relation.sorts.iter().map(|sort| sorts.enter(sort)).collect();
            sorts.relations.push(places);
        }
        sorts.constants = signature.constants.iter().map(|constant| sorts.enter(&constant.sort)).collect();
        sorts
    }

    fn enter(&mut self, sort: &Sort) -> SortId {
        let place = self.table.iter().position(|known| known == sort).unwrap_or_else(|| {
            self.table.push(sort.clone());
            self.table.len() - 1
        });
        SortId(place as u16)
    }

    /// How many sorts there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table.len()
    }

    /// How many codes there are: of relations, and then of domains.
    #[must_use]
    pub fn codes(&self) -> usize {
        2 * (self.relations.len() + self.table.len())
    }

    /// The code of the domain of a sort.
    #[must_use]
    pub fn domain(&self, sort: SortId) -> Code {
        Code(2 * (self.relations.len() as u32 + u32::from(sort.0)))
    }

    /// The sort whose domain has this code.
    #[must_use]
    pub fn of_domain(&self, code: Code) -> Option<SortId> {
        (code.0 / 2).checked_sub(self.relations.len() as u32).map(|sort| SortId(sort as u16))
    }

    /// The sort with this number.
    #[must_use]
    pub fn sort(&self, sort: SortId) -> &Sort {
        &self.table[usize::from(sort.0)]
    }

    /// The sorts of a relation's arguments; none for equality.
    #[must_use]
    pub fn of_relation(&self, relation: RelationId) -> &[SortId] {
        &self.relations[relation.index()]
    }

    /// The sort of an argument of a relation.
    #[must_use]
    pub fn at(&self, relation: RelationId, place: usize) -> SortId {
        self.relations[relation.index()][place]
    }
}

/// The sorts of a theory, and of the individuals of a block.
#[derive(Clone, Copy, Debug)]
pub struct Typing<'s> {
    /// The theory's.
    pub sorts: &'s Sorts,
    /// One for each individual.
    pub individuals: &'s [SortId],
}

impl<'s> Typing<'s> {
    /// Where there are no individuals but the constants.
    #[must_use]
    pub fn constants(sorts: &'s Sorts) -> Typing<'s> {
        Typing { sorts, individuals: &sorts.constants }
    }

    /// The sorts of `count` variables: those of the places at which they stand, and of what they are equal to. A
    /// variable that is equal to such variables only is of the base sort.
    pub fn of_variables<'p>(&self, count: u16, patterns: impl Iterator<Item = &'p Pattern>) -> Vec<SortId> {
        let mut sorts: Vec<Option<SortId>> = vec![None; usize::from(count)];
        let mut equations = Vec::new();
        for pattern in patterns {
            if pattern.code.relation() == RelationId::EQUAL {
                equations.push((pattern.arguments[0], pattern.arguments[1]));
                continue;
            }
            for (place, argument) in pattern.arguments.iter().enumerate() {
                if let Argument::Variable(number) = argument {
                    sorts[usize::from(*number)] = Some(self.sorts.at(pattern.code.relation(), place));
                }
            }
        }
        // Each round tells at least one more variable its sort.
        loop {
            let known = |argument: Argument| match argument {
                Argument::Individual(individual) => Some(self.individuals[individual.0 as usize]),
                Argument::Variable(number) => sorts[usize::from(number)],
            };
            let told =
                equations.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]).find_map(|(from, to)| {
                    match to {
                        Argument::Variable(number) if sorts[usize::from(number)].is_none() => {
                            known(from).map(|sort| (number, sort))
                        }
                        _ => None,
                    }
                });
            let Some((number, sort)) = told else { break };
            sorts[usize::from(number)] = Some(sort);
        }
        sorts.into_iter().map(|sort| sort.unwrap_or(SortId(0))).collect()
    }
}

/// A literal over individuals and variables.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pattern {
    /// The relation and its sign.
    pub code: Code,
    /// As many as the relation has.
    pub arguments: Vec<Argument>,
}

impl Pattern {
    /// The pattern of a clause's literal; constant `c` is individual `c`.
    #[must_use]
    pub fn of(literal: &Literal) -> Pattern {
        let argument = |term: &Term| match term {
            Term::Constant(number) => Argument::Individual(Individual(u32::from(*number))),
            Term::Variable(number) => Argument::Variable(*number),
        };
        Pattern {
            code: Code::new(literal.relation, literal.positive),
            arguments: literal.arguments.iter().map(argument).collect(),
        }
    }

    /// The pattern with its variables replaced.
    #[must_use]
    pub fn map(&self, replace: &dyn Fn(u16) -> Argument) -> Pattern {
        let argument = |argument: &Argument| match argument {
            Argument::Variable(number) => replace(*number),
            individual => *individual,
        };
        Pattern { code: self.code, arguments: self.arguments.iter().map(argument).collect() }
    }
}

/// What a rule does when its patterns match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RuleHead {
    /// Derives a contradiction.
    False,
    /// Derives a fact.
    Fact(Pattern),
    /// Derives an equation.
    Equal(Argument, Argument),
    /// Derives that so many individuals exist, numbered on from the rule's variables, with these facts.
    Exists(u16, Vec<Pattern>),
    /// Derives nothing, but asks for the values of these functions, each in terms of the patterns'
    /// variables and of earlier values. The number is added to the price of a new value.
    Demand(Vec<Pattern>, u32),
    /// The block's goal is reached.
    Goal,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// How many variables the clause has.
    pub variables: u16,
    /// For each variable what stands for it in patterns and head: itself, or what a premise `x = y`
    /// made of it.
    pub alias: Vec<Argument>,
    /// The clause's premises that are matched, and the place of each among the clause's premises;
    /// equations are not matched but built into [`Rule::alias`]. A denied head stands last, with the
    /// place after the last, and so do domains of variables that no premise binds.
    pub patterns: Vec<Pattern>,
    /// See [`Rule::patterns`].
    pub places: Vec<usize>,
    /// The clause's premises as they are.
    pub premises: Vec<Pattern>,
    /// What follows.
    pub head: RuleHead,
    /// How the calculus gets there; `None` for demands and goals, which derive nothing.
    pub justification: Option<Justification>,
    /// A plan for each pattern as the trigger.
    pub plans: Vec<Plan>,
    /// The variables that stand for something else, see [`Rule::alias`].
    pub aliased: Vec<(u16, Argument)>,
    /// The sorts of the individuals that [`RuleHead::Exists`] speaks of.
    pub witnesses: Vec<SortId>,
}

/// How to find the facts for a rule, beginning with one that matches a given pattern.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to do with the arguments of the trigger.
    pub trigger: Vec<Column>,
    /// The other patterns, in the order in which they are looked up.
    pub steps: Vec<PlanStep>,
}

/// One look-up of a plan.
#[derive(Clone, Debug)]
pub struct PlanStep {
    /// The pattern's place.
    pub pattern: usize,
    /// Its code.
    pub code: Code,
    /// A bit for each argument that is known before the look-up.
    pub mask: u32,
    /// What to do with each argument.
    pub columns: Vec<Column>,
}

/// What to do with an argument of a fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// It must be this individual.
    Individual(Individual),
    /// It must be what the variable stands for.
    Check(u16),
    /// The variable stands for it from now on.
    Bind(u16),
}

impl Rule {
    /// Compiles an axiom or theorem.
    #[must_use]
    pub fn of_axiom(axiom: &Axiom, sorts: &Sorts) -> Rule {
        let Clause { variables, premises, head } = &axiom.clause;
        let premises = premises.iter().map(Pattern::of).collect();
        let head = match head {
            Head::False => RuleHead::False,
            Head::Literal(literal) if literal.relation == RelationId::EQUAL && literal.positive => {
                let pattern = Pattern::of(literal);
                RuleHead::Equal(pattern.arguments[0], pattern.arguments[1])
            }
            Head::Literal(literal) => RuleHead::Fact(Pattern::of(literal)),
            Head::Exists(count, literals) => RuleHead::Exists(*count, literals.iter().map(Pattern::of).collect()),
        };
        Rule::new(*variables, premises, head, Some(axiom.justification.clone()), Typing::constants(sorts))
    }

    /// Compiles a rule.
    #[must_use]
    pub fn new(
        variables: u16,
        premises: Vec<Pattern>,
        head: RuleHead,
        justification: Option<Justification>,
        typing: Typing<'_>,
    ) -> Rule {
        let sorts = match &head {
            RuleHead::Demand(..) => Vec::new(),
            head => sorts_of(variables, &premises, head, typing),
        };
        let mut alias: Vec<Argument> = (0..variables).map(Argument::Variable).collect();
        let mut matched: Vec<(usize, Pattern)> = Vec::new();
        for (place, premise) in premises.iter().enumerate() {
            if premise.code != Code::EQUAL {
                matched.push((place, premise.clone()));
                continue;
            }
            let resolve = |argument: Argument, alias: &[Argument]| match argument {
                Argument::Variable(number) => alias[number as usize],
                individual => individual,
            };
            let (left, right) = (resolve(premise.arguments[0], &alias), resolve(premise.arguments[1], &alias));
            let (from, to) = match (left, right) {
                _ if left == right => continue,
                (Argument::Variable(x), Argument::Variable(y)) => {
                    (Argument::Variable(x.max(y)), Argument::Variable(x.min(y)))
                }
                (variable @ Argument::Variable(_), other) | (other, variable @ Argument::Variable(_)) => {
                    (variable, other)
                }
                (Argument::Individual(one), Argument::Individual(_)) => {
                    // The domain's facts are about one individual twice: they match when the two are equal.
                    let code = typing.sorts.domain(typing.individuals[one.0 as usize]);
                    matched.push((place, Pattern { code, arguments: vec![left, right] }));
                    continue;
                }
            };
            for entry in &mut alias {
                if *entry == from {
                    *entry = to;
                }
            }
        }
        let substitute = |pattern: &Pattern| {
            pattern.map(&|number| alias.get(number as usize).copied().unwrap_or(Argument::Variable(number)))
        };
        let mut patterns: Vec<Pattern> = Vec::new();
        let mut places = Vec::new();
        for (place, pattern) in &matched {
            patterns.push(substitute(pattern));
            places.push(*place);
        }
        let single = |argument: Argument| match argument {
            Argument::Variable(number) => alias.get(number as usize).copied().unwrap_or(argument),
            individual => individual,
        };
        let mut denial = None;
        let head = match head {
            RuleHead::Fact(pattern) if !pattern.code.positive() => {
                let mut denied = substitute(&pattern);
                denied.code = denied.code.opposite();
                if denied.code == Code::EQUAL {
                    RuleHead::Fact(substitute(&pattern))
                } else {
                    denial = Some(denied);
                    RuleHead::False
                }
            }
            RuleHead::Fact(pattern) => RuleHead::Fact(substitute(&pattern)),
            RuleHead::Equal(left, right) => RuleHead::Equal(single(left), single(right)),
            RuleHead::Exists(count, facts) => RuleHead::Exists(count, facts.iter().map(substitute).collect()),
            RuleHead::Demand(rows, price) => RuleHead::Demand(rows.iter().map(substitute).collect(), price),
            other @ (RuleHead::False | RuleHead::Goal) => other,
        };
        if !matches!(head, RuleHead::Demand(..)) {
            for number in (0..variables).filter(|number| alias[usize::from(*number)] == Argument::Variable(*number)) {
                let variable = Argument::Variable(number);
                if !patterns.iter().chain(&denial).any(|pattern| pattern.arguments.contains(&variable)) {
                    let code = typing.sorts.domain(sorts[usize::from(number)]);
                    patterns.push(Pattern { code, arguments: vec![variable, variable] });
                    places.push(premises.len());
                }
            }
        }
        patterns.extend(denial);
        places.resize(patterns.len(), premises.len());
        let plans = (0..patterns.len()).map(|trigger| plan(&patterns, trigger)).collect();
        let aliased = (0..variables)
            .map(|number| (number, alias[number as usize]))
            .filter(|(number, other)| *other != Argument::Variable(*number))
            .collect();
        let witnesses = sorts.get(usize::from(variables)..).unwrap_or_default().to_vec();
        Rule { variables, alias, patterns, places, premises, head, justification, plans, aliased, witnesses }
    }

    /// A rule that asks for the values of `rows` where `core` matches; its variables are those of this rule.
    fn demand(&self, core: Vec<Pattern>, rows: Vec<Pattern>, price: u32) -> Rule {
        Rule::asking(self.variables, core, rows, price)
    }

    /// A rule that asks for the values of `rows` where `core` matches, which has no equations.
    #[must_use]
    pub fn asking(variables: u16, core: Vec<Pattern>, rows: Vec<Pattern>, price: u32) -> Rule {
        let sorts = Sorts::default();
        Rule::new(variables, core, RuleHead::Demand(rows, price), None, Typing::constants(&sorts))
    }

    /// The rule, but only where the function row that it concludes is already there with some value:
    /// then it says what that value is, and makes no rows of its own. For laws such as `0 + a = a`,
    /// which would otherwise add a row for every individual.
    #[must_use]
    pub fn gated(mut self) -> Rule {
        let RuleHead::Fact(head) = &self.head else { return self };
        let mut gate = head.clone();
        let value = Argument::Variable(self.variables);
        let Some(last) = gate.arguments.last_mut() else { return self };
        *last = value;
        self.variables += 1;
        self.alias.push(value);
        self.patterns.push(gate);
        self.places.push(self.premises.len());
        self.plans = (0..self.patterns.len()).map(|trigger| plan(&self.patterns, trigger)).collect();
        self
    }

    /// The demands that make a rule useful before all of its premises are there.
    ///
    /// A rule whose head and one premise give the value of the same variable is an equation `l = r`.
    /// Where the rows of one side match, the values that the other side lacks are asked for; then the
    /// rule fires. `forward` is the price of going from the premises' side to the head's, `backward`
    /// that of the other direction, `None` meaning never.
    #[must_use]
    pub fn demands(&self, signature: &Signature, forward: Option<u32>, backward: Option<u32>) -> Vec<Rule> {
        let is_function = |pattern: &Pattern| {
            let relation = signature.relations.get(pattern.code.relation().index());
            pattern.code.positive() && relation.is_some_and(|relation| relation.function)
        };
        let rows: Vec<&Pattern> = self.patterns.iter().filter(|pattern| is_function(pattern)).collect();
        let others: Vec<&Pattern> = self.patterns.iter().filter(|pattern| !is_function(pattern)).collect();
        let value = |row: &Pattern| *row.arguments.last().expect("a function has a value");
        let reach = |from: &[Argument]| -> Vec<usize> {
            let mut wanted = from.to_vec();
            let mut reached: Vec<usize> = Vec::new();
            while let Some(argument) = wanted.pop() {
                for (place, row) in rows.iter().enumerate() {
                    if value(row) == argument && matches!(argument, Argument::Variable(_)) && !reached.contains(&place)
                    {
                        reached.push(place);
                        wanted.extend(&row.arguments[..row.arguments.len() - 1]);
                    }
                }
            }
            reached.sort_unstable();
            reached
        };
        let mut demands = Vec::new();
        let mut demand = |core: Vec<Pattern>, wanted: Vec<&Pattern>, price: u32| {
            let mut core = core;
            core.extend(others.iter().map(|pattern| (*pattern).clone()));
            let Some(wanted) = in_order(&core, wanted) else { return };
            if !core.is_empty() && !wanted.is_empty() {
                demands.push(self.demand(core, wanted, price));
            }
        };
        match &self.head {
            RuleHead::Fact(head) if is_function(head) => {
                let right = reach(&head.arguments[..head.arguments.len() - 1]);
                let left = reach(&[value(head)]);
                let pick = |places: &[usize]| places.iter().map(|place| rows[*place].clone()).collect::<Vec<_>>();
                if left.is_empty() || others.iter().any(|other| other.arguments.len() > 1) {
                    return demands;
                }
                if let Some(price) = forward {
                    let missing =
                        right.iter().filter(|place| !left.contains(place)).map(|place| rows[*place]).collect();
                    demand(pick(&left), missing, price);
                }
                if let Some(price) = backward {
                    let mut core = pick(&right);
                    core.push(head.clone());
                    let missing =
                        left.iter().filter(|place| !right.contains(place)).map(|place| rows[*place]).collect();
                    demand(core, missing, price);
                }
            }
            RuleHead::Equal(one, other) => {
                let (left, right) = (reach(&[*one]), reach(&[*other]));
                let shared = left.iter().filter(|place| right.contains(place)).count();
                if left.is_empty() || right.is_empty() || shared > 0 {
                    return demands;
                }
                for (from, to, price) in [(&left, &right, forward), (&right, &left, backward)] {
                    if let Some(price) = price {
                        let core = from.iter().map(|place| rows[*place].clone()).collect();
                        demand(core, to.iter().map(|place| rows[*place]).collect(), price);
                    }
                }
            }
            _ => {}
        }
        demands
    }
}

/// The sorts of a rule's variables, and then of what its head says exists.
fn sorts_of(variables: u16, premises: &[Pattern], head: &RuleHead, typing: Typing<'_>) -> Vec<SortId> {
    let equation;
    let (witnesses, literals): (u16, &[Pattern]) = match head {
        RuleHead::Fact(pattern) => (0, std::slice::from_ref(pattern)),
        RuleHead::Equal(left, right) => {
            equation = Pattern { code: Code::EQUAL, arguments: vec![*left, *right] };
            (0, std::slice::from_ref(&equation))
        }
        RuleHead::Exists(count, patterns) => (*count, patterns),
        RuleHead::False | RuleHead::Demand(..) | RuleHead::Goal => (0, &[]),
    };
    typing.of_variables(variables + witnesses, premises.iter().chain(literals))
}

/// The wanted rows in an order in which each one's inputs are known; `None` if there is none.
pub(crate) fn in_order(core: &[Pattern], mut wanted: Vec<&Pattern>) -> Option<Vec<Pattern>> {
    let mut known: Vec<Argument> = core.iter().flat_map(|pattern| pattern.arguments.iter().copied()).collect();
    let mut ordered = Vec::new();
    while !wanted.is_empty() {
        let ready = wanted.iter().position(|row| {
            let (_, inputs) = row.arguments.split_last().expect("a function has a value");
            inputs.iter().all(|input| matches!(input, Argument::Individual(_)) || known.contains(input))
        })?;
        let row = wanted.remove(ready);
        known.push(*row.arguments.last().expect("a function has a value"));
        ordered.push(row.clone());
    }
    Some(ordered)
}

fn plan(patterns: &[Pattern], trigger: usize) -> Plan {
    let mut known: Vec<u16> = Vec::new();
    let columns = |pattern: &Pattern, known: &mut Vec<u16>| -> Vec<Column> {
        pattern
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Individual(individual) => Column::Individual(*individual),
                Argument::Variable(number) if known.contains(number) => Column::Check(*number),
                Argument::Variable(number) => {
                    known.push(*number);
                    Column::Bind(*number)
                }
            })
            .collect()
    };
    let first = columns(&patterns[trigger], &mut known);
    let mut rest: Vec<usize> = (0..patterns.len()).filter(|place| *place != trigger).collect();
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let bound = |place: usize| {
            patterns[place]
                .arguments
                .iter()
                .filter(|argument| match argument {
                    Argument::Individual(_) => true,
                    Argument::Variable(number) => known.contains(number),
                })
                .count()
        };
        let open = |place: usize| patterns[place].arguments.len() - bound(place);
        // Fewest unknown arguments first; where none is known at all, last.
        let best = (0..rest.len()).min_by_key(|at| (bound(rest[*at]) == 0, open(rest[*at]), *at)).expect("not empty");
        let place = rest.remove(best);
        let pattern = &patterns[place];
        let mut mask = 0;
        for (column, argument) in pattern.arguments.iter().enumerate() {
            let is_known = match argument {
                Argument::Individual(_) => true,
                Argument::Variable(number) => known.contains(number),
            };
            // Look-ups use the first eight columns; the others are compared.
            mask |= u32::from(is_known && column < 8) << column;
        }
        steps.push(PlanStep { pattern: place, code: pattern.code, mask, columns: columns(pattern, &mut known) });
    }
    Plan { trigger: first, steps }
}

/// The rules that all blocks share: axioms, definitions, theorems, and their demands. Grows only.
#[derive(Clone, Debug, Default)]
pub struct RuleBook {
    /// The rules.
    pub rules: Vec<Arc<Rule>>,
    /// For each code the rules and patterns that a fact of it may trigger.
    pub triggers: Vec<Vec<(u32, u16)>>,
    /// For each code the masks by which its facts are looked up.
    pub masks: Vec<Vec<u32>>,
    /// For each relation how its values are made, if it is a function.
    functions: Vec<Option<NativeFunction>>,
    /// The sorts of the theory.
    pub sorts: Sorts,
    /// The rules between facts about sets and relations of the theory and those in which they are arguments. They are
    /// among [`RuleBook::rules`] if axioms speak of sets; else a block assumes them that has to do with sets.
    pub views: Vec<Rule>,
    /// For each sort whether a rule looks into its domain, so that it must have facts.
    pub(super) ranged: Vec<bool>,
}

/// A function whose totality and functionality the block itself takes care of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NativeFunction {
    /// How many inputs it has.
    pub inputs: usize,
    /// The rule that gives its values.
    pub totality: RuleId,
    /// For each input the variable of the totality rule.
    pub variables: Vec<u16>,
    /// The theory's function.
    pub function: usize,
}

impl RuleBook {
    /// The rules of a compiled theory: totality and functionality of functions are left to the block.
    #[must_use]
    pub fn new(compiled: &Compiled) -> RuleBook {
        let sorts = Sorts::new(&compiled.signature);
        let codes = sorts.codes();
        let mut book = RuleBook {
            rules: Vec::new(),
            triggers: vec![Vec::new(); codes],
            masks: vec![Vec::new(); codes],
            functions: vec![None; compiled.signature.relations.len()],
            ranged: vec![false; sorts.count()],
            views: compiled.views().iter().map(|view| Rule::of_axiom(view, &sorts)).collect(),
            sorts,
        };
        for sort in 0..book.sorts.count() {
            book.masks[book.sorts.domain(SortId(sort as u16)).index()].push(0b11);
        }
        for (number, relation) in compiled.signature.relations.iter().enumerate() {
            // Facts are known by all of their arguments, rows of functions by their inputs.
            let columns = if relation.function { relation.arity - 1 } else { relation.arity };
            let mask = (1u32 << columns) - 1;
            book.masks[number * 2].push(mask);
            book.masks[number * 2 + 1].push((1u32 << relation.arity) - 1);
        }
        for (place, function) in compiled.functions.iter().enumerate() {
            let axiom = &compiled.axioms[function.totality];
            let rule = Rule::of_axiom(axiom, &book.sorts);
            let RuleHead::Exists(_, facts) = &rule.head else { continue };
            let code = Code::new(function.relation, true);
            let Some(row) = facts.iter().find(|fact| fact.code == code) else { continue };
            let inputs = row.arguments.len() - 1;
            let variables = row.arguments[..inputs].iter().filter_map(|argument| match argument {
                Argument::Variable(number) => Some(*number),
                Argument::Individual(_) => None,
            });
            book.functions[function.relation.index()] = Some(NativeFunction {
                inputs,
                totality: RuleId(book.rules.len() as u32),
                variables: variables.collect(),
                function: place,
            });
            book.note_ranges(&rule);
            book.rules.push(Arc::new(rule.clone()));
            // A function of one input is also worked out for its own sake, late.
            if inputs == 1 && !function.constructor {
                book.add(Rule::asking(rule.variables + 1, rule.patterns.clone(), vec![row.clone()], 6));
            }
        }
        let about_sets = |axiom: &Axiom| {
            matches!(axiom.justification.start, Start::Node(_)) && compiled.speaks_of_sets(&axiom.clause)
        };
        if compiled.axioms.iter().any(about_sets) {
            for view in std::mem::take(&mut book.views) {
                book.add(view);
            }
        }
        for (number, axiom) in compiled.axioms.iter().enumerate() {
            let native = compiled
                .functions
                .iter()
                .any(|function| function.totality == number || function.functionality == number);
            if native {
                continue;
            }
            let rule = Rule::of_axiom(axiom, &book.sorts);
            if compiled.is_base(&axiom.clause) {
                book.add_gated(rule, &compiled.signature, 0);
                continue;
            }
            // A recursion equation is used from the function to its value, whichever way the theory
            // writes it.
            let folding = compiled.is_folding(&axiom.clause);
            let (forward, backward) = if folding { (None, Some(0)) } else { (Some(0), None) };
            book.add_with_demands(rule, &compiled.signature, forward, backward);
        }
        book
    }

    /// How the values of a relation are made, if it is a function.
    #[inline]
    #[must_use]
    pub fn function(&self, code: Code) -> Option<&NativeFunction> {
        if !code.positive() {
            return None;
        }
        self.functions.get(code.relation().index())?.as_ref()
    }

    /// Whether a rule is the totality of a function.
    #[must_use]
    pub fn is_totality(&self, rule: RuleId) -> bool {
        self.functions.iter().flatten().any(|function| function.totality == rule)
    }

    /// Adds a rule that only says what the value of a row is that is there, see [`Rule::gated`]. Where
    /// there is such a row, what the rule's premises need is asked for.
    pub fn add_gated(&mut self, rule: Rule, signature: &Signature, price: u32) {
        let demands = rule.demands(signature, None, Some(price));
        self.add(rule.gated());
        for demand in demands {
            self.add(demand);
        }
    }

    /// Adds a rule and the demands that go with it.
    pub fn add_with_demands(&mut self, rule: Rule, signature: &Signature, forward: Option<u32>, backward: Option<u32>) {
        let demands = rule.demands(signature, forward, backward);
        self.add(rule);
        for demand in demands {
            self.add(demand);
        }
    }

    fn note_ranges(&mut self, rule: &Rule) {
        for pattern in &rule.patterns {
            if let Some(sort) = self.sorts.of_domain(pattern.code) {
                self.ranged[usize::from(sort.0)] = true;
            }
        }
    }

    /// Adds a rule.
    pub fn add(&mut self, rule: Rule) {
        self.note_ranges(&rule);
        let number = self.rules.len() as u32;
        for (place, pattern) in rule.patterns.iter().enumerate() {
            self.triggers[pattern.code.index()].push((number, place as u16));
            for step in &rule.plans[place].steps {
                let masks = &mut self.masks[step.code.index()];
                if step.mask != 0 && !masks.contains(&step.mask) {
                    masks.push(step.mask);
                }
            }
        }
        self.rules.push(Arc::new(rule));
    }
}
