//! Advice: proposals of advisors are parsed, refuted, tried and proved like any other conjecture, and never trusted.

mod common;

use std::sync::Arc;

use common::run::in_order;
use common::{goal, theories};
use theoremata_logic::advisors::{Guide, Rival, Table};
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::infix::Infix;
use theoremata_logic::search::explore::{
    Advice, Exploration, Fate, Options, Origin, Proposal, Query, Received, Task, Topic,
};
use theoremata_logic::search::premises::Chooser;

/// Runs an exploration to its end with an advisor. With `restarts` it is saved and restored after every round.
fn advised(
    theory: &Arc<Theory>,
    goals: &[Goal],
    options: Options,
    answer: &dyn Fn(&Query) -> Vec<Proposal>,
    restarts: bool,
) -> Exploration {
    let mut exploration = Exploration::new(theory.clone(), goals, options);
    let mut waiting: Vec<Query> = Vec::new();
    loop {
        match exploration.next() {
            Task::Prepare => assert!(exploration.prepare(&mut || true)),
            Task::Solve(blocks) => {
                let (verdicts, count, steps) = in_order(blocks);
                exploration.commit(verdicts, count, steps);
            }
            Task::Ask => {
                waiting.extend(exploration.queries());
                assert_eq!(waiting.len(), exploration.unanswered());
                exploration.advise(std::mem::take(&mut waiting).iter().map(answer).collect());
            }
            Task::Finished => return exploration,
        }
        if restarts && exploration.round() > 0 {
            // A resumed run asks unanswered questions again.
            waiting.clear();
            let bytes = exploration.save();
            let proofs = exploration.theorems.iter().map(|theorem| theorem.checked.proof().clone()).collect();
            exploration =
                Exploration::restore(theory.clone(), goals, options, &bytes, proofs).expect("it was saved just now");
            assert_eq!(exploration.save(), bytes);
        }
        waiting.extend(exploration.queries());
    }
}

fn options(advice: Advice) -> Options {
    Options { generate: false, advice: Some(advice), last_effort: None, ..Options::default() }
}

fn statements(exploration: &Exploration) -> Vec<String> {
    let reading = exploration.reading();
    exploration.theorems.iter().map(|one| reading.statement(one.checked.statement()).to_string()).collect()
}

/// A goal that needs lemmas about addition and multiplication.
fn hard(theory: &Theory) -> Vec<Goal> {
    let text = "(x + y) * (x + y) = ((x * x) + ((x * y) + (x * y))) + (y * y)";
    vec![Infix::new(theory).goal(text).expect("a statement")]
}

#[test]
fn nothing_that_a_liar_proposes_is_believed() {
    let theory = Arc::new(theories::arithmetic());
    let goals = hard(&theory);
    let nobody = advised(&theory, &goals, Options { advice: None, ..options(Advice::DEFAULT) }, &|_| Vec::new(), false);
    let lies = |query: &Query| -> Vec<Proposal> {
        let said = |text: &str| Proposal::Statement(text.to_owned());
        let all = [
            said("x = y"),
            said("x + y = x"),
            said("0 = s(0)"),
            said("x ≠ x"),
            said("this is no statement"),
            said(""),
            said(&"(".repeat(500)),
            said(&"x + ".repeat(5000)),
            said("theorem: x = y"),
            Proposal::Premises(vec![0, 7_000_000]),
            Proposal::Premises((0..500).collect()),
            Proposal::Premises(Vec::new()),
        ];
        all.into_iter().cycle().take(3 * query.most).collect()
    };
    let advice = Advice { questions: 12, proposals: 12, ..Advice::DEFAULT };
    let misled = advised(&theory, &goals, options(advice), &lies, false);
    assert!(!misled.asked().is_empty(), "somebody was asked");
    assert!(misled.asked().len() <= 12 && misled.inconsistency.is_none());
    // The last questions need no answer if the goal is proved before.
    let answered = || misled.asked().iter().filter_map(|asked| Some((asked, asked.answer.as_ref()?)));
    for (asked, answer) in answered() {
        assert!(answer.len() <= 12, "no more is taken than was asked for");
        for (proposal, received) in answer {
            let Received::Conjecture(place) = received else { continue };
            let conjecture = &misled.conjectures[*place];
            assert!(matches!(conjecture.origin, Origin::Advised(_)));
            // Either case of a split is weaker than the goal; a false statement by itself is refuted before it is
            // tried.
            let true_anyway = matches!(asked.topic, Topic::Split | Topic::Steps);
            assert!(true_anyway, "{proposal:?} was tried: {:?}", conjecture.fate);
        }
    }
    for (proposal, received) in answered().filter(|it| it.0.topic == Topic::Lemma).flat_map(|it| it.1) {
        let expected = match proposal {
            Proposal::Premises(_) => matches!(received, Received::Unread(_)),
            Proposal::Statement(text) if text.len() > 500 => matches!(received, Received::TooLarge),
            Proposal::Statement(text) if ["x = y", "x + y = x", "0 = s(0)", "x ≠ x"].contains(&&**text) => {
                *received == Received::Refuted
            }
            Proposal::Statement(_) => matches!(received, Received::Unread(_)),
        };
        assert!(expected, "{proposal:?}: {received:?}");
    }
    // What is proved without advice is proved with the worst advice too.
    let found = statements(&misled);
    for statement in statements(&nobody) {
        assert!(found.contains(&statement), "{statement} is lost");
    }
}

