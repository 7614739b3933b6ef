//! A logic block: what it may assume, what it wants, and what follows.
//!
//! A block sees the facts of its ancestors and has facts of its own. Facts are taken in order; each is
//! joined with older ones by the plans of the rules, so that every combination is met once
//! (semi-naive evaluation). Equal individuals share a representative, and facts are about
//! representatives; functions have one value for their inputs, so two values are equal. New values
//! are made only when a rule asks for them, the cheapest first.
//!
//! A block is a value: [`Block::run`] does a given amount of work and says why it stopped. The same
//! block and the same limits give the same facts in the same order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use crate::classes::Classes;
use crate::compile::Start;
use crate::layer::{FactId, Layer, Reason, RuleId, WitnessGroup};
use crate::rule::{Argument, Code, Column, Individual, Pattern, Plan, Rule, RuleBook, RuleHead, in_order};

/// A block at rest, whose facts its descendants share.
#[derive(Debug)]
pub struct Snapshot {
    /// The layers from the root to this block.
    pub layers: Vec<Arc<Layer>>,
    pub(crate) classes: Classes,
    pub(crate) book: Arc<RuleBook>,
    local: Vec<(RuleId, Arc<Rule>)>,
    falsum: Option<FactId>,
    negatives: bool,
}

/// How much a block may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Look-ups and comparisons.
    pub steps: u64,
    /// New individuals.
    pub creations: u32,
}

/// Why a block stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The goal is reached.
    Proved,
    /// A contradiction was derived, from which the goal follows.
    Contradiction,
    /// Nothing new follows and no value is asked for.
    Saturated,
    /// The limit on new individuals is reached.
    OutOfCreations,
    /// The limit on steps is reached; more limits and another call go on.
    OutOfSteps,
}

/// What a block wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Goal {
    /// A fact.
    Fact(Code, Vec<Individual>),
    /// An equation.
    Equal(Individual, Individual),
    /// A contradiction.
    False,
    /// Facts about some individuals: the patterns' variables.
    Exists(u16, Vec<Pattern>),
}

/// See the module's page.
#[derive(Debug)]
pub struct Block {
    ancestors: Vec<Arc<Layer>>,
    layer: Layer,
    classes: Classes,
    book: Arc<RuleBook>,
    local: Vec<(RuleId, Arc<Rule>)>,
    /// The next fact to be joined with older ones.
    next: u32,
    wanted: BinaryHeap<Reverse<Wanted>>,
    sequence: u32,
    falsum: Option<FactId>,
    goal: Option<Goal>,
    /// The facts and the individuals that reached an existence goal.
    reached: Option<(Vec<FactId>, Vec<Individual>)>,
    given: u32,
    /// Whether this block or an ancestor has a negative fact.
    negatives: bool,
    /// Rules that name an individual which no longer stands for its class: facts about the one that
    /// does were there before and are joined anew.
    rejoin: Vec<RuleId>,
    /// Equations whose merge is under way or still to come.
    equations: VecDeque<(Individual, Individual, FactId)>,
    steps: u64,
    creations: u32,
    matches: Matches,
}

/// A value or witness that was asked for; the cheapest comes first, of equal ones the oldest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Wanted {
    price: u32,
    sequence: u32,
    rule: RuleId,
    binding: Vec<Individual>,
    parents: Vec<FactId>,
}

/// Matches of one fact, collected before any of them is acted upon.
#[derive(Debug, Default)]
struct Matches {
    found: Vec<(RuleId, u32, u32)>,
    parents: Vec<FactId>,
    bindings: Vec<Individual>,
    /// Scratch: what the rule's variables stand for, and the facts that its patterns match.
    binding: Vec<Individual>,
    chosen: Vec<FactId>,
    steps: u64,
}

const UNBOUND: Individual = Individual(u32::MAX);

impl Block {
    /// A block without facts whose individuals are the `constants` of the signature.
    #[must_use]
    pub fn root(book: Arc<RuleBook>, constants: usize) -> Block {
        let codes = book.triggers.len();
        let mut classes = Classes::default();
        for _ in 0..constants {
            classes.fresh(1);
        }
        let mut block = Block::with(Vec::new(), Layer::below(None, codes), classes, book, Vec::new(), None, false);
        let rules: Vec<_> = block.book.rules.iter().cloned().enumerate().collect();
        for (number, rule) in rules {
            if rule.patterns.is_empty() && rule.justification.is_some() {
                block.fire(RuleId(number as u32), &rule, &[], &[]);
            }
        }
        block
    }

    /// A block below one at rest.
    #[must_use]
    pub fn below(parent: &Snapshot) -> Block {
        let last = parent.layers.last().expect("a line has a root");
        Block::with(
            parent.layers.clone(),
            Layer::below(Some(last), parent.book.triggers.len()),
            parent.classes.clone(),
            parent.book.clone(),
            parent.local.clone(),
            parent.falsum,
            parent.negatives,
        )
    }

