//! How a [`Bedrock`] is made.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::auth::AuthSchemeId;

use super::Bedrock;
use super::http::{OwnHttp, Trust};
use super::identity::{Identity, Profile};
use super::settings::{Environment, behaviour, load};
use crate::{Error, ErrorKind};

/// Collects what differs from AWS's usual ways; everything is optional.
///
/// Honoured in the environment: `BEDROCK_NOVA_ENDPOINT`, `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`, `AWS_ENDPOINT_URL`,
/// `AWS_CA_BUNDLE`, `SSL_CERT_FILE`, `AWS_REGION`, `AWS_PROFILE` and the rest of the credential chain. What is set here
/// goes first, then `BEDROCK_NOVA_ENDPOINT`, then AWS's own order.
#[derive(Clone, Default)]
#[must_use]
pub struct Builder {
    region: Option<String>,
    profile: Option<String>,
    endpoint: Option<String>,
    ca: Option<CaBundle>,
    credentials: Option<SharedCredentialsProvider>,
    sdk: Option<SdkConfig>,
}

/// Where root certificates come from.
#[derive(Clone)]
enum CaBundle {
    File(PathBuf),
    Pem(Vec<u8>),
}

impl Builder {
    /// Sets the region, `us-east-1` for instance.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets the profile of the AWS config and credentials files.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// Sets the endpoint: `https://…` (HTTP/2 or HTTP/1.1, as ALPN gives) or `http://…` (HTTP/2 with prior knowledge).
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets a PEM file whose root certificates are believed instead of the system's.
    pub fn ca_bundle(mut self, path: impl AsRef<Path>) -> Self {
        self.ca = Some(CaBundle::File(path.as_ref().to_owned()));
        self
    }

    /// Sets root certificates in PEM that are believed instead of the system's.
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(CaBundle::Pem(pem.into()));
        self
    }

    /// Sets fixed credentials: access key, secret key and, for temporary ones, the session token.
    pub fn credentials(
        self,
        access_key: impl Into<String>,
        secret_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        self.credentials_provider(Credentials::new(access_key, secret_key, session_token, None, "bedrock-nova builder"))
    }

    /// Sets who is asked for credentials: before a session that the last ones would not outlive, and every quarter of an
    /// hour. An answer has to come within four seconds.
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(SharedCredentialsProvider::new(provider));
        self
    }

    /// Takes region, endpoint and credentials from an application's own SDK configuration.
    pub fn sdk_config(mut self, config: &SdkConfig) -> Self {
        self.sdk = Some(config.clone());
        self
    }

    /// Makes the transport. Nothing is sent yet except, without a region anywhere, one question to instance metadata.
    ///
    /// # Errors
    /// `Invalid` with code `endpoint` for a URL that is none, with code `ca-bundle` for root certificates that cannot be
    /// read. Missing regions and credentials are reported by `open`.
    pub async fn build(self) -> Result<Bedrock, Error> {
        let environment = Environment::read();
        let endpoint = self.endpoint.clone().or_else(|| environment.endpoint.clone());
        if let Some(endpoint) = &endpoint {
            check_endpoint(endpoint)?;
        }
        let trust = self.trust(&environment)?;
        let profile = self.profile.clone().map_or_else(|| environment.profile.clone(), Profile);
        let sdk = self.sdk(&profile, &trust).await?;
        if let Some(endpoint) = sdk.endpoint_url() {
            check_endpoint(endpoint)?;
        }
        let provider = sdk.credentials_provider();
        let http = OwnHttp::new(trust);
        let mut config = aws_sdk_bedrockruntime::config::Builder::from(&sdk)
            .behavior_version(behaviour())
            .http_client(http.clone())
            // With an API key in the environment the SDK would send the events unsigned (SDK page §2.8).
            .auth_scheme_preference([AuthSchemeId::from("sigv4")])
            // A stream cannot be sent twice; waiting has the deadlines of the conversation.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled());
        if let Some(region) = self.region {
            config = config.region(Region::new(region));
        }
        if endpoint.is_some() {
            config = config.endpoint_url(endpoint.clone().unwrap_or_default());
        }
        let identity = Identity::new(provider, profile.clone(), environment.bearer);
        Ok(Bedrock::new(config.build(), identity, profile, http))
    }

    fn trust(&self, environment: &Environment) -> Result<Trust, Error> {
        match (&self.ca, &environment.ca_bundle) {
            (Some(CaBundle::Pem(pem)), _) => Trust::bundle(pem.clone(), "given as text"),
            (Some(CaBundle::File(path)), _) | (None, Some(path)) => Trust::file(path),
            (None, None) => Trust::system(),
        }
    }

    async fn sdk(&self, profile: &Profile, trust: &Trust) -> Result<SdkConfig, Error> {
        let credentials = self.credentials.clone();
        match &self.sdk {
            Some(sdk) => {
                let mut sdk = sdk.clone().into_builder();
                if let Some(credentials) = credentials {
                    sdk.set_credentials_provider(Some(credentials));
                }
                Ok(sdk.build())
            }
            None => {
                let region = self.region.clone().map(Region::new);
                let loading = load(profile, region, credentials, trust);
                tokio::time::timeout(LOAD_TIMEOUT, loading).await.map_err(|_| slow())?
            }
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("region", &self.region)
            .field("profile", &self.profile)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

fn check_endpoint(url: &str) -> Result<(), Error> {
    let parsed = url.parse::<http::Uri>().ok();
    let known = parsed.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    if known {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, format!("`{url}` is no endpoint."))
        .with_code("endpoint")
        .with_hint("Give a URL such as https://localhost:8443 or http://localhost:8080."))
}

fn slow() -> Error {
    Error::new(ErrorKind::Timeout, "The AWS configuration could not be read in time.").with_code("configuration")
}

/// How long reading the configuration may take; only instance metadata makes it wait at all.
const LOAD_TIMEOUT: Duration = Duration::from_secs(4);
