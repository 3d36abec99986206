// topograd: autodiff on WebAssembly SIMD kernels, functional connectomes, CG-ALR.

export * from "./core/index";
export * as data from "./data/index";
export * as io from "./io/index";
export * as nn from "./nn/index";
export * as optim from "./optim/index";
export * as tda from "./tda/index";
export * as train from "./train/index";
