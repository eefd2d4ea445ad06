//! What is published of the day before the midnight: its root, and the log that it is the first in.

use domain::hash::tree_root;
use domain::journal::Page;
use domain::proof::day::DayTree;
use domain::proof::log::{Log, PublishedDay};
use domain::proof::{key, note};

use crate::world::World;

/// The root that was signed is that of the pages as they were read here, and the log has the day as what was said of it.
///
/// # Errors
/// When table or bucket cannot be read, or what is published cannot be.
pub async fn published(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let day = world.stage.now().day().previous();
    let stated = world.stage.table.day_seal(day).await?.and_then(|seal| seal.stated);
    let bucket = world.stage.bucket()?;
    let (log, told) = (bucket.fetch(key::LOG).await?, bucket.fetch(&key::day(day)).await?);
    let (Some(stated), Some(log), Some(told)) = (stated, log, told) else {
        wrong.push(format!("{day} is not published"));
        return Ok(());
    };
    let log: Log = serde_json::from_slice(&log)?;
    let told: PublishedDay = serde_json::from_slice(&told)?;
    let mut tree = DayTree::default();
    pages.iter().filter(|page| page.day == day).for_each(|page| tree.add(page));
    let root = tree_root(tree.leaves());
    if root != stated.root || told.record != stated.record || !told.record.contains(&root.to_string()) {
        wrong.push(format!("{day}: the pages have the root {root}, and published is {}", told.record));
    }
    let ours = [stage::signer().verifier()];
    for checkpoint in [&told.checkpoint, &log.checkpoint] {
        let signed = note::open(checkpoint, &ours).ok().map(|(text, _)| text);
        if signed != Some(log.state(stage::signer().verifier().key_name().name.as_str()).to_string().as_str()) {
            wrong.push(format!("{day}: a checkpoint is not the log's, signed by us: {checkpoint}"));
        }
    }
    if log.root() != stated.log_root || log.days.last().is_none_or(|logged| logged.day != day) {
        wrong.push(format!("{day}: the log is not the one that was stated"));
    }
    Ok(())
}
