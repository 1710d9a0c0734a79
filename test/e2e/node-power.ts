/** The power of a node, and an operator's word that it is gone. */
import { runCommand } from '../../tools/host/run-command.ts';
import { kubectl, type Kube } from '../../tools/kube/kube.ts';

const TAINT = 'node.kubernetes.io/out-of-service';

export async function power(
  { paths: { checkout }, signal }: Kube,
  command: 'node-kill' | 'node-start',
  node: string,
): Promise<void> {
  const words = [process.execPath, `${checkout}/tools/cluster/main.ts`, command, node] as const;
  await runCommand(words, { signal, timeoutMs: 240_000 });
}

/** As docs/operations.md says it. */
export async function taintAsGone(kube: Kube, node: string): Promise<void> {
  await kubectl(kube, ['taint', 'node', node, `${TAINT}=nodeshutdown:NoExecute`]);
}

/** Nothing to do where it has none. */
export async function untaint(kube: Kube, node: string): Promise<void> {
  await kubectl(kube, ['taint', 'node', node, `${TAINT}-`]).catch(() => '');
}
