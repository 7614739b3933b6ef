//! Existence refuted in a piece of a structure: not by looking, since a witness may lie outside, but by a proof that at
//! some values of the variables there is none.

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Compiled, ConstructorInstance};
use crate::models::model::{Model, Table};
use crate::models::reference::small_assignments;
use crate::saturation::sequent::Sequent;
use crate::search::attempt::{Effort, LogicBlock, Verdict, solve};

use super::Exploration;

/// At so many assignments it is tried to show that there is no witness.
const ASSIGNMENTS: usize = 4;

/// Of each variable so many values are looked at.
const VALUES: u16 = 4;

impl Exploration {
    /// A model, and values of the variables of a statement that claims an existence, for which it is proved that what is
    /// claimed leads to a contradiction.
    pub(super) fn without_witness(
        &self,
        place: usize,
        steps: &mut u64,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<(usize, Vec<u16>)> {
        let conjecture = &self.conjectures[place];
        let clause = conjecture.clause.as_ref().filter(|clause| matches!(clause.head, Head::Exists(..)))?;
        let pieces = self.models.iter().enumerate().filter(|(_, model)| model.is_piece);
        for (number, model) in pieces.filter(|(_, model)| self.judges(model, conjecture)) {
            for values in small_assignments(model, clause, VALUES).into_iter().take(ASSIGNMENTS) {
                if !go_on() {
                    return None;
                }
                let Some(denied) = denied(&self.compiled, model, clause, &values) else { continue };
                let block =
                    LogicBlock::new(self.compiled.clone(), self.root.clone(), Sequent::of(&denied), Effort::USUAL);
                let (verdict, work) = solve(block);
                *steps += work;
                if matches!(verdict, Verdict::Proved(_)) {
                    return Some((number, values));
                }
            }
        }
        None
    }
}

/// The statement that no witnesses exist where the variables have these values, which are written as terms of
/// constructors; `None` if some are not made by constructors.
fn denied(compiled: &Compiled, model: &Model, clause: &Clause, values: &[u16]) -> Option<Clause> {
    let Head::Exists(count, literals) = &clause.head else { return None };
    let mut terms = Terms { compiled, model, premises: Vec::new(), variables: *count, known: Vec::new() };
    let values: Vec<Term> = values.iter().map(|value| terms.term(*value)).collect::<Option<_>>()?;
    let Terms { mut premises, variables, .. } = terms;
    let put = |term: &Term| match term {
        Term::Variable(variable) => match variable.checked_sub(clause.variables) {
            None => values[usize::from(*variable)],
            Some(witness) => Term::Variable(witness),
        },
        constant => *constant,
    };
    premises.extend(literals.iter().map(|literal| {
        let arguments = literal.arguments.iter().map(put).collect();
        Literal { arguments, ..literal.clone() }
    }));
    Some(Clause { variables, premises, head: Head::False })
}

/// Individuals as terms.
struct Terms<'t> {
    compiled: &'t Compiled,
    model: &'t Model,
    /// The rows that say what the variables stand for.
    premises: Vec<Literal>,
    variables: u16,
    known: Vec<(u16, Term)>,
}

impl Terms<'_> {
    fn term(&mut self, individual: u16) -> Option<Term> {
        if let Some((_, term)) = self.known.iter().find(|(known, _)| *known == individual) {
            return Some(*term);
        }
        if let Some(constant) = self.model.constants.iter().position(|named| *named == individual) {
            return Some(Term::Constant(constant as u16));
        }
        let constructors = self.compiled.inductions.iter().flat_map(|induction| &induction.constructors);
        let (relation, inputs) = constructors.into_iter().find_map(|constructor| match constructor {
            ConstructorInstance::Constant(_) => None,
            ConstructorInstance::Function(relation, _) => Some((*relation, self.inputs(*relation, individual)?)),
        })?;
        let mut arguments: Vec<Term> = inputs.into_iter().map(|input| self.term(input)).collect::<Option<_>>()?;
        let term = Term::Variable(self.variables);
        self.variables += 1;
        arguments.push(term);
        self.premises.push(Literal { positive: true, relation, arguments });
        self.known.push((individual, term));
        Some(term)
    }

    /// The inputs at which a constructor has this value.
    fn inputs(&self, constructor: RelationId, value: u16) -> Option<Vec<u16>> {
        let Table::Function(values) = &self.model.tables[constructor.index()] else { return None };
        let place = values.iter().position(|known| *known == value)?;
        self.model.tuples(constructor).into_iter().nth(place)
    }
}
