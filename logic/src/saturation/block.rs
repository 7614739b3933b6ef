//! A logic block: assumptions, a goal, and saturation towards it.
//!
//! A block sees the facts of its ancestors and has facts of its own. Facts are taken in order and joined with older
//! ones by the join plans of the rules, so that every combination is considered once (semi-naive evaluation). Equal
//! individuals share a representative, and facts are about representatives. A function has one value for given inputs,
//! so two values are equal. New values are created only on demand of a rule, the cheapest first.
//!
//! A block is a plain value: [`Block::run`] does a bounded amount of work and reports why it stopped. The same block
//! with the same limits derives the same facts in the same order.

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

/// The limits on a block's work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Index look-ups and comparisons.
    pub steps: u64,
    /// New individuals.
    pub creations: u32,
}

impl Limits {
    /// No work.
    pub const NONE: Limits = Limits { steps: 0, creations: 0 };
}

/// Why a block stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The goal holds.
    Proved,
    /// A contradiction was derived; it implies the goal.
    Contradiction,
    /// Nothing new follows, and no value is demanded.
    Saturated,
    /// The limit on new individuals was reached.
    OutOfCreations,
    /// The limit on steps was reached; another call with higher limits continues.
    OutOfSteps,
}

/// The goal of a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Goal {
    /// A fact.
    Fact(Code, Vec<Individual>),
    /// An equation.
    Equal(Individual, Individual),
    /// A contradiction.
    False,
    /// The existence of individuals, the patterns' variables, that satisfy these patterns.
    Exists(u16, Vec<Pattern>),
}

/// The match that established an existence goal: the goal as a rule, and the facts that match its patterns.
pub type Reached = (Arc<Rule>, Vec<FactId>);

/// The state of a logic block; see the module documentation.
#[derive(Debug)]
pub struct Block {
    ancestors: Vec<Arc<Layer>>,
    layer: Layer,
    classes: Classes,
    /// The sort of each individual.
    sorts: Vec<SortId>,
    /// For each sort, whether its domain has facts.
    ranged: Vec<bool>,
    /// Whether the block has the rules of [`RuleBook::views`].
    with_views: bool,
    /// The relations relevant to the attempt; `None`: all.
    focus: Option<Arc<Focus>>,
    book: Arc<RuleBook>,
    local: Vec<(RuleId, Arc<Rule>)>,
    /// The next fact to be joined with older ones; earlier ones are done.
    next: u32,
    agenda: Agenda,
    falsum: Option<FactId>,
    goal: Option<Goal>,
    reached: Option<Reached>,
    /// The number of individuals at the last backward chaining from the goal; 0: none yet.
    guessed_from: u32,
    /// Whether the search is goal-directed.
    drives: bool,
    /// Rows that would lead to the goal, with variables for arbitrary individuals. Values that lead to one are created
    /// first.
    aims: Vec<Pattern>,
    given: u32,
    /// Whether this block or an ancestor has a negative fact.
    negatives: bool,
    /// Rules that name an individual which is no longer a representative. They are joined again with the older facts
    /// about the new representative.
    rejoin: Vec<RuleId>,
    /// Equations whose merge is running or pending.
    equations: VecDeque<(Individual, Individual, FactId)>,
    steps: u64,
    /// The limit on all steps of the block.
    most_steps: u64,
    /// Whether a fact had more matches than a block accepts; it then ends as if out of steps.
    is_cut: bool,
    creations: u32,
    matches: Matches,
}

