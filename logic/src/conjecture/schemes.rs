//! Textbook laws, as schemes over the functions, relations and constants of a theory. They are proposed independently
//! of the size limit, so that the search for all small statements need not reach their size.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::canonical;
use super::limits::Limits;
use super::pattern::is_well_sorted;
use super::term::{Shape, TermTree, equation};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// The schemes. `f`, `g`, `h` are binary functions, `u`, `v` unary ones, capital letters are relations of the arity
/// shown, `c`, `d` constants, other letters variables. Different letters may stand for the same symbol, except
/// functions.
const SCHEMES: [&str; 123] = [
    // One operation.
    "f(x,y) = f(y,x)",
    "f(x,f(y,z)) = f(f(x,y),z)",
    "f(x,x) = x",
    "f(c,x) = x",
    "f(x,c) = x",
    "f(c,x) = c",
    "f(x,c) = c",
    "f(x,x) = c",
    "f(x,f(y,f(z,w))) = f(f(f(x,y),z),w)",
    "f(f(x,y),f(z,w)) = f(f(x,z),f(y,w))",
    "f(f(x,y),f(x,y)) = f(f(x,x),f(y,y))",
    "f(x,y) != x",
    "f(x,y) != y",
    // Two and three operations.
    "f(x,g(x,y)) = x",
    "f(x,g(y,z)) = g(f(x,y),f(x,z))",
    "f(g(x,y),z) = g(f(x,z),f(y,z))",
    "f(x,g(y,z)) = h(f(x,y),f(x,z))",
    "f(g(x,y),z) = h(f(x,z),f(y,z))",
    "f(x,g(y,z)) = f(f(x,y),z)",
    "g(f(x,y),f(y,x)) = c",
    "f(g(x,y),g(x,y)) = g(g(f(x,x),f(x,y)),g(f(y,x),f(y,y)))",
    // With a unary function.
    "u(u(x)) = x",
    "u(u(x)) = u(x)",
    "u(v(x)) = v(u(x))",
    "u(c) = c",
    "u(c) = d",
    "f(x,u(x)) = c",
    "f(u(x),x) = c",
    "u(f(x,y)) = f(u(x),u(y))",
    "u(f(x,y)) = f(u(y),u(x))",
    "u(f(x,y)) = g(u(x),u(y))",
    "u(f(x,y)) = g(u(y),u(x))",
    "f(u(x),y) = u(f(x,y))",
    "f(x,u(y)) = u(f(x,y))",
    "f(u(x),u(y)) = f(x,y)",
    "f(x,u(y)) = f(u(x),y)",
    "f(x,u(y)) = g(x,f(x,y))",
    "f(x,g(u(x),y)) = f(x,y)",
    "f(x,f(u(x),y)) = y",
    "g(f(x,y),f(x,u(y))) = c",
    "g(f(x,y),f(u(x),y)) = c",
    "u(f(x,y)) = f(f(u(x),u(y)),g(x,y))",
    "f(u(x),u(v(x))) = g(v(x),v(x))",
    "u(v(x)) = f(v(x),u(x))",
    "u(f(x,c)) = f(x,c)",
    "u(f(x,g(y,c))) = g(y,u(x))",
    "u(f(x,y)) != c",
    // Cancellation, inverses and units.
    "f(x,y) = f(x,z) -> y = z",
    "f(x,z) = f(y,z) -> x = y",
    "u(x) = u(y) -> x = y",
    "f(x,y) = x -> y = c",
    "f(x,y) = y -> x = c",
    "f(x,x) = x -> x = c",
    "f(x,x) = f(y,y) -> x = y",
    "f(x,y) = x -> f(x,u(y)) = c",
    "c = d -> x = c",
    "f(x,x) = c -> x = c",
    "f(x,y) = c -> x = c",
    "f(x,y) = c -> y = c",
    "f(x,y) = c -> x = y",
    "f(x,y) = c -> u(x) = y",
    "f(x,y) = c, f(y,z) = c -> x = z",
    "f(x,y) = c, g(x,y) = d -> u(x) = y",
    "f(y,x) = c, f(x,w) = f(x,z) -> z = w",
    "f(x,y) = c, f(w,x) = f(z,x) -> z = w",
    "f(x,y) = c, f(z,w) = c -> f(f(x,z),f(w,y)) = c",
    "f(x,y) = c -> f(x,f(y,z)) = z",
    "f(x,y) = c -> f(f(y,x),f(y,x)) = f(y,x)",
    "f(x,x) = x, f(x,y) = c -> x = c",
    "u(x) != c",
    "f(x,y) = c, x != c -> y = c",
    "x != c -> f(c,x) = c",
    // Commutation.
    "f(x,y) = f(y,x) -> f(f(x,y),f(x,y)) = f(f(x,x),f(y,y))",
    "f(x,y) = f(y,x), f(x,z) = f(z,x) -> f(x,f(y,z)) = f(f(y,z),x)",
    "f(x,y) = f(y,x) -> f(x,u(y)) = f(u(y),x)",
    "f(x,y) = c, f(y,x) = c, f(z,x) = f(x,z) -> f(z,y) = f(y,z)",
    "f(x,x) = x, f(y,y) = y, f(x,y) = f(y,x) -> f(f(x,y),f(x,y)) = f(x,y)",
    // Orders and operations.
    "R(x,y) -> R(y,x)",
    "R(x,y), R(y,x) -> x = y",
    "R(x,y), R(y,z) -> R(x,z)",
    "R(x,y) -> R(u(x),u(y))",
    "R(x,y) -> R(f(x,z),f(y,z))",
    "R(x,y) -> R(f(z,x),f(z,y))",
    "R(x,y), R(z,w) -> R(f(x,z),f(y,w))",
    "R(x,f(x,y))",
    "R(f(x,y),x)",
    "R(z,x), R(z,y) -> R(z,f(x,y))",
    "R(x,z), R(y,z) -> R(f(x,y),z)",
    "R(x,y) -> f(x,y) = x",
    "R(x,y) -> f(x,y) = y",
    "f(x,y) = x -> R(x,y)",
    "f(x,y) = y -> R(x,y)",
    // Relations and functions.
    "R(x,y) -> u(x) = u(y)",
    "u(x) = u(y) -> R(x,y)",
    "R(f(x,y),g(x,y))",
    "R(x,y) -> R(u(y),u(x))",
    "R(x,y), R(y,z), R(z,w) -> R(x,w)",
    "R(x,y), R(y,z), R(z,x) -> x = y",
    "R(x,y), R(z,w), R(x,w) -> R(y,z)",
    "R(x,y), y != c -> S(x,y)",
    "R(f(g(x,y),g(x,z)),g(x,f(y,z)))",
    "R(f(x,g(y,z)),g(f(x,y),f(x,z)))",
    "R(x,z) -> R(f(x,g(y,z)),g(f(x,y),z))",
    "R(f(x,x),u(x))",
    "R(f(u(x),u(x)),u(x))",
    "R(f(x,x),x) -> u(x) = x",
    "R(x,y), S(z,u(x)) -> S(z,u(y))",
    "R(z,u(x)), R(z,u(y)) -> R(z,u(f(x,y)))",
    "W(n,x,y), W(m,y,z) -> W(f(n,m),x,z)",
    "R(x,y), W(n,y,z) -> W(u(n),x,z)",
    "W(n,x,y), R(y,z) -> W(u(n),x,z)",
    "R(x,y) -> W(u(c),x,y)",
    "W(u(c),x,y) -> R(x,y)",
    // Closed sets and cancellable elements.
    "P(x), P(y) -> P(f(x,y))",
    "P(f(x,y)) -> P(x)",
    "P(f(x,y)) -> P(y)",
    "P(x) -> P(u(x))",
    "P(u(x)) -> P(x)",
    "f(x,y) = c -> P(x)",
    "f(x,y) = c -> P(y)",
    "P(x), f(x,y) = f(x,z) -> y = z",
    "P(x), f(y,x) = f(z,x) -> y = z",
    "P(x), f(x,x) = x -> x = c",
];

