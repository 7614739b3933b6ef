//! A job whose branches are requests: their state and results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use regex::Regex;
use theoremata_lm::{Bound, Outcome, count_votes, elected};

use super::request::{Ended, Place};
use crate::jobs::event::{Answer, EventKind, JobEvent, NodeAnswer, NodeCost};
use crate::jobs::event_log::EventLog;
use crate::jobs::job::{Job, Program};
use crate::jobs::judge::{Judge, Verdict, ballot};
use crate::jobs::prompt_codec::about;

/// A request to send: node, question, and a flag that cancels it.
type Request = (Place, String, Arc<AtomicBool>);

/// A branch, or the final question of a map.
#[derive(Default)]
struct Branch {
    text: String,
    tokens: usize,
    cost: NodeCost,
    outcome: Option<Outcome>,
    because: Option<String>,
    stop: Arc<AtomicBool>,
}

/// A job in progress.
pub(super) struct Branches {
    job: Arc<Job>,
    verdict: Option<Verdict>,
    branches: Vec<Branch>,
    /// The final question, once it is asked.
    root: Option<Branch>,
    chosen: Option<u32>,
    votes: Vec<(u32, usize)>,
    outcome: Option<Outcome>,
    told: Vec<(Vec<u32>, EventKind)>,
    asks: Vec<Request>,
}

impl Branches {
    /// The branches of a job; those that ended according to its log are not requested again.
    pub(super) fn new(job: &Job, judge: Option<&Judge>, log: &EventLog) -> Option<Branches> {
        let (count, verdict) = match &job.program {
            Program::Map { items, .. } => (items.len(), None),
            Program::Vote { samples, .. } => (*samples, None),
            Program::First { samples, accept } => (*samples, Some(Verdict::new(accept, judge)?)),
            _ => return None,
        };
        let mut branches = Branches {
            job: Arc::new(job.clone()),
            verdict,
            branches: (0..count).map(|_| Branch::default()).collect(),
            root: None,
            chosen: None,
            votes: Vec::new(),
            outcome: None,
            told: vec![(Vec::new(), EventKind::Opened)],
            asks: Vec::new(),
        };
        let said = ended(&log.from(0));
        for place in 0..count as u32 {
            branches.told.push((vec![place], EventKind::Opened));
            match said.get(&vec![place]) {
                Some((text, outcome)) => {
                    branches.hear(Some(place), Ended { text: text.clone(), ..Ended::of(outcome.clone()) });
                }
                None if branches.branches[place as usize].outcome.is_none() => branches.ask(Some(place)),
                None => {}
            }
        }
        branches.go_on();
        match said.get(&Vec::new()) {
            Some((_, Outcome::Cancelled)) => branches.cancel(&[]),
            Some((text, outcome)) => branches.hear(None, Ended { text: text.clone(), ..Ended::of(outcome.clone()) }),
            None => {}
        }
        Some(branches)
    }

    pub(super) fn job(&self) -> &Arc<Job> {
        &self.job
    }

    pub(super) fn take_told(&mut self) -> Vec<(Vec<u32>, EventKind)> {
        std::mem::take(&mut self.told)
    }

