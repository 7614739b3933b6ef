//! From formulas to [`Math`].

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{Group, Math, Role, Symbol};
use crate::clause::variable_name;
use crate::formula::{Formula, MplWriter, Name, PredicateId, Variable};
use crate::theory::{NotationForm, Sort, Theory};

/// Terms larger than this are not put in the place of a variable: the variable reads better.
const LARGEST_TERM: usize = 24;

/// Unfolding of the anchor stops after so many formulas; no theory of ours comes near.
const MOST_PARTS: usize = 20_000;

/// The notation of a theory, ready to read its formulas.
pub struct Reading<'t> {
    theory: &'t Theory,
    functions: BTreeSet<Arc<str>>,
    /// Whether relations are shown as relations, whatever the theory says about them.
    literal: bool,
}

/// One conjunct of the anchor after unfolding the structures that it names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axiom {
    /// The formula; `Name(i)` is parameter `i` of the anchor.
    pub formula: Formula,
    /// The definitions that were unfolded on the way, outermost first.
    pub path: Vec<PredicateId>,
}

impl<'t> Reading<'t> {
    /// Looks up once which parameters of the anchor are functions.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Self {
        let mut functions = BTreeSet::new();
        let parameters = &theory.anchor_definition().parameters;
        for axiom in Self::axioms_of(theory, &|_| true) {
            if let Some(Name(parameter)) = function_of(&axiom.formula)
                && let Some(name) = parameters.get(parameter as usize)
            {
                functions.insert(name.clone());
            }
        }
        Reading { theory, functions, literal: false }
    }

    /// Reads every relation as it stands: no notation, no terms, no anchor that is understood.
    #[must_use]
    pub fn literal(theory: &'t Theory) -> Self {
        Reading { theory, functions: BTreeSet::new(), literal: true }
    }

    /// The theory whose notation this is.
    #[must_use]
    pub fn theory(&self) -> &'t Theory {
        self.theory
    }

    /// The axioms one by one, in the order in which the anchor states them.
    #[must_use]
    pub fn axioms(&self) -> Vec<Axiom> {
        Self::axioms_of(self.theory, &|_| true)
    }

    fn axioms_of(theory: &Theory, unfold: &dyn Fn(PredicateId) -> bool) -> Vec<Axiom> {
        let mut axioms = Vec::new();
        let mut stack = vec![(theory.anchor_definition().body.clone(), vec![theory.anchor])];
        let mut parts = 0;
        while let Some((formula, path)) = stack.pop() {
            parts += 1;
            if parts > MOST_PARTS {
                break;
            }
            match &formula {
                Formula::And(left, right) => {
                    stack.push(((**right).clone(), path.clone()));
                    stack.push(((**left).clone(), path));
                }
                Formula::Atom(predicate, arguments) if unfold(*predicate) => {
                    match theory.predicate(*predicate).definition.as_ref().zip(free_names(arguments)) {
                        Some((definition, arguments)) if matches!(definition.body, Formula::And(..)) => {
                            let mut deeper = path;
                            deeper.push(*predicate);
                            stack.push((definition.instance(&arguments), deeper));
                        }
                        _ => axioms.push(Axiom { formula, path }),
                    }
                }
                _ => axioms.push(Axiom { formula, path }),
            }
        }
        axioms
    }

    /// A closed statement of a theory, its anchor being taken as understood.
    #[must_use]
    pub fn statement(&self, statement: &Formula) -> Math {
        self.formula(statement, &|name| format!("v{}", name.0).into())
    }

    /// The variables that [`Reading::statement`] binds, in order: the name that the binder gives, and
    /// the name that is shown.
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

    /// How a free variable is shown: the symbol of its name.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Symbol {
        let known = self.theory.anchor_definition().parameters.iter().any(|parameter| &**parameter == name);
        let role = if known { Role::Parameter } else { Role::Variable };
        let digits = name.strip_prefix('i').filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        let text = match (known, digits) {
            (true, Some(digits)) => digits.into(),
            _ => operator(name),
        };
        Symbol { text, role }
    }

    /// The formula as MPL text on one line; `name` gives the names of its free variables.
    #[must_use]
    pub fn mpl(&self, formula: &Formula, name: &dyn Fn(Name) -> Arc<str>) -> String {
        let predicate = |id: PredicateId| self.theory.predicate(id).name.clone();
        MplWriter { predicate: &predicate, name }.write(formula)
    }
}

