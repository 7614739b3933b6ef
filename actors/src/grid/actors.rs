//! The actors of the grid: one exchange per thread, and the shards.
//!
//! Both are thin: the logic is in `worker_state.rs` and `shard.rs`. Each actor has one mailbox and handles messages in
//! the order they were sent, so a block exists before its first mail.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;

use actix::{Actor, Addr, Context, Handler, Message};

use super::block::{Block, BlockId, Look, Post, Slot};
use super::message_batch::MessageBatch;
use super::partition::Partition;
use super::shard::Shard;
use super::worker_state::{Links, Task, WorkerState};

/// Addresses of actors as links to threads and shards.
pub(crate) struct Addresses;

/// The state shared by the actors of a thread.
pub(crate) type State<B> = WorkerState<B, Addresses>;

impl<B: Block> Links<B> for Addresses {
    type Exchange = Addr<Exchange<B>>;
    type Shard = Addr<ShardActor<B>>;

    fn send(exchange: &Self::Exchange, batch: MessageBatch<B::Mail>) {
        exchange.do_send(batch);
    }

    fn deliver(shard: &Self::Shard, mail: Vec<Post<B::Mail>>) {
        shard.do_send(Deliver(mail));
    }

    fn vacate(shard: &Self::Shard, partition: Partition) {
        shard.do_send(Vacate { partition });
    }
}

/// The one actor of a thread that other threads write to: it receives blocks, mail and tasks.
pub(crate) struct Exchange<B: Block> {
    state: Rc<RefCell<State<B>>>,
}

impl<B: Block> Exchange<B> {
    pub(crate) fn new(state: State<B>) -> Self {
        Self { state: Rc::new(RefCell::new(state)) }
    }
}

impl<B: Block> Actor for Exchange<B> {
    type Context = Context<Self>;
}

/// A shard with a mailbox.
pub(crate) struct ShardActor<B: Block> {
    local: usize,
    shard: Shard<B>,
    state: Rc<RefCell<State<B>>>,
}

impl<B: Block> Actor for ShardActor<B> {
    type Context = Context<Self>;
}

/// Panics of blocks are caught where blocks run. Any other panic is a bug in the grid: the actor is lost, and the
/// coordinator must be told so that it does not wait forever.
fn hang_up_in_panic<B: Block>(state: &RefCell<State<B>>) {
    if thread::panicking()
        && let Ok(mut state) = state.try_borrow_mut()
    {
        state.hang_up();
    }
}

impl<B: Block> Drop for Exchange<B> {
    fn drop(&mut self) {
        hang_up_in_panic(&self.state);
    }
}

impl<B: Block> Drop for ShardActor<B> {
    fn drop(&mut self) {
        hang_up_in_panic(&self.state);
    }
}

/// Declares messages without a reply.
macro_rules! messages {
    ($($name:ident)*) => {$(
        impl<B: Block> Message for $name<B> {
            type Result = ();
        }
    )*};
}
messages!(Connect Settle Remove Inspect Task Deliver Admit);

impl<M: Send + Sync + 'static> Message for MessageBatch<M> {
    type Result = ();
}

/// All exchanges, by thread.
pub(crate) struct Connect<B: Block>(pub(crate) Vec<Addr<Exchange<B>>>);

impl<B: Block> Handler<Connect<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, Connect(peers): Connect<B>, _: &mut Self::Context) {
        self.state.borrow_mut().connect(peers);
    }
}

/// New blocks for this thread, by ascending id.
pub(crate) struct Settle<B: Block>(pub(crate) Vec<(BlockId, Slot<B>)>);

impl<B: Block> Handler<Settle<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, Settle(newcomers): Settle<B>, _: &mut Self::Context) {
        let mut state = self.state.borrow_mut();
        for (id, slot) in newcomers {
            let (local, place) = (state.partition().local(id), state.partition().place(id));
            let open = |number| ShardActor { local, shard: Shard::new(number), state: Rc::clone(&self.state) }.start();
            state.admit(local, slot.awake, open).do_send(Admit { place, slot });
        }
    }
}

