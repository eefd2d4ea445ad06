//! The archive: the day's pages as files in the bucket, and last the day's seal.
//!
//! The books can be restored from it, and read without the table. It holds no personal data, because pages hold none. A file is written when it is full or its
//! chain ends; the same day makes the same files, each time.

use domain::journal::{Page, archive};
use domain::moment::Day;
use platform::books::Reader;
use platform::bucket::{Bucket, BucketError};
use platform::table::DaySeal;

/// Writes a day's pages as they come, chain by chain.
pub struct Archivist<'a> {
    bucket: &'a Bucket,
    day: Day,
    pages: Vec<Page>,
}

impl<'a> Archivist<'a> {
    /// For a day.
    pub const fn new(bucket: &'a Bucket, day: Day) -> Archivist<'a> {
        Archivist { bucket, day, pages: Vec::new() }
    }

    /// Ends the file, with the chain or because it is full.
    async fn end_file(&mut self) -> Result<(), BucketError> {
        let Some(first) = self.pages.first() else { return Ok(()) };
        let key = archive::key(self.day, first.chain, first.seq);
        self.bucket.keep(&key, "application/cbor-seq", archive::write(&self.pages)).await?;
        self.pages.clear();
        Ok(())
    }

    /// Writes the seal: where it stands, the day's files do.
    ///
    /// # Errors
    /// When the bucket did not take it.
    pub async fn seal(self, seal: &DaySeal) -> Result<(), BucketError> {
        let json = serde_json::to_vec_pretty(seal).expect("a seal can be written as JSON");
        self.bucket.keep(&format!("{}seal.json", archive::prefix(self.day)), "application/json", json).await
    }
}

/// What is verified is archived, whatever is wrong elsewhere.
impl Reader for Archivist<'_> {
    async fn page(&mut self, page: Page) -> Result<(), BucketError> {
        self.pages.push(page);
        if self.pages.len() == archive::MOST_PAGES { self.end_file().await } else { Ok(()) }
    }

    async fn end_of_chain(&mut self) -> Result<(), BucketError> {
        self.end_file().await
    }
}
