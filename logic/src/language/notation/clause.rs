//! Statements as sets of literals over terms, and matching between them.

use std::sync::Arc;

use super::math::{Math, Role};

/// A term.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Term {
    /// A variable.
    Variable(Arc<str>),
    /// A constant.
    Constant(Arc<str>),
    /// A function application.
    Apply(Arc<str>, Vec<Term>),
}

/// An atom or its negation. The relation `=` is equality.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Literal {
    /// False for a negated atom.
    pub positive: bool,
    /// The relation.
    pub relation: Arc<str>,
    /// Its arguments.
    pub terms: Vec<Term>,
}

/// A disjunction of literals: `A ∧ B → C` is `¬A, ¬B, C`, so contrapositives coincide.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Literals(pub Vec<Literal>);

impl Term {
    /// The symbols of the term.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Term::Apply(_, inputs) => 1 + inputs.iter().map(Term::size).sum::<usize>(),
            _ => 1,
        }
    }

    /// Whether the function occurs in the term.
    #[must_use]
    pub fn mentions(&self, function: &str) -> bool {
        match self {
            Term::Apply(head, inputs) => **head == *function || inputs.iter().any(|input| input.mentions(function)),
            _ => false,
        }
    }

    fn of(math: &Math) -> Option<Term> {
        let apply = |head: &Arc<str>, inputs: &[&Math]| {
            let inputs = inputs.iter().map(|input| Term::of(input)).collect::<Option<Vec<_>>>()?;
            Some(Term::Apply(head.clone(), inputs))
        };
        match math {
            Math::Symbol(symbol) if symbol.role == Role::Variable => Some(Term::Variable(symbol.text.clone())),
            Math::Symbol(symbol) => Some(Term::Constant(symbol.text.clone())),
            Math::Apply(head, inputs) => apply(head, &inputs.iter().collect::<Vec<_>>()),
            Math::Infix { symbol, strength, left, right } if *strength > 1 => apply(symbol, &[left, right]),
            Math::Postfix(symbol, input) => apply(symbol, &[input]),
            _ => None,
        }
    }

    /// Calls `visit` with every variable and constant.
    pub fn for_each_leaf<'t>(&'t self, visit: &mut dyn FnMut(&'t Term)) {
        match self {
            Term::Apply(_, inputs) => inputs.iter().for_each(|input| input.for_each_leaf(visit)),
            leaf => visit(leaf),
        }
    }
}

impl Literals {
    /// The literals of a statement; `None` if it does not have that form.
    #[must_use]
    pub fn of(statement: &Math) -> Option<Literals> {
        let mut literals = Vec::new();
        let mut rest = statement;
        loop {
            match rest {
                Math::ForAll(_, body) => rest = body,
                Math::Implies(premises, conclusion) => {
                    for premise in premises {
                        let mut literal = literal(premise)?;
                        literal.positive = !literal.positive;
                        literals.push(literal);
                    }
                    rest = conclusion;
                }
                Math::Or(parts) => {
                    literals.extend(parts.iter().map(literal).collect::<Option<Vec<_>>>()?);
                    return Some(Literals(literals));
                }
                other => {
                    literals.push(literal(other)?);
                    return Some(Literals(literals));
                }
            }
        }
    }

    /// Both sides, if the statement is an equation.
    #[must_use]
    pub fn equation(&self) -> Option<(&Term, &Term)> {
        match &self.0[..] {
            [Literal { positive: true, relation, terms }] if &**relation == "=" => Some((&terms[0], &terms[1])),
            _ => None,
        }
    }

    /// All occurrences of variables and constants.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Term> {
        let mut leaves = Vec::new();
        self.0
            .iter()
            .flat_map(|literal| &literal.terms)
            .for_each(|term| term.for_each_leaf(&mut |leaf| leaves.push(leaf)));
        leaves
    }
}

fn literal(math: &Math) -> Option<Literal> {
    let terms = |parts: &[&Math]| parts.iter().map(|part| Term::of(part)).collect::<Option<Vec<_>>>();
    match math {
        Math::Not(inner) => {
            let inner = literal(inner)?;
            Some(Literal { positive: !inner.positive, ..inner })
        }
        Math::Infix { symbol, strength: 0 | 1, left, right } => {
            let (symbol, positive) = match &**symbol {
                "≠" => ("=".into(), false),
                "∉" => ("∈".into(), false),
                "≰" => ("≤".into(), false),
                "≮" => ("<".into(), false),
                "∤" => ("∣".into(), false),
                _ => (symbol.clone(), true),
            };
            if let (Math::Tuple(parts), Math::Symbol(set), "∈") = (&**left, &**right, &*symbol) {
                let terms = terms(&parts.iter().collect::<Vec<_>>())?;
                return Some(Literal { positive, relation: set.text.clone(), terms });
            }
            Some(Literal { positive, relation: symbol, terms: terms(&[left, right])? })
        }
        Math::Apply(head, parts) => {
            Some(Literal { positive: true, relation: head.clone(), terms: terms(&parts.iter().collect::<Vec<_>>())? })
        }
        Math::Postfix(symbol, part) => {
            Some(Literal { positive: true, relation: symbol.clone(), terms: terms(&[part])? })
        }
        _ => None,
    }
}

