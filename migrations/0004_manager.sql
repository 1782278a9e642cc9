-- What a row of the audit trail is about, for the trail of one thing: the sensor that a license is or was on, else the
-- row's subject itself.
ALTER TABLE audit ADD COLUMN about text;
UPDATE audit SET about = CASE
    WHEN after_state LIKE '{"state":"ended","sensor_id":"%' THEN substr(after_state, 31, 30)
    WHEN after_state LIKE '{"state":"active","sensor_id":"%' THEN substr(after_state, 32, 30)
    WHEN after_state LIKE '{"state":"queued","sensor_id":"%' THEN substr(after_state, 32, 30)
    WHEN after_state LIKE '{"state":"revoked","sensor_id":"%' THEN substr(after_state, 33, 30)
    WHEN before_state LIKE '{"state":"active","sensor_id":"%' THEN substr(before_state, 32, 30)
    WHEN before_state LIKE '{"state":"queued","sensor_id":"%' THEN substr(before_state, 32, 30)
    ELSE subject END;
CREATE INDEX audit_about ON audit (trail, about, seq);
-- What people do is little beside what the calendar does: settling writes into neither of these.
CREATE INDEX audit_by_actor ON audit (trail, actor, seq) WHERE actor <> 'calendar' AND actor <> 'auto_renewal';
CREATE INDEX audit_by_action ON audit (trail, action, seq)
    WHERE action <> 'license_ended' AND action <> 'license_activated';

-- The License Manager's table by every column, in both directions: what is missing is one range of each index, and what
-- is there the other.
DROP INDEX sensors_by_expiry;
CREATE INDEX sensors_by_expiry ON sensors (organization_id, expires_us, id, search) WHERE removed_us IS NULL;
DROP INDEX sensors_by_chain_end;
CREATE INDEX sensors_by_chain_end ON sensors (organization_id, chain_ends_us, id, chain_expires_on)
    WHERE removed_us IS NULL;
CREATE INDEX sensors_by_activation ON sensors (organization_id, activation_date, id) WHERE removed_us IS NULL;
CREATE INDEX sensors_by_key ON sensors (organization_id, code_id, id) WHERE removed_us IS NULL;
CREATE INDEX sensors_by_serial ON sensors (organization_id, serial, id) WHERE removed_us IS NULL;
CREATE INDEX sensors_by_auto_renewal ON sensors (organization_id, auto_renewal, search, id) WHERE removed_us IS NULL;
-- What has no sensor keeps none.
ALTER TABLE sensor_state ADD COLUMN organization_id text;
UPDATE sensor_state SET organization_id =
    (SELECT s.organization_id FROM sensors s WHERE s.number = sensor_state.sensor);
CREATE INDEX sensor_state_by_last_seen ON sensor_state (organization_id, last_seen_us, sensor);

-- Who is told of what by e-mail (R30).
CREATE TABLE notification_recipients (
    organization_id text NOT NULL REFERENCES organizations (id),
    kind text NOT NULL,
    user_id text NOT NULL REFERENCES users (id),
    PRIMARY KEY (organization_id, kind, user_id)
);
-- In the organizations that there are, the first of their Administrators is told.
INSERT INTO notification_recipients (organization_id, kind, user_id)
    SELECT organization_id, 'license_expiration', min(user_id) FROM memberships
    WHERE role = 'administrator' GROUP BY organization_id;
