import path from 'node:path';
import { invalidArgument } from '../errors.ts';

/**
 * A path the kubelet names: absolute and written the plain way, so that "lies under" can be decided by reading it. That
 * it lies in the kubelet's directory is for src/mount/target-path.ts, which knows where that is.
 */
export function parseTarget(field: string, value: string): string {
  if (value === '') throw invalidArgument(field, 'is missing');
  if (value.includes('\0')) throw invalidArgument(field, 'holds a NUL character');
  if (!path.posix.isAbsolute(value)) throw invalidArgument(field, 'is not an absolute path');
  if (path.posix.normalize(value) !== value || value.endsWith('/')) {
    throw invalidArgument(field, 'is not a plain path: it holds "..", ".", "//" or ends in "/"');
  }
  return value;
}
