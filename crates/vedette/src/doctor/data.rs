//! What is kept: the database, and the volume that holds recordings.

use std::time::Duration;

use storage::local::probe;

use super::{Finding, Level};
use crate::config::Config;

/// A database that takes longer to read is told as not checked.
const LOOK_MAX: Duration = Duration::from_secs(300);

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    if !config.settings.text("database.url").is_empty() {
        return vec![Finding::new(Level::Ok, "doctor_database_elsewhere", [])];
    }
    let path = config.data_dir.join("vedette.db");
    if !path.exists() {
        return vec![Finding::new(Level::Ok, "doctor_database_none", [])];
    }
    let bad = |reason: String| {
        vec![Finding::new(Level::Fault, "doctor_database_bad", [("reason", reason)])]
    };
    let looked = tokio::time::timeout(LOOK_MAX, catalog::inspect(&path)).await;
    let inspection = match looked {
        Ok(Ok(inspection)) => inspection,
        Ok(Err(error)) => return bad(error.to_string()),
        Err(_) => return bad(format!("not read within {} s", LOOK_MAX.as_secs())),
    };
    let database = match inspection.damage.first() {
        None => {
            let values = [("schema", inspection.schema.to_string())];
            Finding::new(Level::Ok, "doctor_database_good", values)
        }
        Some(damage) => {
            let reason = damage.lines().next().unwrap_or_default().to_owned();
            Finding::new(Level::Fault, "doctor_database_damaged", [("reason", reason)])
        }
    };
    vec![database, volume(config, &inspection)]
}

fn volume(config: &Config, inspection: &catalog::Inspection) -> Finding {
    let root = config.path("storage.segments_dir");
    let name = root.display().to_string();
    let known = inspection.volumes.iter().find(|(root, _)| *root == name);
    let path = [("path", name.clone())];
    match known {
        None => Finding::new(Level::Ok, "doctor_volume_new", path),
        // With a known id it only reads.
        Some((_, id)) => match probe(&root, Some(id)) {
            Ok(_) => Finding::new(Level::Ok, "doctor_volume_good", path),
            Err(_) => Finding::new(Level::Fault, "doctor_volume_wrong", path),
        },
    }
}
