//! The local cloud: DynamoDB, SQS, KMS and S3 on one machine, for development, tests and the simulation.
//!
//! Promise: production code with the real `aws-sdk-*` clients runs against it unchanged, over loopback HTTP or, with no
//! socket and under simulated time, in process. It depends on no code of the platform, and no product depends on it.
//!
//! # Parts
//! | module | what it is |
//! |---|---|
//! | [`cloud`] | [`LocalAws`]: everything, started and stopped together |
//! | [`dynamo`] | DynamoDB: `dynoxide` with conflicts, index lag, client tokens by our clock, and accounts of capacity |
//! | [`sqs`] | SQS: standard queues with every limit, and disorder on request |
//! | [`kms`] | KMS: symmetric keys, data keys, encryption contexts |
//! | [`s3`] | S3: `s3s-fs` over a directory |
//! | [`services`] | the one door to them, and the faults behind it |
//! | [`server`], [`connector`] | the two ways in: HTTP, and the SDK's connector in process |
//! | [`roles`] | what the template's roles allow, held against the calls of whoever has them |
//! | [`faults`] | what goes wrong between a caller and the cloud |
//! | [`template`] | `infra/template.yaml` read into a [`Stack`](template::Stack), and created in the cloud |
//! | [`clock`], [`chance`] | time and randomness that a simulation owns |
//!
//! # In short
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use testkit::{LocalAws, LocalOptions};
//!
//! let cloud = LocalAws::start(LocalOptions::default()).await?;
//! let queues = aws_sdk_sqs::Client::new(&cloud.sdk_config());
//! queues.create_queue().queue_name("payments").send().await?;
//! assert_eq!(cloud.services().sqs.depths()["payments"].total(), 0);
//! cloud.stop().await?;
//! # Ok(())
//! # }
//! ```

pub mod chance;
pub mod clock;
pub mod cloud;
pub mod connector;
pub mod dynamo;
pub mod faults;
pub mod kms;
pub mod roles;
pub mod s3;
pub mod server;
pub mod services;
pub mod sqs;
pub mod template;
pub mod wire;

pub use clock::Clock;
pub use cloud::{LocalAws, LocalError, LocalOptions};
