// The script of a report: draws the runs, or the study, that the page carries as JSON.

import { reportPage } from "./page";
import { studyPage } from "./study-page";
import { followSystemTheme } from "./theme";

const data = (id: string) => JSON.parse(document.getElementById(id)?.textContent ?? "null");

followSystemTheme();
const study = data("study");
document.body.append(study === null ? reportPage(data("runs")) : studyPage(study));
