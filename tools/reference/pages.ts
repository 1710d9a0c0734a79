/** The pages that have tables of inputs, and what makes each of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chartValuesTable } from './chart-values.ts';
import { replaceSection } from './table.ts';
import { outputsTable, variablesTable } from './terraform-blocks.ts';

export interface Page {
  /** From the checkout. */
  readonly file: string;
  readonly now: string;
  /** As it is to be. */
  readonly wanted: string;
}

export function pages(checkout: string): readonly Page[] {
  const read = (file: string): string => readFileSync(path.join(checkout, file), 'utf8');
  const chart = 'deploy/chart/README.md';
  const module = 'deploy/terraform/README.md';
  const [chartNow, moduleNow] = [read(chart), read(module)];
  const values = chartValuesTable(read('deploy/chart/values.yaml'));
  const variables = variablesTable(read('deploy/terraform/variables.tf'));
  const outputs = outputsTable(read('deploy/terraform/outputs.tf'));
  return [
    { file: chart, now: chartNow, wanted: replaceSection(chartNow, 'values', values) },
    {
      file: module,
      now: moduleNow,
      wanted: replaceSection(replaceSection(moduleNow, 'inputs', variables), 'outputs', outputs),
    },
  ];
}
