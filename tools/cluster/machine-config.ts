import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import { writeAtomically } from '../host/write-atomically.ts';
import { type PlacedSet } from '../programs/build-programs.ts';
import { programsOf } from '../programs/program-set.ts';
import type { Machine } from './address-plan.ts';
import { kubeconfig } from './certificate-plan.ts';
import { readCredentials } from './certificates.ts';
import { type ClusterPaths, machinePaths } from './cluster-paths.ts';
import { CONTROL_PLANE_CLIENTS, CONTROL_PLANE_PKI } from './control-plane-plan.ts';
import {
  containerdConfiguration,
  kubeProxyConfiguration,
  kubeletConfiguration,
  nodeEtc,
} from './node-plan.ts';

function client(paths: ClusterPaths, certificate: string): string {
  return stringify(kubeconfig(certificate, readCredentials(paths.pki, certificate)));
}

function pretty(value: object): string {
  return JSON.stringify(value, undefined, 2);
}

/** The same for a name as long as the project is used from the same folder. */
function machineId(paths: ClusterPaths, name: string): string {
  return createHash('sha256').update(`${paths.checkout}/${name}`).digest('hex').slice(0, 32);
}

function nodeFiles(machine: Machine, paths: ClusterPaths): Readonly<Record<string, string>> {
  return {
    'containerd.toml': containerdConfiguration(),
    'kubelet.json': pretty(kubeletConfiguration(machine)),
    'kubelet.kubeconfig': client(paths, machine.name),
    'kube-proxy.json': pretty(kubeProxyConfiguration()),
    'kube-proxy.kubeconfig': client(paths, 'kube-proxy'),
    'pki/ca.crt': readFileSync(join(paths.pki, 'ca.crt'), 'utf8'),
  };
}

function controlPlaneFiles(paths: ClusterPaths): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ...CONTROL_PLANE_CLIENTS.map((name) => [`${name}.kubeconfig`, client(paths, name)]),
    ...CONTROL_PLANE_PKI.map((name) => [`pki/${name}`, readFileSync(join(paths.pki, name), 'utf8')]),
  ]);
}

/** Links to every program where the machine sees the cache, also to those that are still being built. */
function linkMachinePrograms(bin: string, cache: string, placed: readonly PlacedSet[]): void {
  mkdirSync(bin, { recursive: true });
  for (const { set, directory } of placed)
    for (const { name } of programsOf(set)) {
      const target = join('/run/cluster/cache', relative(cache, directory), name);
      replaceLink(join(bin, name), target);
    }
}

function replaceLink(link: string, target: string): void {
  try {
    if (readlinkSync(link) === target) return;
  } catch {
    // There is none yet.
  }
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

export type MachineConfigOptions = {
  readonly paths: ClusterPaths;
  readonly cache: string;
  readonly programs: readonly PlacedSet[];
  /** Every machine of the cluster. */
  readonly machines: readonly Machine[];
};

/** Writes all that a machine reads at its start; the files of one that runs are replaced in place. */
export function writeMachineConfig(machine: Machine, options: MachineConfigOptions): void {
  const { paths, cache, programs, machines } = options;
  const { config } = machinePaths(paths, machine.name);
  const files = {
    ...nodeEtc(machine, machines, machineId(paths, machine.name)),
    ...(machine.role === 'node' ? nodeFiles(machine, paths) : controlPlaneFiles(paths)),
  };
  for (const [name, content] of Object.entries(files)) {
    const secret = !name.startsWith('etc/');
    writeAtomically(join(config, name), content, secret ? 0o600 : 0o644);
  }
  chmodSync(config, 0o755);
  linkMachinePrograms(join(config, 'bin'), cache, programs);
}
