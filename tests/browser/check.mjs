// Loads a site from a folder in Chromium, as a reader would open it from a disk, and holds that it
// works. Usage: node check.mjs FOLDER. Prints a line for each thing that holds, and for each that
// does not; exits with 1 if something does not.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = resolve(process.argv[2] ?? "site");
const address = (path) => pathToFileURL(join(folder, path)).href;
const failures = [];
let held = 0;
const hold = (condition, what) => {
  if (condition) held += 1; else failures.push(what);
};
const done = (what) => console.log(`held: ${what}`);

const pages = [];
const collect = (path) => {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) collect(join(path, entry.name));
    else if (entry.name.endsWith(".html")) pages.push(relative(folder, join(path, entry.name)));
  }
};
collect(folder);
pages.sort();
const theorems = readFileSync(join(folder, "data/theorems.jsonl"), "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
const longest = theorems.reduce((one, other) => (other.steps > one.steps ? other : one)).page;
// One page of each kind for the checks that take time.
const kinds = ["index.html", "theorems.html", "graph.html", "open.html", "refuted.html", "guide.html", longest, pages.find((path) => path.startsWith("definition/"))];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.trouble = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) page.trouble.push(message.text()); });
  page.on("pageerror", (error) => page.trouble.push(String(error)));
  page.on("requestfailed", (request) => page.trouble.push(`not loaded: ${request.url()}`));
  page.on("request", (request) => { if (!/^(file|data):/.test(request.url())) page.trouble.push(`leaves the disk: ${request.url()}`); });
  return page;
};

