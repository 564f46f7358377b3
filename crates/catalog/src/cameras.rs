//! Cameras: what is known of each device beside its live state.

use std::collections::BTreeSet;
use std::future::Future;

use base::{CameraId, Wall};
use serde::{Deserialize, Serialize};

use crate::{Agencies, Error, Page};

/// Where a camera stands and where it looks. Degrees are WGS 84; `direction` is clockwise from north.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Longitude, -180 to 180.
    pub lng: f64,
    /// Latitude, -90 to 90.
    pub lat: f64,
    /// Where it looks, 0 to 360.
    #[serde(default)]
    pub direction: Option<f64>,
    /// Opening angle in degrees.
    #[serde(default)]
    pub field_of_view: Option<f64>,
    /// How far it sees, in metres.
    #[serde(default)]
    pub range_m: Option<f64>,
}

/// A camera's row. It holds no stream address and no credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Its id.
    pub id: CameraId,
    /// Its name for people.
    pub name: String,
    /// The agency that owns it.
    pub source: String,
    /// Free word, filterable.
    pub role: String,
    /// Where it stands.
    pub location: Option<Location>,
    /// False: known, but not pulled or recorded.
    pub enabled: bool,
    /// Free words.
    pub tags: Vec<String>,
    /// Who manages it: `file` or `api`.
    pub managed_by: String,
    /// Set when it was removed from the configuration; its recordings stay.
    pub removed_at: Option<Wall>,
    /// First seen.
    pub created_at: Wall,
    /// Last changed.
    pub updated_at: Wall,
}

/// Which cameras somebody may know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visible {
    /// Of these agencies.
    pub agencies: Agencies,
    /// And, when set, of these roles.
    pub roles: Option<BTreeSet<String>>,
}

impl Visible {
    /// All of them.
    pub const ALL: Self = Self { agencies: Agencies::All, roles: None };
}

impl Default for Visible {
    fn default() -> Self {
        Self::ALL
    }
}

/// Which cameras a list should have. Empty: all that are not removed. (The live status is not in
/// the catalogue; who filters by it does so on the answer.)
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraFilter {
    /// `[min_lng, min_lat, max_lng, max_lat]`; `min_lng > max_lng` crosses the antimeridian.
    pub bbox: Option<[f64; 4]>,
    /// This role only.
    pub role: Option<String>,
    /// This agency only.
    pub source: Option<String>,
    /// With this tag only.
    pub tag: Option<String>,
    /// A part of the name or id, case-insensitive.
    pub q: Option<String>,
    /// These ids only.
    pub ids: Option<Vec<CameraId>>,
    /// Those that the asker may know of.
    pub visible: Visible,
}

/// The cameras of the catalogue.
pub trait Cameras: Send + Sync {
    /// Makes the file's cameras the ones managed by `file`: new ones are added, changed ones
    /// updated, missing ones marked removed at `now`. One transaction.
    fn upsert_file_cameras(
        &self,
        cameras: &[Camera],
        now: Wall,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        self.upsert_cameras("file", cameras, now)
    }

    /// The same for the cameras that somebody else manages: `managed_by` of each of them.
    fn upsert_cameras(
        &self,
        managed_by: &str,
        cameras: &[Camera],
        now: Wall,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// One camera, removed ones too.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    fn camera(&self, id: &CameraId) -> impl Future<Output = Result<Camera, Error>> + Send;

    /// A page of cameras in the order of their ids, with the total of the filter. `limit` rows at
    /// most; `cursor` from the page before.
    fn cameras(
        &self,
        filter: &CameraFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<Camera>, Error>> + Send;
}
