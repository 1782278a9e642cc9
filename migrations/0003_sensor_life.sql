-- Released licenses (R21), removed sensors (R21) and replaced ones (R20).
--
-- SQLite changes no CHECK of a table that is there, so three tables are made anew: their rows wait in plain tables, the
-- old ones are dropped before what they refer to, and made again after it.

CREATE TABLE licenses_before AS SELECT * FROM licenses;
CREATE TABLE sensors_before AS SELECT * FROM sensors;
CREATE TABLE activation_codes_before AS SELECT * FROM activation_codes;
DROP TABLE licenses;
DROP TABLE sensors;
DROP TABLE activation_codes;

CREATE TABLE activation_codes (
    id text PRIMARY KEY,
    -- The keyed hash of the code (R2).
    hash {blob} NOT NULL UNIQUE,
    licenses bigint NOT NULL CHECK (licenses > 0),
    term text NOT NULL,
    order_text text,
    -- The last local date on which it can be redeemed.
    redeem_by text,
    issued_us bigint NOT NULL,
    revoked_us bigint,
    -- The code itself, once it is redeemed and has become a license key (R2).
    license_key text,
    organization_id text REFERENCES organizations (id),
    redeemed_us bigint,
    redeemed_by text,
    -- The ledger (R18): how many of its licenses are in which state. The database itself refuses a sum that is off.
    available bigint NOT NULL CHECK (available >= 0),
    queued bigint NOT NULL CHECK (queued >= 0),
    active bigint NOT NULL CHECK (active >= 0),
    ended bigint NOT NULL CHECK (ended >= 0),
    released bigint NOT NULL CHECK (released >= 0),
    revoked bigint NOT NULL CHECK (revoked >= 0),
    CHECK (
        (redeemed_us IS NULL AND available + queued + active + ended + released + revoked = 0)
        OR (redeemed_us IS NOT NULL AND available + queued + active + ended + released + revoked = licenses)
    )
);
INSERT INTO activation_codes (id, hash, licenses, term, order_text, redeem_by, issued_us, revoked_us, license_key,
    organization_id, redeemed_us, redeemed_by, available, queued, active, ended, released, revoked)
SELECT id, hash, licenses, term, order_text, redeem_by, issued_us, revoked_us, license_key,
    organization_id, redeemed_us, redeemed_by, available, queued, active, ended, 0, revoked
FROM activation_codes_before;
DROP TABLE activation_codes_before;
CREATE INDEX activation_codes_of_organization ON activation_codes (organization_id, id);

CREATE TABLE sensors (
    id text PRIMARY KEY,
    -- A short name for the hot path: measurements are kept under it.
    number bigint NOT NULL UNIQUE,
    organization_id text NOT NULL REFERENCES organizations (id),
    serial text NOT NULL,
    name text NOT NULL,
    -- Name and serial number folded to lower case, for searching and sorting.
    search text NOT NULL,
    added_us bigint NOT NULL,
    -- Set when it was removed (R21): then the row keeps its name and its history, and nothing else.
    removed_us bigint,
    auto_renewal boolean NOT NULL,
    -- What follows is derived from the sensor's licenses in the transaction that changes them.
    chain text NOT NULL CHECK (chain IN ('unlicensed', 'running', 'lapsed')),
    code_id text,
    activation_date text,
    expires_on text,
    expires_us bigint,
    chain_ends_us bigint,
    chain_expires_on text,
    -- The organization's rev at the last change of its cover: what the gate re-reads.
    cover_rev bigint NOT NULL,
    CHECK (removed_us IS NULL OR chain = 'unlicensed')
);
INSERT INTO sensors (id, number, organization_id, serial, name, search, added_us, removed_us, auto_renewal, chain,
    code_id, activation_date, expires_on, expires_us, chain_ends_us, chain_expires_on, cover_rev)
