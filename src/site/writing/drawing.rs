//! The citation graph as SVG without scripts: every node is a link.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use fixedbitset::FixedBitSet;

use super::escape::escape;
use crate::site::values::catalogue::Catalogue;
use crate::site::values::graph::{self, Measures};

/// Up to this many nodes, nodes show their statements; beyond, only their numbers.
const MOST_LABELLED: usize = 120;

/// Maximal number of nodes, to keep the page small; of more, the essential and the most cited are drawn.
pub(crate) const MOST_DRAWN: usize = 2_000;

/// Maximal number of nodes around a single theorem.
const MOST_AROUND: usize = 40;

/// Maximal number of nodes that a folded theorem leads to.
const MOST_THROUGH: usize = 60;

/// Maximal number of characters of a statement in a node.
const LABEL: usize = 23;

/// The theorems that neither cite nor are cited, which a citation graph omits.
pub(crate) fn alone(catalogue: &Catalogue<'_>) -> Vec<usize> {
    let lonely = |node: &usize| {
        let entry = &catalogue.theorems[*node];
        entry.cites.is_empty() && entry.used_by.is_empty()
    };
    (0..catalogue.theorems.len()).filter(lonely).collect()
}

/// Whether the full graph omits a theorem: it adds little, and edges through it go to the theorems that it follows
/// from.
pub(crate) fn is_folded(catalogue: &Catalogue<'_>, node: usize) -> bool {
    catalogue.interest.listed[node].variant.is_some() && !catalogue.report.theorems[node].essential
}

/// The theorems in the full graph, ascending.
pub(crate) fn everything(catalogue: &Catalogue<'_>) -> Vec<usize> {
    let alone: BTreeSet<usize> = alone(catalogue).into_iter().collect();
    let has_node = |node: &usize| !alone.contains(node) && !is_folded(catalogue, *node);
    let mut nodes: Vec<usize> = (0..catalogue.theorems.len()).filter(has_node).collect();
    if nodes.len() > MOST_DRAWN {
        nodes.sort_by_key(|node| {
            let essential = catalogue.report.theorems[*node].essential;
            (!essential, std::cmp::Reverse(catalogue.theorems[*node].used_by.len()), *node)
        });
        nodes.truncate(MOST_DRAWN);
        nodes.sort_unstable();
    }
    nodes
}

