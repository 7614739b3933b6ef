//! Sort inference by unification: which arguments are individuals, sets and relations.
//!
//! A sort is a node: unknown, a set or relation over other nodes, or a base sort named in a configuration. Nodes are
//! merged by union-find; a class keeps the source position that determined its shape, so that a clash can show both
//! positions.

use crate::calculus::sort::Sort;

use crate::language::sort_text::{MAX_DEPTH, MAX_PARTS};

use super::codes;
use super::diagnostic::{Diagnostic, Span};

/// A node of a [`SortStore`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SortId(u32);

#[derive(Clone, Debug)]
enum Shape {
    Unknown,
    Joined(SortId),
    Power(Vec<SortId>),
    Base(u32),
}

/// The numbers of base sorts: of some unknown nodes, and the common number of all others, if any.
#[derive(Default)]
pub(crate) struct Bases(Vec<(SortId, u32)>, Option<u32>);

impl Bases {
    fn number(&self, id: SortId) -> Option<u32> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, number)| *number)
    }

    /// Makes every other unknown node stand for this base sort.
    pub(crate) fn close(&mut self, number: u32) {
        self.1 = Some(number);
    }
}

/// The sorts of one definition or goal during inference.
#[derive(Default)]
pub(crate) struct SortStore {
    shapes: Vec<Shape>,
    /// The position that determined the shape, or where the node was created.
    places: Vec<Option<Span>>,
}

impl SortStore {
    pub(crate) fn unknown(&mut self) -> SortId {
        self.push(Shape::Unknown, None)
    }

    fn push(&mut self, shape: Shape, place: Option<Span>) -> SortId {
        self.shapes.push(shape);
        self.places.push(place);
        SortId((self.shapes.len() - 1) as u32)
    }

    fn root(&mut self, mut id: SortId) -> SortId {
        while let Shape::Joined(next) = self.shapes[id.0 as usize] {
            if let Shape::Joined(after) = self.shapes[next.0 as usize] {
                self.shapes[id.0 as usize] = Shape::Joined(after);
            }
            id = next;
        }
        id
    }

    /// A copy of a known sort with unknown nodes for its base sorts, shared through `bases`.
    pub(crate) fn instance(&mut self, sort: &Sort, bases: &mut Vec<(u32, SortId)>, place: Span) -> SortId {
        match sort {
            Sort::Individual(number) => match bases.iter().find(|(known, _)| known == number) {
                Some((_, id)) => *id,
                None => {
                    let id = self.unknown();
                    bases.push((*number, id));
                    id
                }
            },
            Sort::Power(parts) => {
                let parts = parts.iter().map(|part| self.instance(part, bases, place)).collect();
                self.push(Shape::Power(parts), Some(place))
            }
        }
    }

    /// A sort given by name, which cannot unify with a different one.
    pub(crate) fn fixed(&mut self, sort: &Sort, place: Span) -> SortId {
        match sort {
            Sort::Individual(number) => self.push(Shape::Base(*number), Some(place)),
            Sort::Power(parts) => {
                let parts = parts.iter().map(|part| self.fixed(part, place)).collect();
                self.push(Shape::Power(parts), Some(place))
            }
        }
    }

    /// Unifies two sorts. On a clash: the positions that determined the different shapes.
    pub(crate) fn join(&mut self, left: SortId, right: SortId) -> Result<(), (Option<Span>, Option<Span>)> {
        let mut pairs = vec![(left, right)];
        while let Some((left, right)) = pairs.pop() {
            let (left, right) = (self.root(left), self.root(right));
            if left == right {
                continue;
            }
            let clash = (self.places[left.0 as usize], self.places[right.0 as usize]);
            match (&self.shapes[left.0 as usize], &self.shapes[right.0 as usize]) {
                (Shape::Unknown, _) => self.shapes[left.0 as usize] = Shape::Joined(right),
                (_, Shape::Unknown) => self.shapes[right.0 as usize] = Shape::Joined(left),
                (Shape::Power(first), Shape::Power(second)) if first.len() == second.len() => {
                    pairs.extend(first.iter().copied().zip(second.iter().copied()));
                    self.shapes[right.0 as usize] = Shape::Joined(left);
                }
                (Shape::Base(first), Shape::Base(second)) if first == second => {
                    self.shapes[right.0 as usize] = Shape::Joined(left);
                }
                _ => return Err(clash),
            }
        }
        Ok(())
    }

    /// The sorts of some nodes. Unknown nodes not in `bases` become base sorts with the lowest free numbers, in order,
    /// and are added.
    pub(crate) fn read(&mut self, ids: &[SortId], bases: &mut Bases) -> Result<Vec<Sort>, Box<Diagnostic>> {
        ids.iter()
            .map(|id| {
                let mut parts = 0;
                self.read_one(*id, bases, (0, None), &mut parts)
            })
            .collect()
    }

    /// Gives the nodes of `id`, a use of `sort`, the base sort numbers of `sort`.
    pub(crate) fn number(&mut self, sort: &Sort, id: SortId, bases: &mut Bases) {
        let id = self.root(id);
        match (sort, self.shapes[id.0 as usize].clone()) {
            (Sort::Individual(number), Shape::Unknown)
                if bases.number(id).is_none() && !bases.0.iter().any(|(_, known)| known == number) =>
            {
                bases.0.push((id, *number));
            }
            (Sort::Power(parts), Shape::Power(ids)) => {
                for (part, id) in parts.iter().zip(ids) {
                    self.number(part, id, bases);
                }
            }
            _ => {}
        }
    }

