/**
 * Fragment programs and their launches, beside tfjs's own: numbers go in as two arrays of uniforms, so that one program serves
 * all shapes of a kind, and a launch writes to several textures at once (tfjs's write one).
 */
import type { Formula } from '../../core/formula/fused.ts';
import type { Texture, WebGLBackend } from './backend.ts';
import { ContextLost } from './lost.ts';

/** One triangle over the whole target. */
const VERTICES = `#version 300 es
void main() {
  vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
  gl_Position = vec4(2.0 * corner - 1.0, 0.0, 1.0);
}`;

/** A program's own text: statements that set out0, out1, … from textures in0, in1, … and the numbers I[…] and F[…]. */
export interface Source {
  inputs: number;
  outputs: number;
  ints: number;
  floats: number;
  /** Functions before main. */
  functions?: string;
  main: string;
}

export interface Program {
  readonly handle: WebGLProgram;
  readonly ints: WebGLUniformLocation | null;
  readonly floats: WebGLUniformLocation | null;
}

export class Launcher {
  readonly gl: WebGL2RenderingContext;
  /** How many textures a launch can write to, and read from. */
  readonly mostOutputs: number;
  readonly mostInputs: number;
  private readonly vertices: WebGLShader;
  private readonly corners: WebGLVertexArrayObject;
  private readonly programs = new Map<string, Program>();
  private readonly named = new Map<string, Program>();
  private readonly ofFormula = new WeakMap<Formula, Map<string, Program>>();
  private readonly targets: WebGLFramebuffer[] = [];

  constructor(private readonly backend: WebGLBackend) {
    const { gl } = backend.gpgpu;
    this.gl = gl;
    this.mostOutputs = Math.min(
      8,
      gl.getParameter(gl.MAX_DRAW_BUFFERS),
      gl.getParameter(gl.MAX_COLOR_ATTACHMENTS),
    );
    this.mostInputs = Math.min(16, gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS));
    this.vertices = this.shader(gl.VERTEX_SHADER, VERTICES);
    this.corners = gl.createVertexArray()!;
  }

  /** Compiled when first met. */
  program(source: Source): Program {
    const text = textOf(source);
    let program = this.programs.get(text);
    if (program === undefined) {
      program = this.compile(source, text);
      this.programs.set(text, program);
    }
    return program;
  }

  programNamed(name: string, source: () => Source): Program {
    let program = this.named.get(name);
    if (program === undefined) {
      program = this.program(source());
      this.named.set(name, program);
    }
    return program;
  }

  /** A formula's program of one kind: its text is made when the kind is first met. */
  programOf(f: Formula, kind: string, source: () => Source): Program {
    let kinds = this.ofFormula.get(f);
    if (kinds === undefined) {
      kinds = new Map();
      this.ofFormula.set(f, kinds);
    }
    let program = kinds.get(kind);
    if (program === undefined) {
      program = this.program(source());
      kinds.set(kind, program);
    }
    return program;
  }

  /** Runs a program for every texel of the outputs, which have all the same size. */
  run(
    program: Program,
    inputs: readonly Texture[],
    outputs: readonly Texture[],
    ints: readonly number[],
    floats: readonly number[] = [],
  ): void {
    const { gl } = this;
    if (gl.isContextLost()) throw new ContextLost();
    // tfjs remembers the program that it has set.
    this.backend.gpgpu.program = null;
    gl.useProgram(program.handle);
    gl.bindVertexArray(this.corners);
    for (let i = 0; i < inputs.length; i++) {
      gl.activeTexture(gl.TEXTURE0 + i);
      gl.bindTexture(gl.TEXTURE_2D, inputs[i]!.texture);
    }
    if (program.ints !== null) gl.uniform1iv(program.ints, ints);
    if (program.floats !== null) gl.uniform1fv(program.floats, floats);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target(outputs.length));
    for (let i = 0; i < outputs.length; i++) {
      const place = gl.COLOR_ATTACHMENT0 + i;
      gl.framebufferTexture2D(gl.FRAMEBUFFER, place, gl.TEXTURE_2D, outputs[i]!.texture, 0);
    }
    const { width, height } = outputs[0]!;
    gl.viewport(0, 0, width, height);
    gl.scissor(0, 0, width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** A framebuffer for `count` textures. */
  private target(count: number): WebGLFramebuffer {
    let target = this.targets[count];
    if (target === undefined) {
      const { gl } = this;
      target = gl.createFramebuffer()!;
      gl.bindFramebuffer(gl.FRAMEBUFFER, target);
      gl.drawBuffers(Array.from({ length: count }, (_, i) => gl.COLOR_ATTACHMENT0 + i));
      this.targets[count] = target;
    }
    return target;
  }

  private compile({ inputs }: Source, text: string): Program {
    const { gl } = this;
    const handle = gl.createProgram()!;
    const fragments = this.shader(gl.FRAGMENT_SHADER, text);
    gl.attachShader(handle, this.vertices);
    gl.attachShader(handle, fragments);
    gl.linkProgram(handle);
    gl.deleteShader(fragments);
    if (!gl.getProgramParameter(handle, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`A WebGL program does not link: ${gl.getProgramInfoLog(handle)}\n${text}`);
    }
    gl.useProgram(handle);
    for (let i = 0; i < inputs; i++) gl.uniform1i(gl.getUniformLocation(handle, `in${i}`), i);
    return {
      handle,
      ints: gl.getUniformLocation(handle, 'I'),
      floats: gl.getUniformLocation(handle, 'F'),
    };
  }

  private shader(kind: number, text: string): WebGLShader {
    const { gl } = this;
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
      throw new Error(`A WebGL shader does not compile: ${gl.getShaderInfoLog(shader)}\n${text}`);
    }
    return shader;
  }
}

/** The launcher of a backend: its programs die with its context. */
export function launcherOf(backend: WebGLBackend): Launcher {
  backend.launcher ??= new Launcher(backend);
  return backend.launcher;
}

function textOf({ inputs, outputs, ints, floats, functions = '', main }: Source): string {
  const times = (n: number, line: (i: number) => string) =>
    Array.from({ length: n }, (_, i) => line(i)).join('\n');
  return `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
${ints > 0 ? `uniform int I[${ints}];` : ''}
${floats > 0 ? `uniform float F[${floats}];` : ''}
${times(inputs, (n) => `uniform sampler2D in${n};`)}
${times(outputs, (n) => `layout(location = ${n}) out vec4 out${n};`)}
${functions}
void main() {
${main}
}`;
}
