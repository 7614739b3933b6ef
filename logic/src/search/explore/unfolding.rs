//! Goals with their premises unfolded: from x ⇝ y, which says that some walk leads from x to y, to a walk of n steps.
//!
//! A block introduces a witness for an existential premise but has no induction on it, since a witness is no variable of
//! its sequent. So a goal with such premises gets a lemma that has the parts of the definition as premises and the
//! witnesses as variables. The lemma can be proved by induction, and the goal follows from it at once.

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
            let clause = goal.clause.as_ref().filter(|_| open).and_then(|clause| unfolded(&self.compiled, clause));
            let Some(clause) = clause else { continue };
            let clause = canonical(&clause);
            if !self.known.contains(&clause) && !self.fails_at_small_values(&clause) {
                self.add(clause, Origin::Lemma(place));
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
}
