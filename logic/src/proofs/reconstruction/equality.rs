//! Equations between individuals of a class, and facts rewritten to other members of it.

use crate::calculus::formula::{Formula, Name};
use crate::calculus::proof::{Rule as Inference, StepId};
use crate::saturation::block::Line;
use crate::saturation::pattern::{Code, Individual};

use super::Writer;

impl Writer<'_> {
    /// A literal about exactly these individuals, which the block derived about their representatives.
    pub(super) fn exact(&mut self, line: &Line<'_>, code: Code, arguments: &[Individual]) -> StepId {
        let representatives: Vec<Individual> = arguments.iter().map(|argument| line.classes.find(*argument)).collect();
        let fact = line.lookup(code, &representatives).expect("a reached goal is known");
        let step = self.fact(line, fact);
        if representatives == arguments {
            return step;
        }
        let names: Vec<Name> = arguments.iter().map(|individual| self.name(*individual)).collect();
        let formula = self.atom(code, &names);
        self.replace(line, step, &representatives, arguments, formula)
    }

    pub(super) fn replace(
        &mut self,
        line: &Line<'_>,
        step: StepId,
        from: &[Individual],
        to: &[Individual],
        formula: Formula,
    ) -> StepId {
        let mut premises = vec![step];
        for (old, new) in from.iter().zip(to) {
            if old != new {
                let equation = self.equation(line, *old, *new, false);
                if !premises.contains(&equation) {
                    premises.push(equation);
                }
            }
        }
        self.derive(Inference::Congruence, premises, formula)
    }

    /// `left = right`; if `oriented` is false, possibly `right = left`.
    pub(super) fn equation(&mut self, line: &Line<'_>, left: Individual, right: Individual, oriented: bool) -> StepId {
        let (one, other) = (self.name(left), self.name(right));
        let wanted = Formula::equal(one, other);
        if left == right {
            return self.derive(Inference::Reflexivity, vec![], wanted);
        }
        for candidate in [wanted.clone(), Formula::equal(other, one)] {
            if let Some(known) = self.known.get(&candidate).copied()
                && self.is_visible(known)
                && (!oriented || candidate == wanted)
            {
                return known;
            }
        }
        let path = line.classes.explain(left, right);
        let links: Vec<StepId> = path.iter().map(|equation| self.fact(line, *equation)).collect();
        // Rewriting `left = left` along the path, one link at a time.
        let mut at = left;
        let mut step = None;
        for (equation, link) in path.iter().zip(links) {
            let sides = line.layer_of(*equation).arguments(*equation);
            let next = if sides[0] == at { sides[1] } else { sides[0] };
            step = Some(match step {
                None if sides[0] == at || !oriented => {
                    if sides[0] == at {
                        (link, true)
                    } else {
                        (link, false)
                    }
                }
                None => {
                    let same = self.derive(Inference::Reflexivity, vec![], Formula::equal(one, one));
                    let formula = Formula::equal(one, self.name(next));
                    (self.derive(Inference::Congruence, vec![same, link], formula), true)
                }
                Some((previous, forward)) => {
                    let far = self.name(next);
                    let formula = if forward { Formula::equal(one, far) } else { Formula::equal(far, one) };
                    (self.derive(Inference::Congruence, vec![previous, link], formula), forward)
                }
            });
            at = next;
        }
        step.expect("different individuals are linked").0
    }
}
