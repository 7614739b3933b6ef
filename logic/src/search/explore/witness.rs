//! Refutation of goals in a piece of a structure by proof. A fact missing from the piece may hold because of something
//! outside it, such as a witness. So a proof must show that, at some values of the variables for which the premises
//! hold, the conclusion leads to a contradiction.

use crate::calculus::checked::Checked;
use crate::calculus::proof::TheoremId;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Compiled, ConstructorInstance};
use crate::models::evaluate::Evaluator;
use crate::models::model::{Model, Table, Truth};
use crate::models::reference::{small_assignments, truth};
use crate::proofs::reconstruction::{Tree, extract};
use crate::saturation::sequent::Sequent;
use crate::search::attempt::{Effort, LogicBlock, Verdict, solve};

use super::Exploration;
use super::refute::When;
use super::unfolding::{consequence, rewritten};

/// The most assignments at which a proof is attempted.
const ASSIGNMENTS: usize = 8;

/// The most values tried for each variable.
const VALUES: u16 = 5;

/// The efforts at each assignment.
const EFFORTS: [Effort; 2] = [Effort::QUICK, Effort::CASES];

/// The most literals to which a conclusion is unfolded.
const UNFOLDED: usize = 8;

impl Exploration {
    /// A model, with values of a statement's variables for which its premises hold there and its conclusion is proved
    /// to be contradictory.
    pub(super) fn disproved(
        &self,
        place: usize,
        when: When,
        steps: &mut u64,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<(usize, Vec<u16>)> {
        let conjecture = &self.conjectures[place];
        let clause = conjecture.clause.as_ref()?;
        let is_unknown = |model: &Model, values: &[u16]| match &clause.head {
            Head::Exists(..) => !Evaluator::new(model).has_witness(clause, values),
            Head::Literal(literal) => truth(model, literal, values) == Truth::Unknown,
            Head::False => false,
        };
        let pieces = self.models.iter().enumerate().filter(|(_, model)| !model.free.is_empty());
        for (number, model) in pieces.filter(|(_, model)| self.judges(model, conjecture)) {
            let small = small_assignments(model, clause, VALUES).into_iter();
            for values in small.filter(|values| is_unknown(model, values)).take(ASSIGNMENTS) {
                if !go_on() {
                    return None;
                }
                let Some(denied) = denied(&self.compiled, model, clause, &values) else { continue };
                for effort in EFFORTS {
                    let (verdict, work) = solve(self.denying_block(&denied, when, effort));
                    *steps += work;
                    if let Verdict::Proved(tree) = verdict
                        && self.is_checked(&denied, &tree)
                    {
                        return Some((number, values));
                    }
                }
            }
        }
        None
    }

    /// Early attempts use the axioms only, so the same attempt gives the same result whenever it is made.
    fn denying_block(&self, denied: &Clause, when: When, effort: Effort) -> LogicBlock {
        match when {
            When::Early => self.block_with(denied, &[], effort),
            When::Late => LogicBlock::new(self.compiled.clone(), self.root.clone(), Sequent::of(denied), effort),
        }
    }

    /// Whether the checker accepts the proof of a clause that is not a conjecture.
    fn is_checked(&self, clause: &Clause, tree: &Tree) -> bool {
        let Some(statement) = self.compiled.signature.statement(&self.theory, clause) else { return false };
        let statements = &self.statements;
        let id = TheoremId(statements.len() as u32);
        let proof = extract(&self.theory, &self.compiled, statements, &statement, tree);
        Checked::new(&self.theory, |id| statements.get(id.0 as usize), id, proof)
            .is_ok_and(|checked| *checked.statement() == statement)
    }
}

/// The statement that the conclusion fails at these values, written as constructor terms; `None` if a value is not a
/// constructor term.
fn denied(compiled: &Compiled, model: &Model, clause: &Clause, values: &[u16]) -> Option<Clause> {
    let (count, literals) = match &clause.head {
        Head::Exists(count, literals) => (*count, &literals[..]),
        Head::Literal(literal) if literal.positive => (0, std::slice::from_ref(literal)),
        Head::Literal(_) | Head::False => return None,
    };
    let mut terms = Terms { compiled, model, premises: Vec::new(), variables: count, known: Vec::new() };
    let values: Vec<Term> = values.iter().map(|value| terms.term(*value)).collect::<Option<_>>()?;
    let Terms { mut premises, variables, .. } = terms;
    let put = |term: &Term| match term {
        Term::Variable(variable) => match variable.checked_sub(clause.variables) {
            None => values[usize::from(*variable)],
            Some(witness) => Term::Variable(witness),
        },
        constant => *constant,
    };
    let mut said: Vec<Literal> = literals.iter().map(|literal| rewritten(literal, &put)).collect();
    unfold(compiled, &mut said, variables);
    premises.extend(said);
    // The statement negates its last premise, which must not be a negation itself, and binds the variables in order.
    premises.sort_by_key(|premise| premise.positive);
    let is_denial = premises.last().is_none_or(|last| !last.positive);
    let mut order: Vec<Term> = Vec::new();
    for argument in premises.iter().flat_map(|premise| &premise.arguments) {
        if matches!(argument, Term::Variable(_)) && !order.contains(argument) {
            order.push(*argument);
        }
    }
    let renumber = |term: &Term| match order.iter().position(|known| known == term) {
        Some(place) => Term::Variable(place as u16),
        None => *term,
    };
    let premises = premises.iter().map(|premise| rewritten(premise, &renumber)).collect();
    (!is_denial).then_some(Clause { variables: order.len() as u16, premises, head: Head::False })
}

/// Adds the consequences of literals by axioms of the form `R(x, y) → …`, so that induction can be applied to a named
/// witness. `variables` is the number of variables in use.
fn unfold(compiled: &Compiled, said: &mut Vec<Literal>, mut variables: u16) {
    let mut next = 0;
    while next < said.len() && said.len() < UNFOLDED {
        let literal = said[next].clone();
        next += 1;
        if literal.arguments.len() < 2 {
            continue;
        }
        for axiom in &compiled.axioms {
            let Some((count, facts)) = consequence(&axiom.clause, &literal, variables) else { continue };
            // A membership without a witness says nothing new.
            if count == 0 && facts.iter().all(|fact| fact.arguments.len() < 2) {
                continue;
            }
            for fact in facts {
                if !said.contains(&fact) {
                    said.push(fact);
                }
            }
            variables += count;
        }
    }
}

/// Writes individuals as terms.
struct Terms<'t> {
    compiled: &'t Compiled,
    model: &'t Model,
    /// The rows that define the variables.
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
