//! A stage for tests: the platform's surroundings in process, put together from `infra/template.yaml`.
//!
//! Dev only. [`Stage`] has the emulated cloud with the template's tables, queues and bucket, a payment provider to play against, and gives
//! each function the settings that the template gives it. No socket is opened; faults, time and chance are the test's.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let stage = stage::Stage::new(stage::Options::default()).await?;
//! let platform = stage.platform("settlement")?;
//! // let deps = settlement::Deps::new(&platform)?;
//! # Ok(())
//! # }
//! ```

mod books;
pub mod event;
pub mod identity;
mod items;
pub mod outbox;
mod proofs;
pub mod sample;

use std::sync::Arc;

use anyhow::Context as _;
use aws_sdk_sqs::Client;
use aws_types::SdkConfig;
use bytes::Bytes;
use domain::cap;
use domain::catalogue::Opportunity;
use domain::donation::HoldPart;
use domain::id::DonationId;
use domain::message::{Envelope, Message};
use domain::moment::Moment;
use domain::proof::note::Signer;
use domain::sacrifice::{Lot, Offering};
use moyasar_sandbox::{Sandbox, Settings as SandboxSettings};
use platform::bucket::Bucket;
use platform::outbound::{Answer, OutboundError};
use platform::table::{Claimant, Claiming, Table};
use platform::{Outbound, Platform, Random, Settings};
use testkit::chance::Chance;
use testkit::connector;
use testkit::dynamo::DynamoOptions;
use testkit::services::Services;
use testkit::sqs::Disorder;
use testkit::template::{self, Inputs, Stack};
use testkit::{Clock, LocalAws, LocalOptions};

pub use items::Peek;
pub use outbox::Outbox;

/// What the provider puts into its webhooks.
pub const WEBHOOK_SECRET: &str = "the stage's webhook secret";
/// What the provider's API asks for.
pub const API_KEY: &str = "sk_test_stage";
/// Where the provider is reached, in process.
pub const PROVIDER_URL: &str = "https://moyasar.stage";
/// Where a donor may be sent back to.
pub const RETURN_URL: &str = "https://give.example";

/// The template, read where the stage was built.
const TEMPLATE: &str = include_str!("../../../infra/template.yaml");

/// How a stage is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of every chance on the stage.
    pub seed: u64,
    /// When it begins; the clock follows tokio's time from then on.
    pub begins: Moment,
    /// Conflicts and lag of the table; none by default.
    pub dynamo: DynamoOptions,
    /// What queues do to order and number; nothing by default.
    pub disorder: Disorder,
    /// Waits between a provider's attempts to deliver a webhook.
    pub retry_waits_ms: [u64; 5],
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            begins: Moment::from_millis(1_795_467_600_000),
            dynamo: DynamoOptions::plain(),
            disorder: Disorder::default(),
            retry_waits_ms: moyasar_sandbox::RETRY_WAITS_MS,
        }
    }
}

/// The platform's surroundings.
pub struct Stage {
    /// The emulated cloud; faults are set on its services.
    pub cloud: LocalAws,
    /// The deployment.
    pub stack: Stack,
    /// The payment provider.
    pub sandbox: Sandbox,
    /// The true time.
    pub clock: Clock,
    /// What donors were told.
    pub outbox: Outbox,
    /// The table, past the faults.
    pub table: Table,
    calm: SdkConfig,
    chance: Chance,
}

impl Stage {
    /// Sets a stage up.
    ///
    /// # Errors
    /// When a part cannot be made: a fault of the test, not of what it tests.
    pub async fn new(options: Options) -> anyhow::Result<Stage> {
        let clock = Clock::starting_at(options.begins.millis());
        let cloud = LocalAws::in_process(LocalOptions {
            seed: Some(options.seed),
            clock: Some(clock.clone()),
            dynamo: options.dynamo.clone(),
            disorder: options.disorder,
            ..LocalOptions::default()
        })?;
        let stack = Stack::parse(TEMPLATE, &inputs(cloud.endpoint()))?;
        template::create(&stack, &cloud.sdk_config()).await?;
        let calm = past_the_faults(&cloud, &clock);
        let table = Table::new(&calm, &settings(&stack, "donations")?)?;
        let sandbox = sandbox(&options, &clock);
        let chance = Chance::seeded(options.seed, "platforms");
        let outbox = Outbox::new(options.seed);
        Ok(Stage { cloud, stack, sandbox, clock, outbox, table, calm, chance })
    }

