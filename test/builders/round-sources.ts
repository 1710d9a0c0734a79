import type { RoundSources } from '../../src/node/round-view.ts';

/** What helpers are told of a node on which there is nothing but these orders. */
export function roundSources(replicas: ReturnType<RoundSources['replicas']>): RoundSources {
  return {
    replicas: () => replicas,
    unreadable: () => [],
    node: () => undefined,
    labels: () => ({}),
    storageLabel: 'd.test/syncthing-storage',
    syncthingSocket: '/nobody.sock',
    trashGraceMs: 0,
    budgetMs: 0,
  };
}
