//! People and programs of a certified OpenID provider, while it changes its keys.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Server, repository, tool, wait_for};
use serde_json::Value;

/// Where the provider sends people back: by this name of ours, and whatever port the test has.
const BACK: &str = "http://127.0.0.1/api/oidc/callback";
const OUR_NAME: (&str, &str) = ("host", "127.0.0.1");

struct Provider {
    process: Child,
    issuer: String,
    control: String,
}

impl Provider {
    fn start() -> Result<Self> {
        let folder = repository().join("e2e/oidc");
        ensure!(folder.join("node_modules").is_dir(), "no OpenID provider; run `make e2e`");
        let mut node = tool("node")?;
        node.arg("provider.mjs").arg(BACK).current_dir(folder);
        node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = node.spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("stdout")?).read_line(&mut line)?;
        let says: Value = serde_json::from_str(&line)?;
        let text = |name: &str| says[name].as_str().unwrap_or_default().to_owned();
        Ok(Self { issuer: text("issuer"), control: text("control"), process })
    }

    fn control(&self, path: &str) -> Result<String> {
        let mut answer = agent().post(format!("{}{path}", self.control)).send_empty()?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(answer.body_mut().read_to_string()?)
    }

    fn server(&self) -> Result<Server> {
        let oidc = format!(
            "access: {{ oidc: {{ issuer: {}, client_id: vedette, name: City }} }}",
            self.issuer
        );
        let cameras = "cameras: [{ id: gate, source: METRO, url: 'rtsp://127.0.0.1:1/', record: { mode: off } }, { id: depot, source: BUS, url: 'rtsp://127.0.0.1:1/', record: { mode: off } }]";
        let mut server = Server::with_login(&format!("{oidc}\n{cameras}"))?
            .permit(&["camera", "sign-in at the provider failed"]);
        server.start()?;
        Ok(server)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It has ended by itself where this fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(Duration::from_secs(30))).build().into()
}

/// As much of a browser as a login page needs.
#[derive(Default)]
struct Browser(BTreeMap<String, String>);

impl Browser {
    /// One request; keeps the cookies of its answer.
    fn ask(&mut self, url: &str, form: Option<&str>) -> Result<(u16, Option<String>, String)> {
        let cookies: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut answer = match form {
            None => agent().get(url).header("cookie", cookies).call()?,
            Some(form) => agent()
                .post(url)
                .header("cookie", cookies)
                .header("content-type", "application/x-www-form-urlencoded")
                .send(form)?,
        };
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = answer.headers().get("location").map(|to| to.to_str()).transpose()?;
        let location = location.map(str::to_owned);
        Ok((answer.status().as_u16(), location, answer.body_mut().read_to_string()?))
    }

    /// Follows redirects until one leads back to us, or a page comes.
    fn follow(&mut self, url: &str, form: Option<&str>) -> Result<Result<String, String>> {
        let (mut url, mut form) = (url.to_owned(), form.map(str::to_owned));
        while !url.starts_with(BACK) {
            let (_, location, page) = self.ask(&url, form.as_deref())?;
            let Some(next) = location else { return Ok(Err(page)) };
            let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            url = if next.starts_with('/') { format!("{origin}{next}") } else { next };
            form = None;
        }
        Ok(Ok(url))
    }
}

/// Goes to the provider as `user` and comes back: the answer to the way back, and our own cookie.
fn sign_in(server: &Server, user: &str, back: &str) -> Result<(Answer, String)> {
    let begin = server.get_with(&format!("/api/oidc/login?return={back}"), &[OUR_NAME])?;
    ensure!(begin.status == 303, "{}", begin.text());
    let header = |name: &str| begin.headers.get(name).and_then(|value| value.to_str().ok());
    let own = header("set-cookie").and_then(|line| line.split(';').next()).context("a cookie")?;
    let mut browser = Browser::default();
    let page = browser.follow(header("location").context("a location")?, None)?;
    let page = page.err().context("a login page")?;
    let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = format!("prompt=login&login={user}&password=x");
    let returned = browser.follow(action.context("a form")?, Some(&form))?;
    let returned = returned.map_err(|page| anyhow::anyhow!("not sent back: {page}"))?;
    let path = returned.strip_prefix("http://127.0.0.1").context("our path")?;
    let answer = server.get_with(path, &[OUR_NAME, ("cookie", own)])?;
    Ok((answer, format!("{own}|{path}")))
}

