//! Goals with their premises unfolded: from x ⇝ y, which says that some walk leads from x to y, to a walk of n steps; and
//! with functions replaced by their definitions: from max(x, y) to x + (y ∸ x).
//!
//! A block introduces a witness for an existential premise but has no induction on it, since a witness is no variable of
//! its sequent. So a goal with such premises gets a lemma that has the parts of the definition as premises and the
//! witnesses as variables. The lemma can be proved by induction, and the goal follows from it at once. Likewise, an
//! induction looks at the functions in its sequent, and the recursive ones may stand in a definition.

use crate::clauses::clause::{Clause, Head, Literal, Term};
use crate::clauses::compile::Compiled;
use crate::conjecture::canonical;

use super::Exploration;
use super::conjecture::{Fate, Origin};

impl Exploration {
    /// Adds the unfolded forms of open goals and textbook laws as lemmas; false if there are no new ones.
    pub(super) fn add_unfoldings(&mut self) -> bool {
        let count = self.conjectures.len();
        for place in 0..count {
            let goal = &self.conjectures[place];
            let open = matches!(goal.fate, Fate::Waiting | Fate::Open(_)) && self.is_wanted(goal);
            let Some(clause) = goal.clause.clone().filter(|_| open) else { continue };
            for clause in [unfolded(&self.compiled, &clause), expanded(&self.compiled, &clause)].into_iter().flatten() {
                let clause = canonical(&clause);
                if !self.known.contains(&clause) && !self.fails_at_small_values(&clause) {
                    self.add(clause, Origin::Lemma(place));
                }
            }
        }
        self.conjectures.len() > count
    }
}

/// The clause with each premise replaced that an axiom `P(x, …) → ∃ witnesses …` unfolds, if some witness lies in the sort
/// of a generated set.
pub(super) fn unfolded(compiled: &Compiled, clause: &Clause) -> Option<Clause> {
    let axioms = || compiled.axioms.iter().map(|axiom| &axiom.clause);
    let (mut variables, mut premises) = (clause.variables, Vec::new());
    for premise in &clause.premises {
        // That a function has a value at every element of a set is no definition of the set.
        let is_defined =
            premise.arguments.len() > 1 && !compiled.signature.relations[premise.relation.index()].function;
        let axioms = axioms().filter(|_| is_defined);
        let mut instances = axioms.filter_map(|axiom| consequence(axiom, premise, variables));
        match instances.find(|(_, facts)| are_about_generated(compiled, facts, variables)) {
            Some((count, facts)) => {
                variables += count;
                premises.extend(facts);
            }
            None => premises.push(premise.clone()),
        }
    }
    // The witnesses of the head are numbered after all variables.
    let shifted = |term: &Term| match term {
        Term::Variable(variable) if *variable >= clause.variables => {
            Term::Variable(variable + variables - clause.variables)
        }
        term => *term,
    };
    let head = match &clause.head {
        Head::Exists(count, facts) => {
            Head::Exists(*count, facts.iter().map(|fact| rewritten(fact, &shifted)).collect())
        }
        head => head.clone(),
    };
    (variables > clause.variables).then_some(Clause { variables, premises, head })
}

/// The most rows of an expanded clause.
const MOST_ROWS: usize = 16;

/// The clause with values of defined functions replaced by those that define them; `None` if it has none, or becomes too
/// large. A theory without generated sets has no use for it.
fn expanded(compiled: &Compiled, clause: &Clause) -> Option<Clause> {
    let Head::Literal(head) = &clause.head else { return None };
    let (mut variables, mut head) = (clause.variables, head.clone());
    let mut premises = clause.premises.clone();
    let mut changed = false;
    while premises.len() <= MOST_ROWS && !compiled.inductions.is_empty() {
        let found = (0..premises.len()).find_map(|place| Some((place, definition(compiled, &premises[place])?)));
        if let Some((place, definition)) = found {
            let row = premises.remove(place);
            premises.extend(definition.of(&row, &mut variables));
        } else if let Some(definition) = definition(compiled, &head) {
            let mut rows = definition.of(&head, &mut variables);
            // The row that gives the value is the new head.
            let gives = rows.iter().position(|row| row.arguments.last() == head.arguments.last())?;
            head = rows.remove(gives);
            premises.extend(rows);
        } else {
            return changed.then_some(Clause { variables, premises, head: Head::Literal(head) });
        }
        changed = true;
    }
    None
}

/// A function defined by an equation: its row, and the rows of other functions that determine its value.
struct Definition<'c> {
    row: &'c Literal,
    rows: Vec<&'c Literal>,
    variables: u16,
}

