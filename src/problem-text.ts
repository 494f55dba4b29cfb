import {
  type Blocker,
  type LockHolder,
  type Problem,
  Refusal,
  type ServerError,
  type SnapshotRefusal,
} from "./problem.ts";
import { schemaNames } from "./schema-name.ts";

/** The words of a problem: what was written, what is true instead, the way out. */
export function problemText(problem: Problem): string {
  switch (problem.code) {
    case "config":
      return `config "${problem.key}": got ${problem.got}, wants ${problem.wants}.${problem.fix ? ` ${problem.fix}` : ""}`;
    case "unknown-key":
      return `config "${problem.key}": there is no such key. ${problem.near === undefined ? "" : `Did you mean ${problem.near}? `}Remove it: pulumi config rm ${problem.key.includes(".") ? `--path '${problem.key}'` : problem.key}.`;
    case "no-connection":
      return (
        "No connection is configured. Set the parts (pulumi config set host db.example.com; database, user; " +
        "pulumi config set --secret password), or all in one (pulumi config set --secret url postgres://…), " +
        "or the environment variables PGHOST, PGDATABASE, PGUSER and PGPASSWORD."
      );
    case "folder-missing":
      return (
        `The migrations folder "${problem.folder}" ${problem.isFile ? "is a file" : "does not exist"}. ` +
        `${problem.isFile ? "Name" : "Create it, or name"} another: pulumi config set migrations FOLDER.`
      );
    case "not-utf8":
      return `${problem.file}: is not UTF-8 text, so what it would write is not certain. Save it as UTF-8.`;
    case "unnumbered":
      return `${problem.file}: the name has no number to order it by. Name it like 0007_add_cpf${problem.isFolder ? "" : ".up.sql"}.`;
    case "unknown-direction":
      return `${problem.file}: is it the way up or down? Name it ….up.sql or ….down.sql.`;
    case "duplicate-number":
      return `Number ${problem.number} is used by ${list(problem.files)}. Which goes first? Give one of them the next free number.`;
    case "bad-module":
      return `${problem.file}: is no migration. ${problem.detail}. It exports async functions up and, for the way back, down.`;
    case "bad-metadata":
      return `${problem.file}: not understood. ${problem.detail}`;
    case "unknown-target":
      return (
        `Target "${problem.target}" is not in the history, whose head is ${problem.head}. ` +
        (problem.near.length > 0 ? `Did you mean ${list(problem.near, "or")}? ` : "") +
        "A target is head, base, a revision's id, number, name or the beginning of one, or a step like -1."
      );
    case "ambiguous-target":
      return `Target "${problem.target}" fits ${list(problem.candidates)}. Write more of the one you mean.`;
    case "step-out-of-range":
      return (
        `Target "${problem.target}": schema "${problem.schema}" is at ${problem.current}, from where ` +
        `${problem.available === 0 ? "no step" : `at most ${count(problem.available, "step")}`} can be taken that way. Name a revision instead.`
      );
    case "syntax-error":
      return `${problem.file}:${problem.line}:${problem.column}: ${problem.detail}\n${pointer(problem.text, problem.column)}`;
    case "transaction-control":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would end or begin a transaction inside the script's own. ` +
        "Remove it: each script runs in one transaction, together with its ledger row. One BEGIN … COMMIT around the whole script is fine."
      );
    case "mixed-transaction":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" cannot run in a transaction, ` +
        `${problem.wrapped ? "but the script wraps it into one: remove its BEGIN and COMMIT. " : "but the script also holds statements that should. "}` +
        "Move it to a revision of its own, or say that no statement of the script needs one: a line -- migrate:no-transaction."
      );
    case "leaves-role":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would leave the role that the script runs as, the schema's owner. ` +
        "Remove it: what needs another role's rights is not this schema's own, and done elsewhere."
      );
    case "unbound-definer":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" is SECURITY DEFINER without a search path: it would use the owner's rights ` +
        "on what its caller's search path leads it to. Add to it: SET search_path FROM CURRENT, which is this schema."
      );
    case "edited":
      return (
        `${problem.revision} was edited after it was applied${problem.schema === undefined ? "" : ` in schema "${problem.schema}"`}: ` +
        `its checksum was ${problem.was} and is now ${problem.is}. Restore the file and put the change into a new revision; ` +
        "or roll back to the revision before it, then go forward again with the new text."
      );
    case "not-in-folder":
      return (
        `Schema "${problem.schema}" has ${list(problem.revisions)}, which the folder lacks (its head is ${problem.head}). ` +
        "Is this checkout older than the schema, or was a file renamed? Use the newer checkout or restore the file. " +
        "To roll back, name the revision to go to: pulumi config set target REVISION."
      );
    case "out-of-order":
      return (
        `Schema "${problem.schema}" is at ${problem.head}, and ${list(problem.revisions)} would be added below it, after the fact. ` +
        "Give the file a number above the head, or allow it: pulumi config set allowOutOfOrder true."
      );
    case "down-missing":
      return (
        `Schema "${problem.schema}" cannot go down from ${problem.revision}: it has no down script, neither in the folder nor in the ledger. ` +
        "Write one beside the up script, or choose a target at or above this revision."
      );
    case "down-differs":
      return (
        `Schema "${problem.schema}": ${problem.file} is not the down script that was recorded when ${problem.revision} was applied. ` +
        "Choose one: pulumi config set downFrom folder, or pulumi config set downFrom ledger."
      );
    case "irreversible":
      return (
        `Schema "${problem.schema}" cannot go down from ${problem.revision}, which says that it is irreversible: ` +
        `${problem.reason || "no reason given"}. Choose a target at or above it, or restore a backup.`
      );
    case "below-baseline":
      return (
        `Schema "${problem.schema}" would be taken over at ${problem.baseline}, above its target "${problem.target}". ` +
        "Take it over first (target head or the baseline), then roll back."
      );
    case "unknown-baseline":
      return problem.from === "config"
        ? `Baseline "${problem.baseline}" names no place in the history: it wants head, base, or a revision's id, number, name or its beginning.`
        : `Schema "${problem.schema}" is at Alembic's ${problem.baseline}, and no single revision's name here begins with that. Name the place: pulumi config set baseline REVISION.`;
    case "alembic-found":
      return (
        `Schema "${problem.schema}" was migrated by Alembic, which left it at ${problem.version}` +
        `${problem.revision === undefined ? ", and no revision here begins with that" : `: our ${problem.revision}`}. ` +
        `To take it over from there: ${problem.revision === undefined ? "pulumi config set baseline REVISION" : "pulumi config set adopt alembic"}. ` +
        "Its table alembic_version stays as it is."
      );
    case "interrupted":
      if (problem.edited) return interruptedAndEdited(problem.schema, problem.revision);
      return (
        `Schema "${problem.schema}": ${problem.revision} runs outside a transaction and was interrupted on the way ${problem.direction}. ` +
        "Look at what it did, finish or undo it by hand, then tell the ledger:" +
        interruptedWays(problem.schema, problem.revision)
      );
    case "once-a-database":
      return (
        `${problem.file}:${problem.line}: "${brief(problem.text)}" would run once for each schema, and there is one ${problem.kind} for all ` +
        "of them. Write it so that it can be repeated (IF NOT EXISTS or IF EXISTS, or a DO block that looks first), or declare it in " +
        "the program as a resource."
      );
    case "folder-changed":
      return `The migrations folder changed after the preview: ${list(problem.revisions)}. Run the command again to see the new plan.`;
    case "snapshot-unused":
      return snapshotUnused(problem);
    case "snapshot-refused":
      return `No snapshot: ${SNAPSHOT_REFUSALS[problem.why]}\n${indent(problem.what.join("\n"))}`.trimEnd();
    case "schema-name":
      return `Schema name "${problem.schema}": ${problem.why}`;
    case "owned-twice":
      return (
        `${problem.schemas.length === 1 ? "Schema" : "Schemas"} ${list(problem.schemas)} would be owned by ${list(problem.fleets)}, each with ` +
        "its own target. Leave them to one: pulumi config set --path 'fleets.FLEET.exclude[0]' SCHEMA."
      );
    case "schemas-query":
      return (
        `schemasQuery gave ${problem.got} where a schema's name should be. It wants one row a schema, the name in the first column: ` +
        "select schema_name from public.tenants where active."
      );
    case "wave-check":
      return (
        `The next wave was not started: waveCheck gave ${problem.answer}, and wants true:\n${indent(excerpt(problem.query))}\n` +
        "Look into it; the next up goes on with what is left."
      );
    case "role-name":
      return `config "${problem.key}": role name "${problem.role}": ${problem.why}`;
    case "role-missing":
      return `Role "${problem.role}" does not exist. Declare it in the program (new postgresql.Role) and let SchemaMigration depend on it, or create it.`;
    case "cannot-become":
      return (
        `"${problem.user}" cannot become "${problem.role}", which migrations are to run as. ` +
        `Grant it: GRANT ${quoted(problem.role)} TO ${quoted(problem.user)}${problem.hasSetOption ? " WITH SET TRUE" : ""}.`
      );
    case "foreign-owner":
      return foreignOwner(problem);
    case "search-path-closed":
      return (
        `Role "${problem.role}" lacks USAGE on schema "${problem.schema}" of the search path. ` +
        `Grant it: GRANT USAGE ON SCHEMA ${quoted(problem.schema)} TO ${quoted(problem.role)}.`
      );
    case "reaches":
      return reaches(problem);
    case "member":
      return (
        `Role "${problem.role}" has the rights of "${problem.through}", which reach into schema "${problem.schema}". ` +
        `Take them back: REVOKE ${quoted(problem.through)} FROM ${quoted(problem.role)} GRANTED BY ${quoted(problem.grantor)}.`
      );
    case "ledger-owner":
      return (
        `Role "${problem.role}" owns ${problem.table} of schema "${problem.schema}", which only migrations write. ` +
        `Take it back: ALTER TABLE ${quoted(problem.schema)}.${problem.table} OWNER TO ${quoted(problem.user)}.`
      );
    case "unreachable":
      return `${problem.server} does not answer as PostgreSQL: ${problem.detail}. Check the host, the port and the network.`;
    case "no-tls":
      return `${problem.server} does not speak TLS, which sslmode asks for. If the network is trusted: pulumi config set sslmode disable.`;
    case "sign-in-refused":
      return (
        `${problem.server} refused to sign in "${problem.user}": ${problem.detail}. ` +
        "Check the user and the password (pulumi config set --secret password)."
      );
    case "database-missing":
      return `${problem.server} has no database "${problem.database}". Create it, or name another: pulumi config set database NAME.`;
    case "connection-lost":
      return (
        `Schema "${problem.schema}": the connection was ${problem.byAdmin ? "ended by an administrator" : "lost"} (${problem.detail}). ` +
        "What was committed stays; run the command again, it goes on from what the ledger says."
      );
    case "read-only":
      return problem.why === "standby"
        ? `${problem.server} is a standby, which takes no changes. Connect to the primary.`
        : `${problem.server} is read-only: default_transaction_read_only is on for this role or database. Turn it off, or use another role.`;
    case "no-rights":
      return `"${problem.user}" lacks ${problem.right} on schema "${problem.schema}". Grant it: GRANT USAGE, CREATE ON SCHEMA ${quoted(problem.schema)} TO ${quoted(problem.user)}.`;
    case "no-free-sessions":
      return (
        `${problem.server} has ${problem.free === 0 ? "no connection" : `only ${count(problem.free, "connection")}`} left for this role, ` +
        `and concurrency asks for ${problem.asked} and one more. Lower it: pulumi config set concurrency ${Math.max(1, problem.free)}.`
      );
    case "pooler":
      return (
        `${problem.server} is a pooler that gives each transaction another session (PgBouncer in transaction or statement mode). ` +
        "Locks and settings would land in other clients' sessions. Connect to the server itself, or to the pooler in session mode."
      );
    case "server-error":
      return `PostgreSQL refused ${problem.doing}: ${serverSaid(problem.error)}`;
    case "locked":
      return (
        `Schema "${problem.schema}" is being migrated by another run: ${holderText(problem.holder)}. ` +
        `Gave up after ${(problem.waitedMs / 1000).toFixed(1)} s. Run again when it is done, or wait longer: pulumi config set waitTimeoutMs MS.`
      );
    case "stopped":
      return "Stopped, as asked: what was under way is finished, and nothing more was begun.";
    case "steps-left":
      return `Schema "${problem.schema}" is at ${problem.at}; ${problem.left} of ${count(problem.of, "step")} ${problem.left === 1 ? "is" : "are"} left.`;
    case "blocked":
      return (
        `Schema "${problem.schema}", ${problem.file}: gave way ${count(problem.attempts, "time")} to other sessions (${problem.error.message}, ` +
        `SQLSTATE ${problem.error.sqlstate}).${blockerText(problem.blocker)}\n${problem.partly ? `${problem.revision} is marked as interrupted, and goes on with the next run` : `Nothing of ${problem.revision} remains`}. ` +
        "Run again when the way is free, or wait longer for locks: pulumi config set lockTimeoutMs MS."
      );
    case "step-failed":
      return stepFailed(problem);
  }
}

