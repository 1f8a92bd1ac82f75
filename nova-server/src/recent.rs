//! A map that remembers who was there of late.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// A map of bounded size: between `room` and twice as many of the latest keys are in it.
///
/// Two generations: when the young one is full it becomes the old one, and what of that nobody asked for meanwhile is
/// forgotten.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    room: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub(crate) fn new(room: usize) -> Self {
        Recent { room, young: HashMap::new(), old: HashMap::new() }
    }

    /// Returns what is known under a key, or begins with something.
    pub(crate) fn entry(&mut self, key: K, begin: impl FnOnce() -> V) -> &mut V {
        if self.young.len() >= self.room && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        let old = &mut self.old;
        let from_old = old.remove(&key);
        self.young.entry(key).or_insert_with(|| from_old.unwrap_or_else(begin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_there_of_late_is_known_and_nobody_else() {
        let mut recent = Recent::new(3);
        for key in 0..100 {
            assert_eq!(*recent.entry(key, || key), key);
            assert_eq!(*recent.entry(0, || 1000), 0, "asked for all the time");
            assert!(recent.young.len() + recent.old.len() <= 6);
        }
        assert_eq!(*recent.entry(1, || 7), 7, "forgotten");
        assert_eq!(*recent.entry(99, || 7), 99);
    }
}
