import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { connectKubernetes } from '../kubernetes/connect-kubernetes.ts';
import { ownNamespaceIn } from '../mount/host-proc.ts';
import { createMounter } from '../mount/util-linux-mounter.ts';
import { syncFilesystems } from '../mount/sync-filesystems.ts';
import { systemClock } from '../runtime/clock.ts';
import { parseNodeConfig, type Environment } from '../runtime/config.ts';
import { createLogger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { run } from '../runtime/run.ts';
import { VERSION } from '../runtime/version.ts';
import { connectSyncthing } from '../syncthing/connect-syncthing.ts';
import { createHelpers } from './helpers.ts';
import { realMountPoints } from './mount-points.ts';
import { runNode } from './run-node.ts';
import { createScrubber } from './scrubber.ts';
import { openStore } from './store.ts';

const MOUNT_TIMEOUT_MS = 30_000;
/** A disk that takes minutes to sync is a disk in trouble; the report waits for it, nothing else does. */
const SYNC_TIMEOUT_MS = 300_000;

/** The program `node`: CSI Identity and Node for the kubelet of one node. */
export async function main(environment: Environment): Promise<void> {
  const config = parseNodeConfig(environment);
  const log = createLogger({ level: config.logLevel, to: 'stdout' });
  const kubeconfig = environment['KUBECONFIG'];
  await run(
    async (signal) => {
      const store = await openStore(config.hostDataDir, config);
      const apiKey = await readApiKey(path.join(store.layout.syncthingHome, 'api-key'));
      const metrics = createMetrics();
      await using connection = await connectKubernetes({
        namespace: config.namespace,
        environment,
        clock: systemClock,
        userAgent: `syncthing-csi-node/${VERSION}`,
        ...(kubeconfig !== undefined && kubeconfig !== '' && { kubeconfig }),
      });
      await runNode({
        config,
        store,
        kubernetes: connection.client,
        syncthing: connectSyncthing({ socketPath: config.syncthingSocket, apiKey }),
        mounter: createMounter({ hostProc: config.hostProc, timeoutMs: MOUNT_TIMEOUT_MS }),
        mountPoints: realMountPoints,
        ownNamespace: await ownNamespaceIn(config.hostProc),
        syncFilesystems: (paths, until) =>
          syncFilesystems(paths, { signal: until, timeoutMs: SYNC_TIMEOUT_MS }),
        helpers: createHelpers({
          node: process.execPath,
          callerFile: import.meta.filename,
          timeoutMs: config.helperTimeoutMs,
          log,
          metrics,
          env: helperEnvironment(environment),
        }),
        scrubber: createScrubber({
          node: process.execPath,
          callerFile: import.meta.filename,
          log,
          env: helperEnvironment(environment),
          syncthingSocket: config.syncthingSocket,
          syncthingHome: store.layout.syncthingHome,
        }),
        clock: systemClock,
        log,
        metrics,
        version: VERSION,
        random: Math.random,
        signal,
      });
    },
    { process, log, drainMs: config.drainMs + 10_000 },
  );
}

async function readApiKey(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new Error(
      `cannot read Syncthing's API key ${file}: has the init container syncthing-config run on this node?`,
      { cause },
    );
  }
}

/** A helper gets what it needs on stdin; programs that it starts need a PATH. */
function helperEnvironment({ PATH }: Environment): Readonly<Record<string, string>> {
  return PATH === undefined ? {} : { PATH };
}
