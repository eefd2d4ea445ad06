//! The published days of a stage: what closing would write, for tests that only need it to stand.

use anyhow::Context as _;
use domain::id::DonationId;
use domain::journal::{ChainId, Tail};
use domain::moment::Day;
use domain::proof::day::{ChainEnd, DayTree};
use domain::proof::log::{Log, LoggedDay, PublishedDay};
use domain::proof::note::Signers;
use domain::proof::{key, pages};
use platform::books;
use platform::table::{DaySeal, Span};
use serde_json::{Value, json};

use crate::{Stage, signer};

impl Stage {
    /// Seals a day on every chain, over or not, and publishes it signed by [`signer`]; gives back the log, which `log` is before it.
    ///
    /// # Errors
    /// When table or bucket do not take something, or the books are not what they must be.
    pub async fn publish_day(&self, day: Day, mut log: Log) -> anyhow::Result<Log> {
        let seal = self.seal(day).await?;
        let mut tree = DayTree::default();
        let figures = books::read(&self.table, &seal, &mut tree).await?;
        let end = |span: &Span| {
            let hash = span.hash.parse()?;
            anyhow::Ok(ChainEnd { chain: span.chain, first: span.first, seal: span.seal, hash })
        };
        let chains = seal.chains.iter().map(end).collect::<anyhow::Result<Vec<_>>>()?;
        let record = tree.record(day, (log.size(), log.root()), &figures.funds, chains);
        log.days.push(LoggedDay { day, leaf: record.leaf() });
        let signers = Signers::read(&signer().secret())?;
        log.checkpoint = signers.sign(&log.state(signers.name()).to_string());
        let (path, growth) = log.last_paths();
        let told = PublishedDay { record: record.to_string(), checkpoint: log.checkpoint.clone(), path, growth };
        let bucket = self.bucket()?;
        bucket.keep(&key::pages(day), "application/octet-stream", pages::bytes(tree.leaves())).await?;
        bucket.keep(&key::day(day), "application/json", serde_json::to_vec(&told)?).await?;
        bucket.keep(key::LOG, "application/json", serde_json::to_vec(&log)?).await?;
        Ok(log)
    }

    /// Takes the salt of a donation away, as an erasure does.
    ///
    /// # Errors
    /// When the table does not take that.
    pub async fn erase_salt(&self, id: &DonationId) -> anyhow::Result<()> {
        let table = self.stack.tables.iter().find(|table| table.logical_id == "Table");
        let update = json!({
            "TableName": table.context("the template has no Table")?.name,
            "Key": {"pk": {"S": format!("DON#{id}")}, "sk": {"S": "DON"}},
            "UpdateExpression": "SET salt = :none",
            "ExpressionAttributeValues": {":none": {"S": ""}},
        });
        let reply = self.cloud.services().dynamo.call("DynamoDB_20120810.UpdateItem", update.to_string().as_bytes()).await;
        let answer: Value = serde_json::from_slice(&reply.body)?;
        anyhow::ensure!(answer.get("__type").is_none(), "{answer}");
        Ok(())
    }

    async fn seal(&self, day: Day) -> anyhow::Result<DaySeal> {
        let before = self.table.day_seal(day.previous()).await?.map(|seal| seal.chains).unwrap_or_default();
        let mut chains = Vec::new();
        for chain in ChainId::all() {
            let tail = self.table.tail(chain).await?;
            let page = Tail { day: Some(tail.day.unwrap_or(day)), ..tail }.seal(self.now());
            anyhow::ensure!(self.table.write_seal(&page).await? && page.day == day, "{chain} does not stand in {day}");
            let first = before.iter().find(|span| span.chain == chain.number()).map_or(0, |span| span.seal + 1);
            chains.push(Span::new(first, &page));
        }
        let seal = DaySeal::new(day, chains, self.now());
        self.table.close_day(&seal).await?;
        self.table.day_seal(day).await?.context("the day was just closed")
    }
}