    fn with(
        ancestors: Vec<Arc<Layer>>,
        mut layer: Layer,
        classes: Classes,
        book: Arc<RuleBook>,
        local: Vec<(RuleId, Arc<Rule>)>,
        falsum: Option<FactId>,
        negatives: bool,
    ) -> Block {
        for (code, masks) in book.masks.iter().enumerate() {
            for mask in masks {
                layer.ensure_index(Code(code as u32), *mask);
            }
        }
        let next = layer.first_fact;
        layer.first_individual = classes.len() as u32;
        Block {
            ancestors,
            layer,
            classes,
            book,
            local,
            next,
            wanted: BinaryHeap::new(),
            sequence: 0,
            falsum,
            goal: None,
            reached: None,
            given: 0,
            negatives,
            rejoin: Vec::new(),
            equations: VecDeque::new(),
            steps: 0,
            creations: 0,
            matches: Matches::default(),
        }
    }

    /// Puts the block to rest, so that others can stand below it.
    #[must_use]
    pub fn rest(mut self) -> Snapshot {
        self.layer.build_mentions();
        let mut layers = self.ancestors;
        layers.push(Arc::new(self.layer));
        Snapshot {
            layers,
            classes: self.classes,
            book: self.book,
            local: self.local,
            falsum: self.falsum,
            negatives: self.negatives,
        }
    }

    /// Gives the root block the rules of a grown book; they are joined with all facts.
    ///
    /// # Panics
    /// If the block is not a root, or the book is not a continuation of the old one.
    pub fn learn(&mut self, book: Arc<RuleBook>) {
        assert!(self.ancestors.is_empty() && book.rules.len() >= self.book.rules.len(), "a root learns a longer book");
        let known = self.book.rules.len();
        self.book = book;
        for (code, masks) in self.book.masks.clone().iter().enumerate() {
            for mask in masks {
                self.layer.ensure_index(Code(code as u32), *mask);
            }
        }
        for number in known..self.book.rules.len() {
            let rule = self.book.rules[number].clone();
            if rule.patterns.is_empty() && rule.justification.is_some() {
                self.fire(RuleId(number as u32), &rule, &[], &[]);
            }
            self.join_with_all(RuleId(number as u32), &rule);
        }
    }

    /// Counts an assumption that is no fact but, say, a rule; gives its number.
    pub fn assume_other(&mut self) -> u32 {
        self.given += 1;
        self.given - 1
    }

    /// A new individual that stands for a variable.
    pub fn introduce(&mut self) -> Individual {
        self.classes.fresh(1)
    }

    /// Assumes a fact; gives the number of the assumption.
    pub fn assume(&mut self, code: Code, arguments: &[Individual]) -> u32 {
        let number = self.given;
        self.given += 1;
        if code == Code::EQUAL {
            let fact = self.layer.record_fact(code, arguments, Reason::Given(number), &[]);
            self.equate(arguments[0], arguments[1], fact);
        } else {
            self.add(code, arguments, Reason::Given(number), &[]);
        }
        number
    }

    /// Assumes a rule, which is joined with all facts that are already here.
    pub fn assume_rule(&mut self, rule: Rule) -> RuleId {
        let id = RuleId(RuleId::LOCAL + self.layer.first_rule + self.layer.rules.len() as u32);
        let rule = Arc::new(rule);
        self.layer.rules.push(rule.clone());
        self.local.push((id, rule.clone()));
        if rule.patterns.is_empty() {
            self.fire(id, &rule, &[], &vec![UNBOUND; rule.variables as usize]);
        } else {
            self.join_with_all(id, &rule);
        }
        id
    }

    /// Says what is wanted. The values of functions that the goal mentions are asked for first.
    pub fn want(&mut self, goal: Goal) {
        match &goal {
            Goal::Fact(code, arguments) => {
                if code.positive()
                    && let Some(function) = self.book.function(*code)
                {
                    let binding = arguments[..function.inputs].to_vec();
                    let rule = function.totality;
                    self.ask(Wanted { price: 0, sequence: 0, rule, binding, parents: Vec::new() });
                }
                for (variables, patterns) in self.definitions(*code, arguments) {
                    for demand in self.guesses(variables, &patterns) {
                        self.assume_rule(demand);
                    }
                }
            }
            Goal::Exists(variables, patterns) => {
                let is_row = |pattern: &&Pattern| self.book.function(pattern.code).is_some();
                let values = in_order(&[], patterns.iter().filter(is_row).collect()).unwrap_or_default();
                let demand = Rule::new(*variables, Vec::new(), RuleHead::Demand(values, 0), None);
                let rule = Rule::new(*variables, patterns.clone(), RuleHead::Goal, None);
                if let Some(demand) = demand {
                    self.assume_rule(demand);
                }
                for demand in self.guesses(*variables, patterns) {
                    self.assume_rule(demand);
                }
                if let Some(rule) = rule {
                    self.goal = Some(goal.clone());
                    self.assume_rule(rule);
                    return;
                }
            }
            Goal::Equal(..) | Goal::False => {}
        }
        self.goal = Some(goal);
    }

    /// What a defined fact stands for: patterns about its arguments and about individuals that exist.
    fn definitions(&self, code: Code, arguments: &[Individual]) -> Vec<(u16, Vec<Pattern>)> {
        let mut found = Vec::new();
        for rule in &self.book.rules {
            let RuleHead::Fact(head) = &rule.head else { continue };
            let folds = rule.justification.as_ref().is_some_and(|why| matches!(why.start, Start::Fold(_)));
            if head.code != code || !folds {
                continue;
            }
            let instance = |number: u16| {
                let place = head.arguments.iter().position(|argument| *argument == Argument::Variable(number));
                place.map_or(Argument::Variable(number), |place| Argument::Individual(arguments[place]))
            };
            found.push((rule.variables, rule.patterns.iter().map(|pattern| pattern.map(&instance)).collect()));
        }
        found
    }

