//! Cameras into the hub: one supervised source per wanted camera.
//!
//! Refuses to know a database: the binary feeds it the list of wanted cameras and it reconciles;
//! only changed ones restart. Each source task is owned by this room's scope on a media runtime.

pub mod status;

pub use status::{CameraStatus, LastError, State, StatusBoard};
