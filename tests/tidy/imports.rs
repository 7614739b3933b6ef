//! Import graph of a crate: its files, their code without comments, strings and tests, and cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The keywords that begin an item; anything else after an attribute is a field, an arm or a statement.
const ITEMS: [&str; 14] = [
    "fn", "mod", "use", "impl", "struct", "enum", "trait", "type", "const", "static", "unsafe", "async", "union",
    "extern",
];

/// The code of a file as compiled into a program: comments, the contents of strings, and items under `#[cfg(test)]` are
/// blanked. Line numbers are preserved.
pub(crate) fn program_code(source: &str) -> String {
    without_tests(&without_texts(source))
}

/// Blanks comments and string contents.
fn without_texts(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let blank = |code: &mut Vec<u8>, from: usize, to: usize| {
        code[from..to.min(bytes.len())].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = if rest.starts_with(b"//") {
            at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            at + comment_length(rest)
        } else if let Some(length) = text_length(rest, at > 0 && is_word(bytes[at - 1])) {
            at + length
        } else {
            at += 1;
            continue;
        };
        blank(&mut code, at, end);
        at = end;
    }
    String::from_utf8(code).expect("blanks are put for whole texts")
}

/// The length of a block comment, which may be nested.
fn comment_length(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the string or character literal that begins here, if there is one.
fn text_length(rest: &[u8], within_word: bool) -> Option<usize> {
    let prefix = [&b"br"[..], b"cr", b"r", b"b", b"c"].into_iter().find(|prefix| {
        !within_word && rest.starts_with(prefix) && matches!(rest.get(prefix.len()), Some(b'"' | b'#' | b'\''))
    });
    let prefix = prefix.unwrap_or_default();
    let body = &rest[prefix.len()..];
    let hashes = body.iter().take_while(|byte| **byte == b'#').count();
    if prefix.contains(&b'r') && body.get(hashes) == Some(&b'"') {
        let close: Vec<u8> = [b'"'].into_iter().chain(std::iter::repeat_n(b'#', hashes)).collect();
        let inside = &body[hashes + 1..];
        let end = inside.windows(close.len()).position(|window| window == close).unwrap_or(inside.len());
        return Some(prefix.len() + hashes + 1 + end + close.len());
    }
    match body.first()? {
        b'"' => Some(prefix.len() + quoted_length(body, b'"')),
        // A lifetime lacks the second quote of a character literal.
        b'\'' if body.get(1) == Some(&b'\\') => Some(prefix.len() + quoted_length(body, b'\'')),
        b'\'' => {
            let character = std::str::from_utf8(&body[1..body.len().min(5)])
                .or_else(|error| std::str::from_utf8(&body[1..1 + error.valid_up_to()]));
            let length = character.ok()?.chars().next()?.len_utf8();
            (body.get(1 + length) == Some(&b'\'')).then_some(prefix.len() + length + 2)
        }
        _ => None,
    }
}

/// The length of a literal up to its closing quote.
fn quoted_length(body: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < body.len() && body[at] != quote {
        at += if body[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Blanks every item, field and statement that is compiled for tests only.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = code.as_bytes().to_vec();
    let mut at = 0;
    while let Some(found) = code[at..].find(MARK).map(|found| at + found) {
        let end = end_of_item(code, found + MARK.len());
        kept[found..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8(kept).expect("blanks are put for whole items")
}

/// The end of what an attribute applies to: after its block or semicolon; for a field or an arm, at its comma or before
/// the closing bracket around it.
fn end_of_item(code: &str, mut from: usize) -> usize {
    // Skips further attributes and the visibility.
    let item = loop {
        let rest = code[from..].trim_start();
        from = code.len() - rest.len();
        if rest.starts_with("#[") || rest.starts_with("pub(") {
            let close = if rest.starts_with('#') { ']' } else { ')' };
            from += rest.find(close).map_or(rest.len(), |end| end + 1);
        } else if let Some(rest) = rest.strip_prefix("pub ") {
            from = code.len() - rest.len();
        } else {
            let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            break ITEMS.contains(&word.as_str());
        }
    };
    let mut depth = 0;
    for (at, character) in code[from..].char_indices() {
        let end = from + at + character.len_utf8();
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return from + at,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        let closes = character == '}' || character == ';' || (character == ',' && !item);
        if depth == 0 && closes {
            return end;
        }
    }
    code.len()
}

/// The modules of a program with files of their own: paths, such as `engine::node`, with their code. The root has the
/// empty path. Files that only tests declare are omitted.
pub(crate) fn modules(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![(String::new(), root.to_path_buf())];
    while let Some((path, file)) = open.pop() {
        let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let code = program_code(&source);
        let folder = if path.is_empty() || file.ends_with("mod.rs") {
            file.parent().expect("a file is in a folder").to_path_buf()
        } else {
            file.with_extension("")
        };
        for child in children(&code) {
            let files = [folder.join(format!("{child}.rs")), folder.join(&child).join("mod.rs")];
            let file = files.into_iter().find(|file| file.exists());
            let file = file.unwrap_or_else(|| panic!("module {child} of {} has no file", file_name(&path)));
            open.push((joined(&path, &child), file));
        }
        found.insert(path, code);
    }
    found
}

/// The modules that a file declares and that have files of their own.
fn children(code: &str) -> Vec<String> {
    let statements = code.split([';', '}', '{']);
    let declared = statements.filter_map(|statement| {
        let mut words = statement.split_whitespace().rev();
        let name = words.next()?;
        (words.next() == Some("mod")).then(|| name.to_owned())
    });
    // `mod name {` is inline.
    declared.filter(|name| code.contains(&format!("mod {name};"))).collect()
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") }
}

fn file_name(module: &str) -> String {
    if module.is_empty() { "the root".to_owned() } else { format!("{}.rs", module.replace("::", "/")) }
}

/// The modules that each module refers to, in `use` or in expressions.
pub(crate) fn imports(modules: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<&str>> {
    modules
        .iter()
        .map(|(module, code)| {
            let mut named = BTreeSet::new();
            for path in paths(code, &children(code)) {
                let target = resolve(modules, module, &path);
                if target != module {
                    named.insert(target);
                }
            }
            (module.as_str(), named)
        })
        .collect()
}

/// All paths in code that begin at the crate, a parent module or a child; groups are expanded.
fn paths(code: &str, children: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let bytes = code.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let length = bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
        let word = &code[at..at + length];
        // `pub(in crate::a)` is a visibility, not an import.
        let begins = !code[..at].trim_end().ends_with("::")
            && !code[..at].ends_with("(in ")
            && code[at + length..].starts_with("::")
            && (["crate", "super", "self"].contains(&word) || children.iter().any(|child| child == word));
        if begins {
            let length = take_path(&code[at..], &[], &mut found);
            at += length;
        } else {
            at += length;
        }
    }
    found
}

/// Parses a path with its groups, such as `a::{b, c::{d, e}}`, and returns its length.
fn take_path(code: &str, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    let mut at = 0;
    loop {
        at += code[at..].len() - code[at..].trim_start().len();
        let rest = &code[at..];
        if rest.starts_with('{') {
            at += 1;
            loop {
                at += code[at..].len() - code[at..].trim_start().len();
                match code[at..].chars().next() {
                    Some('}') => break,
                    Some(',') => at += 1,
                    Some(_) => at += take_path(&code[at..], &path, found).max(1),
                    None => return at,
                }
            }
            return at + 1;
        }
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        if length > 0 {
            path.push(rest[..length].to_owned());
        }
        at += length;
        if length == 0 || !code[at..].starts_with("::") {
            found.push(path);
            return at;
        }
        at += 2;
    }
}

/// The module file that contains an item, by its path as written in another module.
fn resolve<'m>(modules: &'m BTreeMap<String, String>, module: &str, path: &[String]) -> &'m str {
    let mut place: Vec<&str> = module.split("::").filter(|name| !name.is_empty()).collect();
    for (at, name) in path.iter().enumerate() {
        match name.as_str() {
            "crate" if at == 0 => place.clear(),
            "self" => {}
            "super" => drop(place.pop()),
            name => place.push(name),
        }
    }
    while !place.is_empty() && !modules.contains_key(&place.join("::")) {
        place.pop();
    }
    modules.get_key_value(&place.join("::")).map_or("", |(known, _)| known)
}

/// An import cycle, if there is one: files each of which imports the next, and the last the first.
pub(crate) fn circle(imports: &BTreeMap<&str, BTreeSet<&str>>) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    for start in imports.keys() {
        let mut way = Vec::new();
        if let Some(circle) = walk(imports, start, &mut way, &mut done) {
            return Some(circle.into_iter().map(file_name).collect());
        }
    }
    None
}

fn walk<'m>(
    imports: &BTreeMap<&'m str, BTreeSet<&'m str>>,
    module: &'m str,
    way: &mut Vec<&'m str>,
    done: &mut BTreeSet<&'m str>,
) -> Option<Vec<&'m str>> {
    if let Some(at) = way.iter().position(|other| *other == module) {
        return Some(way[at..].to_vec());
    }
    if done.contains(module) {
        return None;
    }
    way.push(module);
    for next in imports.get(module).into_iter().flatten() {
        if let Some(circle) = walk(imports, next, way, done) {
            return Some(circle);
        }
    }
    way.pop();
    done.insert(module);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle_of(files: &[(&str, &str)]) -> Option<Vec<String>> {
        let modules = files.iter().map(|(path, source)| ((*path).to_owned(), program_code(source))).collect();
        circle(&imports(&modules))
    }

    #[test]
    fn a_circle_is_found_whatever_form_it_is_written_in() {
        let root = ("", "mod a;\nmod b;\n");
        for (a, b) in [
            ("use crate::b::B;", "use super::a::A;"),
            ("use crate::{\n    a, b::{self, B},\n};", "fn f() { crate::a::g() }"),
            ("pub use super::b::*;", "use crate::a as other;"),
        ] {
            assert_eq!(circle_of(&[root, ("a", a), ("b", b)]), Some(vec!["a.rs".into(), "b.rs".into()]), "{a} {b}");
            assert_eq!(circle_of(&[root, ("a", a), ("b", "")]), None, "{a}");
        }
        let parent_and_child = [root, ("a", "mod c;\nuse c::C;"), ("a::c", "use super::A;"), ("b", "")];
        assert_eq!(circle_of(&parent_and_child), Some(vec!["a.rs".into(), "a/c.rs".into()]));
        assert_eq!(circle_of(&[root, ("a", "mod c;"), ("a::c", "use super::A;"), ("b", "")]), None);
    }

    #[test]
    fn comments_texts_and_tests_import_nothing() {
        let quiet = r##"
            //! [`crate::b::B`]
            /* use crate::b; /* nested */ use crate::b; */
            const TEXT: &str = "use crate::b::B; \" // \\";
            const RAW: &str = r#"use crate::b "quoted""#;
            const QUOTE: char = '"'; fn f<'a>(x: &'a str) {} const TICK: char = '\''; const E: u8 = b'"';
            #[cfg(test)]
            mod tests { use crate::b::B; fn g() { h({}) } }
            #[cfg(test)]
            #[allow(dead_code)]
            pub(crate) fn only<T>() where T: A, T: B { crate::b::f() }
            #[cfg(test)]
            mod more;
            struct S { #[cfg(test)] seen: Vec<crate::b::B>, kept: u8 }
        "##;
        let root = ("", "mod a;\nmod b;\n");
        let code = program_code(quiet);
        assert_eq!(circle_of(&[root, ("a", quiet), ("b", "use crate::a::S;")]), None, "{code}");
        assert!(code.contains("kept: u8") && code.contains("const E: u8") && !code.contains("mod more"), "{code}");
        let behind = format!("{quiet}\nuse crate::b::B;");
        assert!(circle_of(&[root, ("a", &behind), ("b", "use crate::a::S;")]).is_some(), "what follows tests counts");
    }
}
