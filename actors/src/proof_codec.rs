//! Conversion of proofs to and from records of the store.
//!
//! The store holds text: formulas in MPL, variables by name. A variable keeps its displayed name; where a proof
//! introduces a name again, the later ones get a number: `a#2`, `a#3`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use theoremata_logic::calculus::formula::{Binder, Formula, Name, PredicateId};
use theoremata_logic::calculus::proof as logic;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::text::{MplReader, MplWriter, SortsShown, binder_text, read_binder};
use theoremata_store as store;
use theoremata_store::{Node, NodeId, Parameter, ScopeRecord};

/// Why a stored proof cannot be read as a proof of this theory.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    /// A malformed formula.
    #[error("`{text}` is no formula of the theory: {reason}")]
    Formula {
        /// The text.
        text: String,
        /// The reason.
        reason: String,
    },
    /// An unknown rule.
    #[error("`{0}` is no rule of the calculus, or lacks a parameter")]
    Rule(String),
    /// A variable that no scope introduces.
    #[error("variable `{0}` is introduced nowhere")]
    Variable(String),
    /// A reference to something that is not in the record.
    #[error("it names a step, scope or definition that it does not have")]
    Dangling,
}

/// The number of a theorem in the store and in output, from 1.
#[must_use]
pub fn number_of(theorem: logic::TheoremId) -> u32 {
    theorem.0 + 1
}

/// The names of a proof's variables on disk: the displayed names, made unique.
fn names(proof: &logic::Proof) -> Vec<Arc<str>> {
    let mut used: HashMap<Arc<str>, u32> = HashMap::new();
    let mut texts: Vec<Arc<str>> = vec!["?".into(); proof.names.len()];
    for scope in &proof.scopes {
        for variable in &scope.variables {
            let shown = &proof.names[variable.0 as usize];
            let mut text = shown.clone();
            let mut number = used.get(shown).copied().unwrap_or(0);
            while used.contains_key(&text) {
                number += 1;
                text = format!("{shown}#{}", number + 1).into();
            }
            used.insert(shown.clone(), number);
            used.insert(text.clone(), 0);
            texts[variable.0 as usize] = text;
        }
    }
    texts
}

/// The proof after a round trip through the store: only the steps it needs, in the store's order.
///
/// # Panics
/// As [`encode`].
#[must_use]
pub fn canonical(theory: &Theory, proof: &logic::Proof) -> logic::Proof {
    let (record, root) = encode(theory, proof);
    let record = record.from_root(&root).expect("the root was just added");
    decode(theory, &record).expect("what was written can be read")
}

/// The record of a proof, and the id of its last step.
///
/// # Panics
/// If a step refers to one that does not precede it; call this on checked proofs only.
#[must_use]
pub fn encode(theory: &Theory, proof: &logic::Proof) -> (store::Proof, NodeId) {
    let texts = names(proof);
    let predicate = |id: PredicateId| theory.predicate(id).name.clone();
    let name = |name: Name| texts[name.0 as usize].clone();
    let writer = MplWriter { predicate: &predicate, name: &name, sorts: SortsShown::Yes };
    let write = |formula: &Formula| -> Arc<str> { writer.write(formula).into() };
    let mut record = store::Proof::new();
    let mut scopes = Vec::with_capacity(proof.scopes.len());
    for (place, scope) in proof.scopes.iter().enumerate() {
        let parent = (place > 0).then(|| scopes[scope.parent.index()]);
        let binder = |variable: &Name| Binder::new(name(*variable), proof.sorts[variable.0 as usize].clone());
        let variables = scope.variables.iter().map(|variable| binder_text(&binder(variable)).into()).collect();
        let assumptions = scope.assumptions.iter().map(write).collect();
        let id = record.add_scope(ScopeRecord { parent, variables, assumptions }).expect("parents stand first");
        scopes.push(id);
    }
    let mut ids = Vec::with_capacity(proof.steps.len());
    for step in &proof.steps {
        let (rule, parameters, substitution) = rule_parts(theory, &step.rule, &scopes);
        let node = Node {
            rule: rule.into(),
            parameters,
            conclusion: write(&step.conclusion),
            premises: step.premises.iter().map(|premise| ids[premise.index()]).collect(),
            substitution: substitution.iter().map(|variable| name(*variable)).collect(),
            scope: scopes[step.scope.index()],
        };
        ids.push(record.add(node).expect("premises stand first"));
    }
    let root = *ids.last().expect("a proof has steps");
    (record, root)
}

