//! Which of the files that a program leaves are to come back. Called by `order` and `walk`. Pure.

use runnel_link::Harvest;
use std::collections::BTreeSet;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    /// These, and what is below them.
    Named(BTreeSet<String>),
}

/// Where a path lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Wanted,
    /// Something below it may be wanted.
    Towards,
    Unwanted,
}

impl Wanted {
    pub(crate) fn parse(harvest: &Harvest<'_>) -> Self {
        match harvest {
            Harvest::All => Self::All,
            Harvest::Named(paths) => Self::Named(paths.iter().map(|&path| path.to_owned()).collect()),
        }
    }

    pub(crate) fn reach(&self, path: &str) -> Reach {
        let Self::Named(names) = self else { return Reach::Wanted };
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        if names.contains(path) || parents.any(|parent| names.contains(parent)) {
            return Reach::Wanted;
        }
        // Sorted: if any name is below this path, then the next one is.
        let below = format!("{path}/");
        let next = names.range(below.clone()..).next();
        if next.is_some_and(|next| next.starts_with(&below)) { Reach::Towards } else { Reach::Unwanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_reach_down_and_lead_from_above() {
        let wanted = Wanted::parse(&Harvest::Named(vec!["out", "a/b.txt", "a-b", "x/y/z"]));
        let reach = |path| wanted.reach(path);
        for path in ["out", "out/1", "out/1/2", "a/b.txt", "a-b", "x/y/z/.."] {
            assert_eq!(reach(path), Reach::Wanted, "{path}");
        }
        for path in ["a", "x", "x/y"] {
            assert_eq!(reach(path), Reach::Towards, "{path}");
        }
        for path in ["ou", "output", "a/b", "a/b.txt2", "a-", "x/z", "y", "z"] {
            assert_eq!(reach(path), Reach::Unwanted, "{path}");
        }
        assert_eq!(Wanted::All.reach("any/thing"), Reach::Wanted);
        assert_eq!(Wanted::parse(&Harvest::Named(vec![])).reach("a"), Reach::Unwanted);
    }
}
