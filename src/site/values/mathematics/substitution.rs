//! Substitution of terms for variables in displayed formulas.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use theoremata_logic::language::notation::{Group, Math, Role, Symbol};

/// Substitutes terms for variables. A bound variable that would capture one gets a prime.
pub(crate) fn substitute(math: &Math, terms: &HashMap<Arc<str>, Math>) -> Math {
    let many = |parts: &[Math]| parts.iter().map(|part| substitute(part, terms)).collect::<Vec<_>>();
    let one = |part: &Math| Box::new(substitute(part, terms));
    match math {
        Math::Symbol(Symbol { text, role: Role::Variable }) => terms.get(text).cloned().unwrap_or_else(|| math.clone()),
        Math::Symbol(_) => math.clone(),
        Math::Apply(head, parts) => Math::Apply(head.clone(), many(parts)),
        Math::Infix { symbol, strength, left, right } => {
            Math::Infix { symbol: symbol.clone(), strength: *strength, left: one(left), right: one(right) }
        }
        Math::Postfix(symbol, inner) => Math::Postfix(symbol.clone(), one(inner)),
        Math::Tuple(parts) => Math::Tuple(many(parts)),
        Math::Not(inner) => Math::Not(one(inner)),
        Math::And(parts) => Math::And(many(parts)),
        Math::Or(parts) => Math::Or(many(parts)),
        Math::Implies(premises, conclusion) => Math::Implies(many(premises), one(conclusion)),
        Math::Equivalent(left, right) => Math::Equivalent(one(left), one(right)),
        Math::ForAll(groups, body) => {
            let (groups, body) = under(groups, body, terms);
            Math::ForAll(groups, body)
        }
        Math::Exists(groups, body) => {
            let (groups, body) = under(groups, body, terms);
            Math::Exists(groups, body)
        }
    }
}

fn under(groups: &[Group], body: &Math, terms: &HashMap<Arc<str>, Math>) -> (Vec<Group>, Box<Math>) {
    let mut taken = BTreeSet::new();
    for term in terms.values() {
        term.for_each_variable(&mut |symbol| {
            taken.insert(symbol.text.clone());
        });
    }
    let mut inner = terms.clone();
    let mut bind = |symbol: &Symbol| {
        let mut text = symbol.text.clone();
        while taken.contains(&text) {
            text = format!("{text}′").into();
        }
        let fresh = Symbol { text, role: symbol.role };
        match fresh.text == symbol.text {
            true => inner.remove(&symbol.text),
            false => inner.insert(symbol.text.clone(), Math::Symbol(fresh.clone())),
        };
        fresh
    };
    let bound: Vec<Vec<Symbol>> = groups.iter().map(|group| group.variables.iter().map(&mut bind).collect()).collect();
    let groups = groups
        .iter()
        .zip(bound)
        .map(|(group, variables)| Group { variables, set: group.set.as_ref().map(|set| substitute(set, terms)) });
    (groups.collect(), Box::new(substitute(body, &inner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_of_a_term_is_caught_by_a_quantifier() {
        let variable = |text: &str| Symbol { text: text.into(), role: Role::Variable };
        let sum = |left: &str, right: &str| Math::Infix {
            symbol: "+".into(),
            strength: 5,
            left: Box::new(Math::Symbol(variable(left))),
            right: Box::new(Math::Symbol(variable(right))),
        };
        let all = Math::ForAll(vec![Group { variables: vec![variable("a")], set: None }], Box::new(sum("r", "a")));
        let terms = HashMap::from([("r".into(), sum("a", "b"))]);
        assert_eq!(substitute(&all, &terms).to_string(), "∀ a′ : (a + b) + a′");
        let terms = HashMap::from([("a".into(), sum("b", "b"))]);
        assert_eq!(substitute(&all, &terms).to_string(), "∀ a : r + a");
    }
}
