//! What constraints allow: random walks over allowed tokens, checked by independent parsers.

#[path = "../../tests/common/skip.rs"]
mod skip;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use theoremata_kernels::{MIX_STEP, mix};
use theoremata_lm::{
    Atom, Constraint, ConstraintError, Ending, Grammars, Model, Multiverse, Place, Signature, TaskForm, Token,
    Tokenizer,
};

/// Random numbers that depend on the seed alone (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        let word = mix(self.0);
        self.0 = self.0.wrapping_add(MIX_STEP);
        (word % bound.max(1) as u64) as usize
    }

    fn one_of<T: Clone>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())].clone()
    }
}

/// The vocabulary of the default model if its file exists, else all bytes and some words.
fn tokenizer() -> Tokenizer {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("THEOREMATA_MODELS")
        .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("theoremata/models")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/theoremata/models")));
    let file = folder.map(|folder| folder.join("smollm2.gguf")).filter(|path| path.exists());
    match file {
        Some(file) => Model::load(&file).expect("the model").tokenizer().expect("a vocabulary").clone(),
        None => {
            skip::skipped("the vocabulary of smollm2 is not here; a small one is taken");
            small_tokenizer()
        }
    }
}

/// All bytes, a few merged pairs, and tags as control tokens.
fn small_tokenizer() -> Tokenizer {
    let prints = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let others: Vec<u8> = (0..=255).filter(|byte| !prints(*byte)).collect();
    let character = |byte: u8| match others.iter().position(|other| *other == byte) {
        Some(place) => char::from_u32(256 + place as u32).expect("a character"),
        None => char::from(byte),
    };
    let mut vocabulary: Vec<String> = (0..=255).map(|byte| character(byte).to_string()).collect();
    let pairs = ["in", "\" :", ", \"", "th", "he", "tr", "ue", "true", "thought", "\": \"", "><"];
    let mut merges = Vec::new();
    for pair in pairs {
        let mut whole = String::new();
        for byte in pair.bytes() {
            let next = character(byte);
            let longer = format!("{whole}{next}");
            if !whole.is_empty() && !vocabulary.contains(&longer) {
                merges.push(format!("{whole} {next}"));
                vocabulary.push(longer.clone());
            }
            whole = longer;
        }
    }
    let count = vocabulary.len();
    let places: serde_json::Map<String, Json> =
        vocabulary.into_iter().enumerate().map(|(place, token)| (token, json!(place))).collect();
    let tags = ["<Path>", "</Path>", "<|im_end|>"];
    let added: Vec<Json> =
        tags.iter().enumerate().map(|(at, tag)| json!({ "id": count + at, "content": tag, "special": true })).collect();
    let file = json!({
        "version": "1.0",
        "added_tokens": added,
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        "model": { "type": "BPE", "vocab": places, "merges": merges },
    });
    Tokenizer::from_json(file.to_string().as_bytes()).expect("a vocabulary")
}

/// The cost of walks.
#[derive(Default)]
struct Cost {
    drawn: u32,
    forced: u32,
    masks: Duration,
    steps: Duration,
}

/// A text in JSON, in MPL or matching a regular expression, by a random walk.
fn walk(constraint: &mut dyn Constraint, tokenizer: &Tokenizer, dice: &mut Dice, cost: &mut Cost) -> Vec<Token> {
    walk_to(constraint, tokenizer, "\"]})", dice, cost)
}

