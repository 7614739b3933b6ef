//! Selection policies of forks.

use regex::Regex;
use theoremata_lm::{Engine, EngineError, Growth, NodeId, count_votes, elected};

use super::thread::{Stage, Thread, Wait};
use super::{Halt, Scripted};
use crate::jobs::judge::ballot;
use crate::jobs::script::Policy;

/// A finished branch: its index in the fork, its index in the path, and its last output.
struct Candidate {
    place: usize,
    step: u32,
    text: String,
}

impl Scripted {
    /// Selects one of the finished branches, as soon as all replies for the decision are there.
    pub(super) fn choose(
        &mut self,
        engine: &mut Engine,
        growth: &Growth,
        node: NodeId,
        concluded: &[NodeId],
    ) -> Result<(), EngineError> {
        self.begin(node, Wait::Choice(concluded.to_vec()));
        let chosen = self.choice(engine, growth, node, concluded);
        match self.done(node, chosen)? {
            Some(chosen) => engine.choose(node, chosen.map(|place| place as u32)),
            None => Ok(()),
        }
    }

    /// The index of the branch to select.
    fn choice(
        &mut self,
        engine: &mut Engine,
        growth: &Growth,
        node: NodeId,
        concluded: &[NodeId],
    ) -> Result<Option<usize>, Halt> {
        let Some(Thread { stage: Stage::Joining { join, branches, accepted, .. }, .. }) = self.threads.get(&node)
        else {
            return Ok(None);
        };
        let (policy, accepted) = (join.policy.clone(), *accepted);
        let candidates: Vec<Candidate> = branches
            .iter()
            .enumerate()
            .filter(|(_, branch)| concluded.contains(branch))
            .filter_map(|(place, branch)| {
                let step = *growth.node(*branch)?.path.last()?;
                Some(Candidate { place, step, text: self.threads.get(branch)?.last.clone() })
            })
            .collect();
        let chosen = match &policy {
            Some(Policy::Vote { pattern, least }) => {
                let ballots = ballots(&candidates, pattern.as_deref());
                let votes = count_votes(candidates.iter().map(|candidate| candidate.step).zip(ballots));
                let step = elected(&votes, *least);
                if Some(node) == self.root {
                    self.votes = votes;
                }
                candidates.iter().find(|candidate| Some(candidate.step) == step).map(|candidate| candidate.place)
            }
            Some(Policy::Weighted { tool, pattern }) => {
                let ballots = ballots(&candidates, pattern.as_deref());
                let weights = self.numbers(engine, node, tool, &candidates)?;
                heaviest(&ballots, &weights).map(|first| candidates[first].place)
            }
            Some(Policy::Checked { tool }) => self.checked(engine, node, tool, &candidates)?,
            Some(Policy::Equivalent { tool, pattern, least }) => {
                let ballots = ballots(&candidates, pattern.as_deref());
                let votes = self.classes(engine, node, tool, &candidates, &ballots)?;
                let step = elected(&votes, *least);
                if Some(node) == self.root {
                    self.votes = votes;
                }
                candidates.iter().find(|candidate| Some(candidate.step) == step).map(|candidate| candidate.place)
            }
            Some(Policy::Highest { tool }) => {
                let numbers = self.numbers(engine, node, tool, &candidates)?;
                let numbered = numbers.iter().enumerate().filter_map(|(at, number)| Some((at, (*number)?)));
                // Ties go to the first: `max_by` takes the last maximum, and the order is reversed.
                let best = numbered.rev().max_by(|one, other| one.1.total_cmp(&other.1));
                best.map(|(at, _)| candidates[at].place)
            }
            Some(Policy::Accepted { tool: Some(_), .. }) => self.accepted(node, accepted)?,
            _ => accepted,
        };
        Ok(chosen)
    }

