import type { ApiServer } from '../kubernetes/api-server.ts';

/** A Node, and the driver's pod `driver-NODE` on it as far as an API server knows it, whose token names the node. */
export async function startNodePod(server: ApiServer, namespace: string, node: string): Promise<void> {
  const items = [
    { apiVersion: 'v1', kind: 'Node', metadata: { name: node } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `driver-${node}`, namespace },
      spec: {
        nodeName: node,
        serviceAccountName: 'syncthing-csi-node',
        automountServiceAccountToken: false,
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'node', image: 'none' }],
      },
    },
  ];
  await server.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}
