//! Formulas as MathML Core, which browsers render natively.
//!
//! A statement is split into several `<math>` elements, one for the quantifiers and one for each premise, because
//! browsers break lines only between elements.

use theoremata_logic::language::notation::{Group, Math, Role, Symbol};

use super::escape::escape;

/// Formulas with more symbols are not rendered: nobody reads them, and pages are limited in size.
const MOST_SYMBOLS: usize = 2_000;

/// Precedence of an equation.
const EQUATION: u8 = 11;

/// One `<math>` element, for running text.
#[must_use]
pub(crate) fn inline(math: &Math) -> String {
    let symbols = math.size();
    if symbols > MOST_SYMBOLS {
        return format!("<em>a formula of {symbols} symbols</em>");
    }
    let mut html = String::from("<math>");
    put(math, 0, &mut html);
    html.push_str("</math>");
    html
}

/// `left = right`, in two pieces with a possible line break between them.
#[must_use]
pub(crate) fn equation(left: &Math, right: &Math) -> String {
    let symbols = left.size();
    if symbols > MOST_SYMBOLS {
        return format!("<em>a term of {symbols} symbols</em> {}", link(right));
    }
    let mut html = String::from("<math>");
    put(left, EQUATION, &mut html);
    html.push_str("</math> ");
    html.push_str(&link(right));
    html
}

/// `= term`, a link of a chain of equations.
#[must_use]
pub(crate) fn link(term: &Math) -> String {
    let symbols = term.size();
    if symbols > MOST_SYMBOLS {
        return format!("= <em>a term of {symbols} symbols</em>");
    }
    let mut html = String::from("<math><mo>=</mo>");
    put(term, EQUATION, &mut html);
    html.push_str("</math>");
    html
}

/// A single symbol, for running text.
#[must_use]
pub(crate) fn symbol(symbol: &Symbol) -> String {
    let mut html = String::from("<math>");
    put_symbol(symbol, &mut html);
    html.push_str("</math>");
    html
}

/// A statement, in pieces with possible line breaks between them.
#[must_use]
pub(crate) fn statement(math: &Math) -> String {
    let symbols = math.size();
    if symbols > MOST_SYMBOLS {
        return format!("<em>too long to be drawn here: {symbols} symbols</em>");
    }
    let mut html = String::from("<span class=\"m\">");
    pieces(math, &mut html);
    html.push_str("</span>");
    html
}

fn pieces(math: &Math, html: &mut String) {
    match math {
        Math::ForAll(groups, body) => {
            html.push_str("<math>");
            put_groups("∀", groups, html);
            html.push_str("<mo>:</mo></math> ");
            pieces(body, html);
        }
        Math::Implies(premises, conclusion) => {
            let around = if premises.len() == 1 { 2 } else { 4 };
            for (place, premise) in premises.iter().enumerate() {
                html.push_str("<math>");
                put(premise, around, html);
                html.push_str(if place + 1 < premises.len() { "<mo>∧</mo></math> " } else { "</math> " });
            }
            html.push_str("<math><mo>→</mo></math> ");
            pieces(conclusion, html);
        }
        Math::And(parts) => {
            for (place, part) in parts.iter().enumerate() {
                html.push_str("<math>");
                put(part, 4, html);
                html.push_str(if place + 1 < parts.len() { "<mo>∧</mo></math> " } else { "</math>" });
            }
        }
        other => {
            html.push_str("<math>");
            put(other, 0, html);
            html.push_str("</math>");
        }
    }
}

fn put(math: &Math, around: u8, html: &mut String) {
    let parentheses = math.strength() <= around && math.strength() < 30 && around > 0;
    // Contents that form a row anyway need no `<mrow>`.
    let row = !matches!(math, Math::Symbol(_) | Math::Infix { .. } | Math::And(_) | Math::Or(_));
    html.push_str(match (parentheses, row) {
        (true, _) => "<mrow><mo>(</mo>",
        (false, true) => "<mrow>",
        (false, false) => "",
    });
    match math {
        Math::Symbol(symbol) => put_symbol(symbol, html),
        Math::Apply(head, arguments) => {
            put_word(head, html);
            html.push_str("<mo>&#x2061;</mo>");
            put_list(arguments, html);
        }
        Math::Tuple(parts) => put_list(parts, html),
        Math::Infix { symbol, left, right, .. } => {
            put(left, math.strength(), html);
            put_operator(symbol, html);
            put(right, math.strength(), html);
        }
        Math::Postfix(symbol, argument) => match raised(symbol) {
            Some(signs) => {
                html.push_str("<msup>");
                put(argument, 20, html);
                html.push_str("<mrow>");
                html.push_str(&signs);
                html.push_str("</mrow></msup>");
            }
            None => {
                put(argument, 20, html);
                html.push_str("<mo form=\"postfix\" lspace=\"0em\" rspace=\"0em\">");
                escape(symbol, html);
                html.push_str("</mo>");
            }
        },
        Math::Not(inner) => {
            html.push_str("<mo>¬</mo>");
            put(inner, if matches!(**inner, Math::Not(_)) { 4 } else { 20 }, html);
        }
        Math::And(parts) => put_joined(parts, "∧", 4, html),
        Math::Or(parts) => put_joined(parts, "∨", 3, html),
        Math::Implies(premises, conclusion) => {
            put_joined(premises, "∧", if premises.len() == 1 { 2 } else { 4 }, html);
            html.push_str("<mo>→</mo>");
            put(conclusion, 1, html);
        }
        Math::Equivalent(left, right) => {
            put(left, 1, html);
            html.push_str("<mo>↔</mo>");
            put(right, 1, html);
        }
        Math::ForAll(groups, body) => {
            put_groups("∀", groups, html);
            html.push_str("<mo>:</mo>");
            put(body, 0, html);
        }
        Math::Exists(groups, body) => {
            put_groups("∃", groups, html);
            html.push_str("<mo>:</mo>");
            put(body, 0, html);
        }
    }
    html.push_str(match (parentheses, row) {
        (true, _) => "<mo>)</mo></mrow>",
        (false, true) => "</mrow>",
        (false, false) => "",
    });
}

