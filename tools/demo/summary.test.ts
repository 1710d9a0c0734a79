import { describe, expect, it } from 'vitest';
import type { Observations } from './observations.ts';
import { summarise } from './summary.ts';

const files = { 'dir0/a': 'a'.repeat(64), 'dir1/b': 'b'.repeat(64) };

function pod(uid: string, node: string) {
  return { label: `pod ${uid}`, uid, node, readyAt: '2026-01-01T00:00:00Z', seconds: 1 };
}

const good: Observations = {
  startedAt: '2026-01-01T00:00:00Z',
  pods: [pod('1', 'node3'), pod('2', 'node1'), pod('3', 'node2')],
  copies: [
    { node: 'node1', role: 'data', needBytes: 0, inSync: true },
    { node: 'node2', role: 'data', needBytes: 0, inSync: true },
  ],
  checks: [
    { label: 'after the move', node: 'node1', expected: files, found: files },
    {
      label: 'after the power cut',
      node: 'node2',
      expected: files,
      found: { ...files, extra: 'c'.repeat(64) },
    },
  ],
  powerCut: { node: 'node1', at: '', replicatedThrough: '2026-01-01T00:01:00Z', written: 9, acknowledged: 7 },
  comeback: {
    node: 'node1',
    caughtUpAt: '',
    archive: '/var/syncthing-csi/archive/x/2',
    archivedFiles: ['late'],
  },
};

describe('summarise', () => {
  it('says what was seen when all of it was right', () => {
    const summary = summarise(good);
    expect(summary.failures).toEqual([]);
    expect(summary.ok).toBe(true);
    expect(summary.lines.join('\n')).toContain('7 of them acknowledged');
  });

  it('fails on one wrong checksum and one missing file', () => {
    const [first, second] = good.checks;
    if (first === undefined || second === undefined) throw new Error('the sample has two checks');
    const wrong = { ...first, found: { ...files, 'dir0/a': 'f'.repeat(64) } };
    const missing = { ...second, found: { 'dir0/a': files['dir0/a'] } };
    const summary = summarise({ ...good, checks: [wrong, missing] });
    expect(summary.ok).toBe(false);
    expect(summary.failures).toEqual([
      'after the move on node1: 1 file(s) with other content: dir0/a',
      'after the power cut on node2: 1 file(s) missing: dir1/b',
    ]);
  });

  it.each([
    ['a pod that never moved', { pods: [pod('1', 'node3'), pod('2', 'node3'), pod('3', 'node2')] }],
    ['a pod counted twice', { pods: [pod('1', 'node3'), pod('1', 'node1'), pod('3', 'node2')] }],
    ['nothing compared', { checks: [] }],
    ['an empty comparison', { checks: good.checks.map((check) => ({ ...check, expected: {} })) }],
    ['a copy out of sync', { copies: [{ node: 'node1', role: 'data', needBytes: 1, inSync: false }] }],
    [
      'nothing acknowledged',
      { powerCut: { node: 'n', at: '', replicatedThrough: '', written: 1, acknowledged: 0 } },
    ],
  ])('fails on %s', (_what, change) => {
    expect(summarise({ ...good, ...change }).ok).toBe(false);
  });

  it('fails on parts that were not reached', () => {
    const { comeback: _comeback, ...noComeback } = good;
    expect(summarise(noComeback).failures).toEqual(['the dead node was not seen back']);
    const { powerCut: _powerCut, ...noCut } = good;
    expect(summarise(noCut).failures).toEqual(['no power was cut']);
  });
});
