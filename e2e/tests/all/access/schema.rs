//! The description of the API, tried by schemathesis: no failure of ours, no answer that it leaves out.

use std::path::PathBuf;

use anyhow::Result;
use e2e::{command, is_soak, output, repository};
use serde_json::json;

use super::{Stage, UNLIMITED};

/// Where `make schema` installs it.
fn schemathesis() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let program = cache.or_else(home)?.join("vedette/schemathesis/bin/st");
    program.is_file().then_some(program)
}

#[test]
fn no_answer_is_left_out_of_the_description() -> Result<()> {
    let Some(program) = schemathesis() else {
        println!("SKIPPED: schemathesis is not installed; `make schema` does it");
        return Ok(());
    };
    let stage = Stage::start("", &UNLIMITED)?;
    let (_, key) = stage.key(&json!({ "name": "schemathesis", "role": "admin" }))?;
    let mut run = command("timeout");
    run.arg("55").arg(program).arg("run");
    run.arg(format!("{}/openapi.json", stage.server.base()));
    run.args(["-H", &format!("Authorization: Bearer {key}"), "--no-color", "--seed", "1"]);
    let checks = "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance";
    run.args(["--checks", checks, "--phases", "coverage,fuzzing"]);
    run.args(["--max-examples", if is_soak() { "100" } else { "5" }]);
    // It would end its own key.
    run.args(["--exclude-path-regex", "^/api/keys/"]);
    // It makes no session descriptions.
    run.args(["--exclude-operation-id", "webrtc_offer", "--exclude-operation-id", "webrtc_amend"]);
    output(run.current_dir(stage.server.folder())).map(|_| ())
}

#[test]
fn no_answer_of_the_control_api_is_left_out_of_its_description() -> Result<()> {
    let Some(program) = schemathesis() else {
        println!("SKIPPED: schemathesis is not installed; `make schema` does it");
        return Ok(());
    };
    let stage = Stage::start("", &UNLIMITED)?;
    let mut run = command("timeout");
    run.arg("55").arg(program).arg("run");
    run.arg(repository().join("docs/reference/control.json"));
    run.arg("--url").arg(format!("http://{}", stage.server.listener("control")?));
    let checks = "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance";
    run.args(["--no-color", "--seed", "1", "--checks", checks, "--phases", "coverage,fuzzing"]);
    run.args(["--max-examples", if is_soak() { "100" } else { "5" }]);
    output(run.current_dir(stage.server.folder())).map(|_| ())
}
