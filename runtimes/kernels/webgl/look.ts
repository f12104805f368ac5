/** What WebGL there is here, before anything is computed on it. */

/** A device as a person may choose it, or in words why it is of no use. */
export interface WebGLFound {
  available: boolean;
  /** The renderer's own name. */
  device: string | null;
  why: string | null;
  /** Not a program that plays the GPU. */
  hardware: boolean;
}

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Looks with a context of its own, which it gives back. */
export function lookAtWebgl(): WebGLFound {
  const gl = openContext()?.gl ?? null;
  try {
    return judge(gl);
  } finally {
    gl?.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

const missing = (why: string, device: string | null = null): WebGLFound => ({
  available: false,
  device,
  why,
  hardware: false,
});

/** null: no context was to be had. */
export function judge(gl: WebGL2RenderingContext | null): WebGLFound {
  if (gl === null) {
    return missing('this browser has no WebGL 2, or it is switched off (look at hardware acceleration)');
  }
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const device = String(gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL));
  if (!drawsFloats(gl)) {
    return missing(
      `${device} cannot render to 32-bit float textures, and training in 16 bits does not converge`,
      device,
    );
  }
  const hardware = !SOFTWARE.test(device);
  const why = hardware ? null : 'the processor plays the GPU here, so WebAssembly is faster';
  return { available: true, device, why, hardware };
}

/** Four 32-bit floats a texel; the extension alone is not believed. */
function drawsFloats(gl: WebGL2RenderingContext): boolean {
  if (gl.getExtension('EXT_color_buffer_float') === null) return false;
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, 1, 1, 0, gl.RGBA, gl.FLOAT, null);
  const target = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, target);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  const complete = gl.checkFramebufferStatus(gl.FRAMEBUFFER) === gl.FRAMEBUFFER_COMPLETE;
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  gl.bindTexture(gl.TEXTURE_2D, null);
  gl.deleteFramebuffer(target);
  gl.deleteTexture(texture);
  return complete;
}

/** A canvas that nobody sees, and its context; null where there is none. Of two GPUs the faster one is asked for. */
export function openContext(): {
  canvas: OffscreenCanvas | HTMLCanvasElement;
  gl: WebGL2RenderingContext;
} | null {
  const wanted: WebGLContextAttributes = {
    alpha: false,
    antialias: false,
    depth: false,
    stencil: false,
    premultipliedAlpha: false,
    preserveDrawingBuffer: false,
    powerPreference: 'high-performance',
  };
  // As tfjs does it: a canvas of a document where there is no other, and in Safari, whose others cannot wait for results.
  const safari = /^((?!chrome|android).)*safari/i.test(globalThis.navigator?.userAgent ?? '');
  if (typeof OffscreenCanvas !== 'undefined' && !(safari && typeof document !== 'undefined')) {
    const canvas = new OffscreenCanvas(1, 1);
    const gl = canvas.getContext('webgl2', wanted);
    if (gl !== null) return { canvas, gl };
  }
  if (typeof document === 'undefined') return null;
  const canvas = document.createElement('canvas');
  const gl = canvas.getContext('webgl2', wanted);
  return gl === null ? null : { canvas, gl };
}
