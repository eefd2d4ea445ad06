//! Closing a case, and a matter that is told again.

use std::time::Duration;

use domain::case::kept::{APART_SECS, MOST_KEPT};
use domain::case::{Case, Reason};
use serde_json::json;
use testkit::connector::invocation;
use testkit::faults::{Call, Fault};

use crate::scene::{APPROVER, CLOSE, KEY, OPERATOR, OTHER_KEY, Scene, call};

#[tokio::test(start_paused = true)]
async fn a_case_is_listed_closed_with_a_note_and_opened_again_when_it_is_told_again() {
    let scene = Scene::set().await;
    let case = scene.case(Reason::AmountDiffers, "{}");
    let id = scene.open(&case).await;
    assert_eq!(scene.all(json!({})).await, std::slice::from_ref(&id));
    // Told again at once nothing is written; a minute later it is noted.
    scene.open(&case).await;
    assert_eq!(scene.kept(&id).await.version, 1);
    tokio::time::advance(Duration::from_secs(APART_SECS.unsigned_abs())).await;
    let later = Case { opened_at: scene.stage.now(), evidence: "another".to_owned(), ..case.clone() };
    scene.open(&later).await;
    let kept = scene.kept(&id).await;
    assert_eq!((kept.version, kept.told_at, kept.case.evidence.as_str()), (2, Some(later.opened_at), "{}"));
    let (status, closed) = scene.close(OPERATOR, &id, KEY, "Given back.").await;
    assert_eq!((status, &closed["state"], &closed["closed"]["note"]), (200, &json!("closed"), &json!("Given back.")));
    assert!(scene.all(json!({})).await.is_empty());
    assert_eq!(scene.all(json!({"state": "closed"})).await, std::slice::from_ref(&id));
    assert_eq!(scene.acts().await, [format!("operator-1 close_case {id}")]);
    // The matter comes again: it is open, and what was written is still there.
    let again = Case { opened_at: scene.stage.now(), ..case };
    scene.open(&again).await;
    assert_eq!(scene.all(json!({})).await, std::slice::from_ref(&id));
    let shown = scene.show(&id).await;
    assert_eq!((&shown["state"], &shown["reopened"]), (&json!("open"), &json!(1)));
    assert_eq!(shown["closed_before"][0]["note"], "Given back.");
    // The key that closed it before has done what it was for.
    let (status, stands) = scene.close(OPERATOR, &id, KEY, "Given back.").await;
    assert_eq!((status, &stands["state"]), (200, &json!("open")));
    let (status, problem) = scene.close(OPERATOR, &id, KEY, "Another note.").await;
    assert_eq!((status, &problem["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(scene.close(OPERATOR, &id, OTHER_KEY, "Now for good.").await.0, 200);
    assert_eq!(scene.kept(&id).await.closed_before.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_who_close_at_once_one_is_heard_and_the_other_told_by_whom() {
    let scene = Scene::set().await;
    let id = scene.open_for(Reason::AmountDiffers).await;
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
    let (one, other) = tokio::join!(scene.close(OPERATOR, &id, KEY, "Mine."), scene.close(APPROVER, &id, KEY, "No, mine."));
    scene.mend();
    let (heard, told) = if one.0 == 200 { (one, other) } else { (other, one) };
    assert_eq!((heard.0, told.0, &told.1["code"]), (200, 409, &json!("case_closed")));
    let by = heard.1["closed"]["by"].as_str().unwrap();
    assert_eq!(told.1["detail"], format!("by {by}"));
    assert_eq!(scene.show(&id).await, heard.1);
}

/// A matter that is told while somebody closes it is open afterwards, or was told before; what was written stands either way.
#[tokio::test(start_paused = true)]
async fn a_matter_told_while_it_is_closed_does_not_vanish() {
    for late_ms in 0..30u64 {
        let scene = Scene::set().await;
        let case = scene.case(Reason::AmountDiffers, "{}");
        let id = scene.open(&case).await;
        tokio::time::advance(Duration::from_secs(120)).await;
        scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
        let settlement = scene.stage.platform("settlement").unwrap().table().unwrap();
        let telling = async {
            tokio::time::sleep(Duration::from_millis(late_ms)).await;
            settlement.open_case(&Case { opened_at: scene.stage.now(), ..case.clone() }).await
        };
        let (closed, told) = tokio::join!(scene.close(OPERATOR, &id, KEY, "Done."), telling);
        scene.mend();
        told.unwrap();
        assert_eq!(closed.0, 200, "{}", closed.1);
        let kept = scene.kept(&id).await;
        let notes = kept.closed_before.len() + usize::from(kept.reopened == 0);
        assert_eq!(notes, 1, "{late_ms} ms: {kept:?}");
        assert!(kept.told_at.is_some(), "{late_ms} ms: the telling left a trace");
    }
}

#[tokio::test(start_paused = true)]
async fn many_tell_at_once_and_it_is_opened_once() {
    let scene = Scene::set().await;
    let case = scene.case(Reason::AmountDiffers, "{}");
    let id = scene.open(&case).await;
    assert_eq!(scene.close(OPERATOR, &id, KEY, "Done.").await.0, 200);
    scene.stage.cloud.services().set_faults(|_: &Call<'_>| Fault::Delay(Duration::from_millis(5)));
    let table = scene.stage.platform("settlement").unwrap().table().unwrap();
    let tell = || table.open_case(&case);
    let (a, b, c, d) = tokio::join!(tell(), tell(), tell(), tell());
    scene.mend();
    [a, b, c, d].into_iter().for_each(Result::unwrap);
    let kept = scene.kept(&id).await;
    assert_eq!((kept.reopened, kept.closed_before.len()), (1, 1));
}

/// What a person wrote is kept for as many closings as are kept, and the log has the rest.
#[tokio::test(start_paused = true)]
async fn a_matter_that_comes_again_and_again_stays_small() {
    let scene = Scene::set().await;
    let case = scene.case(Reason::AmountDiffers, "{}");
    let id = case.id();
    for number in 0..MOST_KEPT + 3 {
        scene.open(&case).await;
        let key = format!("{number:04}-6a0e-4f57-9d0a-3f0c2b1e8d47");
        assert_eq!(scene.close(OPERATOR, &id, &key, &format!("Note {number}.")).await.0, 200);
    }
    let kept = scene.kept(&id).await;
    assert_eq!((kept.closed_before.len(), kept.reopened), (MOST_KEPT, MOST_KEPT as u32 + 2));
    assert_eq!(scene.acts().await.len(), MOST_KEPT + 3);
}

#[tokio::test(start_paused = true)]
async fn closing_is_finished_by_the_same_request_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        let id = scene.open_for(Reason::AmountDiffers).await;
        let event = scene.event(OPERATOR, CLOSE, KEY, (&id, &json!({"note": "Done."})));
        scene.break_at(broken);
        let deps = scene.deps();
        let first = invocation(call(&deps, event.clone())).await;
        scene.mend();
        let is_closed = scene.all(json!({"state": "closed"})).await == [id.clone()];
        assert_eq!(is_closed, scene.all(json!({})).await.is_empty(), "call {broken}: in one list");
        assert!(!is_closed || !scene.acts().await.is_empty(), "call {broken}: closed and not in the log");
        let (status, closed) = call(&scene.deps(), event).await;
        assert_eq!((status, &closed["closed"]["note"]), (200, &json!("Done.")), "call {broken}");
        assert!(scene.kept(&id).await.closed_before.is_empty());
        if matches!(first, Ok((200, _))) && broken % 4 == 0 {
            assert!(broken >= 3 * 4, "every call was broken");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn setting_aside_is_finished_by_the_same_telling_wherever_it_broke_off() {
    for broken in 0.. {
        let scene = Scene::set().await;
        let case = scene.case(Reason::AmountDiffers, "{}");
        let id = scene.open(&case).await;
        assert_eq!(scene.close(OPERATOR, &id, KEY, "Done.").await.0, 200);
        let again = Case { opened_at: scene.stage.now().plus_seconds(5), ..case };
        scene.break_at(broken);
        let table = scene.stage.platform("settlement").unwrap().table().unwrap();
        let first = invocation(table.open_case(&again)).await;
        scene.mend();
        table.open_case(&again).await.unwrap();
        let kept = scene.kept(&id).await;
        assert_eq!((kept.reopened, kept.closed_before.len()), (1, 1), "call {broken}");
        assert_eq!(scene.all(json!({})).await, [id]);
        if matches!(first, Ok(Ok(()))) && broken % 4 == 0 {
            assert!(broken >= 2 * 4, "every call was broken");
            return;
        }
    }
}
