import { join } from 'node:path';

/** The fixed names of a checkout's cluster. */
export type ClusterPaths = {
  readonly checkout: string;
  readonly root: string;
  readonly kubeconfig: string;
  readonly bin: string;
  readonly logs: string;
  /** The user's: read and added to, never emptied. */
  readonly images: string;
  readonly pki: string;
  readonly machines: string;
};

/** Where everything of the cluster of this checkout lies. */
export function clusterPaths(checkout: string): ClusterPaths {
  const root = join(checkout, '.cluster');
  return {
    checkout,
    root,
    kubeconfig: join(root, 'kubeconfig'),
    bin: join(root, 'bin'),
    logs: join(root, 'logs'),
    images: join(root, 'images'),
    pki: join(root, 'pki'),
    machines: join(root, 'nodes'),
  };
}

/** Files of one machine, all of them on the host's own disk. */
export type MachinePaths = {
  readonly directory: string;
  readonly disk: string;
  readonly config: string;
  /** Empty on the host; the machine's tmpfs of /run begins here, in its own mount namespace. */
  readonly run: string;
  readonly identity: string;
  readonly logs: string;
};

/** Where the files of one machine lie. */
export function machinePaths(paths: ClusterPaths, name: string): MachinePaths {
  const directory = join(paths.machines, name);
  return {
    directory,
    disk: join(directory, 'disk.img'),
    config: join(directory, 'config'),
    run: join(directory, 'run'),
    identity: join(directory, 'pid.json'),
    logs: join(paths.logs, name),
  };
}
