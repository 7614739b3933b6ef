//! The name of a token's context: two runs of tokens with the same name have the same keys and values.
//!
//! Keys and values of a token are a function of the token and of everything that it attended to, at its distances. The
//! name is a chain of hashes over exactly that, so a cache keyed by it never serves keys and values from after a join
//! or a splice to a plain prompt of the same tokens.

use crate::text::token::Token;

/// The name of a token together with everything it depends on: 128 bits of a hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ContextId([u8; 16]);

impl ContextId {
    /// The context before the first token of a sequence.
    pub(crate) const ROOT: ContextId = ContextId([0; 16]);

    /// The context after a token at the next position.
    pub(crate) fn then(self, token: Token) -> ContextId {
        ContextId::of(b"t", &[&self.0, &token.to_le_bytes()])
    }

    /// The context after parallel paths that do not see each other, in this order.
    pub(crate) fn join(ends: &[ContextId]) -> ContextId {
        let parts: Vec<&[u8]> = ends.iter().map(|end| end.0.as_slice()).collect();
        ContextId::of(b"j", &parts)
    }

    /// The context of a run whose first `kept` tokens were computed after `was` and are shown after `now`: what follows
    /// is approximate.
    pub(crate) fn splice(now: ContextId, was: ContextId, kept: usize) -> ContextId {
        ContextId::of(b"s", &[&now.0, &was.0, &kept.to_le_bytes()])
    }

    /// The last token of a text whose keys and values were reduced by the policy of this name.
    pub(crate) fn reduced(self, policy: &str) -> ContextId {
        ContextId::of(b"r", &[&self.0, policy.as_bytes()])
    }

    fn of(kind: &[u8], parts: &[&[u8]]) -> ContextId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind);
        for part in parts {
            hasher.update(part);
        }
        let mut name = [0; 16];
        name.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        ContextId(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_histories_have_other_names() {
        let [a, b] = [1, 2].map(|token| ContextId::ROOT.then(token));
        let names = [
            ContextId::ROOT,
            a,
            b,
            a.then(2),
            b.then(1),
            ContextId::join(&[a, b]),
            ContextId::join(&[b, a]),
            ContextId::splice(a, b, 1),
            ContextId::splice(a, b, 2),
            ContextId::join(&[a, b]).then(1),
            a.reduced("one"),
            a.reduced("other"),
            b.reduced("one"),
        ];
        for (place, name) in names.iter().enumerate() {
            assert!(!names[..place].contains(name), "name {place} is not new");
        }
        assert_eq!(ContextId::ROOT.then(1).then(2), a.then(2));
    }
}
