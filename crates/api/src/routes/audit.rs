//! The audit trail: as pages, and as a file.

use std::collections::BTreeMap;

use access::{Action, Object};
use axum::Json;
use axum::body::Body as Sent;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::{Clock, SystemClock, Wall};
use bytes::Bytes;
use catalog::audit::Format;
use catalog::{Agencies, Database, Row, Trail, TrailFilter};
use futures::Stream;
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{Checked, number, time};
use crate::App;
use crate::problem::{Problem, ProblemDetails};
use crate::who::Who;

/// Rows read at once for a file.
const BATCH: u32 = 1_000;
/// Rows of a file, at most: a year's worth of a busy site asks for its spans.
const FILE_ROWS_MAX: usize = 1_000_000;

/// Who did something.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditWho {
    /// `user`, `external`, `key`, `link`, `open`, `nobody`, `monitor`, `command` or `server`.
    kind: String,
    id: String,
    /// The name, or the one that was tried.
    name: String,
}

/// A row of the audit trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditRow {
    /// 1, 2, 3 without a gap.
    seq: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Wall,
    who: AuditWho,
    action: String,
    /// On what: `camera:<id>`, `user:<name>`; empty: the server.
    object: String,
    /// Whose it is.
    agency: Option<String>,
    /// From where.
    address: String,
    request_id: String,
    /// `ok`, or the code of the refusal.
    result: String,
    detail: BTreeMap<String, String>,
    /// Of this row and the one before, in hexadecimal.
    hash: String,
    previous: String,
}

impl From<Row> for AuditRow {
    fn from(row: Row) -> Self {
        let entry = row.entry;
        Self {
            seq: row.seq,
            at: entry.at,
            who: AuditWho { kind: entry.kind, id: entry.id, name: entry.name },
            action: entry.action,
            object: entry.object,
            agency: Some(entry.agency).filter(|agency| !agency.is_empty()),
            address: entry.address,
            request_id: entry.request,
            result: entry.result,
            detail: entry.detail,
            hash: hex(&row.hash),
            previous: hex(&row.previous),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A page of the audit trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditAnswer {
    rows: Vec<AuditRow>,
    next_cursor: Option<String>,
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// RFC 3339 or seconds since 1970.
    start: Option<String>,
    /// Before this moment.
    end: Option<String>,
    /// A name or id.
    who: Option<String>,
    action: Option<String>,
    object: Option<String>,
    /// A code; `refused`: all that are not `ok`.
    result: Option<String>,
    agency: Option<String>,
    /// `csv` or `jsonl`: all rows as a file instead of a page.
    format: Option<String>,
    /// 1 to 1,000; default 100.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The audit trail, newest first. Supervisors see what belongs to their agencies.
#[utoipa::path(get, operation_id = "audit_list", path = "/api/audit", tag = "access", params(AuditQuery), responses(
    (status = 200, content((AuditAnswer = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 400, body = ProblemDetails, content_type = "application/problem+json"), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Checked(query): Checked<AuditQuery>,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadAudit, &Object::Server)?;
    let limit = number("limit", query.limit.as_deref(), (1, 1_000, 100))?;
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = TrailFilter {
        start: time("start", query.start.as_deref())?,
        end: time("end", query.end.as_deref())?,
        who: some(query.who),
        action: some(query.action),
        object: some(query.object),
        result: some(query.result),
        agency: some(query.agency),
        within: Some(who.principal.visible().agencies.clone())
            .filter(|agencies| *agencies != Agencies::All),
    };
    let cursor = some(query.cursor);
    let file = match some(query.format).as_deref() {
        None | Some("json") => None,
        Some("csv") => Some(Format::Csv),
        Some("jsonl") => Some(Format::Jsonl),
        Some(other) => {
            return Err(Problem::new(base::ErrorKind::Invalid, "invalid_word")
                .with("field", "format")
                .with("allowed", "json, csv, jsonl")
                .with("value", other));
        }
    };
    if let Some(form) = file {
        who.record(
            &app,
            "audit_export",
            String::new(),
            &[("format", format!("{form:?}").to_lowercase())],
        )
        .await?;
        return Ok(as_file(app.database.clone(), filter, form));
    }
    let page = app.database.rows(&filter, limit, cursor.as_deref()).await?;
    let rows = page.items.into_iter().map(AuditRow::from).collect();
    Ok(Json(AuditAnswer { rows, next_cursor: page.next_cursor }).into_response())
}

fn as_file(database: Database, filter: TrailFilter, form: Format) -> Response {
    let (kind, ending) = match form {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Jsonl => ("application/x-ndjson", "jsonl"),
    };
    let now = SystemClock.wall().as_secs();
    let name = format!("attachment; filename=\"audit-{now}.{ending}\"");
    let head = futures::stream::once(async move { Ok(Bytes::from(form.header())) });
    let body = Sent::from_stream(futures::StreamExt::chain(head, pages(database, filter, form)));
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    (headers, body).into_response()
}

fn pages(
    database: Database,
    filter: TrailFilter,
    form: Format,
) -> impl Stream<Item = Result<Bytes, catalog::Error>> + Send {
    let begin = Some((None::<String>, 0));
    futures::stream::try_unfold(begin, move |state| {
        let (database, filter) = (database.clone(), filter.clone());
        async move {
            let Some((cursor, sent)) = state else { return Ok(None) };
            let page = database.rows(&filter, BATCH, cursor.as_deref()).await?;
            let sent = sent + page.items.len();
            let lines: String = page.items.iter().map(|row| form.line(row)).collect();
            let next = page.next_cursor.filter(|_| sent < FILE_ROWS_MAX);
            Ok(Some((Bytes::from(lines), next.map(|cursor| (Some(cursor), sent)))))
        }
    })
}

/// The end of the audit trail's chain, to be kept elsewhere.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeadAnswer {
    /// The newest row; 0: there is none.
    seq: i64,
    /// Its hash, in hexadecimal.
    hash: String,
    #[schema(value_type = String, format = DateTime)]
    at: Wall,
    /// Ed25519 over `vedette audit head\n<seq>\n<hash>\n<at>`, in base64.
    signature: String,
    /// The key that proves it, in base64.
    public_key: String,
}

/// The end of the chain, signed: whoever keeps it finds out later whether rows before it were changed.
#[utoipa::path(get, operation_id = "audit_head", path = "/api/audit/head", tag = "access", responses(
    (status = 200, body = HeadAnswer), (status = 401, body = ProblemDetails, content_type = "application/problem+json"),
    (status = 403, body = ProblemDetails, content_type = "application/problem+json"), (status = 503, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn head(State(app): State<App>, who: Who) -> Result<Json<HeadAnswer>, Problem> {
    who.permit(&app, Action::ReadAudit, &Object::Server)?;
    let head = app.database.head().await?;
    let (seq, hash) = head.map_or((0, "0".repeat(64)), |head| (head.seq, hex(&head.hash)));
    let at = SystemClock.wall();
    let (signature, public_key) =
        app.signer.sign(format!("vedette audit head\n{seq}\n{hash}\n{at}").as_bytes());
    Ok(Json(HeadAnswer { seq, hash, at, signature, public_key }))
}