SELECT id, number, organization_id, serial, name, search, added_us, NULL, auto_renewal, chain,
    code_id, activation_date, expires_on, expires_us, chain_ends_us, chain_expires_on, cover_rev
FROM sensors_before;
DROP TABLE sensors_before;
-- A serial number is in one organization at a time (R22).
CREATE UNIQUE INDEX sensors_serial ON sensors (serial) WHERE removed_us IS NULL;
CREATE INDEX sensors_by_expiry ON sensors (organization_id, (coalesce(expires_us, 9223372036854775807)), id, search)
    WHERE removed_us IS NULL;
CREATE INDEX sensors_by_name ON sensors (organization_id, search, id) WHERE removed_us IS NULL;
CREATE INDEX sensors_waiting ON sensors (organization_id, chain_ends_us, added_us, serial)
    WHERE chain = 'lapsed' AND auto_renewal;
CREATE INDEX sensors_by_chain_end ON sensors (organization_id, chain_ends_us, chain_expires_on)
    WHERE removed_us IS NULL;
CREATE INDEX sensors_changed ON sensors (organization_id, cover_rev);
CREATE INDEX sensors_removed ON sensors (organization_id, removed_us, id) WHERE removed_us IS NOT NULL;
CREATE INDEX sensors_removed_by_serial ON sensors (serial) WHERE removed_us IS NOT NULL;

CREATE TABLE licenses (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    code_id text NOT NULL REFERENCES activation_codes (id),
    number bigint NOT NULL,
    term text NOT NULL,
    redeemed_us bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('available', 'queued', 'active', 'ended', 'released', 'revoked')),
    -- Where it is or was, and the promised cover (R8). Both or neither.
    sensor_id text REFERENCES sensors (id),
    starts_us bigint,
    ends_us bigint,
    activation_date text,
    expires_on text,
    anchor_date text,
    anchor_months bigint,
    anchor_days bigint,
    -- Something was saved under it on a sensor that was removed since: it does not go back to the pool (R19).
    saved_before boolean NOT NULL DEFAULT false,
    CHECK ((sensor_id IS NULL) = (starts_us IS NULL)),
    CHECK ((state = 'available' AND sensor_id IS NULL) OR state = 'revoked'
        OR (state IN ('queued', 'active', 'ended', 'released') AND sensor_id IS NOT NULL AND starts_us < ends_us))
);
INSERT INTO licenses (id, organization_id, code_id, number, term, redeemed_us, state, sensor_id, starts_us, ends_us,
    activation_date, expires_on, anchor_date, anchor_months, anchor_days)
SELECT id, organization_id, code_id, number, term, redeemed_us, state, sensor_id, starts_us, ends_us,
    activation_date, expires_on, anchor_date, anchor_months, anchor_days
FROM licenses_before;
DROP TABLE licenses_before;
CREATE INDEX licenses_pool ON licenses (organization_id, redeemed_us, code_id, number) WHERE state = 'available';
CREATE INDEX licenses_of_code ON licenses (code_id, number);
CREATE INDEX licenses_due ON licenses (organization_id, ends_us) WHERE state = 'active';
CREATE INDEX licenses_released ON licenses (organization_id, ends_us) WHERE state = 'released';
CREATE INDEX licenses_of_sensor ON licenses (sensor_id, starts_us) WHERE sensor_id IS NOT NULL;
-- No sensor has two active licenses (R18).
CREATE UNIQUE INDEX licenses_active_once ON licenses (sensor_id) WHERE state = 'active';

-- The serial numbers that sensors have had (R20): what the gates of other nodes forget.
CREATE TABLE replacements (
    organization_id text NOT NULL REFERENCES organizations (id),
    -- The organization's rev at the replacement.
    rev bigint NOT NULL,
    sensor_id text NOT NULL REFERENCES sensors (id),
    serial text NOT NULL,
    at_us bigint NOT NULL,
    PRIMARY KEY (organization_id, rev, sensor_id)
);
