// Data sets and loaders.

export { type Batch, stratifiedSample, TensorDataset } from "./dataset";
export { type IdxArray, parseIdx } from "./idx";
export { DataLoader, type DataLoaderOptions } from "./loader";
export { type ImageDataOptions, mnist, type SplitDataset } from "./mnist";
export { circles, moons, type SyntheticOptions, spirals } from "./synthetic";
