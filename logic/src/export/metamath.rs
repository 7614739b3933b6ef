//! Metamath: a file for any Metamath verifier, with a logic of its own that is explained rule by rule
//! ([`kernel.mm`](metamath/kernel.mm)).
//!
//! The steps of the calculus become applications of the kernel's rules; nothing is searched. Scopes become lists of
//! assumptions before `=>`. Metamath leaves substitution to the logic; here it is done by equality: that B is A with y
//! for x is proved as "if x = y then A and B are equivalent", by recursion on A. The same method renames bound
//! variables and replaces equals.

mod arena;
mod formulas;
mod signs;
mod steps;
mod theory;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use rustc_hash::FxHashSet;

use crate::calculus::checked::Checked;
use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::proof::{Proof, Rule, TheoremId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;
use crate::export::names::Names;
use crate::export::typed::sorts::{bases_in, instance};
use crate::export::{Comments, Format};

use arena::{Arena, AtomId, Label, NodeId, Variable, wrapped};
use signs::{Signs, word};
use steps::{Known, Setting};

const KERNEL: &str = include_str!("metamath/kernel.mm");

/// Names forbidden for predicates: symbols of the kernel, and the suffixes of `w-` and `e-` in its labels.
const RESERVED: [&str; 20] = [
    "wff", "ctx", "G", "A", "B", "C", "D", "x", "y", "z", "w", "in", "in2", "imp", "iff", "and", "not", "all", "equal",
    "is",
];

/// What a survey has learned of a theorem, with the sorts of its own statement.
struct Surveyed {
    statement: Formula,
    /// Whether it is also stated under the anchor.
    under: bool,
    /// The base sorts of the statement.
    bases: Vec<u32>,
    /// The sorts of its variables.
    sorts: BTreeSet<Sort>,
    /// The atoms of its formulas, with the sorts of their arguments.
    atoms: BTreeSet<(PredicateId, Vec<Sort>)>,
    comprehensions: BTreeSet<(PredicateId, Vec<Sort>, u32)>,
    /// The atoms on which it does induction.
    inductions: BTreeSet<(PredicateId, Vec<Sort>)>,
    /// The theorems it cites, each with the sorts substituted for its base sorts.
    cites: BTreeSet<(u32, Vec<Sort>)>,
}

/// Writes theorems as a Metamath file.
pub struct Metamath<'t> {
    theory: &'t Theory,
    comments: Comments<'t>,
    signs: Signs,
    surveyed: BTreeMap<u32, Surveyed>,
    /// The indices of the anchor's parameters that are assumed to exist (`E!`) together with the anchor.
    things: BTreeSet<u32>,
    /// The sort instances at which each theorem is stated: its own first, then those of citations.
    instances: HashMap<u32, Vec<Vec<Sort>>>,
    inductions: BTreeSet<AtomId>,
    comprehensions: BTreeSet<(AtomId, u32)>,
    /// The declared variables, each with its index in order of declaration.
    declared: HashMap<Variable, u32>,
    /// The theorems written so far: number and instance.
    known: HashMap<(u32, u32), Known>,
}

