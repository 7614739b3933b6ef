//! Proofs as TSTP derivations, for viewers and verifiers of that format.
//!
//! A derivation is a list of annotated formulas `fof(name, role, formula, source)`. These are used, all from the
//! grammar of TPTP (rules `introduced`, `inference_record`, `inference_info`, `assumptions_record` and
//! `new_symbol_record`):
//!
//! | what | role | source |
//! |---|---|---|
//! | a definition of the theory | `definition` | `introduced(definition,[],[])` |
//! | an assumption of a scope | `assumption` | `introduced(assumption,[new_symbols(eigenvariable,[…])],[])` |
//! | an instance of induction or comprehension, closed | `axiom` | `theory(induction,[…])`, `theory(comprehension,[…])` |
//! | a step | `plain` | `inference(rule,[status(thm),…],[parents])` |
//! | the last step of theorem 5, called `t5` | `theorem` | likewise |
//!
//! **Scopes.** A formula holds under its assumptions, listed in its `assumptions([…])`; a step that discharges some
//! lists them as `rule(discharge,[…])`. A scope's variables are constants, `t5_x`, that occur neither before the
//! scope's first assumption nor in any formula outside the scope. The first assumption of the scope introduces them as
//! `new_symbols`; the step that discharges it lists them again as `rule(eigenvariables,[…])`.
//!
//! **What a verifier may ask a prover.** For a step that discharges nothing: that the parents imply it. For one that
//! discharges A with eigenvariables x̄, from a parent B: that `∀ x̄ (A → B)` and the other parents imply it.
//! [`super::steps`] writes these problems. A step's parents depend only on assumptions that the step lists or
//! discharges. Citations of theorems and assumptions are not steps: the theorem or assumption is itself the parent.
//!
//! No axiom of the theory is assumed: an anchor is a defined predicate, and each theorem begins with it. Formulas are
//! relational, as in the calculus; `¬∀(A → ¬B)` is written `?[…]: (A & B)`.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use super::names::Names;
use super::problem::sentence::{Builder, RESERVED, Sentence, Term, Variable, plain_atom, predicate_symbols, symbol};
use super::problem::write::{fof, one_line};
use super::{Comments, Format};
use crate::calculus::checked::Checked;
use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::proof::{Proof, Rule, ScopeId, Step};
use crate::calculus::theory::Theory;

/// Writes TSTP, one formula a line; ASCII except for comments.
pub struct Tstp<'t> {
    theory: &'t Theory,
    comments: Comments<'t>,
    names: Names,
    predicates: Vec<Arc<str>>,
    /// The definitions that steps fold or unfold.
    unfolded: BTreeSet<PredicateId>,
}

impl<'t> Tstp<'t> {
    /// An export of theorems of one theory.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Tstp<'t> {
        let mut names = Names::without(&RESERVED);
        let predicates = predicate_symbols(&mut names, theory);
        Tstp { theory, comments: Comments::new(theory), names, predicates, unfolded: BTreeSet::new() }
    }

    fn definition_name(&self, predicate: PredicateId) -> String {
        format!("d_{}", self.predicates[predicate.index()])
    }
}

/// `∀ parameters (name(parameters) ↔ body)`; `None` for a predicate without a definition.
pub(super) fn definition(theory: &Theory, predicates: &[Arc<str>], predicate: PredicateId) -> Option<Sentence> {
    let definition = theory.predicates.get(predicate.index())?.definition.as_ref()?;
    let variables: Vec<Variable> = definition
        .parameters
        .iter()
        .enumerate()
        .map(|(place, shown)| Variable { number: place as u32, shown: shown.clone() })
        .collect();
    let value = |name: Name| Term::Variable(variables[name.0 as usize].clone());
    let terms = (0..variables.len() as u32).map(|place| value(Name(place))).collect();
    let atom = plain_atom(predicates, predicate, terms);
    let body = literal(predicates, &definition.body, &value, &mut (variables.len() as u32));
    Some(Sentence::for_all(variables, Sentence::Equivalent(Box::new(atom), Box::new(body))))
}

