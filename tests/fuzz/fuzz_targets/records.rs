//! Arbitrary bytes as an export: no panic, and a store that refuses them is unchanged. Arbitrary bytes as a checkpoint:
//! no panic.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use theoremata_logic::language::mpl::read_mpl;
use theoremata_logic::search::explore::{Exploration, Options};
use theoremata_store::{Input, Outcome, Proof, Referee, Run, Store, Theorem};

/// Accepts everything: only parsing is under test.
struct Believing;

impl Referee for Believing {
    fn run(&mut self, _claimed: &mut Run, _inputs: &[Input]) -> Result<(), String> {
        Ok(())
    }

    fn theorem(&mut self, _theorem: &Theorem, _proof: &Proof) -> Result<(), String> {
        Ok(())
    }

    fn outcome(&mut self, _outcome: &Outcome) -> Result<(), String> {
        Ok(())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let store = Store::in_memory();
    if store.import(&mut &*bytes, &mut Believing).is_err() {
        assert!(store.runs().expect("a store in memory").is_empty());
    } else {
        assert!(store.verify().expect("a store in memory").flaws.is_empty());
    }
    let text = b"(theory T[N,0] (in[0,N]))";
    let (theory, _) = read_mpl("t.mpl", text, &mut |_| Err("no imports".to_owned())).expect("a theory");
    let _ = Exploration::restore(Arc::new(theory), &[], Options::default(), bytes, Vec::new());
});
