//! What a [`Builder`](super::Builder) leaves open, found as AWS's own tools find it.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig, imds};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::http::Trust;
use super::identity::{BearerToken, Profile};
use crate::{Error, ErrorKind};

/// The behaviour of the SDK that this library was written against; a new one is looked at before it is taken.
pub(super) fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// What the environment says, read once.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    pub(super) endpoint: Option<String>,
    pub(super) ca_bundle: Option<PathBuf>,
    pub(super) profile: Profile,
    pub(super) bearer: BearerToken,
}

impl Environment {
    /// Reads the process's environment; an empty variable counts as none.
    pub(super) fn read() -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        Environment {
            endpoint: variable("BEDROCK_NOVA_ENDPOINT"),
            ca_bundle: variable("AWS_CA_BUNDLE").map(PathBuf::from),
            profile: Profile(variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned())),
            bearer: match variable("AWS_BEARER_TOKEN_BEDROCK") {
                Some(_) => BearerToken::Present,
                None => BearerToken::Absent,
            },
        }
    }
}

/// Loads region, endpoint and credentials as every AWS tool does, with instance metadata asked once and briefly.
pub(super) async fn load(
    profile: &Profile,
    region: Option<Region>,
    credentials: Option<SharedCredentialsProvider>,
    trust: &Trust,
) -> Result<SdkConfig, Error> {
    let http = chain_http(trust)?;
    let parts = ProviderConfig::without_region().with_http_client(http.clone());
    let metadata = imds::Client::builder()
        .configure(&parts)
        .max_attempts(1)
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .build();
    let region = match region {
        Some(region) => Some(region),
        None => find_region(profile, &parts, &metadata).await,
    };
    let mut loader = aws_config::defaults(behaviour())
        .profile_name(&profile.0)
        .http_client(http)
        .region(RegionProviderChain::first_try(region.clone()));
    loader = match credentials {
        Some(credentials) => loader.credentials_provider(credentials),
        None => loader.credentials_provider(
            DefaultCredentialsChain::builder()
                .profile_name(&profile.0)
                .region(RegionProviderChain::first_try(region))
                .imds_client(metadata)
                .configure(parts)
                .build()
                .await,
        ),
    };
    Ok(loader.load().await)
}

async fn find_region(profile: &Profile, parts: &ProviderConfig, metadata: &imds::Client) -> Option<Region> {
    let files = ProfileFileRegionProvider::builder().configure(parts).profile_name(&profile.0).build();
    let instance = imds::region::ImdsRegionProvider::builder().configure(parts).imds_client(metadata.clone()).build();
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(files)
        .or_else(instance)
        .region()
        .await
}

/// Makes the HTTP client of the credential chain (STS, Identity Center, metadata): the system's roots, and those of a
/// bundle beside them.
fn chain_http(trust: &Trust) -> Result<SharedHttpClient, Error> {
    let store = match trust.pem() {
        Some(pem) => TrustStore::default().with_pem_certificate(pem),
        None => TrustStore::default(),
    };
    let context = TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| Error::new(ErrorKind::Bug, format!("TLS cannot be set up: {error}.")))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https())
}

/// How long the instance metadata service may take to answer, where there is one it answers in milliseconds.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);
