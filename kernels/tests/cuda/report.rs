//! A report of comparisons and differences.

use std::collections::BTreeMap;

/// All comparisons, by operation.
#[derive(Default)]
pub(crate) struct Report {
    operations: BTreeMap<String, Compared>,
}

/// The outputs of one operation, and their differences from the definition.
#[derive(Default)]
struct Compared {
    outputs: usize,
    differing: usize,
    /// The largest difference; infinite if exactly one of two values is NaN.
    worst: f64,
    first: Option<String>,
}

impl Report {
    pub(crate) fn compare(&mut self, operation: &str, found: &[f32], expected: &[f32], what: &str) {
        assert_eq!(found.len(), expected.len(), "{operation}, {what}");
        let compared = self.operations.entry(operation.to_string()).or_default();
        compared.outputs += found.len();
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            if found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()) {
                continue;
            }
            let error = f64::from(found - expected).abs();
            compared.differing += 1;
            compared.worst = compared.worst.max(if error.is_nan() { f64::INFINITY } else { error });
            compared.first.get_or_insert_with(|| format!("{what}: output {at} is {found:e}, not {expected:e}"));
        }
    }

    pub(crate) fn compare_tokens(
        &mut self,
        operation: &str,
        found: &[Option<u32>],
        expected: &[Option<u32>],
        what: &str,
    ) {
        let number = |tokens: &[Option<u32>]| -> Vec<f32> {
            tokens.iter().map(|token| token.map_or(-1.0, |token| token as f32)).collect()
        };
        self.compare(operation, &number(found), &number(expected), what);
    }

    pub(crate) fn compared(&self) -> usize {
        self.operations.values().map(|compared| compared.outputs).sum()
    }

    pub(crate) fn differing(&self) -> usize {
        self.operations.values().map(|compared| compared.differing).sum()
    }

    pub(crate) fn print(&self) {
        println!("{:<22} {:>10} {:>10} {:>12}", "operation", "outputs", "differing", "worst error");
        for (operation, compared) in &self.operations {
            let Compared { outputs, differing, worst, first } = compared;
            println!("{operation:<22} {outputs:>10} {differing:>10} {worst:>12.3e}");
            if let Some(first) = first {
                println!("    first: {first}");
            }
        }
    }
}