/// The initial state of a block.
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
    /// A root block: it has no facts, and its individuals are the constants of the signature.
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

    /// A child block of a frozen block.
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
            most_steps: u64::MAX,
            is_cut: false,
            creations: 0,
            matches: Matches::default(),
        }
    }

    /// Freezes the block, so that child blocks can share its facts.
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

    /// Replaces the rules of a root block with those of an extended book; the new rules are joined with all facts.
    ///
    /// # Panics
    /// If the block is not a root, or the book has fewer rules than the old one.
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

    /// The rules shared by all blocks.
    #[must_use]
    pub fn book(&self) -> &RuleBook {
        &self.book
    }

    /// Counts an assumption that is not a fact, such as a rule. Returns its number.
    pub fn assume_other(&mut self) -> u32 {
        self.given += 1;
        self.given - 1
    }

    /// Adds an individual that stands for a variable of this sort.
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

    /// Adds the domain facts of a sort, for existing and future individuals.
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

    /// Whether child blocks inherit the demand: nothing that they derive would repeat a demand for a witness, unlike
    /// one for a function value.
    fn is_kept(&self, wanted: &Wanted) -> bool {
        matches!(self.rule(wanted.rule).head, RuleHead::Exists(..)) && !self.book.is_totality(wanted.rule)
    }

    /// Assumes a fact. Returns the number of the assumption.
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

    /// Assumes a rule and joins it with all existing facts.
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

    /// Assumes, once, the rules between relations of the theory and relations as arguments.
    pub fn assume_views(&mut self) {
        if std::mem::replace(&mut self.with_views, true) {
            return;
        }
        for view in self.book.clone().views.iter().cloned() {
            self.assume_rule(view);
        }
    }

    /// Tells the block the limit on all its steps, of which joining its demands takes a share. Calls that run it may have
    /// lower ones.
    pub fn bound(&mut self, steps: u64) {
        self.most_steps = steps;
    }

    /// Runs until the goal holds, the block is saturated, or a limit is reached.
    pub fn run(&mut self, limits: Limits) -> End {
        let steps = self.steps.saturating_add(limits.steps);
        self.run_until(Limits { steps, creations: self.creations.saturating_add(limits.creations) })
    }

    /// The same, with limits on the total work since the block was opened. However the work is divided among calls, the
    /// block ends in the same state.
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

    /// Whether a fact had more matches than a block accepts; further calls derive nothing more.
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

    /// The fact about the representatives of these individuals; `None` if it is not known.
    #[must_use]
    pub fn holds(&self, code: Code, arguments: &[Individual]) -> Option<FactId> {
        let arguments: Vec<_> = arguments.iter().map(|argument| self.classes.find(*argument)).collect();
        self.lookup(code, &arguments)
    }

    /// The value of a function at these inputs with the row that states it; `None` if it is not known.
    #[must_use]
    pub fn value(&self, code: Code, inputs: &[Individual]) -> Option<(Individual, FactId)> {
        let mut probe: Vec<_> = inputs.iter().map(|input| self.classes.find(*input)).collect();
        probe.push(UNBOUND);
        let row = self.row(code, &probe)?;
        Some((*self.arguments(row).last().expect("a function has a value"), row))
    }

    /// A unary relation that has facts, that is, a set with known elements.
    #[must_use]
    pub fn some_set(&self) -> Option<Code> {
        let sets =
            (0..self.book.triggers.len() as u32).map(Code).filter(|code| code.positive() && *code != Code::EQUAL);
        sets.into_iter().find(|code| self.facts_of(*code).next().is_some_and(|fact| self.arguments(fact).len() == 1))
    }

    /// The goal.
    #[must_use]
    pub fn goal(&self) -> Option<&Goal> {
        self.goal.as_ref()
    }

    /// The contradiction; `None` if none was derived.
    #[must_use]
    pub fn falsum(&self) -> Option<FactId> {
        self.falsum
    }

    /// The match that established an existence goal.
    #[must_use]
    pub fn reached(&self) -> Option<&Reached> {
        self.reached.as_ref()
    }

    /// The steps done so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The number of individuals created so far.
    #[must_use]
    pub fn creations(&self) -> u32 {
        self.creations
    }

    /// The number of facts that the block itself holds.
    #[must_use]
    pub fn facts(&self) -> usize {
        (self.layer.end() - self.layer.first_fact) as usize
    }

    /// The equality classes of the individuals.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Approximate memory of the block itself, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.layer.bytes() + self.classes.len() * 24
    }

    /// The facts of a relation, those of the root first, including superseded ones.
    pub fn facts_of(&self, code: Code) -> impl Iterator<Item = FactId> + '_ {
        self.layers().flat_map(move |layer| layer.facts_of(code).iter().copied())
    }

    /// Whether a fact is current, that is, about representatives.
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

    /// The row of a function for these inputs (all arguments but the last), given as representatives.
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

    /// The fact with exactly these arguments, given as representatives.
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
