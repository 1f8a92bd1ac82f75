//! What a person reads whose credentials, region or endpoint are not in order: one sentence, within five seconds.
//!
//! Each case runs in a process of its own with an environment and a home folder of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use crate::support::{DATA, HEADERS, RawPeer, soon, target};
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use bedrock_nova::transport::{Bedrock, Failure, Target, Transport};
use bytes::Bytes;

/// The time within which bad input must be answered.
const ANSWER: Duration = Duration::from_secs(5);

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIplantedsecret")];

/// Nobody listens there.
const NOWHERE: (&str, &str) = ("BEDROCK_NOVA_ENDPOINT", "http://127.0.0.1:1");

/// Where instance metadata is asked; tests talk to loopback only.
const METADATA: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

const OPENING: &[u8] = br#"{"event":{"sessionStart":{}}}"#;

/// Opens a stream with what the environment says and prints how it failed; run by the tests below.
#[test]
#[ignore = "runs in a process of its own"]
fn child() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        match Bedrock::builder().build().await {
            Err(error) => serde_json::json!({"code": error.code(), "message": error.to_string()}),
            Ok(bedrock) => match bedrock.open(target(), vec![Bytes::from_static(OPENING)]).await {
                Err(failure) => serde_json::to_value(failure).unwrap(),
                Ok(_) => serde_json::json!({"code": "opened"}),
            },
        }
    });
    println!("\nANSWER {answer}");
}

struct Answer {
    code: String,
    message: String,
}

/// Runs [`child`] with this environment and nothing else but `HOME`.
async fn ask(home: &Path, environment: &[(&str, &str)]) -> Answer {
    let started = std::time::Instant::now();
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "credentials::child", "--nocapture"])
        .env_clear()
        .env("HOME", home)
        .env(METADATA, "http://127.0.0.1:1")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = soon(child).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line =
        text.lines().find_map(|line| line.strip_prefix("ANSWER ")).unwrap_or_else(|| panic!("no answer: {text}"));
    assert!(started.elapsed() < ANSWER, "it took {:?}: {line}", started.elapsed());
    assert!(!line.contains("planted"), "a secret is shown: {line}");
    let answer: serde_json::Value = serde_json::from_str(line).unwrap();
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    println!("{}: {}", text("code"), text("message"));
    Answer { code: text("code"), message: format!("{} {}", text("message"), text("hint")) }
}

fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    home
}

#[tokio::test]
async fn without_credentials_the_sentence_says_where_it_looked_and_what_to_run() {
    let answer = ask(home(&[]).path(), &[NOWHERE, ("AWS_REGION", "us-east-1")]).await;
    assert_eq!(answer.code, "no-credentials");
    for word in ["environment", "profile `default`", "metadata", "aws configure", "aws sso login"] {
        assert!(answer.message.contains(word), "{word}: {}", answer.message);
    }
}

#[tokio::test]
async fn a_metadata_service_that_never_answers_does_not_hold_the_sentence_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metadata = format!("http://{}", silent.local_addr().unwrap());
    for (code, extra) in [("no-credentials", ("AWS_REGION", "us-east-1")), ("no-region", KEYS[0])] {
        let answer = ask(home(&[]).path(), &[NOWHERE, (METADATA, &metadata), extra, KEYS[1]]).await;
        assert_eq!(answer.code, code, "{}", answer.message);
    }
}

#[tokio::test]
async fn an_unknown_profile_is_named() {
    let answer = ask(home(&[]).path(), &[NOWHERE, ("AWS_REGION", "us-east-1"), ("AWS_PROFILE", "phone")]).await;
    assert_eq!(answer.code, "no-credentials");
    assert!(answer.message.contains("profile `phone`"), "{}", answer.message);
}

