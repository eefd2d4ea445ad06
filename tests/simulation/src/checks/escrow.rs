//! Capped opportunities: what is free, what is held, what was settled.

use domain::cap;
use domain::donation::Donation;
use domain::id::DonationId;
use domain::journal::{Account, EntryKind, Page};
use domain::money::Money;
use platform::table::TableError;

use super::books::Books;
use crate::world::World;

/// Nothing is claimed any more, and what is missing from the escrow of a capped opportunity is what was settled for it and did not go back.
///
/// # Errors
/// When the table cannot be read.
pub async fn escrow(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> Result<(), TableError> {
    for opportunity in &world.opportunities {
        let Some(target) = opportunity.target_minor else { continue };
        let account = Account::Opportunity(opportunity.fund, opportunity.id.clone());
        let (settled, gone) = (settled(pages, &account), gone(pages, &account));
        let shards = world.stage.table.escrow(&opportunity.id, cap::shards(target)).await?;
        let free = Money::sum(shards.iter().map(|shard| shard.free_minor)).unwrap_or(Money::ZERO).halalas();
        let claims: Vec<_> = shards.iter().flat_map(|shard| shard.claims.keys()).collect();
        if !claims.is_empty() {
            wrong.push(format!("{}: claims without a pending donation: {claims:?}", opportunity.id));
        }
        if free + settled != target.halalas() + gone {
            wrong.push(format!(
                "{}: {free} free and {settled} settled are not {target} and {gone} gone back",
                opportunity.id
            ));
        }
    }
    Ok(())
}

fn settled(pages: &[Page], account: &Account) -> u64 {
    let entries = pages.iter().flat_map(Page::entries).filter(|entry| entry.kind == EntryKind::Settled);
    let transfers = entries.flat_map(|entry| &entry.transfers).filter(|transfer| transfer.credit() == account);
    transfers.map(|transfer| transfer.amount().halalas()).sum()
}

fn gone(pages: &[Page], account: &Account) -> u64 {
    let transfers = pages.iter().flat_map(Page::entries).flat_map(|entry| &entry.transfers);
    transfers.filter(|transfer| transfer.debit() == account).map(|transfer| transfer.amount().halalas()).sum()
}

/// At any moment every claim on an escrow is a donation's; what is free and what is claimed are never more than the target, and with what was settled never
/// less.
///
/// # Errors
/// When the table cannot be read.
pub async fn claims(world: &World, books: &mut Books, wrong: &mut Vec<String>) -> Result<(), TableError> {
    let mut kept = Vec::new();
    for opportunity in &world.opportunities {
        let Some(target) = opportunity.target_minor else { continue };
        let mut sum = 0;
        for shard in world.stage.table.escrow(&opportunity.id, cap::shards(target)).await? {
            sum += shard.free_minor.halalas() + shard.claims.values().sum::<u64>();
            let ids: Vec<DonationId> = shard.claims.keys().copied().collect();
            let known = world.stage.table.donations(&ids).await?;
            if known.len() != ids.len() {
                wrong.push(format!("{}: a claim on shard {} without a donation", opportunity.id, shard.shard));
            }
        }
        if sum > target.halalas() {
            wrong.push(format!("{}: {sum} are free or claimed of {target}", opportunity.id));
        }
        kept.push((opportunity, target.halalas(), sum));
    }
    // Read after the escrow: what is settled by then is at least what was when its claim was ended.
    books.catch_up(&world.stage.table, wrong).await?;
    for (opportunity, target, sum) in kept {
        let settled = settled(&books.pages, &Account::Opportunity(opportunity.fund, opportunity.id.clone()));
        if sum + settled < target {
            wrong.push(format!("{}: {sum} free or claimed and {settled} settled are less than {target}", opportunity.id));
        }
    }
    Ok(())
}

/// Nothing is held for a donation that can still be paid, after the last hold has ended.
pub fn holds(world: &World, donations: &[Donation], wrong: &mut Vec<String>) {
    let now = world.stage.now();
    for donation in donations {
        if donation.state.is_payable() && donation.holds() && donation.expires_at < now {
            wrong.push(format!("donation {} is {} and holds what it no longer may", donation.id, donation.state.code()));
        }
    }
}