/// A term of a scheme.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Written {
    Letter(char),
    Applied(char, Vec<Written>),
}

/// An equation between two terms or an atom, asserted or negated.
#[derive(Clone, Debug)]
struct Said {
    positive: bool,
    relation: Option<char>,
    terms: Vec<Written>,
}

#[derive(Clone, Debug)]
struct Scheme {
    premises: Vec<Said>,
    head: Said,
}

/// Reads a scheme of the list above.
struct Reader<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
}

impl Reader<'_> {
    fn scheme(text: &str) -> Scheme {
        let (premises, head) = text.split_once("->").map_or((None, text), |(premises, head)| (Some(premises), head));
        let mut reader = Reader { rest: head.chars().peekable() };
        let head = reader.said();
        let mut reader = Reader { rest: premises.unwrap_or("").chars().peekable() };
        let mut premises = Vec::new();
        while reader.peek().is_some() {
            premises.push(reader.said());
            reader.skip(',');
        }
        Scheme { premises, head }
    }

    fn peek(&mut self) -> Option<char> {
        while self.rest.next_if_eq(&' ').is_some() {}
        self.rest.peek().copied()
    }

    fn skip(&mut self, sign: char) -> bool {
        self.peek() == Some(sign) && self.rest.next().is_some()
    }

    fn said(&mut self) -> Said {
        let first = self.term();
        match first {
            Written::Applied(letter, terms) if letter.is_uppercase() => {
                Said { positive: true, relation: Some(letter), terms }
            }
            first => {
                let positive = !self.skip('!');
                self.skip('=');
                Said { positive, relation: None, terms: vec![first, self.term()] }
            }
        }
    }

    fn term(&mut self) -> Written {
        self.peek();
        let letter = self.rest.next().unwrap_or(' ');
        if !self.skip('(') {
            return Written::Letter(letter);
        }
        let mut inputs = Vec::new();
        loop {
            inputs.push(self.term());
            if !self.skip(',') {
                self.skip(')');
                return Written::Applied(letter, inputs);
            }
        }
    }
}