    /// Whether the sort contains an unknown node without a base sort in `bases`.
    pub(crate) fn is_open(&mut self, id: SortId, bases: &Bases) -> bool {
        let id = self.root(id);
        match self.shapes[id.0 as usize].clone() {
            Shape::Unknown => bases.number(id).is_none(),
            Shape::Power(parts) => parts.into_iter().any(|part| self.is_open(part, bases)),
            Shape::Base(_) | Shape::Joined(_) => false,
        }
    }

    fn read_one(
        &mut self,
        id: SortId,
        bases: &mut Bases,
        (depth, place): (usize, Option<Span>),
        parts: &mut usize,
    ) -> Result<Sort, Box<Diagnostic>> {
        *parts += 1;
        let id = self.root(id);
        if depth > MAX_DEPTH || *parts > MAX_PARTS {
            return Err(Box::new(self.too_large(place)));
        }
        let place = self.places[id.0 as usize].or(place);
        match self.shapes[id.0 as usize].clone() {
            Shape::Power(inner) => {
                let inner = inner.into_iter().map(|part| self.read_one(part, bases, (depth + 1, place), parts));
                Ok(Sort::Power(inner.collect::<Result<_, _>>()?))
            }
            Shape::Base(number) => Ok(Sort::Individual(number)),
            _ => {
                let number = bases.number(id).or(bases.1).unwrap_or_else(|| {
                    let named = |number| {
                        self.shapes.iter().any(|shape| matches!(shape, Shape::Base(known) if *known == number))
                            || bases.0.iter().any(|(_, known)| *known == number)
                    };
                    (1..).find(|number| !named(*number)).expect("fewer than 2^32 sorts")
                });
                if bases.number(id).is_none() {
                    bases.0.push((id, number));
                }
                Ok(Sort::Individual(number))
            }
        }
    }

    /// Reports a sort that is too large, because it contains itself or otherwise. Finds a cyclic sort anywhere in the
    /// store, whether or not it has been read.
    pub(crate) fn check(&mut self) -> Result<(), Box<Diagnostic>> {
        match self.find_loop() {
            Some(place) => Err(Box::new(self.loop_error(place))),
            None => Ok(()),
        }
    }

    fn too_large(&mut self, place: Option<Span>) -> Diagnostic {
        if let Some(circle) = self.find_loop() {
            return self.loop_error(circle);
        }
        let mut diagnostic = Diagnostic::new(
            codes::SORT_TOO_LARGE,
            format!("a sort has more than {MAX_PARTS} parts or {MAX_DEPTH} levels"),
        );
        if let Some(place) = place {
            diagnostic = diagnostic.at(place, "a part of it is fixed by this");
        }
        diagnostic
    }

    fn loop_error(&mut self, ids: Vec<SortId>) -> Diagnostic {
        let mut diagnostic =
            Diagnostic::new(codes::SORT_LOOP, "a set would have to be an element of itself, directly or in a circle");
        let mut places: Vec<Span> = ids.iter().filter_map(|id| self.places[id.0 as usize]).collect();
        places.sort_unstable();
        places.dedup();
        for (number, place) in places.into_iter().take(4).enumerate() {
            let text = if number == 0 { "used as a set or relation here" } else { "and here" };
            diagnostic = diagnostic.at(place, text);
        }
        diagnostic.help("look for swapped arguments: it is `in[element,set]`, and the relation stands last")
    }

    /// The nodes of a cycle of sorts that contain each other.
    fn find_loop(&mut self) -> Option<Vec<SortId>> {
        const NEW: u8 = 0;
        const OPEN: u8 = 1;
        const DONE: u8 = 2;
        let mut states = vec![NEW; self.shapes.len()];
        for start in 0..self.shapes.len() as u32 {
            let start = self.root(SortId(start));
            if states[start.0 as usize] != NEW {
                continue;
            }
            let mut path: Vec<(SortId, usize)> = vec![(start, 0)];
            states[start.0 as usize] = OPEN;
            while let Some((id, child)) = path.last_mut() {
                let id = *id;
                let next = match &self.shapes[id.0 as usize] {
                    Shape::Power(parts) => parts.get(*child).copied(),
                    _ => None,
                };
                *child += 1;
                let Some(next) = next else {
                    states[id.0 as usize] = DONE;
                    path.pop();
                    continue;
                };
                let next = self.root(next);
                match states[next.0 as usize] {
                    NEW => {
                        states[next.0 as usize] = OPEN;
                        path.push((next, 0));
                    }
                    OPEN => {
                        let from = path.iter().position(|(known, _)| *known == next).unwrap_or(0);
                        return Some(path[from..].iter().map(|(id, _)| *id).collect());
                    }
                    _ => {}
                }
            }
        }
        None
    }

    /// A node in words: `an individual`, `a set`, `a relation of 2 places`.
    pub(crate) fn describe(&mut self, id: SortId) -> String {
        let id = self.root(id);
        match &self.shapes[id.0 as usize] {
            Shape::Power(parts) if parts.len() == 1 => "a set".to_owned(),
            Shape::Power(parts) => format!("a relation of {} places", parts.len()),
            Shape::Base(number) => format!("an individual of sort ({number})"),
            _ => "an individual".to_owned(),
        }
    }
}
