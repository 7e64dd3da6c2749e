-- The audit store's tables, version 2. `migrations.py` brings older files here; a file that is newer
-- is refused. All tables are STRICT: a value of another type is an error, not a surprise.
--
--   word, outcome        dictionaries: what is said again and again is said once
--   validation           one row each: who was judged, what came out, the link of the chain
--   outcome_count        how often each outcome came up  ┐ in each hour, day and block of 32 days,
--   validation_count     how many validations, by risk   ┘ written in the same transaction
--   head                 where the chain and the dictionaries end
--   erasure, archive     what was taken out, and where it is
--   semantic_*           what a semantic client keeps; no part of the chain
--
-- Times are whole microseconds since 1970 in UTC: texts with and without a fraction sort wrongly.

PRAGMA application_id = 1735157089;  -- "glea": gatecore's ledger of answers

-- Texts of which there are few: document types, risks, lists of modules.
CREATE TABLE word (
    id    INTEGER PRIMARY KEY CHECK (id >= 0),
    since INTEGER NOT NULL CHECK (since > 0),  -- the validation that brought it
    word  TEXT NOT NULL UNIQUE
) STRICT;

-- What a gate can say. A store of a hundred gates has some hundreds of these.
CREATE TABLE outcome (
    id       INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 4294967295),
    since    INTEGER NOT NULL CHECK (since > 0),
    scope    TEXT NOT NULL CHECK (
        scope IN ('module', 'universal', 'detector', 'analyzer', 'cross')
    ),
    module   TEXT NOT NULL,     -- '' outside of modules
    gate     TEXT NOT NULL,
    version  TEXT NOT NULL,     -- '' where the gate has none
    status   TEXT,              -- as it was said; NULL where a host's gate said none
    severity TEXT,
    branch   INTEGER NOT NULL   -- the branch that decided, from 1; 0 where there is none
) STRICT;
-- NULL is a value here, which UNIQUE alone would not have it be.
CREATE UNIQUE INDEX outcome_once ON outcome (
    scope, module, gate, version, ifnull(status, x'00'), ifnull(severity, x'00'), branch
);

-- In the order of writing, without gaps: `id` is the place in the chain.
CREATE TABLE validation (
    id         INTEGER PRIMARY KEY CHECK (id > 0),
    at         INTEGER NOT NULL,  -- when it was asked for
    document   BLOB CHECK (document IS NULL OR length(document) = 32),  -- SHA-256; NULL once erased
    kind       INTEGER NOT NULL REFERENCES word (id),  -- the document's type
    modules    INTEGER NOT NULL REFERENCES word (id),  -- a list in JSON
    risk       INTEGER NOT NULL REFERENCES word (id),
    critical   INTEGER NOT NULL CHECK (critical >= 0),  -- FAILs of this severity in modules
    high       INTEGER NOT NULL CHECK (high >= 0),
    flags      INTEGER NOT NULL,  -- 1 cached, 2 unfinished, 4 with errors, 8 four bytes an outcome,
                                  -- 16 erased
    micros     INTEGER NOT NULL CHECK (micros >= 0),      -- what the caller waited for the report
    characters INTEGER NOT NULL CHECK (characters >= 0),
    outcomes   BLOB NOT NULL,     -- numbers of outcomes, little-endian, two bytes each or four
    salt       BLOB NOT NULL,     -- 16 random bytes: nobody guesses what was erased from its digest
    digest     BLOB,              -- of all of the above; kept only of what was erased
    link       BLOB NOT NULL CHECK (length(link) = 32)
) STRICT;
CREATE INDEX validation_at ON validation (at, id, risk, critical, high);
CREATE INDEX validation_document ON validation (substr(document, 1, 8), at);

-- Matches, masked, of stores that were asked to keep them.
CREATE TABLE excerpt (
    validation INTEGER NOT NULL REFERENCES validation (id),
    place      INTEGER NOT NULL,
    gate       TEXT NOT NULL,     -- module/gate
    text       TEXT NOT NULL,
    PRIMARY KEY (validation, place)
) STRICT, WITHOUT ROWID;

