/** Which packages a bundle really contains, and their licences as one text. Runs in Node, during the build. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";

/** Package folders of everything that was bundled so far in this build. */
const folders = new Set();

const IN_PACKAGE = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/;
const LICENCE_FILE = /^(licen[cs]e|copying|notice|third.?party)/i;

/** Licence texts of packages that ship none; the identifier stands in their package.json. */
const TEXTS = {
  MIT: `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
  "BSD-3-Clause": `Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions are met:

    * Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
    * Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the documentation and/or other materials provided with the distribution.
    * Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`,
  "Apache-2.0": "The Apache License, Version 2.0: the text is in the file LICENSE beside this one.",
};

/** Rollup plug-in: notes the packages whose code the bundle keeps, for the page unless another set is given. */
export function notePackages(noted = folders) {
  return {
    name: "note-packages",
    generateBundle(_options, bundle) {
      for (const { modules = {} } of Object.values(bundle))
        for (const [id, { renderedLength }] of Object.entries(modules)) {
          const folder = IN_PACKAGE.exec(id.replace(/^\0/, ""))?.[1];
          if (folder && renderedLength > 0) noted.add(folder);
        }
    },
  };
}

/** Writes the licences of all that was noted; what is copied rather than bundled is added by its folder. */
export async function writeThirdParty(target, copied = [], noted = folders) {
  const all = [...new Set([...noted, ...copied])].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const sections = await Promise.all(all.map(section));
  const head = "What Masklet's bundles contain besides its own code, with the licence of each.\n";
  await mkdir(target, { recursive: true });
  await writeFile(join(target, "THIRD-PARTY.txt"), [head, ...sections].join(`\n${"=".repeat(78)}\n\n`));
}

const nameOf = (folder) => folder.split(`node_modules${sep}`).at(-1);

async function section(folder) {
  const about = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const source = about.repository?.url ?? about.repository ?? about.homepage ?? "";
  const texts = await licenceTexts(folder, about);
  return [`${about.name} ${about.version}\nLicence: ${about.license}\nSource: ${source}`, ...texts].join(
    "\n\n",
  );
}

async function licenceTexts(folder, about) {
  const files = (await readdir(folder)).filter((name) => LICENCE_FILE.test(name)).sort();
  if (files.length > 0) return Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  const texts = Object.entries(TEXTS).filter(([id]) => about.license?.includes(id));
  if (texts.length === 0)
    throw new Error(
      `Licences: ${about.name} ships no licence file, and "${about.license}" has no text here.`,
    );
  const author = typeof about.author === "string" ? about.author : about.author?.name;
  return [
    `Copyright (c) the authors of ${about.name}${author ? ` (${author})` : ""}`,
    ...texts.map(([, text]) => text),
  ];
}
