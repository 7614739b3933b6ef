//! The fact store of one block: columns with indices, shared with its descendants once the block is at rest.
//!
//! Facts are numbered along the line from the root block to this one and are immutable: when two individuals become
//! equal, facts about the one are rewritten as new facts about the other, with the old fact as the reason, and the old
//! ones are skipped from then on.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::saturation::pattern::{Code, Individual};
use crate::saturation::rule::{Rule, RuleId};

/// A fact, by its number along the line of blocks from the root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FactId(pub u32);

impl RuleId {
    /// The first number of rules that belong to a block.
    pub const LOCAL: u32 = 1 << 31;
}

/// The reason for a fact. Each variant says what its parents are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// An assumption, by its number in the block. No parents.
    Given(u32),
    /// Derived by a rule; the parents match the rule's patterns in order.
    Rule(RuleId),
    /// Describes a new individual: the number of the witness group along the line, and the index of the fact in that
    /// group. The group has its parents.
    Witness(u32, u32),
    /// The reflexive equation of an individual, for rules that range over its sort. No parents.
    Same,
    /// The parent, with equal individuals replaced.
    Rewritten,
    /// An equation by functionality: the parents are two rows of a function with the same inputs.
    Functional,
    /// The contradiction: the parents are a fact and its negation.
    Clash,
    /// The contradiction: the parent is an inequation of an individual with itself.
    Apart,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    code: Code,
    reason: Reason,
    arguments: u32,
    parents: u32,
    /// Whether the fact is indexed; a fact that only serves as a reason is not.
    entered: bool,
}

/// Witnesses: new individuals and the facts that introduce them.
#[derive(Clone, Debug)]
pub struct WitnessGroup {
    /// The rule with the existential head.
    pub rule: RuleId,
    /// The facts that match the rule's patterns.
    pub parents: Vec<FactId>,
    /// The individuals that the rule's variables were bound to.
    pub binding: Vec<Individual>,
    /// The first of the new individuals.
    pub first: Individual,
    /// The number of new individuals.
    pub count: u32,
    /// The facts that describe them, by number.
    pub facts: std::ops::Range<u32>,
}

/// Facts of one relation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) facts: Vec<FactId>,
    indices: Vec<Index>,
}

#[derive(Clone, Debug)]
struct Index {
    mask: u32,
    heads: Heads,
    /// For each row, the next older one with the same key, plus one; 0 for none.
    older: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Heads {
    /// By one column: indexed by individual.
    Direct(Vec<u32>),
    /// By several columns: a hash of them, or their exact packing if there are two.
    Hashed(FxHashMap<u64, u32>),
}

/// The facts of one block; see the module documentation.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    pub(crate) first_fact: u32,
    pub(crate) first_rule: u32,
    pub(crate) first_group: u32,
    pub(crate) first_individual: u32,
    records: Vec<Record>,
    arguments: Vec<Individual>,
    parents: Vec<FactId>,
    rows: Vec<Rows>,
    /// For each individual, the facts of this layer in which it occurs; built on first use.
    mentions: Option<Vec<Vec<FactId>>>,
    pub(crate) groups: Vec<WitnessGroup>,
    pub(crate) rules: Vec<Arc<Rule>>,
}

/// Packs the columns selected by a mask. Exact for up to two columns, a hash for more.
#[inline]
fn key(mask: u32, arguments: &[Individual]) -> u64 {
    let mut key: u64 = 0;
    for (column, argument) in arguments.iter().enumerate() {
        if mask >> column & 1 == 1 {
            key = key.rotate_left(32) ^ u64::from(argument.0) ^ key.wrapping_mul(0x9E37_79B9_7F4A_7C15) << 17;
        }
    }
    key
}

impl Layer {
    /// An empty layer below `parent`.
    pub(crate) fn below(parent: Option<&Layer>, codes: usize) -> Layer {
        let mut layer = Layer { rows: vec![Rows::default(); codes], ..Layer::default() };
        if let Some(parent) = parent {
            layer.first_fact = parent.end();
            layer.first_rule = parent.first_rule + parent.rules.len() as u32;
            layer.first_group = parent.first_group + parent.groups.len() as u32;
        }
        layer
    }

