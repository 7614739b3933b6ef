//! Names of the individuals of a piece, for readers.

use crate::calculus::theory::Theory;
use crate::clauses::clause::{RelationId, Signature, Slot};
use crate::clauses::compile::{ConstructorInstance, InductionInstance};

/// How a value was built: the constructor's number and the indices of its inputs; `None` for a parameter.
pub(super) type Made = Option<(usize, Vec<usize>)>;

/// Names individuals: `0`, `1`, `2`, … for one constant and one unary constructor; `[a, b]` for a constant and one
/// binary constructor that recurs on its last input; otherwise terms such as `f(x, y)`. Parameters are letters.
pub(super) struct Names<'n> {
    pub(super) theory: &'n Theory,
    pub(super) signature: &'n Signature,
    pub(super) inductions: &'n [&'n InductionInstance],
    /// For each sort and value, the constructor and its inputs; the sorts of the inductions come first.
    pub(super) made: &'n [Vec<Made>],
    /// The sort of a constructor's input.
    pub(super) sort: &'n dyn Fn(RelationId, usize) -> usize,
}

impl Names<'_> {
    /// The names of all values, by sort.
    pub(super) fn all(&self) -> Vec<String> {
        let of_sort = |(sort, values): (usize, &Vec<Made>)| (0..values.len()).map(move |value| self.write(sort, value));
        self.made.iter().enumerate().flat_map(of_sort).collect()
    }

    pub(super) fn write(&self, sort: usize, value: usize) -> String {
        let Some((number, inputs)) = &self.made[sort][value] else {
            let letter = char::from(b'a' + (value % 26) as u8);
            let parameters = sort - self.inductions.len();
            return if parameters == 0 { letter.to_string() } else { format!("{letter}{parameters}") };
        };
        let constructors = &self.inductions[sort].constructors;
        if let [ConstructorInstance::Constant(_), ConstructorInstance::Function(relation, own)] = &constructors[..] {
            match &own[..] {
                [(_, true)] => return self.count(sort, value).to_string(),
                [(_, false), (_, true)] => return format!("[{}]", self.elements(*relation, sort, value).join(", ")),
                _ => {}
            }
        }
        match &constructors[*number] {
            ConstructorInstance::Constant(constant) => {
                self.signature.constants[usize::from(*constant)].name.to_string()
            }
            ConstructorInstance::Function(relation, _) => {
                let inputs = inputs.iter().enumerate();
                let inputs: Vec<String> =
                    inputs.map(|(input, value)| self.write((self.sort)(*relation, input), *value)).collect();
                format!("{}({})", self.function(*relation), inputs.join(", "))
            }
        }
    }

    /// The name of the theory's parameter that a relation belongs to.
    fn function(&self, relation: RelationId) -> &str {
        let parameters = &self.theory.anchor_definition().parameters;
        match self.signature.relations[relation.index()].slots.last() {
            Some(Slot::Fixed(place)) => &parameters[usize::from(*place)],
            _ => "?",
        }
    }

    fn count(&self, sort: usize, value: usize) -> usize {
        match &self.made[sort][value] {
            Some((_, inputs)) => inputs.first().map_or(0, |input| 1 + self.count(sort, *input)),
            None => 0,
        }
    }

    fn elements(&self, relation: RelationId, sort: usize, value: usize) -> Vec<String> {
        match &self.made[sort][value] {
            Some((_, inputs)) => match inputs[..] {
                [element, rest] => {
                    let mut elements = vec![self.write((self.sort)(relation, 0), element)];
                    elements.extend(self.elements(relation, sort, rest));
                    elements
                }
                _ => Vec::new(),
            },
            None => Vec::new(),
        }
    }
}
