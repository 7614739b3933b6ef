//! Converts the steps of a proof to a term.
//!
//! The steps of a scope become a list, so that nothing here nests deeper than the scopes do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::book::Book;
use super::plan::{Plan, Way};
use super::sorts::type_arguments;
use super::{Argument, Assumed, Claim, Equation, Local, Property, Term};
use crate::calculus::formula::{Binder, Formula, Name, PredicateId, Variable};
use crate::calculus::proof::{Rule, ScopeId, Step, StepId};
use crate::calculus::sort::Sort;
use crate::proofs::axiom_use::halves;

/// The term of a proof, with the variables that it introduces.
pub(crate) struct Walked {
    /// The proof of the plan's result.
    pub(crate) term: Term,
    /// Variables that the proof itself does not have: their sorts and display names.
    pub(crate) shown: HashMap<Name, Binder>,
}

/// Converts a planned proof to a term.
pub(crate) fn walk(book: &Book<'_>, plan: &Plan<'_>) -> Walked {
    let scopes = &plan.proof.scopes;
    let taken = scopes.iter().flat_map(|scope| &scope.variables).copied().collect();
    let steps = plan.proof.steps.len() as u32;
    let assumptions: Vec<u32> = scopes
        .iter()
        .scan(steps, |next, scope| {
            let own = *next;
            *next += scope.assumptions.len() as u32;
            Some(own)
        })
        .collect();
    let locals = steps + scopes.iter().map(|scope| scope.assumptions.len() as u32).sum::<u32>();
    let mut walker = Walker { book, plan, assumptions, locals, taken, next: 0, shown: HashMap::new() };
    let term = walker.content(plan.root, plan.result.index() + 1, plan.result);
    Walked { term, shown: walker.shown }
}

struct Walker<'w, 'p> {
    book: &'w Book<'w>,
    plan: &'w Plan<'p>,
    /// The first local of each scope's assumptions.
    assumptions: Vec<u32>,
    /// The number of locals.
    locals: u32,
    /// The variables of the proof.
    taken: HashSet<Name>,
    /// All smaller variables are known to be in use.
    next: u32,
    shown: HashMap<Name, Binder>,
}

impl Walker<'_, '_> {
    fn local(&mut self) -> Local {
        self.locals += 1;
        Local(self.locals - 1)
    }

    fn variable(&mut self, binder: &Binder) -> Name {
        while self.taken.contains(&Name(self.next)) {
            self.next += 1;
        }
        self.next += 1;
        let name = Name(self.next - 1);
        self.shown.insert(name, binder.clone());
        name
    }

    /// The sort of a variable of the proof or of one introduced here.
    fn sort(&self, name: Name) -> Sort {
        let brought = self.shown.get(&name).map(|binder| &binder.sort);
        brought.unwrap_or_else(|| &self.plan.proof.sorts[name.0 as usize]).clone()
    }

    fn assumption(&self, scope: ScopeId, number: u32) -> Local {
        Local(self.assumptions[scope.index()] + number)
    }

    /// The named steps of a scope before `end`, then its result.
    fn content(&mut self, scope: ScopeId, end: usize, result: StepId) -> Term {
        let is_last = self.plan.proof.steps[result.index()].scope == scope
            && self.plan.way(result) == Some(Way::Named)
            && self.plan.uses[result.index()] == 1;
        let plan = self.plan;
        let mut steps = Vec::new();
        for member in &plan.members[scope.index()] {
            if member.index() < end && !(is_last && *member == result) {
                steps.push((Local(member.0), plan.conclusion(*member).clone(), self.built(*member)));
            }
        }
        let last = if is_last { self.built(result) } else { self.mention(result) };
        if steps.is_empty() { last } else { Term::Steps(steps, Box::new(last)) }
    }

    /// The content of a discharged scope, abstracted over its variables and assumptions.
    fn lambda(&mut self, scope: ScopeId, body: impl FnOnce(&mut Self) -> Term) -> Term {
        let opened = &self.plan.proof.scopes[scope.index()];
        let claims = (opened.assumptions.iter().enumerate())
            .map(|(number, formula)| (self.assumption(scope, number as u32), Claim::Holds(formula.clone())))
            .collect();
        Term::Lambda(opened.variables.clone(), claims, Box::new(body(self)))
    }

