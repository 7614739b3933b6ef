//! The actors of the grid: an exchange on every thread, and the cells.
//!
//! Both are thin: what they do is in `desk.rs` and `cell.rs`. Messages come by one mailbox each and
//! are handled in the order of sending, so that a block is there before its first mail.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;

use actix::{Actor, Addr, Context, Handler, Message};

use super::block::{Block, BlockId, Post, Slot};
use super::cell::Cell;
use super::desk::{Desk, Task};
use super::house::{House, Parcel};
use super::runtime::Look;

/// The one actor of a thread that others write to: it takes blocks, mail and tasks.
pub(crate) struct Exchange<B: Block> {
    desk: Rc<RefCell<Desk<B>>>,
}

impl<B: Block> Exchange<B> {
    pub(crate) fn new(desk: Desk<B>) -> Self {
        Self { desk: Rc::new(RefCell::new(desk)) }
    }
}

impl<B: Block> Actor for Exchange<B> {
    type Context = Context<Self>;
}

/// A cell with a mailbox: the logic blocks as actors.
pub(crate) struct CellActor<B: Block> {
    seat: usize,
    cell: Cell<B>,
    desk: Rc<RefCell<Desk<B>>>,
}

impl<B: Block> Actor for CellActor<B> {
    type Context = Context<Self>;
}

/// Blocks' panics are caught where blocks are run. Any other one is a fault of the grid; the actor is
/// lost, and the coordinator must hear of it instead of waiting.
fn hang_up_in_panic<B: Block>(desk: &RefCell<Desk<B>>) {
    if thread::panicking()
        && let Ok(mut desk) = desk.try_borrow_mut()
    {
        desk.hang_up();
    }
}

impl<B: Block> Drop for Exchange<B> {
    fn drop(&mut self) {
        hang_up_in_panic(&self.desk);
    }
}

impl<B: Block> Drop for CellActor<B> {
    fn drop(&mut self) {
        hang_up_in_panic(&self.desk);
    }
}

/// Declares messages that nobody waits for an answer to.
macro_rules! messages {
    ($($name:ident)*) => {$(
        impl<B: Block> Message for $name<B> {
            type Result = ();
        }
    )*};
}
messages!(Connect Settle Remove Inspect Task Deliver Admit);

impl<M: Send + Sync + 'static> Message for Parcel<M> {
    type Result = ();
}

/// All exchanges, by thread.
pub(crate) struct Connect<B: Block>(pub(crate) Vec<Addr<Exchange<B>>>);

impl<B: Block> Handler<Connect<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, Connect(peers): Connect<B>, _: &mut Self::Context) {
        self.desk.borrow_mut().connect(peers);
    }
}

/// Blocks that live here from now on, by ascending id.
pub(crate) struct Settle<B: Block>(pub(crate) Vec<(BlockId, Slot<B>)>);

impl<B: Block> Handler<Settle<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, Settle(newcomers): Settle<B>, _: &mut Self::Context) {
        let mut desk = self.desk.borrow_mut();
        for (id, slot) in newcomers {
            let (seat, place) = (desk.house().seat(id), desk.house().place(id));
            let open = |number| CellActor { seat, cell: Cell::new(number), desk: Rc::clone(&self.desk) }.start();
            desk.admit(seat, slot.awake, open).do_send(Admit { place, slot });
        }
    }
}

/// Blocks of this thread that are to be removed. All of them are there.
pub(crate) struct Remove<B: Block> {
    pub(crate) ids: Vec<BlockId>,
    pub(crate) blocks: std::marker::PhantomData<fn(B)>,
}

impl<B: Block> Handler<Remove<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, message: Remove<B>, _: &mut Self::Context) {
        let mut desk = self.desk.borrow_mut();
        for id in message.ids {
            if let Some(actor) = desk.actor(id) {
                actor.do_send(Evict { place: desk.house().place(id) });
                let seat = desk.house().seat(id);
                desk.lose(seat, 1);
            }
        }
    }
}

/// A question to one block of this thread.
pub(crate) struct Inspect<B: Block> {
    pub(crate) id: BlockId,
    pub(crate) look: Look<B>,
    /// Whether the block was seen.
    pub(crate) done: std::sync::mpsc::Sender<bool>,
}

impl<B: Block> Handler<Inspect<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, message: Inspect<B>, _: &mut Self::Context) {
        // Without such a cell the message is dropped, and its sender with it: that is an answer too.
        if let Some(actor) = self.desk.borrow().actor(message.id) {
            actor.do_send(message);
        }
    }
}

impl<B: Block> Handler<Task<B>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, task: Task<B>, _: &mut Self::Context) {
        self.desk.borrow_mut().assign(task);
    }
}

impl<B: Block> Handler<Parcel<B::Mail>> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, parcel: Parcel<B::Mail>, _: &mut Self::Context) {
        self.desk.borrow_mut().receive(parcel);
    }
}

/// The grid ends: cells are let go of, and end when they have handled what was sent before.
pub(crate) struct Close;

impl Message for Close {
    type Result = ();
}

impl<B: Block> Handler<Close> for Exchange<B> {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        self.desk.borrow_mut().close();
    }
}

/// One block for this cell.
pub(crate) struct Admit<B: Block> {
    place: usize,
    slot: Slot<B>,
}

impl<B: Block> Handler<Admit<B>> for CellActor<B> {
    type Result = ();

    fn handle(&mut self, message: Admit<B>, _: &mut Self::Context) {
        self.cell.admit(message.place, message.slot);
    }
}

/// One block less for this cell.
pub(crate) struct Evict {
    place: usize,
}

impl Message for Evict {
    type Result = ();
}

impl<B: Block> Handler<Evict> for CellActor<B> {
    type Result = ();

    fn handle(&mut self, message: Evict, _: &mut Self::Context) {
        if let Some(slot) = self.cell.evict(message.place) {
            slot.bury();
        }
    }
}

/// All mail of a cycle for the blocks of one cell: one message, whatever there is in it.
pub(crate) struct Deliver<B: Block>(pub(crate) Vec<Post<B::Mail>>);

impl<B: Block> Handler<Deliver<B>> for CellActor<B> {
    type Result = ();

    fn handle(&mut self, Deliver(mut batch): Deliver<B>, _: &mut Self::Context) {
        let mut desk = self.desk.borrow_mut();
        let outcome = self.cell.run(&mut batch, &mut desk.bench);
        desk.hand_in(self.seat, &outcome, batch);
    }
}

/// Asks a cell for all its blocks.
pub(crate) struct Vacate {
    pub(crate) house: House,
}

impl Message for Vacate {
    type Result = ();
}

impl<B: Block> Handler<Vacate> for CellActor<B> {
    type Result = ();

    fn handle(&mut self, message: Vacate, _: &mut Self::Context) {
        let slots = self.cell.vacate(message.house);
        self.desk.borrow_mut().vacated(slots);
    }
}

impl<B: Block> Handler<Inspect<B>> for CellActor<B> {
    type Result = ();

    fn handle(&mut self, message: Inspect<B>, _: &mut Self::Context) {
        let place = self.desk.borrow().house().place(message.id);
        let seen = self.cell.slot(place).is_some_and(|slot| slot.show(message.look));
        // Whoever asked may have gone.
        let _ = message.done.send(seen);
    }
}
