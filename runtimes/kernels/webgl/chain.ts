/** A formula's wide values: one launch reads every operand once and writes all results. */
import type { TensorInfo } from '@tensorflow/tfjs';
import type { Formula } from '../../core/formula/fused.ts';
import { Arguments, blockOf, declarations, functionsFor, realLanes, size } from './arguments.ts';
import { newPacked, type WebGLBackend } from './backend.ts';
import { functionsOf, neededFor, statements } from './glsl.ts';
import { launcherOf, type Source } from './launch.ts';

/** The values of these places over `shape`, which all operands that they read broadcast to. */
export function runChain(
  backend: WebGLBackend,
  f: Formula,
  places: readonly number[],
  shape: readonly number[],
  inputs: readonly (TensorInfo | number)[],
): TensorInfo[] {
  const launcher = launcherOf(backend);
  const results: TensorInfo[] = [];
  for (let from = 0; from < places.length; from += launcher.mostOutputs) {
    const some = places.slice(from, from + launcher.mostOutputs);
    results.push(...runSome(backend, f, some, shape, inputs));
  }
  return results;
}

function runSome(
  backend: WebGLBackend,
  f: Formula,
  places: readonly number[],
  shape: readonly number[],
  inputs: readonly (TensorInfo | number)[],
): TensorInfo[] {
  const launcher = launcherOf(backend);
  const outputs = places.map(() => newPacked(backend, shape));
  const args = new Arguments(backend);
  const space = args.space(shape, outputs[0]!.width);
  const { steps, inputs: used } = neededFor(f, places);
  const reads = used.map((at) => args.read(space, at, inputs[at]!));
  const program = launcher.programOf(f, `chain ${places} ${args.kind}`, (): Source => {
    const lanes = realLanes(space);
    const result = (at: number) => (lanes === null ? `v${at}` : `mix(vec4(0.0), v${at}, lanes)`);
    return {
      inputs: args.textures.length,
      outputs: places.length,
      ints: args.ints.length,
      floats: args.floats.length,
      functions: `${functionsOf(steps)}\n${functionsFor(reads)}`,
      main: `  ivec2 P = ivec2(gl_FragCoord.xy);
  int T = P.y * ${size(space, 'width')} + P.x;
${blockOf(space, '  ')}
${declarations(reads, '  ')}
${statements(steps)}
${lanes === null ? '' : `  bvec4 lanes = ${lanes};`}
${places.map((at, n) => `  out${n} = ${result(at)};`).join('\n')}`,
    };
  });
  launcher.run(program, args.textures, outputs, args.ints, args.floats);
  args.done();
  return outputs;
}
