//! Sets up the block of a sequent.

use std::sync::Arc;

use crate::saturation::block::{Block, Focus, Goal, Snapshot};
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};

/// A block below `context` that introduces the sequent's variables, assumes its premises, and has its head as the goal.
/// `focus`: `None` means everything. `most_steps`: the limit on all steps of the block.
pub(super) fn set_up(
    context: &Snapshot,
    sequent: &Sequent,
    focus: Option<Arc<Focus>>,
    drives: bool,
    most_steps: u64,
) -> Block {
    let mut block = Block::below(context);
    block.bound(most_steps);
    block.focus_on(focus);
    let sorts = sequent.variable_sorts(context.typing());
    if sequent.speaks_of_sets(block.typing(), &sorts) {
        block.assume_views();
    }
    let variables: Vec<Individual> = sorts.into_iter().map(|sort| block.introduce(sort)).collect();
    let ground = |pattern: &Pattern| -> Vec<Individual> {
        pattern
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Individual(individual) => *individual,
                Argument::Variable(number) => variables[*number as usize],
            })
            .collect()
    };
    for premise in &sequent.premises {
        block.assume(premise.code, &ground(premise));
    }
    let goal = match &sequent.head {
        SequentHead::False => Goal::False,
        SequentHead::Literal(head) if !head.code.positive() => {
            block.assume(head.code.opposite(), &ground(head));
            Goal::False
        }
        SequentHead::Literal(head) if head.code == Code::EQUAL => {
            let sides = ground(head);
            Goal::Equal(sides[0], sides[1])
        }
        SequentHead::Literal(head) => Goal::Fact(head.code, ground(head)),
        SequentHead::Exists(..) => match ground_head(&sequent.head, context.individuals(), sequent.variables) {
            SequentHead::Exists(count, facts) => Goal::Exists(count, facts),
            _ => unreachable!("an existence stays one"),
        },
    };
    block.want(goal, drives);
    block
}

/// A sequent's head with its variables replaced by the individuals that its block introduces, numbered from
/// `individuals`.
pub(super) fn ground_head(head: &SequentHead, individuals: usize, variables: u16) -> SequentHead {
    let replace = |number: u16| match number.checked_sub(variables) {
        Some(new) => Argument::Variable(new),
        None => Argument::Individual(Individual((individuals + usize::from(number)) as u32)),
    };
    match head {
        SequentHead::False => SequentHead::False,
        SequentHead::Literal(literal) => SequentHead::Literal(literal.map(&replace)),
        SequentHead::Exists(count, facts) => {
            SequentHead::Exists(*count, facts.iter().map(|fact| fact.map(&replace)).collect())
        }
    }
}
