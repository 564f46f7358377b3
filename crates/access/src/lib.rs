//! Who may do what, and every hand that touched something on record.
//!
//! [`gate::Gate`] makes a [`Principal`] of what somebody shows; [`policy::authorize`] decides; what media
//! rooms get is a [`Lease`]. Refuses to know HTTP or RTSP: both hand over plain credentials. What a
//! request's address is worth is said by [`trust`].

mod lockout;
pub mod password;
pub mod policy;
pub mod principal;
pub mod random;
mod remembered;
pub mod seal;
pub mod signed;
pub mod trust;

pub use policy::{Action, CameraObject, Denied, Lease, Object, Visible, authorize};
pub use principal::{Identity, Link, Principal, Purpose};
