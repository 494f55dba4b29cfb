-- An enum value cannot be dropped, so the type is rebuilt without it; no_show becomes cancelled. Rewrites appointments: plan downtime.
ALTER TABLE appointments
    DROP CONSTRAINT appointments_professional_overlap_excl,
    DROP CONSTRAINT appointments_station_overlap_excl,
    ALTER COLUMN status DROP DEFAULT;

ALTER TYPE appointment_status RENAME TO appointment_status_with_no_show;

CREATE TYPE appointment_status AS ENUM ('requested', 'confirmed', 'completed', 'cancelled');

COMMENT ON TYPE appointment_status IS 'The life of an appointment, in order';

ALTER TABLE appointments
    ALTER COLUMN status TYPE appointment_status
    USING (CASE status WHEN 'no_show' THEN 'cancelled' ELSE status::text END)::appointment_status;

ALTER TABLE appointments ALTER COLUMN status SET DEFAULT 'requested';

DROP TYPE appointment_status_with_no_show;

ALTER TABLE appointments
    ADD CONSTRAINT appointments_professional_overlap_excl EXCLUDE USING gist (
        int8range(professional_id, professional_id, '[]') WITH &&,
        tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (status <> 'cancelled'),
    ADD CONSTRAINT appointments_station_overlap_excl EXCLUDE USING gist (
        int8range(station_id, station_id, '[]') WITH &&,
        tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (status <> 'cancelled' AND station_id IS NOT NULL);

COMMENT ON CONSTRAINT appointments_professional_overlap_excl ON appointments IS 'A professional serves one client at a time';
COMMENT ON CONSTRAINT appointments_station_overlap_excl ON appointments IS 'A station holds one client at a time';
