//! What each speech model is and can do, as data: one dated [`Catalogue`], which an application may replace.
//!
//! The code asks a [`Model`] for its facts and never looks at the shape of an id. An id that the catalogue does not
//! know gets the facts of the newest speech model and says so with [`Model::is_known`].

mod catalogue;
mod facts;
mod voice;

pub use catalogue::{Catalogue, Model, ModelId};
pub use facts::{Facts, Feature, Gender, Limits, Prices, Reach, VoiceFacts};
pub use voice::Voice;
