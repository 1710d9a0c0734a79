/** What is on the nodes' disks and runs there, looked at, and ended, behind the driver's back. */
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

export type Victim = 'node' | 'syncthing' | 'controller';

/** Part of the command line that only this process of the driver has, on whichever node it runs. */
const COMMAND_LINES: Readonly<Record<Victim, string>> = {
  node: 'main.js node ',
  syncthing: '/syncthing serve',
  controller: 'main.js controller ',
};

/** Sends SIGKILL to that process inside the node's own pid namespace; the kubelet starts its container again. */
export async function killOnNode(kube: Kube, node: string, victim: Victim): Promise<void> {
  const script = `
    killed=0
    for p in /proc/[0-9]*; do
      case "$(tr '\\0' ' ' < $p/cmdline 2>/dev/null) " in
        *"sh -c"*) ;;
        *"${COMMAND_LINES[victim]}"*) kill -9 "\${p#/proc/}" && killed=$((killed + 1)) ;;
      esac
    done
    [ $killed -gt 0 ]`;
  await onNode(kube, node, ['sh', '-c', script]);
}