/// A mode of matching a pattern with a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Literal for literal; letters for functions, relations, constants and variables are distinct symbols.
    Shape,
    /// The statement is an instance of the pattern, or weaker than one: variables match terms.
    Instance,
}

/// An interpretation of a pattern's letters.
#[derive(Clone, Default)]
pub(crate) struct Binding {
    pub(crate) heads: Vec<(Arc<str>, Arc<str>)>,
    terms: Vec<(Arc<str>, Term)>,
}

/// Matches patterns with statements.
pub(crate) struct Matcher<'a> {
    pub(crate) fit: Fit,
    /// The operations to match modulo commutativity.
    pub(crate) commutative: &'a dyn Fn(&str) -> bool,
}

impl Matcher<'_> {
    /// The interpretation of the pattern's letters, if it matches.
    pub(crate) fn fits(&self, pattern: &Literals, statement: &Literals) -> Option<Binding> {
        let (own, other) = (pattern.0.len(), statement.0.len());
        if own > other || (self.fit == Fit::Shape && own != other) {
            return None;
        }
        let mut binding = Binding::default();
        self.cover(&pattern.0, &statement.0, &mut vec![false; other], &mut binding).then_some(binding)
    }

    fn cover(&self, pattern: &[Literal], statement: &[Literal], used: &mut Vec<bool>, binding: &mut Binding) -> bool {
        let Some((first, rest)) = pattern.split_first() else { return true };
        for (place, literal) in statement.iter().enumerate() {
            if first.positive != literal.positive
                || first.terms.len() != literal.terms.len()
                || (self.fit == Fit::Shape && used[place])
            {
                continue;
            }
            let is_equation = &*first.relation == "=";
            for turned in [false, true] {
                if turned && !is_equation {
                    break;
                }
                let mut next = binding.clone();
                let targets: Vec<&Term> =
                    if turned { literal.terms.iter().rev().collect() } else { literal.terms.iter().collect() };
                let same = is_equation == (&*literal.relation == "=")
                    && (is_equation || self.head(&first.relation, &literal.relation, &mut next));
                if same && self.terms(&first.terms, &targets, &mut next) {
                    used[place] = true;
                    if self.cover(rest, statement, used, &mut next) {
                        *binding = next;
                        return true;
                    }
                    used[place] = false;
                }
            }
        }
        false
    }

    fn terms(&self, pattern: &[Term], targets: &[&Term], binding: &mut Binding) -> bool {
        pattern.len() == targets.len() && pattern.iter().zip(targets).all(|(one, other)| self.term(one, other, binding))
    }

    pub(crate) fn term(&self, pattern: &Term, target: &Term, binding: &mut Binding) -> bool {
        match (pattern, target) {
            (Term::Variable(letter), _) => {
                if self.fit == Fit::Shape && !matches!(target, Term::Variable(_)) {
                    return false;
                }
                self.leaf(letter, target, binding)
            }
            (Term::Constant(letter), Term::Constant(name)) => match self.fit {
                Fit::Shape => self.leaf(letter, target, binding),
                Fit::Instance => letter == name,
            },
            (Term::Apply(letter, inputs), Term::Apply(head, targets)) => {
                let before = binding.clone();
                if inputs.len() != targets.len() || !self.head(letter, head, binding) {
                    return false;
                }
                if self.terms(inputs, &targets.iter().collect::<Vec<_>>(), binding) {
                    return true;
                }
                *binding = before;
                inputs.len() == 2
                    && (self.commutative)(head)
                    && self.head(letter, head, binding)
                    && self.terms(inputs, &[&targets[1], &targets[0]], binding)
            }
            _ => false,
        }
    }

    fn leaf(&self, letter: &Arc<str>, target: &Term, binding: &mut Binding) -> bool {
        if let Some((_, known)) = binding.terms.iter().find(|(other, _)| other == letter) {
            return known == target;
        }
        if self.fit == Fit::Shape && binding.terms.iter().any(|(_, known)| known == target) {
            return false;
        }
        binding.terms.push((letter.clone(), target.clone()));
        true
    }

    fn head(&self, letter: &Arc<str>, head: &Arc<str>, binding: &mut Binding) -> bool {
        if self.fit == Fit::Instance {
            return letter == head;
        }
        if let Some((_, known)) = binding.heads.iter().find(|(other, _)| other == letter) {
            return known == head;
        }
        if binding.heads.iter().any(|(_, known)| known == head) {
            return false;
        }
        binding.heads.push((letter.clone(), head.clone()));
        true
    }
}

impl Binding {
    /// The function, relation or constant that a letter is bound to.
    pub(crate) fn name(&self, letter: &str) -> Option<&str> {
        let head = self.heads.iter().find(|(known, _)| **known == *letter).map(|(_, head)| &**head);
        head.or_else(|| match self.terms.iter().find(|(known, _)| **known == *letter) {
            Some((_, Term::Constant(name))) => Some(name),
            _ => None,
        })
    }

    /// A term with the letters interpreted.
    pub(crate) fn apply(&self, term: &Term) -> Term {
        match term {
            Term::Variable(letter) => {
                let found = self.terms.iter().find(|(known, _)| known == letter);
                found.map_or_else(|| term.clone(), |(_, value)| value.clone())
            }
            Term::Constant(_) => term.clone(),
            Term::Apply(head, inputs) => {
                Term::Apply(head.clone(), inputs.iter().map(|input| self.apply(input)).collect())
            }
        }
    }
}
