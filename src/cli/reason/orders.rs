//! Commands on standard input while questions are answered.

use std::io::{self, BufRead, Read as _};
use std::thread;

use crossbeam::channel::{Receiver, bounded};
use theoremata_actors::jobs::{JobId, Pool};

/// Maximal number of queued lines.
const WAITING: usize = 64;
/// Maximal length of a command in bytes.
const LONGEST_ORDER: u64 = 4_096;

/// The lines of standard input as they arrive. The reading thread ends with the input or the process.
pub(super) fn listen() -> Receiver<String> {
    let (sender, lines) = bounded(WAITING);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = line(&mut input) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// The next line, or the beginning of one that is too long; the rest of it is skipped.
fn line(input: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    input.by_ref().take(LONGEST_ORDER).read_until(b'\n', &mut bytes).ok()?;
    let whole = bytes.last() == Some(&b'\n') || (bytes.len() as u64) < LONGEST_ORDER;
    if !whole {
        input.skip_until(b'\n').ok()?;
    }
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// Executes a command; a blank line is ignored.
///
/// # Errors
/// What is wrong, and the syntax.
pub(super) fn carry_out(line: &str, pool: &Pool, questions: &[JobId]) -> Result<(), String> {
    let Some((order, question, path)) = parse(line)? else { return Ok(()) };
    let Some(job) = questions.get(question) else {
        return Err(format!("there is no question {question} yet: the first is 0, and there are {}", questions.len()));
    };
    if order != Order::Cancel {
        if pool.decide(*job, &path, order == Order::Approve) {
            return Ok(());
        }
        return Err(format!("question {question} has no{} that waits for anybody", node(&path)));
    }
    // A queued question has no node yet.
    if path.is_empty() && pool.answer(*job).is_none() {
        pool.cancel(*job);
        return Ok(());
    }
    if pool.cancel_node(*job, &path) {
        return Ok(());
    }
    Err(format!("question {question} has no{} that has not ended, so nothing was cancelled", node(&path)))
}

/// A node, as it reads after "no".
fn node(path: &[u32]) -> String {
    let branches: Vec<String> = path.iter().map(u32::to_string).collect();
    if path.is_empty() { " root".to_owned() } else { format!(" node {}", branches.join(" ")) }
}

/// A command about a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Cancel,
    Approve,
    Refuse,
}

/// Parses a command, a question and the path of a node; `None` if the line is blank.
fn parse(line: &str) -> Result<Option<(Order, usize, Vec<u32>)>, String> {
    let mut words = line.split_whitespace();
    let wrong = || format!("`{}` is no order; `cancel QUESTION BRANCH…` is, such as `cancel 0 2 1`", line.trim());
    let order = match words.next() {
        None => return Ok(None),
        Some("cancel") => Order::Cancel,
        Some("approve") => Order::Approve,
        Some("refuse") => Order::Refuse,
        Some(_) => return Err(wrong()),
    };
    let question = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
    let path = words.map(|word| word.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    Ok(Some((order, question, path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_without_end_is_cut() {
        let text = format!("cancel 0\n{}\ncancel 1", "x".repeat(1 << 20));
        let mut input = text.as_bytes();
        let lines: Vec<String> = std::iter::from_fn(|| line(&mut input)).collect();
        assert_eq!((lines.len(), lines[0].as_str(), lines[2].as_str()), (3, "cancel 0\n", "cancel 1"));
        assert_eq!(lines[1].len() as u64, LONGEST_ORDER);
    }

    #[test]
    fn an_order_names_a_question_and_a_way_through_its_tree() {
        assert_eq!(parse("cancel 3\n"), Ok(Some((Order::Cancel, 3, Vec::new()))));
        assert_eq!(parse("  cancel 0 2  1"), Ok(Some((Order::Cancel, 0, vec![2, 1]))));
        assert_eq!(parse("approve 1 0"), Ok(Some((Order::Approve, 1, vec![0]))));
        assert_eq!(parse("refuse 1"), Ok(Some((Order::Refuse, 1, Vec::new()))));
        assert_eq!(parse(" "), Ok(None));
        for wrong in ["cancel", "cancel x", "cancel -1", "cancel 0 1.2", "stop 0", "cancel 0 4294967296"] {
            let said = parse(wrong).expect_err(wrong);
            assert!(said.contains(wrong) && said.contains("cancel 0 2 1"), "{said}");
        }
    }
}
