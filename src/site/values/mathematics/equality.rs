//! Congruence closure of given equations, with explanations.

use std::collections::{BTreeSet, HashMap};

use super::term::Term;

/// Chains longer than this are presented as a single link.
const LONGEST: usize = 60;

/// Terms and equations between them, closed under congruence.
#[derive(Default)]
pub(crate) struct Equality {
    terms: Vec<Node>,
    ids: HashMap<Node, usize>,
    /// The class of each term.
    class: Vec<usize>,
    /// Proof forest: for each term the next one towards the root of its class, and why the two are equal.
    next: Vec<Option<(usize, Edge)>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Node {
    /// The function, or the variable.
    head: Result<usize, u32>,
    inputs: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Edge {
    /// The equation with this number.
    Given(usize),
    /// Congruence: the inputs are equal.
    Inputs,
}

/// A link of a chain: the next term, and the equations that lead to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    pub(crate) term: Term,
    pub(crate) by: Vec<usize>,
}

impl Equality {
    fn enter(&mut self, term: &Term) -> usize {
        let node = match term {
            Term::Name(name) => Node { head: Err(name.0), inputs: Vec::new() },
            Term::Apply(function, inputs) => {
                Node { head: Ok(*function), inputs: inputs.iter().map(|input| self.enter(input)).collect() }
            }
        };
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let id = self.terms.len();
        self.terms.push(node.clone());
        self.ids.insert(node, id);
        self.class.push(id);
        self.next.push(None);
        id
    }

    /// Adds an equation, which chains refer to by this number. Must be followed by [`Equality::close`].
    pub(crate) fn assume(&mut self, left: &Term, right: &Term, number: usize) {
        let (left, right) = (self.enter(left), self.enter(right));
        self.join(left, right, Edge::Given(number));
    }

    fn join(&mut self, left: usize, right: usize, edge: Edge) {
        let (from, to) = (self.class[left], self.class[right]);
        if from == to {
            return;
        }
        // Reverses the path from `left` to its root, so that `left` becomes the root.
        let mut link = self.next[left].take();
        let mut place = left;
        while let Some((other, why)) = link {
            link = self.next[other].replace((place, why));
            place = other;
        }
        self.next[left] = Some((right, edge));
        self.class.iter_mut().filter(|class| **class == from).for_each(|class| *class = to);
    }

    /// Propagates congruence to a fixed point.
    fn close(&mut self) {
        loop {
            let mut known: HashMap<Node, usize> = HashMap::new();
            let mut found = Vec::new();
            for (id, node) in self.terms.iter().enumerate().filter(|(_, node)| !node.inputs.is_empty()) {
                let inputs = node.inputs.iter().map(|input| self.class[*input]).collect();
                let first = *known.entry(Node { head: node.head, inputs }).or_insert(id);
                if self.class[first] != self.class[id] {
                    found.push((id, first));
                }
            }
            if found.is_empty() {
                return;
            }
            for (one, other) in found {
                self.join(one, other, Edge::Inputs);
            }
        }
    }

    /// The chain from one term to another; `None` if they are not equal. Cost: roughly quadratic in the number of
    /// terms.
    pub(crate) fn chain(&mut self, from: &Term, to: &Term) -> Option<Vec<Link>> {
        let (one, other) = (self.enter(from), self.enter(to));
        self.close();
        if self.class[one] != self.class[other] {
            return None;
        }
        let mut links = Vec::new();
        if self.walk(one, other, &mut |term, by| links.push((term, by)), &mut { LONGEST }) {
            return Some(shortened(from, links));
        }
        let mut by = BTreeSet::new();
        self.equations(one, other, &mut by, &mut BTreeSet::new());
        Some(vec![Link { term: to.clone(), by: by.into_iter().collect() }])
    }

    /// The path between two equal terms, with its edges.
    fn way(&self, from: usize, to: usize) -> Vec<(usize, Edge)> {
        let root = |mut place: usize| {
            let mut way = vec![place];
            while let Some((next, _)) = self.next[place] {
                way.push(next);
                place = next;
            }
            way
        };
        let (up, down) = (root(from), root(to));
        let meeting = up.iter().position(|term| down.contains(term)).unwrap_or(up.len() - 1);
        let below = down.iter().position(|term| *term == up[meeting]).unwrap_or(down.len() - 1);
        let edge = |term: usize| self.next[term].map_or(Edge::Inputs, |(_, edge)| edge);
        let ascent = (0..meeting).map(|place| (up[place + 1], edge(up[place])));
        ascent.chain((0..below).rev().map(|place| (down[place], edge(down[place])))).collect()
    }

