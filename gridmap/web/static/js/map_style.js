// @ts-check
/**
 * How the map looks: one table of colours and widths for the base map and the layers over it.
 * The same numbers stand in the style guide; change them here and nowhere else.
 */

const SANS = '"HarmonyOS Sans SC", "MiSans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, sans-serif';

export const COLOURS = {
  outside: "#ebe8e0",
  land: "#f4f2ec",
  green: "#d3e6cc",
  green_edge: "#b4d0a9",
  water: "#bfddeb",
  water_edge: "#8fbdd4",
  plaza: "#ebe4d6",
  court: "#dfe8d2",
  estate: "#f8f6f1",
  commercial: "#f6ece4",
  estate_edge: "#ded8ca",
  building: "#e2ddd2",
  building_public: "#e6d3c8",
  building_edge: "#b9b2a4",
  casing: "#8f8778",
  casing_soft: "#bdb5a6",
  road: "#ffffff",
  road_main: "#fbe9b7",
  path: "#8f8778",
  ink: "#1b1f24",
  ink_soft: "#4a525c",
  water_ink: "#2a5f7d",
  green_ink: "#3c6130",
  halo: "#ffffff",
};

/** Layers over the base map; widths in CSS pixels. Areas of a coverage share their edges. */
export const LAYER_STYLES = {
  subdistrict: { color: "#1b1f24", weight: 3, dashArray: "12 4 2 4", fill: false },
  community: { is_coverage: true, color: "#1b1f24", weight: 2.5, dashArray: "9 6", fill: true, fillColor: "#1638a8", fillOpacity: 0 },
  grid: { is_coverage: true, color: "#5b6470", weight: 2, fill: true, fillOpacity: 0.3 },
  micro_grid: { is_coverage: true, color: "#5b6470", weight: 1, dashArray: "3 3", fill: true, fillColor: "#1638a8", fillOpacity: 0 },
  compounds: { color: "#8a5a12", weight: 2, fill: true, fillColor: "#f0a202", fillOpacity: 0.08 },
  streets: { color: "#1a56a8", weight: 3, opacity: 0.7, fill: false },
  outline: { color: "#1638a8", weight: 4, fill: false },
  selected: { stroke: true, color: "#1638a8", weight: 4, dashArray: undefined, fillColor: "#1638a8", fillOpacity: 0.12 },
};

/** Tints of grids; they part neighbours and mean nothing. */
export const GRID_TINTS = ["#e8eef9", "#f9ede3", "#e6f3ee", "#f3e8f1"];

/**
 * Width of a street on the screen: its own width in metres, with a least width that can still be seen.
 *
 * @param {number} least_px at zoom 15 and below
 * @returns {(z: number, f?: any) => number}
 */
function streetWidth(least_px) {
  return (z, f) => {
    const metres_per_px = 134_000 / 2 ** z; // 156,543 m at the equator, cos(31°)
    return Math.max(least_px * (z < 15 ? 0.7 : 1), (f?.props.width ?? 6) / metres_per_px);
  };
}

/**
 * @param {(z: number, f?: any) => number} width
 * @param {number} casing_px
 * @returns {(z: number, f?: any) => number}
 */
function cased(width, casing_px) {
  return (z, f) => width(z, f) + 2 * casing_px;
}

/** @param {...string} kinds */
function isKind(...kinds) {
  return (/** @type {number} */ _z, /** @type {any} */ f) => kinds.includes(f.props.kind);
}

/**
 * The base map, painted from bottom to top.
 *
 * @param {any} pm the protomaps-leaflet library
 */
