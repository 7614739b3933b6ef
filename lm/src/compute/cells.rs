//! Copies keys and values out of the processor's pages, as rows.

use theoremata_kernels::{Cell, PageShape, Pages, Slot};

use crate::keep::run::Cells;

/// The keys and values of some slots of a layer, as rows. In a page, a head's keys are ordered by dimension and then by
/// token, its values by token and then by dimension.
pub(super) fn rows<C: Cell>(shape: PageShape, pages: Pages<'_, C>, slots: impl Iterator<Item = Slot>) -> Cells {
    let mut cells = Cells::default();
    for Slot { page, offset } in slots {
        let (page, at) = (page as usize * shape.cells()..(page as usize + 1) * shape.cells(), offset as usize);
        let keys = pages.keys[page.clone()].chunks_exact(shape.page_tokens);
        cells.keys.extend(keys.map(|column| column[at].to_float()));
        for head in pages.values[page].chunks_exact(shape.page_tokens * shape.head_dim) {
            let value = &head[at * shape.head_dim..(at + 1) * shape.head_dim];
            cells.values.extend(value.iter().map(|cell| cell.to_float()));
        }
    }
    cells
}
