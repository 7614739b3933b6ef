//! The declarations of an export before its theorems, and the names of everything.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::plan::{PROPERTY, Plan, is_anchored};
use super::sorts::{NO_BASE, bases_in, bases_of, instance};
use super::{Argument, Assumed, Shape};
use crate::calculus::checked::Checked;
use crate::calculus::formula::{Binder, Formula, Name, PredicateId};
use crate::calculus::proof::TheoremId;
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Induction, Theory};
use crate::export::Comments;
use crate::export::names::Names;
use crate::proofs::axiom_use::Axioms;

/// The names of an export, and the dependencies of its theorems.
pub(crate) struct Book<'t> {
    pub(crate) theory: &'t Theory,
    pub(crate) comments: Comments<'t>,
    pub(crate) axioms: Axioms,
    /// The generator of unused names.
    pub(crate) names: Names,
    /// Names of the types of sets and relations, by arity.
    pub(crate) powers: BTreeMap<usize, String>,
    /// Names of predicates; empty for `=`.
    pub(crate) predicates: Vec<String>,
    /// Names of the induction lemmas.
    pub(crate) lemmas: Vec<String>,
    /// The anchor's base sorts with their names, once its parameters are declared; at least one.
    pub(crate) bases: Vec<(u32, String)>,
    /// Names of the anchor's parameters, once they are declared.
    pub(crate) parameters: Vec<String>,
    /// Names of assumptions.
    pub(crate) assumed: BTreeMap<Assumed, String>,
    theorems: HashMap<TheoremId, Surveyed>,
    /// The form of all theorems surveyed so far.
    pub(crate) shape: Shape,
    /// The dependencies of all theorems, for either shape.
    all: [BTreeSet<Assumed>; 2],
}

/// A surveyed theorem: its name, statement, and dependencies, including those of its citations.
struct Surveyed {
    name: String,
    statement: Formula,
    rests_on: [BTreeSet<Assumed>; 2],
}

/// An assumption to declare: `∀ sorts variables, formula`.
pub(crate) struct Declaration {
    pub(crate) assumed: Assumed,
    pub(crate) name: String,
    /// A description for readers.
    pub(crate) comment: String,
    /// Its base sorts besides the anchor's.
    pub(crate) bases: Vec<u32>,
    /// Its variables besides the anchor's parameters.
    pub(crate) variables: Vec<(Name, Binder)>,
    /// The assumed formula; `None` for [`Assumed::Classical`].
    pub(crate) formula: Option<Formula>,
}

/// The definition of a generation atom: `formula` for every property.
pub(crate) struct Generated<'t> {
    pub(crate) predicate: PredicateId,
    /// The name of the induction lemma.
    pub(crate) lemma: String,
    /// The display name of the principle.
    pub(crate) principle: &'t str,
    pub(crate) bases: Vec<u32>,
    pub(crate) variables: Vec<(Name, Binder)>,
    /// About the property [`PROPERTY`] of things of sort `element`.
    pub(crate) formula: Formula,
    pub(crate) element: Sort,
}

/// The first variable of declarations after the anchor's parameters.
const BEYOND: u32 = 1 << 20;

