//! Well-formedness: formulas that are well-sorted, and theories whose definitions are explicit.

use super::formula::{Formula, Name, PredicateId, Variable};
use super::sort::{Sort, SortInstance};
use super::theory::{Definition, Induction, Theory};

type Verdict<T = ()> = Result<T, &'static str>;

fn require(condition: bool, otherwise: &'static str) -> Verdict {
    if condition { Ok(()) } else { Err(otherwise) }
}

/// Accepts a theory whose definitions are explicit and well-sorted: free variables are parameters, used predicates are
/// primitive or earlier, and sorts are determined by those of the parameters.
///
/// # Errors
/// The first malformed predicate, and what is wrong with it.
pub fn check_theory(theory: &Theory) -> Result<(), (PredicateId, &'static str)> {
    for (place, predicate) in theory.predicates.iter().enumerate() {
        let id = PredicateId(place as u32);
        let Some(definition) = &predicate.definition else { continue };
        check_definition(theory, id, definition, &predicate.sorts).map_err(|reason| (id, reason))?;
    }
    for induction in &theory.inductions {
        check_generation(theory, induction).map_err(|reason| (induction.predicate, reason))?;
    }
    Ok(())
}

fn check_definition(theory: &Theory, id: PredicateId, definition: &Definition, sorts: &[Sort]) -> Verdict {
    require(!id.is_primitive(), "a primitive predicate has a definition")?;
    require(definition.parameters.len() == sorts.len(), "its parameters and their sorts are not as many")?;
    let mut bases = Vec::new();
    sorts.iter().for_each(|sort| sort.for_each_base(&mut |base| bases.push(base)));
    let earlier = |used: PredicateId| {
        used < id || theory.predicates.get(used.index()).is_some_and(|known| known.definition.is_none())
    };
    let parameter = |name: Name| sorts.get(name.0 as usize);
    well_sorted(theory, &definition.body, &parameter, &mut Vec::new())?;
    each_part(&definition.body, &mut |part| match part {
        Formula::Atom(used, _) => require(earlier(*used), "it uses a predicate that is defined later"),
        Formula::Implies(binders, ..) => {
            let mut known = true;
            binders.sorts().for_each(|sort| sort.for_each_base(&mut |base| known &= bases.contains(&base)));
            require(known, "it speaks of a sort that is not among those of its parameters")
        }
        Formula::And(..) | Formula::Not(_) => Ok(()),
    })
}

fn check_generation(theory: &Theory, induction: &Induction) -> Verdict {
    let predicate = theory.predicates.get(induction.predicate.index()).ok_or("there is no such predicate")?;
    require(!induction.predicate.is_primitive() && predicate.definition.is_none(), "it has another meaning")?;
    let same = theory.inductions.iter().filter(|other| other.predicate == induction.predicate);
    require(same.count() == 1, "two principles have the same predicate")?;
    let element = |place: usize| predicate.sorts.get(place).and_then(Sort::element).ok_or("there is no set at a place");
    let generated = element(Induction::SET)?;
    for constructor in &induction.constructors {
        let mut row = constructor.arguments.iter().map(|set| element(*set).cloned()).collect::<Verdict<Vec<_>>>()?;
        let is = predicate.sorts.get(constructor.parameter).ok_or("a constructor is no argument")?;
        let fits = match row.len() {
            0 => is == generated,
            1..=Induction::MOST_ARGUMENTS => {
                row.push(generated.clone());
                *is == Sort::Power(row)
            }
            _ => false,
        };
        require(fits, "a constructor has another sort")?;
    }
    Ok(())
}

/// Calls `visit` for a formula and all its subformulas.
fn each_part(formula: &Formula, visit: &mut dyn FnMut(&Formula) -> Verdict) -> Verdict {
    visit(formula)?;
    match formula {
        Formula::Atom(..) => Ok(()),
        Formula::Not(inner) => each_part(inner, visit),
        Formula::And(left, right) | Formula::Implies(_, left, right) => {
            each_part(left, visit)?;
            each_part(right, visit)
        }
    }
}

/// Requires that every predicate is known and applied to the right number of arguments of matching sorts, and that
/// every variable is bound or known to `free`, which gives its sort. `bound` has the sorts of enclosing binders.
pub(super) fn well_sorted<'s>(
    theory: &Theory,
    formula: &'s Formula,
    free: &dyn Fn(Name) -> Option<&'s Sort>,
    bound: &mut Vec<&'s Sort>,
) -> Verdict {
    match formula {
        Formula::Atom(predicate, arguments) => {
            let known = theory.predicates.get(predicate.index()).ok_or("unknown predicate")?;
            require(known.sorts.len() == arguments.len(), "a predicate has the wrong number of arguments")?;
            let sorts = arguments
                .iter()
                .map(|argument| match argument {
                    Variable::Free(name) => free(*name).ok_or("it mentions a variable that its scope does not know"),
                    Variable::Bound(index) => {
                        let place = bound.len().checked_sub(1 + *index as usize);
                        Ok(bound[place.ok_or("a bound variable has no binder")?])
                    }
                })
                .collect::<Verdict<Vec<&Sort>>>()?;
            let fits = match *predicate {
                PredicateId::EQUAL => sorts[0] == sorts[1],
                membership if membership.places().is_some() => {
                    let (set, elements) = sorts.split_last().expect("as many as the predicate has");
                    matches!(set, Sort::Power(parts) if parts.iter().eq(elements.iter().copied()))
                }
                _ => SortInstance::default().fit_all(&known.sorts, sorts.into_iter()),
            };
            require(fits, "the sorts of a predicate's arguments do not fit")
        }
        Formula::And(left, right) => {
            well_sorted(theory, left, free, bound)?;
            well_sorted(theory, right, free, bound)
        }
        Formula::Not(inner) => well_sorted(theory, inner, free, bound),
        Formula::Implies(binders, premise, conclusion) => {
            bound.extend(binders.sorts());
            well_sorted(theory, premise, free, bound)?;
            well_sorted(theory, conclusion, free, bound)?;
            bound.truncate(bound.len() - binders.len());
            Ok(())
        }
    }
}
