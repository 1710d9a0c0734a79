import { mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownNamespaceIn } from './host-proc.ts';

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(path.join(os.tmpdir(), 'proc-'));
});
afterEach(() => rmSync(proc, { recursive: true }));

/** As procfs has it: `self` leads to a directory named after the reader. */
function showSelfAs(pid: string): void {
  mkdirSync(path.join(proc, pid, 'ns'), { recursive: true });
  symlinkSync('mnt:[7]', path.join(proc, pid, 'ns', 'mnt'));
  symlinkSync(pid, path.join(proc, 'self'));
}

test('is that of this process', async () => {
  showSelfAs('42');
  expect(await ownNamespaceIn(proc)).toBe('mnt:[7]');
});

test.runIf(process.pid !== 1)('is what this process calls it itself', async () => {
  expect(await ownNamespaceIn('/proc')).toBe(readlinkSync('/proc/self/ns/mnt'));
});

test("is refused where it is read from a container's own procfs", async () => {
  showSelfAs('1');
  await expect(ownNamespaceIn(proc)).rejects.toThrow(/shows this container alone.*HOST_PROC/);
});

test('is refused where nothing is mounted, since looking there would find no mount at all', async () => {
  await expect(ownNamespaceIn(proc)).rejects.toMatchObject({ kind: 'not-found' });
});
