//! The one binary: reads the command line, loads the configuration, runs a command.

mod access_config;
mod access_setup;
mod cli;
mod commands;
mod config;
mod doctor;
mod hooks;
mod kept_paths;
mod listen;
mod live_config;
mod paths_setup;
mod retention;
mod rtsp;
mod specs;
mod telemetry;
mod volume;
mod wire;
mod words;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
