import path from 'node:path';
import { MountError } from './errors.ts';

/** Gives the path back if it lies in the kubelet's directory; nowhere else does this driver mount or remove anything. */
export function checkTargetPath(kubeletDir: string, target: string): string {
  return checkBelow({ root: kubeletDir, rootName: "the kubelet's directory", candidate: target });
}

interface Below {
  readonly root: string;
  /** For the message. */
  readonly rootName: string;
  readonly candidate: string;
}

/** Decided by reading the path, so it must be written the plain way: normalised, and never the root itself. */
export function checkBelow({ root, rootName, candidate }: Below): string {
  if (candidate.includes('\0') || path.posix.normalize(candidate) !== candidate || candidate.endsWith('/')) {
    throw new MountError(
      'invalid-path',
      `${JSON.stringify(candidate)} is not a plain path ("..", ".", "//", a "/" at its end or a NUL)`,
    );
  }
  const prefix = root.endsWith('/') ? root : `${root}/`;
  if (!candidate.startsWith(prefix)) {
    throw new MountError('invalid-path', `${candidate} does not lie in ${rootName}, ${root}`);
  }
  return candidate;
}