impl<'t> Book<'t> {
    /// Names everything in a theory. `reserved` has the language's reserved words, separated by blanks.
    pub(crate) fn new(theory: &'t Theory, reserved: &str) -> Book<'t> {
        let reserved: Vec<&str> = reserved.split_whitespace().collect();
        let mut names = Names::without(&reserved);
        let mut book = Book {
            theory,
            comments: Comments::new(theory),
            axioms: Axioms::of(theory),
            names: Names::default(),
            powers: BTreeMap::new(),
            predicates: Vec::new(),
            lemmas: Vec::new(),
            bases: Vec::new(),
            parameters: Vec::new(),
            assumed: BTreeMap::new(),
            theorems: HashMap::new(),
            shape: Shape::Anchored,
            all: Default::default(),
        };
        for arity in 1..=3 {
            book.powers.insert(arity, names.fresh(&power(arity)));
        }
        book.predicates = (theory.predicates.iter().enumerate())
            .map(|(place, predicate)| match PredicateId(place as u32) {
                PredicateId::EQUAL => String::new(),
                // `in` is a keyword nearly everywhere.
                PredicateId::IN => names.fresh("In"),
                _ => names.fresh(&predicate.name),
            })
            .collect();
        book.lemmas = (1..=theory.inductions.len())
            .map(|number| if number == 1 { "induction".to_owned() } else { format!("induction_{number}") })
            .map(|name| names.fresh(&name))
            .collect();
        book.names = names;
        let spoken_of = theory.predicates.iter().skip(PredicateId::PRIMITIVES);
        spoken_of.flat_map(|predicate| &predicate.sorts).for_each(|sort| book.know_powers(sort));
        book
    }

    /// Names the types of sets and relations in a sort, for arities without a name.
    fn know_powers(&mut self, sort: &Sort) {
        let Sort::Power(parts) = sort else { return };
        if !self.powers.contains_key(&parts.len()) {
            self.powers.insert(parts.len(), self.names.fresh(&power(parts.len())));
        }
        parts.iter().for_each(|part| self.know_powers(part));
    }

    /// Collects the dependencies of a theorem.
    pub(crate) fn survey(&mut self, theorem: &Checked) {
        theorem.proof().sorts.iter().for_each(|sort| self.know_powers(sort));
        let rests_on = [Shape::Anchored, Shape::Closed].map(|shape| {
            let mut needed = BTreeSet::new();
            if shape == Shape::Anchored && self.shape == Shape::Closed {
                return needed;
            }
            let plan = Plan::of(self.theory, &self.axioms, theorem.proof(), shape);
            let stated = shape == Shape::Closed || is_anchored(self.theory, theorem.statement());
            let Some(plan) = plan.filter(|_| stated) else {
                self.shape = Shape::Closed;
                return needed;
            };
            needed.extend(plan.assumed);
            for cited in &plan.cites {
                if let Some(cited) = self.theorems.get(cited) {
                    needed.extend(cited.rests_on[shape as usize].iter().cloned());
                }
            }
            self.all[shape as usize].extend(needed.iter().cloned());
            needed
        });
        let name = self.names.fresh(&format!("t{}", theorem.shown_number()));
        let statement = theorem.statement().clone();
        statement.for_each_sort(&mut |sort| self.know_powers(sort));
        self.theorems.insert(theorem.number(), Surveyed { name, statement, rests_on });
    }

    /// The name of a surveyed theorem.
    pub(crate) fn theorem(&self, number: TheoremId) -> &str {
        self.theorems.get(&number).map_or("", |theorem| &theorem.name)
    }

    /// The dependencies of a theorem, including those of its citations.
    pub(crate) fn rests_on(&self, number: TheoremId) -> impl Iterator<Item = &Assumed> {
        self.theorems.get(&number).into_iter().flat_map(|theorem| &theorem.rests_on[self.shape as usize])
    }

    /// The base sorts of a theorem, except the anchor's where these are declared.
    pub(crate) fn bases_of_theorem(&self, statement: &Formula) -> Vec<u32> {
        let mut bases = bases_in(statement);
        match self.shape {
            Shape::Anchored => {
                let anchor = bases_of(&self.theory.predicate(self.theory.anchor).sorts);
                bases.retain(|base| !anchor.contains(base));
            }
            // Ensures that there is a sort to name wherever a proof needs one.
            Shape::Closed if bases.is_empty() => bases.push(NO_BASE),
            Shape::Closed => {}
        }
        bases
    }

    /// The sorts for a theorem's base sorts where it is cited as `cited_as`.
    pub(crate) fn citation(&self, number: TheoremId, cited_as: &Formula) -> Vec<Argument> {
        let Some(theorem) = self.theorems.get(&number) else { return Vec::new() };
        let instance = instance(&theorem.statement, cited_as);
        let bases = self.bases_of_theorem(&theorem.statement);
        bases.into_iter().map(|base| Argument::Sort(instance.apply(&Sort::Individual(base)))).collect()
    }

    /// Names the anchor's base sorts and parameters, after the definitions have been written. Returns the parameters
    /// with their sorts.
    pub(crate) fn name_parameters(&mut self) -> Vec<(Name, Binder)> {
        if self.shape == Shape::Closed {
            return Vec::new();
        }
        let definition = self.theory.anchor_definition();
        let sorts = &self.theory.predicate(self.theory.anchor).sorts;
        let mut bases = bases_of(sorts);
        if bases.is_empty() {
            bases.push(NO_BASE);
        }
        self.bases = bases.into_iter().map(|base| (base, self.names.fresh("I"))).collect();
        self.parameters = definition.parameters.iter().map(|shown| self.names.fresh(shown)).collect();
        binders(&definition.parameters, sorts, 0)
    }

    /// The definitions of the generation atoms.
    pub(crate) fn generated(&self) -> Vec<Generated<'t>> {
        let principles = self.theory.inductions.iter().zip(&self.lemmas);
        principles
            .filter_map(|(principle, lemma)| {
                let sorts = &self.theory.predicate(principle.predicate).sorts;
                let element = sorts[Induction::SET].element()?.clone();
                let mut shown: Vec<Arc<str>> = Vec::new();
                let structure = self.theory.predicate(principle.structure).definition.as_ref();
                for place in &principle.places {
                    let known = structure.and_then(|definition| definition.parameters.get(*place));
                    shown.push(known.cloned().unwrap_or_else(|| "x".into()));
                }
                let variables = binders(&shown, sorts, BEYOND);
                Some(Generated {
                    predicate: principle.predicate,
                    lemma: lemma.clone(),
                    principle: &principle.name,
                    bases: bases_of(sorts),
                    formula: principle_of(principle, &variables),
                    variables,
                    element,
                })
            })
            .collect()
    }

