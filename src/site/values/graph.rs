//! Layered drawing of an acyclic graph: sources on top, every node below its parents, few crossings, deterministic.
//!
//! We implement the layout because pages must not differ between runs: of the libraries for layered layout,
//! `rust-sugiyama` 0.4 iterates over hash maps and draws differently in each process, and the others take seconds at a
//! thousand nodes.

/// The positions of the nodes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Layout {
    /// The centre of each node.
    pub(crate) place: Vec<(i32, i32)>,
    /// The layers from the top: the height of the first row, and the number of nodes.
    pub(crate) layers: Vec<(i32, usize)>,
    /// The size of the drawing.
    pub(crate) width: i32,
    /// See `width`.
    pub(crate) height: i32,
}

/// Dimensions in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measures {
    /// The width of a node.
    pub(crate) width: i32,
    /// The height of a node.
    pub(crate) height: i32,
    /// Gap between two nodes of a row.
    pub(crate) gap: i32,
    /// Gap between two layers.
    pub(crate) between: i32,
    /// Margin above the first layer.
    pub(crate) top: i32,
    /// Maximal number of nodes in a row; larger layers are split into rows.
    pub(crate) row: usize,
}

/// Number of sweeps, down and up, that improve the order within layers.
const SWEEPS: usize = 8;

