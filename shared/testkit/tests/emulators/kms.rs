//! Keys, data keys and contexts.

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use testkit::{LocalAws, LocalOptions};

use crate::{both, plain};

async fn key(cloud: &LocalAws) -> (Client, String) {
    let client = Client::new(&cloud.sdk_config());
    let made = client.create_key().description("of a test").send().await.unwrap();
    (client, made.key_metadata.unwrap().key_id)
}

#[tokio::test]
async fn a_data_key_opens_only_under_its_context() {
    both(async |cloud: &LocalAws| {
        let (client, id) = key(cloud).await;
        let made = client.generate_data_key().key_id(&id).key_spec(DataKeySpec::Aes256);
        let made = made.encryption_context("donor", "7").encryption_context("a", "b,c=d").send().await.unwrap();
        let wrapped = made.ciphertext_blob.unwrap();
        let plaintext = made.plaintext.unwrap();
        assert_eq!(plaintext.as_ref().len(), 32);
        let open = || client.decrypt().key_id(&id).ciphertext_blob(wrapped.clone());

        let opened = open().encryption_context("donor", "7").encryption_context("a", "b,c=d").send().await.unwrap();
        assert_eq!(opened.plaintext.unwrap(), plaintext);
        let wrong = [
            open().encryption_context("donor", "8").encryption_context("a", "b,c=d"),
            open().encryption_context("donor", "7"),
            open().encryption_context("donor", "7").encryption_context("a", "b").encryption_context("c", "d"),
            open(),
        ];
        for call in wrong {
            let error = call.send().await.unwrap_err().into_service_error();
            assert!(error.is_invalid_ciphertext_exception(), "{error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_changed_or_sealed_by_another_key_does_not_open() {
    both(async |cloud: &LocalAws| {
        let (client, id) = key(cloud).await;
        let (_, other) = key(cloud).await;
        let sealed = client.encrypt().key_id(&id).plaintext(Blob::new("secret")).send().await.unwrap();
        let blob = sealed.ciphertext_blob.unwrap().into_inner();
        let error = client.decrypt().key_id(&other).ciphertext_blob(Blob::new(blob.clone())).send().await.unwrap_err();
        assert!(error.into_service_error().is_incorrect_key_exception());
        for changed in [0, 5, 40, blob.len() - 1] {
            let mut bytes = blob.clone();
            bytes[changed] ^= 1;
            let error = client.decrypt().ciphertext_blob(Blob::new(bytes)).send().await.unwrap_err();
            assert!(error.into_service_error().is_invalid_ciphertext_exception());
        }
        let opened = client.decrypt().ciphertext_blob(Blob::new(blob)).send().await.unwrap();
        assert_eq!(opened.plaintext.unwrap().as_ref(), b"secret");
    })
    .await;
}

#[tokio::test]
async fn keys_go_by_id_arn_and_alias_and_may_be_disabled() {
    both(async |cloud: &LocalAws| {
        let (client, id) = key(cloud).await;
        client.create_alias().alias_name("alias/donors").target_key_id(&id).send().await.unwrap();
        let arn = client.describe_key().key_id("alias/donors").send().await.unwrap().key_metadata.unwrap().arn.unwrap();
        for name in [id.as_str(), &arn, "alias/donors", "arn:aws:kms:me-south-1:000000000000:alias/donors"] {
            client.encrypt().key_id(name).plaintext(Blob::new("x")).send().await.unwrap();
        }
        let error = client.encrypt().key_id("alias/none").plaintext(Blob::new("x")).send().await.unwrap_err();
        assert!(error.into_service_error().is_not_found_exception());
        client.disable_key().key_id(&id).send().await.unwrap();
        let error = client.encrypt().key_id(&id).plaintext(Blob::new("x")).send().await.unwrap_err();
        assert!(error.into_service_error().is_disabled_exception());
        client.enable_key().key_id(&id).send().await.unwrap();
        client.schedule_key_deletion().key_id(&id).send().await.unwrap();
        let error = client.encrypt().key_id(&id).plaintext(Blob::new("x")).send().await.unwrap_err();
        assert!(error.into_service_error().is_kms_invalid_state_exception());
    })
    .await;
}

#[tokio::test]
async fn limits_are_refused() {
    let cloud = LocalAws::in_process(plain()).unwrap();
    let (client, id) = key(&cloud).await;
    let error = client.encrypt().key_id(&id).plaintext(Blob::new(vec![0; 4097])).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    let error = client.generate_data_key().key_id(&id).number_of_bytes(1025).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    let error = client.generate_data_key().key_id(&id).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
}

#[tokio::test]
async fn keys_are_kept_on_disk_and_seeds_repeat_a_run() {
    let directory = tempfile::tempdir().unwrap();
    let options = || LocalOptions { data: Some(directory.path().to_owned()), ..plain() };
    let cloud = LocalAws::in_process(options()).unwrap();
    let (client, id) = key(&cloud).await;
    let sealed = client.encrypt().key_id(&id).plaintext(Blob::new("kept")).send().await.unwrap();
    drop((client, cloud));
    let cloud = LocalAws::in_process(options()).unwrap();
    let client = Client::new(&cloud.sdk_config());
    let opened = client.decrypt().ciphertext_blob(sealed.ciphertext_blob.unwrap()).send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap().as_ref(), b"kept");

    let (_, one) = key(&LocalAws::in_process(plain()).unwrap()).await;
    let (_, other) = key(&LocalAws::in_process(plain()).unwrap()).await;
    assert_eq!(one, other);
}
