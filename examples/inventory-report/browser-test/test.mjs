// Opens the reports that browser_test.go wrote in headless Chromium and checks
// them as a reader would meet them: on a desktop, a phone, in the dark, on
// paper, with a keyboard, and to a screen reader (axe). Prints one line for
// each check and exits with 1 when one fails.
//
// Usage: node test.mjs CHROMIUM REPORTS [SCREENSHOTS]
import { readFileSync, statSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [chromium, reports, screenshots] = process.argv.slice(2);
const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const url = (name) => pathToFileURL(join(reports, name)).href;
const desktop = { width: 1280, height: 900 };
const phone = { width: 390, height: 844, isMobile: true, hasTouch: true };

let failed = 0;
function check(what, ok, seen) {
  if (!ok) failed++;
  console.log(`${ok ? "ok  " : "FAIL"} ${what}${seen === undefined ? "" : ": " + JSON.stringify(seen)}`);
}

const browser = await puppeteer.launch({
  executablePath: chromium,
  userDataDir: mkdtempSync(join(tmpdir(), "report-")),
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function open(name, viewport, scheme = "light", hash = "") {
  const page = await browser.newPage();
  page.on("pageerror", (error) => check("no script error", false, String(error)));
  page.on("console", (message) => message.type() === "error" && check("no error in the console", false, message.text()));
  await page.setViewport(viewport);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setBypassCSP(true); // for axe alone, which is injected
  await page.goto(url(name) + hash);
  return page;
}

const shot = async (page, name, options = {}) => screenshots && page.screenshot({ path: join(screenshots, name + ".png"), ...options });
const status = (page) => page.$eval("#shown", (e) => e.textContent);
const ids = (page) => page.$$eval("tr.image td.id bdi", (cells) => cells.map((c) => c.textContent));
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
async function accessible(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  check(`${what}: axe finds nothing`, found.violations.length === 0,
    found.violations.map((v) => `${v.id}: ${v.nodes[0].target} ${v.nodes[0].failureSummary}`));
}

for (const scheme of ["light", "dark"]) {
  const page = await open("odd.html", desktop, scheme);
  await page.click("tr.image button");
  await accessible(page, `desktop, ${scheme}`);
  check(`desktop, ${scheme}: nothing is wider than the screen`, (await overflow(page)) <= 0, await overflow(page));
  await shot(page, `desktop-${scheme}`);
  await page.close();
}

{
  const page = await open("odd.html", phone);
  await accessible(page, "phone");
  check("phone: nothing is wider than the screen", (await overflow(page)) <= 0, await overflow(page));
  await page.tap("tr.image button");
  check("phone: a row opens", (await page.$$("tr.details")).length === 1);
  check("phone: open details are not wider than the screen", (await overflow(page)) <= 0, await overflow(page));
  await shot(page, "phone");
  await page.close();
}

{
  const page = await open("odd.html", desktop);
  const sections = () => page.$$eval("tr.details h3", (heads) => heads.map((h) => h.textContent));
  await page.click("tr.image button");
  check("details have all parts", (await sections()).join(" ") === "Image Versions Tags Apps Regions Disks Extra", await sections());
  check("the button says that it is open", (await page.$eval("tr.image button", (b) => b.getAttribute("aria-expanded"))) === "true");
  await page.click("tr.image button");
  check("a second press closes", (await page.$$("tr.details")).length === 0);
  const markup = await page.$eval("#images", (t) => t.innerHTML.includes("<script>") || t.querySelector("img") !== null);
  check("text of the service stays text", !markup);

  const all = (await ids(page)).length;
  const before = await page.$$eval("#charts section:nth-child(2) .count", (c) => c.map((e) => Number(e.textContent)));
  await page.click('.bar[data-facet="status"][data-value="AVAILABLE"]');
  const filtered = (await ids(page)).length;
  const after = await page.$$eval("#charts section:nth-child(2) .count", (c) => c.map((e) => Number(e.textContent)));
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  check("a bar filters the table", filtered < all && filtered > 0, [filtered, all]);
  check("charts follow the filter", sum(after) === filtered && sum(before) === all, [before, after]);
  check("the count is said", (await status(page)) === `${filtered} of ${all} images`, await status(page));

  await page.type("#filter", "windows");
  await page.waitForFunction(() => location.hash.includes("q=windows"));
  await page.click('th[data-name="gib"] button');
  await page.click('th[data-name="gib"] button');
  check("sorting is said", (await page.$eval('th[data-name="gib"]', (h) => h.getAttribute("aria-sort"))) === "descending");
  const sizes = await page.$$eval("tr.image td.number", (cells) => cells.map((c) => Number(c.textContent)));
  check("numbers sort as numbers", sizes.length > 1 && sizes.every((s, i) => i === 0 || sizes[i - 1] >= s), sizes);
  const address = await page.evaluate(() => location.hash);
  const wanted = await ids(page);
  const again = await open("odd.html", desktop, "light", address);
  check("the address keeps filter and sort", JSON.stringify(await ids(again)) === JSON.stringify(wanted), address);
  await again.close();

  const csv = await page.evaluate(async () => {
    let blob;
    const create = URL.createObjectURL;
    URL.createObjectURL = (b) => ((blob = b), create(b));
    document.getElementById("csv").click();
    return blob.text();
  });
  check("the CSV has what is shown", csv.trimEnd().split("\r\n").length === wanted.length + 1, csv.split("\r\n").slice(0, 2));
  await page.close();
}

{
  const page = await open("odd.html", desktop, "light", "#q=danger");
  const line = (await page.evaluate(async () => {
    let blob;
    const create = URL.createObjectURL;
    URL.createObjectURL = (b) => ((blob = b), create(b));
    document.getElementById("csv").click();
    return blob.text();
  })).split("\r\n")[1];
  check("a formula in a name is no formula in the CSV", line.includes("'=danger"), line);
  await page.close();
}

{
  const page = await open("odd.html", desktop, "light", "#q=formula");
  const csv = (await page.evaluate(async () => {
    let blob;
    const create = URL.createObjectURL;
    URL.createObjectURL = (b) => ((blob = b), create(b));
    document.getElementById("csv").click();
    return blob.text();
  })).trimEnd().split("\r\n").slice(1).map((l) => l.split(",")[1]);
  const wanted = ["' =formula", "' =formula", "'\u3000＝formula", "'\u00a0@formula", "formula;'=1"];
  check("nor is one behind blanks or a semicolon", JSON.stringify(csv) === JSON.stringify(wanted), csv);
  await page.close();
}

for (const viewport of [desktop, { width: 800, height: 600 }, { width: 320, height: 700 }]) {
  const page = await open("long.html", viewport);
  check(`long values, ${viewport.width}: nothing is wider than the screen`, (await overflow(page)) <= 0, await overflow(page));
  await page.click("tr.image button");
  check(`long values, ${viewport.width}: nor are the details`, (await overflow(page)) <= 0, await overflow(page));
  await accessible(page, `long values, ${viewport.width}`);
  await page.close();
}

{
  const page = await open("odd.html", desktop);
  const wide = [];
  for (let width = 320; width <= 1300; width += 20) {
    await page.setViewport({ width, height: 700 });
    if ((await overflow(page)) > 0) wide.push(width);
  }
  check("nothing is wider than a screen of any width", wide.length === 0, wide);
  await page.close();
}

{
  const page = await open("odd.html", desktop);
  for (let i = 0; i < 60 && !(await page.evaluate(() => document.activeElement.closest("tr.image"))); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  check("the keyboard opens a row", (await page.$$("tr.details")).length === 1);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  check("the head stays in sight", (await page.$eval("thead th", (h) => h.getBoundingClientRect().top)) >= 0);
  const turned = await page.$$eval("tr.image td.name", (cells) => cells.filter((c) => !c.querySelector("bdi")).length);
  check("names are isolated", turned === 0, turned);
  await page.close();
}

{
  const page = await open("odd.html", desktop, "dark");
  await page.pdf({ path: join(screenshots ?? reports, "print.pdf"), preferCSSPageSize: true });
  await page.emulateMediaType("print");
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor + getComputedStyle(document.querySelector("td")).color);
  check("print in the dark is light", background.startsWith("rgb(255, 255, 255)rgb(28, 35, 48)"), background);
  await page.setViewport({ width: 1040, height: 720 }); // A4 landscape less its margins
  check("print cuts nothing off", (await overflow(page)) <= 0, await overflow(page));
  const names = await page.$$eval("tr.image td.name", (cells) => cells[1].textContent);
  check("no character turns a name around", names.startsWith("right to left"), names);
  check("print repeats the head", (await page.$eval("thead", (h) => getComputedStyle(h).display)) === "table-header-group");
  await page.close();
}

{
  const size = statSync(join(reports, "big.html")).size;
  check("20,000 images take less than 30 MB", size < 30e6, size);
  const start = Date.now();
  const page = await open("big.html", desktop);
  await page.waitForSelector("tr.image");
  const taken = Date.now() - start;
  check("20,000 images open within 3 s", taken < 3000 * (process.env.SLOW ?? 1), taken);
  check("the table is paged", (await ids(page)).length === 500, await page.$eval("#where", (e) => e.textContent));
  await page.click("#forth");
  check("there is a next page", (await page.$eval("#where", (e) => e.textContent)) === "Rows 501 to 1,000 of 20,000");
  check("a button that goes out hands the focus on", await page.evaluate(() => {
    document.getElementById("back").click();
    return document.activeElement.id === "forth";
  }));
  await page.emulateMediaType("print");
  const printed = await page.$eval("#printed", (e) => [getComputedStyle(e).display, e.textContent]);
  check("print says that it leaves images out", printed.join(" ") === "block Only the first 5,000 of these 20,000 images are printed; the CSV has all.", printed);
  await page.emulateMediaType("screen");
  await page.click("tr.image button");
  check("all details are there", (await page.$$eval("tr.details h3", (h) => h.map((e) => e.textContent))).includes("Disks"));
  await shot(page, "big");
  await page.close();
}

{
  const page = await open("huge.html", desktop);
  check("shortened details are announced", (await page.$eval("header", (h) => h.textContent)).includes("leave out disks, apps and Extra"));
  await page.click("tr.image button");
  const parts = await page.$$eval("tr.details h3", (h) => h.map((e) => e.textContent));
  check("shortened details have no disks, apps or Extra", !parts.some((p) => ["Disks", "Apps", "Extra"].includes(p)) && parts.includes("Versions"), parts);
  await page.close();
}

{
  const page = await open("empty.html", desktop);
  check("an empty inventory says so", (await page.$eval("#none", (e) => !e.hidden)) && (await status(page)) === "0 images");
  await accessible(page, "empty");
  await page.close();
}

await browser.close();
console.log(failed ? `${failed} checks failed` : "all checks passed");
process.exit(failed ? 1 : 0);
