//! A network that loses one datagram in twenty and delivers the others up to 50 ms early or late: viewers by WHEP go on
//! without a freeze of a second. In a network namespace of its own, which needs root.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Process, Server, Simulator, binary, command, is_soak, output, tool, wait_for};

use super::kinds;
use super::player::{self, Player};

const TEST: &str =
    "players::lossy::viewers_by_whep_see_no_freeze_of_a_second_where_datagrams_get_lost";
/// Set where the namespace is made.
const INSIDE: &str = "VEDETTE_LOSSY_INSIDE";

#[test]
fn viewers_by_whep_see_no_freeze_of_a_second_where_datagrams_get_lost() -> Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let is_root = rustix::process::geteuid().is_root();
    if !is_soak() || !is_root || kinds::python("players").is_none() {
        println!("SKIPPED: a bad network needs VEDETTE_SOAK=1, root, and `make players`");
        return Ok(());
    }
    let script = "ip link set lo up \
        && iptables -A INPUT -p udp -j NFQUEUE --queue-num 0 --queue-bypass \
        && exec \"$0\" --exact \"$1\" --nocapture";
    let mut again = tool("unshare")?;
    again.args(["-n", "sh", "-c", script]).arg(std::env::current_exe()?).arg(TEST);
    let (said, _) = output(again.env(INSIDE, "1"))?;
    println!("{said}");
    Ok(())
}

/// Delay 60 ms, give or take 50, and one lost in twenty.
fn bad_network(folder: &Path) -> Result<(Process, std::io::PipeWriter)> {
    let python = kinds::python("players").context("make players")?;
    let mut lossy = command(python);
    lossy.arg(e2e::repository().join("e2e/tools/lossy.py")).args(["60", "50", "5"]);
    let log = folder.join("lossy");
    let (read, write) = std::io::pipe()?;
    let process = Process::start(lossy.stdin(Stdio::from(read)), &log)?;
    wait_for("the bad network", super::SOON, || {
        Ok(std::fs::read_to_string(&log)?.contains("ready").then_some(()))
    })?;
    // It ends with its input.
    Ok((process, write))
}

fn inside() -> Result<()> {
    let cameras = Simulator::start(&["--audio", "g711", "--width", "320", "--height", "240"])?;
    let url = cameras.url(1);
    let yaml = format!("record: {{ mode: off }}\ncameras: [{{ id: cam, url: \"{url}\" }}]");
    let mut server = Server::new(&yaml)?;
    server.start()?;
    server.wait_status("cam", "online", super::SOON)?;
    let folder = tempfile::tempdir()?;
    let _network = bad_network(folder.path())?;
    let whep = format!("http://{}/cam/whep", server.listener("webrtc")?);
    let mut aiortc = kinds::aiortc("watch", &whep).context("aiortc")?;
    let mut chromium = kinds::chromium(&server, &["whep=whep=/live/cam/whep".to_owned()])?;
    let mut players = vec![
        Player::start("aiortc", &mut aiortc, folder.path(), &[], &[""])?,
        Player::start("chromium", &mut chromium, folder.path(), &[], &["whep"])?,
    ];
    player::wait_first(&mut players)?;
    let mut viewers = command(binary()?);
    viewers.args(["simulate", "--json", "--viewers", "4", "--whep", &whep, "--duration", "60"]);
    let (tally, _) = output(&mut viewers)?;
    println!("vedette simulate: {}", tally.trim());
    player::wait_more(&mut players, Duration::from_secs(5).as_secs_f64())?;
    for player in &mut players {
        player.look();
        player.tell();
        let freeze = player.freeze_ms().context("a freeze, however short")?;
        println!("longest freeze {freeze} ms");
        ensure!(freeze <= 1_000, "a freeze of {freeze} ms: {:?}", player.complaints(&[]));
        ensure!(player.frames() > 60 * 15 / 2, "{} pictures", player.frames());
    }
    drop(players);
    server.stop()
}
