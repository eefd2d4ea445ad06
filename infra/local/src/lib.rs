//! The platform on one machine: what API Gateway, Lambda's event source mappings, EventBridge Scheduler and an identity
//! provider do in the cloud, done in one process on 127.0.0.1, so that the functions run as they are.
//!
//! | in the cloud | here |
//! |---|---|
//! | a Lambda function | [`function::Function`]: an async call from JSON to JSON with a timeout and reserved concurrency |
//! | API Gateway's HTTP API | [`gateway`]: routes, payload format 2.0, limits and error bodies |
//! | its JWT authorizer | [`authorizer`]: RS256 and ES256 by JWKS, issuer, audience, times, scopes |
//! | an OpenID Connect provider | [`issuer`]: a key of its own, discovery, key set, tokens for the asking |
//! | an SQS event source mapping | [`pollers`]: long polls, batches, partial failures, deletes |
//! | EventBridge Scheduler | [`scheduler`]: `cron`, `rate` and `at`, with time zones |
//!
//! [`stack::Local`] puts them together with the emulated cloud and the functions, from `infra/template.yaml`.
//!
//! Everything binds the loopback interface only. Time comes from a [`clock::Clock`], so that a test can bring midnight.

// The futures of the functions and the SDK nest deeper than the compiler expects by default.
#![recursion_limit = "256"]

pub mod authorizer;
pub mod burst;
pub mod cli;
pub mod client;
pub mod clock;
pub mod feast;
pub mod figure;
pub mod function;
pub mod gateway;
pub mod giving;
pub mod issuer;
pub mod load;
pub mod night;
pub mod picture;
pub mod pollers;
pub mod proof;
pub mod scenario;
pub mod scheduler;
pub mod secrets;
pub mod seed;
pub mod stack;

pub use stack::{Inside, Local, Options, StartError};