/// A text by a random walk. Tokens with one of these characters are sometimes preferred, so that it ends.
fn walk_to(
    constraint: &mut dyn Constraint,
    tokenizer: &Tokenizer,
    ends: &str,
    dice: &mut Dice,
    cost: &mut Cost,
) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut is_end = [false; 256];
    ends.bytes().for_each(|byte| is_end[usize::from(byte)] = true);
    while tokens.len() < 20_000 {
        match constraint.ending().expect("an ending") {
            Ending::Must => return tokens,
            Ending::May if dice.below(2) == 0 => return tokens,
            _ => {}
        }
        let start = Instant::now();
        let forced = constraint.forced().expect("forced tokens");
        if !forced.is_empty() {
            for token in &forced {
                constraint.accept(*token).expect("a forced token is accepted");
            }
            cost.forced += forced.len() as u32;
            cost.steps += start.elapsed();
            tokens.extend(forced);
            continue;
        }
        let start = Instant::now();
        let allowed = constraint.allowed().expect("allowed tokens");
        cost.masks += start.elapsed();
        let all: Vec<Token> = allowed.iter().collect();
        assert_eq!(all.len(), allowed.len());
        assert!(!all.is_empty(), "no way on from {:?}", tokenizer.decode(&tokens));
        let mut closing: Vec<Token> = Vec::new();
        if dice.below(3) == 0 {
            let closes = |token: &&Token| {
                let piece = tokenizer.piece(**token);
                piece.is_empty() || piece.iter().any(|byte| is_end[usize::from(*byte)])
            };
            closing.extend(all.iter().filter(closes));
            // After `<`, a slash closes what is open.
            let slash = all.iter().find(|token| tokenizer.piece(**token) == b"/");
            if let Some(slash) = slash.filter(|_| ends == "<" && all.len() < 10) {
                closing = vec![*slash];
            }
        }
        let token = dice.one_of(if closing.is_empty() { &all } else { &closing });
        let start = Instant::now();
        constraint.accept(token).expect("an allowed token is accepted");
        cost.steps += start.elapsed();
        cost.drawn += 1;
        tokens.push(token);
    }
    panic!("no end of {:?}", tokenizer.decode(&tokens[..200]));
}

fn said(what: &str, cost: &Cost, texts: usize) {
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(cost.drawn.max(1));
    println!(
        "{what}: {texts} texts, {} tokens drawn and {} forced; {:.1} µs a mask, {:.1} µs a step",
        cost.drawn,
        cost.forced,
        each(cost.masks),
        each(cost.steps)
    );
}

/// A random schema with keywords that [`fits`] supports.
fn random_schema(dice: &mut Dice, depth: usize) -> Json {
    let nested = if depth > 0 { 3 } else { 0 };
    match dice.below(8 + nested) {
        0 => json!({ "type": "boolean" }),
        1 => json!({ "type": "null" }),
        2 => {
            let least = dice.below(2000) as i64 - 1000;
            json!({ "type": "integer", "minimum": least, "maximum": least + dice.below(5000) as i64 })
        }
        3 => json!({ "type": "number", "minimum": dice.below(10), "maximum": 10 + dice.below(1000) }),
        4 => json!({ "type": "string", "minLength": dice.below(3), "maxLength": 3 + dice.below(20) }),
        5 => {
            let values =
                [json!("north"), json!("with \"quotes\""), json!(7), json!(null), json!("π ≈ 3"), json!(["a"])];
            json!({ "enum": values[..1 + dice.below(6)] })
        }
        6 => json!({ "const": dice.one_of(&["x", "a longer constant", ""]) }),
        7 => json!({ "type": "string", "pattern": "^[a-c]{1,4}$" }),
        8 => {
            let least = dice.below(3);
            let items = random_schema(dice, depth - 1);
            json!({ "type": "array", "items": items, "minItems": least, "maxItems": least + dice.below(4) })
        }
        9 => json!({ "anyOf": [random_schema(dice, depth - 1), random_schema(dice, depth - 1)] }),
        _ => {
            let names = ["id", "name", "a key", "z", "ключ", "in\"ner"];
            let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
            for name in &names[..dice.below(names.len() + 1)] {
                properties.insert((*name).into(), random_schema(dice, depth - 1));
                if dice.below(2) == 0 {
                    required.push(*name);
                }
            }
            let closed = json!({ "type": "object", "additionalProperties": false });
            let mut schema = closed.as_object().expect("an object").clone();
            schema.insert("properties".into(), properties.into());
            schema.insert("required".into(), json!(required));
            schema.into()
        }
    }
}

