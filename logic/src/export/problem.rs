//! A goal with its axioms, as a problem for other provers: TPTP and SMT-LIB.
//!
//! The goal is a closed `∀ parameters (anchor → …)`. The parameters become constants; the axioms become `a1`, `a2`, …,
//! numbered as on the theory's page; definitions become `d_…`. Theorems may be given as lemmas `t1`, …, and instances
//! of induction as `i1`, …. The header of the file says which of these it contains and how its sentences are to be
//! read.
//!
//! [`Encoding`] selects how functions are written; `translate.rs` and `carrier.rs` justify the functional encodings. A
//! test has E derive the axioms of one encoding from those of the other, so that no prover is asked another question
//! than was meant.

mod carrier;
mod encoding;
mod induct;
pub(crate) mod sentence;
mod simplify;
mod translate;
pub(crate) mod write;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use self::carrier::without_guards;
use self::sentence::{RESERVED, Sentence, Term};
use self::simplify::Membership;
use self::translate::Translator;
use self::write::{fof, one_line, smt};
use crate::calculus::formula::{Formula, PredicateId};
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::Theory;
use crate::clauses::compile::behind_anchor;
use crate::export::names::Names;
use crate::language::notation::Reading;

pub use encoding::Encoding;

/// Which instances of induction are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Inductions {
    /// None.
    #[default]
    None,
    /// One for each variable of the goal that ranges over a generated set.
    ForTheGoal,
}

/// A goal, with the premises a prover may use.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// The theory.
    pub theory: &'a Theory,
    /// The goal: closed, `∀ parameters of the anchor (anchor → …)`.
    pub goal: &'a Formula,
    /// Theorems of the theory that may be used, with their numbers. Not verified here.
    pub lemmas: &'a [(TheoremId, &'a Formula)],
    /// How functions are written.
    pub encoding: Encoding,
    /// Which instances of induction are written.
    pub inductions: Inductions,
}

/// Why a statement cannot be written as a problem.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoProblem {
    /// The goal does not begin with the anchor.
    #[error("the goal does not begin with the theory's anchor")]
    Goal,
    /// A lemma does not begin with the anchor.
    #[error("theorem {} does not begin with the theory's anchor", .0.0 + 1)]
    Lemma(TheoremId),
}

/// The role of a sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Axiom,
    Definition,
    Lemma,
    Goal,
}

struct Statement {
    name: String,
    role: Role,
    sentence: Sentence,
    comment: String,
}

struct Assembled {
    statements: Vec<Statement>,
    head: Vec<String>,
    sort: String,
}

