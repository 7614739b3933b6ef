//! Tags: a model that splits its work by itself drives branches with the tags of Multiverse.
//!
//! The tree has one text: what the root writes, with the paths of each block in their places. The sequences are views
//! of it. A sequence writes until `</Goal>`; then a branch for each outline continues after its own `<Path>` until
//! `</Path>`; then the sequence continues after all paths with `<Conclusion>`. Paths may contain blocks in the same
//! way.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::constrain::constraint::TurnConstraint;
use crate::constrain::shapes::Multiverse;
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::outcome::Outcome;
use crate::engine::prune::Prune;
use crate::engine::spawn::{Branch, Join, Spawn};
use crate::engine::turn::{After, Then, Turn};
use crate::program::growth::Growth;
use crate::program::interface::{Ground, Program, share};
use crate::program::writing::{Words, continued, is_behind, write_on};
use crate::text::prompt::PromptError;
use crate::text::token::Token;
use crate::weights::model::Model;

/// What the conclusion sees of the paths, and what remains of them after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paths {
    /// All paths as they were computed, side by side: [`Join::Stitch`]. As the authors intended; a model has to be
    /// trained for it.
    Stitch,
    /// All paths as one text, recomputed: [`Join::Replay`]. For every model.
    Replay,
    /// As `Replay` until the conclusion is written; then the paths are removed. For every model, and the only one by
    /// which a sequence does not grow with its paths.
    Value,
}

/// A tree that the model itself structures with tags.
///
/// All paths return, or none: a path that is cut off, or ends otherwise than by its tag, fails its block. Malformed
/// text ends as [`Outcome::Invalid`]: no outline, more outlines than the form allows, numbers other than 1, 2, 3 after
/// that of the path, a block nested too deeply, an end within a block.
///
/// With a constraint, malformed text cannot be written. The constraint of path 2 has read an empty path 1: the content
/// of a path does not affect what may follow. When the paths have returned, the constraint reads all of them, so that
/// the text of the tree is in the grammar.
pub struct Tags {
    ground: Ground,
    words: Words,
    form: Multiverse,
    paths: Paths,
    turn: Turn,
    writers: BTreeMap<NodeId, Writer>,
    root: Option<NodeId>,
}

/// A node that writes.
#[derive(Default)]
struct Writer {
    /// The text since the node began, including its paths.
    text: Vec<Token>,
    /// How many of the node's generated tokens it contains.
    taken: usize,
    /// The prefix of the numbers of its outlines.
    prefix: String,
    /// The nesting depth of the node.
    depth: usize,
    /// The branches of the open block.
    branches: Vec<NodeId>,
    /// Where the paths of the last block are in the node's context.
    paths: Range<usize>,
    /// The constraint after `</Goal>`.
    constraint: TurnConstraint,
}

impl Tags {
    /// A tree in tags of this form. `turn` says how all of it is generated: its constraint is that of the form, see
    /// [`Multiverse::constraint`], or free for a model that is trusted to write the tags by itself; its bound on tokens
    /// applies to each sequence; its stops end the whole text. The program sets its own stop texts.
    ///
    /// # Errors
    /// If the model has no vocabulary, or one that cannot spell the tags.
    pub fn new(
        ground: Ground,
        model: &Arc<Model>,
        form: Multiverse,
        turn: Turn,
        paths: Paths,
    ) -> Result<Tags, PromptError> {
        let words = Words::that_spell(model, &["<Path>\n1:", "</Path>", "<Conclusion>\n"])?;
        let mut stop_texts = vec!["</Goal>".to_owned(), "</Path>".to_owned(), "</Think>".to_owned()];
        if paths == Paths::Value {
            stop_texts.push("</Conclusion>".to_owned());
        }
        let turn = Turn { after: After::Hold, stop_texts, ..turn };
        Ok(Tags { ground, words, form, paths, turn, writers: BTreeMap::new(), root: None })
    }

    /// Reacts to the end of a node's turn, according to the tag that ended it.
    fn turn_ended(&mut self, engine: &mut Engine, growth: &mut Growth, node: NodeId) -> Result<(), EngineError> {
        let Some(writer) = self.writers.get(&node) else { return Ok(()) };
        let (text, is_root) = (self.words.spelled(&writer.text), self.root == Some(node));
        let ends = |tag: &str| is_behind(&text, tag);
        if ends("</Goal>") {
            return match outlines(&text, &writer.prefix) {
                Some(count) if count <= self.form.width && writer.depth < self.form.depth => {
                    self.open(engine, node, count)
                }
                _ => engine.stop(node, Outcome::Invalid),
            };
        }
        let open = count_of(&text, "<Parallel>") != count_of(&text, "</Parallel>");
        if ends("</Conclusion>") && self.paths == Paths::Value {
            let paths = writer.paths.clone();
            if !paths.is_empty() {
                engine.prune(node, paths, Prune::Recompute)?;
            }
        } else if ends("</Path>") && !is_root && !open {
            return engine.extend(node, &[], Then::Conclude);
        } else if ends("</Think>") && is_root && !open {
            growth.begin_turn(node);
        } else if is_root && !open {
            return engine.extend(node, &[], Then::Conclude);
        } else {
            return engine.stop(node, Outcome::Invalid);
        }
        let constraint = continued(&self.turn);
        write_on(engine, node, &[], &self.turn, constraint)
    }

