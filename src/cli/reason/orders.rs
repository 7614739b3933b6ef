//! Orders on standard input while questions are answered.

use std::io;
use std::thread;

use crossbeam::channel::{Receiver, bounded};
use theoremata_actors::jobs::{JobId, Pool};

/// Lines that may wait for us.
const WAITING: usize = 64;

/// The lines of standard input, as they come. The thread that reads them ends with the input or with the process.
pub(super) fn listen() -> Receiver<String> {
    let (sender, lines) = bounded(WAITING);
    thread::spawn(move || io::stdin().lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
    lines
}

/// Does what a line asks for; a blank one asks for nothing.
///
/// # Errors
/// With what is wrong, and how it is said.
pub(super) fn carry_out(line: &str, pool: &Pool, questions: &[JobId]) -> Result<(), String> {
    let Some((question, path)) = parse(line)? else { return Ok(()) };
    let Some(job) = questions.get(question) else {
        return Err(format!("there is no question {question} yet: the first is 0, and there are {}", questions.len()));
    };
    // A question that still waits for a worker has no node yet.
    if path.is_empty() && pool.answer(*job).is_none() {
        pool.cancel(*job);
        return Ok(());
    }
    if pool.cancel_node(*job, &path) {
        return Ok(());
    }
    let branches: Vec<String> = path.iter().map(u32::to_string).collect();
    let node = if path.is_empty() { String::new() } else { format!(" node {}", branches.join(" ")) };
    Err(format!("question {question} has no{node} that has not ended, so nothing was cancelled"))
}

/// A question and the way to one of its nodes; nothing if the line is blank.
fn parse(line: &str) -> Result<Option<(usize, Vec<u32>)>, String> {
    let mut words = line.split_whitespace();
    let wrong = || format!("`{}` is no order; `cancel QUESTION BRANCH…` is, such as `cancel 0 2 1`", line.trim());
    match words.next() {
        None => return Ok(None),
        Some("cancel") => {}
        Some(_) => return Err(wrong()),
    }
    let question = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
    let path = words.map(|word| word.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    Ok(Some((question, path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_a_question_and_a_way_through_its_tree() {
        assert_eq!(parse("cancel 3\n"), Ok(Some((3, Vec::new()))));
        assert_eq!(parse("  cancel 0 2  1"), Ok(Some((0, vec![2, 1]))));
        assert_eq!(parse(" "), Ok(None));
        for wrong in ["cancel", "cancel x", "cancel -1", "cancel 0 1.2", "stop 0", "cancel 0 4294967296"] {
            let said = parse(wrong).expect_err(wrong);
            assert!(said.contains(wrong) && said.contains("cancel 0 2 1"), "{said}");
        }
    }
}
