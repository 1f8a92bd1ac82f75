//! Who signs: credentials found before the request, within a deadline, and a sentence when there are none.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::Mutex;

use super::http::chain;
use crate::transport::Failure;

/// Finds credentials and keeps them while they last for a whole session.
pub(super) struct Identity {
    provider: Option<SharedCredentialsProvider>,
    profile: Profile,
    bearer: BearerToken,
    found: Mutex<Option<(Credentials, SystemTime)>>,
}

/// The profile whose files are looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile(pub(super) String);

/// Whether the environment holds an Amazon Bedrock API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BearerToken {
    Present,
    Absent,
}

impl Identity {
    /// Makes an identity that asks a provider, when there is one.
    pub(super) fn new(provider: Option<SharedCredentialsProvider>, profile: Profile, bearer: BearerToken) -> Self {
        Identity { provider, profile, bearer, found: Mutex::new(None) }
    }

    /// Returns credentials that have not expired, if possible such that last for a whole session.
    pub(super) async fn resolve(&self) -> Result<Credentials, Failure> {
        match tokio::time::timeout(DEADLINE, self.find()).await {
            Ok(found) => found,
            Err(_) => Err(self.none(&format!("within {} s", DEADLINE.as_secs()))),
        }
    }

    async fn find(&self) -> Result<Credentials, Failure> {
        let mut found = self.found.lock().await;
        let now = clock();
        if let Some((credentials, since)) = &*found
            && lasts(credentials, now)
            && now.duration_since(*since).is_ok_and(|age| age < KEEP)
        {
            return Ok(credentials.clone());
        }
        let provider = self.provider.as_ref().ok_or_else(|| self.none("in this configuration"))?;
        let credentials = provider.provide_credentials().await.map_err(|error| self.failed(&error))?;
        if credentials.expiry().is_some_and(|expiry| expiry <= now) {
            return Err(self.expired(&format!("they came from the provider {}", provider_name(&credentials))));
        }
        *found = Some((credentials.clone(), now));
        Ok(credentials)
    }

    /// Reads what the chain said. SSO is recognised by its words, because the SDK's error types are private.
    fn failed(&self, error: &CredentialsError) -> Failure {
        let said = chain(error).trim_end_matches('.').to_owned();
        let lower = said.to_lowercase();
        tracing::debug!(%said, "the credential chain gave nothing");
        match error {
            CredentialsError::CredentialsNotLoaded(_) => self.none("anywhere"),
            // Metadata is asked last, on machines of Amazon's and on others: that it refuses means that nobody had any.
            _ if lower.contains("imds") => self.none("anywhere"),
            _ if lower.contains("cargo feature") => self.not_built(),
            _ if lower.contains("sso") => self.sso_expired(&said),
            _ if lower.contains("expired") => self.expired(&said),
            _ => self.cannot(&said),
        }
    }

    fn none(&self, place: &str) -> Failure {
        if self.bearer == BearerToken::Present {
            return failure(
                "bearer-token-only",
                "This operation takes no Bedrock API key, and AWS_BEARER_TOKEN_BEDROCK is the only credential here."
                    .to_owned(),
                "It needs an access key or a role: run `aws configure` or `aws sso login`.".to_owned(),
            );
        }
        let profile = &self.profile.0;
        failure(
            "no-credentials",
            format!(
                "No AWS credentials were found {place}: looked at the environment, at profile `{profile}` in the AWS \
                 config and credentials files, at web identity, and at container and instance metadata."
            ),
            format!(
                "Run `aws configure --profile {profile}` or `aws sso login --profile {profile}`, or name another \
                 profile in AWS_PROFILE."
            ),
        )
    }

    fn cannot(&self, said: &str) -> Failure {
        let profile = &self.profile.0;
        failure(
            "no-credentials",
            format!("AWS credentials could not be had (profile `{profile}`): {said}."),
            format!("Run `aws configure --profile {profile}`."),
        )
    }

    fn not_built(&self) -> Failure {
        let profile = &self.profile.0;
        failure(
            "no-credentials",
            format!(
                "Profile `{profile}` signs in with IAM Identity Center or with a credential process, and this program \
                 was built without them."
            ),
            "Build it with the feature `sso` of bedrock-nova, or name another profile in AWS_PROFILE.".to_owned(),
        )
    }

    fn sso_expired(&self, said: &str) -> Failure {
        let profile = &self.profile.0;
        failure(
            "sso-expired",
            format!("The sign-in of profile `{profile}` with IAM Identity Center has ended ({said})."),
            format!("Run `aws sso login --profile {profile}`."),
        )
    }

    fn expired(&self, said: &str) -> Failure {
        let profile = &self.profile.0;
        failure(
            "expired-credentials",
            format!("The AWS credentials have expired ({said})."),
            format!("Renew them, for instance with `aws sso login --profile {profile}`, or run what wrote them again."),
        )
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("profile", &self.profile.0)
            .field("bearer", &self.bearer)
            .finish_non_exhaustive()
    }
}

/// Makes the failure of a missing region.
pub(super) fn no_region(profile: &Profile) -> Failure {
    let profile = &profile.0;
    failure(
        "no-region",
        format!(
            "No AWS region is set: looked at AWS_REGION, AWS_DEFAULT_REGION, profile `{profile}` and instance metadata."
        ),
        format!(
            "Set AWS_REGION, for example to us-east-1, or run `aws configure set region us-east-1 --profile {profile}`."
        ),
    )
}

fn lasts(credentials: &Credentials, now: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > now + SESSION)
}

/// Returns who gave the credentials. The SDK keeps the name but tells it only in `Debug`, beside the access key.
fn provider_name(credentials: &Credentials) -> String {
    let debug = format!("{credentials:?}");
    let name = debug.split_once("provider_name: \"").and_then(|(_, rest)| rest.split_once('"'));
    name.map_or("that does not say its name", |(name, _)| name).to_owned()
}

fn failure(code: &str, message: String, hint: String) -> Failure {
    Failure::Credentials { code: code.to_owned(), message, hint }
}

#[allow(clippy::disallowed_methods, reason = "credentials expire by the wall clock")]
fn clock() -> SystemTime {
    SystemTime::now()
}

/// How long the chain may look, such that a person has the answer within five seconds.
const DEADLINE: Duration = Duration::from_secs(4);

/// Credentials that end sooner are asked for anew: a session's eight minutes and a margin.
const SESSION: Duration = Duration::from_secs(9 * 60);

/// How long credentials without an end are kept before the files they may come from are read again.
const KEEP: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_provider_is_read_without_its_keys() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "Environment");
        assert_eq!(provider_name(&credentials), "Environment");
    }
}