impl<'t> Metamath<'t> {
    /// An export of theorems of this theory.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Self {
        let mut names = Names::without(&RESERVED);
        let predicates = (theory.predicates.iter().enumerate())
            .map(|(place, predicate)| match PredicateId(place as u32) {
                PredicateId::EQUAL => "=".to_owned(),
                PredicateId::IN | PredicateId::IN2 => predicate.name.to_string(),
                _ => names.fresh(&predicate.name),
            })
            .collect();
        Metamath {
            theory,
            comments: Comments::new(theory),
            signs: Signs::new(predicates),
            surveyed: BTreeMap::new(),
            things: BTreeSet::new(),
            instances: HashMap::new(),
            inductions: BTreeSet::new(),
            comprehensions: BTreeSet::new(),
            declared: HashMap::new(),
            known: HashMap::new(),
        }
    }

    fn label(&self, label: Label) -> String {
        let signs = &self.signs;
        let at = |instance: u32| if instance == 0 { String::new() } else { format!("-{instance}") };
        match label {
            Label::Kernel(rule) => rule.to_owned(),
            Label::Sorted(rule, sort) => format!("{rule}{}", sort.after('-')),
            Label::Variable(variable) => format!("f-{variable}"),
            Label::Atom(id) => format!("w-{}", signs.labelled(id)),
            Label::Equals(id) => format!("e-{}", signs.labelled(id)),
            Label::Definition(id) => format!("d-{}", signs.labelled(id)),
            Label::Induction(id) => format!("n-{}", signs.labelled(id)),
            Label::Comprehension(id, set) => format!("s-{}.{set}", signs.labelled(id)),
            Label::Theorem(number, instance) => format!("t-{number}{}", at(instance)),
            Label::Under(number, instance) => format!("u-{number}{}", at(instance)),
        }
    }

    /// Declares those variables that are not declared yet.
    fn declare(&mut self, variables: impl IntoIterator<Item = Variable>, out: &mut String) {
        for variable in variables {
            let next = self.declared.len() as u32;
            if let Entry::Vacant(entry) = self.declared.entry(variable) {
                entry.insert(next);
                let sort = word(&self.signs.sorts[variable.sort().0 as usize]);
                let _ = writeln!(out, "$v {variable} $.  f-{variable} $f {sort} {variable} $.");
            }
        }
    }

    /// Sorts declared variables by order of declaration.
    fn in_order(&self, mut variables: Vec<Variable>) -> Vec<Variable> {
        variables.sort_by_key(|variable| self.declared[variable]);
        variables
    }

    /// Finds the sort instances at which theorems are cited, from the last theorem, which is stated at its own sorts
    /// only, to the first.
    fn find_instances(&mut self) {
        for (number, surveyed) in self.surveyed.iter().rev() {
            let own: Vec<Sort> = surveyed.bases.iter().copied().map(Sort::Individual).collect();
            let instances = self.instances.entry(*number).or_default();
            instances.retain(|instance| *instance != own);
            instances.sort_unstable();
            instances.insert(0, own);
            for instance in instances.clone() {
                let instance = at_sorts(&surveyed.bases, &instance);
                for (cited, sorts) in &surveyed.cites {
                    let sorts = sorts.iter().map(|sort| instance.apply(sort)).collect();
                    let known = self.instances.entry(*cited).or_default();
                    if !known.contains(&sorts) {
                        known.push(sorts);
                    }
                }
            }
        }
    }

    /// Registers all sorts and atoms of the theorems, at all their instances.
    fn note_all(&mut self) {
        let theory = self.theory;
        for sort in &theory.predicate(theory.anchor).sorts {
            sort.for_each_base(&mut |base| {
                self.signs.note_sort(&Sort::Individual(base));
            });
        }
        self.signs.note_atom(theory, theory.anchor, &theory.predicate(theory.anchor).sorts);
        for (number, surveyed) in std::mem::take(&mut self.surveyed) {
            for instance in self.instances[&number].clone() {
                let instance = at_sorts(&surveyed.bases, &instance);
                let put = |sorts: &[Sort]| sorts.iter().map(|sort| instance.apply(sort)).collect::<Vec<Sort>>();
                for sort in &surveyed.sorts {
                    self.signs.note_sort(&instance.apply(sort));
                }
                for (predicate, sorts) in &surveyed.atoms {
                    for sort in &put(sorts) {
                        self.signs.note_sort(sort);
                    }
                    self.signs.note_atom(theory, *predicate, &put(sorts));
                }
                for (predicate, sorts) in &surveyed.inductions {
                    let sorts = put(sorts);
                    self.signs.note_atom(theory, *predicate, &sorts);
                    if let Some(principle) = theory.generation(*predicate) {
                        for (predicate, sorts) in theory::spoken_of(principle, &sorts) {
                            self.signs.note_atom(theory, predicate, &sorts);
                        }
                    }
                    let ids = sorts.iter().map(|sort| self.signs.sort(sort)).collect::<Vec<_>>();
                    self.inductions.insert(self.signs.atom_id(*predicate, ids.into_iter()));
                }
                for (predicate, sorts, set) in &surveyed.comprehensions {
                    let sorts = put(sorts);
                    self.signs.note_atom(theory, *predicate, &sorts);
                    let ids = sorts.iter().map(|sort| self.signs.sort(sort)).collect::<Vec<_>>();
                    self.comprehensions.insert((self.signs.atom_id(*predicate, ids.into_iter()), *set));
                }
            }
            self.surveyed.insert(number, surveyed);
        }
    }

    /// Writes a statement with its proof, in a block with its distinct-variable conditions.
    fn proof(
        &mut self,
        arena: &Arena,
        root: NodeId,
        mandatory: &[Variable],
        about: &str,
        judgement: &str,
        out: &mut String,
    ) {
        let variables = arena.variables(root);
        self.declare(variables.iter().copied(), out);
        let names: Vec<String> = variables.iter().map(Variable::to_string).collect();
        let apart = theory::different(&names);
        let _ = writeln!(out, "\n${{");
        if !apart.is_empty() {
            let _ = writeln!(out, "{}", wrapped(apart.split_whitespace()));
        }
        let _ = writeln!(out, "{about}{}", wrapped(judgement.split(' ')));
        let _ = writeln!(out, "{} $.\n$}}", arena.compressed(root, mandatory, &|label| self.label(label)));
    }
}

