//! Logic blocks derive what the reference closure derives, and can prove it.
//!
//! Random theories with random facts, for 200 seeds or the number in the variable `SEEDS`.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::infer::infer;
use common::random::{Random, seeds};
use common::theories::{Definer, conjunction};
use common::{about_anchor, accepts, anchor_sorts, show, under_anchor};
use theoremata_logic::calculus::formula::{Binder, Formula, Name};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use theoremata_logic::clauses::compile::{Axiom, Compiled, Justification, Start};
use theoremata_logic::language::text::variable_name;
use theoremata_logic::proofs::reconstruction::{By, Finished, Tree, extract};
use theoremata_logic::saturation::block::{Block, End, Goal, Limits, Snapshot};
use theoremata_logic::saturation::book::RuleBook;
use theoremata_logic::saturation::pattern::{Argument, Code, Individual, Pattern};
use theoremata_logic::saturation::reference::{Closure, Fact, closure};
use theoremata_logic::saturation::rule::Rule;
use theoremata_logic::saturation::sequent::{Sequent, SequentHead};
use theoremata_logic::saturation::sorts::{SortId, Typing};

const CONSTANTS: usize = 3;
const PARAMETERS: &str = "c0 c1 c2 P/1 Q/1 R/2 F/2 G/3";
/// Mentions every relation, so that all have a number.
const ALL: &str = "(>[x] (& (in[x,P]) (& (in[x,Q]) (& (in2[x,x,R]) (& (in2[x,x,F]) (in3[x,x,x,G]))))) (=[x,x]))";
const NO_NEW: Limits = Limits { steps: 1_000_000, creations: 0 };

/// An input of a block: a literal over individuals, or a rule.
#[derive(Clone, Debug)]
enum Given {
    Literal(Literal),
    Rule(Formula, Axiom),
}

/// A random theory with the inputs of two blocks below its root.
struct Case {
    theory: Theory,
    compiled: Arc<Compiled>,
    /// The number of axioms that the root knows before it learns the others.
    early: usize,
    /// For the block below the root; its variables are numbered in order of first mention.
    given: Vec<Given>,
    variables: u16,
    /// For a block below that one.
    deeper: Vec<Given>,
    more: u16,
}

fn literal_text(random: &mut Random, terms: &[String], may_deny: bool, may_equate: bool) -> String {
    let mut term = || terms[random.below(terms.len())].clone();
    let (x, y, z) = (term(), term(), term());
    let atom = match random.below(if may_equate { 7 } else { 6 }) {
        0 => format!("(in[{x},P])"),
        1 => format!("(in[{x},Q])"),
        2 => format!("(in2[{x},{y},R])"),
        3 | 4 => format!("(in2[{x},{y},F])"),
        5 => format!("(in3[{x},{y},{z},G])"),
        _ => format!("(=[{x},{y}])"),
    };
    if may_deny && random.below(6) == 0 { format!("!{atom}") } else { atom }
}

/// A Horn rule with up to three premises; the variables of its head occur in the premises.
fn rule_text(random: &mut Random) -> String {
    let mut terms: Vec<String> = ["x", "y", "z", "x", "y", "z"].map(String::from).to_vec();
    terms.extend((0..CONSTANTS).map(|number| format!("c{number}")));
    let premises: Vec<String> = (0..1 + random.below(3)).map(|_| literal_text(random, &terms, true, true)).collect();
    let premises: Vec<&str> = premises.iter().map(String::as_str).collect();
    let premise = conjunction(&premises);
    let mut known: Vec<String> =
        ["x", "y", "z"].iter().filter(|name| mentions(&premise, name)).map(|name| (*name).into()).collect();
    let binders = known.join(",");
    if known.is_empty() || random.below(4) == 0 {
        known.push(format!("c{}", random.below(CONSTANTS)));
    }
    let head = literal_text(random, &known, true, true);
    format!("(>[{binders}] {premise} {head})")
}

