//! Connections and credentials, shared by calls.

use std::path::PathBuf;
use std::sync::Arc;

use bedrock_nova::transport::Bedrock;
use bedrock_nova_bindings::Way;
use pyo3::prelude::*;

/// A way to the service; made when the first call needs it.
#[pyclass(frozen, module = "bedrock_nova._native")]
pub(crate) struct Service {
    pub(crate) way: Arc<Way>,
}

#[pymethods]
impl Service {
    #[new]
    #[pyo3(signature = (*, region=None, profile=None, endpoint_url=None, ca_bundle=None, credentials=None))]
    fn new(
        region: Option<String>,
        profile: Option<String>,
        endpoint_url: Option<String>,
        ca_bundle: Option<PathBuf>,
        credentials: Option<(String, String, Option<String>)>,
    ) -> Self {
        let mut builder = Bedrock::builder();
        if let Some(region) = region {
            builder = builder.region(region);
        }
        if let Some(profile) = profile {
            builder = builder.profile(profile);
        }
        if let Some(url) = endpoint_url {
            builder = builder.endpoint_url(url);
        }
        if let Some(path) = ca_bundle {
            builder = builder.ca_bundle(path);
        }
        if let Some((access_key, secret_key, token)) = credentials {
            builder = builder.credentials(access_key, secret_key, token);
        }
        Service { way: Way::new(builder) }
    }

    /// Counts the connections that are open and take streams.
    fn connections(&self) -> usize {
        self.way.connections()
    }

    /// Returns the region, once the first call has needed it.
    fn region(&self) -> Option<String> {
        self.way.region()
    }
}
