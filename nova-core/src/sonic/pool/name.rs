//! Ids of calls that say whose they are, to those who know the owner.

use uuid::Uuid;

use crate::ids::{CallId, Owner};

/// Hexadecimal digits of the owner's part: 64 bits, which nobody hits by chance.
const MARK: usize = 16;

/// Makes an id for a call of an owner's: 32 digits of chance, and a mark made from them and the owner.
pub(super) fn make(owner: &Owner) -> CallId {
    let chance = Uuid::new_v4();
    CallId::from(format!("{}-{}", chance.simple(), mark(&chance, owner)))
}

/// Says whether an id can be one of an owner's calls.
pub(super) fn is_of(id: &CallId, owner: &Owner) -> bool {
    let Some((chance, its)) = id.as_str().split_once('-') else { return false };
    chance.len() == 32 && Uuid::try_parse(chance).is_ok_and(|chance| mark(&chance, owner) == its)
}

/// A name-based UUID, the chance being the namespace.
fn mark(chance: &Uuid, owner: &Owner) -> String {
    let mut mark = Uuid::new_v5(chance, owner.as_str().as_bytes()).simple().to_string();
    mark.truncate(MARK);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_owners_alone() {
        let (ann, bob) = (Owner::from("ann"), Owner::from("bob"));
        let id = make(&ann);
        assert!(is_of(&id, &ann) && !is_of(&id, &bob));
        assert_ne!(make(&ann), make(&ann));
        for wrong in ["", "-", "ann", "0123", &id.as_str()[1..], &format!("{id}0"), &id.as_str().replace('-', "")] {
            assert!(!is_of(&CallId::from(wrong), &ann), "{wrong}");
        }
    }

    #[test]
    fn an_id_is_made_the_same_way_in_every_version() {
        // The first half of the SHA-1 that RFC 9562 makes a name-based UUID from.
        let id = CallId::from("00000000000040008000000000000001-a8f508162e4b5821");
        assert!(is_of(&id, &Owner::from("ann")));
    }
}
