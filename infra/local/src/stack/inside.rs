//! What a running platform shows of itself: to tests, to the command line, and to the pages under `/local`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use moyasar_sandbox::Sandbox;
use platform::table::Table;
use serde_json::{Value, json};
use testkit::services::Services;
use testkit::sqs::Depth;
use testkit::template::Stack;

use super::functions::Functions;
use super::outbox::Outbox;
use crate::clock::Clock;
use crate::function::Function;
use crate::issuer::Issuer;
use crate::pollers::Gauge;
use crate::scheduler::{Bell, FireError};

/// The parts of a running platform.
pub struct Inside {
    pub(super) url: String,
    pub(super) provider_url: String,
    pub(super) stack: Stack,
    pub(super) services: Services,
    pub(super) functions: Functions,
    pub(super) gauges: Vec<Gauge>,
    pub(super) bell: Bell,
    pub(super) issuer: Issuer,
    pub(super) sandbox: Sandbox,
    pub(super) table: Table,
    pub(super) outbox: Outbox,
    pub(super) clock: Clock,
}

impl Inside {
    /// The gateway's URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The payment provider's URL: its API, its checkout pages and its control API.
    pub fn provider_url(&self) -> &str {
        &self.provider_url
    }

    /// Where donors may be sent back to after paying.
    pub fn return_url(&self) -> String {
        format!("{}{}", self.url, super::parts::THANKS_PATH)
    }

    /// The deployment.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The emulated cloud: faults, counters, queues' depths.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The issuer of tokens.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The payment provider.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// What donors were told, the latest first.
    pub fn told(&self) -> Vec<Value> {
        self.outbox.messages()
    }

    /// The time that all parts share.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The functions.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.values()
    }

    /// The mappings' counters.
    pub fn gauges(&self) -> &[Gauge] {
        &self.gauges
    }

    /// Fires the schedule of that name in the template as if `time` had come. `None` when there is none.
    pub async fn fire(&self, schedule: &str, time: Timestamp) -> Option<Result<(), FireError>> {
        self.bell.fire(schedule, time).await
    }

    /// Whether no queue but those for dead letters holds a message that waits, and no webhook waits to be posted. Notices that are hidden until the morning are not
    /// counted: they may be hidden for hours.
    pub fn is_quiet(&self) -> bool {
        let depths = self.services.sqs.depths();
        let dead = |name: &str| name.ends_with("-dlq");
        let waiting = |name: &str| name.ends_with("-notices");
        let work = |name: &str, depth: &Depth| depth.ready + if waiting(name) { 0 } else { depth.in_flight };
        let busy = depths.iter().any(|(name, depth)| !dead(name) && work(name, depth) > 0);
        !busy && self.sandbox.next_due().is_none()
    }

    /// Whether no function runs, and no message waits to be received. What an invocation that died had in hand is out of sight, and does not count.
    pub fn is_still(&self) -> bool {
        let waits = self.services.sqs.depths().iter().any(|(name, depth)| !name.ends_with("-dlq") && depth.ready > 0);
        !waits && self.functions.values().all(|function| function.running() == 0)
    }

    /// What has gone wrong so far and has not mended itself, a sentence each.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        for (name, depth) in self.services.sqs.depths() {
            if name.ends_with("-dlq") && depth.total() > 0 {
                troubles.push(format!("{} messages were set aside in {name}", depth.total()));
            }
        }
        for function in self.functions.values() {
            if function.counts().errors > 0 {
                troubles.push(format!("{} failed {} times", function.name(), function.counts().errors));
            }
        }
        for gauge in &self.gauges {
            if gauge.counts().outages > 0 {
                troubles.push(format!("{} did not answer {} times", gauge.mapping().queue_url, gauge.counts().outages));
            }
        }
        for (name, counts) in self.bell.counts() {
            if counts.failed > 0 {
                troubles.push(format!("the schedule {name} was given up {} times", counts.failed));
            }
        }
        troubles
    }

    /// Everything that can be counted, as JSON.
    pub fn overview(&self) -> Value {
        let functions: BTreeMap<&str, Value> = self
            .functions
            .values()
            .map(|function| (function.name(), function.counts()))
            .map(|(name, c)| (name, json!({"invocations": c.invocations, "errors": c.errors, "throttles": c.throttles})))
            .collect();
        let queues: BTreeMap<String, Value> = self
            .services
            .sqs
            .depths()
            .into_iter()
            .map(|(name, d)| (name, json!({"ready": d.ready, "in_flight": d.in_flight, "delayed": d.delayed})))
            .collect();
        let schedules: BTreeMap<&str, Value> = self
            .bell
            .counts()
            .into_iter()
            .map(|(name, counts)| (name, json!({"fired": counts.fired, "failed": counts.failed})))
            .collect();
        let mappings: Vec<Value> = self.gauges.iter().map(mapping).collect();
        let units = self.services.dynamo.usage().total();
        json!({
            "now": self.now().to_string(),
            "api": self.url,
            "provider": self.provider_url,
            "issuer": self.issuer.url(),
            "functions": functions,
            "queues": queues,
            "mappings": mappings,
            "schedules": schedules,
            "table": {"write_units": units.write_units, "read_half_units": units.read_half_units},
            "troubles": self.troubles(),
        })
    }
}

fn mapping(gauge: &Gauge) -> Value {
    let counts = gauge.counts();
    json!({
        "queue": gauge.mapping().queue_url.rsplit('/').next(),
        "function": gauge.mapping().function.name(),
        "received": counts.received,
        "batches": counts.batches,
        "deleted": counts.deleted,
        "left": counts.left,
        "sqs_calls": counts.sqs_calls,
    })
}
