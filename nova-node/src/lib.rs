//! The native half of the Node package `bedrock-nova`: convert, call, convert.
//!
//! ```text
//!   Node's event loop ───── is called by the bell, then drains ─────┐
//!                                                                   ▼
//!   bedrock-nova (TypeScript)  ◀── texts and buffers ── Reader · Op · Inbox      polled on the loop's own thread
//!                                                          │ wakers that ring the bell
//!                                                          ▼
//!                                            bedrock_nova's core, on a tokio runtime of two threads
//! ```
//!
//! One thread-safe function for each environment (the main thread, each worker) is all that the core's threads ever touch
//! of Node; at most one call of it is under way. What the package shares with Python's wheel is in `nova-bindings`.
//!
//! | file | concern |
//! |---|---|
//! | `bell` | the one function of an environment, and how long it keeps Node alive |
//! | `op` | one act that takes time |
//! | `reader` | the events of a call |
//! | `inbox` | tools and credentials that JavaScript gives |
//! | `call`, `pool`, `raw`, `service` | the core's own things |
//! | `desk`, `routes`, `answer`, `talk`, `settings` | a server of the voice API |
//! | `errors`, `tables` | what crosses on the side |

mod answer;
mod bell;
mod call;
mod desk;
mod errors;
mod inbox;
mod op;
mod pool;
mod raw;
mod reader;
mod routes;
mod service;
mod settings;
mod tables;
mod talk;
