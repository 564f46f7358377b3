//! `vedette simulate`: cameras for people without one, and viewers for servers without any.

use std::process::ExitCode;

use anyhow::{Context, bail};
use base::Secret;
use sim::Pattern;
use sim::rtsp::{Credentials, Options, Simulator};
use sim::viewers::{self, Protocol, Target};
use tokio_util::sync::CancellationToken;

use crate::cli::{SimulateArgs, ViewArgs, complain, say};

/// Runs cameras or viewers until they are told to stop.
pub fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    match args.viewing.viewers {
        Some(count) => view(count, args.rtsp.as_deref(), &args.viewing),
        None => cameras(args),
    }
}

fn cameras(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let options = options(args)?;
    if let Some(count) = args.publish {
        return push(count, &options);
    }
    runtime()?.block_on(async {
        let mut simulator = Simulator::start(options).await?;
        say(&format!("listening rtsp://{}/", simulator.address()));
        tokio::select! {
            end = simulator.run() => end.map(|()| ExitCode::FAILURE),
            told = told_to_stop() => told.map(|()| ExitCode::SUCCESS),
        }
    })
}

/// What cameras are.
fn options(args: &SimulateArgs) -> anyhow::Result<Options> {
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
    Ok(Options {
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
    })
}

fn push(count: u32, options: &Options) -> anyhow::Result<ExitCode> {
    let target = Target::parse(&options.address)?;
    runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let run = sim::publish::run(count, &target, options, stop.clone());
        tokio::pin!(run);
        tokio::select! {
            end = &mut run => return end.map(|()| ExitCode::FAILURE),
            told = told_to_stop() => told?,
        }
        stop.cancel();
        run.await.map(|()| ExitCode::SUCCESS)
    })
}

fn view(count: u32, rtsp: Option<&str>, args: &ViewArgs) -> anyhow::Result<ExitCode> {
    let all = [
        (Protocol::Rtsp, rtsp),
        (Protocol::Hls, args.hls.as_deref()),
        (Protocol::Whep, args.whep.as_deref()),
    ];
    let mut given = all.into_iter().filter_map(|(protocol, url)| Some((protocol, url?)));
    let (Some((protocol, url)), None) = (given.next(), given.next()) else {
        bail!("say where to look, once: --rtsp, --hls or --whep");
    };
    let options = viewers::Options {
        viewers: count,
        protocol,
        target: Target::parse(url)?,
        duration: args.duration,
        spread: args.spread,
        settle: args.settle,
        stay: args.stay,
        behaviour: args.behave,
    };
    let tally = runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let run = viewers::run(&options, stop.clone(), |tally| {
            if args.verbose {
                complain(&tally.line());
            }
        });
        tokio::pin!(run);
        tokio::select! {
            tally = &mut run => return tally,
            told = told_to_stop() => told?,
        }
        stop.cancel();
        run.await
    })?;
    say(&if args.json { tally.json().to_string() } else { tally.line() });
    Ok(if tally.without_picture == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One thread: encoders are processes of their own, and sending and looking are cheap.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}