fn mentions(text: &str, name: &str) -> bool {
    text.split(['[', ']', ',']).any(|part| part == name)
}

/// Axioms that make `F` and `G` partial or total functions, or leave them relations.
fn function_texts(random: &mut Random) -> Vec<&'static str> {
    let mut texts = Vec::new();
    let functional = random.below(3);
    if functional > 0 {
        texts.push("(>[x] (in[x,P]) (>[y,z] (& (in2[x,y,F]) (in2[x,z,F])) (=[y,z])))");
    }
    if functional > 1 {
        texts.push("(>[x,y] (in2[x,y,F]) (& (in[x,P]) (in[y,Q])))");
        texts.push("(>[x] (in[x,P]) !(>[y] (in[y,Q]) !(in2[x,y,F])))");
    }
    let functional = random.below(3);
    if functional > 0 {
        texts.push("(>[x,y,z,u] (& (in3[x,y,z,G]) (in3[x,y,u,G])) (=[z,u]))");
    }
    if functional > 1 {
        texts.push("(>[x,y,z] (in3[x,y,z,G]) (& (in[x,P]) (& (in[y,P]) (in[z,P]))))");
        texts.push("(>[x,y] (& (in[x,P]) (in[y,P])) !(>[z] (in[z,P]) !(in3[x,y,z,G])))");
    }
    texts
}

impl Case {
    fn random(random: &mut Random) -> Case {
        let mut texts: Vec<String> = function_texts(random).into_iter().map(String::from).collect();
        let constants: Vec<String> = (0..CONSTANTS).map(|number| format!("c{number}")).collect();
        for _ in 0..random.below(4) {
            let may_equate = random.below(3) == 0;
            texts.push(literal_text(random, &constants, true, may_equate));
        }
        for _ in 0..1 + random.below(5) {
            texts.push(rule_text(random));
        }
        if texts.len() == 1 {
            texts.push("(in[c0,P])".into());
        }
        let mut definer = Definer::new("random");
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        definer.define("Random", PARAMETERS, &texts);
        let theory = definer.finish();
        let all = under_anchor(&theory, &about_anchor(&theory, ALL));
        let mut compiled = Compiled::new(&theory, &[&all]);
        let (mut given, mut deeper) = (Vec::new(), Vec::new());
        let variables = Case::given(random, &theory, &mut compiled, 0, &mut given);
        let more = Case::given(random, &theory, &mut compiled, variables, &mut deeper);
        let functions = compiled.functions.iter().flat_map(|function| [function.totality, function.functionality]);
        let typing = compiled.functions.iter().flat_map(|function| function.typing.iter().flatten().copied());
        let least = functions.chain(typing).max().map_or(0, |last| last + 1);
        let early = least + random.below(compiled.axioms.len() - least + 1);
        Case { theory, compiled: Arc::new(compiled), early, given, variables, deeper, more }
    }

    /// Random literals about constants, `known` older variables and new ones, and occasionally a rule.
    fn given(random: &mut Random, theory: &Theory, compiled: &mut Compiled, known: u16, given: &mut Vec<Given>) -> u16 {
        let new = random.below(4) as u16;
        let mut order: Vec<u16> = Vec::new();
        for _ in 0..random.below(7) {
            if random.below(5) == 0 {
                let text = rule_text(random);
                let formula = about_anchor(theory, &text);
                let (_, axioms) =
                    compiled.read_statement(theory, &under_anchor(theory, &formula)).expect("behind the anchor");
                given.push(Given::Rule(formula, axioms.expect("a clause").remove(0)));
                continue;
            }
            let relation = RelationId(random.below(compiled.signature.relations.len()) as u16);
            if relation == RelationId::EQUAL && random.below(2) == 0 {
                continue;
            }
            let arguments = (0..compiled.signature.relations[relation.index()].arity)
                .map(|_| match random.below(CONSTANTS + (known + new) as usize) {
                    constant if constant < CONSTANTS => Term::Constant(constant as u16),
                    variable => {
                        let number = (variable - CONSTANTS) as u16;
                        if number < known {
                            return Term::Variable(number);
                        }
                        if !order.contains(&number) {
                            order.push(number);
                        }
                        let place = order.iter().position(|other| *other == number).expect("just entered");
                        Term::Variable(known + place as u16)
                    }
                })
                .collect();
            given.push(Given::Literal(Literal { positive: random.below(6) > 0, relation, arguments }));
        }
        order.len() as u16
    }

