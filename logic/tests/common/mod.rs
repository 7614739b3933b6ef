//! Shared by the tests of the calculus: small theories built in code, goals parsed from text, proofs found by the
//! search, and proofs written by hand.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it

pub mod byhand;
pub mod damage;
pub mod draft;
pub mod exported;
pub mod infer;
pub mod other_sorts;
pub mod places;
pub mod random;
pub mod run;
#[path = "../../../tests/common/skip.rs"]
mod skip;
pub mod theories;

use std::sync::Arc;

use infer::infer;
use theoremata_logic::calculus::check::check;
use theoremata_logic::calculus::formula::{Binder, Formula, Name, PredicateId};
use theoremata_logic::calculus::proof::{Proof, TheoremId};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::clauses::compile::{Axiom, Compiled, Justification, Move, Start};
use theoremata_logic::language::text::{MplReader, MplWriter, SortsShown};
use theoremata_logic::proofs::reconstruction::extract;
use theoremata_logic::saturation::block::{Block, Limits};
use theoremata_logic::saturation::book::RuleBook;
use theoremata_logic::saturation::rule::Rule;
use theoremata_logic::saturation::sequent::Sequent;
use theoremata_logic::search::attempt::{Effort, LogicBlock, Verdict, solve};

/// A proof with everything a checker needs.
pub struct Subject {
    /// Its name in tables and messages.
    pub label: String,
    pub theory: Arc<Theory>,
    /// All theorems of the theory; the proof may cite those before `number`.
    pub statements: Arc<[Formula]>,
    /// The number of the proof's own statement.
    pub number: usize,
    pub proof: Proof,
}

/// The result of a search: the theorems in order, each with its checked proof.
pub struct Proved {
    pub theory: Arc<Theory>,
    pub statements: Vec<Formula>,
    pub proofs: Vec<Proof>,
}

impl Proved {
    /// The proofs as subjects, under the labels of their goals.
    pub fn subjects(self, labels: &[&str]) -> Vec<Subject> {
        let statements: Arc<[Formula]> = self.statements.into();
        self.proofs
            .into_iter()
            .zip(labels)
            .enumerate()
            .map(|(number, (proof, label))| Subject {
                label: (*label).into(),
                theory: self.theory.clone(),
                statements: statements.clone(),
                number,
                proof,
            })
            .collect()
    }
}

/// The formula that `text` says about the parameters of the anchor, with parameter `i` as `Name(i)`.
pub fn about_anchor(theory: &Theory, text: &str) -> Formula {
    let parameters = &theory.anchor_definition().parameters;
    let formula = read(theory, text, &|name| parameters.iter().position(|known| **known == *name));
    infer(theory, &formula, &anchor_sorts(theory))
}

/// The sorts of the anchor's parameters, parameter `i` being `Name(i)`.
pub fn anchor_sorts(theory: &Theory) -> Vec<(Name, Sort)> {
    (0..).map(Name).zip(theory.predicate(theory.anchor).sorts.iter().cloned()).collect()
}