impl Definition<'_> {
    /// The rows of the definition for a row of the function; new variables are numbered from `variables` on.
    fn of(&self, row: &Literal, variables: &mut u16) -> Vec<Literal> {
        let mut binding: Vec<Option<Term>> = vec![None; usize::from(self.variables)];
        for (own, term) in self.row.arguments.iter().zip(&row.arguments) {
            if let Term::Variable(variable) = own {
                binding[usize::from(*variable)] = Some(*term);
            }
        }
        let terms: Vec<Term> = binding
            .into_iter()
            .map(|known| {
                known.unwrap_or_else(|| {
                    *variables += 1;
                    Term::Variable(*variables - 1)
                })
            })
            .collect();
        let put = |term: &Term| match term {
            Term::Variable(variable) => terms[usize::from(*variable)],
            constant => *constant,
        };
        self.rows.iter().map(|row| rewritten(row, &put)).collect()
    }
}

/// The definition of the function of a row, if the only axiom about its values is an equation without recursion between
/// `f(x, y, …)` and a term of other functions.
fn definition<'c>(compiled: &'c Compiled, row: &Literal) -> Option<Definition<'c>> {
    let function = compiled.function(row.relation).filter(|function| !function.constructor && row.positive)?;
    let inputs = function.domain.len();
    let is_about = |literal: &&Literal| literal.relation == row.relation;
    let mut found = None;
    for (number, axiom) in compiled.axioms.iter().enumerate() {
        let Head::Literal(head) = &axiom.clause.head else { continue };
        let is_typing = head.arguments.len() == 1 && axiom.clause.premises.len() == 1;
        let mut literals = axiom.clause.premises.iter().chain([head]);
        if number == function.functionality || is_typing || !literals.any(|literal| is_about(&literal)) {
            continue;
        }
        if found.replace((&axiom.clause, head)).is_some() {
            return None;
        }
    }
    let (clause, head) = found?;
    let literals = || clause.premises.iter().chain([head]);
    let mut own = literals().filter(is_about);
    let (defined, None) = (own.next()?, own.next()) else { return None };
    let is_general = (0..=inputs).all(|place| {
        matches!(defined.arguments[place], Term::Variable(_))
            && !defined.arguments[..place].contains(&defined.arguments[place])
    });
    let rows: Vec<&Literal> =
        literals().filter(|literal| literal.relation != row.relation && literal.arguments.len() > 1).collect();
    let is_row = |literal: &&Literal| literal.positive && compiled.function(literal.relation).is_some();
    let gives = rows.iter().filter(|row| row.arguments.last() == defined.arguments.last()).count();
    (is_general && gives == 1 && rows.iter().all(is_row)).then_some(Definition {
        row: defined,
        rows,
        variables: clause.variables,
    })
}

/// Whether a variable from `first` on lies in the sort of a generated set.
fn are_about_generated(compiled: &Compiled, facts: &[Literal], first: u16) -> bool {
    let relations = &compiled.signature.relations;
    let sets = || compiled.inductions.iter().map(|induction| &relations[induction.set.index()].sorts);
    facts.iter().any(|fact| {
        let sorts = fact.arguments.iter().zip(&relations[fact.relation.index()].sorts);
        let mut new = sorts.filter(|(term, _)| matches!(term, Term::Variable(variable) if *variable >= first));
        new.any(|(_, sort)| sets().any(|sorts| sorts.first() == Some(sort)))
    })
}

/// What an axiom of the form `P(x, y, …) → …` says of a literal P(…): the number of its witnesses, which are numbered from
/// `first` on, and its conclusion.
pub(super) fn consequence(axiom: &Clause, literal: &Literal, first: u16) -> Option<(u16, Vec<Literal>)> {
    let [premise] = &axiom.premises[..] else { return None };
    let is_general = premise.positive
        && literal.positive
        && premise.relation == literal.relation
        && premise.arguments.len() == usize::from(axiom.variables)
        && premise.arguments.iter().zip(0..).all(|(argument, place)| *argument == Term::Variable(place));
    let (count, facts) = match &axiom.head {
        Head::Exists(count, facts) => (*count, &facts[..]),
        Head::Literal(fact) => (0, std::slice::from_ref(fact)),
        Head::False => return None,
    };
    let put = |term: &Term| match term {
        Term::Variable(variable) => match variable.checked_sub(axiom.variables) {
            None => literal.arguments[usize::from(*variable)],
            Some(witness) => Term::Variable(first + witness),
        },
        constant => *constant,
    };
    is_general.then(|| (count, facts.iter().map(|fact| rewritten(fact, &put)).collect()))
}