/** The words of an error: a refusal's problems, a line or paragraph for each cause; any other error's own message. */
export function errorText(error: unknown): string {
  if (error instanceof Refusal) return problemTexts(error.problems).join("\n");
  return error instanceof Error ? error.message : String(error);
}

/** Words for many problems: one cause in 37 schemas is told once, with their names. */
export function problemTexts(problems: readonly Problem[]): readonly string[] {
  return [...Map.groupBy(problems, causeOf).values()].flatMap(([first, ...same]) => {
    if (!first) return [];
    const others = same.flatMap((problem) => ("schema" in problem && problem.schema ? [problem.schema] : []));
    return [problemText(first) + (others.length > 0 ? `\nThe same in ${schemaNames(others)}.` : "")];
  });
}

/** What two problems share that have one cause: not the schema, nor what differs with its rows. */
function causeOf(problem: Problem): string {
  switch (problem.code) {
    case "step-failed":
      return JSON.stringify([problem.code, problem.file, problem.line, problem.direction, problem.error.sqlstate]);
    case "blocked":
      return JSON.stringify([problem.code, problem.file, problem.error.sqlstate]);
    case "locked":
      return problem.code;
    default: {
      // Names of schemas that are wrong in themselves are told one by one.
      const { schema, ...cause } = { schema: undefined, ...problem };
      return JSON.stringify(problem.code === "schema-name" ? problem : cause);
    }
  }
}

