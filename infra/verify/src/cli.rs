//! The command line.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | verified |
//! | 1 | not verified: one line says what does not hold |
//! | 2 | the command or a file cannot be used |

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::keys::{self, Trusted};
use crate::sign::{self, Sent};
use crate::{VerifyError, gift, growth, list};

/// The exit code for what cannot be used.
const UNUSABLE: u8 = 2;

/// Verifies that a gift is in the platform's books, by the proof that its donor was given and the key that the platform has made known.
#[derive(Debug, Parser)]
#[command(name = "verify", args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The proof: what GET /v1/donations/{id}/proof answered
    #[arg(required = true)]
    file: Option<PathBuf>,
    #[command(flatten)]
    trusted: Trusted,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verifies that a state of the log has all that an earlier one had
    Consistency {
        /// The earlier one: a proof, a day, a log, or a checkpoint
        old: PathBuf,
        /// The later one: the log, or the day that followed
        new: PathBuf,
        #[command(flatten)]
        trusted: Trusted,
    },
    /// Verifies that the documents of a slaughterhouse's list are those that were signed
    List {
        /// The documents, and among them the list's signed note
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        trusted: Trusted,
    },
    /// Signs the updates that a slaughterhouse sends, and prints the value of the header Ihsan-Signature
    Sign {
        /// The body of the request, as it will be sent: .json or .csv
        file: PathBuf,
        /// The file with the slaughterhouse's key, as `verify key` made it
        #[arg(long)]
        secret: PathBuf,
        /// The Idempotency-Key under which it will be sent
        #[arg(long)]
        idempotency_key: String,
        /// Its form, where the file's ending does not tell
        #[arg(long)]
        form: Option<Sent>,
    },
    /// Makes a key that signs, and prints the key to verify by
    Key {
        /// Whose it is: the log's name, such as proofs.example.org, or a slaughterhouse's id
        name: String,
        /// Where the key is written; nothing is written over
        #[arg(long)]
        secret: PathBuf,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("verify: {error}");
            exit_code(&error)
        }
    }
}

fn run(arguments: &Arguments) -> Result<String, VerifyError> {
    match (&arguments.command, &arguments.file) {
        (Some(Command::Consistency { old, new, trusted }), _) => growth::verify(old, new, &trusted.keys()?),
        (Some(Command::List { files, trusted }), _) => list::verify(files, &trusted.keys()?),
        (Some(Command::Sign { file, secret, idempotency_key, form }), _) => sign::sign(file, secret, idempotency_key, *form),
        (Some(Command::Key { name, secret }), _) => keys::make(name, secret),
        (None, Some(file)) => gift::verify(file, &arguments.trusted.keys()?),
        (None, None) => Err(VerifyError::NoKey),
    }
}

fn exit_code(error: &VerifyError) -> ExitCode {
    match error {
        VerifyError::Proof { .. }
        | VerifyError::Nothing(_)
        | VerifyError::Checkpoint { .. }
        | VerifyError::Learn { .. }
        | VerifyError::List { .. }
        | VerifyError::NotGrown(_) => ExitCode::FAILURE,
        VerifyError::File { .. }
        | VerifyError::NotThat { .. }
        | VerifyError::Key { .. }
        | VerifyError::NoKey
        | VerifyError::NoNote
        | VerifyError::Updates { .. }
        | VerifyError::Unkeyed
        | VerifyError::NoChance => ExitCode::from(UNUSABLE),
    }
}
