//! The table past everything that guards it, and what is told of it.

use std::cell::RefCell;

use data_encoding::BASE64;
use domain::id::DonationId;
use domain::journal::{ChainId, Entry, Page};
use serde_json::{Value, json};
use simulation::checks::money::{self, Looked};
use simulation::ledger::AT_ONCE;
use simulation::world::World;
use simulation::{Plan, Report, play_meddled};

/// A run of which nothing is told; at its end things are broken on purpose, one after the other, and each rule that is to notice does.
pub fn broken(plan: &Plan, breaks: impl AsyncFnOnce(&Raw<'_>, &Looked)) -> Report {
    let meddled = play_meddled(plan, async |world: &World| {
        let mut wrong = Vec::new();
        let looked = money::money(world, &mut wrong).await?;
        assert!(wrong.is_empty(), "{wrong:#?}");
        let raw = Raw(world, RefCell::default());
        breaks(&raw, &looked).await;
        // What no rule has noticed.
        assert_eq!(raw.1.take(), Vec::<String>::new());
        Ok(())
    });
    meddled.unwrap()
}

/// Of what was broken and put right nothing is left at the end, but what was told as it was written, and of what cannot be put back.
pub fn nothing_else(report: &Report, not_put_back: &str) {
    let is_else =
        |wrong: &&String| !wrong.starts_with(AT_ONCE) && (not_put_back.is_empty() || !wrong.contains(not_put_back));
    let left: Vec<_> = report.violations.iter().filter(is_else).collect();
    assert!(left.is_empty(), "{left:#?}");
}

/// The table past everything that guards it.
pub struct Raw<'w>(pub &'w World, pub RefCell<Vec<String>>);

impl Raw<'_> {
    pub async fn call(&self, operation: &str, rest: Value) -> Value {
        let tables = &self.0.stage.stack.tables;
        let mut body = json!({"TableName": tables.iter().find(|table| table.logical_id == "Table").unwrap().name});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let target = format!("DynamoDB_20120810.{operation}");
        let reply = self.0.stage.cloud.services().dynamo.call(&target, body.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200, "{operation}: {}", String::from_utf8_lossy(&reply.body));
        serde_json::from_slice(&reply.body).unwrap()
    }

    pub async fn item(&self, key: &(String, String)) -> Option<Value> {
        let answer = self.call("GetItem", json!({"Key": {"pk": {"S": key.0}, "sk": {"S": key.1}}})).await;
        answer.get("Item").cloned()
    }

    pub async fn put(&self, key: &(String, String), item: Option<Value>) {
        match item {
            Some(item) => self.call("PutItem", json!({ "Item": item })).await,
            None => self.call("DeleteItem", json!({"Key": {"pk": {"S": key.0}, "sk": {"S": key.1}}})).await,
        };
    }

    /// With this item changed every one of the rules is told; with the item as it was, none.
    pub async fn breaks(&self, (pk, sk): (&str, &str), change: impl FnOnce(&mut Option<Value>), rules: &[&str]) {
        let key = (pk.to_owned(), sk.to_owned());
        let before = self.item(&key).await;
        let mut item = before.clone();
        change(&mut item);
        assert_ne!(item, before, "{pk} is changed");
        self.put(&key, item).await;
        let told = told(self.0).await;
        for rule in rules {
            if !told.iter().any(|wrong| wrong.contains(rule)) {
                self.1.borrow_mut().push(format!("{pk} / {sk}: {rule}: {told:#?}"));
            }
        }
        self.put(&key, before).await;
        told_nothing(self.0).await;
    }

    /// The same with one attribute of an item that is there.
    pub async fn sets(&self, at: (&str, &str), name: &str, change: impl FnOnce(&mut Value), rules: &[&str]) {
        self.breaks(at, |item| change(&mut item.as_mut().unwrap()[name]), rules).await;
    }

    /// The same with one attribute more of an item in the table of keys: sixteen bytes of chance.
    pub async fn keeps(&self, pk: &str, name: &str, rules: &[&str]) {
        let tables = &self.0.stage.stack.tables;
        let keys = tables.iter().find(|table| table.logical_id == "KeysTable").unwrap().name.clone();
        let update = |expression: &str, values: Option<Value>| {
            let mut call = json!({
                "TableName": keys, "Key": {"pk": {"S": pk}}, "UpdateExpression": expression,
                "ExpressionAttributeNames": {"#salt": name},
            });
            values.into_iter().for_each(|values| call["ExpressionAttributeValues"] = values);
            call
        };
        self.call("UpdateItem", update("SET #salt = :salt", Some(json!({":salt": {"B": BASE64.encode(&[7; 16])}})))).await;
        let told = told(self.0).await;
        for rule in rules {
            if !told.iter().any(|wrong| wrong.contains(rule)) {
                self.1.borrow_mut().push(format!("{pk} / {name}: {rule}: {told:#?}"));
            }
        }
        self.call("UpdateItem", update("REMOVE #salt", None)).await;
        told_nothing(self.0).await;
    }

    /// The same with a page more, which has this entry.
    pub async fn books(&self, chain: u8, entry: Entry, rules: &[&str]) {
        // Each on a chain of its own: what was once seen there is not seen anew.
        let chain = ChainId::new(chain).unwrap();
        let page = self.0.stage.table.tail(chain).await.unwrap().write(vec![entry], &[vec![7; 32]], self.0.stage.now());
        let (pk, sk) = place(&page);
        self.breaks((&pk, &sk), |item| *item = Some(written(&page)), rules).await;
    }
}

/// What is told when everything about money is looked at.
pub async fn told(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    money::money(world, &mut wrong).await.unwrap();
    wrong
}

pub async fn told_nothing(world: &World) {
    assert_eq!(told(world).await, Vec::<String>::new());
}

pub fn place(page: &Page) -> (String, String) {
    (format!("JP#{}", page.chain), format!("{:012}", page.seq))
}

pub fn written(page: &Page) -> Value {
    let (pk, sk) = place(page);
    json!({"pk": {"S": pk}, "sk": {"S": sk}, "body": {"B": BASE64.encode(&page.bytes())}})
}

pub fn donation(id: &DonationId) -> String {
    format!("DON#{id}")
}

/// A number one more than it was, as the table has it.
pub fn one_more(number: &mut Value) {
    let halalas: i64 = number["N"].as_str().unwrap().parse().unwrap();
    number["N"] = json!((halalas + 1).to_string());
}
