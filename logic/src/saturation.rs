//! Saturation of logic blocks: rules as join plans, indexed facts, congruence, function values on demand; and
//! completion.

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
