-- The price list: what can be booked, how long it takes and what it costs in cents.
CREATE TABLE services (
    id               bigint      GENERATED ALWAYS AS IDENTITY,
    public_id        uuid        NOT NULL DEFAULT gen_random_uuid(),
    name             text        NOT NULL,
    description      text,
    duration_minutes integer     NOT NULL,
    price_cents      integer     NOT NULL,
    is_active        boolean     NOT NULL DEFAULT true,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT services_pkey PRIMARY KEY (id),
    CONSTRAINT services_public_id_key UNIQUE (public_id),
    CONSTRAINT services_name_check CHECK (btrim(name) <> ''),
    CONSTRAINT services_duration_minutes_check CHECK (duration_minutes BETWEEN 5 AND 600),
    CONSTRAINT services_price_cents_check CHECK (price_cents >= 0)
);

-- A service taken off the list may come back later under the same name.
CREATE UNIQUE INDEX services_active_name_key ON services (lower(name)) WHERE is_active;

COMMENT ON TABLE services IS 'The price list';
COMMENT ON COLUMN services.price_cents IS 'List price today; an appointment keeps the price it was booked at';

CREATE TRIGGER services_touch_updated_at
    BEFORE UPDATE ON services
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
