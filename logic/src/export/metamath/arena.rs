//! Metamath proofs under construction: nodes that apply an assertion to arguments.
//!
//! Nodes are hash-consed, so a subproof that is used often is a single node. The compressed format writes it once and
//! refers to it.

use std::fmt::Write as _;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// A sort, by its index among the symbols of the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct SortId(pub(super) u32);

/// A predicate with the sorts of its arguments, by its index among the symbols of the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct AtomId(pub(super) u32);

/// A variable of a Metamath file, with its sort. A bound variable is numbered by the binders nested below its own, so
/// that a formula keeps its text when an outer quantifier is removed; a free variable is numbered along the scopes
/// around a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Variable {
    Bound(u32, SortId),
    Free(u32, SortId),
}

impl Variable {
    pub(super) fn sort(self) -> SortId {
        let (Variable::Bound(_, sort) | Variable::Free(_, sort)) = self;
        sort
    }
}

impl std::fmt::Display for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (letter, number) = match self {
            Variable::Bound(number, _) => ('b', number),
            Variable::Free(number, _) => ('v', number),
        };
        write!(f, "{letter}.{number}{}", self.sort().after('.'))
    }
}

impl SortId {
    /// A suffix that distinguishes the names of this sort from the same names of other sorts; empty for the first sort.
    pub(super) fn after(self, sign: char) -> String {
        if self.0 == 0 { String::new() } else { format!("{sign}{}", self.0) }
    }
}

