//! Goal-directed search: the goal of a block, and the values likely to lead to it.
//!
//! From a goal about a relation, backward chaining goes a few rules deep: from the premises of the rules that conclude
//! it to function rows. The values of those rows are demanded; for an open input, the goal's own individuals, the
//! constants and their successors are tried. Rows with a known value may bind inputs of the others. An equation is
//! reduced to the premises of rules such as antisymmetry.

use crate::clauses::clause::RelationId;
use crate::saturation::facts::{FactId, Reason};
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::rule::{Rule, RuleHead, in_order};

use super::agenda::Wanted;
use super::{Block, Goal, Limits, UNBOUND, stands_for};

/// The steps spent on the memberships of a goal's inputs before its value is created.
const MEMBERSHIPS: u64 = 1_000;
/// The depth of backward chaining, in rules.
const DEPTH: u32 = 3;
/// The most subgoals examined, and the most demands derived from them.
const SUBGOALS: usize = 64;
const DEMANDS: usize = 48;
/// The part of a block's steps spent on joining its demands with the facts of its ancestors, as a divisor. The cases of a
/// split inherit the facts of a stuck block, which can take more than ten times the steps that a case has.
pub(super) const DEMANDS_SHARE: u64 = 4;
/// The most denials of one relation that are chained backwards from.
const DENIED: usize = 8;
/// The most constants, and the most other individuals, tried for an open input.
const TRIED: usize = 8;

/// A subgoal: patterns with existentially quantified variables.
struct Subgoal {
    depth: u32,
    variables: u16,
    patterns: Vec<Pattern>,
}

impl Block {
    /// Sets the goal. The values of functions in the goal are demanded first.
    ///
    /// Without `drives`, only forward demands and the goal's own values are created.
    pub fn want(&mut self, goal: Goal, drives: bool) {
        self.drives = drives;
        if let Goal::Fact(code, arguments) = &goal
            && let Some(function) = self.book.function(*code)
        {
            let binding = arguments[..function.inputs].to_vec();
            let rule = function.totality;
            self.agenda.push(Wanted { price: 0, rule, binding, parents: Vec::new() });
        }
        self.goal = Some(goal);
        if drives {
            self.ask_for_inductive_rows();
        }
        self.look_back();
        if let Some(Goal::Exists(variables, patterns)) = &self.goal {
            let rule = Rule::new(*variables, patterns.clone(), RuleHead::Goal, None, self.typing());
            self.assume_rule(rule);
        }
    }

    /// Repeats the backward chaining with the individuals created since.
    pub fn want_more(&mut self) {
        if self.guessed_from != self.classes.len() as u32 {
            self.look_back();
        }
    }

    /// The equation to which a goal comes down, if rules without function rows conclude equations, as orders do. Several
    /// rows with constants as their values, as in `x · y = 0 ∧ y · x = 0 → x = y`, only state relations.
    fn equation(&mut self) -> Option<Pattern> {
        let is_order = |rule: &Rule| {
            let rows = || rule.patterns.iter().filter(|pattern| self.book.function(pattern.code).is_some());
            let states_relations = || {
                rows().all(|row| matches!(row.arguments.last(), Some(Argument::Individual(_)))) && rows().count() != 1
            };
            matches!(rule.head, RuleHead::Equal(..)) && !rule.patterns.is_empty() && states_relations()
        };
        if !self.book.rules.iter().any(|rule| is_order(rule)) {
            return None;
        }
        let (left, right) = match self.goal.clone()? {
            Goal::Equal(left, right) => (left, right),
            Goal::Fact(code, arguments) if self.book.function(code).is_some() => {
                let (value, inputs) = arguments.split_last()?;
                // The memberships of the inputs come first.
                self.run(Limits { steps: MEMBERSHIPS, creations: 0 });
                (self.make_value(code, inputs)?, *value)
            }
            _ => return None,
        };
        let arguments = [left, right].map(|one| Argument::Individual(self.classes.find(one))).to_vec();
        Some(Pattern { code: Code::EQUAL, arguments })
    }

