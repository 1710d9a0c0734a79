/** Settings that name files or habits of this machine, which mean nothing inside a build. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set([
  'cache',
  'cafile',
  'globalconfig',
  'init-module',
  'logs-dir',
  'node-options',
  'nodedir',
  'prefix',
  'script-shell',
  'shell',
  'tmp',
  'userconfig',
]);

/** Settings that a user may give by environment instead of a file, as npm_config_NAME. */
const FROM_ENVIRONMENT = ['registry', 'proxy', 'https-proxy', 'noproxy', 'strict-ssl'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** `key=value`, or undefined for comments and lines of another kind. */
function settingOf(line: string): { readonly key: string; readonly value: string } | undefined {
  const match = /^\s*([^;#=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
  const [, key, value] = match ?? [];
  return key === undefined || value === undefined ? undefined : { key, value };
}

function environmentValue(environment: Environment, name: string): string | undefined {
  const wanted = `npm_config_${name.replaceAll('-', '_')}`;
  const key = Object.keys(environment).find((candidate) => candidate.toLowerCase() === wanted);
  return key === undefined ? undefined : environment[key];
}

/** As npm does it: ${NAME} stands for the environment's value, and for itself where there is none. */
function expand(line: string, environment: Environment): string {
  return line.replaceAll(/\$\{([^}?]+)\??\}/g, (whole, name: string) => environment[name] ?? whole);
}

/** One npmrc that says what npm would do on this machine, later files over earlier ones, the environment over all. */
export function mergeNpmSettings(files: readonly string[], environment: Environment): string {
  const lines = files
    .flatMap((text) => text.split('\n'))
    .filter((line) => {
      const setting = settingOf(line);
      return setting !== undefined && !OF_THE_MACHINE.has(setting.key.toLowerCase());
    });
  const given = FROM_ENVIRONMENT.flatMap((name) => {
    const value = environmentValue(environment, name);
    return value === undefined || value === '' ? [] : [`${name}=${value}`];
  });
  return [...lines, ...given].map((line) => `${expand(line.trim(), environment)}\n`).join('');
}

/** Files with certificate authorities that npm on this machine trusts beside its own: the settings' and Node's. */
export function caFiles(files: readonly string[], environment: Environment): readonly string[] {
  const named = files
    .flatMap((text) => text.split('\n'))
    .map((line) => settingOf(line))
    .filter((setting) => setting?.key === 'cafile');
  const found = [
    ...named.map((setting) => setting?.value),
    environmentValue(environment, 'cafile'),
    environment['NODE_EXTRA_CA_CERTS'],
  ];
  const paths = found.flatMap((path) =>
    path === undefined || path === '' ? [] : [path.replaceAll(/^["']|["']$/g, '')],
  );
  return [...new Set(paths)];
}