/// Whether a value matches a schema.
fn fits(value: &Json, schema: &Json) -> bool {
    if let Some(ways) = schema["anyOf"].as_array() {
        return ways.iter().any(|way| fits(value, way));
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.contains(value);
    }
    if !schema["const"].is_null() {
        return *value == schema["const"];
    }
    let number = |name: &str| schema[name].as_f64().expect("a number");
    let within = |count: usize, least: &str, most: &str| {
        (schema[least].is_null() || count as f64 >= number(least))
            && (schema[most].is_null() || count as f64 <= number(most))
    };
    match schema["type"].as_str() {
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some(kind @ ("integer" | "number")) => value.as_f64().is_some_and(|found| {
            number("minimum") <= found && found <= number("maximum") && (kind == "number" || found.fract() == 0.0)
        }),
        Some("string") => value.as_str().is_some_and(|text| {
            let letters = schema["pattern"].is_null()
                || (1..=4).contains(&text.len()) && text.bytes().all(|byte| (b'a'..=b'c').contains(&byte));
            letters && within(text.chars().count(), "minLength", "maxLength")
        }),
        Some("array") => value.as_array().is_some_and(|items| {
            within(items.len(), "minItems", "maxItems") && items.iter().all(|item| fits(item, &schema["items"]))
        }),
        Some("object") => value.as_object().is_some_and(|object| {
            let required = schema["required"].as_array().expect("a list");
            required.iter().all(|name| object.contains_key(name.as_str().expect("a name")))
                && object.iter().all(|(name, value)| {
                    let known = &schema["properties"][name];
                    !known.is_null() && fits(value, known)
                })
        }),
        _ => false,
    }
}

#[test]
fn what_a_schema_constrains_to_is_json_that_fits_it() {
    let tokenizer = tokenizer();
    let grammars = Grammars::new(&tokenizer).expect("constraints");
    let mut cost = Cost::default();
    for seed in 0..1000 {
        let mut dice = Dice(seed);
        let schema = random_schema(&mut dice, 3);
        let mut constraint =
            grammars.json_schema(&schema).unwrap_or_else(|error| panic!("seed {seed}: {error}: {schema}"));
        let text = tokenizer.decode(&walk(&mut *constraint, &tokenizer, &mut dice, &mut cost));
        let value: Json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}: {text}"));
        assert!(fits(&value, &schema), "seed {seed}: {text} for {schema}");
    }
    said("JSON schemas", &cost, 1000);
}

/// A signature like that of the natural numbers.
fn signature() -> Signature {
    let relation = |predicate: &str, terms: usize, name: &str| {
        let mut places = vec![Place::Term; terms];
        places.push(Place::Name(name.into()));
        Atom { predicate: predicate.into(), places }
    };
    let atoms = vec![relation("in", 1, "N"), relation("in2", 2, "s"), relation("in3", 3, "+"), Atom::of_terms("=", 2)];
    Signature { atoms, constants: vec!["0".into(), "x".into()], variables: 4, depth: 3 }
}

/// Parses a formula at the front of a text: every atom is known, every name in it is bound or a constant.
fn formula<'t>(text: &'t str, bound: &mut Vec<String>, signature: &Signature) -> Option<&'t str> {
    if let Some(rest) = text.strip_prefix('!') {
        return formula(rest, bound, signature);
    }
    if let Some(rest) = text.strip_prefix("(& ") {
        let mut rest = formula(rest, bound, signature)?;
        let mut parts = 1;
        while let Some(next) = rest.strip_prefix(' ') {
            rest = formula(next, bound, signature)?;
            parts += 1;
        }
        return rest.strip_prefix(')').filter(|_| parts > 1);
    }
    if let Some(rest) = text.strip_prefix("(>[") {
        let (names, rest) = rest.split_once(']')?;
        let before = bound.len();
        for name in names.split(',').filter(|name| !name.is_empty()) {
            if bound.iter().chain(&signature.constants).any(|other| other == name) {
                return None;
            }
            bound.push(name.into());
        }
        let rest = formula(rest.strip_prefix(' ')?, bound, signature)?;
        let rest = formula(rest.strip_prefix(' ')?, bound, signature)?;
        bound.truncate(before);
        return rest.strip_prefix(')');
    }
    let (atom, rest) = text.strip_prefix('(')?.split_once("])")?;
    let (predicate, names) = atom.split_once('[')?;
    let names: Vec<&str> = names.split(',').collect();
    let known = signature.atoms.iter().any(|atom| {
        atom.predicate == predicate
            && atom.places.len() == names.len()
            && atom.places.iter().zip(&names).all(|(place, name)| match place {
                Place::Name(only) => only == name,
                Place::Term => bound.iter().chain(&signature.constants).any(|other| other == name),
            })
    });
    known.then_some(rest)
}

