//! From the template's resources to a [`Stack`].

mod node;
mod resources;

use serde_json::Value;

use super::evaluate::{Evaluator, scalar_text};
use super::stack::{Authorization, Mapping, Route, Schedule, ScheduleTarget, Stack};
use super::{Inputs, TemplateError, yaml};
use node::{Node, node, number, resources};
use resources::{bucket, function, key, queue, role, table};

type Result<T> = std::result::Result<T, TemplateError>;

/// The event source mapping's own for a queue.
const DEFAULT_BATCH_SIZE: u32 = 10;

impl Stack {
    /// Reads a template.
    pub fn parse(text: &str, inputs: &Inputs) -> Result<Self> {
        let template = yaml::parse(text)?;
        let evaluator = Evaluator { template: &template, inputs };
        let mut stack = Self::default();
        // References go by name, so what is referred to is read first.
        for resource in resources(&evaluator)? {
            stack.add_resource(&resource)?;
        }
        for resource in resources(&evaluator)? {
            stack.add_connection(&evaluator, &resource)?;
        }
        Ok(stack)
    }

    fn add_resource(&mut self, resource: &Node<'_>) -> Result<()> {
        match resource.kind() {
            "AWS::DynamoDB::Table" => self.tables.push(table(resource)?),
            "AWS::SQS::Queue" => self.queues.push(queue(resource)?),
            "AWS::S3::Bucket" => self.buckets.push(bucket(resource)?),
            "AWS::KMS::Key" => self.keys.push(key(resource)?),
            "AWS::Serverless::Function" => self.functions.push(function(resource)?),
            _ => {}
        }
        Ok(())
    }

    fn add_connection(&mut self, evaluator: &Evaluator<'_>, resource: &Node<'_>) -> Result<()> {
        match resource.kind() {
            "AWS::Lambda::EventSourceMapping" => {
                let mapping = self.mapping(resource)?;
                self.mappings.push(mapping);
            }
            "AWS::Scheduler::Schedule" => {
                let schedule = self.schedule(resource)?;
                self.schedules.push(schedule);
            }
            // A role speaks of tables and queues.
            "AWS::IAM::Role" => self.roles.push(role(resource)?),
            "AWS::ApiGatewayV2::Route" => {
                let route = self.route(evaluator, resource)?;
                self.routes.push(route);
            }
            _ => {}
        }
        Ok(())
    }

    fn mapping(&self, resource: &Node<'_>) -> Result<Mapping> {
        let types = resource.optional("FunctionResponseTypes")?.unwrap_or_default();
        let scaling = resource.optional("ScalingConfig")?.unwrap_or_default();
        Ok(Mapping {
            logical_id: resource.logical_id.to_owned(),
            queue: self.queue_of(&resource.text("EventSourceArn")?, resource)?,
            function: self.function_of(&resource.text("FunctionName")?, resource)?,
            batch_size: resource.number("BatchSize")?.unwrap_or(DEFAULT_BATCH_SIZE),
            window_secs: resource.number("MaximumBatchingWindowInSeconds")?.unwrap_or_default(),
            reports_item_failures: types.as_array().is_some_and(|types| types.contains(&"ReportBatchItemFailures".into())),
            max_concurrency: number(&scaling["MaximumConcurrency"]),
        })
    }

    fn schedule(&self, resource: &Node<'_>) -> Result<Schedule> {
        let target = resource.required("Target")?;
        let arn = target["Arn"].as_str().ok_or_else(|| resource.problem("Target.Arn", "expected an ARN"))?;
        let target_kind = match self.queue_of(arn, resource) {
            Ok(queue) => ScheduleTarget::Queue(queue),
            Err(_) => ScheduleTarget::Function(self.function_of(arn, resource)?),
        };
        let timezone = resource.optional("ScheduleExpressionTimezone")?;
        Ok(Schedule {
            logical_id: resource.logical_id.to_owned(),
            expression: resource.text("ScheduleExpression")?,
            timezone: timezone.as_ref().and_then(scalar_text).unwrap_or_else(|| "UTC".to_owned()),
            target: target_kind,
            input: scalar_text(&target["Input"]).unwrap_or_else(|| "{}".to_owned()),
        })
    }

    fn route(&self, evaluator: &Evaluator<'_>, resource: &Node<'_>) -> Result<Route> {
        let target = resource.text("Target")?;
        let integration = target.strip_prefix("integrations/").unwrap_or(&target);
        let integration = node(evaluator, integration)
            .ok_or_else(|| resource.problem("Target", &format!("there is no integration {integration}")))?;
        let authorization = match resource.optional("AuthorizationType")?.as_ref().and_then(Value::as_str) {
            None | Some("NONE") => Authorization::Open,
            Some("JWT") => jwt(evaluator, resource)?,
            Some(other) => return Err(resource.problem("AuthorizationType", &format!("{other} is not supported"))),
        };
        Ok(Route {
            logical_id: resource.logical_id.to_owned(),
            key: resource.text("RouteKey")?,
            function: self.function_of(&integration.text("IntegrationUri")?, &integration)?,
            authorization,
        })
    }

    fn queue_of(&self, arn: &str, resource: &Node<'_>) -> Result<String> {
        let queue = self.queues.iter().find(|queue| queue.arn == arn);
        let queue = queue.ok_or_else(|| resource.problem("", &format!("there is no queue {arn}")))?;
        Ok(queue.name.clone())
    }

    /// The function of a name or an ARN.
    fn function_of(&self, name: &str, resource: &Node<'_>) -> Result<String> {
        let name = name.rsplit(':').next().unwrap_or(name);
        let function = self.functions.iter().find(|function| function.name == name);
        let function = function.ok_or_else(|| resource.problem("", &format!("there is no function {name}")))?;
        Ok(function.logical_id.clone())
    }
}

fn jwt(evaluator: &Evaluator<'_>, route: &Node<'_>) -> Result<Authorization> {
    let name = route.text("AuthorizerId")?;
    let authorizer =
        node(evaluator, &name).ok_or_else(|| route.problem("AuthorizerId", &format!("there is no authorizer {name}")))?;
    let settings = authorizer.required("JwtConfiguration")?;
    let texts = |value: &Value| value.as_array().into_iter().flatten().filter_map(scalar_text).collect();
    Ok(Authorization::Jwt {
        issuer: scalar_text(&settings["Issuer"])
            .ok_or_else(|| authorizer.problem("JwtConfiguration.Issuer", "expected a text"))?,
        audience: texts(&settings["Audience"]),
        scopes: texts(&route.optional("AuthorizationScopes")?.unwrap_or_default()),
        authorizer: name,
    })
}
