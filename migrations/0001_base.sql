-- One text for both engines. {blob} is blob or bytea, {row_number} is integer or bigint: the two words that they
-- do not share. Instants are UTC microseconds in columns that end in _us; ids are fixed-length single-case text.

CREATE TABLE counters (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO counters (name, value) VALUES ('sensor', 0), ('ingest_epoch', 0), ('service_audit', 0), ('seal', 0);

CREATE TABLE organizations (
    id text PRIMARY KEY,
    name text NOT NULL,
    name_folded text NOT NULL UNIQUE,
    time_zone text NOT NULL,
    language text NOT NULL,
    device_token text,
    created_us bigint NOT NULL,
    -- Everything due up to here has happened (R17); a command's instant is never before it (R9).
    settled_until_us bigint NOT NULL,
    -- The earliest end of an active license: what the scheduler waits for.
    next_due_us bigint,
    -- Written first by every command: the row lock, and the gate's sign that covers have changed.
    rev bigint NOT NULL,
    audit_seq bigint NOT NULL
);
CREATE INDEX organizations_due ON organizations (next_due_us) WHERE next_due_us IS NOT NULL;

CREATE TABLE users (
    id text PRIMARY KEY,
    email text NOT NULL,
    email_folded text NOT NULL UNIQUE,
    password_hash text,
    operator boolean NOT NULL,
    created_us bigint NOT NULL
);

CREATE TABLE memberships (
    user_id text NOT NULL REFERENCES users (id),
    organization_id text NOT NULL REFERENCES organizations (id),
    role text NOT NULL,
    PRIMARY KEY (user_id, organization_id)
);

CREATE TABLE tokens (
    id text PRIMARY KEY,
    hash {blob} NOT NULL UNIQUE,
    user_id text NOT NULL REFERENCES users (id),
    organization_id text REFERENCES organizations (id),
    read_only boolean NOT NULL,
    created_us bigint NOT NULL,
    revoked_us bigint
);
CREATE INDEX tokens_of_organization ON tokens (organization_id, id);

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
    revoked bigint NOT NULL CHECK (revoked >= 0),
    CHECK (
        (redeemed_us IS NULL AND available + queued + active + ended + revoked = 0)
        OR (redeemed_us IS NOT NULL AND available + queued + active + ended + revoked = licenses)
    )
);
CREATE INDEX activation_codes_of_organization ON activation_codes (organization_id, id);

CREATE TABLE sensors (
    id text PRIMARY KEY,
    -- A short name for the hot path: measurements are kept under it.
    number bigint NOT NULL UNIQUE,
    organization_id text NOT NULL REFERENCES organizations (id),
    serial text NOT NULL UNIQUE,
    name text NOT NULL,
    -- Name and serial number folded to lower case, for searching and sorting.
    search text NOT NULL,
    added_us bigint NOT NULL,
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
    cover_rev bigint NOT NULL
);
CREATE INDEX sensors_by_expiry ON sensors (organization_id, (coalesce(expires_us, 9223372036854775807)), id, search);
CREATE INDEX sensors_by_name ON sensors (organization_id, search, id);
CREATE INDEX sensors_waiting ON sensors (organization_id, chain_ends_us, added_us, serial)
    WHERE chain = 'lapsed' AND auto_renewal;
CREATE INDEX sensors_by_chain_end ON sensors (organization_id, chain_ends_us, chain_expires_on);
CREATE INDEX sensors_changed ON sensors (organization_id, cover_rev);

CREATE TABLE licenses (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    code_id text NOT NULL REFERENCES activation_codes (id),
    number bigint NOT NULL,
    term text NOT NULL,
    redeemed_us bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('available', 'queued', 'active', 'ended', 'revoked')),
    -- Where it is or was, and the promised cover (R8). Both or neither.
    sensor_id text REFERENCES sensors (id),
    starts_us bigint,
    ends_us bigint,
    activation_date text,
    expires_on text,
    anchor_date text,
    anchor_months bigint,
    anchor_days bigint,
    CHECK ((sensor_id IS NULL) = (starts_us IS NULL)),
    CHECK ((state = 'available' AND sensor_id IS NULL) OR state = 'revoked'
        OR (state IN ('queued', 'active', 'ended') AND sensor_id IS NOT NULL AND starts_us < ends_us))
);
CREATE INDEX licenses_pool ON licenses (organization_id, redeemed_us, code_id, number) WHERE state = 'available';
CREATE INDEX licenses_of_code ON licenses (code_id, number);
CREATE INDEX licenses_due ON licenses (organization_id, ends_us) WHERE state = 'active';
CREATE INDEX licenses_of_sensor ON licenses (sensor_id, starts_us) WHERE sensor_id IS NOT NULL;
-- No sensor has two active licenses (R18).
CREATE UNIQUE INDEX licenses_active_once ON licenses (sensor_id) WHERE state = 'active';

CREATE TABLE failed_redemptions (
    -- user:…, organization:… or address:…
    subject text NOT NULL,
    at_us bigint NOT NULL
);
CREATE INDEX failed_redemptions_of_subject ON failed_redemptions (subject, at_us);

CREATE TABLE audit (
    -- An organization's id, or 'service' for what the operator does outside of one.
    trail text NOT NULL,
    seq bigint NOT NULL,
    at_us bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    before_state text,
    after_state text,
    PRIMARY KEY (trail, seq)
);

-- What has arrived and is not sealed yet: one row a message, in the order of arrival.
CREATE TABLE messages (
    number {row_number} PRIMARY KEY,
    sensor bigint NOT NULL,
    arrived_us bigint NOT NULL,
    saved boolean NOT NULL,
    body {blob} NOT NULL
);

-- Sealed measurements: one sensor, channel and type on one UTC day.
CREATE TABLE chunks (
    sensor bigint NOT NULL,
    channel bigint NOT NULL,
    kind bigint NOT NULL,
    day bigint NOT NULL,
    first_us bigint NOT NULL,
    last_us bigint NOT NULL,
    samples bigint NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (sensor, channel, kind, day)
);

CREATE TABLE sensor_state (
    sensor bigint PRIMARY KEY,
    last_seen_us bigint NOT NULL,
    last_saved_us bigint,
    -- The status part of the last message, as it is in messages.body.
    status {blob} NOT NULL,
    refused bigint NOT NULL,
    refused_since_us bigint
);

CREATE TABLE device_documents (
    sensor bigint NOT NULL,
    kind text NOT NULL,
    received_us bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (sensor, kind)
);