    /// Falsity from a fact and its negation, abstracted over the assumption of a scope.
    fn refutation(&mut self, scope: ScopeId, id: StepId, premises: &[StepId]) -> Term {
        let plan = self.plan;
        self.lambda(scope, |walker| {
            let mut steps = Vec::new();
            for member in &plan.members[scope.index()] {
                if *member < id {
                    steps.push((Local(member.0), plan.conclusion(*member).clone(), walker.built(*member)));
                }
            }
            let last = walker.clash(premises[0], premises[1]);
            if steps.is_empty() { last } else { Term::Steps(steps, Box::new(last)) }
        })
    }

    /// Falsity from a fact and its negation. If the negation is written as an existential statement, the fact is a
    /// rule, which is applied to the witnesses.
    fn clash(&mut self, fact: StepId, denial: StepId) -> Term {
        let exists = self.plan.conclusion(denial).clone();
        let (fact, denial) = (self.mention(fact), self.mention(denial));
        let Some((binders, _, _)) = exists.as_exists() else { return denial.on([fact]) };
        let variables: Vec<Name> = binders.iter().map(|binder| self.variable(binder)).collect();
        let parts = [self.local(), self.local()];
        let mut arguments: Vec<Argument> = variables.iter().map(|name| Argument::Individual(*name)).collect();
        arguments.extend(parts.map(|part| Argument::Proof(Term::Local(part))));
        let body = Box::new(fact.with(arguments));
        Term::Unpack { exists, from: Box::new(denial), variables, parts, goal: None, body }
    }

    /// `∀ z (A → ¬ B)`, given a function from `∃ z (A ∧ B)` to falsity.
    fn nothing_such(&mut self, exists: &Formula, falsity: impl FnOnce(Term) -> Term) -> Term {
        let (binders, left, right) = exists.as_exists().expect("asked by the caller");
        let variables: Vec<Name> = binders.iter().map(|binder| self.variable(binder)).collect();
        let (left, right) = (left.open(&variables), right.open(&variables));
        let (first, second) = (self.local(), self.local());
        let witness = Term::Witness {
            exists: exists.clone(),
            witnesses: variables.clone(),
            left: Box::new(Term::Local(first)),
            right: Box::new(Term::Local(second)),
        };
        let claims = vec![(first, Claim::Holds(left)), (second, Claim::Holds(right))];
        Term::Lambda(variables, claims, Box::new(falsity(witness)))
    }

    /// The negation of `formula` as written, given a function from a proof of the formula to falsity.
    fn denial(&mut self, formula: &Formula, refutation: impl FnOnce(Term) -> Term) -> Term {
        let denial = Formula::negate(formula.clone());
        if denial.as_exists().is_none() {
            let local = self.local();
            return refutation(Term::Local(local)).under(local, Claim::Holds(formula.clone()));
        }
        let none = self.local();
        let rule = self.nothing_such(&denial, |witness| Term::Local(none).on([witness]));
        let falsity = refutation(rule).under(none, Claim::Fails(denial.clone()));
        Term::Classical(denial, Box::new(falsity))
    }

    /// A reference to a step.
    fn mention(&mut self, id: StepId) -> Term {
        match self.plan.way(id) {
            Some(Way::Given) => {
                self.given(&self.plan.about_parameters(self.plan.conclusion(id)), self.plan.conclusion(id))
            }
            Some(Way::Inline) => self.built(id),
            _ => Term::Local(Local(id.0)),
        }
    }

