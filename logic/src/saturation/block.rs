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

mod agenda;
mod derive;
mod focus;
mod inductive;
mod join;
mod line;
mod undecided;
mod value;
mod want;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::saturation::book::RuleBook;
use crate::saturation::congruence::Classes;
use crate::saturation::facts::{FactId, Layer, Reason};
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::rule::RuleId;
use crate::saturation::rule::{Rule, RuleHead};
use crate::saturation::sorts::{SortId, Typing};

use agenda::{Agenda, Wanted};
pub use focus::Focus;
use join::Matches;
pub(crate) use line::Line;
pub use line::Snapshot;

/// How much a block may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Look-ups and comparisons.
    pub steps: u64,
    /// New individuals.
    pub creations: u32,
}

impl Limits {
    /// Nothing may be done.
    pub const NONE: Limits = Limits { steps: 0, creations: 0 };
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

/// What reached an existence goal: the goal as a rule, and the facts that match its patterns.
pub type Reached = (Arc<Rule>, Vec<FactId>);

/// See the module's page.
#[derive(Debug)]
pub struct Block {
    ancestors: Vec<Arc<Layer>>,
    layer: Layer,
    classes: Classes,
    /// The sort of each individual.
    sorts: Vec<SortId>,
    /// For each sort whether its domain has facts.
    ranged: Vec<bool>,
    /// Whether it has the rules of [`RuleBook::views`].
    with_views: bool,
    /// What it is about; `None`: everything.
    focus: Option<Arc<Focus>>,
    book: Arc<RuleBook>,
    local: Vec<(RuleId, Arc<Rule>)>,
    /// The next fact to be joined with older ones.
    next: u32,
    agenda: Agenda,
    falsum: Option<FactId>,
    goal: Option<Goal>,
    reached: Option<Reached>,
    /// How many individuals there were when the goal was last looked at backwards; 0: not yet.
    guessed_from: u32,
    /// Whether the goal drives.
    drives: bool,
    /// The rows that would lead to the goal, with variables where any individual will do: values on the way to one are
    /// made first.
    aims: Vec<Pattern>,
    given: u32,
    /// Whether this block or an ancestor has a negative fact.
    negatives: bool,
    /// Rules that name an individual which no longer stands for its class: facts about the one that
    /// does were there before and are joined anew.
    rejoin: Vec<RuleId>,
    /// Equations whose merge is under way or still to come.
    equations: VecDeque<(Individual, Individual, FactId)>,
    steps: u64,
    /// Whether a fact had more matches than a block takes; then it ends, having met the bound on steps.
    is_cut: bool,
    creations: u32,
    matches: Matches,
}

/// What a block begins with.
struct Start {
    ancestors: Vec<Arc<Layer>>,
    layer: Layer,
    classes: Classes,
    sorts: Vec<SortId>,
    ranged: Vec<bool>,
    with_views: bool,
    book: Arc<RuleBook>,
    local: Vec<(RuleId, Arc<Rule>)>,
    wanted: Vec<Wanted>,
    falsum: Option<FactId>,
    negatives: bool,
}

const UNBOUND: Individual = Individual(u32::MAX);

impl Block {
    /// A block without facts whose individuals are the `constants` of the signature.
    #[must_use]
    pub fn root(book: Arc<RuleBook>) -> Block {
        let start = Start {
            layer: Layer::below(None, book.triggers.len()),
            ranged: book.ranged.clone(),
            with_views: false,
            book: book.clone(),
            ancestors: Vec::new(),
            classes: Classes::default(),
            sorts: Vec::new(),
            local: Vec::new(),
            wanted: Vec::new(),
            falsum: None,
            negatives: false,
        };
        let mut block = Block::with(start);
        for sort in Typing::constants(&book.sorts).individuals {
            block.fresh(1, *sort);
        }
        block.layer.first_individual = block.classes.len() as u32;
        let rules: Vec<_> = block.book.rules.iter().cloned().enumerate().collect();
        for (number, rule) in rules {
            if rule.patterns.is_empty() && rule.justification.is_some() {
                block.fire(RuleId(number as u32), &rule, &[], &vec![UNBOUND; rule.variables as usize]);
            }
        }
        block
    }

    /// A block below one at rest.
    #[must_use]
    pub fn below(parent: &Snapshot) -> Block {
        let last = parent.layers.last().expect("a line has a root");
        Block::with(Start {
            layer: Layer::below(Some(last), parent.book.triggers.len()),
            ancestors: parent.layers.clone(),
            classes: parent.classes.clone(),
            sorts: parent.sorts.clone(),
            ranged: parent.ranged.clone(),
            with_views: parent.with_views,
            book: parent.book.clone(),
            local: parent.local.clone(),
            wanted: parent.wanted.clone(),
            falsum: parent.falsum,
            negatives: parent.negatives,
        })
    }

