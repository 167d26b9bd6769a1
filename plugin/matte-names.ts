/** Folder and file names for mattes that every file system and host takes; pure, runs everywhere. */

/** Longest part of a name that is taken from what the person wrote: paths have limits on Windows (260). */
const MAX_PART = 48;

/** "street.mov", "car", 2026-11-22 21:03:09 becomes "street - car 2026-11-22 210309". */
export function matteFolderName(clipName: string, objectName: string, time: Date): string {
  const clip = safeNamePart(clipName.replace(/\.[^.]{1,5}$/, ""));
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
  return `${clip} - ${safeNamePart(objectName)} ${date} ${clock}`;
}

/** "00042.png". Numbered from 0, always as wide, so that hosts see one sequence. */
export function stillName(frame: number, extension: "png" | "jpg" = "png"): string {
  return `${String(frame).padStart(5, "0")}.${extension}`;
}

/** Without what Windows, macOS or a host's file dialogue refuses; "object" where nothing is left. */
export function safeNamePart(name: string): string {
  const kept = [...name.normalize("NFC")].map((letter) => (isRefused(letter) ? " " : letter)).join("");
  const tidy = kept
    .replace(/\s+/g, " ")
    .slice(0, MAX_PART)
    .trim()
    .replace(/[. ]+$/, "");
  return /^(con|prn|aux|nul|com\d|lpt\d)?$/i.test(tidy) ? `object ${tidy}`.trim() : tidy;
}

function isRefused(letter: string): boolean {
  return letter < " " || letter === "\u007f" || '<>:"/\\|?*%'.includes(letter);
}
