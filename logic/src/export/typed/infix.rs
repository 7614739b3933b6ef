//! What Rocq and Lean write in the same way: formulas, but for the signs, and functions.

use super::writer::{Shown, Writer, behind};
use super::{Argument, Claim, Local, Property, Term};
use crate::calculus::formula::{Formula, Name, PredicateId};

/// The signs of a language.
pub(crate) struct Signs {
    pub(crate) and: &'static str,
    pub(crate) not: &'static str,
    pub(crate) implies: &'static str,
    pub(crate) forall: &'static str,
    pub(crate) exists: &'static str,
}

/// What may stand at a place without parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    /// Anything.
    Open,
    /// A conjunction, or what binds tighter.
    Conjunction,
    /// An atom or a denial.
    Part,
    /// One word.
    Word,
}

impl Signs {
    /// A formula.
    pub(crate) fn formula(&self, writer: &mut Writer<'_>, formula: &Formula, place: Place) {
        if let Some((binders, left, right)) = formula.as_exists() {
            let parentheses = open(writer, place > Place::Open);
            for shown in binders.names() {
                let name = writer.bind(shown);
                self.quantifier(writer, self.exists, &[name]);
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
                    let names: Vec<String> = binders.names().iter().map(|shown| writer.bind(shown)).collect();
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

    /// `∀ x y : I, `
    pub(crate) fn quantifier(&self, writer: &mut Writer<'_>, sign: &str, names: &[String]) {
        writer.put(sign);
        for name in names {
            writer.put(name);
            writer.put(" ");
        }
        writer.put(": ");
        writer.put(&writer.book.domain);
        writer.put(", ");
    }

    /// What a hypothesis says.
    pub(crate) fn claim(&self, writer: &mut Writer<'_>, claim: &Claim) {
        match claim {
            Claim::Holds(formula) => self.formula(writer, formula, Place::Open),
            Claim::Fails(formula) => {
                writer.put(self.not);
                self.formula(writer, formula, Place::Part);
            }
        }
    }

    /// What an existence statement says of its next variable, given witnesses for those before it: the
    /// variable's name, and the rest. The name is good until the writer unbinds it.
    pub(crate) fn property_of_next(
        &self,
        writer: &mut Writer<'_>,
        exists: &Formula,
        given: &[Name],
        before: impl FnOnce(&mut Writer<'_>, &str),
    ) {
        let Some((rest, left, right)) = behind(exists, given) else { return };
        let names: Vec<String> = rest.iter().map(|shown| writer.bind(shown)).collect();
        before(writer, names.first().map_or("", String::as_str));
        for name in names.iter().skip(1) {
            self.quantifier(writer, self.exists, std::slice::from_ref(name));
        }
        self.conjunction(writer, &left, &right);
        writer.unbind(names.len());
    }

    /// What an existence statement says behind its first variables, of these witnesses.
    pub(crate) fn rest(&self, writer: &mut Writer<'_>, exists: &Formula, given: &[Name]) {
        let Some((rest, left, right)) = behind(exists, given) else { return };
        for shown in &rest {
            let name = writer.bind(shown);
            self.quantifier(writer, self.exists, &[name]);
        }
        self.conjunction(writer, &left, &right);
        writer.unbind(rest.len());
    }
}

/// Terms of a language that writes functions as `fun (x : I) (h : A) => …`.
pub(crate) trait Terms<'w> {
    const SIGNS: Signs;

    fn writer(&mut self) -> &mut Writer<'w>;

    /// A term; at a place for a word, in parentheses unless it is one.
    fn term(&mut self, term: &Term, shown: &Shown<'_>, place: Place);

    fn formula(&mut self, formula: &Formula, place: Place) {
        Self::SIGNS.formula(self.writer(), formula, place);
    }

    /// ` (a b : I)`
    fn variables(&mut self, names: &[String]) {
        if !names.is_empty() {
            let text = format!(" ({} : {})", names.join(" "), self.writer().book.domain);
            self.writer().put(&text);
        }
    }

    fn argument(&mut self, argument: &Argument, shown: &Shown<'_>) {
        match argument {
            Argument::Individual(name) => self.writer().name(*name),
            Argument::Proof(term) => self.term(term, shown, Place::Word),
            Argument::Property(property) => self.property(property, shown),
        }
    }

    /// `(fun (x : I) => A)`
    fn property(&mut self, property: &Property, shown: &Shown<'_>) {
        let name = self.writer().know_variable(property.variable, &shown.of(property.variable));
        let text = format!("(fun ({name} : {}) => ", self.writer().book.domain);
        self.writer().put(&text);
        self.formula(&property.formula, Place::Open);
        self.writer().put(")");
        self.writer().forget_variable(property.variable);
    }

    fn lambda(&mut self, variables: &[Name], claims: &[(Local, Claim)], body: &Term, shown: &Shown<'_>) {
        self.writer().put("fun");
        let names: Vec<String> =
            variables.iter().map(|name| self.writer().know_variable(*name, &shown.of(*name))).collect();
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

    /// A term on lines of its own, set in.
    fn inside(&mut self, body: &Term, shown: &Shown<'_>) {
        self.writer().depth += 1;
        self.writer().line();
        self.term(body, shown, Place::Open);
        self.writer().depth -= 1;
    }
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