fn rule_parts<'r>(
    theory: &Theory,
    rule: &'r logic::Rule,
    scopes: &[store::ScopeId],
) -> (&'static str, Vec<Parameter>, &'r [Name]) {
    use logic::Rule;
    let scope = |id: &logic::ScopeId| Parameter::Scope(scopes[id.index()]);
    match rule {
        Rule::Assumption(number) => ("assumption", vec![Parameter::Number(*number)], &[]),
        Rule::Theorem(id) => ("theorem", vec![Parameter::Theorem(number_of(*id))], &[]),
        Rule::Generalise(id) => ("generalise", vec![scope(id)], &[]),
        Rule::Instantiate(substitution) => ("instantiate", vec![], substitution),
        Rule::AndIntroduction => ("and-introduction", vec![], &[]),
        Rule::AndLeft => ("and-left", vec![], &[]),
        Rule::AndRight => ("and-right", vec![], &[]),
        Rule::ExistsIntroduction(witnesses) => ("exists-introduction", vec![], witnesses),
        Rule::ExistsElimination(id) => ("exists-elimination", vec![scope(id)], &[]),
        Rule::NotIntroduction(id) => ("not-introduction", vec![scope(id)], &[]),
        Rule::ExFalso => ("ex-falso", vec![], &[]),
        Rule::Reflexivity => ("reflexivity", vec![], &[]),
        Rule::Congruence => ("congruence", vec![], &[]),
        Rule::Unfold => ("unfold", vec![], &[]),
        Rule::Fold => ("fold", vec![], &[]),
        Rule::Induction(number) => {
            let principle = &theory.inductions[*number as usize];
            ("induction", vec![Parameter::Number(*number), Parameter::Text(principle.name.clone())], &[])
        }
        Rule::Reductio(id) => ("reductio", vec![scope(id)], &[]),
        Rule::Cases(first, second) => ("cases", vec![scope(first), scope(second)], &[]),
        Rule::Comprehension { predicate, arguments, set } => (
            "comprehension",
            vec![Parameter::Text(theory.predicate(*predicate).name.clone()), Parameter::Number(*set)],
            arguments,
        ),
    }
}

/// The proof of a record.
///
/// # Errors
/// If it is not a proof of this theory. Only the checker can decide whether it is valid.
pub fn decode(theory: &Theory, record: &store::Proof) -> Result<logic::Proof, Unreadable> {
    let mut variables: HashMap<Arc<str>, Name> = HashMap::new();
    let mut proof = logic::Proof::default();
    let mut introduced = Vec::new();
    let name_of = |text: &'_ Arc<str>| text.split_once(' ').map_or(text.len(), |(name, _)| name.len());
    let texts: HashSet<&str> = record
        .scopes()
        .iter()
        .flat_map(|(_, scope)| scope.variables.iter().map(|text| &text[..name_of(text)]))
        .collect();
    // A `#` suffix is ours only if the name without it occurs too; names of the theory may contain one as well.
    let parameters = &theory.anchor_definition().parameters;
    let is_numbered =
        |text: &str, shown: &str| texts.contains(shown) && parameters.iter().all(|parameter| **parameter != *text);
    for (_, scope) in record.scopes() {
        let mut own = Vec::new();
        for text in &scope.variables {
            let Binder { name: text, sort } =
                read_binder(text).ok_or_else(|| Unreadable::Variable(text.to_string()))?;
            let next = Name(proof.names.len() as u32);
            // A name that is introduced twice is for the checker to reject.
            let name = *variables.entry(text.clone()).or_insert(next);
            if name == next {
                let shown = text.rsplit_once('#').filter(|(shown, _)| is_numbered(&text, shown));
                proof.names.push(shown.map_or(&*text, |(shown, _)| shown).into());
                proof.sorts.push(sort);
            }
            own.push(name);
        }
        introduced.push(own);
    }
    let predicates: HashMap<&str, PredicateId> = theory
        .predicates
        .iter()
        .enumerate()
        .map(|(place, predicate)| (&*predicate.name, PredicateId(place as u32)))
        .collect();
    let predicate = |name: &str| predicates.get(name).copied();
    let name = |name: &str| variables.get(name).copied();
    let reader = MplReader { predicate: &predicate, name: &name };
    let mut formulas: HashMap<&str, Formula> = HashMap::new();
    let mut places = HashMap::new();
    for (place, (id, scope)) in record.scopes().iter().enumerate() {
        let parent = match scope.parent {
            None => logic::ScopeId::OUTER,
            Some(parent) => *places.get(&parent).ok_or(Unreadable::Dangling)?,
        };
        let mut assumptions = Vec::new();
        for text in &scope.assumptions {
            assumptions.push(read(&reader, &mut formulas, text)?);
        }
        proof.scopes.push(logic::Scope { parent, variables: std::mem::take(&mut introduced[place]), assumptions });
        places.insert(*id, logic::ScopeId(place as u32));
    }
    let mut steps = HashMap::new();
    for (place, (id, node)) in record.nodes().iter().enumerate() {
        let substitution = node
            .substitution
            .iter()
            .map(|text| variables.get(text).copied().ok_or_else(|| Unreadable::Variable(text.to_string())))
            .collect::<Result<Vec<_>, _>>()?;
        let premises = node
            .premises
            .iter()
            .map(|premise| steps.get(premise).copied().ok_or(Unreadable::Dangling))
            .collect::<Result<_, _>>()?;
        let rule = rule_of(node, substitution, &places, &predicate)?;
        let conclusion = read(&reader, &mut formulas, &node.conclusion)?;
        let scope = *places.get(&node.scope).ok_or(Unreadable::Dangling)?;
        proof.steps.push(logic::Step { rule, premises, conclusion, scope });
        steps.insert(*id, logic::StepId(place as u32));
    }
    Ok(proof)
}

