//! The whole platform in one process, put together from `infra/template.yaml`.
//!
//! [`Local::start`] makes the emulated cloud, what the template says is in it, every function with the settings that the template
//! gives it, the gateway with the template's routes, the pollers of its event source mappings, its schedules, the issuer of
//! tokens, and a payment provider whose webhooks are posted to the gateway. Nothing of the template is repeated here.
//!
//! **Shape.** One clock for all parts. Functions reach the cloud by the real SDK clients over loopback HTTP, or in process if asked, and the provider by HTTP;
//! the provider reaches them through the gateway. An invocation shares its function's clients with the others in flight, as
//! invocations of one Lambda environment would if it took more than one, unless each is to have an environment of its own.
//!
//! **Bounds.** Everything listens on 127.0.0.1: the gateway on the port asked for, the cloud and the provider on free ones. With no data
//! folder nothing is left behind; with one the next start goes on where this one stopped.
//!
//! **Failure.** What cannot be started is a [`StartError`] in one line. What goes wrong later does not stop the rest: it is
//! counted and told by [`Inside::troubles`].

mod environments;
mod error;
mod functions;
mod inside;
mod outbox;
mod pages;
mod parts;

use std::path::PathBuf;
use std::sync::Arc;

use moyasar_sandbox::Sandbox;
use platform::Platform;
use testkit::dynamo::DynamoOptions;
use testkit::sqs::Disorder;
use testkit::{Clock, LocalAws, LocalOptions};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::function::Watcher;
use crate::gateway::{Api, Bound, CONNECTIONS, Gateway, Identity};
use crate::pollers::Pollers;
use crate::scheduler::Scheduler;
pub use error::StartError;
pub use inside::Inside;

/// How a local platform is set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The gateway's port; 0 takes a free one.
    pub port: u16,
    /// Where the state is kept. Without it, nowhere.
    pub data: Option<PathBuf>,
    /// The time; the machine's if absent.
    pub clock: Option<Clock>,
    /// Seeds whatever is drawn by the emulators and the provider; fresh chance if absent.
    pub seed: Option<u64>,
    /// The conflicts and the lag of DynamoDB; as in a busy region unless told.
    pub dynamo: DynamoOptions,
    /// What SQS does to the order and number of messages; nothing unless told.
    pub disorder: Disorder,
    /// Is shown every invocation.
    pub watch: Option<Watcher>,
    /// Of a million calls that functions behind queues make of AWS, after how many the invocation dies: before the call is made, or before its answer is
    /// known. None unless told.
    pub crashed_per_million: u32,
    /// Functions reach the emulated cloud without sockets, by the same clients: a call costs less than half.
    pub in_process: bool,
    /// So many environments of `donations`, each with a memory of its own and one request at a time, as Lambda has them; one for all unless told.
    pub environments: Option<usize>,
    /// Connections that the gateway serves at once, if not as many as usual.
    pub connections: Option<usize>,
    /// Messages that the outbox keeps, if not as many as usual.
    pub outbox: Option<usize>,
}

/// A local platform at work.
pub struct Local {
    inside: Arc<Inside>,
    gateway: Gateway,
    pollers: Vec<Pollers>,
    scheduler: Scheduler,
    provider: Provider,
    cloud: LocalAws,
}

/// The payment provider's server.
struct Provider {
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    kept: Option<PathBuf>,
}

impl Local {
    /// Starts everything.
    ///
    /// # Errors
    /// When a part cannot be started; those that were are stopped again.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let bound = Bound::on(options.port).await.map_err(|source| StartError::Port { port: options.port, source })?;
        let clock = options.clock.clone().unwrap_or_else(Clock::system);
        let files = parts::Files::of(options.data.as_deref())?;
        let secrets = files.secrets()?;
        let cloud = LocalAws::start(LocalOptions {
            port: 0,
            data: options.data.clone(),
            seed: options.seed,
            clock: Some(clock.clone()),
            dynamo: options.dynamo.clone(),
            disorder: options.disorder,
        })
        .await?;
        let url = format!("http://{}", bound.address());
        let listener = parts::listen().await?;
        let provider_url = format!("http://{}", listener.local_addr().map_err(StartError::Provider)?);
        let stack = parts::stack(&cloud, &url, &provider_url, &secrets)?;
        testkit::template::create(&stack, &cloud.sdk_config()).await?;

