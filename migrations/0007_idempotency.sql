-- Requests with an Idempotency-Key that have been carried out: a row each, written in the transaction that did it.
-- `id` and `fingerprint` are keyed hashes: of who sent which key where, and of what was sent. `answer` is sealed; it is
-- null until it is kept, and stays so when it was lost or is too long.
CREATE TABLE idempotency_keys (
    id {blob} PRIMARY KEY,
    fingerprint {blob} NOT NULL,
    done_us bigint NOT NULL,
    answer {blob}
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (done_us);
