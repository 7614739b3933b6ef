//! Values as Python writes them: as printed by templates, and as written by its JSON library.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind};

/// The deepest nesting of values that is written.
const DEEPEST: usize = 100;

/// The layout of JSON.
struct Layout {
    indent: Option<usize>,
    item: String,
    key: String,
    ascii: bool,
    sorted: bool,
}

/// The `tojson` filter of chat templates: that of Python's `json`, without HTML escapes.
pub(crate) fn to_json(value: &Value, options: &Kwargs) -> Result<String, Error> {
    let indent = options.get::<Option<usize>>("indent")?.map(|indent| indent.min(16));
    let separators = options.get::<Option<Vec<String>>>("separators")?;
    let usual = if indent.is_some() { "," } else { ", " };
    let [item, key] = match separators.as_deref() {
        Some([item, key]) => [item.clone(), key.clone()],
        _ => [usual.to_owned(), ": ".to_owned()],
    };
    let ascii = options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false);
    let sorted = options.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
    options.assert_all_used()?;
    let mut json = String::new();
    write_json(value, &Layout { indent, item, key, ascii, sorted }, 0, &mut json)?;
    Ok(json)
}

fn write_json(value: &Value, layout: &Layout, depth: usize, json: &mut String) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(Error::new(ErrorKind::InvalidOperation, "the value is nested too deep"));
    }
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => json.push_str("null"),
        ValueKind::Bool => json.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => json.push_str(&number(value)),
        ValueKind::Map => {
            let mut keys: Vec<Value> = value.try_iter()?.collect();
            if layout.sorted {
                keys.sort();
            }
            let write = |key: &Value, json: &mut String| -> Result<(), Error> {
                write_text(key.as_str().map_or_else(|| key.to_string(), str::to_owned).as_str(), layout.ascii, json);
                json.push_str(&layout.key);
                write_json(&value.get_item(key)?, layout, depth + 1, json)
            };
            write_items(&keys, ['{', '}'], layout, depth, json, write)?;
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Vec<Value> = value.try_iter()?.collect();
            let write = |item: &Value, json: &mut String| write_json(item, layout, depth + 1, json);
            write_items(&items, ['[', ']'], layout, depth, json, write)?;
        }
        _ => write_text(&value.to_string(), layout.ascii, json),
    }
    Ok(())
}

fn write_items(
    items: &[Value],
    [open, close]: [char; 2],
    layout: &Layout,
    depth: usize,
    json: &mut String,
    write: impl Fn(&Value, &mut String) -> Result<(), Error>,
) -> Result<(), Error> {
    json.push(open);
    let line =
        |depth: usize| layout.indent.map(|indent| format!("\n{}", " ".repeat(indent * depth))).unwrap_or_default();
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            json.push_str(&layout.item);
        }
        json.push_str(&line(depth + 1));
        write(item, json)?;
    }
    if !items.is_empty() {
        json.push_str(&line(depth));
    }
    json.push(close);
    Ok(())
}

fn write_text(text: &str, ascii: bool, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(control))),
            other if ascii && !other.is_ascii() => {
                let mut units = [0; 2];
                other.encode_utf16(&mut units).iter().for_each(|unit| json.push_str(&format!("\\u{unit:04x}")));
            }
            other => json.push(other),
        }
    }
    json.push('"');
}

fn number(value: &Value) -> String {
    let text = value.to_string();
    match text.as_str() {
        "inf" => "Infinity".into(),
        "-inf" => "-Infinity".into(),
        "nan" => "NaN".into(),
        _ => text,
    }
}

/// A value as `print` writes it.
pub(crate) fn printed(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => String::new(),
        ValueKind::String => value.to_string(),
        _ => shown(value, 0),
    }
}

/// A value as `repr` writes it.
fn shown(value: &Value, depth: usize) -> String {
    if depth > DEEPEST {
        return "...".into();
    }
    let items = |value: &Value| value.try_iter().map(|items| items.collect::<Vec<_>>()).unwrap_or_default();
    match value.kind() {
        ValueKind::None => "None".into(),
        ValueKind::Bool => if value.is_true() { "True" } else { "False" }.into(),
        ValueKind::String => {
            let text = value.to_string();
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let mut shown = String::from(quote);
            for character in text.chars() {
                match character {
                    '\\' => shown.push_str("\\\\"),
                    '\n' => shown.push_str("\\n"),
                    '\r' => shown.push_str("\\r"),
                    '\t' => shown.push_str("\\t"),
                    other if other == quote => shown.extend(['\\', other]),
                    other => shown.push(other),
                }
            }
            shown + &String::from(quote)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let all: Vec<String> = items(value).iter().map(|item| shown(item, depth + 1)).collect();
            format!("[{}]", all.join(", "))
        }
        ValueKind::Map => {
            let all = items(value).into_iter().map(|key| {
                let own = value.get_item(&key).unwrap_or_default();
                format!("{}: {}", shown(&key, depth + 1), shown(&own, depth + 1))
            });
            format!("{{{}}}", all.collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}