impl Problem<'_> {
    /// The problem in TPTP FOF. Deterministic; ASCII except for comments.
    /// # Errors
    /// If the goal or a lemma does not begin with the anchor.
    pub fn tptp(&self) -> Result<String, NoProblem> {
        let assembled = self.assemble()?;
        let mut out = String::new();
        for line in &assembled.head {
            let _ = writeln!(out, "% {}", one_line(line));
        }
        for statement in &assembled.statements {
            let role = match statement.role {
                Role::Axiom => "axiom",
                Role::Definition => "definition",
                Role::Lemma => "lemma",
                Role::Goal => "conjecture",
            };
            let _ = write!(out, "\n% {}\nfof({}, {role}, ", one_line(&statement.comment), statement.name);
            fof(&statement.sentence, &mut out);
            out.push_str(").\n");
        }
        Ok(out)
    }

    /// The problem as an SMT-LIB 2.6 script with the goal negated: `unsat` means that it follows. Deterministic; ASCII
    /// except for comments.
    ///
    /// # Errors
    /// If the goal or a lemma does not begin with the anchor.
    pub fn smt_lib(&self) -> Result<String, NoProblem> {
        let assembled = self.assemble()?;
        let sort = &assembled.sort;
        let mut out = String::new();
        for line in &assembled.head {
            let _ = writeln!(out, "; {}", one_line(line));
        }
        out.push_str("(set-info :smt-lib-version 2.6)\n");
        let _ = writeln!(out, "(set-info :status unknown)\n(set-logic UF)\n(declare-sort {sort} 0)");
        for (symbol, arity, is_predicate) in symbols(&assembled.statements) {
            let arguments = vec![sort.as_str(); arity].join(" ");
            let result = if is_predicate { "Bool" } else { sort };
            let _ = writeln!(out, "(declare-fun {symbol} ({arguments}) {result})");
        }
        for statement in &assembled.statements {
            let _ = write!(out, "\n; {}\n(assert (! ", one_line(&statement.comment));
            if statement.role == Role::Goal {
                out.push_str("(not ");
            }
            smt(&statement.sentence, sort, &mut out);
            if statement.role == Role::Goal {
                out.push(')');
            }
            let _ = writeln!(out, " :named {}))", statement.name);
        }
        out.push_str("\n(check-sat)\n(exit)\n");
        Ok(out)
    }

    fn assemble(&self) -> Result<Assembled, NoProblem> {
        let theory = self.theory;
        let reading = Reading::new(theory);
        let goal = behind_anchor(theory, self.goal).ok_or(NoProblem::Goal)?;
        let mut lemmas = Vec::new();
        for (number, statement) in self.lemmas {
            let body = behind_anchor(theory, statement).ok_or(NoProblem::Lemma(*number))?;
            lemmas.push((*number, *statement, body));
        }
        let mut names = Names::without(&RESERVED);
        let mut translator = Translator::new(theory, self.encoding, &mut names);
        let mut head = self.head(&reading, &translator);

        let axioms = reading.axioms();
        let raw: Vec<Sentence> = axioms.iter().map(|axiom| translator.under_anchor(&axiom.formula)).collect();
        let mut membership = Membership::default();
        let functional = !translator.functions().is_empty();
        let mut kept: Vec<Option<Sentence>> = vec![None; raw.len()];
        if functional {
            let nothing = Membership::default();
            for (sentence, kept) in raw.iter().zip(&mut kept) {
                let short = nothing.simplify(sentence.clone());
                if membership.learn(&short) {
                    *kept = Some(short);
                }
            }
            for sentence in &raw {
                let short = membership.simplify(sentence.clone());
                membership.learn_equation(&short);
            }
        }
        let shorten = |sentence: Sentence| if functional { membership.simplify(sentence) } else { sentence };
        let mut statements = Vec::new();
        let mut vanished = Vec::new();
        for (place, (axiom, (sentence, kept))) in axioms.iter().zip(raw.into_iter().zip(kept)).enumerate() {
            let sentence = kept.unwrap_or_else(|| shorten(sentence));
            if sentence == Sentence::True {
                vanished.push((place + 1).to_string());
                continue;
            }
            let comment = format!("Axiom {}. {}", place + 1, reading.under_anchor(&axiom.formula));
            statements.push(Statement {
                name: names.fresh(&format!("a{}", place + 1)),
                role: Role::Axiom,
                sentence,
                comment,
            });
        }
        if !vanished.is_empty() {
            head.push(format!("Said by this way of writing, and left out: axioms {}.", vanished.join(", ")));
        }
        let mut rest = Vec::new();
        for (number, statement, body) in &lemmas {
            let sentence = shorten(translator.under_anchor(body));
            let comment = format!("Theorem {}. {}", number.0 + 1, reading.statement(statement));
            rest.push(Statement {
                name: names.fresh(&format!("t{}", number.0 + 1)),
                role: Role::Lemma,
                sentence,
                comment,
            });
        }
        if self.inductions == Inductions::ForTheGoal {
            let analysis = Translator::new(theory, Encoding::Functional, &mut Names::default());
            for (place, instance) in induct::instances(theory, &analysis, &goal).into_iter().enumerate() {
                let sentence = shorten(translator.under_anchor(&instance.formula));
                let comment = format!("Instance of {}, on {} of the goal", instance.principle, instance.variable);
                rest.push(Statement {
                    name: names.fresh(&format!("i{}", place + 1)),
                    role: Role::Axiom,
                    sentence,
                    comment,
                });
            }
        }
        let sentence = shorten(translator.under_anchor(&goal));
        let comment = format!("Goal. {}", reading.statement(self.goal));
        rest.push(Statement { name: "goal".to_owned(), role: Role::Goal, sentence, comment });
        loop {
            let Some((wanted, sentence)) = translator.next_definition() else {
                let links = translator.links();
                if links.is_empty() {
                    break;
                }
                for (function, sentence) in links {
                    let comment = format!("The graph of {function}, where something is said of graphs in general");
                    let name = names.fresh(&format!("l_{function}"));
                    statements.push(Statement { name, role: Role::Definition, sentence, comment });
                }
                continue;
            };
            let predicate = theory.predicate(wanted.predicate);
            let doc = predicate.definition.as_ref().and_then(|definition| definition.doc.as_deref());
            let comment = format!("Definition of {}. {}", predicate.name, doc.unwrap_or_default());
            let name = names.fresh(&format!("d_{}", translator.predicate(wanted.predicate)));
            let sentence = shorten(sentence);
            statements.push(Statement {
                name,
                role: Role::Definition,
                sentence,
                comment: comment.trim_end().to_owned(),
            });
        }
        statements.append(&mut rest);
        let used: BTreeSet<Arc<str>> = symbols(&statements).into_iter().map(|(symbol, ..)| symbol).collect();
        let sorts = translator.sorts(&|symbol| used.contains(symbol)).into_iter().map(|sentence| Statement {
            name: names.fresh("sort"),
            role: Role::Axiom,
            sentence,
            comment: "Sorts: all share one domain, and what no membership guards names its own".to_owned(),
        });
        statements.splice(0..0, sorts.collect::<Vec<_>>());
        let used: BTreeSet<Arc<str>> = symbols(&statements).into_iter().map(|(symbol, ..)| symbol).collect();
        let spellings: Vec<String> = (translator.spellings().into_iter())
            .filter(|(symbol, _)| used.contains(symbol))
            .map(|(symbol, shown)| format!("{symbol} for {shown}"))
            .collect();
        if !spellings.is_empty() {
            head.push(format!("Spelled: {}.", spellings.join(", ")));
        }
        if self.encoding == Encoding::Functional {
            let member = translator.predicate(PredicateId::IN);
            let sentences: Vec<(&Sentence, bool)> =
                statements.iter().map(|statement| (&statement.sentence, statement.role != Role::Goal)).collect();
            if let Some((sentences, set)) = without_guards(&sentences, member, &membership) {
                for (statement, sentence) in statements.iter_mut().zip(sentences) {
                    statement.sentence = sentence;
                }
                statements.retain(|statement| statement.role == Role::Goal || statement.sentence != Sentence::True);
                head.push(format!(
                    "All of this is about elements of {set}, which is not empty: it is the domain, and that something \
                     is in {set} is left out."
                ));
            }
        }
        Ok(Assembled { statements, head, sort: names.fresh("U") })
    }

    fn head(&self, reading: &Reading<'_>, translator: &Translator<'_>) -> Vec<String> {
        let theory = self.theory;
        let mut lines = vec![
            format!("A goal of the theory {}, for provers of first-order logic.", theory.name),
            format!("Goal: {}", reading.statement(self.goal)),
            format!("In MPL: {}", theory.write(self.goal, &[])),
        ];
        let functions = translator.functions();
        if functions.is_empty() {
            lines.push("Every formula stands as it is: functions are relations.".to_owned());
        } else {
            let symbols = functions.iter().map(|(symbol, _)| symbol.to_string()).collect::<Vec<_>>().join(", ");
            lines.push(format!(
                "Functional: the theory proves that {symbols} have exactly one value on their domain and none elsewhere. \
                 `f(x) = z` in the theory is written here `x is in the domain, and f(x) = z`; the first part is left out \
                 where what stands before it and the axioms about membership say it. Outside of its domain a function \
                 has a value of which nothing is said."
            ));
            lines.push(
                "What is proved here holds in the theory. Conversely so, if sets and functions are not taken for \
                 individuals."
                    .to_owned(),
            );
        }
        if !theory.inductions.is_empty() {
            let written = match self.inductions {
                Inductions::None => "none is written down here, so that what needs one is not proved",
                Inductions::ForTheGoal => "those for the goal's own variables are written down as i1, i2, …",
            };
            lines.push(format!(
                "Induction is a schema, which first-order logic does not have; of its instances {written}."
            ));
        }
        lines
    }
}

/// The symbols of the sentences in order of first occurrence: name, arity, whether it is a predicate.
fn symbols(statements: &[Statement]) -> Vec<(Arc<str>, usize, bool)> {
    fn functions(term: &Term, add: &mut dyn FnMut(&Arc<str>, usize, bool)) {
        if let Term::Apply(symbol, arguments) = term {
            add(symbol, arguments.len(), false);
            arguments.iter().for_each(|argument| functions(argument, add));
        }
    }
    let (mut symbols, mut known) = (Vec::new(), BTreeSet::new());
    let mut add = |symbol: &Arc<str>, arity: usize, is_predicate: bool| {
        if known.insert(symbol.clone()) {
            symbols.push((symbol.clone(), arity, is_predicate));
        }
    };
    for statement in statements {
        statement.sentence.for_each_atom(&mut |predicate, terms| {
            if let Some(symbol) = predicate {
                add(symbol, terms.len(), true);
            }
            terms.iter().for_each(|term| functions(term, &mut add));
        });
    }
    symbols
}
