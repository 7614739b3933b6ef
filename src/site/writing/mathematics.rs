//! Markup of proofs in mathematical style.

use serde::Serialize;
use theoremata_logic::calculus::formula::PredicateId;

use super::escape::escaped;
use super::math;
use super::sentence::{axiom_link, listed, variable};
use crate::site::values::address;
use crate::site::values::catalogue::Catalogue;
use crate::site::values::mathematics::{Heading, Line, Mathematics, Opening, Reason, Role, Why};

/// Maximal markup on a page, in bytes.
const MOST_BYTES: usize = 300_000;

/// A line, or the beginning or end of a block.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Passage {
    /// The beginning of a block.
    Open {
        /// Its first line, in markup.
        summary_html: String,
        /// `case`, `let` or `suppose`, for the style.
        kind: &'static str,
    },
    /// The end of a block.
    Close,
    /// A line.
    Line {
        /// Its number, if other lines refer to it.
        number: Option<usize>,
        /// The line, in markup.
        line_html: String,
        /// Further links of a chain of equations, in markup.
        links_html: Vec<String>,
    },
}

/// A proof in mathematical style, in markup.
#[derive(Serialize)]
pub(crate) struct Written {
    /// A summary of the proof idea.
    idea_html: String,
    passages: Vec<Passage>,
}

/// Renders a proof, unless it is too long for a page.
pub(crate) fn write(catalogue: &Catalogue<'_>, mathematics: &Mathematics) -> Option<Written> {
    let writer = Writer { catalogue };
    let passages: Vec<Passage> = mathematics.lines.iter().map(|line| writer.passage(line)).collect();
    let size = |passage: &Passage| match passage {
        Passage::Open { summary_html, .. } => summary_html.len(),
        Passage::Close => 0,
        Passage::Line { line_html, links_html, .. } => {
            line_html.len() + links_html.iter().map(String::len).sum::<usize>()
        }
    };
    let bytes: usize = passages.iter().map(size).sum();
    (bytes <= MOST_BYTES).then(|| Written { idea_html: writer.idea(mathematics), passages })
}

struct Writer<'c, 'r> {
    catalogue: &'c Catalogue<'r>,
}

impl Writer<'_, '_> {
    /// The inductions and theorems used.
    fn idea(&self, mathematics: &Mathematics) -> String {
        let mut names: Vec<&str> = Vec::new();
        for (principle, _) in &mathematics.inductions {
            if let Some(principle) = self.catalogue.theory.inductions.get(*principle)
                && !names.contains(&&*principle.name)
            {
                names.push(&principle.name);
            }
        }
        let inductions: Vec<String> = names.iter().map(|name| escaped(name)).collect();
        let theorems: Vec<String> = mathematics
            .theorems
            .iter()
            .take(12)
            .map(|number| match self.catalogue.theorems.get(*number) {
                Some(entry) => {
                    let text: String = entry.text.chars().take(80).collect();
                    format!("<a href=\"{}\">{}</a>", entry.file, escaped(&text))
                }
                None => format!("Theorem {}", number + 1),
            })
            .collect();
        let more = mathematics.theorems.len().saturating_sub(theorems.len());
        let more = if more > 0 { format!(", and {more} more theorems") } else { String::new() };
        match (inductions.is_empty(), theorems.is_empty()) {
            (true, true) => "Straight from the axioms.".to_owned(),
            (true, false) => format!("From {}{more}.", listed(&theorems)),
            (false, true) => format!("By {}, from the axioms.", listed(&inductions)),
            (false, false) => format!("By {}, with {}{more}.", listed(&inductions), listed(&theorems)),
        }
    }

    fn passage(&self, line: &Line) -> Passage {
        let whole = |number: &Option<usize>, line_html: String| Passage::Line {
            number: *number,
            line_html,
            links_html: Vec::new(),
        };
        match line {
            Line::Open(Opening::Constructor { symbol, constant }) => {
                let what = if *constant { "Base case" } else { "Induction step" };
                let summary_html = format!("<b>{what}</b> for {}", variable(&symbol.text));
                Passage::Open { summary_html, kind: "case" }
            }
            Line::Open(Opening::Heading(heading)) => {
                let kind = match heading.role {
                    Role::Case(_) => "case",
                    Role::Suppose | Role::Contrary => "suppose",
                    Role::Any | Role::Hypothesis | Role::Some => "let",
                };
                Passage::Open { summary_html: self.heading(heading), kind }
            }
            Line::Close => Passage::Close,
            Line::Let(heading) => whole(&None, self.heading(heading)),
            Line::Induction { number, claim, .. } => whole(
                number,
                format!("By <a href=\"../guide.html#rule-induction\">induction</a> we show {}", math::statement(claim)),
            ),
            Line::Chain { number, first, links } => {
                let mut links = links.iter();
                let begin = match links.next() {
                    Some((term, reasons)) => format!("{}{}", math::equation(first, term), self.reasons(reasons)),
                    None => math::inline(first),
                };
                let links_html =
                    links.map(|(term, reasons)| format!("{}{}", math::link(term), self.reasons(reasons))).collect();
                Passage::Line { number: *number, line_html: begin, links_html }
            }
            Line::Fact { number, math, reason } => {
                let reason = self.reasons(std::slice::from_ref(reason));
                whole(number, format!("{}{reason}", math::statement(math)))
            }
            Line::Contradiction { math, from } => {
                let from = if from.is_empty() { String::new() } else { format!(", by {}", lines(from)) };
                whole(&None, format!("A contradiction: {} holds and does not hold{from}.", math::statement(math)))
            }
        }
    }

