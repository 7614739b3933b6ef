//! Message batches: the mail that threads send each other at the end of a cycle.

use super::block::Post;

/// The mail of one thread's shards to the blocks of one thread, by ascending sender.
pub(crate) struct MessageList<M> {
    /// How many posts each shard has in `posts`, by ascending shard.
    shards: Vec<(u32, usize)>,
    /// Receivers with their mail.
    posts: Vec<Post<M>>,
}

impl<M> Default for MessageList<M> {
    fn default() -> Self {
        Self { shards: Vec::new(), posts: Vec::new() }
    }
}

impl<M> MessageList<M> {
    /// An empty message list that is ready for as much as there is in this one.
    fn like(&self) -> Self {
        Self { shards: Vec::with_capacity(self.shards.len()), posts: Vec::with_capacity(self.posts.len()) }
    }

    /// Adds a post of a block of `shard`. All posts of a shard are added together.
    pub(crate) fn push(&mut self, shard: u32, post: Post<M>) {
        match self.shards.last_mut() {
            Some((last, count)) if *last == shard => *count += 1,
            _ => self.shards.push((shard, 1)),
        }
        self.posts.push(post);
    }

    /// Takes the mail out, by ascending shard, and leaves room for as much.
    pub(crate) fn take(&mut self) -> Self {
        let empty = self.like();
        let full = std::mem::replace(self, empty);
        if full.shards.is_sorted() {
            return full;
        }
        // Shards were run in another order, and their posts stand in that order.
        let mut posts = full.posts.into_iter();
        let part = |(shard, count)| (shard, posts.by_ref().take(count).collect::<Vec<_>>());
        let mut parts: Vec<_> = full.shards.into_iter().map(part).collect();
        parts.sort_by_key(|(shard, _)| *shard);
        let mut sorted = Self::default();
        for (shard, posts) in parts {
            posts.into_iter().for_each(|post| sorted.push(shard, post));
        }
        sorted
    }
}

/// All that one thread sends another at the end of a cycle. Empty ones are sent too: that all message batches
/// have come is how a thread knows that it may begin.
pub(crate) struct MessageBatch<M> {
    /// The cycle in which this mail is read. A thread that is ahead must not be mistaken for one that
    /// is late.
    pub(crate) cycle: u64,
    /// The thread that sends it.
    pub(crate) from: usize,
    /// The mail.
    pub(crate) messages: MessageList<M>,
}

/// Hands on the mail of all message lists by ascending shard, which is by ascending sender: a shard has all its
/// posts in one message list, in its own order.
pub(crate) fn merge<M>(lists: Vec<MessageList<M>>, mut take: impl FnMut(Post<M>)) {
    let mut shards = Vec::new();
    let mut unread = Vec::with_capacity(lists.len());
    for (source, messages) in lists.into_iter().enumerate() {
        shards.extend(messages.shards.into_iter().map(|(shard, count)| (shard, source, count)));
        unread.push(messages.posts.into_iter());
    }
    // A stable sort finds the few ascending runs and merges them.
    shards.sort_by_key(|(shard, ..)| *shard);
    for (_, source, count) in shards {
        unread[source].by_ref().take(count).for_each(&mut take);
    }
}
