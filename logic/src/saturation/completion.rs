//! Unfailing completion: equations between terms, turned into rules of rewriting, until both sides of a goal have the
//! same normal form.
//!
//! After Knuth and Bendix, and Bachmair, Dershowitz and Plaisted. An equation whose left side is greater in an order on
//! terms rewrites instances of it; where neither side is greater, those instances are rewritten that become smaller.
//! Where two equations lead from one term to two others (a critical pair), these are equal, and if they have not the same normal form that is
//! a new equation. It is looked at when its turn comes: the light first, from time to time an old one. With a fair
//! choice and an order that is total on terms without variables, everything is found that follows from equations alone.
//!
//! Variables range over domains, and values of functions lie in domains; a variable stands for terms of its own domain
//! only. The steps of rewriting are kept, so that a goal that was reached comes with a [`Derivation`]. The same input
//! and the same bounds give the same derivation.

pub mod equation;
mod index;
pub mod order;
mod overlap;
pub mod problem;
mod queue;
mod redundant;
mod rewrite;
pub mod term;
mod unify;

use rustc_hash::FxHashMap;

use equation::{Derivation, Equation, EquationId, Rewrite, Source, State, reversed};
use index::{Index, Side};
use order::Order;
use overlap::{MOST_IN_EQUATION, Peak};
use queue::{Item, Queue};
use redundant::Arranging;
use term::{Domain, TermId, Terms, Top};
use unify::Bindings;

/// How far a completion may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Symbols that are looked at.
    pub work: u64,
    /// Terms and waiting equations that are held.
    pub memory: usize,
    /// The number of symbols of an equation.
    pub weight: u32,
}

/// How a completion ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The goal follows.
    Reached,
    /// Nothing more follows.
    Saturated,
    /// It has done the work it was given; with more it goes on.
    OutOfWork,
    /// It holds as much as it may.
    OutOfMemory,
}

/// The goal, and how its sides were rewritten.
#[derive(Clone, Debug)]
struct Goal {
    given: (TermId, TermId),
    left: TermId,
    right: TermId,
    left_steps: Vec<Rewrite>,
    right_steps: Vec<Rewrite>,
}

/// A completion under way; see the module's page.
#[derive(Clone, Debug)]
pub struct Completion {
    terms: Terms,
    order: Order,
    limits: Bounds,
    /// All equations that were found; those that are active, see `active`.
    equations: Vec<Equation>,
    active: Vec<EquationId>,
    index: Index,
    queue: Queue,
    goal: Goal,
    /// For each domain its smallest constant.
    smallest: Vec<(Domain, TermId)>,
    arranging: Arranging,
    /// Normal forms, as long as no equation is added.
    normal: FxHashMap<TermId, TermId>,
    bindings: Bindings,
    work: u64,
    /// Whether nothing was left out for its size.
    is_complete: bool,
}

impl Completion {
    /// A completion of these equations, of which each has at most 32 variables with numbers below 32, that is to end when
    /// the two sides of the goal, terms without variables, are equal.
    #[must_use]
    pub fn new(terms: Terms, order: Order, given: &[(TermId, TermId)], goal: (TermId, TermId), limits: Bounds) -> Self {
        let mut completion = Completion {
            smallest: smallest(&terms, order, given, goal),
            terms,
            order,
            limits,
            equations: Vec::new(),
            active: Vec::new(),
            index: Index::default(),
            queue: Queue::default(),
            goal: Goal { given: goal, left: goal.0, right: goal.1, left_steps: Vec::new(), right_steps: Vec::new() },
            arranging: Arranging::default(),
            normal: FxHashMap::default(),
            bindings: Bindings::default(),
            work: 0,
            is_complete: true,
        };
        for (number, (left, right)) in given.iter().enumerate() {
            let id = EquationId(number as u32);
            let source = Source::Given(number as u32);
            completion.equations.push(Equation {
                left: *left,
                right: *right,
                oriented: false,
                source,
                state: State::Waiting,
            });
            completion.queue.push(completion.terms.size(*left) + completion.terms.size(*right), Item::Known(id));
        }
        completion
    }

