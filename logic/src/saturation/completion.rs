//! Unfailing completion: turns equations between terms into rewrite rules, until both sides of a goal have the same
//! normal form.
//!
//! After Knuth and Bendix, and Bachmair, Dershowitz and Plaisted. An equation whose left side is greater in a term
//! order rewrites instances of it; where neither side is greater, it rewrites those instances that become smaller. A
//! critical pair of two equations is a new equation unless its sides have the same normal form. New equations are
//! selected by weight, from time to time by age. With a fair selection and an order that is total on ground terms,
//! completion finds everything that follows from equations alone.
//!
//! Variables range over domains, and values of functions lie in domains; a variable may be instantiated only by terms
//! of its own domain. Rewrite steps are recorded, so a goal that is reached comes with a [`Derivation`]. The same input
//! and bounds give the same derivation.

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

/// Bounds on a completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The most work, in symbols inspected.
    pub work: u64,
    /// The most terms and queued equations held.
    pub memory: usize,
    /// The most symbols of an equation.
    pub weight: u32,
}

/// The outcome of a completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The goal follows.
    Reached,
    /// No more equations follow.
    Saturated,
    /// The bound on work was reached; with a higher bound the completion can continue.
    OutOfWork,
    /// The bound on memory was reached.
    OutOfMemory,
}

/// The goal, with the rewrite steps of its sides.
#[derive(Clone, Debug)]
struct Goal {
    given: (TermId, TermId),
    left: TermId,
    right: TermId,
    left_steps: Vec<Rewrite>,
    right_steps: Vec<Rewrite>,
}

/// The state of a completion; see the module documentation.
#[derive(Clone, Debug)]
pub struct Completion {
    terms: Terms,
    order: Order,
    limits: Bounds,
    /// All equations found; `active` lists the active ones.
    equations: Vec<Equation>,
    active: Vec<EquationId>,
    index: Index,
    queue: Queue,
    goal: Goal,
    /// The smallest constant of each domain.
    smallest: Vec<(Domain, TermId)>,
    arranging: Arranging,
    /// Cached normal forms; cleared when the active equations change.
    normal: FxHashMap<TermId, TermId>,
    bindings: Bindings,
    work: u64,
    /// Whether no equation was dropped because of its size.
    is_complete: bool,
}

impl Completion {
    /// A completion of these equations, each with at most 32 variables, numbered below 32. It ends when the two sides
    /// of the goal, which are ground, are equal.
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

    /// The work done so far, in symbols inspected.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.work
    }

    /// The bounds.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.limits
    }

    /// Continues until the goal is reached, the queue is empty, or a bound is reached. `until` bounds the total work.
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

    /// The sides of a queued equation and the steps between them; `None` if it is no longer needed.
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

    /// Processes one queued equation.
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

    /// The equation with its variables renumbered in order; variables that occur in the steps but not in its sides are
    /// replaced by one that does, or by a constant. `None` if there is no replacement, or there are too many variables.
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

    /// Activates an equation: simplifies others with it, computes its critical pairs, and normalises the goal.
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

    /// Removes an active equation.
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

    /// Removes the active equations that a new one simplifies, and queues them again.
    fn simplify_by(&mut self, new: EquationId) {
        for id in self.active.clone() {
            let Equation { left, right, .. } = self.equations[id.index()];
            if self.reduces(new, left) || self.reduces(new, right) {
                self.retire(id);
                self.queue.push_first(Item::Known(id));
            }
        }
    }

    /// The derivation of a goal that was reached, with only the equations it needs. Its terms extend `base`, the
    /// initial terms of the completion.
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

/// The smallest constant that occurs, for each domain.
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