#[test]
fn what_a_signature_constrains_to_is_a_statement_of_it() {
    let tokenizer = tokenizer();
    let grammars = Grammars::new(&tokenizer).expect("constraints");
    let signature = signature();
    let start = grammars.lark(&signature.grammar().expect("a grammar")).expect("a constraint");
    let (mut cost, mut different) = (Cost::default(), std::collections::BTreeSet::new());
    for seed in 0..1000 {
        let text = tokenizer.decode(&walk(&mut *start.fork(), &tokenizer, &mut Dice(seed), &mut cost));
        assert_eq!(formula(&text, &mut Vec::new(), &signature), Some(""), "seed {seed}: {text}");
        assert!(text.starts_with("(>["), "{text}");
        different.insert(text);
    }
    assert!(different.len() > 700, "{} different statements", different.len());
    said("MPL statements", &cost, 1000);
    assert!(Signature { variables: 0, ..signature.clone() }.grammar().is_err());
    assert!(Signature { depth: 99, ..signature.clone() }.grammar().is_err());
    assert!(Signature { constants: vec!["a b".into()], ..signature }.grammar().is_err());
}

/// Checks a task: its keys in order, at most `levels` levels.
fn check_task(task: &Json, levels: usize, width: usize) {
    let order = ["thought", "tooluse", "subtasks", "conclusion"];
    let keys: Vec<usize> = task
        .as_object()
        .expect("a task")
        .keys()
        .map(|key| order.iter().position(|other| other == key).expect("a known key"))
        .collect();
    assert!(keys.is_sorted() && keys.contains(&0) && keys.contains(&3), "{task}");
    assert!(levels > 1 || keys.len() == 2, "{task}");
    if let Some(tool) = task.get("tooluse") {
        assert!(tool["tool_name"] == "search" && tool["parameters"]["query"].is_string(), "{tool}");
    }
    for below in task["subtasks"].as_array().map(Vec::as_slice).unwrap_or_default() {
        check_task(below, levels - 1, width);
    }
    assert!(task["subtasks"].as_array().is_none_or(|tasks| (1..=width).contains(&tasks.len())));
}

#[test]
fn a_tree_of_tasks_has_its_form() {
    let tokenizer = tokenizer();
    let grammars = Grammars::new(&tokenizer).expect("constraints");
    let query = json!({
        "type": "object", "properties": { "query": { "type": "string" } }, "required": ["query"],
        "additionalProperties": false,
    });
    let schema =
        TaskForm { levels: 3, width: 3, characters: None }.schema(&[("search".into(), query)]).expect("a schema");
    let (start, mut cost) = (grammars.json_schema(&schema).expect("a constraint"), Cost::default());
    for seed in 0..60 {
        let text = tokenizer.decode(&walk(&mut *start.fork(), &tokenizer, &mut Dice(seed), &mut cost));
        let tree: Json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}: {text}"));
        assert!(tree["answer"].is_string() && tree.as_object().is_some_and(|tree| tree.len() == 2));
        tree["reasoning"].as_array().expect("tasks").iter().for_each(|task| check_task(task, 3, 3));
    }
    said("trees of tasks", &cost, 60);
    for (levels, width, characters) in [(0, 3, None), (3, 1000, None), (3, 3, Some(0)), (3, 3, Some(1 << 20))] {
        assert!(TaskForm { levels, width, characters }.schema(&[]).is_err());
    }
}