fn read<'t>(
    reader: &MplReader<'_>,
    formulas: &mut HashMap<&'t str, Formula>,
    text: &'t str,
) -> Result<Formula, Unreadable> {
    if let Some(known) = formulas.get(text) {
        return Ok(known.clone());
    }
    let formula =
        reader.read(text).map_err(|error| Unreadable::Formula { text: text.to_owned(), reason: error.to_string() })?;
    formulas.insert(text, formula.clone());
    Ok(formula)
}

fn rule_of(
    node: &Node,
    substitution: Vec<Name>,
    scopes: &HashMap<store::ScopeId, logic::ScopeId>,
    predicate: &dyn Fn(&str) -> Option<PredicateId>,
) -> Result<logic::Rule, Unreadable> {
    use logic::Rule;
    let unknown = || Unreadable::Rule(node.rule.to_string());
    let scope = |place: usize| match node.parameters.get(place) {
        Some(Parameter::Scope(id)) => scopes.get(id).copied().ok_or(Unreadable::Dangling),
        _ => Err(unknown()),
    };
    let number = |place: usize| match node.parameters.get(place) {
        Some(Parameter::Number(number)) => Ok(*number),
        _ => Err(unknown()),
    };
    Ok(match &*node.rule {
        "assumption" => Rule::Assumption(number(0)?),
        "theorem" => match node.parameters.first() {
            Some(Parameter::Theorem(number)) if *number > 0 => Rule::Theorem(logic::TheoremId(number - 1)),
            _ => return Err(unknown()),
        },
        "generalise" => Rule::Generalise(scope(0)?),
        "instantiate" => Rule::Instantiate(substitution),
        "and-introduction" => Rule::AndIntroduction,
        "and-left" => Rule::AndLeft,
        "and-right" => Rule::AndRight,
        "exists-introduction" => Rule::ExistsIntroduction(substitution),
        "exists-elimination" => Rule::ExistsElimination(scope(0)?),
        "not-introduction" => Rule::NotIntroduction(scope(0)?),
        "ex-falso" => Rule::ExFalso,
        "reflexivity" => Rule::Reflexivity,
        "congruence" => Rule::Congruence,
        "unfold" => Rule::Unfold,
        "fold" => Rule::Fold,
        "induction" => Rule::Induction(number(0)?),
        "reductio" => Rule::Reductio(scope(0)?),
        "cases" => Rule::Cases(scope(0)?, scope(1)?),
        "comprehension" => match node.parameters.first() {
            Some(Parameter::Text(name)) => Rule::Comprehension {
                predicate: predicate(name).ok_or(Unreadable::Dangling)?,
                arguments: substitution,
                set: number(1)?,
            },
            _ => return Err(unknown()),
        },
        _ => return Err(unknown()),
    })
}
