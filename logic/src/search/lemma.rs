//! Lemma wishes of a stuck block: equations between the two sides of its goal.
//!
//! In a block stuck on a goal `l = r`, either side has many equal forms. The smallest of them, with all individuals
//! that the block introduced as variables, give statements without the block's hypotheses that would have closed the
//! goal. They are guesses: a model refutes the false ones, and the true ones are proved like any other conjecture.

use rustc_hash::FxHashMap;

use crate::clauses::clause::RelationId;
use crate::clauses::compile::Compiled;
use crate::saturation::block::{Block, Goal};
use crate::saturation::facts::FactId;
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};

/// The most lemmas proposed for one goal.
const OFFERED: usize = 4;
/// The largest number of function values in a lemma.
const LARGEST: u32 = 7;

/// The lemmas that would close the goal of a stuck block, smallest first. All individuals except constants become
/// variables.
#[must_use]
pub fn missing(block: &Block, compiled: &Compiled, sequent: &Sequent) -> Vec<Sequent> {
    let (left, right) = match block.goal() {
        Some(Goal::Equal(left, right)) => (*left, *right),
        Some(Goal::Fact(code, arguments)) if compiled.signature.relations[code.relation().index()].function => {
            let (value, inputs) = arguments.split_last().expect("a function has a value");
            let Some((known, _)) = block.value(*code, inputs) else { return Vec::new() };
            (known, *value)
        }
        _ => return Vec::new(),
    };
    let terms = Terms::new(block, compiled);
    let (left, right) = (block.classes().find(left), block.classes().find(right));
    let mut found: Vec<(u32, usize, Sequent)> = Vec::new();
    let (tops, others) = (terms.tops(left), terms.tops(right));
    for one in &tops {
        for other in &others {
            let size = terms.size_of(*one) + terms.size_of(*other);
            if size > LARGEST || (one.is_none() && other.is_none()) {
                continue;
            }
            if let Some(lemma) = terms.equation((left, *one), (right, *other))
                && lemma != *sequent
                && !found.iter().any(|(_, _, known)| *known == lemma)
            {
                found.push((size, found.len(), lemma));
            }
        }
    }
    found.sort_by_key(|(size, order, _)| (*size, *order));
    found.into_iter().take(OFFERED).map(|(_, _, lemma)| lemma).collect()
}

/// The smallest term of every class of a block.
struct Terms<'b> {
    block: &'b Block,
    constants: usize,
    /// The unary relations.
    sets: Vec<Code>,
    /// All current rows of functions.
    rows: Vec<(Code, FactId)>,
    /// For each class, the size of the smallest term and its top row; `None` for a leaf.
    best: FxHashMap<Individual, (u32, Option<FactId>)>,
    built: FxHashMap<Individual, ()>,
}

impl<'b> Terms<'b> {
    fn new(block: &'b Block, compiled: &Compiled) -> Self {
        let mut rows = Vec::new();
        let mut built = FxHashMap::default();
        for function in &compiled.functions {
            let code = Code::new(function.relation, true);
            for fact in block.facts_of(code).filter(|fact| block.is_current(*fact)) {
                rows.push((code, fact));
                if function.constructor {
                    built.insert(*block.arguments(fact).last().expect("a value"), ());
                }
            }
        }
        let constants = compiled.signature.constants.len();
        let relations = compiled.signature.relations.iter().zip(0..);
        let sets = relations.filter(|(relation, _)| relation.arity == 1).map(|(_, id)| Code::new(RelationId(id), true));
        let sets = sets.collect();
        let mut terms = Terms { block, constants, sets, rows, best: FxHashMap::default(), built };
        terms.find_best();
        terms
    }

    /// Leaves are constants and individuals that are the value of no row.
    fn find_best(&mut self) {
        for constant in 0..self.constants {
            self.best.insert(self.block.classes().find(Individual(constant as u32)), (0, None));
        }
        let values: Vec<Individual> = self.rows.iter().map(|(_, fact)| self.value(*fact)).collect();
        let inputs: Vec<Individual> = self.rows.iter().flat_map(|(_, fact)| self.inputs(*fact).to_vec()).collect();
        for input in inputs {
            if !values.contains(&input) {
                self.best.entry(input).or_insert((0, None));
            }
        }
        // Individuals reachable only through a cycle of rows become leaves too.
        loop {
            self.relax();
            let open = self
                .rows
                .iter()
                .flat_map(|(_, fact)| self.block.arguments(*fact))
                .find(|individual| !self.best.contains_key(*individual) && !self.built.contains_key(*individual));
            let Some(open) = open.copied() else { return };
            self.best.insert(open, (0, None));
        }
    }

