import type { ModelNode } from './model-node.ts';
import type { World } from './world.ts';

/** The node gets to the API server. */
export function reaches(world: World, node: ModelNode): boolean {
  return node.isOn && node.hasApi && world.isApiUp;
}