/// The theorems at most two citations away, ascending; the nearest if there are too many.
pub(crate) fn around(catalogue: &Catalogue<'_>, centre: usize) -> Vec<usize> {
    let mut found = BTreeSet::from([centre]);
    type Next = fn(&Catalogue<'_>, usize) -> Vec<usize>;
    let directions: [Next; 2] = [
        |catalogue, node| catalogue.theorems[node].cites.clone(),
        |catalogue, node| catalogue.theorems[node].used_by.clone(),
    ];
    for next in directions {
        let limit = found.len() + MOST_AROUND / 2;
        let mut edge = vec![centre];
        for _ in 0..2 {
            let mut further = Vec::new();
            for node in edge {
                for neighbour in next(catalogue, node) {
                    if found.len() < limit && found.insert(neighbour) {
                        further.push(neighbour);
                    }
                }
            }
            edge = further;
        }
    }
    found.into_iter().collect()
}

/// Draws these theorems. `folder` is the path from the page to the theorems' pages; `centre` is the highlighted
/// theorem.
pub(crate) fn draw(catalogue: &Catalogue<'_>, nodes: &[usize], folder: &str, centre: Option<usize>) -> String {
    let place: HashMap<usize, usize> = nodes.iter().enumerate().map(|(place, node)| (*node, place)).collect();
    let mut parents: Vec<Vec<usize>> = match centre {
        Some(_) => {
            let cites = |node: &usize| catalogue.theorems[*node].cites.iter();
            nodes.iter().map(|node| cites(node).filter_map(|cited| place.get(cited).copied()).collect()).collect()
        }
        None => unfolded(catalogue, nodes, &place),
    };
    let all: usize = parents.iter().map(Vec::len).sum();
    lighten(&mut parents);
    let drawn: usize = parents.iter().map(Vec::len).sum();
    let labelled = nodes.len() <= MOST_LABELLED;
    let measures = if labelled {
        Measures { width: 196, height: 30, gap: 14, between: 34, top: 22, row: if centre.is_some() { 4 } else { 6 } }
    } else {
        Measures { width: 44, height: 20, gap: 8, between: 40, top: 22, row: 40 }
    };
    let layout = graph::layout(&parents, measures);
    let mut svg = String::new();
    let (width, height) = (layout.width.max(240), layout.height + 8);
    let _ = write!(
        svg,
        "<svg class=\"graph{}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"group\" \
         aria-label=\"Graph of {} theorems and {drawn} citations; {} citations that follow from others are left out\">",
        if labelled { "" } else { " dense" },
        nodes.len(),
        all - drawn
    );
    if centre.is_none() {
        for (level, (y, count)) in layout.layers.iter().enumerate() {
            let _ = write!(svg, "<text class=\"level\" x=\"4\" y=\"{}\">level {level}: {count}</text>", y - 7);
        }
    }
    if labelled {
        let _ = write!(
            svg,
            "<clipPath id=\"clip\"><rect y=\"-20\" width=\"{}\" height=\"40\"/></clipPath>",
            measures.width - 28
        );
    }
    svg.push_str("<g class=\"edges\">");
    for (node, list) in parents.iter().enumerate() {
        if list.is_empty() {
            continue;
        }
        let _ = write!(svg, "<path data-of=\"{}\" d=\"", nodes[node] + 1);
        let (x, y) = layout.place[node];
        let top = y - measures.height / 2;
        for parent in list {
            let (from_x, from_y) = layout.place[*parent];
            let from = from_y + measures.height / 2;
            let bend = ((top - from) / 2).clamp(8, 60);
            let _ = write!(svg, "M{from_x} {from}C{from_x} {} {x} {} {x} {top}", from + bend, top - bend);
        }
        svg.push_str("\"/>");
    }
    svg.push_str("</g>");
    for (place, node) in nodes.iter().enumerate() {
        let entry = &catalogue.theorems[*node];
        let theorem = &catalogue.report.theorems[*node];
        let (x, y) = layout.place[place];
        let mut class = String::from("n");
        class.push_str(if theorem.essential { " essential" } else { "" });
        class.push_str(if centre == Some(*node) { " centre" } else { "" });
        let body = &entry.text;
        let number = node + 1;
        let _ = write!(svg, "<a class=\"{class}\" data-n=\"{number}\" href=\"{folder}{}\"", entry.file);
        if !labelled {
            let _ = write!(svg, " aria-label=\"Theorem {number}: ");
            escape(&cut(body, 60), &mut svg);
            svg.push_str(if theorem.essential { " (essential)\"" } else { "\"" });
        }
        svg.push('>');
        let (left, top) = (x - measures.width / 2, y - measures.height / 2);
        // Boxes of numbers have their size in the style sheet, as it is repeated thousands of times.
        let _ = write!(svg, "<rect x=\"{left}\" y=\"{top}\"");
        if labelled {
            let _ = write!(svg, " width=\"{}\" height=\"{}\" rx=\"5\"", measures.width, measures.height);
        }
        svg.push_str("/>");
        if labelled {
            // The text is complete for screen readers, and visually clipped; the ellipsis is drawn, not text.
            let clipped = body.chars().count() > LABEL;
            let clip = if clipped { " clip-path=\"url(#clip)\"" } else { "" };
            let _ = write!(
                svg,
                "<text transform=\"translate({} {})\"{clip}><tspan class=\"num\">{number}</tspan> ",
                left + 8,
                y + 5
            );
            svg.push_str(if theorem.essential { "★ " } else { "" });
            escape(&cut(body, 160), &mut svg);
            svg.push_str("</text>");
            if clipped {
                let _ = write!(
                    svg,
                    "<path class=\"more\" d=\"M{} {}h.1m4 0h.1m4 0h.1\"/>",
                    left + measures.width - 14,
                    y + 4
                );
            }
        } else {
            let _ = write!(svg, "<text x=\"{x}\" y=\"{}\">{number}</text>", y + 4);
        }
        svg.push_str("</a>");
    }
    svg.push_str("</svg>");
    svg
}

/// The citations among the nodes, directly or through folded theorems.
fn unfolded(catalogue: &Catalogue<'_>, nodes: &[usize], place: &HashMap<usize, usize>) -> Vec<Vec<usize>> {
    let mut through: HashMap<usize, BTreeSet<usize>> = HashMap::new();
    let mut parents = Vec::with_capacity(nodes.len());
    // A theorem only cites lower numbers.
    for (node, entry) in catalogue.theorems.iter().enumerate() {
        let mut found = BTreeSet::new();
        for cited in &entry.cites {
            match (place.get(cited), through.get(cited)) {
                (Some(place), _) => drop(found.insert(*place)),
                (None, Some(further)) => found.extend(further),
                (None, None) => {}
            }
        }
        if place.contains_key(&node) {
            parents.push(found.into_iter().collect());
        } else if is_folded(catalogue, node) {
            found = found.into_iter().take(MOST_THROUGH).collect();
            through.insert(node, found);
        }
    }
    parents
}

/// Transitive reduction: drops a citation that is implied by a longer path.
fn lighten(parents: &mut [Vec<usize>]) {
    let count = parents.len();
    let mut above: Vec<FixedBitSet> = Vec::with_capacity(count);
    for list in parents.iter_mut() {
        let mut reach = FixedBitSet::with_capacity(count);
        // The latest first: what it depends on needs no edge of its own.
        let mut kept = Vec::new();
        for parent in list.iter().rev() {
            if !reach.put(*parent) {
                kept.push(*parent);
                reach.union_with(&above[*parent]);
            }
        }
        kept.reverse();
        *list = kept;
        above.push(reach);
    }
}

/// The text, truncated with an ellipsis if necessary.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citation_that_others_imply_is_left_out() {
        let mut parents = vec![vec![], vec![0], vec![0, 1], vec![0, 2], vec![0]];
        lighten(&mut parents);
        assert_eq!(parents, [vec![], vec![0], vec![1], vec![2], vec![0]]);
    }

    #[test]
    fn a_long_text_is_cut_at_a_letter() {
        assert_eq!(cut("a ≤ b", 5), "a ≤ b");
        assert_eq!(cut("a ≤ b ∧ c", 5), "a ≤ …");
    }
}
