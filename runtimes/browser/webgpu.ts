/** The WebGPU backend, loaded when it is chosen. */
import '@tensorflow/tfjs-backend-webgpu';
