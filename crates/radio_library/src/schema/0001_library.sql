-- A recording is what is heard, whatever its files are called: it is what statistics and attributes belong to.
CREATE TABLE recording (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Hash of the audio payload, without container and tags.
    content_hash BLOB NOT NULL UNIQUE CHECK (length(content_hash) = 32),
    added_s INTEGER NOT NULL,
    play_count INTEGER NOT NULL DEFAULT 0,
    -- NULL: never.
    last_played_s INTEGER,
    amplification INTEGER NOT NULL DEFAULT 0,
    image_id INTEGER REFERENCES image (id) ON DELETE SET NULL,
    lyrics_id INTEGER REFERENCES lyrics (id) ON DELETE SET NULL
);

-- A file that holds a recording. A recording without a file is kept: the file may come back.
CREATE TABLE song (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recording_id INTEGER NOT NULL REFERENCES recording (id),
    path BLOB NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    format TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    bitrate_kbit INTEGER NOT NULL,
    frequency_hz INTEGER NOT NULL,
    channels INTEGER NOT NULL,
    artist TEXT NOT NULL,
    album_artist TEXT NOT NULL,
    title TEXT NOT NULL,
    album TEXT NOT NULL,
    year INTEGER,
    date TEXT NOT NULL,
    genre TEXT NOT NULL,
    track INTEGER,
    disc INTEGER,
    comment TEXT NOT NULL,
    -- A JSON array of pairs; empty text: none.
    others TEXT NOT NULL,
    -- Why it could not be played.
    fault TEXT
);
CREATE INDEX song_recording ON song (recording_id);

-- Where a song was before it was renamed, so that a playlist that names it still finds it.
CREATE TABLE former_path (
    path BLOB PRIMARY KEY,
    recording_id INTEGER NOT NULL REFERENCES recording (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX former_path_recording ON former_path (recording_id);

CREATE TABLE attribute (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE recording_attribute (
    recording_id INTEGER NOT NULL REFERENCES recording (id) ON DELETE CASCADE,
    attribute_id INTEGER NOT NULL REFERENCES attribute (id) ON DELETE CASCADE,
    PRIMARY KEY (recording_id, attribute_id)
) WITHOUT ROWID;
CREATE INDEX recording_attribute_attribute ON recording_attribute (attribute_id);

CREATE TABLE image (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, content BLOB NOT NULL);
CREATE TABLE lyrics (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, content BLOB NOT NULL);
CREATE TABLE mood (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, content BLOB NOT NULL);
CREATE TABLE playlist (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, content BLOB NOT NULL);

-- What was imported, and is looked through again.
CREATE TABLE root (path BLOB PRIMARY KEY) WITHOUT ROWID;
