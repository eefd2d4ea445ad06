//! What the carriers are asked, and what their answers mean.

use std::sync::{Arc, Mutex};

use notifications::Deps;
use platform::outbound::{Answer, Request};
use platform::{Outbound, Platform, Settings};
use serde_json::{Value, json};

use crate::scene::{MOBILE, Scene, hand, somebody};

/// Carriers that answer everything so, and what they were asked.
fn carriers(status: u16, body: &'static str) -> (Outbound, Arc<Mutex<Vec<Request>>>) {
    let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let outbound = Outbound::InProcess(Arc::new(move |request| {
        seen.lock().unwrap().push(request);
        Box::pin(async move { Ok(Answer { status, body: body.as_bytes().to_vec() }) })
    }));
    (outbound, asked)
}

/// The function with these carriers.
fn deps(scene: &Scene, outbound: Outbound, changed: &[(&str, &str)]) -> Deps {
    let platform = scene.stage.platform("notifications").unwrap();
    let names = [
        "TABLE",
        "KEYS_TABLE",
        "KMS_KEY",
        "QUEUE_NOTICES",
        "PUBLIC_URL",
        "SENDER_SMS",
        "SENDER_PUSH",
        "SENDER_EMAIL",
        "SECRETS",
        "SECRET_IDENTIFIERS",
        "OUTBOX_URL",
        "AWS_REGION",
    ];
    let kept = names.into_iter().filter_map(|name| Some((name, platform.settings.get(name)?)));
    let settings: Settings = kept.chain(changed.iter().copied()).collect();
    Deps::new(&Platform { settings, outbound, ..platform }).unwrap()
}

fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

const SNS: &[(&str, &str)] =
    &[("SENDER_SMS", "sns"), ("SENDER_PUSH", "sns"), ("PUSH_FCM", "arn:fcm"), ("SMS_SENDER_ID", "IHSAN")];
const SES: &[(&str, &str)] = &[("SENDER_EMAIL", "ses"), ("EMAIL_FROM", "gifts@example.org")];
const GATEWAY: &[(&str, &str)] =
    &[("SENDER_SMS", "gateway"), ("SMS_GATEWAY_URL", "https://sms.example/v1"), ("SECRET_SMS_GATEWAY", "token")];

