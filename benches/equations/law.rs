//! Laws of one operation: random generation, output in several languages, and evaluation in operation tables.

use std::fmt;

/// A portable random generator (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

#[derive(Clone, PartialEq, Eq)]
enum Term {
    Variable(usize),
    Product(Box<(Term, Term)>),
}

/// An equation between two terms, for all values of its variables.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Law {
    left: Term,
    right: Term,
}

const NAMES: [&str; 3] = ["x", "y", "z"];

impl Term {
    fn random(random: &mut Random, operations: usize, variables: usize) -> Term {
        if operations == 0 {
            return Term::Variable(random.below(variables));
        }
        let left = random.below(operations);
        Term::Product(Box::new((
            Term::random(random, left, variables),
            Term::random(random, operations - 1 - left, variables),
        )))
    }

    fn variables(&self, found: &mut Vec<usize>) {
        match self {
            Term::Variable(number) if found.contains(number) => {}
            Term::Variable(number) => found.push(*number),
            Term::Product(parts) => {
                parts.0.variables(found);
                parts.1.variables(found);
            }
        }
    }

    /// The name of a term's value, and the rows that define it.
    fn rows(&self, rows: &mut Vec<String>) -> String {
        match self {
            Term::Variable(number) => NAMES[*number].to_owned(),
            Term::Product(parts) => {
                let (left, right) = (parts.0.rows(rows), parts.1.rows(rows));
                let value = format!("v{}", rows.len());
                rows.push(format!("(in3[{left},{right},{value},*])"));
                value
            }
        }
    }

    fn tptp(&self) -> String {
        match self {
            Term::Variable(number) => NAMES[*number].to_uppercase(),
            Term::Product(parts) => format!("m({},{})", parts.0.tptp(), parts.1.tptp()),
        }
    }

    fn value(&self, table: &[Vec<usize>], values: &[usize]) -> usize {
        match self {
            Term::Variable(number) => values[*number],
            Term::Product(parts) => table[parts.0.value(table, values)][parts.1.value(table, values)],
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Variable(number) => f.write_str(NAMES[*number]),
            Term::Product(parts) => {
                for (place, part) in [&parts.0, &parts.1].into_iter().enumerate() {
                    if place == 1 {
                        f.write_str("·")?;
                    }
                    match part {
                        Term::Product(_) => write!(f, "({part})")?,
                        Term::Variable(_) => write!(f, "{part}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.left, self.right)
    }
}

impl Law {
    /// A random law with one to `operations` operations and one to three variables, whose sides differ.
    pub(crate) fn random(random: &mut Random, operations: usize) -> Law {
        loop {
            let count = 1 + random.below(operations);
            let left = random.below(count + 1);
            let variables = 1 + random.below(NAMES.len());
            let law = Law {
                left: Term::random(random, left, variables),
                right: Term::random(random, count - left, variables),
            };
            if law.left != law.right {
                return law;
            }
        }
    }

    fn variables(&self) -> Vec<usize> {
        let mut found = Vec::new();
        self.left.variables(&mut found);
        self.right.variables(&mut found);
        found
    }

    /// The law in MPL.
    pub(crate) fn mpl(&self) -> String {
        let mut rows = Vec::new();
        let (left, right) = (self.left.rows(&mut rows), self.right.rows(&mut rows));
        let variables = self.variables().into_iter().map(|number| NAMES[number].to_owned());
        let names: Vec<String> = variables.clone().chain((0..rows.len()).map(|row| format!("v{row}"))).collect();
        let premises: Vec<String> = variables.map(|name| format!("(in[{name},N])")).chain(rows).collect();
        format!("(>[{}] (& {}) (=[{left},{right}]))", names.join(","), premises.join(" "))
    }

    /// The law in TPTP syntax.
    pub(crate) fn tptp(&self) -> String {
        let names: Vec<String> = self.variables().iter().map(|number| NAMES[*number].to_uppercase()).collect();
        format!("![{}]: {} = {}", names.join(","), self.left.tptp(), self.right.tptp())
    }

    /// An assignment for which the law fails.
    fn failure(&self, table: &[Vec<usize>]) -> Option<Vec<usize>> {
        let size = table.len();
        (0..size.pow(3))
            .map(|code| vec![code % size, code / size % size, code / size / size])
            .find(|values| self.left.value(table, values) != self.right.value(table, values))
    }
}

fn table(size: usize, entry: &mut dyn FnMut() -> usize) -> Vec<Vec<usize>> {
    (0..size).map(|_| (0..size).map(|_| entry()).collect()).collect()
}

/// Whether a table was found in which the axiom holds and the goal fails.
pub(crate) fn refutes(axiom: &Law, goal: &Law, seed: u64) -> bool {
    let fits = |table: &[Vec<usize>]| axiom.failure(table).is_none() && goal.failure(table).is_some();
    let small = (0..16usize).any(|code| {
        let mut bits = code;
        fits(&table(2, &mut || {
            let bit = bits % 2;
            bits /= 2;
            bit
        }))
    });
    if small {
        return true;
    }
    let mut random = Random::new(seed);
    for size in [2, 3, 4] {
        for _ in 0..300 {
            let mut candidate = table(size, &mut || random.below(size));
            for _ in 0..60 {
                let Some(values) = axiom.failure(&candidate) else { break };
                repair(axiom, &mut candidate, &values);
            }
            if fits(&candidate) {
                return true;
            }
        }
    }
    false
}

/// Changes the entry that gives one side its value, so that the law holds there, unless the entry is also used on the
/// way.
fn repair(axiom: &Law, table: &mut [Vec<usize>], values: &[usize]) {
    for (side, other) in [(&axiom.left, &axiom.right), (&axiom.right, &axiom.left)] {
        if let Term::Product(parts) = side {
            let wanted = other.value(table, values);
            let (row, column) = (parts.0.value(table, values), parts.1.value(table, values));
            table[row][column] = wanted;
            return;
        }
    }
}
