/** What is on the nodes' disks, looked at behind the driver's back. */
import { runInside, runningMachine } from '../../tools/cluster/machine.ts';
import type { Kube } from '../../tools/kube/kube.ts';
import { NODES } from './fixture.ts';

export const HOST_DATA_DIR = '/var/syncthing-csi';

/** Runs a command inside a node. */
export async function onNode(
  kube: Kube,
  node: string,
  words: readonly [string, ...string[]],
): Promise<string> {
  return await runInside(runningMachine(kube.paths, node), words, kube.signal);
}

/** The nodes that have a directory of this folder under volumes/. */
export async function nodesWithFolder(kube: Kube, folderId: string): Promise<readonly string[]> {
  const found = await Promise.all(
    NODES.map(async (node) => {
      const listed = await onNode(kube, node, [
        'sh',
        '-c',
        `ls ${HOST_DATA_DIR}/volumes 2>/dev/null || true`,
      ]);
      return listed.split('\n').includes(folderId) ? [node] : [];
    }),
  );
  return found.flat();
}

/** Paths, on one node, of files whose content has `text`, anywhere under the driver's directory. */
export async function findText(kube: Kube, node: string, text: string): Promise<readonly string[]> {
  const listed = await onNode(kube, node, [
    'sh',
    '-c',
    `grep -rl -- '${text}' ${HOST_DATA_DIR}/volumes ${HOST_DATA_DIR}/trash ${HOST_DATA_DIR}/archive 2>/dev/null || true`,
  ]);
  return listed.split('\n').filter((line) => line !== '');
}
