use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use theoremata_logic::explore::{Exploration, Options, Task};
use theoremata_logic::mpl::read_mpl;
use theoremata_logic::prove::solve;
use theoremata_logic::theory::Theory;

use super::report::{Report, Source};
use super::{SiteError, write};

/// A folder that is removed at the end of the test.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("theoremata-site-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder");
        Place(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Explores a theory file of ours, with so many atoms a conjecture.
pub(super) fn explored(file: &str, change: impl Fn(&str) -> String, atoms: usize) -> (Arc<Theory>, Report) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("theories");
    let text = change(&fs::read_to_string(folder.join(file)).expect("a theory of ours"));
    let mut load = |path: &str| {
        fs::read(folder.join(Path::new(path).file_name().unwrap_or_default())).map_err(|error| error.to_string())
    };
    let (mut theory, _) = read_mpl(file, text.as_bytes(), &mut load).unwrap_or_else(|report| panic!("{report:?}"));
    theory.bounds.atoms = atoms;
    let theory = Arc::new(theory);
    let mut exploration = Exploration::new(theory.clone(), &[], Options::default());
    loop {
        match exploration.next() {
            Task::Prepare => exploration.prepare(),
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let (verdicts, steps): (Vec<_>, Vec<_>) = blocks.into_iter().map(solve).unzip();
                exploration.commit(verdicts, count, steps.into_iter().sum());
            }
            Task::Finished => break,
        }
    }
    let report = Report::of(&exploration, vec![Source { name: file.to_owned(), text }]);
    (theory, report)
}

/// All files below a folder with their bytes, sorted by path.
pub(super) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut stack = vec![folder.to_path_buf()];
    while let Some(path) = stack.pop() {
        for entry in fs::read_dir(&path).expect("a folder of the site").flatten() {
            if entry.path().is_dir() {
                stack.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).expect("inside").to_string_lossy().into_owned();
                found.push((name, fs::read(entry.path()).expect("a file of the site")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_site_of_arithmetic_is_written() {
    let place = Place::new("arithmetic");
    let (theory, report) = explored("peano.mpl", str::to_owned, 5);
    assert!(report.theorems.len() > 3, "{} theorems", report.theorems.len());
    let out = std::env::var_os("SITE_OUT").map_or_else(|| place.path().join("site"), PathBuf::from);
    let summary = write(&report, &theory, &out).expect("written");
    let index = fs::read_to_string(out.join("index.html")).expect("an index");
    assert!(index.contains("left identity of +"), "the law is named");
    assert!(summary.pages > report.theorems.len());
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let place = Place::new("foreign");
    fs::write(place.path().join("thesis.tex"), "precious").expect("written");
    let (theory, report) = explored("group.mpl", str::to_owned, 1);
    let error = write(&report, &theory, place.path()).expect_err("refused");
    assert!(matches!(error, SiteError::NotOurs { .. }), "{error}");
    assert_eq!(fs::read_to_string(place.path().join("thesis.tex")).expect("still there"), "precious");
}
