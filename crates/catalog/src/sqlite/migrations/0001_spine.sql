-- Times are microseconds since 1970-01-01T00:00:00Z.
CREATE TABLE cameras (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    source      TEXT NOT NULL,
    role        TEXT NOT NULL,
    lng         REAL,
    lat         REAL,
    direction   REAL,
    field_of_view REAL,
    range_m     REAL,
    enabled     INTEGER NOT NULL,
    tags        TEXT NOT NULL,
    managed_by  TEXT NOT NULL,
    removed_at  INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX cameras_by_role ON cameras (role);
CREATE INDEX cameras_by_source ON cameras (source);

-- Positions; the camera's id rides along. Cameras without a position are not in it.
CREATE VIRTUAL TABLE camera_positions USING rtree (rowid, min_lng, max_lng, min_lat, max_lat, +camera TEXT);

CREATE TABLE segments (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    camera      TEXT NOT NULL,
    stream      TEXT NOT NULL,
    path        TEXT NOT NULL UNIQUE,
    start_us    INTEGER NOT NULL,
    end_us      INTEGER,
    duration_us INTEGER,
    bytes       INTEGER,
    sha256      BLOB,
    format      TEXT NOT NULL,
    codecs      TEXT NOT NULL,
    state       TEXT NOT NULL,
    place       TEXT NOT NULL
);
CREATE INDEX segments_by_camera ON segments (camera, start_us);
CREATE INDEX segments_recording ON segments (id) WHERE state = 'RECORDING';

CREATE TABLE gaps (
    id          INTEGER PRIMARY KEY,
    camera      TEXT NOT NULL,
    start_us    INTEGER NOT NULL,
    end_us      INTEGER,
    reason      TEXT NOT NULL
);
CREATE INDEX gaps_by_camera ON gaps (camera, start_us);
CREATE UNIQUE INDEX gaps_open ON gaps (camera) WHERE end_us IS NULL;

CREATE TABLE nodes (
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    alive_at    INTEGER NOT NULL,
    stopped_at  INTEGER
);

-- Volumes that hold segments, by the id in their .vedette-volume.
CREATE TABLE volumes (
    root        TEXT PRIMARY KEY,
    id          TEXT NOT NULL
) WITHOUT ROWID;
