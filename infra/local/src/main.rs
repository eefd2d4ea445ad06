//! The platform on one machine: the command line.

use std::process::ExitCode;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> ExitCode {
    local::cli::main().await
}
