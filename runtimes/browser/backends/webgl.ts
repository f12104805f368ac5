/** The WebGL backend, loaded when it is chosen; after its context was lost it is started anew. */
import { startWebgl } from '../../kernels/webgl/register.ts';

/** `lost` is called when the context is gone, with all that it held. */
export async function start(lost: (why: string) => void): Promise<void> {
  await startWebgl(({ message }) => lost(message));
}
