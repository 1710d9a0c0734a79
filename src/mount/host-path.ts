import path from 'node:path';
import { MountError } from './errors.ts';
import { checkBelow } from './target-path.ts';

/** A path below host_data_dir from names that came with a request; each is one component, and none leads elsewhere. */
export function hostPath(hostDataDir: string, ...names: readonly [string, ...string[]]): string {
  for (const name of names) checkName(name);
  return path.posix.join(hostDataDir, ...names);
}

/** Gives the path back if it lies below host_data_dir; called again right before anything there is moved or removed. */
export function checkHostPath(hostDataDir: string, candidate: string): string {
  return checkBelow({ root: hostDataDir, rootName: 'the data directory', candidate });
}

function checkName(name: string): void {
  if (name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)) return;
  throw new MountError(
    'invalid-path',
    `${JSON.stringify(name)} cannot be the name of a file in the data directory`,
  );
}
