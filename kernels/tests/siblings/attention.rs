//! Attention over pages.

use theoremata_kernels::{
    Cell, Group, Heads, Inline, Kernels, PageShape, Pages, Pairing, Parallel, Rotary, Slot, Span, f16,
};

use crate::common::{close, executors, same_bits, seeds, siblings, unwritten};
use crate::numbers::Random;

const POSITIONS: usize = 200;

/// A layer, and token lists that rows attend to, independent of the page layout.
struct Case {
    queries: usize,
    kv_heads: usize,
    dim: usize,
    pairing: Pairing,
    rotary: Rotary,
    /// The number of rotated dimensions of a head.
    turning: usize,
    window: Option<u32>,
    cap: Option<f32>,
    /// Keys and values, `[tokens][kv_heads · dim]`.
    keys: Vec<f32>,
    values: Vec<f32>,
    lists: Vec<List>,
}

/// The tokens of a group with their positions, and its rows.
struct List {
    tokens: Vec<(usize, u32)>,
    positions: Vec<u32>,
    seen: Vec<u32>,
    queries: Vec<f32>,
}

fn case(seed: u64) -> Case {
    let random = &mut Random::new(seed);
    let (kv_heads, run) = (1 + random.below(3), 1 + random.below(5));
    let dim = [2, 6, 16, 20, 32, 64, 80][random.below(7)];
    let pairing = [Pairing::Neighbours, Pairing::Halves][random.below(2)];
    let turning = if random.below(3) == 0 { dim / 4 * 2 } else { dim };
    let rotary = Rotary::new(pairing, dim, &Rotary::frequencies(turning, 1e4), POSITIONS);
    let window = (random.below(3) == 0).then(|| 1 + random.below(100) as u32);
    let cap = (random.below(3) == 0).then_some(0.5);
    let tokens = 1 + random.below(90);
    let mut trunk: Vec<(usize, u32)> = Vec::new();
    let lists = (0..random.below(6))
        .map(|_| {
            // A few runs of tokens, each with its own positions; a run may occur twice, as after a fork. Some lists begin
            // like the one before, as branches of a tree do.
            trunk.truncate(if random.below(2) == 0 { 0 } else { random.below(trunk.len() + 1) });
            let mut list = trunk.clone();
            for _ in 0..random.below(4) {
                let (from, position) = (random.below(tokens), random.below(POSITIONS - 90));
                let count = 1 + random.below(tokens - from);
                list.extend((0..count).map(|at| (from + at, (position + at) as u32)));
            }
            trunk.clone_from(&list);
            let rows = if random.below(6) == 0 { random.below(40) } else { random.below(7) };
            let positions = (0..rows).map(|_| random.below(POSITIONS) as u32).collect();
            let seen = (0..rows).map(|_| random.below(list.len() + 1) as u32).collect();
            List { tokens: list, positions, seen, queries: random.floats(rows * kv_heads * run * dim) }
        })
        .collect();
    let width = kv_heads * dim;
    let (keys, values) = (random.floats(tokens * width), random.floats(tokens * width));
    Case { queries: kv_heads * run, kv_heads, dim, pairing, rotary, turning, window, cap, keys, values, lists }
}

/// Stores the tokens in pages in some order, and computes attention; unused slots are NaN.
fn attend<C: Cell>(
    case: &Case,
    kernels: Kernels,
    parallel: &dyn Parallel,
    page_tokens: usize,
    shuffle: usize,
    lists: &[&List],
) -> Vec<f32> {
    let shape = PageShape { page_tokens, kv_heads: case.kv_heads, head_dim: case.dim };
    let tokens = case.keys.len() / shape.token_cells();
    let pages = tokens.div_ceil(page_tokens) + 1;
    let place = |token: usize| {
        let token = token + shuffle % page_tokens;
        Slot { page: ((token / page_tokens + shuffle) % pages) as u32, offset: (token % page_tokens) as u32 }
    };
    let empty = C::from_float(f32::NAN);
    let (mut keys, mut values) = (vec![empty; pages * shape.cells()], vec![empty; pages * shape.cells()]);
    let slots: Vec<Slot> = (0..tokens).map(place).collect();
    shape.store(&slots, &case.keys, &case.values, &mut keys, &mut values);
    let spans: Vec<Vec<Span>> = lists
        .iter()
        .map(|list| {
            let mut spans: Vec<Span> = Vec::new();
            for (token, position) in &list.tokens {
                let Slot { page, offset } = slots[*token];
                match spans.last_mut() {
                    Some(last)
                        if last.page == page
                            && last.offset + last.tokens == offset
                            && last.position + last.tokens == *position =>
                    {
                        last.tokens += 1;
                    }
                    _ => spans.push(Span { page, offset, tokens: 1, position: *position }),
                }
            }
            spans
        })
        .collect();
    let groups: Vec<Group<'_>> = lists
        .iter()
        .zip(&spans)
        .map(|(list, spans)| Group { positions: &list.positions, seen: &list.seen, spans })
        .collect();
    let rows: Vec<f32> = lists.iter().flat_map(|list| list.queries.iter().copied()).collect();
    let mut out = unwritten(rows.len());
    let scale = 1.0 / (case.dim as f32).sqrt();
    let Case { queries, ref rotary, window, cap, .. } = *case;
    let heads = Heads { queries, shape, scale, rotary, window, cap };
    kernels.attend(parallel, &heads, Pages { keys: &keys, values: &values }, &rows, &groups, &mut out);
    out
}

