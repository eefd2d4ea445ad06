//! Paths of Merkle trees: the published vectors, and a naive model.

use domain::hash::{Hash, leaf, tree_root};
use domain::proof::tree::{growth, is_grown, path, root_of};
use proptest::prelude::*;

const DATA: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|number| leaf(&[], &number.to_be_bytes())).collect()
}

fn hashes(hex: &[&str]) -> Vec<Hash> {
    hex.iter().map(|hash| hash.parse().unwrap()).collect()
}

/// The vectors of Certificate Transparency's reference implementation.
#[test]
fn paths_and_growth_agree_with_the_reference_vectors() {
    let leaves: Vec<Hash> = DATA.iter().map(|data| leaf(&[], data)).collect();
    let (l0, l1, l4) = (leaves[0].to_string(), leaves[1].to_string(), leaves[4].to_string());
    let n23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    let n01 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
    let n03 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
    let n47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
    let n45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
    let n67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    assert_eq!(l1, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    assert_eq!(l4, "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
    assert_eq!(path(&leaves, 0).unwrap(), hashes(&[&l1, n23, n47]));
    assert_eq!(path(&leaves, 5).unwrap(), hashes(&[&l4, n67, n03]));
    assert_eq!(path(&leaves[..3], 2).unwrap(), hashes(&[n01]));
    assert_eq!(path(&leaves[..5], 1).unwrap(), hashes(&[&l0, n23, &l4]));
    assert_eq!(growth(&leaves, 1).unwrap(), hashes(&[&l1, n23, n47]));
    assert_eq!(growth(&leaves, 6).unwrap(), hashes(&[n45, n67, n03]));
    assert_eq!(growth(&leaves[..5], 2).unwrap(), hashes(&[n23, &l4]));
}

/// The tree as a child would draw it: pairs, level by level; one that is left over moves up as it is.
fn naive_root(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        let pair = |pair: &[Hash]| match pair {
            [left, right] => Hash::of(&[&[1], left.bytes(), right.bytes()]),
            left => left[0],
        };
        level = level.chunks(2).map(pair).collect();
    }
    level[0]
}

/// Every leaf of every tree up to this size, and every growth.
#[test]
fn every_leaf_of_small_trees_is_proven_where_it_is_and_nowhere_else() {
    for size in 1..40 {
        let leaves = leaves(size);
        let root = tree_root(&leaves);
        assert_eq!(root, naive_root(&leaves));
        for index in 0..size {
            let path = path(&leaves, index).unwrap();
            for claimed in 0..=size {
                let proven = root_of(leaves[index], claimed as u64, size as u64, &path) == Some(root);
                assert_eq!(proven, claimed == index, "leaf {index} of {size} as {claimed}");
            }
            let longer: Vec<Hash> = path.iter().copied().chain([root]).collect();
            assert_eq!(root_of(leaves[index], index as u64, size as u64, &longer), None);
            if let Some((_, shorter)) = path.split_last() {
                assert_ne!(root_of(leaves[index], index as u64, size as u64, shorter), Some(root));
            }
        }
        assert_eq!(path(&leaves, size), None);
        assert_eq!(growth(&leaves, 0), None);
        assert_eq!(growth(&leaves, size + 1), None);
        let now = (size as u64, root);
        assert!(!is_grown((0, tree_root(&[])), now, &[]), "nothing is proven of nothing");
        assert!(!is_grown((size as u64 + 1, root), now, &[]) && !is_grown((size as u64 + 1, root), now, &[root]));
        for old in 1..=size {
            let proof = growth(&leaves, old).unwrap();
            let before = (old as u64, tree_root(&leaves[..old]));
            assert!(is_grown(before, (size as u64, root), &proof), "{old} of {size}");
            let another = (old as u64, tree_root(&leaves[size - old..].iter().rev().copied().collect::<Vec<_>>()));
            assert!(!is_grown(another, (size as u64, root), &proof) || another.1 == before.1, "{old} of {size}");
            let longer: Vec<Hash> = proof.iter().copied().chain([root]).collect();
            assert!(!is_grown(before, (size as u64, root), &longer));
        }
    }
}

proptest! {
    #[test]
    fn a_changed_hash_proves_nothing(size in 2usize..300, index: prop::sample::Index, at: prop::sample::Index, byte in 0usize..32, bit in 0u8..8) {
        let leaves = leaves(size);
        let (index, root) = (index.index(size), tree_root(&leaves));
        let change = |path: &[Hash]| {
            let mut path = path.to_vec();
            let at = at.index(path.len());
            let mut bytes = *path[at].bytes();
            bytes[byte] ^= 1 << bit;
            path[at] = Hash::from_bytes(&bytes).unwrap();
            path
        };
        let way = path(&leaves, index).unwrap();
        prop_assert_eq!(root_of(leaves[index], index as u64, size as u64, &way), Some(root));
        prop_assert_ne!(root_of(leaves[index], index as u64, size as u64, &change(&way)), Some(root));
        let old = index.max(1);
        let before = (old as u64, tree_root(&leaves[..old]));
        let proof = growth(&leaves, old).unwrap();
        prop_assert!(is_grown(before, (size as u64, root), &proof));
        prop_assert!(!is_grown(before, (size as u64, root), &change(&proof)));
    }
}