    /// Demands that try the constants as witnesses of an existence goal: the values of its functions
    /// where one input is looked for and a constant is put in its place.
    fn guesses(&self, variables: u16, patterns: &[Pattern]) -> Vec<Rule> {
        let constants = self.ancestors.first().map_or(&self.layer, |root| root).first_individual;
        let mut demands = Vec::new();
        for row in patterns.iter().filter(|pattern| self.book.function(pattern.code).is_some()) {
            let (_, inputs) = row.arguments.split_last().expect("a function has a value");
            let mut unknown = inputs.iter().filter_map(|input| match input {
                Argument::Variable(number) => Some(*number),
                Argument::Individual(_) => None,
            });
            let (Some(looked_for), None) = (unknown.next(), unknown.next()) else { continue };
            for constant in (0..constants.min(8)).map(Individual) {
                let put = |number| {
                    if number == looked_for { Argument::Individual(constant) } else { Argument::Variable(number) }
                };
                // Which value is wanted does not matter: that of a row is made in any case.
                let mut value = row.map(&put);
                value.arguments[inputs.len()] = Argument::Variable(variables);
                let demand = RuleHead::Demand(vec![value], 1);
                demands.extend(Rule::new(variables + 1, Vec::new(), demand, None));
            }
        }
        demands
    }

    /// Works until the goal is reached, nothing is left to do, or a limit is.
    pub fn run(&mut self, limits: Limits) -> End {
        let steps = self.steps.saturating_add(limits.steps);
        self.run_until(Limits { steps, creations: self.creations.saturating_add(limits.creations) })
    }

    /// The same with limits for all that the block has done since it was opened: however the work is
    /// cut into calls, it ends in the same way.
    pub fn run_until(&mut self, limits: Limits) -> End {
        let (until, last) = (limits.steps, limits.creations);
        loop {
            while self.next < self.layer.end() || !self.rejoin.is_empty() {
                if self.falsum.is_some() {
                    return End::Contradiction;
                }
                if self.steps > until {
                    return End::OutOfSteps;
                }
                if let Some(id) = self.rejoin.pop() {
                    let rule = self.rule(id);
                    self.join_with_all(id, &rule);
                    continue;
                }
                let fact = FactId(self.next);
                self.next += 1;
                self.take(fact);
            }
            if self.falsum.is_some() {
                return End::Contradiction;
            }
            if self.is_reached() {
                return End::Proved;
            }
            if self.creations >= last && !self.wanted.is_empty() {
                return End::OutOfCreations;
            }
            let Some(Reverse(wanted)) = self.wanted.pop() else { return End::Saturated };
            self.steps += 1;
            self.create(&wanted);
        }
    }

