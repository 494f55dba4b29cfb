import { expect, test } from "vitest";
import type { Connection } from "../../src/postgres/connection.ts";
import { withDatabase } from "../../src/postgres/database.ts";
import { preflight } from "../../src/postgres/preflight.ts";
import { useDatabase } from "../support/database.ts";
import { pgBouncer, withPgBouncer } from "../support/pgbouncer.ts";

const { connection } = useDatabase();

/** What is refused before the first change. */
const refused = (as: Connection) => withDatabase(as, 2, (some) => preflight(some, as, []));

const found = pgBouncer === undefined ? " (skipped: no pgbouncer on this machine)" : "";

test.skipIf(pgBouncer === undefined)(
  `PgBouncer in transaction mode, while other clients come and go: refused each time${found}`,
  async () => {
    const looks = await withPgBouncer(connection, "transaction", (pooled) =>
      Promise.all(Array.from({ length: 10 }, () => refused(pooled))),
    );
    expect(looks.map((problems) => problems.map(({ code }) => code))).toEqual(looks.map(() => ["pooler"]));
  },
);
