/** `--backend webgpu` as people use it: an emitted folder, Ctrl-C, no driver, and a device that is lost. */
import { spawn } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../runtimes/core/errors.ts';
import { fused } from '../../runtimes/core/formula/fused.ts';
import type { WebgpuBackend } from '../../runtimes/kernels/webgpu/launch.ts';
import { startWebgpu } from '../../runtimes/node/webgpu.ts';
import { ganc, root, run, runNode, scratch, trace } from '../e2e/command.ts';
import { dawnHere, onSwiftShader } from './dawn.ts';

const { env, problem } = await dawnHere();
const folder = scratch();
const ring = path.join(root, 'models/ring.gan');

describe.skipIf(env === null)(
  `the command on webgpu${problem === null ? '' : ` (not run: ${problem})`}`,
  () => {
    const options = { cwd: folder, env: env! };

    test('an emitted folder carries what it needs, trains, and ends by itself', async () => {
      expect(await run(['compile', ring, '--set', 'width=8', '-o', 'out'], options)).toMatchObject({
        code: 0,
      });
      const out = path.join(folder, 'out');
      symlinkSync(path.join(root, 'node_modules'), path.join(out, 'node_modules'));
      const args = ['ring.js', '--steps', '1', '--batch', '8', '--backend', 'webgpu', '--out', 'run'];
      const ran = await runNode(args, { cwd: out, env: env! });
      expect(ran).toMatchObject({ code: 0, signal: null });
      expect(ran.stderr).toMatch(/^computing on webgpu, SwiftShader\n/);
      expect(ran.stderr).not.toMatch(trace);
      expect(ran.stdout).toMatch(/^done after 1 step/);
    });

    test('Ctrl-C ends it after the step, with a checkpoint', async () => {
      const args = [
        ganc,
        'train',
        ring,
        '--set',
        'width=8',
        '--batch',
        '8',
        '--backend',
        'webgpu',
        '--out',
        'long',
      ];
      const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        // The first line of the progress: it is training.
        if (!/ms\/step/.test(said) && /ms\/step/.test(text)) child.kill('SIGINT');
        said += text;
      });
      let stdout = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      const code = await new Promise((done) => child.on('close', done));
      expect({ code, said }).toMatchObject({
        code: 130,
        said: expect.stringMatching(/stopping after this step/),
      });
      expect(stdout).toMatch(/stopped after \d+ steps?\n.*checkpoint {2}long\/checkpoints\//s);
    });

    test('without a driver: said in a line, and auto goes on without', async () => {
      const nowhere = { cwd: folder, env: { XDG_DATA_DIRS: folder, HOME: folder } };
      const args = ['train', ring, '--set', 'width=8', '--steps', '1', '--batch', '8'];
      const without = await run([...args, '--backend', 'webgpu'], nowhere);
      // (A machine may have a driver after all: then it may train.)
      if (without.code === 0) return;
      expect(without.code).toBe(2);
      expect(without.stderr).toMatch(/^error: the backend webgpu is not here: /);
      expect(without.stderr.trim().split('\n')).toHaveLength(2);
      expect((await run(args, nowhere)).stderr).toMatch(/no webgpu: /);
    });

    test('auto passes by a software adapter', async () => {
      const ran = await run(['train', ring, '--set', 'width=8', '--steps', '1', '--batch', '8'], options);
      expect(ran).toMatchObject({ code: 0 });
      expect(ran.stderr).toMatch(
        /computing on (?!webgpu).*no webgpu: its only adapter is a software one, SwiftShader/,
      );
    });
  },
);

onSwiftShader('a device in trouble', () => {
  const backend = () => tf.backend() as unknown as WebgpuBackend;
  const problemOf = async (work: () => Promise<unknown>): Promise<UserError> => {
    try {
      await work();
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      return error as UserError;
    }
    return expect.fail('nothing is said');
  };
  const compute = () => tf.tidy(() => fused('y = x * 2', { x: tf.tensor1d([1, 2]) }).y!).data();

  test('what it refuses is an error at the next reading, and a lost one too; then it is started anew', async () => {
    expect([...(await compute())]).toEqual([2, 4]);
    const { device } = backend();
    device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    const refused = await problemOf(compute);
    expect(refused.message).toMatch(/^SwiftShader refused a computation: /);

    device.destroy();
    const lost = await problemOf(async () => {
      await new Promise((done) => setTimeout(done));
      await compute();
    });
    expect(lost.message).toMatch(/^SwiftShader was lost/);
    expect(lost.hint).toContain('--from');

    expect(await startWebgpu({ software: true })).toMatchObject({ available: true });
    expect(backend().device).not.toBe(device);
    expect([...(await compute())]).toEqual([2, 4]);
  });
});
