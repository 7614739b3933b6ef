//! Limits on the size of proposed clauses.

use crate::calculus::theory::{Bounds, PredicateBounds};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// The bounds of a theory, resolved for its relations. Relations of the same predicate share its bounds: "at most two
/// atoms `in2`" counts all unary functions together.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest number of atoms of a conjecture.
    pub atoms: usize,
    /// Largest number of atoms of a conjecture of a shape with few candidates: at least [`Limits::atoms`].
    pub atoms_of_few: usize,
    /// Largest number of atoms of a conjecture that mentions a constant.
    pub atoms_with_constant: usize,
    /// Largest number of distinct inputs, i.e. variables that are no function's output.
    pub variables: usize,
    /// For each relation, its group in [`Limits::groups`], if its predicate has bounds of its own.
    group: Vec<Option<usize>>,
    /// For each relation, and in `constants` for each constant, whether conjectures may contain it.
    relations: Vec<bool>,
    constants: Vec<bool>,
    groups: Vec<PredicateBounds>,
    /// The most terms that are built; larger terms beyond it are dropped, and the counts say so.
    pub terms: usize,
    /// The most candidates held at a time; others are dropped, and the counts say so.
    pub candidates: usize,
}

impl Limits {
    /// The limits for the relations of `signature`. Patterns of [`Bounds::exclude`] are not included: they apply to the
    /// text of a statement, which only the caller has.
    #[must_use]
    pub fn new(signature: &Signature, bounds: &Bounds) -> Limits {
        let group = |predicate| bounds.predicates.iter().position(|bound| bound.predicate == predicate);
        Limits {
            atoms: bounds.atoms,
            atoms_of_few: bounds.atoms,
            atoms_with_constant: bounds.atoms_with_constant.min(bounds.atoms),
            variables: bounds.variables,
            group: signature.relations.iter().map(|relation| group(relation.predicate)).collect(),
            relations: vec![true; signature.relations.len()],
            constants: vec![true; signature.constants.len()],
            groups: bounds.predicates.clone(),
            terms: 100_000,
            candidates: 200_000,
        }
    }

    /// Excludes the relations and constants for which these functions return false.
    pub fn keep(
        &mut self,
        signature: &Signature,
        relation: &dyn Fn(RelationId) -> bool,
        constant: &dyn Fn(u16) -> bool,
    ) {
        self.relations = (0..signature.relations.len() as u16).map(|number| relation(RelationId(number))).collect();
        self.constants = (0..signature.constants.len() as u16).map(constant).collect();
    }

    /// The limits for shapes with few candidates.
    pub(super) fn of_few(&self) -> Limits {
        Limits { atoms: self.atoms_of_few.max(self.atoms), ..self.clone() }
    }

    /// The limits for schemes, whose size is fixed: unless the user asks for smaller conjectures than usual, only those
    /// with excluded predicates are dropped.
    pub(super) fn of_schemes(&self) -> Limits {
        let few = self.of_few();
        if few.atoms < Bounds::default().atoms {
            return Limits { atoms_with_constant: few.atoms, ..few };
        }
        let mut groups = few.groups;
        for group in groups.iter_mut().filter(|group| group.count > 0) {
            (group.count, group.min_atoms, group.max_atoms) = (usize::MAX, 0, usize::MAX);
        }
        let variables = if few.variables < Bounds::default().variables { few.variables } else { usize::MAX };
        Limits { atoms: usize::MAX, atoms_with_constant: usize::MAX, variables, groups, ..few }
    }

    /// Whether a conjecture may contain the constant.
    pub(super) fn offers_constant(&self, constant: u16) -> bool {
        self.constants[usize::from(constant)]
    }

    /// Whether a conjecture of at least `atoms` atoms may contain these relations as often as they occur. Minimum sizes
    /// are ignored: the conjecture may still grow.
    pub(super) fn may_grow(&self, relations: impl Iterator<Item = RelationId> + Clone, atoms: usize) -> bool {
        atoms <= self.atoms
            && relations.clone().all(|relation| self.relations[relation.index()])
            && self.groups.iter().enumerate().all(|(number, bound)| {
                let count = relations.clone().filter(|relation| self.group[relation.index()] == Some(number)).count();
                count <= bound.count && (count == 0 || atoms <= bound.max_atoms)
            })
    }

    /// Whether a conjecture may contain the relation at all.
    pub(crate) fn offers(&self, relation: RelationId) -> bool {
        self.may_grow(std::iter::once(relation), 1)
    }

    /// Whether the finished clause is within all limits except that on inputs.
    #[must_use]
    pub fn admits(&self, clause: &Clause) -> bool {
        let atoms = atoms(clause);
        let relations = literals(clause).map(|literal| literal.relation);
        let mut constants = literals(clause).flat_map(|literal| &literal.arguments).filter_map(|term| match term {
            Term::Constant(constant) => Some(*constant),
            Term::Variable(_) => None,
        });
        self.may_grow(relations.clone(), atoms)
            && (atoms <= self.atoms_with_constant || constants.clone().next().is_none())
            && constants.all(|constant| self.offers_constant(constant))
            && relations
                .clone()
                .all(|relation| self.group[relation.index()].is_none_or(|group| self.groups[group].min_atoms <= atoms))
    }
}

/// All literals of a clause, those of the head last.
pub(crate) fn literals(clause: &Clause) -> impl Iterator<Item = &Literal> + Clone {
    let head: &[Literal] = match &clause.head {
        Head::False => &[],
        Head::Literal(literal) => std::slice::from_ref(literal),
        Head::Exists(_, literals) => literals,
    };
    clause.premises.iter().chain(head)
}

/// The number of atoms of a clause.
#[must_use]
pub fn atoms(clause: &Clause) -> usize {
    literals(clause).count()
}