    fn with(start: Start) -> Block {
        let Start { ancestors, mut layer, classes, sorts, ranged, with_views, book, local, wanted, falsum, negatives } =
            start;
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
            sorts,
            ranged,
            with_views,
            focus: None,
            book,
            local,
            next,
            agenda: wanted.into_iter().collect(),
            falsum,
            goal: None,
            reached: None,
            guessed_from: 0,
            drives: false,
            aims: Vec::new(),
            given: 0,
            negatives,
            rejoin: Vec::new(),
            equations: VecDeque::new(),
            steps: 0,
            is_cut: false,
            creations: 0,
            matches: Matches::default(),
        }
    }

    /// Puts the block to rest, so that others can stand below it.
    #[must_use]
    pub fn rest(mut self) -> Snapshot {
        self.layer.build_mentions();
        let wanted = std::mem::take(&mut self.agenda).into_order().filter(|wanted| self.is_kept(wanted)).collect();
        let mut layers = self.ancestors;
        layers.push(Arc::new(self.layer));
        Snapshot {
            layers,
            classes: self.classes,
            sorts: self.sorts,
            ranged: self.ranged,
            with_views: self.with_views,
            wanted,
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
        for sort in 0..self.ranged.len() {
            if self.book.ranged[sort] {
                self.range_over(SortId(sort as u16));
            }
        }
        for number in known..self.book.rules.len() {
            let rule = self.book.rules[number].clone();
            if rule.patterns.is_empty() && rule.justification.is_some() {
                self.fire(RuleId(number as u32), &rule, &[], &vec![UNBOUND; rule.variables as usize]);
            }
            self.join_with_all(RuleId(number as u32), &rule);
        }
    }

    /// The rules that all blocks share.
    #[must_use]
    pub fn book(&self) -> &RuleBook {
        &self.book
    }

    /// Counts an assumption that is no fact but, say, a rule; gives its number.
    pub fn assume_other(&mut self) -> u32 {
        self.given += 1;
        self.given - 1
    }

    /// A new individual that stands for a variable of this sort.
    pub fn introduce(&mut self, sort: SortId) -> Individual {
        self.fresh(1, sort)
    }

    fn fresh(&mut self, weight: u32, sort: SortId) -> Individual {
        let individual = self.classes.fresh(weight);
        self.sorts.push(sort);
        if self.ranged[usize::from(sort.0)] {
            self.add_current(self.book.sorts.domain(sort), &[individual, individual], Reason::Same, &[]);
        }
        individual
    }

    /// Makes sure that the domain of a sort has its facts, from now on.
    fn range_over(&mut self, sort: SortId) {
        if std::mem::replace(&mut self.ranged[usize::from(sort.0)], true) {
            return;
        }
        let domain = self.book.sorts.domain(sort);
        for number in 0..self.sorts.len() as u32 {
            let individual = Individual(number);
            if self.sorts[number as usize] == sort && self.classes.find(individual) == individual {
                self.add_current(domain, &[individual, individual], Reason::Same, &[]);
            }
        }
    }

    /// The sorts of the theory and of this block's individuals.
    #[must_use]
    pub fn typing(&self) -> Typing<'_> {
        Typing { sorts: &self.book.sorts, individuals: &self.sorts }
    }

    /// Whether blocks below must know of this wish: nothing that they derive would renew it, as it does that of a
    /// function's value.
    fn is_kept(&self, wanted: &Wanted) -> bool {
        matches!(self.rule(wanted.rule).head, RuleHead::Exists(..)) && !self.book.is_totality(wanted.rule)
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
        for pattern in &rule.patterns {
            if let Some(sort) = self.book.sorts.of_domain(pattern.code) {
                self.range_over(sort);
            }
        }
        self.layer.rules.push(rule.clone());
        self.local.push((id, rule.clone()));
        if rule.patterns.is_empty() {
            self.fire(id, &rule, &[], &vec![UNBOUND; rule.variables as usize]);
        } else {
            self.join_with_all(id, &rule);
        }
        id
    }

    /// Assumes the rules between relations of the theory and relations as arguments, if that is not done yet.
    pub fn assume_views(&mut self) {
        if std::mem::replace(&mut self.with_views, true) {
            return;
        }
        for view in self.book.clone().views.iter().cloned() {
            self.assume_rule(view);
        }
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
                if self.steps > until || self.is_cut {
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
            if self.creations >= last && !self.agenda.is_empty() {
                return End::OutOfCreations;
            }
            let Some(wanted) = self.agenda.pop() else { return End::Saturated };
            self.steps += 1;
            self.create(&wanted);
        }
    }

    /// Whether a fact had more matches than the block takes: nothing more comes of it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
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

    /// What reached an existence goal.
    #[must_use]
    pub fn reached(&self) -> Option<&Reached> {
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
}

#[inline]
fn stands_for(argument: Argument, binding: &[Individual]) -> Individual {
    match argument {
        Argument::Individual(individual) => individual,
        Argument::Variable(number) => binding[number as usize],
    }
}
