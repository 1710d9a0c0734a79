import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { clusterPaths } from '../cluster/cluster-paths.ts';
import { renderManifests } from './render-manifests.ts';

/** `node tools/manifests/main.ts [--namespace NAME] [--values FILE]`: writes dist/syncthing-csi.yaml. */
const checkout = path.resolve(import.meta.dirname, '../..');

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? undefined : process.argv[at + 1];
}

try {
  const abort = new AbortController();
  process.on('SIGINT', () => abort.abort());
  process.on('SIGTERM', () => abort.abort());
  const built = path.join(clusterPaths(checkout).bin, 'helm');
  const values = option('values');
  const text = await renderManifests({
    helm: existsSync(built) ? built : 'helm',
    chart: path.join(checkout, 'deploy/chart'),
    namespace: option('namespace') ?? 'syncthing-csi',
    ...(values !== undefined && { values: path.resolve(values) }),
    signal: abort.signal,
  });
  mkdirSync(path.join(checkout, 'dist'), { recursive: true });
  writeFileSync(path.join(checkout, 'dist/syncthing-csi.yaml'), text);
  process.stdout.write(
    'wrote dist/syncthing-csi.yaml: kubectl apply --server-side -f dist/syncthing-csi.yaml\n',
  );
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
