//! The voice API over HTTP, as `docs/API.md` of the repository has it: sessions, audio and text, events as server-sent
//! events and over a WebSocket, tickets for browsers, health and metrics.
//!
//! ```text
//!   your service          bedrock-nova serve          a server in another language
//!        │                        │                              │
//!   router  (feature `axum`)  HTTP, sockets, the end of a process │
//!        └───────────┬────────────┴──────────────────────────────┘
//!                  Desk           bytes in, bytes out: who calls, what is meant, what the answer is
//!                    │
//!          bedrock_nova::sonic::ConversationPool
//! ```
//!
//! With axum it is a router to put beside your own routes:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use bedrock_nova::{sonic::ConversationPool, transport::Bedrock};
//! use bedrock_nova_server::{Desk, router};
//!
//! # #[cfg(feature = "axum")]
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let pool = ConversationPool::builder().conversations(100).build()?;
//!     let desk = Desk::builder(pool).transport(Bedrock::builder().build().await?).build();
//!     let app = Router::new().route("/", get(|| async { "Talk to me." })).merge(router(&desk));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//!     Ok(router::serve(listener, app, desk, std::time::Duration::from_secs(30)).await?)
//! }
//! # #[cfg(not(feature = "axum"))]
//! # fn main() {}
//! ```
//!
//! The [`Desk`] knows no web framework. Whoever serves the API with another one moves bytes: finds the [`Route`], has the
//! caller [admitted](Desk::admit), and gives back the [answer](Desk::answer), the [events](Desk::events) or a
//! [talk](Desk::talk).
//!
//! | file | concern |
//! |---|---|
//! | `route` | which routes there are: one table |
//! | `answer` | what goes back, failures in their one form |
//! | `desk` | what each route does |
//! | `bodies` | what clients send, read field by field |
//! | `access`, `tickets`, `limits` | who calls, and how often |
//! | `register`, `recent` | when a call began and was last spoken to |
//! | `page` | the page to talk in |
//! | `description` | `/openapi.json`, and a page of it |
//! | `settings` | everything from the environment |
//! | `router` | axum: HTTP, WebSockets, the end of the process |

mod access;
mod answer;
mod bodies;
mod description;
mod desk;
mod limits;
pub mod page;
mod recent;
mod register;
mod route;
#[cfg(feature = "axum")]
pub mod router;
pub mod settings;
mod tickets;

pub use access::{Caller, Owners};
pub use answer::{Answer, Failure};
pub use desk::listening::{EventStream, Query};
pub use desk::talking::{Down, Encoding, Message, Talk, Up};
pub use desk::{Asked, Desk, DeskBuilder};
pub use limits::RateLimit;
pub use route::{Admission, Kind, Method, Route};
#[cfg(feature = "axum")]
pub use router::router;
pub use settings::Settings;
pub use tickets::Tickets;

/// The README's program, compiled by the tests.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
mod readme {}
