/** Findings as people read them: a table of what is here, then what is missing, why, and the line that gets it. */
import Table from 'cli-table3';
import type { Paint } from '../paint.ts';
import type { Finding } from './measure.ts';

/** `chosen` is what `auto` takes. */
export function renderBackends(findings: readonly Finding[], chosen: string | null, paint: Paint): string {
  const table = new Table({
    head: ['backend', 'computes on', 'memory', 'a small step'].map((title) => paint(title, 'bold')),
    colAligns: ['left', 'left', 'right', 'right'],
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1 },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const finding of findings) {
    const { name } = finding;
    if (!finding.available) {
      table.push([paint(name, 'dim'), paint('not here', 'dim'), '', '']);
      continue;
    }
    const { device, memory, ms, hardware } = finding;
    table.push([
      name === chosen ? `${paint(name, 'green')} (auto)` : name,
      hardware ? device : `${device}, in software`,
      memory === null ? 'not known' : bytes(memory),
      ms === null ? 'failed' : milliseconds(ms),
    ]);
  }
  const notes = findings.flatMap((f) => {
    if (!f.available) return [`${paint(f.name, 'bold')}: ${f.why}`, `  ${paint('get it:', 'bold')} ${f.get}`];
    return f.problem === undefined ? [] : [`${paint(f.name, 'bold')}: a step fails on it: ${f.problem}`];
  });
  return [table.toString(), ...notes].join('\n');
}

const bytes = (n: number): string => `${(n / 2 ** 30).toFixed(1)} GiB`;
const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
