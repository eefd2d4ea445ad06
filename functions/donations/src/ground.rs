//! What a command stands on: the opportunities that it names, and what remains of those that are capped.

use std::collections::BTreeMap;

use domain::cap::{Shard, shards};
use domain::catalogue::Opportunity;
use domain::id::OpportunityId;
use domain::money::Money;
use domain::purpose::Programme;
use domain::sacrifice::Offering;
use futures_util::future::try_join_all;
use platform::table::{Escrow, Table, TableError};

use crate::command::Command;

/// What was read, strongly consistent.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    /// The opportunities that there are.
    pub opportunities: BTreeMap<OpportunityId, Opportunity>,
    /// The escrow of those that are capped.
    pub escrows: BTreeMap<OpportunityId, Vec<Shard>>,
    /// What others have claimed of these: some of it may come back in a moment.
    pub claimed: BTreeMap<OpportunityId, Money>,
    /// What is sold by the share of those that may be.
    pub offerings: BTreeMap<OpportunityId, Offering>,
}

/// Reads it: one batch for the opportunities, and one for each capped one's escrow, at the same time.
///
/// # Errors
/// When the table cannot be reached.
pub async fn read(table: &Table, command: &Command) -> Result<Ground, TableError> {
    let ids: Vec<OpportunityId> = command.lines.iter().map(|line| line.opportunity.clone()).collect();
    let found = table.opportunities(&ids).await?;
    let capped = found.iter().filter_map(|opportunity| Some((&opportunity.id, opportunity.target_minor?)));
    let escrows = try_join_all(
        capped.map(async |(id, target)| Ok::<_, TableError>((id.clone(), table.escrow(id, shards(target)).await?))),
    );
    let escrows: Vec<(OpportunityId, Vec<Escrow>)> = escrows.await?;
    let claimed = escrows.iter().map(|(id, escrow)| (id.clone(), claimed(escrow))).collect();
    let shards = |escrow: Vec<Escrow>| escrow.iter().map(Escrow::shard).collect();
    let escrows = escrows.into_iter().map(|(id, escrow)| (id, shards(escrow))).collect();
    let offerings = table.offerings_by_id(&by_share(command, &found)).await?;
    let offerings = offerings.into_iter().map(|offering| (offering.id.clone(), offering)).collect();
    let opportunities = found.into_iter().map(|opportunity| (opportunity.id.clone(), opportunity)).collect();
    Ok(Ground { opportunities, escrows, claimed, offerings })
}

/// Of which opportunities it matters whether they are sold by the share: those of which shares are asked for, and those that might be all the same.
fn by_share(command: &Command, found: &[Opportunity]) -> Vec<OpportunityId> {
    let asks = |id: &OpportunityId| command.lines.iter().any(|line| line.opportunity == *id && line.sacrifice.is_some());
    let may_be = |opportunity: &&Opportunity| match opportunity.programme {
        Programme::Adahi | Programme::Kaffara => true,
        Programme::Projects
        | Programme::Zakat
        | Programme::Gift
        | Programme::Sms
        | Programme::Recurring
        | Programme::Waqf
        | Programme::FastGiving => asks(&opportunity.id),
    };
    found.iter().filter(may_be).map(|opportunity| opportunity.id.clone()).collect()
}

/// What is claimed on these shards.
pub fn claimed(escrow: &[Escrow]) -> Money {
    let claims = escrow.iter().flat_map(|escrow| escrow.claims.values());
    Money::sum(claims.filter_map(|claim| Money::from_halalas(*claim))).unwrap_or(Money::ZERO)
}
