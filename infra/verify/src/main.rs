//! The command: see [`verify`].

use std::process::ExitCode;

fn main() -> ExitCode {
    verify::cli::main()
}
