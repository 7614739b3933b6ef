//! Individuals of the sets without constructors, such as the letters of lists: a small model of the axioms about them
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};
use crate::clauses::compile::{Axiom, Compiled, ConstructorInstance};
use crate::models::finite::{Problem, is_model, model_over};
use crate::models::limits::SearchLimits;
use crate::models::model::{Domain, Model, Table, Truth, UNKNOWN};

/// The numbers of individuals tried for each sort, largest first.
const SIZES: [u16; 4] = [4, 3, 2, 1];

/// A model of the axioms about the parameters alone.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    /// The sorts of the parameters, with the individuals of the model.
    pub(super) domains: Vec<Domain>,
    /// The constants with the individuals that they denote: constant, individual.
    pub(super) constants: Vec<(u16, u16)>,
    /// The facts, positive and negative: relation, truth, individuals.
    pub(super) facts: Vec<(RelationId, bool, Vec<u16>)>,
}

/// The part of a signature that is about the given sorts only.
pub(super) struct Part<'c> {
    compiled: &'c Compiled,
    sorts: &'c [Sort],
    signature: Signature,
    /// The number of each relation within the part.
    relations: Vec<Option<RelationId>>,
    constants: Vec<Option<u16>>,
}

impl<'c> Part<'c> {
    pub(super) fn new(compiled: &'c Compiled, sorts: &'c [Sort]) -> Part<'c> {
        let whole = &compiled.signature;
        let mut part = Part { compiled, sorts, signature: Signature::default(), relations: vec![], constants: vec![] };
        let determined = determined(compiled, sorts);
        for (number, relation) in whole.relations.iter().enumerate() {
            let id = RelationId(number as u16);
            let own = id == RelationId::EQUAL || (is_own(sorts, whole, id) && !determined.contains(&id));
            part.relations.push(own.then_some(RelationId(part.signature.relations.len() as u16)));
            part.signature.relations.extend(own.then(|| relation.clone()));
        }
        for constant in &whole.constants {
            let own = sorts.contains(&constant.sort);
            part.constants.push(own.then_some(part.signature.constants.len() as u16));
            part.signature.constants.extend(own.then(|| constant.clone()));
        }
        part
    }

    /// Whether a relation is about individuals of the part only.
    pub(super) fn has(&self, relation: RelationId) -> bool {
        self.relations[relation.index()].is_some()
    }

    /// The clause renumbered for the part; `None` if it mentions other relations or constants.
    pub(super) fn clause(&self, clause: &Clause) -> Option<Clause> {
        let literal = |literal: &Literal| -> Option<Literal> {
            let arguments = literal.arguments.iter().map(|argument| match argument {
                Term::Constant(constant) => self.constants[usize::from(*constant)].map(Term::Constant),
                variable @ Term::Variable(_) => Some(*variable),
            });
            let relation = self.relations[literal.relation.index()]?;
            Some(Literal { positive: literal.positive, relation, arguments: arguments.collect::<Option<_>>()? })
        };
        let sorts = self.compiled.signature.variable_sorts(clause);
        if !sorts.iter().all(|sort| self.sorts.contains(sort)) {
            return None;
        }
        let head = match &clause.head {
            Head::False => Head::False,
            Head::Literal(head) => Head::Literal(literal(head)?),
            Head::Exists(count, parts) => Head::Exists(*count, parts.iter().map(literal).collect::<Option<_>>()?),
        };
        let premises = clause.premises.iter().map(literal).collect::<Option<_>>()?;
        Some(Clause { variables: clause.variables, premises, head })
    }
}