    /// Calls `tell` with each next term and the equation that leads to it; false if that takes more than `left` links.
    fn walk(&self, from: usize, to: usize, tell: &mut dyn FnMut(Term, usize), left: &mut usize) -> bool {
        let mut place = from;
        for (next, edge) in self.way(from, to) {
            match edge {
                Edge::Given(number) => {
                    if *left == 0 {
                        return false;
                    }
                    *left -= 1;
                    tell(self.term(next), number);
                }
                Edge::Inputs => {
                    let mut inputs: Vec<Term> = self.terms[place].inputs.iter().map(|id| self.term(*id)).collect();
                    let head = self.terms[place].head;
                    for (input, (one, other)) in
                        self.terms[place].inputs.iter().zip(&self.terms[next].inputs).enumerate()
                    {
                        let mut inside = |term: Term, number: usize| {
                            inputs[input] = term;
                            if let Ok(function) = head {
                                tell(Term::Apply(function, inputs.clone()), number);
                            }
                        };
                        if !self.walk(*one, *other, &mut inside, left) {
                            return false;
                        }
                    }
                }
            }
            place = next;
        }
        true
    }

    /// The equations from which the equality of two terms follows.
    fn equations(&self, from: usize, to: usize, by: &mut BTreeSet<usize>, seen: &mut BTreeSet<(usize, usize)>) {
        if !seen.insert((from, to)) {
            return;
        }
        let mut place = from;
        for (next, edge) in self.way(from, to) {
            match edge {
                Edge::Given(number) => {
                    by.insert(number);
                }
                Edge::Inputs => {
                    for (one, other) in self.terms[place].inputs.iter().zip(&self.terms[next].inputs) {
                        self.equations(*one, *other, by, seen);
                    }
                }
            }
            place = next;
        }
    }

    fn term(&self, id: usize) -> Term {
        let node = &self.terms[id];
        match node.head {
            Ok(function) => Term::Apply(function, node.inputs.iter().map(|input| self.term(*input)).collect()),
            Err(name) => Term::Name(theoremata_logic::calculus::formula::Name(name)),
        }
    }
}

/// Removes detours that return to an earlier term.
fn shortened(from: &Term, links: Vec<(Term, usize)>) -> Vec<Link> {
    let mut chain: Vec<Link> = Vec::new();
    for (term, number) in links {
        if term == *from {
            chain.clear();
        } else if let Some(place) = chain.iter().position(|link| link.term == term) {
            chain.truncate(place + 1);
        } else {
            chain.push(Link { term, by: vec![number] });
        }
    }
    chain
}

#[cfg(test)]
mod tests {
    use theoremata_logic::calculus::formula::Name;

    use super::*;

    fn name(number: u32) -> Term {
        Term::Name(Name(number))
    }

    fn f(inputs: &[Term]) -> Term {
        Term::Apply(0, inputs.to_vec())
    }

    #[test]
    fn a_chain_changes_one_place_at_a_time() {
        let mut equality = Equality::default();
        equality.assume(&name(1), &name(2), 10);
        equality.assume(&name(3), &name(4), 11);
        equality.assume(&f(&[name(2), name(4)]), &name(5), 12);
        let chain = equality.chain(&f(&[name(1), name(3)]), &name(5)).expect("equal");
        let link = |term: Term, by: usize| Link { term, by: vec![by] };
        let middle = f(&[name(2), name(3)]);
        assert_eq!(chain, [link(middle, 10), link(f(&[name(2), name(4)]), 11), link(name(5), 12)]);
        assert_eq!(equality.chain(&name(1), &name(3)), None);
        assert_eq!(equality.chain(&name(1), &name(1)), Some(Vec::new()));
    }

    #[test]
    fn a_long_way_is_one_link() {
        let mut equality = Equality::default();
        for number in 0..100 {
            equality.assume(&name(number), &name(number + 1), number as usize);
        }
        let chain = equality.chain(&name(0), &name(100)).expect("equal");
        assert_eq!(chain, [Link { term: name(100), by: (0..100).collect() }]);
    }
}
