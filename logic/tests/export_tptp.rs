//! The TPTP route.
mod common;

use std::fs;
use common::exported::{collections, folder, shipped};
use common::goal;
use theoremata_logic::export::problem::{Encoding, Inductions, Problem, Status};
use theoremata_logic::export::tstp::Tstp;
use theoremata_logic::export::steps::Steps;

#[test]
fn scratch() {
    let folder = folder("scratch");
    for collection in collections() {
        let text = collection.written(&mut Tstp::new(&collection.theory));
        fs::write(folder.join(format!("{}.tstp", collection.label)), text).unwrap();
        let steps = Steps::new(&collection.theory, &collection.proofs[0]);
        for (id, _, question) in steps.all() {
            if let theoremata_logic::export::steps::Question::Problem(text) = question {
                fs::write(folder.join(format!("{}_{}.p", collection.label, id.0)), text).unwrap();
            }
        }
    }
    for (file, goals) in [
        ("peano.mpl", &["(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))", "(>[a] (in[a,N]) (in3[0,a,a,+]))"][..]),
        ("group.mpl", &["(>[x] (in[x,G]) (in3[x,e,x,*]))", "(>[x,y] (in2[x,y,inv]) (in3[x,y,e,*]))"]),
    ] {
        let theory = shipped(file);
        for (number, text) in goals.iter().enumerate() {
            let goal = goal(&theory, "g", text).statement;
            for encoding in [Encoding::Functional, Encoding::Relational] {
                let problem = Problem { theory: &theory, goal: &goal, lemmas: &[], encoding, inductions: Inductions::ForTheGoal, status: Status::Unknown };
                fs::write(folder.join(format!("{file}_{number}_{encoding:?}.p")), problem.tptp().unwrap()).unwrap();
                fs::write(folder.join(format!("{file}_{number}_{encoding:?}.smt2")), problem.smt_lib().unwrap()).unwrap();
            }
        }
    }
}