    /// Whether the goal holds.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        match &self.goal {
            None | Some(Goal::False) => false,
            Some(Goal::Equal(left, right)) => self.classes.find(*left) == self.classes.find(*right),
            Some(Goal::Fact(code, arguments)) => self.holds(*code, arguments).is_some(),
            Some(Goal::Exists(..)) => self.reached.is_some(),
        }
    }

    /// The fact about the representatives of these individuals, if it is known.
    #[must_use]
    pub fn holds(&self, code: Code, arguments: &[Individual]) -> Option<FactId> {
        let arguments: Vec<_> = arguments.iter().map(|argument| self.classes.find(*argument)).collect();
        self.lookup(code, &arguments)
    }

    /// The value of a function at these inputs, if there is one, and the row that says so.
    #[must_use]
    pub fn value(&self, code: Code, inputs: &[Individual]) -> Option<(Individual, FactId)> {
        let mut probe: Vec<_> = inputs.iter().map(|input| self.classes.find(*input)).collect();
        probe.push(UNBOUND);
        let row = self.row(code, &probe)?;
        Some((*self.arguments(row).last().expect("a function has a value"), row))
    }

    /// A relation of one argument that has facts: the set that individuals lie in.
    #[must_use]
    pub fn some_set(&self) -> Option<Code> {
        let sets =
            (0..self.book.triggers.len() as u32).map(Code).filter(|code| code.positive() && *code != Code::EQUAL);
        sets.into_iter().find(|code| self.facts_of(*code).next().is_some_and(|fact| self.arguments(fact).len() == 1))
    }

    /// What is wanted.
    #[must_use]
    pub fn goal(&self) -> Option<&Goal> {
        self.goal.as_ref()
    }

    /// The contradiction, if one was derived.
    #[must_use]
    pub fn falsum(&self) -> Option<FactId> {
        self.falsum
    }

    /// The facts and individuals that reached an existence goal.
    #[must_use]
    pub fn reached(&self) -> Option<&(Vec<FactId>, Vec<Individual>)> {
        self.reached.as_ref()
    }

    /// The steps done so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The new individuals made so far.
    #[must_use]
    pub fn creations(&self) -> u32 {
        self.creations
    }

    /// How many facts of its own the block has.
    #[must_use]
    pub fn facts(&self) -> usize {
        (self.layer.end() - self.layer.first_fact) as usize
    }

    /// Which individuals are equal.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Approximate bytes of what is the block's own.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.layer.bytes() + self.classes.len() * 24
    }

    /// The facts of a relation, of the root first, including those that are passed over.
    pub fn facts_of(&self, code: Code) -> impl Iterator<Item = FactId> + '_ {
        self.layers().flat_map(move |layer| layer.facts_of(code).iter().copied())
    }

    /// Whether a fact is about representatives.
    #[must_use]
    pub fn is_current(&self, fact: FactId) -> bool {
        self.arguments(fact).iter().all(|argument| self.classes.find(*argument) == *argument)
    }

    /// The arguments of a fact.
    #[must_use]
    pub fn arguments(&self, fact: FactId) -> &[Individual] {
        self.layer_of(fact).arguments(fact)
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.ancestors.iter().map(|layer| &**layer).chain([&self.layer])
    }

    fn layer_of(&self, fact: FactId) -> &Layer {
        if fact.0 >= self.layer.first_fact {
            return &self.layer;
        }
        self.ancestors.iter().rev().find(|layer| fact.0 >= layer.first_fact).expect("the root begins at 0")
    }

    fn rule(&self, id: RuleId) -> Arc<Rule> {
        if id.0 < RuleId::LOCAL {
            return self.book.rules[id.0 as usize].clone();
        }
        self.local.iter().find(|(other, _)| *other == id).expect("a local rule of the line").1.clone()
    }

    /// The row of a function for these inputs (all arguments but the last), both being representatives.
    fn row(&self, code: Code, arguments: &[Individual]) -> Option<FactId> {
        let inputs = arguments.len() - 1;
        let mask = (1u32 << inputs) - 1;
        for layer in std::iter::once(&self.layer).chain(self.ancestors.iter().rev().map(|layer| &**layer)) {
            for fact in layer.candidates(code, mask, arguments) {
                let row = layer.arguments(fact);
                if row[..inputs] == arguments[..inputs] && self.classes.find(row[inputs]) == row[inputs] {
                    return Some(fact);
                }
            }
        }
        None
    }

    /// The fact with exactly these arguments, which are representatives.
    fn lookup(&self, code: Code, arguments: &[Individual]) -> Option<FactId> {
        if code.positive() && self.book.function(code).is_some() {
            let row = self.row(code, arguments)?;
            return (self.arguments(row) == arguments).then_some(row);
        }
        let mask = (1u32 << arguments.len()) - 1;
        for layer in std::iter::once(&self.layer).chain(self.ancestors.iter().rev().map(|layer| &**layer)) {
            if let Some(fact) = layer.candidates(code, mask, arguments).find(|fact| layer.arguments(*fact) == arguments)
            {
                return Some(fact);
            }
        }
        None
    }

    /// Adds a fact unless it is known.
    fn add(&mut self, code: Code, arguments: &[Individual], reason: Reason, parents: &[FactId]) {
        let current = arguments.iter().all(|argument| self.classes.find(*argument) == *argument);
        if current {
            return self.add_current(code, arguments, reason, parents);
        }
        let moved: Vec<_> = arguments.iter().map(|argument| self.classes.find(*argument)).collect();
        if self.lookup(code, &moved).is_none() {
            let fact = self.layer.record_fact(code, arguments, reason, parents);
            self.add_current(code, &moved, Reason::Rewritten, &[fact]);
        }
    }

    fn add_current(&mut self, code: Code, arguments: &[Individual], reason: Reason, parents: &[FactId]) {
        self.steps += 1;
        if code.positive() && self.book.function(code).is_some() {
            if let Some(row) = self.row(code, arguments) {
                let (known, new) = (*self.arguments(row).last().expect("a value"), *arguments.last().expect("a value"));
                if known != new {
                    let fact = self.layer.record_fact(code, arguments, reason, parents);
                    let equation = self.layer.record_fact(Code::EQUAL, &[known, new], Reason::Functional, &[row, fact]);
                    self.equate(known, new, equation);
                }
                return;
            }
        } else if self.lookup(code, arguments).is_some() {
            return;
        }
        let fact = self.layer.record_fact(code, arguments, reason, parents);
        self.layer.enter(fact);
        if code == Code::APART && arguments[0] == arguments[1] {
            self.contradict(Reason::Apart, &[fact]);
            return;
        }
        self.negatives |= !code.positive();
        if self.negatives
            && code != Code::APART
            && let Some(other) = self.lookup(code.opposite(), arguments)
        {
            let pair = if code.positive() { [fact, other] } else { [other, fact] };
            self.contradict(Reason::Clash, &pair);
        }
    }

    fn contradict(&mut self, reason: Reason, parents: &[FactId]) {
        if self.falsum.is_none() {
            self.falsum = Some(self.layer.record_fact(Code::FALSE, &[], reason, parents));
        }
    }

    /// Whether this block made the individual.
    fn is_witness(&self, individual: Individual) -> bool {
        let made = |group: &WitnessGroup| (group.first.0..group.first.0 + group.count).contains(&individual.0);
        let place = self.layer.groups.partition_point(|group| group.first <= individual);
        place > 0 && made(&self.layer.groups[place - 1])
    }

    /// Makes two individuals equal, and then those of whom that turns out to be a consequence: one
    /// merge after the other, since a fact is about representatives again only when a merge is done.
    fn equate(&mut self, left: Individual, right: Individual, equation: FactId) {
        self.equations.push_back((left, right, equation));
        if self.equations.len() > 1 {
            return;
        }
        while let Some((left, right, equation)) = self.equations.front().copied() {
            self.merge(left, right, equation);
            self.equations.pop_front();
        }
    }

    /// Joins two classes and writes the facts about the one anew about the other.
    fn merge(&mut self, left: Individual, right: Individual, equation: FactId) {
        let Some(loser) = self.classes.merge(left, right, equation) else { return };
        self.rejoin_those_that_name(loser);
        // A value that turned out to be a known individual was not a new one after all.
        if loser.0 >= self.layer.first_individual && self.is_witness(loser) {
            self.creations = self.creations.saturating_sub(1);
        }
        let mut stale: Vec<FactId> = Vec::new();
        for layer in &self.ancestors {
            stale.extend_from_slice(layer.mentions_at_rest(loser));
        }
        stale.extend(self.layer.mentions(loser));
        for fact in stale {
            let layer = self.layer_of(fact);
            let old = layer.arguments(fact).to_vec();
            let code = layer.code(fact);
            // Facts that were passed over before this merge have been rewritten then.
            if old.iter().any(|argument| *argument != loser && self.classes.find(*argument) != *argument) {
                continue;
            }
            let new: Vec<_> = old.iter().map(|argument| self.classes.find(*argument)).collect();
            self.steps += 1;
            self.add(code, &new, Reason::Rewritten, &[fact]);
        }
    }

    /// Notes the rules that name a member of the class that `loser` stood for. A class with a constant
    /// is represented by one, and the shared rules name constants only.
    fn rejoin_those_that_name(&mut self, loser: Individual) {
        let classes = &self.classes;
        let winner = classes.find(loser);
        let moved = |argument: &Argument| match argument {
            Argument::Individual(individual) => *individual != winner && classes.find(*individual) == winner,
            Argument::Variable(_) => false,
        };
        let names = |rule: &Rule| rule.patterns.iter().any(|pattern| pattern.arguments.iter().any(moved));
        let local = self.local.iter().filter(|(_, rule)| names(rule)).map(|(id, _)| *id);
        let mut found: Vec<RuleId> = local.collect();
        if loser.0 < self.ancestors.first().map_or(self.layer.first_individual, |root| root.first_individual) {
            let shared = self.book.rules.iter().enumerate().filter(|(_, rule)| names(rule));
            found.extend(shared.map(|(number, _)| RuleId(number as u32)));
        }
        self.rejoin.extend(found);
    }

    /// Joins a fact with all older ones.
    fn take(&mut self, fact: FactId) {
        let code = self.layer.code(fact);
        if !self.layer.is_entered(fact) || !self.is_current(fact) {
            return;
        }
        let mut matches = std::mem::take(&mut self.matches);
        let book = self.book.clone();
        for (number, pattern) in &book.triggers[code.index()] {
            let rule = &book.rules[*number as usize];
            self.trigger(RuleId(*number), rule, *pattern as usize, fact, &mut matches);
        }
        for (id, rule) in &self.local {
            for (place, pattern) in rule.patterns.iter().enumerate() {
                if pattern.code == code {
                    self.trigger(*id, rule, place, fact, &mut matches);
                }
            }
        }
        self.act(&mut matches);
        self.matches = matches;
    }

    /// Joins a new rule with all facts that have been taken.
    fn join_with_all(&mut self, id: RuleId, rule: &Arc<Rule>) {
        let Some(first) = rule.patterns.first() else { return };
        let mut matches = std::mem::take(&mut self.matches);
        let facts: Vec<FactId> = self.facts_of(first.code).filter(|fact| fact.0 < self.next).collect();
        let limit = FactId(self.next.wrapping_sub(1));
        if self.next > 0 {
            for fact in facts {
                if self.is_current(fact) {
                    self.extend_from(id, rule, 0, fact, limit, false, &mut matches);
                }
            }
        }
        self.act(&mut matches);
        self.matches = matches;
    }

    fn trigger(&self, id: RuleId, rule: &Rule, pattern: usize, fact: FactId, matches: &mut Matches) {
        self.extend_from(id, rule, pattern, fact, fact, true, matches);
    }

    /// Finds all matches of a rule in which `pattern` is `fact` and the others are at most `limit`; with
    /// `once`, patterns before `pattern` must be older than `fact`, so that no match is found twice.
    #[allow(clippy::too_many_arguments)]
    fn extend_from(
        &self,
        id: RuleId,
        rule: &Rule,
        pattern: usize,
        fact: FactId,
        limit: FactId,
        once: bool,
        matches: &mut Matches,
    ) {
        let plan = &rule.plans[pattern];
        matches.steps += 1;
        matches.binding.clear();
        matches.binding.resize(rule.variables as usize, UNBOUND);
        matches.chosen.clear();
        matches.chosen.resize(rule.patterns.len(), fact);
        if !self.bind(&plan.trigger, self.arguments(fact), &mut matches.binding) {
            return;
        }
        let search = Search { block: self, id, rule, plan, pattern, fact, limit, once };
        search.extend(0, matches);
    }

    fn bind(&self, columns: &[Column], row: &[Individual], binding: &mut [Individual]) -> bool {
        columns.iter().zip(row).all(|(column, individual)| match column {
            Column::Individual(wanted) => self.classes.find(*wanted) == *individual,
            Column::Check(number) => binding[*number as usize] == *individual,
            Column::Bind(number) => {
                binding[*number as usize] = *individual;
                true
            }
        })
    }

    /// Acts on what was matched.
    fn act(&mut self, matches: &mut Matches) {
        self.steps += std::mem::take(&mut matches.steps);
        let found = std::mem::take(&mut matches.found);
        let (mut parents_at, mut bindings_at) = (0, 0);
        for (id, parents, bindings) in &found {
            let (parents_end, bindings_end) = (parents_at + *parents as usize, bindings_at + *bindings as usize);
            let rule = self.rule(*id);
            self.fire(
                *id,
                &rule,
                &matches.parents[parents_at..parents_end],
                &matches.bindings[bindings_at..bindings_end],
            );
            (parents_at, bindings_at) = (parents_end, bindings_end);
        }
        matches.found = found;
        matches.found.clear();
        matches.parents.clear();
        matches.bindings.clear();
    }

    fn fire(&mut self, id: RuleId, rule: &Rule, parents: &[FactId], binding: &[Individual]) {
        match &rule.head {
            RuleHead::Fact(pattern) => {
                let mut arguments = [UNBOUND; 8];
                if pattern.arguments.len() <= arguments.len() {
                    let arguments = &mut arguments[..pattern.arguments.len()];
                    for (place, argument) in pattern.arguments.iter().enumerate() {
                        arguments[place] = stands_for(*argument, binding);
                    }
                    self.add(pattern.code, arguments, Reason::Rule(id), parents);
                } else {
                    let arguments: Vec<_> =
                        pattern.arguments.iter().map(|argument| stands_for(*argument, binding)).collect();
                    self.add(pattern.code, &arguments, Reason::Rule(id), parents);
                }
            }
            RuleHead::Equal(left, right) => {
                let (left, right) = (stands_for(*left, binding), stands_for(*right, binding));
                if self.classes.find(left) != self.classes.find(right) {
                    let equation = self.layer.record_fact(Code::EQUAL, &[left, right], Reason::Rule(id), parents);
                    self.equate(left, right, equation);
                }
            }
            RuleHead::False => self.contradict(Reason::Rule(id), parents),
            RuleHead::Exists(..) => {
                let bound = binding.iter().filter(|individual| **individual != UNBOUND);
                let price = 1 + bound.map(|individual| self.classes.weight(*individual)).sum::<u32>();
                self.ask(Wanted { price, sequence: 0, rule: id, binding: binding.to_vec(), parents: parents.to_vec() });
            }
            RuleHead::Demand(rows, surcharge) => {
                if let Some(price) = self.price(rows, binding) {
                    let price = price + surcharge;
                    self.ask(Wanted { price, sequence: 0, rule: id, binding: binding.to_vec(), parents: Vec::new() });
                }
            }
            RuleHead::Goal => {
                if self.reached.is_none() {
                    self.reached = Some((parents.to_vec(), binding.to_vec()));
                }
            }
        }
    }

    fn ask(&mut self, mut wanted: Wanted) {
        wanted.sequence = self.sequence;
        self.sequence += 1;
        self.wanted.push(Reverse(wanted));
    }

    /// The weight of the heaviest value that is missing; `None` if none is.
    fn price(&self, rows: &[Pattern], binding: &[Individual]) -> Option<u32> {
        let mut binding = binding.to_vec();
        let mut missing: Vec<(u16, u32)> = Vec::new();
        for row in rows {
            let (value, inputs) = row.arguments.split_last()?;
            let weight = |argument: &Argument| match argument {
                Argument::Variable(number) => {
                    missing.iter().find(|(other, _)| other == number).map(|(_, weight)| *weight)
                }
                Argument::Individual(_) => None,
            };
            let known = if inputs.iter().any(|input| weight(input).is_some()) {
                None
            } else {
                let inputs: Vec<_> = inputs.iter().map(|input| stands_for(*input, &binding)).collect();
                self.value(row.code, &inputs)
            };
            let Argument::Variable(number) = value else { continue };
            match known {
                Some((value, _)) => binding[*number as usize] = value,
                None => {
                    let price = inputs
                        .iter()
                        .map(|input| weight(input).unwrap_or_else(|| self.classes.weight(stands_for(*input, &binding))))
                        .sum::<u32>();
                    missing.push((*number, price + 1));
                }
            }
        }
        missing.iter().map(|(_, weight)| *weight).max()
    }

    fn create(&mut self, wanted: &Wanted) {
        let rule = self.rule(wanted.rule);
        match &rule.head {
            RuleHead::Demand(rows, _) => {
                let mut binding = wanted.binding.clone();
                for row in rows {
                    let (value, inputs) = row.arguments.split_last().expect("a function has a value");
                    let inputs: Vec<_> =
                        inputs.iter().map(|input| self.classes.find(stands_for(*input, &binding))).collect();
                    let Some(found) = self.make_value(row.code, &inputs) else { return };
                    if let Argument::Variable(number) = value {
                        binding[*number as usize] = found;
                    }
                }
            }
            RuleHead::Exists(count, facts) => {
                if wanted.parents.is_empty() && self.book.is_totality(wanted.rule) {
                    let code = facts.iter().map(|fact| fact.code).find(|code| self.book.function(*code).is_some());
                    if let Some(code) = code {
                        let inputs: Vec<_> = wanted.binding.iter().map(|input| self.classes.find(*input)).collect();
                        self.make_value(code, &inputs);
                    }
                    return;
                }
                let current = |individual: &Individual| {
                    if *individual == UNBOUND { UNBOUND } else { self.classes.find(*individual) }
                };
                let binding: Vec<_> = wanted.binding.iter().map(current).collect();
                if !self.has_witness(*count, facts, &binding) {
                    let weight = wanted.price;
                    self.witness(wanted.rule, &rule, wanted.parents.clone(), wanted.binding.clone(), weight);
                }
            }
            _ => unreachable!("only demands and existence rules ask"),
        }
    }

    /// The value of a function at these inputs, made if need be; `None` if they are not known to lie
    /// in its domain.
    fn make_value(&mut self, code: Code, inputs: &[Individual]) -> Option<Individual> {
        if let Some((value, _)) = self.value(code, inputs) {
            return Some(value);
        }
        let book = self.book.clone();
        let function = book.function(code)?;
        let rule = book.rules[function.totality.0 as usize].clone();
        let mut binding = vec![UNBOUND; rule.variables as usize];
        for (input, variable) in inputs.iter().zip(&function.variables) {
            binding[*variable as usize] = *input;
        }
        let mut parents = Vec::new();
        for guard in &rule.patterns {
            let arguments: Vec<_> = guard.arguments.iter().map(|argument| stands_for(*argument, &binding)).collect();
            parents.push(self.holds(guard.code, &arguments)?);
        }
        let weight = 1 + inputs.iter().map(|input| self.classes.weight(*input)).sum::<u32>();
        Some(self.witness(function.totality, &rule, parents, binding, weight))
    }

    /// Whether individuals with these facts are already known.
    fn has_witness(&self, count: u16, facts: &[Pattern], binding: &[Individual]) -> bool {
        fn search(block: &Block, facts: &[Pattern], binding: &mut Vec<Individual>) -> bool {
            let Some((first, rest)) = facts.split_first() else { return true };
            let known = |argument: &Argument, binding: &[Individual]| match argument {
                Argument::Individual(individual) => Some(block.classes.find(*individual)),
                Argument::Variable(number) => {
                    Some(binding[*number as usize]).filter(|individual| *individual != UNBOUND)
                }
            };
            let mut mask = 0;
            let mut probe = Vec::new();
            for (column, argument) in first.arguments.iter().enumerate() {
                let value = known(argument, binding);
                mask |= u32::from(value.is_some()) << column;
                probe.push(value.unwrap_or(UNBOUND));
            }
            for layer in std::iter::once(&block.layer).chain(block.ancestors.iter().rev().map(|layer| &**layer)) {
                for fact in layer.candidates(first.code, mask, &probe) {
                    let row = layer.arguments(fact);
                    let before = binding.clone();
                    let fits = first.arguments.iter().zip(row).all(|(argument, individual)| {
                        if block.classes.find(*individual) != *individual {
                            return false;
                        }
                        match known(argument, binding) {
                            Some(value) => value == *individual,
                            None => {
                                if let Argument::Variable(number) = argument {
                                    binding[*number as usize] = *individual;
                                }
                                true
                            }
                        }
                    });
                    if fits && search(block, rest, binding) {
                        return true;
                    }
                    *binding = before;
                }
            }
            false
        }
        let mut binding = binding.to_vec();
        binding.resize(binding.len() + count as usize, UNBOUND);
        let mut facts = facts.to_vec();
        // The facts with the fewest unknowns first.
        facts.sort_by_key(|fact| {
            fact.arguments
                .iter()
                .filter(
                    |argument| matches!(argument, Argument::Variable(number) if binding[*number as usize] == UNBOUND),
                )
                .count()
        });
        search(self, &facts, &mut binding)
    }

    fn witness(
        &mut self,
        id: RuleId,
        rule: &Rule,
        parents: Vec<FactId>,
        binding: Vec<Individual>,
        weight: u32,
    ) -> Individual {
        let RuleHead::Exists(count, facts) = &rule.head else { unreachable!("an existence rule") };
        let number = self.layer.first_group + self.layer.groups.len() as u32;
        let begin = self.layer.end();
        let first = Individual(self.classes.len() as u32);
        let mut all = binding.clone();
        for _ in 0..*count {
            all.push(self.classes.fresh(weight));
        }
        self.creations += u32::from(*count);
        self.layer.groups.push(WitnessGroup {
            rule: id,
            parents,
            binding,
            first,
            count: u32::from(*count),
            facts: 0..0,
        });
        for (place, fact) in facts.iter().enumerate() {
            let arguments: Vec<_> = fact.arguments.iter().map(|argument| stands_for(*argument, &all)).collect();
            self.add(fact.code, &arguments, Reason::Witness(number, place as u32), &[]);
        }
        let end = self.layer.end();
        let place = (number - self.layer.first_group) as usize;
        self.layer.groups[place].facts = begin..end;
        first
    }
}

