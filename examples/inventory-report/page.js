"use strict";
(() => {
  const body = document.querySelector("#images tbody");
  const rows = [...body.rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const heads = [...document.querySelectorAll("#images th")];
  const bars = [...document.querySelectorAll(".bar")];
  const filter = document.getElementById("filter");
  const reset = document.getElementById("reset");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const chosen = new Map(); // facet to value

  const fits = (row, facet, value) =>
    facet === "region" ? row.querySelector(".regions").textContent.split(", ").includes(value) : row.dataset[facet] === value;

  function show() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, text } of rows) {
      const visible = words.every((word) => text.includes(word)) && [...chosen].every(([facet, value]) => fits(row, facet, value));
      row.hidden = !visible;
      if (visible) count++;
    }
    for (const bar of bars) bar.setAttribute("aria-pressed", String(chosen.get(bar.dataset.facet) === bar.dataset.value));
    none.hidden = count > 0;
    reset.hidden = words.length === 0 && chosen.size === 0;
    shown.value = count === rows.length ? `${count} images` : `${count} of ${rows.length} images`;
  }

  for (const bar of bars) {
    bar.addEventListener("click", () => {
      const { facet, value } = bar.dataset;
      if (chosen.get(facet) === value) chosen.delete(facet);
      else chosen.set(facet, value);
      show();
    });
  }
  filter.addEventListener("input", show);
  reset.addEventListener("click", () => {
    filter.value = "";
    chosen.clear();
    show();
    filter.focus();
  });

  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const cell = ({ row }) => row.cells[column].textContent;
      rows.sort((a, b) => (down ? -1 : 1) * collator.compare(cell(a), cell(b)));
      body.append(...rows.map(({ row }) => row));
    });
  });

  document.getElementById("tools").hidden = false;
  show();
})();
