//! Syntax shared by Rocq and Lean: formulas, up to symbols, and functions.

use super::declare::Writes;
use super::writer::{Shown, Typed, Writer, behind};
use super::{Argument, Claim, Local, Property, Term};
use crate::calculus::formula::{Binder, Formula, Name, PredicateId};
use crate::calculus::sort::Sort;

/// The connectives of a language.
pub(crate) struct Signs {
    pub(crate) and: &'static str,
    pub(crate) not: &'static str,
    pub(crate) implies: &'static str,
    pub(crate) forall: &'static str,
    pub(crate) exists: &'static str,
}

/// What may be written at a position without parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    /// Anything.
    Open,
    /// A conjunction, or anything that binds tighter.
    Conjunction,
    /// An atom or a negation.
    Part,
    /// One word.
    Word,
}

impl Signs {
    /// Writes a formula.
    pub(crate) fn formula(&self, writer: &mut Writer<'_>, formula: &Formula, place: Place) {
        if let Some((binders, left, right)) = formula.as_exists() {
            let parentheses = open(writer, place > Place::Open);
            for binder in binders.iter() {
                let name = writer.bind(binder);
                self.quantifier(writer, self.exists, &[(name, binder.sort.clone())]);
            }
            self.conjunction(writer, left, right);
            writer.unbind(binders.len());
            close(writer, parentheses);
            return;
        }
        match formula {
            Formula::Atom(PredicateId::EQUAL, sides) => {
                let parentheses = open(writer, place > Place::Part);
                writer.variable(sides[0]);
                writer.put(" = ");
                writer.variable(sides[1]);
                close(writer, parentheses);
            }
            Formula::Atom(predicate, arguments) => {
                let parentheses = open(writer, place > Place::Part && !arguments.is_empty());
                writer.atom(*predicate, arguments);
                close(writer, parentheses);
            }
            Formula::And(left, right) => {
                let parentheses = open(writer, place > Place::Conjunction);
                self.conjunction(writer, left, right);
                close(writer, parentheses);
            }
            Formula::Not(inner) => {
                let parentheses = open(writer, place > Place::Part);
                writer.put(self.not);
                self.formula(writer, inner, Place::Part);
                close(writer, parentheses);
            }
            Formula::Implies(binders, premise, conclusion) => {
                let parentheses = open(writer, place > Place::Open);
                if !binders.is_empty() {
                    let names: Vec<Typed> =
                        binders.iter().map(|binder| (writer.bind(binder), binder.sort.clone())).collect();
                    self.quantifier(writer, self.forall, &names);
                }
                self.formula(writer, premise, Place::Conjunction);
                writer.put(self.implies);
                self.formula(writer, conclusion, Place::Open);
                writer.unbind(binders.len());
                close(writer, parentheses);
            }
        }
    }

    fn conjunction(&self, writer: &mut Writer<'_>, left: &Formula, right: &Formula) {
        self.formula(writer, left, Place::Part);
        writer.put(self.and);
        self.formula(writer, right, Place::Conjunction);
    }

    /// `∀ x y : I, `, or `∀ (x y : I) (S : Power I), `
    pub(crate) fn quantifier(&self, writer: &mut Writer<'_>, sign: &str, names: &[Typed]) {
        writer.put(sign);
        let groups = grouped(writer, names);
        let text = match &groups[..] {
            [one] => one.clone(),
            _ => groups.iter().map(|group| format!("({group})")).collect::<Vec<_>>().join(" "),
        };
        writer.put(&text);
        writer.put(", ");
    }

    /// Writes the statement of a hypothesis.
    pub(crate) fn claim(&self, writer: &mut Writer<'_>, claim: &Claim) {
        match claim {
            Claim::Holds(formula) => self.formula(writer, formula, Place::Open),
            Claim::Fails(formula) => {
                writer.put(self.not);
                self.formula(writer, formula, Place::Part);
            }
        }
    }

    /// Writes an existential statement as a property of its next variable, given witnesses for the earlier ones;
    /// `before` receives the variable's name and type. The name is valid until the writer unbinds it.
    pub(crate) fn property_of_next(
        &self,
        writer: &mut Writer<'_>,
        exists: &Formula,
        given: &[Name],
        before: impl FnOnce(&mut Writer<'_>, &str, &str),
    ) {
        let Some((rest, left, right)) = behind(exists, given) else { return };
        let names: Vec<Typed> = rest.iter().map(|binder| (writer.bind(binder), binder.sort.clone())).collect();
        if let Some((name, sort)) = names.first() {
            let sort = writer.sort(sort, false);
            before(writer, name, &sort);
        }
        for name in names.iter().skip(1) {
            self.quantifier(writer, self.exists, std::slice::from_ref(name));
        }
        self.conjunction(writer, &left, &right);
        writer.unbind(names.len());
    }

    /// Writes an existential statement instantiated with these witnesses for its first variables.
    pub(crate) fn rest(&self, writer: &mut Writer<'_>, exists: &Formula, given: &[Name]) {
        let Some((rest, left, right)) = behind(exists, given) else { return };
        for binder in &rest {
            let name = writer.bind(binder);
            self.quantifier(writer, self.exists, &[(name, binder.sort.clone())]);
        }
        self.conjunction(writer, &left, &right);
        writer.unbind(rest.len());
    }
}

/// Terms of a language that writes functions as `fun (x : I) (h : A) => …`.
pub(crate) trait Terms<'w>: Writes<'w> {
    const SIGNS: Signs;

