// A stranger's session with a running server, in Chromium. Usage: node server.mjs ADDRESS FOLDER, where pictures are
// put into the folder. Prints a line for each thing that holds, and for each that does not; exits with 1 if something
// does not.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [address, folder] = process.argv.slice(2);
const failures = [];
let held = 0;
const hold = (condition, what) => {
  if (condition) held += 1; else failures.push(what);
};
const done = (what) => console.log(`held: ${what}`);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, bypassCSP: false, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(90_000);
  page.trouble = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) page.trouble.push(message.text()); });
  page.on("pageerror", (error) => page.trouble.push(String(error)));
  page.on("request", (request) => { if (!request.url().startsWith(address) && !request.url().startsWith("data:")) page.trouble.push(`leaves the server: ${request.url()}`); });
  return page;
};
const picture = (page, name) => page.screenshot({ path: join(folder, `${name}.png`), fullPage: false });

try {
  const page = await open();
  await page.goto(address);
  hold(/NaturalNumbers/.test(await page.inputValue("#source")), "the start page has no example");
  await picture(page, "start");

  // An error is shown at its place while a text is written, names are completed, and what the form sends is what is seen.
  const write = async (text) => {
    await page.click(".editor .cm-content");
    await page.keyboard.press("Control+A");
    await page.keyboard.press("Delete");
    await page.keyboard.insertText(text);
  };
  hold(await page.evaluate(() => document.querySelector(".editor").shadowRoot.querySelectorAll(".cm-line span[class]").length > 20), "the example has no colours");
  await write("(theory T[x]\n  (inn[x,x]))");
  await page.waitForSelector("#diagnostics li");
  hold(/line 2/.test(await page.textContent("#diagnostics")), "an error is not shown at its line");
  await page.waitForSelector(".editor .cm-lintRange-error");
  hold((await page.textContent(".editor .cm-lintRange-error")).includes("inn"), "the wrong name is not marked");
  hold((await page.inputValue("#source")).includes("inn[x,x]"), "the form does not send what is written");
  await page.click("#diagnostics button");
  hold(await page.evaluate(() => document.activeElement.className === "editor"), "an error does not lead to its place");
  await write("(import \"naturals.mpl\")\n(theory T[N,0,s] (succ");
  await page.waitForTimeout(1500);
  await page.keyboard.press("Control+Space");
  await page.waitForSelector(".editor .cm-tooltip-autocomplete li");
  await picture(page, "editor");
  await page.keyboard.press("Escape");
  await write("(imp");
  await page.keyboard.press("Control+Space");
  await page.waitForSelector(".editor .cm-tooltip-autocomplete li:has-text('import')");
  // A list that has just opened takes no key yet.
  await page.waitForTimeout(300);
  await page.keyboard.press("Enter");
  hold(/^\(import/.test(await page.inputValue("#source")), "a form is not completed");
  done("the editor has colours, errors at their places, and completion");

  // Load Peano, explore, see theorems.
  await page.selectOption("#example", "peano.mpl");
  await page.click("button:has-text('Load')");
  await page.waitForURL(/example=peano/);
  await page.click("button[value=explore]");
  await page.waitForURL(/\/jobs\/[0-9a-f]+$/);
  await page.waitForSelector("#theorems li");
  done("a theory is loaded and explored, and theorems appear");
  await page.waitForFunction(() => document.querySelector("#job").dataset.ended === "true");
  const job = page.url();
  hold(/finished/.test(await page.textContent("#state")), "the job does not say that it is finished");
  await picture(page, "job");

  // Open commutativity of multiplication, read its proof, follow a lemma.
  await page.click("#site");
  await page.waitForURL(/\/runs\/[0-9a-f]+\/index\.html/);
  const site = page.url();
  await page.click("tr:has-text('commutativity of ·') td a");
  await page.waitForURL(/theorem\/a-times-b-equals-b-times-a/);
  hold(await page.isVisible("text=This was to be proved."), "the proof is not shown");
  await picture(page, "theorem");
  const theorem = page.url();
  const lemma = await page.getAttribute("dl.facts dt:has-text('Cites') + dd a", "href");
  await page.click("dl.facts dt:has-text('Cites') + dd a");
  await page.waitForURL(new RegExp(lemma));
  done("a proof is read, and a lemma followed");

  // Search within the run and in all runs.
  await page.keyboard.press("/");
  await page.keyboard.type("y + x = x + y");
  await page.waitForSelector("#found li");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/a-plus-b-equals-b-plus-a/);
  await page.goto(`${address}/search`);
  await page.fill("#q", "x + y = y + x");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".found li");
  hold(/this statement/.test(await page.textContent(".found li")), "the search in all runs does not find the statement");
  await page.click(".found li a");
  await page.waitForURL(/a-plus-b-equals-b-plus-a/);
  done("searches lead to the theorem");

  // Download the Metamath file; every link of the run's first page resolves.
  await page.goto(site.replace("index.html", "exports.html"));
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Peano.mm")]);
  hold(readFileSync(await download.path(), "utf8").includes("$p"), "the Metamath file holds no proof");
  await page.goto(site);
  const links = await page.evaluate(() => [...new Set([...document.querySelectorAll("a[href]")].map((link) => link.href.split("#")[0]))]);
  for (const link of links) {
    const answer = await page.request.get(link);
    hold(answer.ok(), `${link} answers ${answer.status()}`);
  }
  done(`a file is downloaded, and ${links.length} links resolve`);
  hold(page.trouble.length === 0, `the session: ${page.trouble.join("; ")}`);

  // Goals, by keyboard alone.
  await page.goto(address);
  await page.focus("#goals");
  await page.keyboard.type("(>[a,b] (in3[a,b,1,+]) (=[a,1]))");
  for (let tabs = 0; tabs < 3; tabs += 1) await page.keyboard.press("Tab");
  hold((await page.evaluate(() => document.activeElement.value)) === "prove", "three tabs behind the goals there is no Prove");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/jobs\/[0-9a-f]+$/);
  await page.waitForFunction(() => document.querySelector("#job").dataset.ended === "true");
  hold(/CounterSatisfiable.*false for a = 0, b = 1/s.test(await page.textContent("#answers")), "the goal is not refuted");
  done("a goal is refuted, by keyboard alone");

  // A question to the language model: its tree grows before the reader's eyes.
  await page.goto(address);
  await page.fill("#prompt", "1 + 1 =");
  await page.click("button[value=vote]");
  await page.waitForURL(/\/jobs\/[0-9a-f]+$/);
  await page.waitForSelector("#node-4");
  await page.waitForFunction(() => document.querySelector("#job").dataset.ended === "true");
  hold(await page.evaluate(() => document.querySelectorAll("#nodes li").length === 6), "the tree does not show the question and five branches");
  hold(/out of tokens|concluded/.test(await page.textContent("#nodes")), "the tree does not say how its branches ended");
  const question = page.url();
  await picture(page, "question");
  hold(page.trouble.length === 0, `the question: ${page.trouble.join("; ")}`);
  done("a question is asked, and its tree shown");

  // Without a script: ask, wait, read.
  const plain = await open({ javaScriptEnabled: false });
  await plain.goto(`${address}/?example=semigroup.mpl`);
  hold(await plain.isVisible("#source") && !(await plain.isVisible(".editor")), "without a script there is no plain field");
  await plain.click("button[value=explore]");
  await plain.waitForURL(/\/jobs\/[0-9a-f]+$/);
  await plain.waitForSelector("text=finished");
  await plain.click("#site");
  hold(/Semigroup/i.test(await plain.textContent("h1")), "without a script the theorems are not reached");
  done("all of it works without a script");

  // Accessible in both schemes, and no wider than a telephone.
  for (const [scheme, options] of [["light", {}], ["dark", { colorScheme: "dark" }], ["narrow", { viewport: { width: 390, height: 800 } }]]) {
    const reader = await open(options);
    for (const [name, path] of [["start", address], ["job", job], ["question", question], ["jobs", `${address}/jobs`], ["search", `${address}/search?q=a`], ["compare", `${address}/compare?left=${site.split("/")[4]}&right=${site.split("/")[4]}`], ["site", site], ["theorem", theorem]]) {
      await reader.goto(path);
      await picture(reader, `${name}-${scheme}`);
      const overflow = await reader.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      hold(overflow <= 0, `${name} is ${overflow} pixels wider than the ${scheme} window`);
      if (scheme === "narrow") continue;
      await reader.evaluate(axe);
      const found = await reader.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      for (const violation of found.violations.filter((each) => ["serious", "critical"].includes(each.impact))) {
        failures.push(`${name} (${scheme}): ${violation.id}, ${violation.nodes.length} places, such as ${violation.nodes[0].html.slice(0, 160)}`);
      }
      held += 1;
    }
    hold(reader.trouble.length === 0, `${scheme}: ${reader.trouble.join("; ")}`);
  }
  done("light, dark and narrow: nothing serious found by axe-core");
} catch (error) {
  failures.push(String(error));
} finally {
  await browser.close();
}

for (const failure of failures) console.error(`NOT held: ${failure}`);
console.log(`${held} checks held, ${failures.length} did not`);
process.exit(failures.length === 0 ? 0 : 1);