    /// What a new environment of a function is given, with a clock that is right. What its role does not allow is refused.
    ///
    /// # Errors
    /// When the template does not name the function.
    pub fn platform(&self, function: &str) -> anyhow::Result<Platform> {
        self.platform_with_skew(function, 0)
    }

    /// The same with a clock that is wrong by up to `most_millis` either way.
    ///
    /// # Errors
    /// As [`Stage::platform`].
    pub fn platform_with_skew(&self, function: &str, most_millis: u64) -> anyhow::Result<Platform> {
        let skew = i64::try_from(self.chance.below(2 * most_millis + 1))? - i64::try_from(most_millis)?;
        let clock = self.clock.clone();
        let now = move || Moment::from_millis(clock.now_millis() + skew);
        Ok(Platform {
            settings: settings(&self.stack, function)?,
            clock: platform::Clock::Shared(Arc::new(now)),
            random: Random::seeded(self.chance.below(u64::MAX)),
            aws: self.as_function(function)?,
            outbound: self.outbox.beside(outbound(self.sandbox.clone())),
        })
    }

    /// The same for a command that somebody runs who may do everything, with the settings of this function.
    ///
    /// # Errors
    /// As [`Stage::platform`].
    pub fn command(&self, function: &str) -> anyhow::Result<Platform> {
        Ok(Platform { aws: self.cloud.sdk_config(), ..self.platform(function)? })
    }

    /// The way to the cloud of a function, whose role allows it some calls and no others.
    fn as_function(&self, function: &str) -> anyhow::Result<SdkConfig> {
        let found =
            self.stack.functions.iter().find(|known| known.handler == function).context("there is no such function")?;
        let role = self.stack.roles.iter().find(|role| role.logical_id == found.role).context("it has no role")?;
        let client = connector::http_client_as(self.cloud.services(), role.clone());
        Ok(self.cloud.sdk_config().into_builder().http_client(client).build())
    }

    /// An empty table beside the stage's own, and its settings, past the faults.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn empty_table(&self, name: &str) -> anyhow::Result<Table> {
        let tables = self.stack.tables.iter().cloned();
        let tables = tables.map(|table| template::Table { name: format!("{}-{name}", table.name), ..table }).collect();
        template::create(&Stack { tables, ..Stack::default() }, &self.calm).await?;
        let known = settings(&self.stack, "donations")?;
        let table = format!("{}-{name}", known.required("TABLE")?);
        Ok(Table::new(&self.calm, &[("TABLE", table)].into_iter().collect())?)
    }

    /// The bucket of documents, past the faults.
    ///
    /// # Errors
    /// When the template has none.
    pub fn bucket(&self) -> anyhow::Result<Bucket> {
        let known = settings(&self.stack, "reports")?;
        Ok(Bucket::new(&self.calm, &known)?)
    }

    /// The true time.
    pub fn now(&self) -> Moment {
        Moment::from_millis(self.clock.now_millis())
    }

    /// The URL of the queue whose name ends so.
    ///
    /// # Errors
    /// When the template has none.
    pub fn queue_url(&self, name: &str) -> anyhow::Result<&str> {
        let queue = self.stack.queues.iter().find(|queue| queue.name.ends_with(&format!("-{name}")));
        Ok(&queue.with_context(|| format!("the template has no queue {name}"))?.url)
    }

    /// Takes every message that can be seen out of a queue and reads it, past the faults.
    ///
    /// # Errors
    /// When there is no such queue, or a message cannot be read.
    pub async fn take_messages(&self, queue: &str) -> anyhow::Result<Vec<Message>> {
        let (client, url) = (Client::new(&self.calm), self.queue_url(queue)?);
        let mut messages = Vec::new();
        loop {
            let got = client.receive_message().queue_url(url).max_number_of_messages(10).send().await?;
            let got = got.messages.unwrap_or_default();
            if got.is_empty() {
                return Ok(messages);
            }
            for message in got {
                client.delete_message().queue_url(url).set_receipt_handle(message.receipt_handle).send().await?;
                messages.push(Envelope::read(message.body.as_deref().unwrap_or_default())?);
            }
        }
    }

    /// Puts an opportunity into the table, and its target into its escrow.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn publish(&self, opportunity: &Opportunity) -> anyhow::Result<()> {
        self.table.put_opportunity(opportunity).await?;
        let Some(target) = opportunity.target_minor else { return Ok(()) };
        let shards = cap::shards(target);
        for (shard, part) in (0..shards).zip(target.split(u32::from(shards).try_into()?)) {
            self.table.make_escrow(&opportunity.id, shard).await?;
            let escrow = self.table.escrow(&opportunity.id, shards).await?;
            let empty = escrow.iter().find(|escrow| escrow.shard == shard).context("a shard was just made")?;
            anyhow::ensure!(self.table.grant(&opportunity.id, empty, part).await?, "a shard did not take its part");
        }
        Ok(())
    }

    /// Puts an opportunity into the table, and what is sold of it by the share, with its lots.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn offer(&self, opportunity: &Opportunity, offering: &Offering) -> anyhow::Result<()> {
        self.publish(opportunity).await?;
        for (lot, shares) in offering.lots() {
            self.table.make_lot(&offering.id, &Lot::new(lot, shares)).await?;
        }
        anyhow::ensure!(self.table.put_offering(offering).await?, "there is such an offering already");
        Ok(())
    }

    /// Claims a part of an opportunity's escrow for a donation that is made now.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn claim(&self, donation: DonationId, part: &HoldPart) -> anyhow::Result<Claiming> {
        Ok(self.table.claim(Claimant { donation, made_at: self.now() }, part).await?)
    }
}

