//! Damage to premises, rules and scopes.

use std::sync::Arc;

use theoremata_logic::calculus::formula::{Formula, PredicateId, Variable};
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, Step, StepId, TheoremId};

use super::super::Subject;
use super::super::places::{encloses, parts_of_scope, rename, visible};
use super::{each_step, with_conclusion, with_premises, with_rule};

pub fn dropped_premise(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        let drop = |place: usize| {
            let mut premises = step.premises.clone();
            premises.remove(place);
            with_premises(step, premises)
        };
        (0..step.premises.len()).map(drop).collect()
    })
}

pub fn swapped_premises(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        let mut steps = Vec::new();
        for right in 0..step.premises.len() {
            for left in 0..right {
                let mut premises = step.premises.clone();
                premises.swap(left, right);
                steps.push(with_premises(step, premises));
            }
        }
        steps
    })
}

pub fn cycle(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, at, step| {
        let mut steps = Vec::new();
        for place in 0..step.premises.len() {
            for target in at..proof.steps.len() {
                let mut premises = step.premises.clone();
                premises[place] = StepId(target as u32);
                steps.push(with_premises(step, premises));
            }
        }
        steps
    })
}

pub fn later_theorem(subject: &Subject) -> Vec<Proof> {
    let from = subject.number..subject.statements.len() + 1;
    let cite = |id: usize| {
        let conclusion = subject.statements.get(id).unwrap_or(&subject.statements[subject.number]).clone();
        (Rule::Theorem(TheoremId(id as u32)), conclusion)
    };
    let mut damaged = each_step(subject, |_, _, step| {
        let Rule::Theorem(_) = step.rule else { return Vec::new() };
        let step = |id| {
            let (rule, conclusion) = cite(id);
            Step { rule, conclusion, ..step.clone() }
        };
        from.clone().map(step).collect()
    });
    // The shortest cycle: the theorem is its own premise.
    let mut proof = subject.proof.clone();
    let (rule, conclusion) = cite(subject.number);
    proof.steps = vec![Step { rule, premises: vec![], conclusion, scope: ScopeId::OUTER }];
    damaged.push(proof);
    damaged
}

pub fn wrong_theorem(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        let Rule::Theorem(cited) = step.rule else { return Vec::new() };
        let mut steps = Vec::new();
        for (id, statement) in subject.statements.iter().enumerate() {
            if id != cited.0 as usize && *statement != step.conclusion {
                steps.push(with_rule(step, Rule::Theorem(TheoremId(id as u32))));
                steps.push(with_conclusion(step, statement.clone()));
            }
        }
        steps
    })
}

pub fn induction_without_guard(subject: &Subject) -> Vec<Proof> {
    let same = |formula: &Formula| match formula {
        Formula::Implies(binders, _, conclusion) => {
            let first = Variable::Bound(binders.len().saturating_sub(1) as u32);
            let guard = Formula::Atom(PredicateId::EQUAL, Arc::from([first, first]));
            Some(Formula::Implies(binders.clone(), Arc::new(guard), conclusion.clone()))
        }
        _ => None,
    };
    // The conclusion without its guard.
    let mut damaged = each_step(subject, |_, _, step| match step.rule {
        Rule::Induction(_) => {
            same(&step.conclusion).map(|formula| with_conclusion(step, formula)).into_iter().collect()
        }
        _ => Vec::new(),
    });
    // A case without its guard, assumed and discharged consistently.
    let proof = &subject.proof;
    for step in proof.steps.iter().filter(|step| matches!(step.rule, Rule::Induction(_))) {
        for premise in &step.premises[1..] {
            let Rule::Generalise(scope) = proof.steps[premise.index()].rule else { continue };
            let Some(variable) = proof.scopes[scope.index()].variables.first() else { continue };
            let guard = Formula::equal(*variable, *variable);
            let mut copy = proof.clone();
            copy.scopes[scope.index()].assumptions = vec![guard.clone()];
            for step in copy.steps.iter_mut().filter(|step| step.scope == scope && step.rule == Rule::Assumption(0)) {
                step.conclusion = guard.clone();
            }
            let conclusion = same(&copy.steps[premise.index()].conclusion).expect("a generalisation");
            copy.steps[premise.index()].conclusion = conclusion;
            damaged.push(copy);
        }
    }
    damaged
}

