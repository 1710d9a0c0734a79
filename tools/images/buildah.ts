import { existsSync, mkdirSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { withFileLock } from '../host/file-lock.ts';
import { inPrivateNamespace } from '../host/private-namespace.ts';
import { type Command, runCommand } from '../host/run-command.ts';
import { HostError } from '../host/errors.ts';
import type { ImageContext } from './image-context.ts';

/** Images and layers in the user's cache, and the program that works on them. */
export type ImageStore = {
  readonly run: (args: readonly string[], onLine?: (line: string) => void) => Promise<string>;
  /** Empty at the start of each use of the store and gone after it. */
  readonly scratch: string;
};

const BUILD_TIMEOUT_MS = 1_800_000;

/** Mount counts are kept in memory: those of a build that was killed must not outlive its mounts. */
const RUN_ON_TMPFS = 'mount -t tmpfs -o mode=0700 images "$0" && exec "$@"';
const TRY_OVERLAY =
  'cd "$0" && mkdir -p l u w m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w overlay m';

/** Overlay mounts make layers cheap, but not every disk carries them (another overlay, for one, does not). */
async function chooseDriver(scratch: string, signal: AbortSignal): Promise<'overlay' | 'vfs'> {
  const place = join(scratch, 'overlay');
  mkdirSync(place, { recursive: true });
  try {
    await runCommand(inPrivateNamespace(['sh', '-c', TRY_OVERLAY, place]), { signal });
    return 'overlay';
  } catch (error) {
    if (error instanceof HostError && error.kind === 'command-failed') return 'vfs';
    throw error;
  }
}

/** buildah keeps what it knows of registries there, whatever its other folders are. Other programs' files stay. */
function dropBlobCache(): void {
  const containers = '/var/lib/containers';
  rmSync(`${containers}/cache/blob-info-cache-v1.boltdb`, { force: true });
  for (const folder of [`${containers}/cache`, containers])
    if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Lets `work` use buildah with a store of our own, one process at a time. Nothing is left outside of the cache. */
export async function withImageStore<T>(
  context: ImageContext,
  onWait: (holder: string) => void,
  work: (store: ImageStore) => Promise<T>,
): Promise<T> {
  const { signal } = context;
  const directory = join(context.cache, 'buildah');
  const scratch = join(directory, 'tmp');
  const runRoot = join(directory, 'run');
  const logFile = join(context.logs, 'images.log');
  return await withFileLock(`${directory}.lock`, { signal, whenHeld: 'wait', onWait }, async () => {
    rmSync(scratch, { recursive: true, force: true });
    for (const folder of [scratch, runRoot]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    mkdirSync(context.logs, { recursive: true });
    rmSync(logFile, { force: true });
    const hadContainers = existsSync('/var/lib/containers');
    const driver = await chooseDriver(scratch, signal);
    const stores = ['--storage-driver', driver, '--root', join(directory, driver), '--runroot', runRoot];
    async function run(args: readonly string[], onLine?: (line: string) => void): Promise<string> {
      const command: Command = ['sh', '-c', RUN_ON_TMPFS, runRoot, 'buildah', ...stores, ...args];
      return await runCommand(inPrivateNamespace(command), {
        signal,
        timeoutMs: BUILD_TIMEOUT_MS,
        env: { BUILDAH_ISOLATION: 'chroot', TMPDIR: scratch },
        logFile,
        ...(onLine === undefined ? {} : { onLine }),
      });
    }
    try {
      // Containers of a build that was killed hold some hundred MB.
      await run(['rm', '--all']);
      return await work({ run, scratch });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
      if (!hadContainers) dropBlobCache();
    }
  });
}

/** True when the store has an image of that name. */
export async function hasImage(store: ImageStore, reference: string): Promise<boolean> {
  const names = await store.run(['images', '--format', '{{.Name}}:{{.Tag}}']);
  return names.split('\n').includes(reference);
}