        let clock_of_parts = parts::clock(&clock);
        let issuer = files.issuer(&url, clock_of_parts.clone())?;
        let sandbox = files.sandbox(&options, &clock, &url, &provider_url, &secrets)?;
        let functions = functions::all(&stack, &cloud, &clock, &options)?;
        let pollers = parts::pollers(&stack, &cloud, &functions).await?;
        let scheduler = parts::scheduler(&stack, &cloud, &functions, &clock_of_parts)?;
        let routes = parts::routes(&stack, &functions, &issuer)?;
        let inside = Arc::new(Inside {
            url,
            provider_url,
            table: parts::table(&stack, &cloud)?,
            services: cloud.services().clone(),
            gauges: pollers.iter().map(Pollers::gauge).collect(),
            bell: scheduler.bell().clone(),
            stack,
            functions,
            issuer,
            sandbox: sandbox.clone(),
            outbox: options.outbox.map_or_else(outbox::Outbox::default, outbox::Outbox::keeping),
            clock: clock_of_parts.clone(),
        });
        let identity =
            Identity { account: testkit::sqs::ACCOUNT.to_owned(), api: "local".to_owned(), port: bound.address().port() };
        let connections = options.connections.unwrap_or(CONNECTIONS);
        let gateway = bound.serve(Api { identity, routes, pages: pages::all(&inside), clock: clock_of_parts, connections });
        let provider = Provider::serve(sandbox, listener, files.sandbox_file());
        Ok(Self { inside, gateway, pollers, scheduler, provider, cloud })
    }

    /// What is inside: for looking, and for playing the provider's side.
    pub fn inside(&self) -> &Arc<Inside> {
        &self.inside
    }

    /// The emulated cloud, for clients of one's own.
    pub fn cloud(&self) -> &LocalAws {
        &self.cloud
    }

    /// The gateway's URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.inside.url
    }

    /// What an environment of this function is given, without crashes and without sockets; none where the template has no such function.
    pub fn platform(&self, function: &str) -> Option<Platform> {
        let described = self.inside.stack.functions.iter().find(|described| described.handler == function)?;
        Some(functions::calm(described, &self.cloud))
    }

    /// Stops everything, work in hand first, and keeps what is to be kept.
    ///
    /// # Errors
    /// When the state could not be written.
    pub async fn stop(self) -> Result<(), StartError> {
        let Self { inside, gateway, pollers, scheduler, provider, cloud } = self;
        scheduler.stop().await;
        gateway.stop().await;
        futures_util::future::join_all(pollers.into_iter().map(Pollers::stop)).await;
        provider.stop(&inside.sandbox).await?;
        drop(inside);
        Ok(cloud.stop().await?)
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("url", &self.inside.url).finish_non_exhaustive()
    }
}

impl Provider {
    fn serve(sandbox: Sandbox, listener: tokio::net::TcpListener, kept: Option<PathBuf>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(moyasar_sandbox::serve(sandbox, listener, async {
            // A sender that is gone means the same as one that sends.
            let _ = stopped.await;
        }));
        Self { stop, serving, kept }
    }

    async fn stop(self, sandbox: &Sandbox) -> Result<(), StartError> {
        let _ = self.stop.send(());
        if let Err(error) = self.serving.await {
            tracing::warn!(%error, "the payment provider did not end well");
        }
        match &self.kept {
            Some(file) => sandbox.save(file).map_err(|source| StartError::File { file: file.clone(), source }),
            None => Ok(()),
        }
    }
}
