//! How far an answer is to be trusted that nothing has checked: agreement of several, and holes where a model is unsure.
//! Plain values, apart from engines.

pub(crate) mod agreement;
pub(crate) mod holes;
