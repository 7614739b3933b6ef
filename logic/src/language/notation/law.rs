//! The customary names of well-known laws.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::clause::{Fit, Literal, Literals, Matcher, Term};

/// The names, from the best known on, each with its pattern. Letters: `f g h` functions, `R` a relation, `c d` constants,
/// others variables; different letters are different symbols. `!` negates, `,` joins premises, `>` precedes the
/// conclusion, and `|` joins alternatives of the conclusion.
const LAWS: [(&str, &str); 81] = [
    ("commutativity of f", "f(x,y)=f(y,x)"),
    ("associativity of f", "f(f(x,y),z)=f(x,f(y,z))"),
    ("left distributivity of f over g", "f(x,g(y,z))=g(f(x,y),f(x,z))"),
    ("right distributivity of f over g", "f(g(x,y),z)=g(f(x,z),f(y,z))"),
    ("idempotence of f", "f(x,x)=x"),
    ("absorption of g by f", "f(x,g(x,y))=x"),
    ("absorption of g by f", "f(x,g(y,x))=x"),
    ("absorption of g by f", "f(g(x,y),x)=x"),
    ("absorption of g by f", "f(g(y,x),x)=x"),
    ("left identity of f", "f(c,x)=x"),
    ("right identity of f", "f(x,c)=x"),
    ("left inverse of f", "f(g(x),x)=c"),
    ("right inverse of f", "f(x,g(x))=c"),
    ("involution of f", "f(f(x))=x"),
    ("anti-homomorphism f of g", "f(g(x,y))=g(f(y),f(x))"),
    ("homomorphism f of g", "f(g(x,y))=g(f(x),f(y))"),
    ("homomorphism f from g to h", "f(g(x,y))=h(f(x),f(y))"),
    ("anti-homomorphism f from g to h", "f(g(x,y))=h(f(y),f(x))"),
    ("homomorphism f from g to h", "f(x,g(y,z))=h(f(x,y),f(x,z))"),
    ("action f of g", "f(f(x,y),z)=f(x,g(y,z))"),
    ("idempotence of f", "f(f(x))=f(x)"),
    ("left cancellation of f", "f(x,y)=f(x,z)>y=z"),
    ("right cancellation of f", "f(x,z)=f(y,z)>x=y"),
    ("left cancellation of f", "f(x,y)=f(x,z),!x=c>y=z"),
    ("right cancellation of f", "f(x,z)=f(y,z),!z=c>x=y"),
    ("injectivity of f", "f(x)=f(y)>x=y"),
    ("reflexivity of R", "R(x,x)"),
    ("irreflexivity of R", "!R(x,x)"),
    ("symmetry of R", "R(x,y)>R(y,x)"),
    ("asymmetry of R", "R(x,y)>!R(y,x)"),
    ("antisymmetry of R", "R(x,y),R(y,x)>x=y"),
    ("transitivity of R", "R(x,y),R(y,z)>R(x,z)"),
    ("totality of R", "R(x,y)|R(y,x)"),
    ("trichotomy of R", "R(x,y)|x=y|R(y,x)"),
    ("Euclidean law of R", "R(x,y),R(x,z)>R(y,z)"),
    ("Euclidean law of R", "R(x,z),R(y,z)>R(x,y)"),
    ("monotonicity of f", "R(x,y)>R(f(x),f(y))"),
    ("antitonicity of f", "R(x,y)>R(f(y),f(x))"),
    ("monotonicity of f", "R(x,y)>R(f(x,z),f(y,z))"),
    ("monotonicity of f", "R(x,y)>R(f(z,x),f(z,y))"),
    ("monotonicity of f", "R(x,y),R(z,w)>R(f(x,z),f(y,w))"),
    ("greatest lower bound f", "R(z,x),R(z,y)>R(z,f(x,y))"),
    ("least upper bound f", "R(x,z),R(y,z)>R(f(x,y),z)"),
    ("lower bound f", "R(f(x,y),x)"),
    ("lower bound f", "R(f(x,y),y)"),
    ("upper bound f", "R(x,f(x,y))"),
    ("upper bound f", "R(y,f(x,y))"),
    ("connection of R and f", "R(x,y)>f(x,y)=x"),
    ("connection of R and f", "R(x,y)>f(x,y)=y"),
    ("connection of R and f", "f(x,y)=x>R(x,y)"),
    ("connection of R and f", "f(x,y)=y>R(x,y)"),
    ("least element of R", "R(c,x)"),
    ("greatest element of R", "R(x,c)"),
    ("uniqueness of the least element of R", "R(x,c)>x=c"),
    ("uniqueness of the greatest element of R", "R(c,x)>x=c"),
    ("left zero of f", "f(c,x)=c"),
    ("right zero of f", "f(x,c)=c"),
    ("fixed point of f", "f(c)=c"),
    ("value of f at a constant", "f(c)=d"),
    ("self-inverse elements of f", "f(x,x)=c"),
    ("uniqueness of the left identity of f", "f(x,y)=y>x=c"),
    ("uniqueness of the right identity of f", "f(x,y)=x>y=c"),
    ("the one idempotent of f", "f(x,x)=x>x=c"),
    ("uniqueness of inverses of f", "f(x,y)=c>x=g(y)"),
    ("uniqueness of inverses of f", "f(x,y)=c>y=g(x)"),
    ("symmetry of f at c", "f(x,y)=c>f(y,x)=c"),
    ("no zero divisors of f", "f(x,y)=c>x=c|y=c"),
    ("no squares to zero of f", "f(x,x)=c>x=c"),
    ("no inverses of f", "f(x,y)=c>x=c"),
    ("no inverses of f", "f(x,y)=c>y=c"),
    ("homogeneity of f for g", "f(g(x),y)=g(f(x,y))"),
    ("homogeneity of f for g", "f(x,g(y))=g(f(x,y))"),
    ("invariance of f under g", "f(g(x),g(y))=f(x,y)"),
    ("modularity of f and g", "f(x,g(y,f(x,z)))=g(f(x,y),f(x,z))"),
    ("medial law of f", "f(f(x,y),f(z,w))=f(f(x,z),f(y,w))"),
    ("left successor law of f", "f(g(x),y)=f(x,g(y))"),
    ("distributivity of f over itself", "f(x,f(y,z))=f(f(x,y),f(x,z))"),
    ("cancelling inverses of f", "f(g(x),f(x,y))=y"),
    ("cancelling inverses of f", "f(x,f(g(x),y))=y"),
    ("cancelling inverses of f", "f(f(x,y),g(y))=x"),
    ("cancelling inverses of f", "f(f(x,g(y)),y)=x"),
];