impl Block {
    /// Makes the value of a function at these inputs and works out what follows from it, within the
    /// limits. `None` if the inputs are not known to lie in the function's domain.
    pub fn evaluate(&mut self, code: Code, inputs: &[Individual], limits: Limits) -> Option<Individual> {
        let inputs: Vec<_> = inputs.iter().map(|input| self.classes.find(*input)).collect();
        let value = self.make_value(code, &inputs)?;
        self.run(limits);
        Some(self.classes.find(value))
    }
}

impl Snapshot {
    /// How many individuals there are.
    #[must_use]
    pub fn individuals(&self) -> usize {
        self.classes.len()
    }

    /// The contradiction, if the block derived one.
    #[must_use]
    pub fn falsum(&self) -> Option<FactId> {
        self.falsum
    }

    /// The first individual that the block at this depth of the line introduced.
    pub(crate) fn introduced_from(&self, depth: usize) -> usize {
        self.layers[depth].first_individual as usize
    }

    pub(crate) fn line(&self) -> Line<'_> {
        Line {
            layers: self.layers.iter().map(|layer| &**layer).collect(),
            classes: &self.classes,
            book: &self.book,
            local: &self.local,
        }
    }
}

/// The facts and rules from the root to a block.
pub(crate) struct Line<'b> {
    pub(crate) layers: Vec<&'b Layer>,
    pub(crate) classes: &'b Classes,
    book: &'b Arc<RuleBook>,
    local: &'b [(RuleId, Arc<Rule>)],
}

