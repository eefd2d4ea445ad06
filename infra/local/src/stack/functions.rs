//! Every function of the template, in this process: its own `Deps` from its own settings, behind its own `handle`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use domain::moment::Moment;
use platform::{ConfigError, Outbound, Platform, Random, Settings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use testkit::chance::Chance;
use testkit::connector::{self, invocation};
use testkit::faults::{Call, Fault};
use testkit::services::Services;
use testkit::template::{Function as Described, Stack};
use testkit::{Clock, LocalAws};

use super::environments::Environments;
use super::{Options, StartError};
use crate::function::Function;

/// The functions by their names in the template.
pub(super) type Functions = BTreeMap<String, Function>;

/// Makes all of them.
pub(super) fn all(stack: &Stack, cloud: &LocalAws, clock: &Clock, options: &Options) -> Result<Functions, StartError> {
    let aws = if options.in_process { directly(cloud, cloud.services()) } else { cloud.sdk_config() };
    let deadly = deadly(cloud, clock, options);
    let is_consumer = |described: &Described| stack.mappings.iter().any(|mapping| mapping.function == described.logical_id);
    let made = stack.functions.iter().map(|described| {
        let deadly = deadly.as_ref().filter(|_| is_consumer(described));
        let platform = platform(described, cloud, clock, deadly.unwrap_or(&aws));
        let environments = options.environments.filter(|_| described.handler == "donations");
        // What settlement remembers of its chain is an environment's own: with one for all invocations every page would go to the same chain.
        let has_its_own = environments.is_some() || (options.environments.is_some() && is_consumer(described));
        let function = one(described, &platform, !has_its_own)?.watched_by(options.watch.clone());
        let function = match environments {
            Some(environments) => function.in_line(environments),
            None => function,
        };
        Ok((described.logical_id.clone(), function))
    });
    made.collect()
}

/// The way to the emulators without sockets.
fn directly(cloud: &LocalAws, services: &Services) -> SdkConfig {
    cloud.sdk_config().into_builder().http_client(connector::http_client(services)).build()
}

/// A way to the emulators on which invocations die, if any are to. It is in process, where the rest may go over HTTP: a server cannot kill its caller.
fn deadly(cloud: &LocalAws, clock: &Clock, options: &Options) -> Option<SdkConfig> {
    let rate = u64::from(options.crashed_per_million);
    if rate == 0 {
        return None;
    }
    let of = cloud.services();
    let services = Services::new(of.dynamo.clone(), of.sqs.clone(), of.kms.clone(), of.s3.clone(), clock.clone());
    let chance = Chance::seeded(options.seed.unwrap_or_default(), "crashes");
    services.set_faults(move |_: &Call<'_>| match (chance.below(1_000_000) < rate, chance.happens(500)) {
        (false, _) => Fault::Pass,
        (true, false) => Fault::CrashBefore,
        (true, true) => Fault::CrashAfter,
    });
    Some(directly(cloud, &services))
}

/// What Lambda would give the function, on a way to the emulators that needs no sockets.
pub(super) fn calm(described: &Described, cloud: &LocalAws) -> Platform {
    platform(described, cloud, cloud.services().clock(), &directly(cloud, cloud.services()))
}

/// What Lambda would give the function.
fn platform(described: &Described, cloud: &LocalAws, clock: &Clock, aws: &SdkConfig) -> Platform {
    let clock = clock.clone();
    let now = move || Moment::from_millis(clock.now_millis());
    Platform {
        settings: settings(described, cloud),
        clock: platform::Clock::Shared(Arc::new(now)),
        random: Random::System,
        aws: aws.clone(),
        outbound: Outbound::network(),
    }
}

/// The template's environment, and of Lambda's what is not about the machine it runs on.
pub(super) fn settings(described: &Described, cloud: &LocalAws) -> Settings {
    let lambda = [
        ("AWS_REGION", testkit::cloud::REGION),
        ("AWS_ENDPOINT_URL", cloud.endpoint()),
        ("AWS_LAMBDA_FUNCTION_NAME", described.name.as_str()),
    ];
    let lambda = lambda.map(|(name, value)| (name.to_owned(), value.to_owned()));
    described.environment.clone().into_iter().chain(lambda).collect()
}

