/** `ganc setup tfjs-node` for real, where `PYTHON_TENSORFLOW` names a Python that has TensorFlow: built, used, replaced, removed. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root, run, scratch } from './command.ts';

const python = process.env.PYTHON_TENSORFLOW;
const folder = scratch();
const built = path.join(folder, 'node_modules/.ganc/tfjs-node');

test.skipIf(!python)(
  'against the TensorFlow of a Python (PYTHON_TENSORFLOW=PATH)',
  async () => {
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
    const here = { cwd: folder };
    const setup = () => run(['setup', 'tfjs-node', '--python', python!], here);
    const first = await setup();
    expect(first.code, first.stderr).toBe(0);

    const ring = path.join(root, 'models/ring.gan');
    const losses = async (backend: string) => {
      const ran = await run(['train', ring, '--steps', '3', '--backend', backend, '--out', backend], here);
      expect(ran.code, ran.stderr).toBe(0);
      expect(ran.stderr).toContain(`computing on ${backend}`);
      return [...ran.stderr.matchAll(/d_loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    };
    const onTensorflow = await losses('tensorflow');
    const onWasm = await losses('wasm');
    expect(onTensorflow.length).toBeGreaterThan(0);
    expect(onTensorflow.at(-1)).toBeCloseTo(onWasm.at(-1)!, 3);

    // What stands in the way of the next one's last step: a file that is not the folder's own is replaced with it.
    mkdirSync(path.join(built, 'mark'));
    const again = await setup();
    expect(again.code, again.stderr).toBe(0);
    expect(existsSync(path.join(built, 'mark'))).toBe(false);
    expect(readdirSync(path.dirname(built))).toEqual(['tfjs-node']);

    const removed = await run(['setup', 'tfjs-node', '--remove'], here);
    expect(removed.code).toBe(0);
    expect(existsSync(built)).toBe(false);
    const gone = await run(['train', ring, '--steps', '1', '--backend', 'tensorflow'], here);
    expect(gone.code).toBe(2);
  },
  240_000,
);