impl Line<'_> {
    pub(crate) fn depth_of(&self, fact: FactId) -> usize {
        self.layers.iter().rposition(|layer| fact.0 >= layer.first_fact).expect("the root begins at 0")
    }

    pub(crate) fn layer_of(&self, fact: FactId) -> &Layer {
        self.layers[self.depth_of(fact)]
    }

    pub(crate) fn group(&self, number: u32) -> (&WitnessGroup, usize) {
        let depth = self.layers.iter().rposition(|layer| number >= layer.first_group).expect("the root begins at 0");
        (&self.layers[depth].groups[(number - self.layers[depth].first_group) as usize], depth)
    }

    /// A key for a fact that no other block's fact has.
    pub(crate) fn key(&self, fact: FactId) -> usize {
        std::ptr::from_ref(self.layer_of(fact)) as usize
    }

    /// The depth of the block that assumed a rule; 0 for the shared ones.
    pub(crate) fn rule_depth(&self, id: RuleId) -> usize {
        match id.0.checked_sub(RuleId::LOCAL) {
            None => 0,
            Some(number) => {
                self.layers.iter().rposition(|layer| number >= layer.first_rule).expect("the root begins at 0")
            }
        }
    }

    /// The current fact with exactly these arguments, which are representatives.
    pub(crate) fn lookup(&self, code: Code, arguments: &[Individual]) -> Option<FactId> {
        let mask = (1u32 << (arguments.len() - usize::from(self.book.function(code).is_some()))) - 1;
        self.layers
            .iter()
            .rev()
            .find_map(|layer| layer.candidates(code, mask, arguments).find(|fact| layer.arguments(*fact) == arguments))
    }

    pub(crate) fn rule(&self, id: RuleId) -> &Arc<Rule> {
        if id.0 < RuleId::LOCAL {
            return &self.book.rules[id.0 as usize];
        }
        &self.local.iter().find(|(other, _)| *other == id).expect("a local rule of the line").1
    }
}

