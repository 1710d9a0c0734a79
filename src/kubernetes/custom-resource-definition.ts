import * as z from 'zod/mini';
import type { ObjectIdentity } from '../desired/object.ts';
import { identityOf, metadataSchema, parseObject } from './object-schema.ts';

/** The definition of a kind of resources, uninterpreted. */
export interface CustomResourceDefinition extends ObjectIdentity {
  readonly spec: Readonly<Record<string, unknown>>;
}

const schema = z.object({ metadata: metadataSchema, spec: z.record(z.string(), z.unknown()) });

export function parseCustomResourceDefinition(raw: unknown): CustomResourceDefinition {
  const { metadata, spec } = parseObject(schema, 'CustomResourceDefinition', raw);
  return { ...identityOf(metadata), spec };
}
