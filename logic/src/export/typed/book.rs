//! What an export declares before its theorems, and what everything is called.

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

/// The names of an export and what its theorems need.
pub(crate) struct Book<'t> {
    pub(crate) theory: &'t Theory,
    pub(crate) comments: Comments<'t>,
    pub(crate) axioms: Axioms,
    /// Names that are not taken.
    pub(crate) names: Names,
    /// Of the sorts of sets and relations, by the number of things that they relate.
    pub(crate) powers: BTreeMap<usize, String>,
    /// Of each predicate; nothing for `=`.
    pub(crate) predicates: Vec<String>,
    /// Of the lemma of each induction principle.
    pub(crate) lemmas: Vec<String>,
    /// The anchor's base sorts with their names, once its parameters are declared; at least one.
    pub(crate) bases: Vec<(u32, String)>,
    /// Of each parameter of the anchor, once they are declared.
    pub(crate) parameters: Vec<String>,
    /// Of what is declared.
    pub(crate) assumed: BTreeMap<Assumed, String>,
    theorems: HashMap<TheoremId, Surveyed>,
    /// How all theorems are stated, as far as has been seen.
    pub(crate) shape: Shape,
    /// What the theorems need in either shape, together.
    all: [BTreeSet<Assumed>; 2],
}

/// What was learned of a theorem: its name, what it says, and what it rests on, with all that it cites.
struct Surveyed {
    name: String,
    statement: Formula,
    rests_on: [BTreeSet<Assumed>; 2],
}

/// An assumption as it is to be declared: `∀ sorts variables, formula`.
pub(crate) struct Declaration {
    pub(crate) assumed: Assumed,
    pub(crate) name: String,
    /// What it is, for readers.
    pub(crate) comment: String,
    /// The base sorts that it is about, besides the anchor's.
    pub(crate) bases: Vec<u32>,
    /// What it is about, besides the anchor's parameters.
    pub(crate) variables: Vec<(Name, Binder)>,
    /// What is assumed; nothing for [`Assumed::Classical`].
    pub(crate) formula: Option<Formula>,
}

/// What an atom says that a set is generated, as it is to be defined: for every property, `formula`.
pub(crate) struct Generated<'t> {
    pub(crate) predicate: PredicateId,
    /// The name of the lemma that follows.
    pub(crate) lemma: String,
    /// The name of the principle, for readers.
    pub(crate) principle: &'t str,
    pub(crate) bases: Vec<u32>,
    pub(crate) variables: Vec<(Name, Binder)>,
    /// About the property [`PROPERTY`], of things of this sort.
    pub(crate) formula: Formula,
    pub(crate) element: Sort,
}

/// Variables of declarations beyond the anchor's parameters.
const BEYOND: u32 = 1 << 20;

impl<'t> Book<'t> {
    /// Names everything that a theory has. `reserved` are the words that the language keeps, with blanks
    /// between them.
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

    /// Names the sorts of relations of more things than three, which no atom of the calculus takes apart.
    fn know_powers(&mut self, sort: &Sort) {
        let Sort::Power(parts) = sort else { return };
        if !self.powers.contains_key(&parts.len()) {
            self.powers.insert(parts.len(), self.names.fresh(&power(parts.len())));
        }
        parts.iter().for_each(|part| self.know_powers(part));
    }

    /// Learns what a theorem needs.
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

    /// The name of a theorem that was surveyed.
    pub(crate) fn theorem(&self, number: TheoremId) -> &str {
        self.theorems.get(&number).map_or("", |theorem| &theorem.name)
    }

    /// What a theorem rests on, with all that it cites.
    pub(crate) fn rests_on(&self, number: TheoremId) -> impl Iterator<Item = &Assumed> {
        self.theorems.get(&number).into_iter().flat_map(|theorem| &theorem.rests_on[self.shape as usize])
    }

    /// The base sorts that a theorem is about, besides the anchor's where these are declared.
    pub(crate) fn bases_of_theorem(&self, statement: &Formula) -> Vec<u32> {
        let mut bases = bases_in(statement);
        match self.shape {
            Shape::Anchored => {
                let anchor = bases_of(&self.theory.predicate(self.theory.anchor).sorts);
                bases.retain(|base| !anchor.contains(base));
            }
            // So that there is a sort to name wherever a proof names one.
            Shape::Closed if bases.is_empty() => bases.push(NO_BASE),
            Shape::Closed => {}
        }
        bases
    }

    /// What a theorem's base sorts are where it is cited so.
    pub(crate) fn citation(&self, number: TheoremId, cited_as: &Formula) -> Vec<Argument> {
        let Some(theorem) = self.theorems.get(&number) else { return Vec::new() };
        let instance = instance(&theorem.statement, cited_as);
        let bases = self.bases_of_theorem(&theorem.statement);
        bases.into_iter().map(|base| Argument::Sort(instance.apply(&Sort::Individual(base)))).collect()
    }

    /// Names the anchor's base sorts and parameters, once the definitions have been written. Gives the parameters
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

    /// What the atoms say that sets are generated.
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

    /// Primitive predicates of which the calculus knows nothing: neither defined nor said of what is generated.
    pub(crate) fn primitives(&self) -> Vec<PredicateId> {
        let known = self.theory.predicates.iter().enumerate().map(|(place, known)| (PredicateId(place as u32), known));
        known
            .filter(|(id, known)| {
                // Without a sort of relations with so many places there is no atom about them.
                let spoken_of = id.places().is_none_or(|places| self.powers.contains_key(&places));
                let known = *id == PredicateId::EQUAL || known.definition.is_some();
                spoken_of && !known && self.theory.generation(*id).is_none()
            })
            .map(|(id, _)| id)
            .collect()
    }

    /// Names what is assumed and says what it is.
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

/// The name of the sort of relations between so many things.
fn power(arity: usize) -> String {
    if arity == 1 { "Power".to_owned() } else { format!("Power{arity}") }
}

/// Variables with these names and sorts, from a number on.
pub(crate) fn binders(shown: &[Arc<str>], sorts: &[Sort], first: u32) -> Vec<(Name, Binder)> {
    let numbered = (first..).map(Name).zip(shown.iter().zip(sorts));
    numbered.map(|(name, (shown, sort))| (name, Binder::new(shown.clone(), sort.clone()))).collect()
}

/// The cases, each as [`crate::calculus::check`] asks for it, and then that all of the set have the property.
fn principle_of(principle: &Induction, places: &[(Name, Binder)]) -> Formula {
    let holds = |name: Name| Formula::atom(PROPERTY, [name]);
    let member = |name: Name, set: usize| Formula::atom(PredicateId::IN, [name, places[set].0]);
    // The checker has seen that these places hold sets.
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
