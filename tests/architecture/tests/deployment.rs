//! The deployment template: queues that lose nothing, roles that allow nothing more than is used.

use std::collections::BTreeMap;

use architecture::assert_none;
use architecture::template::{Resource, Template, as_list, target, template};
use serde_json::Value;

/// The longest that SQS keeps a message.
const FOURTEEN_DAYS: u64 = 14 * 24 * 3_600;
/// Receives before a message is set aside: a provider's bad quarter of an hour must not empty a queue into its DLQ.
const MIN_RECEIVES: u64 = 10;
/// Lambda's own advice: six times the function's time-out, so that a batch in hand is never handed out again.
const TIMEOUTS_OF_VISIBILITY: u64 = 6;
/// A larger batch needs a window to gather in.
const LARGEST_BATCH_WITHOUT_WINDOW: u64 = 10;

fn queues(template: &Template) -> Vec<Resource<'_>> {
    template.of_kind("AWS::SQS::Queue")
}

/// A queue that another queue, a schedule or a failed invocation sets messages aside in.
fn is_dlq(template: &Template, id: &str) -> bool {
    const SETS_ASIDE: [&str; 3] =
        ["/RedrivePolicy/deadLetterTargetArn", "/Target/DeadLetterConfig/Arn", "/DestinationConfig/OnFailure/Destination"];
    let resources = template.resources();
    resources.iter().any(|made| SETS_ASIDE.iter().any(|path| target(made.at(path)) == Some(id)))
}

#[test]
fn every_queue_keeps_its_messages_for_fourteen_days() {
    let template = template();
    let short = queues(&template).into_iter().filter(|queue| queue.number("/MessageRetentionPeriod") != Some(FOURTEEN_DAYS));
    assert_none("14 days in every queue", &short.map(|queue| queue.id.to_owned()).collect::<Vec<_>>());
}

#[test]
fn every_queue_sets_aside_after_ten_receives_and_no_sooner() {
    let template = template();
    let mut wrong = Vec::new();
    for queue in queues(&template).into_iter().filter(|queue| !is_dlq(&template, queue.id)) {
        let dlq = target(queue.at("/RedrivePolicy/deadLetterTargetArn")).and_then(|id| template.get(id));
        let receives = queue.number("/RedrivePolicy/maxReceiveCount").unwrap_or_default();
        if dlq.is_none_or(|dlq| dlq.kind != "AWS::SQS::Queue") || receives < MIN_RECEIVES {
            wrong.push(queue.id.to_owned());
        }
    }
    assert_none("a DLQ of its own and at least 10 receives", &wrong);
}

#[test]
fn every_queue_hides_a_batch_for_longer_than_any_run_of_it() {
    let template = template();
    let mut wrong = Vec::new();
    for mapping in template.of_kind("AWS::Lambda::EventSourceMapping") {
        let find = |path| target(mapping.at(path)).and_then(|id| template.get(id)).expect("a mapping joins two resources");
        let (queue, function) = (find("/EventSourceArn"), find("/FunctionName"));
        let window = mapping.number("/MaximumBatchingWindowInSeconds").unwrap_or_default();
        let timeout = function.number("/Timeout").expect("a function names its time-out");
        let needed = TIMEOUTS_OF_VISIBILITY * timeout + window;
        if queue.number("/VisibilityTimeout").unwrap_or_default() < needed {
            wrong.push(format!("{} needs {needed} s", queue.id));
        }
    }
    assert_none("visibility is at least six time-outs and the window", &wrong);
}

#[test]
fn every_mapping_reports_failures_one_by_one_and_is_bounded() {
    let template = template();
    let mut wrong = Vec::new();
    for mapping in template.of_kind("AWS::Lambda::EventSourceMapping") {
        let reports = mapping.at("/FunctionResponseTypes") == &serde_json::json!(["ReportBatchItemFailures"]);
        let batch = mapping.number("/BatchSize").unwrap_or_default();
        let window = mapping.number("/MaximumBatchingWindowInSeconds");
        let gathers = batch <= LARGEST_BATCH_WITHOUT_WINDOW || window > Some(0);
        let bounded = mapping.number("/ScalingConfig/MaximumConcurrency").is_some();
        if !(reports && bounded && gathers && batch > 0 && window.is_some()) {
            wrong.push(mapping.id.to_owned());
        }
    }
    assert_none("batch, window, concurrency and partial failures are written out", &wrong);
}

#[test]
fn every_set_aside_message_wakes_somebody() {
    let template = template();
    let alarms = template.of_kind("AWS::CloudWatch::Alarm");
    let watched: Vec<&str> = alarms.iter().filter_map(|alarm| target(alarm.at("/Dimensions/0/Value"))).collect();
    let silent = queues(&template).into_iter().filter(|queue| is_dlq(&template, queue.id) && !watched.contains(&queue.id));
    assert_none("an alarm for each DLQ", &silent.map(|queue| queue.id.to_owned()).collect::<Vec<_>>());
    let unwatched = template.functions().into_iter().filter(|function| !watched.contains(&function.id));
    assert_none("an alarm for each function", &unwatched.map(|function| function.id.to_owned()).collect::<Vec<_>>());
}

#[test]
fn every_function_has_a_role_of_its_own() {
    let template = template();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for function in template.functions() {
        users.entry(target(function.at("/Role")).unwrap_or("no role")).or_default().push(function.id);
    }
    let shared = users.into_iter().filter(|(role, users)| users.len() != 1 || template.get(role).is_none());
    assert_none("one role a function", &shared.map(|(role, users)| format!("{role}: {users:?}")).collect::<Vec<_>>());
}

