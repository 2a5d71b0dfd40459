//! `[doors]`: which other systems' clients find their own words here. Part of the configuration.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    pub piston: bool,
    /// A version that is not here gets the one that is.
    pub piston_any_version: bool,
}