    /// A part of the anchor, from the axioms. `formula` is over the parameters, `own` is the same formula in the
    /// proof's variables.
    fn given(&self, formula: &Formula, own: &Formula) -> Term {
        if let Some(number) = self.book.axioms.number(formula) {
            return Term::Assumed(Assumed::Axiom(number));
        }
        let (Some((left, right)), Some((own_left, own_right))) = (halves(self.book.theory, formula), self.halves(own))
        else {
            unreachable!("the plan says that it is made of axioms")
        };
        let parts = [self.given(&left, &own_left), self.given(&right, &own_right)].map(Box::new);
        let [first, second] = parts;
        let pair = Term::Pair(own_left, own_right, first, second);
        if matches!(own, Formula::Atom(..)) { Term::Typed(Box::new(pair), own.clone()) } else { pair }
    }

    /// The conjuncts of a part of the anchor, in the proof's own variables.
    fn halves(&self, own: &Formula) -> Option<(Formula, Formula)> {
        let Formula::Atom(predicate, arguments) = own else { return halves(self.book.theory, own) };
        let arguments: Vec<Name> = arguments.iter().map(|argument| free(*argument)).collect();
        let sort = |name: Name| &self.plan.proof.sorts[name.0 as usize];
        let unfolded = self.book.theory.predicate(*predicate).unfold(&arguments, &sort)?;
        let Formula::And(left, right) = unfolded else { return None };
        Some(((*left).clone(), (*right).clone()))
    }

    /// The term of a step.
    fn built(&mut self, id: StepId) -> Term {
        let plan = self.plan;
        let step = &plan.proof.steps[id.index()];
        let conclusion = &step.conclusion;
        match &step.rule {
            Rule::Assumption(number) => Term::Local(self.assumption(step.scope, *number)),
            Rule::Theorem(cited) => Term::Theorem(*cited).with(self.book.citation(*cited, conclusion)),
            Rule::Generalise(scope) => {
                self.lambda(*scope, |walker| walker.content(*scope, id.index(), step.premises[0]))
            }
            Rule::Instantiate(substitution) => self.instantiate(step, substitution),
            Rule::AndIntroduction => {
                let Formula::And(left, right) = conclusion else { unreachable!("checked") };
                let [first, second] = [step.premises[0], step.premises[1]].map(|premise| self.mention(premise));
                Term::Pair((**left).clone(), (**right).clone(), Box::new(first), Box::new(second))
            }
            Rule::AndLeft | Rule::AndRight => {
                let Formula::And(left, right) = plan.conclusion(step.premises[0]) else { unreachable!("checked") };
                let (left, right) = ((**left).clone(), (**right).clone());
                let pair = Box::new(self.mention(step.premises[0]));
                if step.rule == Rule::AndLeft { Term::Left(left, right, pair) } else { Term::Right(left, right, pair) }
            }
            Rule::ExistsIntroduction(witnesses) => {
                let [left, right] = [step.premises[0], step.premises[1]].map(|part| Box::new(self.mention(part)));
                Term::Witness { exists: conclusion.clone(), witnesses: witnesses.clone(), left, right }
            }
            Rule::ExistsElimination(scope) => Term::Unpack {
                exists: plan.conclusion(step.premises[0]).clone(),
                from: Box::new(self.mention(step.premises[0])),
                variables: plan.proof.scopes[scope.index()].variables.clone(),
                parts: [self.assumption(*scope, 0), self.assumption(*scope, 1)],
                goal: Some(conclusion.clone()),
                body: Box::new(self.content(*scope, id.index(), step.premises[1])),
            },
            Rule::NotIntroduction(scope) => {
                let refutation = self.refutation(*scope, id, &step.premises);
                if conclusion.as_exists().is_none() {
                    return refutation;
                }
                let assumed = &plan.proof.scopes[scope.index()].assumptions[0];
                self.denial(assumed, |fact| refutation.on([fact]))
            }
            Rule::Reductio(scope) => {
                let refutation = self.refutation(*scope, id, &step.premises);
                let denial = &plan.proof.scopes[scope.index()].assumptions[0];
                if denial.as_exists().is_some() {
                    return self.nothing_such(denial, |witness| refutation.on([witness]));
                }
                Term::Classical(conclusion.clone(), Box::new(refutation))
            }
            Rule::ExFalso => Term::Absurd(conclusion.clone(), Box::new(self.clash(step.premises[0], step.premises[1]))),
            Rule::Reflexivity => {
                let Formula::Atom(_, sides) = conclusion else { unreachable!("checked") };
                Term::Reflexive(free(sides[0]))
            }
            Rule::Congruence => self.congruence(step),
            Rule::Unfold | Rule::Fold => self.mention(step.premises[0]),
            Rule::Induction(number) => self.induction(*number, step),
            Rule::Cases(yes, no) => self.cases(id, step, [*yes, *no]),
            Rule::Comprehension { predicate, arguments, set } => {
                let (binders, ..) = conclusion.as_exists().expect("checked");
                let defined = binders.sorts().next().expect("one set");
                let sort = |(place, name): (usize, &Name)| {
                    if place == *set as usize { defined } else { &plan.proof.sorts[name.0 as usize] }
                };
                let sorts: Vec<&Sort> = arguments.iter().enumerate().map(sort).collect();
                let mut given: Vec<Argument> =
                    type_arguments(self.book.theory, *predicate, &sorts).into_iter().map(Argument::Sort).collect();
                let others = arguments.iter().enumerate().filter(|(place, _)| *place as u32 != *set);
                given.extend(others.map(|(_, name)| Argument::Individual(*name)));
                Term::Assumed(Assumed::Comprehension(*predicate, *set)).with(given)
            }
        }
    }

