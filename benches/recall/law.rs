//! Equality of laws, up to the names of variables, the order of premises, contraposition, and the relational ways of
//! writing an equation.
//!
//! `x + y = y + x` is `x + y = z → y + x = z` and `y + x = z → x + y = z`. All of these normalise to the clause
//! `x + y ≠ u ∨ y + x ≠ v ∨ u = v`: each function value is named in a premise, and the conclusion compares values.
//! Membership of an argument in a set is omitted where another premise implies it.

use std::collections::{HashMap, HashSet};

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::mpl::parse_goal;
use theoremata_logic::language::notation::Reading;

/// A clause of formulas and negated formulas, over the parameters of the theory and the variables after them.
#[derive(Clone, Debug)]
pub(crate) struct Law {
    literals: Vec<Literal>,
}

#[derive(Clone, PartialEq, Debug)]
struct Literal {
    positive: bool,
    formula: Formula,
}

/// What is known of a theory's relations.
pub(crate) struct Laws<'t> {
    theory: &'t Theory,
    parameters: u32,
    /// Functions, with the argument position of the value.
    functions: HashMap<Name, usize>,
    /// The set that an argument position of a relation ranges over.
    typed: HashMap<(Name, usize), Name>,
}

impl<'t> Laws<'t> {
    pub(crate) fn of(theory: &'t Theory) -> Laws<'t> {
        let names = &theory.anchor_definition().parameters;
        let parameter = |text: &str| names.iter().position(|name| &**name == text).map(|place| Name(place as u32));
        let mut functions = HashMap::new();
        for notation in &theory.notations {
            if let (Some(value), Some(function)) =
                (notation.value, notation.arguments.last().and_then(|text| parameter(text)))
            {
                functions.insert(function, value);
            }
        }
        let mut typed = HashMap::new();
        for axiom in Reading::new(theory).axioms() {
            let Formula::Implies(binders, premise, conclusion) = &axiom.formula else { continue };
            let fresh: Vec<Name> = (1_000..).map(Name).take(binders.len()).collect();
            let Some((relation, places)) = relation(&premise.open(&fresh)) else { continue };
            let mut members = Vec::new();
            conjuncts(&conclusion.open(&fresh), &mut members);
            for member in &members {
                let Formula::Atom(PredicateId::IN, arguments) = member else { continue };
                if let [Variable::Free(element), Variable::Free(set)] = arguments[..]
                    && let Some(place) = places.iter().position(|name| *name == element)
                {
                    typed.insert((relation, place), set);
                }
            }
        }
        Laws { theory, parameters: names.len() as u32, functions, typed }
    }

    /// The law that a statement expresses; `None` if it is malformed.
    pub(crate) fn read(&self, mpl: &str) -> Option<Law> {
        self.law(&parse_goal(self.theory, mpl).ok()?.statement)
    }

    /// The law that a closed statement expresses.
    pub(crate) fn law(&self, statement: &Formula) -> Option<Law> {
        let Formula::Implies(binders, anchor, conclusion) = statement else { return None };
        let fresh: Vec<Name> = (0..).map(Name).take(binders.len()).collect();
        let Formula::Atom(_, arguments) = anchor.open(&fresh) else { return None };
        let mut places = fresh.clone();
        for (place, argument) in arguments.iter().enumerate() {
            let Variable::Free(name) = argument else { return None };
            *places.get_mut(name.0 as usize)? = Name(place as u32);
        }
        let mut clause = Clause { laws: self, literals: Vec::new(), next: self.parameters };
        clause.holds(&conclusion.open(&places));
        clause.normalise();
        Some(Law { literals: clause.literals })
    }

    fn is_variable(&self, name: Name) -> bool {
        name.0 >= self.parameters
    }

    /// Whether the two are the same law.
    pub(crate) fn same(&self, one: &Law, other: &Law) -> bool {
        one.literals.len() == other.literals.len() && self.fits(one, other, true)
    }

    /// Whether the second is an instance of the first, possibly with additional premises.
    pub(crate) fn instance(&self, general: &Law, special: &Law) -> bool {
        self.fits(general, special, false)
    }

    fn fits(&self, general: &Law, special: &Law, exact: bool) -> bool {
        let mut used = vec![false; special.literals.len()];
        self.extend(&general.literals, &special.literals, exact, &mut used, &HashMap::new())
    }

    fn extend(
        &self,
        rest: &[Literal],
        targets: &[Literal],
        exact: bool,
        used: &mut [bool],
        map: &HashMap<Name, Name>,
    ) -> bool {
        let Some((first, rest)) = rest.split_first() else { return true };
        for place in 0..targets.len() {
            if targets[place].positive != first.positive || exact && used[place] {
                continue;
            }
            for turned in [false, true] {
                let Some(formula) = turn(&first.formula, turned) else { continue };
                let mut map = map.clone();
                if !self.match_formula(&formula, &targets[place].formula, exact, &mut map) {
                    continue;
                }
                let before = std::mem::replace(&mut used[place], true);
                if self.extend(rest, targets, exact, used, &map) {
                    return true;
                }
                used[place] = before;
            }
        }
        false
    }

    fn match_formula(&self, one: &Formula, other: &Formula, exact: bool, map: &mut HashMap<Name, Name>) -> bool {
        match (one, other) {
            (Formula::Atom(predicate, left), Formula::Atom(wanted, right)) => {
                predicate == wanted
                    && left.iter().zip(right.iter()).all(|pair| match pair {
                        (Variable::Free(left), Variable::Free(right)) => self.match_name(*left, *right, exact, map),
                        (left, right) => left == right,
                    })
            }
            (Formula::And(a, b), Formula::And(c, d)) => {
                self.match_formula(a, c, exact, map) && self.match_formula(b, d, exact, map)
            }
            (Formula::Not(a), Formula::Not(b)) => self.match_formula(a, b, exact, map),
            (Formula::Implies(binders, a, b), Formula::Implies(wanted, c, d)) => {
                binders == wanted && self.match_formula(a, c, exact, map) && self.match_formula(b, d, exact, map)
            }
            _ => false,
        }
    }

    fn match_name(&self, one: Name, other: Name, exact: bool, map: &mut HashMap<Name, Name>) -> bool {
        if !self.is_variable(one) {
            return one == other;
        }
        if exact && !self.is_variable(other) {
            return false;
        }
        if let Some(known) = map.get(&one) {
            return *known == other;
        }
        if exact && map.values().any(|known| *known == other) {
            return false;
        }
        map.insert(one, other);
        true
    }
}

/// The formula; with `turned`, an equation with its sides exchanged.
fn turn(formula: &Formula, turned: bool) -> Option<Formula> {
    match formula {
        Formula::Atom(PredicateId::EQUAL, sides) if turned => {
            Some(Formula::Atom(PredicateId::EQUAL, sides.iter().rev().copied().collect()))
        }
        other => (!turned).then(|| other.clone()),
    }
}

/// The relation of an atom of `in2`, `in3` and so on, and its arguments.
fn relation(formula: &Formula) -> Option<(Name, Vec<Name>)> {
    let Formula::Atom(predicate, arguments) = formula else { return None };
    predicate.places().filter(|places| *places > 1)?;
    let free = |argument: &Variable| if let Variable::Free(name) = argument { Some(*name) } else { None };
    let mut names: Vec<Name> = arguments.iter().map(free).collect::<Option<_>>()?;
    Some((names.pop()?, names))
}

fn conjuncts(formula: &Formula, parts: &mut Vec<Formula>) {
    match formula {
        Formula::And(left, right) => {
            conjuncts(left, parts);
            conjuncts(right, parts);
        }
        other => parts.push(other.clone()),
    }
}

struct Clause<'l, 't> {
    laws: &'l Laws<'t>,
    literals: Vec<Literal>,
    next: u32,
}

impl Clause<'_, '_> {
    fn fresh(&mut self) -> Name {
        self.next += 1;
        Name(self.next - 1)
    }

