//! Connections and credentials, shared by calls.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use bedrock_nova::transport::Bedrock;
use bedrock_nova_bindings::{Way, Wishes};
use napi_derive::napi;
use serde_json::{Value, json};

use crate::inbox::Inbox;

/// A way to the service; made when the first call needs it.
#[napi]
pub struct Service {
    pub(crate) way: Arc<Way>,
}

/// What differs from AWS's usual ways.
#[napi(object)]
pub struct ServiceOptions {
    /// The region.
    pub region: Option<String>,
    /// The profile in AWS's files.
    pub profile: Option<String>,
    /// Where calls go.
    pub endpoint_url: Option<String>,
    /// A PEM file.
    pub ca_bundle: Option<String>,
    /// Keys that stay.
    pub access_key_id: Option<String>,
    /// Their secret.
    pub secret_access_key: Option<String>,
    /// Their session token.
    pub session_token: Option<String>,
}

#[napi]
impl Service {
    /// Describes a way; `provider` is asked for credentials, if there is one.
    #[napi(constructor)]
    pub fn new(options: ServiceOptions, provider: Option<&Inbox>) -> Self {
        let mut builder = Bedrock::builder();
        if let Some(region) = options.region {
            builder = builder.region(region);
        }
        if let Some(profile) = options.profile {
            builder = builder.profile(profile);
        }
        if let Some(url) = options.endpoint_url {
            builder = builder.endpoint_url(url);
        }
        if let Some(path) = options.ca_bundle {
            builder = builder.ca_bundle(path);
        }
        if let (Some(key), Some(secret)) = (options.access_key_id, options.secret_access_key) {
            builder = builder.credentials(key, secret, options.session_token);
        }
        if let Some(inbox) = provider {
            builder = builder.credentials_provider(Asked { wishes: inbox.wishes.clone() });
        }
        Service { way: Way::new(builder) }
    }

    /// Counts the connections that are open and take streams.
    #[napi(getter)]
    pub fn connections(&self) -> u32 {
        u32::try_from(self.way.connections()).unwrap_or(u32::MAX)
    }

    /// Returns the region, once the first call has needed it.
    #[napi(getter)]
    pub fn region(&self) -> Option<String> {
        self.way.region()
    }
}

/// A function of JavaScript's that gives credentials.
struct Asked {
    wishes: Wishes,
}

impl ProvideCredentials for Asked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let answer = self.wishes.ask(&"credentials".into(), &json!({}));
        future::ProvideCredentials::new(async move { read(&answer.await.map_err(CredentialsError::provider_error)?) })
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

fn read(answer: &Value) -> Result<Credentials, CredentialsError> {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let (Some(key), Some(secret)) = (text("accessKeyId"), text("secretAccessKey")) else {
        return Err(CredentialsError::provider_error(
            "the credentials provider gave no accessKeyId and secretAccessKey",
        ));
    };
    let expires = answer["expiresMs"].as_f64().map(|at| UNIX_EPOCH + Duration::from_secs_f64((at / 1e3).max(0.0)));
    Ok(Credentials::new(key, secret, text("sessionToken"), expires, "JavaScript"))
}
