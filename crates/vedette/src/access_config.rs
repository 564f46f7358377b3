//! What the configuration says of access, as the room of that name wants it.

use std::collections::BTreeMap;

use access::oidc;
use base::Secret;

use crate::config::Settings;

/// The identity provider; `None` when nothing names one. What cannot be is listed by its `validate`.
pub fn oidc(settings: &Settings) -> Option<oidc::Config> {
    let text = |key: &str| settings.text(&format!("access.oidc.{key}"));
    let texts = |key: &str| settings.texts(&format!("access.oidc.{key}"));
    let (issuer, client_id) = (text("issuer"), text("client_id"));
    if issuer.is_empty() && client_id.is_empty() {
        return None;
    }
    let mut agencies = BTreeMap::<String, Vec<String>>::new();
    for (value, agency) in settings.spans("access.oidc.agencies") {
        agencies.entry(value).or_default().push(agency);
    }
    Some(oidc::Config {
        issuer,
        client_id,
        client_secret: Secret::new(text("client_secret")),
        audience: texts("audience"),
        scopes: texts("scopes"),
        name: text("name"),
        name_claim: text("name_claim"),
        role_claim: text("role_claim"),
        roles: settings.spans("access.oidc.roles").into_iter().collect(),
        agency_claim: text("agency_claim"),
        agencies,
        algorithms: texts("algorithms"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Config, Environment, Faults, load_text, show};

    fn load(yaml: &str) -> Result<Config, Faults> {
        let path = std::path::Path::new("a.yaml");
        load_text(path, yaml, &Environment::default(), path)
    }

    #[test]
    fn the_section_of_openid_connect_becomes_its_configuration() {
        assert_eq!(oidc(&load("access: { oidc: {} }").unwrap().settings), None);
        let least =
            load("access: { oidc: { issuer: \"https://id.example.org\", client_id: cctv } }");
        let expected = oidc::Config {
            issuer: "https://id.example.org".into(),
            client_id: "cctv".into(),
            ..oidc::Config::default()
        };
        assert_eq!(oidc(&least.unwrap().settings), Some(expected));
        let config = load(
            "access:\n  oidc:\n    issuer: https://id.example.org\n    client_id: cctv\n    client_secret: hunter2\n    \
             scopes: [openid, roles]\n    role_claim: realm_access.roles\n    roles: { staff: viewer, \"CN=Chief, O=X\": admin }\n    \
             agencies: { transport: [METRO, BUS], all: \"*\" }\n    algorithms: [ES256]\n",
        )
        .unwrap();
        assert!(!show(&config).contains("hunter2"));
        let oidc = oidc(&config.settings).unwrap();
        assert_eq!(oidc.client_secret.reveal(), "hunter2");
        assert_eq!(oidc.roles.get("CN=Chief, O=X").map(String::as_str), Some("admin"));
        assert_eq!(oidc.agencies.get("transport").unwrap(), &["METRO", "BUS"]);
        assert_eq!((oidc.scopes.len(), oidc.algorithms.len()), (2, 1));
    }

    #[test]
    fn what_openid_connect_cannot_be_is_a_fault_with_its_key_and_line() {
        let text = load(
            "access:\n  oidc:\n    issuer: http://id.example.org\n    roles: { staff: boss }\n    algorithms: [HS256, none]\n    clientid: x\n",
        )
        .map(|_| ())
        .unwrap_err()
        .to_string();
        for part in [
            "a.yaml:3: access.oidc.issuer: plain http",
            "access.oidc.client_id: missing",
            "a.yaml:4: access.oidc.roles: `boss` is not a role",
            "a.yaml:5: access.oidc.algorithms: `HS256`",
            "a.yaml:5: access.oidc.algorithms: `none`",
            "did you mean `access.oidc.client_id`?",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
