/**
 * Outlined plans of the zoo compute what the plans do: the same operations in the same order, on the same values, for the
 * same updates, logs and outputs. Both are followed by symbols here: a value is what it was computed from.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import type { Copy, Node } from '../../src/ir/graph.ts';
import { isNumber } from '../../src/plan/numbers.ts';
import { outline } from '../../src/plan/outline.ts';
import type { CallStep, Plan, Step } from '../../src/plan/plan.ts';
import { reads, walk } from '../../src/plan/uses.ts';
import { verifyLifetimes } from '../../src/plan/verify.ts';

const root = join(import.meta.dirname, '../..');

function planned(path: string, text: string): Plan {
  const { model, sources } = analyse({ source: { path, text }, load: () => undefined });
  return planOf(model!, sources);
}

class Symbols {
  readonly #numbers: Map<string, number>;
  /** What was done, in order. */
  readonly told: string[] = [];
  /** Statements so far: what a weight or a sample is depends on it. */
  #statements = 0;

  /** Equal numbers are equal values, of all that share them. */
  constructor(numbers: Map<string, number>) {
    this.#numbers = numbers;
  }

  of(key: string): number {
    const known = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, known);
    return known;
  }

  follow(steps: readonly Step[], values: Map<Node, number>, copy: Copy | null = null): void {
    const value = (node: Node): number => {
      const known = values.get(node);
      if (known !== undefined && !isNumber(node)) return known;
      if (node.kind === 'op') {
        if (!isNumber(node)) throw new Error(`${node.op} of ${node.origin} is read before it is there`);
        return operation(node);
      }
      const { leaf } = node;
      switch (leaf.kind) {
        case 'weight':
        case 'stat':
          return this.of(`${leaf.kind} ${leaf.name} ${copy ?? leaf.copy} ${this.#statements}`);
        case 'source':
          return this.of(`source ${leaf.name} ${leaf.version}`);
        case 'constant':
          return this.of(`constant ${leaf.value.shape} ${leaf.value.data}`);
        case 'host':
          return this.of(`host ${JSON.stringify(leaf.expr)}`);
        case 'count':
          return this.of(`count ${leaf.count}`);
        default:
          return this.of(`${leaf.kind} ${node.id}`);
      }
    };
    const operation = (node: Node): number => {
      if (node.kind === 'leaf') return value(node);
      const args = node.args.map(value);
      // A sum that starts from nothing.
      const zero = this.of('nothing');
      if (node.op === 'add' && args.includes(zero)) return args.find((arg) => arg !== zero)!;
      return this.of(`${node.op}(${args}) ${JSON.stringify(node.attrs)} ${node.shape} ${node.count}`);
    };
    const statement = (what: string) => {
      this.told.push(what);
      this.#statements++;
    };
    for (const step of steps) {
      switch (step.kind) {
        case 'compute':
          values.set(step.node, operation(step.node));
          if (!isNumber(step.node)) this.told.push(`compute ${values.get(step.node)}`);
          break;
        case 'fuse':
          for (const node of step.nodes) values.set(node, operation(node));
          this.told.push(`fuse ${JSON.stringify(step.reduced)}`);
          break;
        case 'call': {
          const { routine, args, results } = step;
          const inside = new Map<Node, number>();
          routine.params.forEach((param, i) => {
            const arg = args[i]!;
            inside.set(param, arg === 0 ? this.of('nothing') : value(arg));
          });
          this.follow(routine.body, inside, step.copy);
          routine.results.forEach((node, i) => {
            const own = results[i];
            if (own) values.set(own, inside.get(node)!);
          });
          break;
        }
        case 'update':
          this.told.push(`update ${step.optimizer} ${step.weights} by ${step.gradients.map(value)}`);
          this.#statements++;
          break;
        case 'move':
          statement(`move ${step.stats} to ${step.values.map(value)}`);
          break;
        case 'log':
          this.told.push(`log ${step.name} ${value(step.value)}`);
          break;
        case 'free':
          break;
        case 'loop':
        case 'repeat':
        case 'when':
          this.told.push(`${step.kind} {`);
          this.follow(step.body, values);
          this.told.push('}');
          if (step.kind === 'loop')
            for (const part of step.results) values.set(part, this.of(`part of ${step.node.id} ${part.id}`));
          break;
        default:
          statement(step.kind);
      }
    }
  }
}

/** What a plan does, each part as one list. */
function deeds(plan: Plan, symbols: Symbols): string[] {
  for (const { body } of plan.phases) symbols.follow(body, new Map());
  for (const { body, result } of [...plan.outputs, ...plan.probes]) {
    const values = new Map<Node, number>();
    symbols.follow(body, values);
    symbols.told.push(`give ${values.get(result)}`);
  }
  return inParts(symbols.told);
}

/** Between two statements, what is made of weights alone may come sooner. */
function inParts(told: readonly string[]): string[] {
  const result: string[] = [];
  let part: string[] = [];
  for (const line of [...told, 'end']) {
    if (/^(compute|fuse)/.test(line)) part.push(line);
    else {
      result.push(...part.sort(), line);
      part = [];
    }
  }
  return result;
}

