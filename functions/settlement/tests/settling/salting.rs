//! The salts of who has no data key: kept before the page stands, one for each entry of which a proof may be asked for, and for nobody else.

use domain::leaf_key::LeafKey;
use platform::privacy::Privacy;
use testkit::faults::NoFaults;

use super::*;

/// The kept salts of a gift make its leaves: as many as it has entries.
async fn are_kept(stage: &Stage, number: u8, entries: usize, when: &str) {
    let gift = stage.table.donation(&DonationId::from_bytes([number; 16])).await.unwrap().unwrap();
    let places: Vec<_> = gift.place.into_iter().chain(gift.back.booked.clone()).collect();
    assert_eq!(places.len(), entries, "{when}");
    for place in places {
        let page = stage.table.page(place.chain_id().unwrap(), place.seq).await.unwrap().unwrap();
        let salt = stage.table.kept_salt(&page.key().unwrap(), place.index).await.unwrap();
        let index = usize::from(place.index);
        let leaf = page.entries()[index].leaf(&salt.unwrap_or_else(|| panic!("{when}: no salt is kept at {place:?}")));
        assert_eq!(page.leaves().unwrap().hashes()[index], leaf, "{when}");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_call_fails_a_page_that_stands_has_its_salts() {
    for operation in ["PutItem", "TransactWriteItems"] {
        for fault in Fault::EACH {
            let (stage, when) = (Stage::new(Options::default()).await.unwrap(), format!("{fault:?} of {operation}"));
            let gift = make(&stage, 1, 10).await;
            let told = [captured(&stage, &gift, "p-1"), refunded(&gift, "p-1", 4)];
            stage.cloud.services().set_faults(once(operation, fault));
            let _may_die = invocation(settle(&deps(&stage), &told)).await;
            stage.cloud.services().set_faults(NoFaults);
            assert!(settle(&deps(&stage), &told).await.is_empty(), "{when}");
            assert_eq!(kinds(&stage).await, [EntryKind::Settled, EntryKind::Refunded], "{when}");
            are_kept(&stage, 1, 2, &when).await;
        }
    }
}

/// While the table of keys cannot be reached nothing is booked, because nobody could be given a proof of it.
#[tokio::test(start_paused = true)]
async fn without_its_salts_no_page_is_written() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let gift = make(&stage, 1, 10).await;
    stage.cloud.services().set_faults(|call: &Call<'_>| match call.operation {
        "PutItem" => Fault::Before(Failure::Disconnected),
        _ => Fault::Pass,
    });
    assert_eq!(settle(&deps(&stage), &[captured(&stage, &gift, "p-1")]).await, ["0"]);
    assert!(pages(&stage).await.is_empty());
}

/// On one page: two who have no key, one who has, one whose donor was erased, and money that is kept apart from the gift that it names.
#[tokio::test(start_paused = true)]
async fn of_a_page_one_item_is_kept_and_only_for_those_who_have_no_key() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let key = Privacy::new(&stage.platform("donations").unwrap()).unwrap().key("donor#donor-1").await.unwrap();
    let mut told = Vec::new();
    for number in 1..=4 {
        let mut gift = donation(&stage, number, vec![line("wells", Fund::Sadaqa, 10)]);
        gift.leaf_key = (number == 3).then(|| key.leaf_key());
        gift.forgotten = number == 4;
        assert!(stage.table.make_donation(&gift).await.unwrap().is_none());
        told.push(captured(&stage, &gift, &format!("p-{number}")));
        told.extend((number == 1).then(|| captured(&stage, &gift, "p-again")));
    }
    let calls = counted(&stage);
    assert!(settle(&deps(&stage), &told).await.is_empty());
    assert_eq!(calls.lock().unwrap()["PutItem"], 1);
    stage.cloud.services().set_faults(NoFaults);
    let page = pages(&stage).await.pop().unwrap();
    let kept = async |page: &LeafKey, index| stage.table.kept_salt(page, index).await.unwrap().is_some();
    for (index, is_kept) in (0..).zip([true, false, true, false, false]) {
        assert_eq!(kept(&page.key().unwrap(), index).await, is_kept, "{index}: {:?}", page.entries()[usize::from(index)]);
    }
    are_kept(&stage, 1, 1, "paid twice").await;
    are_kept(&stage, 2, 1, "beside others").await;
    // Of money that is kept apart nobody is given a proof: no item is kept for it alone.
    let gift = stage.table.donation(&DonationId::from_bytes([2; 16])).await.unwrap().unwrap();
    let calls = counted(&stage);
    assert!(settle(&deps(&stage), &[captured(&stage, &gift, "p-apart")]).await.is_empty());
    assert_eq!(calls.lock().unwrap().get("PutItem"), None);
    let last = pages(&stage).await.into_iter().find(|page| page.entries()[0].kind == EntryKind::SecondCharge).unwrap();
    assert!(last.key().is_none());
    assert_ne!(last.leaves().unwrap().hashes()[0], last.entries()[0].leaf(&[]), "it is not to be guessed");
}