    /// The work done.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.work
    }

    /// How far it may go.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.limits
    }

    /// Goes on until the goal is reached, nothing is left, or a bound is; `until` is one on all work done.
    pub fn run_until(&mut self, until: u64) -> Outcome {
        let until = until.min(self.limits.work);
        loop {
            if self.goal.left == self.goal.right {
                return Outcome::Reached;
            }
            if self.work >= until {
                return Outcome::OutOfWork;
            }
            if self.terms.len() + self.queue.len() > self.limits.memory {
                return Outcome::OutOfMemory;
            }
            let Some(item) = self.queue.pop() else { return Outcome::Saturated };
            self.work += 1;
            self.take(item);
        }
    }

    /// What an item says, and the steps from one side to the other; `None` if it is not needed any more.
    fn raw(&mut self, item: Item) -> Option<(TermId, TermId, Vec<Rewrite>)> {
        match item {
            Item::Known(id) => {
                let Equation { left, right, .. } = self.equations[id.index()];
                let step = Rewrite { equation: id, forward: true, path: Vec::new(), from: left, to: right };
                Some((left, right, vec![step]))
            }
            Item::Overlap { outer, inner, .. } => {
                let is_dead = |id: EquationId| self.equations[id.index()].state == State::Dead;
                if is_dead(outer) || is_dead(inner) {
                    return None;
                }
                let Peak { left, right, steps } = self.peak(item)?;
                Some((left, right, steps.into()))
            }
        }
    }

    /// Looks at one equation.
    fn take(&mut self, item: Item) {
        let Some((left, right, middle)) = self.raw(item) else { return };
        let (low_left, down_left) = self.normalise(left);
        let (low_right, down_right) = self.normalise(right);
        if low_left == low_right || self.is_subsumed(low_left, low_right) || self.is_rearrangement(low_left, low_right)
        {
            return;
        }
        if let Item::Known(id) = item
            && self.equations[id.index()].state == State::Waiting
            && down_left.is_empty()
            && down_right.is_empty()
        {
            self.orient(id);
            return self.activate(id);
        }
        let mut steps = reversed(down_left);
        steps.extend(middle);
        steps.extend(down_right);
        let Some(equation) = self.renamed(low_left, low_right, steps) else {
            self.is_complete = false;
            return;
        };
        let id = EquationId(self.equations.len() as u32);
        self.equations.push(equation);
        self.orient(id);
        self.activate(id);
    }

    /// The equation with its variables numbered in order; those that the steps mention and its sides do not become
    /// something that is there. `None` if there is nothing, or there are too many variables.
    fn renamed(&mut self, left: TermId, right: TermId, mut steps: Vec<Rewrite>) -> Option<Equation> {
        let mut variables = Vec::new();
        self.terms.collect_variables(left, &mut variables);
        self.terms.collect_variables(right, &mut variables);
        if variables.len() > usize::from(MOST_IN_EQUATION) {
            return None;
        }
        let mut images: Vec<(TermId, TermId)> = Vec::new();
        for (number, variable) in variables.iter().enumerate() {
            let domain = self.terms.domain(*variable);
            images.push((*variable, self.terms.variable(number as u8, domain)));
        }
        for step in &steps {
            self.terms.collect_variables(step.from, &mut variables);
            self.terms.collect_variables(step.to, &mut variables);
        }
        for other in variables.split_off(images.len()) {
            let domain = self.terms.domain(other);
            let fits = |term: TermId| domain.accepts(self.terms.domain(term));
            let own = images.iter().map(|(_, image)| *image).find(|image| fits(*image));
            let constant = || self.smallest.iter().map(|(_, constant)| *constant).find(|constant| fits(*constant));
            images.push((other, own.or_else(constant)?));
        }
        let numbers: Vec<(Top, TermId)> = images.iter().map(|(old, new)| (self.terms.top(*old), *new)).collect();
        let image = |number: u8| numbers.iter().find(|(old, _)| *old == Top::Variable(number)).map(|(_, image)| *image);
        let mut put = |term: TermId| self.terms.substituted(term, &image);
        for step in &mut steps {
            (step.from, step.to) = (put(step.from), put(step.to));
        }
        let (left, right) = (put(left), put(right));
        Some(Equation { left, right, oriented: false, source: Source::Chain(steps), state: State::Waiting })
    }

    fn orient(&mut self, id: EquationId) {
        let equation = &mut self.equations[id.index()];
        match self.order.compare(&self.terms, equation.left, equation.right) {
            Some(std::cmp::Ordering::Less) => {
                std::mem::swap(&mut equation.left, &mut equation.right);
                equation.oriented = true;
                if let Source::Chain(steps) = &mut equation.source {
                    *steps = reversed(std::mem::take(steps));
                }
            }
            Some(_) => equation.oriented = true,
            None => {}
        }
    }

    /// Has an equation rewrite others, and looks for its overlaps.
    fn activate(&mut self, id: EquationId) {
        self.equations[id.index()].state = State::Active;
        self.simplify_by(id);
        self.enter(id);
        self.note_law(id);
        if self.equations[id.index()].state == State::Active {
            self.overlap_with_all(id);
        }
        for left in [true, false] {
            let (normal, steps) = self.normalise(if left { self.goal.left } else { self.goal.right });
            let (side, known) = if left {
                (&mut self.goal.left, &mut self.goal.left_steps)
            } else {
                (&mut self.goal.right, &mut self.goal.right_steps)
            };
            *side = normal;
            known.extend(steps);
        }
    }

    fn enter(&mut self, id: EquationId) {
        let Equation { left, right, oriented, .. } = self.equations[id.index()];
        self.index.add(&self.terms, left, Side { equation: id, forward: true });
        if !oriented {
            self.index.add(&self.terms, right, Side { equation: id, forward: false });
        }
        self.active.push(id);
        self.normal.clear();
    }

    /// Takes an equation out of the active ones.
    fn retire(&mut self, id: EquationId) {
        let Equation { left, right, oriented, .. } = self.equations[id.index()];
        self.equations[id.index()].state = State::Dead;
        self.active.retain(|other| *other != id);
        self.index.remove(&self.terms, left, Side { equation: id, forward: true });
        if !oriented {
            self.index.remove(&self.terms, right, Side { equation: id, forward: false });
        }
        self.normal.clear();
        self.forget_law(id);
    }

    /// Takes out the active equations of which a new one rewrites a side, and has them looked at anew.
    fn simplify_by(&mut self, new: EquationId) {
        for id in self.active.clone() {
            let Equation { left, right, .. } = self.equations[id.index()];
            if self.reduces(new, left) || self.reduces(new, right) {
                self.retire(id);
                self.queue.push_first(Item::Known(id));
            }
        }
    }

    /// How the goal follows, when it was reached: what is needed for it. Its terms are those of `base`, with which the
    /// completion began, and more.
    #[must_use]
    pub fn derivation(&self, base: &Terms) -> Derivation {
        let Goal { given, left_steps, right_steps, .. } = &self.goal;
        let mut steps = left_steps.clone();
        steps.extend(reversed(right_steps.clone()));
        let mut needed = vec![false; self.equations.len()];
        for step in &steps {
            needed[step.equation.index()] = true;
        }
        for place in (0..needed.len()).rev() {
            if let (true, Source::Chain(steps)) = (needed[place], &self.equations[place].source) {
                for step in steps {
                    needed[step.equation.index()] = true;
                }
            }
        }
        let mut places = vec![EquationId(u32::MAX); needed.len()];
        let mut equations = Vec::new();
        for place in (0..needed.len()).filter(|place| needed[*place]) {
            places[place] = EquationId(equations.len() as u32);
            equations.push(self.equations[place].clone());
        }
        let mut terms = base.clone();
        let mut copies = FxHashMap::default();
        let mut copy = |term: &mut TermId| *term = terms.copied(&self.terms, *term, &mut copies);
        let mut renumber = |steps: &mut Vec<Rewrite>| {
            for step in steps {
                step.equation = places[step.equation.index()];
                copy(&mut step.from);
                copy(&mut step.to);
            }
        };
        for equation in &mut equations {
            if let Source::Chain(steps) = &mut equation.source {
                renumber(steps);
            }
        }
        renumber(&mut steps);
        for equation in &mut equations {
            copy(&mut equation.left);
            copy(&mut equation.right);
        }
        Derivation { terms, equations, left: given.0, right: given.1, steps }
    }
}

/// For each domain the smallest of the constants that occur.
fn smallest(terms: &Terms, order: Order, given: &[(TermId, TermId)], goal: (TermId, TermId)) -> Vec<(Domain, TermId)> {
    fn constants(terms: &Terms, term: TermId, found: &mut Vec<TermId>) {
        match (terms.top(term), terms.arity(term)) {
            (Top::Symbol(_), 0) => {
                if !found.contains(&term) {
                    found.push(term);
                }
            }
            (_, arity) => (0..arity).for_each(|place| constants(terms, terms.argument(term, place), found)),
        }
    }
    let mut found = Vec::new();
    for (left, right) in given.iter().copied().chain([goal]) {
        constants(terms, left, &mut found);
        constants(terms, right, &mut found);
    }
    let mut smallest: Vec<(Domain, TermId)> = Vec::new();
    for constant in found {
        let domain = terms.domain(constant);
        match smallest.iter_mut().find(|(known, _)| *known == domain) {
            Some((_, known)) => {
                if order.is_greater(terms, *known, constant) {
                    *known = constant;
                }
            }
            None => smallest.push((domain, constant)),
        }
    }
    smallest
}
