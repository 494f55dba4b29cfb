import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/server.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The CLI tests are whole processes; two at once are what two cores carry.
    maxWorkers: 2,
  },
});
