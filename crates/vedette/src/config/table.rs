//! The one table of keys: what may be written, as what, with which default, and where it is explained.
//!
//! It drives checking, `config show`, the example files and the reference page.

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Text,
    /// Printed as `***`.
    Secret,
    Bool,
    /// A whole number within bounds.
    Int(i64, i64),
    /// A number within bounds.
    Float(f64, f64),
    Size,
    Duration,
    Port,
    Listen,
    /// A file or folder, relative to the configuration file.
    Path,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of one or two port numbers.
    Ports,
    /// Width and height, or nothing.
    Resolution,
    /// A section whose keys are the user's own.
    Free,
    /// A list of sections whose keys are checked elsewhere or by a later room.
    FreeList,
}

impl Kind {
    /// The kind in words, for the reference.
    pub fn name(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Secret => "secret".into(),
            Self::Bool => "true or false".into(),
            Self::Int(low, high) => format!("number, {low} to {high}"),
            Self::Float(low, high) => format!("number, {low} to {high}"),
            Self::Size => "size".into(),
            Self::Duration => "duration".into(),
            Self::Port => "port, 0 or off".into(),
            Self::Listen => "address:port or empty".into(),
            Self::Path => "path".into(),
            Self::Choice(words) => words.join(" | "),
            Self::Texts => "list of texts".into(),
            Self::Ports => "list of ports".into(),
            Self::Resolution => "width x height".into(),
            Self::Free => "section".into(),
            Self::FreeList => "list of sections".into(),
        }
    }
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub path: &'static str,
    pub kind: Kind,
    /// As it would be written in YAML.
    pub default: &'static str,
    /// Another way to write it, by older files.
    pub alias: &'static str,
    /// The variable of older deployments that sets it.
    pub variable: &'static str,
    pub page: &'static str,
    pub doc: &'static str,
}

const fn key(
    path: &'static str,
    kind: Kind,
    default: &'static str,
    page: &'static str,
    doc: &'static str,
) -> Key {
    Key { path, kind, default, alias: "", variable: "", page, doc }
}

impl Key {
    const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = alias;
        self
    }
    const fn variable(mut self, variable: &'static str) -> Self {
        self.variable = variable;
        self
    }
}

use Kind::{
    Bool, Choice, Duration, Float, Free, FreeList, Int, Listen, Path, Port, Ports, Resolution,
    Secret, Size, Text, Texts,
};

const ANY: Kind = Int(0, 1_000_000_000);