/// Parses MPL text, ignoring blanks; its sorts are still to be inferred.
pub fn read(theory: &Theory, text: &str, variable: &dyn Fn(&str) -> Option<usize>) -> Formula {
    let predicate = |name: &str| theory.find(name);
    let name = |name: &str| variable(name).map(|place| Name(place as u32));
    let reader = MplReader { predicate: &predicate, name: &name };
    reader.read(&tidy(text)).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn tidy(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (from, to) in [("( ", "("), (" )", ")"), ("! ", "!")] {
        while text.contains(from) {
            text = text.replace(from, to);
        }
    }
    text
}

/// The closed statement that `body` holds under the anchor.
pub fn under_anchor(theory: &Theory, body: &Formula) -> Formula {
    let parameters = &theory.anchor_definition().parameters;
    let names: Vec<_> = anchor_sorts(theory)
        .into_iter()
        .zip(parameters)
        .map(|((name, sort), shown)| (name, Binder::new(shown.clone(), sort)))
        .collect();
    Formula::forall(&names, &Formula::atom(theory.anchor, names.iter().map(|(name, _)| *name)), body)
}

/// The goal that `text` holds under the anchor.
pub fn goal(theory: &Theory, label: &str, text: &str) -> Goal {
    let statement = under_anchor(theory, &about_anchor(theory, text));
    Goal { label: label.into(), statement, place: "a test".into() }
}

/// A formula as MPL, for messages.
pub fn show(theory: &Theory, formula: &Formula) -> String {
    let predicate = |id: PredicateId| {
        theory.predicates.get(id.index()).map_or_else(|| format!("?{}", id.0).into(), |known| known.name.clone())
    };
    let name = |name: Name| format!("v{}", name.0).into();
    MplWriter { predicate: &predicate, name: &name, sorts: SortsShown::Yes }.write(formula)
}

/// A proof as text, for messages.
pub fn list(theory: &Theory, proof: &Proof) -> String {
    let mut text = String::new();
    for (number, scope) in proof.scopes.iter().enumerate() {
        let assumed: Vec<_> = scope.assumptions.iter().map(|formula| show(theory, formula)).collect();
        text += &format!("scope {number} in {}: {:?} {}\n", scope.parent.0, scope.variables, assumed.join(", "));
    }
    for (number, step) in proof.steps.iter().enumerate() {
        let premises: Vec<_> = step.premises.iter().map(|premise| premise.0.to_string()).collect();
        text += &format!(
            "{number} [{}] {:?} from {}: {}\n",
            step.scope.0,
            step.rule,
            premises.join(", "),
            show(theory, &step.conclusion)
        );
    }
    text
}

/// Checks a proof that may cite the given statements.
pub fn accepts(theory: &Theory, statements: &[Formula], proof: &Proof) {
    if let Err(flaw) = check(theory, |id| statements.get(id.0 as usize), proof) {
        panic!("{flaw}\n{}", list(theory, proof));
    }
}

/// Proves the goals one after the other, each with the earlier ones as lemmas, and checks every proof.
///
/// # Panics
/// If a goal is not proved, or its proof is refused.
pub fn prove_all(theory: Theory, goals: &[(&str, &str)]) -> Proved {
    let goals: Vec<Goal> = goals.iter().map(|(label, text)| goal(&theory, label, text)).collect();
    let formulas: Vec<&Formula> = goals.iter().map(|goal| &goal.statement).collect();
    let mut compiled = Compiled::new(&theory, &formulas);
    let axioms: Vec<Axiom> = goals
        .iter()
        .map(|goal| {
            let (_, clauses) = compiled.read_statement(&theory, &goal.statement).expect("it begins with the anchor");
            clauses.unwrap_or_else(|reason| panic!("{}: {reason}", goal.label)).remove(0)
        })
        .collect();
    let compiled = Arc::new(compiled);
    let mut book = RuleBook::new(&compiled);
    let mut proved = Proved { theory: Arc::new(theory), statements: Vec::new(), proofs: Vec::new() };
    for (goal, mut axiom) in goals.into_iter().zip(axioms) {
        let mut root = Block::root(Arc::new(book.clone()));
        root.run(Limits { steps: 1_000_000, creations: 0 });
        let sequent = Sequent::of(&axiom.clause);
        let block = LogicBlock::new(compiled.clone(), Arc::new(root.rest()), sequent, Effort::HIGH);
        let tree = match solve(block).0 {
            Verdict::Proved(tree) => tree,
            Verdict::Open(stuck) => panic!("{} stays open: {stuck:?}", goal.label),
        };
        let proof = extract(&proved.theory, &compiled, &proved.statements, &goal.statement, &tree);
        accepts(&proved.theory, &proved.statements, &proof);
        assert_eq!(proof.statement(), Some(&goal.statement), "{}", goal.label);
        let mut moves = vec![Move::Apply];
        moves.append(&mut axiom.justification.moves);
        let start = Start::Theorem(TheoremId(proved.statements.len() as u32));
        let learned = Axiom { clause: axiom.clause, justification: Justification { start, moves } };
        let rule = Rule::of_axiom(&learned, &book.sorts, false);
        book.add_with_demands(rule, &compiled.signature, Some(0), Some(1));
        proved.statements.push(goal.statement);
        proved.proofs.push(proof);
    }
    proved
}
