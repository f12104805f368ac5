/** Pictures of a run's outputs while it trains, on the same noise and data each time, so that one sees them get better. */
import { join } from 'node:path';
import { fileStem } from '../core/run/file-stem.ts';
import type { OutputSpec } from '../core/run/model.ts';
import { drawnCount, isDrawable, outputValues, surroundings } from '../core/run/outputs.ts';
import type { TrainingRun } from '../core/run/run.ts';
import { sizeOf } from '../core/shape.ts';
import { type Drawn, draw } from './drawing.ts';
import type { RunFolder } from './folder.ts';

export class Pictures {
  /** The newest files, one an output. */
  latest: string[] = [];

  constructor(
    private readonly run: TrainingRun,
    private readonly folder: RunFolder,
  ) {}

  async draw(): Promise<void> {
    const latest: string[] = [];
    for (const output of this.run.model.outputs) {
      if (!isDrawable(output)) continue;
      const step = String(this.run.state.total).padStart(6, '0');
      const files = await drawOutput(
        this.run,
        output,
        drawnCount(output),
        'pictures',
        `${fileStem(output.name)}-${step}`,
      );
      for (const file of files) this.folder.writeWhole(join('samples', file.name), [file.bytes]);
      latest.push(join(this.folder.path, 'samples', files[0]!.name));
    }
    this.latest = latest;
  }
}

/** Values of an output for `count` examples, and a picture of them. */
async function drawOutput(
  run: TrainingRun,
  output: OutputSpec,
  count: number,
  stream: string,
  stem: string,
): Promise<Drawn[]> {
  const { shape } = output.type;
  const values = await outputValues(run, output, count, stream);
  return draw(output, { count: values.length / sizeOf(shape), shape, values }, stem, {
    ...(await surroundings(run, output)),
    title: stem,
  });
}
