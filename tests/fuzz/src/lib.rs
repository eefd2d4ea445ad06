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
    Target { name: "webhook", run: targets::providers::webhook },
    Target { name: "kept", run: targets::providers::kept },
    Target { name: "provider_answer", run: targets::providers::provider_answer },
    Target { name: "payment_list", run: targets::providers::payment_list },
    Target { name: "checkout_answer", run: targets::providers::checkout_answer },
    Target { name: "gift", run: targets::clients::gift },
    Target { name: "attempt", run: targets::clients::attempt },
    Target { name: "wishes", run: targets::clients::wishes },
    Target { name: "request", run: targets::clients::request },
    Target { name: "tokens", run: targets::clients::tokens },
    Target { name: "bearer", run: targets::signing::bearer },
    Target { name: "key_set", run: targets::signing::key_set },
    Target { name: "draft", run: targets::officers::draft },
    Target { name: "offering", run: targets::officers::offering },
    Target { name: "refund", run: targets::officers::refund },
    Target { name: "dispute", run: targets::officers::dispute },
    Target { name: "closing", run: targets::officers::closing },
    Target { name: "correction", run: targets::officers::correction },
    Target { name: "retraction", run: targets::officers::retraction },
    Target { name: "replay", run: targets::officers::replay },
    Target { name: "updates", run: targets::houses::updates },
    Target { name: "evidence", run: targets::houses::evidence },
    Target { name: "house_keys", run: targets::houses::house_keys },
    Target { name: "message", run: targets::ours::message },
    Target { name: "batch", run: targets::ours::batch },
    Target { name: "schedule", run: targets::ours::schedule },
    Target { name: "comparison", run: targets::ours::comparison },
    Target { name: "execution", run: targets::ours::execution },
    Target { name: "page", run: targets::books::page },
    Target { name: "archive", run: targets::books::archive },
    Target { name: "words", run: targets::books::words },
    Target { name: "statement", run: targets::books::statement },
    Target { name: "proof", run: targets::books::proof },
];
