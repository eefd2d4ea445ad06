//! Every call.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Parts;
use super::keys::{Key, KeyState};
use super::protocol::{
    CreateAlias, CreateKey, Decrypt, Encrypt, GenerateDataKey, KmsError, OnKey, ScheduleKeyDeletion, base64,
};
use super::sealing;

/// Bytes that KMS encrypts directly.
const PLAINTEXT_BYTES: std::ops::RangeInclusive<usize> = 1..=4096;
/// Bytes of a data key.
const DATA_KEY_BYTES: std::ops::RangeInclusive<usize> = 1..=1024;
/// Days between asking for a key's deletion and its end.
const DELETION_DAYS: std::ops::RangeInclusive<i64> = 7..=30;

pub(super) fn run(parts: &Parts, operation: &str, body: &[u8]) -> Result<Vec<u8>, KmsError> {
    let answer = match operation {
        "CreateKey" => create_key(parts, parse(body)?)?,
        "DescribeKey" => json!({ "KeyMetadata": metadata(parts.keys().find(&parse::<OnKey>(body)?.key_id)?) }),
        "ListKeys" => list_keys(parts),
        "CreateAlias" => create_alias(parts, parse(body)?)?,
        "ListAliases" => list_aliases(parts),
        "EnableKey" => set_state(parts, &parse::<OnKey>(body)?.key_id, KeyState::Enabled)?,
        "DisableKey" => set_state(parts, &parse::<OnKey>(body)?.key_id, KeyState::Disabled)?,
        "ScheduleKeyDeletion" => schedule_deletion(parts, &parse(body)?)?,
        "GenerateDataKey" => generate_data_key(parts, &parse(body)?, true)?,
        "GenerateDataKeyWithoutPlaintext" => generate_data_key(parts, &parse(body)?, false)?,
        "Encrypt" => encrypt(parts, &parse(body)?)?,
        "Decrypt" => decrypt(parts, &parse(body)?)?,
        _ => return Err(KmsError::unsupported(&format!("The operation {operation} is not emulated."))),
    };
    Ok(answer.to_string().into_bytes())
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, KmsError> {
    serde_json::from_slice(body).map_err(|error| KmsError::invalid(&error.to_string()))
}

fn create_key(parts: &Parts, call: CreateKey) -> Result<Value, KmsError> {
    let spec = call.key_spec.as_deref().unwrap_or("SYMMETRIC_DEFAULT");
    let usage = call.key_usage.as_deref().unwrap_or("ENCRYPT_DECRYPT");
    if spec != "SYMMETRIC_DEFAULT" || usage != "ENCRYPT_DECRYPT" {
        return Err(KmsError::unsupported("Only symmetric keys for encryption are emulated."));
    }
    let id = parts.chance.uuid();
    let mut material = [0; 32];
    parts.chance.fill(&mut material);
    let key = Key {
        arn: Key::arn(&parts.options.region, &id),
        description: call.description,
        made_at_millis: parts.clock.now_millis(),
        state: KeyState::Enabled,
        material,
        id,
    };
    let shown = metadata(&key);
    let mut keys = parts.keys();
    keys.by_id.insert(key.id.clone(), key);
    parts.save(&keys)?;
    Ok(json!({ "KeyMetadata": shown }))
}

fn metadata(key: &Key) -> Value {
    let (state, deletion_secs) = match key.state {
        KeyState::Enabled => ("Enabled", None),
        KeyState::Disabled => ("Disabled", None),
        KeyState::PendingDeletion { at_millis } => ("PendingDeletion", Some(at_millis / 1000)),
    };
    let mut shown = json!({
        "AWSAccountId": crate::sqs::ACCOUNT,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.made_at_millis / 1000,
        "Enabled": key.state == KeyState::Enabled,
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": state,
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
    });
    if let Some(secs) = deletion_secs {
        shown["DeletionDate"] = secs.into();
    }
    shown
}

fn list_keys(parts: &Parts) -> Value {
    let keys = parts.keys();
    let shown = keys.by_id.values().map(|key| json!({ "KeyId": key.id, "KeyArn": key.arn }));
    json!({ "Keys": shown.collect::<Vec<_>>(), "Truncated": false })
}

fn create_alias(parts: &Parts, call: CreateAlias) -> Result<Value, KmsError> {
    if !call.alias_name.starts_with("alias/") || call.alias_name.starts_with("alias/aws/") {
        return Err(KmsError::invalid("An alias begins with alias/ and not with alias/aws/."));
    }
    let mut keys = parts.keys();
    let id = keys.find(&call.target_key_id)?.id.clone();
    if keys.aliases.contains_key(&call.alias_name) {
        return Err(KmsError::alias_exists(&call.alias_name));
    }
    keys.aliases.insert(call.alias_name, id);
    parts.save(&keys)?;
    Ok(json!({}))
}

fn list_aliases(parts: &Parts) -> Value {
    let keys = parts.keys();
    let shown = keys.aliases.iter().map(|(name, id)| json!({ "AliasName": name, "TargetKeyId": id }));
    json!({ "Aliases": shown.collect::<Vec<_>>(), "Truncated": false })
}

fn set_state(parts: &Parts, name: &str, state: KeyState) -> Result<Value, KmsError> {
    let mut keys = parts.keys();
    let key = keys.find_mut(name)?;
    if let KeyState::PendingDeletion { .. } = key.state {
        return Err(KmsError::pending_deletion(&key.arn));
    }
    key.state = state;
    parts.save(&keys)?;
    Ok(json!({}))
}

fn schedule_deletion(parts: &Parts, call: &ScheduleKeyDeletion) -> Result<Value, KmsError> {
    let days = call.pending_window_in_days.unwrap_or(30);
    if !DELETION_DAYS.contains(&days) {
        return Err(KmsError::invalid("PendingWindowInDays must be between 7 and 30."));
    }
    let at_millis = parts.clock.now_millis() + days * 24 * 3600 * 1000;
    let mut keys = parts.keys();
    let key = keys.find_mut(&call.key_id)?;
    key.state = KeyState::PendingDeletion { at_millis };
    let arn = key.arn.clone();
    parts.save(&keys)?;
    Ok(json!({
        "KeyId": arn,
        "DeletionDate": at_millis / 1000,
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
    }))
}

fn generate_data_key(parts: &Parts, call: &GenerateDataKey, tells_plaintext: bool) -> Result<Value, KmsError> {
    let bytes = match (call.key_spec.as_deref(), call.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(count)) if DATA_KEY_BYTES.contains(&count) => count,
        _ => return Err(KmsError::invalid("Please specify either number of bytes or key spec.")),
    };
    let keys = parts.keys();
    let key = keys.find(&call.key_id)?.usable()?;
    let mut plaintext = vec![0; bytes];
    parts.chance.fill(&mut plaintext);
    let sealed = sealing::seal(key, &plaintext, &call.encryption_context, &parts.chance);
    let blob = sealed.ok_or_else(|| KmsError::internal("The data could not be encrypted."))?;
    let mut answer = json!({ "KeyId": key.arn, "CiphertextBlob": base64(&blob) });
    if tells_plaintext {
        answer["Plaintext"] = base64(&plaintext).into();
    }
    Ok(answer)
}

