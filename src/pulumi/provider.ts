import type { dynamic } from "@pulumi/pulumi";

/**
 * The provider whose text Pulumi stores in the state of every stack, to run it again on refresh and destroy. So it is a
 * shell that never changes: each method loads the handler from the project that runs it, by a path relative to the
 * working directory, which Pulumi makes the project's. A captured class or module would be stored by value, and break; a
 * function of nothing but globals is stored as its text.
 *
 * One object for all resources: Pulumi caches providers by their text, and serialises each object anew.
 */
export const provider: dynamic.ResourceProvider = {
  async check(olds: unknown, news: unknown) {
    return (await handler()).check(olds, news);
  },
  async diff(id: string, olds: unknown, news: unknown) {
    return (await handler()).diff(id, olds, news);
  },
  async create(inputs: unknown) {
    return (await handler()).create(inputs);
  },
  async read(id: string, props: unknown) {
    return (await handler()).read(id, props);
  },
  async update(id: string, olds: unknown, news: unknown) {
    return (await handler()).update(id, olds, news);
  },
  // No delete: the resource lets go of its schemas and touches nothing in them.
};

/** By its URL: a path may hold what means something in one (a branch's `feature%2Flogin`, `c#`). */
function handler() {
  const { pathToFileURL } = process.getBuiltinModule("node:url");
  return import(pathToFileURL(`${process.cwd()}/src/pulumi/handler.ts`).href);
}
