//! Transfers a theorem from one theory to another that satisfies its axioms.
//!
//! Both theories state `∀ parameters (axioms → …)`. The proof is rewritten under the axioms of the target theory:
//! axioms are fetched from there, and citations refer to transferred theorems. All other steps are copied, with names,
//! sorts and predicates translated. Nothing is trusted: the checker decides whether the result is a proof.

use std::collections::HashMap;

use crate::calculus::formula::{Binder, Formula, Name, PredicateId};
use crate::calculus::proof::{Proof, Rule, ScopeId, Step, StepId, TheoremId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::{Induction, Theory};

/// The reason why a theorem cannot be transferred.
pub type Unfit = &'static str;

/// A translation from one theory to another.
#[derive(Debug)]
pub struct Transfer<'t> {
    to: &'t Theory,
    /// For each parameter of `from`, the parameter of `to` that replaces it.
    arguments: &'t [usize],
    /// For each predicate of `from`, that of `to`.
    predicates: Vec<Option<PredicateId>>,
    /// For each induction principle of `from`, that of `to`.
    inductions: Vec<Option<u32>>,
}

impl<'t> Transfer<'t> {
    /// From `from` to `to`, whose parameters at `arguments` replace those of `from`. Definitions correspond by name.
    #[must_use]
    pub fn new(from: &'t Theory, to: &'t Theory, arguments: &'t [usize]) -> Transfer<'t> {
        let named = |id: usize| {
            let predicate = &from.predicates[id];
            let found = to.find(&predicate.name)?;
            let same = to.predicate(found).definition.is_some() == predicate.definition.is_some();
            (same && to.predicate(found).sorts.len() == predicate.sorts.len()).then_some(found)
        };
        let mut predicates: Vec<Option<PredicateId>> = (0..from.predicates.len()).map(named).collect();
        let principle = |induction: &Induction| {
            let structure = predicates[induction.structure.index()]?;
            let is_same = |other: &Induction| {
                other.structure == structure
                    && other.places == induction.places
                    && other.constructors == induction.constructors
            };
            to.inductions.iter().position(is_same)
        };
        let inductions: Vec<Option<usize>> = from.inductions.iter().map(principle).collect();
        for (own, other) in from.inductions.iter().zip(&inductions) {
            predicates[own.predicate.index()] = other.map(|place| to.inductions[place].predicate);
        }
        let inductions = inductions.into_iter().map(|place| place.map(|place| place as u32)).collect();
        Transfer { to, arguments, predicates, inductions }
    }

    /// Transfers the proof of a theorem; `cited` maps each cited theorem to the transferred one.
    ///
    /// # Errors
    /// If an axiom or definition that the proof uses is not part of the target theory, or a cited theorem was not
    /// transferred.
    pub fn proof(&self, proof: &Proof, cited: &dyn Fn(TheoremId) -> Option<TheoremId>) -> Result<Proof, Unfit> {
        let outer = outermost(proof).ok_or("its statement does not begin with the axioms")?;
        let variables = &proof.scopes[outer.index()].variables;
        let mut sorts = SortInstance::default();
        let wanted = self.arguments.iter().map(|place| &self.to.predicate(self.to.anchor).sorts[*place]);
        let own: Vec<Sort> = variables.iter().map(|name| proof.sorts[name.0 as usize].clone()).collect();
        if !sorts.fit_all(&own, wanted.collect::<Vec<_>>().into_iter()) {
            return Err("it is about structures in which sorts coincide");
        }
        self.set_apart(proof, &mut sorts);
        let mut written = Proof {
            scopes: proof.scopes.clone(),
            steps: Vec::with_capacity(proof.steps.len()),
            sorts: proof.sorts.iter().map(|sort| sorts.apply(sort)).collect(),
            names: proof.names.clone(),
        };
        let anchor = self.to.anchor_definition();
        let mut parameters = Vec::new();
        for (shown, sort) in anchor.parameters.iter().zip(&self.to.predicate(self.to.anchor).sorts) {
            parameters.push(Name(written.names.len() as u32));
            written.names.push(shown.clone());
            written.sorts.push(sort.clone());
        }
        let replaced = variables.iter().zip(self.arguments).map(|(old, place)| (*old, parameters[*place])).collect();
        let mut copier = Copier {
            transfer: self,
            old: proof,
            cited,
            outer,
            sorts,
            replaced,
            axioms: Axioms::of(self.to, &parameters),
            derived: HashMap::new(),
            citations: HashMap::new(),
            parameters,
            written,
        };
        copier.copy()?;
        Ok(copier.written.pruned())
    }

    /// Gives fresh base sorts to those that occur in no parameter.
    fn set_apart(&self, proof: &Proof, sorts: &mut SortInstance) {
        let mut highest = 0;
        let mut all = Vec::new();
        self.to.predicate(self.to.anchor).sorts.iter().for_each(|sort| {
            sort.for_each_base(&mut |base| highest = highest.max(base));
        });
        proof.sorts.iter().for_each(|sort| sort.for_each_base(&mut |base| all.push(base)));
        let formulas = proof.scopes.iter().flat_map(|scope| &scope.assumptions);
        for formula in formulas.chain(proof.steps.iter().map(|step| &step.conclusion)) {
            formula.for_each_sort(&mut |sort| sort.for_each_base(&mut |base| all.push(base)));
        }
        all.sort_unstable();
        all.dedup();
        for base in all {
            if sorts.apply(&Sort::Individual(base)) == Sort::Individual(base) {
                highest += 1;
                // If the base sort was already mapped to itself, this changes nothing.
                sorts.fit(&Sort::Individual(base), &Sort::Individual(highest));
            }
        }
    }
}

/// The scope that assumes the axioms and that the last step closes.
fn outermost(proof: &Proof) -> Option<ScopeId> {
    let last = proof.steps.last()?;
    let Rule::Generalise(scope) = last.rule else { return None };
    let outer = proof.scopes.get(scope.index())?;
    (outer.parent == ScopeId::OUTER && outer.assumptions.len() == 1 && last.scope == ScopeId::OUTER).then_some(scope)
}

/// The image of an old step in the new proof.
#[derive(Clone)]
enum Image {
    Step(StepId),
    /// The assumption that the axioms hold.
    Anchor,
    /// An axiom, or part of one.
    Axiom(Formula),
    /// A theorem, at these sorts.
    Theorem(TheoremId, Formula),
}

struct Copier<'c> {
    transfer: &'c Transfer<'c>,
    old: &'c Proof,
    cited: &'c dyn Fn(TheoremId) -> Option<TheoremId>,
    outer: ScopeId,
    sorts: SortInstance,
    /// The new names of the old parameters; other names stay.
    replaced: HashMap<Name, Name>,
    parameters: Vec<Name>,
    axioms: Axioms,
    /// The steps that derive axioms.
    derived: HashMap<Formula, StepId>,
    /// The steps that state cited theorems about the parameters.
    citations: HashMap<(TheoremId, Formula), StepId>,
    written: Proof,
}

