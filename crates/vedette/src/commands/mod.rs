//! One file per command.

pub mod audit;
pub mod check;
pub mod check_rtsp;
pub mod cleanup;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod health;
pub mod import;
pub mod retention;
pub mod secret;
pub mod serve;
pub mod simulate;
pub mod store;
pub mod tls;
pub mod user;