fn location(answer: &Answer) -> &str {
    answer.headers.get("location").and_then(|to| to.to_str().ok()).unwrap_or_default()
}

fn session(answer: &Answer) -> Result<String> {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.filter_map(|value| value.to_str().ok());
    let found = cookies.find(|line| line.starts_with("vedette_session="));
    Ok(found.and_then(|line| line.split(';').next()).context("no session")?.to_owned())
}

#[test]
fn people_of_a_provider_sign_in_and_see_what_their_claims_say() -> Result<()> {
    let provider = Provider::start()?;
    let mut server = provider.server()?;
    let (back, used) = sign_in(&server, "omar", "/cameras/gate")?;
    assert_eq!((back.status, location(&back)), (303, "/cameras/gate"), "{}", back.text());
    let cookie = session(&back)?;
    let me = server.get_with("/api/me", &[("cookie", &cookie)])?.json()?;
    assert_eq!((me["kind"].as_str(), me["role"].as_str()), (Some("external"), Some("viewer")));
    assert_eq!(me["login"]["oidc"], "City");
    let cameras = server.get_with("/api/cameras", &[("cookie", &cookie)])?.json()?;
    assert_eq!(
        (cameras["total"].as_i64(), cameras["cameras"][0]["id"].as_str()),
        (Some(1), Some("gate"))
    );
    assert_eq!(server.get_with("/api/cameras/depot", &[("cookie", &cookie)])?.status, 404);
    // The same way back, once more; and somebody else's browser.
    let (own, path) = used.split_once('|').context("used")?;
    let again = server.get_with(path, &[OUR_NAME, ("cookie", own)])?;
    assert_eq!(location(&again), "/login?error=oidc_state");
    assert!(session(&again).is_err());
    let (nora, _) = sign_in(&server, "nora", "/")?;
    assert_eq!(location(&nora), "/login?error=no_role");
    let stranger = server.get_with("/api/oidc/callback?state=x&code=y", &[OUR_NAME])?;
    assert_eq!(location(&stranger), "/login?error=oidc_state");
    server.stop()
}

#[test]
fn tokens_of_a_provider_count_through_a_change_of_its_keys() -> Result<()> {
    let provider = Provider::start()?;
    let mut server = provider.server()?;
    let ask = |token: &str, path: &str| -> Result<u16> {
        Ok(server.get_with(path, &[("authorization", &format!("Bearer {token}"))])?.status)
    };
    let old = provider.control("/token?sub=omar")?;
    assert_eq!((ask(&old, "/api/cameras/gate")?, ask(&old, "/api/cameras/depot")?), (200, 404));
    assert_eq!(ask(&old, "/api/users")?, 403);
    for path in
        ["/token?sub=nora", "/token?sub=anna&aud=somebody", "/token?sub=anna&expires_in=-120"]
    {
        assert_eq!(ask(&provider.control(path)?, "/api/cameras")?, 401, "{path}");
    }
    provider.control("/rotate")?;
    // Keys are asked for again at most every ten seconds.
    wait_for("the new keys to be taken", Duration::from_secs(20), || {
        Ok((ask(&provider.control("/token?sub=anna")?, "/api/users")? == 200).then_some(()))
    })?;
    let forged =
        format!("{}.{}.", "eyJhbGciOiJub25lIn0", old.split('.').nth(1).unwrap_or_default());
    assert_eq!(ask(&forged, "/api/cameras")?, 401);
    let (back, _) = sign_in(&server, "anna", "/")?;
    let cookie = session(&back)?;
    assert_eq!(server.get_with("/api/users", &[("cookie", &cookie)])?.status, 200);
    server.stop()
}
