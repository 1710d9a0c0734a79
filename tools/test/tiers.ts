/** What `make test` runs, in order: what is quick and says most comes first. */
import { z } from 'zod';

export interface Tier {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Of `make`, run before it. */
  readonly needs: readonly string[];
}

/** A vitest project as a tier; its counts are read from the JSON that it leaves in `reports`. */
function project(name: string, reports: string, needs: readonly string[]): Tier {
  const outputs = ['--reporter=default', '--reporter=json', `--outputFile.json=${reports}/${name}.json`];
  return { name, command: ['vitest', 'run', '--project', name, ...outputs], needs };
}

/** The same rounds every time, four minutes of them. */
const CHAOS = ['--profile', 'short', '--seed', '1', '--rounds', '2'];

/** The same with the attach step of Kubernetes. */
function withAttach(name: string, reports: string): Tier {
  const { command } = project(name, reports, []);
  const words = command.filter((word) => !word.startsWith('--outputFile'));
  const outputFile = `--outputFile.json=${reports}/${name}-attach.json`;
  return {
    name: `${name}-attach`,
    command: ['env', 'ATTACH=true', ...words, outputFile],
    needs: ['deploy-attach'],
  };
}

export function tiers(reports: string): readonly Tier[] {
  return [
    { name: 'lint', command: ['npm', 'run', '--silent', 'lint'], needs: [] },
    { name: 'types', command: ['npm', 'run', '--silent', 'types'], needs: [] },
    project('unit', reports, []),
    project('model', reports, []),
    { name: 'mutants', command: ['npm', 'run', '--silent', 'test:mutants'], needs: [] },
    project('integration', reports, ['programs', 'images']),
    project('sanity', reports, ['deploy']),
    project('volumes', reports, ['deploy']),
    project('e2e', reports, ['programs', 'deploy']),
    {
      name: 'chaos',
      command: ['node', '--experimental-ffi', 'test/chaos/main.ts', 'run', ...CHAOS],
      needs: ['deploy'],
    },
    withAttach('sanity', reports),
    withAttach('volumes', reports),
  ];
}

/** Titles of the tests that failed, and the files that could not be run, as vitest's JSON reports say. */
export function failedTests(reports: readonly unknown[]): readonly string[] {
  return reports.flatMap((each) => {
    const parsed = vitestReport.safeParse(each);
    if (!parsed.success) return ['a report that cannot be read'];
    return parsed.data.testResults.flatMap(({ name, status, assertionResults }) => {
      const failed = assertionResults.filter((test) => test.status === 'failed');
      if (failed.length === 0) return status === 'failed' ? [name] : [];
      return failed.map(({ fullName, failureMessages: [message = ''] }) => {
        const [line = ''] = message.split('\n');
        return `${name}: ${fullName}\n    ${line}`;
      });
    });
  });
}

const vitestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).default([]),
        }),
      ),
    }),
  ),
});

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Adds up what vitest's JSON reports say. */
export function addCounts(reports: readonly unknown[]): Counts {
  const number = (report: unknown, key: string): number => {
    const value: unknown =
      typeof report === 'object' && report !== null ? Reflect.get(report, key) : undefined;
    return typeof value === 'number' ? value : 0;
  };
  return {
    passed: reports.reduce<number>((sum, report) => sum + number(report, 'numPassedTests'), 0),
    failed: reports.reduce<number>((sum, report) => sum + number(report, 'numFailedTests'), 0),
    skipped: reports.reduce<number>((sum, report) => sum + number(report, 'numPendingTests'), 0),
  };
}
