import type { BeyondProblem } from "./problems/beyond.ts";
import type { ConfigProblem } from "./problems/config.ts";
import type { FolderProblem } from "./problems/folder.ts";
import type { PlanProblem } from "./problems/plan.ts";
import type { RoleProblem } from "./problems/roles.ts";
import type { SchemasProblem } from "./problems/schemas.ts";
import type { ScriptProblem } from "./problems/script.ts";
import type { ServerProblem } from "./problems/server.ts";
import type { SnapshotProblem } from "./problems/snapshot.ts";
import type { StepProblem } from "./problems/step.ts";
import type { TargetProblem } from "./problems/target.ts";

export type { ConfigFix, ConfigPath } from "./problems/config.ts";
export type { Direction } from "./problems/interrupted.ts";
export type { SchemaRight } from "./problems/roles.ts";
export type { ServerError } from "./problems/server.ts";
export type { SnapshotRefusal } from "./problems/snapshot.ts";
export type { Blocker, LockHolder } from "./problems/step.ts";

/**
 * What can be wrong, as data. A problem quotes what the user wrote and carries what is true instead. It is declared in
 * problems/, beside its words; problem-text.ts is the only way from problems to text.
 */
export type Problem =
  | ConfigProblem
  | FolderProblem
  | TargetProblem
  | ScriptProblem
  | PlanProblem
  | BeyondProblem
  | SnapshotProblem
  | SchemasProblem
  | RoleProblem
  | ServerProblem
  | StepProblem;

/** Thrown when something is refused or has failed: one or more problems, all that could be found together. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.code).join(", "));
    this.problems = problems;
  }
}

/** Throws a {@link Refusal} if there is any problem. */
export function refuseIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new Refusal(problems);
}