/// An interpretation of the letters of a scheme.
#[derive(Clone, Default, Debug)]
struct Meaning {
    relations: BTreeMap<char, RelationId>,
    constants: BTreeMap<char, u16>,
}

/// Passes on every instance of a scheme over functions, over the relations `about`, and over constants within the
/// limits.
pub(super) fn candidates(
    signature: &Signature,
    limits: &Limits,
    about: &[RelationId],
    take: &mut dyn FnMut(Clause, Shape) -> bool,
) {
    for text in SCHEMES {
        let scheme = Reader::scheme(text);
        let mut meanings = vec![Meaning::default()];
        let said = scheme.premises.iter().chain([&scheme.head]);
        for (letter, inputs) in said.flat_map(letters).collect::<BTreeSet<_>>() {
            let own: Vec<RelationId> = match inputs {
                Some(inputs) => about
                    .iter()
                    .copied()
                    .filter(|id| {
                        let relation = &signature.relations[id.index()];
                        let arity = if letter.is_uppercase() { inputs } else { inputs + 1 };
                        relation.function != letter.is_uppercase() && relation.arity == arity
                    })
                    .collect(),
                None => Vec::new(),
            };
            let constants = (0..signature.constants.len() as u16).filter(|constant| limits.offers_constant(*constant));
            let constants: Vec<u16> = if inputs.is_none() { constants.collect() } else { Vec::new() };
            let more = |meaning: Meaning| {
                let is_free =
                    |id: &&RelationId| letter.is_uppercase() || !meaning.relations.values().any(|used| used == *id);
                let relations = own.iter().filter(is_free).map(|id| {
                    let mut meaning = meaning.clone();
                    meaning.relations.insert(letter, *id);
                    meaning
                });
                let constants = constants.iter().map(|constant| {
                    let mut meaning = meaning.clone();
                    meaning.constants.insert(letter, *constant);
                    meaning
                });
                relations.chain(constants).collect::<Vec<_>>()
            };
            meanings = meanings.into_iter().flat_map(more).collect();
        }
        for meaning in meanings {
            if let Some((clause, shape)) = meaning.clause(signature, &scheme)
                && is_well_sorted(signature, &clause)
                && !take(clause, shape)
            {
                return;
            }
        }
    }
}

