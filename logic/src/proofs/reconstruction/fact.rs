//! Emits the steps of a block's facts, with everything they depend on.

use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::proof::{Rule as Inference, StepId};
use crate::clauses::clause::{Literal, RelationId, Term};
use crate::clauses::compile::Function;
use crate::saturation::block::Line;
use crate::saturation::facts::{FactId, Reason};
use crate::saturation::pattern::{Argument, Individual};
use crate::saturation::rule::{Rule, RuleHead};

use super::{Close, Writer};

/// Binds the variables of an axiom's row.
fn bind(binding: &mut [Name], literal: &Literal, row: &[Name]) {
    for (term, name) in literal.arguments.iter().zip(row) {
        if let Term::Variable(number) = term {
            binding[usize::from(*number)] = *name;
        }
    }
}

impl Writer<'_> {
    /// The two contradictory steps.
    pub(super) fn contradiction(&mut self, line: &Line<'_>, falsum: FactId) -> (StepId, StepId) {
        let key = (line.key(falsum), falsum);
        if let Some(pair) = self.contradictions.get(&key).copied()
            && self.is_visible(pair.0)
            && self.is_visible(pair.1)
        {
            return pair;
        }
        self.write_needed(line, falsum);
        self.contradictions[&key]
    }

    /// The step that states a fact.
    pub(super) fn fact(&mut self, line: &Line<'_>, fact: FactId) -> StepId {
        let key = (line.key(fact), fact);
        if let Some(step) = self.facts.get(&key).copied()
            && self.is_visible(step)
        {
            return step;
        }
        self.write_needed(line, fact);
        self.facts[&key]
    }

    /// Emits a fact and all facts it depends on that are not yet visible, oldest first.
    pub(super) fn write_needed(&mut self, line: &Line<'_>, fact: FactId) {
        let mut needed: Vec<FactId> = Vec::new();
        let mut queue = vec![fact];
        let mut seen = std::collections::HashSet::new();
        while let Some(fact) = queue.pop() {
            let key = (line.key(fact), fact);
            let visible = self.facts.get(&key).is_some_and(|step| self.is_visible(*step));
            if visible || !seen.insert(fact) {
                continue;
            }
            needed.push(fact);
            self.depends_on(line, fact, &mut queue);
        }
        needed.sort_unstable();
        for fact in needed {
            self.write(line, fact);
        }
    }

    pub(super) fn depends_on(&self, line: &Line<'_>, fact: FactId, queue: &mut Vec<FactId>) {
        let layer = line.layer_of(fact);
        match layer.reason(fact) {
            Reason::Given(_) => {}
            // An individual has a name only after its introduction has been emitted.
            Reason::Same => queue.extend(line.introduction(layer.arguments(fact)[0])),
            Reason::Witness(group, _) => queue.extend(&line.group(group).0.parents),
            Reason::Rewritten => {
                let old = layer.parents(fact)[0];
                queue.push(old);
                for (from, to) in line.layer_of(old).arguments(old).iter().zip(layer.arguments(fact)) {
                    if from != to {
                        queue.extend(line.classes.explain(*from, *to));
                    }
                }
            }
            Reason::Apart => {
                let denial = layer.parents(fact)[0];
                queue.push(denial);
            }
            Reason::Rule(_) | Reason::Functional | Reason::Clash => queue.extend(layer.parents(fact)),
        }
    }

    pub(super) fn write(&mut self, line: &Line<'_>, fact: FactId) {
        let key = (line.key(fact), fact);
        if self.facts.get(&key).is_some_and(|step| self.is_visible(*step)) {
            return;
        }
        let layer = line.layer_of(fact);
        let arguments = layer.arguments(fact).to_vec();
        let code = layer.code(fact);
        let parents = layer.parents(fact).to_vec();
        let step = match layer.reason(fact) {
            Reason::Same => {
                // The fact is older than those that introduce its individual, and no older than the facts these depend
                // on.
                if let Some(introduction) = line.introduction(arguments[0]) {
                    self.write(line, introduction);
                }
                let name = self.name(arguments[0]);
                self.derive(Inference::Reflexivity, vec![], Formula::equal(name, name))
            }
            Reason::Given(number) => self.givens[line.depth_of(fact)][number as usize],
            Reason::Rule(id) => {
                let rule = line.rule(id).clone();
                if rule.head == RuleHead::False {
                    let pair = self.contradict(line, &rule, id, &parents);
                    self.contradictions.insert(key, pair);
                    return;
                }
                let depth = line.rule_depth(id);
                let (binding, steps) = self.matched(line, &rule, &parents);
                self.justify(&rule, depth, &binding, &steps)
            }
            Reason::Witness(group, _) => return self.write_group(line, group, key),
            Reason::Rewritten => {
                let old = self.facts[&(line.key(parents[0]), parents[0])];
                let from = line.layer_of(parents[0]).arguments(parents[0]).to_vec();
                let names: Vec<Name> = arguments.iter().map(|individual| self.name(*individual)).collect();
                let formula = self.atom(code, &names);
                self.replace(line, old, &from, &arguments, formula)
            }
            Reason::Functional => self.functional(line, &parents),
            Reason::Clash => {
                let pair = parents.iter().map(|parent| self.facts[&(line.key(*parent), *parent)]).collect::<Vec<_>>();
                self.contradictions.insert(key, (pair[0], pair[1]));
                return;
            }
            Reason::Apart => {
                let denial = self.facts[&(line.key(parents[0]), parents[0])];
                let name = self.name(line.layer_of(parents[0]).arguments(parents[0])[0]);
                let same = self.derive(Inference::Reflexivity, vec![], Formula::equal(name, name));
                self.contradictions.insert(key, (same, denial));
                return;
            }
        };
        self.facts.insert(key, step);
        let formula = self.conclusion(step).clone();
        self.known.entry(formula).or_insert(step);
    }

    /// The names bound to a rule's variables, and the steps of all premises of its clause.
    pub(super) fn matched(&mut self, line: &Line<'_>, rule: &Rule, parents: &[FactId]) -> (Vec<Name>, Vec<StepId>) {
        let mut binding = vec![Name(u32::MAX); rule.variables as usize];
        for (pattern, parent) in rule.patterns.iter().zip(parents) {
            for (argument, individual) in pattern.arguments.iter().zip(line.layer_of(*parent).arguments(*parent)) {
                if let Argument::Variable(number) = argument {
                    binding[*number as usize] = self.name(*individual);
                }
            }
        }
        for (number, other) in &rule.aliased {
            binding[*number as usize] = match other {
                Argument::Individual(individual) => self.name(*individual),
                Argument::Variable(other) => binding[*other as usize],
            };
        }
        let name = |argument: &Argument, writer: &Self| match argument {
            Argument::Individual(individual) => writer.name(*individual),
            Argument::Variable(number) => binding[*number as usize],
        };
        let mut steps = Vec::new();
        for (place, premise) in rule.premises.iter().enumerate() {
            let names: Vec<Name> = premise.arguments.iter().map(|argument| name(argument, self)).collect();
            let formula = self.atom(premise.code, &names);
            let step = match rule.places.iter().position(|matched| *matched == place) {
                Some(pattern) => {
                    let parent = parents[pattern];
                    let step = self.facts[&(line.key(parent), parent)];
                    if *self.conclusion(step) == formula {
                        step
                    } else {
                        self.about_constant(line, step, parent, rule, pattern)
                    }
                }
                None => self.derive(Inference::Reflexivity, vec![], formula),
            };
            steps.push(step);
        }
        (binding, steps)
    }

    /// Rewrites a fact about representatives to the individuals that the matched pattern names.
    pub(super) fn about_constant(
        &mut self,
        line: &Line<'_>,
        step: StepId,
        parent: FactId,
        rule: &Rule,
        pattern: usize,
    ) -> StepId {
        let from = line.layer_of(parent).arguments(parent).to_vec();
        let code = rule.patterns[pattern].code;
        let to: Vec<Individual> = rule.patterns[pattern]
            .arguments
            .iter()
            .zip(&from)
            .map(|(argument, individual)| match argument {
                Argument::Individual(wanted) => *wanted,
                Argument::Variable(_) => *individual,
            })
            .collect();
        let names: Vec<Name> = to.iter().map(|individual| self.name(*individual)).collect();
        let formula = self.atom(code, &names);
        self.replace(line, step, &from, &to, formula)
    }

    /// The contradiction that a rule derives: the fact that matched its negated head, and the negation.
    pub(super) fn contradict(
        &mut self,
        line: &Line<'_>,
        rule: &Rule,
        id: crate::saturation::rule::RuleId,
        parents: &[FactId],
    ) -> (StepId, StepId) {
        let depth = line.rule_depth(id);
        let (binding, steps) = self.matched(line, rule, parents);
        let denial = self.justify(rule, depth, &binding, &steps);
        let last = parents.len() - 1;
        let parent = parents[last];
        let step = self.facts[&(line.key(parent), parent)];
        let Formula::Not(atom) = self.conclusion(denial).clone() else { unreachable!("a denied head is a negation") };
        let fact =
            if *self.conclusion(step) == *atom { step } else { self.about_constant(line, step, parent, rule, last) };
        (fact, denial)
    }

    /// Equates two values of a function.
    fn functional(&mut self, line: &Line<'_>, parents: &[FactId]) -> StepId {
        let code = line.layer_of(parents[0]).code(parents[0]);
        let row = |writer: &Self, parent: FactId| {
            let arguments = line.layer_of(parent).arguments(parent);
            let names = arguments.iter().map(|individual| writer.name(*individual)).collect();
            (names, writer.facts[&(line.key(parent), parent)])
        };
        let rows: Vec<(Vec<Name>, StepId)> = parents.iter().map(|parent| row(self, *parent)).collect();
        let compiled = self.compiled;
        let function = compiled.function(code.relation()).expect("rows of a function");
        self.one_value(function, &rows)
    }

    /// Equates the values of two rows of a function with the same inputs.
    pub(super) fn one_value(&mut self, function: &Function, rows: &[(Vec<Name>, StepId)]) -> StepId {
        let axiom = &self.compiled.axioms[function.functionality];
        let mut binding = vec![Name(u32::MAX); axiom.clause.variables as usize];
        let is_row = |literal: &Literal| literal.relation == function.relation;
        for (literal, (row, _)) in axiom.clause.premises.iter().filter(|literal| is_row(literal)).zip(rows) {
            bind(&mut binding, literal, row);
        }
        let mut row_steps = rows.iter().map(|(_, step)| *step);
        let mut premises = Vec::new();
        for literal in &axiom.clause.premises {
            if is_row(literal) {
                premises.push(row_steps.next().expect("two rows"));
                continue;
            }
            let Term::Variable(number) = literal.arguments[0] else { unreachable!("a guard is about an input") };
            let guarded = binding[number as usize];
            if literal.relation == RelationId::EQUAL {
                premises.push(self.derive(Inference::Reflexivity, vec![], Formula::equal(guarded, guarded)));
                continue;
            }
            // A guard: the row implies that the input lies in the domain.
            let input = rows[0].0.iter().position(|name| *name == guarded).expect("an input of the row");
            let typing = function.typing[input].expect("a guarded input is typed");
            premises.push(self.typed(typing, &rows[0].0, rows[0].1));
        }
        self.walk(&axiom.justification, 0, &binding, &premises)
    }

    /// Applies an axiom whose only premise is this row.
    pub(super) fn typed(&mut self, axiom: usize, row: &[Name], step: StepId) -> StepId {
        let axiom = &self.compiled.axioms[axiom];
        let mut binding = vec![Name(u32::MAX); axiom.clause.variables as usize];
        bind(&mut binding, &axiom.clause.premises[0], row);
        self.walk(&axiom.justification, 0, &binding, &[step])
    }

    /// Opens the scope of a witness group and emits its facts.
    pub(super) fn write_group(&mut self, line: &Line<'_>, number: u32, key: (usize, FactId)) {
        let (group, depth) = line.group(number);
        let rule = line.rule(group.rule).clone();
        let (binding, steps) = self.matched(line, &rule, &group.parents);
        let exists = self.justify(&rule, line.rule_depth(group.rule), &binding, &steps);
        let formula = self.conclusion(exists).clone();
        let (binders, left, right) = formula.as_exists().expect("an existence rule");
        let names: Vec<Name> = binders
            .sorts()
            .enumerate()
            .map(|(number, sort)| {
                let shown = format!("w{}", group.first.0 as usize + number);
                self.fresh(&Binder::new(shown, sort.clone()))
            })
            .collect();
        let until = group.first.0 as usize + names.len();
        if self.naming.len() < until {
            self.naming.resize(until, Name(u32::MAX));
        }
        for (number, name) in names.iter().enumerate() {
            self.naming[group.first.0 as usize + number] = *name;
        }
        let parts = vec![left.open(&names), right.open(&names)];
        self.open_scope(names, parts.clone(), Close::Exists(exists));
        let mut literals = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            let part = self.step(Inference::Assumption(number as u32), vec![], part);
            self.split(part, &mut literals);
        }
        // All facts of the group have their steps now, whichever is needed first.
        let layer = line.layers[depth];
        for fact in group.facts.clone().map(FactId) {
            if let Reason::Witness(other, which) = layer.reason(fact)
                && other == number
            {
                let step = literals[which as usize];
                self.facts.insert((line.key(fact), fact), step);
                let formula = self.conclusion(step).clone();
                self.known.insert(formula, step);
            }
        }
        debug_assert!(self.facts.contains_key(&key));
    }

    pub(super) fn split(&mut self, step: StepId, literals: &mut Vec<StepId>) {
        if let Formula::And(left, right) = self.conclusion(step).clone() {
            let first = self.step(Inference::AndLeft, vec![step], (*left).clone());
            self.split(first, literals);
            let second = self.step(Inference::AndRight, vec![step], (*right).clone());
            self.split(second, literals);
        } else {
            literals.push(step);
        }
    }
}
