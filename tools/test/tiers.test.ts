import { expect, test } from 'vitest';
import { addCounts, failedTests, tiers } from './tiers.ts';

const passed = { fullName: 'a works', status: 'passed', failureMessages: [] };
const failed = { fullName: 'a fails', status: 'failed', failureMessages: ['Error: no\n    at x'] };

test('a failed test is named with its file and the first line of its message', () => {
  const report = {
    testResults: [{ name: '/x/a.test.ts', status: 'failed', assertionResults: [passed, failed] }],
  };
  expect(failedTests([report])).toEqual(['/x/a.test.ts: a fails\n    Error: no']);
});

test('a file that could not be run is named', () => {
  const report = { testResults: [{ name: '/x/a.test.ts', status: 'failed', assertionResults: [] }] };
  expect(failedTests([report])).toEqual(['/x/a.test.ts']);
});

test('nothing is named where all passed, and a report that is none is not taken for that', () => {
  const report = { testResults: [{ name: '/x/a.test.ts', status: 'passed', assertionResults: [passed] }] };
  expect(failedTests([report])).toEqual([]);
  expect(failedTests([{}])).toHaveLength(1);
});

test('counts add up', () => {
  const one = { numPassedTests: 2, numFailedTests: 1, numPendingTests: 0 };
  expect(addCounts([one, one, {}])).toEqual({ passed: 4, failed: 2, skipped: 0 });
});

test('every tier has a name and a report of its own', () => {
  const all = tiers('/reports');
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  const reports = all.flatMap(({ command }) => command.filter((word) => word.startsWith('--outputFile')));
  expect(new Set(reports).size).toBe(reports.length);
  const attach = all.find(({ name }) => name === 'volumes-attach');
  expect(attach?.command.slice(0, 3)).toEqual(['env', 'ATTACH=true', 'vitest']);
  expect(attach?.command).toContain('--outputFile.json=/reports/volumes-attach.json');
});
