//! Setting receipts, the same each time: for counting instructions and looking at memory, never for measuring time.
//!
//! ```text
//! cargo bench -p documents --bench receipt --no-run
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/deps/receipt-* COUNT
//! ```
//!
//! `COUNT` receipts are set by one press: 0 is the start of a process alone, 1 is what an environment's first receipt costs, 2 shows what a further one does.
//! `infra/deploy/coldstart.py` holds both against their bounds.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/receipt/sample.rs"]
mod sample;

use std::hint::black_box;

use documents::receipt::{Fonts, Press};

fn main() {
    // cargo bench adds `--bench`.
    let count = std::env::args().skip(1).find_map(|argument| argument.parse::<usize>().ok()).unwrap_or(1);
    if count == 0 {
        return;
    }
    let press = Press::new(Fonts::embedded());
    let samples = sample::all();
    // The same receipt with another name each time, so that nothing of the one before can serve for the next.
    for (number, (_, receipt)) in samples.iter().take(1).cycle().take(count).enumerate() {
        let mut receipt = receipt.clone();
        receipt.donor = Some(documents::receipt::Name(format!("أحمد {number}")));
        black_box(press.pdf(&receipt).unwrap());
    }
}
