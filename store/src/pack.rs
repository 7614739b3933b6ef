//! Compact encoding of proofs: each text is stored once, and steps refer to each other by distance.
//!
//! Ids are not stored. They are hashes of the content, so decoding recomputes them, and the id of the root, stored with
//! the theorem, authenticates every byte of the proof.

use std::collections::HashMap;
use std::sync::Arc;

use crate::bytes::{Reader, Writer};
use crate::error::DecodeError;
use crate::proof::{Order, Proof};
use crate::record::{Node, Parameter, ScopeRecord};

/// The texts of a proof in order of first use.
#[derive(Default)]
struct Texts<'a> {
    places: HashMap<&'a str, u32>,
    list: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    fn place(&mut self, text: &'a str) -> u64 {
        let list = &mut self.list;
        let place = *self.places.entry(text).or_insert_with(|| {
            list.push(text);
            list.len() as u32 - 1
        });
        u64::from(place)
    }

    fn put(&mut self, text: &'a str, writer: &mut Writer) {
        writer.number(self.place(text));
    }

    fn put_all(&mut self, texts: &'a [Arc<str>], writer: &mut Writer) {
        writer.count(texts.len());
        for text in texts {
            self.put(text, writer);
        }
    }
}

/// Encodes the part of `proof` that `order` lists.
pub(crate) fn encode(proof: &Proof, order: &Order, writer: &mut Writer) {
    let mut texts = Texts::default();
    let mut body = Writer::default();
    let mut scope_at = vec![0u32; proof.scopes().len()];
    let mut node_at = vec![0u32; proof.nodes().len()];
    let scope_number = |id, scope_at: &[u32]| {
        let place = proof.scope_place(id).expect("a proof holds the scopes that it names");
        u64::from(scope_at[place as usize])
    };
    body.count(order.scopes.len());
    for (at, place) in order.scopes.iter().enumerate() {
        scope_at[*place as usize] = at as u32;
        let scope = &proof.scopes()[*place as usize].1;
        body.number(scope.parent.as_ref().map_or(0, |parent| 1 + scope_number(parent, &scope_at)));
        texts.put_all(&scope.variables, &mut body);
        texts.put_all(&scope.assumptions, &mut body);
    }
    body.count(order.nodes.len());
    for (at, place) in order.nodes.iter().enumerate() {
        node_at[*place as usize] = at as u32;
        let node = &proof.nodes()[*place as usize].1;
        texts.put(&node.rule, &mut body);
        body.count(node.parameters.len());
        for parameter in &node.parameters {
            match parameter {
                Parameter::Number(number) => {
                    body.byte(0);
                    body.number(u64::from(*number));
                }
                Parameter::Text(text) => {
                    body.byte(1);
                    texts.put(text, &mut body);
                }
                Parameter::Scope(scope) => {
                    body.byte(2);
                    body.number(scope_number(scope, &scope_at));
                }
                Parameter::Theorem(number) => {
                    body.byte(3);
                    body.number(u64::from(*number));
                }
            }
        }
        texts.put(&node.conclusion, &mut body);
        body.count(node.premises.len());
        for premise in &node.premises {
            let place = proof.place(premise).expect("a proof holds the premises that it names");
            body.number(at as u64 - u64::from(node_at[place as usize]));
        }
        texts.put_all(&node.substitution, &mut body);
        body.number(scope_number(&node.scope, &scope_at));
    }
    writer.texts(&texts.list);
    writer.raw(body.bytes());
}

/// Decodes the output of [`encode`] and computes all ids. Never panics.
pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Proof, DecodeError> {
    let texts: Vec<Arc<str>> = reader.list(|reader| reader.text().map(Arc::from))?;
    let text = |reader: &mut Reader<'_>| {
        let place = reader.number()?;
        match texts.get(usize::try_from(place).unwrap_or(usize::MAX)) {
            Some(text) => Ok(text.clone()),
            None => reader.fail("a text is not in the table"),
        }
    };
    let mut proof = Proof::new();
    for at in 0..reader.count()? {
        let parent = match reader.number()? {
            0 => None,
            number if number <= at as u64 => Some(proof.scopes()[number as usize - 1].0),
            _ => return reader.fail("a scope stands before its parent"),
        };
        let scope = ScopeRecord { parent, variables: reader.list(&text)?, assumptions: reader.list(&text)? };
        let added = proof.add_scope(scope);
        if added.is_err() || proof.scopes().len() != at + 1 {
            return reader.fail("a scope stands twice");
        }
    }
    let scope = |reader: &mut Reader<'_>, proof: &Proof| {
        let place = reader.number()?;
        match proof.scopes().get(usize::try_from(place).unwrap_or(usize::MAX)) {
            Some((id, _)) => Ok(*id),
            None => reader.fail("a scope is not in the table"),
        }
    };
    let mut buffer = Writer::default();
    for at in 0..reader.count()? {
        let rule = text(reader)?;
        let parameters = reader.list(|reader| match reader.byte()? {
            0 => reader.small().map(Parameter::Number),
            1 => text(reader).map(Parameter::Text),
            2 => scope(reader, &proof).map(Parameter::Scope),
            3 => reader.small().map(Parameter::Theorem),
            _ => reader.fail("a parameter is of no known kind"),
        })?;
        let conclusion = text(reader)?;
        let premises = reader.list(|reader| match reader.number()? {
            distance if distance >= 1 && distance <= at as u64 => Ok(proof.nodes()[at - distance as usize].0),
            _ => reader.fail("a step stands before its premise"),
        })?;
        let substitution = reader.list(&text)?;
        let node = Node { rule, parameters, conclusion, premises, substitution, scope: scope(reader, &proof)? };
        let added = proof.add_with(node, &mut buffer);
        if added.is_err() || proof.nodes().len() != at + 1 {
            return reader.fail("a step stands twice");
        }
    }
    Ok(proof)
}
