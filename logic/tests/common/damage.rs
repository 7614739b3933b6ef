//! Ways to damage a proof. Each takes a good proof and gives all proofs that come of doing one damage
//! at one place, for every place where it can be done.

use std::sync::Arc;

use theoremata_logic::formula::{Formula, Name, PredicateId, Variable};
use theoremata_logic::proof::{Proof, Rule, ScopeId, Step, StepId, TheoremId};

use super::Subject;
use super::places::{
    another, atoms, congruent, encloses, invisible, occurrences, one_place, parts_of_scope, rename, visible,
};

/// One way to damage a proof.
pub type Damage = fn(&Subject) -> Vec<Proof>;

/// All kinds of damage, with their names.
pub const KINDS: &[(&str, Damage)] = &[
    ("dropped premise", dropped_premise),
    ("swapped premises", swapped_premises),
    ("swapped variables in a conclusion", swapped_variables),
    ("another variable in a conclusion", another_variable),
    ("captured variable", captured_variable),
    ("stale eigenvariable", stale_eigenvariable),
    ("eigenvariable introduced twice", introduced_twice),
    ("eigenvariable not introduced", not_introduced),
    ("wrong witness", wrong_witness),
    ("cycle", cycle),
    ("citation of itself or a later theorem", later_theorem),
    ("wrong theorem statement", wrong_theorem),
    ("wrong definition instance", wrong_instance),
    ("induction without the guard", induction_without_guard),
    ("induction with a swapped case", induction_with_swapped_case),
    ("induction of another structure", induction_of_another),
    ("congruence where nothing is equal", unjustified_congruence),
    ("scope leak", scope_leak),
    ("step moved out of its scope", moved_out),
    ("step moved where its users cannot see it", moved_away),
    ("discharge of a wrong scope", wrong_discharge),
    ("wrong assumption number", wrong_assumption),
    ("assumption smuggled in or lost", smuggled_assumption),
    ("substitution cut or lengthened", wrong_length),
    ("substitution of another variable", wrong_substitution),
    ("negation dropped", negation_dropped),
    ("negation added", negation_added),
    ("last step inside a scope", open_end),
    ("arity broken", arity_broken),
    ("dangling bound variable", dangling),
    ("other part of a conjunction", other_part),
    ("another rule", another_rule),
    ("wrong comprehension", wrong_comprehension),
];

/// The proofs in which `change` has put another step in the place of one.
fn each_step(subject: &Subject, change: impl Fn(&Proof, usize, &Step) -> Vec<Step>) -> Vec<Proof> {
    let proof = &subject.proof;
    let mut damaged = Vec::new();
    for (place, step) in proof.steps.iter().enumerate() {
        for new in change(proof, place, step) {
            if new != *step {
                let mut copy = proof.clone();
                copy.steps[place] = new;
                damaged.push(copy);
            }
        }
    }
    damaged
}

fn with_premises(step: &Step, premises: Vec<StepId>) -> Step {
    Step { premises, ..step.clone() }
}

fn with_conclusion(step: &Step, conclusion: Formula) -> Step {
    Step { conclusion, ..step.clone() }
}

fn with_rule(step: &Step, rule: Rule) -> Step {
    Step { rule, ..step.clone() }
}

fn dropped_premise(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        let drop = |place: usize| {
            let mut premises = step.premises.clone();
            premises.remove(place);
            with_premises(step, premises)
        };
        (0..step.premises.len()).map(drop).collect()
    })
}

fn swapped_premises(subject: &Subject) -> Vec<Proof> {
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

fn swapped_variables(subject: &Subject) -> Vec<Proof> {
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

fn another_variable(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let names = visible(proof, step.scope);
        occurrences(&step.conclusion, &|name, _| another(&names, name).map(Variable::Free))
            .into_iter()
            .map(|formula| with_conclusion(step, formula))
            .collect()
    })
}

fn captured_variable(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        occurrences(&step.conclusion, &|_, depth| (depth > 0).then_some(Variable::Bound(0)))
            .into_iter()
            .map(|formula| with_conclusion(step, formula))
            .collect()
    })
}