/// What a node applies: an assertion or the typing of a variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Label {
    /// An assertion of the kernel.
    Kernel(&'static str),
    /// A kernel assertion that exists for each sort.
    Sorted(&'static str, SortId),
    /// The typing of a variable.
    Variable(Variable),
    /// The statement that an atom is a formula.
    Atom(AtomId),
    /// The congruence axiom of this predicate.
    Equals(AtomId),
    /// A definition.
    Definition(AtomId),
    /// The induction principle of a generation atom.
    Induction(AtomId),
    /// A comprehension instance: the definition and the index of its set.
    Comprehension(AtomId, u32),
    /// An earlier theorem, by its number as shown to users and its sort instance.
    Theorem(u32, u32),
    /// The same theorem stated under the anchor, about its parameters as free variables.
    Under(u32, u32),
}

/// A node, by its index in the [`Arena`]. Arguments come before the node that is applied to them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct NodeId(u32);

#[derive(Default)]
pub(super) struct Arena {
    /// The label and the end of the node's arguments in the list of all arguments; they start where those of the
    /// previous node end.
    nodes: Vec<(Label, u32)>,
    arguments: Vec<NodeId>,
    known: HashTable<NodeId>,
}

impl Arena {
    pub(super) fn node(&mut self, label: Label, arguments: &[NodeId]) -> NodeId {
        let Arena { nodes, arguments: all, known } = self;
        let range = |id: NodeId| {
            let place = id.0 as usize;
            let begin = if place == 0 { 0 } else { nodes[place - 1].1 };
            begin as usize..nodes[place].1 as usize
        };
        let is_same = |id: &NodeId| nodes[id.0 as usize].0 == label && all[range(*id)] == *arguments;
        let hash = |label: Label, arguments: &[NodeId]| FxBuildHasher.hash_one((label, arguments));
        let hash_of = |id: &NodeId| hash(nodes[id.0 as usize].0, &all[range(*id)]);
        match known.entry(hash(label, arguments), is_same, hash_of) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let id = NodeId(nodes.len() as u32);
                entry.insert(id);
                all.extend_from_slice(arguments);
                nodes.push((label, all.len() as u32));
                id
            }
        }
    }

    pub(super) fn label(&self, id: NodeId) -> Label {
        self.nodes[id.0 as usize].0
    }

    pub(super) fn arguments(&self, id: NodeId) -> &[NodeId] {
        let place = id.0 as usize;
        let begin = if place == 0 { 0 } else { self.nodes[place - 1].1 };
        &self.arguments[begin as usize..self.nodes[place].1 as usize]
    }

    /// All nodes up to this one, arguments first.
    fn up_to(&self, last: NodeId) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..=last.0).map(NodeId)
    }

    /// For each node, how often it is applied in the proof of `root`; 0 if it is not needed.
    fn needed(&self, root: NodeId) -> Vec<u32> {
        let mut uses = vec![0; root.0 as usize + 1];
        uses[root.0 as usize] = 1;
        for id in self.up_to(root).rev() {
            if uses[id.0 as usize] > 0 {
                for argument in self.arguments(id) {
                    uses[argument.0 as usize] += 1;
                }
            }
        }
        uses
    }

    /// The variables that occur in the proof of `root`, in order.
    pub(super) fn variables(&self, root: NodeId) -> Vec<Variable> {
        let uses = self.needed(root);
        let mut variables: Vec<Variable> = (self.up_to(root).zip(&uses))
            .filter_map(|(id, uses)| match self.label(id) {
                Label::Variable(variable) if *uses > 0 => Some(variable),
                _ => None,
            })
            .collect();
        variables.sort_unstable();
        variables
    }

    /// The proof in the compressed format, between `$=` and `$.`: the labels in parentheses, most used first since
    /// these have the shortest codes, then the letters. `mandatory` are the variables of the statement, which have
    /// codes without being listed.
    pub(super) fn compressed(&self, root: NodeId, mandatory: &[Variable], text: &dyn Fn(Label) -> String) -> String {
        let uses = self.needed(root);
        let is_shared = |id: NodeId| uses[id.0 as usize] > 1 && !self.arguments(id).is_empty();
        let mut frequency: FxHashMap<Label, u32> = FxHashMap::default();
        let mut listed: Vec<Label> = Vec::new();
        for (id, uses) in self.up_to(root).zip(&uses) {
            let label = self.label(id);
            let is_mandatory = matches!(label, Label::Variable(variable) if mandatory.contains(&variable));
            if *uses == 0 || is_mandatory {
                continue;
            }
            let count = frequency.entry(label).or_insert_with(|| {
                listed.push(label);
                0
            });
            // A shared node is written once; one without arguments at every use.
            *count += if self.arguments(id).is_empty() { *uses } else { 1 };
        }
        listed.sort_by_key(|label| std::cmp::Reverse(frequency[label]));
        let mut numbers: FxHashMap<Label, u32> = FxHashMap::default();
        for (place, variable) in mandatory.iter().enumerate() {
            numbers.insert(Label::Variable(*variable), place as u32 + 1);
        }
        for (place, label) in listed.iter().enumerate() {
            numbers.insert(*label, (mandatory.len() + place) as u32 + 1);
        }
        let first_shared = (mandatory.len() + listed.len()) as u32;
        let mut shared: FxHashMap<NodeId, u32> = FxHashMap::default();
        let mut letters = String::new();
        let mut stack = vec![(root, false)];
        while let Some((id, opened)) = stack.pop() {
            if let Some(number) = shared.get(&id) {
                put_number(first_shared + number, &mut letters);
                continue;
            }
            if opened {
                put_number(numbers[&self.label(id)], &mut letters);
                if is_shared(id) {
                    letters.push('Z');
                    let number = shared.len() as u32 + 1;
                    shared.insert(id, number);
                }
                continue;
            }
            stack.push((id, true));
            stack.extend(self.arguments(id).iter().rev().map(|argument| (*argument, false)));
        }
        let mut words = vec!["(".to_owned()];
        words.extend(listed.into_iter().map(text));
        words.push(")".to_owned());
        let mut proof = wrapped(words.iter().map(String::as_str));
        for piece in letters.as_bytes().chunks(WIDTH - 4) {
            proof.push_str("\n    ");
            proof.push_str(std::str::from_utf8(piece).expect("letters are ASCII"));
        }
        proof
    }
}

/// The line width.
const WIDTH: usize = 100;

/// Words separated by blanks, on lines indented by four.
pub(super) fn wrapped<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words {
        if column > 4 && column + 1 + word.len() > WIDTH {
            text.push_str("\n    ");
            column = 4;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        } else {
            text.push_str("    ");
            column = 4;
        }
        text.push_str(word);
        column += word.len();
    }
    text
}

/// Encodes a number in the letters of the compressed format: last digit A to T, earlier digits U to Y.
fn put_number(number: u32, letters: &mut String) {
    let mut rest = (number - 1) / 20;
    let mut high = Vec::new();
    while rest > 0 {
        rest -= 1;
        high.push(char::from(b'U' + (rest % 5) as u8));
        rest /= 5;
    }
    letters.extend(high.into_iter().rev());
    let _ = letters.write_char(char::from(b'A' + ((number - 1) % 20) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_metamath_book_says() {
        let written = |number| {
            let mut letters = String::new();
            put_number(number, &mut letters);
            letters
        };
        // From appendix B of the Metamath book.
        for (number, letters) in [
            (1, "A"),
            (20, "T"),
            (21, "UA"),
            (40, "UT"),
            (41, "VA"),
            (120, "YT"),
            (121, "UUA"),
            (620, "YYT"),
            (621, "UUUA"),
        ] {
            assert_eq!(written(number), letters);
        }
    }
}
