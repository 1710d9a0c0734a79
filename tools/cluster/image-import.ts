import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../host/write-atomically.ts';
import { type RunningMachine, insideMachine, runInside } from './machine.ts';

/** On the node's own disk, so that a node with a new disk gets everything anew. */
const RECORD = '/var/lib/cluster-images.json';
const record = z.record(z.string(), z.object({ version: z.string(), names: z.array(z.string()) }));
type ImportRecord = z.infer<typeof record>;

/** An archive of the images folder; another size or time is another version. */
export type ImageArchive = { readonly file: string; readonly version: string };

/** Every tar in the folder, whoever put it there. */
export function listImageArchives(directory: string): readonly ImageArchive[] {
  if (!existsSync(directory)) return [];
  const files = readdirSync(directory).filter((name) => name.endsWith('.tar'));
  return files.toSorted().map((file) => {
    const stat = statSync(join(directory, file), { bigint: true });
    return { file, version: `${stat.size}-${stat.mtimeNs}` };
  });
}

/** What is not on the node yet: never imported, changed since, or removed there by the kubelet. */
export function archivesToImport(
  archives: readonly ImageArchive[],
  imported: ImportRecord,
  present: ReadonlySet<string>,
): readonly ImageArchive[] {
  return archives.filter(({ file, version }) => {
    const known = imported[file];
    return (
      known === undefined || known.version !== version || !known.names.every((name) => present.has(name))
    );
  });
}

function readRecord(machine: RunningMachine): ImportRecord {
  const file = insideMachine(machine, RECORD);
  if (!existsSync(file)) return {};
  const parsed = record.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success ? parsed.data : {};
}

/** The images of a node, as its kubelet sees them; run inside the node. */
export const CTR = ['ctr', '--namespace', 'k8s.io', 'images'] as const;

async function presentNames(machine: RunningMachine, signal: AbortSignal): Promise<ReadonlySet<string>> {
  return new Set((await runInside(machine, [...CTR, 'list', '--quiet'], signal)).split('\n').filter(Boolean));
}

/** The names that an archive gives its images (docker-archive: RepoTags in manifest.json). */
async function namesIn(
  machine: RunningMachine,
  file: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const json = await runInside(
    machine,
    ['tar', '-xOf', `/run/cluster/images/${file}`, 'manifest.json'],
    signal,
  );
  const manifest = z.array(z.object({ RepoTags: z.array(z.string()).nullable() })).parse(JSON.parse(json));
  return manifest.flatMap((image) => image.RepoTags ?? []);
}

/** Brings every archive of the images folder onto the node; gives back those that were new. */
export async function importImages(
  machine: RunningMachine,
  directory: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const imported = readRecord(machine);
  const wanted = archivesToImport(
    listImageArchives(directory),
    imported,
    await presentNames(machine, signal),
  );
  for (const { file, version } of wanted) {
    await runInside(machine, [...CTR, 'import', `/run/cluster/images/${file}`], signal, 600_000);
    imported[file] = { version, names: [...(await namesIn(machine, file, signal))] };
    writeAtomically(insideMachine(machine, RECORD), JSON.stringify(imported));
  }
  return wanted.map(({ file }) => file);
}
