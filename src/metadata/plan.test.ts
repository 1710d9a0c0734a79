import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parentOf, type Entry, type Found, type Sight } from './entry.ts';
import { parseManifest, renderManifest } from './manifest.ts';
import { planApply, type ApplyStep, type Seen } from './plan-apply.ts';
import { planPlain, type PlainStep } from './plan-plain.ts';

type Tree = ReadonlyMap<string, Seen>;

const base: Seen = {
  type: 'file',
  mode: 0o644,
  uid: 1,
  gid: 2,
  size: 3n,
  mtimeNs: 1_700_000_000_123_456_789n,
  inode: '1:1',
};

function treeOf(given: Readonly<Record<string, Partial<Seen>>>): Tree {
  return new Map(
    Object.entries(given).map(([path, seen], index) => [
      path,
      { ...base, inode: `1:${100 + index}`, ...seen },
    ]),
  );
}

/** As find would: ordinary files are left out, and so is what exceeds a limit. */
function sightOf(tree: Tree, maxKept = Number.POSITIVE_INFINITY): Sight {
  const inodes = [...tree.values()].map(({ inode }) => inode);
  const all = [...tree].map(([path, seen]): Found => {
    return { path, ...seen, links: inodes.filter((inode) => inode === seen.inode).length };
  });
  const places = all.filter(({ type }) => type === 'directory' || type === 'link');
  const files = all.filter(
    ({ type, mode, links }) =>
      type !== 'directory' && type !== 'link' && (type !== 'file' || (mode & 0o7000) !== 0 || links > 1),
  );
  return {
    places: places.slice(0, maxKept),
    hasMorePlaces: places.length > maxKept,
    files: files.slice(0, maxKept),
    hasMoreFiles: files.length > maxKept,
  };
}

const directory: Partial<Seen> = { type: 'directory', mode: 0o755 };

/** Another node's copy: files of their own, no special bits, its own times of directories and links. */
function carried(tree: Tree): Tree {
  let inode = 0;
  return new Map(
    [...tree]
      .filter(([, { type }]) => ['file', 'directory', 'link'].includes(type))
      .map(([path, seen]) => {
        inode += 1;
        const mtimeNs = seen.type === 'file' ? seen.mtimeNs : 1_800_000_000_000_000_000n + BigInt(inode);
        return [path, { ...seen, mode: seen.mode & 0o777, mtimeNs, inode: `9:${inode}` }];
      }),
  );
}

/** What the effects do, on a tree of values. */
function applied(tree: Tree, step: ApplyStep): Tree {
  const next = new Map(tree);
  const now = step.kind === 'make-fifo' ? undefined : tree.get(step.path);
  if (step.kind === 'link') {
    const to = tree.get(step.to);
    if (to !== undefined) next.set(step.path, to);
    touch(next, step.path);
  } else if (step.kind === 'make-fifo') {
    const { path, mode, uid, gid } = step.entry;
    next.set(path, { ...base, type: 'fifo', mode, uid, gid, size: 0n, inode: `8:${path}` });
    touch(next, path);
  } else if (now !== undefined) {
    for (const [path, each] of tree)
      if (each.inode === now.inode)
        next.set(
          path,
          step.kind === 'set-mode' ? { ...each, mode: step.mode } : { ...each, mtimeNs: step.mtimeNs },
        );
  }
  return next;
}

function touch(tree: Map<string, Seen>, path: string): void {
  const parent = tree.get(parentOf(path));
  if (parent !== undefined) tree.set(parentOf(path), { ...parent, mtimeNs: parent.mtimeNs + 77_777_000n });
}

function plainStep(tree: Tree, step: PlainStep): Tree {
  const next = new Map(tree);
  const now = tree.get(step.path);
  if (now?.inode !== step.inode) return tree;
  if (step.kind === 'remove') next.delete(step.path);
  if (step.kind === 'separate') next.set(step.path, { ...now, inode: `7:${step.path}` });
  if (step.kind === 'clear-bits')
    for (const [path, each] of tree)
      if (each.inode === step.inode) next.set(path, { ...each, mode: step.mode });
  return next;
}

