//! What a provider's claims mean here: name, role, agencies. By configuration alone.

use std::collections::BTreeSet;

use catalog::{Agencies, Role};

use super::error::clean;
use super::token::{Claims, texts};
use super::{Config, Error, Identity};

/// Claims that name a person, best first.
const NAMES: [&str; 3] = ["preferred_username", "email", "sub"];

/// Who the claims speak of, as the configuration reads them.
///
/// # Errors
/// [`Error::NoRole`] when they map to no role.
pub(super) fn identity(claims: &Claims, config: &Config) -> Result<Identity, Error> {
    let role = role(claims, config).ok_or(Error::NoRole)?;
    let agencies = match role {
        Role::Admin => Agencies::All,
        _ => agencies(claims, config),
    };
    let subject = claims.subject()?.to_owned();
    let name = name(claims, config).unwrap_or_else(|| subject.clone());
    Ok(Identity { subject, name, role, agencies, expires_at: claims.expires_at()? })
}

fn name(claims: &Claims, config: &Config) -> Option<String> {
    let own = (!config.name_claim.is_empty()).then_some(config.name_claim.as_str());
    let texts = own.into_iter().chain(NAMES).filter_map(|claim| claims.at(claim)?.as_str());
    texts.map(clean).find(|text| !text.trim().is_empty())
}

/// The highest role that any value of the claim maps to.
fn role(claims: &Claims, config: &Config) -> Option<Role> {
    let mapped = |value: &str| match config.roles.is_empty() {
        true => value.parse().ok(),
        false => config.roles.get(value)?.parse().ok(),
    };
    values(claims, &config.role_claim).into_iter().filter_map(mapped).max()
}

fn agencies(claims: &Claims, config: &Config) -> Agencies {
    let mut names = BTreeSet::new();
    for value in values(claims, &config.agency_claim) {
        match config.agencies.is_empty() {
            true => names.extend([value.to_owned()]),
            false => names.extend(config.agencies.get(value).into_iter().flatten().cloned()),
        }
    }
    names.into_iter().collect::<Vec<_>>().into()
}

fn values<'a>(claims: &'a Claims, path: &str) -> Vec<&'a str> {
    claims.at(path).map(texts).unwrap_or_default()
}
