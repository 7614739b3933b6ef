//! Which variables of a proof are values of functions, and the terms for which they stand.

use std::collections::HashMap;

use theoremata_logic::calculus::formula::Name;

use super::term::{Graph, Term};

/// Terms larger than this keep the variable that names them.
const LARGEST: usize = 24;

/// The terms for which variables stand.
#[derive(Default)]
pub(crate) struct Values<'a> {
    around: Option<&'a Values<'a>>,
    graphs: HashMap<Name, Graph>,
    /// Variables of a rule, and those for which they were put.
    instead: HashMap<Name, Name>,
}

impl<'a> Values<'a> {
    /// Values that may speak of variables of others.
    pub(crate) fn within(around: &'a Values<'a>) -> Values<'a> {
        Values { around: Some(around), ..Values::default() }
    }

    /// Lets a variable stand for another one.
    pub(crate) fn put(&mut self, variable: Name, for_it: Name) {
        self.instead.insert(variable, for_it);
    }

    /// Lets a variable stand for the value of a function, if that is no circle, and no term that is too large to be
    /// read; says whether it does.
    pub(crate) fn define(&mut self, graph: Graph) -> bool {
        let value = graph.value;
        if self.stands_for_term(value) || graph.inputs.iter().any(|input| self.reaches(*input, value)) {
            return false;
        }
        let size = 1 + graph.inputs.iter().map(|input| self.size(*input)).sum::<usize>();
        if size > LARGEST {
            return false;
        }
        self.graphs.insert(value, graph);
        true
    }

    /// Whether a variable is the value of a function.
    pub(crate) fn stands_for_term(&self, name: Name) -> bool {
        self.graph(name).is_some()
    }

    fn graph(&self, name: Name) -> Option<&Graph> {
        self.graphs.get(&name).or_else(|| self.around.and_then(|around| around.graph(name)))
    }

    fn reaches(&self, from: Name, to: Name) -> bool {
        from == to || self.graph(from).is_some_and(|graph| graph.inputs.iter().any(|input| self.reaches(*input, to)))
    }

    fn size(&self, name: Name) -> usize {
        match (self.graph(name), self.instead.get(&name)) {
            (Some(graph), _) => 1 + graph.inputs.iter().map(|input| self.size(*input)).sum::<usize>(),
            (None, Some(other)) => self.size(*other),
            (None, None) => 1,
        }
    }

    /// The term for which a variable stands: itself, if for no other.
    pub(crate) fn term(&self, name: Name) -> Term {
        match (self.graph(name), self.instead.get(&name)) {
            (Some(graph), _) => self.value(graph),
            (None, Some(other)) => self.term(*other),
            (None, None) => Term::Name(name),
        }
    }

    /// The term of which an atom states the value.
    pub(crate) fn value(&self, graph: &Graph) -> Term {
        Term::Apply(graph.function, graph.inputs.iter().map(|input| self.term(*input)).collect())
    }
}
