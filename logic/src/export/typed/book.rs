//! What an export declares before its theorems, and what everything is called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::plan::{PROPERTY, Plan, is_anchored};
use super::{Assumed, Shape};
use crate::calculus::formula::{Binder, Formula, Name, PredicateId};
use crate::calculus::proof::TheoremId;
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Induction, Theory};
use crate::export::names::Names;
use crate::export::{Checked, Comments};
use crate::proofs::axiom_use::Axioms;

/// The names of an export and what its theorems need.
pub(crate) struct Book<'t> {
    pub(crate) theory: &'t Theory,
    pub(crate) comments: Comments<'t>,
    pub(crate) axioms: Axioms,
    /// Names that are not taken.
    pub(crate) names: Names,
    /// The domain of individuals.
    pub(crate) domain: String,
    /// Of each predicate; nothing for `=`.
    pub(crate) predicates: Vec<String>,
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

/// What was learned of a theorem: its name and what it rests on, with all that it cites.
struct Surveyed {
    name: String,
    rests_on: [BTreeSet<Assumed>; 2],
}

/// An assumption as it is to be declared: `∀ variables, formula`, for any property if there is one in it.
pub(crate) struct Declaration {
    pub(crate) assumed: Assumed,
    pub(crate) name: String,
    /// What it is, for readers.
    pub(crate) comment: String,
    /// Whether it speaks of a property of individuals, the predicate [`PROPERTY`].
    pub(crate) property: bool,
    /// Individuals that it is about, besides the anchor's parameters.
    pub(crate) variables: Vec<(Name, Binder)>,
    /// What is assumed; nothing for [`Assumed::Classical`].
    pub(crate) formula: Option<Formula>,
}

/// Variables of declarations beyond the anchor's parameters.
const BEYOND: u32 = 1 << 20;

