//! Kinds of damage to an exported file, each as a set of possible edits.
//!
//! No kind may leave a valid file, wherever it is applied: the checkers have to refuse all.

use std::ops::Range;

/// A part of a text and what it is replaced by.
pub(crate) struct Edit {
    range: Range<usize>,
    by: String,
}

impl Edit {
    /// The edit, for messages.
    pub(crate) fn shown(&self, text: &str) -> String {
        let line = text[..self.range.start].matches('\n').count() + 1;
        format!("line {line}, {} became {}", &text[self.range.clone()], self.by)
    }

    /// The text with the edit made.
    pub(crate) fn made(&self, text: &str) -> String {
        format!("{}{}{}", &text[..self.range.start], self.by, &text[self.range.end..])
    }
}

/// The languages under test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Rocq,
    Dedukti,
}

/// A kind of damage: its name, and the edits it allows in a text.
pub(crate) type Kind = (&'static str, fn(&Sample<'_>) -> Vec<Edit>);

/// All kinds.
pub(crate) const KINDS: [Kind; 14] = [
    ("an axiom replaced by another", another_axiom),
    ("a later theorem cited", later_theorem),
    ("an assumption not declared", undeclared),
    ("an assumption that says what another says", other_assumption),
    ("a premise dropped", dropped_premise),
    ("a premise replaced by another", other_premise),
    ("two arguments swapped", swapped_arguments),
    ("the parts of a conjunction swapped", swapped_parts),
    ("the other part of a conjunction taken", other_part),
    ("a property that does not mention its variable", constant_property),
    ("another witness", other_witness),
    ("the cases of an induction swapped", swapped_cases),
    ("a step that states what another states", other_step),
    ("a theorem that states what another states", other_statement),
];

/// A parsed exported file.
pub(crate) struct Sample<'t> {
    text: &'t str,
    language: Language,
    /// The position of each theorem.
    theorems: Vec<Theorem>,
    /// The position of each assumption: its name, the whole line, and the statement.
    assumptions: Vec<(&'t str, Range<usize>, Range<usize>)>,
}

struct Theorem {
    statement: Range<usize>,
    proof: Range<usize>,
}

impl<'t> Sample<'t> {
    pub(crate) fn new(text: &'t str, language: Language) -> Sample<'t> {
        let mut sample = Sample { text, language, theorems: Vec::new(), assumptions: Vec::new() };
        let (begin, middle, end) = match language {
            Language::Rocq => ("\nTheorem ", ".\nProof. exact (", ").\nQed."),
            Language::Dedukti => ("\nthm t", " :=\n", ".\n"),
        };
        let mut at = 0;
        while let Some(found) = text[at..].find(begin) {
            let start = at + found + begin.len();
            let colon = start + text[start..].find(":\n").expect("a statement") + 2;
            let proof = colon + text[colon..].find(middle).expect("a proof");
            let close = proof + text[proof + middle.len()..].find(end).expect("an end") + middle.len();
            sample.theorems.push(Theorem { statement: colon..proof, proof: proof + middle.len()..close });
            at = close;
        }
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let body = match language {
                Language::Rocq => line.strip_prefix("Hypothesis "),
                Language::Dedukti => Some(line),
            };
            if let Some((name, says)) = body.and_then(|body| body.split_once(" : "))
                && ["axiom_", "comprehension", "classical"].iter().any(|word| name.starts_with(word))
            {
                let from = start + line.len() - says.len();
                sample.assumptions.push((name, start..start + line.len(), from..start + line.trim_end().len() - 1));
            }
            start += line.len();
        }
        sample
    }

    fn edit(&self, range: Range<usize>, by: &str) -> Option<Edit> {
        let by = by.to_owned();
        (self.text[range.clone()] != *by).then_some(Edit { range, by })
    }

    /// The occurrences of `word` in proofs, as a whole word.
    fn in_proofs(&self, is_it: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for theorem in &self.theorems {
            let mut at = theorem.proof.start;
            while at < theorem.proof.end {
                let length = word(&self.text[at..theorem.proof.end]);
                if length > 0 && is_it(&self.text[at..at + length]) {
                    found.push(at..at + length);
                }
                at += length.max(self.text[at..].chars().next().map_or(1, char::len_utf8));
            }
        }
        found
    }

