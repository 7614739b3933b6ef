//! Rules of logic blocks: clauses compiled to join plans.
//!
//! A rule has patterns that must match facts, and a head. For each pattern there is a plan that starts at a new fact
//! and finds the others by index, so that every combination of facts is joined once.

use std::collections::BTreeSet;

use crate::clauses::clause::{Clause, Head, RelationId, Signature};
use crate::clauses::compile::{Axiom, Justification};
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::sorts::{SortId, Sorts, Typing};

/// A rule: its index in the shared book or, from [`RuleId::LOCAL`] on, its number along the line from the root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleId(pub u32);

/// The effect of a rule when its patterns match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RuleHead {
    /// Derives a contradiction.
    False,
    /// Derives a fact.
    Fact(Pattern),
    /// Derives an equation.
    Equal(Argument, Argument),
    /// Creates this many witnesses, numbered after the rule's variables, that satisfy these patterns.
    Exists(u16, Vec<Pattern>),
    /// Derives nothing, but demands the values of these functions, each in terms of the patterns' variables and of
    /// earlier values. The number is added to the price of a new value.
    Demand(Vec<Pattern>, u32),
    /// The block's goal is reached.
    Goal,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The number of variables of the clause.
    pub variables: u16,
    /// What each variable is replaced by in patterns and head: itself, or the other side of a premise `x = y`.
    pub alias: Vec<Argument>,
    /// The patterns to match: the clause's premises except equations, which are built into [`Rule::alias`]; then
    /// domains of variables that no premise binds, and the negated head of a rule that derives a contradiction.
    /// `places` has the index of each among the clause's premises; for additional patterns, the index after the last.
    pub patterns: Vec<Pattern>,
    /// See [`Rule::patterns`].
    pub places: Vec<usize>,
    /// The clause's premises, unchanged.
    pub premises: Vec<Pattern>,
    /// The effect.
    pub head: RuleHead,
    /// Its justification in the calculus; `None` for demands and goals, which derive nothing.
    pub justification: Option<Justification>,
    /// For a demand, the rows that the demanded values make derivable.
    pub leads_to: Vec<Pattern>,
    /// For a contrapositive, its origin. The last premise is then the negated head of the clause.
    pub turned: Option<Turned>,
    /// A plan for each pattern as the trigger.
    pub plans: Vec<Plan>,
    /// The variables that are replaced; see [`Rule::alias`].
    pub aliased: Vec<(u16, Argument)>,
    /// The sorts of the witnesses of [`RuleHead::Exists`].
    pub witnesses: Vec<SortId>,
}

/// A contrapositive: from the other premises of a clause and the negation of its head to the negation of this premise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turned {
    /// The index of the premise in the clause.
    pub place: usize,
    /// The premise.
    pub premise: Pattern,
    /// Whether the clause's head is positive.
    pub positive_head: bool,
}

/// A join plan that starts at a fact matching a given pattern.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The actions for the arguments of the trigger.
    pub trigger: Vec<Column>,
    /// The other patterns, in order of look-up.
    pub steps: Vec<PlanStep>,
}

/// One look-up of a plan.
#[derive(Clone, Debug)]
pub struct PlanStep {
    /// The index of the pattern.
    pub pattern: usize,
    /// Its code.
    pub code: Code,
    /// A bitmask of the arguments that are known before the look-up.
    pub mask: u32,
    /// The action for each argument.
    pub columns: Vec<Column>,
}

/// What to do with an argument of a matched fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// It must be this individual.
    Individual(Individual),
    /// It must be the individual bound to the variable.
    Check(u16),
    /// Binds the variable to it.
    Bind(u16),
}

impl Rule {
    /// Compiles an axiom or theorem; with `derives_denials` as in [`Rule::deriving`].
    #[must_use]
    pub fn of_axiom(axiom: &Axiom, sorts: &Sorts, derives_denials: bool) -> Rule {
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
        let justification = Some(axiom.justification.clone());
        Rule::build(*variables, premises, head, justification, Typing::constants(sorts), derives_denials)
    }

    /// Compiles a rule. A negative head other than an inequation is not derived: the rule gives a contradiction where
    /// the negated atom holds too.
    #[must_use]
    pub fn new(
        variables: u16,
        premises: Vec<Pattern>,
        head: RuleHead,
        justification: Option<Justification>,
        typing: Typing<'_>,
    ) -> Rule {
        Rule::build(variables, premises, head, justification, typing, false)
    }

    /// [`Rule::new`], but a negative head is derived as a fact.
    #[must_use]
    pub fn deriving(
        variables: u16,
        premises: Vec<Pattern>,
        head: RuleHead,
        justification: Option<Justification>,
        typing: Typing<'_>,
    ) -> Rule {
        Rule::build(variables, premises, head, justification, typing, true)
    }

