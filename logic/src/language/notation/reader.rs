//! Converts formulas to [`Math`]: connectives, quantifiers, and terms for variables that only name a function value.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::graph::Graph;
use super::math::{Group, Math, Role, Symbol};
use super::reading::{Reading, free_names};
use crate::calculus::formula::{Binders, Formula, Name, PredicateId, Variable};
use crate::language::text::variable_name;

/// Larger terms are not substituted for a variable: the variable reads better.
const LARGEST_TERM: usize = 24;

impl Reading<'_> {
    /// A closed statement of a theory, with its anchor left implicit.
    #[must_use]
    pub fn statement(&self, statement: &Formula) -> Math {
        self.formula(statement, &|name| format!("v{}", name.0).into())
    }

    /// The variables bound in [`Reading::statement`], in order: the binder's name, and the display name.
    #[must_use]
    pub fn variables(&self, statement: &Formula) -> Vec<(Arc<str>, Arc<str>)> {
        let mut reader =
            Reader { reading: self, next: 0, names: HashMap::new(), values: HashMap::new(), log: Vec::new() };
        reader.read(statement);
        reader.log
    }

    /// A formula over the anchor's parameters, such as an axiom.
    #[must_use]
    pub fn under_anchor(&self, formula: &Formula) -> Math {
        let parameters = &self.theory.anchor_definition().parameters;
        self.formula(formula, &|name| parameters.get(name.0 as usize).cloned().unwrap_or_else(|| "?".into()))
    }

    /// Any formula; `name` gives the names of its free variables.
    #[must_use]
    pub fn formula(&self, formula: &Formula, name: &dyn Fn(Name) -> Arc<str>) -> Math {
        let free = formula.free_variables();
        let next = free.iter().map(|name| name.0.saturating_add(1)).max().unwrap_or(0);
        let mut reader = Reader { reading: self, next, names: HashMap::new(), values: HashMap::new(), log: Vec::new() };
        for variable in free {
            reader.names.insert(variable, name(variable));
        }
        reader.read(formula)
    }
}

pub(super) struct Reader<'r, 't> {
    pub(super) reading: &'r Reading<'t>,
    /// The first unused variable number.
    pub(super) next: u32,
    /// The display name of each variable in scope; all distinct.
    pub(super) names: HashMap<Name, Arc<str>>,
    /// The terms substituted for variables.
    pub(super) values: HashMap<Name, Math>,
    /// Bound names: the author's, and the display name.
    pub(super) log: Vec<(Arc<str>, Arc<str>)>,
}

