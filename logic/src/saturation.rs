//! How a logic block derives: rules as join plans, facts in indexed columns, equality, values on demand.

pub mod block;
pub mod book;
pub mod completion;
pub mod congruence;
pub mod facts;
pub mod pattern;
pub mod reference;
pub mod rule;
pub mod sequent;
pub mod sorts;