impl Copier<'_> {
    fn copy(&mut self) -> Result<(), Unfit> {
        for (place, old) in self.old.scopes.iter().enumerate() {
            let scope = ScopeId(place as u32);
            let assumptions = if scope == self.outer {
                vec![self.axioms.anchor()]
            } else {
                old.assumptions.iter().map(|formula| self.formula(formula)).collect::<Result<_, _>>()?
            };
            let variables = if scope == self.outer { self.parameters.clone() } else { old.variables.clone() };
            let new = &mut self.written.scopes[place];
            (new.assumptions, new.variables) = (assumptions, variables);
        }
        let mut images: Vec<Image> = Vec::with_capacity(self.old.steps.len());
        let last = self.old.steps.len() - 1;
        for (place, old) in self.old.steps.iter().enumerate() {
            let image = if place == last { self.close(old, &images)? } else { self.step(old, &images)? };
            images.push(image);
        }
        Ok(())
    }

    /// The last step, which discharges the scope of the parameters.
    fn close(&mut self, old: &Step, images: &[Image]) -> Result<Image, Unfit> {
        let [body] = old.premises[..] else { return Err("its last step has another shape") };
        let body = self.premise(&images[body.index()])?;
        let binder = |name: &Name| {
            let place = name.0 as usize;
            (*name, Binder::new(self.written.names[place].clone(), self.written.sorts[place].clone()))
        };
        let binders: Vec<(Name, Binder)> = self.parameters.iter().map(binder).collect();
        let said = &self.written.steps[body.index()].conclusion;
        let whole = Formula::forall(&binders, &self.axioms.anchor(), said);
        Ok(Image::Step(self.push(Rule::Generalise(self.outer), vec![body], whole, ScopeId::OUTER)))
    }

    fn step(&mut self, old: &Step, images: &[Image]) -> Result<Image, Unfit> {
        let premise = |place: usize| old.premises.get(place).map(|premise| &images[premise.index()]);
        match (&old.rule, premise(0)) {
            (Rule::Assumption(_), None) if old.scope == self.outer => return Ok(Image::Anchor),
            // A definition among the axioms may state more in the target theory, e.g. that its set is generated.
            (Rule::Unfold, Some(Image::Anchor | Image::Axiom(_))) => {
                return Ok(Image::Axiom(self.formula(&old.conclusion)?));
            }
            (Rule::AndLeft, Some(Image::Axiom(Formula::And(left, _)))) => return Ok(Image::Axiom((**left).clone())),
            (Rule::AndRight, Some(Image::Axiom(Formula::And(_, right)))) => return Ok(Image::Axiom((**right).clone())),
            (Rule::Theorem(cited), None) => return Ok(Image::Theorem(*cited, old.conclusion.clone())),
            (Rule::Instantiate(names), Some(Image::Theorem(cited, stated))) => {
                return self.instance(old, names, (*cited, stated.clone()), images);
            }
            _ => {}
        }
        let premises = old.premises.iter().map(|premise| self.premise(&images[premise.index()]));
        let premises = premises.collect::<Result<Vec<_>, _>>()?;
        let (rule, conclusion) = (self.rule(&old.rule)?, self.formula(&old.conclusion)?);
        Ok(Image::Step(self.push(rule, premises, conclusion, old.scope)))
    }

    /// A theorem instantiated with the old parameters, and possibly further arguments: the transferred theorem for the
    /// new parameters, then instantiated with the further ones.
    fn instance(
        &mut self,
        old: &Step,
        names: &[Name],
        (cited, stated): (TheoremId, Formula),
        images: &[Image],
    ) -> Result<Image, Unfit> {
        let own = &self.old.scopes[self.outer.index()].variables;
        let about_axioms = matches!(old.premises.get(1).map(|premise| &images[premise.index()]), Some(Image::Anchor));
        if !names.starts_with(own) || !about_axioms {
            return Err("it cites a theorem about other parameters");
        }
        let general = self.citation(cited, &stated)?;
        if old.premises.len() == 2 && names.len() == own.len() {
            return Ok(Image::Step(general));
        }
        let mut premises = vec![general];
        for premise in &old.premises[2..] {
            premises.push(self.premise(&images[premise.index()])?);
        }
        let rest = names[own.len()..].iter().map(|name| self.name(*name)).collect();
        let conclusion = self.formula(&old.conclusion)?;
        Ok(Image::Step(self.push(Rule::Instantiate(rest), premises, conclusion, old.scope)))
    }

    /// A cited theorem, instantiated with the parameters.
    fn citation(&mut self, cited: TheoremId, stated: &Formula) -> Result<StepId, Unfit> {
        let key = (cited, stated.clone());
        if let Some(known) = self.citations.get(&key) {
            return Ok(*known);
        }
        let number = (self.cited)(cited).ok_or("it cites a theorem that could not be taken over")?;
        let Formula::Implies(_, _, behind) = stated else { return Err("a cited statement has another shape") };
        let own = &self.old.scopes[self.outer.index()].variables;
        let said = self.formula(&behind.open(own))?;
        let binder = |name: &Name| {
            let place = name.0 as usize;
            (*name, Binder::new(self.written.names[place].clone(), self.written.sorts[place].clone()))
        };
        let binders: Vec<(Name, Binder)> = self.parameters.iter().map(binder).collect();
        let whole = Formula::forall(&binders, &self.axioms.anchor(), &said);
        let anchor = self.axiom(&self.axioms.anchor())?;
        let theorem = self.push(Rule::Theorem(number), vec![], whole, self.outer);
        let parameters = Rule::Instantiate(self.parameters.clone());
        let step = self.push(parameters, vec![theorem, anchor], said, self.outer);
        self.citations.insert(key, step);
        Ok(step)
    }

    /// The new step of an old one.
    fn premise(&mut self, image: &Image) -> Result<StepId, Unfit> {
        match image {
            Image::Step(step) => Ok(*step),
            Image::Axiom(formula) => self.axiom(formula),
            Image::Anchor => {
                let own = self.old.scopes[self.outer.index()].assumptions[0].clone();
                let atom = self.formula(&own)?;
                self.axiom(&atom)
            }
            Image::Theorem(..) => Err("it uses a theorem in another way than for its parameters"),
        }
    }

    /// Derives a formula that the axioms state, in the scope that assumes them.
    fn axiom(&mut self, formula: &Formula) -> Result<StepId, Unfit> {
        if let Some(known) = self.derived.get(formula) {
            return Ok(*known);
        }
        let step = match (self.axioms.way(formula), formula) {
            (Some((rule, before)), _) => {
                let premises = match before {
                    None => vec![],
                    Some(before) => vec![self.axiom(&before)?],
                };
                self.push(rule, premises, formula.clone(), self.outer)
            }
            (None, Formula::And(left, right)) => {
                let premises = vec![self.axiom(left)?, self.axiom(right)?];
                self.push(Rule::AndIntroduction, premises, formula.clone(), self.outer)
            }
            (None, _) => return Err("an axiom that it rests on is none of this theory"),
        };
        self.derived.insert(formula.clone(), step);
        Ok(step)
    }

    fn push(&mut self, rule: Rule, premises: Vec<StepId>, conclusion: Formula, scope: ScopeId) -> StepId {
        self.written.steps.push(Step { rule, premises, conclusion, scope });
        StepId(self.written.steps.len() as u32 - 1)
    }

    fn name(&self, name: Name) -> Name {
        self.replaced.get(&name).copied().unwrap_or(name)
    }

    fn predicate(&self, id: PredicateId) -> Result<PredicateId, Unfit> {
        let known = self.transfer.predicates.get(id.index()).copied().flatten();
        known.ok_or("it speaks of a definition that this theory does not have")
    }

    /// Translates the names, sorts and predicates of a formula.
    fn formula(&self, formula: &Formula) -> Result<Formula, Unfit> {
        let renamed = formula.substitute(&mut |name| self.name(name)).with_sorts(&mut |sort| self.sorts.apply(sort));
        self.predicates(&renamed)
    }

    fn predicates(&self, formula: &Formula) -> Result<Formula, Unfit> {
        Ok(match formula {
            Formula::Atom(id, arguments) => Formula::Atom(self.predicate(*id)?, arguments.clone()),
            Formula::And(left, right) => Formula::and(self.predicates(left)?, self.predicates(right)?),
            Formula::Not(inner) => Formula::negate(self.predicates(inner)?),
            Formula::Implies(binders, premise, conclusion) => {
                let parts = (self.predicates(premise)?.into(), self.predicates(conclusion)?.into());
                Formula::Implies(binders.clone(), parts.0, parts.1)
            }
        })
    }

    fn rule(&self, rule: &Rule) -> Result<Rule, Unfit> {
        let names = |names: &[Name]| names.iter().map(|name| self.name(*name)).collect();
        Ok(match rule {
            Rule::Instantiate(substitution) => Rule::Instantiate(names(substitution)),
            Rule::ExistsIntroduction(witnesses) => Rule::ExistsIntroduction(names(witnesses)),
            Rule::Comprehension { predicate, arguments, set } => {
                Rule::Comprehension { predicate: self.predicate(*predicate)?, arguments: names(arguments), set: *set }
            }
            Rule::Induction(number) => {
                let known = self.transfer.inductions.get(*number as usize).copied().flatten();
                Rule::Induction(known.ok_or("it rests on an induction that this theory does not have")?)
            }
            other => other.clone(),
        })
    }
}

