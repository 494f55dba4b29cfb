-- "My appointments" read the whole agenda; built concurrently so that booking goes on (no IF NOT EXISTS: it would accept a broken leftover).
CREATE INDEX CONCURRENTLY appointments_client_id_starts_at_idx ON appointments (client_id, starts_at DESC);