/** The session that holds a lock, for people. */
export function holderText(holder: LockHolder | undefined): string {
  if (!holder) return "a session that has just ended";
  return `${holder.application || "a session"} of ${holder.user} (pid ${holder.pid}, for ${holder.seconds} s)`;
}

function snapshotUnused(problem: Extract<Problem, { code: "snapshot-unused" }>): string {
  const { file } = problem;
  const anew = "New schemas replay the history. Make it anew: npm run snapshot.";
  switch (problem.why) {
    case "missing":
      return `The config asks for a snapshot, and there is no ${file}. New schemas replay the history. Make it: npm run snapshot.`;
    case "unreadable":
      return `${file}: its heading is not one that npm run snapshot writes. ${anew}`;
    case "stale":
      return `${file} stands for the history up to ${problem.revision}, in which something was edited, added or removed since. ${anew}`;
    case "other-server":
      return (
        `${file} was proven on PostgreSQL ${problem.made}, and this server is ${problem.here}. New schemas replay the history. ` +
        "Make it on a server like this one: npm run snapshot -- --stack STACK."
      );
    case "failed":
      return (
        `Schema "${problem.schema}" was not made from ${file}, and replays the history, as the schemas after it do:\n` +
        indent(problemText(problem.problem))
      );
  }
}

