//! Where an environment writes.

use settlement::seat::{MOST_ENTRIES, MOST_PAGES};

use super::*;

/// One environment alone books everything, in large pages and small ones: no chain takes more than its share.
#[tokio::test(start_paused = true)]
async fn one_environment_writes_to_all_chains_in_turn() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let deps = deps(&stage);
    let mut chains: BTreeMap<u8, (usize, usize)> = BTreeMap::new();
    let sizes = [40, 30, 70].into_iter().chain([1; 40]);
    for (page, size) in (0u8..).zip(sizes) {
        let mut facts = Vec::new();
        let mut last = None;
        for number in 0..size {
            let mut bytes = [7; 16];
            (bytes[0], bytes[1]) = (page, number);
            let id = DonationId::from_bytes(bytes);
            let gift = Donation { id, ..donation(&stage, 1, vec![line("wells", Fund::Sadaqa, 10)]) };
            assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
            facts.push(captured(&stage, &gift, &format!("p-{id}")));
            last = Some(id);
        }
        assert!(settle(&deps, &facts).await.is_empty());
        let place = stage.table.donation(&last.unwrap()).await.unwrap().unwrap().place.unwrap();
        let (entries, pages) = chains.entry(place.chain).or_default();
        (*entries, *pages) = (*entries + facts.len(), *pages + 1);
    }
    // Two large pages on one, a third on the next, then forty small ones: 16, 16 and the rest.
    assert_eq!(chains.len(), 5, "{chains:?}");
    let is_within = |(entries, pages): &(usize, usize)| *entries < MOST_ENTRIES + 99 && *pages <= MOST_PAGES;
    assert!(chains.values().all(is_within), "{chains:?}");
}