    /// One more than the number of the last fact.
    pub(crate) fn end(&self) -> u32 {
        self.first_fact + self.records.len() as u32
    }

    fn record(&self, fact: FactId) -> &Record {
        &self.records[(fact.0 - self.first_fact) as usize]
    }

    /// The relation of a fact.
    #[inline]
    pub(crate) fn code(&self, fact: FactId) -> Code {
        self.record(fact).code
    }

    /// Whether a fact is indexed.
    pub(crate) fn is_entered(&self, fact: FactId) -> bool {
        self.record(fact).entered
    }

    /// The reason for a fact.
    pub(crate) fn reason(&self, fact: FactId) -> Reason {
        self.record(fact).reason
    }

    /// The arguments of a fact.
    #[inline]
    pub(crate) fn arguments(&self, fact: FactId) -> &[Individual] {
        let place = (fact.0 - self.first_fact) as usize;
        let start = self.records[place].arguments as usize;
        let end = self.records.get(place + 1).map_or(self.arguments.len(), |next| next.arguments as usize);
        &self.arguments[start..end]
    }

    /// The facts that a fact was derived from.
    pub(crate) fn parents(&self, fact: FactId) -> &[FactId] {
        let place = (fact.0 - self.first_fact) as usize;
        let start = self.records[place].parents as usize;
        let end = self.records.get(place + 1).map_or(self.parents.len(), |next| next.parents as usize);
        &self.parents[start..end]
    }

    /// Appends a fact without indexing it.
    pub(crate) fn record_fact(
        &mut self,
        code: Code,
        arguments: &[Individual],
        reason: Reason,
        parents: &[FactId],
    ) -> FactId {
        let fact = FactId(self.end());
        self.records.push(Record {
            code,
            reason,
            arguments: self.arguments.len() as u32,
            parents: self.parents.len() as u32,
            entered: false,
        });
        self.arguments.extend_from_slice(arguments);
        self.parents.extend_from_slice(parents);
        fact
    }

    /// Indexes a recorded fact.
    pub(crate) fn enter(&mut self, fact: FactId) {
        let place = (fact.0 - self.first_fact) as usize;
        self.records[place].entered = true;
        let record = self.records[place];
        let start = record.arguments as usize;
        let end = self.records.get(place + 1).map_or(self.arguments.len(), |next| next.arguments as usize);
        let arguments = &self.arguments[start..end];
        let rows = &mut self.rows[record.code.index()];
        rows.facts.push(fact);
        let row = rows.facts.len() as u32;
        for index in &mut rows.indices {
            index.enter(row, arguments);
        }
        if let Some(mentions) = &mut self.mentions {
            note_mentions(mentions, fact, arguments);
        }
    }

    /// Makes sure that facts of `code` are indexed by `mask`.
    pub(crate) fn ensure_index(&mut self, code: Code, mask: u32) {
        if mask == 0 || self.rows[code.index()].indices.iter().any(|index| index.mask == mask) {
            return;
        }
        let heads =
            if mask.count_ones() == 1 { Heads::Direct(Vec::new()) } else { Heads::Hashed(FxHashMap::default()) };
        let mut index = Index { mask, heads, older: Vec::new() };
        let facts = std::mem::take(&mut self.rows[code.index()].facts);
        for (row, fact) in facts.iter().enumerate() {
            index.enter(row as u32 + 1, self.arguments(*fact));
        }
        let rows = &mut self.rows[code.index()];
        rows.facts = facts;
        rows.indices.push(index);
    }

    /// All facts of a relation, in order.
    pub(crate) fn facts_of(&self, code: Code) -> &[FactId] {
        self.rows.get(code.index()).map_or(&[], |rows| &rows.facts)
    }

