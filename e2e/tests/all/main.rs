//! All end-to-end tests, in one binary.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, clippy::print_stdout)]

mod access;
mod checks;
mod clock;
mod codecs;
mod configuration;
mod console;
mod control;
mod crash;
mod disk;
mod endurance;
mod faults;
mod hls;
mod live_config;
mod openid;
mod outgoing;
mod paths;
mod players;
mod recording;
mod rtsp_auth;
mod rtsp_server;
mod simulator;
mod tls;
mod viewers;
mod webrtc;