/// All formulas that the axioms of a theory state; each with its last rule and that rule's premise.
struct Axioms {
    ways: HashMap<Formula, (Rule, Option<Formula>)>,
    anchor: Formula,
}

impl Axioms {
    fn of(theory: &Theory, parameters: &[Name]) -> Axioms {
        let anchor = Formula::atom(theory.anchor, parameters.iter().copied());
        let sorts = &theory.predicate(theory.anchor).sorts;
        let first = parameters.first().map_or(0, |name| name.0);
        let mut ways = HashMap::new();
        let mut waiting = vec![(anchor.clone(), Rule::Assumption(0), None)];
        while let Some((formula, rule, before)) = waiting.pop() {
            if ways.contains_key(&formula) {
                continue;
            }
            ways.insert(formula.clone(), (rule, before));
            match &formula {
                Formula::And(left, right) => {
                    waiting.push(((**right).clone(), Rule::AndRight, Some(formula.clone())));
                    waiting.push(((**left).clone(), Rule::AndLeft, Some(formula.clone())));
                }
                Formula::Atom(id, _) => {
                    let mut arguments = Vec::new();
                    formula.for_each_free(&mut |name| arguments.push(name));
                    let sort = |name: Name| &sorts[(name.0 - first) as usize];
                    if let Some(body) = theory.predicate(*id).unfold(&arguments, &sort) {
                        waiting.push((body, Rule::Unfold, Some(formula.clone())));
                    }
                }
                Formula::Not(_) | Formula::Implies(..) => {}
            }
        }
        Axioms { ways, anchor }
    }

    fn anchor(&self) -> Formula {
        self.anchor.clone()
    }

    fn way(&self, formula: &Formula) -> Option<(Rule, Option<Formula>)> {
        self.ways.get(formula).cloned()
    }
}
