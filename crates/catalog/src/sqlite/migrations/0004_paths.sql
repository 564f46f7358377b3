-- Paths that were made through the control API. `settings` is JSON without `source`, which may hold a
-- password and is sealed.
CREATE TABLE kept_paths (
    name        TEXT PRIMARY KEY,
    settings    TEXT NOT NULL,
    source      BLOB,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Settings that were made the same way and are no path's: `defaults`, `global`.
CREATE TABLE kept_settings (
    name        TEXT PRIMARY KEY,
    settings    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