impl Format for Metamath<'_> {
    fn survey(&mut self, theorem: &Checked) {
        let proof = theorem.proof();
        let mut learned = Surveyed {
            statement: theorem.statement().clone(),
            under: steps::has_form_under(self.theory, proof),
            bases: bases_in(theorem.statement()),
            sorts: proof.sorts.iter().cloned().collect(),
            atoms: BTreeSet::new(),
            comprehensions: BTreeSet::new(),
            inductions: BTreeSet::new(),
            cites: BTreeSet::new(),
        };
        let sort = |name: Name| proof.sorts[name.0 as usize].clone();
        let assumed = proof.scopes.iter().flat_map(|scope| &scope.assumptions);
        let mut seen: FxHashSet<&Formula> = FxHashSet::default();
        for formula in proof.steps.iter().map(|step| &step.conclusion).chain(assumed) {
            if seen.insert(formula) {
                signs::uses(formula, &sort, &mut Vec::new(), &mut |used| {
                    learned.atoms.insert(used);
                });
            }
        }
        for step in &proof.steps {
            match &step.rule {
                Rule::Comprehension { predicate, arguments, set } => {
                    let (binders, ..) = step.conclusion.as_exists().expect("checked");
                    let mut sorts: Vec<Sort> = arguments.iter().map(|name| self.sort_of(proof, *name)).collect();
                    sorts[*set as usize] = binders.sorts().next().expect("one set").clone();
                    learned.comprehensions.insert((*predicate, sorts, *set));
                }
                Rule::Induction(_) => {
                    let generated = &proof.steps[step.premises[0].index()].conclusion;
                    signs::uses(generated, &sort, &mut Vec::new(), &mut |atom| {
                        learned.inductions.insert(atom);
                    });
                }
                Rule::Theorem(cited) => {
                    if let Some(known) = self.surveyed.get(&cited.0) {
                        learned.cites.insert((cited.0, put_for(&known.bases, &known.statement, &step.conclusion)));
                    }
                }
                _ => {}
            }
        }
        let is_under = |cited: TheoremId, _: &Formula| self.surveyed.get(&cited.0).is_some_and(|known| known.under);
        let things = steps::anchor_things(self.theory, proof, &is_under);
        self.things.extend(things);
        self.surveyed.insert(theorem.number().0, learned);
    }

    fn begin(&mut self, out: &mut String) {
        let theory = self.theory;
        self.find_instances();
        self.note_all();
        let _ = writeln!(out, "$( Theorems of {}, for any Metamath verifier. $)\n", ascii(&theory.name));
        out.push_str(KERNEL);
        theory::sorts(&self.signs, out);
        out.push_str("\n$( The predicates of the theory. Of each: equals have the same properties. $)\n");
        theory::variables(theory, &self.signs, &self.inductions, out);
        theory::predicates(&self.signs, out);
        out.push_str(
            "\n$( Bound variables are called b, by the number of binders below their own: so formulas that differ\n   \
             in the names of bound variables only are the same text. $)\n",
        );
        // Parameters of the anchor are declared before all bound variables: theorem arguments have this order.
        let sorts = theory.predicate(theory.anchor).sorts.iter().zip(0..);
        let parameters: Vec<Variable> =
            sorts.map(|(sort, place)| Variable::Free(place, self.signs.sort(sort))).collect();
        self.declare(parameters, out);
        for place in 0..self.signs.atoms.len() {
            let Some(body) = self.signs.atoms[place].body.clone() else { continue };
            let bound = self.signs.bound_in(&body);
            self.declare(bound.iter().copied(), out);
            self.signs.atoms[place].bound = self.in_order(bound);
        }
        // A definition uses only predicates with lower numbers.
        let mut defined: Vec<AtomId> = (0..self.signs.atoms.len() as u32).map(AtomId).collect();
        defined.sort_by_key(|id| (self.signs.atom(*id).predicate, self.signs.atom(*id).instance));
        for id in defined {
            let predicate = self.signs.atom(id).predicate;
            let Some(definition) = &theory.predicate(predicate).definition else { continue };
            let atom = format!("{}[{}]", theory.predicate(predicate).name, definition.parameters.join(","));
            let body = self.comments.mpl(&definition.body, &|name| definition.parameters[name.0 as usize].clone());
            let kind = if predicate == theory.anchor { "The axioms, as a definition." } else { "A definition." };
            let _ = writeln!(out, "\n$( {kind}\n{}\n$)", comment(&format!("{atom} := {body}")));
            theory::definition(&self.signs, id, out);
        }
        for id in self.inductions.clone() {
            let principle = theory.generation(self.signs.atom(id).predicate);
            let name = ascii(principle.map_or("", |principle| &principle.name));
            let about = format!("Assumed where a set is said to be generated: {name}.");
            let _ = writeln!(out, "\n$( The first premises say what W.1, W.2, ... are.\n{}\n$)", comment(&about));
            theory::induction(theory, &self.signs, id, out);
        }
        for (id, set) in self.comprehensions.clone() {
            let name = ascii(&theory.predicate(self.signs.atom(id).predicate).name);
            let _ = writeln!(out, "\n$( Assumed: there is a set as {name} describes it. $)");
            theory::comprehension(&self.signs, id, set, out);
        }
    }

    fn theorem(&mut self, theorem: &Checked, out: &mut String) {
        let number = theorem.number().0;
        let bases = self.surveyed[&number].bases.clone();
        for (place, instance) in self.instances[&number].clone().into_iter().enumerate() {
            if place == 0 {
                self.at_instance(theorem, theorem.proof(), 0, out);
                continue;
            }
            let instance = at_sorts(&bases, &instance);
            let proof = at_other_sorts(theorem.proof(), &instance);
            self.at_instance(theorem, &proof, place as u32, out);
        }
    }

    fn end(&mut self, _: &mut String) {}
}

