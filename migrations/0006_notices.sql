-- Notices (R29 to R33), and the other ways in which people and systems are told: calendars, webhooks, mails of alerts.

-- When a license came to the sensor that has it: its term is too short for the notice of the month before when the
-- instant of that notice was over already (R29).
ALTER TABLE licenses ADD COLUMN assigned_us bigint;
UPDATE licenses SET assigned_us = coalesce(
    (SELECT max(a.at_us) FROM audit a WHERE a.trail = licenses.organization_id AND a.about = licenses.sensor_id
        AND a.subject = licenses.id AND a.action IN ('license_activated', 'license_queued')
        AND (a.before_state LIKE '%"available"%' OR a.before_state LIKE '%"released"%')),
    starts_us)
    WHERE state IN ('active', 'queued');

-- When something may be told of the end of the sensor's chain next; null when all is told. Of what there is, the first
-- look finds out; of what is over, nothing is told any more.
ALTER TABLE sensors ADD COLUMN notice_due_us bigint;
UPDATE sensors SET notice_due_us = 0 WHERE chain = 'running' AND removed_us IS NULL;
CREATE INDEX sensors_by_notice ON sensors (organization_id, notice_due_us)
    WHERE notice_due_us IS NOT NULL AND removed_us IS NULL;

-- What was told: once for each sensor, end of its chain and kind (R31).
CREATE TABLE notices (
    sensor_id text NOT NULL REFERENCES sensors (id),
    expires_on text NOT NULL,
    -- month_before, expiration_day
    kind text NOT NULL,
    told_us bigint NOT NULL,
    PRIMARY KEY (sensor_id, expires_on, kind)
);
-- The mails of notices: one for each organization, kind and day (R31).
CREATE TABLE digests (
    organization_id text NOT NULL REFERENCES organizations (id),
    -- month_before, expiration_day, pool_low
    kind text NOT NULL,
    -- The notice day, which begins at 08:00 local.
    day text NOT NULL,
    decided_us bigint NOT NULL,
    sensors bigint NOT NULL,
    PRIMARY KEY (organization_id, kind, day)
);
ALTER TABLE organizations ADD COLUMN notices_looked_us bigint;
-- The next morning, at which the organization is looked at even if nothing is due of its sensors.
ALTER TABLE organizations ADD COLUMN notices_morning_us bigint NOT NULL DEFAULT 0;
-- When it is looked at next: that morning, or earlier when something is due of a sensor.
ALTER TABLE organizations ADD COLUMN notices_next_us bigint NOT NULL DEFAULT 0;
-- Since when the pool has held less than the next 60 days need.
ALTER TABLE organizations ADD COLUMN pool_low_since_us bigint;
-- Who is told of expirations is told of a pool that runs low.
INSERT INTO notification_recipients (organization_id, kind, user_id)
    SELECT organization_id, 'pool_low', user_id FROM notification_recipients WHERE kind = 'license_expiration';

-- What is attached to mails: the same for all recipients of one language.
CREATE TABLE attachments (
    id text PRIMARY KEY,
    name text NOT NULL,
    content_type text NOT NULL,
    body {blob} NOT NULL
);
ALTER TABLE outbox ADD COLUMN attachment_id text REFERENCES attachments (id);
-- The address by which its recipient is told of this no more (RFC 8058).
ALTER TABLE outbox ADD COLUMN unsubscribe text;
-- When it was sent, or has failed.
ALTER TABLE outbox ADD COLUMN settled_us bigint;
CREATE INDEX outbox_of_attachment ON outbox (attachment_id) WHERE attachment_id IS NOT NULL;
CREATE INDEX outbox_of_organization ON outbox (organization_id, id);

CREATE TABLE webhooks (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    url text NOT NULL,
    description text NOT NULL,
    -- The events that it wants, as a JSON list.
    events text NOT NULL,
    enabled boolean NOT NULL,
    -- The secret of its signatures, sealed with the service's secret; the one before, until it is of no use any more.
    secret {blob} NOT NULL,
    secret_before {blob},
    secret_before_until_us bigint,
    created_us bigint NOT NULL,
    -- Since when nothing was taken.
    failing_since_us bigint,
    disabled_because text
);
CREATE INDEX webhooks_of_organization ON webhooks (organization_id, id);
-- What is to be told to a webhook lies in the outbox as well: the event's body is the text, its type the kind.
ALTER TABLE outbox ADD COLUMN webhook_id text REFERENCES webhooks (id);
DROP INDEX outbox_queued;
CREATE INDEX outbox_queued_mails ON outbox (next_try_us, id) WHERE state = 'queued' AND webhook_id IS NULL;
CREATE INDEX outbox_queued_events ON outbox (next_try_us, id) WHERE state = 'queued' AND webhook_id IS NOT NULL;
CREATE INDEX outbox_of_webhook ON outbox (webhook_id, id) WHERE webhook_id IS NOT NULL;
-- Of which sensors' refused data webhooks were told: once for each time without cover.
CREATE TABLE refusals_told (
    sensor bigint NOT NULL,
    since_us bigint NOT NULL,
    PRIMARY KEY (sensor, since_us)
);

-- The secret addresses of calendars.
CREATE TABLE calendar_feeds (
    hash {blob} PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    user_id text NOT NULL REFERENCES users (id),
    created_us bigint NOT NULL,
    used_us bigint,
    UNIQUE (organization_id, user_id)
);

-- Who is told of a rule's alerts.
CREATE TABLE alert_rule_recipients (
    rule_id text NOT NULL,
    user_id text NOT NULL REFERENCES users (id),
    PRIMARY KEY (rule_id, user_id)
);
CREATE INDEX alert_rule_recipients_of_user ON alert_rule_recipients (user_id);
-- What is not told yet of an alert. Of the alerts that there are, nothing is.
ALTER TABLE alerts ADD COLUMN untold_opened boolean NOT NULL DEFAULT false;
ALTER TABLE alerts ADD COLUMN untold_closed boolean NOT NULL DEFAULT false;
CREATE INDEX alerts_untold ON alerts (rule_id, opened_us, id) WHERE untold_opened OR untold_closed;
-- When alerts of this rule were last told.
ALTER TABLE alert_rules ADD COLUMN told_us bigint;