    fn instantiate(&mut self, step: &Step, substitution: &[Name]) -> Term {
        let plan = self.plan;
        let cited = plan.citation(step).flatten();
        let mut arguments = match cited {
            Some(cited) => self.book.citation(cited, plan.conclusion(step.premises[0])),
            None => Vec::new(),
        };
        let mut rest = substitution;
        let mut formula = plan.conclusion(step.premises[0]);
        for (place, fact) in step.premises[1..].iter().enumerate() {
            let Formula::Implies(binders, _, conclusion) = formula else { unreachable!("checked") };
            let (own, others) = rest.split_at(binders.len());
            (formula, rest) = (conclusion, others);
            if cited.is_some() && place == 0 {
                continue; // the anchor, which is understood
            }
            arguments.extend(own.iter().map(|name| Argument::Individual(*name)));
            arguments.push(Argument::Proof(self.mention(*fact)));
        }
        let head = match cited {
            Some(cited) => Term::Theorem(cited),
            None => self.mention(step.premises[0]),
        };
        head.with(arguments)
    }

    /// The conclusion from both cases of a case split.
    fn cases(&mut self, id: StepId, step: &Step, scopes: [ScopeId; 2]) -> Term {
        let plan = self.plan;
        let [here, there] = [0, 1].map(|case| {
            let scope = scopes[case];
            self.lambda(scope, |walker| walker.content(scope, id.index(), step.premises[case]))
        });
        let assumed = &plan.proof.scopes[scopes[0].index()].assumptions[0];
        let denied = self.local();
        let neither = self.denial(assumed, |fact| Term::Local(denied).on([here.on([fact])]));
        let falsity = Term::Local(denied).on([there.on([neither])]);
        let goal = step.conclusion.clone();
        Term::Classical(goal.clone(), Box::new(falsity.under(denied, Claim::Fails(goal))))
    }

    /// The induction lemma, applied to the sets and constructors of the atom, its proof, the property and the cases.
    fn induction(&mut self, number: u32, step: &Step) -> Term {
        let plan = self.plan;
        let Formula::Implies(binders, _, body) = &step.conclusion else { unreachable!("checked") };
        let Formula::Atom(predicate, places) = plan.conclusion(step.premises[0]) else { unreachable!("checked") };
        let places: Vec<Name> = places.iter().map(|place| free(*place)).collect();
        let sorts: Vec<&Sort> = places.iter().map(|name| &plan.proof.sorts[name.0 as usize]).collect();
        let mut arguments: Vec<Argument> =
            type_arguments(self.book.theory, *predicate, &sorts).into_iter().map(Argument::Sort).collect();
        arguments.extend(places.into_iter().map(Argument::Individual));
        arguments.push(Argument::Proof(self.mention(step.premises[0])));
        let variable = self.variable(binders.iter().next().expect("one variable"));
        arguments.push(Argument::Property(Property { variable, formula: body.open(&[variable]) }));
        arguments.extend(step.premises[1..].iter().map(|case| Argument::Proof(self.mention(*case))));
        Term::Induction(number).with(arguments)
    }