/// The formula, unchanged.
pub(super) fn literal(
    predicates: &[Arc<str>],
    formula: &Formula,
    free: &dyn Fn(Name) -> Term,
    next: &mut u32,
) -> Sentence {
    let mut atom = |predicate, _: &[_], terms| plain_atom(predicates, predicate, terms);
    Builder { free, atom: &mut atom, of_sort: None, next }.sentence(formula)
}

/// The name of a rule in derivations and messages.
pub(super) fn rule_name(rule: &Rule) -> &'static str {
    match rule {
        Rule::Assumption(_) => "assumption",
        Rule::Theorem(_) => "citation",
        Rule::Generalise(_) => "generalise",
        Rule::Instantiate(_) => "instantiate",
        Rule::AndIntroduction => "and_introduction",
        Rule::AndLeft => "and_left",
        Rule::AndRight => "and_right",
        Rule::ExistsIntroduction(_) => "exists_introduction",
        Rule::ExistsElimination(_) => "exists_elimination",
        Rule::NotIntroduction(_) => "not_introduction",
        Rule::ExFalso => "ex_falso",
        Rule::Reflexivity => "reflexivity",
        Rule::Congruence => "congruence",
        Rule::Unfold => "unfold",
        Rule::Fold => "fold",
        Rule::Induction(_) => "induction",
        Rule::Reductio(_) => "reductio",
        Rule::Cases(..) => "cases",
        Rule::Comprehension { .. } => "comprehension",
    }
}

/// Text as a quoted atom of TPTP, which may contain printable ASCII only.
fn quoted(text: &str) -> String {
    let mut word = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => word.extend(['\\', c]),
            ' '..='~' => word.push(c),
            other => {
                let _ = write!(word, "u{:x}", u32::from(other));
            }
        }
    }
    word.push('\'');
    word
}

impl Format for Tstp<'_> {
    fn survey(&mut self, theorem: &Checked) {
        let proof = theorem.proof();
        for step in &proof.steps {
            let atom = match step.rule {
                Rule::Fold => &step.conclusion,
                Rule::Unfold => &proof.steps[step.premises[0].index()].conclusion,
                _ => continue,
            };
            if let Formula::Atom(predicate, _) = atom {
                self.unfolded.insert(*predicate);
            }
        }
    }

    fn begin(&mut self, out: &mut String) {
        let _ = writeln!(out, "% Theorems of the theory {}, as TSTP derivations.", one_line(&self.theory.name));
        out.push_str(
            "% Steps rest on assumptions([...]); a step that discharges some says so. Constants t1_x are the variables\n\
             % of scopes. Instances of schemas are closed axioms with the source theory(...). Written by Theoremata.\n",
        );
        let mut spelled = Vec::new();
        for (symbol, predicate) in self.predicates.iter().zip(&self.theory.predicates).skip(1) {
            if **symbol != *predicate.name {
                spelled.push(format!("{symbol} for {}", one_line(&predicate.name)));
            }
        }
        if !spelled.is_empty() {
            let _ = writeln!(out, "% Spelled: {}.", spelled.join(", "));
        }
        out.push('\n');
        for predicate in &self.unfolded {
            let Some(sentence) = definition(self.theory, &self.predicates, *predicate) else { continue };
            let _ = write!(out, "fof({}, definition, ", self.definition_name(*predicate));
            fof(&sentence, out);
            out.push_str(", introduced(definition,[],[])).\n");
        }
    }

    fn theorem(&mut self, theorem: &Checked, out: &mut String) {
        let number = theorem.shown_number();
        let proof = theorem.proof();
        let _ = write!(
            out,
            "\n% Theorem {number}. {}\n% Rests on {}.\n",
            one_line(&self.comments.mathematics(theorem.statement())),
            one_line(&self.comments.rests_on(theorem))
        );
        let mut constants = HashMap::new();
        let mut given = Vec::new();
        for variable in proof.scopes.iter().flat_map(|scope| &scope.variables) {
            let shown = proof.names.get(variable.0 as usize).map_or("x", |shown| shown);
            let name = symbol(&mut self.names, &format!("t{number}_{}", super::names::spelled(shown)));
            given.push(name.clone());
            constants.insert(*variable, name);
        }
        Derivation {
            format: self,
            proof,
            number,
            constants,
            assumed: vec![false; proof.scopes.len()],
            names: Vec::with_capacity(proof.steps.len()),
            rests: Vec::with_capacity(proof.steps.len()),
            out,
        }
        .write();
        // No other theorem's constants have this prefix, so they need not be remembered.
        for name in given {
            self.names.release(&name);
        }
    }

    fn end(&mut self, _: &mut String) {}
}