    /// Writes a term; parenthesised if `place` requires it.
    fn term(&mut self, term: &Term, shown: &Shown<'_>, place: Place);

    fn formula(&mut self, formula: &Formula, place: Place) {
        Self::SIGNS.formula(self.writer(), formula, place);
    }

    /// ` (a b : I) (S : Power I)`
    fn variables(&mut self, names: &[Typed]) {
        for group in grouped(self.writer(), names) {
            self.writer().put(&format!(" ({group})"));
        }
    }

    /// ` {A B : Type}`
    fn types(&mut self, names: &[String], brackets: [&str; 2]) {
        if !names.is_empty() {
            let text = format!(" {}{} : Type{}", brackets[0], names.join(" "), brackets[1]);
            self.writer().put(&text);
        }
    }

    /// `I → Power I → Prop`
    fn relation(&mut self, sorts: &[Sort]) {
        for sort in sorts {
            let text = self.writer().sort(sort, false);
            self.writer().put(&format!("{text}{}", Self::SIGNS.implies.trim_start()));
        }
        self.writer().put("Prop");
    }

    /// `def name {A : Type} (x : A) : Prop :=`, and a new line.
    fn definition(&mut self, head: &str, types: &[String], variables: &[Typed]) {
        self.writer().put(head);
        self.types(types, ["{", "}"]);
        self.variables(variables);
        self.writer().put(" : Prop :=");
        self.writer().line();
    }

    /// `∀ P : I → Prop, A`
    fn for_every(&mut self, property: &str, element: &str, formula: &Formula) {
        let Signs { forall, implies, .. } = Self::SIGNS;
        self.writer().put(&format!("{forall}{property} : {element}{implies}Prop, "));
        self.formula(formula, Place::Open);
    }

    /// `∀ A B : Type, ∀ x y : I, `
    fn for_all(&mut self, types: &[String], names: &[Typed]) {
        let sign = Self::SIGNS.forall;
        if !types.is_empty() {
            self.writer().put(&format!("{sign}{} : Type, ", types.join(" ")));
        }
        if !names.is_empty() {
            Self::SIGNS.quantifier(self.writer(), sign, names);
        }
    }

    fn argument(&mut self, argument: &Argument, shown: &Shown<'_>) {
        match argument {
            Argument::Sort(sort) => {
                let text = self.writer().sort(sort, true);
                self.writer().put(&text);
            }
            Argument::Individual(name) => self.writer().name(*name),
            Argument::Proof(term) => self.term(term, shown, Place::Word),
            Argument::Property(property) => self.property(property, shown),
        }
    }

    /// `(fun (x : I) => A)`
    fn property(&mut self, property: &Property, shown: &Shown<'_>) {
        let binder = shown.of(property.variable);
        let name = self.writer().know_variable(property.variable, &binder);
        let text = format!("(fun ({name} : {}) => ", self.writer().sort(&binder.sort, false));
        self.writer().put(&text);
        self.formula(&property.formula, Place::Open);
        self.writer().put(")");
        self.writer().forget_variable(property.variable);
    }

    fn lambda(&mut self, variables: &[Name], claims: &[(Local, Claim)], body: &Term, shown: &Shown<'_>) {
        self.writer().put("fun");
        let variables_of: Vec<(Name, Binder)> = variables.iter().map(|name| (*name, shown.of(*name))).collect();
        let names = self.writer().know_variables(&variables_of);
        self.variables(&names);
        for (local, claim) in claims {
            let name = self.writer().know_local(*local);
            self.writer().put(&format!(" ({name} : "));
            Self::SIGNS.claim(self.writer(), claim);
            self.writer().put(")");
        }
        self.writer().put(" =>");
        self.inside(body, shown);
        claims.iter().rev().for_each(|(local, _)| self.writer().forget_local(*local));
        variables.iter().rev().for_each(|name| self.writer().forget_variable(*name));
    }

    /// Writes a term on indented lines of its own.
    fn inside(&mut self, body: &Term, shown: &Shown<'_>) {
        self.writer().depth += 1;
        self.writer().line();
        self.term(body, shown, Place::Open);
        self.writer().depth -= 1;
    }
}

/// `a b : I`, for each run of names of one sort.
fn grouped(writer: &Writer<'_>, names: &[Typed]) -> Vec<String> {
    let rows = names.chunk_by(|(_, one), (_, other)| one == other);
    rows.map(|row| {
        let names: Vec<&str> = row.iter().map(|(name, _)| name.as_str()).collect();
        format!("{} : {}", names.join(" "), writer.sort(&row[0].1, false))
    })
    .collect()
}

pub(crate) fn open(writer: &mut Writer<'_>, needed: bool) -> bool {
    if needed {
        writer.put("(");
    }
    needed
}

pub(crate) fn close(writer: &mut Writer<'_>, needed: bool) {
    if needed {
        writer.put(")");
    }
}
