/** The copies of a volume as they are on the nodes' disks, behind the driver's back. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NODES, type NodeName } from '../plan/fault-kind.ts';
import type { Tree } from '../ledger/value.ts';
import { readTree } from '../writer/read-tree.ts';
import { nodePath } from './power.ts';
import { HOST_DATA_DIR, type Stage } from './stage.ts';

/** What pods see of the node's copy, from the host; undefined while the node is off. */
export function dataDirectory(stage: Stage, node: NodeName, volumeId: string): string | undefined {
  return nodePath(stage, node, join(HOST_DATA_DIR, 'volumes', volumeId, 'sync/data'));
}

/** The node's copy; undefined where it has none. */
export function readCopy(stage: Stage, node: NodeName, volumeId: string): Tree | undefined {
  const directory = dataDirectory(stage, node, volumeId);
  return directory !== undefined && existsSync(directory) ? readTree(directory) : undefined;
}

/** Nodes that have anything of the volume under `volumes/`. */
export function nodesWithCopy(stage: Stage, volumeId: string): readonly NodeName[] {
  return NODES.filter((node) => {
    const volumes = nodePath(stage, node, join(HOST_DATA_DIR, 'volumes'));
    return volumes !== undefined && existsSync(volumes) && readdirSync(volumes).includes(volumeId);
  });
}
