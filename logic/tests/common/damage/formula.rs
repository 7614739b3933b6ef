//! Damage to conclusions, substitutions and witnesses.

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::proof::{Proof, Rule, Step};

use super::super::Subject;
use super::super::places::{another, atoms, congruent, invisible, occurrences, one_place, visible};
use super::{each_step, renamed, with_conclusion, with_rule};

pub fn swapped_variables(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        let names = step.conclusion.free_variables();
        let mut steps = Vec::new();
        for (place, one) in names.iter().enumerate() {
            for other in &names[..place] {
                let swap = &mut |name: Name| match name {
                    name if name == *one => *other,
                    name if name == *other => *one,
                    name => name,
                };
                steps.push(with_conclusion(step, step.conclusion.substitute(swap)));
            }
        }
        steps
    })
}

pub fn another_variable(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let names = visible(proof, step.scope);
        occurrences(&step.conclusion, &|name, _| another(&names, name).map(Variable::Free))
            .into_iter()
            .map(|formula| with_conclusion(step, formula))
            .collect()
    })
}

pub fn captured_variable(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        occurrences(&step.conclusion, &|_, depth| (depth > 0).then_some(Variable::Bound(0)))
            .into_iter()
            .map(|formula| with_conclusion(step, formula))
            .collect()
    })
}

pub fn stale_eigenvariable(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let Some(stale) = invisible(proof, step.scope) else { return Vec::new() };
        let mut steps: Vec<Step> = occurrences(&step.conclusion, &|_, _| Some(Variable::Free(stale)))
            .into_iter()
            .map(|formula| with_conclusion(step, formula))
            .collect();
        if let Rule::Instantiate(names) | Rule::ExistsIntroduction(names) = &step.rule {
            steps.extend((0..names.len()).map(|place| with_rule(step, renamed(&step.rule, place, stale))));
        }
        steps
    })
}

pub fn wrong_witness(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let Rule::ExistsIntroduction(witnesses) = &step.rule else { return Vec::new() };
        let mut steps = Vec::new();
        for (place, witness) in witnesses.iter().enumerate() {
            for name in visible(proof, step.scope).into_iter().filter(|name| name != witness) {
                steps.push(with_rule(step, renamed(&step.rule, place, name)));
            }
        }
        steps
    })
}

pub fn wrong_instance(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        if !matches!(step.rule, Rule::Fold | Rule::Unfold) {
            return Vec::new();
        }
        let mut steps = Vec::new();
        for old in step.conclusion.free_variables() {
            for new in visible(proof, step.scope) {
                let changed = step.conclusion.substitute(&mut |name| if name == old { new } else { name });
                steps.push(with_conclusion(step, changed));
            }
        }
        let atom = match step.rule {
            Rule::Fold => &step.conclusion,
            _ => &proof.steps[step.premises[0].index()].conclusion,
        };
        let Formula::Atom(predicate, arguments) = atom else { return steps };
        let names = atom.free_variables();
        for (place, other) in subject.theory.predicates.iter().enumerate() {
            if other.definition.is_none() || place == predicate.index() || other.sorts.len() != arguments.len() {
                continue;
            }
            steps.push(with_conclusion(
                step,
                match step.rule {
                    Rule::Fold => Formula::Atom(PredicateId(place as u32), arguments.clone()),
                    _ => match other.unfold(&names, &|name| &proof.sorts[name.0 as usize]) {
                        Some(unfolded) => unfolded,
                        None => continue,
                    },
                },
            ));
        }
        steps
    })
}

pub fn unjustified_congruence(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        if step.rule != Rule::Congruence {
            return Vec::new();
        }
        let mut steps = Vec::new();
        for new in visible(proof, step.scope) {
            for formula in occurrences(&step.conclusion, &|_, _| Some(Variable::Free(new))) {
                let changed = with_conclusion(step, formula);
                if !congruent(proof, &changed) {
                    steps.push(changed);
                }
            }
        }
        steps
    })
}

pub fn wrong_length(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        let lists = |names: &[Name]| {
            let extra = names.first().copied().unwrap_or(Name(0));
            let mut lists: Vec<Vec<Name>> = (0..names.len()).map(|cut| names[..cut].to_vec()).collect();
            lists.push(names.iter().copied().chain([extra]).collect());
            lists
        };
        match &step.rule {
            Rule::Instantiate(names) => {
                lists(names).into_iter().map(|names| with_rule(step, Rule::Instantiate(names))).collect()
            }
            Rule::ExistsIntroduction(names) => {
                lists(names).into_iter().map(|names| with_rule(step, Rule::ExistsIntroduction(names))).collect()
            }
            _ => Vec::new(),
        }
    })
}

pub fn wrong_substitution(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let Rule::Instantiate(names) = &step.rule else { return Vec::new() };
        let mut steps = Vec::new();
        for (place, name) in names.iter().enumerate() {
            for other in visible(proof, step.scope).into_iter().filter(|other| other != name) {
                steps.push(with_rule(step, renamed(&step.rule, place, other)));
            }
        }
        steps
    })
}

pub fn negation_dropped(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        let drop = |formula: &Formula, _| match formula {
            Formula::Not(inner) => vec![(**inner).clone()],
            _ => Vec::new(),
        };
        one_place(&step.conclusion, &drop).into_iter().map(|formula| with_conclusion(step, formula)).collect()
    })
}

pub fn negation_added(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        atoms(&step.conclusion, &|predicate, arguments, _| {
            vec![Formula::negate(Formula::Atom(predicate, arguments.iter().copied().collect()))]
        })
        .into_iter()
        .map(|formula| with_conclusion(step, formula))
        .collect()
    })
}

pub fn arity_broken(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        atoms(&step.conclusion, &|predicate, arguments, _| {
            let fewer = arguments[..arguments.len() - 1].iter().copied().collect();
            let more = arguments.iter().chain(arguments.last()).copied().collect();
            vec![Formula::Atom(predicate, fewer), Formula::Atom(predicate, more)]
        })
        .into_iter()
        .map(|formula| with_conclusion(step, formula))
        .collect()
    })
}

pub fn dangling(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        occurrences(&step.conclusion, &|_, depth| Some(Variable::Bound(depth)))
            .into_iter()
            .map(|formula| with_conclusion(step, formula))
            .collect()
    })
}

pub fn wrong_comprehension(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let Rule::Comprehension { predicate, arguments, set } = &step.rule else { return Vec::new() };
        let with =
            |predicate, arguments: Vec<Name>, set| with_rule(step, Rule::Comprehension { predicate, arguments, set });
        let mut steps = Vec::new();
        for other in (0..=subject.theory.predicates.len() as u32).map(PredicateId).filter(|other| other != predicate) {
            steps.push(with(other, arguments.clone(), *set));
        }
        for place in 0..arguments.len() {
            for name in visible(proof, step.scope) {
                if place != *set as usize && arguments[place] != name {
                    let mut arguments = arguments.clone();
                    arguments[place] = name;
                    steps.push(with(*predicate, arguments, *set));
                }
            }
            if place != *set as usize {
                steps.push(with(*predicate, arguments.clone(), place as u32));
            }
        }
        steps.push(with(*predicate, arguments.clone(), 99));
        steps.push(with(*predicate, arguments[1..].to_vec(), *set));
        steps
    })
}