    /// Chains backwards from the goal or, for the goal `False`, from the denied assumptions. Equations are left to the
    /// rules, unless they follow from an order.
    fn look_back(&mut self) {
        if self.drives
            && let Some(equation) = self.equation()
        {
            self.pursue(Subgoal { depth: 0, variables: 0, patterns: vec![equation] });
            return;
        }
        let (variables, patterns) = match &self.goal {
            Some(Goal::Fact(code, arguments)) if self.book.function(*code).is_none() => {
                let arguments = arguments.iter().map(|individual| Argument::Individual(*individual)).collect();
                (0, vec![Pattern { code: *code, arguments }])
            }
            Some(Goal::Exists(variables, patterns)) => (*variables, patterns.clone()),
            Some(Goal::False) => {
                let mut denied = self.denied();
                denied.retain(|pattern| pattern.code != Code::EQUAL);
                (0, denied)
            }
            _ => return,
        };
        if !patterns.is_empty() {
            self.pursue(Subgoal { depth: 0, variables, patterns });
        }
    }

    /// The ground subgoals one rule away from the goal: premises of rules that conclude it, or, for the goal `False`,
    /// that conclude a denied fact. Rows of functions are left out.
    pub(super) fn subgoals(&self) -> Vec<Pattern> {
        let about = |individuals: &[Individual]| individuals.iter().map(|one| Argument::Individual(*one)).collect();
        let wanted = match &self.goal {
            Some(Goal::Fact(code, arguments)) if self.book.function(*code).is_some() => {
                let (value, inputs) = arguments.split_last().expect("a function has a value");
                let Some((known, _)) = self.value(*code, inputs) else { return Vec::new() };
                vec![Pattern { code: Code::EQUAL, arguments: about(&[known, *value]) }]
            }
            Some(Goal::Fact(code, arguments)) => vec![Pattern { code: *code, arguments: about(arguments) }],
            Some(Goal::Equal(left, right)) => vec![Pattern { code: Code::EQUAL, arguments: about(&[*left, *right]) }],
            Some(Goal::False) => self.denied(),
            Some(Goal::Exists(..)) | None => Vec::new(),
        };
        let mut found = Vec::new();
        for literal in &wanted {
            self.premises_of(literal, 1, &mut found);
        }
        let is_ground = |pattern: &Pattern| {
            let individual = |argument: &Argument| matches!(argument, Argument::Individual(_));
            self.book.function(Code::new(pattern.code.relation(), true)).is_none()
                && self.book.sorts.of_domain(pattern.code).is_none()
                && pattern.arguments.iter().all(individual)
        };
        found
            .into_iter()
            .filter(|subgoal| subgoal.patterns.iter().all(is_ground))
            .flat_map(|subgoal| subgoal.patterns)
            .filter(|pattern| pattern.arguments.len() > 1 || self.book.denies(pattern.code.relation()))
            .collect()
    }

    /// The facts denied by assumptions of this block or its ancestors; if there are none, those denied by facts of this
    /// block. Rows of functions are left out.
    fn denied(&self) -> Vec<Pattern> {
        let assumed = self.denials(&|fact| matches!(self.layer_of(fact).reason(fact), Reason::Given(_)));
        if assumed.is_empty() { self.denials(&|fact| fact.0 >= self.layer.first_fact) } else { assumed }
    }

    /// The positive forms of the denials that satisfy `is_meant`.
    fn denials(&self, is_meant: &dyn Fn(FactId) -> bool) -> Vec<Pattern> {
        (0..self.book.triggers.len() as u32 / 2)
            .map(|relation| Code(2 * relation + 1))
            .filter(|code| self.book.function(code.opposite()).is_none())
            .flat_map(|code| {
                let meant = self.facts_of(code).filter(|fact| is_meant(*fact) && self.is_current(*fact));
                meant.take(DENIED).map(move |fact| (code, fact))
            })
            .map(|(code, fact)| {
                let arguments = self.arguments(fact).iter().map(|one| Argument::Individual(*one)).collect();
                Pattern { code: code.opposite(), arguments }
            })
            .collect()
    }

