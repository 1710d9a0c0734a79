import path from 'node:path';
import * as z from 'zod/mini';
import type { Definition } from './plan.ts';

export interface Settings {
  readonly namespace: string;
  /** Directory with the definitions, each a file of JSON. */
  readonly directory: string;
}

const environment = z.object({
  NAMESPACE: z.string('is not set').check(z.minLength(1, 'is not set')),
  CRDS_DIR: z.string('is not set').check(z.refine((value) => path.isAbsolute(value), 'is no absolute path')),
});

/** Throws one Error that names every bad variable. */
export function parseSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new Error(`crds: environment: ${faults.join('; ')}`);
  }
  return { namespace: parsed.data.NAMESPACE, directory: parsed.data.CRDS_DIR };
}

const definition = z.object({
  kind: z.literal('CustomResourceDefinition'),
  metadata: z.object({ name: z.string().check(z.minLength(1)) }),
  spec: z.record(z.string(), z.unknown()),
});

/** Throws an Error that names the file. */
export function parseDefinition(file: string, text: string): Definition {
  try {
    const { metadata, spec } = definition.parse(JSON.parse(text));
    return { name: metadata.name, spec };
  } catch (cause) {
    throw new Error(`${file} is no CustomResourceDefinition in JSON`, { cause });
  }
}
