//! The targets, by who sends the bytes.

pub mod books;
pub mod clients;
pub mod houses;
pub mod officers;
pub mod ours;
pub mod providers;
pub mod signing;

use std::sync::LazyLock;

use domain::proof::note::{Signer, Verifier};

/// A donor's name, mobile and card as they stand in the samples: nothing that is kept of an event holds them.
const PERSONAL: [&str; 3] = ["Ahmad Al-Harbi", "0551234567", "4201-XXXX-XXXX-1010"];

thread_local! {
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be made");
}

/// The key that has signed the seeds.
static TRUSTED: LazyLock<Verifier> =
    LazyLock::new(|| Signer::new("proofs.example", &[1; 32]).expect("a key may have the name").verifier());

fn wait<T>(task: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(task))
}

/// Holds that what is written is read again the same.
fn is_read_again<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let written = serde_json::to_string(value).expect("it can be written");
    assert_eq!(serde_json::from_str::<T>(&written).ok().as_ref(), Some(value), "{written}");
}
