#![allow(clippy::unwrap_used)]
use super::*;
use serde_json::json;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn answers_what_the_code_answers() {
    let double = Function::new("double", SECOND, async |event: Value| Ok(json!(event["n"].as_u64().unwrap() * 2)));
    assert_eq!(double.invoke(json!({"n": 21})).await.unwrap(), json!(42));
    assert_eq!(double.counts(), Counts { invocations: 1, errors: 0, throttles: 0 });
}

#[tokio::test]
async fn an_error_and_a_panic_are_errors_of_one_invocation() {
    let moody = Function::new("moody", SECOND, async |event: Value| match event.as_str() {
        Some("panic") => panic!("out of tune"),
        _ => Err("no".to_owned()),
    });
    let failed = moody.invoke(json!("x")).await.unwrap_err();
    assert_eq!(failed.to_string(), "moody failed: no");
    let panicked = moody.invoke(json!("panic")).await.unwrap_err();
    assert_eq!(panicked.to_string(), "moody panicked: out of tune");
    assert_eq!(moody.counts(), Counts { invocations: 2, errors: 2, throttles: 0 });
}

#[tokio::test(start_paused = true)]
async fn is_cut_off_at_its_timeout() {
    let slow = Function::new("slow", SECOND, async |_| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(Value::Null)
    });
    let error = slow.invoke(Value::Null).await.unwrap_err();
    assert_eq!(error, InvokeError::TimedOut { function: "slow".to_owned(), after: SECOND });
}

#[tokio::test(start_paused = true)]
async fn reserved_concurrency_refuses_at_once_and_frees_itself() {
    let one = Function::new("one", SECOND, async |_| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(Value::Null)
    })
    .with_reserved_concurrency(1);
    let (first, second) = tokio::join!(one.invoke(Value::Null), one.invoke(Value::Null));
    assert!(first.is_ok());
    assert_eq!(second.unwrap_err(), InvokeError::Throttled { function: "one".to_owned() });
    assert!(one.invoke(Value::Null).await.is_ok());
    assert_eq!(one.counts().throttles, 1);
}

#[tokio::test(start_paused = true)]
async fn goes_on_when_the_caller_goes_away() {
    let done = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&done);
    let steady = Function::new("steady", SECOND, move |_| {
        let done = Arc::clone(&done);
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            done.store(1, Ordering::SeqCst);
            Ok(Value::Null)
        }
    });
    let gone = tokio::time::timeout(Duration::from_millis(5), steady.invoke(Value::Null)).await;
    assert!(gone.is_err());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn large_payloads_are_refused_both_ways() {
    let large = Function::new("large", SECOND, async |_| Ok(json!("y".repeat(PAYLOAD_LIMIT_BYTES))));
    let event = large.invoke(json!("x".repeat(PAYLOAD_LIMIT_BYTES))).await.unwrap_err();
    assert!(matches!(event, InvokeError::TooLarge { what: "event", .. }));
    let answer = large.invoke(Value::Null).await.unwrap_err();
    assert!(matches!(answer, InvokeError::TooLarge { what: "answer", .. }));
}

#[test]
fn json_bytes_counts_the_text() {
    let value = json!({"a": [1, "ب"], "b": null});
    assert_eq!(json_bytes(&value), value.to_string().len());
}

#[tokio::test(start_paused = true)]
async fn whoever_finds_no_environment_idle_waits_in_line() {
    let two = Function::new("two", SECOND, async |event| {
        tokio::time::sleep(Duration::from_millis(600)).await;
        Ok(event)
    });
    let two = two.in_line(2);
    let began = tokio::time::Instant::now();
    let calls: Vec<_> = (0..6).map(|n| two.invoke(json!(n))).collect();
    let answers = futures_util::future::join_all(calls).await;
    // Three after each other take longer than one may run: the time in line is not the function's.
    assert_eq!(answers, (0..6).map(|n| Ok(json!(n))).collect::<Vec<_>>());
    assert_eq!(began.elapsed(), Duration::from_millis(1_800));
    assert_eq!((two.counts(), two.running()), (Counts { invocations: 6, errors: 0, throttles: 0 }, 0));
}
