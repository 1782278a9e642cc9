-- Messages that have passed the gate and are handed on to another system (docs/forwarding.md): a row is written with
-- its message, and taken away when the other system has taken it.
CREATE TABLE forwards (
    number {row_number} PRIMARY KEY,
    sensor bigint NOT NULL,
    -- The serial number that the sensor had when it sent the message (R20 may change it).
    serial text NOT NULL,
    arrived_us bigint NOT NULL,
    -- As in messages.body.
    body {blob} NOT NULL,
    -- How often the other system has refused it, and when it is tried again; null while it stands in the line.
    refusals bigint NOT NULL DEFAULT 0,
    again_us bigint
);
CREATE INDEX forwards_in_line ON forwards (arrived_us, number) WHERE again_us IS NULL;
CREATE INDEX forwards_put_back ON forwards (again_us, number) WHERE again_us IS NOT NULL;

-- Who forwards, and how it goes: one row, for only one machine at a time keeps the order of arrival.
CREATE TABLE forwarding (
    id bigint PRIMARY KEY CHECK (id = 1),
    worker text,
    until_us bigint NOT NULL,
    last_taken_us bigint,
    -- Since when nothing is taken, and what was said last.
    failing_since_us bigint,
    trouble text,
    -- How many messages were given up because they were too old.
    given_up bigint NOT NULL
);
INSERT INTO forwarding (id, until_us, given_up) VALUES (1, 0, 0);
