//! The deployment's template, read and made.

use std::collections::BTreeMap;

use testkit::template::{Authorization, Inputs, Projection, ScheduleTarget, Stack, TemplateError, create};
use testkit::{LocalAws, LocalOptions};

use crate::plain;

const SMALL: &str = r#"
Parameters:
  Stage: {Type: String, Default: test}
  Url: {Type: String}
Conditions:
  IsTest: !Equals [!Ref Stage, test]
Globals:
  Function: {Timeout: 7, Environment: {Variables: {COMMON: yes-it-is}}}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: donor, AttributeType: S}
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: donor-index
          KeySchema: [{AttributeName: donor, KeyType: HASH}]
          Projection: {ProjectionType: KEYS_ONLY}
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
  Work:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${AWS::StackName}-work"
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt WorkDlq.Arn, maxReceiveCount: 10}
  WorkDlq:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${AWS::StackName}-work-dlq"}
  Bucket: {Type: AWS::S3::Bucket}
  Key: {Type: AWS::KMS::Key, Properties: {Description: of donors}}
  Unmade: {Type: AWS::SQS::Queue, Condition: Never, Properties: {}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/deploy/worker.zip
      MemorySize: 512
      Environment:
        Variables:
          TABLE: !Ref Table
          QUEUE: !Ref Work
          KEY: !GetAtt Key.Arn
          BUCKET: !Ref Bucket
          MODE: !If [IsTest, loud, quiet]
          URL: !Join ["/", [!Ref Url, v1]]
          GONE: !If [IsTest, !Ref AWS::NoValue, x]
  Feed:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Work.Arn
      FunctionName: !Ref Worker
      BatchSize: 100
      MaximumBatchingWindowInSeconds: 1
      FunctionResponseTypes: [ReportBatchItemFailures]
      ScalingConfig: {MaximumConcurrency: 4}
  Nightly:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: cron(0 21 * * ? *)
      Target: {Arn: !GetAtt Worker.Arn, Input: '{"a":1}'}
  Minutely:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 minute)
      Target: {Arn: !GetAtt Work.Arn}
  Signed:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties: {JwtConfiguration: {Issuer: !Ref Url, Audience: [donors]}}
  ToWorker:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {IntegrationUri: !GetAtt Worker.Arn}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      RouteKey: GET /v1/work/{id}
      Target: !Sub "integrations/${ToWorker}"
      AuthorizationType: JWT
      AuthorizerId: !Ref Signed
"#;

fn inputs() -> Inputs {
    Inputs {
        stack_name: "local".to_owned(),
        endpoint: "http://127.0.0.1:1".to_owned(),
        parameters: BTreeMap::from([("Url".to_owned(), "http://127.0.0.1:8080".to_owned())]),
    }
}

fn small() -> Result<Stack, TemplateError> {
    let text = SMALL.replace("IsTest: !Equals", "Never: !Not [!Condition IsTest]\n  IsTest: !Equals");
    Stack::parse(&text, &inputs())
}

#[test]
fn everything_is_read_and_resolved() {
    let stack = small().unwrap();
    let table = stack.table("Table").unwrap();
    assert_eq!((table.name.as_str(), table.ttl_attribute.as_deref()), ("local-Table", Some("ttl")));
    assert_eq!(table.indexes[0].projection, Projection::KeysOnly);
    let work = stack.queue("Work").unwrap();
    assert_eq!(work.url, "http://127.0.0.1:1/000000000000/local-work");
    assert_eq!(work.dead_letter_arn.as_deref(), Some("arn:aws:sqs:me-south-1:000000000000:local-work-dlq"));
    assert_eq!((work.max_receive_count, work.attributes["VisibilityTimeout"].as_str()), (Some(10), "60"));
    assert!(stack.queue("Unmade").is_none());
    let worker = stack.function("Worker").unwrap();
    assert_eq!((worker.handler.as_str(), worker.memory_mb, worker.timeout_secs), ("worker", 512, 7));
    let expected = [
        ("BUCKET", "local-bucket"),
        ("COMMON", "yes-it-is"),
        ("KEY", "arn:aws:kms:me-south-1:000000000000:alias/local-Key"),
        ("MODE", "loud"),
        ("QUEUE", "http://127.0.0.1:1/000000000000/local-work"),
        ("TABLE", "local-Table"),
        ("URL", "http://127.0.0.1:8080/v1"),
    ];
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(worker.environment, expected);
}