/// The way to the emulators past the faults.
fn past_the_faults(cloud: &LocalAws, clock: &Clock) -> SdkConfig {
    let services = cloud.services();
    let calm = Services::new(
        services.dynamo.clone(),
        services.sqs.clone(),
        services.kms.clone(),
        services.s3.clone(),
        clock.clone(),
    );
    cloud.sdk_config().into_builder().http_client(connector::http_client(&calm)).build()
}

/// The key that signs the stage's log of days.
///
/// # Panics
/// Never: the name is one.
pub fn signer() -> Signer {
    Signer::new("ihsan.stage", &[7; 32]).expect("a name")
}

fn inputs(endpoint: &str) -> Inputs {
    let parameters = [
        ("PublicUrl", "http://api.stage"),
        ("ReturnUrls", RETURN_URL),
        ("IdentityIssuer", "http://issuer.stage"),
        ("MoyasarUrl", PROVIDER_URL),
        ("Secrets", "environment"),
        ("SecretsExtensionArn", ""),
        ("MoyasarKey", API_KEY),
        ("MoyasarWebhook", WEBHOOK_SECRET),
        ("Identifiers", "the stage's key of identifiers"),
        ("ProofKeys", &signer().secret()),
        ("SmsSender", "outbox"),
        ("PushSender", "outbox"),
        ("EmailSender", "outbox"),
        ("OutboxUrl", outbox::URL),
    ];
    Inputs {
        stack_name: "stage".to_owned(),
        endpoint: endpoint.to_owned(),
        parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

fn settings(stack: &Stack, handler: &str) -> anyhow::Result<Settings> {
    let function = stack.functions.iter().find(|function| function.handler == handler);
    let function = function.with_context(|| format!("the template has no function {handler}"))?;
    let aws = [("AWS_REGION", testkit::cloud::REGION), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    let aws = aws.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(function.environment.clone().into_iter().chain(aws).collect())
}

fn sandbox(options: &Options, clock: &Clock) -> Sandbox {
    let clock = clock.clone();
    let now = move || u64::try_from(clock.now_millis()).unwrap_or(0);
    let settings = SandboxSettings::new(PROVIDER_URL, API_KEY)
        .webhook("http://api.stage/v1/payments/moyasar/callbacks", WEBHOOK_SECRET)
        .seed(options.seed);
    let settings = SandboxSettings { retry_waits_ms: options.retry_waits_ms, ..settings };
    Sandbox::new(settings, moyasar_sandbox::Clock::Shared(Arc::new(now)))
}

/// The provider in process. An answer that is lost is a broken connection.
fn outbound(sandbox: Sandbox) -> Outbound {
    Outbound::InProcess(Arc::new(move |request| {
        let sandbox = sandbox.clone();
        Box::pin(async move {
            let mut builder = http::Request::builder().method(request.method).uri(request.url);
            for (name, value) in request.headers {
                builder = builder.header(name, value);
            }
            let request = builder.body(Bytes::from(request.body)).map_err(|_| OutboundError::Malformed)?;
            let answer = sandbox.call(request).await.map_err(|error| OutboundError::Unreachable(error.into()))?;
            Ok(Answer { status: answer.status().as_u16(), body: answer.body().to_vec() })
        })
    }))
}