impl Metamath<'_> {
    /// The sort of a variable of a proof. The position of a comprehension's set may name a variable without one.
    fn sort_of(&self, proof: &Proof, name: Name) -> Sort {
        proof.sorts.get(name.0 as usize).cloned().unwrap_or(Sort::BASE)
    }

    /// Writes a theorem at a sort instance.
    fn at_instance(&mut self, theorem: &Checked, proof: &Proof, instance: u32, out: &mut String) {
        let number = theorem.shown_number();
        let Some(statement) = proof.statement() else { return };
        let bound = self.signs.bound_in(statement);
        self.declare(bound.iter().copied(), out);
        let mut known = Known { bound: self.in_order(bound), under: None };
        if let Formula::Implies(binders, _, body) = statement
            && steps::has_form_under(self.theory, proof)
        {
            let sorts = binders.sorts().zip(0..);
            let mut variables: Vec<Variable> =
                sorts.map(|(sort, place)| Variable::Free(place, self.signs.sort(sort))).collect();
            variables.extend(self.in_order(self.signs.bound_in(body)));
            known.under = Some(variables);
        }
        let mut arena = Arena::default();
        let signs = &self.signs;
        let cited = |cited: TheoremId, as_cited: &Formula| {
            let surveyed = &self.surveyed[&cited.0];
            let sorts = put_for(&surveyed.bases, &surveyed.statement, as_cited);
            let place = self.instances[&cited.0].iter().position(|known| *known == sorts);
            let place = place.expect("all citations were surveyed") as u32;
            (place, &self.known[&(cited.0, place)])
        };
        let things = &self.things;
        let setting = Setting { theory: self.theory, signs, things, cited: &cited, own: (number, instance, &known) };
        let proved = steps::translate(&setting, proof, &mut arena);
        let no_name = |name: Name| format!("v{}", name.0).into();
        let about = format!(
            "  $( Theorem {number}.\n{}\n{}\n{}\n  $)\n",
            comment(&self.comments.mathematics(statement)),
            comment(&self.comments.mpl(statement, &no_name)),
            comment(&format!("Rests on {}.", self.comments.rests_on(theorem)))
        );
        let label = |label: Label| self.label(label);
        let closed = format!(
            "{} $p |- {{}} => {} $=",
            label(Label::Theorem(number, instance)),
            self.signs.text(statement, &|name| format!("v.{name}"))
        );
        let bound = known.bound.clone();
        match (proved.under, statement, &known.under) {
            (Some((_, root)), Formula::Implies(binders, anchor, body), Some(mandatory)) => {
                let parameters: Vec<Name> = (0..binders.len() as u32).map(Name).collect();
                let [anchor, body] = [anchor, body].map(|part| part.open(&parameters));
                let free = |name: u32| mandatory[name as usize].to_string();
                let things: String = self.things.iter().map(|place| format!(", E! {} ", free(*place))).collect();
                let judgement = format!(
                    "{} $p |- {{}} {things}, {} => {} $=",
                    label(Label::Under(number, instance)),
                    self.signs.text(&anchor, &free),
                    self.signs.text(&body, &free)
                );
                let mandatory = mandatory.clone();
                self.proof(&arena, root, &mandatory, &about, &judgement, out);
                let closing = format!("  $( Theorem {number}, closed. $)\n");
                self.proof(&arena, proved.closed, &bound, &closing, &closed, out);
            }
            _ => self.proof(&arena, proved.closed, &bound, &about, &closed, out),
        }
        self.known.insert((theorem.number().0, instance), known);
    }
}