fn put_groups(sign: &str, groups: &[Group], html: &mut String) {
    for (place, group) in groups.iter().enumerate() {
        if place > 0 {
            html.push_str("<mo>,</mo>");
        }
        html.push_str("<mo>");
        html.push_str(sign);
        html.push_str("</mo>");
        for (place, variable) in group.variables.iter().enumerate() {
            if place > 0 {
                html.push_str("<mo>,</mo>");
            }
            put_symbol(variable, html);
        }
        if let Some(set) = &group.set {
            html.push_str("<mo>∈</mo>");
            put(set, 11, html);
        }
    }
}

fn put_list(parts: &[Math], html: &mut String) {
    html.push_str("<mrow><mo>(</mo>");
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            html.push_str("<mo>,</mo>");
        }
        put(part, 0, html);
    }
    html.push_str("<mo>)</mo></mrow>");
}

fn put_joined(parts: &[Math], between: &str, around: u8, html: &mut String) {
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            put_operator(between, html);
        }
        put(part, around, html);
    }
}

/// The markup of an exponent, if all characters are superscripts: `⁻¹` is the exponent -1.
fn raised(symbol: &str) -> Option<String> {
    let mut signs = String::new();
    for sign in symbol.chars() {
        match sign {
            '⁻' => signs.push_str("<mo form=\"prefix\">−</mo>"),
            '⁺' => signs.push_str("<mo form=\"prefix\">+</mo>"),
            _ => {
                let digit =
                    ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'].iter().position(|raised| *raised == sign)?;
                signs.push_str(&format!("<mn>{digit}</mn>"));
            }
        }
    }
    (!signs.is_empty()).then_some(signs)
}

fn put_operator(symbol: &str, html: &mut String) {
    html.push_str("<mo>");
    escape(symbol, html);
    html.push_str("</mo>");
}

fn put_symbol(symbol: &Symbol, html: &mut String) {
    let text = &symbol.text;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        html.push_str("<mn>");
        escape(text, html);
        html.push_str("</mn>");
    } else if symbol.role == Role::Parameter && !text.chars().any(char::is_alphanumeric) {
        put_operator(text, html);
    } else {
        put_word(text, html);
    }
}

/// A name; the number in `x12` becomes a subscript.
fn put_word(text: &str, html: &mut String) {
    let stem = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.is_empty() || stem.len() == text.len() {
        html.push_str("<mi>");
        escape(text, html);
        html.push_str("</mi>");
    } else {
        html.push_str("<msub><mi>");
        escape(stem, html);
        html.push_str("</mi><mn>");
        escape(&text[stem.len()..], html);
        html.push_str("</mn></msub>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(text: &str) -> Math {
        Math::Symbol(Symbol { text: text.into(), role: Role::Variable })
    }

    #[test]
    fn an_inverse_is_an_exponent_and_a_factorial_stands_close() {
        let html = inline(&Math::Postfix("⁻¹".into(), Box::new(variable("x"))));
        assert!(html.contains("<msup>") && html.contains("<mo form=\"prefix\">−</mo><mn>1</mn>"), "{html}");
        let html = inline(&Math::Postfix("!".into(), Box::new(variable("x"))));
        assert!(html.contains("lspace=\"0em\""), "{html}");
    }

    #[test]
    fn names_are_escaped_and_numbers_become_indices() {
        assert_eq!(inline(&variable("<b>")), "<math><mi>&lt;b&gt;</mi></math>");
        assert_eq!(inline(&variable("w12")), "<math><msub><mi>w</mi><mn>12</mn></msub></math>");
    }

    #[test]
    fn a_formula_that_nobody_could_read_is_not_drawn() {
        let large = Math::Tuple(vec![variable("x"); 3_000]);
        assert!(statement(&large).len() < 200);
    }
}
