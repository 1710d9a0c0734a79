import { existsSync, readFileSync } from 'node:fs';
import { runCommand } from '../host/run-command.ts';
import { ImageError } from './errors.ts';
import {
  INDEX_FORMAT,
  type PackageIndex,
  type PackageSource,
  findKeyring,
  findMainIndex,
  parsePackageIndexes,
  readOsRelease,
} from './package-source.ts';

/** What /etc/os-release says of this machine. */
export type Distribution = { readonly id: string; readonly suite: string };

/** The distribution that this machine runs, and whose packages it can therefore fetch. */
export function readDistribution(): Distribution {
  const text = readFileSync('/etc/os-release', 'utf8');
  const id = readOsRelease(text, 'ID');
  const suite = readOsRelease(text, 'VERSION_CODENAME');
  if (id === undefined || suite === undefined || !existsSync('/usr/bin/apt-get'))
    throw new ImageError(
      'no-package-source',
      'a base image can be made only on Debian or what derives from it; elsewhere name one: make images BASE=docker.io/library/node:26-slim',
    );
  return { id, suite };
}

async function readIndexes(signal: AbortSignal): Promise<readonly PackageIndex[]> {
  const command = ['apt-get', 'indextargets', '--format', INDEX_FORMAT, 'Created-By: Packages'] as const;
  return parsePackageIndexes(await runCommand(command, { signal }));
}

/** The machine's own source of its distribution's packages. Fetches apt's lists where the machine has none yet. */
export async function findPackageSource(
  distribution: Distribution,
  signal: AbortSignal,
): Promise<PackageSource> {
  let index = findMainIndex(await readIndexes(signal), distribution.suite);
  if (index === undefined) {
    await runCommand(['apt-get', 'update'], { signal, timeoutMs: 300_000 });
    index = findMainIndex(await readIndexes(signal), distribution.suite);
  }
  if (index === undefined)
    throw new ImageError(
      'no-package-source',
      `/etc/apt names no source of ${distribution.suite} main; add one and run apt-get update`,
    );
  const named = existsSync(index.file)
    ? findKeyring(readFileSync(index.file, 'utf8'), index.mirror)
    : undefined;
  const keyring = named ?? `/usr/share/keyrings/${distribution.id}-archive-keyring.gpg`;
  return { mirror: index.mirror, suite: index.suite, keyring };
}
