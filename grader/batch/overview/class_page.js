"use strict";
(() => {
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  const keyOf = (row, column, isNumber) => {
    const cell = row.cells[column];
    if (!isNumber) return cell.textContent.trim();
    return cell.dataset.key === undefined ? NaN : Number(cell.dataset.key);
  };

  const sort = (table, column, header, headers) => {
    const isNumber = header.dataset.kind === "number";
    const first = header.dataset.first || (isNumber ? "descending" : "ascending");
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = header.getAttribute("aria-sort") === first ? other : first;
    for (const each of headers) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => [keyOf(row, column, isNumber), row]);
    const isEmpty = (key) => key === "" || Number.isNaN(key);
    keyed.sort(([a], [b]) => {
      if (isEmpty(a) || isEmpty(b)) return isEmpty(a) - isEmpty(b);
      return sign * (isNumber ? a - b : collator.compare(a, b));
    });
    body.append(...keyed.map(([, row]) => row));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      if (header.tagName !== "TH") return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      button.addEventListener("click", () => sort(table, column, header, headers));
      header.replaceChildren(button);
    });
  }

  const search = document.getElementById("search");
  const mark = document.getElementById("mark");
  const shown = document.getElementById("shown");
  const nobody = document.getElementById("nobody");
  const known = [...document.getElementById("class").tBodies[0].rows].map((row) => ({
    row,
    text: plain(row.textContent),
    marks: new Set((row.dataset.marks || "").split(" ")),
  }));

  const update = () => {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, text, marks } of known) {
      const fits = (!mark.value || marks.has(mark.value)) && words.every((word) => text.includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      count += fits;
    }
    const all = known.length.toLocaleString("en");
    shown.textContent = count === known.length ? `All ${all}` : `${count.toLocaleString("en")} of ${all}`;
    nobody.hidden = count > 0;
  };
  const clear = () => {
    search.value = "";
    mark.value = "";
    update();
  };

  search.addEventListener("input", update);
  mark.addEventListener("change", update);
  document.getElementById("clear").addEventListener("click", () => {
    clear();
    search.focus();
  });
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  for (const link of document.querySelectorAll("a[data-mark]")) {
    link.hidden = false;
    link.addEventListener("click", () => {
      search.value = "";
      mark.value = link.dataset.mark;
      update();
    });
  }
  document.getElementById("controls").hidden = false;
  update();
})();
