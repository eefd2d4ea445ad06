//! Names of data keys: the owner's, and from the second on the number of the generation.

/// The name of an owner's key of this generation, counted from zero.
pub(super) fn of(owner: &str, generation: u32) -> String {
    match generation {
        0 => owner.to_owned(),
        later => format!("{owner}#{later}"),
    }
}

/// Whose key it is. An owner's own name has one `#`.
pub(super) fn owner(name: &str) -> &str {
    match name.match_indices('#').nth(1) {
        Some((at, _)) => &name[..at],
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_found_in_every_name() {
        assert_eq!((of("donor#a-1", 0).as_str(), of("donor#a-1", 12).as_str()), ("donor#a-1", "donor#a-1#12"));
        for generation in [0, 1, 12] {
            assert_eq!(owner(&of("donor#a-1", generation)), "donor#a-1");
        }
    }
}
