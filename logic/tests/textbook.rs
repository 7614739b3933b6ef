//! Textbook laws: explorations search for them first, and prove them.

mod verdict;

use theoremata_logic::search::attempt::solve;
use theoremata_logic::search::explore::{Exploration, Fate, Options, Task};

fn proved(exploration: &Exploration) -> Vec<String> {
    let reading = exploration.reading();
    exploration.theorems.iter().map(|theorem| reading.statement(theorem.checked.statement()).to_string()).collect()
}

/// Neutral, absorbing, least and greatest elements are unique, and equations in groups have solutions; but nothing is
/// stated about elements that no model has.
#[test]
fn laws_with_a_quantifier_inside_are_proved_where_they_are_about_something() {
    for (name, laws, none) in [
        (
            "monoid.mpl",
            &["(∀ b ∈ M : a · b = b) → a = e", "(∀ c ∈ M : a · c = c) ∧ (∀ d ∈ M : d · b = d) → a = b"][..],
            "∃",
        ),
        ("partial-order.mpl", &["(∀ c ∈ P : a ≤ c) ∧ (∀ d ∈ P : b ≤ d) → a = b"], "¬"),
        ("group.mpl", &["∃ c ∈ G : a · c = b", "∃ c ∈ G : c · a = b"], "a · b = a)"),
    ] {
        let exploration = verdict::explore_theory(verdict::shipped(name), &[], Options::default());
        let found = proved(&exploration);
        for law in laws {
            assert!(found.iter().any(|statement| statement.ends_with(law)), "{name}: {law} in {found:#?}");
        }
        assert!(found.iter().all(|statement| !statement.contains(none)), "{name}: {none} in {found:#?}");
    }
}

/// Reachability along symmetric edges is symmetric: by induction on the length of a walk, in a lemma that the law cites.
/// A finished exploration with both is restored from its checkpoint.
#[test]
fn a_relation_defined_from_a_symmetric_one_is_symmetric() {
    let theory = verdict::shipped("graphs.mpl");
    let exploration = verdict::explore_theory(theory.clone(), &[], Options::default());
    let found = proved(&exploration);
    let law = "∀ a b : (∀ c d : c ⟶ d → d ⟶ c) ∧ a ⇝ b → b ⇝ a";
    let place = found.iter().position(|statement| statement == law).expect(law);
    let basis = exploration.theorems[place].checked.basis();
    let lemma = basis.theorems.iter().max().expect("a lemma").0 as usize;
    assert!(found[lemma].contains("walk") && found[lemma].contains("(∀ "), "{}", found[lemma]);
    // Every edge of ⇄ has one back anyway.
    assert!(found.iter().all(|statement| !statement.contains("d ⟶ c) ∧ a ⇄ b")), "{found:#?}");

    let proofs = exploration.theorems.iter().map(|theorem| theorem.checked.proof().clone()).collect();
    let bytes = exploration.save();
    let restored = Exploration::restore(theory, &[], Options::default(), &bytes, proofs).expect("it was just saved");
    assert_eq!(proved(&restored), found);
    assert_eq!(restored.save(), bytes);
}

/// Names used by the theory are not used for variables.
#[test]
fn a_theory_may_call_its_parts_as_it_likes() {
    let theory = "(theory Unit[a,b,x] (& (in[x,a]) (>[p,q,r] (in3[p,q,r,b]) (& (in[p,a]) (in[q,a]) (in[r,a]))) \
                  (>[p,q] (& (in[p,a]) (in[q,a])) (exists[r] (in[r,a]) (in3[p,q,r,b]))) \
                  (>[p,q] (& (in[p,a]) (in[q,a])) (>[r,s] (& (in3[p,q,r,b]) (in3[p,q,s,b])) (=[r,s]))) \
                  (>[p] (in[p,a]) (in3[x,p,p,b]))))";
    let without = format!("{theory} (bounds (predicate in3 (count 0)))");
    let laws = |theory: &str| {
        let found = proved(&verdict::explore(theory, &[], Options::default()));
        found.into_iter().filter(|statement| statement.contains("(∀ ")).count()
    };
    assert!(laws(theory) > 0);
    assert_eq!(laws(&without), 0, "nothing was to be said of operations");
}

