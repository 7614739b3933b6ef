//! Terms as trees: the view of flat rows as equations.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::canonical::canonical;
use super::subsume::Instance;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};
use crate::language::text::variable_name;

/// A term over the functions of a signature.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TermTree {
    /// A variable or a constant.
    Leaf(Term),
    /// A function, applied to as many terms as it has inputs.
    Apply(RelationId, Vec<TermTree>),
}

/// The kind of a conjecture.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Shape {
    /// An equation between two terms.
    Equation(TermTree, TermTree),
    /// An equation that follows from a known value or from another equation.
    Conditional,
    /// An implication between relations, possibly with a function's row.
    Horn,
}

impl TermTree {
    /// The number of applications.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            TermTree::Leaf(_) => 0,
            TermTree::Apply(_, inputs) => 1 + inputs.iter().map(TermTree::size).sum::<usize>(),
        }
    }

    /// Calls `visit` with every variable and constant, left to right.
    pub fn for_each_leaf(&self, visit: &mut dyn FnMut(Term)) {
        match self {
            TermTree::Leaf(term) => visit(*term),
            TermTree::Apply(_, inputs) => inputs.iter().for_each(|input| input.for_each_leaf(visit)),
        }
    }

    /// The term as text, `+(a, s(b))`; `name` gives the name of a function.
    #[must_use]
    pub fn write(&self, signature: &Signature, name: &dyn Fn(RelationId) -> Arc<str>) -> String {
        match self {
            TermTree::Leaf(Term::Constant(constant)) => signature.constants[usize::from(*constant)].name.to_string(),
            TermTree::Leaf(Term::Variable(variable)) => variable_name(*variable).to_string(),
            TermTree::Apply(function, inputs) => {
                let inputs: Vec<String> = inputs.iter().map(|input| input.write(signature, name)).collect();
                format!("{}({})", name(*function), inputs.join(", "))
            }
        }
    }
}

/// The flat clause for `left = right`, in [canonical] form: the rows of both sides are premises, except the top row of
/// one side, which is the head, with the output of the other. If one side is a leaf, all rows are premises and the head
/// equates the output with the leaf.
///
/// Of the two readings, the one with the smaller canonical form. `None` if in either the head has a variable that no
/// premise binds, as in `x·0 = 0·y`: MPL cannot quantify it.
#[must_use]
pub fn equation(signature: &Signature, left: &TermTree, right: &TermTree) -> Option<Clause> {
    debug_assert!(applies_functions(signature, left) && applies_functions(signature, right));
    let ways = [flatten(left, right), flatten(right, left)];
    ways.into_iter().flatten().map(|clause| canonical(&clause)).min()
}

/// A substitution that maps the first term of every pair to the second.
pub(super) fn instance(pairs: &[(&TermTree, &TermTree)]) -> Option<Instance> {
    let mut binding = BTreeMap::new();
    if !pairs.iter().all(|(general, special)| matches(general, special, &mut binding)) {
        return None;
    }
    let constant = binding.values().any(|tree| matches!(tree, TermTree::Leaf(Term::Constant(_))));
    Some(if constant { Instance::OfConstants } else { Instance::OfVariables })
}

fn matches<'a>(general: &TermTree, special: &'a TermTree, binding: &mut BTreeMap<u16, &'a TermTree>) -> bool {
    match (general, special) {
        (TermTree::Leaf(Term::Variable(variable)), _) => *binding.entry(*variable).or_insert(special) == special,
        (TermTree::Leaf(_), _) => general == special,
        (TermTree::Apply(function, inputs), TermTree::Apply(other, others)) => {
            function == other && inputs.iter().zip(others).all(|(input, other)| matches(input, other, binding))
        }
        (TermTree::Apply(..), TermTree::Leaf(_)) => false,
    }
}

fn applies_functions(signature: &Signature, tree: &TermTree) -> bool {
    match tree {
        TermTree::Leaf(_) => true,
        TermTree::Apply(function, inputs) => {
            let relation = &signature.relations[function.index()];
            relation.function
                && relation.arity == inputs.len() + 1
                && inputs.iter().all(|input| applies_functions(signature, input))
        }
    }
}

/// Rows with one output for each distinct subterm.
struct Rows<'a> {
    outputs: BTreeMap<&'a TermTree, Term>,
    rows: Vec<Literal>,
    variables: u16,
}

impl<'a> Rows<'a> {
    fn output(&mut self, tree: &'a TermTree) -> Term {
        let TermTree::Apply(function, inputs) = tree else {
            let TermTree::Leaf(term) = tree else { unreachable!("a tree is a leaf or an application") };
            return *term;
        };
        if let Some(output) = self.outputs.get(tree) {
            return *output;
        }
        let mut arguments: Vec<Term> = inputs.iter().map(|input| self.output(input)).collect();
        let output = Term::Variable(self.variables);
        self.variables += 1;
        arguments.push(output);
        self.rows.push(Literal { positive: true, relation: *function, arguments });
        self.outputs.insert(tree, output);
        output
    }
}

/// `premise` becomes rows; the head states that its output is `conclusion`.
fn flatten(premise: &TermTree, conclusion: &TermTree) -> Option<Clause> {
    let mut variables = 0;
    for side in [premise, conclusion] {
        side.for_each_leaf(&mut |term| {
            if let Term::Variable(variable) = term {
                variables = variables.max(variable + 1);
            }
        });
    }
    let mut rows = Rows { outputs: BTreeMap::new(), rows: Vec::new(), variables };
    let output = rows.output(premise);
    let head = match conclusion {
        TermTree::Leaf(term) => Literal { positive: true, relation: RelationId::EQUAL, arguments: vec![output, *term] },
        TermTree::Apply(function, inputs) => {
            let mut arguments: Vec<Term> = inputs.iter().map(|input| rows.output(input)).collect();
            arguments.push(output);
            Literal { positive: true, relation: *function, arguments }
        }
    };
    let bound =
        |term: &Term| matches!(term, Term::Constant(_)) || rows.rows.iter().any(|row| row.arguments.contains(term));
    head.arguments.iter().all(bound).then(|| Clause {
        variables: rows.variables,
        premises: rows.rows.clone(),
        head: Head::Literal(head),
    })
}
