import { createHash } from 'node:crypto';
import type { Command } from '../host/run-command.ts';
import type { PackageSource } from './package-source.ts';

/** What decides how a base image of our own comes out. No mirror is among it: the same packages from elsewhere are the same. */
export type BaseImageInputs = {
  /** Codename of the distribution, such as `bookworm`. */
  readonly suite: string;
  /** The processor, as Debian calls it. */
  readonly architecture: string;
  readonly nodeVersion: string;
};

/** A base image of the shape of the official Node slim images, at its place. */
export type BaseImagePlan = BaseImageInputs & { readonly hash: string; readonly reference: string };

/** The major version that comes with Node 26; its content is checked against the integrity that the registry had for it. */
export const NPM = {
  version: '11.19.1',
  integrity:
    'sha512-ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g==',
} as const;

/** Beside what minbase has: what node links to, and what the driver mounts with, named although Debian calls it essential. */
const PACKAGES = ['libatomic1', 'mount', 'util-linux'] as const;

/** Raised when the recipe below changes in a way that none of the other inputs shows. */
const RECIPE = 1;

/** Where things of the machine that made it, or of no use in a container, lie in a fresh minbase. */
export const DROPPED_CONTENT = [
  'etc/apt/sources.list',
  'etc/apt/sources.list.d',
  'etc/hostname',
  'etc/machine-id',
  'etc/resolv.conf',
  'root/.bash_history',
  'usr/share/doc',
  'usr/share/info',
  'usr/share/locale',
  'usr/share/man',
  'var/cache/apt',
  'var/cache/debconf',
  'var/cache/ldconfig',
  'var/lib/apt/lists',
  'var/log',
] as const;

/** Folders that must exist, empty, although their content was dropped. */
export const EMPTY_FOLDERS = [
  'etc/apt/sources.list.d',
  'var/cache/apt/archives/partial',
  'var/lib/apt/lists/partial',
  'var/log',
] as const;

/** Names the base by a hash of all that goes into it. */
export function planBaseImage(inputs: BaseImageInputs): BaseImagePlan {
  const parts = [
    RECIPE,
    inputs.suite,
    inputs.architecture,
    inputs.nodeVersion,
    NPM,
    PACKAGES,
    DROPPED_CONTENT,
    EMPTY_FOLDERS,
  ];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
  return { ...inputs, hash, reference: `local.test/node-base:${inputs.nodeVersion}-${hash}` };
}

/** Fills `directory` with the smallest system that apt can work on. */
export function debootstrapCommand(plan: BaseImagePlan, source: PackageSource, directory: string): Command {
  return [
    'debootstrap',
    '--variant=minbase',
    `--arch=${plan.architecture}`,
    `--keyring=${source.keyring}`,
    '--force-check-gpg',
    `--include=${PACKAGES.join(',')}`,
    source.suite,
    directory,
    source.mirror,
  ];
}

/** One layer with everything; the settings are those of the official images that matter to ours. */
export function baseDockerfile(plan: BaseImagePlan): string {
  return `FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_VERSION=${plan.nodeVersion}
CMD ["node"]
`;
}
