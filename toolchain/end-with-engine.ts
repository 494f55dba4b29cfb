/**
 * Ends this plugin process with the Pulumi engine that started it: on its SIGINT or SIGTERM (it closes a plugin so), and when
 * the other end of stdin goes away, which is all that is left to see when the engine itself was killed.
 * `cleanUp` runs once, before the exit.
 */
export function endWithEngine(cleanUp: () => void = () => {}): void {
  const end = (): void => {
    cleanUp();
    process.exit(0);
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  process.stdin.once("end", end).once("error", end).resume();
}
