//! Message batches: the mail between threads at the end of a cycle.

use super::block::Post;

/// Mail from the shards of one thread to the blocks of one thread.
pub(crate) struct MessageList<M> {
    /// Number of posts of each shard, in the order of `posts`.
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
    /// An empty list with capacity for as much as this one holds.
    fn like(&self) -> Self {
        Self { shards: Vec::with_capacity(self.shards.len()), posts: Vec::with_capacity(self.posts.len()) }
    }

    /// Appends a post by a block of `shard`. Posts of one shard must be appended consecutively.
    pub(crate) fn push(&mut self, shard: u32, post: Post<M>) {
        match self.shards.last_mut() {
            Some((last, count)) if *last == shard => *count += 1,
            _ => self.shards.push((shard, 1)),
        }
        self.posts.push(post);
    }

    /// Takes the mail, by ascending shard, and keeps the capacity.
    pub(crate) fn take(&mut self) -> Self {
        let empty = self.like();
        let full = std::mem::replace(self, empty);
        if full.shards.is_sorted() {
            return full;
        }
        // Shards ran in another order, and their posts are in that order.
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

/// All mail from one thread to another at the end of a cycle. Empty batches are sent too: a thread begins a cycle once
/// it has the batches of all threads.
pub(crate) struct MessageBatch<M> {
    /// The cycle in which the mail is read. It tells a thread that is ahead from one that is late.
    pub(crate) cycle: u64,
    /// The sending thread.
    pub(crate) from: usize,
    /// The mail.
    pub(crate) messages: MessageList<M>,
}

/// Passes on the mail of all lists by ascending shard, and hence by ascending sender: all posts of a shard are in one
/// list, in order.
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
