import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command, runCommand } from '../host/run-command.ts';
import { waitUntil } from '../host/wait-until.ts';

/** Sparse: takes what is written to it. Large enough that a test's volumes never meet the kubelet's eviction at 85 %. */
const DISK_SIZE = '16G';

/**
 * Makes a machine's disk unless it has one: an ext4 image, so that a power cut can take away what was not yet synced.
 * It is mounted in the machine's own mount namespace only and goes with it.
 */
export async function prepareMachineDisk(disk: string, signal: AbortSignal): Promise<void> {
  if (existsSync(disk)) return;
  mkdirSync(dirname(disk), { recursive: true });
  const temporary = `${disk}.tmp`;
  rmSync(temporary, { force: true });
  await runCommand(['truncate', '--size', DISK_SIZE, temporary], { signal });
  const options = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard';
  await runCommand(['mkfs.ext4', '-q', '-F', '-m', '0', '-E', options, temporary], { signal });
  renameSync(temporary, disk);
}

/** The command, run inside the machine, after which its disk takes nothing any more: what was not synced is lost. */
export const DISK_POWER_OFF: Command = ['xfs_io', '-x', '-c', 'shutdown', '/var'];

/** Loop devices that have the image open. */
async function loopDevicesOf(disk: string, signal: AbortSignal): Promise<readonly string[]> {
  const text = await runCommand(['losetup', '--associated', disk], { signal });
  return text.split('\n').filter(Boolean);
}

/**
 * Waits until nothing has the disk mounted. Mounted again before that, the kernel would hand out the same, shut down
 * file system.
 */
export async function waitForDiskRelease(disk: string, signal: AbortSignal): Promise<void> {
  if (!existsSync(disk)) return;
  const what = `the release of ${disk}; a process that entered the machine from outside may still be in it (losetup --associated ${disk}; grep -l var /proc/*/mountinfo)`;
  await waitUntil(async () => ((await loopDevicesOf(disk, signal)).length === 0 ? true : undefined), {
    signal,
    timeoutMs: 20_000,
    what,
  });
}
