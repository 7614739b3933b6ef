//! The pages in a real browser: writes a site and lets `tests/browser/check.mjs` read it in Chromium.

use std::path::Path;
use std::process::Command;

use super::tests::{Place, arithmetic};
use super::write;

#[path = "../../tests/common/skip.rs"]
mod skip;

/// What the test needs beyond Rust, and lacks; `None` if all of it is there.
fn missing(folder: &Path) -> Option<&'static str> {
    if Command::new("node").arg("--version").output().is_err() {
        return Some("node");
    }
    if !folder.join("node_modules/playwright-core").is_dir() || !folder.join("node_modules/axe-core").is_dir() {
        return Some("the packages of tests/browser (npm install there)");
    }
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    (!Path::new(&chromium).exists()).then_some("chromium")
}

#[test]
fn a_site_works_in_a_browser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    if let Some(what) = missing(&folder) {
        skip::skipped(format_args!("the pages were not looked at in a browser, since there is no {what}"));
        return;
    }
    let place = Place::new("browser");
    let (theory, report) = arithmetic(str::to_owned);
    let out = place.path().join("site");
    write(&report, &theory, &out).expect("written");
    let output = Command::new("node").arg(folder.join("check.mjs")).arg(&out).output().expect("node runs");
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{told}");
}
