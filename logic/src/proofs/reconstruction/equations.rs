//! Converts rewrite chains to proof steps. Every derived equation that is needed becomes a ∀→ formula inside the proof.
//!
//! The calculus has no terms, so a term is represented by a name: a variable, an individual, or a witness of the
//! function's totality. A rewrite step is an instance of an equation. On the way outwards from the rewritten subterm,
//! each enclosing function is applied to the new inputs: if that term has no name yet, it gets the old value; otherwise
//! the two values are proved equal.

mod page;

use std::collections::HashMap;
use std::sync::Arc;

use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::proof::{Rule as Inference, StepId};
use crate::clauses::clause::{Head, Literal, RelationId, Term};
use crate::language::text::variable_name;
use crate::saturation::completion::equation::{Derivation, Rewrite, Source, reversed};
use crate::saturation::completion::problem::{Meaning, Origin, range_of};
use crate::saturation::completion::term::{Domain, TermId, Top};
use crate::saturation::pattern::{Argument, Code};
use crate::saturation::rule::RuleHead;
use crate::saturation::sorts::SortId;

use super::{Close, Equational, Writer};
use page::{Page, Shape};

impl Writer<'_> {
    /// Proves the goal, in the scopes of its sequent, whose block has been entered.
    pub(super) fn rewritten(&mut self, equational: &Equational, goal: &Formula, depth: usize) -> StepId {
        let line = equational.stuck.snapshot.line();
        let problem = &*equational.problem;
        let mut page = Page {
            line: &line,
            problem,
            derivation: equational.derivation.clone(),
            depth,
            names: HashMap::new(),
            rows: HashMap::new(),
            members: HashMap::new(),
            lemmas: Vec::new(),
        };
        for (term, premise, variable) in &problem.defined {
            let first = equational.stuck.snapshot.introduced_from(depth);
            let value = self.naming[first + usize::from(*variable)];
            let mut row: Vec<Name> = Vec::new();
            for place in 0..page.derivation.terms.arity(*term) {
                let argument = page.derivation.terms.argument(*term, place);
                row.push(self.named(&mut page, argument));
            }
            row.push(value);
            page.names.insert(*term, value);
            page.rows.insert(*term, (row, self.givens[depth][*premise]));
        }
        for place in 0..page.derivation.equations.len() {
            let step = match page.derivation.equations[place].source.clone() {
                Source::Given(_) => None,
                Source::Chain(steps) => Some(self.lemma(&mut page, place, &steps)),
            };
            page.lemmas.push(step);
        }
        let Derivation { left, right, steps, .. } = page.derivation.clone();
        let (one, other) = (self.named(&mut page, left), self.named(&mut page, right));
        let equation = self.chain_of(&mut page, left, &steps);
        if !problem.is_row {
            return self.oriented(equation, one, other);
        }
        let (row, step) = page.rows[&left].clone();
        let Some(equation) = equation.filter(|_| one != other) else { return step };
        debug_assert_eq!(row.last(), Some(&one));
        self.derive(Inference::Congruence, vec![step, equation], goal.clone())
    }

    /// `one = other` from an equation between the two in either direction, or by reflexivity if they are the same.
    fn oriented(&mut self, equation: Option<StepId>, one: Name, other: Name) -> StepId {
        let wanted = Formula::equal(one, other);
        match equation {
            Some(step) if *self.conclusion(step) == wanted => step,
            Some(step) if one != other => {
                let same = self.derive(Inference::Reflexivity, vec![], Formula::equal(one, one));
                self.derive(Inference::Congruence, vec![same, step], wanted)
            }
            _ => self.derive(Inference::Reflexivity, vec![], wanted),
        }
    }

    /// Proves a derived equation: for all values of its variables and of the functions in it, the last row holds, or
    /// the two sides are equal.
    fn lemma(&mut self, page: &mut Page<'_>, place: usize, steps: &[Rewrite]) -> StepId {
        let equation = page.derivation.equations[place].clone();
        let Shape { variables, values, left, right } = page.shape(&equation);
        let mark = self.open.len();
        let before = (page.names.clone(), page.rows.clone(), page.members.clone());
        for (number, variable) in variables.iter().enumerate() {
            let domain = page.derivation.terms.domain(*variable);
            let name = self.fresh_of(page, domain, variable_name(number as u16));
            let guard = self.guard(domain, name);
            self.open_scope(vec![name], vec![guard.clone()], Close::Generalise);
            let step = self.step(Inference::Assumption(0), vec![], guard);
            page.names.insert(*variable, name);
            page.members.insert(*variable, step);
        }
        for (number, value) in values.iter().enumerate() {
            let domain = page.derivation.terms.domain(*value);
            let name = self.fresh_of(page, domain, variable_name((variables.len() + number) as u16));
            let row = self.inputs(page, *value, name);
            let formula = self.row(page.place(*value), &row);
            self.open_scope(vec![name], vec![formula.clone()], Close::Generalise);
            let step = self.step(Inference::Assumption(0), vec![], formula);
            page.members.remove(value);
            page.names.insert(*value, name);
            page.rows.insert(*value, (row, step));
        }
        let forward = equation.left == left;
        let steps = if forward { steps.to_vec() } else { reversed(steps.to_vec()) };
        let one = self.named(page, left);
        let between = self.chain_of(page, left, &steps);
        let last = if page.is_value(right) {
            let (mut row, step) = page.rows[&right].clone();
            let value = row.pop().expect("a row has a value");
            row.push(one);
            let formula = self.row(page.place(right), &row);
            match between {
                Some(equation) if value != one => self.derive(Inference::Congruence, vec![step, equation], formula),
                _ => step,
            }
        } else {
            let other = self.named(page, right);
            self.oriented(between, one, other)
        };
        let last = self.close_to(mark, last);
        (page.names, page.rows, page.members) = before;
        last
    }

    fn fresh_of(&mut self, page: &Page<'_>, domain: Domain, shown: impl Into<Arc<str>>) -> Name {
        let sort = page.line.sorts().sort(SortId(domain.sort));
        let sort = self.instance.apply(sort);
        self.fresh(&Binder::new(shown, sort))
    }

    /// The membership of a name in a domain; for the domain of a whole sort, its equation with itself.
    fn guard(&self, domain: Domain, name: Name) -> Formula {
        match domain.part {
            Some(part) => self.atom(Code::new(RelationId(part), true), &[name]),
            None => Formula::equal(name, name),
        }
    }

    fn row(&self, function: usize, row: &[Name]) -> Formula {
        self.atom(Code::new(self.compiled.functions[function].relation, true), row)
    }

    /// The row of a function value: the names of its inputs, and `value`.
    fn inputs(&mut self, page: &mut Page<'_>, term: TermId, value: Name) -> Vec<Name> {
        let mut row = Vec::new();
        for place in 0..page.derivation.terms.arity(term) {
            let argument = page.derivation.terms.argument(term, place);
            row.push(self.named(page, argument));
        }
        row.push(value);
        row
    }

    /// The name of a term; introduces a name for a function value that has none.
    fn named(&mut self, page: &mut Page<'_>, term: TermId) -> Name {
        if let Some(name) = page.names.get(&term) {
            return *name;
        }
        let Top::Symbol(symbol) = page.derivation.terms.top(term) else { unreachable!("variables have names") };
        if let Meaning::Individual(individual) = page.problem.meanings[usize::from(symbol.0)] {
            if let Some(introduction) = page.line.introduction(individual) {
                self.fact(page.line, introduction);
            }
            return self.name(individual);
        }
        let mut row = self.inputs(page, term, Name(u32::MAX));
        let (name, step, member) = self.witness(page, term, &row);
        *row.last_mut().expect("a row has a value") = name;
        page.names.insert(term, name);
        page.rows.insert(term, (row, step));
        if let Some(member) = member {
            page.members.insert(term, member);
        }
        name
    }

    /// Opens a scope for a function value: its name, the step of its row, and the step of its domain membership.
    fn witness(&mut self, page: &mut Page<'_>, term: TermId, row: &[Name]) -> (Name, StepId, Option<StepId>) {
        let compiled = self.compiled;
        let function = &compiled.functions[page.place(term)];
        let axiom = &compiled.axioms[function.totality];
        let Head::Exists(_, literals) = &axiom.clause.head else { unreachable!("a function is total") };
        let is_row = |literal: &&Literal| literal.relation == function.relation;
        let wanted = literals.iter().find(is_row).expect("the totality of a function");
        let input = |number: u16| wanted.arguments.iter().position(|argument| *argument == Term::Variable(number));
        let mut binding = vec![Name(u32::MAX); usize::from(axiom.clause.variables)];
        for number in 0..axiom.clause.variables {
            binding[usize::from(number)] = row[input(number).expect("an input")];
        }
        let mut premises = Vec::new();
        for guard in &axiom.clause.premises {
            let Term::Variable(number) = guard.arguments[0] else { unreachable!("a guard is about an input") };
            let place = input(number).expect("an input");
            let argument = page.derivation.terms.argument(term, place);
            premises.push(match guard.relation {
                RelationId::EQUAL => {
                    self.derive(Inference::Reflexivity, vec![], Formula::equal(row[place], row[place]))
                }
                _ => self.member(page, argument),
            });
        }
        let exists = self.walk(&axiom.justification, 0, &binding, &premises);
        let formula = self.conclusion(exists).clone();
        let (binders, left, right) = formula.as_exists().expect("the totality of a function");
        let sort = binders.sorts().next().expect("one value").clone();
        let name = self.fresh(&Binder::new(format!("w{}", self.proof.names.len()), sort));
        let parts = vec![left.open(&[name]), right.open(&[name])];
        self.open_scope(vec![name], parts.clone(), Close::Exists(exists));
        let mut steps = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            let part = self.step(Inference::Assumption(number as u32), vec![], part);
            self.split(part, &mut steps);
        }
        let at = |place: Option<usize>| place.and_then(|place| steps.get(place).copied());
        let step = at(literals.iter().position(|literal| is_row(&literal))).expect("the row is stated");
        let member = at(literals.iter().position(|literal| !is_row(&literal)));
        (name, step, member)
    }

    /// The step that states the domain membership of a named term.
    fn member(&mut self, page: &mut Page<'_>, term: TermId) -> StepId {
        if let Some(step) = page.members.get(&term) {
            return *step;
        }
        let Domain { part: Some(part), .. } = page.derivation.terms.domain(term) else {
            let name = self.named(page, term);
            return self.derive(Inference::Reflexivity, vec![], Formula::equal(name, name));
        };
        let Top::Symbol(symbol) = page.derivation.terms.top(term) else { unreachable!("variables lie in domains") };
        let set = RelationId(part);
        let step = match page.problem.meanings[usize::from(symbol.0)] {
            Meaning::Individual(individual) => self.exact(page.line, Code::new(set, true), &[individual]),
            Meaning::Function(place) => {
                self.named(page, term);
                match page.members.get(&term) {
                    Some(step) => *step,
                    None => self.in_range(page, term, place, set),
                }
            }
        };
        page.members.insert(term, step);
        step
    }

    /// Membership of a value in its function's range: from its row or, failing that, from the witness that totality
    /// gives.
    fn in_range(&mut self, page: &mut Page<'_>, term: TermId, place: usize, set: RelationId) -> StepId {
        let compiled = self.compiled;
        let function = &compiled.functions[place];
        debug_assert_eq!(range_of(compiled, function), Some(set));
        let (row, step) = page.rows[&term].clone();
        let says = compiled.axioms.iter().position(|axiom| {
            let (Head::Literal(head), [premise]) = (&axiom.clause.head, &axiom.clause.premises[..]) else {
                return false;
            };
            let distinct =
                (0..premise.arguments.len()).all(|one| !premise.arguments[..one].contains(&premise.arguments[one]));
            let is_variable = |term: &Term| matches!(term, Term::Variable(_));
            premise.positive
                && premise.relation == function.relation
                && distinct
                && premise.arguments.iter().all(is_variable)
                && head.positive
                && head.relation == set
                && head.arguments[..] == premise.arguments[premise.arguments.len() - 1..]
        });
        if let Some(axiom) = says {
            return self.typed(axiom, &row, step);
        }
        let (name, other, member) = self.witness(page, term, &row);
        let mut second = row.clone();
        *second.last_mut().expect("a row has a value") = name;
        let value = *row.last().expect("a row has a value");
        let same = self.one_value(function, &[(row, step), (second, other)]);
        let member = member.expect("totality says in which set a value lies");
        let formula = self.atom(Code::new(set, true), &[value]);
        self.derive(Inference::Congruence, vec![member, same], formula)
    }

    /// The equation between the names of the first and last term of a chain, in either direction; `None` if these are
    /// the same. Names all terms of the chain.
    fn chain_of(&mut self, page: &mut Page<'_>, first: TermId, steps: &[Rewrite]) -> Option<StepId> {
        let start = self.named(page, first);
        let mut term = first;
        let mut whole: Option<StepId> = None;
        for step in steps {
            let before = self.named(page, term);
            debug_assert_eq!(page.derivation.terms.at(term, &step.path), step.from);
            let next = page.derivation.terms.replaced(term, &step.path, step.to);
            let link = self.link(page, term, step);
            let after = self.named(page, next);
            term = next;
            whole = match (whole, link) {
                (known, _) if before == after => known,
                (None, link) => link,
                (Some(known), Some(link)) if start != after => {
                    // So far, the equation relates the start to the previous term.
                    let from = self.oriented(Some(known), start, before);
                    Some(self.derive(Inference::Congruence, vec![from, link], Formula::equal(start, after)))
                }
                _ => None,
            };
        }
        whole
    }

    /// The equation between the names of a term and of its result under a rewrite step, if they differ.
    fn link(&mut self, page: &mut Page<'_>, term: TermId, step: &Rewrite) -> Option<StepId> {
        let mut equation = self.instance_of(page, step);
        let (mut old, mut new) = (step.from, step.to);
        for depth in (0..step.path.len()).rev() {
            let around = page.derivation.terms.at(term, &step.path[..depth]);
            let changed = page.derivation.terms.replaced(around, &step.path[depth..=depth], new);
            debug_assert_eq!(page.derivation.terms.argument(around, usize::from(step.path[depth])), old);
            self.named(page, around);
            let function = page.place(around);
            let (row, row_step) = page.rows[&around].clone();
            let value = *row.last().expect("a row has a value");
            let new_row = self.inputs(page, changed, value);
            let moved = match equation {
                Some(equation) if new_row != row => {
                    let formula = self.row(function, &new_row);
                    self.derive(Inference::Congruence, vec![row_step, equation], formula)
                }
                _ => row_step,
            };
            equation = self.settle(page, changed, new_row, moved);
            (old, new) = (around, changed);
        }
        debug_assert_eq!(old, term);
        equation
    }

    /// Registers a row of a term: the value becomes the term's name, or is proved equal to its existing name.
    fn settle(&mut self, page: &mut Page<'_>, term: TermId, row: Vec<Name>, step: StepId) -> Option<StepId> {
        let value = *row.last().expect("a row has a value");
        match page.names.get(&term) {
            Some(name) if *name == value => None,
            Some(_) => {
                let known = page.rows[&term].clone();
                let compiled = self.compiled;
                Some(self.one_value(&compiled.functions[page.place(term)], &[known, (row, step)]))
            }
            None => {
                page.names.insert(term, value);
                page.rows.insert(term, (row, step));
                None
            }
        }
    }

    /// The equation between the names of the two sides of an instance, if they differ.
    fn instance_of(&mut self, page: &mut Page<'_>, step: &Rewrite) -> Option<StepId> {
        let equation = page.derivation.equations[step.equation.index()].clone();
        let (left, right) = if step.forward { (step.from, step.to) } else { (step.to, step.from) };
        let images = page.images(&equation, left, right);
        match equation.source {
            Source::Given(number) => self.given_instance(page, number as usize, &images),
            Source::Chain(_) => {
                let Shape { variables, values, left, right } = page.shape(&equation);
                let mut premises = vec![page.lemmas[step.equation.index()].expect("what it rests on stands before")];
                let mut substitution = Vec::new();
                for variable in variables {
                    let image = images[&variable];
                    substitution.push(self.named(page, image));
                    premises.push(self.member(page, image));
                }
                for value in values {
                    let image = page.put(value, &images);
                    substitution.push(self.named(page, image));
                    premises.push(page.rows[&image].1);
                }
                let said = self.instantiate(substitution, premises);
                let (one, other) = (page.put(left, &images), page.put(right, &images));
                let one = self.named(page, one);
                if !page.is_value(right) {
                    let other = self.named(page, other);
                    return (one != other).then_some(said);
                }
                let row = self.inputs(page, other, one);
                self.settle(page, other, row, said)
            }
        }
    }

    /// [`Writer::instance_of`] for a given equation.
    fn given_instance(
        &mut self,
        page: &mut Page<'_>,
        number: usize,
        images: &HashMap<TermId, TermId>,
    ) -> Option<StepId> {
        let problem = page.problem;
        let given = &problem.given[number];
        let said = match &given.origin {
            Origin::Premise(premise) => self.givens[page.depth][*premise],
            Origin::Rule(id, binding, conditions) => {
                let rule = page.line.rule(*id).clone();
                let terms: Vec<TermId> = binding.iter().map(|term| page.put(*term, images)).collect();
                let names: Vec<Name> = terms.iter().map(|term| self.named(page, *term)).collect();
                let mut premises = Vec::new();
                for (place, premise) in rule.premises.iter().enumerate() {
                    if let Some((_, fact)) = conditions.iter().find(|(satisfied, _)| *satisfied == place) {
                        premises.push(self.exact(page.line, premise.code, fact));
                        continue;
                    }
                    premises.push(match premise.arguments.last().expect("premises have arguments") {
                        Argument::Individual(individual) => self.exact(page.line, premise.code, &[*individual]),
                        Argument::Variable(number) if premise.arguments.len() == 1 => {
                            self.member(page, terms[usize::from(*number)])
                        }
                        Argument::Variable(number) => page.rows[&terms[usize::from(*number)]].1,
                    });
                }
                debug_assert!(matches!(rule.head, RuleHead::Equal(..) | RuleHead::Fact(_)));
                self.justify(&rule, page.line.rule_depth(*id), &names, &premises)
            }
        };
        let (left, right) = (page.put(given.left, images), page.put(given.right, images));
        let value = self.named(page, right);
        if given.is_row {
            let row = self.inputs(page, left, value);
            return self.settle(page, left, row, said);
        }
        let one = self.named(page, left);
        (one != value).then_some(said)
    }
}
