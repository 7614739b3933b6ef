//! Prefix affinity: which worker has read the beginning of a job before.
//!
//! The prefix cache finds KV pages by the tokens before them, so a job is cheaper on a worker that has recently read
//! its beginning. The dispatcher has no tokenizer: it compares texts in blocks of bytes, each identified by a hash of
//! itself and all blocks before it.

use std::hash::{DefaultHasher, Hasher};
use std::num::NonZeroUsize;

use lru::LruCache;

/// Size of a block in bytes: about sixteen tokens, or one page.
const BLOCK_BYTES: usize = 64;
/// Maximal blocks remembered per worker: more text than its pages hold.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1 << 14).expect("more than none");
/// Bytes per token, for estimates.
const TOKEN_BYTES: usize = 4;

/// The hashes of the whole blocks of a text, each including all blocks before it.
pub(super) fn blocks(text: &str) -> Vec<u64> {
    let mut hasher = DefaultHasher::new();
    let whole = text.as_bytes().chunks_exact(BLOCK_BYTES);
    whole
        .map(|block| {
            hasher.write(block);
            hasher.finish()
        })
        .collect()
}

/// The prefixes that a worker has read, with LRU eviction.
pub(super) struct PrefixMemory {
    blocks: LruCache<u64, ()>,
}

impl Default for PrefixMemory {
    fn default() -> PrefixMemory {
        PrefixMemory { blocks: LruCache::new(REMEMBERED) }
    }
}

impl PrefixMemory {
    /// Marks these blocks as read.
    pub(super) fn learn(&mut self, blocks: &[u64]) {
        // In reverse, so that the first blocks, which other jobs share, become the most recent.
        for block in blocks.iter().rev() {
            self.blocks.put(*block, ());
        }
    }

    /// Forgets everything: the worker lost its pages.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
    }

    /// Estimated number of tokens of a text that the worker has not cached.
    pub(super) fn unread_tokens(&self, blocks: &[u64], bytes: usize) -> usize {
        let known = blocks.iter().take_while(|block| self.blocks.contains(block)).count();
        bytes.saturating_sub(known * BLOCK_BYTES) / TOKEN_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_from_the_beginning_is_known() {
        let text = "word ".repeat(100);
        let (whole, other) = (blocks(&text), blocks(&format!("{}{}", &text[..300], "else ".repeat(40))));
        assert_eq!(whole.len(), 500 / BLOCK_BYTES);
        let mut memory = PrefixMemory::default();
        assert_eq!(memory.unread_tokens(&whole, 500), 125);
        memory.learn(&whole);
        assert_eq!(memory.unread_tokens(&whole, 500), (500 - 7 * 64) / 4);
        assert_eq!(memory.unread_tokens(&other, 500), (500 - 4 * 64) / 4, "as far as both are the same");
        assert_eq!(memory.unread_tokens(&blocks(&text[1..]), 499), 124, "not from the middle");
        memory.clear();
        assert_eq!(memory.unread_tokens(&whole, 500), 125);
    }

    #[test]
    fn the_oldest_is_forgotten_first_and_ends_before_beginnings() {
        let mut memory = PrefixMemory::default();
        memory.learn(&(0..10).collect::<Vec<_>>());
        memory.learn(&(100..100 + REMEMBERED.get() as u64 - 5).collect::<Vec<_>>());
        assert_eq!(memory.unread_tokens(&(0..10).collect::<Vec<_>>(), 640), (640 - 5 * 64) / 4);
    }
}