    pub(super) fn take_asks(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.asks)
    }

    fn node(&mut self, place: Place) -> Option<&mut Branch> {
        match place {
            Some(place) => self.branches.get_mut(place as usize),
            None => self.root.as_mut(),
        }
    }

    /// Queues the request of a node.
    fn ask(&mut self, place: Place) {
        let Job { prompt, program, .. } = &*self.job;
        let question = match (program, place) {
            (Program::Map { items, .. }, Some(place)) => about(prompt, &items[place as usize]),
            (Program::Map { last: Some(last), .. }, None) => {
                let concluded = self.branches.iter().filter(|branch| branch.outcome == Some(Outcome::Concluded));
                let answers: Vec<&str> = concluded.map(|branch| branch.text.trim()).collect();
                about(&about(prompt, &answers.join("\n")), last)
            }
            _ => prompt.clone(),
        };
        if let Some(stop) = self.node(place).map(|branch| branch.stop.clone()) {
            self.asks.push((place, question, stop));
        }
    }

    /// Records how a request ended.
    pub(super) fn hear(&mut self, place: Place, ended: Ended) {
        let Some(branch) = self.node(place) else { return };
        if branch.outcome.is_some() {
            return;
        }
        let Ended { text, tokens, cost, outcome, because } = ended;
        (branch.text, branch.tokens, branch.because, branch.cost) = (text.clone(), tokens as usize, because, cost);
        self.end(place, outcome.clone());
        if let (Some(place), Outcome::Concluded, Some(verdict)) = (place, outcome, &self.verdict)
            && self.chosen.is_none_or(|chosen| place < chosen)
            && verdict.accepts(&text)
        {
            self.chosen = Some(place);
            for later in place + 1..self.branches.len() as u32 {
                self.end(Some(later), Outcome::Cancelled);
            }
        }
        self.go_on();
    }

    fn end(&mut self, place: Place, outcome: Outcome) {
        let path = Vec::from_iter(place);
        let Some(branch) = self.node(place).filter(|branch| branch.outcome.is_none()) else { return };
        branch.outcome = Some(outcome.clone());
        branch.stop.store(true, Ordering::Relaxed);
        let text = branch.text.clone();
        if !text.is_empty() {
            self.told.push((path.clone(), EventKind::Wrote { text, token: None }));
        }
        self.told.push((path, EventKind::Finished(outcome)));
    }

    /// Cancels a branch, or everything that has not ended.
    pub(super) fn cancel(&mut self, path: &[u32]) {
        match *path {
            [] if self.outcome.is_none() => {
                self.told.push((Vec::new(), EventKind::Cancelled { stages: None }));
                for place in 0..self.branches.len() as u32 {
                    self.end(Some(place), Outcome::Cancelled);
                }
                self.end(None, Outcome::Cancelled);
                self.outcome = Some(Outcome::Cancelled);
            }
            [place] if self.node(Some(place)).is_some_and(|branch| branch.outcome.is_none()) => {
                self.told.push((vec![place], EventKind::Cancelled { stages: None }));
                self.end(Some(place), Outcome::Cancelled);
                self.go_on();
            }
            _ => {}
        }
    }

    /// Ends everything that has not ended, since the time is up.
    pub(super) fn expire(&mut self) {
        if self.outcome.is_some() {
            return;
        }
        let late = Outcome::Budget(Bound::Time);
        for place in 0..self.branches.len() as u32 {
            self.end(Some(place), late.clone());
        }
        match &self.root {
            Some(_) => self.end(None, late.clone()),
            None => self.told.push((Vec::new(), EventKind::Finished(late.clone()))),
        }
        self.outcome = Some(late);
    }

    /// Joins the branches once all have ended.
    fn go_on(&mut self) {
        if self.outcome.is_some() || self.branches.iter().any(|branch| branch.outcome.is_none()) {
            return;
        }
        let concluded = |branch: &Branch| branch.outcome == Some(Outcome::Concluded);
        let job = self.job.clone();
        self.outcome = match (&job.program, &self.root) {
            (Program::Map { .. }, _) if !self.branches.iter().any(concluded) => Some(Outcome::Failed),
            (Program::Map { last: None, .. }, _) => Some(Outcome::Concluded),
            (Program::Map { .. }, Some(root)) => root.outcome.clone(),
            (Program::Map { .. }, None) => {
                self.root = Some(Branch::default());
                self.ask(None);
                None
            }
            (Program::Vote { least, pattern, .. }, _) => {
                let pattern = pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok());
                self.vote(*least, pattern.as_ref());
                Some(if self.chosen.is_some() { Outcome::Concluded } else { Outcome::Failed })
            }
            _ => Some(if self.chosen.is_some() { Outcome::Concluded } else { Outcome::Failed }),
        };
        if let (Some(outcome), None) = (self.outcome.clone(), &self.root) {
            self.told.push((Vec::new(), EventKind::Finished(outcome)));
        }
    }

    fn vote(&mut self, least: usize, pattern: Option<&Regex>) {
        let concluded = |(branch, _): &(&Branch, u32)| branch.outcome == Some(Outcome::Concluded);
        let voted = self.branches.iter().zip(0..).filter(concluded);
        self.votes = count_votes(voted.map(|(branch, place)| (place, ballot(&branch.text, pattern))));
        self.chosen = elected(&self.votes, least);
    }

    /// The answer, once the job has ended.
    pub(super) fn answer(&self) -> Option<Answer> {
        let outcome = self.outcome.clone()?;
        let node = |path, branch: &Branch| {
            NodeAnswer::new(path, branch.outcome.clone(), branch.text.clone()).measured(branch.tokens, None)
        };
        let root = NodeAnswer::new(Vec::new(), Some(outcome.clone()), String::new());
        let mut nodes = vec![self.root.as_ref().map_or(root, |branch| node(Vec::new(), branch))];
        nodes.extend(self.branches.iter().zip(0u32..).map(|(branch, place)| node(vec![place], branch)));
        let costs = self.root.iter().map(|root| (Vec::new(), root.cost));
        let costs = costs.chain(self.branches.iter().zip(0u32..).map(|(branch, place)| (vec![place], branch.cost)));
        let taken = self.chosen.map(|place| &self.branches[place as usize]).or(self.root.as_ref());
        let because = self.root.iter().chain(&self.branches).find_map(|branch| branch.because.clone());
        Some(Answer {
            because: because.filter(|_| outcome != Outcome::Concluded),
            text: taken.map(|branch| branch.text.clone()).unwrap_or_default(),
            chosen: self.chosen,
            votes: self.votes.clone(),
            generated: nodes.iter().map(|node| node.tokens).sum(),
            nodes,
            costs: costs.collect(),
            ..Answer::without_text(outcome, None)
        })
    }
}

