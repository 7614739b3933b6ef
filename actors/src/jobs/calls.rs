//! The tool calls of one job: pending, awaiting approval, and answered.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::tools::{Awaited, Called, REPLY_CHARACTERS, Tool, Toolbox};

/// Maximal number of concurrent calls of a job.
const MOST_AWAY: usize = 4;
/// The reply to a call that was refused approval.
const REFUSED: &str = "the call was refused by a person";

/// A call, identified by tool and parameters.
type Key = (String, String);

/// The tool calls of a job. A call with a known reply is not made again, in the same tree or in a replay. A reply is
/// therefore a function of the call, whichever worker runs the job and however often.
pub(super) struct Calls {
    replies: BTreeMap<Key, String>,
    /// All answered calls, in order.
    made: Vec<Called>,
    /// Calls answered since the worker last asked.
    new: Vec<Called>,
    /// Human decisions on calls.
    decided: BTreeMap<Key, bool>,
    /// Calls that need approval and were not yet reported to the worker.
    awaited: Vec<Awaited>,
    /// Calls that need approval and were reported.
    told: BTreeSet<Key>,
    /// Calls in progress or queued.
    away: BTreeSet<Key>,
    line: VecDeque<Errand>,
    sender: Sender<(Key, String)>,
    arrivals: Receiver<(Key, String)>,
}

/// A call to make.
struct Errand {
    tool: Tool,
    parameters: String,
    earlier: Vec<Called>,
    toolbox: Toolbox,
}

impl Calls {
    /// The calls of a job that continues from its log.
    pub(super) fn known(calls: Vec<Called>, decided: Vec<(Awaited, bool)>) -> Calls {
        let (sender, arrivals) = channel();
        let known = calls.into_iter().map(|Called { tool, parameters, reply }| ((tool, parameters), reply));
        Calls {
            // Replayed calls recur in the same order as the tree is grown again.
            replies: known.collect(),
            made: Vec::new(),
            new: Vec::new(),
            decided: decided.into_iter().map(|(call, granted)| ((call.tool, call.parameters), granted)).collect(),
            awaited: Vec::new(),
            told: BTreeSet::new(),
            away: BTreeSet::new(),
            line: VecDeque::new(),
            sender,
            arrivals,
        }
    }

    /// Calls answered, and calls that need approval, since the last call of this function.
    pub(super) fn take_new(&mut self) -> (Vec<Awaited>, Vec<Called>) {
        (std::mem::take(&mut self.awaited), std::mem::take(&mut self.new))
    }

    /// Whether no call is in progress, so that all waiting nodes wait for approval.
    pub(super) fn is_quiet(&self) -> bool {
        self.away.is_empty() && self.awaited.is_empty() && self.new.is_empty()
    }

    /// Records a human decision on a call.
    pub(super) fn decide(&mut self, call: Awaited, granted: bool) {
        self.decided.insert((call.tool, call.parameters), granted);
    }

    /// Receives the replies that have arrived, and starts queued calls. Returns whether there were replies.
    pub(super) fn arrived(&mut self) -> bool {
        let arrived: Vec<(Key, String)> = self.arrivals.try_iter().collect();
        let any = !arrived.is_empty();
        for (key, reply) in arrived {
            self.away.remove(&key);
            self.replies.insert(key, reply);
        }
        while self.away.len() - self.line.len() < MOST_AWAY
            && let Some(errand) = self.line.pop_front()
        {
            self.depart(errand);
        }
        any
    }

    /// Makes a call on a thread of its own.
    fn depart(&self, Errand { tool, parameters, earlier, toolbox }: Errand) {
        let (sender, key) = (self.sender.clone(), (tool.name.clone(), parameters.clone()));
        let call = move || {
            let reply = catch_unwind(AssertUnwindSafe(|| toolbox(&tool, &parameters, &earlier)));
            reply.unwrap_or_else(|_| "the tool failed: a fault of this program".to_owned())
        };
        let known = key.clone();
        let work = move || drop(sender.send((known, call())));
        if let Err(error) = thread::Builder::new().name("tool".to_owned()).spawn(work) {
            // Cannot fail: the receiver belongs to the same value.
            let _ = self.sender.send((key, format!("the tool failed: cannot start a thread: {error}")));
        }
    }
}

/// Answers the tool calls of a job.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) tools: Arc<[Tool]>,
    pub(super) toolbox: Option<Toolbox>,
    pub(super) calls: Rc<RefCell<Calls>>,
    /// Whether calls are sequential, so that a reply may depend on earlier ones.
    pub(super) in_order: bool,
}

impl Caller {
    /// The reply of a tool, if known; `None` if the call is in progress or awaits approval. All calls but the prover's
    /// are made on threads of their own, so that they do not block other jobs.
    pub(super) fn reply(&self, name: &str, parameters: &str) -> Option<String> {
        let key = (name.to_owned(), parameters.to_owned());
        let mut calls = self.calls.borrow_mut();
        if let Some(reply) = calls.replies.get(&key) {
            return Some(reply.clone());
        }
        if calls.away.contains(&key) {
            return None;
        }
        let known = self.tools.iter().find(|known| known.name == name).zip(self.toolbox.clone());
        let Some((tool, toolbox)) = known else {
            return Some(keep(&mut calls, key, format!("there is no tool `{name}`")));
        };
        if let (None, Err(wrong)) = (&tool.prover, tool.fits(parameters)) {
            return Some(keep(&mut calls, key, wrong));
        }
        if tool.approve {
            match self.granted(&mut calls, &key) {
                None => return None,
                Some(false) => return Some(keep(&mut calls, key, REFUSED.to_owned())),
                Some(true) => {}
            }
        }
        let earlier = if self.in_order { calls.made.clone() } else { Vec::new() };
        if tool.prover.is_some() {
            let reply = toolbox(tool, parameters, &earlier);
            return Some(keep(&mut calls, key, reply));
        }
        let errand = Errand { tool: tool.clone(), parameters: parameters.to_owned(), earlier, toolbox };
        calls.away.insert(key);
        calls.line.push_back(errand);
        calls.arrived();
        None
    }

