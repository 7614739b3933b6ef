//! Rendered formulas and terms, as trees.

use std::fmt;
use std::sync::Arc;

/// A rendered formula or term.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Math {
    /// A variable, constant, set or function, by name.
    Symbol(Symbol),
    /// `head(arguments)`.
    Apply(Arc<str>, Vec<Math>),
    /// `left symbol right`. Relations have strength 1; higher binds tighter.
    Infix {
        /// The symbol of the operation or relation.
        symbol: Arc<str>,
        /// 1 to 9.
        strength: u8,
        /// The left side.
        left: Box<Math>,
        /// The right side.
        right: Box<Math>,
    },
    /// `argument symbol`, as in `n!`.
    Postfix(Arc<str>, Box<Math>),
    /// `(x, y)`.
    Tuple(Vec<Math>),
    /// `¬ A`.
    Not(Box<Math>),
    /// `A ∧ B ∧ …`, at least two.
    And(Vec<Math>),
    /// `A ∨ B ∨ …`, at least two.
    Or(Vec<Math>),
    /// `A ∧ B ∧ … → C`, at least one premise.
    Implies(Vec<Math>, Box<Math>),
    /// `A ↔ B`.
    Equivalent(Box<Math>, Box<Math>),
    /// `∀ x y ∈ N : A`.
    ForAll(Vec<Group>, Box<Math>),
    /// `∃ x : A`.
    Exists(Vec<Group>, Box<Math>),
}

/// A name with its role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// The display text.
    pub text: Arc<str>,
    /// Its role.
    pub role: Role,
}

/// The role of a [`Symbol`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A variable.
    Variable,
    /// A parameter of the anchor: a constant, set or function of the theory.
    Parameter,
}

/// Variables of one quantifier that range over the same set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The variables, at least one.
    pub variables: Vec<Symbol>,
    /// The set they range over, if the formula says so.
    pub set: Option<Math>,
}

impl Math {
    /// The binding strength of the outermost operation; a part is parenthesised if it does not bind tighter than its
    /// context.
    #[must_use]
    pub fn strength(&self) -> u8 {
        match self {
            Math::ForAll(..) | Math::Exists(..) => 0,
            Math::Equivalent(..) => 1,
            Math::Implies(..) => 2,
            Math::Or(..) => 3,
            Math::And(..) => 4,
            Math::Not(_) => 5,
            Math::Infix { strength, .. } => 10 + strength.min(&9),
            Math::Postfix(..) => 20,
            Math::Symbol(_) | Math::Apply(..) | Math::Tuple(_) => 30,
        }
    }

