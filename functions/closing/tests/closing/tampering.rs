//! A single changed byte in any page is found, and the page is named; nothing is signed then.

use closing::{ClosingError, PublishError, handle};
use data_encoding::BASE64;
use domain::journal::{ChainId, Page};
use platform::books::{self, BooksError};
use serde_json::{Value, json};
use stage::Stage;

use crate::scene::{day, deps, deps_with_keys, stage_with_gifts};

const DAY: &str = "2026-11-23";

/// Puts bytes in the place of a page's.
async fn overwrite(stage: &Stage, page: &Page, bytes: &[u8]) {
    let table = stage.stack.tables.iter().find(|table| table.logical_id == "Table").unwrap();
    let update = json!({
        "TableName": table.name,
        "Key": {"pk": {"S": format!("JP#{}", page.chain)}, "sk": {"S": format!("{:012}", page.seq)}},
        "UpdateExpression": "SET body = :body",
        "ExpressionAttributeValues": {":body": {"B": BASE64.encode(bytes)}},
    });
    let reply = stage.cloud.services().dynamo.call("DynamoDB_20120810.UpdateItem", update.to_string().as_bytes()).await;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(answer.get("__type").is_none(), "{answer}");
}

fn named(error: &BooksError) -> (u8, u64) {
    match error {
        BooksError::Unread { chain, seq, .. }
        | BooksError::Page { chain, seq, .. }
        | BooksError::Changed { chain, seq }
        | BooksError::Entry { chain, seq, .. }
        | BooksError::Missing { chain, seq }
        | BooksError::OtherSeal { chain, seq } => (*chain, *seq),
        BooksError::NoChain(chain) | BooksError::Unnamed(chain) => (*chain, 0),
        BooksError::Archive(error) => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn every_changed_byte_of_every_page_is_found_and_the_page_named() {
    let stage = stage_with_gifts().await;
    handle(&deps(&stage), json!({ "day": DAY })).await.unwrap();
    let seal = stage.table.day_seal(day(DAY)).await.unwrap().unwrap();
    let mut changed = 0;
    // The chain with the gifts, and of the idle ones, which are all alike, one.
    for chain in [3, 0].map(|number| ChainId::new(number).unwrap()) {
        for page in stage.table.pages(chain, 0, 100).await.unwrap() {
            let true_bytes = page.bytes();
            for at in 0..true_bytes.len() {
                let mut bytes = true_bytes.clone();
                bytes[at] ^= 1 << (at % 8);
                overwrite(&stage, &page, &bytes).await;
                let error = books::read(&stage.table, &seal, &mut ()).await.unwrap_err();
                assert_eq!(named(&error), (chain.number(), page.seq), "byte {at}: {error:?}");
                changed += 1;
            }
            overwrite(&stage, &page, &true_bytes).await;
        }
    }
    assert!(changed > 1_000, "{changed}");
    books::read(&stage.table, &seal, &mut ()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn books_that_were_changed_are_not_signed() {
    let stage = stage_with_gifts().await;
    handle(&deps_with_keys(&stage, "none"), json!({ "day": DAY })).await.unwrap_err();
    let chain = ChainId::new(3).unwrap();
    let page = stage.table.page(chain, 1).await.unwrap().unwrap();
    let mut bytes = page.bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    overwrite(&stage, &page, &bytes).await;
    let error = handle(&deps(&stage), json!({ "day": DAY })).await.unwrap_err();
    let ClosingError::Unpublished(PublishError::Books(_, found)) = &error else { panic!("{error:?}") };
    assert_eq!(named(found), (3, 1));
    assert!(stage.table.day_seal(day(DAY)).await.unwrap().unwrap().stated.is_none());
    assert!(stage.documents().unwrap().keys().all(|name| !name.contains("proofs/")));
}
