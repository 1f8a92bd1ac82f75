//! Opening a stream: identity first, then the request with its opening already queued.

use std::fmt;
use std::sync::Arc;

use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::{Client, Config, config::Region};
use bytes::Bytes;

use super::super::uplink::uplink;
use super::Builder;
use super::failure::refused;
use super::http::OwnHttp;
use super::identity::{Identity, Profile, no_region};
use super::link::{BedrockLink, input, sent_guard};
use crate::transport::{BoxFuture, Failure, Opened, Target, Transport};

/// Opens streams to Amazon Bedrock, or to a server that speaks its protocol. Clones share connections and credentials.
#[derive(Clone)]
pub struct Bedrock {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    identity: Identity,
    profile: Profile,
    http: OwnHttp,
}

impl Bedrock {
    /// Starts a builder.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the region, when the configuration names one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.inner.config.region().map(Region::as_ref)
    }

    /// Counts the HTTP/2 connections that are open and take streams.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.http.connections()
    }

    pub(super) fn new(config: Config, identity: Identity, profile: Profile, http: OwnHttp) -> Self {
        Bedrock { inner: Arc::new(Inner { config, identity, profile, http }) }
    }
}

impl Transport for Bedrock {
    fn open(&self, target: Target, opening: Vec<Bytes>) -> BoxFuture<Result<Opened, Failure>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move { inner.open(target, opening).await })
    }
}

impl Inner {
    async fn open(&self, target: Target, opening: Vec<Bytes>) -> Result<Opened, Failure> {
        let own = self.config.region().cloned();
        let region = target.region.map(Region::new).or(own).ok_or_else(|| no_region(&self.profile))?;
        let identity = self.identity.resolve().await?;
        let identity_expires = identity.expiry();
        // The identity is pinned for the whole stream: each event is signed with what signed the request.
        let client = Client::from_conf(self.config.to_builder().region(region).credentials_provider(identity).build());
        let (sender, receiver) = uplink(opening);
        let (guard, sent) = sent_guard();
        let output = client
            .invoke_model_with_bidirectional_stream()
            .model_id(target.model)
            .body(input(receiver, guard))
            .send()
            .await
            .map_err(|error| refused(&error))?;
        let request_id = output.request_id().map(str::to_owned);
        let link = Box::new(BedrockLink::start(sender, output.body, sent, request_id.clone()));
        Ok(Opened { link, request_id, identity_expires })
    }
}

impl fmt::Debug for Bedrock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bedrock")
            .field("region", &self.region())
            .field("identity", &self.inner.identity)
            .field("http", &self.inner.http)
            .finish_non_exhaustive()
    }
}
