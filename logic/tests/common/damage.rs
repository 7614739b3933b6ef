//! Kinds of damage to a proof. Each takes a valid proof and returns all proofs that result from damaging it at one
//! place.

mod formula;
mod step;

use theoremata_logic::calculus::formula::{Formula, Name};
use theoremata_logic::calculus::proof::{Proof, Rule, Step, StepId};

use super::Subject;

/// A kind of damage.
pub type Damage = fn(&Subject) -> Vec<Proof>;

/// All kinds of damage, with their names.
pub const KINDS: &[(&str, Damage)] = &[
    ("dropped premise", step::dropped_premise),
    ("swapped premises", step::swapped_premises),
    ("swapped variables in a conclusion", formula::swapped_variables),
    ("another variable in a conclusion", formula::another_variable),
    ("captured variable", formula::captured_variable),
    ("stale eigenvariable", formula::stale_eigenvariable),
    ("eigenvariable introduced twice", step::introduced_twice),
    ("eigenvariable not introduced", step::not_introduced),
    ("wrong witness", formula::wrong_witness),
    ("cycle", step::cycle),
    ("citation of itself or a later theorem", step::later_theorem),
    ("wrong theorem statement", step::wrong_theorem),
    ("wrong definition instance", formula::wrong_instance),
    ("induction without the guard", step::induction_without_guard),
    ("induction with a swapped case", step::induction_with_swapped_case),
    ("induction of another structure", step::induction_of_another),
    ("congruence where nothing is equal", formula::unjustified_congruence),
    ("scope leak", step::scope_leak),
    ("step moved out of its scope", step::moved_out),
    ("step moved where its users cannot see it", step::moved_away),
    ("discharge of a wrong scope", step::wrong_discharge),
    ("wrong assumption number", step::wrong_assumption),
    ("assumption smuggled in or lost", step::smuggled_assumption),
    ("substitution cut or lengthened", formula::wrong_length),
    ("substitution of another variable", formula::wrong_substitution),
    ("negation dropped", formula::negation_dropped),
    ("negation added", formula::negation_added),
    ("last step inside a scope", step::open_end),
    ("arity broken", formula::arity_broken),
    ("dangling bound variable", formula::dangling),
    ("other part of a conjunction", step::other_part),
    ("another rule", step::another_rule),
    ("wrong comprehension", formula::wrong_comprehension),
];

/// The proofs in which `change` has replaced one step.
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

/// The rule with one variable of its substitution or witnesses replaced.
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