    /// Demands the values that would lead to a subgoal.
    fn pursue(&mut self, first: Subgoal) {
        let mut demands = Vec::new();
        let mut known = Vec::new();
        let mut aims = Vec::new();
        let mut queue = vec![first];
        let mut next = 0;
        let deepest = if self.drives { DEPTH } else { 0 };
        while next < queue.len() {
            let Subgoal { depth, variables, patterns } = &queue[next];
            let (depth, variables) = (*depth, *variables);
            let is_row = |pattern: &&Pattern| self.book.function(pattern.code).is_some();
            let rows: Vec<&Pattern> = patterns.iter().filter(is_row).collect();
            // For a row with a given value, any value is demanded.
            let given = |row: &&Pattern| matches!(row.arguments.last(), Some(Argument::Individual(_)));
            let mut free = variables;
            let open = rows.iter().map(|row| {
                let mut row = (*row).clone();
                if given(&&row) {
                    *row.arguments.last_mut().expect("a function has a value") = Argument::Variable(free);
                    free += 1;
                }
                row
            });
            let open: Vec<Pattern> = open.collect();
            if let Some(values) = in_order(&[], open.iter().collect()).filter(|values| !values.is_empty()) {
                demands.push(Rule::asking(free, Vec::new(), values, depth));
            } else if self.drives {
                // Rows with a given value may be known: of y with y · x ≤ z, where z = a / b is a known quotient, b · y is
                // demanded.
                let (core, wanted): (Vec<&Pattern>, Vec<&Pattern>) = rows.iter().copied().partition(|row| given(row));
                let core: Vec<Pattern> = core.into_iter().cloned().collect();
                if let Some(values) = in_order(&core, wanted).filter(|values| !values.is_empty()) {
                    known.push(Rule::asking(variables, core, values, depth));
                }
                for row in rows {
                    if row.arguments.iter().filter(|argument| matches!(argument, Argument::Individual(_))).count() > 1 {
                        aims.push(row.clone());
                    }
                    if demands.len() < DEMANDS {
                        self.guesses(variables, row, depth, &mut demands);
                    }
                }
            }
            let mut found = Vec::new();
            if depth < deepest {
                if depth == 0 {
                    self.put_in_place(variables, patterns, &mut found);
                }
                for pattern in patterns {
                    if self.book.function(pattern.code).is_none() {
                        let before = found.len();
                        self.premises_of(pattern, depth + 1, &mut found);
                        if pattern.code == Code::EQUAL {
                            // Every functional equation has such premises; an order has few.
                            let more = found.split_off(before);
                            found.extend(more.into_iter().filter(|subgoal| self.is_plain(subgoal)));
                        }
                    }
                }
            }
            found.truncate(SUBGOALS.saturating_sub(queue.len()));
            queue.extend(found);
            next += 1;
        }
        demands.truncate(DEMANDS);
        // Guesses are many and must not displace what known values ask for.
        demands.extend(known);
        self.aims = aims;
        self.guessed_from = self.classes.len() as u32;
        // Each demand is joined with all facts of the block and its ancestors.
        let until = self.steps.saturating_add(self.most_steps / DEMANDS_SHARE);
        for demand in demands {
            if self.steps > until {
                break;
            }
            self.assume_rule(demand);
        }
    }

    /// Whether a subgoal contains no function rows, such as x ≤ y and y ≤ x, except rows between given individuals.
    fn is_plain(&self, subgoal: &Subgoal) -> bool {
        let is_given = |argument: &Argument| matches!(argument, Argument::Individual(_));
        let is_plain =
            |pattern: &Pattern| self.book.function(pattern.code).is_none() || pattern.arguments.iter().all(is_given);
        subgoal.patterns.iter().all(is_plain)
    }

