//! What people call equations of well-known shapes.

use theoremata_logic::language::notation::{Math, Role};

/// The usual name of an equation's shape, such as `commutative law of +`.
pub(crate) fn law(body: &Math) -> Option<String> {
    let (left, right) = body.as_equation()?;
    let operation = |math: &Math| match math {
        Math::Infix { symbol, left, right, strength } if *strength > 1 => {
            Some((symbol.clone(), (**left).clone(), (**right).clone()))
        }
        _ => None,
    };
    let variable = |math: &Math| matches!(math, Math::Symbol(symbol) if symbol.role == Role::Variable);
    let parameter = |math: &Math| matches!(math, Math::Symbol(symbol) if symbol.role == Role::Parameter);
    if let (Some((f, a, b)), Some((g, c, d))) = (operation(left), operation(right)) {
        if f == g && a == d && b == c && variable(&a) && variable(&b) && a != b {
            return Some(format!("commutative law of {f}"));
        }
        let associative = |outer: &Math, last: &Math, first: &Math, inner: &Math| {
            let ((h, x, y), (i, z, w)) = (operation(outer)?, operation(inner)?);
            let different = x != y && y != w && x != w;
            (h == f && i == f && g == f && x == *first && y == z && w == *last && different).then_some(())
        };
        if associative(&a, &b, &c, &d).or_else(|| associative(&c, &d, &a, &b)).is_some() {
            return Some(format!("associative law of {f}"));
        }
    }
    let distributes = |product: &Math, sum: &Math| {
        let (times, factor, inner) = operation(product)?;
        let (plus, one, two) = operation(sum)?;
        let left_side = operation(&inner).is_some_and(|(symbol, x, y)| {
            symbol == plus
                && operation(&one) == Some((times.clone(), factor.clone(), x))
                && operation(&two) == Some((times.clone(), factor.clone(), y))
        });
        let right_side = operation(&factor).is_some_and(|(symbol, x, y)| {
            symbol == plus
                && operation(&one) == Some((times.clone(), x, inner.clone()))
                && operation(&two) == Some((times.clone(), y, inner.clone()))
        });
        // With one summand twice it is an instance only.
        (plus != times && one != two && (left_side || right_side))
            .then(|| format!("{} distributive law of {times} over {plus}", if left_side { "left" } else { "right" }))
    };
    if let Some(name) = distributes(left, right).or_else(|| distributes(right, left)) {
        return Some(name);
    }
    let inverse = |math: &Math, of: &Math| match math {
        Math::Postfix(_, argument) => **argument == *of,
        Math::Apply(_, arguments) => arguments.len() == 1 && arguments[0] == *of,
        _ => false,
    };
    if let Some((f, a, b)) = operation(left)
        && parameter(right)
    {
        if variable(&b) && inverse(&a, &b) {
            return Some(format!("left inverse of {f}"));
        }
        if variable(&a) && inverse(&b, &a) {
            return Some(format!("right inverse of {f}"));
        }
    }
    if let Some((f, a, b)) = operation(left)
        && variable(right)
    {
        if b == *right && parameter(&a) {
            return Some(format!("left identity of {f}"));
        }
        if a == *right && parameter(&b) {
            return Some(format!("right identity of {f}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use theoremata_logic::language::notation::Symbol;

    fn symbol(text: &str) -> Math {
        let role = if text.bytes().all(|byte| byte.is_ascii_digit()) { Role::Parameter } else { Role::Variable };
        Math::Symbol(Symbol { text: text.into(), role })
    }

    fn infix(left: Math, sign: &str, right: Math) -> Math {
        let strength = match sign {
            "=" => 1,
            "+" => 5,
            _ => 6,
        };
        Math::Infix { symbol: sign.into(), strength, left: Box::new(left), right: Box::new(right) }
    }

    fn plus(left: Math, right: Math) -> Math {
        infix(left, "+", right)
    }

    fn times(left: Math, right: Math) -> Math {
        infix(left, "·", right)
    }

    #[test]
    fn laws_are_known_by_their_shape() {
        let [a, b, c] = ["a", "b", "c"].map(symbol);
        let name = |left: Math, right: Math| law(&infix(left, "=", right));
        let is = |found: Option<String>, expected: &str| assert_eq!(found.as_deref(), Some(expected));
        is(name(plus(a.clone(), b.clone()), plus(b.clone(), a.clone())), "commutative law of +");
        is(
            name(plus(plus(a.clone(), b.clone()), c.clone()), plus(a.clone(), plus(b.clone(), c.clone()))),
            "associative law of +",
        );
        is(
            name(
                times(a.clone(), plus(b.clone(), c.clone())),
                plus(times(a.clone(), b.clone()), times(a.clone(), c.clone())),
            ),
            "left distributive law of · over +",
        );
        is(
            name(plus(times(a.clone(), c.clone()), times(b.clone(), c.clone())), times(plus(a.clone(), b.clone()), c)),
            "right distributive law of · over +",
        );
        is(name(plus(symbol("0"), a.clone()), a.clone()), "left identity of +");
        let inverse = Math::Postfix("⁻¹".into(), Box::new(a.clone()));
        is(name(times(inverse.clone(), a.clone()), symbol("1")), "left inverse of ·");
        is(name(times(a.clone(), inverse), symbol("1")), "right inverse of ·");
        assert_eq!(name(plus(a.clone(), a.clone()), plus(a.clone(), a)), None);
        assert_eq!(name(plus(b.clone(), symbol("0")), symbol("0")), None);
        assert_eq!(
            name(
                times(b.clone(), plus(b.clone(), b.clone())),
                plus(times(b.clone(), b.clone()), times(b.clone(), b.clone()))
            ),
            None
        );
    }
}
