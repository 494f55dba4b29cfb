import type { History } from "../../src/history/revision.ts";
import { historyOf, type Scripts } from "./history.ts";

/**
 * A history with something of every kind that a schema's structure is made of, and with changes on the way there, so that what it
 * leaves differs from what a single script would: columns that were dropped, names that were changed.
 *
 * @param role who is granted something
 * @param major the server's: what it does not know yet is left out
 */
export function richScripts(role: string, major: number): Readonly<Record<string, Scripts>> {
  const up = {
    "0001_types": `
      CREATE TYPE mood AS ENUM ('low', 'high');
      CREATE DOMAIN email AS text DEFAULT 'a@b' CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
      CREATE TYPE pair AS (a integer, b text);
      CREATE TYPE span AS RANGE (subtype = integer, multirange_type_name = spans);
      COMMENT ON TYPE mood IS 'How it feels; it''s "quoted"';`,
    "0002_enum_value": "ALTER TYPE mood ADD VALUE 'middle' BEFORE 'high';",
    "0003_users": `
      CREATE TABLE users (
        id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY,
        gone text,
        name text COLLATE "C" NOT NULL,
        mail email NOT NULL,
        feels mood DEFAULT 'low' NOT NULL,
        parts pair,
        spans spans,
        shout text GENERATED ALWAYS AS (upper(name)) STORED,
        whisper text GENERATED ALWAYS AS (lower(name)) ${major >= 18 ? "VIRTUAL" : "STORED"},
        serial serial,
        "Mixed Case" integer[] DEFAULT '{1,2}',
        at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT name_not_blank CHECK (btrim(name) <> '')
      ) WITH (fillfactor = 70);
      COMMENT ON TABLE users IS 'usuários; 日本語';
      COMMENT ON COLUMN users.name IS 'the name';
      ALTER TABLE users ALTER name SET STORAGE EXTERNAL, ALTER mail SET STATISTICS 200, ALTER mail SET COMPRESSION pglz;`,
    "0004_drop_column": "ALTER TABLE users DROP COLUMN gone; ALTER TABLE users ADD late integer DEFAULT 7;",
    "0005_orders": `
      CREATE SEQUENCE order_numbers AS integer START 100 MAXVALUE 5000 CYCLE;
      CREATE TABLE orders (
        id integer DEFAULT nextval('order_numbers') PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        during tstzrange,
        total numeric(10, 2) DEFAULT 0,
        EXCLUDE USING gist (during WITH &&)
      );
      ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;
      ALTER SEQUENCE order_numbers OWNED BY orders.id;`,
    "0006_indexes": `
      CREATE UNIQUE INDEX users_mail ON users (lower(mail)) WHERE late > 0;
      CREATE INDEX users_name ON users (name DESC NULLS LAST, at) INCLUDE (late) WITH (fillfactor = 80);
      CREATE UNIQUE INDEX users_late ON users (late) NULLS NOT DISTINCT;
      ALTER TABLE users CLUSTER ON users_name;
      ALTER TABLE orders ADD CONSTRAINT orders_total UNIQUE (id, total);
      ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_pkey;
      COMMENT ON INDEX users_mail IS 'one account each';
      CREATE STATISTICS users_stats (dependencies) ON name, at FROM users;
      ALTER STATISTICS users_stats SET STATISTICS 50;`,
    "0007_concurrently": "CREATE INDEX CONCURRENTLY orders_by_user ON orders (user_id);",
    "0008_partitions": `
      CREATE TABLE events (id bigint, at date NOT NULL, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
      CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
      CREATE TABLE events_rest PARTITION OF events DEFAULT PARTITION BY HASH (id);
      CREATE TABLE events_rest_0 PARTITION OF events_rest FOR VALUES WITH (MODULUS 1, REMAINDER 0);
      CREATE INDEX events_what ON events (what);
      CREATE TABLE seen (event_id bigint, at date, FOREIGN KEY (event_id, at) REFERENCES events);
      CREATE TABLE parent (a integer); CREATE TABLE child (b integer) INHERITS (parent);
      CREATE UNLOGGED TABLE scratch (like users INCLUDING DEFAULTS);`,
    "0009_functions": `
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$;
      CREATE FUNCTION full_name(u users, sep text DEFAULT ', ') RETURNS text LANGUAGE sql STABLE AS 'SELECT u.name || sep || u.mail';
      CREATE FUNCTION safe() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$ BEGIN RETURN 1; END $$;
      CREATE FUNCTION atomic(x integer) RETURNS integer RETURN x + (SELECT count(*) FROM users);
      CREATE PROCEDURE clean() LANGUAGE sql BEGIN ATOMIC DELETE FROM orders WHERE total = 0; END;
      COMMENT ON FUNCTION touch() IS 'stamps';`,
    "0010_triggers": `
      CREATE TRIGGER touch BEFORE UPDATE OF name ON users FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION touch();
      CREATE CONSTRAINT TRIGGER late AFTER INSERT ON orders DEFERRABLE FOR EACH ROW EXECUTE FUNCTION touch();
      CREATE TRIGGER never AFTER DELETE ON orders EXECUTE FUNCTION touch();
      ALTER TABLE orders DISABLE TRIGGER never;
      CREATE TRIGGER each_event AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION touch();
      COMMENT ON TRIGGER touch ON users IS 'keeps time';`,
    "0011_views": `
      CREATE VIEW people AS SELECT u.*, o.total FROM users u LEFT JOIN orders o ON o.user_id = u.id;
      CREATE VIEW safe_people WITH (security_barrier) AS SELECT id, name FROM users WHERE late > 1 WITH LOCAL CHECK OPTION;
      CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id WITH NO DATA;
      CREATE UNIQUE INDEX totals_user ON totals (user_id);
      CREATE RULE no_delete AS ON DELETE TO users DO INSTEAD NOTHING;
      COMMENT ON COLUMN people.total IS 'of one order';`,
    "0012_policies": `
      ALTER TABLE users ENABLE ROW LEVEL SECURITY;
      ALTER TABLE users FORCE ROW LEVEL SECURITY;
      CREATE POLICY own ON users AS RESTRICTIVE FOR UPDATE TO ${role} USING (name = current_user) WITH CHECK (late > 0);
      CREATE POLICY everyone ON users FOR SELECT USING (true);
      COMMENT ON POLICY own ON users IS 'one''s own';`,
    "0013_privileges": `
      GRANT SELECT, INSERT ON users TO ${role};
      GRANT SELECT (total) ON orders TO ${role} WITH GRANT OPTION;
      GRANT USAGE ON SEQUENCE order_numbers TO ${role};
      GRANT USAGE ON TYPE mood TO ${role};
      REVOKE EXECUTE ON FUNCTION safe() FROM PUBLIC;`,
    "0014_default_privileges": `
      DO $$ BEGIN EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO ${role}', current_schema()); END $$;
      CREATE TABLE readable (id integer);`,
    "0015_rename": `
      ALTER TABLE readable RENAME TO reads; ALTER TABLE reads RENAME COLUMN id TO number;
      ALTER INDEX users_late RENAME TO users_later;`,
  };
  const down: Readonly<Record<string, string>> = {
    "0015_rename": `
      ALTER INDEX users_later RENAME TO users_late;
      ALTER TABLE reads RENAME COLUMN number TO id; ALTER TABLE reads RENAME TO readable;`,
    "0014_default_privileges": `
      DROP TABLE readable;
      DO $$ BEGIN EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE SELECT ON TABLES FROM ${role}', current_schema()); END $$;`,
    "0013_privileges": `REVOKE ALL ON users FROM ${role};`,
  };
  return Object.fromEntries(
    Object.entries(up).map(([id, sql]) => [id, { up: sql, ...(down[id] !== undefined && { down: down[id] }) }]),
  );
}

export function richHistory(role: string, major: number): History {
  return historyOf(richScripts(role, major));
}