    /// Instances of the subgoal: an individual of the block replaces the first variable that occurs in a relation.
    fn put_in_place(&self, variables: u16, patterns: &[Pattern], found: &mut Vec<Subgoal>) {
        let plain = patterns.iter().filter(|pattern| {
            self.book.function(pattern.code).is_none() && pattern.code.relation() != RelationId::EQUAL
        });
        let open = plain.flat_map(|pattern| pattern.arguments.iter().enumerate().map(move |at| (pattern, at)));
        let looked_for = open.filter_map(|(pattern, (place, argument))| match argument {
            Argument::Variable(number) => Some((*number, self.book.sorts.at(pattern.code.relation(), place))),
            Argument::Individual(_) => None,
        });
        let Some((looked_for, sort)) = looked_for.min_by_key(|(number, _)| *number) else { return };
        let fits = |individual: &Individual| {
            self.sorts[individual.0 as usize] == sort && self.classes.find(*individual) == *individual
        };
        for individual in (0..self.classes.len() as u32).rev().map(Individual).filter(fits).take(TRIED) {
            let put = |number| {
                if number == looked_for { Argument::Individual(individual) } else { Argument::Variable(number) }
            };
            let patterns = patterns.iter().map(|pattern| pattern.map(&put)).collect();
            found.push(Subgoal { depth: 1, variables, patterns });
        }
    }

    /// Whether the values of a demand lead to one of the rows in `aims`.
    pub(super) fn is_aimed_at(&self, demand: &Rule, rows: &[Pattern], binding: &[Individual]) -> bool {
        if self.aims.is_empty() || demand.leads_to.is_empty() {
            return false;
        }
        let mut binding = binding.to_vec();
        for row in rows {
            let (value, inputs) = row.arguments.split_last().expect("a function has a value");
            let inputs: Vec<Individual> = inputs.iter().map(|input| stands_for(*input, &binding)).collect();
            if let Argument::Variable(number) = value
                && binding[usize::from(*number)] == UNBOUND
                && !inputs.contains(&UNBOUND)
                && let Some((value, _)) = self.value(row.code, &inputs)
            {
                binding[usize::from(*number)] = value;
            }
        }
        let agrees = |aim: &Argument, own: &Argument| match (aim, stands_for(*own, &binding)) {
            (Argument::Variable(_), _) => true,
            (Argument::Individual(_), UNBOUND) => false,
            (Argument::Individual(wanted), own) => self.classes.find(*wanted) == self.classes.find(own),
        };
        self.aims.iter().any(|aim| {
            let agrees = |row: &Pattern| aim.arguments.iter().zip(&row.arguments).all(|(aim, own)| agrees(aim, own));
            demand.leads_to.iter().any(|row| row.code == aim.code && agrees(row))
        })
    }

    /// Subgoals from the premises of the rules that conclude this fact.
    fn premises_of(&self, fact: &Pattern, depth: u32, found: &mut Vec<Subgoal>) {
        let known = |argument: &Argument| match argument {
            Argument::Individual(individual) => Some(self.classes.find(*individual)),
            Argument::Variable(_) => None,
        };
        let Some(arguments) = fact.arguments.iter().map(known).collect::<Option<Vec<Individual>>>() else { return };
        let rules = self.book.rules.iter().chain(self.local.iter().map(|(_, rule)| rule));
        for rule in rules.filter(|rule| rule.justification.is_some() && !rule.patterns.is_empty()) {
            let sides;
            let head = match &rule.head {
                RuleHead::Fact(head) if head.code == fact.code => &head.arguments,
                RuleHead::Equal(left, right) if fact.code == Code::EQUAL => {
                    sides = vec![*left, *right];
                    &sides
                }
                _ => continue,
            };
            let mut binding: Vec<Option<Individual>> = vec![None; usize::from(rule.variables)];
            let fits = head.iter().zip(&arguments).all(|(argument, individual)| match argument {
                Argument::Individual(other) => self.classes.find(*other) == *individual,
                Argument::Variable(number) => *binding[usize::from(*number)].get_or_insert(*individual) == *individual,
            });
            if fits {
                let instance =
                    |number: u16| binding[usize::from(number)].map_or(Argument::Variable(number), Argument::Individual);
                let patterns: Vec<Pattern> = rule.patterns.iter().map(|pattern| pattern.map(&instance)).collect();
                // A rule that concludes an equation may be about another sort.
                if patterns.iter().all(|pattern| self.is_well_sorted(pattern)) {
                    found.push(Subgoal { depth, variables: rule.variables, patterns });
                }
            }
        }
    }