fn encrypt(parts: &Parts, call: &Encrypt) -> Result<Value, KmsError> {
    if !PLAINTEXT_BYTES.contains(&call.plaintext.len()) {
        return Err(KmsError::invalid("Plaintext must have between 1 and 4096 bytes."));
    }
    let keys = parts.keys();
    let key = keys.find(&call.key_id)?.usable()?;
    let sealed = sealing::seal(key, &call.plaintext, &call.encryption_context, &parts.chance);
    let blob = sealed.ok_or_else(|| KmsError::internal("The data could not be encrypted."))?;
    Ok(json!({
        "KeyId": key.arn,
        "CiphertextBlob": base64(&blob),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn decrypt(parts: &Parts, call: &Decrypt) -> Result<Value, KmsError> {
    let keys = parts.keys();
    let id = sealing::key_id(&call.ciphertext_blob).ok_or_else(KmsError::invalid_ciphertext)?;
    let key = keys.find(id).map_err(|_| KmsError::invalid_ciphertext())?.usable()?;
    if let Some(name) = &call.key_id
        && keys.find(name)?.id != key.id
    {
        return Err(KmsError::incorrect_key());
    }
    let opened = sealing::open(key, &call.ciphertext_blob, &call.encryption_context);
    let plaintext = opened.ok_or_else(KmsError::invalid_ciphertext)?;
    Ok(json!({
        "KeyId": key.arn,
        "Plaintext": base64(&plaintext),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}
