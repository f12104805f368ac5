/** The tiny model as a program, slow enough to be killed while it trains. */
import { main } from '../../runtimes/node/index.ts';
import { tinyModel } from './tiny.ts';

const model = tinyModel();
const { step } = model.phases[0]!;
model.phases[0]!.step = async (run) => {
  await step(run);
  await new Promise((done) => setTimeout(done, 5));
};
await main(model, import.meta.url);
