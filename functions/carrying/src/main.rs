//! The carrying function: wiring only.

// The futures of the runtime and the SDK nest deeper than the compiler expects by default.
#![recursion_limit = "256"]

use carrying::{Deps, handle};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use platform::Platform;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deps = &Deps::new(&Platform::of_lambda()?)?;
    run(service_fn(move |event: LambdaEvent<_>| async move { Ok::<_, Error>(handle(deps, event.payload).await) })).await
}