    /// The root block, which learns part of its axioms after it has started to saturate.
    fn root(&self, random: &mut Random) -> Block {
        let book = RuleBook::beginning(&self.compiled, self.early);
        let mut root = Block::root(Arc::new(book.clone()));
        root.run(Limits { steps: random.below(40) as u64, creations: 0 });
        let mut longer = book;
        for axiom in &self.compiled.axioms[self.early..] {
            let rule = longer.rule_of(axiom);
            longer.add_contrapositives(axiom);
            longer.add_with_demands(rule, &self.compiled.signature, Some(0), Some(1));
        }
        root.learn(Arc::new(longer));
        root.run(NO_NEW);
        root
    }

    /// A block that has received the inputs in order, with some saturation in between.
    fn below(parent: &Snapshot, random: &mut Random, known: u16, new: u16, given: &[Given], limits: Limits) -> Block {
        let mut block = Block::below(parent);
        for _ in 0..new {
            block.introduce(SortId(0));
        }
        for (number, given) in given.iter().enumerate() {
            match given {
                Given::Literal(literal) => {
                    let (code, arguments) = fact(literal);
                    assert_eq!(block.assume(code, &arguments) as usize, number);
                }
                Given::Rule(_, axiom) => {
                    assert_eq!(block.assume_other() as usize, number);
                    for rule in hypothesis(axiom, number, block.typing(), block.book()) {
                        block.assume_rule(rule);
                    }
                }
            }
            if random.below(2) == 0 {
                block.run(Limits { steps: random.below(30) as u64, creations: 0 });
            }
        }
        let end = block.run(limits);
        assert_ne!(end, End::OutOfSteps);
        debug_assert!(known as usize + CONSTANTS <= parent.individuals());
        block
    }

    /// The reference closure of the axioms and the inputs.
    fn closure(&self, given: &[&[Given]], individuals: usize) -> Closure {
        let mut clauses: Vec<Clause> = self.compiled.axioms.iter().map(|axiom| axiom.clause.clone()).collect();
        let mut facts: Vec<Fact> = Vec::new();
        for given in given.iter().copied().flatten() {
            match given {
                Given::Literal(literal) => facts.push(fact(literal)),
                Given::Rule(_, axiom) => clauses.push(axiom.clause.clone()),
            }
        }
        closure(individuals as u32, &facts, &clauses, &RuleBook::new(&self.compiled))
    }

    /// The statement that the block's `head` follows from its inputs.
    fn statement(&self, head: &Literal) -> Formula {
        let parameters = self.theory.anchor_definition().parameters.len() as u32;
        let variable = |number: u16| Name(parameters + u32::from(number));
        let formula =
            |literal: &Literal| self.compiled.signature.formula(literal, &|place| Name(place as u32), &variable);
        let mut bound = 0;
        let mut chain = Vec::new();
        for given in &self.given {
            match given {
                Given::Literal(literal) => {
                    let mut names = Vec::new();
                    while literal.arguments.contains(&Term::Variable(bound)) {
                        names.push((variable(bound), Binder::new(variable_name(bound), Sort::BASE)));
                        bound += 1;
                    }
                    chain.push((names, formula(literal)));
                }
                Given::Rule(formula, _) => chain.push((Vec::new(), formula.clone())),
            }
        }
        let whole =
            chain.iter().rev().fold(formula(head), |whole, (names, premise)| Formula::forall(names, premise, &whole));
        under_anchor(&self.theory, &infer(&self.theory, &whole, &anchor_sorts(&self.theory)))
    }
}

