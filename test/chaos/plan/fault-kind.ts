/** Every kind of fault there is. Adding one is a type error until each table that is made from them has it. */
export const FAULT_KINDS = [
  'power-cut-writer',
  'power-cut-data-node',
  'power-cut-all',
  'partition-nodes',
  'partition-api',
  'partition-one-way',
  'kill-syncthing',
  'kill-node',
  'kill-introducer',
  'kill-resharer',
  'kill-deleter',
  'kill-nodewatcher',
  'kill-controller',
  'kill-kubelet',
  'kill-kubelet-before-unstage',
  'api-server-gone',
  'database-deleted-replica',
  'database-deleted-writer',
  'disk-full-replica',
  'disk-full-writer',
  'replica-wiped',
  'replica-changed',
  'many-small-files',
  'big-file-blocks',
  'pod-killed',
  'swap-nodes',
  'drain',
  'lost-tainted-old-disk',
  'lost-tainted-empty-disk',
  'lost-deleted-old-disk',
  'lost-deleted-empty-disk',
  'lost-partitioned',
  'kubelet-dead',
  'api-restored',
  'kill-scrubber',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** In the middle of what a fault comes. `writing` is the steady work between two moves. */
export const PHASES = ['provision', 'attach', 'writing', 'detach', 'delete'] as const;
export type Phase = (typeof PHASES)[number];

export const NODES = ['node1', 'node2', 'node3'] as const;
export type NodeName = (typeof NODES)[number];