    /// The facts of `code` that agree with `arguments` in the columns of `mask`, newest first. May yield others too, on
    /// hash collisions or without an index: the caller must compare.
    #[inline]
    pub(crate) fn candidates<'l>(&'l self, code: Code, mask: u32, arguments: &[Individual]) -> Candidates<'l> {
        let rows = &self.rows[code.index()];
        if rows.facts.is_empty() {
            return Candidates { rows, older: None, next: 0 };
        }
        match rows.indices.iter().find(|index| index.mask == mask) {
            Some(index) => Candidates { rows, older: Some(&index.older), next: index.head(arguments) },
            None => Candidates { rows, older: None, next: rows.facts.len() as u32 },
        }
    }

    /// The facts in which an individual occurs.
    pub(crate) fn mentions(&mut self, individual: Individual) -> Vec<FactId> {
        self.build_mentions();
        let mentions = self.mentions.as_ref().expect("built");
        mentions.get(individual.0 as usize).cloned().unwrap_or_default()
    }

    /// [`Layer::mentions`] for a layer at rest.
    pub(crate) fn mentions_at_rest(&self, individual: Individual) -> &[FactId] {
        let mentions = self.mentions.as_ref().expect("a layer at rest has them");
        mentions.get(individual.0 as usize).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn build_mentions(&mut self) {
        if self.mentions.is_some() {
            return;
        }
        let mut mentions = Vec::new();
        for rows in &self.rows {
            for fact in &rows.facts {
                note_mentions(&mut mentions, *fact, self.arguments(*fact));
            }
        }
        for facts in &mut mentions {
            facts.sort_unstable();
        }
        self.mentions = Some(mentions);
    }

    /// Approximate bytes in use.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let rows: usize = self
            .rows
            .iter()
            .map(|rows| {
                std::mem::size_of::<Rows>()
                    + rows.facts.capacity() * 4
                    + rows.indices.iter().map(Index::bytes).sum::<usize>()
            })
            .sum();
        self.records.capacity() * std::mem::size_of::<Record>()
            + self.arguments.capacity() * 4
            + self.parents.capacity() * 4
            + rows
    }
}

fn note_mentions(mentions: &mut Vec<Vec<FactId>>, fact: FactId, arguments: &[Individual]) {
    for (place, argument) in arguments.iter().enumerate() {
        if arguments[..place].contains(argument) {
            continue;
        }
        let at = argument.0 as usize;
        if mentions.len() <= at {
            mentions.resize_with(at + 1, Vec::new);
        }
        mentions[at].push(fact);
    }
}

impl Index {
    fn bytes(&self) -> usize {
        let heads = match &self.heads {
            Heads::Direct(heads) => heads.capacity() * 4,
            Heads::Hashed(heads) => heads.capacity() * 14,
        };
        heads + self.older.capacity() * 4
    }

    #[inline]
    fn enter(&mut self, row: u32, arguments: &[Individual]) {
        let previous = match &mut self.heads {
            Heads::Direct(heads) => {
                let at = arguments[self.mask.trailing_zeros() as usize].0 as usize;
                if heads.len() <= at {
                    heads.resize(at + 1, 0);
                }
                std::mem::replace(&mut heads[at], row)
            }
            Heads::Hashed(heads) => heads.insert(key(self.mask, arguments), row).unwrap_or(0),
        };
        self.older.push(previous);
    }

    #[inline]
    fn head(&self, arguments: &[Individual]) -> u32 {
        match &self.heads {
            Heads::Direct(heads) => {
                heads.get(arguments[self.mask.trailing_zeros() as usize].0 as usize).copied().unwrap_or(0)
            }
            Heads::Hashed(heads) => heads.get(&key(self.mask, arguments)).copied().unwrap_or(0),
        }
    }
}

/// The iterator of [`Layer::candidates`].
pub(crate) struct Candidates<'l> {
    rows: &'l Rows,
    older: Option<&'l Vec<u32>>,
    next: u32,
}

impl Iterator for Candidates<'_> {
    type Item = FactId;

    #[inline]
    fn next(&mut self) -> Option<FactId> {
        let row = self.next.checked_sub(1)?;
        self.next = match self.older {
            Some(older) => older[row as usize],
            None => row,
        };
        Some(self.rows.facts[row as usize])
    }
}
