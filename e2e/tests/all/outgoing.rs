//! Where the server connects to: nothing that is denied sees a connection, whoever names it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Result;
use e2e::{Server, binary, command};

const SOON: Duration = Duration::from_secs(20);

/// A web server whose answers lead to `place`. Ends with the test's process.
fn web_that_leads_to(place: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut head = [0; 4_096];
            let len = client.read(&mut head).unwrap_or(0);
            let target = format!("http://{place}/a.ts");
            let answer = if head[..len].starts_with(b"GET /redirect") {
                format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n")
            } else {
                let list = format!(
                    "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{target}\n#EXT-X-ENDLIST\n"
                );
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{list}", list.len())
            };
            // A client that knows enough hangs up.
            let _ = client.write_all(answer.as_bytes());
        }
    });
    Ok(address)
}

/// A listener that nobody may reach.
fn forbidden() -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.2:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[test]
fn what_may_not_be_connected_to_is_not_and_is_said_in_both_languages() -> Result<()> {
    let (secret, place) = forbidden()?;
    let web = web_that_leads_to(place)?;
    let cameras = [
        ("redirect", format!("http://{web}/redirect.m3u8"), "127.0.0.2"),
        ("playlist", format!("http://{web}/list.m3u8"), "127.0.0.2"),
        ("direct", format!("rtsp://{place}/x"), "127.0.0.2"),
        ("form", format!("rtsp://0x7f000002:{}/x", place.port()), "127.0.0.2"),
        ("metadata", "http://169.254.169.254/latest/meta-data/".to_owned(), "169.254.169.254"),
        ("mapped", "rtsp://[::ffff:169.254.169.254]/x".to_owned(), "169.254.169.254"),
    ];
    let entries =
        cameras.iter().map(|(id, url, _)| format!("  - {{ id: {id}, url: \"{url}\" }}\n"));
    let entries: String = entries.collect();
    let yaml = format!("access: {{ outgoing: {{ deny: [127.0.0.2/32] }} }}\ncameras:\n{entries}");
    let mut server = Server::new(&yaml)?.permit(&["source failed"]);
    server.start()?;
    for (id, _, address) in &cameras {
        let camera = server.wait_status(id, "error", SOON)?;
        let error = &camera["last_error"];
        assert_eq!(error["code"], "address_denied", "{id}: {camera}");
        let (english, arabic) =
            (error["message_en"].as_str().unwrap(), error["message_ar"].as_str().unwrap());
        assert!(english.contains("may not connect to") && english.contains(address), "{english}");
        assert!(arabic.contains("لا يجوز") && arabic.contains(address), "{arabic}");
    }
    assert_eq!(secret.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    server.stop()
}

#[test]
fn a_check_keeps_to_the_rules_of_the_configuration_beside_it() -> Result<()> {
    let (secret, place) = forbidden()?;
    let folder = tempfile::tempdir()?;
    let yaml = "access: { outgoing: { deny: [127.0.0.2/32] } }";
    std::fs::write(folder.path().join("vedette.yaml"), yaml)?;
    for (locale, words) in [("en_GB.UTF-8", "may not connect to"), ("ar_AE.UTF-8", "لا يجوز")]
    {
        let mut check = command(binary()?);
        check.args(["check", "rtsp", &format!("rtsp://{place}/x")]);
        let done = check.current_dir(folder.path()).env("LC_ALL", locale).output()?;
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(!done.status.success() && said.contains(words), "{said}");
    }
    assert_eq!(secret.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    Ok(())
}
