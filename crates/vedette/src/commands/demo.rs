//! `vedette demo`.
/// Demo.
pub fn run(_args: &crate::cli::DemoArgs) -> anyhow::Result<std::process::ExitCode> {
    anyhow::bail!("x")
}
