import { connectKubernetes } from '../kubernetes/connect-kubernetes.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';
import { systemClock } from '../runtime/clock.ts';
import { parseControllerConfig, type Environment } from '../runtime/config.ts';
import { VERSION } from '../runtime/version.ts';
import { judgeUninstall } from './uses.ts';

const TIMEOUT_MS = 60_000;

/** The program `uninstall-check`: the chart's hook before an uninstallation. Fails where a volume is in use. */
export async function main(environment: Environment): Promise<void> {
  try {
    const { namespace, driverName } = parseControllerConfig(environment);
    const kubeconfig = environment['KUBECONFIG'];
    await using connection = await connectKubernetes({
      namespace,
      environment,
      clock: systemClock,
      userAgent: `syncthing-csi-uninstall-check/${VERSION}`,
      ...(kubeconfig !== undefined && kubeconfig !== '' && { kubeconfig }),
    });
    const call = { signal: AbortSignal.timeout(TIMEOUT_MS) };
    const found = await connection.client.list(SYNCTHING_VOLUMES, { labels: labelsOf(driverName) }, call);
    const { isFree, text } = judgeUninstall(found);
    process.stdout.write(`${text}\n`);
    process.exitCode = isFree ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
