//! `vedette simulate`: cameras for people without one.

use std::process::ExitCode;

use anyhow::{Context, bail};
use base::Secret;
use sim::Pattern;
use sim::rtsp::{Credentials, Options, Simulator};

use crate::cli::{SimulateArgs, say};

/// Runs the cameras until they are told to stop.
pub fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let Some(address) = args.rtsp.clone() else { bail!("say what to be: --rtsp ADDRESS") };
    let pattern = match args.pattern.as_str() {
        "all" => None,
        name => Some(
            Pattern::parse(name)
                .context("--pattern: gradient, sine, checkerboard, circle or all")?,
        ),
    };
    let credentials = (!args.user.is_empty()).then(|| Credentials {
        user: args.user.clone(),
        password: Secret::new(args.password.clone()),
        scheme: args.auth,
    });
    let options = Options {
        address,
        cameras: args.cameras,
        pattern,
        file: args.file.clone(),
        copy: args.copy,
        looped: args.looped,
        codec: args.codec,
        sound: args.audio,
        b_frames: args.b_frames,
        width: args.width,
        height: args.height,
        fps: args.fps,
        bitrate: args.bitrate,
        gop: args.gop,
        credentials,
        faults: args.faults.clone(),
        seed: args.seed,
    };
    // One thread: encoders are processes of their own, and sending is cheap.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    runtime.block_on(async {
        let mut simulator = Simulator::start(options).await?;
        say(&format!("listening rtsp://{}/", simulator.address()));
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            end = simulator.run() => end.map(|()| ExitCode::FAILURE),
            _ = terminate.recv() => Ok(ExitCode::SUCCESS),
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::SUCCESS),
        }
    })
}