    /// Rewrites by one equation after the other, each at the positions that it changes.
    fn congruence(&mut self, step: &Step) -> Term {
        let plan = self.plan;
        let source = plan.conclusion(step.premises[0]);
        let sides: Vec<(Name, Name)> = step.premises[1..]
            .iter()
            .map(|premise| {
                let Formula::Atom(PredicateId::EQUAL, sides) = plan.conclusion(*premise) else {
                    unreachable!("checked")
                };
                (free(sides[0]), free(sides[1]))
            })
            .collect();
        let mut proof = self.mention(step.premises[0]);
        let mut formula = source.clone();
        let mut between = Vec::new();
        while let Some((from, to)) = first_difference(&formula, &step.conclusion) {
            let (place, reversed) = (sides.iter().position(|pair| *pair == (from, to)).map(|place| (place, false)))
                .or_else(|| sides.iter().position(|pair| *pair == (to, from)).map(|place| (place, true)))
                .expect("checked");
            let variable = self.variable(&Binder::new("v", self.sort(from)));
            let property = changed(&formula, &step.conclusion, (from, to), variable);
            if formula != *source {
                // With several equations, intermediate results get names.
                let local = self.local();
                between.push((local, formula, proof));
                proof = Term::Local(local);
            }
            formula = property.substitute(&mut |name| if name == variable { to } else { name });
            let equation = Equation { proof: Box::new(self.mention(step.premises[1 + place])), reversed };
            let property = Property { variable, formula: property };
            proof = Term::Replace { from, to, property, equation, proof: Box::new(proof) };
        }
        if between.is_empty() { proof } else { Term::Steps(between, Box::new(proof)) }
    }
}

fn free(variable: Variable) -> Name {
    match variable {
        Variable::Free(name) => name,
        Variable::Bound(_) => unreachable!("checked"),
    }
}

/// The first position at which two formulas of the same shape have different variables.
fn first_difference(from: &Formula, to: &Formula) -> Option<(Name, Name)> {
    match (from, to) {
        (Formula::Atom(_, from), Formula::Atom(_, to)) => {
            let (from, to) = from.iter().zip(&**to).find(|(from, to)| from != to)?;
            Some((free(*from), free(*to)))
        }
        (Formula::Not(from), Formula::Not(to)) => first_difference(from, to),
        (Formula::And(a, b), Formula::And(c, d)) | (Formula::Implies(_, a, b), Formula::Implies(_, c, d)) => {
            first_difference(a, c).or_else(|| first_difference(b, d))
        }
        _ => None,
    }
}

/// `from` with `variable` wherever `from` has the first and `to` the second variable of the pair.
fn changed(from: &Formula, to: &Formula, pair: (Name, Name), variable: Name) -> Formula {
    let both = |a: &Arc<Formula>, b: &Arc<Formula>| Arc::new(changed(a, b, pair, variable));
    match (from, to) {
        (Formula::Atom(predicate, from), Formula::Atom(_, to)) => {
            let places = from.iter().zip(&**to).map(|(from, to)| {
                let is_it = (*from, *to) == (Variable::Free(pair.0), Variable::Free(pair.1));
                if is_it { Variable::Free(variable) } else { *from }
            });
            Formula::Atom(*predicate, places.collect())
        }
        (Formula::Not(from), Formula::Not(to)) => Formula::Not(both(from, to)),
        (Formula::And(a, b), Formula::And(c, d)) => Formula::And(both(a, c), both(b, d)),
        (Formula::Implies(binders, a, b), Formula::Implies(_, c, d)) => {
            Formula::Implies(binders.clone(), both(a, c), both(b, d))
        }
        _ => from.clone(),
    }
}
