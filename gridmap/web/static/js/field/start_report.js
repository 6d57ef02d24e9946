// @ts-check
import { whenMap } from "../map.js";
import { startReport } from "./report.js";

void whenMap().then(startReport);
