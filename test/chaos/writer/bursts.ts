/** Large pieces of work that the runner orders: very many small files, or a big file of which some blocks change. */
import { BLOCK_SIZE } from '../ledger/content.ts';
import { deleteFiles, makeDirectory, makeFiles, writeBlocks } from './changes.ts';
import type { Change } from './journal.ts';
import type { WriterOrder } from './order.ts';
import type { Desk } from './steady-work.ts';

const FILES_A_CHANGE = 250;
const ROOT_OWNED = { mode: 0o755, uid: 0, gid: 0 };

function directoryFirst(desk: Desk, path: string): readonly (() => Change)[] {
  return desk.tree.has(path) ? [] : [() => makeDirectory(desk.root, path, ROOT_OWNED)];
}

function manyFiles(desk: Desk, count: number): readonly (() => Change)[] {
  const changes = Math.ceil(count / FILES_A_CHANGE);
  const steps = Array.from({ length: changes }, (_, change) => {
    const directory = `many/m${change}`;
    const files = Math.min(FILES_A_CHANGE, count - change * FILES_A_CHANGE);
    const wishes = () =>
      Array.from({ length: files }, (__, index) => ({
        path: `${directory}/s${index}`,
        content: desk.nextContent(),
        size: 200 + (index % 7),
        mtime: desk.nextMtime(),
        ...ROOT_OWNED,
      }));
    return [...directoryFirst(desk, directory), () => makeFiles(desk.root, wishes())];
  });
  return [...directoryFirst(desk, 'many'), ...steps.flat()];
}

const BIG = 'big/file';
/** So many changes of some blocks each follow the first writing. */
const BLOCK_CHANGES = 4;

function bigFile(desk: Desk, bytes: number, blocks: number): readonly (() => Change)[] {
  const count = Math.ceil(bytes / BLOCK_SIZE);
  const known = desk.tree.get(BIG);
  const size = known?.kind === 'large' ? known.size : count * BLOCK_SIZE;
  const write = (chosen: readonly number[]) => () =>
    writeBlocks(desk.root, {
      path: BIG,
      content: desk.nextContent(),
      size,
      blocks: chosen,
      mtime: desk.nextMtime(),
      ...ROOT_OWNED,
    });
  const all = Array.from({ length: size / BLOCK_SIZE }, (_, index) => index);
  const some = () => desk.random.shuffle(all).slice(0, blocks);
  return [
    ...directoryFirst(desk, 'big'),
    ...(known?.kind === 'large' ? [] : [write(all)]),
    ...Array.from({ length: BLOCK_CHANGES }, () => write(some())),
  ];
}

/** The changes of a burst, each made when its turn comes. */
export function burstChanges(desk: Desk, order: WriterOrder): readonly (() => Change)[] {
  return order.kind === 'many-small-files'
    ? manyFiles(desk, order.files)
    : bigFile(desk, order.bytes, order.blocks);
}

/** Takes away all small files of earlier bursts, some at a time. */
export function dropManyFiles(desk: Desk): readonly (() => Change)[] {
  const paths = [...desk.tree.keys()].filter((path) => /^many\/m\d+\/s\d+$/.test(path));
  const changes: (() => Change)[] = [];
  for (let at = 0; at < paths.length; at += FILES_A_CHANGE)
    changes.push(() => deleteFiles(desk.root, paths.slice(at, at + FILES_A_CHANGE)));
  return changes;
}
