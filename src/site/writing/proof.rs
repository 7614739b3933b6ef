//! A proof as a reader meets it: what is given first, then numbered steps, with a block that folds
//! for every scope, placed just before the step that closes it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use theoremata_logic::calculus::formula::{Formula, Name};
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, Step, StepId};
use theoremata_logic::language::notation::Math;
use theoremata_logic::proofs::axiom_use::Given;

use super::escape::{escaped, shortened};
use super::math;
use super::sentence::Sentences;
use crate::site::values::catalogue::Catalogue;

/// A line of the proof, or the beginning or end of a block.
#[derive(Clone, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event {
    /// A block begins.
    Open {
        /// Its first line, in markup.
        summary_html: String,
        /// `case`, `let` or `suppose`, for the style.
        kind: &'static str,
        /// Whether a block of an earlier part goes on here.
        continued: bool,
    },
    /// A block ends.
    Close,
    /// A step.
    Step(Line),
}

/// A step as it is shown.
#[derive(Clone, Serialize)]
pub(crate) struct Line {
    /// Its number on the page.
    pub(crate) number: usize,
    /// What holds, in markup.
    pub(crate) math_html: String,
    /// The same in MPL.
    pub(crate) mpl: String,
    /// Why, in markup.
    pub(crate) why_html: String,
    /// Whether it only puts together or takes apart.
    pub(crate) small: bool,
}

/// A formula with the names of its free variables.
type Named = (Formula, Vec<(Name, Arc<str>)>);

/// What has been written of formulas that occur in many proofs: markup and MPL.
#[derive(Default)]
pub(crate) struct Formulas(HashMap<Named, (String, String)>);

/// A proof ready to be laid out on pages.
pub(crate) struct Told {
    /// What is taken from the theory and from earlier theorems, as far as later steps use it.
    pub(crate) given: Vec<Line>,
    /// How it was reached from the axioms' conjunction.
    pub(crate) fetched: Vec<Line>,
    /// The proof proper.
    pub(crate) events: Vec<Event>,
    /// How many steps the proof has.
    pub(crate) steps: usize,
}

/// Tells a proof step by step.
pub(crate) struct Teller<'c, 'r> {
    catalogue: &'c Catalogue<'r>,
    proof: &'c Proof,
    given: Given,
    /// The number of each step on the page, 0 for none.
    numbers: Vec<usize>,
    /// For each step the scopes that it closes.
    closes: Vec<Vec<ScopeId>>,
    /// The steps of each scope in order.
    steps: Vec<Vec<StepId>>,
    /// The step that closes each scope.
    closed_by: Vec<Option<StepId>>,
    /// For each scope and assumption the step that states it.
    assumed: HashMap<(ScopeId, u32), StepId>,
    /// The scope that assumes the anchor; its steps are told as if they stood outermost.
    anchor_scope: Option<ScopeId>,
    /// For the steps that are cases of an induction: the induction's number and the case's.
    cases: HashMap<StepId, (u32, usize)>,
}

impl<'c, 'r> Teller<'c, 'r> {
    pub(crate) fn new(catalogue: &'c Catalogue<'r>, proof: &'c Proof) -> Self {
        let given = Given::of(&catalogue.axioms, proof);
        let mut closes = vec![Vec::new(); proof.steps.len()];
        let mut closed_by = vec![None; proof.scopes.len()];
        let mut steps = vec![Vec::new(); proof.scopes.len()];
        let mut assumed = HashMap::new();
        for (place, step) in proof.steps.iter().enumerate() {
            let id = StepId(place as u32);
            for scope in step.rule.discharged() {
                if let Some(slot @ None) = closed_by.get_mut(scope.index()) {
                    *slot = Some(id);
                    closes[place].push(scope);
                }
            }
            if let Some(list) = steps.get_mut(step.scope.index()) {
                list.push(id);
            }
            if let Rule::Assumption(number) = step.rule
                && !given.is_given[place]
            {
                assumed.entry((step.scope, number)).or_insert(id);
            }
        }
        let numbers = vec![0; proof.steps.len()];
        let mut cases = HashMap::new();
        for step in &proof.steps {
            if let Rule::Induction(number) = step.rule {
                cases
                    .extend(step.premises.iter().skip(1).enumerate().map(|(case, premise)| (*premise, (number, case))));
            }
        }
        let anchor_scope = anchor_scope(catalogue, proof);
        let mut teller =
            Teller { catalogue, proof, given, numbers, closes, steps, closed_by, assumed, anchor_scope, cases };
        teller.count();
        teller
    }

    /// Gives numbers in the order of telling.
    fn count(&mut self) {
        let mut next = 1;
        let fetched: Vec<usize> = (0..self.proof.steps.len()).filter(|place| self.is_fetched(*place)).collect();
        for used in [true, false] {
            for place in &fetched {
                if self.given.used[*place] == used && self.given.same[*place] == *place {
                    self.numbers[*place] = next;
                    next += 1;
                }
            }
        }
        let mut order = Vec::new();
        self.walk(ScopeId::OUTER, 0, &mut |visit| {
            if let Visit::Step(step) = visit {
                order.push(step);
            }
        });
        for step in order {
            // Assumptions are counted where the scope states them.
            if self.numbers[step.index()] == 0 {
                self.numbers[step.index()] = next;
                next += 1;
            }
        }
    }