/// A page that has to go to another chain takes its salts with it.
#[tokio::test(start_paused = true)]
async fn a_page_that_is_rebuilt_elsewhere_has_the_same_salts() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let deps = deps(&stage);
    let (first, other, last) = (make(&stage, 1, 10).await, make(&stage, 2, 10).await, make(&stage, 3, 10).await);
    assert!(settle(&deps, &[captured(&stage, &first, "p-1")]).await.is_empty());
    // Somebody else writes behind the page that this environment takes for the last.
    let chain = pages(&stage).await[0].chain;
    let tail = stage.table.tail(chain).await.unwrap();
    let page = tail.write_agreed(pages(&stage).await[0].entries().to_vec(), (None, &[vec![1; 16]]), stage.now());
    let group = platform::table::Group { page, donations: Vec::new(), charges: Vec::new() };
    stage.table.commit(&group).await.unwrap();
    let calls = counted(&stage);
    let told = [captured(&stage, &other, "p-2"), captured(&stage, &last, "p-3")];
    assert!(settle(&deps, &told).await.is_empty());
    let made = calls.lock().unwrap().clone();
    assert!(made["TransactWriteItems"] > 1 && made["PutItem"] == 1, "{made:?}");
    stage.cloud.services().set_faults(NoFaults);
    are_kept(&stage, 2, 1, "rebuilt").await;
    are_kept(&stage, 3, 1, "rebuilt").await;
}

/// One of a group moved on while its page was written: it is planned again, and the page that stands has its own salts.
#[tokio::test(start_paused = true)]
async fn a_group_that_is_planned_again_keeps_other_salts() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let (first, other) = (make(&stage, 1, 10).await, make(&stage, 2, 10).await);
    let puts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&puts);
    stage.cloud.services().set_faults(move |call: &Call<'_>| {
        counter.fetch_add(usize::from(call.operation == "PutItem"), Ordering::Relaxed);
        if call.operation == "TransactWriteItems" { Fault::Delay(Duration::from_secs(2)) } else { Fault::Pass }
    });
    let told = [captured(&stage, &first, "p-1"), captured(&stage, &other, "p-2")];
    let deps = deps(&stage);
    let (failed, ()) = tokio::join!(settle(&deps, &told), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stage.table.forget_donation(&first.id).await.unwrap();
    });
    stage.cloud.services().set_faults(NoFaults);
    assert!(failed.is_empty() && puts.load(Ordering::Relaxed) == 2, "{failed:?} {puts:?}");
    are_kept(&stage, 2, 1, "planned again").await;
    assert!(stage.kept_salts(&first.id).await.unwrap().is_empty());
}

/// As many as one page takes.
#[tokio::test(start_paused = true)]
async fn a_full_page_keeps_all_its_salts() {
    let stage = Stage::new(Options::default()).await.unwrap();
    let mut told = Vec::new();
    for number in 1..=99 {
        let gift = make(&stage, number, 10).await;
        told.push(captured(&stage, &gift, &format!("p-{number}")));
    }
    assert!(settle(&deps(&stage), &told).await.is_empty());
    assert_eq!(pages(&stage).await.len(), 1);
    for number in 1..=99 {
        are_kept(&stage, number, 1, "of a full page").await;
    }
}
