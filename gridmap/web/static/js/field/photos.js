// @ts-check
/**
 * Photos of one report: shrunk on the phone, each with its own honest state, each sent again on its own.
 *
 * waiting (on this phone) → sending → delivered, or failed with a retry. Drawing on a canvas also leaves
 * behind everything that is not picture: place, time and device of the original file.
 */

import { ask, element, find, icon, NoAnswer, say } from "./page.js";

const LONG_SIDE_MAX_PX = 1600;
const BYTE_COUNT_MAX = 800_000;
const JPEG_QUALITIES = [0.82, 0.7, 0.55];

/** @typedef {"waiting" | "sending" | "delivered" | "failed"} PhotoState */
/** @typedef {{blob: Blob, sha256: string, state: PhotoState, reason: string, item: HTMLElement}} Photo */

export class PhotoTray {
  /**
   * @param {HTMLElement} tray list that shows the photos
   * @param {HTMLInputElement} input
   * @param {{count_max: number, onchange?: () => void}} options
   */
  constructor(tray, input, { count_max, onchange = () => {} }) {
    this.tray = tray;
    this.input = input;
    this.count_max = count_max;
    this.onchange = onchange;
    /** @type {Photo[]} */
    this.photos = [];
    this.message = find("[data-photo-message]");
    /** @type {string | null} */
    this.upload_url = null;
    input.addEventListener("change", () => this.#take());
  }

  get allDelivered() {
    return this.photos.every((photo) => photo.state === "delivered");
  }

  async #take() {
    const files = [...(this.input.files ?? [])];
    this.input.value = "";
    this.message.textContent = "";
    for (const file of files) {
      if (this.photos.length >= this.count_max) {
        this.message.textContent = say("photo_too_many", { count: this.count_max });
        break;
      }
      try {
        this.message.textContent = say("photo_preparing");
        const blob = await shrink(file);
        const sha256 = await hashOf(blob);
        this.message.textContent = "";
        if (this.photos.some((photo) => photo.sha256 === sha256)) continue;
        this.#add(blob, sha256);
      } catch {
        this.message.textContent = say("photo_unreadable");
      }
    }
    this.onchange();
  }

  /**
   * @param {Blob} blob
   * @param {string} sha256
   */
  #add(blob, sha256) {
    const picture = /** @type {HTMLImageElement} */ (element("img", { alt: "" }));
    picture.src = URL.createObjectURL(blob);
    const item = element("li", { class: "photo-item" }, picture, element("span", { class: "photo-state" }));
    const photo = { blob, sha256, state: /** @type {PhotoState} */ ("waiting"), reason: "", item };
    this.photos.push(photo);
    this.tray.append(item);
    this.#show(photo, "waiting");
    item.scrollIntoView({ block: "nearest" });
  }

  /** @param {Photo} photo */
  #remove(photo) {
    this.photos = this.photos.filter((other) => other !== photo);
    photo.item.remove();
    this.onchange();
    this.input.focus();
  }

  clear() {
    this.photos = [];
    this.tray.replaceChildren();
    this.message.textContent = "";
    this.upload_url = null;
  }

  /**
   * Send every photo that the server has not acknowledged.
   *
   * @param {string} upload_url address of this photos, to which the content hash is added
   */
  async sendAll(upload_url) {
    this.upload_url = upload_url;
    for (const photo of this.photos) if (photo.state !== "delivered") await this.#send(photo);
  }

  /** @param {Photo} photo */
  async #send(photo) {
    if (!this.upload_url || photo.state === "sending") return;
    this.#show(photo, "sending");
    try {
      const url = `${this.upload_url}/${photo.sha256}`;
      const answer = await ask(url, { method: "PUT", body: photo.blob, patience_ms: 60_000 });
      if (answer.status < 300) this.#show(photo, "delivered");
      else this.#show(photo, "failed", answer.body?.detail ?? say("photo_refused", { status: answer.status }));
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      this.#show(photo, "failed", say("photo_no_answer"));
    }
    this.onchange();
  }

  /**
   * @param {Photo} photo
   * @param {PhotoState} state
   * @param {string} [reason]
   */
  #show(photo, state, reason = "") {
    const number = this.photos.indexOf(photo) + 1;
    photo.state = state;
    photo.item.dataset.state = state;
    find(".photo-state", photo.item).textContent = reason || say(`photo_${state}`);
    find("img", photo.item).setAttribute("alt", say("photo_alt", { number }));
    photo.item.querySelector("button")?.remove();
    if (state === "failed") {
      photo.item.append(button("photo_retry", icon("refresh"), number, () => this.#send(photo)));
    } else if (state === "waiting") {
      photo.item.append(button("photo_remove", icon("x"), number, () => this.#remove(photo)));
    }
  }
}

/**
 * @param {string} words
 * @param {Element} symbol
 * @param {number} number
 * @param {() => void} act
 */
function button(words, symbol, number, act) {
  const made = element("button", { type: "button", class: "icon-button", "aria-label": say(words, { number }) }, symbol);
  made.addEventListener("click", act);
  return made;
}

/**
 * A JPEG of at most 1600 px on the long side, upright, without metadata.
 *
 * @param {File} file
 * @returns {Promise<Blob>}
 */
async function shrink(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONG_SIDE_MAX_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const drawing = canvas.getContext("2d");
  if (!drawing) throw new Error("no canvas");
  drawing.fillStyle = "#fff"; // behind transparent pictures, which JPEG would turn black
  drawing.fillRect(0, 0, canvas.width, canvas.height);
  drawing.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  for (const quality of JPEG_QUALITIES) {
    const blob = await toJpeg(canvas, quality);
    if (blob.size <= BYTE_COUNT_MAX || quality === JPEG_QUALITIES.at(-1)) return blob;
  }
  throw new Error("unreachable");
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} quality
 * @returns {Promise<Blob>}
 */
function toJpeg(canvas, quality) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", quality);
  });
}

/**
 * SHA-256 of a file as hexadecimal, also where the page came without HTTPS and crypto.subtle is missing.
 *
 * @param {Blob} blob
 */
export async function hashOf(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const digest = crypto.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * FIPS 180-4, for plain-HTTP pages only.
 *
 * @param {Uint8Array} message
 */
export function sha256(message) {
  const { initial, constants } = sha256Constants();
  const padded = new Uint8Array(((message.length + 72) >> 6) << 6);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 0x20000000));
  view.setUint32(padded.length - 4, message.length << 3);
  const state = Uint32Array.from(initial);
  const w = new Uint32Array(64);
  /** @type {(x: number, n: number) => number} */
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let block = 0; block < padded.length; block += 64) {
    for (let t = 0; t < 16; t++) w[t] = view.getUint32(block + 4 * t);
    for (let t = 16; t < 64; t++) {
      const s0 = turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ (w[t - 15] >>> 3);
      const s1 = turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ (w[t - 2] >>> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[t] + w[t]) | 0;
      const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => digest.setUint32(4 * i, word));
  return new Uint8Array(digest.buffer);
}

/** The fractional parts of the square and cube roots of the first primes, as the standard defines them. */
function sha256Constants() {
  /** @type {number[]} */
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  /** @type {(root: number) => number} */
  const fraction = (root) => ((root - Math.floor(root)) * 0x100000000) | 0;
  return { initial: primes.slice(0, 8).map((p) => fraction(Math.sqrt(p))), constants: primes.map((p) => fraction(Math.cbrt(p))) };
}