/// The nodes that ended for good according to a log, with text and outcome. Failed nodes are requested again.
fn ended(told: &[Arc<JobEvent>]) -> BTreeMap<Vec<u32>, (String, Outcome)> {
    let mut codec: BTreeMap<Vec<u32>, String> = BTreeMap::new();
    let mut ended = BTreeMap::new();
    for told in told {
        match &told.what {
            EventKind::Wrote { text, .. } => codec.entry(told.path.clone()).or_default().push_str(text),
            EventKind::Finished(outcome @ (Outcome::Concluded | Outcome::Budget(_))) => {
                let text = codec.get(&told.path).cloned().unwrap_or_default();
                ended.insert(told.path.clone(), (text, outcome.clone()));
            }
            EventKind::Cancelled { .. } => drop(ended.insert(told.path.clone(), (String::new(), Outcome::Cancelled))),
            _ => {}
        }
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records the events of a job as the dispatcher does.
    fn take_down(branches: &mut Branches, log: &EventLog) {
        for (path, what) in branches.take_told() {
            log.push(Arc::new(JobEvent { seq: log.len(), path, what }));
        }
    }

    fn says(text: &str) -> Ended {
        Ended { text: text.into(), ..Ended::of(Outcome::Concluded) }
    }

    #[test]
    fn a_cancelled_branch_is_not_asked_again_and_does_not_vote() {
        let job = Job::new("1 + 1 =", Program::Vote { samples: 3, least: 1, pattern: None }, 8);
        let log = EventLog::default();
        let mut branches = Branches::new(&job, None, &log).expect("a program for servers");
        let asks = branches.take_asks();
        assert_eq!(asks.len(), 3);
        branches.cancel(&[1]);
        branches.cancel(&[1]);
        branches.cancel(&[7]);
        assert!(asks[1].2.load(Ordering::Relaxed), "its request is given up");
        branches.hear(Some(1), says("too late"));
        take_down(&mut branches, &log);
        let cancelled = log.from(0).into_iter().filter(|told| matches!(told.what, EventKind::Cancelled { .. }));
        assert_eq!(cancelled.count(), 1);
        // Another worker continues.
        let mut again = Branches::new(&job, None, &log).expect("a program for servers");
        let asked: Vec<Place> = again.take_asks().into_iter().map(|(place, _, _)| place).collect();
        assert_eq!(asked, [Some(0), Some(2)]);
        again.hear(Some(2), says("2"));
        again.hear(Some(0), says("3"));
        let answer = again.answer().expect("an answer");
        assert_eq!((answer.outcome, answer.votes), (Outcome::Concluded, vec![(0, 1), (2, 1)]));
        assert_eq!(answer.nodes[2].outcome, Some(Outcome::Cancelled));
    }

    #[test]
    fn what_the_root_said_or_that_it_was_cancelled_holds() {
        let items = vec!["one".to_owned()];
        let job = Job::new("Say it.", Program::Map { items, last: Some("All?".into()) }, 8);
        for cancelled in [false, true] {
            let log = EventLog::default();
            let mut branches = Branches::new(&job, None, &log).expect("a program for servers");
            branches.hear(Some(0), says("1"));
            if cancelled {
                branches.cancel(&[]);
            } else {
                branches.hear(None, says("yes"));
            }
            take_down(&mut branches, &log);
            let again = Branches::new(&job, None, &log).expect("a program for servers");
            assert_eq!(again.answer(), branches.answer());
            assert_eq!(again.answer().map(|answer| answer.outcome == Outcome::Cancelled), Some(cancelled));
        }
    }
}
