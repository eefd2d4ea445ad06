//! Paths in a Merkle tree: that a leaf is in it, and that a tree grew out of another.
//!
//! As RFC 6962 (section 2.1) makes them and RFC 9162 (sections 2.1.3.2 and 2.1.4.2) verifies them. Our own, because they are a page of code without a
//! decision in it, held against a naive model and against the published vectors; the crates that do the same bring a second version of the hash with them.

use std::cmp::Ordering;

use crate::hash::{Hash, left_of, node, tree_root};

/// The path from a leaf up to the root, the lowest first; none when there is no such leaf.
pub fn path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(left_of(leaves.len()));
    let (mut below, beside) = match index.checked_sub(left.len()) {
        None => (path(left, index)?, tree_root(right)),
        Some(index) => (path(right, index)?, tree_root(left)),
    };
    below.push(beside);
    Some(below)
}

/// The root of a tree of `size` leaves in which `leaf` stands at `index`, by its path. None when no such tree has such a path.
pub fn root_of(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut root = leaf;
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node(beside, &root);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            root = node(&root, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// That the tree of these leaves grew out of that of its first `old`: the hashes from which both roots can be made. None when there are not so many, or `old` is
/// nothing: everything grows out of nothing.
pub fn growth(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    Some(subgrowth(leaves, old, true))
}

fn subgrowth(leaves: &[Hash], old: usize, is_old_tree: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_old_tree { Vec::new() } else { vec![tree_root(leaves)] };
    }
    let (left, right) = leaves.split_at(left_of(leaves.len()));
    let (mut below, beside) = match old.checked_sub(left.len()) {
        None | Some(0) => (subgrowth(left, old, is_old_tree), tree_root(right)),
        Some(old) => (subgrowth(right, old, false), tree_root(left)),
    };
    below.push(beside);
    below
}

/// Whether a tree of some leaves grew out of another, by the proof of [`growth`]. `old` and `new` are number of leaves and root.
pub fn is_grown((old_size, old_root): (u64, Hash), (new_size, new_root): (u64, Hash), proof: &[Hash]) -> bool {
    match old_size.cmp(&new_size) {
        Ordering::Equal => return proof.is_empty() && old_root == new_root,
        Ordering::Greater => return false,
        Ordering::Less if old_size == 0 => return false,
        Ordering::Less => {}
    }
    // A tree that was full stands in the new one as it is: the proof leaves it out.
    let first = if old_size.is_power_of_two() { Some(&old_root) } else { None };
    let mut hashes = first.into_iter().chain(proof);
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let Some(seed) = hashes.next() else { return false };
    let (mut old, mut new) = (*seed, *seed);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (old, new) = (node(hash, &old), node(hash, &new));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node(&new, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == old_root && new == new_root
}