    /// What is given is told at the top, wherever the proof fetches it: it mentions only what the
    /// anchor introduces, so it reads the same there.
    fn is_fetched(&self, place: usize) -> bool {
        self.given.is_given[place]
    }

    /// Visits steps and blocks in the order of telling. Recursion is as deep as scopes are nested; a
    /// proof nested deeper than [`DEEPEST`] is told flat from there on.
    fn walk(&self, scope: ScopeId, depth: usize, visit: &mut dyn FnMut(Visit)) {
        for step in &self.steps[scope.index()] {
            if self.is_fetched(step.index()) {
                continue;
            }
            for inner in &self.closes[step.index()] {
                if self.proof.scopes[inner.index()].parent != scope {
                    continue;
                }
                let shown = Some(*inner) != self.anchor_scope && depth < DEEPEST;
                if shown {
                    visit(Visit::Open(*inner));
                }
                for number in 0..self.proof.scopes[inner.index()].assumptions.len() {
                    if let Some(step) = self.assumed.get(&(*inner, number as u32)) {
                        visit(Visit::Step(*step));
                    }
                }
                self.walk(*inner, depth + 1, visit);
                if shown {
                    visit(Visit::Close);
                }
            }
            if !matches!(self.proof.steps[step.index()].rule, Rule::Assumption(number) if self.assumed.contains_key(&(scope, number)))
            {
                visit(Visit::Step(*step));
            }
        }
    }

    /// Tells it; `href` gives the address of a step by its number, such as `#s12`.
    pub(crate) fn tell(&self, href: &dyn Fn(usize) -> String, formulas: &mut Formulas) -> Told {
        let names = |name: Name| -> Arc<str> {
            self.proof.names.get(name.0 as usize).cloned().unwrap_or_else(|| format!("v{}", name.0).into())
        };
        let unique = unique_names(self.proof, &names);
        let names = |name: Name| -> Arc<str> { unique.get(&name).cloned().unwrap_or_else(|| names(name)) };
        let sentences = Sentences {
            catalogue: self.catalogue,
            proof: self.proof,
            given: &self.given,
            number: &|step: StepId| self.number(step),
            href,
            names: &names,
        };
        let mut line = |id: StepId| {
            let step = &self.proof.steps[id.index()];
            let write = || {
                let read = self.catalogue.reading.formula(&step.conclusion, &names);
                let mpl = self.catalogue.reading.mpl(&step.conclusion, &names);
                (math::statement(&read), shortened(mpl))
            };
            // What is given is the same in most proofs, and long.
            let (math_html, mpl) = if self.given.is_given[id.index()] {
                let shown = step.conclusion.free_variables().into_iter().map(|name| (name, names(name))).collect();
                formulas.0.entry((step.conclusion.clone(), shown)).or_insert_with(write).clone()
            } else {
                write()
            };
            Line { number: self.number(id), math_html, mpl, why_html: sentences.why(id), small: is_small(step) }
        };
        let mut given = Vec::new();
        let mut fetched = Vec::new();
        for place in 0..self.proof.steps.len() {
            if self.is_fetched(place) && self.given.same[place] == place {
                let list = if self.given.used[place] { &mut given } else { &mut fetched };
                list.push(Line { small: false, ..line(StepId(place as u32)) });
            }
        }
        let mut events = Vec::new();
        self.walk(ScopeId::OUTER, 0, &mut |visit| match visit {
            Visit::Open(scope) => events.push(self.open(scope, &sentences)),
            Visit::Close => events.push(Event::Close),
            Visit::Step(step) => events.push(Event::Step(line(step))),
        });
        Told { given, fetched, events, steps: self.proof.steps.len() }
    }

    /// The number on the page of the line that stands for this step.
    fn number(&self, step: StepId) -> usize {
        let stated = match self.proof.steps[step.index()].rule {
            Rule::Assumption(number) => self.assumed.get(&(self.proof.steps[step.index()].scope, number)),
            _ => None,
        };
        let step = stated.unwrap_or(&step).index();
        self.numbers[if self.given.is_given[step] { self.given.same[step] } else { step }]
    }

    fn open(&self, id: ScopeId, sentences: &Sentences<'_, '_>) -> Event {
        let closing = self.closed_by[id.index()];
        let rule = closing.map(|step| &self.proof.steps[step.index()].rule);
        let role = self.role(id);
        let (kind, summary_html) = sentences.scope(id, rule, role.as_deref());
        Event::Open { summary_html, kind, continued: false }
    }

