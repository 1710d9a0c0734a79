import type { ApiServer } from './api-server.ts';

/** Installs the CRDs as the chart has them, and waits until they are served. */
export async function applyCrds(server: ApiServer): Promise<void> {
  await server.kubectl(['apply', '-f', 'deploy/chart/crds']);
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'deploy/chart/crds']);
}
