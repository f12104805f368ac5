/** Says a summary as people know it: a table of layers for each net, then what a step costs. */
import Table from 'cli-table3';
import type { LayerRow, NetSummary, Summary } from '../summary/summary.ts';
import type { Paint } from './paint.ts';

export function renderSummary(summary: Summary, paint: Paint): string {
  const parts = summary.nets.map((net) => netTable(net, paint));
  const total = `${paint('weights in all', 'bold')}: ${whole(summary.weights)}`;
  parts.push([total, ...summary.phases.map(phaseLines)].join('\n'));
  return parts.join('\n\n');
}

function netTable(net: NetSummary, paint: Paint): string {
  const inputs = net.inputs.map(({ name, type }) => `${name}: ${type}`).join(', ');
  const table = newTable(['layer', 'shape', 'weights', 'of which'], ['left', 'left', 'right', 'left'], paint);
  for (const row of net.rows) {
    table.push([label(row), shapeText(row.shape), row.weights === 0 ? '' : whole(row.weights), slots(row)]);
  }
  const state = net.state === 0 ? '' : `, and ${whole(net.state)} numbers that move along`;
  return `${paint(`${net.name}(${inputs})`, 'bold')}\n${table.toString()}\n${whole(net.weights)} weights${state}`;
}

function phaseLines({ phase, batch, flops, memory }: Summary['phases'][number]): string {
  const rows = [
    ['arithmetic', si(flops, 'FLOP')],
    ['values at once', bytes(memory.activations)],
    ['weights', bytes(memory.weights)],
    ['averages, copies', bytes(memory.copies)],
    ['optimisers', bytes(memory.optimizers)],
    ['memory in all', bytes(memory.total)],
  ].map(([name, value]) => `  ${name!.padEnd(18)}${value!.padStart(12)}`);
  return [`\none step of ${phase}, batch ${batch}`, ...rows].join('\n');
}

/** Each phase's step by operation, and which of them are slow on wasm. */
export function renderCosts(summary: Summary, paint: Paint): string {
  const parts = summary.phases.map((phase) => {
    const table = newTable(
      ['operation', 'a step', 'arithmetic', 'share'],
      ['left', 'right', 'right', 'right'],
      paint,
    );
    for (const { name, calls, flops } of phase.operations)
      table.push([name, times(calls), si(flops, 'FLOP'), percent(flops, phase.flops)]);
    const slow = phase.operations.filter(({ fallbacks }) => fallbacks.length > 0);
    const lines = slow.map(({ name, fallbacks }) => `  ${name}: ${fallbacks.join(', ')}`);
    const verdict =
      slow.length === 0
        ? 'On wasm every operation has a kernel of its own.'
        : ['On wasm these run as plain JavaScript on one thread:', ...lines].join('\n');
    return `\n${paint(`operations in a step of ${phase.phase}`, 'bold')}\n${table.toString()}\n${verdict}`;
  });
  return parts.join('\n');
}

/** Whole where it is: an operation under `every 4` is computed 0.25 times a step. */
const times = (n: number): string => (Number.isInteger(n) ? whole(n) : String(Number(n.toPrecision(3))));
const percent = (part: number, all: number): string =>
  part === 0 ? '' : part / all < 0.001 ? '< 0.1 %' : `${((100 * part) / all).toFixed(1)} %`;

function newTable(head: string[], colAligns: ('left' | 'right')[], paint: Paint) {
  return new Table({
    head: head.map((title) => paint(title, 'bold')),
    colAligns,
    // No colours but ours, and lines only above, below and under the head.
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1 },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
}

function label({ layer, kind }: LayerRow): string {
  const own = layer === kind || kind === 'net' || layer.replace(/_\d+$/, '') === kind;
  return own ? layer : `${layer} (${kind})`;
}

function slots(row: LayerRow): string {
  return row.slots.map(({ name, shape }) => `${name} ${shapeText(shape)}`).join(', ');
}

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
const whole = (n: number): string => n.toLocaleString('en');

function si(n: number, unit: string): string {
  const steps = ['', 'k', 'M', 'G', 'T', 'P'];
  let i = 0;
  let value = n;
  while (value >= 1000 && i < steps.length - 1) {
    value /= 1000;
    i++;
  }
  return `${i === 0 ? value : value.toPrecision(3)} ${steps[i]}${unit}`;
}

function bytes(n: number): string {
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1024 / 1024).toFixed(1)} MiB`;
}
