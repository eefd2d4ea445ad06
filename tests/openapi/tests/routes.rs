//! The document has every route of the functions, with its role, and no other.

use std::collections::BTreeMap;

use openapi::{document, operations};
use platform::http::{Role, Route};
use serde_json::{Value, json};

fn routes() -> Vec<Route> {
    let money = [donations::ROUTES, operations::ROUTES, payment_callbacks::ROUTES, receipts::ROUTES].concat();
    [catalogue::ROUTES, sacrifice::ROUTES, slaughterhouses::ROUTES, &money].concat()
}

/// How the document writes a role, and what it asks of the caller.
fn told(role: Role) -> (&'static str, Value) {
    match role {
        Role::Anyone => ("anyone", json!([])),
        Role::Giver => ("giver", json!([{"token": []}, {"guestToken": []}])),
        Role::Holder => ("holder", json!([{"token": []}, {"accessToken": []}])),
        Role::Donor => ("donor", json!([{"token": []}])),
        Role::Operator => ("operator", json!([{"token": []}])),
        Role::Auditor => ("auditor", json!([{"token": []}])),
        Role::Approver => ("approver", json!([{"token": []}])),
        Role::Staff => ("staff", json!([{"token": []}])),
        Role::Slaughterhouse => ("slaughterhouse", json!([{"token": []}])),
        Role::Provider => ("provider", json!([])),
    }
}

#[test]
fn every_route_is_described_with_its_role_and_nothing_else_is() {
    let in_code: BTreeMap<String, (Value, Value)> = routes()
        .into_iter()
        .map(|route| {
            let (role, security) = told(route.role);
            (route.key.to_owned(), (json!(role), security))
        })
        .collect();
    let described: BTreeMap<String, (Value, Value)> = operations(&document())
        .into_iter()
        .map(|operation| (operation.route, (operation.told["x-role"].clone(), operation.told["security"].clone())))
        .collect();
    assert_eq!(in_code, described);
}
