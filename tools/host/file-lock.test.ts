import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFileLock } from './file-lock.ts';

const { signal } = new AbortController();
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('withFileLock', () => {
  it('lets one at a time work, and the next when the first has ended', async () => {
    const file = join(directory, 'lock');
    const events: string[] = [];
    let holder = '';
    let second = Promise.resolve();
    await withFileLock(file, { signal, whenHeld: 'fail' }, async () => {
      const waiting = new Promise<void>((resolve) => {
        const options = {
          signal,
          whenHeld: 'wait',
          onWait(who: string) {
            holder = who;
            resolve();
          },
        } as const;
        second = withFileLock(file, options, async () => {
          await Promise.resolve(events.push('second'));
        });
      });
      await waiting;
      events.push('first');
    });
    await second;
    expect(events).toEqual(['first', 'second']);
    expect(holder).toBe(`process ${process.pid}`);
  });

  it('says who holds it', async () => {
    const file = join(directory, 'lock');
    await withFileLock(file, { signal, whenHeld: 'fail' }, async () => {
      const again = withFileLock(file, { signal, whenHeld: 'fail' }, async () => await Promise.resolve());
      await expect(again).rejects.toThrow(`process ${process.pid}`);
    });
  });

  it('is free again after its holder was killed', async () => {
    const file = join(directory, 'lock');
    const holder = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; exec cat'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(holder.stdout, 'data');
    holder.kill('SIGKILL');
    await once(holder, 'close');
    expect(await withFileLock(file, { signal, whenHeld: 'fail' }, async () => await Promise.resolve(1))).toBe(
      1,
    );
  });
});
