-- The ledger on screen: license keys, what the audit trail says of each, and a trail that the database itself keeps.

-- The organization's keys, the last redeemed first.
CREATE INDEX activation_codes_redeemed ON activation_codes (organization_id, redeemed_us, id)
    WHERE redeemed_us IS NOT NULL;
-- When those licenses of a key end that are on sensors.
CREATE INDEX licenses_running_of_code ON licenses (code_id, expires_on) WHERE state IN ('active', 'queued');

-- The code of a license, or the code that a row is about itself: for the trail of one license key.
ALTER TABLE audit ADD COLUMN code_id text;
UPDATE audit SET code_id = subject WHERE substr(subject, 1, 4) = 'cod_';
UPDATE audit SET code_id = (SELECT l.code_id FROM licenses l WHERE l.id = audit.subject)
    WHERE substr(subject, 1, 4) = 'lic_';
CREATE INDEX audit_of_code ON audit (trail, code_id, seq) WHERE code_id IS NOT NULL;

-- What the trail is searched by, beside what the table of sensors is: the names of removed sensors, and the serial
-- numbers that sensors have had.
CREATE INDEX sensors_removed_by_name ON sensors (organization_id, search, id) WHERE removed_us IS NOT NULL;
CREATE INDEX replacements_by_serial ON replacements (organization_id, serial, sensor_id);

-- From here on no row of the trail is changed or taken away (R18): what follows stands for the triggers that refuse it,
-- for which each engine has a language of its own. A later migration that has to fill a column drops them first, and
-- makes them anew.
{append_only}
