//! The arithmetic of Theoremata's language models.
//!
//! Each operation has a plain definition, short enough to be believed, and faster siblings for AVX2 and AVX-512. **All
//! give the same bits**: the order of every sum is fixed by its row, so a result never depends on the batch, the number
//! of threads or the machine. Where a sum needs many lanes, the definition has them too. The crate has no notion of a
//! model, a file or a clock; plain slices go in and come out. Callers lend threads through [`Parallel`]; the crate
//! starts none unless a caller creates a [`Crew`].
//!
//! It is the only crate with `unsafe`, and each such block says why it is sound.
//!
//! Reading order: [`Kernels`] selects the siblings; [`Format`], [`Matrix`] and [`Arena`] hold weights, and
//! [`Kernels::multiply`] uses them; [`Kernels::rms_norm`] and [`Kernels::gate`]; [`PageShape`], [`Rotary`] and
//! [`Kernels::attend`]; [`Sampling`] and [`Draw`]; last [`cuda`], with the same operations on a device.
//!
//! ```
//! use theoremata_kernels::{Inline, Kernels, Matrix, Product};
//!
//! let weights = Matrix::from_floats(2, 3, &[1.0, 0.0, 2.0, 0.0, 1.0, 0.0]);
//! let mut out = [0.0; 2];
//! let products = &mut [Product { matrix: &weights, out: &mut out }];
//! Kernels::best().multiply(&Inline, &[3.0, 4.0, 5.0], 1, products);
//! assert_eq!(out, [13.0, 4.0]);
//! ```

#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "the siblings are for x86-64"))]

mod arena;
mod attention;
mod crew;
pub mod cuda;
mod elementary;
mod format;
mod gate;
mod lanes;
mod level;
mod matrix;
mod norm;
mod pages;
mod parallel;
mod product;
mod quantise;
mod random;
mod rotary;
mod sample;
mod softmax;
mod stream;

pub use arena::Arena;
pub use attention::{Group, Heads, Pages};
pub use crew::Crew;
pub use format::{Format, FormatError};
pub use gate::Activation;
pub use half::f16;
pub use level::{Kernels, Level};
pub use matrix::{Matrix, PackError};
pub use pages::{Cell, PageShape, Slot, Span};
pub use parallel::{Inline, Parallel};
pub use product::Product;
pub use random::{Draw, MIX_STEP, gumbel, mix, philox};
pub use rotary::{Pairing, Rotary};
pub use sample::Sampling;
pub use stream::Stream;