#[tokio::test]
async fn an_api_key_alone_is_refused_with_its_reason() {
    let environment = [NOWHERE, ("AWS_REGION", "us-east-1"), ("AWS_BEARER_TOKEN_BEDROCK", "planted-api-key")];
    let answer = ask(home(&[]).path(), &environment).await;
    assert_eq!(answer.code, "bearer-token-only");
    assert!(answer.message.contains("takes no Bedrock API key"), "{}", answer.message);
}

#[tokio::test]
async fn without_a_region_the_sentence_says_how_to_set_one() {
    let answer = ask(home(&[]).path(), &[NOWHERE, KEYS[0], KEYS[1]]).await;
    assert_eq!(answer.code, "no-region");
    assert!(answer.message.contains("AWS_REGION"), "{}", answer.message);
}

#[tokio::test]
async fn region_and_keys_of_a_profile_are_used_and_the_closed_port_is_named() {
    let files = [
        (".aws/config", "[profile phone]\nregion = eu-north-1\n"),
        (".aws/credentials", "[phone]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = planted\n"),
    ];
    let answer = ask(home(&files).path(), &[NOWHERE, ("AWS_PROFILE", "phone")]).await;
    assert_eq!(answer.code, "unreachable");
    assert!(answer.message.contains("127.0.0.1:1") && answer.message.contains("refused"), "{}", answer.message);
}

#[tokio::test]
async fn endpoints_are_taken_in_order() {
    let all = [
        ("BEDROCK_NOVA_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:2"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:3"),
    ];
    let home = home(&[]);
    for first in 0..all.len() {
        let mut environment = vec![KEYS[0], KEYS[1], ("AWS_REGION", "us-east-1")];
        environment.extend(&all[first..]);
        let answer = ask(home.path(), &environment).await;
        assert!(answer.message.contains(&all[first].1[7..]), "{first}: {}", answer.message);
    }
}

#[tokio::test]
async fn bad_endpoints_and_bundles_are_told_apart() {
    let home = home(&[("empty.pem", "no certificate here")]);
    let bundle = home.path().join("empty.pem");
    let base = [KEYS[0], KEYS[1], ("AWS_REGION", "us-east-1")];
    for (code, word, extra) in [
        ("endpoint", "localhost:8443", ("BEDROCK_NOVA_ENDPOINT", "localhost:8443")),
        ("endpoint", "ftp://x", ("AWS_ENDPOINT_URL", "ftp://x")),
        ("ca-bundle", "/nowhere.pem", ("AWS_CA_BUNDLE", "/nowhere.pem")),
        ("ca-bundle", "empty.pem", ("AWS_CA_BUNDLE", bundle.to_str().unwrap())),
        ("unreachable", "no.such.host.invalid", ("BEDROCK_NOVA_ENDPOINT", "https://no.such.host.invalid")),
    ] {
        let answer = ask(home.path(), &[&base[..], &[extra]].concat()).await;
        assert_eq!(answer.code, code, "{}", answer.message);
        assert!(answer.message.contains(word), "{}", answer.message);
    }
}

const SSO: &str = "[profile work]\nregion = us-east-1\nsso_session = corp\nsso_account_id = 123456789012\n\
                   sso_role_name = Voice\n[sso-session corp]\nsso_region = us-east-1\n\
                   sso_start_url = https://corp.awsapps.com/start\nsso_registration_scopes = sso:account:access\n";

#[cfg(feature = "sso")]
#[tokio::test]
async fn an_ended_sso_sign_in_names_the_command() {
    // The file is named after the SHA-1 of the session's name.
    let token = r#"{"accessToken":"planted","expiresAt":"2020-01-01T00:00:00Z","region":"us-east-1","startUrl":"https://corp.awsapps.com/start"}"#;
    let expired = [(".aws/config", SSO), (".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", token)];
    for files in [&expired[..], &expired[..1]] {
        let answer = ask(home(files).path(), &[NOWHERE, ("AWS_PROFILE", "work")]).await;
        assert_eq!(answer.code, "sso-expired", "{}", answer.message);
        assert!(answer.message.contains("aws sso login --profile work"), "{}", answer.message);
    }
}

#[cfg(feature = "sso")]
#[tokio::test]
async fn credentials_that_a_process_gives_too_late_are_expired() {
    let files = [
        (
            "give.sh",
            "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"planted\",\"SessionToken\":\"planted\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'\n",
        ),
        (".aws/config", "[profile old]\nregion = us-east-1\ncredential_process = /bin/sh $HOME/give.sh\n"),
    ];
    let home = home(&files);
    let config = files[1].1.replace("$HOME", home.path().to_str().unwrap());
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let answer = ask(home.path(), &[NOWHERE, ("AWS_PROFILE", "old")]).await;
    assert_eq!(answer.code, "expired-credentials", "{}", answer.message);
}

#[cfg(not(feature = "sso"))]
#[tokio::test]
async fn an_sso_profile_without_the_feature_says_so() {
    let answer = ask(home(&[(".aws/config", SSO)]).path(), &[NOWHERE, ("AWS_PROFILE", "work")]).await;
    assert_eq!(answer.code, "no-credentials");
    assert!(answer.message.contains("`work`") && answer.message.contains("feature `sso`"), "{}", answer.message);
}

#[tokio::test]
async fn expired_credentials_name_the_provider_that_gave_them() {
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let credentials = Credentials::new("AKID", "planted", Some("planted".into()), Some(past), "OurVault");
    let config = SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let bedrock = Bedrock::builder().sdk_config(&config).region("us-east-1").build().await.unwrap();
    let failure = bedrock.open(target(), Vec::new()).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Credentials { code, message, .. } if code == "expired-credentials" && message.contains("OurVault")),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_region_of_the_target_makes_up_for_a_missing_one() {
    let config = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::v2026_01_12()).build();
    let bedrock = Bedrock::builder()
        .sdk_config(&config)
        .endpoint_url("http://127.0.0.1:1")
        .credentials("AKID", "planted", None)
        .build()
        .await
        .unwrap();
    let nowhere = bedrock.open(target(), Vec::new()).await.unwrap_err();
    assert!(matches!(&nowhere, Failure::Credentials { code, .. } if code == "no-region"), "{nowhere:?}");
    let there = Target { region: Some("eu-north-1".into()), ..target() };
    let refused = bedrock.open(there, Vec::new()).await.unwrap_err();
    assert!(matches!(&refused, Failure::Unreachable { .. }), "{refused:?}");
}