/// An assumption: its scope and its index there.
type Assumed = (u32, u32);

struct Derivation<'d, 't> {
    format: &'d Tstp<'t>,
    proof: &'d Proof,
    number: u32,
    constants: HashMap<Name, Arc<str>>,
    /// Whether the assumptions of a scope have been written.
    assumed: Vec<bool>,
    /// The name of each step in the derivation.
    names: Vec<String>,
    /// The assumptions that each step depends on, in order.
    rests: Vec<Vec<Assumed>>,
    out: &'d mut String,
}

impl Derivation<'_, '_> {
    fn write(&mut self) {
        let last = self.proof.steps.len() - 1;
        for (place, step) in self.proof.steps.iter().enumerate() {
            self.assume(step.scope);
            for scope in step.rule.discharged() {
                self.assume(scope);
            }
            let (name, rests) = match step.rule {
                Rule::Assumption(number) => (self.assumption(step.scope, number), vec![(step.scope.0, number)]),
                Rule::Theorem(cited) if place < last => (format!("t{}", cited.0 + 1), Vec::new()),
                _ => self.step(place, step, place == last),
            };
            self.names.push(name);
            self.rests.push(rests);
        }
    }

    fn assumption(&self, scope: ScopeId, number: u32) -> String {
        match self.proof.scopes[scope.index()].assumptions.len() {
            1 => format!("t{}_a{}", self.number, scope.0),
            _ => format!("t{}_a{}_{}", self.number, scope.0, number + 1),
        }
    }

    /// Writes the assumptions of a scope and of enclosing ones, unless they have been written.
    fn assume(&mut self, scope: ScopeId) {
        let mut missing = Vec::new();
        let mut next = scope;
        while !std::mem::replace(&mut self.assumed[next.index()], true) {
            missing.push(next);
            next = self.proof.scopes[next.index()].parent;
        }
        for scope in missing.into_iter().rev() {
            let parts = &self.proof.scopes[scope.index()];
            for (place, formula) in parts.assumptions.iter().enumerate() {
                let _ = write!(self.out, "fof({}, assumption, ", self.assumption(scope, place as u32));
                self.formula(formula);
                self.out.push_str(", introduced(assumption,[");
                if place == 0 && !parts.variables.is_empty() {
                    let _ = write!(self.out, "new_symbols(eigenvariable,[{}])", self.list(&parts.variables));
                }
                self.out.push_str("],[])).\n");
            }
        }
    }

    fn list(&self, names: &[Name]) -> String {
        names.iter().map(|name| &*self.constants[name]).collect::<Vec<_>>().join(",")
    }

    fn formula(&mut self, formula: &Formula) {
        let constants = &self.constants;
        let sentence = literal(&self.format.predicates, formula, &|name| Term::constant(&constants[&name]), &mut 0);
        fof(&sentence, self.out);
    }

