//! The rule book shared by all blocks.

use std::sync::Arc;

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};
use crate::clauses::compile::{Axiom, Compiled, Justification, Start};
use crate::saturation::pattern::{Argument, Code, Pattern};
use crate::saturation::rule::{Rule, RuleHead, RuleId};
use crate::saturation::sorts::{SortId, Sorts, Typing};

/// The rules shared by all blocks: axioms, definitions, theorems, and their demands. Only grows.
#[derive(Clone, Debug, Default)]
pub struct RuleBook {
    /// The rules.
    pub rules: Vec<Arc<Rule>>,
    /// For each code, the rules and pattern indices that a new fact of it triggers.
    pub triggers: Vec<Vec<(u32, u16)>>,
    /// For each code, the column masks by which its facts are looked up.
    pub masks: Vec<Vec<u32>>,
    /// For each relation that is a function, how its values are created.
    functions: Vec<Option<NativeFunction>>,
    /// The sorts of the theory.
    pub sorts: Sorts,
    /// The rules between facts about sets and relations of the theory and facts in which these are arguments. Part of
    /// [`RuleBook::rules`] if axioms mention sets as terms; otherwise, blocks that deal with sets assume them.
    pub views: Vec<Rule>,
    /// For each sort, whether a rule matches its domain, which then needs facts.
    pub(super) ranged: Vec<bool>,
    /// For each relation, whether its negative facts are derived: whether some clause can use one.
    denied: Vec<bool>,
    /// Whether no axiom uses a negative fact or contains a compound formula.
    horn: bool,
}

/// A function whose totality and functionality are built into blocks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NativeFunction {
    /// The number of inputs.
    pub inputs: usize,
    /// The rule that creates its values.
    pub totality: RuleId,
    /// For each input, the variable of the totality rule.
    pub variables: Vec<u16>,
    /// Whether it is a constructor.
    pub constructor: bool,
    /// The inputs on which it recurs.
    pub recursive: Vec<usize>,
}

impl RuleBook {
    /// The rules of a compiled theory, without totality and functionality of functions, which blocks handle.
    #[must_use]
    pub fn new(compiled: &Compiled) -> RuleBook {
        RuleBook::beginning(compiled, compiled.axioms.len())
    }

    /// [`RuleBook::new`] for attempts at a clause: negative facts that its negative premises make useful are derived too.
    #[must_use]
    pub fn of_goal(compiled: &Compiled, goal: &Clause) -> RuleBook {
        RuleBook::denying(compiled, compiled.axioms.len(), denials_of(goal))
    }

    /// Whether the negative premises of a clause make negative facts useful that are not derived.
    #[must_use]
    pub fn lacks_denials_of(&self, goal: &Clause) -> bool {
        denials_of(goal).any(|relation| !self.denies(relation))
    }

    /// [`RuleBook::new`] for the first `axioms` axioms only, which must include those about functions; the caller adds
    /// the rest.
    #[must_use]
    pub fn beginning(compiled: &Compiled, axioms: usize) -> RuleBook {
        RuleBook::denying(compiled, axioms, [])
    }

    /// [`RuleBook::beginning`], where negative facts of `denied` are useful in any case.
    fn denying(compiled: &Compiled, axioms: usize, denied: impl IntoIterator<Item = RelationId>) -> RuleBook {
        let sorts = Sorts::new(&compiled.signature);
        let codes = sorts.codes();
        let mut book = RuleBook {
            rules: Vec::new(),
            triggers: vec![Vec::new(); codes],
            masks: vec![Vec::new(); codes],
            functions: vec![None; compiled.signature.relations.len()],
            ranged: vec![false; sorts.count()],
            denied: useful_denials(compiled, denied),
            horn: false,
            views: compiled.views().iter().map(|view| Rule::of_axiom(view, &sorts, false)).collect(),
            sorts,
        };
        for sort in 0..book.sorts.count() {
            book.masks[book.sorts.domain(SortId(sort as u16)).index()].push(0b11);
        }
        for (number, relation) in compiled.signature.relations.iter().enumerate() {
            // Facts are indexed by all of their arguments, rows of functions by their inputs.
            let columns = if relation.function { relation.arity - 1 } else { relation.arity };
            let mask = (1u32 << columns) - 1;
            book.masks[number * 2].push(mask);
            book.masks[number * 2 + 1].push((1u32 << relation.arity) - 1);
        }
        for function in &compiled.functions {
            let axiom = &compiled.axioms[function.totality];
            let rule = Rule::of_axiom(axiom, &book.sorts, false);
            let RuleHead::Exists(_, facts) = &rule.head else { continue };
            let code = Code::new(function.relation, true);
            let Some(row) = facts.iter().find(|fact| fact.code == code) else { continue };
            let inputs = row.arguments.len() - 1;
            let variables = row.arguments[..inputs].iter().filter_map(|argument| match argument {
                Argument::Variable(number) => Some(*number),
                Argument::Individual(_) => None,
            });
            book.functions[function.relation.index()] = Some(NativeFunction {
                inputs,
                totality: RuleId(book.rules.len() as u32),
                variables: variables.collect(),
                constructor: function.constructor,
                recursive: compiled.recursive_inputs.get(&function.relation).cloned().unwrap_or_default(),
            });
            book.note_ranges(&rule);
            book.rules.push(Arc::new(rule.clone()));
            // Values of unary functions are also computed without any demand, at a high price.
            if inputs == 1 && !function.constructor {
                book.add(Rule::asking(rule.variables + 1, rule.patterns.clone(), vec![row.clone()], 6));
            }
        }
        let about_sets = |axiom: &Axiom| {
            matches!(axiom.justification.start, Start::Node(_)) && compiled.speaks_of_sets(&axiom.clause)
        };
        if compiled.axioms.iter().any(about_sets) {
            for view in std::mem::take(&mut book.views) {
                book.add(view);
            }
        }
        for (number, axiom) in compiled.axioms.iter().enumerate().take(axioms) {
            let native = compiled
                .functions
                .iter()
                .any(|function| function.totality == number || function.functionality == number);
            if native {
                continue;
            }
            let rule = book.rule_of(axiom);
            book.add_contrapositives(axiom);
            if compiled.is_base(&axiom.clause) {
                book.add_gated(rule, &compiled.signature, 0);
                continue;
            }
            // A recursion equation is used from the function to its value, in whichever direction the theory states it.
            let folding = compiled.is_folding(&axiom.clause);
            let unfolds = !folding && rule.unfolds(&compiled.signature);
            let continuations = if unfolds { rule.continuations(&compiled.signature, 1) } else { Vec::new() };
            let (forward, backward) = match folding {
                true => (None, Some(0)),
                false if unfolds => (Some(2), Some(0)),
                false => (Some(0), None),
            };
            book.add_with_demands(rule, &compiled.signature, forward, backward);
            for demand in continuations {
                book.add(demand);
            }
        }
        if book.denied[RelationId::EQUAL.index()] {
            book.add(Rule::of_axiom(&swapped_inequation(), &book.sorts, true));
        }
        book.horn = !book.denied.contains(&true);
        book
    }

