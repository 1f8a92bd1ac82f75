//! axum.
use crate::desk::Desk;
use axum::Router;
/// x
pub fn router(_: Desk) -> Router {
    Router::new()
}
