//! The page that a server of the voice API serves.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A file of the page: media type, etag, further headers, content.
type Found<'py> = (&'static str, &'static str, Vec<(&'static str, &'static str)>, Bound<'py, PyBytes>);

/// The paths of the page's files.
#[pyfunction]
pub(crate) fn page_paths() -> Vec<&'static str> {
    bedrock_nova_page::files().iter().map(|file| file.path).collect()
}

/// The file at a path; none if there is none.
#[pyfunction]
pub(crate) fn page<'py>(py: Python<'py>, path: &str) -> Option<Found<'py>> {
    let file = bedrock_nova_page::find(path)?;
    Some((file.content_type, file.etag, file.headers.to_vec(), PyBytes::new(py, file.body)))
}

/// Whether a request that sent this `If-None-Match` has the file already.
#[pyfunction]
pub(crate) fn page_is_known(path: &str, if_none_match: &str) -> bool {
    bedrock_nova_page::find(path).is_some_and(|file| file.is_known(if_none_match))
}