    /// Whether no axiom has a negative premise or a compound formula: positive facts then follow without case splits.
    #[must_use]
    pub fn is_horn(&self) -> bool {
        self.horn
    }

    /// Whether negative facts of a relation are derived.
    #[must_use]
    pub fn denies(&self, relation: RelationId) -> bool {
        self.denied.get(relation.index()).is_some_and(|denied| *denied)
    }

    /// The rule of an axiom or theorem; it derives a negative head only where that is useful.
    #[must_use]
    pub fn rule_of(&self, axiom: &Axiom) -> Rule {
        let derives = match &axiom.clause.head {
            Head::Literal(head) => !head.positive && self.denied[head.relation.index()],
            Head::False | Head::Exists(..) => false,
        };
        Rule::of_axiom(axiom, &self.sorts, derives)
    }

    /// Adds the contrapositives of an axiom or theorem, see [`RuleBook::contrapositives`].
    pub fn add_contrapositives(&mut self, axiom: &Axiom) {
        let Head::Literal(head) = &axiom.clause.head else { return };
        self.note_denials(&axiom.clause);
        let premises: Vec<Pattern> = axiom.clause.premises.iter().map(Pattern::of).collect();
        let (variables, typing) = (axiom.clause.variables, Typing::constants(&self.sorts));
        for rule in self.contrapositives(variables, &premises, &Pattern::of(head), &axiom.justification, typing) {
            self.add(rule);
        }
    }

    /// The rules of an assumption with these premises and this head: the clause itself, and its contrapositives.
    #[must_use]
    pub fn rules_of_assumption(
        &self,
        variables: u16,
        premises: &[Pattern],
        head: RuleHead,
        justification: &Justification,
        typing: Typing<'_>,
    ) -> Vec<Rule> {
        let literal = match &head {
            RuleHead::Fact(pattern) => Some(pattern.clone()),
            RuleHead::Equal(left, right) => Some(Pattern { code: Code::EQUAL, arguments: vec![*left, *right] }),
            _ => None,
        };
        let derives = literal.as_ref().is_some_and(|head| !head.code.positive() && self.denies(head.code.relation()));
        let build = if derives { Rule::deriving } else { Rule::new };
        let mut rules = vec![build(variables, premises.to_vec(), head, Some(justification.clone()), typing)];
        if let Some(head) = literal {
            rules.extend(self.contrapositives(variables, premises, &head, justification, typing));
        }
        rules
    }

    /// The useful contrapositives of a clause: those that conclude something positive, and those whose negative
    /// conclusion other clauses use. Rows of functions are not negated: blocks find by themselves that a value differs.
    fn contrapositives(
        &self,
        variables: u16,
        premises: &[Pattern],
        head: &Pattern,
        justification: &Justification,
        typing: Typing<'_>,
    ) -> Vec<Rule> {
        let is_row = |pattern: &Pattern| self.function(Code::new(pattern.code.relation(), true)).is_some();
        if is_row(head) {
            return Vec::new();
        }
        let is_useful = |pattern: &Pattern| !pattern.code.positive() || self.denied[pattern.code.relation().index()];
        (0..premises.len())
            .filter(|place| is_useful(&premises[*place]) && !is_row(&premises[*place]))
            .filter_map(|place| Rule::contrapositive(variables, premises, head, place, justification, typing))
            .collect()
    }

