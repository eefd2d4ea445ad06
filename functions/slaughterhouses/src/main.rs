//! The slaughterhouses function: wiring only.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use platform::Platform;
use slaughterhouses::{Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deps = &Deps::new(&Platform::of_lambda()?)?;
    run(service_fn(move |event: LambdaEvent<_>| async move { Ok::<_, Error>(handle(deps, event.payload).await) })).await
}
