"use strict";
// The page reads its images once from the data block, keeps what is chosen in
// state, and draws figures, charts and one page of the table from both.
(() => {
  const pageRows = 500; // rows drawn at a time
  const printRows = 5000; // rows on paper
  const barsShown = 12; // values a chart lists

  // ---- data: rows of values, most of them indexes into a list of words

  const data = JSON.parse(document.getElementById("data").textContent);
  const column = Object.fromEntries(data.columns.map((name, i) => [name, i]));
  const words = (value) =>
    typeof value === "number" ? data.words[value] : Array.isArray(value) ? value.map(words) : value ?? "";
  const images = data.images.map((values, index) => ({ values, index }));
  const get = (image, name) => words(image.values[column[name]]);
  const disk = (image) => image.values[column.gib] ?? 0; // a number, not a word

  const columns = [
    { name: "id", title: "Image" },
    { name: "name", title: "Name" },
    { name: "status", title: "Status" },
    { name: "platform", title: "System" },
    { name: "product", title: "Product" },
    { name: "type", title: "Type" },
    { name: "regions", title: "Regions" },
    { name: "gib", title: "GiB" },
    { name: "modified", title: "Modified" },
  ];
  const cell = (image, name) =>
    name === "gib" ? String(disk(image)) : name === "regions" ? get(image, name).join(", ") : get(image, name);

  const facets = [
    { name: "status", title: "Status", values: (image) => [get(image, "status")] },
    { name: "os", title: "Operating system", values: (image) => [get(image, "os")] },
    { name: "product", title: "Product", values: (image) => [get(image, "product")] },
    { name: "region", title: "Region", values: (image) => get(image, "regions") },
  ];

  function kind(status) {
    status = status.toUpperCase();
    if (status === "AVAILABLE") return "good";
    if (status.endsWith("FAILED")) return "bad";
    return status === "INIT" || status === "CREATING" ? "busy" : "other";
  }

  // ---- state, which the page's address keeps

  const state = { query: "", chosen: new Map(), sort: "", down: false, page: 0, open: new Set() };

  function readAddress() {
    const address = new URLSearchParams(location.hash.slice(1));
    state.query = address.get("q") ?? "";
    state.chosen = new Map(facets.filter((f) => address.has(f.name)).map((f) => [f.name, address.get(f.name)]));
    state.sort = columns.some((c) => c.name === address.get("sort")) ? address.get("sort") : "";
    state.down = address.get("order") === "down";
    state.page = Math.max(0, Number.parseInt(address.get("page") ?? "1", 10) - 1 || 0);
  }

  function writeAddress() {
    const address = new URLSearchParams(state.chosen);
    if (state.query) address.set("q", state.query);
    if (state.sort) address.set("sort", state.sort);
    if (state.sort && state.down) address.set("order", "down");
    if (state.page) address.set("page", state.page + 1);
    history.replaceState(null, "", "#" + address);
  }

  // ---- what the state selects

  const searched = (image) =>
    (image.text ??= [...columns.map((c) => cell(image, c.name)), ...get(image, "tags").map((t) => t.join("="))].join("\n").toLowerCase());

  let sought = []; // the words of the query

  function matches(image, exceptFacet) {
    for (const facet of facets) {
      const wanted = state.chosen.get(facet.name);
      if (wanted !== undefined && facet.name !== exceptFacet && !facet.values(image).includes(wanted)) return false;
    }
    return sought.every((word) => searched(image).includes(word));
  }

  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  function selected() {
    const list = images.filter((image) => matches(image));
    if (!state.sort) return list;
    const key = state.sort === "gib" ? disk : (image) => cell(image, state.sort);
    const compare = state.sort === "gib" ? (a, b) => a - b : collator.compare;
    const keyed = list.map((image) => ({ image, key: key(image) }));
    keyed.sort((a, b) => (state.down ? -1 : 1) * compare(a.key, b.key));
    return keyed.map((k) => k.image);
  }

  // ---- drawing

  const find = (id) => document.getElementById(id);
  const table = find("images");
  const body = table.tBodies[0];
  const grouped = (n) => n.toLocaleString("en");

  function element(tag, properties, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }
  // Text of the service is isolated, so that text written from right to left
  // leaves what stands next to it alone. Characters that override the direction
  // of writing are dropped: with them a name can be shown reversed.
  const isolated = (text) => element("bdi", {}, text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ""));

  let shown = []; // images the state selects, in order

  function draw() {
    sought = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    shown = selected();
    state.page = Math.min(state.page, Math.max(0, Math.ceil(shown.length / pageRows) - 1));
    drawFigures();
    drawCharts();
    drawRows(state.page * pageRows, pageRows);
    drawTools();
    writeAddress();
  }

  function drawFigures() {
    const regions = new Set(shown.flatMap((image) => get(image, "regions")));
    regions.delete(data.nowhere);
    const figures = [
      ["Images", grouped(shown.length)],
      ["Available", grouped(shown.filter((image) => kind(get(image, "status")) === "good").length)],
      ["Regions", grouped(regions.size)],
      ["Disks, TiB", (shown.reduce((sum, image) => sum + disk(image), 0) / 1024).toFixed(1)],
    ];
    find("figures").replaceChildren(
      ...figures.map(([title, value]) => element("div", {}, element("dt", {}, title), element("dd", {}, value))),
    );
  }

  function drawCharts() {
    const focused = document.activeElement?.dataset?.value && { ...document.activeElement.dataset };
    find("charts").replaceChildren(...facets.map(chart));
    if (focused) {
      [...document.querySelectorAll(".bar")].find((b) => b.dataset.facet === focused.facet && b.dataset.value === focused.value)?.focus();
    }
  }

  // chart counts the images that everything chosen selects, but for the chart's
  // own choice: so that another value can be chosen instead.
  function chart(facet) {
    const counts = new Map();
    let total = 0;
    for (const image of images) {
      if (!matches(image, facet.name)) continue;
      total++;
      for (const value of facet.values(image)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const wanted = state.chosen.get(facet.name);
    if (wanted !== undefined && !counts.has(wanted)) counts.set(wanted, 0);
    const sorted = [...counts].sort((a, b) => b[1] - a[1] || collator.compare(a[0], b[0]));
    const bars = sorted.filter(([value], i) => i < barsShown || value === wanted);
    const section = element("section", {}, element("h2", {}, facet.title));
    for (const [value, count] of bars) section.append(bar(facet, value, count, total));
    if (bars.length < sorted.length) section.append(element("p", { className: "none" }, `and ${sorted.length - bars.length} more`));
    if (bars.length === 0) section.append(element("p", { className: "none" }, "no images"));
    return section;
  }

  function bar(facet, value, count, total) {
    const share = total ? ((100 * count) / total).toFixed(2) : 0;
    const made = find("bar").content.firstElementChild.cloneNode(true);
    if (facet.name === "status") made.classList.add(kind(value));
    Object.assign(made.dataset, { facet: facet.name, value });
    made.setAttribute("aria-pressed", String(state.chosen.get(facet.name) === value));
    made.title = `${value}: ${count} images, ${share} %`;
    made.querySelector(".label").textContent = value;
    made.querySelector(".fill").setAttribute("width", share + "%");
    made.querySelector(".count").textContent = grouped(count);
    made.addEventListener("click", () => {
      if (state.chosen.get(facet.name) === value) state.chosen.delete(facet.name);
      else state.chosen.set(facet.name, value);
      state.page = 0;
      draw();
    });
    return made;
  }

  function drawRows(from, count) {
    const rows = [];
    for (const image of shown.slice(from, from + count)) {
      rows.push(row(image));
      if (state.open.has(image.index)) rows.push(detailsRow(image));
    }
    body.replaceChildren(...rows);
  }

  function row(image) {
    const made = element("tr", { className: "image" });
    made.dataset.index = image.index;
    for (const { name, title } of columns) {
      const text = isolated(cell(image, name));
      const td = element("td", { "data-label": title });
      if (name === "id") {
        td.className = "id";
        const button = element("button", { type: "button" }, text.textContent ? text : "no identifier");
        button.setAttribute("aria-expanded", String(state.open.has(image.index)));
        td.append(button);
      } else if (name === "status") {
        td.className = "state";
        td.append(element("span", { className: "status " + kind(get(image, name)) }, text));
      } else {
        td.className = { gib: "number", modified: "time" }[name] ?? name;
        td.append(text);
      }
      made.append(td);
    }
    return made;
  }

  function detailsRow(image) {
    const groups = element("div", { className: "groups" });
    const add = (title, pairs) => {
      pairs = pairs.filter(([, value]) => value !== "" && value !== undefined);
      if (pairs.length === 0) return;
      const list = element("dl", {});
      for (const [name, value] of pairs) list.append(element("dt", {}, isolated(name)), element("dd", {}, isolated(value)));
      groups.append(element("div", {}, element("h3", {}, title), list));
    };
    add("Image", data.described.map(([name, title]) => [title, cell(image, name)]));
    add("Versions", data.versions.map(([name, title]) => [title, cell(image, name)]));
    add("Tags", get(image, "tags"));
    add("Apps", get(image, "apps").map(([id, name]) => [id, name]));
    add("Regions", get(image, "deployed").map(([region, status, progress, id]) => [region, [status, progress, id].filter(Boolean).join(" · ")]));
    add("Disks", get(image, "disks").map(([id, ...rest]) => [id, rest.filter(Boolean).join(" · ")]));
    const extra = get(image, "extra");
    if (extra) groups.append(element("div", { className: "wide" }, element("h3", {}, "Extra"), element("pre", {}, isolated(extra))));
    return element("tr", { className: "details" }, element("td", { colSpan: columns.length }, groups));
  }

  function drawTools() {
    find("filter").value = state.query;
    find("reset").hidden = state.query === "" && state.chosen.size === 0;
    find("none").hidden = shown.length > 0;
    const all = shown.length === images.length;
    find("shown").textContent = all ? `${grouped(shown.length)} images` : `${grouped(shown.length)} of ${grouped(images.length)} images`;
    find("printed").hidden = shown.length <= printRows;
    find("printed").textContent = `Only the first ${grouped(printRows)} of these ${grouped(shown.length)} images are printed; the CSV has all.`;
    const last = Math.min(shown.length, (state.page + 1) * pageRows);
    find("pages").hidden = shown.length <= pageRows;
    find("where").textContent = `Rows ${grouped(state.page * pageRows + 1)} to ${grouped(last)} of ${grouped(shown.length)}`;
    find("back").disabled = state.page === 0;
    find("forth").disabled = last >= shown.length;
    for (const head of table.tHead.rows[0].cells) {
      if (head.dataset.name === state.sort) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }

  // ---- CSV of what is shown, safe to open in a spreadsheet

  // A spreadsheet takes text for a formula that begins with one of these signs,
  // also after blanks or control characters, and, where the list separator is a
  // semicolon, behind one.
  const formula = /^(\p{Cc}|[\s\p{Z}\p{Cf}]*[=+\-@＝＋－＠﹦﹢﹣﹫])/u;
  const formulaInside = /;(["'\s\p{Z}\p{Cf}]*[=+\-@＝＋－＠﹦﹢﹣﹫])/gu;

  function harmless(text) {
    const cleaned = text.replace(/[\t\n\v\f\r\u0085]/g, " ").replace(/\p{Cc}|\p{Bidi_Control}/gu, "");
    const mark = formula.test(text) || formula.test(cleaned) ? "'" : "";
    return mark + cleaned.replace(formulaInside, ";'$1");
  }

  function csv() {
    const quoted = (text) => {
      text = harmless(text);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = [columns.map((c) => c.title), ...shown.map((image) => columns.map((c) => cell(image, c.name)))];
    return "\ufeff" + lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
  }

  // ---- what the reader does

  for (const { name, title } of columns) {
    const button = element("button", { type: "button" }, title);
    const head = element("th", { scope: "col", className: name === "gib" ? "number" : "" }, button);
    head.dataset.name = name;
    head.dataset.title = title; // printed, for a browser does not repeat buttons on every sheet
    button.addEventListener("click", () => {
      state.down = state.sort === name && !state.down;
      state.sort = name;
      state.page = 0;
      draw();
    });
    table.tHead.rows[0].append(head);
  }

  body.addEventListener("click", (event) => {
    const clicked = event.target.closest("tr.image");
    if (!clicked || (getSelection().toString() && !event.target.closest("button"))) return; // text is being selected
    const image = images[clicked.dataset.index];
    const open = !state.open.delete(image.index);
    if (open) {
      state.open.add(image.index);
      clicked.after(detailsRow(image));
    } else {
      clicked.nextElementSibling.remove();
    }
    clicked.querySelector("button").setAttribute("aria-expanded", String(open));
  });

  let typing;
  find("filter").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      state.query = find("filter").value;
      state.page = 0;
      draw();
    }, images.length > 2000 ? 150 : 0);
  });
  find("reset").addEventListener("click", () => {
    state.query = "";
    state.chosen.clear();
    state.page = 0;
    draw();
    find("filter").focus();
  });
  for (const [id, step] of [["back", -1], ["forth", 1]]) {
    find(id).addEventListener("click", () => {
      state.page += step;
      draw();
      if (find(id).disabled) find(id === "back" ? "forth" : "back").focus(); // a disabled button loses the focus
      table.scrollIntoView();
    });
  }
  find("csv").addEventListener("click", () => {
    const link = element("a", { href: URL.createObjectURL(new Blob([csv()], { type: "text/csv" })), download: "images.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  addEventListener("hashchange", () => {
    readAddress();
    draw();
  });
  addEventListener("beforeprint", () => drawRows(0, printRows));
  addEventListener("afterprint", () => drawRows(state.page * pageRows, pageRows));

  readAddress();
  draw();
})();
