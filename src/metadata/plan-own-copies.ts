/** PURE: which files of a tree are files elsewhere as well. */
import { byPath, type Found, type Sight } from './entry.ts';
import type { PlainStep } from './plan-plain.ts';

/** Names of one file that are all in the tree may stay that, where all of them were seen. */
export function planOwnCopies({ files, hasMoreFiles }: Sight): readonly PlainStep[] {
  const names = Map.groupBy(files, ({ inode }) => inode);
  const isShared = ({ inode, links }: Found): boolean =>
    links > (hasMoreFiles ? 1 : (names.get(inode)?.length ?? 0));
  return files
    .filter((each) => each.type === 'file' && isShared(each))
    .toSorted(byPath)
    .map(({ path, inode, size }) => ({ kind: 'separate', path, inode, size }));
}
