import { mkdir, mkdtemp, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';

const seen = z.object({
  pid: z.number(),
  itself: z.string(),
  own: z.string(),
  found: z.array(z.object({ pid: z.number(), namespace: z.string(), mountPoint: z.string() })),
  bySelf: z.string(),
});

/** Mount and pid namespace of its own, a procfs of these, and the one from outside read-only beside it. */
const CONTAINER = `
  mount --rbind /proc "$1" && mount -o remount,bind,ro "$1" && mount -t proc proc /proc
  exec "$0" test/integration/mount/as-container.ts "$1" "$2"`;

let base: string;
let source: string;
let target: string;
let hostProc: string;

beforeEach(async () => {
  base = await realpath(await mkdtemp(path.join(tmpdir(), 'host-proc-')));
  [source, target, hostProc] = [path.join(base, 'data'), path.join(base, 'mount'), path.join(base, 'proc')];
  for (const directory of [source, target, hostProc]) await mkdir(directory);
  await execa('mount', ['--bind', source, target]);
});
afterEach(async () => {
  await execa('umount', [target]);
  await rm(base, { recursive: true });
});

test("a container sees the mounts of processes outside by the host's procfs, and its own as its own", async () => {
  const outside = await readlink('/proc/self/ns/mnt');
  const namespace = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--'];
  const command = ['sh', '-e', '-c', CONTAINER, process.execPath, hostProc, source];
  const { stdout } = await execa('unshare', [...namespace, ...command]);
  const { pid, itself, own, found, bySelf } = seen.parse(JSON.parse(stdout));
  expect({ pid, own }).toEqual({ pid: 1, own: itself });
  const namespaces = found.filter(({ mountPoint }) => mountPoint === target).map((each) => each.namespace);
  expect(namespaces.toSorted()).toEqual([outside, itself].toSorted());
  expect(found.map((each) => each.pid)).not.toContain(1);
  expect(bySelf).toContain('/proc shows this container alone');
});