/// Lays out the nodes `0..parents.len()`; `parents[i]` are the parents of `i`, all lower than `i`. Cost: linear in
/// nodes and edges, times a small constant.
pub(crate) fn layout(parents: &[Vec<usize>], measures: Measures) -> Layout {
    let count = parents.len();
    let mut layer = vec![0; count];
    let mut children = vec![Vec::new(); count];
    for (node, list) in parents.iter().enumerate() {
        for parent in list {
            layer[node] = layer[node].max(layer[*parent] + 1);
            children[*parent].push(node);
        }
    }
    let mut layers = vec![Vec::new(); layer.iter().max().map_or(0, |top| top + 1)];
    for node in 0..count {
        layers[layer[node]].push(node);
    }
    let mut order = vec![0.0; count];
    let spread = |layers: &[Vec<usize>], order: &mut Vec<f64>| {
        for nodes in layers {
            for (place, node) in nodes.iter().enumerate() {
                order[*node] = (place as f64 + 0.5) / nodes.len() as f64;
            }
        }
    };
    spread(&layers, &mut order);
    for sweep in 0..SWEEPS {
        let neighbours: &[Vec<usize>] = if sweep % 2 == 0 { parents } else { &children };
        let turns: Vec<usize> =
            if sweep % 2 == 0 { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for turn in turns {
            let mut wish: Vec<(f64, usize)> = layers[turn]
                .iter()
                .map(|node| (mean(&neighbours[*node], &order).unwrap_or(order[*node]), *node))
                .collect();
            // A stable sort keeps the result deterministic.
            wish.sort_by(|one, other| one.0.total_cmp(&other.0));
            layers[turn] = wish.into_iter().map(|(_, node)| node).collect();
            spread(&layers[turn..=turn], &mut order);
        }
    }
    let rows: Vec<Vec<Vec<usize>>> =
        layers.iter().map(|nodes| nodes.chunks(measures.row.max(1)).map(<[usize]>::to_vec).collect()).collect();
    let step = measures.width + measures.gap;
    let widest = rows.iter().flatten().map(Vec::len).max().unwrap_or(0) as i32;
    let width = widest * step + measures.gap;
    let mut x = vec![0.0; count];
    for row in rows.iter().flatten() {
        let left = (width - row.len() as i32 * step) / 2;
        for (place, node) in row.iter().enumerate() {
            x[*node] = f64::from(left + place as i32 * step + step / 2);
        }
    }
    for pass in 0..6 {
        let neighbours: &[Vec<usize>] = if pass % 2 == 0 { parents } else { &children };
        for row in rows.iter().flatten() {
            settle(row, neighbours, &mut x, f64::from(step), f64::from(width));
        }
    }
    let mut place = vec![(0, 0); count];
    let mut bands = Vec::new();
    let mut y = measures.top;
    for layer in &rows {
        bands.push((y, layer.iter().map(Vec::len).sum()));
        for row in layer {
            for node in row {
                place[*node] = (x[*node].round() as i32, y + measures.height / 2);
            }
            y += measures.height + measures.gap;
        }
        y += measures.between;
    }
    Layout { place, layers: bands, width, height: (y - measures.between).max(0) }
}

fn mean(nodes: &[usize], of: &[f64]) -> Option<f64> {
    if nodes.is_empty() {
        return None;
    }
    Some(nodes.iter().map(|node| of[*node]).sum::<f64>() / nodes.len() as f64)
}

/// Moves the nodes of a row towards their neighbours, keeping their order and minimal distance.
fn settle(row: &[usize], neighbours: &[Vec<usize>], x: &mut [f64], step: f64, width: f64) {
    let wish: Vec<f64> = row.iter().map(|node| mean(&neighbours[*node], x).unwrap_or(x[*node])).collect();
    let mut low = step / 2.0;
    let forward: Vec<f64> = wish
        .iter()
        .map(|wish| {
            let at = wish.max(low);
            low = at + step;
            at
        })
        .collect();
    let mut high = width - step / 2.0;
    for (place, node) in row.iter().enumerate().rev() {
        let at = forward[place].min(high);
        high = at - step;
        x[*node] = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURES: Measures = Measures { width: 40, height: 20, gap: 10, between: 30, top: 20, row: 12 };

    /// An acyclic graph, determined by the seed.
    pub(crate) fn random(seed: u64, count: usize) -> Vec<Vec<usize>> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        (0..count)
            .map(|node| {
                let mut parents: Vec<usize> = (0..next(4)).filter(|_| node > 0).map(|_| next(node.max(1))).collect();
                parents.sort_unstable();
                parents.dedup();
                parents
            })
            .collect()
    }

    #[test]
    fn nodes_stand_below_what_they_rest_on_and_never_overlap() {
        for seed in 0..200 {
            let parents = random(seed, 1 + seed as usize * 3);
            let layout = layout(&parents, MEASURES);
            for (node, list) in parents.iter().enumerate() {
                for parent in list {
                    assert!(
                        layout.place[*parent].1 < layout.place[node].1,
                        "seed {seed}: {node} is not below {parent}"
                    );
                }
                let (x, y) = layout.place[node];
                assert!(
                    x >= MEASURES.width / 2 && x <= layout.width - MEASURES.width / 2,
                    "seed {seed}: {node} sticks out"
                );
                assert!(y > 0 && y < layout.height, "seed {seed}: {node} sticks out");
            }
            let mut places = layout.place.clone();
            places.sort_by_key(|(x, y)| (*y, *x));
            for pair in places.windows(2) {
                let apart = pair[0].1 != pair[1].1 || pair[1].0 - pair[0].0 >= MEASURES.width;
                assert!(apart, "seed {seed}: {pair:?} overlap");
            }
        }
    }

    #[test]
    fn two_crossed_pairs_are_drawn_without_a_crossing() {
        // 2 has parent 1, 3 has parent 0: in the order of numbers the two edges would cross.
        let layout = layout(&[vec![], vec![], vec![1], vec![0]], MEASURES);
        let order = |one: usize, other: usize| layout.place[one].0.cmp(&layout.place[other].0);
        assert_eq!(order(0, 1), order(3, 2));
    }

    #[test]
    fn a_wide_layer_is_broken_into_rows() {
        let layout = layout(&vec![Vec::new(); 100], MEASURES);
        assert_eq!(layout.layers.len(), 1);
        assert!(layout.width <= 13 * 50 + 10);
    }
}
