//! How each part is put together from the template and the options.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use moyasar_sandbox::{Sandbox, Settings as ProviderSettings};
use platform::table::Table;
use testkit::template::{Authorization, Inputs, Schedule as DescribedSchedule, ScheduleTarget, Stack};
use testkit::{Clock as CloudClock, LocalAws};
use tokio::net::TcpListener;

use super::functions::{Functions, settings};
use super::{Options, StartError};
use crate::authorizer::Authorizer;
use crate::clock::Clock;
use crate::function::Function;
use crate::gateway::Route;
use crate::issuer::{ISSUER_PATH, Issuer};
use crate::pollers::{Mapping, Pollers};
use crate::scheduler::{Schedule, Scheduler, Target};
use crate::secrets::Secrets;

/// The deployment, as it was when this was built: the binary needs no file beside it.
const TEMPLATE: &str = include_str!("../../../template.yaml");
/// What names of resources begin with.
const STACK_NAME: &str = "local";
/// Where donors are sent back to after paying.
pub(super) const THANKS_PATH: &str = "/local/thanks";
/// Where what donors are told can be looked at.
pub(super) const OUTBOX_PATH: &str = "/local/outbox";
/// Waits between the provider's tries of a webhook. The real ones are minutes to hours; nobody waits so long at a desk.
const WEBHOOK_WAITS_MS: [u64; 5] = [1_000, 2_000, 5_000, 15_000, 60_000];

/// The files of this crate's own in the data folder, if there is one.
pub(super) struct Files(Option<PathBuf>);

impl Files {
    pub(super) fn of(data: Option<&Path>) -> Result<Self, StartError> {
        let Some(data) = data else { return Ok(Self(None)) };
        let folder = data.join("platform");
        let made = std::fs::create_dir_all(&folder);
        made.map_err(|source| StartError::File { file: folder.clone(), source })?;
        Ok(Self(Some(folder)))
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|folder| folder.join(name))
    }

    pub(super) fn sandbox_file(&self) -> Option<PathBuf> {
        self.file("moyasar.json")
    }

    pub(super) fn secrets(&self) -> Result<Secrets, StartError> {
        match self.file("secrets.json") {
            Some(file) => Secrets::kept_in(&file).map_err(|source| StartError::File { file, source }),
            None => Secrets::new().map_err(StartError::Secrets),
        }
    }

    pub(super) fn issuer(&self, url: &str, clock: Clock) -> Result<Issuer, StartError> {
        let url = format!("{url}{ISSUER_PATH}");
        Ok(match self.file("issuer.p8") {
            Some(file) => Issuer::on_disk(&url, &file, clock)?,
            None => Issuer::in_memory(&url, clock)?,
        })
    }

    pub(super) fn sandbox(
        &self,
        options: &Options,
        clock: &CloudClock,
        gateway: &str,
        url: &str,
        secrets: &Secrets,
    ) -> Result<Sandbox, StartError> {
        let clock = clock.clone();
        let now = move || u64::try_from(clock.now_millis()).unwrap_or(0);
        let clock = moyasar_sandbox::Clock::Shared(Arc::new(now));
        let hook = format!("{gateway}/v1/payments/moyasar/callbacks");
        let settings = ProviderSettings::new(url, &secrets.moyasar_key).webhook(hook, &secrets.moyasar_webhook);
        let settings = settings.seed(options.seed.map_or_else(fresh_seed, Ok)?);
        let settings = ProviderSettings { retry_waits_ms: WEBHOOK_WAITS_MS, ..settings };
        match self.sandbox_file() {
            Some(file) => Sandbox::open(&file, settings, clock).map_err(|source| StartError::File { file, source }),
            None => Ok(Sandbox::new(settings, clock)),
        }
    }
}

fn fresh_seed() -> Result<u64, StartError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| StartError::Secrets(std::io::Error::other(error.to_string())))?;
    Ok(u64::from_le_bytes(bytes))
}

/// A free port for the payment provider.
pub(super) async fn listen() -> Result<TcpListener, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(StartError::Provider)
}

/// The cloud's clock for this crate's parts.
pub(super) fn clock(clock: &CloudClock) -> Clock {
    let clock = clock.clone();
    Clock::new(move || Timestamp::from_millisecond(clock.now_millis()).unwrap_or(Timestamp::MAX))
}