const SNAPSHOT_REFUSALS: Readonly<Record<SnapshotRefusal, string>> = {
  "no-revision": "the history is empty.",
  typescript: "what these migrations do, only running them can tell.",
  data: "the scripts leave data, which a structure does not hold. Where that is meant, new schemas have to replay the history.",
  outside:
    "the scripts change what is outside of their schema. Where it is there already, in the database of a stack, make the snapshot on " +
    "that one's server: npm run snapshot -- --stack STACK.",
  uncompared: "these are of kinds that are not compared.",
  named: "these statements name the schema itself, and would do so in all others.",
  differs: "what pg_dump writes makes another structure (+) than the scripts do (-).",
};

function stepFailed(problem: Extract<Problem, { code: "step-failed" }>): string {
  const { schema, file, line, statement, error, at, cause, partly, revision, direction } = problem;
  const where = line === undefined ? file : `${file}:${line}`;
  const shown = statement === undefined ? "" : `\n${indent(excerpt(statement))}`;
  const mend = { script: direction === "up" ? "Mend the script" : "Mend its down script", "disk-full": FREE_SPACE }[
    cause
  ];
  const whole =
    direction === "up"
      ? `Nothing of ${revision} remains; the schema is at ${at}.`
      : `${revision} is still applied, as it was.`;
  const rest = partly
    ? `${revision} ran outside a transaction: its earlier statements stay.${cause === "disk-full" ? ` ${FREE_SPACE} first.` : ""}`
    : `${whole} ${mend} and run again.`;
  return `Schema "${schema}", ${where}: ${serverSaid(error)}${shown}\n${rest}`;
}

const FREE_SPACE = "Free space on the server's disk";

