//! `/v3/config`: what is set, by the file and through this API.

use access::{Action, Object};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use super::answer::{DONE, Done, ErrorAnswer, Fault, Given, List, Paging};
use super::settings::{PathSettings, shorten};
use super::span::Span;
use crate::App;
use crate::routes::query::Checked;
use crate::who::Who;

type Written = Result<Json<Done>, Fault>;

/// Global fields.
#[utoipa::path(get, operation_id = "control_global", path = "/v3/config/global/get", tag = "control", responses(
    (status = 200, body = Object), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn global(State(app): State<App>, who: Who) -> Result<Json<Value>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    Ok(Json(Value::Object(app.kept.global())))
}

/// The same under an older name.
#[utoipa::path(get, operation_id = "control_global_older", path = "/v3/config/get", tag = "control", responses(
    (status = 200, body = Object), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn global_alias(state: State<App>, who: Who) -> Result<Json<Value>, Fault> {
    global(state, who).await
}

/// Changes global fields: the level of the log and two timeouts; the rest is the file's.
#[utoipa::path(patch, operation_id = "control_global_patch", path = "/v3/config/global/patch", tag = "control", request_body = Object, responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn global_patch(State(app): State<App>, who: Who, Given(given): Given) -> Written {
    who.permit(&app, Action::Control, &Object::Server)?;
    let changed = global_fields(given, &app.kept.global()).map_err(Fault::bad)?;
    let fields = changed.keys().cloned().collect::<Vec<_>>().join(", ");
    let note = who.change("configuration_change", "global".to_owned(), &[("fields", fields)]);
    app.kept.change_global(changed, note).await?;
    Ok(DONE)
}

/// What of the given fields is to change.
fn global_fields(
    given: Map<String, Value>,
    in_force: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let mut changed = Map::new();
    for (name, value) in given {
        let text = value.as_str().unwrap_or_default();
        match name.as_str() {
            _ if !in_force.contains_key(&name) => {
                return Err(format!("json: unknown field \"{}\"", shorten(&name)));
            }
            // A configuration that was got is sent back whole.
            _ if in_force.get(&name) == Some(&value) => {}
            "logLevel" if ["error", "warn", "info", "debug"].contains(&text) => {
                changed.insert(name, value);
            }
            "logLevel" => {
                return Err("invalid logLevel: use one of error, warn, info, debug".to_owned());
            }
            "readTimeout" | "writeTimeout" => {
                let span = Span::parse(text).filter(|span| span.get().as_secs() >= 1);
                let span = span.ok_or_else(|| format!("invalid {name}: at least 1s"))?;
                changed.insert(name, json!(span.to_string()));
            }
            _ => return Err(format!("{name} is set by the configuration file")),
        }
    }
    Ok(changed)
}

/// What paths inherit.
#[utoipa::path(get, operation_id = "control_defaults", path = "/v3/config/pathdefaults/get", tag = "control", responses(
    (status = 200, description = "The configuration, whole, without passwords.", body = Object), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn defaults(State(app): State<App>, who: Who) -> Result<Json<Value>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    Ok(Json(app.kept.defaults().shown("")))
}

/// Changes what paths inherit.
#[utoipa::path(patch, operation_id = "control_defaults_patch", path = "/v3/config/pathdefaults/patch", tag = "control", request_body = PathSettings, responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn defaults_patch(
    State(app): State<App>,
    who: Who,
    Given(given): Given,
) -> Written {
    who.permit(&app, Action::Control, &Object::Server)?;
    let settings = PathSettings::read(given).map_err(Fault::bad)?;
    let detail = [("fields", settings.given())];
    let note = who.change("configuration_change", "defaults".to_owned(), &detail);
    app.kept.change_defaults(settings, note).await?;
    Ok(DONE)
}

/// The configuration of all paths.
#[utoipa::path(get, operation_id = "control_path_configurations", path = "/v3/config/paths/list", tag = "control", params(Paging), responses(
    (status = 200, body = List<Object>), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Checked(paging): Checked<Paging>,
) -> Result<Json<List<Value>>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    let all: Vec<_> = app.kept.configured().into_iter().collect();
    Ok(Json(paging.of(all, |(name, settings)| settings.shown(&name))?))
}

