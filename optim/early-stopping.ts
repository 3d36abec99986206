// Stopping when the connectome has settled, without a validation set: the idea is that of "Data-Efficient Neural Training
// with Dynamic Connectomes" (arXiv 2508.06817); the rule and its constants are ours.

import { checkInteger, checkNumber, checkOptions } from "../core/check";
import type { CGALRRecord } from "./cg-alr";
import { withDefaults } from "./options";
import { median } from "./robust";

/** Options of {@link ConnectomeEarlyStopping}. */
export interface EarlyStoppingOptions {
  /** Calm observations in a row before training may stop. Default 10. */
  patience?: number;
  /** Share of the first distances that the last ones must have fallen below, in (0, 1]. Default 0.2. */
  share?: number;
  /** How many distances the first ones are. Default 6. */
  first?: number;
  /** Below this signal an observation is calm. Default 1. */
  calm?: number;
}

const DEFAULTS: Required<EarlyStoppingOptions> = { patience: 10, share: 0.2, first: 6, calm: 1 };

/**
 * Training may stop when the last `patience` observations were all calm (signal z < calm) and the median of their
 * distances is below `share` times the median of the first `first` distances. It is a function of the history that CGALR
 * keeps and saves, so there is nothing to save here.
 */
export class ConnectomeEarlyStopping {
  /** The options in force, defaults included. */
  readonly options: Readonly<Required<EarlyStoppingOptions>>;

  constructor(options: EarlyStoppingOptions = {}) {
    const name = "ConnectomeEarlyStopping";
    checkOptions(name, options, Object.keys(DEFAULTS));
    const o = withDefaults<Required<EarlyStoppingOptions>>(DEFAULTS, options);
    checkInteger(name, "patience", o.patience, { atLeast: 1 });
    checkNumber(name, "share", o.share, { above: 0, atMost: 1 });
    checkInteger(name, "first", o.first, { atLeast: 1 });
    checkNumber(name, "calm", o.calm);
    this.options = o;
  }

  /** True when training may stop after the last record of this history. */
  shouldStop(history: readonly Pick<CGALRRecord, "distance" | "z">[]): boolean {
    const { patience, share, first, calm } = this.options;
    const last = history.slice(-patience);
    if (last.length < patience || !last.every(({ z }) => z !== null && z < calm)) return false;
    const distances = history.flatMap(({ distance }) => (distance === null ? [] : [distance]));
    if (distances.length < first + patience) return false;
    return median(distances.slice(-patience)) < share * median(distances.slice(0, first));
  }
}
