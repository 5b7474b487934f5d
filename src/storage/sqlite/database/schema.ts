/** 'HFHR', so that `file` and we can tell a store from any other database. */
export const applicationId = 0x48464852;

/** What `resource.state` says. An awaited resource was only named by a reference, and has no version yet. */
export const awaited = 0;
export const current = 1;
export const deleted = 2;

const methods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** `resource.method`: the place of the method, and 4 more for a version that created the resource. */
export function makingCode(method: (typeof methods)[number], created: boolean): number {
  return methods.indexOf(method) + (created ? methods.length : 0);
}

/** What `resource.method` says. */
export function making(code: number): { readonly method: (typeof methods)[number]; readonly created: boolean } {
  return { method: methods[code % methods.length] ?? 'PUT', created: code >= methods.length };
}

const first = `
CREATE TABLE type (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE param (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, code TEXT NOT NULL, UNIQUE (type, code));
CREATE TABLE system (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

CREATE TABLE resource (
  rid INTEGER PRIMARY KEY, type INTEGER NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL,
  version INTEGER NOT NULL, seq INTEGER, last_updated INTEGER, method INTEGER, content TEXT);
CREATE UNIQUE INDEX resource_id ON resource (type, id);
CREATE UNIQUE INDEX resource_seq ON resource (seq);
CREATE INDEX resource_type_seq ON resource (type, seq);
CREATE INDEX resource_live ON resource (type) WHERE state = 1;
CREATE INDEX resource_awaited ON resource (rid) WHERE state = 0;

CREATE TABLE history (
  seq INTEGER PRIMARY KEY, rid INTEGER NOT NULL, type INTEGER NOT NULL, version INTEGER NOT NULL,
  last_updated INTEGER NOT NULL, method INTEGER NOT NULL, content TEXT);
CREATE UNIQUE INDEX history_version ON history (rid, version);
CREATE INDEX history_type ON history (type, seq);

CREATE TABLE token (
  rid INTEGER NOT NULL, param INTEGER NOT NULL, system INTEGER NOT NULL, code TEXT NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY (rid, param, system, code, pos)) WITHOUT ROWID;
CREATE INDEX token_value ON token (param, code, system);
CREATE TABLE string (
  rid INTEGER NOT NULL, param INTEGER NOT NULL, value TEXT NOT NULL, exact TEXT NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY (rid, param, value, exact, pos)) WITHOUT ROWID;
CREATE INDEX string_value ON string (param, value);
CREATE TABLE date (
  rid INTEGER NOT NULL, param INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY (rid, param, low, high, pos)) WITHOUT ROWID;
CREATE INDEX date_value ON date (param, low, high);
CREATE TABLE number (
  rid INTEGER NOT NULL, param INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY (rid, param, low, high, pos)) WITHOUT ROWID;
CREATE INDEX number_value ON number (param, low, high);
CREATE TABLE quantity (
  rid INTEGER NOT NULL, param INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
  system INTEGER NOT NULL, code TEXT NOT NULL, unit TEXT NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY (rid, param, low, high, system, code, unit, pos)) WITHOUT ROWID;
CREATE INDEX quantity_value ON quantity (param, low, high);
CREATE TABLE uri (
  rid INTEGER NOT NULL, param INTEGER NOT NULL, value TEXT NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY (rid, param, value, pos)) WITHOUT ROWID;
CREATE INDEX uri_value ON uri (param, value);
CREATE TABLE reference (
  rid INTEGER NOT NULL, param INTEGER NOT NULL, target INTEGER NOT NULL, version TEXT NOT NULL,
  logical INTEGER NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY (rid, param, target, version, logical, pos)) WITHOUT ROWID;
CREATE INDEX reference_value ON reference (target, param);

CREATE TABLE logical (
  lid INTEGER PRIMARY KEY, rid INTEGER NOT NULL, param INTEGER NOT NULL, system INTEGER NOT NULL, value TEXT NOT NULL,
  types TEXT NOT NULL, resident INTEGER NOT NULL, pos INTEGER NOT NULL, target INTEGER NOT NULL);
CREATE INDEX logical_rid ON logical (rid);
CREATE INDEX logical_identifier ON logical (value, system);
CREATE INDEX logical_pending ON logical (lid) WHERE target = 0;

CREATE TABLE compartment (
  patient INTEGER NOT NULL, type INTEGER NOT NULL, rid INTEGER NOT NULL, logical INTEGER NOT NULL,
  PRIMARY KEY (patient, type, rid, logical)) WITHOUT ROWID;
CREATE INDEX compartment_rid ON compartment (rid);

CREATE TABLE secret (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE lease (name TEXT PRIMARY KEY, owner TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
`;

/**
 * The index: `entries` holds all entries of a resource in one place (see index/entry-codec.ts), by which a candidate is checked, sorted
 * and its rows are found again; the other tables lead from a value to resources, and hold rows of current resources alone.
 * `width` parts ranges by their length (see ranges.ts). The entries of the schema before are left to a new indexing.
 */