-- span: 0 an hour, 1 a day, 2 thirty-two days; bucket: how many of them since 1970.
CREATE TABLE outcome_count (
    span    INTEGER NOT NULL CHECK (span BETWEEN 0 AND 2),
    bucket  INTEGER NOT NULL,
    outcome INTEGER NOT NULL REFERENCES outcome (id),
    n       INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (span, bucket, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE validation_count (
    span     INTEGER NOT NULL CHECK (span BETWEEN 0 AND 2),
    bucket   INTEGER NOT NULL,
    risk     INTEGER NOT NULL REFERENCES word (id),
    n        INTEGER NOT NULL CHECK (n >= 0),
    critical INTEGER NOT NULL CHECK (critical >= 0),
    high     INTEGER NOT NULL CHECK (high >= 0),
    PRIMARY KEY (span, bucket, risk)
) STRICT, WITHOUT ROWID;

-- One row. `changes` goes up with every transaction, so that answers can be cached by it.
CREATE TABLE head (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    last      INTEGER NOT NULL,  -- the last validation's id
    link      BLOB NOT NULL CHECK (length(link) = 32),
    words     BLOB NOT NULL CHECK (length(words) = 32),     -- both dictionaries, folded
    erasures  INTEGER NOT NULL,  -- how many there are
    erased    BLOB NOT NULL CHECK (length(erased) = 32),    -- the last one's link
    changes   INTEGER NOT NULL,
    keyed     BLOB NOT NULL      -- tells whether a key is the chain's; empty without one
) STRICT;

-- What was erased on request: the row stays in the chain, by its digest. A chain of its own.
CREATE TABLE erasure (
    number     INTEGER PRIMARY KEY CHECK (number > 0),
    validation INTEGER NOT NULL UNIQUE,
    at         INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    link       BLOB NOT NULL CHECK (length(link) = 32)
) STRICT;

-- Months that are files. Rows up to `deleted_to` are read from the file and no longer in the table;
-- those after it are still in the table. It moves in the transaction that deletes.
--   unused   being written, or replaced by another: whoever archives next removes it
--   written  read again and compared: its rows are being deleted
--   deleted  all of them are
CREATE TABLE archive (
    file       TEXT PRIMARY KEY,     -- its name, in the store's folder of archives
    month      TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]'),
    state      TEXT NOT NULL CHECK (state IN ('unused', 'written', 'deleted')),
    begin_at   INTEGER NOT NULL,
    end_at     INTEGER NOT NULL CHECK (end_at > begin_at),
    first_id   INTEGER NOT NULL CHECK (first_id > 0),
    last_id    INTEGER NOT NULL CHECK (last_id >= first_id),
    rows       INTEGER NOT NULL CHECK (rows > 0),
    deleted_to INTEGER NOT NULL CHECK (deleted_to BETWEEN 0 AND last_id),
    digest     BLOB,                 -- SHA-256 of the file
    CHECK (state = 'unused' OR (digest IS NOT NULL AND length(digest) = 32)),
    CHECK (state <> 'unused' OR deleted_to = 0),
    CHECK ((state = 'deleted') = (deleted_to = last_id))
) STRICT;
CREATE INDEX archive_begin ON archive (state, begin_at);

-- Since version 2 ---------------------------------------------------------------------------------

-- Answers of a language model, by a digest of all that they depend on; `document` is for erasing.
CREATE TABLE semantic_answer (
    key      BLOB PRIMARY KEY CHECK (length(key) = 32),
    document BLOB NOT NULL CHECK (length(document) = 32),  -- SHA-256, as in `validation`
    at       INTEGER NOT NULL,
    answer   BLOB NOT NULL     -- as `gatecore.semantic.answer_cache` writes it
) STRICT, WITHOUT ROWID;
CREATE INDEX semantic_answer_document ON semantic_answer (substr(document, 1, 8));
CREATE INDEX semantic_answer_at ON semantic_answer (at);

-- Calls of a language model's service, in the order of recording.
CREATE TABLE semantic_call (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    model      TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    document   BLOB CHECK (document IS NULL OR length(document) = 32),  -- NULL without, or erased
    gates      TEXT NOT NULL,     -- a list in JSON
    is_batch   INTEGER NOT NULL CHECK (is_batch IN (0, 1)),
    outcome    TEXT NOT NULL,
    request_id TEXT NOT NULL,     -- the service's name for it
    tries      INTEGER NOT NULL,
    seconds    REAL NOT NULL,
    fresh      INTEGER NOT NULL,  -- tokens: fresh, read from a cache, written to it, put out
    read       INTEGER NOT NULL,
    written_5m INTEGER NOT NULL,
    written_1h INTEGER NOT NULL,
    output     INTEGER NOT NULL,
    money      TEXT NOT NULL,     -- a decimal number: sums of binary ones would drift
    more       TEXT NOT NULL      -- what else was said of it, in JSON
) STRICT;
CREATE INDEX semantic_call_at ON semantic_call (at);
CREATE INDEX semantic_call_document ON semantic_call (substr(document, 1, 8))
    WHERE document IS NOT NULL;

-- Requests of message batches, by their own ids: how each of them is doing.
CREATE TABLE semantic_item (
    item   TEXT PRIMARY KEY,
    batch  TEXT NOT NULL,         -- the service's name for it; '' until it has one
    state  TEXT NOT NULL,
    at     INTEGER NOT NULL,      -- of the state
    detail BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX semantic_item_state ON semantic_item (state);