    /// Uninterpreted primitive predicates: neither defined nor generation atoms.
    pub(crate) fn primitives(&self) -> Vec<PredicateId> {
        let known = self.theory.predicates.iter().enumerate().map(|(place, known)| (PredicateId(place as u32), known));
        known
            .filter(|(id, known)| {
                // If no type of relations has this arity, there is no atom about them.
                let spoken_of = id.places().is_none_or(|places| self.powers.contains_key(&places));
                let known = *id == PredicateId::EQUAL || known.definition.is_some();
                spoken_of && !known && self.theory.generation(*id).is_none()
            })
            .map(|(id, _)| id)
            .collect()
    }

    /// Names the assumptions and returns their declarations.
    pub(crate) fn declare(&mut self) -> Vec<Declaration> {
        let all = self.all[self.shape as usize].clone();
        all.into_iter()
            .map(|assumed| {
                let mut declaration = match &assumed {
                    Assumed::Axiom(number) => self.axiom(*number),
                    Assumed::Comprehension(predicate, set) => self.comprehension(*predicate, *set),
                    Assumed::Classical => Declaration {
                        assumed: assumed.clone(),
                        name: "classical".into(),
                        comment: "classical logic: what cannot be denied holds".into(),
                        bases: Vec::new(),
                        variables: Vec::new(),
                        formula: None,
                    },
                };
                declaration.name = self.names.fresh(&declaration.name);
                self.assumed.insert(assumed, declaration.name.clone());
                declaration
            })
            .collect()
    }

    fn axiom(&self, number: usize) -> Declaration {
        let formula = self.axioms.list[number].formula.clone();
        Declaration {
            assumed: Assumed::Axiom(number),
            name: format!("axiom_{}", number + 1),
            comment: format!("axiom {}: {}", number + 1, self.comments.under_anchor(&formula)),
            bases: Vec::new(),
            variables: Vec::new(),
            formula: Some(formula),
        }
    }

    fn comprehension(&self, predicate: PredicateId, set: u32) -> Declaration {
        let known = self.theory.predicate(predicate);
        let shown = known.definition.as_ref().map_or(&[][..], |definition| &definition.parameters);
        let all = binders(shown, &known.sorts, BEYOND);
        let atom = Formula::atom(predicate, all.iter().map(|(name, _)| *name));
        let set = set as usize;
        Declaration {
            assumed: Assumed::Comprehension(predicate, set as u32),
            name: format!("comprehension_{}", known.name),
            comment: format!("comprehension: there is a set {} such that {} holds", all[set].1.name, known.name),
            bases: bases_of(&known.sorts),
            variables: [&all[..set], &all[set + 1..]].concat(),
            formula: Some(Formula::exists(&all[set..=set], &atom, &atom)),
        }
    }
}

/// The name of the type of relations of this arity.
fn power(arity: usize) -> String {
    if arity == 1 { "Power".to_owned() } else { format!("Power{arity}") }
}

/// Variables with these names and sorts, numbered from `first`.
pub(crate) fn binders(shown: &[Arc<str>], sorts: &[Sort], first: u32) -> Vec<(Name, Binder)> {
    let numbered = (first..).map(Name).zip(shown.iter().zip(sorts));
    numbered.map(|(name, (shown, sort))| (name, Binder::new(shown.clone(), sort.clone()))).collect()
}

/// The principle: the cases, in the form that [`crate::calculus::check`] requires, then that all of the set have the
/// property.
fn principle_of(principle: &Induction, places: &[(Name, Binder)]) -> Formula {
    let holds = |name: Name| Formula::atom(PROPERTY, [name]);
    let member = |name: Name, set: usize| Formula::atom(PredicateId::IN, [name, places[set].0]);
    // The checker has established that these arguments are sets.
    let element = |set: usize| places[set].1.sort.element().cloned().unwrap_or(Sort::BASE);
    let variable =
        |number: usize, shown: &str, set: usize| (Name(2 * BEYOND + number as u32), Binder::new(shown, element(set)));
    let bound = variable(0, "n", Induction::SET);
    let mut whole = Formula::forall(std::slice::from_ref(&bound), &member(bound.0, Induction::SET), &holds(bound.0));
    for constructor in principle.constructors.iter().rev() {
        let constructed = places[constructor.parameter].0;
        let count = constructor.arguments.len();
        let case = if count == 0 {
            holds(constructed)
        } else {
            let shown = ["n", "m", "l"].iter().zip(&constructor.arguments).enumerate();
            let inputs: Vec<(Name, Binder)> = shown.map(|(at, (shown, set))| variable(at, shown, *set)).collect();
            let value = variable(count, "k", Induction::SET);
            let row = inputs.iter().map(|(name, _)| *name).chain([value.0, constructed]);
            let predicate = PredicateId::membership(count + 1).expect("the checker has seen the constructor");
            let mut case =
                Formula::forall(std::slice::from_ref(&value), &Formula::atom(predicate, row), &holds(value.0));
            for (input, set) in inputs.iter().zip(&constructor.arguments).rev() {
                if *set == Induction::SET {
                    case = Formula::forall(&[], &holds(input.0), &case);
                }
                case = Formula::forall(std::slice::from_ref(input), &member(input.0, *set), &case);
            }
            case
        };
        whole = Formula::forall(&[], &case, &whole);
    }
    whole
}
