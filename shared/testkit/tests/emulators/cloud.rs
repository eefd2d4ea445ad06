//! Starting, stopping, and what is left.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use testkit::{LocalAws, LocalError, LocalOptions};

use crate::{plain, queue};

#[tokio::test]
async fn nothing_is_left_behind() {
    let cloud = LocalAws::start(plain()).await.unwrap();
    let files = cloud.services().s3.root().to_owned();
    let address = cloud.endpoint().strip_prefix("http://").unwrap().to_owned();
    assert!(files.exists());
    cloud.stop().await.unwrap();
    assert!(!files.exists());
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn a_poll_under_way_does_not_hold_up_the_stop() {
    let cloud = LocalAws::start(plain()).await.unwrap();
    let (client, url) = queue(&cloud, "q", &[]).await;
    let poll = tokio::spawn(client.receive_message().queue_url(url).wait_time_seconds(20).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    cloud.stop().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3));
    poll.abort();
}

#[tokio::test]
async fn a_taken_port_and_a_bad_directory_are_one_line() {
    let cloud = LocalAws::start(plain()).await.unwrap();
    let port = cloud.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    let Err(error) = LocalAws::start(LocalOptions { port, ..plain() }).await else { panic!("the port was free") };
    assert!(error.to_string().starts_with(&format!("port {port} of 127.0.0.1 cannot be used:")), "{error}");

    let file = tempfile::NamedTempFile::new().unwrap();
    let Err(error) = LocalAws::in_process(LocalOptions { data: Some(file.path().to_owned()), ..plain() }) else {
        panic!("a file is no directory")
    };
    assert!(matches!(error, LocalError::Directory { .. }), "{error}");
    assert!(!error.to_string().contains('\n'));

    let directory = tempfile::tempdir().unwrap();
    let options = || LocalOptions { data: Some(directory.path().to_owned()), ..plain() };
    let first = LocalAws::in_process(options()).unwrap();
    assert!(matches!(LocalAws::in_process(options()), Err(LocalError::InUse { .. })));
    drop(first);
    assert!(LocalAws::in_process(options()).is_ok());
    cloud.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_host_is_refused() {
    let cloud = LocalAws::start(plain()).await.unwrap();
    let address = cloud.endpoint().strip_prefix("http://").unwrap().to_owned();
    let status = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap().to_owned()
    });
    assert_eq!(status.await.unwrap(), "HTTP/1.1 403 Forbidden");
    cloud.stop().await.unwrap();
}

/// Groups of tests run side by side, each on its own cloud.
#[tokio::test]
async fn clouds_do_not_see_each_other() {
    let one = LocalAws::start(plain()).await.unwrap();
    let other = LocalAws::start(plain()).await.unwrap();
    queue(&one, "mine", &[]).await;
    assert!(other.services().sqs.depths().is_empty());
    one.stop().await.unwrap();
    other.stop().await.unwrap();
}
