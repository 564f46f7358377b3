//! One file per command.

pub mod check;
pub mod check_rtsp;
pub mod cleanup;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod health;
pub mod retention;
pub mod serve;
pub mod simulate;
pub mod tls;
