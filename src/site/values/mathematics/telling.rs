//! Turns the plan into lines, in the order of the proof.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use theoremata_logic::calculus::formula::{Formula, Variable};
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, StepId};
use theoremata_logic::language::notation::{Math, Symbol};

use super::equality::Link;
use super::plan::{Key, Origin, Plan, whole};
use super::substitution::substitute;
use super::term::Term;
use super::view::{Told, View, conjuncts};
use super::{Heading, Line, Mathematics, Opening, Reason, Role, Why};
use crate::site::values::catalogue::Catalogue;

/// Blocks nested deeper than this are flattened.
const DEEPEST: usize = 40;

/// Presents a proof.
pub(super) fn tell(catalogue: &Catalogue<'_>, proof: &Proof) -> Mathematics {
    let view = View::new(catalogue, proof);
    let plan = Plan::of(&view);
    let mut telling = Telling {
        view: &view,
        plan: &plan,
        lines: Vec::new(),
        inductions: Vec::new(),
        theorems: BTreeSet::new(),
        begun: BTreeSet::new(),
    };
    telling.walk(ScopeId::OUTER, 0);
    telling.lines = joined(telling.lines);
    telling.say_something();
    telling.resolve();
    telling.end();
    let (lines, inductions, theorems) = (telling.lines, telling.inductions, telling.theorems);
    Mathematics { lines: numbered(lines), inductions, theorems }
}

/// Merges consecutive introductions into one line.
fn joined(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut joined: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        if let (_, Line::Let(next), _) = &draft
            && let Some((_, Line::Let(last) | Line::Open(Opening::Heading(last)), _)) = joined.last_mut()
            && last.role == Role::Any
            && next.role == Role::Any
        {
            last.variables.extend(next.variables.iter().cloned());
            last.assumptions.extend(next.assumptions.iter().cloned());
            continue;
        }
        joined.push(draft);
    }
    joined
}

/// The formula without its quantifiers, with variables renamed by their order in it.
fn shape(math: &Math) -> String {
    let mut names: HashMap<Arc<str>, Math> = HashMap::new();
    math.body().for_each_variable(&mut |symbol| {
        let next = format!("\u{e002}{}", names.len()).into();
        let symbol_of = |text| Math::Symbol(Symbol { text, role: symbol.role });
        names.entry(symbol.text.clone()).or_insert_with(|| symbol_of(next));
    });
    substitute(math.body(), &names).to_string()
}

/// Numbers the lines that others refer to, and resolves the references.
fn numbered(drafts: Vec<Draft>) -> Vec<Line> {
    let used: BTreeSet<Key> = drafts.iter().flat_map(|(_, _, uses)| uses.iter().map(|(_, key)| *key)).collect();
    let mut numbers: BTreeMap<Key, usize> = BTreeMap::new();
    let mut lines = Vec::with_capacity(drafts.len());
    for (key, mut line, uses) in drafts {
        let used_by = |place: usize| -> Vec<usize> {
            let own = uses.iter().filter(|(of, _)| *of == place).filter_map(|(_, key)| numbers.get(key).copied());
            own.collect::<BTreeSet<usize>>().into_iter().collect()
        };
        match &mut line {
            Line::Chain { links, .. } => {
                for (place, (_, reasons)) in links.iter_mut().enumerate() {
                    let from = used_by(place);
                    if let Some(last) = reasons.last_mut() {
                        last.from = from;
                    }
                }
            }
            Line::Fact { reason: Reason { from, .. }, .. }
            | Line::Contradiction { from, .. }
            | Line::Let(Heading { from, .. })
            | Line::Open(Opening::Heading(Heading { from, .. })) => *from = used_by(0),
            Line::Open(Opening::Constructor { .. }) | Line::Close | Line::Induction { .. } => {}
        }
        if let Some(key) = key.filter(|key| used.contains(key)) {
            let next = numbers.len() + 1;
            numbers.insert(key, next);
            if let Line::Chain { number, .. } | Line::Fact { number, .. } | Line::Induction { number, .. } = &mut line {
                *number = Some(next);
            }
        }
        lines.push(line);
    }
    lines
}

