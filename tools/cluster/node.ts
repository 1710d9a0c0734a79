import { existsSync } from 'node:fs';
import { z } from 'zod';
import { waitUntil } from '../host/wait-until.ts';
import type { Machine } from './address-plan.ts';
import { type ClusterPaths, machinePaths } from './cluster-paths.ts';
import { importImages } from './image-import.ts';
import { kubectl } from './kubectl.ts';
import { type RunningMachine, insideMachine, runInside } from './machine.ts';
import { CONTAINERD, KUBE_PROXY, KUBE_PROXY_HEALTH_PORT, kubelet } from './node-plan.ts';
import { startService, waitForService } from './service.ts';

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]) })).ok;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/**
 * Starts what does not run of containerd, kubelet and kube-proxy, with every image in place before the kubelet begins.
 * Gives back when (milliseconds) the kubelet began, if that was now.
 */
export async function startNode(
  node: Machine,
  machine: RunningMachine,
  paths: ClusterPaths,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { logs } = machinePaths(paths, node.name);
  function logFile(service: string): string {
    return `${logs}/${service}.log`;
  }
  async function containerdAnswers(): Promise<boolean> {
    if (!existsSync(insideMachine(machine, '/run/containerd/containerd.sock'))) return false;
    try {
      await runInside(machine, ['ctr', 'version'], signal);
      return true;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }
  await startService(machine, CONTAINERD, logFile(CONTAINERD.name), signal);
  await waitForService(machine, CONTAINERD.name, {
    logFile: logFile(CONTAINERD.name),
    ready: containerdAnswers,
    signal,
  });
  await importImages(machine, paths.images, signal);
  const now = Date.now();
  const begun = await startService(machine, kubelet(node), logFile('kubelet'), signal);
  await startService(machine, KUBE_PROXY, logFile(KUBE_PROXY.name), signal);
  // A node is Ready without it, but a Service would not be reachable from its pods yet.
  await waitForService(machine, KUBE_PROXY.name, {
    logFile: logFile(KUBE_PROXY.name),
    ready: async () => await isHealthy(`http://${node.address}:${KUBE_PROXY_HEALTH_PORT}/healthz`, signal),
    signal,
  });
  return begun ? now : undefined;
}

const nodeStatus = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) }),
});
const lease = z.object({ spec: z.object({ renewTime: z.iso.datetime({ offset: true }) }) });

async function isReady(
  name: string,
  since: number,
  paths: ClusterPaths,
  signal: AbortSignal,
): Promise<boolean> {
  const node = nodeStatus.parse(
    JSON.parse(await kubectl(paths, ['get', 'node', name, '-o', 'json'], signal)),
  );
  if (!node.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return false;
  const words = ['get', 'lease', '--namespace=kube-node-lease', name, '-o', 'json'];
  const { spec } = lease.parse(JSON.parse(await kubectl(paths, words, signal)));
  return Date.parse(spec.renewTime) >= since;
}

/**
 * Waits until the node is Ready and its kubelet has said so after `since` (milliseconds): what the API says of a node
 * whose power was cut stays true for a while.
 */
export async function waitForReadyNode(
  name: string,
  since: number,
  paths: ClusterPaths,
  signal: AbortSignal,
): Promise<void> {
  const what = `${name} to be Ready; logs: ${machinePaths(paths, name).logs}`;
  await waitUntil(
    async () => {
      try {
        return (await isReady(name, since, paths, signal)) ? true : undefined;
      } catch {
        signal.throwIfAborted();
        return undefined;
      }
    },
    { signal, timeoutMs: 120_000, everyMs: 500, what },
  );
}
