//! Tests whether the constructors of a generated set are free, so that its elements are the constructor terms.

use std::sync::Arc;

use crate::clauses::clause::RelationId;
use crate::clauses::compile::{Compiled, ConstructorInstance, InductionInstance};
use crate::saturation::block::Snapshot;
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};
use crate::search::attempt::{Effort, LogicBlock, Verdict, solve};

/// Whether the theory proves that different constructors have different values and that each constructor is injective.
/// The steps done are added to `steps`.
#[must_use]
pub(super) fn are_free(
    compiled: &Arc<Compiled>,
    root: &Arc<Snapshot>,
    induction: &InductionInstance,
    steps: &mut u64,
) -> bool {
    let variable = Argument::Variable;
    let mut sequents = Vec::new();
    for (place, one) in induction.constructors.iter().enumerate() {
        for other in &induction.constructors[place..] {
            match (one, other) {
                (ConstructorInstance::Constant(left), ConstructorInstance::Constant(right)) if left != right => {
                    let side = |constant: u16| Argument::Individual(Individual(u32::from(constant)));
                    let head = Pattern { code: Code::APART, arguments: vec![side(*left), side(*right)] };
                    sequents.push(Sequent { variables: 0, premises: vec![], head: SequentHead::Literal(head) });
                }
                (ConstructorInstance::Constant(_), ConstructorInstance::Constant(_)) => {}
                (ConstructorInstance::Constant(constant), ConstructorInstance::Function(relation, inputs))
                | (ConstructorInstance::Function(relation, inputs), ConstructorInstance::Constant(constant)) => {
                    // x ∈ S, … ⊢ ¬ f(x) = c
                    let mut arguments: Vec<_> = (0..inputs.len() as u16).map(variable).collect();
                    let premises = members(&arguments, inputs);
                    arguments.push(Argument::Individual(Individual(u32::from(*constant))));
                    let head = Pattern { code: Code::new(*relation, false), arguments };
                    let variables = inputs.len() as u16;
                    sequents.push(Sequent { variables, premises, head: SequentHead::Literal(head) });
                }
                (ConstructorInstance::Function(f, from), ConstructorInstance::Function(g, to)) => {
                    let count = from.len() as u16;
                    let value = variable(count + to.len() as u16);
                    let row = |code, first: u16, inputs: u16| {
                        let mut arguments: Vec<_> = (first..first + inputs).map(variable).collect();
                        arguments.push(value);
                        Pattern { code: Code::new(code, true), arguments }
                    };
                    let premises = vec![row(*f, 0, count), row(*g, count, to.len() as u16)];
                    let variables = count + to.len() as u16 + 1;
                    if f == g {
                        for input in 0..count {
                            let head = Pattern {
                                code: Code::EQUAL,
                                arguments: vec![variable(input), variable(count + input)],
                            };
                            let head = SequentHead::Literal(head);
                            sequents.push(Sequent { variables, premises: premises.clone(), head });
                        }
                    } else {
                        // f(x) = z ⊢ ¬ g(y) = z
                        let mut premises = premises;
                        let mut head = premises.remove(1);
                        head.code = head.code.opposite();
                        let inputs: Vec<_> = (count..count + to.len() as u16).map(variable).collect();
                        premises.extend(members(&inputs, to));
                        sequents.push(Sequent { variables, premises, head: SequentHead::Literal(head) });
                    }
                }
            }
        }
    }
    sequents.into_iter().all(|sequent| {
        let (verdict, work) = solve(LogicBlock::new(compiled.clone(), root.clone(), sequent, Effort::GLANCE));
        *steps += work;
        matches!(verdict, Verdict::Proved(_))
    })
}

fn members(arguments: &[Argument], inputs: &[(RelationId, bool)]) -> Vec<Pattern> {
    arguments
        .iter()
        .zip(inputs)
        .map(|(argument, (set, _))| Pattern { code: Code::new(*set, true), arguments: vec![*argument] })
        .collect()
}
