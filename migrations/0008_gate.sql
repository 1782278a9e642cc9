-- Other systems follow the changes of covers, page by page (docs/licensing-only.md).
DROP INDEX sensors_changed;
CREATE INDEX sensors_changed ON sensors (organization_id, cover_rev, number);