#[test]
fn a_true_lemma_is_proved_and_used_and_says_which_question_it_answers() {
    let theory = Arc::new(theories::arithmetic());
    let goals = hard(&theory);
    let helper = |query: &Query| match query.topic {
        Topic::Lemma => vec![Proposal::Statement("x + y = y + x".to_owned())],
        _ => Vec::new(),
    };
    let run = advised(&theory, &goals, options(Advice::DEFAULT), &helper, false);
    let asked = &run.asked()[0];
    let answer = asked.answer.as_ref().expect("answered");
    let (_, Received::Conjecture(place)) = answer[0] else { panic!("{answer:?}") };
    assert_eq!(run.conjectures[place].question(), Some(0));
    assert!(matches!(run.conjectures[place].fate, Fate::Proved(_)), "{:?}", run.conjectures[place].fate);
}

#[test]
fn an_advised_run_is_the_same_however_often_it_was_cut_off() {
    let theory = Arc::new(theories::arithmetic());
    let goals = hard(&theory);
    let mut table = Table::default();
    let group = theories::groups();
    for axiom in ["(>[a,b,c] (in3[a,b,c,*]) (in3[a,b,c,*]))", "(>[a,b] (in3[a,b,a,*]) (in3[a,b,a,*]))"] {
        table.learn(&group, &goal(&group, "", axiom).statement);
    }
    let rivals = [
        Rival::Drawn(Guide::random(3)),
        Rival::Drawn(Guide::learned(Arc::new(table), 3)),
        Rival::Generalise,
        Rival::Overlap(Chooser::Sine),
        Rival::Overlap(Chooser::MinHash),
    ];
    for rival in rivals {
        let answer = |query: &Query| rival.answer(query);
        let whole = advised(&theory, &goals, options(Advice::DEFAULT), &answer, false);
        let cut = advised(&theory, &goals, options(Advice::DEFAULT), &answer, true);
        assert_eq!(whole.save(), cut.save(), "{rival:?}");
        assert!(!whole.asked().is_empty());
    }
}

#[test]
fn an_exploration_asks_for_conjectures_once_and_tries_them() {
    let theory = Arc::new(theories::groups());
    let answer = |query: &Query| Rival::Drawn(Guide::random(1)).answer(query);
    let options = Options { generate: true, advice: Some(Advice::DEFAULT), ..Options::default() };
    let run = advised(&theory, &[], options, &answer, true);
    let about_all = run.asked().iter().filter(|asked| asked.topic == Topic::Conjectures);
    assert_eq!(about_all.count(), 1);
    let outcomes: Vec<&Received> =
        run.asked().iter().flat_map(|asked| asked.answer.iter().flatten()).map(|it| &it.1).collect();
    assert!(outcomes.iter().any(|received| **received == Received::Refuted), "{outcomes:?}");
}
