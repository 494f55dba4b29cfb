/** One migration of the benchmarks, as every tool gets it. */
export interface BenchMigration {
  /** `0007_index_orders_1`; its number orders. */
  readonly id: string;
  readonly up: string;
  readonly down: string;
}

/**
 * A history as a shop's grows: tables, columns, an index, a constraint, a view, a backfill. Ten kinds, in modules of ten;
 * the same length always gives the same text.
 *
 * @param rows whether some scripts also write rows
 */
export function benchMigrations(length: number, { rows }: Options = { rows: true }): readonly BenchMigration[] {
  return Array.from({ length }, (_, index) => {
    const module = Math.floor(index / KINDS.length) + 1;
    const { name, up, down } = (KINDS[index % KINDS.length] ?? first)(module, rows);
    return { id: `${String(index + 1).padStart(4, "0")}_${name}_${module}`, up: `${up}\n`, down: `${down}\n` };
  });
}

interface Options {
  readonly rows: boolean;
}

interface Scripts {
  readonly name: string;
  readonly up: string;
  readonly down: string;
}

const first = (m: number): Scripts => ({
  name: "create_customers",
  up: `CREATE TABLE customers_${m} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  full_name text NOT NULL,
  email text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);`,
  down: `DROP TABLE customers_${m};`,
});

const statusRows = (m: number) => `
INSERT INTO statuses_${m} (code, label)
VALUES ('new', 'New'), ('paid', 'Paid'), ('sent', 'Sent'), ('closed', 'Closed'), ('void', 'Void');`;

const KINDS: readonly ((module: number, rows: boolean) => Scripts)[] = [
  first,
  (m, rows) => ({
    name: "create_statuses",
    up: `CREATE TABLE statuses_${m} (
  code text PRIMARY KEY,
  label text NOT NULL,
  sort integer
);${rows ? statusRows(m) : ""}`,
    down: `DROP TABLE statuses_${m};`,
  }),
  (m) => ({
    name: "create_orders",
    up: `CREATE TABLE orders_${m} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers_${m} (id),
  status text NOT NULL DEFAULT 'new' REFERENCES statuses_${m} (code),
  amount numeric(12, 2) NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_${m}_customer_id_idx ON orders_${m} (customer_id);`,
    down: `DROP TABLE orders_${m};`,
  }),
  (m) => ({
    name: "add_customer_phone",
    up: `ALTER TABLE customers_${m} ADD COLUMN phone text, ADD COLUMN city text;
COMMENT ON COLUMN customers_${m}.phone IS 'As the customer wrote it.';`,
    down: `ALTER TABLE customers_${m} DROP COLUMN city, DROP COLUMN phone;`,
  }),
  (m) => ({
    name: "index_orders",
    up: `CREATE INDEX orders_${m}_status_placed_at_idx ON orders_${m} (status, placed_at);`,
    down: `DROP INDEX orders_${m}_status_placed_at_idx;`,
  }),
  (m) => ({
    name: "create_order_lines",
    up: `CREATE TABLE order_lines_${m} (
  order_id bigint NOT NULL REFERENCES orders_${m} (id) ON DELETE CASCADE,
  line integer NOT NULL,
  product text NOT NULL,
  quantity integer NOT NULL,
  price numeric(12, 2) NOT NULL,
  PRIMARY KEY (order_id, line)
);`,
    down: `DROP TABLE order_lines_${m};`,
  }),
  (m) => ({
    name: "check_amounts",
    up: `ALTER TABLE orders_${m} ADD CONSTRAINT orders_${m}_amount_check CHECK (amount >= 0);
ALTER TABLE order_lines_${m} ADD CONSTRAINT order_lines_${m}_quantity_check CHECK (quantity > 0);`,
    down: `ALTER TABLE order_lines_${m} DROP CONSTRAINT order_lines_${m}_quantity_check;
ALTER TABLE orders_${m} DROP CONSTRAINT orders_${m}_amount_check;`,
  }),
  (m) => ({
    name: "backfill_status_order",
    up: `UPDATE statuses_${m} s SET sort = n.sort
  FROM (SELECT code, row_number() OVER (ORDER BY code) AS sort FROM statuses_${m}) n WHERE n.code = s.code;
ALTER TABLE statuses_${m} ALTER COLUMN sort SET NOT NULL;`,
    down: `ALTER TABLE statuses_${m} ALTER COLUMN sort DROP NOT NULL;
UPDATE statuses_${m} SET sort = NULL;`,
  }),
  (m) => ({
    name: "create_order_view",
    up: `CREATE VIEW order_totals_${m} AS
SELECT o.id, c.full_name, s.label AS status, o.amount, count(l.line) AS lines
  FROM orders_${m} o
  JOIN customers_${m} c ON c.id = o.customer_id
  JOIN statuses_${m} s ON s.code = o.status
  LEFT JOIN order_lines_${m} l ON l.order_id = o.id
 GROUP BY o.id, c.full_name, s.label;`,
    down: `DROP VIEW order_totals_${m};`,
  }),
  (m) => ({
    name: "create_notes",
    up: `CREATE TABLE notes_${m} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id bigint REFERENCES orders_${m} (id) ON DELETE SET NULL,
  body text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notes_${m}_order_id_idx ON notes_${m} (order_id);`,
    down: `DROP TABLE notes_${m};`,
  }),
];