    fn heading(&self, heading: &Heading) -> String {
        let symbols: Vec<String> = heading.variables.iter().map(math::symbol).collect();
        let variables = symbols.join(", ");
        let assumed: Vec<String> = heading.assumptions.iter().map(math::statement).collect();
        let assumed = listed(&assumed);
        let by = if heading.from.is_empty() { String::new() } else { format!(", by {}", lines(&heading.from)) };
        match (heading.role, variables.is_empty(), assumed.is_empty()) {
            (Role::Hypothesis, ..) => format!("<b>Induction hypothesis:</b> {assumed}"),
            (Role::Suppose, ..) => format!("Suppose {assumed}."),
            (Role::Contrary, ..) => format!("Suppose the contrary: {assumed}."),
            (Role::Case(number), ..) => format!("<b>Case {number}.</b> {assumed}"),
            (Role::Some, false, false) => format!("Take {variables} with {assumed}{by}."),
            (Role::Some, false, true) => format!("Take such {variables}{by}."),
            (_, true, _) => format!("Assume {assumed}{by}."),
            (_, false, true) => format!("Let {variables} be arbitrary."),
            (_, false, false) => format!("Let {variables} be arbitrary with {assumed}."),
        }
    }

    fn reasons(&self, reasons: &[Reason]) -> String {
        let parts: Vec<String> =
            reasons.iter().map(|reason| self.reason(reason)).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { String::new() } else { format!("<span class=\"by\">{}</span>", parts.join(", ")) }
    }

    fn reason(&self, reason: &Reason) -> String {
        let why = match &reason.why {
            Why::Axiom(axiom) => axiom_link(*axiom),
            Why::Axioms => "the axioms".to_owned(),
            Why::Theorem(number) => match self.catalogue.theorems.get(*number) {
                Some(entry) => {
                    let law = entry.law.as_deref().map(|law| format!(", {}", escaped(law))).unwrap_or_default();
                    format!("<a href=\"{}\">Theorem {}</a>{law}", entry.file, number + 1)
                }
                None => format!("Theorem {}", number + 1),
            },
            Why::Hypothesis => "induction hypothesis".to_owned(),
            Why::Assumption => "assumption".to_owned(),
            Why::Lines => return lines(&reason.from),
            Why::Definition(predicate) => format!("definition of {}", self.definition(*predicate)),
            Why::Comprehension(predicate) => format!("the set that {} describes exists", self.definition(*predicate)),
            Why::Generalised => "as shown".to_owned(),
            Why::Witnesses(terms) => {
                let terms: Vec<String> = terms.iter().map(math::inline).collect();
                format!("for {}", listed(&terms))
            }
            Why::Cases => "in both cases".to_owned(),
            Why::Impossible => "the contrary is impossible".to_owned(),
            Why::Absurd => "from a contradiction anything follows".to_owned(),
            Why::Equals => "equals for equals".to_owned(),
            Why::Same => "both sides are the same".to_owned(),
        };
        if reason.from.is_empty() { why } else { format!("{why}, {}", lines(&reason.from)) }
    }

    fn definition(&self, predicate: PredicateId) -> String {
        let name = &self.catalogue.theory.predicate(predicate).name;
        format!("<a href=\"../definition/{}.html\">{}</a>", address::of_name(name), escaped(name))
    }
}

/// Links to lines of the same proof.
fn lines(numbers: &[usize]) -> String {
    let links: Vec<String> =
        numbers.iter().map(|number| format!("<a class=\"ref\" href=\"#m{number}\">({number})</a>")).collect();
    listed(&links)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::tests::arithmetic;

    #[test]
    fn a_chain_is_written_with_a_reason_at_each_sign() {
        let (theory, report) = arithmetic(str::to_owned);
        let catalogue = Catalogue::new(&report, &theory);
        let place = catalogue.theorems.iter().position(|entry| entry.text == "a + b = b + a").expect("it is proved");
        let view = Mathematics::of(&catalogue, report.theorems[place].checked.proof()).expect("short");
        let written = write(&catalogue, &view).expect("short");
        assert!(
            written.idea_html.starts_with("By induction on the natural numbers, with <a href="),
            "{}",
            written.idea_html
        );
        let longest = written.passages.iter().filter_map(|passage| match passage {
            Passage::Line { links_html, .. } => Some(links_html),
            _ => None,
        });
        let longest = longest.max_by_key(|links| links.len()).expect("a chain");
        assert_eq!(longest.len(), 2, "{longest:?}");
        assert!(longest.iter().all(|link| link.starts_with("<math><mo>=</mo>") && link.contains("class=\"by\"")));
        assert!(longest[0].contains("induction hypothesis") && longest[1].contains("Axiom"), "{longest:?}");
    }
}