pub fn induction_with_swapped_case(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let Rule::Induction(_) = step.rule else { return Vec::new() };
        let mut steps = Vec::new();
        for place in 0..step.premises.len() {
            for other in (0..step.premises.len()).filter(|other| *other != place) {
                let mut premises = step.premises.clone();
                premises.swap(place, other);
                steps.push(with_premises(step, premises));
                let mut premises = step.premises.clone();
                premises[place] = premises[other];
                steps.push(with_premises(step, premises));
            }
            // The case of a constructor without its row, otherwise unchanged.
            if let Rule::Generalise(_) = proof.steps[step.premises[place].index()].rule {
                let mut premises = step.premises.clone();
                premises[place] = proof.steps[step.premises[place].index()].premises[0];
                steps.push(with_premises(step, premises));
            }
        }
        steps
    })
}

pub fn induction_of_another(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, at, step| {
        let Rule::Induction(number) = step.rule else { return Vec::new() };
        let others = 0..=subject.theory.inductions.len() as u32;
        let mut steps: Vec<Step> =
            others.filter(|other| *other != number).map(|other| with_rule(step, Rule::Induction(other))).collect();
        let right = &proof.steps[step.premises[0].index()].conclusion;
        for (place, other) in proof.steps[..at].iter().enumerate() {
            if matches!(other.conclusion, Formula::Atom(..)) && other.conclusion != *right {
                let mut premises = step.premises.clone();
                premises[0] = StepId(place as u32);
                steps.push(with_premises(step, premises));
            }
        }
        steps
    })
}

pub fn scope_leak(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, at, step| {
        let mut steps = Vec::new();
        for place in 0..step.premises.len() {
            let wanted = &proof.steps[step.premises[place].index()];
            let hidden = (0..at).filter(|other| {
                let home = proof.steps[*other].scope;
                !encloses(proof, home, wanted.scope) && !encloses(proof, home, step.scope)
            });
            // Preferably a step with the same conclusion.
            let best = hidden.max_by_key(|other| proof.steps[*other].conclusion == wanted.conclusion);
            if let Some(best) = best {
                let mut premises = step.premises.clone();
                premises[place] = StepId(best as u32);
                steps.push(with_premises(step, premises));
            }
        }
        steps
    })
}

pub fn moved_out(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let parent = proof.scopes[step.scope.index()].parent;
        let sees = |premise: &StepId| encloses(proof, proof.steps[premise.index()].scope, parent);
        let known = visible(proof, parent);
        let is_bound_here = matches!(step.rule, Rule::Assumption(_)) || !parts_of_scope(&step.rule).is_empty();
        let harmless = !is_bound_here
            && step.premises.iter().all(sees)
            && step.conclusion.free_variables().iter().all(|name| known.contains(name));
        if harmless { Vec::new() } else { vec![Step { scope: parent, ..step.clone() }] }
    })
}

pub fn moved_away(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, at, step| {
        let mut steps = Vec::new();
        for scope in (0..proof.scopes.len() as u32).map(ScopeId) {
            let hidden = proof.steps.iter().any(|user| {
                user.premises.contains(&StepId(at as u32))
                    && parts_of_scope(&user.rule).iter().chain([&user.scope]).all(|from| !encloses(proof, scope, *from))
            });
            if hidden && !matches!(step.rule, Rule::Assumption(_)) {
                steps.push(Step { scope, ..step.clone() });
            }
        }
        steps
    })
}

pub fn wrong_discharge(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let mut steps = Vec::new();
        for other in (0..=proof.scopes.len() as u32).map(ScopeId) {
            let rules = match step.rule {
                Rule::Generalise(_) => vec![Rule::Generalise(other)],
                Rule::ExistsElimination(_) => vec![Rule::ExistsElimination(other)],
                Rule::NotIntroduction(_) => vec![Rule::NotIntroduction(other)],
                Rule::Reductio(_) => vec![Rule::Reductio(other)],
                Rule::Cases(yes, no) => vec![Rule::Cases(other, no), Rule::Cases(yes, other)],
                _ => vec![],
            };
            steps.extend(rules.into_iter().map(|rule| with_rule(step, rule)));
        }
        steps
    })
}

