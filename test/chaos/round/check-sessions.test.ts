import { describe, expect, it } from 'vitest';
import type { StatusSeen } from '../ledger/acknowledged.ts';
import { sampleFile, sampleSession } from '../ledger/sample-session.ts';
import { inLineage, wholeEpoch } from './check-sessions.ts';

function granted(epoch: number, node: string, at: number): StatusSeen {
  const since = new Date(at).toISOString();
  return { at, epoch, grant: { epoch, node, since }, base: { kind: 'empty', epoch: 0, session: 0 } };
}

const seen = [granted(1, 'node1', 100), granted(2, 'node2', 300)];

function session(name: string, node: string, startedAt: number) {
  return sampleSession({}, [{ path: name, value: sampleFile(name), done: startedAt }], {
    name,
    node,
    startedAt,
  });
}

const first = session('first', 'node1', 110);
const second = session('second', 'node1', 200);
const next = session('next', 'node2', 310);
/** A container of the first epoch that was started again after the volume went on elsewhere. */
const late = session('late', 'node1', 400);

describe('sessions of a volume', () => {
  it('stand in the order of their epochs, whenever they began', () => {
    const names = inLineage([late, next, second, first], seen).map(({ name }) => name);
    expect(names).toEqual(['first', 'second', 'late', 'next']);
  });

  it('are put together as far as they are of the epoch of the last one', () => {
    const whole = wholeEpoch([first, second, next], 1, seen);
    expect(whole?.name).toBe('first');
    expect(whole?.ops.flatMap((op) => op.effects.map(({ path }) => path))).toContain('second');
    expect(wholeEpoch([first, second, next], 2, seen)?.name).toBe('next');
    expect(wholeEpoch([], -1, seen)).toBeUndefined();
  });
});
