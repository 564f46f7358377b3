//! What the configuration says of the identity provider, and what of it cannot be.

use std::collections::BTreeMap;

use base::Secret;
use catalog::Role;
use jsonwebtoken::Algorithm;
use url::Url;

use super::fetch;

/// The section `access.oidc`. Empty lists and texts mean what each field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Who signs the tokens, exactly as its metadata says.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our password there; empty: a public client, PKCE alone.
    pub client_secret: Secret,
    /// Whom bearer tokens must be for, one of these; empty: `client_id`.
    pub audience: Vec<String>,
    /// What is asked for; `openid` must be among them.
    pub scopes: Vec<String>,
    /// Shown on the button.
    pub name: String,
    /// The claim with a person's name; empty: `preferred_username`, else `email`, else `sub`.
    pub name_claim: String,
    /// The claim with the roles: its name, or a dotted path to it; a text or a list of texts.
    pub role_claim: String,
    /// What a value of it means here; empty: our own words mean themselves.
    pub roles: BTreeMap<String, String>,
    /// The claim with the agencies, written like `role_claim`.
    pub agency_claim: String,
    /// Which agencies a value of it means, `*`: all; empty: each value means itself.
    pub agencies: BTreeMap<String, Vec<String>>,
    /// Which signatures count; empty: every one in [`Config::ALGORITHMS`].
    pub algorithms: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            audience: Vec::new(),
            scopes: vec!["openid".to_owned(), "profile".to_owned()],
            name: "OpenID Connect".to_owned(),
            name_claim: String::new(),
            role_claim: "roles".to_owned(),
            roles: BTreeMap::new(),
            agency_claim: "agencies".to_owned(),
            agencies: BTreeMap::new(),
            algorithms: Vec::new(),
        }
    }
}

/// What is wrong with one key of the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key, without `access.oidc.`.
    pub key: &'static str,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: &'static str,
}

impl Config {
    /// The signatures that can count: made with a private key, never with a shared secret.
    pub const ALGORITHMS: [&'static str; 9] =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

    /// All that is wrong by its meaning.
    #[must_use]
    pub fn validate(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |key, problem: String, remedy| faults.push(Fault { key, problem, remedy });
        if let Err(problem) = issuer(&self.issuer) {
            fault(
                "issuer",
                problem,
                "write https://id.example.org, as the provider's metadata does",
            );
        }
        if self.client_id.is_empty() {
            fault(
                "client_id",
                "missing".to_owned(),
                "write the name of this server's client there",
            );
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            fault("scopes", "without `openid`".to_owned(), "write [openid, profile]");
        }
        for (key, claim) in [("role_claim", &self.role_claim), ("agency_claim", &self.agency_claim)]
        {
            if claim.is_empty() {
                fault(key, "empty".to_owned(), "write the name of a claim");
            }
        }
        for word in self.roles.values().filter(|word| word.parse::<Role>().is_err()) {
            let problem = format!("`{word}` is not a role");
            fault("roles", problem, "use viewer, operator, supervisor, admin");
        }
        for word in self.algorithms.iter().filter(|word| algorithm(word).is_none()) {
            let problem = format!("`{word}` is not a signature that can count");
            fault("algorithms", problem, "use RS256, PS256, ES256, their longer forms, EdDSA");
        }
        faults
    }

    /// Which signatures count.
    #[must_use]
    pub fn allowed(&self) -> Vec<Algorithm> {
        let given: Vec<Algorithm> =
            self.algorithms.iter().filter_map(|word| algorithm(word)).collect();
        match given.is_empty() {
            true => Self::ALGORITHMS.iter().filter_map(|word| algorithm(word)).collect(),
            false => given,
        }
    }

    /// Whom bearer tokens must be for.
    pub(super) fn audience(&self) -> Vec<String> {
        match self.audience.is_empty() {
            true => vec![self.client_id.clone()],
            false => self.audience.clone(),
        }
    }
}

/// An algorithm by its name, if it is one that can count.
fn algorithm(word: &str) -> Option<Algorithm> {
    Config::ALGORITHMS.contains(&word).then(|| word.parse().ok()).flatten()
}

/// OpenID Connect Discovery 1.0, section 3: a URL of scheme https without query and fragment. Plain
/// http for tests and demonstrations on this machine.
fn issuer(text: &str) -> Result<Url, String> {
    if text.is_empty() {
        return Err("missing".to_owned());
    }
    let url = Url::parse(text).map_err(|err| format!("not an address: {err}"))?;
    fetch::check_address(&url, true)?;
    match url.query() {
        Some(_) => Err("an address with a query".to_owned()),
        None => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Config {
        let (issuer, client_id) = ("https://id.example.org".to_owned(), "vedette".to_owned());
        Config { issuer, client_id, ..Config::default() }
    }

    fn keys(config: &Config) -> Vec<&'static str> {
        config.validate().iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn all_faults_are_listed_at_once() {
        assert_eq!(good().validate(), []);
        let bad = Config {
            scopes: vec!["email".to_owned()],
            role_claim: String::new(),
            roles: BTreeMap::from([("staff".to_owned(), "boss".to_owned())]),
            algorithms: ["none", "HS256", "ES256", "rs256"].map(str::to_owned).to_vec(),
            ..Config::default()
        };
        let expected = [
            "issuer",
            "client_id",
            "scopes",
            "role_claim",
            "roles",
            "algorithms",
            "algorithms",
            "algorithms",
        ];
        assert_eq!(keys(&bad), expected);
    }

    #[test]
    fn an_issuer_is_https_and_plain_only_on_this_machine() {
        let of = |issuer: &str| Config { issuer: issuer.to_owned(), ..good() };
        for fine in ["https://id.example.org/realms/a/", "http://localhost:1", "http://[::1]:80/a"]
        {
            assert_eq!(keys(&of(fine)), Vec::<&str>::new(), "{fine}");
        }
        for bad in [
            "http://id.example.org",
            "http://127.0.0.1.example.org",
            "ftp://localhost",
            "https://u:p@id.example.org",
            "https://id.example.org?a=1",
            "https://id.example.org#a",
            "id.example.org",
        ] {
            assert_eq!(keys(&of(bad)), ["issuer"], "{bad}");
        }
    }

    #[test]
    fn nothing_said_means_every_signature_but_those_of_shared_secrets() {
        let allowed = good().allowed();
        assert_eq!(allowed.len(), Config::ALGORITHMS.len());
        assert!(!allowed.contains(&Algorithm::HS256));
        assert_eq!(good().audience(), ["vedette"]);
    }
}
