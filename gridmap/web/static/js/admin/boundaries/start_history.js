// @ts-check
/** The map of a day: an area leads to who was responsible there on that day. */

import { whenMap } from "../../map.js";
import { page } from "../../field/page.js";

void whenMap("editor").then((map) => {
  map.on("gridmap:feature", (/** @type {any} */ event) => {
    const { code } = event.feature.properties;
    // Zones have no card of their own.
    if (/^[0-9]{9,14}[0-9A-Z]?$/.test(code)) location.assign(page.urls.area.replace("CODE", code));
  });
});
