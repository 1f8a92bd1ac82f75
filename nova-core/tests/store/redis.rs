//! The Redis: the rules, and what it promises beyond them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::ids::CallId;
use bedrock_nova::sonic::store::{Lease, RedisStore, SnapshotStore, Standing};
use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, FromRedisValue};
use tokio::time::{Instant, sleep};

use crate::process::Process;
use crate::road::Road;
use crate::rules::{DEADLINE, LONG, Place, SECRET, SHORT, all_refused, call, holder, keep_the_rules};
use crate::server::Server;

impl Place for Server {
    async fn open(&self) -> Arc<dyn SnapshotStore> {
        Arc::new(open(self).await)
    }

    async fn leftovers(&self) -> Vec<String> {
        keys(self).await
    }
}

async fn open(server: &Server) -> RedisStore {
    RedisStore::connect(server.url()).await.unwrap()
}

/// Asks the server behind the store's back.
async fn ask<T: FromRedisValue>(server: &Server, words: &[&str]) -> T {
    let mut line = line(server).await;
    Cmd::new().arg(words).query_async(&mut line).await.unwrap()
}

async fn line(server: &Server) -> MultiplexedConnection {
    Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn keys(server: &Server) -> Vec<String> {
    let mut keys: Vec<String> = ask(server, &["KEYS", "*"]).await;
    keys.sort();
    keys
}

keep_the_rules!(Server::start());

#[tokio::test]
async fn a_call_has_two_keys_of_one_slot_and_both_go_when_nobody_comes_back() {
    let server = Server::start();
    let store = open(&server).await.prefix("test:").record_life(SHORT);
    let lease = store.claim(&"c".into(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&lease, SECRET.into()).await.unwrap();
    assert_eq!(keys(&server).await, ["test:{c}:call", "test:{c}:lease"]);
    // The token outlives the lease.
    let (call, lease_key) = (["PTTL", "test:{c}:call"], ["PTTL", "test:{c}:lease"]);
    assert!(ask::<i64>(&server, &call).await > ask::<i64>(&server, &lease_key).await);
    store.release(&lease).await.unwrap();
    let lease = store.claim(&"c".into(), &holder("a"), SHORT).await.unwrap().lease;
    store.save(&lease, SECRET.into()).await.unwrap();
    let left = ask::<u64>(&server, &call).await;
    assert!(left <= SHORT.as_millis() as u64 + 1, "{left}");
    let begun = Instant::now();
    while !keys(&server).await.is_empty() {
        assert!(begun.elapsed() < DEADLINE, "abandoned and still there");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_record_lives_a_day_when_nothing_is_said() {
    let server = Server::start();
    let store = open(&server).await;
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&lease, "x".into()).await.unwrap();
    let left: i64 = ask(&server, &["PTTL", &format!("bedrock-nova:{{{}}}:call", call())]).await;
    assert!((86_380_000..=86_400_001).contains(&left), "{left}");
}

#[tokio::test]
async fn tokens_grow_also_where_the_last_one_was_lost() {
    let server = Server::start();
    let store = open(&server).await;
    let old = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    // As when a replica takes over that had not heard of the claim.
    ask::<()>(&server, &["FLUSHALL"]).await;
    let new = store.claim(&call(), &holder("b"), LONG).await.unwrap().lease;
    assert!(new.token > old.token);
    all_refused(&store, &old).await;
    store.save(&new, "x".into()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    let mut server = Server::start();
    let store = open(&server).await;
    store.claim(&call(), &holder("a"), LONG).await.unwrap();
    server.kill();
    let error = store.look(&call()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "store-unreachable"));
    assert!(error.is_retryable());
    server.start_again();
    // It knows no script either. Every kind of act finds its way back, at its first try.
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    server.kill();
    server.start_again();
    assert_eq!(store.look(&call()).await.unwrap(), None);
    server.kill();
    server.start_again();
    assert_eq!(store.save(&lease, "x".into()).await.unwrap_err().code(), "lease-lost");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_after_the_deadline() {
    let server = Server::start();
    let store = open(&server).await.deadline(Duration::from_millis(500));
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    server.signal("STOP");
    let begun = Instant::now();
    let (save, look) = tokio::join!(store.save(&lease, SECRET.into()), store.look(&call()));
    let connected = RedisStore::connect(server.url());
    for error in [save.unwrap_err(), look.unwrap_err()] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, "store-timeout"));
        assert!(error.is_retryable());
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(connected.await.unwrap_err().kind(), ErrorKind::Timeout);
    server.signal("CONT");
    store.renew(&lease).await.unwrap();
    assert!(matches!(store.look(&call()).await.unwrap(), Some(Standing::Held { .. })));
}

#[tokio::test]
async fn a_line_that_has_gone_dumb_is_left_for_a_new_one() {
    let server = Server::start();
    let road = Road::to(server.port);
    let url = format!("redis://127.0.0.1:{}", road.port);
    let store = RedisStore::connect(url).await.unwrap().deadline(Duration::from_millis(500));
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    // Nobody hangs up, and nothing comes.
    road.swallow();
    assert_eq!(store.save(&lease, "x".into()).await.unwrap_err().kind(), ErrorKind::Timeout);
    store.save(&lease, "x".into()).await.unwrap();
}

#[tokio::test]
async fn one_node_of_a_cluster_takes_both_keys_of_a_call() {
    let server = Server::start_with(&["--cluster-enabled", "yes"], |_| {});
    // A cluster of one: it has every slot, and still refuses a script whose keys are of two.
    let slots: Vec<String> = (0..16_384).map(|slot| slot.to_string()).collect();
    let add: Vec<&str> = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str)).collect();
    ask::<()>(&server, &add).await;
    let begun = Instant::now();
    while !ask::<String>(&server, &["CLUSTER", "INFO"]).await.contains("cluster_state:ok") {
        assert!(begun.elapsed() < DEADLINE, "no cluster");
        sleep(Duration::from_millis(20)).await;
    }
    let store = open(&server).await;
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&lease, "x".into()).await.unwrap();
    store.renew(&lease).await.unwrap();
    store.remove(&lease).await.unwrap();
    // And where it has not the call's slot, it says so in a way that can be understood.
    ask::<()>(&server, &["CLUSTER", "FLUSHSLOTS"]).await;
    let error = store.claim(&call(), &holder("a"), LONG).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn no_error_quotes_what_the_server_quotes() {
    // A command that a server does not know it repeats, with its arguments.
    let server = Server::start_with(&["--rename-command", "EVALSHA", ""], |_| {});
    let store = open(&server).await;
    let lease = Lease { id: call(), token: 1, life: LONG };
    let mut direct = line(&server).await;
    let words = ["EVALSHA", "x", "2", "k", "l", "1", "1", SECRET];
    let quoting = Cmd::new().arg(&words).query_async::<()>(&mut direct).await.unwrap_err();
    assert!(quoting.to_string().contains(SECRET), "this server quotes nothing: {quoting}");
    let error = store.save(&lease, SECRET.into()).await.unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    assert!(!format!("{error} {error:?} {cause:?}").contains(SECRET), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn who_has_no_password_is_denied_and_the_password_is_nowhere() {
    let server = Server::start_with(&["--requirepass", SECRET], |_| {});
    let wrong = "guessed-wrong";
    for url in [server.url(), server.url().replace("//", &format!("//:{wrong}@"))] {
        let error = RedisStore::connect(&url).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Denied, "store-denied"), "{url}");
        assert!(!format!("{error} {error:?}").contains(wrong));
    }
    let store = RedisStore::connect(server.url().replace("//", &format!("//:{SECRET}@"))).await.unwrap();
    store.claim(&call(), &holder("a"), LONG).await.unwrap();
    assert!(!format!("{store:?}").contains(SECRET));
    for bad in [format!("http://:{SECRET}@127.0.0.1"), format!("{SECRET} is no address"), String::new()] {
        let error = RedisStore::connect(&bad).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "store-address"), "{bad}");
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn tls_asks_for_a_certificate_that_the_system_trusts() {
    let arguments = ["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-auth-clients", "no"];
    let server = Server::start_with(&[&arguments[..], &["--tls-ca-cert-file", "cert.pem"]].concat(), certify);
    let url = format!("rediss://127.0.0.1:{}", server.port);
    // What is trusted is said in the environment, so another process asks.
    let trusted = server.folder().join("cert.pem");
    let mut other = Process::start("connect", &url, &[("SSL_CERT_FILE", trusted.to_str().unwrap())]);
    assert_eq!(other.says(), "claimed");
    let stranger = tempfile::tempdir().unwrap();
    certify(stranger.path());
    let unknown = stranger.path().join("cert.pem");
    let mut other = Process::start("connect", &url, &[("SSL_CERT_FILE", unknown.to_str().unwrap())]);
    assert_eq!(other.says(), "store-unreachable");
}

/// Writes a certificate for the loopback address and its key.
fn certify(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

#[tokio::test]
async fn many_calls_share_one_connection() {
    let server = Server::start();
    let store = open(&server).await;
    let calls = (0..200).map(|n| {
        let store = store.clone();
        async move {
            let lease = store.claim(&CallId::from(format!("c{n}")), &holder("a"), LONG).await?.lease;
            store.save(&lease, vec![7; 10_000].into()).await?;
            store.remove(&lease).await
        }
    });
    futures::future::try_join_all(calls).await.unwrap();
    let info: String = ask(&server, &["INFO", "clients"]).await;
    // The store's, and the one that asks.
    assert!(info.contains("connected_clients:2"), "{info}");
}