    /// Whether the individuals of a pattern have the sorts of its relation.
    fn is_well_sorted(&self, pattern: &Pattern) -> bool {
        if pattern.code.relation() == RelationId::EQUAL {
            return true;
        }
        let sorts = &self.book.sorts;
        let domain = sorts.of_domain(pattern.code);
        pattern.arguments.iter().enumerate().all(|(place, argument)| match argument {
            Argument::Individual(individual) => {
                let wanted = domain.unwrap_or_else(|| sorts.at(pattern.code.relation(), place));
                self.sorts[individual.0 as usize] == wanted
            }
            Argument::Variable(_) => true,
        })
    }

    /// The number of constants of the theory, which are the first individuals.
    pub(super) fn constants(&self) -> u32 {
        self.ancestors.first().map_or(&self.layer, |root| root).first_individual
    }

    /// Demands for the value of a function with an unknown input, which is replaced by a constant, an individual of the
    /// block, or a constructor applied to one of these.
    fn guesses(&self, variables: u16, row: &Pattern, depth: u32, demands: &mut Vec<Rule>) {
        let (_, inputs) = row.arguments.split_last().expect("a function has a value");
        let mut unknown = inputs.iter().filter_map(|input| match input {
            Argument::Variable(number) => Some(*number),
            Argument::Individual(_) => None,
        });
        let (Some(looked_for), None) = (unknown.next(), unknown.next()) else { return };
        let place = inputs.iter().position(|input| *input == Argument::Variable(looked_for)).expect("it was found");
        let sort = self.book.sorts.at(row.code.relation(), place);
        let fits = |individual: &Individual| {
            self.sorts[individual.0 as usize] == sort && self.classes.find(*individual) == *individual
        };
        // Any value is demanded: that of a row is created in any case.
        let value = |input: Argument, variables: u16| {
            let put = |number| if number == looked_for { input } else { Argument::Variable(number) };
            let mut value = row.map(&put);
            *value.arguments.last_mut().expect("a function has a value") = Argument::Variable(variables);
            value
        };
        let constants = self.constants();
        // Individuals tried before are not tried again.
        let first = if self.guessed_from == 0 { 0 } else { constants };
        let known = (first..constants).map(Individual).filter(fits).take(TRIED);
        let newest = (constants.max(self.guessed_from)..self.classes.len() as u32)
            .rev()
            .map(Individual)
            .filter(fits)
            .take(TRIED);
        for individual in known.clone().chain(newest.clone()) {
            let row = value(Argument::Individual(individual), variables);
            demands.push(Rule::asking(variables + 1, Vec::new(), vec![row], depth + 1));
        }
        for code in self.book.unary_constructors().filter(|code| self.book.sorts.at(code.relation(), 1) == sort) {
            for input in known.clone().take(2).chain(newest.clone().take(3)) {
                if self.book.sorts.at(code.relation(), 0) != self.sorts[input.0 as usize] {
                    continue;
                }
                let made = Argument::Variable(variables);
                let step = Pattern { code, arguments: vec![Argument::Individual(input), made] };
                let row = value(made, variables + 1);
                demands.push(Rule::asking(variables + 2, Vec::new(), vec![step, row], depth + 2));
            }
        }
    }
}