    /// Writes a step; returns its name and the assumptions it depends on.
    fn step(&mut self, place: usize, step: &Step, last: bool) -> (String, Vec<Assumed>) {
        let name = if last { format!("t{}", self.number) } else { format!("t{}_s{}", self.number, place + 1) };
        let rule = rule_name(&step.rule);
        let closed: Vec<ScopeId> = step.rule.discharged().collect();
        let mut rests: Vec<Assumed> =
            step.premises.iter().flat_map(|premise| self.rests[premise.index()].clone()).collect();
        rests.retain(|(scope, _)| !closed.contains(&ScopeId(*scope)));
        rests.sort_unstable();
        rests.dedup();

        let mut parents: Vec<String> =
            step.premises.iter().map(|premise| self.names[premise.index()].clone()).collect();
        let defined = match step.rule {
            Rule::Fold => Some(&step.conclusion),
            Rule::Unfold => Some(&self.proof.steps[step.premises[0].index()].conclusion),
            _ => None,
        };
        if let Some(Formula::Atom(predicate, _)) = defined {
            parents.push(self.format.definition_name(*predicate));
        }
        match &step.rule {
            Rule::Induction(principle) => {
                let principle = self.format.theory.inductions.get(*principle as usize);
                let source = principle.map_or_else(String::new, |principle| quoted(&principle.name));
                parents.push(self.schema(place, step, "induction", &source));
            }
            Rule::Comprehension { predicate, .. } => {
                let source = self.format.predicates[predicate.index()].to_string();
                parents.push(self.schema(place, step, "comprehension", &source));
            }
            Rule::Theorem(cited) => parents.push(format!("t{}", cited.0 + 1)),
            _ => {}
        }

        let _ = write!(self.out, "fof({name}, {}, ", if last { "theorem" } else { "plain" });
        self.formula(&step.conclusion);
        let _ = write!(self.out, ", inference({rule},[status(thm)");
        if !closed.is_empty() {
            let mut assumptions = Vec::new();
            let mut eigenvariables = Vec::new();
            for scope in closed {
                let parts = &self.proof.scopes[scope.index()];
                assumptions.extend((0..parts.assumptions.len()).map(|number| self.assumption(scope, number as u32)));
                eigenvariables.extend(&parts.variables);
            }
            let _ = write!(self.out, ",{rule}(discharge,[{}])", assumptions.join(","));
            if !eigenvariables.is_empty() {
                let _ = write!(self.out, ",{rule}(eigenvariables,[{}])", self.list(&eigenvariables));
            }
        }
        if let Rule::Instantiate(values) | Rule::ExistsIntroduction(values) = &step.rule
            && !values.is_empty()
        {
            let _ = write!(self.out, ",{rule}(values,[{}])", self.list(values));
        }
        if !rests.is_empty() {
            let names: Vec<String> =
                rests.iter().map(|(scope, number)| self.assumption(ScopeId(*scope), *number)).collect();
            let _ = write!(self.out, ",assumptions([{}])", names.join(","));
        }
        let _ = writeln!(self.out, "],[{}])).", parents.join(","));
        (name, rests)
    }

    /// Writes the schema instance that a step uses, `premises → conclusion`, closed over all variables; returns its
    /// name.
    fn schema(&mut self, place: usize, step: &Step, kind: &str, source: &str) -> String {
        let name = format!("t{}_{}{}", self.number, &kind[..1], place + 1);
        let mut free: Vec<Name> = Vec::new();
        let premises: Vec<&Formula> =
            step.premises.iter().map(|premise| &self.proof.steps[premise.index()].conclusion).collect();
        for formula in premises.iter().copied().chain([&step.conclusion]) {
            free.extend(formula.free_variables());
        }
        free.sort_unstable();
        free.dedup();
        let sentence = implication(&self.format.predicates, &free, &self.proof.names, &premises, &step.conclusion);
        let _ = write!(self.out, "fof({name}, axiom, ");
        fof(&sentence, self.out);
        let _ = writeln!(self.out, ", theory({kind},[{source}])).");
        name
    }
}

/// `∀ variables (premises → conclusion)`.
fn implication(
    predicates: &[Arc<str>],
    free: &[Name],
    shown: &[Arc<str>],
    premises: &[&Formula],
    conclusion: &Formula,
) -> Sentence {
    let mut next = free.len() as u32;
    let variables: Vec<Variable> = free
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let shown = shown.get(name.0 as usize).cloned().unwrap_or_else(|| "x".into());
            Variable { number: number as u32, shown }
        })
        .collect();
    let value = |name: Name| {
        let place = free.iter().position(|known| *known == name).unwrap_or_default();
        Term::Variable(variables[place].clone())
    };
    let premises: Vec<Sentence> =
        premises.iter().map(|premise| literal(predicates, premise, &value, &mut next)).collect();
    let conclusion = literal(predicates, conclusion, &value, &mut next);
    Sentence::for_all(variables.clone(), Sentence::implies(Sentence::and(premises), conclusion))
}