/// The letters to interpret: functions and relations with the number of their inputs, and constants.
fn letters(said: &Said) -> Vec<(char, Option<usize>)> {
    fn collect(term: &Written, found: &mut Vec<(char, Option<usize>)>) {
        match term {
            Written::Letter(letter @ ('c' | 'd')) => found.push((*letter, None)),
            Written::Letter(_) => {}
            Written::Applied(letter, inputs) => {
                found.push((*letter, Some(inputs.len())));
                inputs.iter().for_each(|input| collect(input, found));
            }
        }
    }
    let mut found: Vec<(char, Option<usize>)> =
        said.relation.map(|letter| (letter, Some(said.terms.len()))).into_iter().collect();
    said.terms.iter().for_each(|term| collect(term, &mut found));
    found
}

impl Meaning {
    /// The scheme under this interpretation; `None` if it is trivial.
    fn clause(&self, signature: &Signature, scheme: &Scheme) -> Option<(Clause, Shape)> {
        let mut variables = BTreeMap::new();
        if let Scheme { premises, head: Said { positive: true, relation: None, terms } } = scheme
            && premises.is_empty()
        {
            let [left, right] = [&terms[0], &terms[1]].map(|term| self.tree(term, &mut variables));
            let clause = equation(signature, &left, &right)?;
            return (left != right).then_some((clause, Shape::Equation(left, right)));
        }
        let mut rows = Rows { meaning: self, variables, rows: Vec::new(), values: BTreeMap::new(), next: 26 };
        for premise in &scheme.premises {
            let literal = rows.premise(premise);
            rows.rows.extend(literal);
        }
        let head = rows.head(&scheme.head)?;
        if rows.rows.contains(&head) || (head.relation == RelationId::EQUAL && head.arguments[0] == head.arguments[1]) {
            return None;
        }
        let mut clause = Clause { variables: rows.next, premises: rows.rows, head: Head::Literal(head) };
        clause = canonical(&clause);
        let shape =
            if scheme.premises.iter().chain([&scheme.head]).any(|said| said.relation.is_some() || !said.positive) {
                Shape::Horn
            } else {
                Shape::Conditional
            };
        Some((clause, shape))
    }

    fn leaf(&self, letter: char, variables: &mut BTreeMap<char, u16>) -> Term {
        if let Some(constant) = self.constants.get(&letter) {
            return Term::Constant(*constant);
        }
        let next = variables.len() as u16;
        Term::Variable(*variables.entry(letter).or_insert(next))
    }

    fn tree(&self, term: &Written, variables: &mut BTreeMap<char, u16>) -> TermTree {
        match term {
            Written::Letter(letter) => TermTree::Leaf(self.leaf(*letter, variables)),
            Written::Applied(function, inputs) => {
                let inputs = inputs.iter().map(|input| self.tree(input, variables)).collect();
                TermTree::Apply(self.relations[function], inputs)
            }
        }
    }
}

/// A clause under construction: the value of each term, and the rows that compute it.
struct Rows<'m> {
    meaning: &'m Meaning,
    variables: BTreeMap<char, u16>,
    rows: Vec<Literal>,
    values: BTreeMap<Written, Term>,
    /// The next value variable; the variables of the scheme have lower numbers.
    next: u16,
}

