// Every kernel family; the exports of this file are the exports of the compiled module.
export { arena_add, arena_needed } from "./topology/arena";
export * from "./topology/assignment";
export { acos_f32, acos_grad_f32, asin_f32, asin_grad_f32, atan_f32, atan_grad_f32 } from "./array/arc";
export * from "./array/binary";
export * from "./topology/bottleneck";
export * from "./image/conv";
export * from "./array/copy";
export { connectome_f32, correlation_f32, correlation_scratch_bytes } from "./topology/correlation";
export * from "./topology/correlation-batches";
export { diagram_invalid_bar_f32 } from "./topology/diagram";
export * from "./topology/diagram-kernels";
export * from "./linear/batch";
export * from "./linear/gemm";
export * from "./image/images";
export * from "./array/indexing";
export * from "./array/normalization";
export * from "./optimizer/adam";
export * from "./optimizer/adaptive";
export * from "./optimizer/schedule-free";
export * from "./optimizer/sgd";
export * from "./topology/pairwise";
export * from "./image/pool";
export {
  exp2_f32, exp2_grad_f32, log10_f32, log10_grad_f32, log2_f32, log2_grad_f32, pow_scalar_f32, pow_scalar_grad_f32,
} from "./array/power";
export * from "./random/random";
export * from "./array/reduce";
export * from "./topology/reduction";
export {
  rips_bar_count, rips_bars_f32, rips_check_f32, rips_cocycle_sizes, rips_edge_count_f32,
  rips_enclosing_radius_f32, rips_rank, rips_start_f32, rips_state_bytes,
} from "./topology/rips";
export * from "./topology/rips-cohomology";
export * from "./topology/rips-dense";
export * from "./array/scan";
export * from "./array/softmax";
export { sort_f32, sort_scratch_bytes } from "./array/sort";
export * from "./topology/spanning-tree";
export * from "./array/unary";
export * from "./image/winograd";