#[tokio::test(start_paused = true)]
async fn sns_is_asked_by_signed_requests() {
    let scene = Scene::set().await;
    let (outbound, asked) = carriers(200, "<R><EndpointArn>arn:endpoint</EndpointArn></R>");
    let deps = deps(&scene, outbound, SNS);
    let (_, text) = scene.settled(1, somebody(), |_| {}).await;
    let device = json!({"device": {"service": "fcm", "token": "token-1"}});
    let (_, push) = scene.settled(2, device, |_| {}).await;
    assert_eq!(hand(&deps, &[text]).await, 0);
    assert_eq!(hand(&deps, &[push]).await, 0);
    let asked = asked.lock().unwrap();
    let forms: Vec<String> = asked.iter().map(|request| String::from_utf8(request.body.clone()).unwrap()).collect();
    for request in asked.iter() {
        assert_eq!(request.url, format!("https://sns.{}.amazonaws.com/", testkit::cloud::REGION));
        let authorization = header(request, "authorization");
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential="), "{authorization}");
        assert!(authorization.contains("/sns/aws4_request"), "{authorization}");
        assert!(header(request, "x-amz-date").starts_with("20261123T"));
    }
    assert!(forms[0].contains("Action=Publish") && forms[0].contains("PhoneNumber=%2B966551234567"), "{}", forms[0]);
    assert!(forms[0].contains("Transactional") && forms[0].contains("IHSAN"), "{}", forms[0]);
    assert!(forms[1].contains("Action=CreatePlatformEndpoint") && forms[1].contains("Token=token-1"), "{}", forms[1]);
    assert!(forms[2].contains("TargetArn=arn%3Aendpoint"), "{}", forms[2]);
    assert_eq!(forms.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn ses_is_given_a_letter() {
    let scene = Scene::set().await;
    let (outbound, asked) = carriers(200, "{}");
    let deps = deps(&scene, outbound, SES);
    let (_, message) = scene.settled(1, json!({"email": "a@example.org"}), |_| {}).await;
    assert_eq!(hand(&deps, &[message]).await, 0);
    let asked = asked.lock().unwrap();
    let letter: Value = serde_json::from_slice(&asked[0].body).unwrap();
    assert!(asked[0].url.ends_with("/v2/email/outbound-emails"));
    assert!(header(&asked[0], "authorization").contains("/ses/aws4_request"));
    assert_eq!(letter["FromEmailAddress"], "gifts@example.org");
    assert_eq!(letter["Destination"]["ToAddresses"], json!(["a@example.org"]));
    assert_eq!(letter["Content"]["Simple"]["Subject"]["Data"], "وصل تبرعك، تقبل الله منك");
}

#[tokio::test(start_paused = true)]
async fn the_gateway_is_given_a_key_by_which_it_knows_a_repeat() {
    let scene = Scene::set().await;
    let (outbound, asked) = carriers(202, "");
    let deps = deps(&scene, outbound, GATEWAY);
    let (id, message) = scene.settled(1, somebody(), |_| {}).await;
    assert_eq!(hand(&deps, &[message]).await, 0);
    let asked = asked.lock().unwrap();
    let sent: Value = serde_json::from_slice(&asked[0].body).unwrap();
    assert_eq!((asked[0].url.as_str(), header(&asked[0], "authorization")), ("https://sms.example/v1", "Bearer token"));
    assert_eq!(header(&asked[0], "idempotency-key"), format!("{id}/thanks"));
    assert_eq!(sent["to"], MOBILE);
}

/// What the carrier refuses for good is done with; what it does not take this time comes again; nothing of the person is told with it.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_and_an_outage_is_not() {
    let invalid = "<E><Error><Code>InvalidParameter</Code><Message>+966551234567</Message></Error></E>";
    let denied = "<E><Error><Code>AuthorizationError</Code></Error></E>";
    let table = [
        (SNS, 400, invalid, 0),
        (SNS, 403, denied, 1),
        (SNS, 500, "", 1),
        (GATEWAY, 422, "", 0),
        (GATEWAY, 409, "", 0),
        (GATEWAY, 401, "", 1),
        (GATEWAY, 503, "", 1),
    ];
    for (settings, status, body, left) in table {
        let scene = Scene::set().await;
        let (outbound, asked) = carriers(status, body);
        let (_, message) = scene.settled(1, somebody(), |_| {}).await;
        assert_eq!(hand(&deps(&scene, outbound, settings), &[message]).await, 0);
        assert_eq!(asked.lock().unwrap().len(), 1);
        tokio::time::advance(std::time::Duration::from_secs(31)).await;
        assert_eq!(scene.stage.take_messages("notices").await.unwrap().len(), left, "{status} {body}");
    }
}

#[test]
fn settings_that_name_nobody_are_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let scene = Scene::set().await;
        let platform = scene.stage.platform("notifications").unwrap();
        let names =
            ["TABLE", "KEYS_TABLE", "KMS_KEY", "QUEUE_NOTICES", "PUBLIC_URL", "SECRETS", "SENDER_PUSH", "SENDER_EMAIL"];
        let kept: Vec<_> = names.into_iter().filter_map(|name| Some((name, platform.settings.get(name)?))).collect();
        let with = |sender: &'static str| kept.iter().copied().chain([("SENDER_SMS", sender)]).collect::<Settings>();
        let error = Deps::new(&Platform { settings: with("pigeon"), ..platform.clone() }).err().unwrap();
        assert!(error.to_string().contains("SENDER_SMS"), "{error}");
        assert!(!error.to_string().contains("pigeon"), "{error}");
    });
}