/// The substitution of sorts for base sorts, in this order.
fn at_sorts(bases: &[u32], sorts: &[Sort]) -> SortInstance {
    let mut instance = SortInstance::default();
    for (base, sort) in bases.iter().zip(sorts) {
        instance.fit(&Sort::Individual(*base), sort);
    }
    instance
}

/// The sort substituted for each base sort of a statement where it is cited as `cited_as`.
fn put_for(bases: &[u32], statement: &Formula, cited_as: &Formula) -> Vec<Sort> {
    let instance = instance(statement, cited_as);
    bases.iter().map(|base| instance.apply(&Sort::Individual(*base))).collect()
}

/// The proof with base sorts substituted.
fn at_other_sorts(proof: &Proof, instance: &SortInstance) -> Proof {
    let mut put = |sort: &Sort| instance.apply(sort);
    let mut other = proof.clone();
    other.sorts = proof.sorts.iter().map(&mut put).collect();
    for scope in &mut other.scopes {
        scope.assumptions.iter_mut().for_each(|formula| *formula = formula.with_sorts(&mut put));
    }
    for step in &mut other.steps {
        step.conclusion = step.conclusion.with_sorts(&mut put);
    }
    other
}

/// The text as lines of a comment.
fn comment(text: &str) -> String {
    wrapped(ascii(text).split_whitespace())
}

/// The text in ASCII without `$`: a Metamath file contains nothing else, and `$` ends comments.
fn ascii(text: &str) -> String {
    let mut result = String::new();
    for c in text.chars() {
        match c {
            '∀' => result.push_str("for all "),
            '∃' => result.push_str("some "),
            '¬' => result.push_str("not "),
            '∧' => result.push_str("and"),
            '∨' => result.push_str("or"),
            '→' => result.push_str("->"),
            '↔' => result.push_str("<->"),
            '≠' => result.push_str("/="),
            '≤' => result.push_str("<="),
            '≥' => result.push_str(">="),
            '∈' => result.push_str("in"),
            '·' => result.push('*'),
            '⁻' => result.push_str("^-"),
            '¹' => result.push('1'),
            '$' => result.push('S'),
            ' '..='~' => result.push(c),
            '\n' | '\t' => result.push(' '),
            c => {
                let _ = write!(result, "U+{:04X}", u32::from(c));
            }
        }
    }
    result
}
