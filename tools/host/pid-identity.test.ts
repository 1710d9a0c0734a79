import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { endProcess, isAlive, parseProcessStat, readPidIdentity } from './pid-identity.ts';
import type { PidIdentity } from './pid-identity.ts';

const children: ReturnType<typeof spawn>[] = [];

/** A child that stays until it is ended; with `stubborn` it ignores SIGTERM, and says when it does. */
async function child(stubborn: boolean): Promise<PidIdentity> {
  const script = `${stubborn ? "trap '' TERM; " : ''}echo ready; while :; do sleep 1; done`;
  const started = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  children.push(started);
  await once(started.stdout, 'data');
  const identity = readPidIdentity(started.pid ?? -1);
  if (identity === undefined) throw new Error('the child did not start');
  return identity;
}

afterEach(() => {
  for (const { pid } of children.splice(0))
    try {
      process.kill(-(pid ?? 0), 'SIGKILL');
    } catch {
      // It and its sleep have ended already.
    }
});

describe('parseProcessStat', () => {
  it('is not misled by a command name with spaces and brackets', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), (name) => {
        const rest = `S 1 ${Array.from({ length: 17 }, () => 0).join(' ')} 4711 0 0`;
        expect(parseProcessStat(`12 (${name}) ${rest}`)).toEqual({ state: 'S', startTime: '4711' });
      }),
    );
  });

  it('agrees with the kernel about this very process', () => {
    const stat = parseProcessStat(readFileSync('/proc/self/stat', 'utf8'));
    expect(stat?.startTime).toMatch(/^\d+$/);
  });
});

describe('endProcess', () => {
  it('ends a process that goes when asked', async () => {
    const identity = await child(false);
    expect(isAlive(identity)).toBe(true);
    await endProcess(identity, 5000);
    expect(isAlive(identity)).toBe(false);
  });

  it('ends one that does not', async () => {
    const identity = await child(true);
    await endProcess(identity, 50);
    expect(isAlive(identity)).toBe(false);
  });

  it('leaves a process alone that merely has the same pid', async () => {
    const identity = await child(false);
    await endProcess({ pid: identity.pid, startTime: '1' }, 0);
    expect(isAlive(identity)).toBe(true);
  });
});
