/** The steady work of a writer: one change after the other, each chosen from what stands there. */
import type { Random } from '../random.ts';
import type { Tree, Value } from '../ledger/value.ts';
import { BLOCK_SIZE } from '../ledger/content.ts';
import {
  changeOwnership,
  deleteFiles,
  makeDirectory,
  overwriteFile,
  type OwnershipWish,
  removeDirectory,
  renameFile,
  replaceFile,
  replaceLink,
  replaceLinked,
  writeBlocks,
} from './changes.ts';
import type { Change } from './journal.ts';
import { LINKED_FILE, SPARE_DIRECTORY, STEADY_FILE } from './names.ts';

/** Few names, so that writers of one session write over what those of another left. */
const DIRECTORIES = 6;
const NAMES = 12;
const LINKED = 4;
const MODES = [0o600, 0o640, 0o644, 0o444, 0o755, 0o770, 0o4755, 0o2750, 0o1777];
const ATTRIBUTES = ['one', 'another'];
const ATTRIBUTE_SHARE = 0.3;
const IDS = [0, 1234, 4321, 65_534];
const SIZES = [0, 1, 100, 4096, 5000, 70_000, 200_000];

export interface Desk {
  readonly root: string;
  readonly random: Random;
  /** What stands there now, as far as the writer knows. */
  readonly tree: Tree;
  /** A name for content that nobody had before. */
  readonly nextContent: () => string;
  /** Seconds since the epoch, later than any before, a multiple of 1/64. */
  readonly nextMtime: () => number;
}

/** Of files and directories that are worked on one by one; the mode with its three special bits. */
function ownership(random: Random): OwnershipWish {
  const owner = { mode: random.pick(MODES), uid: random.pick(IDS), gid: random.pick(IDS) };
  return random.chance(ATTRIBUTE_SHARE) ? { ...owner, xattr: random.pick(ATTRIBUTES) } : owner;
}

function fileWish(desk: Desk, path: string) {
  const { random } = desk;
  const content = desk.nextContent();
  return { path, content, size: random.pick(SIZES), mtime: desk.nextMtime(), ...ownership(random) };
}

function directoryName(random: Random): string {
  return `d${random.int(DIRECTORIES)}`;
}

type Found<Kind extends Value['kind']> = readonly [string, Extract<Value, { kind: Kind }>];

function existing<Kind extends Value['kind']>(
  desk: Desk,
  kind: Kind,
  isOurs: RegExp,
): readonly Found<Kind>[] {
  return [...desk.tree].flatMap(([path, value]) =>
    isKind(value, kind) && isOurs.test(path) ? [[path, value] as const] : [],
  );
}

function isKind<Kind extends Value['kind']>(
  value: Value,
  kind: Kind,
): value is Extract<Value, { kind: Kind }> {
  return value.kind === kind;
}

function replace(desk: Desk): Change {
  const path = `${directoryName(desk.random)}/f${desk.random.int(NAMES)}`;
  return replaceFile(desk.root, fileWish(desk, path));
}

function overwrite(desk: Desk): Change | undefined {
  const files = existing(desk, 'file', STEADY_FILE);
  return files.length === 0
    ? undefined
    : overwriteFile(desk.root, fileWish(desk, desk.random.pick(files)[0]));
}

function remove(desk: Desk): Change | undefined {
  const files = existing(desk, 'file', STEADY_FILE);
  return files.length === 0 ? undefined : deleteFiles(desk.root, [desk.random.pick(files)[0]]);
}

function rename(desk: Desk): Change | undefined {
  const files = existing(desk, 'file', STEADY_FILE);
  if (files.length === 0) return undefined;
  const [from, value] = desk.random.pick(files);
  const to = `${directoryName(desk.random)}/f${desk.random.int(NAMES)}`;
  return from === to ? undefined : renameFile(desk.root, { from, to, value });
}

function link(desk: Desk): Change {
  const { random } = desk;
  const target = `../${directoryName(random)}/f${random.int(NAMES)}-${desk.nextContent()}`;
  return replaceLink(desk.root, `${directoryName(random)}/l${random.int(4)}`, target);
}

function attributes(desk: Desk): Change | undefined {
  const found = [...existing(desk, 'file', STEADY_FILE), ...existing(desk, 'directory', SPARE_DIRECTORY)];
  if (found.length === 0) return undefined;
  const [path, value] = desk.random.pick(found);
  return changeOwnership(desk.root, path, value, ownership(desk.random));
}

function directory(desk: Desk): Change {
  const path = `${directoryName(desk.random)}/e${desk.random.int(4)}`;
  return desk.tree.has(path)
    ? removeDirectory(desk.root, path)
    : makeDirectory(desk.root, path, ownership(desk.random), desk.nextMtime());
}

/** Always the same two names, so that no other is left of a file that had both. */
function linked(desk: Desk): Change {
  const pair = desk.random.int(LINKED);
  const [path, other] = [`d${pair}/h${pair}`, `d${(pair + 1) % DIRECTORIES}/h${pair}`] as const;
  const there = existing(desk, 'file', LINKED_FILE).map(([found]) => found);
  const isThere = there.includes(path) && there.includes(other);
  return isThere && desk.random.chance(0.3)
    ? deleteFiles(desk.root, [path, other])
    : replaceLinked(desk.root, fileWish(desk, path), other);
}

function someBlocks(desk: Desk): Change | undefined {
  const files = existing(desk, 'large', /^big\//);
  if (files.length === 0) return undefined;
  const [path, { size, mode, uid, gid }] = desk.random.pick(files);
  const count = Math.floor(size / BLOCK_SIZE);
  const blocks = [...new Set([desk.random.int(count), desk.random.int(count), desk.random.int(count)])];
  const content = desk.nextContent();
  return writeBlocks(desk.root, { path, size, mode, uid, gid, content, blocks, mtime: desk.nextMtime() });
}

const CHOICES: readonly ((desk: Desk) => Change | undefined)[] = [
  replace,
  replace,
  replace,
  overwrite,
  overwrite,
  remove,
  rename,
  link,
  attributes,
  directory,
  linked,
  someBlocks,
];

/** The directories that all other work is done in, as far as they are missing. */
export function missingDirectories(desk: Desk): readonly Change[] {
  return Array.from({ length: DIRECTORIES }, (_, index) => `d${index}`)
    .filter((path) => !desk.tree.has(path))
    .map((path) => makeDirectory(desk.root, path, { mode: 0o755, uid: 0, gid: 0 }));
}

/** The next change; a new file where what was chosen finds nothing to work on. */
export function nextChange(desk: Desk): Change {
  return desk.random.pick(CHOICES)(desk) ?? replace(desk);
}