pub fn wrong_assumption(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let Rule::Assumption(_) = step.rule else { return Vec::new() };
        let assumptions = &proof.scopes[step.scope.index()].assumptions;
        (0..=assumptions.len())
            .filter(|other| assumptions.get(*other) != Some(&step.conclusion))
            .map(|other| with_rule(step, Rule::Assumption(other as u32)))
            .collect()
    })
}

pub fn smuggled_assumption(subject: &Subject) -> Vec<Proof> {
    let statement = subject.proof.statement().expect("it has steps");
    let mut damaged = Vec::new();
    for (place, scope) in subject.proof.scopes.iter().enumerate() {
        let mut copy = subject.proof.clone();
        copy.scopes[place].assumptions.push(statement.clone());
        damaged.push(copy);
        for lost in 0..scope.assumptions.len() {
            let mut copy = subject.proof.clone();
            copy.scopes[place].assumptions.remove(lost);
            damaged.push(copy);
        }
    }
    damaged
}

pub fn introduced_twice(subject: &Subject) -> Vec<Proof> {
    let proof = &subject.proof;
    let mut damaged = Vec::new();
    for (place, scope) in proof.scopes.iter().enumerate() {
        for (number, other) in proof.scopes.iter().enumerate() {
            if place == number {
                continue;
            }
            if let (Some(old), Some(new)) = (scope.variables.first(), other.variables.first()) {
                damaged.push(rename(proof, ScopeId(place as u32), *old, *new));
            }
        }
        if let [first, second, ..] = scope.variables[..] {
            damaged.push(rename(proof, ScopeId(place as u32), second, first));
        }
    }
    damaged
}

pub fn not_introduced(subject: &Subject) -> Vec<Proof> {
    let mut damaged = Vec::new();
    for (place, scope) in subject.proof.scopes.iter().enumerate() {
        for variable in 0..scope.variables.len() {
            let mut copy = subject.proof.clone();
            copy.scopes[place].variables.remove(variable);
            damaged.push(copy);
        }
    }
    damaged
}

pub fn open_end(subject: &Subject) -> Vec<Proof> {
    let proof = &subject.proof;
    let mut damaged = Vec::new();
    for end in 1..proof.steps.len() {
        if proof.steps[end - 1].scope != ScopeId::OUTER {
            let mut copy = proof.clone();
            copy.steps.truncate(end);
            damaged.push(copy);
        }
    }
    damaged
}

pub fn other_part(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let rule = match step.rule {
            Rule::AndLeft => Rule::AndRight,
            Rule::AndRight => Rule::AndLeft,
            _ => return Vec::new(),
        };
        let Formula::And(left, right) = &proof.steps[step.premises[0].index()].conclusion else { return Vec::new() };
        if left == right { Vec::new() } else { vec![with_rule(step, rule)] }
    })
}

pub fn another_rule(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        match step.rule {
            Rule::NotIntroduction(scope) => vec![Rule::Reductio(scope), Rule::Generalise(scope), Rule::ExFalso],
            Rule::Reductio(scope) => vec![Rule::NotIntroduction(scope), Rule::Generalise(scope)],
            Rule::Generalise(scope) => vec![Rule::NotIntroduction(scope), Rule::ExistsElimination(scope)],
            Rule::ExistsElimination(scope) => vec![Rule::Generalise(scope), Rule::Cases(scope, scope)],
            Rule::Fold => vec![Rule::Unfold],
            Rule::Unfold => vec![Rule::Fold],
            Rule::ExistsIntroduction(_) => vec![Rule::AndIntroduction, Rule::ExFalso],
            Rule::Instantiate(_) => vec![Rule::Congruence, Rule::ExFalso],
            Rule::Congruence => vec![Rule::Instantiate(Vec::new()), Rule::Reflexivity],
            Rule::Induction(_) => vec![Rule::Instantiate(Vec::new())],
            Rule::Cases(yes, _) => vec![Rule::ExistsElimination(yes), Rule::Generalise(yes)],
            _ => vec![Rule::Assumption(7), Rule::Reflexivity, Rule::Induction(0)],
        }
        .into_iter()
        .map(|rule| with_rule(step, rule))
        .collect()
    })
}