try {
  // Every page loads in silence, fits its window, and draws its mathematics.
  let page = await open();
  const targets = new Map();
  for (const path of pages) {
    hold(statSync(join(folder, path)).size < 1_000_000, `${path} is over 1 MB`);
    await page.goto(address(path));
    const seen = await page.evaluate(() => ({
      title: document.title,
      headings: document.querySelectorAll("h1").length,
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      flat: [...document.querySelectorAll("math")].filter((math) => math.checkVisibility() && math.getBoundingClientRect().height < 4).length,
      styled: getComputedStyle(document.querySelector("header.top")).position === "sticky",
      tools: document.querySelector(".tools").hidden,
      links: [...document.querySelectorAll("a[href]")].map((link) => link.href instanceof SVGAnimatedString ? new URL(link.href.baseVal, document.baseURI).href : link.href),
    }));
    hold(page.trouble.length === 0, `${path}: ${page.trouble.join("; ")}`);
    page.trouble.length = 0;
    hold(seen.title !== "" && seen.headings === 1, `${path} has ${seen.headings} first headings`);
    hold(seen.overflow <= 0, `${path} is ${seen.overflow} pixels wider than the window`);
    hold(seen.flat === 0, `${path} does not draw ${seen.flat} formulas`);
    hold(seen.styled && !seen.tools, `${path} misses its style or its script`);
    for (const link of seen.links) targets.set(link, path);
  }
  done(`${pages.length} pages load without a message and fit the window`);

  // Every link resolves.
  const ids = new Map();
  for (const [target, from] of targets) {
    const url = new URL(target);
    const path = decodeURIComponent(url.pathname);
    if (!existsSync(path)) { hold(false, `${from} links to ${target}, which is not there`); continue; }
    if (url.hash) {
      if (!ids.has(path)) ids.set(path, new Set([...readFileSync(path, "utf8").matchAll(/ id="([^"]*)"/g)].map((match) => match[1])));
      hold(ids.get(path).has(decodeURIComponent(url.hash.slice(1))), `${from} links to ${target}, but there is no such place`);
    } else held += 1;
  }
  done(`${targets.size} different links resolve`);

  // Search: by statement with other letters, by name, for nothing.
  await page.goto(address("index.html"));
  await page.keyboard.press("/");
  hold(await page.evaluate(() => document.activeElement.id === "search"), "`/` does not lead to the search");
  await page.keyboard.type("y + x = x + y");
  await page.waitForSelector("#found li", { timeout: 30_000 });
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/theorem\//);
  hold(/a-plus-b-equals-b-plus-a/.test(page.url()), `a statement with other letters leads to ${page.url()}`);
  for (const [query, expected] of [["in3[b,a,c,+]", /Theorem/], ["theorem 2", /^Theorem 2\b/], ["commutativity of +", /commutativity of \+/]]) {
    await page.fill("#search", query);
    await page.waitForFunction(() => document.querySelectorAll("#found li").length > 0, null, { timeout: 30_000 });
    const first = await page.textContent("#found li b");
    hold(expected.test(first), `the search for ${query} finds ${first}`);
  }
  await page.fill("#search", "no such thing");
  hold(await page.textContent("#found-count") === "Nothing found", "a search in vain does not say so");
  hold(await page.isHidden("#found"), "a search in vain leaves its list open");
  hold(page.trouble.length === 0, `the search: ${page.trouble.join("; ")}`);
  done("the search finds by letters, MPL and name");

  // Folding by keyboard; a link into a folded block opens it.
  await page.goto(address(longest));
  await page.focus("details.scope > summary");
  const isOpen = () => page.evaluate(() => document.querySelector("details.scope").open);
  hold(await isOpen(), "blocks are not open at first");
  await page.keyboard.press("Enter");
  hold(!(await isOpen()), "Enter does not fold a block");
  await page.keyboard.press("Enter");
  hold(await isOpen(), "Enter does not unfold a block");
  await page.keyboard.press("f");
  hold(await page.evaluate(() => [...document.querySelectorAll("details.scope")].every((scope) => !scope.open)), "`f` does not fold all blocks");
  const inside = await page.evaluate(() => document.querySelector("details.scope .step").id);
  await page.evaluate((id) => { location.hash = id; }, inside);
  await page.waitForFunction((id) => document.getElementById(id).checkVisibility(), inside);
  held += 1;
  done("blocks fold by keyboard and open for a link");

  // Keys: rows, help, pages.
  await page.goto(address("theorems.html"));
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  hold(await page.evaluate(() => [...document.querySelectorAll(".row")].indexOf(document.querySelector(".row.at")) === 1), "`j` twice does not lead to the second row");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await page.waitForURL(/theorem\//);
  const first = page.url();
  await page.keyboard.press("ArrowRight");
  // Waits for the load event: before it the script of the page may not yet listen to keys.
  await page.waitForURL((url) => url.href !== first);
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(first);
  await page.keyboard.press("?");
  hold(await page.evaluate(() => document.querySelector("#help").open), "`?` does not show the keys");
  await page.keyboard.press("Escape");
  hold(await page.evaluate(() => !document.querySelector("#help").open), "Escape does not close the keys");
  await page.keyboard.press("Tab");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  hold(outline === "solid", `the focus is not visible: ${outline}`);
  done("the keys work");

  // Pointing at a theorem of the graph says what it states, and lights what it cites.
  await page.goto(address("graph.html"));
  const citing = await page.evaluate(() => document.querySelector("svg.graph .edges path").dataset.of);
  await page.focus(`svg.graph a.n[data-n="${citing}"]`);
  hold(new RegExp(`Theorem ${citing}\\b`).test(await page.textContent(".pointed")), "the graph does not say which theorem is pointed at");
  hold(await page.evaluate((of) => document.querySelector(`.edges path[data-of="${of}"]`).classList.contains("lit"), citing), "the graph does not light what a theorem cites");
  done("the graph answers to pointing");

  // Colour schemes: the system's, and the switch, which is remembered.
  const dark = await open({ colorScheme: "dark" });
  const background = (of) => of.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return red + green + blue;
  });
  await dark.goto(address("index.html"));
  hold((await background(dark)) < 200, "the dark scheme of the system is not used");
  await page.goto(address("index.html"));
  hold((await background(page)) > 600, "the light scheme of the system is not used");
  await page.click("#scheme");
  hold((await background(page)) < 200, "the switch does not lead to the dark scheme");
  await page.goto(address("guide.html"));
  hold((await background(page)) < 200, "the choice is not remembered");
  await page.click("#scheme");
  hold((await background(page)) > 600, "the switch does not lead back");
  done("both schemes, and the switch between them");

  // Narrow windows, print, and no script at all.
  const narrow = await open({ viewport: { width: 360, height: 700 } });
  for (const path of kinds) {
    await narrow.goto(address(path));
    const overflow = await narrow.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    hold(overflow <= 0, `${path} is ${overflow} pixels wider than a narrow window`);
  }
  await page.goto(address(longest));
  await page.emulateMedia({ media: "print" });
  hold(await page.isHidden("header.top"), "the header is printed");
  await page.emulateMedia({ media: null });
  const plain = await open({ javaScriptEnabled: false });
  await plain.goto(address(longest));
  hold(await plain.isVisible("details.scope .said"), "without a script the proof is not shown");
  hold(await plain.isHidden("#search"), "without a script a search is offered that cannot work");
  await plain.click("details.literal > summary");
  hold(await plain.isVisible("details.literal pre"), "without a script nothing folds");
  await plain.goto(address("graph.html"));
  await plain.click("svg.graph a.n");
  hold(/theorem\//.test(plain.url()), "without a script the graph leads nowhere");
  done("narrow windows, print, and no script");

  // Accessibility, in both schemes.
  for (const reader of [page, dark]) {
    const scheme = reader === dark ? "dark" : "light";
    for (const path of kinds) {
      await reader.goto(address(path));
      await reader.evaluate(axe);
      const found = await reader.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      for (const violation of found.violations) {
        const serious = ["serious", "critical"].includes(violation.impact);
        const text = `${path} (${scheme}): ${violation.id}, ${violation.impact}, ${violation.nodes.length} places, such as ${violation.nodes[0].html.slice(0, 160)} (${violation.nodes[0].any.concat(violation.nodes[0].all)[0]?.message ?? ""})`;
        if (serious) failures.push(text); else console.log(`note: ${text}`);
      }
      held += 1;
    }
  }
  done(`no serious finding of axe-core on ${kinds.length} kinds of pages in both schemes`);
} finally {
  await browser.close();
}

for (const failure of failures) console.error(`NOT held: ${failure}`);
console.log(`${held} checks held, ${failures.length} did not`);
process.exit(failures.length === 0 ? 0 : 1);
