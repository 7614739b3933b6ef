//! How far to trust an unchecked answer: agreement of several answers, and holes where a model is unsure. Plain values,
//! independent of engines.

pub(crate) mod agreement;
pub(crate) mod holes;
