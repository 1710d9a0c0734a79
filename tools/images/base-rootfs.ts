import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { withFileLock } from '../host/file-lock.ts';
import { inPrivateNamespace } from '../host/private-namespace.ts';
import { type RunOptions, runCommand } from '../host/run-command.ts';
import {
  type BaseImagePlan,
  DROPPED_CONTENT,
  EMPTY_FOLDERS,
  NPM,
  debootstrapCommand,
} from './base-image-plan.ts';
import { ImageError } from './errors.ts';
import { findPackageSource, readDistribution } from './find-package-source.ts';
import type { ImageContext } from './image-context.ts';
import { machinePath } from './machine-npm.ts';

type Progress = (line: string) => void;

const packed = z.tuple([z.object({ filename: z.string(), integrity: z.string() })]);

/** npm carries its own dependencies, so its package is all that is needed. */
async function installNpm(rootfs: string, scratch: string, context: ImageContext): Promise<void> {
  const json = await runCommand(['npm', 'pack', `npm@${NPM.version}`, '--json', '--silent'], {
    cwd: scratch,
    signal: context.signal,
    timeoutMs: 300_000,
    env: { PATH: machinePath(context) },
  });
  const [{ filename, integrity }] = packed.parse(JSON.parse(json));
  if (integrity !== NPM.integrity)
    throw new ImageError(
      'wrong-content',
      `npm ${NPM.version} from the registry has integrity ${integrity}, not ${NPM.integrity}; find out who changed it`,
    );
  const directory = join(rootfs, 'usr/local/lib/node_modules/npm');
  mkdirSync(directory, { recursive: true });
  const tar = [
    'tar',
    '-xzf',
    join(scratch, filename),
    '-C',
    directory,
    '--strip-components=1',
    '--no-same-owner',
  ] as const;
  await runCommand(tar, { signal: context.signal });
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(rootfs, 'usr/local/bin', name));
}

/** The Node that this very project runs on, from its npm package. */
async function installNode(plan: BaseImagePlan, rootfs: string, context: ImageContext): Promise<void> {
  const { signal } = context;
  const target = join(rootfs, 'usr/local/bin/node');
  copyFileSync(join(context.checkout, 'node_modules/node/bin/node'), target);
  chmodSync(target, 0o755);
  symlinkSync('node', join(rootfs, 'usr/local/bin/nodejs'));
  const version = (await runCommand(['chroot', rootfs, 'node', '--version'], { signal })).trim();
  if (version !== `v${plan.nodeVersion}`)
    throw new ImageError(
      'wrong-content',
      `node_modules/node is ${version}, package.json pins ${plan.nodeVersion}; run npm ci`,
    );
  await runCommand(['chroot', rootfs, 'groupadd', '--gid', '1000', 'node'], { signal });
  await runCommand(
    [
      'chroot',
      rootfs,
      'useradd',
      '--uid',
      '1000',
      '--gid',
      'node',
      '--shell',
      '/bin/bash',
      '--create-home',
      'node',
    ],
    { signal },
  );
}

/** Nothing of the machine that made it stays: no mirror, no host name, no resolver, no date. */
function dropContent(rootfs: string): void {
  for (const path of DROPPED_CONTENT) rmSync(join(rootfs, path), { recursive: true, force: true });
  for (const path of EMPTY_FOLDERS) mkdirSync(join(rootfs, path), { recursive: true });
  for (const path of ['etc/passwd-', 'etc/group-', 'etc/shadow-', 'etc/gshadow-'])
    rmSync(join(rootfs, path), { force: true });
  const shadow = join(rootfs, 'etc/shadow');
  const undated = readFileSync(shadow, 'utf8').replace(/^([^:]*:[^:]*):\d+:/gm, '$1:0:');
  writeFileSync(shadow, undated);
}

async function fill(
  plan: BaseImagePlan,
  directory: string,
  context: ImageContext,
  report: Progress,
): Promise<void> {
  const { signal } = context;
  const rootfs = join(directory, 'rootfs');
  mkdirSync(rootfs, { recursive: true });
  const source = await findPackageSource(readDistribution(), signal);
  const logged: RunOptions = {
    signal,
    timeoutMs: 1_200_000,
    logFile: join(context.logs, 'base-image.log'),
    onLine: report,
  };
  await runCommand(inPrivateNamespace(debootstrapCommand(plan, source, rootfs)), logged);
  report(`node ${plan.nodeVersion}, npm ${NPM.version}`);
  await installNode(plan, rootfs, context);
  await installNpm(rootfs, directory, context);
  dropContent(rootfs);
  report('packing');
  const excluded = ['./dev/*', './proc/*', './sys/*', './run/*', './tmp/*'].map(
    (pattern) => `--exclude=${pattern}`,
  );
  const tar = [
    'tar',
    '--create',
    '--sort=name',
    '--mtime=@0',
    '--numeric-owner',
    ...excluded,
    '--file',
    join(directory, 'rootfs.tar'),
    '-C',
    rootfs,
    '.',
  ] as const;
  await runCommand(tar, { signal, timeoutMs: 300_000 });
}

/** Where the root file system of a base lies in the cache, made or not. */
export function rootfsArchive(plan: BaseImagePlan, context: ImageContext): string {
  return join(context.cache, 'node-base', plan.hash, 'rootfs.tar');
}

/** Makes the root file system of the base unless the cache has it; it is renamed into the cache when it is whole. */
export async function ensureRootfs(
  plan: BaseImagePlan,
  context: ImageContext,
  report: Progress,
): Promise<void> {
  const archive = rootfsArchive(plan, context);
  const temporary = `${dirname(archive)}.tmp`;
  const lock = join(context.cache, 'node-base.lock');
  function onWait(holder: string): void {
    report(`waiting for ${holder}`);
  }
  await withFileLock(lock, { signal: context.signal, whenHeld: 'wait', onWait }, async () => {
    if (existsSync(archive)) return;
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(context.logs, { recursive: true });
    try {
      await fill(plan, temporary, context, report);
      mkdirSync(dirname(archive), { recursive: true });
      renameSync(join(temporary, 'rootfs.tar'), archive);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
}
