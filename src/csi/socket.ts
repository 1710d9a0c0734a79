import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import path from 'node:path';
import { CsiError } from './errors.ts';

/**
 * Makes the path free to be bound: the directory is there, and no socket of a process that has ended is in the way.
 * One that somebody answers on stays, and so does anything that is no socket.
 */
export async function claimSocketPath(socketPath: string): Promise<void> {
  await mkdir(path.dirname(socketPath), { recursive: true, mode: 0o700 });
  const kind = await whatIsAt(socketPath);
  if (kind === 'nothing') return;
  if (kind === 'other') {
    throw new CsiError(
      'failed-precondition',
      `${socketPath} exists and is no socket; remove it or choose another path`,
    );
  }
  if (await answers(socketPath)) {
    throw new CsiError(
      'failed-precondition',
      `another process serves on ${socketPath}; stop it or choose another path`,
    );
  }
  await unlink(socketPath);
}

/** Whoever reaches the socket can mount and delete volumes. */
export async function closeSocketAccess(socketPath: string): Promise<void> {
  await chmod(socketPath, 0o600);
}

async function whatIsAt(socketPath: string): Promise<'nothing' | 'socket' | 'other'> {
  try {
    return (await lstat(socketPath)).isSocket() ? 'socket' : 'other';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'nothing';
    throw error;
  }
}

/** Only a refused connection proves that nobody listens: the backlog of a live server may be full (EAGAIN). */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socketPath);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error) => resolve(!('code' in error && error.code === 'ECONNREFUSED')));
  });
}
