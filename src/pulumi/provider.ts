import type { dynamic } from "@pulumi/pulumi";

/**
 * The provider whose text Pulumi stores in the state of every stack, to run it again on refresh and destroy. So it is a
 * shell that never changes: each method loads the handler from the project that runs it, by a path relative to the
 * working directory, which Pulumi makes the project's. A captured class or module would be stored by value, and break.
 *
 * One object for all resources: Pulumi caches providers by their text, and serialises each object anew.
 */
export const provider: dynamic.ResourceProvider = {
  async check(olds: unknown, news: unknown) {
    return (await import(`${process.cwd()}/src/pulumi/handler.ts`)).check(olds, news);
  },
  async diff(id: string, olds: unknown, news: unknown) {
    return (await import(`${process.cwd()}/src/pulumi/handler.ts`)).diff(id, olds, news);
  },
  async create(inputs: unknown) {
    return (await import(`${process.cwd()}/src/pulumi/handler.ts`)).create(inputs);
  },
  async read(id: string, props: unknown) {
    return (await import(`${process.cwd()}/src/pulumi/handler.ts`)).read(id, props);
  },
  async update(id: string, olds: unknown, news: unknown) {
    return (await import(`${process.cwd()}/src/pulumi/handler.ts`)).update(id, olds, news);
  },
  // No delete: the resource lets go of its schemas and touches nothing in them.
};
