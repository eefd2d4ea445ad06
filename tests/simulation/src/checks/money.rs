//! Everything about money that must hold at rest, in one look past the faults: whoever looks twice at the same table is told the same.

use domain::donation::{Charge, Donation};
use domain::journal::Page;

use super::books::{self, Books};
use super::cases::{self, Cases};
use super::{back, bank, corrections, day, days, donations, erased, escrow, found, payments, published};
use crate::world::World;

/// What was read.
#[derive(Debug)]
pub struct Looked {
    /// Every page.
    pub books: Books,
    /// Every case.
    pub cases: Cases,
    /// Every payment that is kept apart.
    pub charges: Vec<Charge>,
    /// Every donation of which anybody was told, or that stands in the books.
    pub donations: Vec<Donation>,
}

impl Looked {
    /// Every page.
    pub fn pages(&self) -> &[Page] {
        &self.books.pages
    }
}

/// Reads the books, the donations, what is kept apart and the cases, and holds them against each other, against the provider, and against what is published.
///
/// # Errors
/// When table or bucket cannot be read, or what is published cannot be.
pub async fn money(world: &World, wrong: &mut Vec<String>) -> anyhow::Result<Looked> {
    let table = &world.stage.table;
    let books = Books::read(table, wrong).await?;
    let pages = books.pages.as_slice();
    let cases = Cases::read(world).await?;
    books::totals(table, pages, wrong).await?;
    books::followed(&table.cursors().await?, pages, wrong);
    books::balance(pages, wrong);
    books::serials(pages, wrong);
    payments::payments(world, pages, &cases, wrong);
    let charges = payments::charges(world, pages, &cases, wrong).await?;
    let donations = donations(world, pages, wrong).await?;
    payments::refunds(world, &donations, wrong);
    found::found(world, pages, (&donations, &charges), wrong);
    back(&donations, pages, &cases, wrong);
    escrow::escrow(world, pages, wrong).await?;
    escrow::holds(world, &donations, wrong);
    bank::bank(world, pages, &cases, wrong).await?;
    corrections::corrections(world, pages, wrong).await?;
    erased::forgotten(world, (&donations, pages), wrong).await?;
    days::days(world, pages, &cases, wrong);
    cases::explained(world, pages, &cases, wrong);
    day(world, pages, wrong).await?;
    published::published(world, pages, wrong).await?;
    Ok(Looked { books, cases, charges, donations })
}