    /// The human decision on a call; `None` if it is pending, and then it is requested.
    pub(super) fn approved(&self, what: &str, parameters: &str) -> Option<bool> {
        self.granted(&mut self.calls.borrow_mut(), &(what.to_owned(), parameters.to_owned()))
    }

    fn granted(&self, calls: &mut Calls, key: &Key) -> Option<bool> {
        let granted = calls.decided.get(key).copied();
        if granted.is_none() && calls.told.insert(key.clone()) {
            let (tool, parameters) = key.clone();
            calls.awaited.push(Awaited { tool, parameters });
        }
        granted
    }

    /// Records an answered call.
    pub(super) fn tell(&self, tool: &str, parameters: &str, reply: &str) {
        let [tool, parameters, reply] = [tool, parameters, reply].map(str::to_owned);
        let called = Called { tool, parameters, reply };
        let mut calls = self.calls.borrow_mut();
        calls.made.push(called.clone());
        calls.new.push(called);
    }
}

/// Truncates and records a reply.
fn keep(calls: &mut Calls, key: Key, reply: String) -> String {
    let reply: String = reply.chars().take(REPLY_CHARACTERS).collect();
    calls.replies.insert(key, reply.clone());
    reply
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use super::*;

    fn tool(name: &str, approve: bool) -> Tool {
        Tool { approve, ..Tool::new(name, "x") }
    }

    fn caller(calls: Calls, toolbox: Toolbox) -> Caller {
        Caller {
            tools: Arc::from([tool("look", false), tool("send", true)]),
            toolbox: Some(toolbox),
            calls: Rc::new(RefCell::new(calls)),
            in_order: true,
        }
    }

    fn wait(caller: &Caller, tool: &str, parameters: &str) -> String {
        let begin = Instant::now();
        loop {
            if let Some(reply) = caller.reply(tool, parameters) {
                caller.tell(tool, parameters, &reply);
                return reply;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "no reply");
            thread::sleep(Duration::from_millis(1));
            caller.calls.borrow_mut().arrived();
        }
    }

    #[test]
    fn a_call_whose_reply_is_known_is_not_made() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let toolbox: Toolbox = Arc::new(move |tool, parameters, _| {
            assert_ne!(parameters, "{\"panic\":1}", "this panic belongs to the test");
            format!("{}{parameters}{}", tool.name, counted.fetch_add(1, Ordering::Relaxed))
        });
        let first = caller(Calls::known(Vec::new(), Vec::new()), toolbox.clone());
        let replies = ["{}", "{\"a\":2}", "{}"].map(|parameters| wait(&first, "look", parameters));
        assert_eq!(replies, ["look{}0", "look{\"a\":2}1", "look{}0"]);
        let (_, told) = first.calls.borrow_mut().take_new();
        let again = caller(Calls::known(told, Vec::new()), toolbox);
        assert_eq!(
            ["{\"a\":2}", "{}"].map(|parameters| wait(&again, "look", parameters)),
            ["look{\"a\":2}1", "look{}0"]
        );
        assert_eq!(count.load(Ordering::Relaxed), 2);
        assert_eq!(wait(&again, "other", "{}"), "there is no tool `other`");
        assert!(wait(&again, "look", "[]").contains("do not fit"));
        assert!(wait(&again, "look", "{\"panic\":1}").contains("a fault"));
    }

    #[test]
    fn few_calls_are_on_their_way_at_once_and_all_arrive() {
        let busy = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let counted = busy.clone();
        let toolbox: Toolbox = Arc::new(move |_, _, _| {
            counted.1.fetch_max(counted.0.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
            counted.0.fetch_sub(1, Ordering::SeqCst);
            "x".repeat(REPLY_CHARACTERS)
        });
        let caller = caller(Calls::known(Vec::new(), Vec::new()), toolbox);
        let calls: Vec<String> = (0..20).map(|number| format!("{{\"n\":{number}}}")).collect();
        assert!(calls.iter().all(|call| caller.reply("look", call).is_none()));
        assert!(calls.iter().all(|call| wait(&caller, "look", call).len() == REPLY_CHARACTERS));
        assert!(busy.1.load(Ordering::SeqCst) <= MOST_AWAY);
    }

    #[test]
    fn a_call_that_wants_a_person_waits_for_one() {
        let toolbox: Toolbox = Arc::new(|_, parameters, _| format!("sent {parameters}"));
        let caller = caller(Calls::known(Vec::new(), Vec::new()), toolbox);
        let asked = |parameters: &str| Awaited { tool: "send".into(), parameters: parameters.into() };
        assert_eq!((caller.reply("send", "{}"), caller.reply("send", "{}")), (None, None));
        assert_eq!(caller.calls.borrow_mut().take_new().0, [asked("{}")], "a person is asked once");
        caller.calls.borrow_mut().decide(asked("{}"), true);
        assert_eq!(wait(&caller, "send", "{}"), "sent {}");
        caller.calls.borrow_mut().decide(asked("{\"a\":1}"), false);
        assert_eq!(wait(&caller, "send", "{\"a\":1}"), REFUSED);
    }
}
