/** What harness.test.ts asks of a page. */

export const add = (a: number, b: number): number => a + b;

export const isolated = (): boolean => (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated!;

/** The renderer's name of a WebGL2 context that can draw into 32-bit floats. */
export function webgl(): string {
  const Canvas = (globalThis as unknown as { OffscreenCanvas: new (w: number, h: number) => Canvas })
    .OffscreenCanvas;
  const gl = new Canvas(1, 1).getContext('webgl2')!;
  if (gl.getExtension('EXT_color_buffer_float') === null) return 'no float textures';
  gl.getExtension('WEBGL_debug_renderer_info');
  return gl.getParameter(0x9246);
}
interface Canvas {
  getContext(name: string): {
    getExtension(name: string): object | null;
    getParameter(name: number): string;
  } | null;
}

export async function webgpu(): Promise<string> {
  const { gpu } = navigator as unknown as { gpu: Gpu };
  const adapter = await gpu.requestAdapter();
  return adapter === null ? 'no adapter' : `${adapter.info.vendor} ${adapter.info.architecture}`;
}
interface Gpu {
  requestAdapter(): Promise<{ info: { vendor: string; architecture: string } } | null>;
}

export function fail(later: string): void {
  setTimeout(() => {
    throw new Error(later);
  });
}
