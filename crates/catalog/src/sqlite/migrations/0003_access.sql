-- Who is known here, and by which secret. No password, key or token lies here, only hashes and sealed values.
CREATE TABLE users (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    -- The name in lower case (of Unicode, which SQLite does not know): what is unique, sorted and searched.
    name_key    TEXT NOT NULL UNIQUE,
    role        TEXT NOT NULL,
    agencies    TEXT NOT NULL,
    password    TEXT NOT NULL,
    digest      BLOB,
    must_change INTEGER NOT NULL,
    enabled     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    login_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    hash        BLOB NOT NULL UNIQUE,
    role        TEXT,
    agencies    TEXT NOT NULL,
    scopes      TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    revoked_at  INTEGER,
    used_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_age ON keys (created_at, id);

-- `holder`: the id of a user, or the subject of a person of a provider, who has name, role and agencies here.
CREATE TABLE sessions (
    id          TEXT PRIMARY KEY,
    hash        BLOB NOT NULL UNIQUE,
    holder      TEXT NOT NULL,
    name        TEXT,
    role        TEXT,
    agencies    TEXT,
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    address     TEXT NOT NULL,
    agent       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_holder ON sessions (holder, created_at, id);
CREATE INDEX sessions_by_age ON sessions (created_at, id);
CREATE INDEX sessions_by_end ON sessions (min(expires_at, coalesce(ended_at, expires_at)));

CREATE TABLE secrets (
    name        TEXT PRIMARY KEY,
    bytes       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: its number changes with every change of rights.
CREATE TABLE access_revision (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    revision    INTEGER NOT NULL
) STRICT;
INSERT INTO access_revision (id, revision) VALUES (1, 1);

-- Who did what. Rows are only added, each with the hash of the one before.
CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    action      TEXT NOT NULL,
    object      TEXT NOT NULL,
    agency      TEXT NOT NULL,
    address     TEXT NOT NULL,
    request     TEXT NOT NULL,
    result      TEXT NOT NULL,
    detail      TEXT NOT NULL,
    previous    BLOB NOT NULL,
    hash        BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_object ON audit (object, at);
CREATE INDEX audit_by_name ON audit (name, at);
CREATE INDEX audit_by_id ON audit (id, at);
CREATE INDEX audit_refused ON audit (at) WHERE result <> 'ok';

CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'rows of the audit trail are never changed'); END;
CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'rows of the audit trail are never deleted'); END;
-- Also what INSERT OR REPLACE would do, which fires no trigger of deletion.
CREATE TRIGGER audit_only_continued BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'a row of the audit trail follows the newest one'); END;
