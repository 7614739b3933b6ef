//! The variables of a proof that are function values, and the terms that replace them.

use std::collections::HashMap;

use theoremata_logic::calculus::formula::Name;

use super::term::{Graph, Term};

/// Larger terms keep the variable that names them.
const LARGEST: usize = 24;

/// The terms that replace variables.
#[derive(Default)]
pub(crate) struct Values<'a> {
    around: Option<&'a Values<'a>>,
    graphs: HashMap<Name, Graph>,
    /// Variables of a rule, and their instances.
    instead: HashMap<Name, Name>,
}

impl<'a> Values<'a> {
    /// Values whose terms may contain variables of the enclosing ones.
    pub(crate) fn within(around: &'a Values<'a>) -> Values<'a> {
        Values { around: Some(around), ..Values::default() }
    }

    /// Maps a variable to another one.
    pub(crate) fn put(&mut self, variable: Name, for_it: Name) {
        self.instead.insert(variable, for_it);
    }

    /// Maps a variable to the value of a function, unless that is cyclic or the term too large to read. Whether it was
    /// mapped.
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

    /// Whether a variable is replaced by a term.
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

    /// The term that replaces a variable, or the variable itself.
    pub(crate) fn term(&self, name: Name) -> Term {
        match (self.graph(name), self.instead.get(&name)) {
            (Some(graph), _) => self.value(graph),
            (None, Some(other)) => self.term(*other),
            (None, None) => Term::Name(name),
        }
    }

    /// The term whose value an atom states.
    pub(crate) fn value(&self, graph: &Graph) -> Term {
        Term::Apply(graph.function, graph.inputs.iter().map(|input| self.term(*input)).collect())
    }
}