impl Reader<'_, '_> {
    pub(super) fn read(&mut self, formula: &Formula) -> Math {
        if let Some((binders, left, right)) = formula.as_exists() {
            let variables = self.bind(binders);
            let mut parts = shown_conjuncts(left.open(&variables));
            for part in shown_conjuncts(right.open(&variables)) {
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
            let groups = self.groups(&variables, &mut parts, 1);
            let body = self.conjunction(&parts);
            self.unbind(&variables);
            return Math::Exists(groups, Box::new(body));
        }
        match formula {
            Formula::Atom(predicate, arguments) => self.atom(*predicate, arguments),
            Formula::And(left, right) => {
                if let Some(equivalence) = self.equivalence(left, right) {
                    return equivalence;
                }
                let parts = shown_conjuncts(formula.clone());
                self.conjunction(&parts)
            }
            Formula::Not(inner) => {
                let mut parts = Vec::new();
                if alternatives(inner, &mut parts) && parts.len() > 1 {
                    return Math::Or(parts.into_iter().map(|part| self.read(part)).collect());
                }
                deny(self.read(inner))
            }
            Formula::Implies(..) => self.implication(formula),
        }
    }

    fn conjunction(&mut self, parts: &[Formula]) -> Math {
        let mut read: Vec<Math> = parts.iter().map(|part| self.read(part)).collect();
        if read.len() == 1 { read.remove(0) } else { Math::And(read) }
    }

    /// `(>[x] A B) ∧ (>[x] B A)` is `A ↔ B`.
    fn equivalence(&mut self, left: &Formula, right: &Formula) -> Option<Math> {
        let (binders, a, b) = as_equivalence(left, right)?;
        let variables = self.bind(binders);
        let one = self.read(&a.open(&variables));
        let two = self.read(&b.open(&variables));
        let groups = self.groups(&variables, &mut Vec::new(), 0);
        self.unbind(&variables);
        Some(for_all(groups, Math::Equivalent(Box::new(one), Box::new(two))))
    }

    /// A chain `∀x (A → ∀y (B → … C))` as `∀ x y : A ∧ B → C`, with terms for variables that only name a function
    /// value.
    fn implication(&mut self, formula: &Formula) -> Math {
        let mut variables = Vec::new();
        let mut premises = Vec::new();
        let mut rest = formula.clone();
        while let Formula::Implies(binders, premise, conclusion) = &rest {
            if rest.as_exists().is_some() {
                break;
            }
            let fresh = self.bind(binders);
            let parts = shown_conjuncts(premise.open(&fresh));
            let conclusion = conclusion.open(&fresh);
            variables.extend_from_slice(&fresh);
            premises.extend(parts);
            rest = conclusion;
            // Before more is bound, so that the anchor's names are free for what follows.
            self.pass_over_anchor(&mut variables, &mut premises);
        }
        let mut place = 0;
        let all = premises.clone();
        premises.retain(|premise| {
            place += 1;
            !all[..place - 1].contains(premise)
        });
        let outer_values: Vec<Name> = self.values.keys().copied().collect();
        self.find_values(&variables, &mut premises, &rest);
        let shown: Vec<Name> = variables.iter().copied().filter(|name| !self.values.contains_key(name)).collect();
        let groups = self.groups(&shown, &mut premises, 0);
        let premises: Vec<Math> = premises.iter().map(|premise| self.read(premise)).collect();
        let conclusion = simple_side_last(self.read(&rest));
        self.values.retain(|name, _| outer_values.contains(name));
        self.unbind(&variables);
        let body = if premises.is_empty() { conclusion } else { Math::Implies(premises, Box::new(conclusion)) };
        for_all(in_order(groups, &body), body)
    }

    /// Leaves the anchor implicit: its parameters are constants with the anchor's names, and are not quantified.
    fn pass_over_anchor(&mut self, variables: &mut Vec<Name>, premises: &mut Vec<Formula>) {
        if self.reading.literal {
            return;
        }
        let theory = self.reading.theory;
        let Some(place) =
            premises.iter().position(|premise| matches!(premise, Formula::Atom(id, _) if *id == theory.anchor))
        else {
            return;
        };
        let Formula::Atom(_, arguments) = &premises[place] else { return };
        let Some(arguments) = free_names(arguments) else { return };
        let distinct: BTreeSet<Name> = arguments.iter().copied().collect();
        if distinct.len() != arguments.len() || !arguments.iter().all(|name| variables.contains(name)) {
            return;
        }
        let parameters = &theory.anchor_definition().parameters;
        // Other variables must not be confused with parameters.
        let strangers: Vec<Name> = self
            .names
            .iter()
            .filter(|(name, text)| !distinct.contains(name) && parameters.contains(text))
            .map(|(name, _)| *name)
            .collect();
        for (argument, parameter) in arguments.iter().zip(parameters) {
            self.names.insert(*argument, parameter.clone());
        }
        let mut strangers = strangers;
        strangers.sort();
        for name in strangers {
            let old = self.names.remove(&name).unwrap_or_default();
            let new = self.fresh_name(&old);
            self.names.insert(name, new);
        }
        variables.retain(|name| !distinct.contains(name));
        premises.remove(place);
    }

    /// Substitutes terms for those `variables` that a premise names as a function value, and drops the premise. Skipped
    /// if the same value has two names (the statement is then about that), or if the variable otherwise occurs only as
    /// a member of sets (the statement is then about the typing).
    fn find_values(&mut self, variables: &[Name], premises: &mut Vec<Formula>, conclusion: &Formula) {
        let graphs: Vec<Option<Graph>> = premises.iter().map(|premise| self.graph(premise)).collect();
        let mut dropped = vec![false; premises.len()];
        for (place, graph) in graphs.iter().enumerate() {
            let Some(graph) = graph else { continue };
            let twin = graphs.iter().flatten().filter(|other| other.head == graph.head && other.inputs == graph.inputs);
            if !variables.contains(&graph.value) || self.values.contains_key(&graph.value) || twin.count() > 1 {
                continue;
            }
            let elsewhere =
                premises.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, premise)| premise);
            if !elsewhere.chain([conclusion]).any(|formula| occurs_beyond_membership(formula, graph.value)) {
                continue;
            }
            let term = self.term(graph);
            if term.size() > LARGEST_TERM || mentions(&term, &self.symbol(graph.value)) {
                continue;
            }
            let symbol = self.symbol(graph.value);
            if self.values.values().any(|value| mentions(value, &symbol) && value.size() + term.size() > LARGEST_TERM) {
                continue;
            }
            // Earlier terms may contain this variable. There is no cycle: a term that depends on one of those contains
            // this variable and was skipped just above.
            for value in self.values.values_mut() {
                replace(value, &symbol, &term);
            }
            self.values.insert(graph.value, term);
            dropped[place] = true;
        }
        let mut place = 0;
        premises.retain(|_| {
            place += 1;
            !dropped[place - 1]
        });
    }

    /// Groups variables by the set that a premise puts them in. That premise is dropped as long as more than `keep`
    /// remain.
    fn groups(&mut self, variables: &[Name], premises: &mut Vec<Formula>, keep: usize) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for variable in variables {
            let member = premises.iter().position(|premise| match premise {
                Formula::Atom(PredicateId::IN, arguments) => {
                    arguments[0] == Variable::Free(*variable)
                        && matches!(arguments[1], Variable::Free(set) if !variables.contains(&set))
                }
                _ => false,
            });
            let set = member.filter(|_| premises.len() > keep).map(|place| {
                let Formula::Atom(_, arguments) = premises.remove(place) else { unreachable!("an atom was found") };
                self.argument(arguments[1])
            });
            let symbol = self.symbol(*variable);
            match groups.last_mut() {
                Some(group) if group.set == set => group.variables.push(symbol),
                _ => groups.push(Group { variables: vec![symbol], set }),
            }
        }
        groups
    }

    pub(super) fn argument(&self, argument: Variable) -> Math {
        match argument {
            Variable::Free(name) => match self.values.get(&name) {
                Some(value) => value.clone(),
                None => Math::Symbol(self.symbol(name)),
            },
            // Binders are opened before their parts are converted, so this variable has no binder.
            Variable::Bound(index) => Math::Symbol(Symbol { text: format!("?{index}").into(), role: Role::Variable }),
        }
    }

    fn symbol(&self, name: Name) -> Symbol {
        match self.names.get(&name) {
            Some(text) => self.reading.symbol(text),
            None => Symbol { text: format!("v{}", name.0).into(), role: Role::Variable },
        }
    }

    fn bind(&mut self, binders: &Binders) -> Vec<Name> {
        binders
            .names()
            .map(|shown| {
                let name = Name(self.next);
                self.next = self.next.saturating_add(1);
                let fresh = self.fresh_name(shown);
                self.log.push((shown.clone(), fresh.clone()));
                self.names.insert(name, fresh);
                name
            })
            .collect()
    }

    fn unbind(&mut self, variables: &[Name]) {
        for name in variables {
            self.names.remove(name);
        }
    }

    /// `shown` if the name is unused in this scope, otherwise with a number. A variable that the author named by a
    /// number gets a letter, so that it is not read as that number.
    fn fresh_name(&self, shown: &Arc<str>) -> Arc<str> {
        let taken = |text: &str| self.names.values().any(|name| &**name == text);
        let reserved = &self.reading.theory.anchor_definition().parameters;
        let is_constant = reserved.contains(shown) && !taken(shown);
        if !is_constant && !shown.is_empty() && shown.bytes().all(|byte| byte.is_ascii_digit()) {
            return (0..u16::MAX)
                .map(variable_name)
                .find(|name| !taken(name) && !reserved.contains(name))
                .unwrap_or_else(|| shown.clone());
        }
        let mut fresh = shown.clone();
        let mut number = 0;
        while taken(&fresh) {
            number += 1;
            fresh = format!("{shown}{number}").into();
        }
        fresh
    }
}