function serverSaid({ message, sqlstate, detail, hint, where }: ServerError): string {
  const more = [detail, hint && `Hint: ${hint}`, where?.split("\n").slice(0, 2).join("\n  ")]
    .filter(Boolean)
    .map((text) => `\n  ${text}`);
  return `${message}${sqlstate === "" ? "" : ` (SQLSTATE ${sqlstate})`}${more.join("")}`;
}

function blockerText(blocker: Blocker | undefined): string {
  if (!blocker) return "";
  return ` In the way: ${holderText(blocker)}, whose last statement is\n${indent(excerpt(blocker.query))}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function foreignOwner({ schema, owner, user, objects }: Extract<Problem, { code: "foreign-owner" }>): string {
  const shown = objects.slice(0, MANY).map((object) => `\n  ALTER ${object} OWNER TO ${quoted(user)};`);
  const more = objects.length - MANY;
  return (
    `Schema "${schema}": ${count(objects.length, "object")} in it ${objects.length === 1 ? "belongs" : "belong"} to another role than "${owner}", ` +
    `which could not change ${objects.length === 1 ? "it" : "them"}. What is yours, the next up gives to it:${shown.join("")}` +
    `${more > 0 ? `\nand ${more} more; docs/roles.md has the statement that lists all.` : ""}\n` +
    "Whoever owns them now loses what only an owner may: grant it first what it needs."
  );
}

function reaches(problem: Extract<Problem, { code: "reaches" }>): string {
  const { role, schema, relation, isLedger } = problem;
  const who = role === undefined ? "Every role" : `Role "${role}"`;
  const grantee = role === undefined ? "PUBLIC" : quoted(role);
  const rights = problem.privileges.join(", ");
  const what = relation === undefined ? `schema "${schema}"` : `${schema}.${relation}`;
  const target = relation === undefined ? `SCHEMA ${quoted(schema)}` : `${quoted(schema)}.${quoted(relation)}`;
  const why = isLedger ? "which only migrations write" : role === undefined ? REACHED_BY_ALL : "which is not its own";
  return `${who} has ${rights} on ${what}, ${why}. Take it back: REVOKE ${rights} ON ${target} FROM ${grantee}.`;
}

const REACHED_BY_ALL = "the owners and applications of other schemas among them";

function interruptedWays(schema: string, revision: string): string {
  const { table, where, forget } = ledgerRow(schema, revision);
  return `\n  it is there:     UPDATE ${table} SET state = 'applied' ${where};\n  it is not there: ${forget}`;
}

function interruptedAndEdited(schema: string, revision: string): string {
  return (
    `Schema "${schema}": ${revision} runs outside a transaction, was interrupted on the way up, and its up script was edited since. ` +
    "Restore the file, and it goes on where it stopped; or undo by hand what the old text did (an index may be left over), then " +
    `tell the ledger, and the new text runs:\n  it is not there: ${ledgerRow(schema, revision).forget}`
  );
}

function ledgerRow(schema: string, revision: string) {
  const table = `${quoted(schema)}.migration_ledger`;
  const where = `WHERE revision = '${revision.replaceAll("'", "''")}'`;
  return { table, where, forget: `DELETE FROM ${table} ${where};` };
}

/** A line with a caret below one of its columns; of a long line what is around it. */
function pointer(line: string, column: number): string {
  const from = Math.max(0, column - 1 - POINTER_WIDTH / 2);
  const shown = [...line].slice(from, from + POINTER_WIDTH);
  // Tabs stay tabs below, so that the caret stands where they lead.
  const before = shown.slice(0, column - 1 - from).map((character) => (character === "\t" ? "\t" : " "));
  return `  ${shown.join("")}\n  ${before.join("")}^`;
}

const POINTER_WIDTH = 100;

/** How many names of a list are told before "and 37 more". */
const MANY = 10;

function list(items: readonly string[], word = "and"): string {
  if (items.length > MANY) return `${items.slice(0, MANY).join(", ")} ${word} ${items.length - MANY} more`;
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} ${word} ${last}`;
}

/** "1 step", "2 steps". */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

function brief(sql: string): string {
  const line = sql.replaceAll(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

const EXCERPT_LINES = 8;

function excerpt(sql: string): string {
  const all = sql.split("\n");
  return all.length > EXCERPT_LINES ? [...all.slice(0, EXCERPT_LINES), "…"].join("\n") : sql;
}

/** Every line of a text, moved in. */
export function indent(text: string, by = "  "): string {
  return text.replaceAll(/^(?=.)/gm, by);
}
