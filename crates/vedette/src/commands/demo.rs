//! `vedette demo`: the server with simulated cameras, for a first look.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use sim::rtsp::{Options, Simulator};

use crate::cli::{DemoArgs, say};
use crate::commands::serve;
use crate::config::{Environment, load_text};

/// Where the demo's cameras stand and look: a quarter of Dubai.
const PLACES: [(&str, f64, f64, u16); 8] = [
    ("North gate", 55.2708, 25.2048, 10),
    ("Loading dock", 55.2721, 25.2042, 120),
    ("Car park", 55.2733, 25.2051, 200),
    ("Main hall", 55.2715, 25.2057, 300),
    ("East door", 55.2742, 25.2045, 90),
    ("Warehouse", 55.2728, 25.2061, 45),
    ("Reception", 55.2702, 25.2055, 160),
    ("Roof", 55.2737, 25.2038, 270),
];

/// Starts the cameras, then the server.
pub fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let data_dir =
        args.data_dir.clone().unwrap_or_else(|| std::env::temp_dir().join("vedette-demo"));
    let cameras = usize::from(args.cameras).clamp(1, 64);
    let simulated = simulate(cameras)?;
    let yaml = configuration(&data_dir, args.port, cameras, simulated);
    let config = load_text(Path::new("demo.yaml"), &yaml, &Environment::default(), Path::new("/"))?;
    serve::run(config, None, |address| {
        say(&format!("\n  vedette demo: open http://localhost:{}/ in a browser", address.port()));
        say(&format!("  recordings are in {}; Ctrl-C ends it\n", data_dir.display()));
    })
}

/// Runs the cameras on a thread of their own, as they would be devices of their own.
fn simulate(cameras: usize) -> anyhow::Result<SocketAddr> {
    let options = Options { cameras: u16::try_from(cameras).unwrap_or(8), ..Options::default() };
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("simulator".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let started = Simulator::start(options).await;
            let mut simulator = match started {
                Ok(simulator) => simulator,
                Err(error) => {
                    // The demo waits for this; it ends with the error.
                    let _ = tell.send(Err(error));
                    return Ok(());
                }
            };
            // The demo waits for this; if it has gone, so has its process.
            let _ = tell.send(Ok(simulator.address()));
            let end = simulator.run().await;
            if let Err(error) = &end {
                tracing::error!(err = format!("{error:#}"), "simulated cameras ended");
            }
            end
        })
    })?;
    told.recv().context("the simulator did not start")?
}

fn configuration(data_dir: &Path, port: u16, cameras: usize, simulated: SocketAddr) -> String {
    let mut yaml = format!(
        "data_dir: {:?}\nserver: {{ port: {port} }}\naccess: {{ mode: open }}\nrecord: {{ segment_duration: 1m }}\ncameras:\n",
        data_dir.display().to_string()
    );
    for (number, (name, lng, lat, direction)) in (1..=cameras).zip(PLACES.iter().cycle()) {
        let again = if number > PLACES.len() { format!(" {number}") } else { String::new() };
        let _ = writeln!(
            yaml,
            "  - {{ id: demo-{number}, name: \"{name}{again}\", url: \"rtsp://{simulated}/cam{number}\", \
             location: {{ lng: {lng}, lat: {lat}, direction: {direction}, field_of_view: 70, range_m: 60 }} }}"
        );
    }
    yaml
}
