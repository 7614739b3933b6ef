//! Splits long lists into pages of limited size.

use serde_json::{Value, json};

/// Approximate size of the rows of a page, in bytes; the whole page stays well below 1 MB.
pub(crate) const ROWS: usize = 550_000;

/// Maximal number of rows of a page.
pub(crate) const MOST_ROWS: usize = 300;

/// Splits rows into pages.
pub(crate) fn paginate(rows: Vec<Value>) -> Vec<Vec<Value>> {
    let mut pages = vec![Vec::new()];
    let mut size = 0;
    for row in rows {
        let bytes = weight(&row);
        let full = |page: &Vec<Value>| page.len() == MOST_ROWS || (size + bytes > ROWS && !page.is_empty());
        if pages.last().is_some_and(full) {
            pages.push(Vec::new());
            size = 0;
        }
        size += bytes;
        if let Some(page) = pages.last_mut() {
            page.push(row);
        }
    }
    pages
}

/// The leading rows that fit into this many bytes.
pub(crate) fn within(rows: Vec<Value>, bytes: usize) -> Vec<Value> {
    let mut left = bytes;
    rows.into_iter()
        .take_while(|row| {
            let weight = weight(row);
            let fits = weight <= left;
            left = left.saturating_sub(weight);
            fits
        })
        .collect()
}

/// Approximate size of a value on a page, in bytes.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + text.matches(['<', '>', '&', '"']).count() / 8 + 20,
        Value::Array(parts) => parts.iter().map(weight).sum(),
        Value::Object(parts) => 100 + parts.values().map(weight).sum::<usize>(),
        _ => 10,
    }
}

pub(crate) fn page_path(stem: &str, number: usize) -> String {
    if number == 0 { format!("{stem}.html") } else { format!("{stem}-{}.html", number + 1) }
}

pub(crate) fn source_path(number: usize) -> String {
    format!("source/{}.txt", number + 1)
}

/// Links to the other pages of a list.
pub(crate) fn pager(stem: &str, number: usize, count: usize) -> Value {
    json!({
        "page": number + 1,
        "pages": (0..count).map(|other| page_path(stem, other)).collect::<Vec<_>>(),
        "previous": number.checked_sub(1).map(|other| page_path(stem, other)),
        "next": (number + 1 < count).then(|| page_path(stem, number + 1)),
    })
}