    fn note_denials(&mut self, clause: &Clause) {
        for relation in denials_of(clause) {
            self.denied[relation.index()] = true;
        }
    }

    /// How the values of a relation are created, if it is a function.
    #[inline]
    #[must_use]
    pub fn function(&self, code: Code) -> Option<&NativeFunction> {
        if !code.positive() {
            return None;
        }
        self.functions.get(code.relation().index())?.as_ref()
    }

    /// The relations that are domains of functions.
    pub fn domains(&self) -> impl Iterator<Item = Code> + '_ {
        let totalities = self.functions.iter().flatten().map(|function| &self.rules[function.totality.0 as usize]);
        totalities.flat_map(|rule| rule.patterns.iter().map(|pattern| pattern.code))
    }

    /// The unary constructors.
    pub fn unary_constructors(&self) -> impl Iterator<Item = Code> + '_ {
        self.functions.iter().enumerate().filter_map(|(relation, function)| {
            let function = function.as_ref()?;
            (function.constructor && function.inputs == 1).then(|| Code::new(RelationId(relation as u16), true))
        })
    }

    /// Whether a rule is the totality of a function.
    #[must_use]
    pub fn is_totality(&self, rule: RuleId) -> bool {
        self.functions.iter().flatten().any(|function| function.totality == rule)
    }

    /// Adds a [gated](Rule::gated) rule: it only determines the value of an existing row. Where there is such a row,
    /// the rule's premises are demanded.
    pub fn add_gated(&mut self, rule: Rule, signature: &Signature, price: u32) {
        let demands = rule.demands(signature, None, Some(price));
        self.add(rule.gated());
        for demand in demands {
            self.add(demand);
        }
    }

    /// Adds a rule and its [demands](Rule::demands).
    pub fn add_with_demands(&mut self, rule: Rule, signature: &Signature, forward: Option<u32>, backward: Option<u32>) {
        let demands = rule.demands(signature, forward, backward);
        self.add(rule);
        for demand in demands {
            self.add(demand);
        }
    }

    fn note_ranges(&mut self, rule: &Rule) {
        for pattern in &rule.patterns {
            if let Some(sort) = self.sorts.of_domain(pattern.code) {
                self.ranged[usize::from(sort.0)] = true;
            }
        }
    }

    /// Adds a rule.
    pub fn add(&mut self, rule: Rule) {
        self.note_ranges(&rule);
        let number = self.rules.len() as u32;
        for (place, pattern) in rule.patterns.iter().enumerate() {
            self.triggers[pattern.code.index()].push((number, place as u16));
            for step in &rule.plans[place].steps {
                let masks = &mut self.masks[step.code.index()];
                if step.mask != 0 && !masks.contains(&step.mask) {
                    masks.push(step.mask);
                }
            }
        }
        self.rules.push(Arc::new(rule));
    }
}

/// For each relation, whether its negative facts are useful: it is among `denied`, occurs negated in premises, is
/// compound, or a contrapositive leads from its negation to a useful one.
fn useful_denials(compiled: &Compiled, denied: impl IntoIterator<Item = RelationId>) -> Vec<bool> {
    let relations = &compiled.signature.relations;
    let mut useful: Vec<bool> = relations.iter().map(|relation| relation.inner.is_some()).collect();
    for relation in denied {
        useful[relation.index()] = true;
    }
    for axiom in &compiled.axioms {
        for relation in denials_of(&axiom.clause) {
            useful[relation.index()] = true;
        }
    }
    loop {
        let mut changed = false;
        for axiom in &compiled.axioms {
            let Head::Literal(head) = &axiom.clause.head else { continue };
            let premises = &axiom.clause.premises;
            let leads_on = premises.iter().any(|premise| premise.positive && useful[premise.relation.index()]);
            if head.positive && leads_on && !relations[head.relation.index()].function {
                changed |= !std::mem::replace(&mut useful[head.relation.index()], true);
            }
        }
        if !changed {
            return useful;
        }
    }
}

/// The relations whose negative facts a clause with a negative premise uses: those of the negative premises, and that
/// of its head, for the contrapositive.
fn denials_of(clause: &Clause) -> impl Iterator<Item = RelationId> + '_ {
    let negative = || clause.premises.iter().filter(|premise| !premise.positive);
    let head = match &clause.head {
        Head::Literal(head) if head.positive && negative().next().is_some() => Some(head),
        _ => None,
    };
    negative().chain(head).map(|literal| literal.relation)
}

/// `x ≠ y → y ≠ x`.
fn swapped_inequation() -> Axiom {
    let apart = |one, other| Literal {
        positive: false,
        relation: RelationId::EQUAL,
        arguments: vec![Term::Variable(one), Term::Variable(other)],
    };
    let clause = Clause { variables: 2, premises: vec![apart(0, 1)], head: Head::Literal(apart(1, 0)) };
    Axiom { clause, justification: Justification { start: Start::Swapped, moves: Vec::new() } }
}
