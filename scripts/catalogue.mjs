// Prints docs/catalogue.md: everything that goes by name, from the catalogues of the built library.
//
// Run: npm run docs
import { data, nn, optim, tda } from "topograd";
import { CONTESTANTS } from "topograd/study";

const SECTIONS = [
  ["Data sets", "`topograd train --data NAME`, `data.DATA_SETS`", data.DATA_SETS],
  ["Models", "`topograd train --model NAME`, `nn.MODELS`", nn.MODELS],
  ["Layers", "`new nn.NAME()`, `nn.LAYERS`", nn.LAYERS],
  ["Optimizers", "`topograd train --optimizer NAME`, `optim.OPTIMIZERS`", optim.OPTIMIZERS],
  ["Schedules", "`topograd train --schedule NAME`, `optim.SCHEDULES`", optim.SCHEDULES],
  [
    "Distances between connectomes",
    "`new tda.ConnectomeTracker(model, { distance: NAME })`, `tda.DISTANCES`",
    tda.DISTANCES,
  ],
  ["Contestants", "`topograd compare --schedules NAMES`, `CONTESTANTS` of `topograd/study`", CONTESTANTS],
];

console.log("# What goes by name\n\nWritten by `npm run docs` from the catalogues.");
for (const [title, use, entries] of SECTIONS) {
  console.log(`\n## ${title}\n\n${use}\n\n| name | what it is |\n| --- | --- |`);
  for (const { name, about } of entries) console.log(`| \`${name}\` | ${about.replaceAll("|", "\\|")} |`);
}
