//! Each folder in `functions/` is one deployed function, and its README tells an operator what they need at three o'clock.

use architecture::template::{Resource, Template, target, template};
use architecture::{assert_none, folders, read, root};

#[test]
fn each_folder_is_deployed_and_nothing_else_is() {
    let template = template();
    let mut deployed: Vec<String> =
        template.functions().iter().map(|function| format!("functions/{}", function.folder())).collect();
    deployed.sort();
    assert_eq!(folders("functions"), deployed);
}

#[test]
fn each_function_is_a_library_that_a_main_wires() {
    let mut wrong = Vec::new();
    for folder in folders("functions") {
        let missing = ["src/lib.rs", "src/main.rs", "README.md"].into_iter().map(|file| format!("{folder}/{file}"));
        wrong.extend(missing.filter(|path| !root().join(path).is_file()));
    }
    assert_none("lib.rs handles, main.rs wires, README.md tells", &wrong);
}

#[test]
fn each_readme_names_trigger_environment_and_failures() {
    let template = template();
    let mut wrong = Vec::new();
    for function in template.functions() {
        let path = format!("functions/{}/README.md", function.folder());
        let text = read(&path);
        let told = triggers(&template, function).into_iter().chain(variables(function)).chain(["Failures".to_owned()]);
        wrong.extend(told.filter(|word| !text.contains(word)).map(|word| format!("{path} does not name `{word}`")));
    }
    assert_none("a README names its route or queue, its environment and its failures", &wrong);
}

fn variables(function: Resource<'_>) -> Vec<String> {
    function.environment().map(|all| all.keys().cloned().collect()).unwrap_or_default()
}

/// Its routes, its queue, or its schedule's expression.
fn triggers(template: &Template, function: Resource<'_>) -> Vec<String> {
    let mut found = routes(template, function.id);
    for mapping in template.of_kind("AWS::Lambda::EventSourceMapping") {
        if target(mapping.at("/FunctionName")) == Some(function.id) {
            let queue = target(mapping.at("/EventSourceArn")).unwrap_or_default();
            found.push(queue.trim_end_matches("Queue").to_lowercase());
        }
    }
    for schedule in template.of_kind("AWS::Scheduler::Schedule") {
        if target(schedule.at("/Target/Arn")) == Some(function.id) {
            found.extend(schedule.at("/ScheduleExpression").as_str().map(str::to_owned));
        }
    }
    found
}

fn routes(template: &Template, function: &str) -> Vec<String> {
    let integrations = template.of_kind("AWS::ApiGatewayV2::Integration").into_iter();
    let ids: Vec<&str> =
        integrations.filter(|made| target(made.at("/IntegrationUri")) == Some(function)).map(|made| made.id).collect();
    let routes = template.of_kind("AWS::ApiGatewayV2::Route").into_iter();
    let served = routes.filter(|route| target(route.at("/Target")).is_some_and(|id| ids.contains(&id)));
    served.filter_map(|route| route.at("/RouteKey").as_str()).map(str::to_owned).collect()
}
