import { defineConfig } from 'vitest/config';

/** Run by mount.test.ts inside a mount namespace of its own, in which mounts end with the last process. */
export default defineConfig({
  test: { include: ['test/integration/mount/namespaced/*.ts'], testTimeout: 30_000, fileParallelism: false },
});
