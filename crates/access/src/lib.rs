//! Who may do what, and every hand that touched something on record.
//!
//! [`gate::Gate`] makes a [`Principal`] of what somebody shows; [`policy::authorize`] decides; what media
//! rooms get is a [`Lease`]. Refuses to know HTTP or RTSP: both hand over plain credentials. What a
//! request's address is worth is said by [`trust`].

pub mod accounts;
pub mod gate;
mod lockout;
pub mod oidc;
pub mod password;
pub mod policy;
pub mod principal;
pub mod random;
mod remembered;
mod running;
pub mod seal;
mod shown;
pub mod signature;
pub mod signed;
pub mod streams;
pub mod trail;
pub mod trust;

pub use gate::{Credential, Gate, Refused};
pub use policy::{Action, CameraObject, Denied, Lease, Object, authorize};
pub use principal::{Identity, Link, Principal, Purpose};
pub use running::Standing;
pub use streams::Streams;
