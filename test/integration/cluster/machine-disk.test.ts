import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DISK_POWER_OFF,
  prepareMachineDisk,
  waitForDiskRelease,
} from '../../../tools/cluster/machine-disk.ts';

const signal = AbortSignal.timeout(60_000);
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'disk-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Runs a script in a mount namespace whose /var is the disk, as a machine's is; the mount ends with the script. */
function onDisk(disk: string, script: string): string {
  const inside = `mount -n -o loop ${disk} /var && ${script}`;
  const ended = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', inside], {
    encoding: 'utf8',
  });
  if (ended.status !== 0) throw new Error(ended.stderr);
  return ended.stdout;
}

describe('a machine’s disk', () => {
  it('keeps what was synced before the power was cut, and nothing else', async () => {
    const disk = join(directory, 'disk.img');
    await prepareMachineDisk(disk, signal);
    const write = 'echo kept >/var/synced && sync /var/synced /var && echo lost >/var/unsynced';
    onDisk(disk, `${write} && ${DISK_POWER_OFF.map((word) => `'${word}'`).join(' ')}`);
    await waitForDiskRelease(disk, signal);
    expect(onDisk(disk, 'cd /var && cat synced && ls')).toBe('kept\nlost+found\nsynced\n');
    await waitForDiskRelease(disk, signal);
  });

  it('is made once and takes little room', async () => {
    const disk = join(directory, 'disk.img');
    await prepareMachineDisk(disk, signal);
    onDisk(disk, 'echo here >/var/file');
    await prepareMachineDisk(disk, signal);
    await waitForDiskRelease(disk, signal);
    expect(onDisk(disk, 'cat /var/file')).toBe('here\n');
    expect(statSync(disk).blocks * 512).toBeLessThan(100 * 2 ** 20);
    await waitForDiskRelease(disk, signal);
  });
});
