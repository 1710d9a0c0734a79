import { defineConfig } from 'vitest/config';

/** One project a tier, so that `make test` can name what it runs and each tier keeps its own limits. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // A worker a file would take longer to start than most files take to run.
          isolate: false,
          maxWorkers: '100%',
          // Extended attributes, in test/chaos/writer.
          execArgv: ['--experimental-ffi', '--disable-warning=ExperimentalWarning'],
          include: [
            'src/**/*.test.ts',
            'tools/**/*.test.ts',
            'bench/**/*.test.ts',
            'test/unit/**/*.test.ts',
            'test/chaos/**/*.test.ts',
          ],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'model',
          maxWorkers: '100%',
          include: ['test/model/**/*.test.ts'],
          testTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'sanity',
          include: ['test/sanity/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          // With the same two data nodes, of which none breaks: beside each other, since they mostly wait.
          name: 'volumes',
          include: ['test/e2e/volumes/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
