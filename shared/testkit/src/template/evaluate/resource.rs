//! What a resource is called when something refers to it.

use serde_json::Value;

use super::super::TemplateError;
use super::Evaluator;
use crate::cloud::REGION;
use crate::sqs::ACCOUNT;

type Result<T> = std::result::Result<T, TemplateError>;

/// A resource that something refers to.
pub(super) struct Resource<'a> {
    pub logical_id: &'a str,
    pub body: &'a Value,
}

impl Resource<'_> {
    fn kind(&self) -> &str {
        self.body["Type"].as_str().unwrap_or_default()
    }

    /// The name it goes by: its own, or one made of the stack's name and the logical id.
    fn physical_name(&self, evaluator: &Evaluator<'_>) -> Result<String> {
        let (property, made) = match self.kind() {
            "AWS::DynamoDB::Table" => ("TableName", self.made_name(evaluator)),
            "AWS::SQS::Queue" => ("QueueName", self.made_name(evaluator)),
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => ("FunctionName", self.made_name(evaluator)),
            // The names of buckets have no capitals.
            "AWS::S3::Bucket" => ("BucketName", self.made_name(evaluator).to_lowercase()),
            "AWS::Logs::LogGroup" => ("LogGroupName", self.made_name(evaluator)),
            // Parts of an API are known by ids, which are theirs alone.
            kind if kind.starts_with("AWS::ApiGatewayV2::") => ("", self.logical_id.to_owned()),
            _ => ("", self.made_name(evaluator)),
        };
        match self.body["Properties"].get(property) {
            Some(name) => evaluator.text(name, &format!("Resources.{}.Properties.{property}", self.logical_id)),
            None => Ok(made),
        }
    }

    fn made_name(&self, evaluator: &Evaluator<'_>) -> String {
        format!("{}-{}", evaluator.inputs.stack_name, self.logical_id)
    }

    /// What `Ref` gives.
    pub fn reference(&self, evaluator: &Evaluator<'_>) -> Result<String> {
        let name = self.physical_name(evaluator)?;
        Ok(match self.kind() {
            "AWS::SQS::Queue" => format!("{}/{ACCOUNT}/{name}", evaluator.inputs.endpoint),
            "AWS::KMS::Key" => format!("alias/{name}"),
            "AWS::SecretsManager::Secret" => format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"),
            _ => name,
        })
    }

    pub fn attribute(&self, evaluator: &Evaluator<'_>, attribute: &str, place: &str) -> Result<String> {
        let name = self.physical_name(evaluator)?;
        let arn = |service: &str, rest: String| Ok(format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"));
        match (self.kind(), attribute) {
            ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", format!("table/{name}")),
            ("AWS::SQS::Queue", "Arn") => arn("sqs", name),
            ("AWS::SQS::Queue", "QueueUrl") => self.reference(evaluator),
            ("AWS::SQS::Queue", "QueueName") => Ok(name),
            ("AWS::S3::Bucket", "Arn") => Ok(format!("arn:aws:s3:::{name}")),
            ("AWS::KMS::Key", "Arn") => arn("kms", format!("alias/{name}")),
            ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => arn("lambda", format!("function:{name}")),
            ("AWS::Logs::LogGroup", "Arn") => arn("logs", format!("log-group:{name}:*")),
            ("AWS::IAM::Role", "Arn") => Ok(format!("arn:aws:iam::{ACCOUNT}:role/{name}")),
            (kind, _) => Err(TemplateError::at(place, format!("the attribute {attribute} of a {kind} is not supported"))),
        }
    }
}
