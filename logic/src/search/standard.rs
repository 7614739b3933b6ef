//! A piece of an inductive structure, worked out from the axioms by a logic block.
//!
//! The individuals are the values of the constructors, by number of applications: for arithmetic 0,
//! s(0), s(s(0)), …. Everything that the model says was derived; that different individuals are
//! different things is proved once, for the constructors.

use std::sync::Arc;

use crate::clauses::compile::{Compiled, ConstructorInstance, InductionInstance};
use crate::models::model::{Model, Table, Truth, UNKNOWN};
use crate::saturation::block::{Block, End, Limits, Snapshot};
use crate::saturation::rule::{Argument, Code, Individual, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};
use crate::search::attempt::{Effort, LogicBlock, Verdict, solve};

/// How much work the block of a ground model may do before it is asked whether to go on; values that
/// rules ask for are not made, since they would soon lie outside of the piece.
const LIMITS: Limits = Limits { steps: 100_000, creations: 0 };

/// How often it may do so between two values.
const TURNS: usize = 200;

/// Works out what follows; false if `go_on` said stop.
fn settle(block: &mut Block, go_on: &mut dyn FnMut() -> bool) -> bool {
    for _ in 0..TURNS {
        if !go_on() {
            return false;
        }
        if block.run(LIMITS) != End::OutOfSteps {
            return true;
        }
    }
    true
}

