import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { withFileLock } from '../host/file-lock.ts';
import { buildHash, goArguments } from './build-plan.ts';
import { type ProgramSet, programsOf } from './program-set.ts';

export type BuildOptions = {
  /** Folder of the checkout: tools/programs/ is read, .cluster/ is written. */
  readonly checkout: string;
  /** The user's cache folder of this project; programs are shared by all checkouts. */
  readonly cache: string;
  /** The user's own GOCACHE. Without one a Go build cache is made in `cache`, see `dropBuildCache`. */
  readonly goCache: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (line: string) => void;
};

/** A set of programs at its place in the cache, whether it is built yet or not. */
export type PlacedSet = { readonly set: ProgramSet; readonly directory: string };

function modulePath(set: ProgramSet, options: BuildOptions): string {
  return join(options.checkout, 'tools/programs', set.module);
}

/** Where the set belongs in the cache. Asks go for its version, which the module's own toolchain line can raise. */
export async function placeSet(set: ProgramSet, options: BuildOptions): Promise<PlacedSet> {
  const cwd = modulePath(set, options);
  const toolchain = await runCommand(['go', 'env', 'GOVERSION', 'GOOS', 'GOARCH'], {
    cwd,
    signal: options.signal,
    timeoutMs: 300_000,
  });
  const goMod = readFileSync(join(cwd, 'go.mod'), 'utf8');
  const goSum = readFileSync(join(cwd, 'go.sum'), 'utf8');
  return { set, directory: join(options.cache, buildHash(set, { goMod, goSum, toolchain })) };
}

/** True when every program of the set lies in the cache; a set is renamed into place only when it is whole. */
export function isBuilt(placed: PlacedSet): boolean {
  return existsSync(placed.directory);
}

function ownGoCache(options: BuildOptions): string {
  return join(options.cache, 'go-build');
}

async function build(placed: PlacedSet, options: BuildOptions): Promise<void> {
  const temporary = `${placed.directory}.tmp`;
  const goTemporary = join(options.cache, 'go-tmp');
  const log = join(options.checkout, '.cluster/logs/build', `${placed.set.name}.log`);
  rmSync(temporary, { recursive: true, force: true });
  rmSync(log, { force: true });
  for (const directory of [temporary, goTemporary, join(log, '..')])
    mkdirSync(directory, { recursive: true });
  let packages = 0;
  await runCommand(['go', ...goArguments(placed.set)], {
    cwd: modulePath(placed.set, options),
    env: {
      CGO_ENABLED: '0',
      GOFLAGS: '-mod=readonly',
      GOBIN: temporary,
      GOTMPDIR: goTemporary,
      GOCACHE: options.goCache ?? ownGoCache(options),
    },
    signal: options.signal,
    timeoutMs: 3_600_000,
    logFile: log,
    onLine(line) {
      packages += 1;
      options.onProgress?.(`${packages} packages, now ${line.slice(0, 80)}`);
    },
  });
  for (const { built, name } of programsOf(placed.set))
    renameSync(join(temporary, built), join(temporary, name));
  renameSync(temporary, placed.directory);
}

/** Builds the set unless the cache has it. One build a user at a time: two would fight for the same cores and files. */
export async function buildSet(placed: PlacedSet, options: BuildOptions): Promise<void> {
  if (isBuilt(placed)) return;
  const lock = join(options.cache, 'build.lock');
  function onWait(holder: string): void {
    options.onProgress?.(`waiting for the build of ${holder}`);
  }
  await withFileLock(lock, { signal: options.signal, whenHeld: 'wait', onWait }, async () => {
    if (!isBuilt(placed)) await build(placed, options);
  });
}

/** Makes .cluster/bin/NAME a link to each program of the set. */
export function linkPrograms(placed: PlacedSet, binDirectory: string): void {
  mkdirSync(binDirectory, { recursive: true });
  for (const { name } of programsOf(placed.set)) {
    const link = join(binDirectory, name);
    rmSync(`${link}.tmp`, { force: true });
    symlinkSync(join(placed.directory, name), `${link}.tmp`);
    renameSync(`${link}.tmp`, link);
  }
}

/** Gives back the disk of the build cache that only these builds used (some GB); the user's own GOCACHE stays. */
export async function dropBuildCache(options: BuildOptions): Promise<void> {
  const lock = join(options.cache, 'build.lock');
  await withFileLock(lock, { signal: options.signal, whenHeld: 'wait' }, async () => {
    for (const directory of [ownGoCache(options), join(options.cache, 'go-tmp')])
      rmSync(directory, { recursive: true, force: true });
    await Promise.resolve();
  });
}
