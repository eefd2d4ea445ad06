//! Every reader of bytes from outside, as a target that is fed with whatever may come.
//!
//! A target takes bytes and never panics, whatever they are. Where it reads them, it holds what was read to the reader's promise: what is written again is the same, and
//! nothing comes out that must not. Seeds are the samples of `events/`, and for what has none there, what our own code writes.
//!
//! ```text
//! cargo test -p fuzz                              # every seed, whole, cut off and with bits turned, and bytes of chance
//! cargo run -p fuzz -- target/seeds               # the seeds, a folder for each target
//! RUSTC_BOOTSTRAP=1 FUZZ_TARGET=webhook cargo fuzz run --fuzz-dir tests/fuzz/libfuzzer --sanitizer none any \
//!     target/corpus/webhook target/seeds/webhook -- -max_total_time=600
//! ```
//!
//! The last is guided by coverage; it needs `cargo install cargo-fuzz` and a C++ compiler. No unsafe code is ours, so no sanitizer is needed.

pub mod seeds;
pub mod targets;

/// A target: its name, and what is done with the bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name; that of its test and of its folder of seeds.
    pub name: &'static str,
    /// Takes the bytes.
    pub run: fn(&[u8]),
}

/// Every target.
pub const ALL: &[Target] = &[
    Target { name: "webhook", run: targets::webhook },
    Target { name: "provider_answer", run: targets::provider_answer },
    Target { name: "gift", run: targets::gift },
    Target { name: "wishes", run: targets::wishes },
    Target { name: "draft", run: targets::draft },
    Target { name: "request", run: targets::request },
    Target { name: "tokens", run: targets::tokens },
    Target { name: "message", run: targets::message },
    Target { name: "schedule", run: targets::schedule },
    Target { name: "page", run: targets::page },
    Target { name: "archive", run: targets::archive },
    Target { name: "words", run: targets::words },
    Target { name: "statement", run: targets::statement },
    Target { name: "proof", run: targets::proof },
    Target { name: "updates", run: targets::updates },
];