/// A symbol that keyboards lack, for one that they have.
fn operator(name: &str) -> Arc<str> {
    match name {
        "*" => "·".into(),
        "<=" => "≤".into(),
        ">=" => "≥".into(),
        other => other.into(),
    }
}

fn free_names(arguments: &[Variable]) -> Option<Vec<Name>> {
    arguments.iter().map(|argument| if let Variable::Free(name) = argument { Some(*name) } else { None }).collect()
}

/// The free variable `f` if the formula says `… f(x)=y ∧ f(x)=z → y=z`.
fn function_of(formula: &Formula) -> Option<Name> {
    let mut graphs: Vec<(PredicateId, Vec<Name>)> = Vec::new();
    let mut next = formula.free_variables().iter().map(|name| name.0 + 1).max().unwrap_or(0);
    let mut rest = formula.clone();
    while let Formula::Implies(binders, premise, conclusion) = &rest {
        let fresh: Vec<Name> = (next..).map(Name).take(binders.len()).collect();
        next += binders.len() as u32;
        for part in conjuncts(premise.open(&fresh)) {
            if let Formula::Atom(predicate @ (PredicateId::IN2 | PredicateId::IN3), arguments) = part {
                graphs.push((predicate, free_names(&arguments)?));
            }
        }
        rest = conclusion.open(&fresh);
    }
    let Formula::Atom(PredicateId::EQUAL, sides) = &rest else { return None };
    let [(one, first), (other, second)] = &graphs[..] else { return None };
    let value = first.len() - 2;
    let same = one == other && first.iter().zip(second).enumerate().all(|(place, (x, y))| place == value || x == y);
    let mut values = [first[value], second[value]];
    let mut equal = free_names(sides)?;
    values.sort();
    equal.sort();
    (same && equal == values && values[0] != values[1]).then(|| first[value + 1])
}

fn conjuncts(formula: Formula) -> Vec<Formula> {
    match formula {
        Formula::And(left, right) => {
            let mut parts = conjuncts((*left).clone());
            parts.extend(conjuncts((*right).clone()));
            parts
        }
        other => vec![other],
    }
}

/// An atom that states the value of a function: which variable is the value, and the function with
/// its inputs.
struct Graph {
    value: Name,
    inputs: Vec<Name>,
    head: Head,
}

#[derive(Clone, PartialEq, Eq)]
enum Head {
    Infix(Arc<str>, u8),
    Prefix(Arc<str>),
    Postfix(Arc<str>),
}

struct Reader<'r, 't> {
    reading: &'r Reading<'t>,
    /// The first variable number that is not in use.
    next: u32,
    /// The name of each variable in sight, as authors write it; all different.
    names: HashMap<Name, Arc<str>>,
    /// The terms that stand for variables.
    values: HashMap<Name, Math>,
    /// What was bound: the author's name and the name in its place.
    log: Vec<(Arc<str>, Arc<str>)>,
}

