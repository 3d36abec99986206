// Every kernel family; the exports of this file are the exports of the compiled module.
export * from "./binary";
export { arena_add, arena_needed } from "./arena";
export { connectome_f32, correlation_f32, correlation_scratch_bytes } from "./correlation";
export * from "./correlation-batches";
export * from "./reduction";
export {
  rips_bar_count, rips_bars_f32, rips_check_f32, rips_cocycle_sizes, rips_edge_count_f32,
  rips_enclosing_radius_f32, rips_rank, rips_start_f32, rips_state_bytes,
} from "./rips";
export * from "./rips-cohomology";
export * from "./rips-dense";
export { sort_f32, sort_scratch_bytes } from "./sort";
export * from "./spanning-tree";
