// Data sets and loaders.

export { type Augmentation, cropAndFlip } from "./augment";
export { DATA_SETS, type DataSetName, type DataSetOptions } from "./catalogue";
export { type Cifar10Options, cifar10 } from "./cifar10";
export { type CsvData, type CsvOptions, csv } from "./csv";
export {
  type Batch,
  type Dataset,
  labelsOf,
  split,
  stratifiedSample,
  subset,
  TensorDataset,
} from "./dataset";
export type { LoadProgress } from "./files";
export { type IdxArray, parseIdx } from "./idx";
export { type ChannelStatistics, ImageDataset, type ImageDatasetOptions } from "./image-dataset";
export { DataLoader, type DataLoaderOptions, type DataLoaderState } from "./loader";
export { fashionMnist, type ImageDataOptions, mnist, type SplitDataset } from "./mnist";
export { blobs, circles, moons, type SyntheticOptions, spirals } from "./synthetic";
