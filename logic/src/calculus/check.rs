//! The checker: accepts or refuses a proof.
//!
//! This file is the definition of the calculus. It shares the types of formulas, theories and proofs with the search
//! and nothing else: no index, no cache, no hint. It reads the steps once, in order, and accepts all of them or reports
//! the first flaw.
//!
//! Freshness needs no side conditions. A scope introduces its variables for the first time in the whole proof, and the
//! formula of a step mentions only variables of its own scope and of enclosing ones; so a conclusion outside a scope
//! cannot mention a variable introduced inside it.

use std::collections::HashMap;

use super::formula::{Binder, Binders, Formula, Name, PredicateId, Variable};
use super::proof::{Proof, Rule, Scope, ScopeId, Step, StepId, TheoremId};
use super::sort::{Sort, SortInstance};
use super::theory::{Induction, Theory};
use super::well_formed::{check_theory, well_sorted};

/// Variables numbered from here on cannot occur in a proof: the checker uses them to state the premises of induction.
pub const RESERVED: Name = Name(u32::MAX - 64);

/// What an accepted proof depends on, besides the anchor named in its statement.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Basis {
    /// Induction principles of the theory, by number, in order of first use.
    pub inductions: Vec<u32>,
    /// Extensional definitions whose comprehension was used, in order of first use.
    pub comprehensions: Vec<PredicateId>,
    /// Cited theorems, in order of first use.
    pub theorems: Vec<TheoremId>,
    /// Whether a classical rule (reductio, case split) was used.
    pub classical: bool,
}

