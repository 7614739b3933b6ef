//! Hash-consed terms.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// A term, by its index in [`Terms`]. Same id, same term, within one table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TermId(u32);

/// A function or constant, by its index in [`Terms::symbols`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol(pub u16);

/// The range of a variable or the domain of a value. A variable may be instantiated by terms of its own domain; if
/// `part` is `None`, by all terms of its sort.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Domain {
    /// The sort.
    pub sort: u16,
    /// A subset of the sort; `None` for the whole sort.
    pub part: Option<u16>,
}

impl Domain {
    /// Whether a variable of this domain may be instantiated by a term of domain `other`.
    #[must_use]
    pub fn accepts(self, other: Domain) -> bool {
        self.sort == other.sort && (self.part.is_none() || self.part == other.part)
    }
}

/// A function or constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signed {
    /// The number of arguments.
    pub arity: usize,
    /// The domain of its values.
    pub domain: Domain,
    /// Its KBO weight.
    pub weight: u32,
    /// Its precedence, unique among the symbols; the greatest is last.
    pub rank: u16,
}

/// The root of a term.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Top {
    /// A variable, by its number.
    Variable(u8),
    /// A function or constant.
    Symbol(Symbol),
}

#[derive(Clone, Copy, Debug)]
struct Node {
    top: Top,
    domain: Domain,
    first: u32,
    arity: u32,
    weight: u32,
    size: u32,
    /// A bitmask of the variables that occur.
    variables: u64,
}

/// The most variables of a term: enough for two equations that overlap.
pub const MOST_VARIABLES: usize = 64;

/// All terms of a completion. Arguments are interned before the term that contains them.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The functions and constants.
    pub symbols: Vec<Signed>,
    nodes: Vec<Node>,
    arguments: Vec<TermId>,
    ids: HashTable<u32>,
}

fn hash(top: Top, domain: Domain, arguments: &[TermId]) -> u64 {
    let mut hasher = FxBuildHasher.build_hasher();
    match top {
        Top::Variable(number) => {
            hasher.write_u32(u32::from(number));
            hasher.write_u32(u32::from(domain.sort) << 16 | domain.part.map_or(u32::from(u16::MAX), u32::from));
        }
        Top::Symbol(symbol) => hasher.write_u32(1 << 16 | u32::from(symbol.0)),
    }
    for argument in arguments {
        hasher.write_u32(argument.0);
    }
    hasher.finish()
}

