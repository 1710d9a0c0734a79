/** What the mounter sees as the first process of a container: HOST_PROC DIRECTORY. Run by namespaced/host-proc.ts. */
import { readlink } from 'node:fs/promises';
import { ownNamespaceIn } from '../../../src/mount/host-proc.ts';
import { createMounter } from '../../../src/mount/util-linux-mounter.ts';

const [, , hostProc = '', directory = ''] = process.argv;
const mounter = createMounter({ hostProc, timeoutMs: 10_000 });

async function complaintOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: unknown) => String(error),
  );
}

process.stdout.write(
  JSON.stringify({
    pid: process.pid,
    itself: await readlink('/proc/self/ns/mnt'),
    own: await ownNamespaceIn(hostProc),
    found: await mounter.findMountsOf(directory),
    bySelf: await complaintOf(ownNamespaceIn('/proc')),
  }),
);