impl<'t> Book<'t> {
    /// Names everything that a theory has. `reserved` are the words that the language keeps, with blanks
    /// between them.
    pub(crate) fn new(theory: &'t Theory, reserved: &str) -> Book<'t> {
        let reserved: Vec<&str> = reserved.split_whitespace().collect();
        let mut names = Names::without(&reserved);
        let domain = names.fresh("I");
        let predicates = (theory.predicates.iter().enumerate())
            .map(|(place, predicate)| match PredicateId(place as u32) {
                PredicateId::EQUAL => String::new(),
                // `in` is a keyword nearly everywhere.
                PredicateId::IN => names.fresh("In"),
                _ => names.fresh(&predicate.name),
            })
            .collect();
        Book {
            theory,
            comments: Comments::new(theory),
            axioms: Axioms::of(theory),
            names,
            domain,
            predicates,
            parameters: Vec::new(),
            assumed: BTreeMap::new(),
            theorems: HashMap::new(),
            shape: Shape::Anchored,
            all: Default::default(),
        }
    }

    /// Learns what a theorem needs.
    pub(crate) fn survey(&mut self, theorem: &Checked<'_>) {
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
        self.theorems.insert(theorem.number(), Surveyed { name, rests_on });
    }

    /// The name of a theorem that was surveyed.
    pub(crate) fn theorem(&self, number: TheoremId) -> &str {
        self.theorems.get(&number).map_or("", |theorem| &theorem.name)
    }

    /// What a theorem rests on, with all that it cites.
    pub(crate) fn rests_on(&self, number: TheoremId) -> impl Iterator<Item = &Assumed> {
        self.theorems.get(&number).into_iter().flat_map(|theorem| &theorem.rests_on[self.shape as usize])
    }

    /// Names the anchor's parameters, once the definitions have been written.
    pub(crate) fn name_parameters(&mut self) {
        if self.shape == Shape::Anchored {
            let parameters = &self.theory.anchor_definition().parameters;
            self.parameters = parameters.iter().map(|shown| self.names.fresh(shown)).collect();
        }
    }

    /// Names what is assumed and says what it is.
    pub(crate) fn declare(&mut self) -> Vec<Declaration> {
        let all = self.all[self.shape as usize].clone();
        all.into_iter()
            .map(|assumed| {
                let mut declaration = match &assumed {
                    Assumed::Axiom(number) => self.axiom(*number),
                    Assumed::Induction(number, parameters) => self.induction(*number, parameters.as_deref()),
                    Assumed::Comprehension(predicate, set) => self.comprehension(*predicate, *set),
                    Assumed::Classical => Declaration {
                        assumed: assumed.clone(),
                        name: "classical".into(),
                        comment: "classical logic: what cannot be denied holds".into(),
                        property: false,
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
            property: false,
            variables: Vec::new(),
            formula: Some(formula),
        }
    }

    fn induction(&self, number: u32, parameters: Option<&[u32]>) -> Declaration {
        let principle = &self.theory.inductions[number as usize];
        let structure = self.theory.predicate(principle.predicate).definition.as_ref();
        let shown = structure.map_or(&[][..], |definition| &definition.parameters);
        let (arguments, variables): (Vec<Name>, Vec<(Name, Binder)>) = match parameters {
            Some(parameters) => (parameters.iter().map(|number| Name(*number)).collect(), Vec::new()),
            None => (shown.iter().enumerate())
                .map(|(place, shown)| {
                    let name = Name(BEYOND + place as u32);
                    (name, (name, Binder::new(shown.clone(), Sort::BASE)))
                })
                .unzip(),
        };
        let mut formula = principle_of(principle, &arguments);
        if parameters.is_none() {
            let structure = Formula::atom(principle.predicate, arguments.iter().copied());
            formula = Formula::forall(&[], &structure, &formula);
        }
        Declaration {
            assumed: Assumed::Induction(number, parameters.map(<[u32]>::to_vec)),
            name: if number == 0 { "induction".into() } else { format!("induction_{}", number + 1) },
            comment: principle.name.to_string(),
            property: true,
            variables,
            formula: Some(formula),
        }
    }

    fn comprehension(&self, predicate: PredicateId, set: u32) -> Declaration {
        let known = self.theory.predicate(predicate);
        let shown = known.definition.as_ref().map_or(&[][..], |definition| &definition.parameters);
        let all: Vec<(Name, Binder)> = (0..)
            .zip(shown.iter().zip(&known.sorts))
            .map(|(place, (shown, sort))| (Name(BEYOND + place), Binder::new(shown.clone(), sort.clone())))
            .collect();
        let atom = Formula::atom(predicate, all.iter().map(|(name, _)| *name));
        let set = set as usize;
        Declaration {
            assumed: Assumed::Comprehension(predicate, set as u32),
            name: format!("comprehension_{}", known.name),
            comment: format!("comprehension: there is a set {} such that {} holds", all[set].1.name, known.name),
            property: false,
            variables: [&all[..set], &all[set + 1..]].concat(),
            formula: Some(Formula::exists(&all[set..=set], &atom, &atom)),
        }
    }
}

/// The cases, each as [`crate::calculus::check`] asks for it, and then that all of the set have the property.
fn principle_of(principle: &Induction, arguments: &[Name]) -> Formula {
    let holds = |name: Name| Formula::atom(PROPERTY, [name]);
    let member = |name: Name, set: usize| Formula::atom(PredicateId::IN, [name, arguments[set]]);
    let variable = |place: usize, shown: &str| (Name(2 * BEYOND + place as u32), Binder::new(shown, Sort::BASE));
    let bound = variable(0, "n");
    let mut whole = Formula::forall(std::slice::from_ref(&bound), &member(bound.0, Induction::SET), &holds(bound.0));
    for constructor in principle.constructors.iter().rev() {
        let constructed = arguments[constructor.parameter];
        let count = constructor.arguments.len();
        let case = if count == 0 {
            holds(constructed)
        } else {
            let inputs: Vec<(Name, Binder)> = ["n", "m"].iter().enumerate().map(|(at, n)| variable(at, n)).collect();
            let inputs = &inputs[..count.min(2)];
            let value = variable(count, "k");
            let row = inputs.iter().map(|(name, _)| *name).chain([value.0, constructed]);
            let predicate = if count == 1 { PredicateId::IN2 } else { PredicateId::IN3 };
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
