//! Candidate theories: equivalent ones are merged, inconsistent ones rejected, and all are tested against examples.

use std::cmp::Reverse;

use theoremata_actors::examine::{Examiner, Limits, Verdict};
use theoremata_logic::calculus::theory::Goal;

use super::draft::Draft;

/// A class of equivalent theories.
pub(super) struct Candidate {
    /// The theories; the first represents the class.
    pub(super) drafts: Vec<Draft>,
    pub(super) votes: usize,
    pub(super) standing: Standing,
    /// Examples that were decided as intended.
    pub(super) met: Vec<String>,
    /// Evidence against it.
    pub(super) against: Vec<String>,
    /// Examples that the prover could not decide.
    pub(super) undecided: Vec<String>,
}

/// Whether the theory is consistent and non-trivial.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// The axioms are inconsistent, by these theorems.
    Contradictory(Vec<String>),
    /// There is a model with two distinct elements.
    HasModel,
    /// It is a theorem that all elements are equal.
    OneElement,
    /// None of these was found.
    Unknown,
}

/// The result of sorting.
pub(super) struct Sorted {
    /// The best first, inconsistent ones last.
    pub(super) candidates: Vec<Candidate>,
    /// Why texts are no theories.
    pub(super) unread: Vec<String>,
}

impl Candidate {
    pub(super) fn draft(&self) -> &Draft {
        &self.drafts[0]
    }

    pub(super) fn is_struck(&self) -> bool {
        matches!(self.standing, Standing::Contradictory(_))
    }
}

/// Parses and sorts texts: consistent theories first, then by evidence against them, examples met, and number of
/// samples.
///
/// # Errors
/// A message, if the store or the system fails.
pub(super) fn sorted(
    texts: &[String],
    description: &str,
    (holds, fails): (&[String], &[String]),
    limits: Limits,
) -> Result<Sorted, String> {
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    for text in texts {
        match Draft::read(text, description, limits) {
            Ok(draft) => read.push(draft),
            Err(why) => unread.push(why),
        }
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    for (draft, votes) in joined_by_form(read, &mut unread, limits)? {
        let standing = standing(&draft.examiner)?;
        let candidate = Candidate {
            drafts: vec![draft],
            votes,
            standing,
            met: Vec::new(),
            against: Vec::new(),
            undecided: Vec::new(),
        };
        match same(&mut candidates, &candidate)? {
            Some(known) => {
                known.votes += candidate.votes;
                known.drafts.extend(candidate.drafts);
            }
            None => candidates.push(candidate),
        }
    }
    for candidate in candidates.iter_mut().filter(|candidate| !candidate.is_struck()) {
        candidate.hold_against(holds, fails)?;
    }
    candidates.sort_by_key(|it| {
        let is_small = it.standing == Standing::OneElement;
        (it.is_struck(), it.against.len(), Reverse(it.met.len()), is_small, Reverse(it.votes))
    });
    Ok(Sorted { candidates, unread })
}

/// Merges theories that have the same symbols and axioms of the same normal forms, up to order; returns each with its
/// number of samples.
fn joined_by_form(read: Vec<Draft>, unread: &mut Vec<String>, limits: Limits) -> Result<Vec<(Draft, usize)>, String> {
    let mut joined: Vec<(Draft, usize)> = Vec::new();
    let mut groups: Vec<(String, Vec<Draft>)> = Vec::new();
    for draft in read {
        let parameters = draft.choice.parameters();
        match groups.iter_mut().find(|(known, _)| *known == parameters) {
            Some((_, drafts)) => drafts.push(draft),
            None => groups.push((parameters, vec![draft])),
        }
    }
    for (parameters, drafts) in groups {
        let names: Vec<&str> = parameters.split(',').collect();
        let choice = super::vocabulary::Choice::of_parameters(&names).ok_or("its signs are not known")?;
        let bare = Draft::bare(choice, limits)?.examiner;
        // All axioms become statements of one theory, so that their normal forms can be compared.
        let (mut goals, mut ranges, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for draft in drafts {
            match draft.statements.iter().map(|text| bare.read(text)).collect::<Result<Vec<Goal>, String>>() {
                Ok(own) => {
                    ranges.push(goals.len()..goals.len() + own.len());
                    goals.extend(own);
                    kept.push(draft);
                }
                Err(why) => unread.push(why),
            }
        }
        let same = bare.same_forms(&goals);
        let mut forms: Vec<(Vec<usize>, usize)> = Vec::new();
        for (range, draft) in ranges.into_iter().zip(kept) {
            let mut form = same[range].to_vec();
            form.sort_unstable();
            form.dedup();
            match forms.iter().find(|(known, _)| *known == form) {
                Some((_, place)) => joined[*place].1 += 1,
                None => {
                    forms.push((form, joined.len()));
                    joined.push((draft, 1));
                }
            }
        }
    }
    Ok(joined)
}

/// Whether the axioms are inconsistent, or have a model with two elements.
fn standing(examiner: &Examiner) -> Result<Standing, String> {
    let one = examiner.read("(>[x,y] (& (in[x,S]) (in[y,S])) (=[x,y]))")?;
    if let Some(theorems) = examiner.contradiction(&one)? {
        return Ok(Standing::Contradictory(theorems));
    }
    Ok(match examiner.examine(&[], &one)? {
        Verdict::Refuted { .. } => Standing::HasModel,
        Verdict::Proved { .. } => Standing::OneElement,
        Verdict::Open { .. } => Standing::Unknown,
    })
}

/// The known candidate that is equivalent: it has the same symbols, and each theory proves the axioms of the other. For
/// inconsistent axioms that would be vacuous.
fn same<'c>(known: &'c mut [Candidate], candidate: &Candidate) -> Result<Option<&'c mut Candidate>, String> {
    let new = candidate.draft();
    for known in known.iter_mut().filter(|known| !known.is_struck() && !candidate.is_struck()) {
        let old = known.draft();
        if old.choice.parameters() == new.choice.parameters() && follows(old, new)? && follows(new, old)? {
            return Ok(Some(known));
        }
    }
    Ok(None)
}