/// The configuration of a path.
#[utoipa::path(get, operation_id = "control_path_configuration", path = "/v3/config/paths/get/{name}", tag = "control",
    params(("name" = String, Path, description = "The path's name; it may hold slashes.")), responses(
    (status = 200, description = "The configuration, whole, without passwords.", body = Object), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(name): Path<String>,
) -> Result<Json<Value>, Fault> {
    who.permit(&app, Action::Control, &Object::Server)?;
    let configured = app.kept.configured();
    let found = configured.get(&name).map(|settings| Json(settings.shown(&name)));
    found.ok_or_else(|| Fault::missing("path configuration not found"))
}

/// Adds a path; it survives a restart.
#[utoipa::path(post, operation_id = "control_path_add", path = "/v3/config/paths/add/{name}", tag = "control", request_body = PathSettings,
    params(("name" = String, Path, description = "The path's name; it may hold slashes.")), responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn add(
    State(app): State<App>,
    who: Who,
    Path(name): Path<String>,
    Given(given): Given,
) -> Written {
    let (settings, note) = change(&app, &who, "path_add", &name, given)?;
    app.kept.add(&name, settings, note).await?;
    Ok(DONE)
}

/// Changes what is given of a path.
#[utoipa::path(patch, operation_id = "control_path_patch", path = "/v3/config/paths/patch/{name}", tag = "control", request_body = PathSettings,
    params(("name" = String, Path, description = "The path's name; it may hold slashes.")), responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn patch(
    State(app): State<App>,
    who: Who,
    Path(name): Path<String>,
    Given(given): Given,
) -> Written {
    let (settings, note) = change(&app, &who, "path_change", &name, given)?;
    app.kept.change(&name, settings, false, note).await?;
    Ok(DONE)
}

/// Replaces a path's configuration.
#[utoipa::path(post, operation_id = "control_path_replace", path = "/v3/config/paths/replace/{name}", tag = "control", request_body = PathSettings,
    params(("name" = String, Path, description = "The path's name; it may hold slashes.")), responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn replace(
    State(app): State<App>,
    who: Who,
    Path(name): Path<String>,
    Given(given): Given,
) -> Written {
    let (settings, note) = change(&app, &who, "path_replace", &name, given)?;
    app.kept.change(&name, settings, true, note).await?;
    Ok(DONE)
}

fn change(
    app: &App,
    who: &Who,
    action: &str,
    name: &str,
    given: Map<String, Value>,
) -> Result<(PathSettings, catalog::Entry), Fault> {
    who.permit(app, Action::Control, &Object::Server)?;
    let settings = PathSettings::read(given).map_err(Fault::bad)?;
    let note = who.change(action, object(name), &[("fields", settings.given())]);
    Ok((settings, note))
}

fn object(name: &str) -> String {
    format!("path:{}", shorten(name))
}

/// Removes a path that was added.
#[utoipa::path(delete, operation_id = "control_path_delete", path = "/v3/config/paths/delete/{name}", tag = "control",
    params(("name" = String, Path, description = "The path's name; it may hold slashes.")), responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn remove(State(app): State<App>, who: Who, Path(name): Path<String>) -> Written {
    who.permit(&app, Action::Control, &Object::Server)?;
    app.kept.remove(&name, who.change("path_remove", object(&name), &[])).await?;
    Ok(DONE)
}

/// The same under an older name.
#[utoipa::path(post, operation_id = "control_path_delete_older", path = "/v3/config/paths/remove/{name}", tag = "control",
    params(("name" = String, Path, description = "The path's name; it may hold slashes.")), responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn remove_alias(state: State<App>, who: Who, name: Path<String>) -> Written {
    remove(state, who, name).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn of_the_global_fields_some_change_and_the_others_are_the_files() {
        let force = json!({ "logLevel": "info", "readTimeout": "10s", "rtspAddress": ":8554" });
        let ask = |given: Value| {
            let given = given.as_object().unwrap().clone();
            global_fields(given, force.as_object().unwrap()).map(Value::Object)
        };
        assert_eq!(ask(force.clone()), Ok(json!({})));
        let changed = ask(json!({ "logLevel": "debug", "readTimeout": "60s" })).unwrap();
        assert_eq!(changed, json!({ "logLevel": "debug", "readTimeout": "1m0s" }));
        for (given, expected) in [
            (json!({ "rtspAddress": ":1" }), "rtspAddress is set by the configuration file"),
            (json!({ "x": 1 }), "json: unknown field \"x\""),
            (json!({ "readTimeout": 5 }), "invalid readTimeout: at least 1s"),
        ] {
            assert_eq!(ask(given).unwrap_err(), expected);
        }
        assert!(ask(json!({ "logLevel": "loud" })).is_err());
    }
}
