//! Rotated keys: stored in tiles, or rotated as they are read.

use crate::attention::Heads;
use crate::attention::runs::{TILE, Vector};
use crate::lanes::Lanes;
use crate::pages::Cell;
use crate::rotary::Rotary;

/// Rotates the keys of the vectors of a tile, `[pair][both numbers][token]`.
#[inline(always)]
pub(super) fn turn_tile<L: Lanes, C: Cell>(
    lanes: L,
    heads: &Heads<'_>,
    (keys, head): (&[C], usize),
    vectors: &[Vector],
    tile: &mut [f32],
) {
    let page_tokens = heads.shape.page_tokens;
    for (place, vector) in vectors.iter().enumerate() {
        let from = heads.shape.key(vector.page, head, 0, 0);
        let cells = &keys[from..from + heads.shape.head_dim * page_tokens];
        let tile = &mut tile[16 * place..];
        if vector.base + 16 <= page_tokens {
            turn_vector::<L, C, true>(lanes, heads, cells, vector, tile);
        } else {
            turn_vector::<L, C, false>(lanes, heads, cells, vector, tile);
        }
    }
}

/// Rotates the keys of one vector, from the cells of a page, `[number][token]`. Unless `FULL`, the page ends before the
/// vector does.
#[inline(always)]
fn turn_vector<L: Lanes, C: Cell, const FULL: bool>(
    lanes: L,
    heads: &Heads<'_>,
    cells: &[C],
    vector: &Vector,
    tile: &mut [f32],
) {
    let places = Places { cells, base: vector.base, position: vector.position };
    for pair in 0..heads.shape.head_dim / 2 {
        let numbers = (pair, heads.rotary.pair(pair));
        let [turned, other] = places.pair::<L, FULL>(lanes, heads.rotary, heads.shape.page_tokens, numbers);
        let tile = &mut tile[pair * 2 * 16 * TILE..];
        lanes.store(turned, tile.first_chunk_mut().expect("sixteen tokens"));
        lanes.store(other, tile[16 * TILE..].first_chunk_mut().expect("sixteen tokens"));
    }
}

/// Sixteen places of a page.
#[derive(Clone, Copy)]
pub(super) struct Places<'a, C> {
    /// The keys of the page, `[number][token]`.
    pub(super) cells: &'a [C],
    pub(super) base: usize,
    /// As that of [`Vector`].
    pub(super) position: usize,
}

impl<C: Cell> Places<'_, C> {
    /// Both numbers of a pair, rotated.
    #[inline(always)]
    fn pair<L: Lanes, const FULL: bool>(
        &self,
        lanes: L,
        rotary: &Rotary,
        page_tokens: usize,
        (pair, (first, second)): (usize, (usize, usize)),
    ) -> [L::Floats; 2] {
        let key = |number: usize| {
            let at = number * page_tokens + self.base;
            if FULL {
                C::load(lanes, self.cells[at..].first_chunk().expect("sixteen tokens"))
            } else {
                C::load_some(lanes, &self.cells[at..][..page_tokens - self.base])
            }
        };
        let (cosine, sine) = rotary.sixteen(pair, self.position);
        let (cosine, sine) = (lanes.load(cosine), lanes.load(sine));
        let (a, b) = (key(first), key(second));
        // As in `rotary::turn`.
        let turned = lanes.fma(a, cosine, lanes.sub(lanes.splat(-0.0), lanes.mul(b, sine)));
        [turned, lanes.fma(a, sine, lanes.mul(b, cosine))]
    }
}

/// Where the rotated keys of [`TILE`] vectors come from.
pub(super) trait Keys: Copy {
    /// Both numbers of a pair, for consecutive vectors from `place` on.
    fn pair<L: Lanes, const GROUPS: usize>(self, lanes: L, pair: usize, place: usize) -> [[L::Floats; GROUPS]; 2];
}

/// Stored rotated keys, `[pair][both numbers][token]`.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a>(pub(super) &'a [f32]);

impl Keys for Tile<'_> {
    #[inline(always)]
    fn pair<L: Lanes, const GROUPS: usize>(self, lanes: L, pair: usize, place: usize) -> [[L::Floats; GROUPS]; 2] {
        let numbers: &[f32; 2 * 16 * TILE] = self.0[pair * 2 * 16 * TILE..].first_chunk().expect("a pair of the tile");
        let vectors = numbers.as_chunks::<16>().0;
        std::array::from_fn(|both| std::array::from_fn(|group| lanes.load(&vectors[both * TILE + place + group])))
    }
}

/// Keys that are rotated as they are read.
#[derive(Clone, Copy)]
pub(super) struct OnPages<'a, C> {
    pub(super) places: [Places<'a, C>; TILE],
    pub(super) page_tokens: usize,
    pub(super) rotary: &'a Rotary,
}

impl<C: Cell> Keys for OnPages<'_, C> {
    #[inline(always)]
    fn pair<L: Lanes, const GROUPS: usize>(self, lanes: L, pair: usize, place: usize) -> [[L::Floats; GROUPS]; 2] {
        let numbers = (pair, self.rotary.pair(pair));
        let mut both = [[lanes.splat(0.0); GROUPS]; 2];
        let [firsts, seconds] = &mut both;
        for ((places, first), second) in self.places[place..].iter().zip(firsts).zip(seconds) {
            [*first, *second] = places.pair::<L, true>(lanes, self.rotary, self.page_tokens, numbers);
        }
        both
    }
}