/// Parses a block after its `<Parallel>`; returns the text after its `</Parallel>`.
fn check_block<'t>(text: &'t str, prefix: &str, depth: usize) -> &'t str {
    assert!(depth > 0, "too deep");
    let (goal, mut rest) = text.split_once("</Goal>").expect("a goal");
    assert!(goal.starts_with("\n<Goal>\n"), "{goal}");
    let outlines = goal.matches("<Outline>").count();
    for place in 1..=outlines {
        assert!(goal.contains(&format!("<Outline>\n{prefix}{place}:")), "{goal}");
        // Nothing comes between `</Goal>` or `</Path>` and the next path.
        rest = rest.strip_prefix(&format!("<Path>\n{prefix}{place}:")).expect("a path at once");
        rest = check_body(rest, &format!("{prefix}{place}."), depth - 1);
        rest = rest.strip_prefix("</Path>").expect("the path's end");
    }
    let rest = rest.strip_prefix("<Conclusion>\n").expect("a conclusion at once");
    let (_, rest) = rest.split_once("</Conclusion>\n").expect("the conclusion's end");
    rest.strip_prefix("</Parallel>\n").expect("the block's end")
}

/// Parses text with blocks.
fn check_body<'t>(mut text: &'t str, prefix: &str, depth: usize) -> &'t str {
    loop {
        text = &text[text.find('<').unwrap_or(text.len())..];
        match text.strip_prefix("<Parallel>") {
            Some(block) => text = check_block(block, prefix, depth),
            None => return text,
        }
    }
}

#[test]
fn tags_leave_no_separator_between_paths() {
    for depth in [1, 2] {
        let tokenizer = small_tokenizer();
        let grammars = Grammars::new(&tokenizer).expect("constraints");
        let form = Multiverse { width: 3, depth, blocks: None, characters: None };
        let grammar = form.grammar(&tokenizer).expect("a grammar");
        let start = grammars.lark(&grammar).unwrap_or_else(|error| panic!("{error}\n{grammar}"));
        let (mut cost, mut blocks) = (Cost::default(), 0);
        for seed in 0..60 {
            let tokens = walk_to(&mut *start.fork(), &tokenizer, "<", &mut Dice(seed), &mut cost);
            let name = |token: &Token| tokenizer.steering().find(|(_, other)| other == token).map(|(name, _)| name);
            let text: String = tokens
                .iter()
                .map(|token| name(token).map_or(tokenizer.piece(*token), str::as_bytes))
                .collect::<Vec<_>>()
                .concat()
                .iter()
                .map(|byte| char::from(*byte))
                .collect();
            let rest = check_body(text.strip_prefix("<Think>\n").expect("a thought"), "", form.depth);
            assert!(rest.starts_with("</Think>"), "seed {seed}: {rest}");
            blocks += text.matches("<Parallel>").count();
        }
        assert!(blocks > 20, "{blocks} blocks");
        said("tags", &cost, 60);
        assert!(Multiverse { width: 60, depth: 9, blocks: None, characters: None }.grammar(&tokenizer).is_err());
    }
}

#[test]
fn no_token_reads_across_the_end_of_a_path() {
    for tokenizer in [tokenizer(), small_tokenizer()] {
        let crosses = |token: &Token| tokenizer.piece(*token).windows(2).any(|pair| pair == b"><");
        assert!((0..tokenizer.len() as Token).any(|token| crosses(&token)), "there are such tokens");
        let form = Multiverse { width: 2, depth: 1, blocks: Some(2), characters: Some(30) };
        let grammars = Grammars::of_tags(&tokenizer).expect("constraints");
        let start = grammars.lark(&form.grammar(&tokenizer).expect("a grammar")).expect("a constraint");
        let mut paths = 0;
        for seed in 0..12 {
            let tokens = walk_to(&mut *start.fork(), &tokenizer, "<", &mut Dice(seed), &mut Cost::default());
            assert!(!tokens.iter().any(crosses));
            let spelled: Vec<u8> = tokens.iter().flat_map(|token| tokenizer.spelling(*token)).copied().collect();
            let text = String::from_utf8_lossy(&spelled).into_owned();
            check_body(text.strip_prefix("<Think>\n").expect("a thought"), "", form.depth);
            paths += text.matches("</Path><").count();
        }
        assert!(paths >= 4, "{paths} paths");
    }
}

