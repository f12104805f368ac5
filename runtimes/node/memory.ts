/** What cannot fit into the memory is refused before it is tried: a machine that is out of memory ends processes without a word. */
import { totalmem } from 'node:os';
import { UserError } from '../core/errors.ts';
import type { CompiledModel } from '../core/run/model.ts';
import { sizeOf } from '../core/shape.ts';

const gib = (bytes: number) => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;

/** `option` is what makes it smaller. */
export function checkMemory(bytes: number, what: string, option: string): void {
  if (bytes <= totalmem()) return;
  throw new UserError(`${what} take ${gib(bytes)} of memory, and this machine has ${gib(totalmem())}`, {
    hint: `a smaller ${option}`,
    code: 2,
  });
}

/** The least that a phase needs: the samples of its sources. */
export function checkBatches({ phases, data, noise }: CompiledModel): void {
  const shapes = [...data.flatMap((r) => r.fields.map((f) => f.type.shape)), ...noise.map((n) => n.shape)];
  const example = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  for (const { name, batch } of phases) {
    checkMemory(4 * batch * example, `${batch} examples in the phase ${name}`, '--batch');
  }
}

/** A failed allocation, in words; anything else as it is. */
export function inWords(error: unknown): unknown {
  if (
    !(error instanceof RangeError) ||
    !/allocation failed|Invalid (typed )?array length|could not allocate/i.test(error.message)
  ) {
    return error;
  }
  return new UserError(`there is not enough memory for a step (${error.message})`, {
    hint: 'a smaller --batch, or narrower nets',
    code: 2,
    cause: error,
  });
}