/// All keys but the cameras', which stand in [`CAMERA_KEYS`].
pub static KEYS: &[Key] = &[
    key(
        "data_dir",
        Path,
        "./data",
        "configuration",
        "All that is written lies below: database, segments, logs, run.",
    ),
    key(
        "time_zone",
        Text,
        "UTC",
        "configuration",
        "Time zone of schedules; a camera may have its own.",
    ),
    key("temp_dir", Path, "<data_dir>/tmp", "configuration", "Staging for exports and uploads.")
        .variable("TEMP_DIR"),
    key(
        "logging.level",
        Choice(&["error", "warn", "info", "debug", "trace", "warning"]),
        "info",
        "operations",
        "How much is logged.",
    )
    .alias("log_level"),
    key("logging.format", Choice(&["text", "json"]), "text", "operations", "Form of a log line."),
    key(
        "logging.file",
        Path,
        "<data_dir>/logs/vedette.log",
        "operations",
        "Log file beside stdout; empty: none.",
    ),
    key(
        "logging.max_size_mb",
        Int(1, 10_000),
        "50",
        "operations",
        "A log file is put aside at this size.",
    ),
    key("logging.backup_count", Int(0, 1_000), "5", "operations", "Log files that are kept aside."),
    key(
        "database.url",
        Secret,
        "",
        "configuration",
        "Empty: SQLite in data_dir; or postgresql://...",
    )
    .variable("DATABASE_URL"),
    key("database.max_connections", Int(1, 1_000), "20", "configuration", "Connections at most."),
    key("server.enabled", Bool, "true", "gateway", "Whether there is a front door."),
    key(
        "server.host",
        Text,
        "",
        "configuration",
        "Address to listen on; empty: localhost when access.mode is open, else all.",
    ),
    key(
        "server.hosts",
        Texts,
        "[]",
        "configuration",
        "Names by which browsers may call it, beside localhost and IP addresses.",
    ),
    key("server.port", Port, "8080", "gateway", "Console, API and live view."),
    key("server.also_listen", Ports, "[]", "gateway", "More ports for the same door."),
    key(
        "server.tls.port",
        Port,
        "8443",
        "gateway",
        "The same door over TLS; off by default when access.mode is open.",
    ),
    key(
        "server.tls.cert",
        Path,
        "",
        "gateway",
        "Certificate; empty: self-signed in <data_dir>/tls.",
    ),
    key("server.tls.key", Path, "", "gateway", "Key of the certificate."),
    key(
        "server.tls.required",
        Bool,
        "true",
        "gateway",
        "Logins over plain HTTP from elsewhere go to TLS.",
    ),
    key(
        "server.cors_origins",
        Texts,
        "[]",
        "gateway",
        "Other sites that may call: exact, https://*.example.org, or *.",
    ),
    key(
        "server.trusted_proxies",
        Texts,
        "[]",
        "gateway",
        "Networks whose forwarded addresses are believed.",
    ),
    key("server.max_body", Size, "10MB", "gateway", "Largest request body."),
    key("server.response_headers", Free, "{}", "gateway", "Headers added to every answer."),
    key(
        "server.rate_limit.per_token",
        ANY,
        "100",
        "gateway",
        "Requests a second per token; 0: no limit.",
    ),
    key(
        "server.rate_limit.per_address",
        ANY,
        "50",
        "gateway",
        "Requests a second per address; 0: no limit.",
    ),
    key("server.rate_limit.burst", ANY, "200", "gateway", "Requests at once."),
    key("server.playlist_segments", Int(2, 60), "6", "live", "Segments in /live.m3u8."),
    key(
        "admin.listen",
        Listen,
        "",
        "configuration",
        "Routes of the admin role are then served only there.",
    ),
    key(
        "status.listen",
        Listen,
        "",
        "configuration",
        "Only health, readiness and metrics, without login.",
    ),
    key("live.rtsp.port", Port, "8554", "live", "RTSP."),
    key("live.rtsp.tls_port", Port, "off", "live", "RTSP over TLS, by custom 8322."),
    key("live.rtsp.udp_ports", Ports, "[8000, 8001]", "live", "RTP and RTCP."),
    key("live.hls.port", Port, "8888", "live", "HLS."),
    key("live.hls.segment", Duration, "1s", "live", "Shortest HLS segment."),
    key("live.hls.part", Duration, "200ms", "live", "Low-latency part."),
    key("live.hls.segments", Int(3, 60), "7", "live", "Segments in a playlist."),
    key("live.webrtc.port", Port, "8889", "live", "WHEP, WHIP and player pages."),
    key("live.webrtc.media_port", Port, "8189", "live", "One UDP port for all peers."),
    key("live.webrtc.tcp", Bool, "true", "live", "Also TCP on media_port."),
    key("live.webrtc.advertise", Texts, "[]", "live", "Addresses told to peers."),
    key("live.webrtc.stun", Texts, "[]", "live", "STUN servers told to peers."),
    key("live.webrtc.turn.urls", Texts, "[]", "live", "TURN servers told to peers."),
    key(
        "live.webrtc.turn.shared_secret",
        Secret,
        "",
        "live",
        "Makes short-lived TURN credentials.",
    ),
    key("live.control.listen", Listen, "127.0.0.1:9997", "live", "Control API."),
    key(
        "live.control.trusted_networks",
        Texts,
        "[]",
        "live",
        "Networks that need no login for it.",
    ),
    key("live.metrics.listen", Listen, "127.0.0.1:9998", "live", "Metrics of the live router."),
    key(
        "live.metrics.networks",
        Texts,
        "[]",
        "live",
        "Networks that may read metrics without login.",
    ),
    key("live.playback.listen", Listen, "127.0.0.1:9996", "live", "Playback list and get."),
    key("live.ring.max_bytes", Size, "16MB", "live", "Bytes held of a stream."),
    key("live.ring.max_duration", Duration, "12s", "live", "Time held of a stream."),
    key(
        "live.reader_grace",
        Duration,
        "10s",
        "live",
        "Readers stay this long when a source is lost.",
    ),
    key("live.source_timeout", Duration, "10s", "live", "A source silent this long is lost."),
    key(
        "live.on_demand.start_timeout",
        Duration,
        "10s",
        "live",
        "A first reader waits at most this long.",
    ),
    key(
        "live.on_demand.close_after",
        Duration,
        "10s",
        "live",
        "The pull stops this long after the last reader.",
    ),
    key("live.paths", Free, "{}", "live", "Patterns of paths with agency and source."),
    key(
        "capture.resolution",
        Resolution,
        "",
        "configuration",
        "When set, every camera is recorded as this derived stream.",
    ),
    key(
        "capture.framerate",
        Int(0, 240),
        "0",
        "configuration",
        "Frame rate of the derived stream.",
    ),
    key("capture.segment_duration", Duration, "0", "configuration", "Its segments' duration."),
    key("record.mode", Choice(MODES), "continuous", "recording", "When cameras are recorded."),
    key("record.stream", Text, "main", "recording", "Which stream: main, sub or derived."),
    key("record.format", Choice(FORMATS), "fmp4", "recording", "Container of segments."),
    key(
        "record.segment_duration",
        Duration,
        "15m",
        "recording",
        "Segments are cut at multiples of this; 10s for ts.",
    )
    .alias("storage.segment_duration_minutes"),
    key("record.audio", Bool, "true", "recording", "Whether sound is kept."),
    key("record.pre_roll", Duration, "5s", "recording", "Kept before a motion or event."),
    key("record.post_roll", Duration, "10s", "recording", "Kept after a motion or event."),
    key("record.schedule", Free, "{}", "recording", "Weekly hours: mon: [\"08:00-18:00\"]."),
    key("record.max_age", Duration, "0", "recording", "0: storage.recordings.max_age."),
    key("record.max_disk_usage", Size, "0", "recording", "0: no limit per camera."),
    key("record.backends", Texts, "[]", "recording", "Empty: storage.backends."),
    key(
        "record.durability",
        Duration,
        "1s",
        "recording",
        "Data reaches the disk at least this often.",
    ),
    key("storage.segments_dir", Path, "<data_dir>/segments", "recording", "Where segments lie."),
    key(
        "storage.backends",
        Texts,
        "[local]",
        "recording",
        "local, s3, vms; [local, s3] as soon as an S3 store is named.",
    ),
    key(
        "storage.local_buffer_minutes",
        Int(0, 10_000_000),
        "30",
        "recording",
        "Kept on disk after the upload.",
    ),
    key(
        "storage.recordings.max_disk_usage",
        Size,
        "0",
        "recording",
        "Disk for recordings; 0: no limit.",
    ),
    key(
        "storage.recordings.max_age",
        Duration,
        "0",
        "recording",
        "Age of recordings; 0: no limit.",
    ),
    key(
        "storage.min_free",
        Size,
        "2GB",
        "recording",
        "Free space that is kept, or 5 % of the volume if that is less.",
    ),
    key(
        "storage.on_full",
        Choice(&["overwrite_oldest", "stop"]),
        "overwrite_oldest",
        "recording",
        "What happens on a full disk.",
    ),
    key(
        "storage.drop_unarchived",
        Bool,
        "false",
        "recording",
        "Whether what is not uploaded may go.",
    ),
    key("storage.output_dir", Path, "<data_dir>/frames", "frames", "Where frames lie."),
    key("storage.save_frames", Bool, "false", "frames", "Whether pushed frames are saved."),
    key("storage.keep_frames", Bool, "false", "frames", "Keep frames after consolidation."),
    key("storage.max_frame_bytes", Size, "4MiB", "frames", "Largest frame."),
    key("storage.max_file_size", Size, "100MiB", "frames", "Frames are consolidated at this size."),
    key("storage.max_disk_usage", Size, "1GiB", "frames", "Of saved frames not yet consolidated."),
    key(
        "storage.max_frame_count",
        Int(1, 10_000_000),
        "1000",
        "frames",
        "Frames are consolidated at this count.",
    ),
    key("s3.endpoint", Text, "", "recording", "Empty: AWS; file:///path is the embedded store.")
        .alias("storage.s3_endpoint")
        .variable("S3_ENDPOINT"),
    key("s3.bucket", Text, "", "recording", "Bucket of the archive.")
        .alias("storage.s3_bucket")
        .variable("S3_BUCKET"),
    key("s3.region", Text, "us-east-1", "recording", "Region of the bucket.")
        .alias("storage.s3_region"),
    key("s3.prefix", Text, "cameras/{camera_name}/{date}/{hour}/", "recording", "Key template."),
    key("s3.path_style", Bool, "true", "recording", "Bucket in the path instead of the host."),
    key("s3.ca_file", Path, "", "recording", "Certificate authority of the store."),
    key("s3.access_key", Secret, "", "recording", "Access key.").variable("S3_ACCESS_KEY"),
    key("s3.secret_key", Secret, "", "recording", "Secret key.").variable("S3_SECRET_KEY"),
    key("s3.lifecycle", Free, "{}", "recording", "transition_days, storage_class, expire_days."),
    key(
        "upload.order",
        Choice(&["oldest_first", "newest_first"]),
        "oldest_first",
        "recording",
        "What is uploaded first.",
    ),
    key("upload.max_parallel", Int(1, 256), "4", "recording", "Uploads at once."),
    key("upload.bandwidth_limit", Size, "0", "recording", "Bytes a second; 0: no limit."),
    key("upload.part_size", Size, "16MiB", "recording", "Part of a multipart upload."),
    key(
        "upload.max_retries",
        Int(0, 1_000),
        "10",
        "recording",
        "Refusals of one object before it counts as failed.",
    ),
    key("stream.video_codec", Choice(&["h264"]), "h264", "frames", "Codec made of frames."),
    key("stream.video_bitrate", Int(10, 1_000_000), "2000", "frames", "kbit/s."),
    key("stream.framerate", Int(1, 240), "30", "frames", "Highest frame rate."),
    key("stream.width", Int(16, 16_384), "1280", "frames", "Largest width."),
    key("stream.height", Int(16, 16_384), "720", "frames", "Largest height."),
    key(
        "stream.auto_register",
        Bool,
        "false",
        "frames",
        "Add unknown frame cameras; default where access.mode is open.",
    ),
    key("stream.encode_max", Int(0, 10_000), "0", "frames", "Encoders at once; 0: two per core."),
    key(
        "quotas.backend",
        Choice(&["embedded", "valkey"]),
        "embedded",
        "quotas",
        "Where reservations are kept.",
    ),
    key("quotas.url", Secret, "", "quotas", "redis://...").variable("VALKEY_URL"),
    key("quotas.pool", Int(1, 10_000), "50", "quotas", "Connections at most."),
    key("quotas.total", ANY, "500", "quotas", "Streams of all agencies."),
    key(
        "quotas.agencies",
        Free,
        "{DUBAI_POLICE: 50, METRO: 30, BUS: 20, OTHER: 400}",
        "quotas",
        "Streams per agency.",
    ),
    key("quotas.max_mbps", Free, "{}", "quotas", "Megabits a second per agency."),
    key(
        "quotas.heartbeat_ttl",
        Duration,
        "60s",
        "quotas",
        "How long the server's own reservations last.",
    ),
    key("quotas.sweep", Duration, "60s", "quotas", "How often expired reservations are reaped."),
    key(
        "quotas.on_unavailable",
        Choice(&["deny", "allow"]),
        "deny",
        "quotas",
        "When the backend is away.",
    ),
    key("viewers.geoip_db_path", Path, "", "viewers", "GeoIP database.").variable("GEOIP_DB_PATH"),
    key("viewers.timeout", Duration, "45s", "viewers", "A view without a heartbeat ends."),
    key("clickhouse.url", Secret, "", "viewers", "Where views are also sent."),
    key("vms.servers", FreeList, "[]", "vms", "Other systems: id, type, url, username, password."),
    key("vms.pool_size", Int(1, 1_000), "5", "vms", "Connections per server."),
    key("vms.cache_ttl", Duration, "5m", "vms", "How long answers are kept."),
    key("vms.sync_interval", Duration, "10m", "vms", "How often cameras are read."),
    key("detect.enabled", Bool, "false", "search", "Whether pictures are analysed."),
    key("detect.fps", Int(1, 60), "2", "search", "Pictures a second."),
    key("detect.model", Path, "", "search", "ONNX model."),
    key("detect.labels", Texts, "[]", "search", "What is looked for."),
    key("detect.threshold", Float(0.0, 1.0), "0.5", "search", "Confidence needed."),
    key(
        "access.mode",
        Choice(&["login", "open"]),
        "login",
        "configuration",
        "login: sign in first; open: whoever connects is an administrator.",
    ),
    key(
        "access.open_networks",
        Texts,
        "[]",
        "configuration",
        "Networks that open mode serves beside loopback.",
    ),
    key(
        "access.anonymous.role",
        Choice(&["none", "viewer"]),
        "none",
        "access",
        "What nobody in particular may do.",
    ),
    key("access.anonymous.cameras_with_role", Texts, "[]", "access", "On cameras of these roles."),
    key("access.anonymous.from", Texts, "[]", "access", "From these networks."),
    key(
        "access.outgoing.allow",
        Texts,
        "[]",
        "access",
        "Networks that this server may connect to although they are denied; the most specific decides.",
    ),
    key(
        "access.outgoing.deny",
        Texts,
        "[]",
        "access",
        "Networks that it may not connect to, beside link-local and metadata addresses.",
    ),
    key(
        "access.oidc.issuer",
        Text,
        "",
        "access",
        "OpenID Connect: who signs the tokens, as its metadata says; empty: not used.",
    ),
    key("access.oidc.client_id", Text, "", "access", "Name of this server's client there."),
    key("access.oidc.client_secret", Secret, "", "access", "Its secret; empty: a public client."),
    key(
        "access.oidc.audience",
        Texts,
        "[]",
        "access",
        "Whom bearer tokens must be for, one of these; empty: client_id.",
    ),
    key("access.oidc.scopes", Texts, "[openid, profile]", "access", "What is asked for."),
    key("access.oidc.name", Text, "OpenID Connect", "access", "Shown on the button."),
    key(
        "access.oidc.name_claim",
        Text,
        "",
        "access",
        "Claim with the name; empty: preferred_username, else email, else sub.",
    ),
    key(
        "access.oidc.role_claim",
        Text,
        "roles",
        "access",
        "Claim with the roles, or a path such as realm_access.roles.",
    ),
    key(
        "access.oidc.roles",
        Free,
        "{}",
        "access",
        "Value of that claim: viewer, operator, supervisor or admin; empty: these words themselves.",
    ),
    key(
        "access.oidc.agency_claim",
        Text,
        "agencies",
        "access",
        "Claim with the agencies, or a path.",
    ),
    key(
        "access.oidc.agencies",
        Free,
        "{}",
        "access",
        "Value of that claim: an agency, a list, or *; empty: the values themselves.",
    ),
    key(
        "access.oidc.algorithms",
        Texts,
        "[]",
        "access",
        "Signatures that count; empty: RS, PS, ES of 256 and more bits, EdDSA.",
    ),
    key("access.rtsp_digest", Bool, "true", "access", "Whether RTSP Digest hashes are kept."),
    key("alerts.webhooks", FreeList, "[]", "operations", "Where alerts go."),
    key("alerts.email", Free, "{}", "operations", "Mail server and addresses."),
    key("alerts.disk_percent", Int(1, 100), "85", "operations", "Disk used."),
    key("alerts.camera_offline_after", Duration, "60s", "operations", "Camera away."),
    key("alerts.archive_behind", Duration, "15m", "operations", "Oldest upload waiting."),
    key("alerts.local_buffer_percent", Int(1, 100), "90", "operations", "Local buffer used."),
    key("alerts.quota_percent", Int(1, 100), "90", "operations", "Quota used."),
    key("backup.schedule", Text, "", "operations", "When backups are made."),
    key("backup.keep", Int(1, 10_000), "7", "operations", "Backups kept."),
    key("backup.to", Text, "", "operations", "Folder or s3:// address."),
    key("telemetry.otlp", Text, "", "operations", "OpenTelemetry collector."),
];

