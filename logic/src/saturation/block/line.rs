//! Frozen blocks, and the line of blocks from the root from which proofs are read.

use std::sync::Arc;

use crate::saturation::book::RuleBook;
use crate::saturation::congruence::Classes;
use crate::saturation::facts::{FactId, Layer, Reason, WitnessGroup};
use crate::saturation::pattern::{Code, Individual};
use crate::saturation::rule::Rule;
use crate::saturation::rule::RuleId;
use crate::saturation::sorts::{SortId, Sorts, Typing};

use super::agenda::Wanted;

/// A frozen block, whose facts its descendants share.
#[derive(Debug)]
pub struct Snapshot {
    /// The layers from the root to this block.
    pub layers: Vec<Arc<Layer>>,
    pub(crate) classes: Classes,
    pub(super) sorts: Vec<SortId>,
    pub(super) ranged: Vec<bool>,
    pub(super) with_views: bool,
    pub(super) wanted: Vec<Wanted>,
    pub(crate) book: Arc<RuleBook>,
    pub(super) local: Vec<(RuleId, Arc<Rule>)>,
    pub(super) falsum: Option<FactId>,
    pub(super) negatives: bool,
}

impl Snapshot {
    /// The number of individuals.
    #[must_use]
    pub fn individuals(&self) -> usize {
        self.classes.len()
    }

    /// The sorts of the theory and of the block's individuals.
    #[must_use]
    pub fn typing(&self) -> Typing<'_> {
        Typing { sorts: &self.book.sorts, individuals: &self.sorts }
    }

    /// The contradiction; `None` if the block derived none.
    #[must_use]
    pub fn falsum(&self) -> Option<FactId> {
        self.falsum
    }

    /// The number of the first individual introduced by the block at this depth of the line.
    pub(crate) fn introduced_from(&self, depth: usize) -> usize {
        self.layers[depth].first_individual as usize
    }

    pub(crate) fn line(&self) -> Line<'_> {
        Line {
            layers: self.layers.iter().map(|layer| &**layer).collect(),
            classes: &self.classes,
            book: &self.book,
            local: &self.local,
        }
    }
}

/// The facts and rules of all blocks from the root to a given one.
pub(crate) struct Line<'b> {
    pub(crate) layers: Vec<&'b Layer>,
    pub(crate) classes: &'b Classes,
    pub(super) book: &'b Arc<RuleBook>,
    pub(super) local: &'b [(RuleId, Arc<Rule>)],
}

impl Line<'_> {
    pub(crate) fn depth_of(&self, fact: FactId) -> usize {
        self.layers.iter().rposition(|layer| fact.0 >= layer.first_fact).expect("the root begins at 0")
    }

    pub(crate) fn layer_of(&self, fact: FactId) -> &Layer {
        self.layers[self.depth_of(fact)]
    }

    pub(crate) fn group(&self, number: u32) -> (&WitnessGroup, usize) {
        let depth = self.layers.iter().rposition(|layer| number >= layer.first_group).expect("the root begins at 0");
        (&self.layers[depth].groups[(number - self.layers[depth].first_group) as usize], depth)
    }

    /// A fact that introduces an individual; `None` if no block of the line created it.
    pub(crate) fn introduction(&self, individual: Individual) -> Option<FactId> {
        let mut groups = self.layers.iter().flat_map(|layer| layer.groups.iter().map(move |group| (layer, group)));
        let (layer, group) =
            groups.rfind(|(_, group)| (group.first.0..group.first.0 + group.count).contains(&individual.0))?;
        let mut facts = group.facts.clone().map(FactId);
        facts.find(|fact| matches!(layer.reason(*fact), Reason::Witness(..)))
    }

    /// A key for a fact, unique among all blocks.
    pub(crate) fn key(&self, fact: FactId) -> usize {
        std::ptr::from_ref(self.layer_of(fact)) as usize
    }

    /// The depth of the block that assumed a rule; 0 for shared rules.
    pub(crate) fn rule_depth(&self, id: RuleId) -> usize {
        match id.0.checked_sub(RuleId::LOCAL) {
            None => 0,
            Some(number) => {
                self.layers.iter().rposition(|layer| number >= layer.first_rule).expect("the root begins at 0")
            }
        }
    }

    /// The current fact with exactly these arguments, given as representatives.
    pub(crate) fn lookup(&self, code: Code, arguments: &[Individual]) -> Option<FactId> {
        let mask = (1u32 << (arguments.len() - usize::from(self.book.function(code).is_some()))) - 1;
        self.layers
            .iter()
            .rev()
            .find_map(|layer| layer.candidates(code, mask, arguments).find(|fact| layer.arguments(*fact) == arguments))
    }

    /// The sorts of the theory.
    pub(crate) fn sorts(&self) -> &Sorts {
        &self.book.sorts
    }

    /// All rules, the shared ones first.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (RuleId, &Arc<Rule>)> {
        let shared = self.book.rules.iter().enumerate().map(|(number, rule)| (RuleId(number as u32), rule));
        shared.chain(self.local.iter().map(|(id, rule)| (*id, rule)))
    }

    pub(crate) fn rule(&self, id: RuleId) -> &Arc<Rule> {
        if id.0 < RuleId::LOCAL {
            return &self.book.rules[id.0 as usize];
        }
        &self.local.iter().find(|(other, _)| *other == id).expect("a local rule of the line").1
    }
}
