//! `vedette simulate`.
/// Simulates.
pub fn run(_args: &crate::cli::SimulateArgs) -> anyhow::Result<std::process::ExitCode> {
    anyhow::bail!("x")
}
