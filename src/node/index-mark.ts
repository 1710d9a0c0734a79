/** Which database Syncthing has: a file of ours in its directory goes when that goes (handoff rule 16). */
import { randomUUID } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../runtime/logger.ts';
import { readIfPresent, writeDurably } from '../runtime/durable-file.ts';
import { INDEX_DIRECTORIES, INDEX_MARK } from '../syncthing/index-directories.ts';
import { exists } from './exists.ts';

const [DIRECTORY, OLDER] = INDEX_DIRECTORIES;
const NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface IndexMark {
  /**
   * A name of the database that the daemon has which began at `startTime`. It is looked for once a life of the daemon:
   * what is put into a directory that was emptied under it would be taken for a mark of the next one's. Undefined where
   * there is no telling; then nothing follows.
   */
  of(startTime: string): Promise<string | undefined>;
}

export function createIndexMark(syncthingHome: string, log: Logger): IndexMark {
  let known: { readonly startTime: string; readonly index: string | undefined } | undefined;
  return {
    async of(startTime) {
      if (known?.startTime === startTime) return known.index;
      try {
        const index = await markIn(syncthingHome);
        if (index !== undefined) known = { startTime, index };
        return index;
      } catch (error) {
        log.warn({ error }, `it cannot be told in ${syncthingHome} whether Syncthing lost its database`);
        known = { startTime, index: undefined };
        return undefined;
      }
    },
  };
}

async function markIn(home: string): Promise<string | undefined> {
  for (const name of [DIRECTORY, OLDER]) {
    const directory = path.join(home, name);
    if (!(await exists(directory))) continue;
    const older = name === DIRECTORY ? await olderMarks(home) : [];
    const index = (await readMark(directory)) ?? (await mark(directory, older));
    for (const each of older) await unlink(path.join(each, INDEX_MARK));
    return index;
  }
  return undefined;
}

async function readMark(directory: string): Promise<string | undefined> {
  const text = (await readIfPresent(path.join(directory, INDEX_MARK)))?.trim() ?? '';
  return NAME.test(text) ? text : undefined;
}

/**
 * Syncthing 2 makes its database from that of 1.x, which it renames: that is no loss. The older one loses its mark, or
 * it would lend it to every later database as well.
 */
async function mark(directory: string, older: readonly string[]): Promise<string | undefined> {
  const [inherited] = await Promise.all(older.map(readMark));
  await writeDurably(path.join(directory, INDEX_MARK), `${inherited ?? randomUUID()}\n`);
  return readMark(directory);
}

async function olderMarks(home: string): Promise<readonly string[]> {
  const names = (await readdir(home)).filter((name) => name.startsWith(OLDER)).toSorted();
  const found: string[] = [];
  for (const name of names) {
    const directory = path.join(home, name);
    if ((await readMark(directory)) !== undefined) found.push(directory);
  }
  return found;
}
