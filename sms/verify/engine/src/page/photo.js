/**
 * A photo that somebody chose, at sizes and angles at which a reader may find its code.
 * The limits are the server's: 10 MiB, 32 million pixels.
 */

const MAX_BYTES = 10 * 1024 * 1024;
const MAX_PIXELS = 32_000_000;
const SIDES = [1600, 2600, 1000, 4000, 600]; // the longer side, the most promising first
const ANGLES = [20, 45, 70]; // degrees; the reader itself turns by quarters
const SIDE_WHEN_TURNED = 1400;

/**
 * @param {File} file
 * @returns {Promise<ImageBitmap | string>} why it can't be used, in the server's words
 */
export async function openPhoto(file) {
  if (file.size > MAX_BYTES) return "too_large";
  try {
    const photo = await createImageBitmap(file);
    return photo.width * photo.height > MAX_PIXELS ? "too_many_pixels" : photo;
  } catch {
    return file.type.startsWith("image/") ? "unreadable_image" : "not_an_image";
  }
}

/**
 * @param {ImageBitmap} photo
 * @returns {Generator<ImageData>}
 */
export function* attempts(photo) {
  const longer = Math.max(photo.width, photo.height);
  const smaller = SIDES.filter((side) => side < longer);
  for (const side of smaller.length < SIDES.length ? [...smaller, longer] : smaller) {
    if (side <= Math.max(...SIDES)) yield drawn(photo, side / longer, 0);
  }
  for (const angle of ANGLES) yield drawn(photo, Math.min(1, SIDE_WHEN_TURNED / longer), angle);
}

/**
 * @param {ImageBitmap} photo
 * @param {number} scale
 * @param {number} angle degrees
 */
function drawn(photo, scale, angle) {
  const [width, height] = [photo.width * scale, photo.height * scale];
  const diagonal = Math.ceil(Math.hypot(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = angle ? diagonal : Math.max(1, Math.round(width));
  canvas.height = angle ? diagonal : Math.max(1, Math.round(height));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white"; // behind transparent pictures
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((angle * Math.PI) / 180);
  context.drawImage(photo, -width / 2, -height / 2, width, height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
