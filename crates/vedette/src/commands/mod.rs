//! One file per command.

pub mod config;
pub mod demo;
pub mod health;
pub mod serve;
pub mod simulate;