pub const MODES: &[&str] = &["continuous", "motion", "schedule", "events", "off"];
pub const FORMATS: &[&str] = &["fmp4", "ts"];

/// The keys of one camera; those of `record` are the ones above.
pub static CAMERA_KEYS: &[Key] = &[
    key("id", Text, "", "cameras", "Slug or UUID; default: slug of the name."),
    key("name", Text, "", "cameras", "Name for people."),
    key("source", Text, "OTHER", "cameras", "Agency that owns it."),
    key("role", Text, "", "cameras", "Free word, filterable."),
    key("location.lng", Float(-180.0, 180.0), "", "cameras", "Longitude."),
    key("location.lat", Float(-90.0, 90.0), "", "cameras", "Latitude."),
    key(
        "location.direction",
        Float(0.0, 360.0),
        "",
        "cameras",
        "Where it looks, degrees clockwise from north.",
    ),
    key("location.field_of_view", Float(0.0, 360.0), "", "cameras", "Opening angle in degrees."),
    key("location.range_m", Float(0.0, 100_000.0), "", "cameras", "How far it sees, in metres."),
    key("url", Secret, "", "cameras", "Main stream."),
    key("sub_url", Secret, "", "cameras", "Low-resolution stream."),
    key("ip", Text, "", "cameras", "Instead of url, with port and rtsp_path."),
    key("port", Int(1, 65_535), "554", "cameras", "RTSP port."),
    key("rtsp_path", Text, "", "cameras", "RTSP path."),
    key("username", Text, "", "cameras", "User; wins over one in the url."),
    key("password", Secret, "", "cameras", "Password; wins over one in the url."),
    key(
        "resolution",
        Resolution,
        "",
        "cameras",
        "What the main stream should be; a difference is a warning.",
    ),
    key(
        "fps",
        Int(1, 240),
        "",
        "cameras",
        "What the frame rate should be; a difference is a warning.",
    ),
    key("transport", Choice(&["tcp", "udp"]), "tcp", "cameras", "How RTP is carried."),
    key("client", Choice(&["auto", "native", "ffmpeg"]), "auto", "cameras", "Who pulls it."),
    key("time_zone", Text, "", "cameras", "Time zone of its schedule."),
    key("enabled", Bool, "true", "cameras", "Whether it is pulled and recorded."),
    key("on_demand", Bool, "false", "cameras", "Pull only while someone watches or records."),
    key("record.mode", Choice(MODES), "", "recording", "When it is recorded."),
    key("record.stream", Text, "", "recording", "Which stream is recorded."),
    key("record.format", Choice(FORMATS), "", "recording", "Container of its segments."),
    key("record.segment_duration", Duration, "", "recording", "Duration of its segments."),
    key("record.audio", Bool, "", "recording", "Whether its sound is kept."),
    key("record.pre_roll", Duration, "", "recording", "Kept before a motion or event."),
    key("record.post_roll", Duration, "", "recording", "Kept after a motion or event."),
    key("record.schedule", Free, "", "recording", "Weekly hours."),
    key("record.max_age", Duration, "", "recording", "Age of its recordings."),
    key("record.max_disk_usage", Size, "", "recording", "Disk of its recordings."),
    key("record.backends", Texts, "", "recording", "Where its recordings go."),
    key(
        "record.durability",
        Duration,
        "",
        "recording",
        "Data reaches the disk at least this often.",
    ),
    key("transcode.resolution", Resolution, "", "cameras", "Derived stream."),
    key("transcode.framerate", Int(1, 240), "", "cameras", "Frame rate of the derived stream."),
    key("tags", Texts, "[]", "cameras", "Free words."),
];
