//! The device of these tests, which may be a stand-in.

use std::cell::RefCell;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use theoremata_kernels::cuda::Cuda;
use theoremata_kernels::cuda::stand_in::{Build, StandIn};

use super::*;
use crate::{Device, Rows};

/// Selects the device of all engines in these tests: the processor by default, `stand-in`, or a device.
const VARIABLE: &str = "THEOREMATA_TEST_DEVICE";

/// An engine on the device of the tests.
pub(super) fn engine(model: Arc<Model>, settings: Settings) -> Engine {
    let device = match std::env::var(VARIABLE).as_deref() {
        Err(_) => return Engine::new(model, settings),
        Ok("stand-in") => Device::Machine(stand_in().expect("the stand-in can be built")),
        Ok(name) => name.parse().expect("a device"),
    };
    Engine::on(model, settings, &device).expect("a device")
}

/// Runs the tests again in another process, on another device.
fn run_again(device: &str, variables: &[(&str, &Path)]) {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(SUITES)
        .env(VARIABLE, device)
        .envs(variables.iter().copied())
        .output()
        .expect("these tests run once more");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let passed = said.matches("... ok").count();
    assert!(passed > 25, "{passed} tests: {said}");
}

#[test]
fn what_must_hold_holds_on_a_device() {
    if std::env::var_os(VARIABLE).is_none() && stand_in().is_some() {
        run_again("stand-in", &[]);
    }
}

/// Runs the tests on a stand-in for the driver.
#[cfg(all(feature = "cuda", target_os = "linux"))]
#[test]
fn what_must_hold_holds_behind_the_driver() {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    match theoremata_kernels::cuda::stand_in::driver() {
        Some(folder) => run_again("cuda:0", &[("LD_LIBRARY_PATH", &folder)]),
        None => skip::skipped("there is no g++ that builds the kernels for this machine"),
    }
}

#[test]
fn a_lost_device_is_an_error_and_what_was_told_before_stands() {
    let Some(machine) = StandIn::start(Build::Fast) else { return };
    let device = Device::Machine(Cuda::on(machine.clone()));
    let mut engine = Engine::on(tiny(), settings(64), &device).expect("a device");
    let root = engine.submit(request(&text(1, 9), Then::Generate(warm(30)))).expect("a tree");
    machine.lose_after(300);
    let error = loop {
        match engine.step(&Inline) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("the device is lost"), "{error}");
    let told = engine.generated(root).to_vec();
    assert!(!told.is_empty() && told.len() < 30, "{} tokens", told.len());
    assert!(engine.step(&Inline).is_err(), "it stays lost");
    let mut plain = Engine::new(tiny(), settings(64));
    let root = plain.submit(request(&text(1, 9), Then::Generate(warm(30)))).expect("a tree");
    plain.grow();
    assert!(plain.generated(root).starts_with(&told));
}

#[test]
fn what_a_device_cannot_do_is_refused_by_name() {
    let Some(machine) = StandIn::start(Build::Fast) else { return };
    let device = Device::Machine(Cuda::on(machine.clone()));
    let refused = |settings| Engine::on(tiny(), settings, &device).err().expect("a refusal").to_string();
    let exact = refused(Settings { exactness: Rows::Exact, ..settings(64) });
    assert!(exact.contains("no kernel for weights as they are read"), "{exact}");
    machine.give_memory(50_000);
    let small = refused(settings(64));
    assert!(small.contains("cannot take 1 MB of weights") && small.contains("out of memory"), "{small}");
    assert!(Engine::on(tiny(), settings(64), &Device::Auto).is_ok(), "there is always a processor");
    assert!("cuda:x".parse::<Device>().is_err() && "cuda:3".parse::<Device>().is_ok());
}

/// The test suites that always run on the stand-in as well. All do with the variable above.
const SUITES: &[&str] = &["tests::invariants::", "tests::joins::"];

/// The stand-in of this thread, one per test; `None`, with a message, if it cannot be built.
pub(super) fn stand_in() -> Option<Cuda> {
    machine().map(|machine| Cuda::on(machine))
}

/// As [`stand_in`], with access to its controls.
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