    /// The number of symbols.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Math::Symbol(_) => 1,
            Math::Apply(_, parts) | Math::Tuple(parts) | Math::And(parts) | Math::Or(parts) => {
                1 + parts.iter().map(Math::size).sum::<usize>()
            }
            Math::Infix { left, right, .. } | Math::Equivalent(left, right) => 1 + left.size() + right.size(),
            Math::Postfix(_, inner) | Math::Not(inner) => 1 + inner.size(),
            Math::Implies(premises, conclusion) => {
                1 + premises.iter().map(Math::size).sum::<usize>() + conclusion.size()
            }
            Math::ForAll(groups, body) | Math::Exists(groups, body) => {
                groups.iter().map(|group| 1 + group.variables.len()).sum::<usize>() + body.size()
            }
        }
    }

    /// Whether a leading quantifier of the formula binds this variable.
    #[must_use]
    pub fn binds(&self, variable: &Symbol) -> bool {
        match self {
            Math::ForAll(groups, body) => {
                groups.iter().any(|group| group.variables.contains(variable)) || body.binds(variable)
            }
            Math::Implies(_, conclusion) => conclusion.binds(variable),
            _ => false,
        }
    }

    /// Calls `visit` with the occurrences of variables, left to right, except those in quantifiers.
    pub fn for_each_variable(&self, visit: &mut dyn FnMut(&Symbol)) {
        match self {
            Math::Symbol(symbol) if symbol.role == Role::Variable => visit(symbol),
            Math::Symbol(_) => {}
            Math::Apply(_, parts) | Math::Tuple(parts) | Math::And(parts) | Math::Or(parts) => {
                parts.iter().for_each(|part| part.for_each_variable(visit));
            }
            Math::Infix { left, right, .. } | Math::Equivalent(left, right) => {
                left.for_each_variable(visit);
                right.for_each_variable(visit);
            }
            Math::Postfix(_, inner) | Math::Not(inner) => inner.for_each_variable(visit),
            Math::Implies(premises, conclusion) => {
                premises.iter().for_each(|premise| premise.for_each_variable(visit));
                conclusion.for_each_variable(visit);
            }
            Math::ForAll(_, body) | Math::Exists(_, body) => body.for_each_variable(visit),
        }
    }

    /// The formula after its universal quantifiers.
    #[must_use]
    pub fn body(&self) -> &Math {
        match self {
            Math::ForAll(_, body) => body.body(),
            other => other,
        }
    }

    /// The two sides, if it is an equation.
    #[must_use]
    pub fn as_equation(&self) -> Option<(&Math, &Math)> {
        match self {
            Math::Infix { symbol, left, right, .. } if &**symbol == "=" => Some((left, right)),
            _ => None,
        }
    }

    fn put(&self, around: u8, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parentheses = self.strength() <= around && self.strength() < 30;
        if parentheses {
            text.write_str("(")?;
        }
        match self {
            Math::Symbol(symbol) => text.write_str(&symbol.text)?,
            Math::Apply(head, arguments) => {
                text.write_str(head)?;
                put_list(arguments, text)?;
            }
            Math::Tuple(parts) => put_list(parts, text)?,
            Math::Infix { symbol, left, right, .. } => {
                left.put(self.strength(), text)?;
                write!(text, " {symbol} ")?;
                right.put(self.strength(), text)?;
            }
            Math::Postfix(symbol, argument) => {
                argument.put(20, text)?;
                text.write_str(symbol)?;
            }
            Math::Not(inner) => {
                text.write_str("¬")?;
                // `¬ ¬ A` needs no parentheses; `¬ (x ≤ y)` reads better with them.
                inner.put(if matches!(**inner, Math::Not(_)) { 4 } else { 20 }, text)?;
            }
            Math::And(parts) => put_joined(parts, " ∧ ", 4, text)?,
            Math::Or(parts) => put_joined(parts, " ∨ ", 3, text)?,
            Math::Implies(premises, conclusion) => {
                put_joined(premises, " ∧ ", if premises.len() == 1 { 2 } else { 4 }, text)?;
                text.write_str(" → ")?;
                conclusion.put(1, text)?;
            }
            Math::Equivalent(left, right) => {
                left.put(1, text)?;
                text.write_str(" ↔ ")?;
                right.put(1, text)?;
            }
            Math::ForAll(groups, body) => put_quantifier('∀', groups, body, text)?,
            Math::Exists(groups, body) => put_quantifier('∃', groups, body, text)?,
        }
        if parentheses {
            text.write_str(")")?;
        }
        Ok(())
    }
}

fn put_list(parts: &[Math], text: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.write_str("(")?;
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            text.write_str(", ")?;
        }
        write!(text, "{part}")?;
    }
    text.write_str(")")
}

fn put_joined(parts: &[Math], between: &str, around: u8, text: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            text.write_str(between)?;
        }
        part.put(around, text)?;
    }
    Ok(())
}

fn put_quantifier(sign: char, groups: &[Group], body: &Math, text: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (place, group) in groups.iter().enumerate() {
        text.write_str(if place > 0 { ", " } else { "" })?;
        write!(text, "{sign}")?;
        for variable in &group.variables {
            write!(text, " {}", variable.text)?;
        }
        if let Some(set) = &group.set {
            write!(text, " ∈ {set}")?;
        }
    }
    write!(text, " : {body}")
}

/// The formula as one line of Unicode text.
impl fmt::Display for Math {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The whole has no context, so even a quantifier, which binds least, needs no parentheses.
        match self {
            Math::ForAll(groups, body) => put_quantifier('∀', groups, body, f),
            Math::Exists(groups, body) => put_quantifier('∃', groups, body, f),
            other => other.put(0, f),
        }
    }
}
