import { defineConfig } from 'vitest/config';

/** Run by node.test.ts inside a mount and pid namespace of its own: mounts and daemons end with it. */
export default defineConfig({
  test: {
    include: ['test/integration/node/namespaced/*.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Each file has nodes of its own, which wait for each other most of the time.
    maxWorkers: 2,
  },
});
