//! Voices by name.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A voice of Nova Sonic (reference §5.3); serialises as its id. Which model has which is the catalogue's to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum Voice {
    /// American English, and every language of the second generation; feminine.
    #[default]
    Tiffany,
    /// American English, and every language of the second generation; masculine.
    Matthew,
    /// British English; feminine.
    Amy,
    /// Australian English; feminine.
    Olivia,
    /// Indian English and Hindi; feminine.
    Kiara,
    /// Indian English and Hindi; masculine.
    Arjun,
    /// French; feminine.
    Ambre,
    /// French; masculine.
    Florian,
    /// Italian; feminine.
    Beatrice,
    /// Italian; masculine.
    Lorenzo,
    /// German, first generation only; feminine.
    Greta,
    /// German; feminine.
    Tina,
    /// German; masculine.
    Lennart,
    /// Spanish; feminine.
    Lupe,
    /// Spanish; masculine.
    Carlos,
    /// Brazilian Portuguese; feminine.
    Carolina,
    /// Brazilian Portuguese; masculine.
    Leo,
    /// Any other id, sent as it is; make it with [`Voice::other`].
    Other(Arc<str>),
}

impl Voice {
    /// Every voice that has a name of its own here.
    pub const NAMED: [Voice; 17] = [
        Voice::Tiffany,
        Voice::Matthew,
        Voice::Amy,
        Voice::Olivia,
        Voice::Kiara,
        Voice::Arjun,
        Voice::Ambre,
        Voice::Florian,
        Voice::Beatrice,
        Voice::Lorenzo,
        Voice::Greta,
        Voice::Tina,
        Voice::Lennart,
        Voice::Lupe,
        Voice::Carlos,
        Voice::Carolina,
        Voice::Leo,
    ];

    /// Makes a voice from an id; an id that has a name of its own becomes that variant. Letter case counts.
    pub fn other(id: impl AsRef<str>) -> Voice {
        let id = id.as_ref();
        Voice::NAMED.into_iter().find(|voice| voice.id() == id).unwrap_or_else(|| Voice::Other(id.into()))
    }

    /// Returns the id as it goes on the wire.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Voice::Tiffany => "tiffany",
            Voice::Matthew => "matthew",
            Voice::Amy => "amy",
            Voice::Olivia => "olivia",
            Voice::Kiara => "kiara",
            Voice::Arjun => "arjun",
            Voice::Ambre => "ambre",
            Voice::Florian => "florian",
            Voice::Beatrice => "beatrice",
            Voice::Lorenzo => "lorenzo",
            Voice::Greta => "greta",
            Voice::Tina => "tina",
            Voice::Lennart => "lennart",
            Voice::Lupe => "lupe",
            Voice::Carlos => "carlos",
            Voice::Carolina => "carolina",
            Voice::Leo => "leo",
            Voice::Other(id) => id,
        }
    }
}

impl fmt::Display for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl From<String> for Voice {
    fn from(id: String) -> Self {
        Voice::other(id)
    }
}

impl From<&str> for Voice {
    fn from(id: &str) -> Self {
        Voice::other(id)
    }
}

impl From<Voice> for String {
    fn from(voice: Voice) -> String {
        voice.id().to_owned()
    }
}