/// The conjuncts of a conjunction; an equivalence, itself a conjunction, counts as one.
fn shown_conjuncts(formula: Formula) -> Vec<Formula> {
    match &formula {
        Formula::And(left, right) if as_equivalence(left, right).is_none() => {
            let mut parts = shown_conjuncts((**left).clone());
            parts.extend(shown_conjuncts((**right).clone()));
            parts
        }
        _ => vec![formula],
    }
}

/// The sides of `A ↔ B` under their binders, if the two conjuncts state that.
fn as_equivalence<'f>(left: &'f Formula, right: &'f Formula) -> Option<(&'f Binders, &'f Formula, &'f Formula)> {
    let (Formula::Implies(binders, a, b), Formula::Implies(other, c, d)) = (left, right) else { return None };
    (binders == other && a == d && b == c).then_some((binders, &**a, &**b))
}

/// The negated formulas, if all conjuncts are negations: the negated conjunction is then their disjunction.
fn alternatives<'f>(formula: &'f Formula, parts: &mut Vec<&'f Formula>) -> bool {
    match formula {
        Formula::And(left, right) => alternatives(left, parts) && alternatives(right, parts),
        Formula::Not(inner) => {
            parts.push(inner);
            true
        }
        _ => false,
    }
}

pub(super) fn infix(symbol: &str, strength: u8, left: Math, right: Math) -> Math {
    Math::Infix { symbol: symbol.into(), strength, left: Box::new(left), right: Box::new(right) }
}

