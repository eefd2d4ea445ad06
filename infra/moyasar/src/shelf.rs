//! Objects in the order they were made, found by id.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Something with an id and the time it was made.
pub(crate) trait Filed {
    fn id(&self) -> Uuid;
    fn created_at(&self) -> u64;
}

/// Objects in the order they were made; the times never go backwards.
pub(crate) struct Shelf<T> {
    items: Vec<T>,
    places: HashMap<Uuid, usize>,
}

impl<T: Filed> Shelf<T> {
    pub(crate) fn get(&self, id: Uuid) -> Option<&T> {
        self.items.get(*self.places.get(&id)?)
    }

    pub(crate) fn get_mut(&mut self, id: Uuid) -> Option<&mut T> {
        self.items.get_mut(*self.places.get(&id)?)
    }

    pub(crate) fn put(&mut self, item: T) {
        self.places.insert(item.id(), self.items.len());
        self.items.push(item);
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// What was made after `from` and before `to`, oldest first: found, not searched.
    pub(crate) fn made_between(&self, from: Option<u64>, to: Option<u64>) -> &[T] {
        let start = from.map_or(0, |from| self.items.partition_point(|item| item.created_at() <= from));
        let end = to.map_or(self.items.len(), |to| self.items.partition_point(|item| item.created_at() < to));
        self.items.get(start..end).unwrap_or(&[])
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { items: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Serialize> Serialize for Shelf<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(to)
    }
}

impl<'de, T: Deserialize<'de> + Filed> Deserialize<'de> for Shelf<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut shelf = Self::default();
        for item in Vec::<T>::deserialize(from)? {
            shelf.put(item);
        }
        Ok(shelf)
    }
}
