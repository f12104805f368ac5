/**
 * Arrays of numbers that a model holds, as constants of the emitted module: plain numbers. The step makes a tensor of
 * one where it needs it and frees it after its last use, so nothing depends on when a backend is chosen.
 */
import type { LeafNode } from '../../ir/graph.ts';
import { literal } from '../text/literal.ts';
import type { Names } from '../text/names.ts';
import type { Writer } from '../text/writer.ts';

export class Constants {
  readonly #names: Names;
  readonly #known = new Map<string, { name: string; node: LeafNode }>();

  constructor(names: Names) {
    this.#names = names;
  }

  name(node: LeafNode): string {
    if (node.leaf.kind !== 'constant') throw new Error(`${node.leaf.kind} is no constant`);
    const key = node.leaf.value.data.join();
    let known = this.#known.get(key);
    if (!known) {
      known = { name: this.#names.constant(`${node.origin === '' ? 'constant' : node.origin}$values`), node };
      this.#known.set(key, known);
    }
    return known.name;
  }

  print(writer: Writer): void {
    for (const { name, node } of this.#known.values()) {
      if (node.leaf.kind !== 'constant') continue;
      const start = `const ${name} = `;
      writer.line(`${start}${literal([...node.leaf.value.data], 0, start.length + 1)};`, node.span);
    }
    if (this.#known.size > 0) writer.blank();
  }
}