    fn holds(&mut self, formula: &Formula) {
        match formula {
            Formula::Implies(binders, premise, conclusion) => {
                let names: Vec<Name> = (0..binders.len()).map(|_| self.fresh()).collect();
                self.fails(&premise.open(&names));
                self.holds(&conclusion.open(&names));
            }
            Formula::Not(inner) => self.fails(inner),
            _ => self.literals.push(Literal { positive: true, formula: formula.clone() }),
        }
    }

    fn fails(&mut self, formula: &Formula) {
        match formula {
            Formula::And(left, right) => {
                self.fails(left);
                self.fails(right);
            }
            Formula::Not(inner) => self.holds(inner),
            _ => self.literals.push(Literal { positive: false, formula: formula.clone() }),
        }
    }

    fn normalise(&mut self) {
        self.name_values();
        while self.join_values() {}
        self.forget_values();
        self.forget_sets();
        let mut kept: Vec<Literal> = Vec::new();
        for literal in self.literals.drain(..) {
            if !kept.contains(&literal) {
                kept.push(literal);
            }
        }
        self.literals = kept;
    }

    /// `f(x) = c` as `f(x) ≠ t ∨ t = c`.
    fn name_values(&mut self) {
        for place in 0..self.literals.len() {
            if !self.literals[place].positive {
                continue;
            }
            let Some((function, mut names)) = relation(&self.literals[place].formula) else { continue };
            let Some(value) = self.laws.functions.get(&function).copied() else { continue };
            let Formula::Atom(predicate, _) = self.literals[place].formula else { continue };
            let fresh = self.fresh();
            let old = std::mem::replace(&mut names[value], fresh);
            names.push(function);
            self.literals[place] = Literal { positive: true, formula: Formula::equal(fresh, old) };
            self.literals.push(Literal { positive: false, formula: Formula::atom(predicate, names) });
        }
    }