    /// Opens a path for each outline.
    fn open(&mut self, engine: &mut Engine, node: NodeId, count: usize) -> Result<(), EngineError> {
        let Some(writer) = self.writers.get_mut(&node) else { return Ok(()) };
        let constrained = self.turn.constraint != TurnConstraint::Free;
        writer.constraint = if constrained { engine.constraint(node) } else { TurnConstraint::Free };
        writer.branches.clear();
        let mut before = writer.constraint.clone();
        // What the sequence has left is divided evenly among its paths and its conclusion.
        let allowance = share(self.turn.max_tokens, engine.allowance(node), count + 1);
        let mut branches = Vec::new();
        for place in 1..=count {
            let begin = format!("<Path>\n{}{place}:", writer.prefix);
            let tokens = self.words.tags(&begin)?;
            let (Ok(constraint), Ok(next)) =
                (before.after(&tokens), before.after(&self.words.tags(&(begin + "x</Path>"))?))
            else {
                return engine.stop(node, Outcome::Invalid);
            };
            before = next;
            branches.push(Branch { tokens, allowance, then: Then::Generate(Turn { constraint, ..self.turn.clone() }) });
        }
        let join = if self.paths == Paths::Stitch { Join::Stitch } else { Join::Replay };
        engine.spawn(node, Spawn { branches, join, needs: count, close: Vec::new(), then: Then::Hold })
    }

    /// Appends the text of a node's paths to its own, and lets it write the conclusion.
    fn paths_came(&mut self, engine: &mut Engine, node: NodeId) -> Result<(), EngineError> {
        let Some(writer) = self.writers.get_mut(&node) else { return Ok(()) };
        let (branches, constraint) = (std::mem::take(&mut writer.branches), std::mem::take(&mut writer.constraint));
        let conclusion = self.words.tags("<Conclusion>\n")?;
        let texts = branches.iter().filter_map(|branch| self.writers.remove(branch)).flat_map(|branch| branch.text);
        let came: Vec<Token> = texts.chain(conclusion.iter().copied()).collect();
        if let Some(writer) = self.writers.get_mut(&node) {
            writer.text.extend(&came);
        }
        match constraint.after(&came) {
            Ok(constraint) => write_on(engine, node, &conclusion, &self.turn, constraint),
            Err(_) => engine.stop(node, Outcome::Invalid),
        }
    }
}

impl Program for Tags {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        let then = Then::Generate(self.turn.clone());
        let root = engine.submit(self.ground.request(then))?;
        self.writers.insert(root, Writer::default());
        self.root = Some(root);
        Ok(root)
    }

    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError> {
        match event {
            Event::Opened { node, parent: Some(parent) } => {
                let Some(above) = self.writers.get_mut(parent) else { return Ok(()) };
                above.branches.push(*node);
                let place = above.branches.len();
                let number = format!("{}{place}", above.prefix);
                let text = self.words.tags(&format!("<Path>\n{number}:"))?;
                let writer = Writer { text, prefix: number + ".", depth: above.depth + 1, ..Writer::default() };
                self.writers.insert(*node, writer);
                Ok(())
            }
            Event::Joined { node, report } => {
                if let Some(writer) = self.writers.get_mut(node) {
                    writer.paths = report.range.clone();
                }
                Ok(())
            }
            Event::Held { node } => {
                let (Some(writer), Some(grown)) = (self.writers.get_mut(node), growth.node(*node)) else {
                    return Ok(());
                };
                if !writer.branches.is_empty() {
                    return self.paths_came(engine, *node);
                }
                writer.text.extend(&grown.tokens[writer.taken..]);
                writer.taken = grown.tokens.len();
                self.turn_ended(engine, growth, *node)
            }
            Event::Finished { node, .. } => {
                let grown = growth.node(*node);
                if let (Some(writer), Some(grown)) = (self.writers.get_mut(node), grown) {
                    writer.text.extend(&grown.tokens[writer.taken..]);
                    writer.taken = grown.tokens.len();
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn text(&self) -> &[Token] {
        let root = self.root.and_then(|root| self.writers.get(&root));
        root.map_or(&[], |writer| &writer.text)
    }
}

fn count_of(text: &[u8], tag: &str) -> usize {
    text.windows(tag.len()).filter(|window| *window == tag.as_bytes()).count()
}

/// The number of outlines after the last `<Goal>` of a text, if they are numbered 1, 2, 3 after the prefix.
fn outlines(text: &[u8], prefix: &str) -> Option<usize> {
    let text = String::from_utf8_lossy(text);
    let (_, goal) = text.rsplit_once("<Goal>")?;
    let numbers =
        goal.split("<Outline>").skip(1).map(|outline| outline.trim_start().split_once(':').map(|part| part.0));
    let mut count = 0;
    for number in numbers {
        count += 1;
        if number?.trim() != format!("{prefix}{count}") {
            return None;
        }
    }
    (count > 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_are_counted_if_they_are_numbered_in_order() {
        let found = |text: &str, prefix: &str| outlines(text.as_bytes(), prefix);
        let goal = |numbers: &[&str]| -> String {
            let outlines = numbers.iter().map(|number| format!("<Outline>\n{number}: do\n</Outline>\n"));
            format!(
                "<Goal>\n<Outline>\n1:old</Outline></Goal> then <Goal>\nhow\n{}</Goal>",
                outlines.collect::<String>()
            )
        };
        assert_eq!(found(&goal(&["1", "2", "3"]), ""), Some(3));
        assert_eq!(found(&goal(&["2.1", "2.2"]), "2."), Some(2));
        for wrong in [&[][..], &["2"], &["1", "1"], &["1", "3"], &["99999999999999999999"], &["1", "two"]] {
            assert_eq!(found(&goal(wrong), ""), None, "{wrong:?}");
        }
        assert_eq!(found("<Outline>1:x</Outline>", ""), None, "outside of a goal");
        assert_eq!(found("<Goal><Outline>1 and no colon", ""), None);
    }
}
