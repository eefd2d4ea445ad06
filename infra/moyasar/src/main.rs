//! The sandbox on a port of this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use moyasar_sandbox::{Clock, Sandbox, Settings, serve};
use tokio::net::TcpListener;

/// A payment provider to play against: Moyasar's API, checkout page and webhooks on this machine.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// The port to listen on, on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// The secret key that callers must give.
    #[arg(long, default_value = "sk_test_sandbox")]
    secret_key: String,
    /// Where to post webhooks.
    #[arg(long)]
    webhook: Option<String>,
    /// The secret that webhooks carry.
    #[arg(long, default_value = "sandbox-webhook-secret")]
    webhook_secret: String,
    /// Keep the state in this file between runs.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where all chance comes from; another one each time if left out.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Flags::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Result<(), String> {
    let listener = TcpListener::bind(("127.0.0.1", flags.port)).await;
    let listener = listener.map_err(|error| format!("cannot listen on port {}: {error}", flags.port))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let url = format!("http://127.0.0.1:{port}");
    let seed = flags.seed.or_else(|| getrandom::u64().ok()).unwrap_or(0);
    let mut settings = Settings::new(url.clone(), flags.secret_key.clone()).seed(seed);
    if let Some(webhook) = flags.webhook {
        settings = settings.webhook(webhook, flags.webhook_secret);
    }
    let sandbox = match &flags.data {
        Some(path) => {
            Sandbox::open(path, settings, Clock::System).map_err(|error| format!("{}: {error}", path.display()))?
        }
        None => Sandbox::new(settings, Clock::System),
    };
    println!("Moyasar sandbox at {url}, seed {seed}; control API at {url}/sandbox; Ctrl-C ends it");
    println!("curl -u {}: {url}/v1/invoices -d amount=5000 -d description=gift", flags.secret_key);
    serve(sandbox.clone(), listener, async {
        // Without a signal to wait for, it ends at once rather than never.
        let _ = tokio::signal::ctrl_c().await;
    })
    .await;
    match &flags.data {
        Some(path) => sandbox.save(path).map_err(|error| format!("{}: {error}", path.display())),
        None => Ok(()),
    }
}
