//! The published days of a stage: what closing would write, for tests that only need it to stand.

use anyhow::Context as _;
use domain::id::DonationId;
use domain::journal::{ChainId, Tail};
use domain::leaf_key::LeafKey;
use domain::moment::Day;
use domain::proof::day::{ChainEnd, DayTree};
use domain::proof::log::{Log, LoggedDay, PublishedDay};
use domain::proof::note::Signers;
use domain::proof::{key, pages};
use platform::books;
use platform::privacy::leaf::Salt;
use platform::table::{DaySeal, Span};

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

    /// Takes the salts away that are kept for a donation, as an erasure does.
    ///
    /// # Errors
    /// When the table does not take that.
    pub async fn erase_salts(&self, id: &DonationId) -> anyhow::Result<()> {
        self.lose_salts(id).await?;
        self.table.forget_donation(id).await?.context("there is no such donation")?;
        Ok(())
    }

    /// Takes the salts away that are kept for a donation that nobody has erased, as a fault might.
    ///
    /// # Errors
    /// When the table does not take that.
    pub async fn lose_salts(&self, id: &DonationId) -> anyhow::Result<()> {
        for (page, index) in self.leaves(id).await? {
            self.table.forget_salt(&page, index).await?;
        }
        Ok(())
    }

    /// The salts that are kept of a donation's entries.
    ///
    /// # Errors
    /// When there is no such donation, or its pages cannot be read.
    pub async fn kept_salts(&self, id: &DonationId) -> anyhow::Result<Vec<Salt>> {
        let mut kept = Vec::new();
        for (page, index) in self.leaves(id).await? {
            kept.extend(self.table.kept_salt(&page, index).await?);
        }
        Ok(kept)
    }

    /// Where a donation's leaves are, by the keys of their pages.
    async fn leaves(&self, id: &DonationId) -> anyhow::Result<Vec<(LeafKey, u16)>> {
        let donation = self.table.donation(id).await?.context("there is no such donation")?;
        let mut leaves = Vec::new();
        for place in donation.place.into_iter().chain(donation.back.booked) {
            let page = self.table.page(place.chain_id().context("not a chain")?, place.seq).await?;
            leaves.extend(page.context("a page is gone")?.key().map(|key| (key, place.index)));
        }
        Ok(leaves)
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
