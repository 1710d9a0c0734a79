import { connectKubernetes } from '../kubernetes/connect-kubernetes.ts';
import { systemClock } from '../runtime/clock.ts';
import { parseControllerConfig, type Environment } from '../runtime/config.ts';
import { VERSION } from '../runtime/version.ts';
import { parseImport } from './import-request.ts';
import { makeImport } from './make-import.ts';

const TIMEOUT_MS = 30_000;

/**
 * The program `import`, run by a person in the controller's container: makes the volume of a directory, and prints the
 * PersistentVolume and the claim for it, to be applied (docs/operations.md, "Import").
 */
export async function main(environment: Environment): Promise<void> {
  try {
    const request = parseImport(process.argv.slice(3));
    const { namespace, driverName } = parseControllerConfig(environment);
    const kubeconfig = environment['KUBECONFIG'];
    await using connection = await connectKubernetes({
      namespace,
      environment,
      clock: systemClock,
      userAgent: `syncthing-csi-import/${VERSION}`,
      ...(kubeconfig !== undefined && kubeconfig !== '' && { kubeconfig }),
    });
    const call = { signal: AbortSignal.timeout(TIMEOUT_MS) };
    const manifests = await makeImport({ client: connection.client, driverName, request, call });
    process.stdout.write(`${JSON.stringify(manifests, undefined, 2)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
