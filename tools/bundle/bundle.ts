import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BuildOptions } from 'esbuild';
import { build } from 'esbuild';
import type { ProgramName } from '../../src/runtime/program.ts';
import { programNames } from '../../src/runtime/program.ts';
import { httpWithoutWebSocket, kubeconfigApart, kubeconfigBundle, withoutSideEffects } from './plugins.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface Bundle {
  /** A program, or `main`, which picks one. */
  readonly name: string;
  readonly bytes: number;
  /** What it is made of, largest first. */
  readonly packages: readonly { readonly name: string; readonly bytes: number }[];
}

/** One minified file a program into `outDir`; a program that has no main.ts yet is left out. */
export async function bundlePrograms(outDir: string): Promise<readonly Bundle[]> {
  await mkdir(outDir, { recursive: true });
  // The image has no other package.json that would say it.
  await writeFile(path.join(outDir, 'package.json'), '{ "type": "module" }\n');
  const bundles: Bundle[] = [];
  for (const name of programNames) {
    if (!(await exists(path.join(root, 'src', name, 'main.ts')))) continue;
    bundles.push(
      await bundleOne(name, { ...shared(outDir, name), stdin: { contents: entry(name), resolveDir: root } }),
    );
  }
  const kubeconfig = path.join(root, 'src/kubernetes', `${kubeconfigBundle}.ts`);
  const alone = {
    ...shared(outDir, kubeconfigBundle),
    plugins: [withoutSideEffects, httpWithoutWebSocket],
    entryPoints: [kubeconfig],
  };
  bundles.push(await bundleOne(kubeconfigBundle, alone));
  bundles.push(
    await bundleOne('main', { ...shared(outDir, 'main'), entryPoints: [path.join(root, 'src/main.ts')] }),
  );
  return bundles;
}

/**
 * The bundle runs when it is loaded. What ends it is printed here: Node would first print the line of source that threw,
 * which in a minified file is the whole program.
 */
function entry(name: ProgramName): string {
  return `import { inspect } from 'node:util';
import { main } from './src/${name}/main.ts';
try {
  await main(process.env);
} catch (error) {
  process.stderr.write(inspect(error) + '\\n');
  process.exit(1);
}`;
}

function shared(outDir: string, name: string) {
  return {
    absWorkingDir: root,
    outfile: path.join(outDir, `${name}.js`),
    bundle: true,
    minify: true,
    // Names of errors and of functions in stacks are read by people.
    keepNames: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // Packages in CommonJS call require for the built-in modules.
    banner: {
      js: "import{createRequire as nodeRequire}from'node:module';const require=nodeRequire(import.meta.url);",
    },
    plugins: [withoutSideEffects, httpWithoutWebSocket, kubeconfigApart],
  } as const satisfies BuildOptions;
}

async function bundleOne(name: string, options: BuildOptions & { readonly metafile: true }): Promise<Bundle> {
  const { metafile } = await build(options);
  const [output] = Object.values(metafile.outputs);
  if (output === undefined) throw new Error(`esbuild made nothing of ${name}`);
  const byPackage = new Map<string, number>();
  for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
    const owner = packageOf(file);
    byPackage.set(owner, (byPackage.get(owner) ?? 0) + bytesInOutput);
  }
  const packages = [...byPackage].map(([owner, bytes]) => ({ name: owner, bytes }));
  return { name, bytes: output.bytes, packages: packages.toSorted((a, b) => b.bytes - a.bytes) };
}

function packageOf(file: string): string {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file)?.[1] ?? 'src';
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