/// A literal with other arguments.
pub(super) fn rewritten(literal: &Literal, put: &dyn Fn(&Term) -> Term) -> Literal {
    Literal { arguments: literal.arguments.iter().map(put).collect(), ..literal.clone() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::language::mpl::read_mpl;
    use crate::search::explore::Options;

    /// The witness becomes a variable of the clause, and those of the head keep their numbers apart from it.
    #[test]
    fn premises_are_unfolded_and_witnesses_of_the_head_stay() {
        let text = "(define Numbers[N,0,s] (& (in[0,N])
            (>[x,y] (in2[x,y,s]) (& (in[x,N]) (in[y,N]))) (>[x] (in[x,N]) (exists[y] (in[y,N]) (in2[x,y,s])))
            (>[x,y,z] (& (in2[x,y,s]) (in2[x,z,s])) (=[y,z]))))
          (generated \"induction\" Numbers[N,0,s] N 0 s[N])
          (theory Steps[N,0,s,V,step,reach] (& (Numbers[N,0,s])
            (>[n,x,y] (in3[n,x,y,step]) (& (in[n,N]) (in[x,V]) (in[y,V])))
            (>[x,y] (in2[x,y,reach]) (exists[n] (in[n,N]) (in3[n,x,y,step])))))
          (conjecture c (>[x,y] (in2[x,y,reach]) (exists[z] (in[z,V]) (in2[y,z,reach]))))";
        let (theory, _) = read_mpl("test.mpl", text.as_bytes(), &mut |path| Err(path.to_owned())).expect("a theory");
        let exploration = Exploration::new(Arc::new(theory), &[], Options::default());
        let goal = exploration.conjectures[0].clause.clone().expect("a clause");
        let lemma = unfolded(&exploration.compiled, &goal).expect("a definition");
        let written = |clause: &Clause| {
            exploration.reading().statement(&exploration.statement_of(clause).expect("a statement")).to_string()
        };
        assert_eq!(written(&goal), "∀ a b : (a, b) ∈ reach → (∃ c ∈ V : (b, c) ∈ reach)");
        assert_eq!(written(&lemma), "∀ a ∈ N, ∀ b c : (a, b, c) ∈ step → (∃ d ∈ V : (c, d) ∈ reach)");
        assert_eq!(unfolded(&exploration.compiled, &lemma), None);
    }

    /// A function with a definition is replaced by it, wherever it stands; a recursive one stays.
    #[test]
    fn defined_functions_are_expanded() {
        let text = "(define function[f,X,Y] (& (>[x,y] (in2[x,y,f]) (& (in[x,X]) (in[y,Y])))
              (>[x] (in[x,X]) (exists[y] (in[y,Y]) (in2[x,y,f])))
              (>[x] (in[x,X]) (>[y,z] (& (in2[x,y,f]) (in2[x,z,f])) (=[y,z])))))
          (define Numbers[N,0,s] (& (in[0,N]) (function[s,N,N])))
          (generated \"induction\" Numbers[N,0,s] N 0 s[N])
          (theory Twice[N,0,s,d,two] (& (Numbers[N,0,s]) (function[d,N,N]) (function[two,N,N]) (in2[0,0,d])
            (>[x,y,z,u,v] (& (in2[x,y,s]) (in2[x,z,d]) (in2[z,u,s]) (in2[u,v,s])) (in2[y,v,d]))
            (>[x,y,z] (& (in2[x,y,s]) (in2[x,z,two])) (in2[y,z,s]))))
          (conjecture c (>[x,y,z,u] (& (in2[x,y,d]) (in2[y,z,two]) (in2[x,u,two])) (in2[u,z,two])))
          (conjecture plain (>[x,y] (in2[x,y,d]) (in2[y,x,s])))";
        let (theory, _) = read_mpl("test.mpl", text.as_bytes(), &mut |path| Err(path.to_owned())).expect("a theory");
        let theory = Arc::new(theory);
        let exploration = Exploration::new(theory.clone(), &theory.goals, Options::default());
        let clause = |place: usize| exploration.conjectures[place].clause.clone().expect("a clause");
        let lemma = expanded(&exploration.compiled, &clause(0)).expect("two has a definition");
        let statement = exploration.statement_of(&lemma).expect("a statement");
        assert_eq!(exploration.reading().statement(&statement).to_string(), "∀ a : s(s(d(a))) = s(s(s(s(a))))");
        assert_eq!(expanded(&exploration.compiled, &clause(1)), None);
    }
}