/// Bounds on predicates limit the size of generated conjectures, but not of textbook laws.
#[test]
fn bounds_on_a_predicate_keep_laws_of_textbooks_out_only_if_they_keep_it_out() {
    let chains = |bounds: &str| {
        let order = "(theory Order[P,≤] (& (>[x,y] (in2[x,y,≤]) (& (in[x,P]) (in[y,P]))) (>[x] (in[x,P]) (in2[x,x,≤])) \
                     (>[x,y,z] (& (in2[x,y,≤]) (in2[y,z,≤])) (in2[x,z,≤]))))";
        let found = proved(&verdict::explore(&format!("{order} (bounds {bounds})"), &[], Options::default()));
        found.iter().filter(|statement| statement.matches("in2").count() + statement.matches('≤').count() == 4).count()
    };
    assert!(chains("(predicate in2 (count 1))") > 0);
    assert_eq!(chains("(predicate in2 (count 0))"), 0);
    assert_eq!(chains("(atoms 3)"), 0);
}

/// A run stopped in the last stage has the earlier results, and none of an incomplete later step.
#[test]
fn what_is_proved_in_the_end_is_entered_whole_or_not_at_all() {
    // The preparation in which theorems are found, and how often it calls `go_on`.
    let run = |stop: Option<(usize, usize)>| {
        let mut exploration = Exploration::new(verdict::shipped("monoid.mpl"), &[], Options::default());
        let mut prepared = 0;
        loop {
            match exploration.next() {
                Task::Prepare => {
                    let (before, round) = (exploration.theorems.len(), exploration.round());
                    let mut asked = 0;
                    let done = exploration.prepare(&mut || {
                        asked += 1;
                        stop.is_none_or(|(preparation, after)| preparation != prepared || asked <= after)
                    });
                    if !done {
                        assert_eq!((exploration.theorems.len(), exploration.round()), (before, round));
                        return (prepared, asked);
                    }
                    if round > 0 && exploration.theorems.len() > before {
                        assert_eq!(exploration.round(), round + 1, "they belong to a round of their own");
                        return (prepared, asked);
                    }
                    prepared += 1;
                }
                Task::Solve(blocks) => {
                    let count = blocks.len() as u64;
                    let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(solve).unzip();
                    exploration.commit(verdicts, count, steps.iter().sum());
                }
                Task::Ask | Task::Finished => panic!("no preparation found theorems"),
            }
        }
    };
    let (preparation, asked) = run(None);
    assert!(asked > 1);
    assert_eq!(run(Some((preparation, asked - 1))), (preparation, asked));
}

/// Most theorems of the integers hinder the proof of the next one.
#[test]
fn a_goal_is_proved_with_the_theorems_that_matter_for_it() {
    let law = "(>[x,y,u,z,v,w,q] (& (in3[x,y,u,*]) (in3[x,z,v,*]) (in3[u,v,w,+]) (in3[y,z,q,+])) (in3[x,q,w,*]))";
    let options = Options { generate: false, ..Options::default() };
    let exploration = verdict::explore_theory(verdict::shipped("integers.mpl"), &[law], options);
    assert!(matches!(exploration.conjectures[0].fate, Fate::Proved(_)), "{:?}", exploration.conjectures[0].fate);
    assert!(exploration.theorems.len() < 100, "{} theorems were proved before it", exploration.theorems.len());
}

/// In the models, a free set is neither empty nor everything, and a free relation is not transitive: statements that
/// hold only in such special cases are not conjectured.
#[test]
fn free_sets_and_relations_are_nothing_special() {
    for (name, laws, most) in [
        ("lists.mpl", &["filter(filter(a)) = filter(a)", "filter(rev(a)) = rev(filter(a))"][..], 100),
        ("graphs.mpl", &["walk(s(0), a, b) → a ⟶ b", "walk(a, b, c) ∧ walk(d, c, e) → walk(a + d, b, e)"], 60),
    ] {
        let theory = verdict::shipped(name);
        let exploration =
            verdict::explore_theory(theory.clone(), &[], Options { last_effort: None, ..Options::default() });
        let infix = theoremata_logic::language::infix::Infix::new(&theory);
        let reading = exploration.reading();
        for law in laws {
            let law = infix.goal(law).expect("a statement").statement;
            let shown = reading.statement(&reading.named(&law)).to_string();
            let turned = proved(&exploration);
            assert!(turned.contains(&shown) || turned.iter().any(|one| sides(one) == sides(&shown)), "{name}: {shown}");
        }
        let open = exploration.conjectures.iter().filter(|one| matches!(one.fate, Fate::Open(_))).count();
        assert!(open <= most, "{name}: {open} open");
    }
}

/// The sides of an equation, in some order.
fn sides(statement: &str) -> Vec<&str> {
    let (_, equation) = statement.rsplit_once(" : ").unwrap_or(("", statement));
    let mut sides: Vec<&str> = equation.split(" = ").collect();
    sides.sort_unstable();
    sides
}
