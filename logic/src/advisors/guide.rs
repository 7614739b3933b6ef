//! Samples statements from an n-gram table; uniformly if the table is empty.

use std::sync::Arc;

use crate::language::infix::{Infix, Sign, Vocabulary};
use crate::language::notation::Reading;
use crate::random::{Random, mix};
use crate::search::explore::{Query, Topic};
use crate::search::premises::NAMED;

use super::shape::{Filling, Token, Wanted};
use super::table::Table;

/// The most tokens of a statement.
const LONGEST: usize = 18;
/// Samples per wanted statement; many are ill-sorted or duplicates.
const TRIES: usize = 40;
/// The most variables of a statement.
const VARIABLES: usize = 4;

/// A sampler of statements, for any theory.
#[derive(Clone, Debug)]
pub struct Guide {
    table: Arc<Table>,
    seed: u64,
}

impl Guide {
    /// A guide under which all admissible tokens are equally likely.
    #[must_use]
    pub fn random(seed: u64) -> Guide {
        Guide { table: Arc::default(), seed }
    }

    /// A guide that weights tokens by their frequency in a table.
    #[must_use]
    pub fn learned(table: Arc<Table>, seed: u64) -> Guide {
        Guide { table, seed }
    }

    /// Distinct statements of the theory, as many as the question accepts.
    pub(super) fn statements(&self, query: &Query) -> Vec<String> {
        let infix = Infix::new(&query.theory);
        let whole = if query.topic == Topic::Split { Wanted::Statement } else { Wanted::Whole };
        let variables = variables(&infix, query);
        let mut found: Vec<String> = Vec::new();
        let mut random = self.random_for(query, 0);
        for _ in 0..query.most * TRIES {
            if found.len() >= query.most {
                break;
            }
            let filling = filling(infix.vocabulary(), &variables, &mut random);
            let Some(tokens) = self.draw(&filling, whole, &mut random) else { continue };
            let Some(sentence) = filling.sentence(&mut tokens.into_iter()) else { continue };
            let text = infix.written(&sentence);
            if !found.contains(&text) && infix.goal(&text).is_ok() {
                found.push(text);
            }
        }
        found
    }

    /// Random theorems, as many as an advisor may name.
    pub(super) fn subset(&self, query: &Query, place: usize) -> Vec<u32> {
        let mut random = self.random_for(query, 1 + place as u64);
        let mut all: Vec<u32> = query.theorems.iter().map(|theorem| theorem.id.0).collect();
        random.shuffle(&mut all);
        all.truncate(NAMED);
        all
    }

    /// The random numbers for one question: a function of the seed and the question's number.
    fn random_for(&self, query: &Query, use_of: u64) -> Random {
        Random(mix(self.seed ^ mix(u64::from(query.number) << 8 | use_of)))
    }

    /// A token sequence that is a complete statement; `None` if it grew too long.
    fn draw(&self, filling: &Filling, whole: Wanted, random: &mut Random) -> Option<Vec<Token>> {
        let mut sequence: Vec<Token> = Vec::new();
        let mut wanted = vec![whole];
        while let Some(next) = wanted.pop() {
            if sequence.len() + wanted.len() >= LONGEST {
                return None;
            }
            let choices: Vec<Token> = choices(filling, &sequence).into_iter().filter(|one| one.fits(next)).collect();
            let before = &sequence[sequence.len().saturating_sub(super::table::ORDER)..];
            let token = random.choose(&choices, &self.table.weights(before, &choices))?;
            wanted.extend(token.wants().into_iter().rev());
            sequence.push(token);
        }
        Some(sequence)
    }
}

/// The variables of a statement; if it is about the individuals of a goal, the goal's variables.
fn variables(infix: &Infix<'_>, query: &Query) -> Vec<String> {
    let mut variables: Vec<String> = Vec::new();
    if matches!(query.topic, Topic::Steps | Topic::Split)
        && let Some(goal) = &query.goal
        && let Ok(sentence) = infix.sentence(&Reading::new(&query.theory).statement(goal).to_string())
    {
        sentence.each_variable(&mut |name| {
            if !variables.iter().any(|known| known == name) {
                variables.push(name.to_owned());
            }
        });
    }
    let fresh = infix.vocabulary().variables(VARIABLES + variables.len());
    let fresh = fresh.into_iter().filter(|name| !variables.contains(name)).collect::<Vec<_>>();
    variables.extend(fresh);
    variables.truncate(VARIABLES);
    variables
}

/// The symbols of a theory in random order.
fn filling(vocabulary: &Vocabulary, variables: &[String], random: &mut Random) -> Filling {
    let mut by_inputs = |signs: &[Sign]| {
        let mut lists = vec![Vec::new(); signs.iter().map(|sign| sign.inputs + 1).max().unwrap_or(0)];
        signs.iter().enumerate().for_each(|(place, sign)| lists[sign.inputs].push(place));
        lists.iter_mut().for_each(|list| random.shuffle(list));
        lists
    };
    let (operations, relations) = (by_inputs(&vocabulary.operations), by_inputs(&vocabulary.relations));
    let mut constants: Vec<usize> = (0..vocabulary.constants.len()).collect();
    let mut sets: Vec<usize> = (0..vocabulary.sets.len()).collect();
    random.shuffle(&mut constants);
    random.shuffle(&mut sets);
    Filling { variables: variables.to_vec(), constants, sets, operations, relations }
}

/// All admissible next tokens: symbols already used, and for each kind the next unused one.
fn choices(filling: &Filling, sequence: &[Token]) -> Vec<Token> {
    let mut all = vec![Token::Implies, Token::And, Token::Not, Token::Equal];
    let mut kinds: Vec<Box<dyn Fn(u8) -> Token>> =
        vec![Box::new(Token::In), Box::new(Token::Constant), Box::new(Token::Variable)];
    for inputs in 0..filling.operations.len() as u8 {
        kinds.push(Box::new(move |number| Token::Operation(inputs, number)));
    }
    for inputs in 0..filling.relations.len() as u8 {
        kinds.push(Box::new(move |number| Token::Relation(inputs, number)));
    }
    for kind in kinds {
        for number in 0..u8::MAX {
            let token = kind(number);
            if !filling.has(token) {
                break;
            }
            all.push(token);
            if !sequence.contains(&token) {
                break;
            }
        }
    }
    all
}