impl Rows<'_> {
    /// The value of a term, computed by rows among the premises.
    fn value(&mut self, term: &Written) -> Term {
        if let Some(known) = self.values.get(term) {
            return *known;
        }
        let Written::Applied(function, inputs) = term else { return self.leaf(term) };
        let value = Term::Variable(self.next);
        self.next += 1;
        let row = self.row(*function, inputs, value);
        self.rows.push(row);
        self.values.insert(term.clone(), value);
        value
    }

    fn leaf(&mut self, term: &Written) -> Term {
        let Written::Letter(letter) = term else { unreachable!("a leaf") };
        self.meaning.leaf(*letter, &mut self.variables)
    }

    fn row(&mut self, function: char, inputs: &[Written], value: Term) -> Literal {
        let mut arguments: Vec<Term> = inputs.iter().map(|input| self.value(input)).collect();
        arguments.push(value);
        Literal { positive: true, relation: self.meaning.relations[&function], arguments }
    }

    /// A premise as a literal; `None` if its rows already express it.
    fn premise(&mut self, said: &Said) -> Option<Literal> {
        if let (true, None, [Written::Applied(function, inputs), other]) =
            (said.positive, said.relation, &said.terms[..])
        {
            let value = self.value(other);
            let row = self.row(*function, inputs, value);
            self.values.entry(said.terms[0].clone()).or_insert(value);
            return Some(row);
        }
        let arguments = said.terms.iter().map(|term| self.value(term)).collect();
        let relation = said.relation.map_or(RelationId::EQUAL, |letter| self.meaning.relations[&letter]);
        Some(Literal { positive: said.positive, relation, arguments })
    }

    /// The head: a row if both sides are computed without it.
    fn head(&mut self, said: &Said) -> Option<Literal> {
        if let (true, None, [Written::Applied(function, inputs), other]) =
            (said.positive, said.relation, &said.terms[..])
            && !self.values.contains_key(&said.terms[0])
        {
            let value = self.value(other);
            let row = self.row(*function, inputs, value);
            let bound = |term: &Term| {
                !matches!(term, Term::Variable(_))
                    || self.rows.iter().any(|row| row.positive && row.arguments.contains(term))
            };
            if row.arguments.iter().all(bound) {
                return Some(row);
            }
            let value = Term::Variable(self.next);
            self.next += 1;
            let row = self.row(*function, inputs, value);
            self.rows.push(row);
            let other = self.value(other);
            return Some(Literal { positive: true, relation: RelationId::EQUAL, arguments: vec![value, other] });
        }
        let arguments: Vec<Term> = said.terms.iter().map(|term| self.value(term)).collect();
        let relation = said.relation.map_or(RelationId::EQUAL, |letter| self.meaning.relations[&letter]);
        Some(Literal { positive: said.positive, relation, arguments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_read_whole() {
        fn write(term: &Written) -> String {
            match term {
                Written::Letter(letter) => letter.to_string(),
                Written::Applied(letter, inputs) => {
                    format!("{letter}({})", inputs.iter().map(write).collect::<Vec<_>>().join(","))
                }
            }
        }
        let said = |said: &Said| {
            let terms: Vec<String> = said.terms.iter().map(write).collect();
            match said.relation {
                Some(relation) => format!("{relation}({})", terms.join(",")),
                None => terms.join(if said.positive { " = " } else { " != " }),
            }
        };
        let mut seen = BTreeSet::new();
        for text in SCHEMES {
            let scheme = Reader::scheme(text);
            let premises: Vec<String> = scheme.premises.iter().map(said).collect();
            let arrow = if premises.is_empty() { "" } else { " -> " };
            assert_eq!(format!("{}{arrow}{}", premises.join(", "), said(&scheme.head)), text);
            assert!(seen.insert(text), "{text} stands there twice");
        }
    }
}
