//! What stands in for a device.

use std::cell::RefCell;
use std::process::Command;
use std::sync::Arc;

use theoremata_kernels::cuda::Cuda;
use theoremata_kernels::cuda::stand_in::{Build, StandIn};

use super::skip;
use crate::{Device, Engine, Model, Settings};

/// What all engines of these tests compute on: the processor, or what this variable names, `stand-in` or a device.
const VARIABLE: &str = "THEOREMATA_TEST_DEVICE";

/// An engine on what the tests run on.
pub(super) fn engine(model: Arc<Model>, settings: Settings) -> Engine {
    let device = match std::env::var(VARIABLE).as_deref() {
        Err(_) => return Engine::new(model, settings),
        Ok("stand-in") => Device::Machine(stand_in().expect("the stand-in can be built")),
        Ok(name) => name.parse().expect("a device"),
    };
    Engine::on(model, settings, &device).expect("a device")
}

/// Runs tests once more, with engines on the stand-in.
#[test]
fn what_must_hold_holds_on_a_device() {
    if std::env::var_os(VARIABLE).is_some() || stand_in().is_none() {
        return;
    }
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(SUITES)
        .env(VARIABLE, "stand-in")
        .output()
        .expect("these tests run once more");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let passed = said.matches("... ok").count();
    assert!(passed > 30, "{passed} tests: {said}");
}

/// The tests that run on the stand-in each time. All do with the variable above.
const SUITES: &[&str] = &["tests::invariants::", "tests::joins::"];

/// The stand-in of this thread, which every test of its own has; nothing where it cannot be built, which is said.
pub(super) fn stand_in() -> Option<Cuda> {
    machine().map(|machine| Cuda::on(machine))
}

/// The same, to be told when it is lost.
pub(super) fn machine() -> Option<Arc<StandIn>> {
    thread_local! {
        static MACHINE: RefCell<Option<Arc<StandIn>>> = const { RefCell::new(None) };
    }
    MACHINE.with_borrow_mut(|machine| {
        if machine.is_none() {
            *machine = StandIn::start(Build::Fast);
        }
        if machine.is_none() {
            skip::skipped("there is no g++ that builds the kernels for this machine");
        }
        machine.clone()
    })
}
