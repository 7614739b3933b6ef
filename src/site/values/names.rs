//! Names of the variables of a proof.

use std::collections::HashMap;
use std::sync::Arc;

use theoremata_logic::calculus::formula::Name;
use theoremata_logic::calculus::proof::Proof;

/// The name of a variable in the proof itself.
pub(crate) fn given_name(proof: &Proof, name: Name) -> Arc<str> {
    proof.names.get(name.0 as usize).cloned().unwrap_or_else(|| format!("v{}", name.0).into())
}

/// Distinct names for distinct variables, even if the proof gives them the same name. Variables that are not `shown`
/// reserve no name.
pub(crate) fn unique_names(proof: &Proof, shown: &dyn Fn(Name) -> bool) -> HashMap<Name, Arc<str>> {
    let mut unique = HashMap::new();
    let mut inner: Vec<HashMap<Arc<str>, usize>> = Vec::with_capacity(proof.scopes.len());
    for scope in &proof.scopes {
        // Names of enclosing scopes are taken; sibling scopes may share names.
        let mut taken = inner.get(scope.parent.index()).cloned().unwrap_or_default();
        for variable in scope.variables.iter().filter(|variable| shown(**variable)) {
            let name = given_name(proof, *variable);
            let mut fresh = name.clone();
            let mut number = taken.get(&name).copied().unwrap_or(0);
            while taken.contains_key(&fresh) {
                number += 1;
                fresh = format!("{name}{number}").into();
            }
            taken.insert(name, number);
            taken.insert(fresh.clone(), 0);
            unique.insert(*variable, fresh);
        }
        inner.push(taken);
    }
    unique
}