/// A function of this process: its environments, each with `Deps` that are made once, and its `handle`, called with each event. A macro, because the
/// future of a handle borrows its `Deps`, which a bound on a closure cannot yet say of a future that moves between threads.
macro_rules! function {
    ($described:expr, $made:expr, $deps:ty, |$borrowed:ident, $event:ident| $answer:expr) => {{
        let (platform, is_shared) = $made;
        let platform = Platform::clone(platform);
        let environments = Environments::new(is_shared, move || <$deps>::new(&platform));
        let environments = Arc::new(environments.map_err(|source| unset($described, source))?);
        let timeout = Duration::from_secs($described.timeout_secs.into());
        Function::new(&$described.name, timeout, move |event| {
            let environments = Arc::clone(&environments);
            async move {
                let environment = environments.take().map_err(|error| error.to_string())?;
                let $borrowed = &*environment;
                let $event = read(event)?;
                let answer = invocation(Box::pin(async { Ok::<_, String>($answer) })).await;
                let answer = answer.map_err(|crashed| crashed.to_string())??;
                environments.give_back(environment);
                write(&answer)
            }
        })
    }};
}

/// The function in a folder of that name.
fn one(described: &Described, platform: &Platform, is_shared: bool) -> Result<Function, StartError> {
    let (of, with) = (described, (platform, is_shared));
    Ok(match described.handler.as_str() {
        "catalogue" => function!(of, with, catalogue::Deps, |deps, event| catalogue::handle(deps, event).await),
        "donations" => function!(of, with, donations::Deps, |deps, event| donations::handle(deps, event).await),
        "payment-callbacks" => {
            function!(of, with, payment_callbacks::Deps, |deps, event| payment_callbacks::handle(deps, event).await)
        }
        "operations" => function!(of, with, operations::Deps, |deps, event| operations::handle(deps, event).await),
        "sacrifice" => function!(of, with, sacrifice::Deps, |deps, event| sacrifice::handle(deps, event).await),
        "slaughterhouses" => {
            function!(of, with, slaughterhouses::Deps, |deps, event| slaughterhouses::handle(deps, event).await)
        }
        "receipts" => function!(of, with, receipts::Deps, |deps, event| receipts::handle(deps, event).await),
        "verification" => function!(of, with, verification::Deps, |deps, event| verification::handle(deps, event).await),
        "settlement" => function!(of, with, settlement::Deps, |deps, event| settlement::handle(deps, event).await),
        "totals" => function!(of, with, totals::Deps, |deps, event| totals::handle(deps, event).await),
        "releases" => function!(of, with, releases::Deps, |deps, event| releases::handle(deps, event).await),
        "erasure" => function!(of, with, erasure::Deps, |deps, event| erasure::handle(deps, event).await),
        "fulfilment" => function!(of, with, fulfilment::Deps, |deps, event| fulfilment::handle(deps, event).await),
        "carrying" => function!(of, with, carrying::Deps, |deps, event| carrying::handle(deps, event).await),
        "refunds" => function!(of, with, refunds::Deps, |deps, event| refunds::handle(deps, event).await),
        "notifications" => {
            function!(of, with, notifications::Deps, |deps, event| notifications::handle(deps, event).await)
        }
        "closing" => function!(of, with, closing::Deps, |deps, event| {
            closing::handle(deps, event).await.map_err(|error| platform::http::chain(&error))?
        }),
        "execution" => function!(of, with, execution::Deps, |deps, event| {
            execution::handle(deps, event).await.map_err(|error| platform::http::chain(&error))?
        }),
        "reports" => function!(of, with, reports::Deps, |deps, event| {
            reports::handle(deps, event).await.map_err(|error| platform::http::chain(&error))?
        }),
        "reconciliation" => function!(of, with, reconciliation::Deps, |deps, event| {
            reconciliation::handle(deps, event).await.map_err(|error| platform::http::chain(&error))?
        }),
        other => return Err(StartError::Unknown(format!("the function {other}"))),
    })
}

fn unset(described: &Described, source: ConfigError) -> StartError {
    StartError::Settings { function: described.name.clone(), source }
}

fn read<E: DeserializeOwned>(event: Value) -> Result<E, String> {
    serde_json::from_value(event).map_err(|error| format!("the event cannot be read: {error}"))
}

fn write(answer: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(answer).map_err(|error| format!("the answer cannot be written: {error}"))
}
