//! The models that can be called, and how they differ (reference §0.3, §5.3, §7.1).

/// One model as the emulator plays it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// The id in the request path.
    pub id: &'static str,
    /// The generation, on which every difference hangs.
    pub generation: Generation,
}

/// The generations of Nova Sonic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Generation {
    /// `amazon.nova-sonic-v1:0`: lenient, blocking, no interactive text.
    V1,
    /// `amazon.nova-2-sonic-v1:0`.
    V2,
    /// `amazon.nova-2-5-sonic`.
    V25,
}

impl Model {
    /// Every model that is known, oldest first.
    pub const ALL: [Self; 3] = [
        Self { id: "amazon.nova-sonic-v1:0", generation: Generation::V1 },
        Self { id: "amazon.nova-2-sonic-v1:0", generation: Generation::V2 },
        Self { id: "amazon.nova-2-5-sonic", generation: Generation::V25 },
    ];

    /// Finds a model by the id of the request path; prefixed ids (`us.…`) are refused by the operation (reference §0.3).
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.id == id)
    }
}

impl Generation {
    /// The voices of this generation (reference §5.3).
    pub(crate) fn has_voice(self, voice: &str) -> bool {
        BOTH_VOICES.contains(&voice) || if self == Self::V1 { voice == "greta" } else { LATER_VOICES.contains(&voice) }
    }

    /// Whether this is v1, which is lenient where the others are strict.
    pub(crate) fn is_first(self) -> bool {
        self == Self::V1
    }
}

/// Voices that one AWS sample offers and others do not know (reference §5.3, question 16).
pub(crate) const EXTRA_VOICES: [&str; 3] = ["camila", "aditi", "rohan"];

const BOTH_VOICES: [&str; 10] =
    ["tiffany", "matthew", "amy", "ambre", "florian", "beatrice", "lorenzo", "lennart", "lupe", "carlos"];
const LATER_VOICES: [&str; 6] = ["olivia", "kiara", "arjun", "tina", "carolina", "leo"];
