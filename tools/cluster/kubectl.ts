import { join } from 'node:path';
import { runCommand } from '../host/run-command.ts';
import type { ClusterPaths } from './cluster-paths.ts';

const NO_PROXY = {
  HTTP_PROXY: undefined,
  HTTPS_PROXY: undefined,
  http_proxy: undefined,
  https_proxy: undefined,
  ALL_PROXY: undefined,
  all_proxy: undefined,
};

/** Runs kubectl on this checkout's cluster, never through a proxy. */
export async function kubectl(
  paths: ClusterPaths,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const program = join(paths.bin, 'kubectl');
  return await runCommand([program, `--kubeconfig=${paths.kubeconfig}`, '--request-timeout=20s', ...words], {
    signal,
    env: NO_PROXY,
  });
}
