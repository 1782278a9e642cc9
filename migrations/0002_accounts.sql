-- People: log-ins, invitations, one-time codes, and the mail that goes to them.

ALTER TABLE users ADD COLUMN name text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT 'en';
-- The zone in which they read instants; null for the organization's.
ALTER TABLE users ADD COLUMN time_zone text;
ALTER TABLE users ADD COLUMN last_seen_us bigint;
-- The secret of one-time codes (RFC 6238), sealed with the service's secret; the pending one is not confirmed yet.
ALTER TABLE users ADD COLUMN otp_secret {blob};
ALTER TABLE users ADD COLUMN otp_pending {blob};
-- The last step of which a code was used: none is used twice.
ALTER TABLE users ADD COLUMN otp_last_step bigint NOT NULL DEFAULT 0;

ALTER TABLE memberships ADD COLUMN since_us bigint NOT NULL DEFAULT 0;
UPDATE memberships SET since_us = (SELECT created_us FROM users WHERE id = user_id);
CREATE INDEX memberships_of_organization ON memberships (organization_id, user_id);

ALTER TABLE tokens ADD COLUMN name text NOT NULL DEFAULT '';
-- The most that it may, whatever its user may; null for all of it.
ALTER TABLE tokens ADD COLUMN role text;
ALTER TABLE tokens ADD COLUMN last_used_us bigint;

CREATE TABLE sessions (
    -- The keyed hash of what the cookie holds.
    hash {blob} PRIMARY KEY,
    user_id text NOT NULL REFERENCES users (id),
    created_us bigint NOT NULL,
    -- The last use, written at most once a minute.
    used_us bigint NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_use ON sessions (used_us);

INSERT INTO counters (name, value) VALUES ('log_in', 0);
-- Log-ins that have failed or are being tried. Each is counted before its password is looked at, so that many at
-- once find no gap, and is taken away when the password was right.
CREATE TABLE failed_log_ins (
    number bigint NOT NULL,
    -- email:… or address:…
    subject text NOT NULL,
    at_us bigint NOT NULL,
    PRIMARY KEY (number, subject)
);
CREATE INDEX failed_log_ins_of_subject ON failed_log_ins (subject, at_us);

CREATE TABLE recovery_codes (
    user_id text NOT NULL REFERENCES users (id),
    hash {blob} NOT NULL,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE password_resets (
    hash {blob} PRIMARY KEY,
    user_id text NOT NULL REFERENCES users (id),
    expires_us bigint NOT NULL
);
CREATE INDEX password_resets_of_user ON password_resets (user_id);

CREATE TABLE invitations (
    id text PRIMARY KEY,
    hash {blob} NOT NULL UNIQUE,
    organization_id text NOT NULL REFERENCES organizations (id),
    email text NOT NULL,
    email_folded text NOT NULL,
    role text NOT NULL,
    -- Who has invited, as a person reads it.
    invited_by text NOT NULL,
    created_us bigint NOT NULL,
    expires_us bigint NOT NULL,
    UNIQUE (organization_id, email_folded)
);

-- Mail that is to be sent: written in the transaction that decides it (R33).
CREATE TABLE outbox (
    id text PRIMARY KEY,
    organization_id text REFERENCES organizations (id),
    -- password_reset, invitation
    kind text NOT NULL,
    recipient text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    html text,
    created_us bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts bigint NOT NULL,
    next_try_us bigint NOT NULL,
    lease_until_us bigint,
    lease_by text,
    last_reply text
);
CREATE INDEX outbox_queued ON outbox (next_try_us, id) WHERE state = 'queued';