fn stale_eigenvariable(subject: &Subject) -> Vec<Proof> {
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

/// The rule with another variable at a place of its substitution or of its witnesses.
fn renamed(rule: &Rule, place: usize, name: Name) -> Rule {
    let change = |names: &[Name]| {
        let mut names = names.to_vec();
        names[place] = name;
        names
    };
    match rule {
        Rule::Instantiate(names) => Rule::Instantiate(change(names)),
        Rule::ExistsIntroduction(names) => Rule::ExistsIntroduction(change(names)),
        other => other.clone(),
    }
}

fn introduced_twice(subject: &Subject) -> Vec<Proof> {
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

fn not_introduced(subject: &Subject) -> Vec<Proof> {
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

fn wrong_witness(subject: &Subject) -> Vec<Proof> {
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

fn cycle(subject: &Subject) -> Vec<Proof> {
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

fn later_theorem(subject: &Subject) -> Vec<Proof> {
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
    // The shortest circle: the theorem holds because it holds.
    let mut proof = subject.proof.clone();
    let (rule, conclusion) = cite(subject.number);
    proof.steps = vec![Step { rule, premises: vec![], conclusion, scope: ScopeId::OUTER }];
    damaged.push(proof);
    damaged
}

fn wrong_theorem(subject: &Subject) -> Vec<Proof> {
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

fn wrong_instance(subject: &Subject) -> Vec<Proof> {
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
            let Some(definition) = &other.definition else { continue };
            if place == predicate.index() || definition.parameters.len() != arguments.len() {
                continue;
            }
            steps.push(with_conclusion(
                step,
                match step.rule {
                    Rule::Fold => Formula::Atom(PredicateId(place as u32), arguments.clone()),
                    _ if names.len() == arguments.len() => definition.instance(&names),
                    _ => continue,
                },
            ));
        }
        steps
    })
}

fn induction_without_guard(subject: &Subject) -> Vec<Proof> {
    let same = |formula: &Formula| match formula {
        Formula::Implies(binders, _, conclusion) => {
            let first = Variable::Bound(binders.len().saturating_sub(1) as u32);
            let guard = Formula::Atom(PredicateId::EQUAL, Arc::from([first, first]));
            Some(Formula::Implies(binders.clone(), Arc::new(guard), conclusion.clone()))
        }
        _ => None,
    };
    // The guard left out of the conclusion.
    let mut damaged = each_step(subject, |_, _, step| match step.rule {
        Rule::Induction(_) => {
            same(&step.conclusion).map(|formula| with_conclusion(step, formula)).into_iter().collect()
        }
        _ => Vec::new(),
    });
    // The guard left out of a case, there assumed and discharged consistently.
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

fn induction_with_swapped_case(subject: &Subject) -> Vec<Proof> {
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
            // The case of a constructor left as it is, without its row.
            if let Rule::Generalise(_) = proof.steps[step.premises[place].index()].rule {
                let mut premises = step.premises.clone();
                premises[place] = proof.steps[step.premises[place].index()].premises[0];
                steps.push(with_premises(step, premises));
            }
        }
        steps
    })
}

fn induction_of_another(subject: &Subject) -> Vec<Proof> {
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

fn unjustified_congruence(subject: &Subject) -> Vec<Proof> {
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

fn scope_leak(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, at, step| {
        let mut steps = Vec::new();
        for place in 0..step.premises.len() {
            let wanted = &proof.steps[step.premises[place].index()];
            let hidden = (0..at).filter(|other| {
                let home = proof.steps[*other].scope;
                !encloses(proof, home, wanted.scope) && !encloses(proof, home, step.scope)
            });
            // Best a step that says the very same.
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

fn moved_out(subject: &Subject) -> Vec<Proof> {
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

fn moved_away(subject: &Subject) -> Vec<Proof> {
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

fn wrong_discharge(subject: &Subject) -> Vec<Proof> {
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

fn wrong_assumption(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |proof, _, step| {
        let Rule::Assumption(_) = step.rule else { return Vec::new() };
        let assumptions = &proof.scopes[step.scope.index()].assumptions;
        (0..=assumptions.len())
            .filter(|other| assumptions.get(*other) != Some(&step.conclusion))
            .map(|other| with_rule(step, Rule::Assumption(other as u32)))
            .collect()
    })
}

fn smuggled_assumption(subject: &Subject) -> Vec<Proof> {
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

fn wrong_length(subject: &Subject) -> Vec<Proof> {
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

fn wrong_substitution(subject: &Subject) -> Vec<Proof> {
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

fn negation_dropped(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        let drop = |formula: &Formula, _| match formula {
            Formula::Not(inner) => vec![(**inner).clone()],
            _ => Vec::new(),
        };
        one_place(&step.conclusion, &drop).into_iter().map(|formula| with_conclusion(step, formula)).collect()
    })
}

fn negation_added(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        atoms(&step.conclusion, &|predicate, arguments, _| {
            vec![Formula::negate(Formula::Atom(predicate, arguments.iter().copied().collect()))]
        })
        .into_iter()
        .map(|formula| with_conclusion(step, formula))
        .collect()
    })
}

fn open_end(subject: &Subject) -> Vec<Proof> {
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

fn arity_broken(subject: &Subject) -> Vec<Proof> {
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

fn dangling(subject: &Subject) -> Vec<Proof> {
    each_step(subject, |_, _, step| {
        occurrences(&step.conclusion, &|_, depth| Some(Variable::Bound(depth)))
            .into_iter()
            .map(|formula| with_conclusion(step, formula))
            .collect()
    })
}

fn other_part(subject: &Subject) -> Vec<Proof> {
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

fn another_rule(subject: &Subject) -> Vec<Proof> {
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

fn wrong_comprehension(subject: &Subject) -> Vec<Proof> {
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
