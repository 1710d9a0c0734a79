import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../host/write-atomically.ts';
import { type InputFile, hashInputs, readInputs, writeInputs } from './build-inputs.ts';
import { writeBuildSecrets } from './build-secrets.ts';
import type { ImageStore } from './buildah.ts';
import type { ImageContext } from './image-context.ts';
import { sourceRevision } from './source-revision.ts';

const DEFAULT_TAG = 'dev';

/** The name by which the local cluster's pods ask for the driver. */
function driverImage({ tag = DEFAULT_TAG }: ImageContext): string {
  return `local.test/syncthing-csi:${tag}`;
}

/** More images than a few hundred builds leave as their cache of layers. */
const MANY_IMAGES = 200;

export type DriverBuild = {
  readonly files: readonly InputFile[];
  readonly dockerfile: string;
  readonly base: string;
  /** Of all of these: the archive of the same hash is the same. */
  readonly hash: string;
};

/** Reads all that decides what comes out. `base` is a reference that buildah can find or fetch. */
export function readDriverBuild(context: ImageContext, base: string): DriverBuild {
  const tree = context.tree ?? context.checkout;
  const files = readInputs(tree);
  const dockerfile = readFileSync(join(tree, 'Dockerfile'), 'utf8');
  return { files, dockerfile, base, hash: hashInputs(files, [dockerfile, base]) };
}

/** Where the archive lies. */
export function driverArchive(context: ImageContext): string {
  return join(context.images, `${fileName(context)}.tar`);
}

function recordFile(context: ImageContext): string {
  return join(context.images, `${fileName(context)}.made-from`);
}

function fileName({ tag = DEFAULT_TAG }: ImageContext): string {
  return tag === DEFAULT_TAG ? 'syncthing-csi' : `syncthing-csi-${tag}`;
}

/** What the archive was made from, and which file that is: one that somebody else put there is not ours. */
function recordOf(build: DriverBuild, archive: string): string {
  const { size, mtimeNs } = statSync(archive, { bigint: true });
  return `${build.hash} ${size} ${mtimeNs}\n`;
}

/** True when the archive that lies there was made from just these inputs. */
export function isCurrent(build: DriverBuild, context: ImageContext): boolean {
  const archive = driverArchive(context);
  const file = recordFile(context);
  return existsSync(archive) && existsSync(file) && readFileSync(file, 'utf8') === recordOf(build, archive);
}

/** Layers of old builds are dropped when there are many of them; the next build then starts from the base. */
async function dropOldLayers(store: ImageStore): Promise<void> {
  const ids = (await store.run(['images', '--all', '--quiet'])).split('\n').filter(Boolean);
  if (ids.length > MANY_IMAGES) await store.run(['rmi', '--prune', '--force']);
}

function readVersion(build: DriverBuild): string {
  const manifest = build.files.find(({ path }) => path === 'package.json');
  return z.object({ version: z.string() }).parse(JSON.parse(String(manifest?.content))).version;
}

async function buildArguments(
  build: DriverBuild,
  context: ImageContext,
  scratch: string,
): Promise<readonly string[]> {
  const folder = join(scratch, 'context');
  mkdirSync(folder, { recursive: true });
  writeInputs(build.files, folder);
  const dockerfile = join(scratch, 'Dockerfile');
  writeAtomically(dockerfile, build.dockerfile);
  const values = { BASE: build.base, VERSION: readVersion(build), REVISION: await sourceRevision(context) };
  const secrets = await writeBuildSecrets(join(scratch, 'secrets'), context);
  return [
    'build',
    '--layers',
    '--timestamp=0',
    '--identity-label=false',
    '--pull=false',
    '--network=host',
    ...Object.entries(values).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...secrets,
    `--tag=${driverImage(context)}`,
    `--file=${dockerfile}`,
    folder,
  ];
}

/** Builds the driver's image and writes it as a docker-archive, whole or not at all. */
export async function buildDriverImage(
  build: DriverBuild,
  context: ImageContext,
  options: { readonly store: ImageStore; readonly report: (line: string) => void },
): Promise<void> {
  const { store, report } = options;
  const archive = driverArchive(context);
  const temporary = `${archive}.tmp`;
  await store.run(await buildArguments(build, context, store.scratch), report);
  mkdirSync(context.images, { recursive: true });
  rmSync(temporary, { force: true });
  report('writing the archive');
  const image = driverImage(context);
  await store.run(['push', '--quiet', image, `docker-archive:${temporary}:${image}`]);
  rmSync(recordFile(context), { force: true });
  renameSync(temporary, archive);
  writeAtomically(recordFile(context), recordOf(build, archive));
  await dropOldLayers(store);
}
