//! A proof step by step: numbered steps, with a collapsible block for every scope, placed just before the step that
//! closes it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use theoremata_logic::calculus::formula::Name;
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, StepId};
use theoremata_logic::proofs::axiom_use::Given;

use super::escape::{escaped, shortened};
use super::sentence::Sentences;
use crate::site::values::catalogue::Catalogue;
use crate::site::values::layout::Layout;
use crate::site::values::names::{given_name, unique_names};

/// A line of the proof, or the beginning or end of a block.
#[derive(Clone, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event {
    /// The beginning of a block.
    Open {
        /// Its first line, in markup.
        summary_html: String,
        /// `case`, `let` or `suppose`, for the style.
        kind: &'static str,
        /// Whether this continues a block of an earlier part.
        continued: bool,
    },
    /// The end of a block.
    Close,
    /// A step.
    Step(Line),
}

/// A step as displayed.
#[derive(Clone, Serialize)]
pub(crate) struct Line {
    /// Its number on the page.
    pub(crate) number: usize,
    /// The formula, in one line of text.
    pub(crate) text: String,
    /// The justification, in markup.
    pub(crate) why_html: String,
}

/// A proof ready to be split into pages.
pub(crate) struct Told {
    /// The content of the proof.
    pub(crate) events: Vec<Event>,
    /// Number of steps.
    pub(crate) steps: usize,
    /// Number of steps that only extract an axiom from the conjunction, or name a theorem.
    pub(crate) fetched: usize,
}

/// Presents a proof step by step.
pub(crate) struct Teller<'c, 'r> {
    catalogue: &'c Catalogue<'r>,
    proof: &'c Proof,
    given: Given,
    /// The number of each step on the page, 0 for hidden steps.
    numbers: Vec<usize>,
    layout: Layout,
    /// For each scope and assumption, the step that states it.
    assumed: HashMap<(ScopeId, u32), StepId>,
}

impl<'c, 'r> Teller<'c, 'r> {
    pub(crate) fn new(catalogue: &'c Catalogue<'r>, proof: &'c Proof) -> Self {
        let given = Given::of(&catalogue.axioms, proof);
        let layout = Layout::of(catalogue.theory, proof);
        let mut assumed = HashMap::new();
        for (place, step) in proof.steps.iter().enumerate() {
            if let Rule::Assumption(number) = step.rule
                && !given.is_given[place]
            {
                assumed.entry((step.scope, number)).or_insert(StepId(place as u32));
            }
        }
        let numbers = vec![0; proof.steps.len()];
        let mut teller = Teller { catalogue, proof, given, numbers, layout, assumed };
        teller.count();
        teller
    }

    /// Numbers the steps in the order of presentation.
    fn count(&mut self) {
        let mut next = 1;
        let mut order = Vec::new();
        self.walk(ScopeId::OUTER, 0, &mut |visit| {
            if let Visit::Step(step) = visit {
                order.push(step);
            }
        });
        for step in order {
            // Assumptions are numbered at the beginning of their scope.
            if self.numbers[step.index()] == 0 {
                self.numbers[step.index()] = next;
                next += 1;
            }
        }
    }

    /// Whether a step only fetches an axiom or a theorem, which other steps then cite directly.
    fn is_fetched(&self, place: usize) -> bool {
        self.given.is_given[place]
    }

    /// Visits steps and blocks in the order of presentation. The recursion depth is the nesting of scopes; scopes
    /// nested deeper than [`DEEPEST`] are presented without blocks.
    fn walk(&self, scope: ScopeId, depth: usize, visit: &mut dyn FnMut(Visit)) {
        for step in &self.layout.steps[scope.index()] {
            if self.is_fetched(step.index()) {
                continue;
            }
            for inner in &self.layout.closes[step.index()] {
                if self.proof.scopes[inner.index()].parent != scope {
                    continue;
                }
                let shown = Some(*inner) != self.layout.anchor_scope && depth < DEEPEST;
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

    /// Presents the proof; `href` gives the address of a step by its number, such as `#s12`.
    pub(crate) fn tell(&self, href: &dyn Fn(usize) -> String) -> Told {
        let unique = unique_names(self.proof, &|_| true);
        let names =
            |name: Name| -> Arc<str> { unique.get(&name).cloned().unwrap_or_else(|| given_name(self.proof, name)) };
        let sentences = Sentences {
            catalogue: self.catalogue,
            proof: self.proof,
            given: &self.given,
            number: &|step: StepId| self.number(step),
            href,
            names: &names,
        };
        let line = |id: StepId| {
            let step = &self.proof.steps[id.index()];
            let text = shortened(self.catalogue.reading.formula(&step.conclusion, &names).to_string());
            Line { number: self.number(id), text, why_html: sentences.why(id) }
        };
        let mut events = Vec::new();
        self.walk(ScopeId::OUTER, 0, &mut |visit| match visit {
            Visit::Open(scope) => events.push(self.open(scope, &sentences)),
            Visit::Close => events.push(Event::Close),
            Visit::Step(step) => events.push(Event::Step(line(step))),
        });
        let fetched = self.given.is_given.iter().filter(|given| **given).count();
        Told { events, steps: self.proof.steps.len(), fetched }
    }

    /// The number of the line on the page that represents this step.
    fn number(&self, step: StepId) -> usize {
        let stated = match self.proof.steps[step.index()].rule {
            Rule::Assumption(number) => self.assumed.get(&(self.proof.steps[step.index()].scope, number)),
            _ => None,
        };
        self.numbers[stated.unwrap_or(&step).index()]
    }

    fn open(&self, id: ScopeId, sentences: &Sentences<'_, '_>) -> Event {
        let closing = self.layout.closed_by[id.index()];
        let rule = closing.map(|step| &self.proof.steps[step.index()].rule);
        let role = self.role(id);
        let (kind, summary_html) = sentences.scope(id, rule, role.as_deref());
        Event::Open { summary_html, kind, continued: false }
    }

    /// The purpose of a scope that belongs to an induction.
    fn role(&self, scope: ScopeId) -> Option<String> {
        let closing = self.layout.closed_by[scope.index()]?;
        if let Some(case) = self.layout.cases.get(&closing) {
            let principle = self.catalogue.theory.inductions.get(case.principle as usize)?;
            let constructor = principle.constructors.get(case.number)?;
            let name = self.catalogue.theory.shown_argument(principle, constructor.parameter)?;
            let name = self.catalogue.reading.symbol(name).text;
            let what = if constructor.arguments.is_empty() { "Base case" } else { "Induction step" };
            return Some(format!("{what} for {}", escaped(&name)));
        }
        self.layout.hypotheses.contains(&scope).then(|| "Induction hypothesis".to_owned())
    }
}

/// Splits a proof into parts of at most about `bytes` each; a block that is split is closed and reopened in the next
/// part. Also returns the part of each number. With `known`, an earlier result, the same splits are made again,
/// whatever the sizes are now.
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
            Event::Step(line) => 200 + line.text.len() + line.why_html.len(),
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

/// Scopes nested deeper than this get no blocks of their own.
const DEEPEST: usize = 60;

enum Visit {
    Open(ScopeId),
    Close,
    Step(StepId),
}
