import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { dataDirectory } from '../cluster/copies.ts';
import { randomOf } from '../random.ts';
import { aimedVolume, type Fault, type FaultContext, nothingToHeal } from './fault.ts';

/** Where the node keeps its copy of the volume; undefined where it has none, or is off. */
function copyOn(context: FaultContext): string | undefined {
  const volume = aimedVolume(context);
  if (volume === undefined) return undefined;
  const data = dataDirectory(context.stage, context.planned.node, volume.volumeId);
  return data !== undefined && existsSync(data) && readdirSync(data).length > 0 ? data : undefined;
}

/** Somebody deletes the files of a copy that nobody writes. */
export const replicaWiped: Fault = {
  async apply(context) {
    await Promise.resolve();
    const data = copyOn(context);
    if (data === undefined) return 'missed';
    for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true, force: true });
    return 'applied';
  },
  heal: nothingToHeal,
};

function filesBelow(directory: string): readonly string[] {
  const entries: readonly Dirent[] = readdirSync(directory, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Somebody edits a copy that nobody writes: two files longer, one gone, one more. */
export const replicaChanged: Fault = {
  async apply(context) {
    await Promise.resolve();
    const data = copyOn(context);
    if (data === undefined) return 'missed';
    const [first, second, third] = randomOf(context.planned.dice).shuffle(filesBelow(data));
    for (const file of [first, second])
      if (file !== undefined) appendFileSync(file, 'edited by hand on a node\n');
    if (third !== undefined) rmSync(third);
    writeFileSync(join(data, 'by-hand'), 'made by hand on a node\n');
    return 'applied';
  },
  heal: nothingToHeal,
};
