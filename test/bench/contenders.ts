/** Who takes part: each is a command line for a workload's files. */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { builds } from '../../runtimes/kernels/wasm/modules.ts';
import { tensorflowEntry } from '../../runtimes/node/outcome.ts';
import type { Prepared } from './inputs.ts';

export interface Contender {
  name: string;
  kind: 'ours' | 'tfjs' | 'jax' | 'torch';
  /** tfjs's; null: it is not of tfjs. */
  backend: 'wasm' | 'tensorflow' | null;
  threads: number;
  /** The running Node's, or another's; empty for Python. */
  node: string;
  build?: string;
  /** The program that runs it. */
  command: string;
  start(workload: string, files: Prepared, profile?: boolean): [command: string, args: string[]];
}

interface Node {
  path: string;
  version: string;
  /** Names of our kernels' builds that it can run. */
  builds: string[];
}

/** What a Node says of itself. */
export function nodeAt(command: string, built: string): Node {
  const say = `
    import { readFileSync } from 'node:fs';
    const names = ${JSON.stringify(builds.map((b) => b.name))};
    const valid = names.filter((n) => WebAssembly.validate(readFileSync(${JSON.stringify(built)} + '/kernels/' + n + '.wasm')));
    console.log(JSON.stringify({ path: process.execPath, version: process.versions.node, builds: valid }));`;
  const out = execFileSync(command, ['--input-type=module', '-e', say], { encoding: 'utf8' });
  return JSON.parse(out.trim().split('\n').pop()!) as Node;
}

/** All of them, ours first, in the order in which they take turns. */
export function contenders(nodes: readonly Node[], python: string | undefined, built: string): Contender[] {
  const program = (name: string) => path.join(built, `${name}.mjs`);
  const list: Contender[] = [];
  const first = nodes[0]!;
  for (const node of nodes) {
    for (const relaxed of [false, true]) {
      for (const threads of [1, 2]) {
        const name = `${relaxed ? 'relaxed' : 'simd'}-${threads > 1 ? 'shared' : 'single'}`;
        if (!node.builds.includes(name)) continue;
        list.push({
          name: `ganc, wasm ${relaxed ? 'relaxed SIMD' : 'SIMD'}, ${threads} thread${threads > 1 ? 's' : ''}`,
          kind: 'ours',
          backend: 'wasm',
          threads,
          node: node.version,
          build: name,
          command: node.path,
          start: (_, { module, inputs }, profile = false) => [
            node.path,
            [
              program('ours'),
              JSON.stringify({ backend: 'wasm', module, inputs, threads, build: name, profile }),
            ],
          ],
        });
      }
    }
  }
  // TensorFlow takes as many threads as the machine has.
  const native = tensorflowEntry() !== null;
  if (native)
    list.push({
      name: `ganc, tensorflow, ${availableParallelism()} threads`,
      kind: 'ours',
      backend: 'tensorflow',
      threads: availableParallelism(),
      node: first.version,
      command: first.path,
      start: (_, { module, inputs }) => [
        first.path,
        [program('ours'), JSON.stringify({ backend: 'tensorflow', module, inputs })],
      ],
    });
  const peers = [
    { kind: 'tfjs', name: 'tfjs by hand, wasm', backend: 'wasm', threads: 1 },
    ...(native
      ? [
          {
            kind: 'tfjs',
            name: `tfjs by hand, tensorflow, ${availableParallelism()} threads`,
            backend: 'tensorflow',
            threads: availableParallelism(),
          } as const,
        ]
      : []),
    { kind: 'jax', name: 'jax-js, wasm', backend: null, threads: 1 },
  ] as const;
  for (const peer of peers) {
    list.push({
      ...peer,
      node: first.version,
      command: first.path,
      start: (workload, { inputs }) => [
        first.path,
        [program(`peer-${peer.kind}`), JSON.stringify({ workload, inputs, backend: peer.backend })],
      ],
    });
  }
  if (python !== undefined) {
    for (const threads of [1, 2]) {
      list.push({
        name: `PyTorch CPU, ${threads} thread${threads > 1 ? 's' : ''}`,
        kind: 'torch',
        backend: null,
        threads,
        node: '',
        command: python,
        start: (workload, { inputs }) => [
          python,
          ['test/bench/peers/pytorch.py', JSON.stringify({ workload, inputs, threads })],
        ],
      });
    }
  }
  return list;
}
