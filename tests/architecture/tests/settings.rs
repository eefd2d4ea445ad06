//! A function is given the settings that it reads, and no other.
//!
//! Read off the sources: settings are named by literals in capitals, and a few are implied by a part of the platform.

use std::collections::BTreeSet;

use architecture::source::{Token, find, is_test_file, product_tokens};
use architecture::template::template;
use architecture::{assert_none, files};

/// What a function reads by calling a part of the platform.
const IMPLIED: [(&[&str], &[&str]); 8] = [
    (&["table", "("], &["TABLE"]),
    (&["secrets", "("], &["SECRETS"]),
    (&["Bucket", ":", ":", "new"], &["BUCKET"]),
    (&["Privacy", ":", ":", "new"], &["KMS_KEY", "KEYS_TABLE"]),
    (&["Providers", ":", ":", "new"], &["MOYASAR_URL", "SECRETS", "SECRET_MOYASAR_KEY"]),
    (&["Door", ":", ":", "new"], &["TABLE", "IDENTITY_ISSUER", "SECRETS", "SECRET_IDENTIFIERS"]),
    (&["Senders", ":", ":", "new"], SENDERS),
    (&["Providers", ":", ":", "for_webhooks"], &["SECRETS", "SECRET_MOYASAR_WEBHOOK"]),
];

/// What the carriers of messages read, each its own.
const SENDERS: &[&str] = &[
    "SENDER_SMS",
    "SENDER_PUSH",
    "SENDER_EMAIL",
    "SMS_SENDER_ID",
    "SMS_GATEWAY_URL",
    "SECRET_SMS_GATEWAY",
    "EMAIL_FROM",
    "PUSH_FCM",
    "PUSH_APNS",
    "OUTBOX_URL",
];

/// How a setting's name begins.
const SETTINGS: [&str; 8] =
    ["KEYS_TABLE", "QUEUE_", "SECRET_", "MOYASAR_", "RETURN_URLS", "IDENTITY_ISSUER", "PUBLIC_URL", "FONTS"];

#[test]
fn each_function_is_given_what_it_reads_and_nothing_else() {
    let mut wrong = Vec::new();
    for function in template().functions() {
        let given: BTreeSet<String> = function.environment().map(|all| all.keys().cloned().collect()).unwrap_or_default();
        let read = read_by(function.folder());
        wrong.extend(read.difference(&given).map(|name| format!("{} is not given {name}", function.id)));
        wrong.extend(given.difference(&read).map(|name| format!("{} does not read {name}", function.id)));
    }
    assert_none("a function gets only what it uses", &wrong);
}

fn read_by(folder: &str) -> BTreeSet<String> {
    let sources = files(&format!("functions/{folder}/src"), ".rs").into_iter().filter(|path| !is_test_file(path));
    let tokens: Vec<Token> = sources.flat_map(|path| product_tokens(&path)).collect();
    let mut read: BTreeSet<String> = tokens.iter().filter_map(|token| named(&token.text)).collect();
    for (call, settings) in IMPLIED {
        if !find(&tokens, call).is_empty() {
            read.extend(settings.iter().map(|name| (*name).to_owned()));
        }
    }
    let sources: Vec<String> =
        read.iter().filter(|name| name.starts_with("SECRET_")).map(|name| format!("{name}_NAME")).collect();
    read.extend(sources);
    read
}

/// The setting that a literal names.
fn named(literal: &str) -> Option<String> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let capitals = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    (capitals && SETTINGS.iter().any(|prefix| text.starts_with(prefix))).then(|| text.to_owned())
}
