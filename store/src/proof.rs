//! A proof: content-addressed steps, each after its premises.

use std::collections::HashMap;
use std::fmt;

use crate::bytes::Writer;
use crate::record::{Node, NodeId, Parameter, ScopeId, ScopeRecord};

/// A reference to something that the proof does not contain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Dangling {
    /// A scope: that of a step, a parent, or a discharged one.
    #[error("scope {0} is not in the proof")]
    Scope(ScopeId),
    /// A premise.
    #[error("premise {0} is not in the proof")]
    Premise(NodeId),
}

/// Scopes and steps without duplicates. Additions may only refer to earlier ones, so a proof has no cycle and no
/// dangling reference.
#[derive(Clone, Default)]
pub struct Proof {
    scopes: Vec<(ScopeId, ScopeRecord)>,
    nodes: Vec<(NodeId, Node)>,
    scope_places: HashMap<ScopeId, u32>,
    node_places: HashMap<NodeId, u32>,
}

/// The dependencies of a root, as indices in topological order.
pub(crate) struct Order {
    pub(crate) scopes: Vec<u32>,
    pub(crate) nodes: Vec<u32>,
}

impl Proof {
    /// A proof without steps.
    #[must_use]
    pub fn new() -> Proof {
        Proof::default()
    }

    /// Adds a scope, unless it exists.
    ///
    /// # Errors
    /// If its parent has not been added.
    pub fn add_scope(&mut self, scope: ScopeRecord) -> Result<ScopeId, Dangling> {
        if let Some(parent) = scope.parent {
            self.scope_place(&parent)?;
        }
        let id = scope.id();
        if !self.scope_places.contains_key(&id) {
            self.scope_places.insert(id, self.scopes.len() as u32);
            self.scopes.push((id, scope));
        }
        Ok(id)
    }

    /// Adds a step, unless it exists.
    ///
    /// # Errors
    /// If its scope, a premise, or a scope among its parameters has not been added.
    pub fn add(&mut self, node: Node) -> Result<NodeId, Dangling> {
        self.add_with(node, &mut Writer::default())
    }

    pub(crate) fn add_with(&mut self, node: Node, buffer: &mut Writer) -> Result<NodeId, Dangling> {
        self.scope_place(&node.scope)?;
        for premise in &node.premises {
            self.place(premise)?;
        }
        for parameter in &node.parameters {
            if let Parameter::Scope(scope) = parameter {
                self.scope_place(scope)?;
            }
        }
        let id = node.id_with(buffer);
        if !self.node_places.contains_key(&id) {
            self.node_places.insert(id, self.nodes.len() as u32);
            self.nodes.push((id, node));
        }
        Ok(id)
    }

    /// The step added last; in a proof from the store, its root.
    #[must_use]
    pub fn root(&self) -> Option<NodeId> {
        self.nodes.last().map(|(id, _)| *id)
    }

    /// The scopes, parents first.
    #[must_use]
    pub fn scopes(&self) -> &[(ScopeId, ScopeRecord)] {
        &self.scopes
    }

    /// The steps, premises first.
    #[must_use]
    pub fn nodes(&self) -> &[(NodeId, Node)] {
        &self.nodes
    }

    /// The step with this id.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.node_places.get(id).map(|place| &self.nodes[*place as usize].1)
    }

    /// The scope with this id.
    #[must_use]
    pub fn scope(&self, id: &ScopeId) -> Option<&ScopeRecord> {
        self.scope_places.get(id).map(|place| &self.scopes[*place as usize].1)
    }

    /// The dependencies of `root` in canonical order: that of a traversal from the root that visits scopes before steps
    /// and premises from left to right. The order depends on the content of `root` alone. `None` if `root` is not in
    /// the proof.
    #[must_use]
    pub fn from_root(&self, root: &NodeId) -> Option<Proof> {
        let order = self.order(root)?;
        let mut proof = Proof::default();
        for place in order.scopes {
            let (id, scope) = &self.scopes[place as usize];
            proof.scope_places.insert(*id, proof.scopes.len() as u32);
            proof.scopes.push((*id, scope.clone()));
        }
        for place in order.nodes {
            let (id, node) = &self.nodes[place as usize];
            proof.node_places.insert(*id, proof.nodes.len() as u32);
            proof.nodes.push((*id, node.clone()));
        }
        Some(proof)
    }

    /// The theorems cited by `root` and its dependencies: ascending, without duplicates.
    #[must_use]
    pub fn citations(&self, root: &NodeId) -> Vec<u32> {
        self.order(root).map(|order| self.citations_of(&order)).unwrap_or_default()
    }

    pub(crate) fn citations_of(&self, order: &Order) -> Vec<u32> {
        let mut numbers: Vec<u32> = order
            .nodes
            .iter()
            .flat_map(|place| &self.nodes[*place as usize].1.parameters)
            .filter_map(|parameter| match parameter {
                Parameter::Theorem(number) => Some(*number),
                _ => None,
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    pub(crate) fn place(&self, id: &NodeId) -> Result<u32, Dangling> {
        self.node_places.get(id).copied().ok_or(Dangling::Premise(*id))
    }

    pub(crate) fn scope_place(&self, id: &ScopeId) -> Result<u32, Dangling> {
        self.scope_places.get(id).copied().ok_or(Dangling::Scope(*id))
    }

    /// The traversal of [`Proof::from_root`], with an explicit stack: proofs may be deeper than the stack of a thread.
    pub(crate) fn order(&self, root: &NodeId) -> Option<Order> {
        let mut order = Order { scopes: Vec::new(), nodes: Vec::new() };
        let mut scope_seen = vec![false; self.scopes.len()];
        let mut node_seen = vec![false; self.nodes.len()];
        let start = self.place(root).ok()?;
        node_seen[start as usize] = true;
        let mut stack = vec![(start, 0)];
        while let Some((place, next)) = stack.last_mut() {
            let node = &self.nodes[*place as usize].1;
            if *next == 0 {
                self.reach_scope(&node.scope, &mut scope_seen, &mut order.scopes);
                for parameter in &node.parameters {
                    if let Parameter::Scope(scope) = parameter {
                        self.reach_scope(scope, &mut scope_seen, &mut order.scopes);
                    }
                }
            }
            if let Some(premise) = node.premises.get(*next) {
                *next += 1;
                let premise = self.node_places[premise];
                if !std::mem::replace(&mut node_seen[premise as usize], true) {
                    stack.push((premise, 0));
                }
            } else {
                order.nodes.push(*place);
                stack.pop();
            }
        }
        Some(order)
    }

    fn reach_scope(&self, id: &ScopeId, seen: &mut [bool], order: &mut Vec<u32>) {
        let start = order.len();
        let mut next = Some(*id);
        while let Some(id) = next {
            let place = self.scope_places[&id];
            if std::mem::replace(&mut seen[place as usize], true) {
                break;
            }
            order.push(place);
            next = self.scopes[place as usize].1.parent;
        }
        order[start..].reverse();
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").field("scopes", &self.scopes).field("nodes", &self.nodes).finish()
    }
}

/// Proofs are equal if they have the same scopes and steps in the same order.
impl PartialEq for Proof {
    fn eq(&self, other: &Proof) -> bool {
        let ids = |proof: &Proof| -> (Vec<ScopeId>, Vec<NodeId>) {
            (proof.scopes.iter().map(|(id, _)| *id).collect(), proof.nodes.iter().map(|(id, _)| *id).collect())
        };
        ids(self) == ids(other)
    }
}
impl Eq for Proof {}
