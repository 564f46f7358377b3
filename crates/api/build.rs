//! The console's files are embedded when this crate is compiled: it is compiled anew when they change
//! or appear.

#![allow(clippy::print_stdout, reason = "that is how a build script speaks")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../web/dist/index.html");
}