    /// What a scope is for, where an induction asks for it.
    fn role(&self, scope: ScopeId) -> Option<String> {
        let closing = self.closed_by[scope.index()]?;
        if let Some((number, place)) = self.cases.get(&closing).copied() {
            let principle = self.catalogue.theory.inductions.get(number as usize)?;
            let constructor = principle.constructors.get(place)?;
            let name = self.catalogue.theory.shown_argument(principle, constructor.parameter)?;
            let name = self.catalogue.reading.symbol(name).text;
            let what = if constructor.arguments.is_empty() { "Base case" } else { "Induction step" };
            return Some(format!("{what} for {}", escaped(&name)));
        }
        // One level further in stands the hypothesis.
        let parent = self.proof.scopes[scope.index()].parent;
        let of_parent = self.closed_by.get(parent.index()).copied().flatten()?;
        let is_hypothesis = self.proof.scopes[scope.index()].variables.is_empty()
            && self.proof.steps[of_parent.index()].premises.first() == Some(&closing)
            && self.cases.contains_key(&of_parent);
        is_hypothesis.then(|| "Induction hypothesis".to_owned())
    }
}

/// Cuts a proof into parts of at most about `bytes` each; a block that is cut is closed and opened
/// again in the next part. Also says for each number in which part it stands. With `known`, what was
/// said before, the cuts are made there again, whatever the sizes are now.
pub(crate) fn parts(
    events: Vec<Event>,
    bytes: usize,
    known: Option<&HashMap<usize, usize>>,
) -> (Vec<Vec<Event>>, HashMap<usize, usize>) {
    let mut parts: Vec<Vec<Event>> = vec![Vec::new()];
    let mut place = HashMap::new();
    let mut open: Vec<Event> = Vec::new();
    let mut size = 0;
    for event in events {
        let next = match &event {
            Event::Open { summary_html, .. } => 100 + summary_html.len(),
            Event::Close => 20,
            Event::Step(line) => 300 + line.math_html.len() + line.mpl.len() + line.why_html.len(),
        };
        let last = parts.len() - 1;
        let full = match (&event, known) {
            (Event::Step(line), Some(known)) => known.get(&line.number).is_some_and(|part| *part > last),
            (Event::Step(_), None) => size + next > bytes && size > 0,
            _ => false,
        };
        if full {
            parts[last].extend(open.iter().map(|_| Event::Close));
            parts.push(open.clone());
            size = 0;
        }
        size += next;
        let last = parts.len() - 1;
        match &event {
            Event::Open { summary_html, kind, .. } => {
                open.push(Event::Open { summary_html: summary_html.clone(), kind, continued: true });
            }
            Event::Close => {
                open.pop();
            }
            Event::Step(line) => {
                place.insert(line.number, last);
            }
        }
        parts[last].push(event);
    }
    (parts, place)
}

/// The scope directly below the outermost that assumes the anchor.
fn anchor_scope(catalogue: &Catalogue<'_>, proof: &Proof) -> Option<ScopeId> {
    let anchor = catalogue.theory.anchor;
    proof.scopes.iter().enumerate().skip(1).find_map(|(place, scope)| {
        let is_anchor = matches!(&scope.assumptions[..], [Formula::Atom(id, _)] if *id == anchor);
        (is_anchor && scope.parent == ScopeId::OUTER).then_some(ScopeId(place as u32))
    })
}

/// Scopes nested deeper than this are told without blocks of their own.
const DEEPEST: usize = 60;

enum Visit {
    Open(ScopeId),
    Close,
    Step(StepId),
}

fn is_small(step: &Step) -> bool {
    matches!(step.rule, Rule::AndIntroduction | Rule::AndLeft | Rule::AndRight | Rule::Reflexivity)
}

/// A proof's variables are different things even where the author of the proof gave them one name.
fn unique_names(proof: &Proof, names: &dyn Fn(Name) -> Arc<str>) -> HashMap<Name, Arc<str>> {
    let mut unique = HashMap::new();
    let mut inner: Vec<HashMap<Arc<str>, usize>> = Vec::with_capacity(proof.scopes.len());
    for scope in &proof.scopes {
        // A name is taken if a scope around has it; scopes side by side may share names.
        let mut taken = inner.get(scope.parent.index()).cloned().unwrap_or_default();
        for variable in &scope.variables {
            let name = names(*variable);
            let mut fresh = name.clone();
            let mut number = taken.get(&name).copied().unwrap_or(0);
            while taken.contains_key(&fresh) {
                number += 1;
                fresh = format!("{name}{number}").into();
            }
            taken.insert(name, number);
            taken.insert(fresh.clone(), 0);
            unique.insert(*variable, fresh);
        }
        inner.push(taken);
    }
    unique
}

/// The reading of a formula inside a proof, for sentences.
pub(crate) fn inline(catalogue: &Catalogue<'_>, formula: &Formula, names: &dyn Fn(Name) -> Arc<str>) -> String {
    let read: Math = catalogue.reading.formula(formula, names);
    math::inline(&read)
}