describe('a manifest', () => {
  test('is written for nothing but what gets lost', () => {
    const tree = treeOf({
      '': directory,
      plain: {},
      d: { ...directory, mode: 0o2775 },
      'd/one': { inode: 'same' },
      two: { inode: 'same' },
      set: { mode: 0o4755 },
      link: { type: 'link' },
      fifo: { type: 'fifo', mode: 0o600 },
      socket: { type: 'socket' },
      device: { type: 'device' },
    });
    const { entries, steps, uncarried } = planPlain(sightOf(tree));
    const mtimeNs = 1_700_000_000_123_457_000n;
    const file = { kind: 'file', uid: 1, gid: 2, size: 3n, mtimeNs: base.mtimeNs } as const;
    expect(entries).toEqual([
      { kind: 'directory', path: '', special: 0 },
      { kind: 'directory', path: 'd', special: 0o2000, mtimeNs },
      { ...file, path: 'd/one', mode: 0o644, group: 1 },
      { kind: 'fifo', path: 'fifo', mode: 0o600, uid: 1, gid: 2 },
      { kind: 'link', path: 'link', mtimeNs },
      { ...file, path: 'set', mode: 0o4755, group: 0 },
      { ...file, path: 'two', mode: 0o644, group: 1 },
    ]);
    expect(steps.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'clear-bits set',
      'separate two',
      'remove fifo',
      'remove socket',
    ]);
    expect(uncarried).toEqual(['device']);
  });

  test('is not written for a flat tree of ordinary files, but for the bits of its root', () => {
    expect(planPlain(sightOf(treeOf({ '': { ...directory, mode: 0o777 } }))).entries).toEqual([]);
    const withBits = planPlain(sightOf(treeOf({ '': { ...directory, mode: 0o2777 } })));
    expect(withBits.entries).toEqual([{ kind: 'directory', path: '', special: 0o2000 }]);
  });

  test.each([
    ['.syncthing.mine', true],
    ['~syncthing~mine.tmp', true],
    ['.syncthing.half-received.tmp', false],
    ['syncthing', false],
  ])('is not where a name like %s travels; that is said: %s', (name, isSaid) => {
    const found = { ...base, links: 1, path: `d/${name}` };
    const sight = { places: [], hasMorePlaces: false, files: [found], hasMoreFiles: false };
    expect(planPlain(sight).uncarried).toEqual(isSaid ? [`d/${name}`] : []);
  });

  test.each([
    ['nothing', ''],
    ['another version', 'syncthing-csi metadata 2\0'],
    ['half a record', 'syncthing-csi metadata 1\0d 0 -'],
    ['a way out', 'syncthing-csi metadata 1\0l 0 a/../../b\0'],
    ['an absolute path', 'syncthing-csi metadata 1\0l 0 /etc/passwd\0'],
    ['no record of ours', 'syncthing-csi metadata 1\0x 1 2\0'],
  ])('of %s is not read', (_, text) => {
    expect(() => parseManifest(Buffer.from(text, 'latin1'))).toThrow(
      expect.objectContaining({ kind: 'unreadable' }),
    );
  });
});

/** Bytes from 1 to 255 but the slash, spaces and line breaks among them. */
const name = fc
  .array(
    fc.integer({ min: 1, max: 255 }).filter((byte) => byte !== 47),
    { minLength: 1, maxLength: 3 },
  )
  .map((bytes) => String.fromCodePoint(...bytes))
  .filter((each) => each !== '.' && each !== '..');

const kinds = fc.constantFrom<Seen['type'][]>('file', 'directory', 'link', 'fifo', 'socket', 'device');
const member = fc.record({
  kind: kinds,
  name,
  /** Index of the directory it goes into, and of the file whose other name it is, if it is one. */
  parent: fc.nat(20),
  same: fc.option(fc.nat(20), { nil: undefined }),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  mtimeNs: fc.bigInt({ min: -(10n ** 18n), max: 2n * 10n ** 18n }),
  size: fc.bigInt({ min: 0n, max: 10n }),
});

const trees: fc.Arbitrary<Tree> = fc
  .tuple(fc.integer({ min: 0, max: 0o7777 }), fc.array(member, { maxLength: 12 }))
  .map(([mode, members]) => {
    const tree = new Map<string, Seen>([['', { ...base, type: 'directory', mode, inode: '1:0' }]]);
    for (const [index, each] of members.entries()) {
      const directories = [...tree].filter(([, { type }]) => type === 'directory').map(([path]) => path);
      const parent = directories[each.parent % directories.length] ?? '';
      const path = parent === '' ? each.name : `${parent}/${each.name}`;
      if (tree.has(path)) continue;
      const files = [...tree.values()].filter(({ type }) => type === 'file');
      const same = each.same === undefined ? undefined : files[each.same % files.length];
      const { mtimeNs, size } = each;
      const own = { ...base, type: each.kind, mode: each.mode, mtimeNs, size, inode: `1:${index + 1}` };
      tree.set(path, each.kind === 'file' && same !== undefined ? same : own);
    }
    return tree;
  });

/** Metadata of a tree, whatever its inodes are called. */
function metadataOf(tree: Tree): readonly Entry[] {
  return planPlain(sightOf(tree)).entries;
}

