import { describe, expect, it } from 'vitest';
import { type ClusterObserved, type NodeObserved, planHealing } from './heal-plan.ts';

const sound: NodeObserved = {
  isRunning: true,
  hasKubelet: true,
  hasFiller: false,
  object: { isTainted: false, isCordoned: false },
};
const whole: ClusterObserved = {
  isCut: false,
  hasControlPlane: true,
  nodes: { node1: sound, node2: sound, node3: sound },
};

function withNode2(change: Partial<NodeObserved>): ClusterObserved {
  return { ...whole, nodes: { ...whole.nodes, node2: { ...sound, ...change } } };
}

describe('healing', () => {
  it('does nothing to a whole cluster', () => {
    expect(planHealing(whole)).toEqual([]);
  });

  it.each([
    [{ ...whole, isCut: true }, [{ kind: 'heal-network' }]],
    [{ ...whole, hasControlPlane: false }, [{ kind: 'start-control-plane' }]],
    [withNode2({ hasKubelet: false }), [{ kind: 'start-kubelet', node: 'node2' }]],
    [withNode2({ hasFiller: true }), [{ kind: 'free-disk', node: 'node2' }]],
    [withNode2({ object: { isTainted: true, isCordoned: false } }), [{ kind: 'untaint', node: 'node2' }]],
    [withNode2({ object: { isTainted: false, isCordoned: true } }), [{ kind: 'uncordon', node: 'node2' }]],
  ] as const)('heals one thing', (seen, actions) => {
    expect(planHealing(seen)).toEqual(actions);
  });

  it('gives a node its power before it looks at anything in it, and the network and API before all', () => {
    const seen = withNode2({ isRunning: false, hasKubelet: false, hasFiller: true });
    expect(planHealing({ ...seen, isCut: true, hasControlPlane: false })).toEqual([
      { kind: 'heal-network' },
      { kind: 'start-control-plane' },
      { kind: 'power-on', node: 'node2' },
    ]);
  });
});
