//! Operations on tables: passed through, with what is known of a table forgotten when it changes.

use dynoxide::{Database, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, Parts, parse, write};

/// Runs `operation`, or returns `None` if it is not one of DynamoDB's that are served.
pub(super) fn run(parts: &Parts, operation: &str, body: &[u8]) -> Option<Answer> {
    let database = &parts.database;
    if matches!(operation, "CreateTable" | "UpdateTable" | "DeleteTable") {
        parts.tables.forget();
    }
    Some(match operation {
        "CreateTable" => through(database, body, Database::create_table),
        "UpdateTable" => through(database, body, Database::update_table),
        "DeleteTable" => through(database, body, Database::delete_table),
        "DescribeTable" => through(database, body, Database::describe_table),
        "ListTables" => through(database, body, Database::list_tables),
        "UpdateTimeToLive" => through(database, body, Database::update_time_to_live),
        "DescribeTimeToLive" => through(database, body, Database::describe_time_to_live),
        "TagResource" => through(database, body, Database::tag_resource),
        "UntagResource" => through(database, body, Database::untag_resource),
        "ListTagsOfResource" => through(database, body, Database::list_tags_of_resource),
        _ => return None,
    })
}

fn through<R: DeserializeOwned, A: Serialize>(
    database: &Database,
    body: &[u8],
    operation: impl Fn(&Database, R) -> Result<A>,
) -> Answer {
    write(&operation(database, parse(body)?)?)
}
