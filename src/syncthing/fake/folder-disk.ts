import fs from 'node:fs';
import path from 'node:path';
import type { IndexEntry } from './index-entry.ts';

/** What a scan sees of one path. */
export type DiskItem = Pick<IndexEntry, 'name' | 'type' | 'size' | 'modifiedMs' | 'permissions'>;

const INTERNAL = new Set(['.stfolder', '.stversions', '.stignore']);

/** Everything below the root but what is Syncthing's own, parents before children. */
export function readTree(root: string): ReadonlyMap<string, DiskItem> {
  const names = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted();
  const items = new Map<string, DiskItem>();
  for (const name of names.filter((one) => !INTERNAL.has(one.split('/', 1)[0] ?? ''))) {
    const item = diskItem(root, name);
    if (item !== undefined) {
      items.set(name, item);
    }
  }
  return items;
}

function diskItem(root: string, name: string): DiskItem | undefined {
  const stat = fs.lstatSync(path.join(root, name), { throwIfNoEntry: false });
  const permissions = (stat?.mode ?? 0) & 0o777;
  if (stat?.isFile()) {
    // Whole milliseconds: what utimes takes does not keep more.
    const modifiedMs = Math.round(stat.mtimeMs);
    return { name, type: 'file', size: stat.size, modifiedMs, permissions };
  }
  if (stat?.isDirectory()) {
    return { name, type: 'directory', size: 128, modifiedMs: 0, permissions };
  }
  return stat?.isSymbolicLink()
    ? { name, type: 'symlink', size: 128, modifiedMs: 0, permissions: 0 }
    : undefined;
}

/** Whether a scan takes what is on disk for what the index has. */
export function isUnchanged(item: DiskItem, entry: IndexEntry | undefined): boolean {
  return (
    entry !== undefined &&
    !entry.deleted &&
    entry.type === item.type &&
    entry.size === item.size &&
    entry.modifiedMs === item.modifiedMs &&
    entry.permissions === item.permissions
  );
}

/** Copies one path by temporary file and rename, never into an existing file, as Syncthing does. */
export function copyItem(fromRoot: string, toRoot: string, entry: IndexEntry): void {
  const from = path.join(fromRoot, entry.name);
  const to = path.join(toRoot, entry.name);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  if (entry.type === 'directory') {
    fs.mkdirSync(to, { recursive: true });
    fs.chmodSync(to, entry.permissions);
    return;
  }
  const temporary = path.join(path.dirname(to), `.syncthing.${path.basename(to)}.tmp`);
  if (entry.type === 'symlink') {
    fs.symlinkSync(fs.readlinkSync(from), temporary);
  } else {
    fs.copyFileSync(from, temporary);
    fs.chmodSync(temporary, entry.permissions);
    fs.utimesSync(temporary, entry.modifiedMs / 1000, entry.modifiedMs / 1000);
  }
  fs.renameSync(temporary, to);
}

/** Removes a path; a file goes to `.stversions` when the folder keeps versions. */
export function removeItem(root: string, entry: IndexEntry, keep: boolean, now: Date): void {
  const file = path.join(root, entry.name);
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) {
    return;
  }
  if (stat.isDirectory()) {
    removeEmptyDirectory(file);
  } else if (keep && stat.isFile()) {
    const kept = path.join(root, '.stversions', versionName(entry.name, now));
    fs.mkdirSync(path.dirname(kept), { recursive: true });
    fs.renameSync(file, kept);
  } else {
    fs.unlinkSync(file);
  }
}

function removeEmptyDirectory(directory: string): void {
  if (fs.readdirSync(directory).length === 0) {
    fs.rmdirSync(directory);
  }
}

/** `dir/name~20060102-150405.ext`. */
function versionName(name: string, now: Date): string {
  const { dir, name: base, ext } = path.parse(name);
  return path.join(dir, `${base}~${timestamp(now)}${ext}`);
}

/** Moves the loser of a conflict out of the way, under the name that Syncthing would give it. */
export function renameConflict(root: string, entry: IndexEntry, now: Date): void {
  const { dir, name, ext } = path.parse(entry.name);
  const conflict = `${name}.sync-conflict-${timestamp(now)}-${entry.modifiedBy}${ext}`;
  const file = path.join(root, entry.name);
  if (fs.existsSync(file)) {
    fs.renameSync(file, path.join(root, dir, conflict));
  }
}

function timestamp(now: Date): string {
  return now.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
}