    /// The arguments of the word at this position.
    fn arguments(&self, head: &Range<usize>) -> Vec<Range<usize>> {
        let mut arguments = Vec::new();
        let mut at = head.end;
        while self.text[at..].starts_with(' ') {
            let length = match self.text.as_bytes()[at + 1] {
                b'(' => closed(&self.text[at + 1..]),
                _ => word(&self.text[at + 1..]),
            };
            if length == 0 || &self.text[at + 1..at + 1 + length] == "in" {
                break;
            }
            arguments.push(at + 1..at + 1 + length);
            at += 1 + length;
        }
        arguments
    }

    fn swapped(&self, first: &Range<usize>, second: &Range<usize>) -> Option<Edit> {
        let (one, other) = (&self.text[first.clone()], &self.text[second.clone()]);
        let between = &self.text[first.end..second.start];
        self.edit(first.start..second.end, &format!("{other}{between}{one}"))
    }

    /// The applications of axioms to arguments.
    fn applied_axioms(&self) -> impl Iterator<Item = Vec<Range<usize>>> {
        let heads = self.in_proofs(|word| word.starts_with("axiom_"));
        heads.into_iter().map(|head| self.arguments(&head)).filter(|arguments| arguments.len() > 1)
    }
}

/// The length of the word at the beginning of a text.
fn word(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '@')).unwrap_or(text.len())
}

/// The length of a parenthesised group at the beginning of a text, with the parentheses.
fn closed(text: &str) -> usize {
    let mut depth = 0;
    for (place, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return place + 1;
        }
    }
    0
}

fn another_axiom(sample: &Sample<'_>) -> Vec<Edit> {
    let axioms: Vec<&str> =
        sample.assumptions.iter().map(|(name, ..)| *name).filter(|name| name.starts_with("axiom_")).collect();
    let uses = sample.in_proofs(|word| word.starts_with("axiom_"));
    uses.into_iter()
        .filter_map(|place| {
            let own = axioms.iter().position(|name| *name == &sample.text[place.clone()])?;
            sample.edit(place, axioms[(own + 1) % axioms.len()])
        })
        .collect()
}

fn later_theorem(sample: &Sample<'_>) -> Vec<Edit> {
    let is_theorem = |word: &str| word.strip_prefix('t').is_some_and(|rest| rest.parse::<usize>().is_ok());
    let last = format!("t{}", sample.theorems.len());
    sample.in_proofs(is_theorem).into_iter().filter_map(|place| sample.edit(place, &last)).collect()
}

fn undeclared(sample: &Sample<'_>) -> Vec<Edit> {
    sample.assumptions.iter().filter_map(|(_, line, _)| sample.edit(line.clone(), "")).collect()
}

fn other_assumption(sample: &Sample<'_>) -> Vec<Edit> {
    let next = sample.assumptions.iter().cycle().skip(1);
    sample
        .assumptions
        .iter()
        .zip(next)
        .filter_map(|(one, next)| sample.edit(one.2.clone(), &sample.text[next.2.clone()]))
        .collect()
}

fn dropped_premise(sample: &Sample<'_>) -> Vec<Edit> {
    sample
        .applied_axioms()
        .filter_map(|arguments| {
            let [.., before, last] = &arguments[..] else { return None };
            sample.edit(before.end..last.end, "")
        })
        .collect()
}

fn other_premise(sample: &Sample<'_>) -> Vec<Edit> {
    let is_step = |word: &str| word.strip_prefix('h').is_some_and(|rest| rest.parse::<usize>().is_ok());
    let premises = sample.applied_axioms().filter_map(|arguments| arguments.last().cloned());
    let premises: Vec<_> = premises.filter(|last| is_step(&sample.text[last.clone()])).collect();
    premises.into_iter().filter_map(|last| sample.edit(last, "h1")).collect()
}

fn swapped_arguments(sample: &Sample<'_>) -> Vec<Edit> {
    sample.applied_axioms().filter_map(|arguments| sample.swapped(&arguments[0], &arguments[1])).collect()
}

fn swapped_parts(sample: &Sample<'_>) -> Vec<Edit> {
    let (head, count) = match sample.language {
        Language::Rocq => ("conj", 2),
        Language::Dedukti => ("and_intro", 4),
    };
    sample
        .in_proofs(|word| word == head)
        .into_iter()
        .filter_map(|head| {
            let arguments = sample.arguments(&head);
            // A pattern of Rocq proves nothing, and its names may be swapped.
            let in_pattern = sample.text[..head.start].ends_with('(')
                && sample.text[head.start..]
                    .split_once(')')
                    .is_some_and(|(_, rest)| rest.trim_start_matches(')').starts_with(" =>"));
            if arguments.len() != count || in_pattern {
                return None;
            }
            sample.swapped(&arguments[count - 2], &arguments[count - 1])
        })
        .collect()
}

