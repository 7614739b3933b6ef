//! What a token's keys and values depend on, as a name: two runs of tokens with one name have the same.
//!
//! Keys and values of a token are a function of the token and of everything that it attended to, at its
//! distances. The name is a chain of hashes over just that, so a cache that is keyed by it can never
//! serve what was computed behind a join or a splice to a plain prompt of the same tokens.

use crate::text::token::Token;

/// The name of a token together with all that it depends on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ContextId([u8; 16]);

impl ContextId {
    /// Before the first token of a sequence.
    pub(crate) const ROOT: ContextId = ContextId([0; 16]);

    /// A token that follows at the next position.
    pub(crate) fn then(self, token: Token) -> ContextId {
        ContextId::of(b"t", &[&self.0, &token.to_le_bytes()])
    }

    /// Behind several paths that started together and do not see each other, in their order.
    pub(crate) fn join(ends: &[ContextId]) -> ContextId {
        let parts: Vec<&[u8]> = ends.iter().map(|end| end.0.as_slice()).collect();
        ContextId::of(b"j", &parts)
    }

    /// A run whose first `kept` tokens were computed behind `was` and are shown behind `now`: what follows
    /// is approximate.
    pub(crate) fn splice(now: ContextId, was: ContextId, kept: usize) -> ContextId {
        ContextId::of(b"s", &[&now.0, &was.0, &kept.to_le_bytes()])
    }

    /// The last token of a text of whose keys and values a policy of this name left less than all.
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
