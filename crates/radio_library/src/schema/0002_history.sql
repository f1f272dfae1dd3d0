-- Each time that a recording was played.
CREATE TABLE play (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recording_id INTEGER NOT NULL REFERENCES recording (id) ON DELETE CASCADE,
    played_s INTEGER NOT NULL
);
CREATE INDEX play_recording ON play (recording_id);

-- Notes of MPD's clients. Those of songs belong to the recording, so they outlive a renaming.
CREATE TABLE recording_sticker (
    recording_id INTEGER NOT NULL REFERENCES recording (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (recording_id, name)
) WITHOUT ROWID;
CREATE INDEX recording_sticker_name ON recording_sticker (name, value);
CREATE TABLE other_sticker (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, subject, name)
) WITHOUT ROWID;

-- Files that are no audio that could be played, with what was seen of them: not looked at again before they change.
CREATE TABLE refused_file (
    path BLOB PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;

-- What has to outlast a restart: what was selected, for one.
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
