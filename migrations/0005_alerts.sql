-- Alert rules, and the alerts that they opened.

CREATE TABLE alert_rules (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    -- What it watches for, as JSON.
    condition text NOT NULL,
    -- After how much silence a sensor is lost, for rules that watch for that.
    silence_us bigint,
    -- All sensors of the organization, or those in alert_rule_sensors.
    all_sensors boolean NOT NULL,
    enabled boolean NOT NULL,
    created_us bigint NOT NULL,
    -- Since when it watches for this.
    since_us bigint NOT NULL,
    -- The organization's rev at its last change: who opens an alert checks that it knows the rule as it is.
    rev bigint NOT NULL
);
CREATE INDEX alert_rules_of_organization ON alert_rules (organization_id, id);

CREATE TABLE alert_rule_sensors (
    rule_id text NOT NULL,
    sensor_id text NOT NULL REFERENCES sensors (id),
    PRIMARY KEY (rule_id, sensor_id)
);

-- The newest instant that a rule has judged of a sensor. Whether an alert is open, the alerts themselves say.
CREATE TABLE alert_watches (
    sensor bigint NOT NULL,
    rule_id text NOT NULL,
    judged_us bigint NOT NULL,
    PRIMARY KEY (sensor, rule_id)
);

CREATE TABLE alerts (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    -- The rule may have been removed since; its name and what it watched for stay readable here (R28).
    rule_id text NOT NULL,
    rule_name text NOT NULL,
    condition text NOT NULL,
    lost_connection boolean NOT NULL,
    sensor_id text NOT NULL REFERENCES sensors (id),
    -- The number under which the sensor's measurements are kept.
    sensor bigint NOT NULL,
    opened_us bigint NOT NULL,
    -- Values are counted in the smallest steps of their type.
    opened_value bigint,
    worst_value bigint,
    -- The channels that are not back yet: bit 0 for position 1.
    channels_over bigint NOT NULL,
    closed_us bigint,
    closed_because text,
    CHECK ((closed_us IS NULL) = (closed_because IS NULL))
);
-- A rule has one open alert of a sensor at a time.
CREATE UNIQUE INDEX alerts_open_once ON alerts (sensor, rule_id) WHERE closed_us IS NULL;
CREATE INDEX alerts_open ON alerts (organization_id, opened_us, id) WHERE closed_us IS NULL;
CREATE INDEX alerts_of_organization ON alerts (organization_id, opened_us, id);
CREATE INDEX alerts_of_sensor ON alerts (sensor_id, opened_us, id);
CREATE INDEX alerts_of_rule ON alerts (rule_id, opened_us, id);
