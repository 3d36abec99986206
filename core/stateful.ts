/**
 * Anything whose state can be saved and restored exactly: optimizers, schedules, generators, trackers. A state holds
 * plain numbers, strings, arrays and typed arrays only, so that it survives JSON or a structured clone.
 */
export interface Stateful<State> {
  stateDict(): State;
  loadStateDict(state: State): void;
}
