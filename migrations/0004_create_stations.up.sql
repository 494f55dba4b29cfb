-- Chairs, basins and rooms, and which service can be done at which of them.
CREATE TABLE stations (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    name       text        NOT NULL,
    is_active  boolean     NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stations_pkey PRIMARY KEY (id),
    CONSTRAINT stations_name_key UNIQUE (name),
    CONSTRAINT stations_name_check CHECK (btrim(name) <> '')
);

COMMENT ON TABLE stations IS 'Chairs, basins and rooms: one appointment at a time';

CREATE TRIGGER stations_touch_updated_at
    BEFORE UPDATE ON stations
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();

CREATE TABLE service_stations (
    service_id bigint NOT NULL,
    station_id bigint NOT NULL,
    CONSTRAINT service_stations_pkey PRIMARY KEY (service_id, station_id),
    CONSTRAINT service_stations_service_id_fkey FOREIGN KEY (service_id) REFERENCES services (id) ON DELETE CASCADE,
    CONSTRAINT service_stations_station_id_fkey FOREIGN KEY (station_id) REFERENCES stations (id) ON DELETE CASCADE
);

-- The primary key serves the look-up by service; this one the look-up by station.
CREATE INDEX service_stations_station_id_idx ON service_stations (station_id);

COMMENT ON TABLE service_stations IS 'Which service can be done at which station';