/// A line before numbering: other lines refer to it by its key.
type Draft = (Option<Key>, Line, Vec<(usize, Key)>);

struct Telling<'p, 'c, 'r> {
    view: &'p View<'c, 'r>,
    plan: &'p Plan,
    /// The lines; for each, its key and its references, by index of the justification.
    lines: Vec<Draft>,
    inductions: Vec<(usize, Math)>,
    theorems: BTreeSet<usize>,
    /// The inductions with at least one presented case.
    begun: BTreeSet<StepId>,
}

impl Telling<'_, '_, '_> {
    fn put(&mut self, line: Line) {
        self.lines.push((None, line, Vec::new()));
    }

    /// The recursion depth is the nesting of scopes.
    fn walk(&mut self, scope: ScopeId, depth: usize) {
        for id in &self.view.layout.steps[scope.index()] {
            if (self.plan.needed[id.index()] || self.plan.applied[id.index()]) && !self.view.given.is_given[id.index()]
            {
                self.step(*id, depth);
            }
        }
    }

    fn step(&mut self, id: StepId, depth: usize) {
        let case = self.view.layout.cases.get(&id).copied();
        let opening = case.and_then(|case| self.constructor(case.principle, case.number));
        if let Some(case) = case
            && self.begun.insert(case.induction)
        {
            let claim = self.view.math(&self.view.step(case.induction).conclusion);
            self.inductions.push((case.principle as usize, claim.clone()));
            let line = Line::Induction { number: None, claim, principle: case.principle as usize };
            self.lines.push((Some(Key::Step(case.induction)), line, Vec::new()));
        }
        let boxed = opening.is_some() && depth < DEEPEST;
        if let (Some(opening), true) = (opening, boxed) {
            self.put(Line::Open(opening));
        }
        for scope in &self.view.layout.closes[id.index()] {
            self.scope(*scope, id, depth + 1);
        }
        self.tell(id);
        if boxed {
            self.put(Line::Close);
        }
    }

    fn scope(&mut self, scope: ScopeId, closing: StepId, depth: usize) {
        match self.view.told[scope.index()] {
            Told::Melted => self.walk(scope, depth),
            Told::Line => {
                if let Some((heading, from)) = self.heading(scope, closing) {
                    self.lines.push((None, Line::Let(heading), from));
                }
                self.walk(scope, depth);
            }
            Told::Block => {
                let heading = self.heading(scope, closing).filter(|_| depth < DEEPEST);
                let boxed = heading.is_some();
                if let Some((heading, from)) = heading {
                    self.lines.push((None, Line::Open(Opening::Heading(heading)), from));
                }
                self.walk(scope, depth);
                self.contradiction(closing);
                if boxed {
                    self.put(Line::Close);
                }
            }
        }
    }

    fn constructor(&self, principle: u32, number: usize) -> Option<Opening> {
        let theory = self.view.catalogue.theory;
        let principle = theory.inductions.get(principle as usize)?;
        let constructor = principle.constructors.get(number)?;
        let name = theory.shown_argument(principle, constructor.parameter)?;
        let symbol = self.view.catalogue.reading.symbol(name);
        Some(Opening::Constructor { symbol, constant: constructor.arguments.is_empty() })
    }

    /// The two contradicting steps at the end of a block.
    fn contradiction(&mut self, closing: StepId) {
        let step = self.view.step(closing);
        if matches!(step.rule, Rule::NotIntroduction(_) | Rule::Reductio(_)) {
            let from = step.premises.iter().map(|premise| (0, Key::Step(*premise))).collect();
            let math = self.view.math(&self.view.step(step.premises[0]).conclusion);
            self.lines.push((None, Line::Contradiction { math, from: Vec::new() }, from));
        }
    }

    /// The variables and assumptions of a scope, without those replaced by terms and without typing.
    fn heading(&self, scope: ScopeId, closing: StepId) -> Option<(Heading, Vec<(usize, Key)>)> {
        let view = self.view;
        let (role, exists) = match view.step(closing).rule {
            Rule::ExistsElimination(_) => (Role::Some, Some(view.step(closing).premises[0])),
            Rule::NotIntroduction(_) => (Role::Suppose, None),
            Rule::Reductio(_) => (Role::Contrary, None),
            Rule::Cases(first, _) => (Role::Case(if first == scope { 1 } else { 2 }), None),
            _ if view.layout.hypotheses.contains(&scope) => (Role::Hypothesis, None),
            _ => (Role::Any, None),
        };
        let values = view.proof.scopes[scope.index()].variables.iter();
        let variables: Vec<Symbol> =
            values.filter(|name| !view.values.stands_for_term(**name)).map(|name| view.symbol(*name)).collect();
        let parts = view.proof.scopes[scope.index()].assumptions.iter().flat_map(conjuncts);
        let assumptions: Vec<Math> = parts
            .filter(|part| match view.equation(part, &view.values) {
                Some((left, right)) => left != right,
                None => !self.is_understood(scope, part),
            })
            .map(|part| view.math(&part))
            .collect();
        let from = exists.map(|step| (0, Key::Step(step))).into_iter().collect();
        let any = !variables.is_empty() || !assumptions.is_empty();
        any.then(|| (Heading { role, variables, assumptions, from: Vec::new() }, from))
    }

    /// Whether a part only states that a variable of the scope belongs to its usual set.
    fn is_understood(&self, scope: ScopeId, part: &Formula) -> bool {
        let own = |name| self.view.proof.scopes[scope.index()].variables.contains(&name);
        let is_own = match part {
            Formula::Atom(_, arguments) => matches!(arguments.first(), Some(Variable::Free(name)) if own(*name)),
            _ => false,
        };
        self.view.types(part) && is_own
    }

    fn tell(&mut self, id: StepId) {
        let mut number = 0;
        while let Some(chain) = self.plan.chains.get(&Key::Asked(id, number)) {
            let key = Key::Asked(id, number);
            if self.stands_for(&chain.links).is_none() {
                self.chain(key, &chain.first, &chain.links);
            }
            number += 1;
        }
        let goal = self.view.goal[id.index()];
        let structure = matches!(
            self.view.step(id).rule,
            Rule::Generalise(_) | Rule::Induction(_) | Rule::ExistsElimination(_) | Rule::AndIntroduction
        );
        match self.plan.chains.get(&Key::Step(id)) {
            Some(chain) if chain.links.is_empty() && goal => self.fact(id, Some(Why::Same)),
            Some(chain) if goal || !chain.links.is_empty() && self.stands_for(&chain.links).is_none() => {
                self.chain(Key::Step(id), &chain.first, &chain.links);
            }
            None if self.plan.facts.contains(&id) || goal && !structure => self.fact(id, None),
            _ => {}
        }
    }

    fn chain(&mut self, key: Key, first: &Term, links: &[Link]) {
        let mut uses = Vec::new();
        let links = links.iter().enumerate().map(|(place, link)| {
            let reasons = link.by.iter().map(|number| {
                let (why, from) = self.base(*number);
                uses.extend(from.into_iter().map(|key| (place, key)));
                Reason { why, from: Vec::new() }
            });
            let reasons: Vec<Reason> = reasons.collect();
            (self.view.written(&link.term), reasons)
        });
        let links: Vec<(Math, Vec<Reason>)> = links.collect();
        for (_, reasons) in &links {
            self.theorems.extend(reasons.iter().filter_map(|reason| match reason.why {
                Why::Theorem(number) => Some(number),
                _ => None,
            }));
        }
        let first = self.view.written(first);
        self.lines.push((Some(key), Line::Chain { number: None, first, links }, uses));
    }

    fn fact(&mut self, id: StepId, why: Option<Why>) {
        let step = self.view.step(id);
        let (known, from) = self.reason(id);
        let why = why.unwrap_or(known);
        if let Why::Theorem(number) = why {
            self.theorems.insert(number);
        }
        let math = self.view.math(&step.conclusion);
        let reason = Reason { why, from: Vec::new() };
        let from = from.into_iter().map(|key| (0, key)).collect();
        self.lines.push((Some(Key::Step(id)), Line::Fact { number: None, math, reason }, from));
    }

    /// If the whole chain is a single equation that is presented elsewhere, the key of that line.
    fn stands_for(&self, links: &[Link]) -> Option<Option<Key>> {
        let [link] = links else { return None };
        let [number] = link.by[..] else { return None };
        match self.plan.bases[number].origin {
            Origin::Assumed(_) => Some(None),
            Origin::Step(id) if !self.view.given.is_given[id.index()] => Some(Some(Key::Step(id))),
            _ => None,
        }
    }

    /// If nothing but introductions was presented, adds the theorem itself.
    fn say_something(&mut self) {
        if self.lines.iter().all(|(_, line, _)| matches!(line, Line::Let(_)))
            && let Some(goal) = self.innermost_goal()
        {
            self.fact(goal, None);
        }
    }

    /// Adds the theorem as the last line, unless an induction has just proved it.
    fn end(&mut self) {
        let Some((_, last, uses)) = self.lines.last() else { return };
        let repeats = match last {
            Line::Chain { links, .. } => {
                matches!(&links[..], [(_, reasons)] if matches!(&reasons[..], [Reason { why: Why::Lines, .. }]))
            }
            Line::Fact { reason: Reason { why: Why::Lines, .. }, .. } => true,
            _ => false,
        };
        let [(_, Key::Step(induction))] = uses[..] else { return };
        let told = |line: &Draft| line.0 == Some(Key::Step(induction)) && matches!(line.1, Line::Induction { .. });
        let Some(place) = self.lines.iter().position(told) else { return };
        let claim = self.view.math(&self.view.step(induction).conclusion);
        let whole = self.view.proof.statement().map(|statement| self.view.catalogue.reading.statement(statement));
        if repeats && whole.is_some_and(|whole| shape(&whole) == shape(&claim)) {
            let end = self.lines.iter().rposition(|(_, line, _)| matches!(line, Line::Close));
            self.lines.truncate(end.map_or(place + 1, |end| end + 1));
        }
    }

    /// The goal once everything is introduced.
    fn innermost_goal(&self) -> Option<StepId> {
        let mut goal = StepId(self.view.proof.steps.len().checked_sub(1)? as u32);
        loop {
            let step = self.view.step(goal);
            goal = match step.rule {
                Rule::Generalise(_) => step.premises[0],
                Rule::ExistsElimination(_) => step.premises[1],
                _ => return Some(goal),
            };
        }
    }

    /// Redirects references to presented lines: a replacement of the step, or its parts.
    fn resolve(&mut self) {
        let told: BTreeSet<Key> = self.lines.iter().filter_map(|(key, ..)| *key).collect();
        let mut lines = std::mem::take(&mut self.lines);
        for (_, _, uses) in &mut lines {
            let wanted = std::mem::take(uses);
            for (place, key) in wanted {
                let mut found = BTreeSet::new();
                self.told_as(key, &told, &mut BTreeSet::new(), &mut found);
                uses.extend(found.into_iter().map(|key| (place, key)));
            }
        }
        self.lines = lines;
    }

    fn told_as(&self, key: Key, told: &BTreeSet<Key>, seen: &mut BTreeSet<Key>, found: &mut BTreeSet<Key>) {
        let mut rest = vec![key];
        while let Some(key) = rest.pop() {
            if !seen.insert(key) {
                continue;
            }
            if told.contains(&key) {
                found.insert(key);
                continue;
            }
            if let Some(chain) = self.plan.chains.get(&key) {
                rest.extend(self.stands_for(&chain.links).flatten());
                continue;
            }
            let Key::Step(id) = key else { continue };
            let step = self.view.step(id);
            match step.rule {
                _ if self.view.given.is_given[id.index()] || self.view.typing[id.index()] => {}
                Rule::ExistsElimination(_) => rest.push(Key::Step(step.premises[1])),
                Rule::AndIntroduction => rest.extend(step.premises.iter().map(|premise| Key::Step(*premise))),
                Rule::AndLeft | Rule::AndRight | Rule::Congruence => rest.push(Key::Step(step.premises[0])),
                _ => {}
            }
        }
    }

    /// The justification of an equation in a chain.
    fn base(&self, number: usize) -> (Why, Vec<Key>) {
        match self.plan.bases[number].origin {
            Origin::Assumed(scope) if self.view.layout.hypotheses.contains(&scope) => (Why::Hypothesis, Vec::new()),
            Origin::Assumed(_) => (Why::Assumption, Vec::new()),
            Origin::Step(id) if self.view.given.is_given[id.index()] => (self.source(id), Vec::new()),
            Origin::Step(id) => (Why::Lines, vec![Key::Step(id)]),
            Origin::Rule(id) => {
                let (why, mut from) = self.rule(self.view.step(id).premises[0]);
                let instance = self.view.instance(self.view.step(id));
                from.extend((0..instance.asks.len()).map(|number| Key::Asked(id, number)));
                from.extend(instance.steps.into_iter().map(Key::Step));
                (why, from)
            }
        }
    }

    /// The justification of a rule that a step applies.
    fn rule(&self, rule: StepId) -> (Why, Vec<Key>) {
        let step = self.view.step(rule);
        if self.view.given.is_given[rule.index()] {
            return (self.source(rule), Vec::new());
        }
        match step.rule {
            Rule::Assumption(_) if self.view.layout.hypotheses.contains(&step.scope) => (Why::Hypothesis, Vec::new()),
            Rule::Assumption(_) => (Why::Assumption, Vec::new()),
            _ => (Why::Lines, vec![Key::Step(rule)]),
        }
    }

    /// The source of a given fact.
    fn source(&self, id: StepId) -> Why {
        let given = &self.view.given;
        match (given.theorems[id.index()], given.axioms[id.index()]) {
            (Some(theorem), _) => Why::Theorem(theorem),
            (None, Some(axiom)) => Why::Axiom(axiom),
            (None, None) => Why::Axioms,
        }
    }

    /// The justification of a step that is presented as it is.
    fn reason(&self, id: StepId) -> (Why, Vec<Key>) {
        let step = self.view.step(id);
        let all = || step.premises.iter().map(|premise| Key::Step(*premise)).collect::<Vec<_>>();
        let unfolded = |formula: &Formula| match formula {
            Formula::Atom(predicate, _) => Why::Definition(*predicate),
            _ => Why::Lines,
        };
        match &step.rule {
            Rule::Instantiate(_) => {
                let (why, mut from) = self.rule(step.premises[0]);
                from.extend(step.premises[1..].iter().map(|premise| Key::Step(*premise)));
                (why, from)
            }
            Rule::Theorem(cited) => (Why::Theorem(cited.0 as usize), Vec::new()),
            Rule::Assumption(_) => self.rule(id),
            Rule::AndLeft | Rule::AndRight => match whole(self.view, id) {
                Some(whole) if matches!(self.view.step(whole).rule, Rule::Instantiate(_)) => self.reason(whole),
                Some(whole) => self.rule(whole),
                None => (Why::Assumption, Vec::new()),
            },
            Rule::AndIntroduction => (Why::Lines, all()),
            Rule::ExistsIntroduction(witnesses) => {
                let written = witnesses.iter().map(|name| self.view.written(&self.view.values.term(*name)));
                (Why::Witnesses(written.collect()), all())
            }
            Rule::ExistsElimination(_) => (Why::Lines, all()),
            Rule::Generalise(_) => (Why::Generalised, Vec::new()),
            Rule::NotIntroduction(_) | Rule::Reductio(_) => (Why::Impossible, Vec::new()),
            Rule::Cases(..) => (Why::Cases, Vec::new()),
            Rule::ExFalso => (Why::Absurd, all()),
            Rule::Reflexivity => (Why::Same, Vec::new()),
            Rule::Congruence => (Why::Equals, all()),
            Rule::Unfold => (unfolded(&self.view.step(step.premises[0]).conclusion), all()),
            Rule::Fold => (unfolded(&step.conclusion), all()),
            Rule::Induction(_) => (Why::Lines, all()),
            Rule::Comprehension { predicate, .. } => (Why::Comprehension(*predicate), Vec::new()),
        }
    }
}