    /// The accepted branch, once no earlier one can be accepted any more.
    fn accepted(&self, node: NodeId, accepted: Option<usize>) -> Result<Option<usize>, Halt> {
        let Some(Thread { stage: Stage::Joining { branches, .. }, .. }) = self.threads.get(&node) else {
            return Ok(accepted);
        };
        let waits = |branch: &NodeId| self.threads.get(branch).is_some_and(|thread| thread.wait.is_some());
        let earlier = &branches[..accepted.unwrap_or(branches.len())];
        if earlier.iter().any(waits) { Err(Halt::Waits) } else { Ok(accepted) }
    }

    /// The first candidate that the prover proves, else the first that stays open.
    fn checked(
        &mut self,
        engine: &mut Engine,
        node: NodeId,
        tool: &str,
        candidates: &[Candidate],
    ) -> Result<Option<usize>, Halt> {
        let mut open = None;
        for candidate in candidates {
            let reply = self.ask(engine, node, tool, &about(&candidate.text))?;
            if reply.starts_with("theorem ") {
                return Ok(Some(candidate.place));
            }
            if reply.starts_with("open: ") {
                open = open.or(Some(candidate.place));
            }
        }
        Ok(open)
    }

    /// The number of votes of each class of equivalent statements, by its first candidate.
    fn classes(
        &mut self,
        engine: &mut Engine,
        node: NodeId,
        tool: &str,
        candidates: &[Candidate],
        ballots: &[Option<Vec<u8>>],
    ) -> Result<Vec<(u32, usize)>, Halt> {
        // A class is represented by its first statement; equal texts need no prover.
        let mut classes: Vec<(u32, Vec<String>, usize)> = Vec::new();
        for (candidate, ballot) in candidates.iter().zip(ballots) {
            let Some(text) = ballot.as_ref().map(|ballot| String::from_utf8_lossy(ballot).into_owned()) else {
                continue;
            };
            let mut place = classes.iter().position(|(_, texts, _)| texts.contains(&text));
            // Comparing a text with itself tests whether it is a statement.
            if place.is_none() && !self.are_equivalent(engine, node, tool, [&text, &text])? {
                continue;
            }
            let firsts: Vec<String> = classes.iter().map(|(_, texts, _)| texts[0].clone()).collect();
            for (number, first) in firsts.iter().enumerate() {
                if place.is_none() && self.are_equivalent(engine, node, tool, [first, &text])? {
                    place = Some(number);
                }
            }
            match place.map(|place| &mut classes[place]) {
                Some((_, texts, votes)) => {
                    texts.push(text);
                    *votes += 1;
                }
                None => classes.push((candidate.step, vec![text], 1)),
            }
        }
        Ok(classes.into_iter().map(|(step, _, votes)| (step, votes)).collect())
    }

    fn are_equivalent(
        &mut self,
        engine: &mut Engine,
        node: NodeId,
        tool: &str,
        [left, right]: [&String; 2],
    ) -> Result<bool, Halt> {
        let pair = serde_json::json!({ "left": left, "right": right });
        Ok(self.ask(engine, node, tool, &pair.to_string())?.starts_with("equivalent"))
    }