fn hypothesis(axiom: &Axiom, number: usize, typing: Typing<'_>, book: &RuleBook) -> Vec<Rule> {
    let justification =
        Justification { start: Start::Hypothesis(number as u32), moves: axiom.justification.moves.clone() };
    let premises: Vec<Pattern> = axiom.clause.premises.iter().map(Pattern::of).collect();
    let head = Rule::of_axiom(axiom, typing.sorts, true).head;
    book.rules_of_assumption(axiom.clause.variables, &premises, head, &justification, typing)
}

/// A literal over individuals: variables follow the constants.
fn fact(literal: &Literal) -> Fact {
    let individual = |term: &Term| match term {
        Term::Constant(number) => Individual(u32::from(*number)),
        Term::Variable(number) => Individual(CONSTANTS as u32 + u32::from(*number)),
    };
    (Code::new(literal.relation, literal.positive), literal.arguments.iter().map(individual).collect())
}

/// The inverse of [`fact`].
fn literal(code: Code, arguments: &[Individual]) -> Literal {
    let term = |individual: &Individual| match individual.0.checked_sub(CONSTANTS as u32) {
        None => Term::Constant(individual.0 as u16),
        Some(number) => Term::Variable(number as u16),
    };
    let arguments = arguments.iter().map(term).collect();
    Literal { positive: code.positive(), relation: code.relation(), arguments }
}

/// The codes of all relations except equality, and of their negations.
fn codes(compiled: &Compiled) -> impl Iterator<Item = Code> + use<> {
    (1..compiled.signature.relations.len() as u32 * 2).map(Code)
}

/// The block has the same classes and facts as the reference closure, each fact once.
fn same(compiled: &Compiled, block: &Block, plain: &Closure, place: &str) {
    assert_eq!(block.falsum().is_some(), plain.contradiction, "{place}: contradiction");
    if plain.contradiction {
        return;
    }
    let individuals = plain.least.len() as u32;
    let least = |individual: &Individual| plain.least[individual.0 as usize];
    for one in (0..individuals).map(Individual) {
        for other in (0..individuals).map(Individual) {
            let equal = block.classes().find(one) == block.classes().find(other);
            assert_eq!(equal, least(&one) == least(&other), "{place}: {one:?} = {other:?}");
        }
    }
    let mut known: BTreeSet<Fact> = BTreeSet::new();
    for code in codes(compiled) {
        for fact in block.facts_of(code).filter(|fact| block.is_current(*fact)) {
            let arguments: Vec<Individual> = block.arguments(fact).iter().map(least).collect();
            assert!(known.insert((code, arguments)), "{place}: {code:?} {:?} is there twice", block.arguments(fact));
        }
    }
    assert_eq!(known, plain.facts, "{place}");
}

#[test]
fn a_block_derives_what_the_definition_says() {
    let (mut facts, mut equal, mut contradictions) = (0, 0, 0);
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let case = Case::random(random);
        let root = case.root(random);
        same(&case.compiled, &root, &case.closure(&[], CONSTANTS), &format!("seed {seed}, root"));
        let root = root.rest();
        let block = Case::below(&root, random, 0, case.variables, &case.given, NO_NEW);
        let individuals = CONSTANTS + case.variables as usize;
        let plain = case.closure(&[&case.given], individuals);
        same(&case.compiled, &block, &plain, &format!("seed {seed}, block"));
        let block = block.rest();
        let inner = Case::below(&block, random, case.variables, case.more, &case.deeper, NO_NEW);
        let plain = case.closure(&[&case.given, &case.deeper], individuals + case.more as usize);
        same(&case.compiled, &inner, &plain, &format!("seed {seed}, block below"));
        facts += plain.facts.len();
        equal += plain.least.iter().enumerate().filter(|(place, least)| *place as u32 != least.0).count();
        contradictions += usize::from(plain.contradiction);
    }
    println!("{facts} facts, {equal} individuals equal to others, {contradictions} contradictions");
    assert!(facts > 500 && equal > 50 && contradictions > 20, "the theories say too little");
}

