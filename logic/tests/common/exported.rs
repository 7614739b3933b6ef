//! Theorems to export, and the external programs that check exports.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::{Proof, TheoremId};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::export::Format;
use theoremata_logic::language::mpl::read_mpl;
use theoremata_logic::search::explore::Options;

use super::run::{explore, in_order, prove_goals};
use super::{byhand, skip, theories};

/// Theorems of one theory, each citing only earlier ones.
pub struct Collection {
    pub label: &'static str,
    pub theory: Arc<Theory>,
    pub proofs: Vec<Proof>,
}

impl Collection {
    /// The theorems, checked again.
    pub fn theorems(&self) -> Vec<Checked> {
        let statements: Vec<&Formula> = self.proofs.iter().map(|proof| proof.statement().expect("a proof")).collect();
        (self.proofs.iter().enumerate())
            .map(|(number, proof)| {
                let earlier = |cited: TheoremId| statements.get(cited.0 as usize).copied();
                Checked::new(&self.theory, earlier, TheoremId(number as u32), proof.clone())
                    .unwrap_or_else(|flaw| panic!("{}, theorem {}: {flaw}", self.label, number + 1))
            })
            .collect()
    }

    /// The collection, exported in a format.
    pub fn written(&self, format: &mut dyn Format) -> String {
        let theorems = self.theorems();
        theorems.iter().for_each(|theorem| format.survey(theorem));
        let mut text = String::new();
        format.begin(&mut text);
        theorems.iter().for_each(|theorem| format.theorem(theorem, &mut text));
        format.end(&mut text);
        text
    }
}

/// A theory shipped with the program.
pub fn shipped(file: &str) -> Theory {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../theories");
    let mut load = |path: &str| fs::read(folder.join(path)).map_err(|error| error.to_string());
    let text = load(file).expect("a theory that we ship");
    read_mpl(file, &text, &mut load).unwrap_or_else(|report| panic!("{}", report.render(false))).0
}

fn explored(label: &'static str, theory: Theory) -> Collection {
    let theory = Arc::new(theory);
    let exploration = explore(&theory, &[], Options::default(), &mut in_order);
    let proofs = exploration.theorems.into_iter().map(|theorem| theorem.checked.proof().clone()).collect();
    Collection { label, theory, proofs }
}

fn proved(label: &'static str, theory: Theory, goals: &[(&str, &str)]) -> Collection {
    let exploration = prove_goals(theory.clone(), goals);
    let proofs = exploration.theorems.into_iter().map(|theorem| theorem.checked.proof().clone()).collect();
    Collection { label, theory: Arc::new(theory), proofs }
}

/// Proofs by hand in which every rule occurs; explorations of shipped theories; goals of other theories, whose
/// definitions have inner structure or more than one kind of constructor.
pub fn collections() -> &'static [Collection] {
    static ALL: OnceLock<Vec<Collection>> = OnceLock::new();
    ALL.get_or_init(|| {
        let subjects = byhand::subjects();
        let by_hand = Collection {
            label: "byhand",
            theory: subjects[0].theory.clone(),
            proofs: subjects.into_iter().map(|subject| subject.proof).collect(),
        };
        vec![
            by_hand,
            explored("peano", shipped("peano.mpl")),
            explored("group", shipped("group.mpl")),
            proved(
                "order",
                theories::ordered_arithmetic(),
                &[
                    ("x + 1 = s(x)", "(>[x,y] (in2[x,y,s]) (in3[x,1,y,+]))"),
                    ("x below s(x)", "(>[x,y] (in2[x,y,s]) (leq[x,y,N,+]))"),
                ],
            ),
            proved("trees", theories::trees(), &[("mirror of mirror", "(>[x,y] (in2[x,y,mirror]) (in2[y,x,mirror]))")]),
            proved(
                "labelled",
                theories::labelled_trees(),
                &[
                    ("mirror of mirror", "(>[x,y] (in2[x,y,mirror]) (in2[y,x,mirror]))"),
                    (
                        "rows are turned",
                        "(>[x,a,y,z,w,u,v] (& (in5[x,a,y,z,w,R]) (& (in2[x,u,mirror]) (in2[y,v,mirror]))) (in5[v,a,u,w,z,R]))",
                    ),
                ],
            ),
            proved("unions", theories::unions(), theories::OF_UNIONS),
            proved("central", theories::central_groupoids(), theories::OF_CENTRAL_GROUPOIDS),
            proved("lists", theories::lists(), &[("x joined with nil", "(>[x] (in[x,L]) (in3[x,nil,x,join]))")]),
        ]
    })
}

/// The path of a program, if it is installed: on `PATH`, or where Cargo installs programs.
pub fn program(name: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
    folders.extend(env::var_os("HOME").map(|home| Path::new(&home).join(".cargo/bin")));
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skip::skipped(format_args!("{name} is not installed, so nothing was checked by it"));
    }
    found
}

/// A new folder for the files of one test.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// The output of a program on both streams, and whether it succeeded.
pub fn say(command: &mut Command) -> (String, bool) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.success())
}