/// Sorts variables by first occurrence in the body, unless a set depends on one of them.
fn in_order(groups: Vec<Group>, body: &Math) -> Vec<Group> {
    let variable = |symbol: &Symbol| symbol.role == Role::Variable;
    let depends =
        |group: &Group| matches!(&group.set, Some(set) if !matches!(set, Math::Symbol(name) if !variable(name)));
    if groups.iter().any(depends) {
        return groups;
    }
    let mut met: Vec<Symbol> = Vec::new();
    body.for_each_variable(&mut |symbol| {
        if !met.contains(symbol) {
            met.push(symbol.clone());
        }
    });
    let place = |symbol: &Symbol| met.iter().position(|known| known == symbol).unwrap_or(usize::MAX);
    let mut each: Vec<(Symbol, Option<Math>)> = Vec::new();
    for group in groups {
        each.extend(group.variables.into_iter().map(|symbol| (symbol, group.set.clone())));
    }
    each.sort_by_key(|(symbol, _)| place(symbol));
    let mut ordered: Vec<Group> = Vec::new();
    for (symbol, set) in each {
        match ordered.last_mut() {
            Some(last) if last.set == set => last.variables.push(symbol),
            _ => ordered.push(Group { variables: vec![symbol], set }),
        }
    }
    ordered
}

fn for_all(groups: Vec<Group>, body: Math) -> Math {
    if groups.is_empty() { body } else { Math::ForAll(groups, Box::new(body)) }
}

/// The negation, with `¬ x = y` as `x ≠ y` and similar.
fn deny(math: Math) -> Math {
    match math {
        Math::Infix { symbol, strength, left, right } if matches!(&*symbol, "=" | "∈" | "≤" | "<" | "∣") => {
            let symbol = match &*symbol {
                "=" => "≠",
                "∈" => "∉",
                "≤" => "≰",
                "<" => "≮",
                _ => "∤",
            };
            Math::Infix { symbol: symbol.into(), strength, left, right }
        }
        other => Math::Not(Box::new(other)),
    }
}

/// An equation with the simpler side last: `0 + a = a`, not `a = 0 + a`; `a = 0` with the constant last.
fn simple_side_last(math: Math) -> Math {
    let rank = |side: &Math| match side {
        Math::Symbol(symbol) if symbol.role == Role::Parameter => 0,
        Math::Symbol(_) => 1,
        _ => 2,
    };
    match math {
        Math::Infix { symbol, strength, left, right } if &*symbol == "=" && rank(&left) < rank(&right) => {
            Math::Infix { symbol, strength, left: right, right: left }
        }
        other => other,
    }
}

fn occurs_beyond_membership(formula: &Formula, name: Name) -> bool {
    match formula {
        Formula::Atom(PredicateId::IN, _) => false,
        Formula::Atom(_, arguments) => arguments.contains(&Variable::Free(name)),
        Formula::And(left, right) | Formula::Implies(_, left, right) => {
            occurs_beyond_membership(left, name) || occurs_beyond_membership(right, name)
        }
        Formula::Not(inner) => occurs_beyond_membership(inner, name),
    }
}

fn mentions(term: &Math, symbol: &Symbol) -> bool {
    match term {
        Math::Symbol(other) => other == symbol,
        Math::Apply(_, parts) => parts.iter().any(|part| mentions(part, symbol)),
        Math::Infix { left, right, .. } => mentions(left, symbol) || mentions(right, symbol),
        Math::Postfix(_, inner) => mentions(inner, symbol),
        // Terms consist of the forms above only.
        _ => false,
    }
}

fn replace(term: &mut Math, symbol: &Symbol, by: &Math) {
    match term {
        Math::Symbol(other) if other == symbol => *term = by.clone(),
        Math::Apply(_, parts) => parts.iter_mut().for_each(|part| replace(part, symbol, by)),
        Math::Infix { left, right, .. } => {
            replace(left, symbol, by);
            replace(right, symbol, by);
        }
        Math::Postfix(_, inner) => replace(inner, symbol, by),
        _ => {}
    }
}
