//! The platform on one machine: the command line.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A whole cloud in one process asks for memory all the time, from every thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> ExitCode {
    local::cli::main().await
}