#[tokio::test]
async fn with_an_api_key_beside_real_keys_every_event_is_still_signed() {
    let (peer, url) = RawPeer::bind().await;
    let environment = [
        KEYS[0],
        KEYS[1],
        ("AWS_REGION", "us-east-1"),
        ("AWS_BEARER_TOKEN_BEDROCK", "planted-api-key"),
        ("BEDROCK_NOVA_ENDPOINT", &url),
    ];
    let home = home(&[]);
    let (answer, ()) = tokio::join!(ask(home.path(), &environment), async {
        let mut connection = peer.accept(&[]).await;
        let stream = connection.until(HEADERS).await.stream;
        let first = connection.until(DATA).await.payload;
        assert!(first.windows(16).any(|bytes| bytes == b":chunk-signature"), "the first event is not signed");
        connection.accept_stream(stream).await;
    });
    assert_eq!(answer.code, "opened");
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let builder = Bedrock::builder().endpoint_url("http://127.0.0.1:1").region("us-east-1").credentials(
        "AKIDplanted",
        "planted",
        Some("planted".into()),
    );
    let text = format!("{builder:?}");
    assert!(!text.contains("planted"), "{text}");
    let bedrock = builder.build().await.unwrap();
    let _failure = bedrock.open(target(), Vec::new()).await.unwrap_err();
    let text = format!("{bedrock:?}");
    assert!(!text.contains("planted"), "{text}");
}
