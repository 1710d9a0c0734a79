import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const scenario = join(import.meta.dirname, 'network-scenario.ts');

/** A network and a /run of its own: a cluster that runs on this machine is neither seen nor touched. */
function runAlone(script: string): Readonly<Record<string, unknown>> {
  const enter = ['--net', '--mount', '--propagation', 'private', 'sh', '-c'];
  const inside = 'mount -n -t tmpfs tmpfs /run && ip link set lo up && exec "$0" "$1"';
  const ended = spawnSync('unshare', [...enter, inside, process.execPath, script], { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(ended.stderr);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(ended.stdout));
}

describe('the cluster’s network', () => {
  it('connects, parts, heals, is plugged in again, and leaves nothing', () => {
    expect(runAlone(scenario)).toEqual({
      'fresh: node1 reaches node2': true,
      'fresh: node1 reaches control-plane': true,
      'fresh: host reaches control-plane': true,
      'node1 and node2 parted: node1 reaches node2': false,
      'node1 and node2 parted: node1 reaches node3': true,
      'healed from the other side: node1 reaches node2': true,
      'control plane hears nobody: node3 reaches control-plane': false,
      'control plane hears nobody: host reaches control-plane': true,
      'cuts after healing all': [],
      'node1 unplugged: node2 reaches node1': false,
      'brought about again: node2 reaches node1': true,
      'brought about again: node3 reaches node2': true,
      'brought about again: host reaches control-plane': true,
      'links left': false,
      'namespaces left': '',
    });
  });
});