const models = readdirSync(join(root, 'models')).filter((name) => name.endsWith('.gan'));
const goldens = readdirSync(join(root, 'test/golden/emit')).filter((name) => name.endsWith('.gan'));

describe.each([
  ...models.map((name) => `models/${name}`),
  ...goldens.map((name) => `test/golden/emit/${name}`),
])('%s', (path) => {
  const plan = planned(path, readFileSync(join(root, path), 'utf8'));
  const outlined = outline(plan);

  test('is computed as before', () => {
    const numbers = new Map<string, number>();
    const expected = deeds(plan, new Symbols(numbers));
    expect(deeds(outlined, new Symbols(numbers))).toEqual(expected);
  });

  test('keeps lifetimes', () => {
    expect(verifyLifetimes(plan)).toEqual([]);
    expect(verifyLifetimes(outlined)).toEqual([]);
  });
});

const text = (name: string) => readFileSync(join(root, 'models', name), 'utf8');

test('the deep convolutional GAN: both nets are written once, and the way back through D', () => {
  const { routines = [], phases } = outline(planned('dcgan.gan', text('dcgan.gan')));
  expect(routines.map(({ net, derived, keeps }) => ({ net, derived, keeps: keeps !== null }))).toEqual([
    { net: 'D', derived: 0, keeps: true },
    { net: 'G', derived: 0, keeps: true },
    // With moving averages, for the output.
    { net: 'G', derived: 0, keeps: false },
    { net: 'D', derived: 1, keeps: false },
    // To what D was given, for G's update.
    { net: 'D', derived: 1, keeps: false },
    { net: 'G', derived: 1, keeps: false },
  ]);
  const calls = [...walk(phases[0]!.body)].flatMap((step) => (step.kind === 'call' ? [step] : []));
  expect(calls.map(({ label, routine, keep }) => `${label} ${routine.derived} ${keep}`)).toEqual([
    'D(x) 0 true',
    'G(z) 0 false',
    'D(fake) 0 true',
    'D(fake) 1 true',
    'D(x) 1 true',
    'G(z) 0 true',
    'D(fake) 0 true',
    'D(fake) 1 true',
    'G(z) 1 true',
    'D(x) 0 false',
    'G(z) 0 false',
    'D(fake) 0 false',
  ]);
  // The sums of gradients begin with the first way back.
  expect(calls[3]!.args.filter((arg) => arg === 0).length).toBe(3);
  expect(calls[4]!.args.every((arg) => arg !== 0)).toBe(true);
});

test('a routine that frees what its caller still reads is found', () => {
  const outlined = outline(planned('dcgan.gan', text('dcgan.gan')));
  const [first, ...others] = outlined.routines!;
  const { steps } = { steps: first!.body };
  const spoiled = { ...first!, body: [...steps, { kind: 'free' as const, nodes: [first!.results[0]!] }] };
  expect(verifyLifetimes({ ...outlined, routines: [spoiled, ...others] })).not.toEqual([]);
});

test('a number that is read by what is made of weights alone is worked out before it', () => {
  const plan = planned(
    'scaled.gan',
    `data x ~ [2] from "ring"
noise z ~ normal[4]
net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)
def scaled(h, t) = h * softmax(weight([16]) * (1 / (t + 1)))
net D(x: [2], t: []) -> [1] = {
  let h = x |> dense(16) |> relu
  return scaled(h, t) |> dense(16) |> relu |> dense(1)
}
let fake = G(z)
loss d_loss = expect(softplus(-D(x, step))) + expect(softplus(D(fake, step)))
output made = fake
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize d_loss with adam(0.001)
}`,
  );
  const done = new Set<Node>();
  for (const step of walk(outline(plan).phases[0]!.body)) {
    if (step.kind !== 'compute') continue;
    for (const arg of reads(step)) if (arg.kind === 'op' && isNumber(arg)) expect(done).toContain(arg);
    done.add(step.node);
  }
  expect([...done].some((node) => isNumber(node))).toBe(true);
});

test('a call that gives or takes something else than its routine is found', () => {
  const outlined = outline(planned('dcgan.gan', text('dcgan.gan')));
  const [phase] = outlined.phases;
  const at = phase!.body.findIndex((step) => step.kind === 'call');
  const call = phase!.body[at] as CallStep;
  const wrong: CallStep[] = [
    { ...call, args: [...call.args, call.args[0]!] },
    { ...call, args: call.args.map(() => call.results.at(-1)!) },
    { ...call, results: call.results.map(() => call.results.find((node) => node?.count === null) ?? null) },
    { ...call, results: call.results.slice(1) },
  ];
  for (const spoiled of wrong) {
    const body = phase!.body.with(at, spoiled);
    const found = verifyLifetimes({ ...outlined, phases: [{ ...phase!, body }] });
    expect(found.join('\n')).toMatch(/(argument|result).* should/);
  }
});