    /// The tool's reply to each candidate, where it is a number of at least 0.
    fn numbers(
        &mut self,
        engine: &mut Engine,
        node: NodeId,
        tool: &str,
        candidates: &[Candidate],
    ) -> Result<Vec<Option<f64>>, Halt> {
        let mut numbers = Vec::new();
        for candidate in candidates {
            let reply = self.ask(engine, node, tool, &about(&candidate.text))?;
            numbers.push(reply.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0));
        }
        Ok(numbers)
    }

    /// A branch has finished: if the first accepted one is selected, tests whether it is accepted.
    pub(super) fn concluded(
        &mut self,
        engine: &mut Engine,
        growth: &Growth,
        branch: NodeId,
    ) -> Result<(), EngineError> {
        let Some((parent, text)) = self.threads.get(&branch).and_then(|it| Some((it.parent?, it.last.clone()))) else {
            return Ok(());
        };
        let Some(Thread { stage: Stage::Joining { join, branches, accepted, .. }, .. }) = self.threads.get(&parent)
        else {
            return Ok(());
        };
        let Some(Policy::Accepted { pattern, tool }) = join.policy.clone() else { return Ok(()) };
        let Some(place) = branches.iter().position(|other| *other == branch) else { return Ok(()) };
        if accepted.is_some_and(|accepted| accepted < place) {
            return self.done(branch, Ok(())).map(|_| ());
        }
        let later: Vec<NodeId> = branches[place + 1..].to_vec();
        let is_accepted = match (pattern, tool) {
            (Some(pattern), _) => Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(&text)),
            (None, Some(tool)) => {
                self.begin(branch, Wait::Acceptance);
                let reply = self.ask(engine, branch, &tool, &about(&text));
                match self.done(branch, reply)? {
                    Some(reply) => reply.trim() == "true",
                    None => return Ok(()),
                }
            }
            (None, None) => false,
        };
        if !is_accepted {
            return Ok(());
        }
        if let Some(Thread { stage: Stage::Joining { accepted, .. }, .. }) = self.threads.get_mut(&parent) {
            *accepted = Some(place);
        }
        let steps: Vec<u32> =
            later.iter().filter_map(|other| growth.node(*other).and_then(|grown| grown.path.last().copied())).collect();
        if let (Some(above), Some(first), Some(last)) = (growth.node(parent), steps.first(), steps.last()) {
            self.idle.push((above.path.clone(), *first..last + 1));
        }
        let open = |other: &NodeId| growth.node(*other).is_some_and(|grown| grown.outcome.is_none());
        later.into_iter().filter(open).try_for_each(|other| engine.cancel(other))
    }
}

/// The tool parameters for an answer.
fn about(text: &str) -> String {
    serde_json::json!({ "answer": text.trim() }).to_string()
}

fn ballots(candidates: &[Candidate], pattern: Option<&str>) -> Vec<Option<Vec<u8>>> {
    let pattern = pattern.and_then(|pattern| Regex::new(pattern).ok());
    candidates.iter().map(|candidate| ballot(&candidate.text, pattern.as_ref())).collect()
}

/// The first candidate with the heaviest answer. Candidates without an answer or weight are skipped.
fn heaviest(ballots: &[Option<Vec<u8>>], weights: &[Option<f64>]) -> Option<usize> {
    let weight = |ballot: &Vec<u8>| -> f64 {
        let same = ballots.iter().zip(weights).filter(|(other, _)| other.as_ref() == Some(ballot));
        same.filter_map(|(_, weight)| *weight).sum()
    };
    let mut best: Option<(f64, usize)> = None;
    for (at, ballot) in ballots.iter().enumerate().filter_map(|(at, ballot)| Some((at, ballot.as_ref()?))) {
        let weight = weight(ballot);
        if weight > best.map_or(0.0, |(most, _)| most) {
            best = Some((weight, at));
        }
    }
    best.map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_weigh_what_their_verifier_says() {
        let ballots = ["a", "b", "b", "c", "a"].map(|text| Some(text.as_bytes().to_vec()));
        let weigh = |weights: [f64; 5]| heaviest(&ballots, &weights.map(Some));
        assert_eq!(weigh([1.0, 1.0, 1.0, 1.0, 1.0]), Some(0), "of equal ones the first");
        assert_eq!(weigh([0.1, 0.2, 0.3, 0.4, 0.1]), Some(1));
        assert_eq!(weigh([0.1, 0.1, 0.1, 0.9, 0.1]), Some(3));
        assert_eq!(weigh([0.0; 5]), None);
        assert_eq!(heaviest(&ballots[..1], &[None]), None);
        assert_eq!(heaviest(&[None], &[Some(1.0)]), None);
    }
}
