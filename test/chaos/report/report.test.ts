import { describe, expect, it } from 'vitest';
import type { RoundOutcome } from './outcome.ts';
import { addReports, exitCode, faultTable, type Report, reportText, totalsOf } from './report.ts';

const quiet: RoundOutcome = {
  seed: 1,
  round: 0,
  seconds: 60,
  faults: [{ kind: 'drain', phase: 'detach' }],
  missed: [],
  moves: 6,
  failovers: 1,
  verifiedTrees: 8,
  verifiedCopies: 4,
  verifiedFiles: 100,
  verifiedBytes: 2 ** 30,
  stopped: [],
  violations: [],
  errors: [],
};

function report(...rounds: readonly RoundOutcome[]): Report {
  return { startedAt: '2026-01-01T00:00:00Z', commit: 'abc', profile: 'usual', rounds };
}

const lost: RoundOutcome = {
  ...quiet,
  round: 1,
  violations: [
    {
      kind: 'tree',
      round: 1,
      volume: 'r1v0',
      where: 'node2 after node1',
      count: 1,
      wrong: [{ kind: 'lost', path: 'd0/f1', expected: 'file', found: 'absent' }],
    },
  ],
};

describe('the report', () => {
  it('adds up over rounds and runs, a round that was run again once', () => {
    const sum = addReports([report(quiet), report(quiet, { ...quiet, round: 1 })]);
    expect(totalsOf(sum)).toMatchObject({
      rounds: 2,
      faults: 2,
      moves: 12,
      verifiedFiles: 200,
      seconds: 120,
    });
  });

  it('counts faults by kind and by phase', () => {
    const table = faultTable([...quiet.faults, { kind: 'drain', phase: 'writing' }]);
    expect(table.drain).toMatchObject({ detach: 1, writing: 1, attach: 0 });
    expect(table['kill-node']).toMatchObject({ detach: 0 });
  });

  it('says what was wrong, and ends with 1 for it', () => {
    expect(reportText(report(lost))).toContain('lost d0/f1: expected file; found absent');
    expect(reportText(report(quiet))).toContain('violations: 0');
    expect(exitCode(report(quiet))).toBe(0);
    expect(exitCode(report(quiet, lost))).toBe(1);
    expect(exitCode(report({ ...quiet, errors: ['no cluster'] }))).toBe(2);
  });
});