/// Blocks of this thread to remove. All of them exist.
pub(crate) struct Remove<B: Block> {
    pub(crate) ids: Vec<BlockId>,
    pub(crate) blocks: std::marker::PhantomData<fn(B)>,
}

impl<B: Block> Handler<Remove<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, message: Remove<B>, _: &mut Self::Context) {
        let mut state = self.state.borrow_mut();
        for id in message.ids {
            if let Some(actor) = state.actor(id) {
                actor.do_send(Evict { place: state.partition().place(id) });
                let local = state.partition().local(id);
                state.lose(local, 1);
            }
        }
    }
}

/// A closure to run on one block of this thread.
pub(crate) struct Inspect<B: Block> {
    pub(crate) id: BlockId,
    pub(crate) look: Look<B>,
    /// Receives whether the block was inspected.
    pub(crate) done: std::sync::mpsc::Sender<bool>,
}

impl<B: Block> Handler<Inspect<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, message: Inspect<B>, _: &mut Self::Context) {
        // Without such a shard the message is dropped together with its sender, which is a reply too.
        if let Some(actor) = self.state.borrow().actor(message.id) {
            actor.do_send(message);
        }
    }
}

impl<B: Block> Handler<Task<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, task: Task<B>, _: &mut Self::Context) {
        self.state.borrow_mut().assign(task);
    }
}

impl<B: Block> Handler<MessageBatch<B::Mail>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, batch: MessageBatch<B::Mail>, _: &mut Self::Context) {
        self.state.borrow_mut().receive(batch);
    }
}

/// Ends the grid: shards are released, and stop once they have handled all earlier messages.
pub(crate) struct Close;

impl Message for Close {
    type Result = ();
}

impl<B: Block> Handler<Close> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        self.state.borrow_mut().close();
    }
}

/// A block for this shard.
pub(crate) struct Admit<B: Block> {
    place: usize,
    slot: Slot<B>,
}

impl<B: Block> Handler<Admit<B>> for ShardActor<B> {
    type Result = ();

    fn handle(&mut self, message: Admit<B>, _: &mut Self::Context) {
        self.shard.admit(message.place, message.slot);
    }
}

/// Removes a block from this shard.
pub(crate) struct Evict {
    place: usize,
}

impl Message for Evict {
    type Result = ();
}

impl<B: Block> Handler<Evict> for ShardActor<B> {
    type Result = ();

    fn handle(&mut self, message: Evict, _: &mut Self::Context) {
        if let Some(slot) = self.shard.evict(message.place) {
            slot.bury();
        }
    }
}

/// All mail of a cycle for the blocks of one shard, in one message.
pub(crate) struct Deliver<B: Block>(pub(crate) Vec<Post<B::Mail>>);

impl<B: Block> Handler<Deliver<B>> for ShardActor<B> {
    type Result = ();

    fn handle(&mut self, Deliver(mut batch): Deliver<B>, _: &mut Self::Context) {
        let mut state = self.state.borrow_mut();
        let outcome = self.shard.run(&mut batch, &mut state.workspace);
        state.hand_in(self.local, &outcome, batch);
    }
}

/// Takes all blocks from a shard.
pub(crate) struct Vacate {
    pub(crate) partition: Partition,
}

impl Message for Vacate {
    type Result = ();
}

impl<B: Block> Handler<Vacate> for ShardActor<B> {
    type Result = ();

    fn handle(&mut self, message: Vacate, _: &mut Self::Context) {
        let slots = self.shard.vacate(message.partition);
        self.state.borrow_mut().vacated(slots);
    }
}

impl<B: Block> Handler<Inspect<B>> for ShardActor<B> {
    type Result = ();

    fn handle(&mut self, message: Inspect<B>, _: &mut Self::Context) {
        let place = self.state.borrow().partition().place(message.id);
        let seen = self.shard.slot(place).is_some_and(|slot| slot.show(message.look));
        // The caller may be gone.
        let _ = message.done.send(seen);
    }
}
