//! The driver backend: on a device if there is one, and on every machine with a stand-in for the driver library.

use theoremata_kernels::cuda::{Cuda, CudaError};

/// Opens the device if the machine has one; otherwise the error names what is missing.
#[test]
fn opening_a_device_gives_it_or_says_what_is_missing() {
    match Cuda::open(0) {
        Ok(cuda) => println!("there is a device: {}", cuda.name()),
        Err(error) => {
            println!("{error}");
            let built = cfg!(feature = "cuda");
            assert_eq!(matches!(error, CudaError::NotBuilt), !built, "{error}");
        }
    }
}

#[cfg(feature = "cuda")]
#[test]
fn a_device_has_the_bits_of_the_definitions() {
    use crate::{checks, report::Report, seeds, skip::skipped};

    let cuda = match Cuda::open(0) {
        Ok(cuda) => cuda,
        Err(error) => {
            skipped(error);
            return;
        }
    };
    println!("on {}", cuda.name());
    let mut report = Report::default();
    for seed in seeds() {
        for check in
            [checks::products, checks::lookups, checks::rows, checks::chances, checks::attention, checks::passes]
        {
            check(&cuda, seed, &mut report).expect("the device does what it is told");
        }
    }
    report.print();
    assert_eq!(report.differing(), 0, "outputs differ from their definitions");
}

/// The test above, in a process whose library path leads to our stand-in for the driver. The stand-in refuses memory
/// that was not allocated, kernels absent from the PTX, and arguments whose sizes differ from those in the PTX.
#[cfg(all(feature = "cuda", target_os = "linux"))]
#[test]
fn all_that_the_driver_is_told_a_stand_in_for_it_does() {
    use std::process::Command;

    use theoremata_kernels::cuda::stand_in;

    use crate::skip::skipped;

    let Some(folder) = stand_in::driver() else {
        skipped("there is no g++ that builds the kernels for this machine");
        return;
    };
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["device::a_device_has_the_bits_of_the_definitions", "--exact", "--nocapture"])
        .env("LD_LIBRARY_PATH", folder)
        .env("SEEDS", "2")
        .output()
        .expect("this test runs once more");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("on a stand-in for a driver"), "{said}");
}

/// Opening a device reports what the machine lacks.
#[cfg(all(feature = "cuda", target_os = "linux"))]
#[test]
fn what_a_device_or_a_driver_lacks_is_said() {
    use std::process::Command;

    use theoremata_kernels::cuda::stand_in;

    use crate::skip::skipped;

    let Some(folder) = stand_in::driver() else {
        skipped("there is no g++ that builds the kernels for this machine");
        return;
    };
    for (variable, value, said) in [
        ("STAND_IN_DEVICES", "0", "the CUDA driver sees no device"),
        ("STAND_IN_CAPABILITY", "7", "has compute capability 7.0; the kernels take 8.0 or above"),
        ("STAND_IN_OLD", "1", "they take a driver of CUDA 13.0 or above"),
    ] {
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["device::opening_a_device_gives_it_or_says_what_is_missing", "--exact", "--nocapture"])
            .env("LD_LIBRARY_PATH", &folder)
            .env(variable, value)
            .output()
            .expect("this test runs once more");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(said), "{variable}: {text}");
    }
}