#[test]
fn what_a_block_derives_can_be_proved() {
    let mut proofs = 0;
    let mut steps = 0;
    for seed in seeds() {
        for creations in [0, 6] {
            let random = &mut Random::new(seed);
            let case = Case::random(random);
            let root = case.root(random).rest();
            let limits = Limits { creations, ..NO_NEW };
            let block = Case::below(&root, random, 0, case.variables, &case.given, limits);
            let individuals = CONSTANTS as u32 + u32::from(case.variables);
            let mut wanted: Vec<Fact> = Vec::new();
            for code in codes(&case.compiled) {
                for fact in block.facts_of(code).filter(|fact| block.is_current(*fact)) {
                    let arguments = block.arguments(fact).to_vec();
                    if arguments.iter().all(|argument| argument.0 < individuals) {
                        // For other members of the classes too.
                        let member = |argument: &Individual| {
                            let members = block.classes().members(*argument);
                            members.filter(|member| member.0 < individuals).last().unwrap_or(*argument)
                        };
                        wanted.push((code, arguments.iter().map(member).collect()));
                        wanted.push((code, arguments));
                    }
                }
            }
            for one in (0..individuals).map(Individual) {
                for other in (0..individuals).map(Individual) {
                    if block.classes().find(one) == block.classes().find(other) {
                        wanted.push((Code::EQUAL, vec![one, other]));
                    }
                }
            }
            let falsum = block.falsum();
            if falsum.is_some() {
                wanted.push((Code::APART, vec![Individual(0), Individual(0)]));
            }
            let mut finished = Arc::new(Finished {
                goal: Goal::False,
                falsum: None,
                reached: None,
                creations: 0,
                steps: 0,
                snapshot: Arc::new(block.rest()),
            });
            for (code, arguments) in wanted {
                let head = literal(code, &arguments);
                let from_contradiction = code == Code::APART && arguments == [Individual(0); 2];
                let own = Arc::get_mut(&mut finished).expect("no tree holds it any more");
                own.falsum = falsum.filter(|_| from_contradiction);
                own.goal = if code == Code::EQUAL {
                    Goal::Equal(arguments[0], arguments[1])
                } else {
                    Goal::Fact(code, arguments)
                };
                let statement = case.statement(&head);
                let head = SequentHead::Literal(Pattern::of(&head));
                let sequent = Sequent { variables: case.variables, premises: Vec::new(), head };
                let tree = Tree { sequent, by: By::Block(finished.clone()) };
                let proof = extract(&case.theory, &case.compiled, &[], &statement, &tree);
                accepts(&case.theory, &[], &proof);
                assert_eq!(proof.statement(), Some(&statement), "seed {seed}: {}", show(&case.theory, &statement));
                proofs += 1;
                steps += proof.steps.len();
            }
        }
    }
    println!("{proofs} proofs of {steps} steps");
    assert!(proofs > 1000);
}

#[test]
fn patterns_name_individuals_and_variables() {
    let arguments = vec![Term::Constant(1), Term::Variable(1)];
    let pattern = Pattern::of(&Literal { positive: true, relation: RelationId(2), arguments: arguments.clone() });
    assert_eq!(pattern.arguments, [Argument::Individual(Individual(1)), Argument::Variable(1)]);
    let head = Head::Literal(Literal { positive: true, relation: RelationId::EQUAL, arguments });
    let clause = Clause { variables: 2, premises: Vec::new(), head };
    let plain = closure(3, &[], &[clause], &RuleBook::default());
    // Every individual is equal to individual 1.
    assert_eq!(plain.least, [Individual(0); 3]);
}