#[test]
fn roles_name_exact_actions_on_exact_resources() {
    let template = template();
    let mut wrong = Vec::new();
    for role in template.of_kind("AWS::IAM::Role") {
        if !as_list(role.at("/ManagedPolicyArns")).is_empty() {
            wrong.push(format!("{}: managed policies", role.id));
        }
        for statement in statements(role) {
            let named = as_list(&statement["Action"]).into_iter().chain(as_list(&statement["Resource"]));
            let wide = named
                .filter(|value| is_wide(value) && !has_no_resource(statement))
                .map(|value| format!("{}: {value}", role.id));
            wrong.extend(wide);
        }
    }
    assert_none("no wildcard in a role", &wrong);
}

/// Two statements of one policy with the same name: IAM refuses the policy when it is deployed.
#[test]
fn every_statement_of_a_policy_has_a_name_of_its_own() {
    let template = template();
    let mut wrong = Vec::new();
    for made in template.resources() {
        let of_policies = as_list(made.at("/Policies")).into_iter().map(|policy| &policy["PolicyDocument"]);
        let of_itself = ["/PolicyDocument", "/KeyPolicy", "/AssumeRolePolicyDocument"].map(|path| made.at(path));
        for policy in of_policies.chain(of_itself) {
            let mut seen = std::collections::BTreeSet::new();
            for name in as_list(&policy["Statement"]).into_iter().filter_map(|statement| statement["Sid"].as_str()) {
                // IAM takes letters and digits alone.
                if !seen.insert(name) || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    wrong.push(format!("{}: {name}", made.id));
                }
            }
        }
    }
    assert_none("each statement is named once in its policy", &wrong);
}

fn statements(role: Resource<'_>) -> Vec<&Value> {
    let policies = as_list(role.at("/Policies"));
    policies.into_iter().flat_map(|policy| as_list(&policy["PolicyDocument"]["Statement"])).collect()
}

fn is_wide(value: &Value) -> bool {
    let text = value.as_str().or_else(|| value["Fn::Sub"].as_str());
    text.is_some_and(|text| text.contains('*') && !is_folder_of_a_bucket(text))
}

/// A message to a telephone number is to no resource, and a device is none before it is registered: IAM takes nothing but `*` for them.
fn has_no_resource(statement: &Value) -> bool {
    let actions = as_list(&statement["Action"]);
    actions.iter().all(|action| matches!(action.as_str(), Some("sns:Publish" | "sns:CreatePlatformEndpoint")))
}

/// Objects have no list of names to write out: `${Bucket.Arn}/some-folder/*` is as exact as it gets.
fn is_folder_of_a_bucket(text: &str) -> bool {
    let folder = text.strip_prefix("${Bucket.Arn}/").and_then(|rest| rest.strip_suffix("/*"));
    folder.is_some_and(|folder| !folder.is_empty() && !folder.contains('*'))
}

/// Reads and writes of single items carry their key, so that a condition on leading keys holds; a scan carries none.
#[test]
fn no_role_may_scan() {
    let template = template();
    let mut wrong = Vec::new();
    for role in template.of_kind("AWS::IAM::Role") {
        let actions = statements(role).into_iter().flat_map(|statement| as_list(&statement["Action"]));
        wrong.extend(actions.filter(|action| *action == "dynamodb:Scan").map(|_| role.id.to_owned()));
    }
    assert_none("nothing scans", &wrong);
}

#[test]
fn every_log_ends() {
    let template = template();
    let endless = template.of_kind("AWS::Logs::LogGroup").into_iter().filter(|group| group.at("/RetentionInDays").is_null());
    assert_none("logs are kept for a time", &endless.map(|group| group.id.to_owned()).collect::<Vec<_>>());
    let groups: Vec<&str> =
        template.functions().iter().filter_map(|function| target(function.at("/LoggingConfig/LogGroup"))).collect();
    assert_eq!(groups.len(), template.functions().len(), "every function names its log group");
}

#[test]
fn the_access_log_has_nothing_of_the_donor() {
    const PERSONAL: [&str; 6] = ["identity", "path", "authorizer.claims", "authorizer.jwt", "domainName", "Agent"];
    let template = template();
    let stages = template.of_kind("AWS::ApiGatewayV2::Stage");
    let formats = stages.iter().filter_map(|stage| stage.at("/AccessLogSettings/Format").as_str());
    let told = formats.flat_map(|format| PERSONAL.into_iter().filter(move |word| format.contains(word)));
    assert_none("routes, codes and times only", &told.map(str::to_owned).collect::<Vec<_>>());
}

#[test]
fn every_route_is_integrated_and_permitted() {
    let template = template();
    let permitted: Vec<&str> = template
        .of_kind("AWS::Lambda::Permission")
        .iter()
        .filter_map(|permission| target(permission.at("/FunctionName")))
        .collect();
    let mut wrong = Vec::new();
    for route in template.of_kind("AWS::ApiGatewayV2::Route") {
        let integration = target(route.at("/Target")).and_then(|id| template.get(id));
        let function = integration.and_then(|integration| target(integration.at("/IntegrationUri")));
        if function.is_none_or(|function| !permitted.contains(&function)) {
            wrong.push(route.id.to_owned());
        }
        let signed_in = route.at("/AuthorizationType") == "JWT";
        if signed_in == route.at("/AuthorizerId").is_null() {
            wrong.push(format!("{}: authorizer", route.id));
        }
    }
    assert_none("each route leads to a function that the gateway may call", &wrong);
}