export function paintRules(pm) {
  const { PolygonSymbolizer: Polygon, LineSymbolizer: Line } = pm;
  const area = (/** @type {string} */ fill, /** @type {string | undefined} */ stroke = undefined, width = 1) =>
    new Polygon({ fill, stroke, width, perFeature: false });
  const street = (/** @type {string} */ layer, /** @type {string[]} */ kinds, /** @type {any} */ line, minzoom = 0) => ({
    dataLayer: layer, minzoom, filter: isKind(...kinds), symbolizer: new Line({ lineCap: "round", lineJoin: "round", perFeature: true, ...line }),
  });
  const minor = streetWidth(2.2), main = streetWidth(4);
  return [
    { dataLayer: "land", symbolizer: area(COLOURS.land) },
    { dataLayer: "compounds", minzoom: 15, filter: isKind("commercial"), symbolizer: area(COLOURS.commercial, COLOURS.estate_edge) },
    { dataLayer: "compounds", minzoom: 15, filter: (/** @type {number} */ _z, /** @type {any} */ f) => f.props.kind !== "commercial", symbolizer: area(COLOURS.estate, COLOURS.estate_edge) },
    { dataLayer: "landcover", filter: isKind("green"), symbolizer: area(COLOURS.green, COLOURS.green_edge) },
    { dataLayer: "landcover", filter: isKind("plaza"), symbolizer: area(COLOURS.plaza, COLOURS.estate_edge) },
    { dataLayer: "landcover", filter: isKind("court", "sports"), symbolizer: area(COLOURS.court, COLOURS.green_edge) },
    { dataLayer: "landcover", filter: isKind("river", "water"), symbolizer: area(COLOURS.water, COLOURS.water_edge) },
    street("streets", ["footway", "steps", "gate_link"], { color: COLOURS.path, width: 1.2, dash: [4, 3] }, 17),
    street("streets", ["minor"], { color: COLOURS.casing_soft, width: cased(minor, 0.6) }, 14),
    street("streets", ["secondary"], { color: COLOURS.casing, width: cased(minor, 1) }),
    street("streets", ["main"], { color: COLOURS.casing, width: cased(main, 1.5) }),
    street("streets", ["minor"], { color: COLOURS.road, width: minor }, 14),
    street("streets", ["secondary"], { color: COLOURS.road, width: minor }),
    street("streets", ["main"], { color: COLOURS.road_main, width: main }),
    { dataLayer: "buildings", minzoom: 16, filter: isKind("residential", "shop", "office", "industrial", "other"), symbolizer: area(COLOURS.building, COLOURS.building_edge) },
    { dataLayer: "buildings", minzoom: 16, filter: isKind("school", "hospital", "public"), symbolizer: area(COLOURS.building_public, COLOURS.building_edge) },
  ];
}

/**
 * Names on the base map.
 *
 * @param {any} pm the protomaps-leaflet library
 * @param {boolean} in_english
 */
export function labelRules(pm, in_english) {
  const labelProps = in_english ? ["name_en", "name"] : ["name"];
  const text = (/** @type {any} */ options) =>
    ({ labelProps, fontFamily: SANS, fontSize: 13, fontWeight: 500, fill: COLOURS.ink_soft, stroke: COLOURS.halo, width: 3, lineHeight: 1.2, ...options });
  const centred = (/** @type {any} */ options) => new pm.CenteredTextSymbolizer(text(options));
  const along = (/** @type {any} */ options) => new pm.LineLabelSymbolizer(text({ position: pm.LineLabelPlacement.Center, repeatDistance: 320, maxLabelChars: 24, ...options }));
  return [
    { dataLayer: "streets", minzoom: 15, filter: isKind("main"), symbolizer: along({ fontSize: 14, fill: COLOURS.ink, fontWeight: 600 }) },
    { dataLayer: "names", minzoom: 14, filter: isKind("river", "water"), symbolizer: centred({ fill: COLOURS.water_ink, fontStyle: "italic", fontSize: 15, stroke: COLOURS.water, width: 2 }) },
    { dataLayer: "names", minzoom: 16, filter: isKind("compound"), symbolizer: centred({ fill: COLOURS.ink, fontSize: 14, fontWeight: 600, maxLineChars: in_english ? 18 : 8 }) },
    { dataLayer: "streets", minzoom: 16, filter: isKind("secondary", "minor"), symbolizer: along({}) },
    { dataLayer: "names", minzoom: 16, filter: isKind("green", "plaza", "court", "sports"), symbolizer: centred({ fill: COLOURS.green_ink, stroke: COLOURS.green, width: 2 }) },
    { dataLayer: "names", minzoom: 17, filter: isKind("number"), symbolizer: centred({ fontSize: 13, fill: COLOURS.ink_soft, width: 2 }) },
  ];
}
