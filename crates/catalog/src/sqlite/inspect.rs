//! A look into the file from outside, also beside a running server: nothing is changed.

use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::BUSY;
use crate::Error;

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Version of the schema.
    pub schema: i64,
    /// What the engine's own check complains of, twenty lines at most; empty when the file is whole.
    pub damage: Vec<String>,
    /// Volumes that are known: root and id.
    pub volumes: Vec<(String, String)>,
}

/// Reads the whole file at `path` and checks it. Takes as long as reading it does.
///
/// # Errors
/// [`Error::Engine`] for a file that is not there, or is no database.
pub async fn inspect(path: &Path) -> Result<Inspection, Error> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let schema = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations";
    let schema = sqlx::query_scalar(schema).fetch_one(&mut connection).await?;
    let lines: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check(20)").fetch_all(&mut connection).await?;
    let volumes = sqlx::query_as("SELECT root, id FROM volumes").fetch_all(&mut connection).await?;
    connection.close().await?;
    let damage = lines.into_iter().filter(|line| line != "ok").collect();
    Ok(Inspection { schema, damage, volumes })
}