    /// Identifies two names where a premise equates them, or where they are values of one function at the same
    /// arguments.
    fn join_values(&mut self) -> bool {
        let mut pair: Option<(Name, Name)> = None;
        let denied: Vec<&Formula> = self.literals.iter().filter(|one| !one.positive).map(|one| &one.formula).collect();
        for (place, formula) in denied.iter().enumerate() {
            if let Formula::Atom(PredicateId::EQUAL, sides) = formula
                && let [Variable::Free(left), Variable::Free(right)] = sides[..]
            {
                pair = pair.or(Some((left, right)));
            }
            let Some((function, names)) = relation(formula) else { continue };
            let Some(value) = self.laws.functions.get(&function).copied() else { continue };
            for other in denied[..place].iter().filter_map(|other| relation(other)) {
                let same = other.0 == function
                    && (0..names.len()).all(|argument| argument == value || names[argument] == other.1[argument]);
                if same && names[value] != other.1[value] {
                    pair = pair.or(Some((names[value], other.1[value])));
                }
            }
        }
        let Some((left, right)) = pair.filter(|(left, right)| left != right) else { return false };
        let (old, new) = match (self.laws.is_variable(left), self.laws.is_variable(right)) {
            (true, _) => (left, right),
            (false, true) => (right, left),
            (false, false) => return false,
        };
        for literal in &mut self.literals {
            literal.formula = literal.formula.substitute(&mut |name| if name == old { new } else { name });
        }
        let says_nothing = |literal: &Literal| {
            let Formula::Atom(PredicateId::EQUAL, sides) = &literal.formula else { return false };
            !literal.positive && sides[0] == sides[1]
        };
        self.literals.retain(|literal| !says_nothing(literal));
        true
    }

    fn occurrences(&self, name: Name) -> usize {
        let mut count = 0;
        for literal in &self.literals {
            literal.formula.for_each_free(&mut |free| count += usize::from(free == name));
        }
        count
    }

    /// Where a value is not used, the premise that names it is reduced to the sets of its arguments.
    fn forget_values(&mut self) {
        while let Some((place, function, names)) = (0..self.literals.len()).find_map(|place| {
            let (function, names) = relation(&self.literals[place].formula)?;
            let value = names[*self.laws.functions.get(&function)?];
            let idle = !self.literals[place].positive && self.laws.is_variable(value) && self.occurrences(value) == 1;
            idle.then_some((place, function, names))
        }) {
            self.literals.remove(place);
            for (place, name) in names.iter().enumerate() {
                if let Some(set) = self.laws.typed.get(&(function, place))
                    && self.occurrences(*name) > 0
                {
                    let formula = Formula::atom(PredicateId::IN, [*name, *set]);
                    self.literals.push(Literal { positive: false, formula });
                }
            }
        }
    }

    /// Drops premises that state the membership of a name where another premise does.
    fn forget_sets(&mut self) {
        let mut known: HashSet<(Name, Name)> = HashSet::new();
        for literal in self.literals.iter().filter(|literal| !literal.positive) {
            let Some((relation, names)) = relation(&literal.formula) else { continue };
            for (place, name) in names.iter().enumerate() {
                known.extend(self.laws.typed.get(&(relation, place)).map(|set| (*name, *set)));
            }
        }
        self.literals.retain(|literal| {
            let Formula::Atom(PredicateId::IN, arguments) = &literal.formula else { return true };
            let [Variable::Free(element), Variable::Free(set)] = arguments[..] else { return true };
            literal.positive || !known.contains(&(element, set))
        });
    }
}

/// Self-test of this module on the laws of groups, before they are counted.
pub(crate) fn try_out(group: &Theory) {
    let laws = Laws::of(group);
    let read = |text: &str| laws.read(text).unwrap_or_else(|| panic!("{text} is a statement"));
    let product = "(>[x,y,a,b,c,d] (& (in2[x,a,inv]) (in2[y,b,inv]) (in3[x,y,c,*]) (in3[b,a,d,*])) (in2[c,d,inv]))";
    for (one, other, same) in [
        (
            product,
            "(>[x,y,c] (in3[x,y,c,*]) (>[p,q,r] (& (in2[c,r,inv]) (in2[x,p,inv]) (in2[y,q,inv])) (in3[q,p,r,*])))",
            true,
        ),
        ("(>[x] (in[x,G]) (in3[x,e,x,*]))", "(>[x,y] (in3[x,e,y,*]) (=[y,x]))", true),
        ("(>[x] (in[x,G]) (in3[x,e,x,*]))", "(>[x] (in[x,G]) (in3[e,x,x,*]))", false),
        (
            "(>[x,y] (in3[x,y,e,*]) (in3[y,x,e,*]))",
            "(>[x,y] (& (in[x,G]) (in[y,G])) (>[] !(in3[y,x,e,*]) !(in3[x,y,e,*])))",
            true,
        ),
        ("(>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))", product, false),
    ] {
        assert_eq!(laws.same(&read(one), &read(other)), same, "{one} and {other}");
    }
    let general = read("(>[x,y] (in3[x,e,y,*]) (=[y,x]))");
    assert!(laws.instance(&general, &read("(in3[e,e,e,*])")) && !laws.instance(&read("(in3[e,e,e,*])"), &general));
}