impl Reader<'_, '_> {
    fn read(&mut self, formula: &Formula) -> Math {
        if let Some((binders, left, right)) = formula.as_exists() {
            let variables = self.bind(binders.names());
            let mut parts = conjuncts(left.open(&variables));
            for part in conjuncts(right.open(&variables)) {
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
                let parts = conjuncts(formula.clone());
                self.conjunction(&parts)
            }
            Formula::Not(inner) => {
                if let Formula::And(left, right) = &**inner
                    && let (Formula::Not(left), Formula::Not(right)) = (&**left, &**right)
                {
                    return Math::Or(Box::new(self.read(left)), Box::new(self.read(right)));
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
        let (Formula::Implies(binders, a, b), Formula::Implies(other, c, d)) = (left, right) else { return None };
        if binders != other || a != d || b != c {
            return None;
        }
        let variables = self.bind(binders.names());
        let one = self.read(&a.open(&variables));
        let two = self.read(&b.open(&variables));
        let groups = self.groups(&variables, &mut Vec::new(), 0);
        self.unbind(&variables);
        Some(for_all(groups, Math::Equivalent(Box::new(one), Box::new(two))))
    }

    /// A chain `∀x (A → ∀y (B → … C))` as `∀ x y : A ∧ B → C`, with terms for the variables that only
    /// name the value of a function.
    fn implication(&mut self, formula: &Formula) -> Math {
        let mut variables = Vec::new();
        let mut premises = Vec::new();
        let mut rest = formula.clone();
        while let Formula::Implies(binders, premise, conclusion) = &rest {
            if rest.as_exists().is_some() {
                break;
            }
            let fresh = self.bind(binders.names());
            let parts = conjuncts(premise.open(&fresh));
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
        for_all(groups, body)
    }

    /// Under the anchor its parameters are constants: they are called by the anchor's names and not
    /// quantified, and the anchor itself is understood.
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
        // Other variables must not be taken for parameters.
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

    /// Replaces `variables` that a premise names as the value of a function by the term, and drops the
    /// premise. Not where the same value has two names (then the statement is about that), nor where
    /// the variable occurs nowhere else than as a member of sets (then it is about the typing).
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
            // Earlier terms may name this variable. No circle arises: a term that rests on one of those
            // mentions this variable and was passed over just above.
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

    /// Variables in groups by the set that a premise puts them in; that premise is dropped as long as
    /// more than `keep` remain.
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

    fn atom(&mut self, predicate: PredicateId, arguments: &[Variable]) -> Math {
        if let [left, right] = arguments
            && (predicate == PredicateId::EQUAL || predicate == PredicateId::IN)
        {
            let symbol = if predicate == PredicateId::EQUAL { "=" } else { "∈" };
            return infix(symbol, 1, self.argument(*left), self.argument(*right));
        }
        let formula = Formula::Atom(predicate, arguments.into());
        if let Some(graph) = self.graph(&formula) {
            let term = self.term(&graph);
            return match self.values.get(&graph.value) {
                Some(value) => infix("=", 1, value.clone(), term),
                None => infix("=", 1, term, self.argument(Variable::Free(graph.value))),
            };
        }
        if let Some((form, inputs)) = self.relation_notation(predicate, arguments) {
            let mut inputs: Vec<Math> = inputs.into_iter().map(|input| self.argument(input)).collect();
            return match form {
                NotationForm::Infix { symbol, strength } if inputs.len() == 2 => {
                    let right = inputs.remove(1);
                    infix(&symbol, strength, inputs.remove(0), right)
                }
                NotationForm::Postfix { symbol } if inputs.len() == 1 => {
                    Math::Postfix(symbol, Box::new(inputs.remove(0)))
                }
                NotationForm::Infix { symbol, .. }
                | NotationForm::Prefix { symbol }
                | NotationForm::Postfix { symbol } => Math::Apply(symbol, inputs),
            };
        }
        let mut parts: Vec<Math> = arguments.iter().map(|argument| self.argument(*argument)).collect();
        if matches!(predicate, PredicateId::IN2 | PredicateId::IN3)
            && let Some(set) = parts.pop()
        {
            return infix("∈", 1, Math::Tuple(parts), set);
        }
        let known = self.reading.theory.predicate(predicate);
        if let Some(definition) = &known.definition {
            // A set or function of the theory that is passed through under its own name says nothing.
            let mut place = 0;
            let passed: Vec<bool> = arguments
                .iter()
                .map(|argument| {
                    place += 1;
                    let formal = &definition.parameters[place - 1];
                    matches!(known.sorts.get(place - 1), Some(Sort::Power(_)))
                        && matches!(argument, Variable::Free(name) if self.names.get(name) == Some(formal))
                        && self.reading.symbol(formal).role == Role::Parameter
                })
                .collect();
            if !self.reading.literal && passed.iter().any(|passed| !passed) {
                let mut place = 0;
                parts.retain(|_| {
                    place += 1;
                    !passed[place - 1]
                });
            }
        }
        Math::Apply(known.name.clone(), parts)
    }

    /// The user's notation for an atom that states no value, and its inputs.
    fn relation_notation(
        &self,
        predicate: PredicateId,
        arguments: &[Variable],
    ) -> Option<(NotationForm, Vec<Variable>)> {
        if self.reading.literal {
            return None;
        }
        self.reading.theory.notations.iter().find_map(|notation| {
            let inputs = self.matches(notation.predicate, &notation.arguments, predicate, arguments)?;
            (notation.value.is_none())
                .then(|| (notation.form.clone(), inputs.iter().map(|place| arguments[*place]).collect()))
        })
    }

    /// The places of a pattern that are not parameters of the anchor, if the atom fits it.
    fn matches(
        &self,
        pattern: PredicateId,
        texts: &[Arc<str>],
        predicate: PredicateId,
        arguments: &[Variable],
    ) -> Option<Vec<usize>> {
        if pattern != predicate || texts.len() != arguments.len() {
            return None;
        }
        let parameters = &self.reading.theory.anchor_definition().parameters;
        let mut places = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            if !parameters.contains(text) {
                places.push(place);
            } else if !matches!(arguments[place], Variable::Free(name) if self.names.get(&name) == Some(text)) {
                return None;
            }
        }
        Some(places)
    }

    /// The atom as `f(inputs) = value`, by the user's notation or because the theory says that it is
    /// a function.
    fn graph(&self, formula: &Formula) -> Option<Graph> {
        let Formula::Atom(predicate, arguments) = formula else { return None };
        let names = free_names(arguments)?;
        if self.reading.literal {
            return None;
        }
        for notation in &self.reading.theory.notations {
            let Some(value) = notation.value else { continue };
            let Some(places) = self.matches(notation.predicate, &notation.arguments, *predicate, arguments) else {
                continue;
            };
            let inputs: Vec<Name> = places.iter().filter(|place| **place != value).map(|place| names[*place]).collect();
            let head = match (&notation.form, inputs.len()) {
                (NotationForm::Infix { symbol, strength }, 2) => Head::Infix(symbol.clone(), *strength),
                (NotationForm::Postfix { symbol }, 1) => Head::Postfix(symbol.clone()),
                (
                    NotationForm::Infix { symbol, .. }
                    | NotationForm::Prefix { symbol }
                    | NotationForm::Postfix { symbol },
                    _,
                ) => Head::Prefix(symbol.clone()),
            };
            return names.get(value).map(|value| Graph { value: *value, inputs, head });
        }
        if !matches!(*predicate, PredicateId::IN2 | PredicateId::IN3) || names.len() < 3 {
            return None;
        }
        let function = self.names.get(names.last()?)?;
        if !self.reading.functions.contains(function) {
            return None;
        }
        let count = names.len() - 2;
        let symbolic = !function.chars().any(|c| c.is_alphanumeric());
        let head = match (count, symbolic) {
            (2, true) => Head::Infix(operator(function), usual_strength(function)),
            _ => Head::Prefix(operator(function)),
        };
        Some(Graph { value: names[count], inputs: names[..count].to_vec(), head })
    }

    fn term(&mut self, graph: &Graph) -> Math {
        let mut inputs: Vec<Math> = graph.inputs.iter().map(|input| self.argument(Variable::Free(*input))).collect();
        match &graph.head {
            Head::Infix(symbol, strength) => {
                // The strength of a relation would make `a ∘ b = c` need parentheses.
                let right = inputs.remove(1);
                infix(symbol, (*strength).max(2), inputs.remove(0), right)
            }
            Head::Prefix(symbol) => Math::Apply(symbol.clone(), inputs),
            Head::Postfix(symbol) => Math::Postfix(symbol.clone(), Box::new(inputs.remove(0))),
        }
    }

    fn argument(&self, argument: Variable) -> Math {
        match argument {
            Variable::Free(name) => match self.values.get(&name) {
                Some(value) => value.clone(),
                None => Math::Symbol(self.symbol(name)),
            },
            // Binders are opened before their parts are read, so this is a variable without a binder.
            Variable::Bound(index) => Math::Symbol(Symbol { text: format!("?{index}").into(), role: Role::Variable }),
        }
    }

    fn symbol(&self, name: Name) -> Symbol {
        match self.names.get(&name) {
            Some(text) => self.reading.symbol(text),
            None => Symbol { text: format!("v{}", name.0).into(), role: Role::Variable },
        }
    }

    fn bind(&mut self, names: &[Arc<str>]) -> Vec<Name> {
        names
            .iter()
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

    /// `shown` if nobody in sight has that name, else with a number. A variable that the author named
    /// by a number gets a letter, so that nobody takes it for that number.
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

fn usual_strength(symbol: &str) -> u8 {
    match symbol {
        "*" | "·" | "/" | "×" => 6,
        "^" => 7,
        _ => 5,
    }
}

fn infix(symbol: &str, strength: u8, left: Math, right: Math) -> Math {
    Math::Infix { symbol: symbol.into(), strength, left: Box::new(left), right: Box::new(right) }
}

fn for_all(groups: Vec<Group>, body: Math) -> Math {
    if groups.is_empty() { body } else { Math::ForAll(groups, Box::new(body)) }
}

/// `¬ x = y` as `x ≠ y` and so on.
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

/// An equation with the term first: `0 + a = a`, not `a = 0 + a`; and a constant last: `a = 0`.
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
        // Terms are built of the forms above only.
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
