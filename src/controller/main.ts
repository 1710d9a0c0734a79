import { randomBytes } from 'node:crypto';
import { parseCsiEndpoint } from '../csi/endpoint.ts';
import { createLogger } from '../runtime/logger.ts';
import { parseControllerConfig } from '../runtime/config.ts';
import { run } from '../runtime/run.ts';
import { systemClock } from '../runtime/clock.ts';
import { connectKubernetes } from '../kubernetes/connect-kubernetes.ts';
import { leaseIdentity } from '../kubernetes/lease.ts';
import { runController } from './run-controller.ts';
import { VERSION } from '../runtime/version.ts';

/** The program `controller`: CSI Controller on a unix socket, and the reconciler of the one that leads. */
export async function main(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const config = parseControllerConfig(environment);
  const log = createLogger({ level: config.logLevel, to: 'stdout' });
  const kubeconfig = environment['KUBECONFIG'];
  await run(
    async (signal) => {
      await using connection = await connectKubernetes({
        namespace: config.namespace,
        environment,
        clock: systemClock,
        userAgent: `syncthing-csi-controller/${VERSION}`,
        ...(kubeconfig !== undefined && kubeconfig !== '' && { kubeconfig }),
      });
      await runController({
        config,
        client: connection.client,
        clock: systemClock,
        log,
        version: VERSION,
        socketPath: parseCsiEndpoint(config.csiEndpoint),
        identity: leaseIdentity(config.podName, randomBytes(6).toString('hex')),
        random: Math.random,
        signal,
      });
    },
    { process, log, drainMs: config.drainMs + 10_000 },
  );
}
