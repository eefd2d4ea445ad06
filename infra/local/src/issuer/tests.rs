#![allow(clippy::unwrap_used)]

use super::*;
use crate::authorizer::Authorizer;

const URL: &str = "http://127.0.0.1:8080/local/issuer";

fn clock() -> Clock {
    Clock::standing_at("2026-03-01T12:00:00Z".parse().unwrap())
}

fn page(path: &str, query: &str) -> PageRequest {
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    PageRequest { method: Method::GET, path: path.to_owned(), query, body: Bytes::new() }
}

fn text(response: Response<Bytes>) -> (u16, String) {
    (response.status().as_u16(), String::from_utf8(response.into_body().to_vec()).unwrap())
}

#[test]
fn tokens_are_had_by_role_and_subject() {
    let issuer = Issuer::in_memory(URL, clock()).unwrap();
    let authorizer = Authorizer::new(URL, &[AUDIENCE], issuer.keys());
    for role in Role::ALL {
        let (status, token) = text(issuer.hand_out(&page("", &format!("role={}&sub=me|1&hours=1", role.as_str()))));
        assert_eq!(status, 200);
        let jwt = authorizer.authorize(Some(token.trim()), &[], clock().now()).unwrap();
        assert_eq!(jwt["claims"]["role"], role.as_str());
        assert_eq!(jwt["claims"]["sub"], "me|1");
        assert_eq!(jwt["claims"]["exp"], (1_772_366_400 + 3_600).to_string());
    }
}

#[test]
fn bad_questions_say_why() {
    let issuer = Issuer::in_memory(URL, clock()).unwrap();
    let long = "x".repeat(MAX_SUBJECT_BYTES + 1);
    for (query, reason) in [
        ("sub=a", "`role` is one of donor, charity"),
        ("role=king&sub=a", "`role` is one of"),
        ("role=donor", "`sub` has"),
        ("role=donor&sub=", "`sub` has"),
        ("role=donor&sub=a%20b", "`sub` has"),
        (&format!("role=donor&sub={long}"), "`sub` has"),
        ("role=donor&sub=a&hours=0", "`hours` is"),
        ("role=donor&sub=a&hours=25", "`hours` is"),
        ("role=donor&sub=a&hours=x", "`hours` is"),
    ] {
        let (status, body) = text(issuer.hand_out(&page("", query)));
        assert_eq!(status, 400, "{query}");
        assert!(body.contains(reason), "{query}: {body}");
    }
    let mut post = page("", "role=donor&sub=a");
    post.method = Method::POST;
    assert_eq!(text(issuer.hand_out(&post)).0, 404);
}

#[test]
fn discovery_leads_to_the_key_and_nothing_private() {
    let issuer = Issuer::in_memory(URL, clock()).unwrap();
    let (_, discovery) = text(issuer.describe(&page("/.well-known/openid-configuration", "")));
    let discovery: serde_json::Value = serde_json::from_str(&discovery).unwrap();
    assert_eq!(discovery["issuer"], URL);
    assert_eq!(discovery["jwks_uri"], format!("{URL}/.well-known/jwks.json"));
    assert_eq!(discovery["token_endpoint"], "http://127.0.0.1:8080/local/token");

    let (_, keys) = text(issuer.describe(&page("/.well-known/jwks.json", "")));
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    let names: Vec<&String> = keys["keys"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(text(issuer.describe(&page("/", ""))).0, 404);
}

#[test]
fn a_kept_key_outlives_the_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("issuer.p8");
    let token = Issuer::on_disk(URL, &file, clock()).unwrap().token(Role::Auditor, "a").unwrap();
    let again = Issuer::on_disk(URL, &file, clock()).unwrap();
    let authorizer = Authorizer::new(URL, &[AUDIENCE], again.keys());
    assert!(authorizer.authorize(Some(&token), &[], clock().now()).is_ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_file_that_is_no_key_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("issuer.p8");
    std::fs::write(&file, "no key").unwrap();
    let error = Issuer::on_disk(URL, &file, clock()).unwrap_err();
    assert!(matches!(error, KeyError::NotAKey(_)), "{error}");
    let error = Issuer::on_disk(URL, &folder.path().join("none/issuer.p8"), clock()).unwrap_err();
    assert!(matches!(error, KeyError::File { .. }), "{error}");
}
