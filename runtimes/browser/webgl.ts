/** The WebGL backend, loaded when it is chosen. */
import '@tensorflow/tfjs-backend-webgl';
