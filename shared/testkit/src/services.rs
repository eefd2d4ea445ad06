//! All emulators behind one door: a request is told apart by its header and goes through the faults to its service.
//!
//! `x-amz-target` names DynamoDB, SQS and KMS; everything else is S3. This is what makes one endpoint enough, and
//! `AWS_ENDPOINT_URL` is one.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::StatusCode;

use crate::clock::Clock;
use crate::dynamo::{self, DynamoDb};
use crate::faults::{Call, Failure, Fault, FaultCounts, Faults, NoFaults, Service};
use crate::kms::{self, Kms};
use crate::s3::{self, S3};
use crate::sqs::{self, Sqs};
use crate::wire::{JSON_1_0, JSON_1_1, Reply, Request, Response};

/// What a caller gets.
#[derive(Debug)]
pub enum Outcome {
    /// A response.
    Answered(Response),
    /// No response: the connection broke.
    Disconnected,
    /// The caller is dead and gets nothing.
    Crashed,
}

/// All emulators. Clones share them.
#[derive(Clone)]
pub struct Services {
    /// DynamoDB.
    pub dynamo: DynamoDb,
    /// SQS.
    pub sqs: Sqs,
    /// KMS.
    pub kms: Kms,
    /// S3.
    pub s3: S3,
    clock: Clock,
    faults: Arc<RwLock<Arc<dyn Faults>>>,
    counts: FaultCounts,
}

impl Services {
    /// These emulators, without faults at first.
    pub fn new(dynamo: DynamoDb, sqs: Sqs, kms: Kms, s3: S3, clock: Clock) -> Self {
        let faults: Arc<dyn Faults> = Arc::new(NoFaults);
        Self { dynamo, sqs, kms, s3, clock, faults: Arc::new(RwLock::new(faults)), counts: FaultCounts::default() }
    }

    /// Has `faults` decide about every call from now on.
    pub fn set_faults(&self, faults: impl Faults + 'static) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    /// How often each kind of fault was done.
    pub fn fault_counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.snapshot()
    }

    /// The time that all of them share.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Makes a call, or does to it what the faults decide.
    pub async fn call(&self, request: Request) -> Outcome {
        let target = Target::of(&request);
        let fault = {
            let faults = Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner));
            faults.decide(&target.call(request.body()))
        };
        self.counts.count(&fault);
        match fault {
            Fault::Pass => Outcome::Answered(self.answer(&target, request).await),
            Fault::Before(failure) => self.fail(&target, failure, &request),
            Fault::ReplyLost(failure) => {
                let told = self.fail(&target, failure, &request);
                self.answer(&target, request).await;
                told
            }
            Fault::Delay(span) => {
                self.clock.sleep(span).await;
                Outcome::Answered(self.answer(&target, request).await)
            }
            Fault::Duplicate => {
                self.answer(&target, request.clone()).await;
                Outcome::Answered(self.answer(&target, request).await)
            }
            Fault::CrashBefore => Outcome::Crashed,
            Fault::CrashAfter => {
                self.answer(&target, request).await;
                Outcome::Crashed
            }
        }
    }

    async fn answer(&self, target: &Target, request: Request) -> Response {
        let (name, body) = (&target.name, request.body());
        match target.service {
            Service::DynamoDb => self.dynamo.call(name, body).await.into_response(JSON_1_0),
            Service::Sqs => self.sqs.call(name, body).await.into_response(JSON_1_0),
            Service::Kms => self.kms.call(name, body).into_response(JSON_1_1),
            Service::S3 => self.s3.call(request, self.clock.now_millis()),
        }
    }

    fn fail(&self, target: &Target, failure: Failure, request: &Request) -> Outcome {
        match failure {
            Failure::Disconnected => Outcome::Disconnected,
            Failure::Throttled => Outcome::Answered(throttled(target.service)),
            Failure::Internal => Outcome::Answered(internal(target.service)),
            Failure::Conflict => Outcome::Answered(conflict(target, request.body())),
        }
    }
}

/// Whom a request is for.
struct Target {
    service: Service,
    /// The header's value, or method and path.
    name: String,
}

impl Target {
    fn of(request: &Request) -> Self {
        let header = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
        let prefixes = [
            (dynamo::TARGET_PREFIX, Service::DynamoDb),
            (sqs::TARGET_PREFIX, Service::Sqs),
            (kms::TARGET_PREFIX, Service::Kms),
        ];
        let named = |name: &str| prefixes.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, service)| *service);
        match header.and_then(|name| Some((name, named(name)?))) {
            Some((name, service)) => Self { service, name: name.to_owned() },
            None => Self { service: Service::S3, name: format!("{} {}", request.method(), request.uri().path()) },
        }
    }

    fn call<'a>(&'a self, body: &'a [u8]) -> Call<'a> {
        let operation = match self.service {
            Service::S3 => &self.name,
            _ => self.name.rsplit('.').next().unwrap_or(&self.name),
        };
        Call { service: self.service, operation, body }
    }
}

fn throttled(service: Service) -> Response {
    match service {
        Service::DynamoDb => json_error(
            400,
            "com.amazonaws.dynamodb.v20120810#ThrottlingException",
            "Throughput exceeds the current capacity of your table or index.",
        ),
        Service::Sqs => {
            let mut reply =
                Reply::error(400, "com.amazonaws.sqs#RequestThrottled", "The request was denied due to request throttling.");
            reply.query_error = Some("RequestThrottled;Sender".to_owned());
            reply.into_response(JSON_1_0)
        }
        Service::Kms => json_error(400, "ThrottlingException", "Rate exceeded"),
        Service::S3 => s3::error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate."),
    }
}

fn internal(service: Service) -> Response {
    let message = "The request could not be processed.";
    match service {
        Service::DynamoDb => json_error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError", message),
        Service::Sqs => json_error(500, "com.amazonaws.sqs#InternalError", message),
        Service::Kms => json_error(500, "KMSInternalException", message),
        Service::S3 => s3::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message),
    }
}

fn conflict(target: &Target, body: &[u8]) -> Response {
    let operation = target.call(body).operation;
    match (target.service, operation) {
        (Service::DynamoDb, "TransactWriteItems" | "TransactGetItems") => {
            dynamo::conflict_at_one_action(body).into_response(JSON_1_0)
        }
        (Service::DynamoDb, "PutItem" | "UpdateItem" | "DeleteItem") => dynamo::conflict_on_item().into_response(JSON_1_0),
        (service, _) => internal(service),
    }
}

fn json_error(status: u16, kind: &str, message: &str) -> Response {
    Reply::error(status, kind, message).into_response(JSON_1_0)
}

/// How long the caller of a connection that is not answered is made to wait before it breaks: long enough that
/// the client's own time-out decides.
pub(crate) const SILENCE: Duration = Duration::from_secs(3600);
