import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { useProxy } from "../support/proxy.ts";
import { type Action, SCHEMAS, type Story, stories } from "./action.ts";
import { withDeployer } from "./deployer.ts";
import { play } from "./play.ts";
import { withWorld } from "./world.ts";

const database = useDatabase();
const proxy = useProxy(database.connection);

// SEQUENCES=500 plays more, SEED other ones. A counterexample prints its seed and path: SEED=… SEED_PATH=… plays it again.
const { SEQUENCES = "30", SEED = "4", SEED_PATH } = process.env;
const numRuns = Number(SEQUENCES);
/** On a machine that has other things to do; else it is about one. */
const SECONDS_EACH = 15;

const RUN: Action = { do: "run", fault: undefined, allowOutOfOrder: false, downFrom: undefined };

/** What chance finds too seldom for a short test, and what it found. */
const EXAMPLES: readonly [Story][] = [
  // Two texts of a way down: refused until one is chosen. The end of each story chooses the ledger's, here the folder's too.
  [{ files: [{ number: 1, up: 1, down: 1 }], actions: [RUN, { do: "edit down", place: 0, text: 2 }] }],
  [
    {
      files: [{ number: 1, up: 1, down: 1 }],
      actions: [
        RUN,
        { do: "edit down", place: 0, text: 2 },
        { do: "target", target: "base" },
        { ...RUN, downFrom: "folder" },
      ],
    },
  ],
  // An index that could not be built, its script mended: what the first text left is not the second's.
  [{ files: [{ number: 2, up: 0, down: 1 }], actions: [RUN, { do: "edit up", place: 0, text: 1 }] }],
  // The same where the first text was built and only its ledger row is missing.
  [
    {
      files: [{ number: 2, up: 2, down: 1 }],
      actions: [
        { ...RUN, fault: { kind: "kill", schema: 0, step: 0, message: "done", when: "before" } },
        { do: "edit up", place: 0, text: 1 },
      ],
    },
  ],
];

test(
  "any sequence of ups, pins, edits, lost files, kills and cuts ends with ledger, structure and model agreeing, or a refusal that changed nothing",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "sequences-"));
    const counts = new Map<string, number>();
    const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
    try {
      await withDeployer((deployer) =>
        fc.assert(
          fc.asyncProperty(stories, (story) =>
            withWorld({ database, proxy, deployer, folder }, SCHEMAS, (world) => play(world, story, count)),
          ),
          {
            numRuns,
            seed: Number(SEED),
            examples: EXAMPLES.map(([story]): [Story] => [story]),
            ...(SEED_PATH !== undefined && { path: SEED_PATH }),
            interruptAfterTimeLimit: numRuns * SECONDS_EACH * 1_000,
          },
        ),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }

    // A generator that stopped generating would be no proof; a few stories may lack one by chance.
    const kinds = numRuns < 20 ? [] : ["done", "refused", "failed", "killed", "cut"];
    expect(kinds.filter((kind) => !counts.has(kind))).toEqual([]);
  },
  2 * numRuns * SECONDS_EACH * 1_000,
);
