//! What a template describes, with every reference resolved.

use std::collections::BTreeMap;

use crate::roles::Role;

/// Everything the local cloud runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Tables of DynamoDB.
    pub tables: Vec<Table>,
    /// Queues of SQS.
    pub queues: Vec<Queue>,
    /// Buckets of S3.
    pub buckets: Vec<Bucket>,
    /// Keys of KMS.
    pub keys: Vec<Key>,
    /// Functions of Lambda.
    pub functions: Vec<Function>,
    /// Their roles.
    pub roles: Vec<Role>,
    /// Which queues feed which functions.
    pub mappings: Vec<Mapping>,
    /// What the clock does.
    pub schedules: Vec<Schedule>,
    /// What HTTP calls.
    pub routes: Vec<Route>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name in the template.
    pub logical_id: String,
    /// The name in DynamoDB.
    pub name: String,
    /// The attributes that are in a key.
    pub attributes: Vec<Attribute>,
    /// The table's key.
    pub key: KeySchema,
    /// Its global secondary indexes.
    pub indexes: Vec<Index>,
    /// The attribute that says when an item may go.
    pub ttl_attribute: Option<String>,
    /// Whether it can be restored to a point in time. The local cloud has no backups.
    pub point_in_time_recovery: bool,
}

/// A key attribute and its type: `S`, `N` or `B`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// The type's letter.
    pub kind: String,
}

/// A partition key and perhaps a sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySchema {
    /// The partition key's attribute.
    pub partition: String,
    /// The sort key's attribute.
    pub sort: Option<String>,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: KeySchema,
    /// What it carries.
    pub projection: Projection,
}

/// What an index carries besides keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Everything.
    All,
    /// Nothing.
    KeysOnly,
    /// These attributes.
    Include(Vec<String>),
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The name in the template.
    pub logical_id: String,
    /// The name in SQS.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// Its attributes, as `CreateQueue` takes them, the redrive policy among them.
    pub attributes: BTreeMap<String, String>,
    /// The ARN of the queue for messages that were received too often.
    pub dead_letter_arn: Option<String>,
    /// After how many receives.
    pub max_receive_count: Option<u32>,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The name in the template.
    pub logical_id: String,
    /// The name in S3.
    pub name: String,
}

/// A key. Its id is made by KMS, so it goes by an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The name in the template.
    pub logical_id: String,
    /// The alias that stands for it, `alias/…`.
    pub alias: String,
    /// What it is for.
    pub description: String,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name in the template.
    pub logical_id: String,
    /// The name in Lambda.
    pub name: String,
    /// Which of the project's functions it is: the file name of its `CodeUri` without extension.
    pub handler: String,
    /// Its environment, references resolved.
    pub environment: BTreeMap<String, String>,
    /// Its role, by the name in the template.
    pub role: String,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Time-out in seconds.
    pub timeout_secs: u32,
}

/// A queue that feeds a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The name in the template.
    pub logical_id: String,
    /// The queue's name in SQS.
    pub queue: String,
    /// The function's name in the template.
    pub function: String,
    /// Messages in a batch, at most.
    pub batch_size: u32,
    /// Seconds to gather a batch.
    pub window_secs: u32,
    /// Whether the function names the messages that failed.
    pub reports_item_failures: bool,
    /// Invocations at a time, at most.
    pub max_concurrency: Option<u32>,
}

/// Something done again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The name in the template.
    pub logical_id: String,
    /// `cron(…)` or `rate(…)`.
    pub expression: String,
    /// The time zone of a cron expression.
    pub timezone: String,
    /// Who gets the input.
    pub target: ScheduleTarget,
    /// What is sent, placeholders included.
    pub input: String,
}

/// Who gets a schedule's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleTarget {
    /// A function, by its name in the template.
    Function(String),
    /// A queue, by its name in SQS.
    Queue(String),
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name in the template.
    pub logical_id: String,
    /// The method and the path, such as `GET /v1/donations/{id}`, or `$default`.
    pub key: String,
    /// The function's name in the template.
    pub function: String,
    /// Who may call it.
    pub authorization: Authorization,
}

/// Who may call a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// Anyone.
    Open,
    /// Who has a token.
    Jwt {
        /// The authorizer's name in the template.
        authorizer: String,
        /// Who must have issued it.
        issuer: String,
        /// Whom it must be for: one of these.
        audience: Vec<String>,
        /// The scopes of which one is needed, if any.
        scopes: Vec<String>,
    },
}

impl Stack {
    /// The function with this name in the template.
    pub fn function(&self, logical_id: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.logical_id == logical_id)
    }

    /// The queue with this name in the template.
    pub fn queue(&self, logical_id: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.logical_id == logical_id)
    }

    /// The table with this name in the template.
    pub fn table(&self, logical_id: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.logical_id == logical_id)
    }
}
