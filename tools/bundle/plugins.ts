import type { Plugin } from 'esbuild';

/**
 * The package does not say so, but its hundreds of modules only define: without this all of them are in the bundle,
 * 71 MiB of private memory instead of 22.
 */
export const withoutSideEffects: Plugin = {
  name: 'client-node-without-side-effects',
  setup(plugin) {
    plugin.onResolve(
      { filter: /^@kubernetes\/client-node/ },
      async ({ path: wanted, pluginData, ...rest }) => {
        if (pluginData === 'resolved') return undefined;
        const resolved = await plugin.resolve(wanted, { ...rest, pluginData: 'resolved' });
        return { ...resolved, sideEffects: false };
      },
    );
  },
};

/**
 * An import statement reads every export of a built-in module, and the ones of node:http that are made when they are
 * first read (WebSocket, MessageEvent) bring the whole of undici: 7 MiB of private memory and 5 of the program's text in
 * each process, for nothing. The module as an object leaves them unread.
 */
export const httpWithoutWebSocket: Plugin = {
  name: 'http-without-websocket',
  setup(plugin) {
    plugin.onResolve({ filter: /^(node:)?https?$/ }, ({ path: wanted, kind }) =>
      kind === 'import-statement' ? { path: wanted, namespace: 'built-in' } : undefined,
    );
    plugin.onLoad({ filter: /./, namespace: 'built-in' }, ({ path: wanted }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(wanted)});`,
    }));
  },
};

export const kubeconfigBundle = 'kubeconfig-credentials';

/**
 * A file of its own, read only where a kubeconfig is given: in the same file it costs 20 MiB of private memory in every
 * pod, though it is imported on demand.
 */
export const kubeconfigApart: Plugin = {
  name: 'kubeconfig-apart',
  setup(plugin) {
    plugin.onResolve({ filter: /\/kubeconfig-credentials\.ts$/ }, () => ({
      path: `./${kubeconfigBundle}.js`,
      external: true,
    }));
  },
};
