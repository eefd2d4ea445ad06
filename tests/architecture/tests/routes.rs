//! Every route has one owner, and a role that stands both in the code and at the gateway.

use std::collections::BTreeMap;

use architecture::assert_none;
use architecture::template::{Template, target, template};
use platform::http::Route;

/// The HTTP functions, by their folders, and the routes that their code declares.
const DECLARED: [(&str, &[Route]); 7] = [
    ("catalogue", catalogue::ROUTES),
    ("donations", donations::ROUTES),
    ("operations", operations::ROUTES),
    ("payment-callbacks", payment_callbacks::ROUTES),
    ("receipts", receipts::ROUTES),
    ("sacrifice", sacrifice::ROUTES),
    ("slaughterhouses", slaughterhouses::ROUTES),
];

/// What the template says of a route: the folder of its function, and whether the gateway checks a token.
fn deployed(template: &Template) -> BTreeMap<&str, (&str, bool)> {
    let routes = template.of_kind("AWS::ApiGatewayV2::Route").into_iter();
    let described = routes.map(|route| {
        let key = route.at("/RouteKey").as_str().expect("a route has a key");
        let integration = target(route.at("/Target")).and_then(|id| template.get(id));
        let function = integration.and_then(|made| target(made.at("/IntegrationUri"))).and_then(|id| template.get(id));
        let folder = function.expect("a route leads to a function").folder();
        (key, (folder, route.at("/AuthorizationType") == "JWT"))
    });
    described.collect()
}

#[test]
fn each_route_is_in_the_template_and_in_the_code_of_one_function() {
    let template = template();
    let deployed = deployed(&template);
    let mut wrong = Vec::new();
    for (folder, routes) in DECLARED {
        let missing = routes.iter().filter(|route| deployed.get(route.key).is_none_or(|(owner, _)| *owner != folder));
        wrong.extend(missing.map(|route| format!("{} of {folder} is not in the template", route.key)));
    }
    let declared: Vec<&str> = DECLARED.iter().flat_map(|(_, routes)| routes.iter().map(|route| route.key)).collect();
    let unknown = deployed.keys().filter(|key| declared.iter().filter(|declared| declared == key).count() != 1);
    wrong.extend(unknown.map(|key| format!("{key} is declared by none or by several")));
    assert_none("template and code name the same routes", &wrong);
}

#[test]
fn the_gateway_asks_for_a_token_where_the_role_says_so() {
    let template = template();
    let deployed = deployed(&template);
    let mut wrong = Vec::new();
    for route in DECLARED.iter().flat_map(|(_, routes)| *routes) {
        let checked = deployed.get(route.key).map(|(_, checked)| *checked);
        if checked != Some(route.role.is_checked_by_gateway()) {
            wrong.push(format!("{}: {:?}", route.key, route.role));
        }
    }
    assert_none("the gateway's authorizer stands before the roles that it checks", &wrong);
}