/// Why a proof is refused: its first flaw, and the step or scope that has it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Flaw {
    /// A proof without steps, or without the outermost scope.
    #[error("the proof is empty")]
    Empty,
    /// The theory is malformed: a definition or an induction principle is not well-formed or not well-sorted.
    #[error("predicate {} of the theory: {reason}", predicate.0)]
    Theory {
        /// The defined predicate, or the one that states that a set is generated.
        predicate: PredicateId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A scope is malformed.
    #[error("scope {}: {reason}", scope.0)]
    Scope {
        /// The scope.
        scope: ScopeId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A step is wrong.
    #[error("step {}: {reason}", step.0)]
    Step {
        /// The step.
        step: StepId,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Accepts a proof and returns what it depends on, or reports its first flaw.
///
/// `theorem` returns the closed statement of an earlier theorem, or `None`; a proof may cite only theorems that it
/// returns. Cost: linear in the sizes of theory and proof, times the nesting depth of scopes.
///
/// # Errors
/// The first [`Flaw`].
pub fn check<'a>(
    theory: &Theory,
    theorem: impl Fn(TheoremId) -> Option<&'a Formula>,
    proof: &Proof,
) -> Result<Basis, Flaw> {
    check_theory(theory).map_err(|(predicate, reason)| Flaw::Theory { predicate, reason })?;
    let mut checker = Checker { theory, proof, home: HashMap::new(), basis: Basis::default() };
    checker.scopes()?;
    for (place, step) in proof.steps.iter().enumerate() {
        let id = StepId(place as u32);
        checker.step(id, step, &theorem).map_err(|reason| Flaw::Step { step: id, reason })?;
    }
    let last = proof.steps.last().ok_or(Flaw::Empty)?;
    if last.scope != ScopeId::OUTER {
        let step = StepId(proof.steps.len() as u32 - 1);
        return Err(Flaw::Step { step, reason: "the last step stands inside a scope that was not closed" });
    }
    Ok(checker.basis)
}

/// Whether `special` is `general` with sorts substituted for base sorts.
fn is_instance(general: &Formula, special: &Formula, sorts: &mut SortInstance) -> bool {
    match (general, special) {
        (Formula::Atom(..), Formula::Atom(..)) => general == special,
        (Formula::And(a, b), Formula::And(c, d)) => is_instance(a, c, sorts) && is_instance(b, d, sorts),
        (Formula::Not(a), Formula::Not(b)) => is_instance(a, b, sorts),
        (Formula::Implies(one, a, b), Formula::Implies(other, c, d)) => {
            one.len() == other.len()
                && one.sorts().zip(other.sorts()).all(|(general, special)| sorts.fit(general, special))
                && is_instance(a, c, sorts)
                && is_instance(b, d, sorts)
        }
        _ => false,
    }
}

/// Whether `outer` is `inner` or encloses it.
fn encloses(scopes: &[Scope], outer: ScopeId, inner: ScopeId) -> bool {
    let mut scope = inner;
    while scope > outer {
        scope = scopes[scope.index()].parent;
    }
    scope == outer
}

struct Checker<'p> {
    theory: &'p Theory,
    proof: &'p Proof,
    home: HashMap<Name, ScopeId>,
    basis: Basis,
}

type Verdict<T = ()> = Result<T, &'static str>;

fn require(condition: bool, otherwise: &'static str) -> Verdict {
    if condition { Ok(()) } else { Err(otherwise) }
}

fn note<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

impl<'p> Checker<'p> {
    fn scopes(&mut self) -> Result<(), Flaw> {
        let outer = self.proof.scopes.first().ok_or(Flaw::Empty)?;
        if outer.parent != ScopeId::OUTER || !outer.variables.is_empty() || !outer.assumptions.is_empty() {
            return Err(Flaw::Scope { scope: ScopeId::OUTER, reason: "the outermost scope assumes something" });
        }
        for (place, scope) in self.proof.scopes.iter().enumerate().skip(1) {
            let id = ScopeId(place as u32);
            self.scope(id, scope).map_err(|reason| Flaw::Scope { scope: id, reason })?;
        }
        Ok(())
    }

    fn scope(&mut self, id: ScopeId, scope: &'p Scope) -> Verdict {
        require(scope.parent < id, "its parent does not stand before it")?;
        for name in &scope.variables {
            require(*name < RESERVED, "it introduces a reserved variable")?;
            require(self.proof.sorts.len() > name.0 as usize, "it introduces a variable without a sort")?;
            require(self.home.insert(*name, id).is_none(), "it introduces a variable that was introduced before")?;
        }
        scope.assumptions.iter().try_for_each(|assumption| self.well_formed(assumption, id))
    }

    /// Requires a well-sorted formula whose free variables were introduced by this scope or an enclosing one.
    fn well_formed(&self, formula: &Formula, scope: ScopeId) -> Verdict {
        let visible = |name: Name| {
            let home = self.home.get(&name)?;
            encloses(&self.proof.scopes, *home, scope).then(|| self.sort(name))
        };
        well_sorted(self.theory, formula, &visible, &mut Vec::new())
    }

    /// The sort of a variable introduced by a scope.
    fn sort(&self, name: Name) -> &'p Sort {
        &self.proof.sorts[name.0 as usize]
    }

    /// Whether these variables are visible in the scope and match the binders in number and sorts. Visibility is
    /// required even of variables that do not occur under the binders: a sort may be empty, so naming a variable of it
    /// is an assumption.
    fn have_sorts(&self, names: &[Name], binders: &Binders, scope: ScopeId) -> bool {
        let known = |name| self.home.get(name).is_some_and(|home| encloses(&self.proof.scopes, *home, scope));
        names.len() == binders.len()
            && names.iter().zip(binders.sorts()).all(|(name, sort)| known(name) && self.sort(*name) == sort)
    }

    fn step<'a>(&mut self, id: StepId, step: &'p Step, theorem: &impl Fn(TheoremId) -> Option<&'a Formula>) -> Verdict {
        require(step.scope.index() < self.proof.scopes.len(), "its scope does not exist")?;
        require(step.premises.iter().all(|premise| *premise < id), "a premise does not stand before it")?;
        self.well_formed(&step.conclusion, step.scope)?;
        let conclusion = &step.conclusion;
        match &step.rule {
            Rule::Assumption(number) => {
                self.premises(step, [])?;
                let assumptions = &self.proof.scopes[step.scope.index()].assumptions;
                let assumed = assumptions.get(*number as usize).ok_or("its scope has no such assumption")?;
                require(assumed == conclusion, "it is not what its scope assumes")
            }
            Rule::Theorem(cited) => {
                self.premises(step, [])?;
                let statement = theorem(*cited).ok_or("it cites a theorem that is not an earlier one")?;
                let stated = is_instance(statement, conclusion, &mut SortInstance::default());
                require(stated, "it is not what the cited theorem states")?;
                note(&mut self.basis.theorems, *cited);
                Ok(())
            }
            Rule::Generalise(discharged) => {
                let scope = self.discharge(step, *discharged)?;
                let [assumption] = &scope.assumptions[..] else {
                    return Err("the discharged scope must assume exactly one formula");
                };
                let [body] = self.premises(step, [*discharged])?;
                let binder = |name: &Name| (*name, Binder::new("x", self.sort(*name).clone()));
                let names: Vec<_> = scope.variables.iter().map(binder).collect();
                require(
                    Formula::forall(&names, assumption, body) == *conclusion,
                    "it is not the generalisation of what was derived in the scope",
                )
            }
            Rule::Instantiate(substitution) => self.instantiate(step, substitution),
            Rule::AndIntroduction => {
                let [left, right] = self.premises(step, [step.scope; 2])?;
                require(Formula::and(left.clone(), right.clone()) == *conclusion, "it is not the conjunction")
            }
            Rule::AndLeft | Rule::AndRight => {
                let [premise] = self.premises(step, [step.scope])?;
                let Formula::And(left, right) = premise else { return Err("its premise is no conjunction") };
                let part = if step.rule == Rule::AndLeft { left } else { right };
                require(**part == *conclusion, "it is not that part of the conjunction")
            }
            Rule::ExistsIntroduction(witnesses) => {
                let [left, right] = self.premises(step, [step.scope; 2])?;
                let (binders, first, second) = conclusion.as_exists().ok_or("it is no existence statement")?;
                require(
                    self.have_sorts(witnesses, binders, step.scope),
                    "there must be a witness of its sort for each variable",
                )?;
                require(first.open(witnesses) == *left, "the first premise is not about these witnesses")?;
                require(second.open(witnesses) == *right, "the second premise is not about these witnesses")
            }
            Rule::ExistsElimination(discharged) => {
                let scope = self.discharge(step, *discharged)?;
                let [exists, body] = self.premises(step, [step.scope, *discharged])?;
                let (binders, first, second) =
                    exists.as_exists().ok_or("its first premise is no existence statement")?;
                let [left, right] = &scope.assumptions[..] else {
                    return Err("the discharged scope must assume the two parts of the existence statement");
                };
                require(
                    self.have_sorts(&scope.variables, binders, *discharged),
                    "the scope must have a variable of its sort for each witness",
                )?;
                require(
                    first.open(&scope.variables) == *left && second.open(&scope.variables) == *right,
                    "the scope does not assume what the existence statement says",
                )?;
                require(body == conclusion, "it is not what was derived in the scope")
            }
            Rule::NotIntroduction(discharged) | Rule::Reductio(discharged) => {
                let scope = self.discharge(step, *discharged)?;
                require(scope.variables.is_empty(), "the discharged scope must introduce no variable")?;
                let [assumption] = &scope.assumptions[..] else {
                    return Err("the discharged scope must assume exactly one formula");
                };
                let [fact, denial] = self.premises(step, [*discharged; 2])?;
                require(Formula::negate(fact.clone()) == *denial, "the second premise does not deny the first")?;
                if matches!(step.rule, Rule::NotIntroduction(_)) {
                    require(
                        Formula::negate(assumption.clone()) == *conclusion,
                        "it is not the denial of the assumption",
                    )
                } else {
                    self.basis.classical = true;
                    require(Formula::negate(conclusion.clone()) == *assumption, "the scope does not assume its denial")
                }
            }
            Rule::ExFalso => {
                let [fact, denial] = self.premises(step, [step.scope; 2])?;
                require(Formula::negate(fact.clone()) == *denial, "the second premise does not deny the first")
            }
            Rule::Reflexivity => {
                self.premises(step, [])?;
                let Formula::Atom(PredicateId::EQUAL, sides) = conclusion else { return Err("it is no equation") };
                require(sides[0] == sides[1], "its two sides differ")
            }
            Rule::Congruence => self.congruence(step),
            Rule::Unfold | Rule::Fold => {
                let [premise] = self.premises(step, [step.scope])?;
                let (atom, body) =
                    if step.rule == Rule::Unfold { (premise, conclusion) } else { (conclusion, premise) };
                require(self.unfolded(atom)? == *body, "it is not the definition's body under these arguments")
            }
            Rule::Induction(number) => {
                let principle =
                    self.theory.inductions.get(*number as usize).ok_or("the theory has no such induction")?;
                self.induction(step, principle)?;
                note(&mut self.basis.inductions, *number);
                Ok(())
            }
            Rule::Cases(first, second) => {
                let yes = self.discharge(step, *first)?;
                let no = self.discharge(step, *second)?;
                require(yes.variables.is_empty() && no.variables.is_empty(), "a case introduces a variable")?;
                let ([assumed], [denied]) = (&yes.assumptions[..], &no.assumptions[..]) else {
                    return Err("each case must assume exactly one formula");
                };
                require(Formula::negate(assumed.clone()) == *denied, "the second case does not deny the first")?;
                let [here, there] = self.premises(step, [*first, *second])?;
                self.basis.classical = true;
                require(here == conclusion && there == conclusion, "a case derived something else")
            }
            Rule::Comprehension { predicate, arguments, set } => {
                self.premises(step, [])?;
                self.comprehension(conclusion, *predicate, arguments, *set as usize)?;
                note(&mut self.basis.comprehensions, *predicate);
                Ok(())
            }
        }
    }

    /// The conclusions of exactly `COUNT` premises, each visible from its entry in `scopes`.
    fn premises<const COUNT: usize>(&self, step: &Step, scopes: [ScopeId; COUNT]) -> Verdict<[&'p Formula; COUNT]> {
        require(step.premises.len() == COUNT, "it has the wrong number of premises")?;
        let mut formulas = [&step.conclusion; COUNT].map(|_| None);
        for (place, scope) in scopes.into_iter().enumerate() {
            formulas[place] = Some(self.premise(step.premises[place], scope)?);
        }
        Ok(formulas.map(|formula| formula.expect("filled above")))
    }

    fn premise(&self, premise: StepId, from: ScopeId) -> Verdict<&'p Formula> {
        let premise = &self.proof.steps[premise.index()];
        require(encloses(&self.proof.scopes, premise.scope, from), "a premise stands in a scope that is closed here")?;
        Ok(&premise.conclusion)
    }

    /// The scope discharged by a step: a direct child of the step's own scope.
    fn discharge(&self, step: &Step, scope: ScopeId) -> Verdict<&'p Scope> {
        let discharged = self.proof.scopes.get(scope.index()).ok_or("the discharged scope does not exist")?;
        require(scope != ScopeId::OUTER, "the outermost scope cannot be discharged")?;
        require(discharged.parent == step.scope, "the discharged scope does not lie directly inside")?;
        Ok(discharged)
    }

    fn instantiate(&self, step: &Step, substitution: &[Name]) -> Verdict {
        let (rule, facts) = step.premises.split_first().ok_or("it has no premise")?;
        let mut formula = self.premise(*rule, step.scope)?.clone();
        let mut rest = substitution;
        for fact in facts {
            let Formula::Implies(binders, premise, conclusion) = formula else {
                return Err("its first premise has fewer premises of its own");
            };
            require(rest.len() >= binders.len(), "the substitution is too short")?;
            let (arguments, others) = rest.split_at(binders.len());
            rest = others;
            require(self.have_sorts(arguments, &binders, step.scope), "a variable is replaced by one of another sort")?;
            require(
                premise.open(arguments) == *self.premise(*fact, step.scope)?,
                "a premise is not what the rule asks for",
            )?;
            formula = conclusion.open(arguments);
        }
        require(rest.is_empty(), "the substitution is too long")?;
        require(formula == step.conclusion, "it is not what the rule gives")
    }

    fn congruence(&self, step: &Step) -> Verdict {
        let (source, equations) = step.premises.split_first().ok_or("it has no premise")?;
        let source = self.premise(*source, step.scope)?;
        let mut equal = Vec::new();
        for equation in equations {
            let Formula::Atom(PredicateId::EQUAL, sides) = self.premise(*equation, step.scope)? else {
                return Err("a premise after the first is no equation");
            };
            equal.push((sides[0], sides[1]));
        }
        fn same(left: &Formula, right: &Formula, equal: &[(Variable, Variable)]) -> bool {
            match (left, right) {
                (Formula::Atom(one, from), Formula::Atom(other, to)) => {
                    one == other
                        && from.len() == to.len()
                        && from
                            .iter()
                            .zip(&**to)
                            .all(|(x, y)| x == y || equal.iter().any(|pair| *pair == (*x, *y) || *pair == (*y, *x)))
                }
                (Formula::And(a, b), Formula::And(c, d)) => same(a, c, equal) && same(b, d, equal),
                (Formula::Not(a), Formula::Not(b)) => same(a, b, equal),
                (Formula::Implies(one, a, b), Formula::Implies(other, c, d)) => {
                    one == other && same(a, c, equal) && same(b, d, equal)
                }
                _ => false,
            }
        }
        require(same(source, &step.conclusion, &equal), "it is not its premise with equals replaced")
    }

    fn unfolded(&self, atom: &Formula) -> Verdict<Formula> {
        let Formula::Atom(predicate, arguments) = atom else { return Err("only an atom can be unfolded") };
        let unfolded = self.theory.predicate(*predicate).unfold(&free(arguments)?, &|name| self.sort(name));
        unfolded.ok_or("a primitive cannot be unfolded")
    }

    /// The premises, in order: the atom stating that the set is generated; then `φ(c)` for each constant `c`, and for
    /// each function `f` the formula `∀x₁ (x₁∈S₁ → [φ(x₁) →] … ∀y (f(x₁,…)=y → φ(y)))`, with `φ(xᵢ)` where argument `i`
    /// is recursive.
    fn induction(&self, step: &Step, principle: &Induction) -> Verdict {
        require(step.premises.len() == 1 + principle.constructors.len(), "it has the wrong number of premises")?;
        let Formula::Atom(predicate, arguments) = self.premise(step.premises[0], step.scope)? else {
            return Err("its first premise does not say that a set is generated");
        };
        require(*predicate == principle.predicate, "its first premise is about another principle")?;
        let arguments = free(arguments)?;
        let element = |set: usize| self.sort(arguments[set]).element().ok_or("there is no set at a place");
        let member = |name: Name, set: usize| Formula::atom(PredicateId::IN, [name, arguments[set]]);
        let Formula::Implies(binders, guard, body) = &step.conclusion else { return Err("it is no ∀ statement") };
        require(binders.sorts().eq([element(Induction::SET)?]), "induction binds one variable, of the set's sort")?;
        let variable = |number: u32| Name(RESERVED.0 + number);
        require(
            guard.open(&[variable(0)]) == member(variable(0), Induction::SET),
            "its variable does not range over the structure's set",
        )?;
        let property = |name: Name| body.open(&[name]);
        for (constructor, premise) in principle.constructors.iter().zip(&step.premises[1..]) {
            let constructed = arguments[constructor.parameter];
            let count = constructor.arguments.len() as u32;
            let expected = if count == 0 {
                property(constructed)
            } else {
                let mut graph: Vec<Name> = (0..=count).map(variable).collect();
                let value = variable(count);
                graph.push(constructed);
                let predicate =
                    PredicateId::membership(graph.len() - 1).ok_or("a constructor has too many arguments")?;
                let bind =
                    |name: Name, set: usize| -> Verdict<_> { Ok([(name, Binder::new("x", element(set)?.clone()))]) };
                let row = Formula::atom(predicate, graph);
                let mut formula = Formula::forall(&bind(value, Induction::SET)?, &row, &property(value));
                for (number, set) in constructor.arguments.iter().enumerate().rev() {
                    let argument = variable(number as u32);
                    if *set == Induction::SET {
                        formula = Formula::forall(&[], &property(argument), &formula);
                    }
                    formula = Formula::forall(&bind(argument, *set)?, &member(argument, *set), &formula);
                }
                formula
            };
            require(*self.premise(*premise, step.scope)? == expected, "a case is not what induction asks for")?;
        }
        Ok(())
    }

    /// Checks that `D` is `∀x̄ (x̄∈S → φ) ∧ ∀x̄ (φ → x̄∈S)` with `S` not in `φ`, and the conclusion `∃S (D ∧ D)`.
    fn comprehension(&self, conclusion: &Formula, predicate: PredicateId, arguments: &[Name], set: usize) -> Verdict {
        let known = self.theory.predicates.get(predicate.index()).and_then(|known| known.definition.as_ref());
        let definition = known.ok_or("only a definition has a comprehension instance")?;
        require(arguments.len() == definition.parameters.len() && set < arguments.len(), "wrong number of arguments")?;
        let Formula::And(forth, back) = &definition.body else { return Err("the definition is not extensional") };
        let (Formula::Implies(one, member, property), Formula::Implies(other, same_property, same_member)) =
            (&**forth, &**back)
        else {
            return Err("the definition is not extensional");
        };
        require(
            one == other && member == same_member && property == same_property,
            "the two halves of the definition do not agree",
        )?;
        let Formula::Atom(membership, places) = &**member else {
            return Err("the definition is not about membership");
        };
        require(membership.places().is_some(), "the definition is not about membership")?;
        let count = one.len() as u32;
        let expected = (0..count).rev().map(Variable::Bound).chain([Variable::Free(Name(set as u32))]);
        require(places.iter().copied().eq(expected), "the definition is not about membership of all its variables")?;
        require(!property.free_variables().contains(&Name(set as u32)), "the definition speaks of the set it defines")?;
        let mut places = arguments.to_vec();
        places[set] = RESERVED;
        let atom = Formula::atom(predicate, places);
        let (binders, ..) = conclusion.as_exists().ok_or("it is no existence statement")?;
        let bound: Vec<_> = binders.iter().map(|binder| (RESERVED, binder.clone())).collect();
        require(
            bound.len() == 1 && Formula::exists(&bound, &atom, &atom) == *conclusion,
            "it is not the comprehension instance",
        )
    }
}

fn free(arguments: &[Variable]) -> Verdict<Vec<Name>> {
    arguments
        .iter()
        .map(|argument| match argument {
            Variable::Free(name) => Ok(*name),
            Variable::Bound(_) => Err("a bound variable has no binder"),
        })
        .collect()
}
