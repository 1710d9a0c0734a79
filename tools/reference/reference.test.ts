import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chartValues } from './chart-values.ts';
import { pages } from './pages.ts';
import { replaceSection, row } from './table.ts';
import { terraformBlocks } from './terraform-blocks.ts';

describe('the tables of inputs', () => {
  test.each(pages(process.cwd()).map((page) => [page.file, page] as const))(
    '%s is in step: npm run reference',
    (_file, { now, wanted }) => {
      expect(now).toBe(wanted);
    },
  );

  test('every value of the chart is described', () => {
    const values = chartValues(readFileSync('deploy/chart/values.yaml', 'utf8'));
    expect(values.length).toBeGreaterThan(60);
    expect(values.filter(({ description }) => description === '').map(({ path }) => path)).toEqual([]);
  });

  test('every variable and output of the module is described and typed', () => {
    const variables = terraformBlocks(readFileSync('deploy/terraform/variables.tf', 'utf8'), 'variable');
    const outputs = terraformBlocks(readFileSync('deploy/terraform/outputs.tf', 'utf8'), 'output');
    expect(variables.length).toBeGreaterThan(20);
    expect(variables.filter(({ description, type }) => description === '' || type === '')).toEqual([]);
    expect(outputs.filter(({ description }) => description === '')).toEqual([]);
  });
});

test('values are read with their comments, and maps of Kubernetes as one', () => {
  const text = `# About the file.

# First,
# in two lines.
a: 1
b:
  # Second.
  c: []
  # Third.
  resources:
    limits: { cpu: 1 }
d: {}
`;
  expect(chartValues(text)).toEqual([
    { path: 'a', description: 'First, in two lines.', default: 1 },
    { path: 'b.c', description: 'Second.', default: [] },
    { path: 'b.resources', description: 'Third.', default: { limits: { cpu: 1 } } },
    { path: 'd', description: '', default: {} },
  ]);
});

test('blocks are read with types and defaults of many lines', () => {
  const text = `variable "a" {
  description = "Says \\"so\\" ( and"
  type = object({
    b = optional(string)
  })
  default = {}

  validation {
    condition     = var.a.b != "}"
    error_message = "No."
  }
}

variable "c" {
  description = "C"
  type        = string
}
`;
  expect(terraformBlocks(text, 'variable')).toEqual([
    { name: 'a', description: 'Says "so" ( and', type: 'object({ b = optional(string) })', default: '{}' },
    { name: 'c', description: 'C', type: 'string' },
  ]);
});

test('a cell stays a cell', () => {
  expect(row(['a|b', 'c\nd'])).toBe('| a\\|b | c d |');
});

test('a section that is not marked is an error', () => {
  expect(() => replaceSection('text', 'values', 'x')).toThrow('are missing');
});