/// The search for the remaining facts of a match.
struct Search<'b> {
    block: &'b Block,
    id: RuleId,
    rule: &'b Rule,
    plan: &'b Plan,
    pattern: usize,
    fact: FactId,
    limit: FactId,
    once: bool,
}

impl Search<'_> {
    fn extend(&self, depth: usize, matches: &mut Matches) {
        let Some(step) = self.plan.steps.get(depth) else {
            for (number, other) in &self.rule.aliased {
                matches.binding[*number as usize] = stands_for(*other, &matches.binding);
            }
            matches.found.push((self.id, matches.chosen.len() as u32, matches.binding.len() as u32));
            matches.parents.extend_from_slice(&matches.chosen);
            matches.bindings.extend_from_slice(&matches.binding);
            return;
        };
        let mut probe = [UNBOUND; 8];
        for (column, action) in step.columns.iter().enumerate().take(8) {
            probe[column] = match action {
                Column::Individual(individual) => self.block.classes.find(*individual),
                Column::Check(number) => matches.binding[*number as usize],
                Column::Bind(_) => UNBOUND,
            };
        }
        let older_only = self.once && step.pattern < self.pattern;
        let block = self.block;
        let layers = std::iter::once(&block.layer).chain(block.ancestors.iter().rev().map(|layer| &**layer));
        for layer in layers {
            for fact in layer.candidates(step.code, step.mask, &probe) {
                matches.steps += 1;
                if fact > self.limit || (older_only && fact == self.fact) {
                    continue;
                }
                let row = layer.arguments(fact);
                let mut fits = true;
                for (column, action) in step.columns.iter().enumerate() {
                    let individual = row[column];
                    fits = match action {
                        Column::Individual(wanted) => block.classes.find(*wanted) == individual,
                        Column::Check(number) => matches.binding[*number as usize] == individual,
                        Column::Bind(number) => {
                            matches.binding[*number as usize] = individual;
                            block.classes.find(individual) == individual
                        }
                    };
                    if !fits {
                        break;
                    }
                }
                if fits {
                    matches.chosen[step.pattern] = fact;
                    self.extend(depth + 1, matches);
                }
            }
        }
    }
}

#[inline]
fn stands_for(argument: Argument, binding: &[Individual]) -> Individual {
    match argument {
        Argument::Individual(individual) => individual,
        Argument::Variable(number) => binding[number as usize],
    }
}