/// The template with what it leaves open.
pub(super) fn stack(cloud: &LocalAws, url: &str, provider: &str, secrets: &Secrets) -> Result<Stack, StartError> {
    let parameters = [
        ("PublicUrl", url.to_owned()),
        ("ReturnUrls", url.to_owned()),
        ("IdentityIssuer", format!("{url}{ISSUER_PATH}")),
        ("MoyasarUrl", provider.to_owned()),
        ("Secrets", "environment".to_owned()),
        ("SecretsExtensionArn", String::new()),
        ("MoyasarKey", secrets.moyasar_key.clone()),
        ("MoyasarWebhook", secrets.moyasar_webhook.clone()),
        ("Identifiers", secrets.identifiers.clone()),
        ("ProofKeys", secrets.proof_keys.clone()),
        ("SmsSender", "outbox".to_owned()),
        ("PushSender", "outbox".to_owned()),
        ("EmailSender", "outbox".to_owned()),
        ("OutboxUrl", format!("{url}{OUTBOX_PATH}")),
    ];
    let inputs = Inputs {
        stack_name: STACK_NAME.to_owned(),
        endpoint: cloud.endpoint().to_owned(),
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).into(),
    };
    Ok(Stack::parse(TEMPLATE, &inputs)?)
}

/// The table, for looking at the books.
pub(super) fn table(stack: &Stack, cloud: &LocalAws) -> Result<Table, StartError> {
    let missing = || StartError::Unknown("no function that settles".to_owned());
    let settlement = stack.functions.iter().find(|function| function.handler == "settlement").ok_or_else(missing)?;
    let made = Table::new(&cloud.sdk_config(), &settings(settlement, cloud));
    made.map_err(|source| StartError::Settings { function: settlement.name.clone(), source })
}

fn function<'f>(functions: &'f Functions, name: &str) -> Result<&'f Function, StartError> {
    functions.get(name).ok_or_else(|| StartError::Unknown(format!("the function {name}")))
}

fn queue_url(stack: &Stack, name: &str) -> Result<String, StartError> {
    let queue = stack.queues.iter().find(|queue| queue.name == name);
    queue.map(|queue| queue.url.clone()).ok_or_else(|| StartError::Unknown(format!("the queue {name}")))
}

/// The mappings' pollers.
pub(super) async fn pollers(stack: &Stack, cloud: &LocalAws, functions: &Functions) -> Result<Vec<Pollers>, StartError> {
    let client = aws_sdk_sqs::Client::new(&cloud.sdk_config());
    let mut pollers = Vec::new();
    for described in &stack.mappings {
        let url = queue_url(stack, &described.queue)?;
        let mapping = Mapping {
            batch_size: as_usize(described.batch_size),
            window: Duration::from_secs(described.window_secs.into()),
            reports_failures: described.reports_item_failures,
            maximum_concurrency: described.max_concurrency.map(as_usize),
            ..Mapping::new(&url, function(functions, &described.function)?.clone())
        };
        pollers.push(Pollers::start(client.clone(), mapping).await?);
    }
    Ok(pollers)
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The schedules.
pub(super) fn scheduler(
    stack: &Stack,
    cloud: &LocalAws,
    functions: &Functions,
    clock: &Clock,
) -> Result<Scheduler, StartError> {
    let client = aws_sdk_sqs::Client::new(&cloud.sdk_config());
    let schedule = |described: &DescribedSchedule| -> Result<Schedule, StartError> {
        let zone = &described.timezone;
        let unknown = |_| StartError::TimeZone { schedule: described.logical_id.clone(), zone: zone.clone() };
        let target = match &described.target {
            ScheduleTarget::Function(name) => Target::Function(function(functions, name)?.clone()),
            ScheduleTarget::Queue(name) => Target::Queue { client: client.clone(), url: queue_url(stack, name)? },
        };
        Ok(Schedule {
            name: described.logical_id.clone(),
            arn: format!(
                "arn:aws:scheduler:{}:{}:schedule/default/{STACK_NAME}-{}",
                testkit::cloud::REGION,
                testkit::sqs::ACCOUNT,
                described.logical_id
            ),
            expression: described.expression.parse()?,
            time_zone: TimeZone::get(if zone.is_empty() { "UTC" } else { zone }).map_err(unknown)?,
            target,
            input: Some(described.input.clone()).filter(|input| !input.is_empty()),
        })
    };
    let schedules = stack.schedules.iter().map(schedule).collect::<Result<Vec<_>, StartError>>()?;
    Ok(Scheduler::start(clock, schedules))
}

/// The gateway's routes, and who may call them.
pub(super) fn routes(stack: &Stack, functions: &Functions, issuer: &Issuer) -> Result<Vec<Route>, StartError> {
    let mut routes = Vec::new();
    for described in &stack.routes {
        let (authorizer, scopes) = match &described.authorization {
            Authorization::Open => (None, Vec::new()),
            Authorization::Jwt { issuer: named, audience, scopes, .. } => {
                let audiences: Vec<&str> = audience.iter().map(String::as_str).collect();
                (Some(Arc::new(Authorizer::new(named, &audiences, issuer.keys()))), scopes.clone())
            }
        };
        let function = function(functions, &described.function)?.clone();
        routes.push(Route { key: described.key.parse()?, function, authorizer, scopes });
    }
    Ok(routes)
}