describe('what is written and applied to a copy that lost it', () => {
  test('gives the tree back, wherever it was broken off and begun anew', () => {
    fc.assert(
      fc.property(trees, fc.nat(40), (tree, crashAfter) => {
        const entries = parseManifest(renderManifest(metadataOf(tree)));
        const first = planApply(entries, carried(tree)).steps.slice(0, crashAfter);
        const half = first.reduce(applied, carried(tree));
        const whole = planApply(entries, half).steps.reduce(applied, half);
        expect(metadataOf(whole)).toEqual(metadataOf(tree));
        expect(planApply(entries, whole)).toEqual({ steps: [], skipped: [] });
      }),
      { numRuns: 300 },
    );
  });

  test('comes back to the node it was taken from, however much of it was taken', () => {
    fc.assert(
      fc.property(trees, fc.nat(20), (tree, crashAfter) => {
        const { entries, steps } = planPlain(sightOf(tree));
        const half = steps.slice(0, crashAfter).reduce(plainStep, tree);
        const whole = planApply(entries, half).steps.reduce(applied, half);
        expect(metadataOf(whole)).toEqual(entries);
      }),
      { numRuns: 300 },
    );
  });

  test('a tree that was made plain has nothing more to take, and is what others have', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const plain = planPlain(sightOf(tree)).steps.reduce(plainStep, tree);
        const again = planPlain(sightOf(plain));
        expect(again.steps).toEqual([]);
        expect(again.entries.filter(({ kind }) => kind === 'file' || kind === 'fifo')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('of a tree with more than fits is what fits alone, and it is made plain in several goes', () => {
    fc.assert(
      fc.property(trees, fc.integer({ min: 2, max: 5 }), (tree, maxKept) => {
        const { hasMorePlaces, hasMoreFiles } = sightOf(tree, maxKept);
        const plan = planPlain(sightOf(tree, maxKept));
        expect(plan.omitted).toHaveLength(Number(hasMorePlaces) + Number(hasMoreFiles));
        const kept = new Set(plan.entries.map(({ kind }) => kind));
        expect(hasMorePlaces && (kept.has('directory') || kept.has('link'))).toBe(false);
        expect(hasMoreFiles && (kept.has('file') || kept.has('fifo'))).toBe(false);
        let plain = tree;
        for (let next = plan; next.steps.length > 0; next = planPlain(sightOf(plain, maxKept)))
          plain = next.steps.reduce(plainStep, plain);
        const left = sightOf(plain).files.filter(({ type }) => type !== 'device');
        const devices = [...tree.values()].filter(({ type }) => type === 'device');
        expect(left.length === 0 || devices.length >= maxKept).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  const manifest: readonly Entry[] = [
    { ...base, kind: 'file', path: 'one', group: 1, mode: 0o4755 },
    { ...base, kind: 'file', path: 'two', group: 1, mode: 0o4755 },
  ];
  test.each<[string, Partial<Seen>]>([
    ['of another size', { size: 4n }],
    ['of another time', { mtimeNs: base.mtimeNs + 1n }],
    ['of another owner', { uid: 7 }],
    ['with other permissions', { mode: 0o700 }],
    ['that is a link', { type: 'link' }],
    ['that is a directory', { type: 'directory' }],
  ])('leaves what it finds %s alone', (_, other) => {
    const tree = treeOf({ one: { mode: 0o755 }, two: { mode: 0o755, ...other } });
    expect(planApply(manifest, tree)).toEqual({
      steps: [{ kind: 'set-mode', path: 'one', mode: 0o4755 }],
      skipped: ['two'],
    });
  });

  test('makes a FIFO only where nothing is', () => {
    const fifo = { kind: 'fifo', path: 'x', mode: 0o600, uid: 1, gid: 2 } as const;
    expect(planApply([fifo], treeOf({})).steps).toEqual([{ kind: 'make-fifo', entry: fifo }]);
    expect(planApply([fifo], treeOf({ x: { type: 'fifo', mode: 0o600 } })).steps).toEqual([]);
    const half = treeOf({ x: { type: 'fifo', mode: 0o600, uid: 0 } });
    expect(planApply([fifo], half).steps).toEqual([{ kind: 'make-fifo', entry: fifo }]);
    expect(planApply([fifo], treeOf({ x: {} }))).toEqual({ steps: [], skipped: ['x'] });
  });

  test('takes bits from a directory that it had from before', () => {
    const entry = { kind: 'directory', path: 'd', special: 0 } as const;
    expect(planApply([entry], treeOf({ d: { ...directory, mode: 0o3755 } })).steps).toEqual([
      { kind: 'set-mode', path: 'd', mode: 0o755 },
    ]);
  });
});
