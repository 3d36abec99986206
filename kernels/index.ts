// Every kernel family; the exports of this file are the exports of the compiled module.
export { arena_add, arena_needed } from "./arena";
export * from "./assignment";
export * from "./binary";
export * from "./bottleneck";
export * from "./conv";
export * from "./copy";
export { connectome_f32, correlation_f32, correlation_scratch_bytes } from "./correlation";
export * from "./correlation-batches";
export { diagram_invalid_bar_f32 } from "./diagram";
export * from "./diagram-kernels";
export * from "./gemm";
export * from "./images";
export * from "./indexing";
export * from "./normalization";
export * from "./optimizer-adam";
export * from "./optimizer-adaptive";
export * from "./optimizer-schedule-free";
export * from "./optimizer-sgd";
export * from "./pairwise";
export * from "./pool";
export * from "./power";
export * from "./random";
export * from "./reduce";
export * from "./reduction";
export {
  rips_bar_count, rips_bars_f32, rips_check_f32, rips_cocycle_sizes, rips_edge_count_f32,
  rips_enclosing_radius_f32, rips_rank, rips_start_f32, rips_state_bytes,
} from "./rips";
export * from "./rips-cohomology";
export * from "./rips-dense";
export * from "./softmax";
export { sort_f32, sort_scratch_bytes } from "./sort";
export * from "./spanning-tree";
export * from "./unary";
export * from "./winograd";