#[test]
fn connections_name_both_ends() {
    let stack = small().unwrap();
    let feed = &stack.mappings[0];
    assert_eq!((feed.queue.as_str(), feed.function.as_str()), ("local-work", "Worker"));
    assert_eq!((feed.batch_size, feed.window_secs, feed.max_concurrency), (100, 1, Some(4)));
    assert!(feed.reports_item_failures);
    let target = |id: &str| &stack.schedules.iter().find(|schedule| schedule.logical_id == id).unwrap().target;
    assert_eq!(target("Nightly"), &ScheduleTarget::Function("Worker".to_owned()));
    assert_eq!(target("Minutely"), &ScheduleTarget::Queue("local-work".to_owned()));
    let route = &stack.routes[0];
    assert_eq!((route.key.as_str(), route.function.as_str()), ("GET /v1/work/{id}", "Worker"));
    let Authorization::Jwt { authorizer, issuer, audience, .. } = &route.authorization else { panic!("{route:?}") };
    assert_eq!(
        (authorizer.as_str(), issuer.as_str(), audience.as_slice()),
        ("Signed", "http://127.0.0.1:8080", ["donors".to_owned()].as_slice())
    );
}

#[test]
fn what_cannot_be_done_is_named_with_its_place() {
    let problem = |from: &str, to: &str| {
        let text = SMALL.replace("Condition: Never, ", "").replace(from, to);
        Stack::parse(&text, &inputs()).unwrap_err().to_string()
    };
    assert_eq!(
        problem("MODE: !If [IsTest, loud, quiet]", "MODE: !FindInMap [A, B, C]"),
        "the template's Resources.Worker.Properties.Environment.Variables.MODE.Fn::FindInMap: this intrinsic function is not supported"
    );
    assert_eq!(
        problem("TABLE: !Ref Table", "TABLE: !Ref Tabel"),
        "the template's Resources.Worker.Properties.Environment.Variables.TABLE.Ref: there is no parameter or resource Tabel"
    );
    assert_eq!(
        problem("FunctionName: !Ref Worker", "FunctionName: other"),
        "the template's Resources.Feed.Properties: there is no function other"
    );
    assert!(problem("Parameters:", "Parameters: [").starts_with("the template is not valid YAML"));
    let text = SMALL.replace("Condition: Never, ", "");
    let missing = Stack::parse(&text, &Inputs { parameters: BTreeMap::new(), ..inputs() }).unwrap_err();
    assert!(missing.to_string().ends_with("the parameter Url has no value and no default"), "{missing}");
}

#[tokio::test]
async fn it_is_made_once_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let options = || LocalOptions { data: Some(directory.path().to_owned()), ..plain() };
    for _ in 0..2 {
        let cloud = LocalAws::start(options()).await.unwrap();
        let stack = Stack::parse(
            &SMALL.replace("Condition: Never, ", ""),
            &Inputs { endpoint: cloud.endpoint().to_owned(), ..inputs() },
        )
        .unwrap();
        create(&stack, &cloud.sdk_config()).await.unwrap();
        create(&stack, &cloud.sdk_config()).await.unwrap();
        let config = cloud.sdk_config();
        let tables = aws_sdk_dynamodb::Client::new(&config).list_tables().send().await.unwrap();
        assert_eq!(tables.table_names(), ["local-Table"]);
        let keys = aws_sdk_kms::Client::new(&config).list_keys().send().await.unwrap();
        assert_eq!(keys.keys().len(), 1);
        let url = &stack.queue("Work").unwrap().url;
        aws_sdk_sqs::Client::new(&config).send_message().queue_url(url).message_body("x").send().await.unwrap();
        cloud.stop().await.unwrap();
    }
}

/// The project's own template, whole.
#[tokio::test]
async fn the_deployments_template_is_understood() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/template.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let cloud = LocalAws::in_process(plain()).unwrap();
    let parameters =
        ["PublicUrl", "ReturnUrls", "IdentityIssuer"].map(|name| (name.to_owned(), "http://127.0.0.1".to_owned()));
    let inputs = Inputs {
        stack_name: "local".to_owned(),
        endpoint: cloud.endpoint().to_owned(),
        parameters: BTreeMap::from(parameters),
    };
    let stack = Stack::parse(&text, &inputs).unwrap();
    create(&stack, &cloud.sdk_config()).await.unwrap();
    assert_eq!(cloud.services().sqs.depths().len(), stack.queues.len());
    for function in &stack.functions {
        assert!(std::path::Path::new(path).parent().unwrap().join("../functions").join(&function.handler).is_dir());
    }
    for mapping in &stack.mappings {
        assert!(mapping.reports_item_failures, "{}", mapping.logical_id);
    }
    assert!(!stack.routes.is_empty() && !stack.schedules.is_empty());
}
