import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pid } from 'node:process';
import { createInterface } from 'node:readline';
import { HostError } from './errors.ts';

export type LockOptions = {
  readonly signal: AbortSignal;
  /** Wait for the holder, after having told who it is, or fail at once. */
  readonly whenHeld: 'wait' | 'fail';
  readonly onWait?: (holder: string) => void;
};

type Held = { readonly release: () => Promise<void> };

function holderOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return 'another process';
  }
}

/** Lets flock(1) hold the lock for as long as its stdin, a pipe from us, is open: the kernel frees it whatever ends us. */
async function tryFlock(file: string, wait: boolean, signal: AbortSignal): Promise<Held | undefined> {
  const args = [...(wait ? [] : ['--nonblock']), '--no-fork', file, 'sh', '-c', 'echo held; exec cat'];
  const child = spawn('flock', args, { stdio: ['pipe', 'pipe', 'ignore'], signal, detached: true });
  const ended = once(child, 'close').catch(() => []);
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line').then(() => 'held' as const),
    ended.then(() => 'ended' as const),
  ]);
  if (first === 'ended') return undefined;
  return {
    async release() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Runs `work` while this process alone holds `file`. A holder that died, however, holds nothing. */
export async function withFileLock<T>(
  file: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  let held = await tryFlock(file, false, options.signal);
  if (held === undefined && options.whenHeld === 'wait') {
    options.onWait?.(holderOf(file));
    held = await tryFlock(file, true, options.signal);
  }
  options.signal.throwIfAborted();
  if (held === undefined)
    throw new HostError('locked', `${file} is held by ${holderOf(file)}; wait until it has ended`);
  try {
    writeFileSync(file, `process ${pid}\n`);
    return await work();
  } finally {
    await held.release();
  }
}
