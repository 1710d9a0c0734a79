import { shortHash } from './volume-id.ts';

/** DNS-1123 subdomain, the limit of a resource's name. */
const MAX_NAME = 253;

/** Name of the SyncthingReplica of a volume on a node; a node name too long for it is replaced by its hash. */
export function replicaName(volumeName: string, node: string): string {
  const name = `${volumeName}.${node}`;
  return name.length <= MAX_NAME ? name : `${volumeName}.${shortHash(node, 32)}`;
}
