// Registers the WebGPU forms of all kernels.
export {};
