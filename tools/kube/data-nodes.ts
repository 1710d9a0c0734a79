/** Which of the local cluster's nodes keep copies. */
import { kubectl, type Kube } from './kube.ts';
import { STORAGE_LABEL } from './volumes.ts';

/** The nodes of a local cluster of the usual size. */
export const NODES = ['node1', 'node2', 'node3'] as const;

/** Makes exactly these nodes data nodes. */
export async function labelNodes(kube: Kube, dataNodes: readonly string[]): Promise<void> {
  for (const node of NODES) {
    const change = dataNodes.includes(node) ? `${STORAGE_LABEL}=yes` : `${STORAGE_LABEL}-`;
    await kubectl(kube, ['label', 'node', node, change, '--overwrite']);
  }
}