#[test]
fn forks_do_not_notice_each_other() {
    let tokenizer = small_tokenizer();
    let grammars = Grammars::new(&tokenizer).expect("constraints");
    let mut cost = Cost::default();
    for seed in 0..100 {
        let schema = random_schema(&mut Dice(seed), 3);
        let start = grammars.json_schema(&schema).expect("a constraint");
        let mut walked =
            |constraint: &mut dyn Constraint, seed| walk(constraint, &tokenizer, &mut Dice(seed), &mut cost);
        let alone = walked(&mut *start.fork(), seed);
        let mut half = start.fork();
        alone[..alone.len() / 2].iter().for_each(|token| half.accept(*token).expect("it came before"));
        let mut other = half.fork();
        let (one, two) = (walked(&mut *half.fork(), 1), walked(&mut *half, 1));
        assert_eq!(one, two, "seed {seed}: the same choices give the same text");
        walked(&mut *start.fork(), 5);
        alone[alone.len() / 2..].iter().for_each(|token| other.accept(*token).expect("it came before"));
        assert_ne!(other.ending(), Ok(Ending::Not), "seed {seed}");
    }
}

#[test]
fn an_expression_is_matched_as_a_whole() {
    let tokenizer = tokenizer();
    let grammars = Grammars::new(&tokenizer).expect("constraints");
    let mut start = grammars.regex("(19|20)[0-9]{2}-[01][0-9]").expect("a constraint");
    assert_eq!(start.ending(), Ok(Ending::Not));
    for seed in 0..50 {
        let text = tokenizer.decode(&walk(&mut *start.fork(), &tokenizer, &mut Dice(seed), &mut Cost::default()));
        assert_eq!(text.len(), 7, "{text}");
        assert!(text.starts_with("19") || text.starts_with("20"), "{text}");
    }
    let wrong = (0..tokenizer.len() as Token).find(|token| tokenizer.piece(*token) == b"x").expect("a letter");
    assert!(!start.allowed().expect("tokens").contains(wrong));
    assert_eq!(start.fork().accept(wrong), Err(ConstraintError::Refused(wrong)));
    let mut whole = grammars.regex("hello there").expect("a constraint");
    let forced = whole.forced().expect("tokens");
    assert_eq!(tokenizer.decode(&forced), "hello there", "where there is no choice, nothing is drawn");
    forced.iter().for_each(|token| whole.accept(*token).expect("a token"));
    assert_eq!(whole.ending(), Ok(Ending::Must));
    assert!(whole.allowed().expect("tokens").is_empty());
}

#[test]
fn what_cannot_be_read_is_refused() {
    let tokenizer = small_tokenizer();
    let grammars = Grammars::new(&tokenizer).expect("constraints");
    for expression in ["(", "[z-a]", "a{9,1}", "(?=a)b", r"(a)\1"] {
        assert!(matches!(grammars.regex(expression), Err(ConstraintError::Grammar(_))), "{expression}");
    }
    for grammar in ["", "start", "start: missing", "start: \"a", "begin: \"a\"", "start: <no such tag>", "start: start"]
    {
        assert!(grammars.lark(grammar).is_err(), "{grammar}");
    }
    let deep = "(".repeat(5000);
    assert!(matches!(grammars.regex(&deep), Err(ConstraintError::Bound { .. })));
    assert!(matches!(grammars.lark(&"a".repeat(2 << 20)), Err(ConstraintError::Bound { .. })));
    for schema in [json!(7), json!({ "type": "nothing" }), json!({ "$ref": "#/$defs/none" }), json!({ "enum": [] })] {
        assert!(grammars.json_schema(&schema).is_err(), "{schema}");
    }
}
