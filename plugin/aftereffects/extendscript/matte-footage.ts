/** Runs in ExtendScript: a written matte as footage, interpreted as it must be. */
import type { PlaceMatte, Report } from "../calls.ts";
import { HostRefusal } from "./refusal.ts";
import { withoutDialogs } from "./undo.ts";

/** Frames a second that After Effects can't conform above. */
const FASTEST_CONFORM = 99;

/** Throws a HostRefusal, before anything changes, where the file is gone or is taken for something else. */
export function importMatte(argument: PlaceMatte): FootageItem {
  const file = new File(argument.file);
  if (!file.exists) {
    throw new HostRefusal(
      "offline-media",
      "The matte is not where it was written: " + file.fsName + ".",
      "Write the matte again.",
    );
  }
  const options = new ImportOptions(file);
  options.importAs = ImportAsType.FOOTAGE;
  if (argument.sequence) {
    options.sequence = true;
    options.forceAlphabetical = false;
  }
  const footage = withoutDialogs(() => app.project.importFile(options) as FootageItem);
  if (argument.sequence && argument.frameCount > 1 && footage.mainSource.isStill) {
    footage.remove();
    throw new HostRefusal(
      "refused",
      "After Effects took the matte's pictures for a single one.",
      'Import "' + file.fsName + '" by hand with PNG Sequence switched on.',
    );
  }
  return footage;
}

/** Rate, shape of the pixels and alpha; says what did not stay. */
export function interpret(
  footage: FootageItem,
  argument: PlaceMatte,
  pixelAspect: number,
  report: Report,
): void {
  const main = footage.mainSource;
  main.conformFrameRate = Math.min(argument.rate, FASTEST_CONFORM);
  footage.pixelAspect = pixelAspect;
  if (main.hasAlpha) main.alphaMode = argument.use === "luma" ? AlphaMode.IGNORE : AlphaMode.STRAIGHT;
  const count = Math.round(footage.duration * rateOf(main));
  if (main.isStill || Math.abs(count - argument.frameCount) <= 1) return;
  report.notDone.push({
    what: "Frames of " + footage.name,
    why: "After Effects counts " + count + " of the matte's " + argument.frameCount + " frames.",
    remedy: "In the project, use Reload Footage on it; if it stays so, write the matte again.",
  });
}

/** Percent that makes the footage last as long as it must, where its rate could not be conformed. */
export function stretchFor(footage: FootageItem, rate: number): number {
  const actual = rateOf(footage.mainSource);
  // After Effects keeps rates with three decimals; 29.97 for 30000/1001 is no other rate.
  return Math.abs(actual - rate) < 0.005 ? 100 : (100 * actual) / rate;
}

/** A layer is stretched where the rate did not stay; footage alone can't be. */
export function reportRate(footage: FootageItem, rate: number, report: Report): void {
  if (stretchFor(footage, rate) === 100) return;
  report.notDone.push({
    what: "Frame rate of " + footage.name,
    why: "After Effects did not take " + rate + " frames a second.",
    remedy: "Stretch the layers that you make of it to " + Math.round(stretchFor(footage, rate)) + " %.",
  });
}

function rateOf(main: FootageSource): number {
  return main.conformFrameRate > 0 ? main.conformFrameRate : main.nativeFrameRate;
}
