import { execa } from "execa";
import type { Job, Measured } from "../tool.ts";

/** Runs a job in a Node process of its own, fresh as in a real run. It counts without its start and the loading of its code. */
export async function inProcess(script: string, job: Job, ...args: readonly string[]): Promise<Measured> {
  const { stdout } = await execa(process.execPath, ["--disable-warning=ExperimentalWarning", script, ...args], {
    input: JSON.stringify(job),
    stderr: "inherit",
  });
  return JSON.parse(stdout) as Measured;
}

/** The other end of it: does the job that this process was given, and tells. */
export async function measure(work: (job: Job) => Promise<void>): Promise<void> {
  const chunks = await process.stdin.toArray();
  const job = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Job;
  const started = performance.now();
  await work(job);
  const seconds = (performance.now() - started) / 1_000;
  const measured: Measured = { seconds, peakMiB: Math.round(process.resourceUsage().maxRSS / 1_024) };
  console.log(JSON.stringify(measured));
}
