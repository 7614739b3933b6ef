use std::sync::Arc;
use std::fs;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::{Proof, TheoremId};
use theoremata_logic::export::{Checked, Format};
use theoremata_logic::export::{rocq::Rocq, lean::Lean, dedukti::Dedukti, metamath::Metamath, tstp::Tstp};
use theoremata_logic::language::mpl::read_mpl;
use theoremata_logic::search::attempt::solve;
use theoremata_logic::search::explore::{Exploration, Options, Task};

#[test]
fn write() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../theories");
    for name in ["peano", "group"] {
        let mut load = |path: &str| fs::read(folder.join(path)).map_err(|error| error.to_string());
        let text = load(&format!("{name}.mpl")).unwrap();
        let theory = Arc::new(read_mpl(name, &text, &mut load).unwrap().0);
        let mut exploration = Exploration::new(theory.clone(), &[], Options::default());
        loop {
            match exploration.next() {
                Task::Prepare => { exploration.prepare(&mut || true); }
                Task::Solve(blocks) => {
                    let count = blocks.len() as u64;
                    let mut steps = 0;
                    let verdicts = blocks.into_iter().map(|block| { let (v, s) = solve(block); steps += s; v }).collect();
                    exploration.commit(verdicts, count, steps);
                }
                Task::Finished => break,
            }
        }
        let proofs: Vec<Proof> = exploration.theorems.into_iter().map(|t| t.proof).collect();
        println!("{name}: {}", proofs.len());
        let statements: Vec<&Formula> = proofs.iter().map(|p| p.statement().unwrap()).collect();
        let theorems: Vec<Checked<'_>> = proofs.iter().enumerate().map(|(n, p)| {
            Checked::new(&theory, |c: TheoremId| statements.get(c.0 as usize).copied(), TheoremId(n as u32), p).unwrap_or_else(|f| panic!("{n}: {f}"))
        }).collect();
        let mut run = |format: &mut dyn Format, ext: &str| {
            let t = std::time::Instant::now();
            theorems.iter().for_each(|t| format.survey(t));
            let mut text = String::new();
            format.begin(&mut text);
            theorems.iter().for_each(|t| format.theorem(t, &mut text));
            format.end(&mut text);
            println!("{name}.{ext}: {} in {:?}", text.len(), t.elapsed());
            fs::create_dir_all("/tmp/ex").unwrap();
            fs::write(format!("/tmp/ex/{name}.{ext}"), text).unwrap();
        };
        run(&mut Rocq::new(&theory), "v");
        run(&mut Dedukti::new(&theory), "dk");
        run(&mut Lean::new(&theory), "lean");
        if std::env::var("NOMM").is_err() { run(&mut Metamath::new(&theory), "mm"); }
        run(&mut Tstp::new(&theory), "tstp");
    }
}
