//! Queries to an advisor and the fate of its proposals, as values and in words.

use serde_json::{Value, json};
use theoremata_actors::proof_codec::number_of;
use theoremata_actors::run::{Manner, math};
use theoremata_logic::language::characters::visible_line;
use theoremata_logic::search::explore::{Asked, Exploration, Fate, Proposal, Received, Topic};
use theoremata_store::Run;

/// The advisor of a run, in words, if it has one.
pub(crate) fn advisor(run: &Run) -> Option<String> {
    Some(Manner::read(&run.options).ok()?.advised?.by.to_string())
}

/// All queries, with their proposals and the fate of each; `None` if there were none.
pub(crate) fn questions(exploration: &Exploration) -> Option<Value> {
    let asked = exploration.asked();
    let question = |asked: &Asked| {
        let proposals = asked.answer.as_ref().map(|answer| {
            let proposal = |(proposal, received): &(Proposal, Received)| {
                json!({
                    "proposal": shown(exploration, proposal), "became": became(exploration, received),
                    "theorem": theorem(exploration, received),
                })
            };
            answer.iter().map(proposal).collect::<Vec<_>>()
        });
        json!({ "topic": asked.topic.name(), "about": about(exploration, asked), "proposals": proposals })
    };
    (!asked.is_empty()).then(|| asked.iter().map(question).collect())
}

/// A summary of all proposals, with one line for each that became a theorem; empty without queries.
pub(crate) fn told(exploration: &Exploration, advisor: &str) -> Vec<String> {
    let answers: Vec<_> =
        exploration.asked().iter().filter_map(|asked| Some((asked, asked.answer.as_ref()?))).collect();
    if exploration.asked().is_empty() {
        return Vec::new();
    }
    let all = || answers.iter().flat_map(|(_, answer)| answer.iter());
    let count = |kind: &str| all().filter(|(_, received)| became(exploration, received) == kind).count();
    let kinds = ["no statement", "too large", "known", "refuted", "immediate", "open", "proved", "attempt"];
    let counts = kinds.into_iter().map(|kind| (count(kind), kind)).filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, kind)| format!("{count} {kind}")).collect();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut lines = vec![format!(
        "advice of {advisor}: {}, {}{}{}",
        plural(answers.len(), "answer"),
        plural(all().count(), "proposal"),
        if counts.is_empty() { "" } else { ": " },
        counts.join(", ")
    )];
    for (asked, answer) in answers {
        for (_, received) in answer {
            if let Some(number) = theorem(exploration, received) {
                // The statement as proved: a case or a step becomes a theorem with the premises of its goal.
                let statement = exploration.theorems[number as usize - 1].checked.statement();
                lines.push(format!(
                    "proposed and proved: {} (theorem {number}), {}",
                    math(exploration.theory(), statement),
                    purpose(exploration, asked)
                ));
            }
        }
    }
    lines
}

/// Who proposed a theorem, and why, if it was proposed; the theorem is given by its index.
pub(crate) fn proposed(exploration: &Exploration, place: usize, advisor: &str) -> Option<String> {
    let conjecture = exploration.theorems.get(place)?.conjecture;
    let question = exploration.conjectures.get(conjecture)?.question()?;
    let asked = exploration.asked().get(question)?;
    Some(format!("{advisor}, {}", purpose(exploration, asked)))
}

fn purpose(exploration: &Exploration, asked: &Asked) -> String {
    let what = match asked.topic {
        Topic::Lemma => "as a lemma",
        Topic::Steps => "as a step of a proof",
        Topic::Split => "as one of two cases",
        Topic::Premises => "as what matters",
        Topic::Conjectures => return "as a conjecture".to_owned(),
    };
    about(exploration, asked).map_or_else(|| what.to_owned(), |about| format!("{what} for {about}"))
}

fn about(exploration: &Exploration, asked: &Asked) -> Option<String> {
    let conjecture = exploration.conjectures.get(asked.about?)?;
    Some(math(exploration.theory(), &conjecture.statement))
}

fn shown(exploration: &Exploration, proposal: &Proposal) -> String {
    match proposal {
        Proposal::Statement(text) => visible_line(text).into_owned(),
        Proposal::Premises(ids) => {
            let known = ids.iter().filter(|id| (**id as usize) < exploration.theorems.len());
            let numbers: Vec<String> = known.map(|id| (id + 1).to_string()).collect();
            format!("theorems {}", numbers.join(", "))
        }
    }
}

fn became(exploration: &Exploration, received: &Received) -> &'static str {
    match received {
        Received::Unread(_) => "no statement",
        Received::TooLarge => "too large",
        Received::Known => "known",
        Received::Refuted => "refuted",
        Received::Immediate => "immediate",
        Received::Attempt => "attempt",
        Received::Conjecture(place) => match exploration.conjectures.get(*place).map(|known| &known.fate) {
            Some(Fate::Proved(_)) => "proved",
            Some(Fate::Refuted(..)) => "refuted",
            _ => "open",
        },
    }
}

fn theorem(exploration: &Exploration, received: &Received) -> Option<u32> {
    let Received::Conjecture(place) = received else { return None };
    match exploration.conjectures.get(*place)?.fate {
        Fate::Proved(id) => Some(number_of(id)),
        _ => None,
    }
}
