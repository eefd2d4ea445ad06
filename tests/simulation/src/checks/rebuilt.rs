//! The books from the outside: every total recounted from the pages, every donation held against them, and the sealed day restored from the archive into an empty table.

use domain::journal::Page;
use rebuild::{compare, recount, restore};

use crate::world::World;

/// No total differs from a recount of all pages, and no donation, charge or note of a movement from what they say; and the archive of the day before the midnight gives the same pages, in a table of their own, with totals that a
/// recount finds right.
///
/// # Errors
/// When table or bucket cannot be read.
pub async fn rebuilt(world: &World, pages: &[Page], wrong: &mut Vec<String>) -> anyhow::Result<()> {
    match recount(&world.stage.table, |_| {}).await {
        Ok(found) => {
            wrong.extend(
                found.differences.iter().map(|difference| format!("a total differs from its recount: {difference:?}")),
            );
            if found.pages != pages.len() as u64 || found.behind != 0 {
                wrong.push(format!("a recount finds {} pages, {} of them not folded", found.pages, found.behind));
            }
        }
        Err(error) => wrong.push(format!("the totals cannot be recounted: {error:?}")),
    }
    match compare(&world.stage.table, |_| {}).await {
        Ok(found) => {
            wrong.extend(found.findings.iter().map(|finding| format!("the table differs from the pages: {finding}")));
        }
        Err(error) => wrong.push(format!("donations cannot be held against the pages: {error:?}")),
    }
    let table = world.stage.empty_table("restored").await?;
    let day = world.stage.now().day().previous();
    let of_the_day = pages.iter().filter(|page| page.day <= day).count() as u64;
    match restore(&table, &world.stage.bucket()?, |_| {}).await {
        Ok(restored) if restored.written == of_the_day && restored.days == 1 => {}
        Ok(restored) => wrong.push(format!("{of_the_day} pages are sealed, and restored are {restored:?}")),
        Err(error) => wrong.push(format!("the books cannot be restored: {error:?}")),
    }
    match recount(&table, |_| {}).await {
        Ok(found) if found.differences.is_empty() && found.behind == 0 => {}
        Ok(found) => {
            wrong.push(format!("what was restored differs: {:?}, {} pages behind", found.differences, found.behind))
        }
        Err(error) => wrong.push(format!("what was restored cannot be recounted: {error:?}")),
    }
    Ok(())
}
