import type { NodeRpcs } from '../csi/server.ts';

/** CSI 1.12: what this node is, and what it can do. A node's name is its id; volumes are not bound to a topology. */
export function nodeInfoRpcs(node: string): Pick<NodeRpcs, 'NodeGetInfo' | 'NodeGetCapabilities'> {
  return {
    async NodeGetInfo() {
      return { nodeId: node, maxVolumesPerNode: '0' };
    },
    async NodeGetCapabilities() {
      return { capabilities: CAPABILITIES.map((type) => ({ rpc: { type } })) };
    },
  };
}

/** With SINGLE_NODE_MULTI_WRITER the kubelet translates ReadWriteOnce to it, and ReadWriteOncePod to one target. */
const CAPABILITIES = ['STAGE_UNSTAGE_VOLUME', 'GET_VOLUME_STATS', 'SINGLE_NODE_MULTI_WRITER'] as const;