/// The relations of these sorts that axioms derive from relations of other sorts, or from other such relations.
/// Reachability by a walk of some length, for example, cannot be chosen freely.
fn determined(compiled: &Compiled, sorts: &[Sort]) -> BTreeSet<RelationId> {
    let signature = &compiled.signature;
    let carriers = carriers(compiled);
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for Axiom { clause, .. } in &compiled.axioms {
            let Head::Literal(head) = &clause.head else { continue };
            // The axiom may instead be a part of the definition of a relation introduced later, such as the sorted lists.
            let is_later = |literal: &Literal| {
                literal.relation > head.relation
                    && !signature.relations[literal.relation.index()].function
                    && !carriers.contains(&literal.relation)
                    && compiled.inductions.iter().all(|induction| induction.set != literal.relation)
            };
            let foreign = |literal: &Literal| {
                literal.relation != RelationId::EQUAL
                    && (!is_own(sorts, signature, literal.relation) || found.contains(&literal.relation))
            };
            if head.positive
                && head.relation != RelationId::EQUAL
                && is_own(sorts, signature, head.relation)
                && !carriers.contains(&head.relation)
                && clause.premises.iter().any(foreign)
                && !clause.premises.iter().any(is_later)
            {
                found.insert(head.relation);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Whether a relation is about individuals of these sorts only.
fn is_own(sorts: &[Sort], signature: &Signature, relation: RelationId) -> bool {
    let own = &signature.relations[relation.index()].sorts;
    !own.is_empty() && own.iter().all(|sort| sorts.contains(sort))
}

/// The sets that are inputs of functions and constructors or contain the arguments of relations, such as the vertices
/// of a graph. All individuals of the parameter sorts are assumed to lie in them.
pub(super) fn carriers(compiled: &Compiled) -> BTreeSet<RelationId> {
    let domains = compiled.functions.iter().flat_map(|function| function.domain.iter().copied().flatten());
    let constructors = compiled.inductions.iter().flat_map(|induction| &induction.constructors);
    let inputs = constructors.filter_map(|constructor| match constructor {
        ConstructorInstance::Constant(_) => None,
        ConstructorInstance::Function(_, inputs) => Some(inputs.iter().map(|(set, _)| *set)),
    });
    let related =
        compiled.axioms.iter().filter_map(|Axiom { clause, .. }| match (&clause.premises[..], &clause.head) {
            ([row], Head::Literal(member)) => {
                let is_member = member.positive && compiled.signature.relations[member.relation.index()].arity == 1;
                // In cons(a, nil) = u, u is not an arbitrary list.
                let is_general = row.arguments.iter().all(|argument| matches!(argument, Term::Variable(_)));
                let is_row = row.positive
                    && row.arguments.len() > 1
                    && is_general
                    && row.arguments.contains(&member.arguments[0]);
                (is_member && is_row).then_some(member.relation)
            }
            _ => None,
        });
    domains.chain(inputs.flatten()).chain(related).collect()
}

/// A model of the axioms that are about these sorts only, with as many individuals of each sort as possible, at most
/// four.
///
/// Free choices are made so that few statements hold by chance: functions are neither the identity nor idempotent, sets
/// neither empty nor full, and relations neither reflexive nor symmetric nor transitive.
pub(super) fn parameters(compiled: &Compiled, sorts: &[Sort], most: u16) -> Option<Parameters> {
    let part = Part::new(compiled, sorts);
    let mut axioms: Vec<Clause> = compiled.axioms.iter().filter_map(|axiom| part.clause(&axiom.clause)).collect();
    let carriers: Vec<RelationId> = carriers(compiled).iter().filter_map(|set| part.relations[set.index()]).collect();
    for set in &carriers {
        let member = Literal { positive: true, relation: *set, arguments: vec![Term::Variable(0)] };
        axioms.push(Clause { variables: 1, premises: Vec::new(), head: Head::Literal(member) });
    }
    let problem = Problem { signature: &part.signature, axioms: &axioms, generated: &[], merged: false };
    let mut model = SIZES.iter().filter(|size| **size <= most).find_map(|size| {
        let domains = sorts.iter().zip(0..).map(|(sort, place)| Domain::new(Some(sort.clone()), place * size, *size));
        model_over(&problem, domains.collect(), &SearchLimits::default())
    })?;
    choose(&problem, &carriers, &mut model);
    let mut facts = Vec::new();
    for (whole, own) in part.relations.iter().enumerate().skip(1) {
        let (relation, Some(own)) = (RelationId(whole as u16), own) else { continue };
        facts.extend(model.facts(*own).into_iter().map(|(truth, tuple)| (relation, truth, tuple)));
    }
    let named = (0u16..).zip(&part.constants).filter_map(|(whole, own)| Some((whole, (*own)?)));
    let constants = named.map(|(whole, own)| (whole, model.constants[usize::from(own)])).collect();
    Some(Parameters { domains: model.domains, constants, facts })
}

/// Replaces the tables of functions and relations by less regular ones where all axioms still hold.
fn choose(problem: &Problem<'_>, carriers: &[RelationId], model: &mut Model) {
    // Symbols of the same kind assign the roles to different individuals.
    let mut chosen: BTreeMap<(bool, usize), u16> = BTreeMap::new();
    for (number, relation) in problem.signature.relations.iter().enumerate().skip(1) {
        let id = RelationId(number as u16);
        if carriers.contains(&id) {
            continue;
        }
        let shift = chosen.entry((relation.function, relation.arity)).or_default();
        let table = free_table(model, id, *shift);
        let found = std::mem::replace(&mut model.tables[number], table);
        if is_model(model, problem) {
            *shift += 1;
        } else {
            model.tables[number] = found;
        }
    }
}

/// A table of a function or relation in which few statements hold by chance; each `shift` permutes the individuals. All
/// domains have the same size.
fn free_table(model: &Model, id: RelationId, shift: u16) -> Table {
    let size = model.domains.first().map_or(1, |domain| domain.size.max(1));
    let shift = shift % size;
    let roles = |tuple: &Vec<u16>| tuple.iter().map(|value| (value + shift) % size).collect::<Vec<u16>>();
    let tuples = model.tuples(id);
    match &model.tables[id.index()] {
        Table::Function(values) => {
            // The values found lie in the same domain.
            let value = |(tuple, found): (&Vec<u16>, &u16)| match *found {
                UNKNOWN => UNKNOWN,
                found => found - found % size + (value_of(&roles(tuple), size) + size - shift) % size,
            };
            Table::Function(tuples.iter().zip(values).map(value).collect())
        }
        Table::Relation(_) => {
            let truth = |tuple| if holds(&roles(tuple), size) { Truth::True } else { Truth::False };
            Table::Relation(tuples.iter().map(truth).collect())
        }
        Table::Unknown => Table::Unknown,
    }
}

/// The value of a free function on `size` individuals. On four, it has two fixed points, and a path of three leads to one
/// of them: it is neither injective nor surjective. On two, it is a transposition. Among its powers f², f³, …, the
/// smallest pair equal on both sizes is f² and f⁴.
fn value_of(inputs: &[u16], size: u16) -> u16 {
    match inputs {
        [input] if input + 1 < size.min(3) => input + 1,
        [input] if size > 2 => *input,
        [_] => 0,
        _ => (mixed(inputs) + 1) % size,
    }
}

/// Whether a free relation holds of these among `size` individuals.
///
/// A set of two of four elements contains two values of a free function, which is injective on the set and maps it
/// neither into itself nor into its complement. A binary relation on four individuals is neither reflexive nor symmetric
/// nor antisymmetric nor transitive nor functional; two individuals on a cycle of it need not be related, and there is
/// one that no other leads to. On two, an individual is related to none.
fn holds(tuple: &[u16], size: u16) -> bool {
    match tuple {
        [one] if size > 3 => one % 2 == 1,
        [one] => one + 1 < size.max(2),
        [one, other] => match size {
            0 | 1 => false,
            2 => [(0, 0), (0, 1)].contains(&(*one, *other)),
            3 => [(0, 1), (1, 1), (1, 2)].contains(&(*one, *other)),
            _ => [(0, 1), (1, 1), (1, 2), (2, 3), (3, 1), (3, 2)].contains(&(*one, *other)),
        },
        _ => mixed(tuple) % 3 == 1,
    }
}

fn mixed(tuple: &[u16]) -> u16 {
    let sum: u16 = tuple.iter().zip(1..).map(|(value, weight)| weight * value).sum();
    sum + tuple.iter().product::<u16>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::mpl::read_mpl;
    use crate::models::model::base_sorts;

    #[test]
    fn little_holds_of_what_is_chosen_freely() {
        for size in [2, 3, 4] {
            let set: Vec<bool> = (0..size).map(|one| holds(&[one], size)).collect();
            assert!(set.contains(&true) && set.contains(&false), "{set:?}");
        }
        let power = |times: usize, size: u16| -> Vec<u16> {
            (0..size).map(|one| (0..times).fold(one, |value, _| value_of(&[value], size))).collect()
        };
        for (one, other) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            assert!([2, 4].iter().any(|size| power(one, *size) != power(other, *size)), "f^{one} = f^{other}");
        }
        let all = || (0..4).flat_map(|one| (0..4).flat_map(move |two| (0..4).map(move |three| [one, two, three])));
        let related = |one, other| holds(&[one, other], 4);
        assert!((0..4).any(|one| related(one, one)) && (0..4).any(|one| !related(one, one)));
        assert!(all().any(|[a, b, _]| related(a, b) && !related(b, a)), "symmetric");
        assert!(all().any(|[a, b, _]| a != b && related(a, b) && related(b, a)), "antisymmetric");
        assert!(all().any(|[a, b, c]| related(a, b) && related(b, c) && !related(a, c)), "transitive");
        assert!(all().any(|[a, b, c]| related(a, b) && related(a, c) && b != c), "a function");
        assert!(all().any(|[a, b, c]| related(a, b) && related(c, b) && a != c), "injective");
        assert!((0..4).any(|a| (0..4).all(|b| !related(b, a))), "surjective");
        assert!((0..2).any(|a| (0..2).all(|b| !holds(&[a, b], 2))), "serial");
    }

    /// What is filtered after a map, and what is mapped after a filter, is distinguishable from both.
    #[test]
    fn a_free_set_and_a_free_function_are_in_general_position() {
        let set: Vec<u16> = (0..4).filter(|one| holds(&[*one], 4)).collect();
        let values: BTreeSet<u16> = (0..4).map(|one| value_of(&[one], 4)).collect();
        assert_eq!(set.iter().filter(|one| values.contains(one)).count(), 2, "two values in the set");
        assert!(values.iter().any(|one| !set.contains(one)), "one outside");
        assert_eq!(
            set.iter().map(|one| value_of(&[*one], 4)).collect::<BTreeSet<_>>().len(),
            2,
            "injective on the set"
        );
        let into = set.iter().filter(|one| set.contains(&value_of(&[**one], 4))).count();
        assert_eq!(into, 1, "neither closed nor mapped outside");
    }

    /// An axiom that concludes a relation determines it, even if a function in its premises is introduced later; unless
    /// it is about a relation introduced later, of which it is then a part of the definition.
    #[test]
    fn what_later_relations_are_defined_by_is_not_determined() {
        let numbers = "(define Numbers[N,0,s] (& (in[0,N])
            (>[x,y] (in2[x,y,s]) (& (in[x,N]) (in[y,N]))) (>[x] (in[x,N]) (exists[y] (in[y,N]) (in2[x,y,s])))
            (>[x,y,z] (& (in2[x,y,s]) (in2[x,z,s])) (=[y,z]))))
          (generated \"induction\" Numbers[N,0,s] N 0 s[N])";
        let names = |axioms: &str| {
            let text = format!(
                "{numbers} (theory Points[N,0,s,V,→,at,P] (& (Numbers[N,0,s])
                (>[x,y] (in2[x,y,→]) (& (in[x,V]) (in[y,V])))
                (>[n,x] (in2[n,x,at]) (& (in[n,N]) (in[x,V]))) (>[n] (in[n,N]) (exists[x] (in[x,V]) (in2[n,x,at])))
                (>[n,x,y] (& (in2[n,x,at]) (in2[n,y,at])) (=[x,y])) (>[n] (in[n,P]) (in[n,N])) {axioms}))"
            );
            let (theory, _) =
                read_mpl("test.mpl", text.as_bytes(), &mut |path| Err(path.to_owned())).expect("a theory");
            let compiled = Compiled::new(&theory, &[]);
            let sorts: Vec<Sort> = base_sorts(&compiled.signature);
            let vertices = compiled
                .signature
                .relations
                .iter()
                .skip(1)
                .find(|one| one.arity == 2 && !one.function && one.sorts[0] == one.sorts[1]);
            let sort = vertices.expect("the edges").sorts[0].clone();
            assert!(sorts.contains(&sort));
            determined(&compiled, &[sort]).len()
        };
        assert_eq!(names("(>[n,m,x,y] (& (in2[n,m,s]) (in2[n,x,at]) (in2[m,y,at])) (in2[x,y,→]))"), 1);
        assert_eq!(names("(>[n,m,x,y] (& (in[n,P]) (in2[n,m,s]) (in2[n,x,at]) (in2[m,y,at])) (in2[x,y,→]))"), 0);
    }

    /// A serial relation (every individual has a successor) is not free: the chosen one must be serial too.
    #[test]
    fn what_is_chosen_keeps_the_axioms() {
        let text = "(theory Steps[V,→,P] (& (>[x,y] (in2[x,y,→]) (& (in[x,V]) (in[y,V]))) (>[x] (in[x,P]) (in[x,V]))
            (>[x] (in[x,V]) (exists[y] (in[y,V]) (in2[x,y,→])))))";
        let (theory, _) = read_mpl("test.mpl", text.as_bytes(), &mut |path| Err(path.to_owned())).expect("a theory");
        let compiled = Compiled::new(&theory, &[]);
        let given = parameters(&compiled, &base_sorts(&compiled.signature), 4).expect("a model");
        let size = given.domains[0].size;
        let arity = |facts: usize| given.facts.iter().filter(move |(_, holds, tuple)| *holds && tuple.len() == facts);
        assert!((0..size).all(|one| arity(2).any(|(.., tuple)| tuple[0] == one)), "{:?}", given.facts);
        // V contains all four vertices; P, otherwise unconstrained, is chosen with two.
        assert_eq!((size, arity(1).count()), (4, 4 + 2), "{:?}", given.facts);
    }
}
