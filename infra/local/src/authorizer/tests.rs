#![allow(clippy::unwrap_used)]

use super::*;
use crate::clock::Clock;
use crate::issuer::{Issuer, Role};

const NOW: &str = "2026-03-01T12:00:00Z";
const URL: &str = "http://127.0.0.1:8080/local/issuer";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn issuer() -> Issuer {
    Issuer::in_memory(URL, Clock::standing_at(at(NOW))).unwrap()
}

fn recorded() -> (Authorizer, String) {
    let fixture: Value = serde_json::from_str(include_str!("../../fixtures/jwt-rs256.json")).unwrap();
    let token = fixture["token"].as_str().unwrap().to_owned();
    let keys = serde_json::from_value(fixture).unwrap();
    (Authorizer::new("https://identity.example.sa/", &["ihsan"], keys), token)
}

fn claims(value: Value) -> Claims {
    value.as_object().unwrap().clone()
}

#[test]
fn an_es256_token_passes_with_or_without_bearer() {
    let issuer = issuer();
    let authorizer = Authorizer::new(URL, &["ihsan"], issuer.keys());
    let token = issuer.token(Role::Donor, "donor-7").unwrap();
    for header in [token.clone(), format!("Bearer {token}"), format!("bearer  {token} ")] {
        let jwt = authorizer.authorize(Some(&header), &[], at(NOW)).unwrap();
        assert_eq!(jwt["claims"]["sub"], "donor-7");
        assert_eq!(jwt["claims"]["role"], "donor");
        assert_eq!(jwt["claims"]["exp"], "1772409600");
        assert_eq!(jwt["scopes"], Value::Null);
    }
}

#[test]
fn an_rs256_token_passes_in_its_time_only() {
    let (authorizer, token) = recorded();
    for (time, outcome) in [
        ("2020-04-24T17:27:55Z", Some("the token is not valid yet")),
        ("2020-04-24T17:27:56Z", None),
        ("2020-04-24T19:27:55Z", None),
        ("2020-04-24T19:27:56Z", Some("the token has expired")),
    ] {
        let got = authorizer.authorize(Some(&token), &[], at(time)).err();
        assert_eq!(got, outcome.map(Refusal::BadToken), "{time}");
    }
}

#[test]
fn one_of_the_scopes_is_enough() {
    let (authorizer, token) = recorded();
    let now = at("2020-04-24T18:00:00Z");
    let scopes = |list: &[&str]| list.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>();
    let jwt = authorizer.authorize(Some(&token), &scopes(&["audit", "gifts:read"]), now).unwrap();
    assert_eq!(jwt["scopes"], json!(["openid", "gifts:read"]));
    let refusal = authorizer.authorize(Some(&token), &scopes(&["audit", "gifts"]), now).unwrap_err();
    assert_eq!(refusal, Refusal::NoScope("audit gifts".to_owned()));
}

#[test]
fn what_is_no_right_token_is_refused() {
    let (issuer, stranger) = (issuer(), issuer());
    let authorizer = Authorizer::new(URL, &["ihsan"], issuer.keys());
    let token = issuer.token(Role::Operator, "op").unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let (_, other) = recorded();
    for (header, refusal) in [
        (None, Refusal::NoToken),
        (Some(String::new()), Refusal::NoToken),
        (Some("Bearer ".to_owned()), Refusal::NoToken),
        (Some("Basic dXNlcjo=".to_owned()), Refusal::BadToken("the token is not a JWT")),
        (Some(stranger.token(Role::Operator, "op").unwrap()), Refusal::BadToken("the token's key is not known")),
        (Some(other), Refusal::BadToken("the token's key is not known")),
        (Some(format!("{head}.{body}x.{signature}")), Refusal::BadToken("the token's signature is not right")),
        (Some(format!("{head}.{body}.")), Refusal::BadToken("the token's signature is not right")),
        (
            // {"alg":"HS256","kid":"x"}: a public key must never do as a shared secret.
            Some(format!("eyJhbGciOiJIUzI1NiIsImtpZCI6IngifQ.{body}.{signature}")),
            Refusal::BadToken("the token is not signed by RS256 or ES256"),
        ),
        (
            // {"alg":"none"}
            Some(format!("eyJhbGciOiJub25lIn0.{body}.")),
            Refusal::BadToken("the token is not a JWT"),
        ),
    ] {
        assert_eq!(authorizer.authorize(header.as_deref(), &[], at(NOW)).unwrap_err(), refusal, "{header:?}");
    }
}

#[test]
fn claims_table() {
    let authorizer = Authorizer::new("iss", &["a", "b"], JwkSet { keys: Vec::new() });
    let good = json!({"iss": "iss", "aud": "a", "exp": 1_772_366_401});
    let with = |changes: Value| {
        let mut claims = claims(good.clone());
        claims.extend(changes.as_object().unwrap().clone());
        claims.retain(|_, value| !value.is_null());
        claims
    };
    for (changes, why) in [
        (json!({}), None),
        (json!({"aud": ["x", "b"]}), None),
        (json!({"aud": null, "client_id": "b"}), None),
        (json!({"aud": "x", "client_id": "b"}), Some("the token does not have a valid audience")),
        (json!({"aud": null}), Some("the token does not have a valid audience")),
        (json!({"aud": []}), Some("the token does not have a valid audience")),
        (json!({"iss": "else"}), Some("the token does not have a valid issuer")),
        (json!({"iss": null}), Some("the token does not have a valid issuer")),
        (json!({"exp": 1_772_366_400}), Some("the token has expired")),
        (json!({"exp": null}), Some("the token has expired")),
        (json!({"exp": "soon"}), Some("the token has expired")),
        (json!({"exp": 1_772_366_400.9}), Some("the token has expired")),
        (json!({"nbf": 1_772_366_400}), None),
        (json!({"nbf": 1_772_366_401}), Some("the token is not valid yet")),
        (json!({"iat": 1_772_366_401}), Some("the token is not valid yet")),
    ] {
        let got = authorizer.check_claims(&with(changes.clone()), at(NOW)).err();
        assert_eq!(got, why.map(Refusal::BadToken), "{changes}");
    }
}

#[test]
fn scopes_are_read_from_either_claim() {
    let held = |value| held_scopes(&claims(value));
    assert_eq!(held(json!({"scope": "a  b"})), ["a", "b"]);
    assert_eq!(held(json!({"scp": ["a", "b"]})), ["a", "b"]);
    assert_eq!(held(json!({"scp": "a b"})), ["a", "b"]);
    assert!(held(json!({})).is_empty());
}