    /// The contrapositive of a clause with these premises and this literal as head, which concludes the negation of the
    /// premise at `place`. `None` if that premise is an equation, or has variables that occur nowhere else.
    #[must_use]
    pub fn contrapositive(
        variables: u16,
        premises: &[Pattern],
        head: &Pattern,
        place: usize,
        justification: &Justification,
        typing: Typing<'_>,
    ) -> Option<Rule> {
        let premise = premises[place].clone();
        if premise.code == Code::EQUAL {
            return None;
        }
        let mut others: Vec<Pattern> =
            premises.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| other.clone()).collect();
        others.push(Pattern { code: head.code.opposite(), arguments: head.arguments.clone() });
        let known = |argument: &Argument| {
            matches!(argument, Argument::Individual(_)) || others.iter().any(|other| other.arguments.contains(argument))
        };
        if !(0..variables).map(Argument::Variable).all(|variable| known(&variable)) {
            return None;
        }
        let head_of = |code: Code| match code {
            Code::APART => RuleHead::Equal(premise.arguments[0], premise.arguments[1]),
            _ => RuleHead::Fact(Pattern { code: code.opposite(), arguments: premise.arguments.clone() }),
        };
        let mut rule = Rule::deriving(variables, others, head_of(premise.code), Some(justification.clone()), typing);
        rule.turned = Some(Turned { place, premise, positive_head: head.code.positive() });
        Some(rule)
    }

    fn build(
        variables: u16,
        premises: Vec<Pattern>,
        head: RuleHead,
        justification: Option<Justification>,
        typing: Typing<'_>,
        derives_denials: bool,
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
                    // The domain's facts have one individual twice: they match when the two arguments are equal.
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
            RuleHead::Fact(pattern) if !pattern.code.positive() && !derives_denials => {
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
        let (turned, leads_to) = (None, Vec::new());
        Rule {
            variables,
            alias,
            patterns,
            places,
            premises,
            head,
            justification,
            leads_to,
            turned,
            plans,
            aliased,
            witnesses,
        }
    }

    /// A rule that demands the values of `rows` where `core` matches; its variables are those of this rule.
    fn demand(&self, core: Vec<Pattern>, rows: Vec<Pattern>, price: u32) -> Rule {
        Rule::asking(self.variables, core, rows, price)
    }

    /// A rule that demands the values of `rows` where `core`, which contains no equations, matches.
    #[must_use]
    pub fn asking(variables: u16, core: Vec<Pattern>, rows: Vec<Pattern>, price: u32) -> Rule {
        let sorts = Sorts::default();
        Rule::new(variables, core, RuleHead::Demand(rows, price), None, Typing::constants(&sorts))
    }

    /// The rule restricted to function rows that exist already: it determines their value and creates no rows. For laws
    /// such as `0 + a = a`, which would otherwise add a row for every individual.
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

    /// The demands of a rule that [unfolds](Rule::unfolds) a function: where the function has a value and one step of
    /// its explanation is known, the other steps are demanded. Where f ∘ g and g(x) are known, that is f(g(x)).
    #[must_use]
    pub fn continuations(&self, signature: &Signature, price: u32) -> Vec<Rule> {
        let RuleHead::Fact(head) = &self.head else { return Vec::new() };
        let Some((value, inputs)) = head.arguments.split_last() else { return Vec::new() };
        let rows: Vec<&Pattern> = self.patterns.iter().filter(|pattern| is_row(pattern, signature)).collect();
        let explained = reach(&rows, inputs);
        if explained.is_empty() {
            return Vec::new();
        }
        let mut steps = reach(&rows, &[*value]);
        steps.retain(|place| !explained.contains(place));
        let after = |step: &usize| {
            let core = explained.iter().chain([step]).map(|place| rows[*place].clone()).collect();
            let rest = steps.iter().filter(|other| *other != step).map(|place| rows[*place]).collect();
            self.completing(core, rest, price, signature)
        };
        steps.iter().filter_map(after).collect()
    }

    /// The demand for the values of `wanted`, where `core` and all premises that are not rows hold; `None` if it would
    /// demand nothing or have no pattern.
    fn completing(
        &self,
        mut core: Vec<Pattern>,
        wanted: Vec<&Pattern>,
        price: u32,
        signature: &Signature,
    ) -> Option<Rule> {
        core.extend(self.patterns.iter().filter(|pattern| !is_row(pattern, signature)).cloned());
        let wanted = in_order(&core, wanted)?;
        if core.is_empty() || wanted.is_empty() {
            return None;
        }
        let mut demand = self.demand(core, wanted.clone(), price);
        demand.leads_to = wanted;
        if let RuleHead::Fact(head) = &self.head {
            demand.leads_to.push(head.clone());
        }
        Some(demand)
    }

    /// Whether the rule is an equation whose premises' side has some of the functions of the head's side and no others,
    /// as `(f ∘ g)(x) = f(g(x))`: it then explains the function that is left out.
    #[must_use]
    pub fn unfolds(&self, signature: &Signature) -> bool {
        let RuleHead::Fact(head) = &self.head else { return false };
        if !is_row(head, signature) {
            return false;
        }
        let (value, inputs) = head.arguments.split_last().expect("a relation has arguments");
        let rows: Vec<&Pattern> = self.patterns.iter().filter(|pattern| is_row(pattern, signature)).collect();
        let functions = |from: &[Argument]| reach(&rows, from).into_iter().map(|place| rows[place].code);
        let left: BTreeSet<Code> = functions(&[*value]).collect();
        let right: BTreeSet<Code> = functions(inputs).chain([head.code]).collect();
        !left.is_empty() && left.len() < right.len() && left.is_subset(&right)
    }

    /// The demands that make a rule useful before all of its premises hold.
    ///
    /// A rule whose head and one premise give the value of the same variable is an equation `l = r`. Where the rows of
    /// one side match, the missing values of the other side are demanded; then the rule fires. `forward` is the price
    /// from the premises' side to the head's, `backward` that of the other direction; `None`: never.
    #[must_use]
    pub fn demands(&self, signature: &Signature, forward: Option<u32>, backward: Option<u32>) -> Vec<Rule> {
        let is_function = |pattern: &Pattern| is_row(pattern, signature);
        let rows: Vec<&Pattern> = self.patterns.iter().filter(|pattern| is_function(pattern)).collect();
        let others: Vec<&Pattern> = self.patterns.iter().filter(|pattern| !is_function(pattern)).collect();
        let value = |row: &Pattern| *row.arguments.last().expect("a function has a value");
        let reach = |from: &[Argument]| reach(&rows, from);
        let mut demands = Vec::new();
        let mut demand = |core: Vec<Pattern>, wanted: Vec<&Pattern>, price: u32| {
            demands.extend(self.completing(core, wanted, price, signature));
        };
        match &self.head {
            RuleHead::Fact(head) if is_function(head) => {
                let right = reach(&head.arguments[..head.arguments.len() - 1]);
                let left = reach(&[value(head)]);
                let pick = |places: &[usize]| places.iter().map(|place| rows[*place].clone()).collect::<Vec<_>>();
                if left.is_empty() {
                    return demands;
                }
                // Where a relation holds, a row that is not asked about would be demanded for each related pair.
                let is_wide = others.iter().any(|other| other.arguments.len() > 1);
                if let Some(price) = forward.filter(|_| !is_wide) {
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

/// Whether a pattern is a row of a function.
fn is_row(pattern: &Pattern, signature: &Signature) -> bool {
    let relation = signature.relations.get(pattern.code.relation().index());
    pattern.code.positive() && relation.is_some_and(|relation| relation.function)
}

/// The indices of the rows that give the values of these arguments, of their inputs, and so on.
fn reach(rows: &[&Pattern], from: &[Argument]) -> Vec<usize> {
    let mut wanted = from.to_vec();
    let mut reached: Vec<usize> = Vec::new();
    while let Some(argument) = wanted.pop() {
        for (place, row) in rows.iter().enumerate() {
            let (value, inputs) = row.arguments.split_last().expect("a function has a value");
            if *value == argument && matches!(argument, Argument::Variable(_)) && !reached.contains(&place) {
                reached.push(place);
                wanted.extend(inputs);
            }
        }
    }
    reached.sort_unstable();
    reached
}

/// The sorts of a rule's variables, then of the witnesses of its head.
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

/// The wanted rows in an order in which the inputs of each are known; `None` if there is none.
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
        // Fewest unknown arguments first; patterns without any known argument last.
        let best = (0..rest.len()).min_by_key(|at| (bound(rest[*at]) == 0, open(rest[*at]), *at)).expect("not empty");
        let place = rest.remove(best);
        let pattern = &patterns[place];
        let mut mask = 0;
        for (column, argument) in pattern.arguments.iter().enumerate() {
            let is_known = match argument {
                Argument::Individual(_) => true,
                Argument::Variable(number) => known.contains(number),
            };
            // Look-ups use the first eight columns; the others are compared afterwards.
            mask |= u32::from(is_known && column < 8) << column;
        }
        steps.push(PlanStep { pattern: place, code: pattern.code, mask, columns: columns(pattern, &mut known) });
    }
    Plan { trigger: first, steps }
}
