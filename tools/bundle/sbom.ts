/** What the driver is made of, in the words of npm's own tool. */
import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { z } from 'zod';

/** In the image as /app/sbom.cdx.json. */
export const SBOM_FILE = 'sbom.cdx.json';

const cycloneDx = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  serialNumber: z.string(),
  metadata: z.looseObject({ timestamp: z.string(), component: z.looseObject({ name: z.string() }) }),
  components: z.array(
    z.looseObject({
      'bom-ref': z.string(),
      name: z.string(),
      properties: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
    }),
  ),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});
type CycloneDx = z.infer<typeof cycloneDx>;

/** npm's own mark; its `--omit=dev` leaves out more, zod for one, which a tool of the build uses as well. */
function isForDevelopment({ properties }: CycloneDx['components'][number]): boolean {
  return properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true');
}

/**
 * npm's CycloneDX list of what the lock file says that the driver depends on, without the tools of its build. What npm
 * makes up anew each time (a number, the time) and takes from the name of the directory is left out, so that the same
 * commit gives the same bytes.
 */
export function settled(text: string): object {
  const { serialNumber: _, metadata, components, dependencies, ...rest } = cycloneDx.parse(JSON.parse(text));
  const { timestamp: __, component, ...about } = metadata;
  const left = new Set(components.filter(isForDevelopment).map((each) => each['bom-ref']));
  return {
    ...rest,
    metadata: { ...about, component: { ...component, name: 'syncthing-csi' } },
    components: components.filter((each) => !left.has(each['bom-ref'])),
    dependencies: dependencies
      .filter(({ ref }) => !left.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => !left.has(other)) })),
  };
}

/** Asks npm in `checkout`, which fetches nothing for it, and writes the list to `file`. */
export async function writeSbom(checkout: string, file: string): Promise<void> {
  const words = [
    'sbom',
    '--sbom-format=cyclonedx',
    '--sbom-type=application',
    '--package-lock-only',
    '--no-update-notifier',
  ];
  const { stdout } = await execa('npm', words, { cwd: checkout });
  await writeFile(file, `${JSON.stringify(settled(stdout), undefined, 1)}\n`);
}
