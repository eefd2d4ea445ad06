//! Charities and opportunities.

use domain::catalogue::{Charity, Opportunity};
use domain::id::{CharityId, OpportunityId};
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::old_item;
use super::key::{CHARITIES, Key, OPPORTUNITY_SHARDS, opportunity_partition};
use super::{Table, TableError, number, read, write};

/// Something of the catalogue, and which writing of it this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revised<T> {
    /// The number of the writing, from one; none was read where there is nothing. Every writing is on condition of the one before.
    #[serde(default)]
    pub revision: u64,
    /// Chance that marks the writing: when an answer was lost, the writer knows its own by it.
    #[serde(default)]
    pub mark: u64,
    /// The thing itself.
    #[serde(flatten)]
    pub value: T,
}

/// How a writing went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revising {
    /// It stands.
    Written,
    /// What stands there is not the revision before: another was faster.
    Overtaken,
}

/// Everything that can be given to.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// Opportunities, by id.
    pub opportunities: Vec<Revised<Opportunity>>,
    /// Charities, by id.
    pub charities: Vec<Revised<Charity>>,
}

impl Table {
    /// An opportunity.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn opportunity(&self, id: &OpportunityId) -> Result<Option<Opportunity>, TableError> {
        self.get(&Key::opportunity(id)).await
    }

    /// Opportunities by their ids, in no order; those that are absent are left out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn opportunities(&self, ids: &[OpportunityId]) -> Result<Vec<Opportunity>, TableError> {
        let keys: Vec<Key> = ids.iter().map(Key::opportunity).collect();
        self.get_all(&keys).await
    }

    /// An opportunity and its revision.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn revised_opportunity(&self, id: &OpportunityId) -> Result<Option<Revised<Opportunity>>, TableError> {
        self.get(&Key::opportunity(id)).await
    }

    /// Writes an opportunity, if the revision before stands there.
    ///
    /// # Errors
    /// When the table cannot be reached; whether it was written is not known then, and writing it again tells.
    pub async fn revise_opportunity(&self, to: &Revised<Opportunity>) -> Result<Revising, TableError> {
        self.revise(&Key::opportunity(&to.value.id), to).await
    }

    /// Writes an opportunity, whatever stood there.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn put_opportunity(&self, opportunity: &Opportunity) -> Result<(), TableError> {
        self.put(&Key::opportunity(&opportunity.id), opportunity).await
    }

    /// A charity.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn charity(&self, id: &CharityId) -> Result<Option<Charity>, TableError> {
        self.get(&Key::charity(id)).await
    }

    /// Charities by their ids, in no order; those that are absent are left out.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn charities(&self, ids: &[CharityId]) -> Result<Vec<Charity>, TableError> {
        let keys: Vec<Key> = ids.iter().map(Key::charity).collect();
        self.get_all(&keys).await
    }

    /// A charity and its revision.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn revised_charity(&self, id: &CharityId) -> Result<Option<Revised<Charity>>, TableError> {
        self.get(&Key::charity(id)).await
    }

    /// Writes a charity, if the revision before stands there.
    ///
    /// # Errors
    /// As [`Table::revise_opportunity`].
    pub async fn revise_charity(&self, to: &Revised<Charity>) -> Result<Revising, TableError> {
        self.revise(&Key::charity(&to.value.id), to).await
    }

    async fn revise<T>(&self, key: &Key, to: &Revised<T>) -> Result<Revising, TableError>
    where
        T: Serialize + DeserializeOwned + PartialEq,
    {
        let call = self.client.put_item().table_name(&self.name).set_item(Some(write(key, to)?));
        // Nothing there, or something written before revisions were counted, is the revision before the first.
        let condition = if to.revision <= 1 {
            call.condition_expression("attribute_not_exists(revision)")
        } else {
            call.condition_expression("revision = :before").expression_attribute_values(":before", number(to.revision - 1))
        };
        let all_old = aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
        let error = match condition.return_values_on_condition_check_failure(all_old).send().await {
            Ok(_) => return Ok(Revising::Written),
            Err(error) => error,
        };
        let there: Option<Revised<T>> = old_item(error)?.map(read).transpose()?;
        Ok(if there.as_ref() == Some(to) { Revising::Written } else { Revising::Overtaken })
    }

    /// Writes a charity, whatever stood there.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn put_charity(&self, charity: &Charity) -> Result<(), TableError> {
        self.put(&Key::charity(&charity.id), charity).await
    }

    /// Everything that can be given to, sorted by id: one query for each partition, at the same time.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn shelf(&self) -> Result<Shelf, TableError> {
        let partitions: Vec<String> = (0..OPPORTUNITY_SHARDS).map(opportunity_partition).collect();
        let opportunities = try_join_all(partitions.iter().map(|pk| self.partition::<Revised<Opportunity>>(pk)));
        let (opportunities, charities) =
            futures_util::future::try_join(opportunities, self.partition::<Revised<Charity>>(CHARITIES)).await?;
        let mut opportunities: Vec<Revised<Opportunity>> = opportunities.into_iter().flatten().collect();
        opportunities.sort_by(|a, b| a.value.id.cmp(&b.value.id));
        Ok(Shelf { opportunities, charities })
    }
}
