import { type BenchMigration, benchMigrations } from "./migrations.ts";

/** The workloads, by the name that a row has. */
export const WORKLOADS = {
  W1: "apply 10 migrations to N schemas from nothing",
  W2: "nothing to do, N schemas at head",
  W3: "apply 100 migrations to one schema",
  W4: "roll back 3 of 10 migrations on N schemas",
  W5: "one new schema to the head of 100 migrations, beside one that is there",
} as const;

export type Workload = keyof typeof WORKLOADS;

export const ALL = Object.keys(WORKLOADS) as readonly Workload[];

/** One job of a chain. */
export interface Stage {
  readonly workload: Workload;
  /** How many of the chain's schemas take part; the last are the newest. */
  readonly schemas: number;
  readonly to: number;
}

/** Workloads of which each begins where the one before ended, in one database for each tool. */
export interface Chain {
  /** How many schemas the workloads are said to have. */
  readonly n: number;
  readonly schemas: readonly string[];
  readonly migrations: readonly BenchMigration[];
  readonly stages: readonly Stage[];
}

/** W1, W2 and W4 on a fleet. */
export function fleetChain(n: number): Chain {
  return {
    n,
    schemas: Array.from({ length: n }, (_, index) => `tenant_${index + 1}`),
    migrations: benchMigrations(10),
    stages: [
      { workload: "W1", schemas: n, to: 10 },
      { workload: "W2", schemas: n, to: 10 },
      { workload: "W4", schemas: n, to: 7 },
    ],
  };
}

/** W3 and W5: a long history. Without rows of its own, since a snapshot is only taken of a history that makes none. */
export function historyChain(): Chain {
  return {
    n: 1,
    schemas: ["tenant_1", "tenant_2"],
    migrations: benchMigrations(100, { rows: false }),
    stages: [
      { workload: "W3", schemas: 1, to: 100 },
      { workload: "W5", schemas: 2, to: 100 },
    ],
  };
}