/// Whether all axioms of one theory are theorems of another.
fn follows(from: &Draft, axioms: &Draft) -> Result<bool, String> {
    let goals = axioms.statements.iter().map(|text| from.examiner.read(text)).collect::<Result<Vec<Goal>, String>>()?;
    let verdicts = from.examiner.examine_all(&goals)?;
    Ok(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Proved { .. })))
}

impl Candidate {
    /// Tests the candidate against examples: statements that should follow, and statements that should not.
    fn hold_against(&mut self, holds: &[String], fails: &[String]) -> Result<(), String> {
        let examples = holds.iter().map(|text| (text, true)).chain(fails.iter().map(|text| (text, false)));
        for (text, follows) in examples {
            let draft = self.draft();
            let Ok(goal) = draft.example(text) else {
                self.against.push(format!("{text} cannot be said"));
                continue;
            };
            match (draft.examiner.examine(&[], &goal)?, follows) {
                (Verdict::Proved { .. }, true) => self.met.push(format!("{text} follows")),
                (Verdict::Refuted { .. }, false) => self.met.push(format!("{text} does not follow")),
                (Verdict::Proved { .. }, false) => self.against.push(format!("{text} follows")),
                (Verdict::Refuted { .. }, true) => self.against.push(format!("{text} does not follow")),
                (Verdict::Open { .. }, _) => self.undecided.push(text.clone()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { cpu: 5.0, memory: 1 << 30 };

    fn sort(texts: &[&str], holds: &[&str], fails: &[&str]) -> Sorted {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
        sorted(&own(texts), "a \"test\"\n\u{202e}", (&own(holds), &own(fails)), LIMITS).expect("sorted")
    }

    fn names(sorted: &Sorted) -> Vec<(&str, usize)> {
        sorted.candidates.iter().map(|candidate| (&*candidate.draft().name, candidate.votes)).collect()
    }

    #[test]
    fn theories_are_joined_struck_out_and_held_against_examples() {
        let declared = "(operation[*,S,S,S]) (in[e,S])";
        let monoid = format!(
            "(theory Monoid[S,*,e] (& {declared} (associative[*]) (left-identity[e,*,S]) (right-identity[e,*,S])))"
        );
        // The same axioms in another order, one of them as a named law.
        let again = format!(
            "(theory Again[S,*,e] (& {declared} (>[x] (in[x,S]) (in3[x,e,x,*])) (left-identity[e,*,S]) (associative[*])))"
        );
        let magma = "(theory Magma[S,*] (& (operation[*,S,S,S]) (commutative[*])))";
        // Only the second is inconsistent: everything has a product that is e, and nothing has.
        let one = format!("(theory One[S,*,e] (& {declared} (>[x,y] (& (in[x,S]) (in[y,S])) (=[x,y]))))");
        let wrong =
            format!("(theory Wrong[S,*,e] (& {declared} (left-identity[e,*,S]) (>[x,y,z] (in3[x,y,z,*]) !(=[z,x]))))");
        let broken = "(theory Broken[S,*] (& (operation[*,S,S,S]) (assoc";
        let strange = "(theory Strange[S,#] (& (operation[#,S,S,S]) (associative[#])))";
        let texts = [magma, &wrong, &one, &monoid, broken, &again, &monoid, strange];
        let sorted = sort(&texts, &["e * e = e"], &["x * y = y * x"]);
        assert_eq!(names(&sorted), [("Monoid", 3), ("One", 1), ("Magma", 1), ("Wrong", 1)]);
        assert_eq!(sorted.unread, ["it breaks off", "it is about signs that new theories do not have"]);
        let [monoid, one, magma, wrong] = &sorted.candidates[..] else { panic!("four candidates") };
        assert_eq!((&monoid.standing, &one.standing), (&Standing::HasModel, &Standing::OneElement));
        assert_eq!(monoid.met, ["e * e = e follows", "x * y = y * x does not follow"]);
        assert_eq!(one.against, ["x * y = y * x follows"]);
        assert_eq!(magma.against, ["e * e = e cannot be said", "x * y = y * x follows"]);
        assert!(matches!(&wrong.standing, Standing::Contradictory(by) if !by.is_empty()), "{:?}", wrong.standing);
    }

    #[test]
    fn theories_that_prove_each_others_axioms_are_one() {
        let theory = |name: &str, axioms: &str| {
            format!(
                "(theory {name}[S,*,e,inv] (& (operation[*,S,S,S]) (in[e,S]) (function[inv,S,S]) (associative[*]) {axioms}))"
            )
        };
        let left = theory("Left", "(left-identity[e,*,S]) (left-inverse[inv,*,e])");
        let right = theory("Right", "(right-identity[e,*,S]) (right-inverse[inv,*,e])");
        let weaker = theory("Weaker", "(left-identity[e,*,S])");
        let sorted = sort(&[&left, &weaker, &right], &[], &[]);
        assert_eq!(names(&sorted), [("Left", 2), ("Weaker", 1)]);
        assert_eq!(sorted.candidates[0].drafts[1].name, "Right");
    }

    #[test]
    fn a_draft_is_a_file_of_its_own_that_says_what_it_is_shown_to_say() {
        let sorted = sort(
            &["(theory Ring[S,+,*,0,1,neg] (& (associative[+]) (left-inverse[neg,+,0]) (left-distributive[*,+])))"],
            &[],
            &[],
        );
        let draft = sorted.candidates[0].draft();
        let said: Vec<String> = draft.said().into_iter().map(|(math, _)| math).collect();
        assert_eq!(
            said,
            ["∀ x y z : (x + y) + z = x + (y + z)", "∀ x : −(x) + x = 0", "∀ x y z : x · (y + z) = x · y + x · z"]
        );
        assert!(draft.said().iter().all(|(_, words)| words.is_some()));
        assert!(draft.file.contains("(define associative[*]") && !draft.file.contains("(define commutative"));
        assert!(!draft.file.contains('\u{202e}') && draft.file.contains("\\\"test\\\"\\n"), "{}", draft.file);
        assert!(draft.file.contains("(in[0,S])"), "what the signs are is said whether or not the model did");
    }
}