impl Terms {
    /// The number of terms.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn intern(&mut self, top: Top, domain: Domain, arguments: &[TermId]) -> TermId {
        let Terms { symbols, nodes, arguments: table, ids } = self;
        let own = |node: &Node| -> &[TermId] { &table[node.first as usize..(node.first + node.arity) as usize] };
        let code = hash(top, domain, arguments);
        let same = |id: &u32| {
            let node = &nodes[*id as usize];
            node.top == top && node.domain == domain && own(node) == arguments
        };
        if let Some(id) = ids.find(code, same) {
            return TermId(*id);
        }
        let mut node = Node {
            top,
            domain,
            first: table.len() as u32,
            arity: arguments.len() as u32,
            weight: 1,
            size: 1,
            variables: 0,
        };
        match top {
            Top::Variable(number) => node.variables = 1 << number,
            Top::Symbol(symbol) => node.weight = symbols[usize::from(symbol.0)].weight,
        }
        for argument in arguments {
            let inner = &nodes[argument.0 as usize];
            node.weight += inner.weight;
            node.size += inner.size;
            node.variables |= inner.variables;
        }
        let id = u32::try_from(nodes.len()).expect("fewer than 2^32 terms");
        table.extend_from_slice(arguments);
        nodes.push(node);
        ids.insert_unique(code, id, |id| {
            let node = &nodes[*id as usize];
            let first = node.first as usize;
            hash(node.top, node.domain, &table[first..first + node.arity as usize])
        });
        TermId(id)
    }

    /// The variable with this number, below [`MOST_VARIABLES`], of this domain.
    pub fn variable(&mut self, number: u8, domain: Domain) -> TermId {
        debug_assert!(usize::from(number) < MOST_VARIABLES);
        self.intern(Top::Variable(number), domain, &[])
    }

    /// The function applied to these arguments; none for a constant.
    pub fn apply(&mut self, symbol: Symbol, arguments: &[TermId]) -> TermId {
        let domain = self.symbols[usize::from(symbol.0)].domain;
        debug_assert_eq!(self.symbols[usize::from(symbol.0)].arity, arguments.len());
        self.intern(Top::Symbol(symbol), domain, arguments)
    }

    fn node(&self, term: TermId) -> &Node {
        &self.nodes[term.0 as usize]
    }

    /// The root.
    #[must_use]
    pub fn top(&self, term: TermId) -> Top {
        self.node(term).top
    }

    /// The arguments.
    #[must_use]
    pub fn arguments(&self, term: TermId) -> &[TermId] {
        let node = self.node(term);
        &self.arguments[node.first as usize..(node.first + node.arity) as usize]
    }

    /// The argument with this number.
    #[must_use]
    pub fn argument(&self, term: TermId, place: usize) -> TermId {
        self.arguments(term)[place]
    }

    /// The number of arguments.
    #[must_use]
    pub fn arity(&self, term: TermId) -> usize {
        self.node(term).arity as usize
    }

    /// The domain of the term.
    #[must_use]
    pub fn domain(&self, term: TermId) -> Domain {
        self.node(term).domain
    }

    /// The KBO weight; 1 for a variable.
    #[must_use]
    pub fn weight(&self, term: TermId) -> u32 {
        self.node(term).weight
    }

    /// The number of symbols and variables.
    #[must_use]
    pub fn size(&self, term: TermId) -> u32 {
        self.node(term).size
    }

    /// A bitmask of the variables that occur.
    #[must_use]
    pub fn variables(&self, term: TermId) -> u64 {
        self.node(term).variables
    }

    /// Whether it is ground.
    #[must_use]
    pub fn is_ground(&self, term: TermId) -> bool {
        self.node(term).variables == 0
    }

    /// The subterm at a path.
    #[must_use]
    pub fn at(&self, term: TermId, path: &[u8]) -> TermId {
        path.iter().fold(term, |term, place| self.argument(term, usize::from(*place)))
    }

    /// The term with the subterm at a path replaced.
    pub fn replaced(&mut self, term: TermId, path: &[u8], part: TermId) -> TermId {
        let Some((place, rest)) = path.split_first() else { return part };
        let Top::Symbol(symbol) = self.top(term) else { unreachable!("a variable has no parts") };
        let mut arguments = self.arguments(term).to_vec();
        arguments[usize::from(*place)] = self.replaced(arguments[usize::from(*place)], rest, part);
        self.apply(symbol, &arguments)
    }

    /// The term with the variables in the domain of `image` substituted.
    pub fn substituted(&mut self, term: TermId, image: &dyn Fn(u8) -> Option<TermId>) -> TermId {
        if self.is_ground(term) {
            return term;
        }
        match self.top(term) {
            Top::Variable(number) => image(number).unwrap_or(term),
            Top::Symbol(symbol) => {
                let mut arguments = self.arguments(term).to_vec();
                for argument in &mut arguments {
                    *argument = self.substituted(*argument, image);
                }
                self.apply(symbol, &arguments)
            }
        }
    }

    /// Copies a term from another table with the same symbols; `copies` is a memo.
    pub fn copied(&mut self, from: &Terms, term: TermId, copies: &mut FxHashMap<TermId, TermId>) -> TermId {
        if let Some(known) = copies.get(&term) {
            return *known;
        }
        let copy = match from.top(term) {
            Top::Variable(number) => self.variable(number, from.domain(term)),
            Top::Symbol(symbol) => {
                let arguments: Vec<TermId> =
                    from.arguments(term).iter().map(|argument| self.copied(from, *argument, copies)).collect();
                self.apply(symbol, &arguments)
            }
        };
        copies.insert(term, copy);
        copy
    }

    /// Appends the variables in order of first occurrence, except those already in `found`.
    pub fn collect_variables(&self, term: TermId, found: &mut Vec<TermId>) {
        match self.top(term) {
            Top::Variable(_) => {
                if !found.contains(&term) {
                    found.push(term);
                }
            }
            Top::Symbol(_) => {
                for place in 0..self.arity(term) {
                    self.collect_variables(self.argument(term, place), found);
                }
            }
        }
    }
}