const second = `
DROP TABLE token; DROP TABLE string; DROP TABLE date; DROP TABLE number; DROP TABLE quantity; DROP TABLE uri;
DROP TABLE reference; DROP INDEX compartment_rid; DELETE FROM logical; DELETE FROM compartment;

ALTER TABLE param ADD COLUMN several INTEGER NOT NULL DEFAULT 0;
ALTER TABLE param ADD COLUMN widths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE param ADD COLUMN optional INTEGER NOT NULL DEFAULT 0;
CREATE TABLE unit (
  id INTEGER PRIMARY KEY, system TEXT NOT NULL, code TEXT NOT NULL, unit TEXT NOT NULL, UNIQUE (system, code, unit));
CREATE TABLE entries (rid INTEGER PRIMARY KEY, bytes BLOB NOT NULL);

CREATE TABLE token (
  param INTEGER NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL, rid INTEGER NOT NULL,
  PRIMARY KEY (param, code, system, rid)) WITHOUT ROWID;
CREATE TABLE string (
  param INTEGER NOT NULL, value TEXT NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (param, value, rid)) WITHOUT ROWID;
CREATE TABLE date (
  param INTEGER NOT NULL, width INTEGER NOT NULL, low INTEGER NOT NULL, rid INTEGER NOT NULL, high INTEGER NOT NULL,
  PRIMARY KEY (param, width, low, rid, high)) WITHOUT ROWID;
CREATE TABLE number (
  param INTEGER NOT NULL, width INTEGER NOT NULL, low REAL NOT NULL, rid INTEGER NOT NULL, high REAL NOT NULL,
  PRIMARY KEY (param, width, low, rid, high)) WITHOUT ROWID;
CREATE TABLE quantity (
  param INTEGER NOT NULL, unit INTEGER NOT NULL, width INTEGER NOT NULL, low REAL NOT NULL, rid INTEGER NOT NULL,
  high REAL NOT NULL, PRIMARY KEY (param, unit, width, low, rid, high)) WITHOUT ROWID;
CREATE TABLE pair (
  param INTEGER NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL, unit INTEGER NOT NULL, width INTEGER NOT NULL,
  low REAL NOT NULL, rid INTEGER NOT NULL, high REAL NOT NULL,
  PRIMARY KEY (param, code, system, unit, width, low, rid, high)) WITHOUT ROWID;
CREATE TABLE uri (
  param INTEGER NOT NULL, value INTEGER NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (param, value, rid)) WITHOUT ROWID;
CREATE TABLE reference (
  target INTEGER NOT NULL, param INTEGER NOT NULL, rid INTEGER NOT NULL,
  PRIMARY KEY (target, param, rid)) WITHOUT ROWID;
CREATE TABLE position (
  param INTEGER NOT NULL, latitude REAL NOT NULL, longitude REAL NOT NULL, rid INTEGER NOT NULL,
  PRIMARY KEY (param, latitude, longitude, rid)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
  terms, content = '', contentless_delete = 1, detail = none,
  tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'");
CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;

/**
 * What processes share besides resources. `revision` is one row; `mark` tells of the last transactions by which versions they were made,
 * for callers who were not told; `touched` and `tally` are kept with each commit (see index/kept.ts).
 */
const third = `
ALTER TABLE note RENAME TO setting;
ALTER TABLE lease ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
CREATE TABLE revision (n INTEGER NOT NULL);
INSERT INTO revision VALUES (0);
CREATE TABLE mark (n INTEGER PRIMARY KEY, mark TEXT NOT NULL, after INTEGER NOT NULL, last INTEGER NOT NULL);

CREATE TABLE tally (type INTEGER PRIMARY KEY, n INTEGER NOT NULL);
INSERT INTO tally SELECT type, count(*) FROM resource INDEXED BY resource_live WHERE state = 1 GROUP BY type;
INSERT INTO tally SELECT 0,
  (SELECT count(*) FROM (SELECT DISTINCT p.rid, f.rid FROM resource p INDEXED BY resource_awaited
    CROSS JOIN reference f ON f.target = p.rid WHERE p.state = 0))
  + (SELECT count(*) FROM (SELECT DISTINCT rid, system, value FROM logical WHERE target = 0));
CREATE TABLE touched (patient INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
CREATE INDEX touched_seq ON touched (seq);
INSERT INTO touched SELECT c.patient, max(r.seq) FROM compartment c JOIN resource r ON r.rid = c.rid
  WHERE r.seq IS NOT NULL GROUP BY c.patient;
`;

/**
 * Jobs: `lease` is when the lease ends, 0 where nobody holds one; `lost` counts the leases that ran out. The long texts stand last, so that
 * what stands before them is read without them.
 */
const jobs = `
CREATE TABLE job (
  id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, title TEXT NOT NULL, begun INTEGER NOT NULL,
  attempt INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0, lease INTEGER NOT NULL, cancelled INTEGER NOT NULL DEFAULT 0,
  ended INTEGER, expires INTEGER, request TEXT NOT NULL, answer TEXT);
CREATE INDEX job_owner ON job (owner);
`;

/** Sets of concepts. No number of a set is given twice, and rows stand in the order of `token`, which they are joined with. */
const concepts = `
CREATE TABLE concept_set (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL);
CREATE TABLE concept (
  concept_set INTEGER NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL,
  PRIMARY KEY (concept_set, code, system)) WITHOUT ROWID;
`;

/** Kept results, by what was computed; `touched` tells which of them hold. */
const results = `
CREATE TABLE result_key (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE result (
  key INTEGER NOT NULL, patient INTEGER NOT NULL, seq INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (key, patient)) WITHOUT ROWID;
`;

/** The audit: whatever program opens the file, entries are appended and nothing else. */
const audit = `
CREATE TABLE audit (number INTEGER PRIMARY KEY, time INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TRIGGER audit_changed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'The audit is never changed.'); END;
CREATE TRIGGER audit_removed BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'Nothing is removed from the audit.'); END;
`;

/** Each brings the schema from the version that is its place in the list to the next. Only ever appended to. */
export const migrations: readonly string[] = [first, second, third + jobs + concepts + results + audit];

/** The schema version that this program writes. */
export const schemaVersion = migrations.length;