/// The piece of the structure with up to `size` individuals; `None` if the theory has no inductive set
/// with its constructors alone, or does not prove that they are free.
///
/// The steps done are added to `steps`. `None` also if `go_on`, which is asked all the while, says stop.
#[must_use]
pub fn ground_model(
    compiled: &Arc<Compiled>,
    root: &Arc<Snapshot>,
    size: u16,
    steps: &mut u64,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Model> {
    let [induction] = &compiled.inductions[..] else { return None };
    let own = |constructor: &ConstructorInstance| match constructor {
        ConstructorInstance::Constant(_) => true,
        ConstructorInstance::Function(_, inputs) => inputs.iter().all(|(_, recursive)| *recursive),
    };
    if !induction.constructors.iter().all(own) || !are_free(compiled, root, induction, steps) {
        return None;
    }
    let mut block = Block::below(root);
    let mut go = settle(&mut block, go_on);
    let individuals = build(&mut block, induction, size as usize, &mut || go && go_on());
    go = go && evaluate(&mut block, compiled, &individuals, go_on);
    *steps += block.steps();
    if !go || block.falsum().is_some() {
        return None;
    }
    Some(read(&block, compiled, induction, &individuals))
}

/// Whether the theory proves that the values of different constructors differ, and that each
/// constructor is injective.
fn are_free(compiled: &Arc<Compiled>, root: &Arc<Snapshot>, induction: &InductionInstance, steps: &mut u64) -> bool {
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

fn members(arguments: &[Argument], inputs: &[(crate::clauses::clause::RelationId, bool)]) -> Vec<Pattern> {
    arguments
        .iter()
        .zip(inputs)
        .map(|(argument, (set, _))| Pattern { code: Code::new(*set, true), arguments: vec![*argument] })
        .collect()
}

/// The first values of the constructors, each round applying all of them to what is there.
fn build(
    block: &mut Block,
    induction: &InductionInstance,
    size: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Vec<Individual> {
    let mut individuals: Vec<Individual> = Vec::new();
    let enter = |individuals: &mut Vec<Individual>, individual: Individual| {
        if individuals.len() < size && !individuals.contains(&individual) {
            individuals.push(individual);
        }
    };
    for constructor in &induction.constructors {
        if let ConstructorInstance::Constant(constant) = constructor {
            let individual = block.classes().find(Individual(u32::from(*constant)));
            enter(&mut individuals, individual);
        }
    }
    let mut done = 0;
    while done < individuals.len() && individuals.len() < size {
        let until = individuals.len();
        for constructor in &induction.constructors {
            let ConstructorInstance::Function(relation, inputs) = constructor else { continue };
            for tuple in tuples(until, inputs.len()).filter(|tuple| tuple.iter().any(|place| *place >= done)) {
                if individuals.len() >= size || !go_on() {
                    break;
                }
                let inputs: Vec<Individual> = tuple.iter().map(|place| individuals[*place]).collect();
                if let Some(value) = block.evaluate(Code::new(*relation, true), &inputs, LIMITS) {
                    settle(block, go_on);
                    let value = block.classes().find(value);
                    enter(&mut individuals, value);
                }
            }
        }
        done = until;
    }
    individuals.into_iter().map(|individual| block.classes().find(individual)).collect()
}

/// All tuples of `length` numbers below `count`, the last one fastest.
fn tuples(count: usize, length: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..count.pow(length as u32)).map(move |number| {
        let mut rest = number;
        let mut tuple = vec![0; length];
        for place in tuple.iter_mut().rev() {
            *place = rest % count;
            rest /= count;
        }
        tuple
    })
}

/// Makes the values from which the others follow: where a function recurs on no input, or one of the
/// inputs on which it recurs is a constant.
/// False if `go_on` said stop.
fn evaluate(
    block: &mut Block,
    compiled: &Compiled,
    individuals: &[Individual],
    go_on: &mut dyn FnMut() -> bool,
) -> bool {
    let constants: Vec<Individual> = (0..compiled.signature.constants.len() as u32)
        .map(|constant| block.classes().find(Individual(constant)))
        .collect();
    for function in compiled.functions.iter().filter(|function| !function.constructor) {
        let code = Code::new(function.relation, true);
        let recursive = compiled.recursive_inputs.get(&function.relation);
        let inputs = compiled.signature.relations[function.relation.index()].arity - 1;
        if individuals.len().pow(inputs as u32) > 20_000 {
            continue;
        }
        for tuple in tuples(individuals.len(), inputs) {
            let base = recursive.is_none_or(|at| {
                at.is_empty()
                    || at.iter().any(|place| constants.contains(&individuals[tuple[*place]]) && tuple[*place] == 0)
            });
            let values: Vec<Individual> = tuple.iter().map(|place| individuals[*place]).collect();
            if base && block.value(code, &values).is_none() {
                block.evaluate(code, &values, LIMITS);
                if !settle(block, go_on) {
                    return false;
                }
            }
        }
    }
    true
}

fn read(block: &Block, compiled: &Compiled, induction: &InductionInstance, individuals: &[Individual]) -> Model {
    let size = individuals.len() as u16;
    let mut model = Model::unknown(&compiled.signature, size, format!("ground facts about {size} individuals"));
    model.sort = compiled.signature.relations[induction.set.index()].sorts.first().cloned();
    let mut places = vec![UNKNOWN; block.classes().len()];
    for (place, individual) in individuals.iter().enumerate() {
        places[block.classes().find(*individual).0 as usize] = place as u16;
    }
    let place = |individual: Individual| places[block.classes().find(individual).0 as usize];
    for constant in 0..compiled.signature.constants.len() {
        model.constants[constant] = place(Individual(constant as u32));
    }
    for (number, relation) in compiled.signature.relations.iter().enumerate().skip(1) {
        for positive in [true, false] {
            let code = Code::new(crate::clauses::clause::RelationId(number as u16), positive);
            for fact in block.facts_of(code).filter(|fact| block.is_current(*fact)) {
                let tuple: Vec<u16> = block.arguments(fact).iter().map(|individual| place(*individual)).collect();
                if tuple.contains(&UNKNOWN) {
                    continue;
                }
                match &mut model.tables[number] {
                    Table::Function(values) if positive => {
                        let (value, inputs) = tuple.split_last().expect("a function has a value");
                        values[inputs.iter().fold(0, |at, input| at * size as usize + *input as usize)] = *value;
                    }
                    Table::Function(_) | Table::Unknown => {}
                    Table::Relation(truths) => {
                        let at = tuple.iter().fold(0, |at, input| at * size as usize + *input as usize);
                        truths[at] = if positive { Truth::True } else { Truth::False };
                    }
                }
            }
        }
        debug_assert_eq!(relation.arity, compiled.signature.relations[number].arity);
    }
    model.names = names(induction, size);
    model
}

/// `0`, `1`, `2`, … if there is one constant and one constructor of one input, else numbered.
fn names(induction: &InductionInstance, size: u16) -> Vec<String> {
    let counting = matches!(
        &induction.constructors[..],
        [ConstructorInstance::Constant(_), ConstructorInstance::Function(_, inputs)] if inputs.len() == 1
    );
    (0..size).map(|number| if counting { number.to_string() } else { format!("v{number}") }).collect()
}