fn every_bit_agrees<C: Cell>(seed: u64) {
    let case = case(seed);
    let lists: Vec<&List> = case.lists.iter().collect();
    let expected = attend::<C>(&case, Kernels::plain(), &Inline, 16, 0, &lists);
    let random = &mut Random::new(seed ^ 0xa77e);
    for kernels in siblings() {
        for (name, parallel) in executors() {
            let page_tokens = [1, 2, 5, 16, 32, 33][random.below(6)];
            let shuffle = random.below(64);
            let what = format!("seed {seed}, pages of {page_tokens}, {}, {name}", kernels.level());
            same_bits(&attend::<C>(&case, kernels, parallel, page_tokens, shuffle, &lists), &expected, &what);
            // Each row alone, which must give the same result.
            let mut alone = Vec::new();
            for list in &case.lists {
                for (row, queries) in list.queries.chunks_exact(case.queries * case.dim).enumerate() {
                    let single = List {
                        tokens: list.tokens.clone(),
                        positions: vec![list.positions[row]],
                        seen: vec![list.seen[row]],
                        queries: queries.to_vec(),
                    };
                    alone.extend(attend::<C>(&case, kernels, parallel, page_tokens, shuffle, &[&single]));
                }
            }
            same_bits(&alone, &expected, format!("{what}, each row alone"));
        }
    }
}

#[test]
fn attention_has_the_bits_of_its_definition_however_it_is_paged_and_batched() {
    for seed in seeds() {
        every_bit_agrees::<f32>(seed);
    }
}

#[test]
fn attention_over_half_precision_has_the_bits_of_its_definition() {
    for seed in seeds() {
        every_bit_agrees::<f16>(seed);
    }
}

/// Tolerance 1e-5: scores are below 10, outputs are means of values below 1.
#[test]
fn attention_is_the_mean_of_values_by_softmax_of_turned_products() {
    for seed in seeds() {
        let case = case(seed);
        let lists: Vec<&List> = case.lists.iter().collect();
        let out = attend::<f32>(&case, Kernels::best(), &Inline, 32, 3, &lists);
        let mut exact = Vec::new();
        for list in &case.lists {
            for (row, query) in list.queries.chunks_exact(case.queries * case.dim).enumerate() {
                for (head, query) in query.chunks_exact(case.dim).enumerate() {
                    exact.extend(exact_head(&case, list, row, head, query));
                }
            }
        }
        close(&out, &exact, 1e-5, format!("seed {seed}"));
    }
}

fn exact_head(case: &Case, list: &List, row: usize, head: usize, query: &[f32]) -> Vec<f64> {
    let turned = |head: &[f32], position: u32| -> Vec<f64> {
        let mut out: Vec<f64> = head.iter().map(|number| f64::from(*number)).collect();
        for pair in 0..case.turning / 2 {
            let (first, second) = match case.pairing {
                Pairing::Neighbours => (2 * pair, 2 * pair + 1),
                Pairing::Halves => (pair, pair + case.turning / 2),
            };
            let angle = f64::from(position) * 1e4f64.powf(-2.0 * pair as f64 / case.turning as f64);
            let (a, b) = (f64::from(head[first]), f64::from(head[second]));
            out[first] = a * angle.cos() - b * angle.sin();
            out[second] = a * angle.sin() + b * angle.cos();
        }
        out
    };
    let from = |token: usize| (token * case.kv_heads + head / (case.queries / case.kv_heads)) * case.dim;
    let query = turned(query, list.positions[row]);
    let mut out = vec![0.0; case.dim];
    let mut sum = 0.0;
    let own = u64::from(list.positions[row]);
    for (token, position) in &list.tokens[..list.seen[row] as usize] {
        if case.window.is_some_and(|window| u64::from(*position) + u64::from(window) <= own) {
            continue;
        }
        let key = turned(&case.keys[from(*token)..][..case.dim], *position);
        let score: f64 = query.iter().zip(&key).map(|(query, key)| query * key).sum::<f64>() / (case.dim as f64).sqrt();
        let score = case.cap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh());
        sum += score.exp();
        for (out, value) in out.iter_mut().zip(&case.values[from(*token)..]) {
            *out += score.exp() * f64::from(*value);
        }
    }
    out.iter().map(|out| if sum > 0.0 { out / sum } else { 0.0 }).collect()
}

#[test]
#[should_panic(expected = "a row sees 1 of 0 tokens")]
fn a_row_cannot_see_what_is_not_listed() {
    let rotary = Rotary::new(Pairing::Halves, 2, &[1.0], 4);
    let shape = PageShape { page_tokens: 1, kv_heads: 1, head_dim: 2 };
    let heads = Heads { queries: 1, shape, scale: 1.0, rotary: &rotary, window: None, cap: None };
    let group = Group { positions: &[0], seen: &[1], spans: &[] };
    Kernels::best().attend::<f32>(
        &Inline,
        &heads,
        Pages { keys: &[], values: &[] },
        &[0.0; 2],
        &[group],
        &mut [0.0; 2],
    );
}