fn other_part(sample: &Sample<'_>) -> Vec<Edit> {
    match sample.language {
        Language::Rocq => {
            let places = sample.in_proofs(|word| word == "proj1" || word == "proj2");
            let other = |place: &Range<usize>| if sample.text[place.clone()] == *"proj1" { "proj2" } else { "proj1" };
            places.into_iter().filter_map(|place| sample.edit(place.clone(), other(&place))).collect()
        }
        Language::Dedukti => {
            let parts = ["(a => b => a)", "(a => b => b)"];
            let places = parts.map(|part| sample.text.match_indices(part).map(|(at, _)| at).collect::<Vec<_>>());
            let edits = [0, 1].map(|part| {
                places[part].iter().filter_map(move |at| sample.edit(*at..*at + parts[part].len(), parts[1 - part]))
            });
            edits.into_iter().flatten().collect()
        }
    }
}

fn constant_property(sample: &Sample<'_>) -> Vec<Edit> {
    // The property of a replacement is about a variable named v.
    let before = match sample.language {
        Language::Rocq => "(fun (v : I) => ",
        Language::Dedukti => "(v : El I => ",
    };
    let in_proof = |at: usize| sample.theorems.iter().any(|theorem| theorem.proof.contains(&at));
    // Such a text may also be the body of a quantifier over a variable that the user named v.
    let quantified =
        |at: usize| ["all I ", "ex I ", "ex_intro I "].iter().any(|word| sample.text[..at].ends_with(word));
    sample
        .text
        .match_indices(before)
        .filter(|(at, _)| in_proof(*at) && !quantified(*at))
        .filter_map(|(at, _)| {
            let whole = at..at + closed(&sample.text[at..]);
            let body = &sample.text[at + before.len()..whole.end];
            let words: Vec<&str> = body.split_inclusive([' ', '(', ')']).collect();
            let without: String = words
                .iter()
                .map(|part| match part.strip_prefix('v') {
                    Some(rest) if [" ", "(", ")"].contains(&rest) => format!("zero{rest}"),
                    _ => (*part).to_owned(),
                })
                .collect();
            sample.edit(at + before.len()..whole.end, &without)
        })
        .collect()
}

fn other_witness(sample: &Sample<'_>) -> Vec<Edit> {
    let heads = sample.in_proofs(|word| word == "ex_intro");
    let witnesses = heads.into_iter().map(|head| sample.arguments(&head));
    // In a pattern the name is bound.
    let count = if sample.language == Language::Rocq { 3 } else { 4 };
    let witnesses = witnesses.filter(|arguments| arguments.len() == count && sample.text[arguments[0].clone()] != *"_");
    witnesses.filter_map(|arguments| sample.edit(arguments[count - 2].clone(), "zero")).collect()
}

fn swapped_cases(sample: &Sample<'_>) -> Vec<Edit> {
    let heads = sample.in_proofs(|word| word.starts_with("induction"));
    heads
        .into_iter()
        .filter_map(|head| {
            let arguments = sample.arguments(&head);
            let [.., first, second] = &arguments[..] else { return None };
            sample.swapped(first, second)
        })
        .collect()
}

fn other_step(sample: &Sample<'_>) -> Vec<Edit> {
    let (before, after) = match sample.language {
        Language::Rocq => ("let h", " :=\n"),
        Language::Dedukti => ("(h", " =>\n"),
    };
    let mut edits = Vec::new();
    for theorem in &sample.theorems {
        let proof = &sample.text[theorem.proof.clone()];
        let steps: Vec<Range<usize>> = proof
            .match_indices(before)
            .filter_map(|(at, _)| {
                let line = proof[at..].find(after)?;
                let line = &proof[at..at + line];
                let (_, says) = line.split_once(" : ").filter(|_| !line.contains('\n') && !line.contains("=>"))?;
                let end = theorem.proof.start + at + line.len();
                Some(end - says.len()..end)
            })
            .collect();
        for pair in steps.windows(2) {
            edits.extend(sample.edit(pair[1].clone(), &sample.text[pair[0].clone()]));
        }
    }
    edits
}

fn other_statement(sample: &Sample<'_>) -> Vec<Edit> {
    let pairs = sample.theorems.windows(2);
    pairs.filter_map(|pair| sample.edit(pair[0].statement.clone(), &sample.text[pair[1].statement.clone()])).collect()
}
