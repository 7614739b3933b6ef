//! Browser tests: writes a site and runs `tests/browser/check.mjs` on it in Chromium.

use std::path::Path;
use std::process::Command;

use super::tests::{Place, arithmetic};
use super::write;

#[path = "../../tests/common/skip.rs"]
mod skip;

#[test]
fn a_site_works_in_a_browser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    if let Some(what) = skip::browser(&folder) {
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