    fn relax(&mut self) {
        loop {
            let mut changed = false;
            for (_, fact) in &self.rows {
                let mut size = 1;
                let known = self.inputs(*fact).iter().all(|input| match self.best.get(input) {
                    Some((more, _)) => {
                        size += more;
                        true
                    }
                    None => false,
                });
                let value = self.value(*fact);
                if known && self.best.get(&value).is_none_or(|(old, _)| size < *old) {
                    self.best.insert(value, (size, Some(*fact)));
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn inputs(&self, fact: FactId) -> &[Individual] {
        let arguments = self.block.arguments(fact);
        &arguments[..arguments.len() - 1]
    }

    fn value(&self, fact: FactId) -> Individual {
        *self.block.arguments(fact).last().expect("a value")
    }

    /// The terms for a class: a leaf, if it is one, and each of its rows as the top.
    fn tops(&self, class: Individual) -> Vec<Option<FactId>> {
        let mut tops: Vec<Option<FactId>> = Vec::new();
        if matches!(self.best.get(&class), Some((_, None)) | None) {
            tops.push(None);
        }
        // Rows such as `a + 0 = a` add nothing: the value is a simpler term for itself.
        let rows = self
            .rows
            .iter()
            .map(|(_, fact)| *fact)
            .filter(|fact| self.value(*fact) == class && !self.inputs(*fact).contains(&class));
        tops.extend(rows.filter(|fact| self.inputs(*fact).iter().all(|input| self.best.contains_key(input))).map(Some));
        tops.sort_by_key(|top| self.size_of(*top));
        tops.truncate(6);
        tops
    }

    fn size_of(&self, top: Option<FactId>) -> u32 {
        match top {
            None => 0,
            Some(fact) => 1 + self.inputs(fact).iter().map(|input| self.best[input].0).sum::<u32>(),
        }
    }

    /// The flat sequent `left = right`.
    fn equation(&self, left: (Individual, Option<FactId>), right: (Individual, Option<FactId>)) -> Option<Sequent> {
        // The side with a row at the top becomes premises that compute the value, the other one the head.
        let (first, second) = if left.1.is_some() { (left, right) } else { (right, left) };
        let mut flat = Flat { terms: self, variables: 0, names: FxHashMap::default(), premises: Vec::new() };
        let (code, inputs) = flat.top(first.1?)?;
        let (premises, head) = match second.1 {
            None => {
                let mut arguments = inputs;
                arguments.push(flat.leaf(second.0));
                (flat.premises, Pattern { code, arguments })
            }
            Some(top) => {
                let value = Argument::Variable(flat.variables);
                flat.variables += 1;
                let mut arguments = inputs;
                arguments.push(value);
                flat.premises.push(Pattern { code, arguments });
                let (code, mut inputs) = flat.top(top)?;
                inputs.push(value);
                (flat.premises, Pattern { code, arguments: inputs })
            }
        };
        if premises.contains(&head) {
            return None;
        }
        let mut sequent = Sequent { variables: flat.variables, premises, head: SequentHead::Literal(head) };
        self.guard(&mut sequent);
        // Numbered by first occurrence in the premises.
        let (sequent, _) = sequent.fix(u16::MAX, Individual(0));
        Some(sequent)
    }

    /// Adds membership premises for variables that occur only in the head.
    fn guard(&self, sequent: &mut Sequent) {
        let SequentHead::Literal(head) = &sequent.head else { return };
        let bound = |argument: &Argument, premises: &[Pattern]| {
            matches!(argument, Argument::Individual(_))
                || premises.iter().any(|premise| premise.arguments.contains(argument))
        };
        let loose: Vec<Argument> =
            head.arguments.iter().filter(|argument| !bound(argument, &sequent.premises)).copied().collect();
        let typing = self.block.typing();
        let sorts = typing.of_variables(sequent.variables, sequent.premises.iter().chain([head]));
        for argument in loose {
            let Argument::Variable(number) = argument else { continue };
            // The first nonempty set of the variable's sort.
            let set = self.sets.iter().find(|set| {
                let sort = typing.sorts.at(set.relation(), 0);
                sort == sorts[usize::from(number)] && self.block.facts_of(**set).next().is_some()
            });
            let Some(set) = set else { continue };
            sequent.premises.push(Pattern { code: *set, arguments: vec![argument] });
        }
    }
}

struct Flat<'t, 'b> {
    terms: &'t Terms<'b>,
    variables: u16,
    names: FxHashMap<Individual, Argument>,
    premises: Vec<Pattern>,
}

impl Flat<'_, '_> {
    fn leaf(&mut self, class: Individual) -> Argument {
        if let Some(known) = self.names.get(&class) {
            return *known;
        }
        let constant = (0..self.terms.constants as u32)
            .map(Individual)
            .find(|constant| self.terms.block.classes().find(*constant) == class);
        let argument = match constant {
            Some(constant) => Argument::Individual(constant),
            None => {
                self.variables += 1;
                Argument::Variable(self.variables - 1)
            }
        };
        self.names.insert(class, argument);
        argument
    }

    /// The top row of a term, with its inputs flattened; the caller handles its value.
    fn top(&mut self, fact: FactId) -> Option<(Code, Vec<Argument>)> {
        let code = self.terms.rows.iter().find(|(_, row)| *row == fact)?.0;
        let inputs = self.terms.inputs(fact).to_vec();
        let inputs = inputs.into_iter().map(|input| self.term(input)).collect::<Option<Vec<_>>>()?;
        Some((code, inputs))
    }

    fn term(&mut self, class: Individual) -> Option<Argument> {
        if let Some(known) = self.names.get(&class) {
            return Some(*known);
        }
        let (_, top) = self.terms.best.get(&class)?;
        let Some(fact) = top else { return Some(self.leaf(class)) };
        let (code, mut arguments) = self.top(*fact)?;
        let value = Argument::Variable(self.variables);
        self.variables += 1;
        arguments.push(value);
        self.premises.push(Pattern { code, arguments });
        self.names.insert(class, value);
        Some(value)
    }
}
