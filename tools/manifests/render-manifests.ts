import { runCommand } from '../host/run-command.ts';

export interface ManifestOptions {
  /** The program, by its path or its name. */
  readonly helm: string;
  readonly chart: string;
  readonly namespace: string;
  /** A file of values. */
  readonly values?: string;
  readonly signal: AbortSignal;
}

/**
 * Everything that an install makes, for `kubectl apply`: the namespace, which lets privileged pods in, the definitions
 * of the resources, and the chart without its hooks.
 */
export async function renderManifests(options: ManifestOptions): Promise<string> {
  const { helm, chart, namespace, values, signal } = options;
  const files = values === undefined ? [] : ['--values', values];
  const rendered = await runCommand(
    [
      helm,
      'template',
      'syncthing-csi',
      chart,
      '--namespace',
      namespace,
      '--include-crds',
      '--no-hooks',
      ...files,
    ],
    { signal },
  );
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    pod-security.kubernetes.io/enforce: privileged
${rendered.startsWith('---') ? '' : '---\n'}${rendered.trimEnd()}
`;
}