/// The name of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Law {
    /// Smaller for better-known laws.
    pub rank: usize,
    /// The name, such as `associativity of ·`.
    pub name: String,
    /// The functions and relations in the name, in the order of the pattern's letters.
    heads: Vec<Arc<str>>,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Law {
    /// The name of a statement, if it is a well-known law.
    #[must_use]
    pub fn of(statement: &Literals) -> Option<Law> {
        let matcher = Matcher { fit: Fit::Shape, commutative: &|_| false };
        shapes().iter().enumerate().find_map(|(rank, shape)| {
            let binding = matcher.fits(shape, statement)?;
            let words = LAWS[rank].0.split(' ').map(|word| binding.name(word).unwrap_or(word));
            let name = words.collect::<Vec<_>>().join(" ");
            Some(Law { rank, name, heads: binding.heads.iter().map(|(_, head)| head.clone()).collect() })
        })
    }

    /// The operation that it states to be commutative.
    #[must_use]
    pub fn commutative(&self) -> Option<&Arc<str>> {
        (self.rank == 0).then(|| &self.heads[0])
    }

    /// The operation that it states to be associative.
    #[must_use]
    pub fn associative(&self) -> Option<&Arc<str>> {
        (self.rank == 1).then(|| &self.heads[0])
    }
}

fn shapes() -> &'static [Literals] {
    static SHAPES: OnceLock<Vec<Literals>> = OnceLock::new();
    SHAPES.get_or_init(|| LAWS.iter().map(|(_, shape)| read(shape)).collect())
}

fn read(shape: &str) -> Literals {
    let (premises, conclusion) = shape.split_once('>').map_or(("", shape), |(left, right)| (left, right));
    let mut rest = premises.trim();
    let mut literals = Vec::new();
    while !rest.is_empty() {
        let mut premise = literal(&mut rest);
        premise.positive = !premise.positive;
        literals.push(premise);
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    rest = conclusion;
    while !rest.is_empty() {
        literals.push(literal(&mut rest));
        rest = rest.strip_prefix('|').unwrap_or(rest);
    }
    Literals(literals)
}

fn literal(rest: &mut &str) -> Literal {
    let positive = !rest.starts_with('!');
    *rest = rest.strip_prefix('!').unwrap_or(rest);
    match (term(rest), rest.strip_prefix('=')) {
        (left, Some(after)) => {
            *rest = after;
            Literal { positive, relation: "=".into(), terms: vec![left, term(rest)] }
        }
        (Term::Apply(relation, terms), None) => Literal { positive, relation, terms },
        (other, None) => unreachable!("{other:?} is no literal"),
    }
}

fn term(rest: &mut &str) -> Term {
    let (letter, after) = rest.split_at(1);
    *rest = after;
    if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let mut inputs = Vec::new();
        loop {
            inputs.push(term(rest));
            let (sign, after) = rest.split_at(1);
            *rest = after;
            if sign == ")" {
                return Term::Apply(letter.into(), inputs);
            }
        }
    }
    if matches!(letter, "c" | "d") { Term::Constant(letter.into()) } else { Term::Variable(letter.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of a statement written like a pattern.
    fn name(statement: &str) -> Option<String> {
        Law::of(&read(statement)).map(|law| law.name)
    }

    #[test]
    fn laws_are_known_by_their_shape() {
        let is =
            |statement: &str, expected: &str| assert_eq!(name(statement).as_deref(), Some(expected), "{statement}");
        is("p(a,b)=p(b,a)", "commutativity of p");
        is("p(a,p(b,e))=p(p(a,b),e)", "associativity of p");
        is("t(a,p(b,e))=p(t(a,b),t(a,e))", "left distributivity of t over p");
        is("p(t(a,e),t(b,e))=t(p(a,b),e)", "right distributivity of t over p");
        is("p(c,a)=a", "left identity of p");
        is("p(i(a),a)=c", "left inverse of p");
        is("i(p(a,b))=p(i(b),i(a))", "anti-homomorphism i of p");
        is("p(a,b)=p(e,b)>a=e", "right cancellation of p");
        is("L(a,b),L(b,e)>L(a,e)", "transitivity of L");
        is("L(b,e),L(a,b)>L(a,e)", "transitivity of L");
        is("!L(a,b)>L(b,a)", "totality of L");
        is("L(a,b)>!L(b,a)", "asymmetry of L");
        is("L(a,b)>L(p(a,e),p(b,e))", "monotonicity of p");
    }

    #[test]
    fn an_instance_of_a_law_has_not_its_name() {
        for statement in
            ["p(a,a)=p(a,a)", "t(b,p(b,b))=p(t(b,b),t(b,b))", "p(p(a,a),b)=p(a,p(a,b))", "L(a,b),L(b,a)>L(a,a)"]
        {
            assert_eq!(name(statement), None, "{statement}");
        }
    }
}
