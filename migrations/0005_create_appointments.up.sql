-- The agenda: the database itself refuses to book a professional or a station twice at the same time.
CREATE TYPE appointment_status AS ENUM ('requested', 'confirmed', 'completed', 'cancelled');

COMMENT ON TYPE appointment_status IS 'The life of an appointment, in order';

CREATE TABLE appointments (
    id              bigint             GENERATED ALWAYS AS IDENTITY,
    public_id       uuid               NOT NULL DEFAULT gen_random_uuid(),
    client_id       bigint             NOT NULL,
    professional_id bigint             NOT NULL,
    service_id      bigint             NOT NULL,
    station_id      bigint,
    status          appointment_status NOT NULL DEFAULT 'requested',
    starts_at       timestamptz        NOT NULL,
    ends_at         timestamptz        NOT NULL,
    price_cents     integer            NOT NULL,
    notes           text,
    created_at      timestamptz        NOT NULL DEFAULT now(),
    updated_at      timestamptz        NOT NULL DEFAULT now(),
    CONSTRAINT appointments_pkey PRIMARY KEY (id),
    CONSTRAINT appointments_public_id_key UNIQUE (public_id),
    CONSTRAINT appointments_client_id_fkey FOREIGN KEY (client_id) REFERENCES users (id) ON DELETE RESTRICT,
    CONSTRAINT appointments_professional_id_fkey FOREIGN KEY (professional_id) REFERENCES users (id) ON DELETE RESTRICT,
    CONSTRAINT appointments_service_id_fkey FOREIGN KEY (service_id) REFERENCES services (id) ON DELETE RESTRICT,
    CONSTRAINT appointments_station_id_fkey FOREIGN KEY (station_id) REFERENCES stations (id) ON DELETE SET NULL,
    CONSTRAINT appointments_time_check CHECK (ends_at > starts_at),
    CONSTRAINT appointments_price_cents_check CHECK (price_cents >= 0),
    -- A range of one id makes the comparison possible in GiST without an extension.
    CONSTRAINT appointments_professional_overlap_excl EXCLUDE USING gist (
        int8range(professional_id, professional_id, '[]') WITH &&,
        tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (status <> 'cancelled'),
    CONSTRAINT appointments_station_overlap_excl EXCLUDE USING gist (
        int8range(station_id, station_id, '[]') WITH &&,
        tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (status <> 'cancelled' AND station_id IS NOT NULL)
);

CREATE INDEX appointments_professional_id_starts_at_idx ON appointments (professional_id, starts_at);
CREATE INDEX appointments_service_id_idx ON appointments (service_id);
CREATE INDEX appointments_station_id_idx ON appointments (station_id) WHERE station_id IS NOT NULL;

COMMENT ON TABLE appointments IS 'The agenda';
COMMENT ON COLUMN appointments.price_cents IS 'Price agreed at booking, whatever the list says later';
COMMENT ON CONSTRAINT appointments_professional_overlap_excl ON appointments IS 'A professional serves one client at a time';
COMMENT ON CONSTRAINT appointments_station_overlap_excl ON appointments IS 'A station holds one client at a time';

CREATE TRIGGER appointments_touch_updated_at
    BEFORE UPDATE ON appointments
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
